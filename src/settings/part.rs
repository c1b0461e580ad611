//! The parts of `transfer_config` and `client_config`, by the names that s3transfer and botocore have for them: what each
//! takes, and whether it acts. Pure.

use serde_json::{Map, Value};

use super::error::SettingsError;
use super::kind::Kind;
use super::layer::RawValue;
use super::words;

/// A part.
struct Part {
    /// Its name, those of dictionaries within joined by dots.
    name: &'static str,
    takes: Takes,
    effect: Effect,
}

/// What a part takes.
enum Takes {
    Kind(Kind),
    /// A number above zero, fractions allowed.
    Seconds,
    /// Whatever; nobody looks.
    Anything,
}

/// What a part does.
enum Effect {
    Acts,
    /// Nothing, and nobody misses it: why.
    Idle(&'static str),
    /// It is an error: why.
    Refused(&'static str),
}

const fn acts(name: &'static str, kind: Kind) -> Part {
    Part { name, takes: Takes::Kind(kind), effect: Effect::Acts }
}

const fn seconds(name: &'static str) -> Part {
    Part { name, takes: Takes::Seconds, effect: Effect::Acts }
}

const fn idle(name: &'static str, why: &'static str) -> Part {
    Part { name, takes: Takes::Anything, effect: Effect::Idle(why) }
}

const fn refused(name: &'static str, why: &'static str) -> Part {
    Part { name, takes: Takes::Anything, effect: Effect::Refused(why) }
}

/// S3 takes no larger body by one request.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

const TRANSFER: &[Part] = &[
    acts("multipart_threshold", Kind::WholeNumber { least: 1, most: LARGEST }),
    acts("multipart_chunksize", Kind::WholeNumber { least: 1, most: LARGEST }),
    acts("max_concurrency", Kind::WholeNumber { least: 1, most: 1024 }),
    idle("io_chunksize", "bodies are read in pieces of 64 KiB"),
    idle("max_io_queue", "nothing waits to be written"),
    idle("num_download_attempts", "a body that breaks off goes on where it did"),
    idle("preferred_transfer_client", "there is one way to transfer"),
    idle("use_threads", "no thread belongs to a request; `max_concurrency` says how many travel at once"),
    refused("max_bandwidth", "the rate is not limited; a lower `max_concurrency` sends less at a time"),
];

const CLIENT: &[Part] = &[
    acts("region_name", Kind::Text),
    acts("signature_version", Kind::Choice(&["s3", "s3v4", "v4"])),
    acts("user_agent", Kind::Text),
    acts("user_agent_extra", Kind::Text),
    seconds("connect_timeout"),
    seconds("read_timeout"),
    acts("max_pool_connections", Kind::WholeNumber { least: 1, most: 1024 }),
    acts("proxies", Kind::Dictionary),
    acts("proxies_config.proxy_ca_bundle", Kind::Path),
    acts("s3.addressing_style", Kind::Choice(&["auto", "path", "virtual"])),
    acts("s3.use_accelerate_endpoint", Kind::Boolean),
    acts("s3.use_dualstack_endpoint", Kind::Boolean),
    acts("use_dualstack_endpoint", Kind::Boolean),
    acts("use_fips_endpoint", Kind::Boolean),
    acts("ignore_configured_endpoint_urls", Kind::Boolean),
    acts("retries.max_attempts", Kind::WholeNumber { least: 0, most: 100 }),
    acts("retries.total_max_attempts", Kind::WholeNumber { least: 1, most: 100 }),
    acts("tcp_keepalive", Kind::Boolean),
    acts("request_checksum_calculation", Kind::Choice(&["when_supported", "when_required"])),
    idle("account_id_endpoint_mode", "S3 has no endpoints for accounts"),
    idle("defaults_mode", "every default is the tool's own"),
    idle("disable_request_compression", "S3 takes no compressed requests"),
    idle("endpoint_discovery_enabled", "S3 has no endpoints to discover"),
    idle("inject_host_prefix", "nothing stands before a bucket's host"),
    idle("parameter_validation", "`object_parameters` are checked before anything is sent"),
    idle("request_min_compression_size_bytes", "S3 takes no compressed requests"),
    idle("response_checksum_validation", "what is read is compared by its ETag"),
    idle(
        "retries.mode",
        "requests are sent again after growing pauses, and fewer at a time when S3 asks for that",
    ),
    idle("s3.payload_signing_enabled", "every body is signed"),
    idle("s3.s3_disable_express_session_auth", "no sessions are made"),
    idle("s3.us_east_1_regional_endpoint", "the region's own host is always taken"),
    idle("s3.use_arn_region", "an access point is asked in its own region"),
    idle("s3_disable_express_session_auth", "no sessions are made"),
    idle("user_agent_appid", "`user_agent_extra` says the same"),
    refused("auth_scheme_preference", "requests are signed as `signature_version` says"),
    refused("client_cert", "no certificate of a client is sent"),
    refused("client_context_params", "no request has such parameters"),
    refused("proxies_config.proxy_client_cert", "no certificate of a client is sent"),
    refused(
        "proxies_config.proxy_use_forwarding_for_https",
        "HTTPS goes through a tunnel, so that the proxy cannot read it",
    ),
    refused("sigv4a_signing_region_set", "requests are signed for one region"),
];

/// The parts of a setting that has such.
fn table(setting: &str) -> &'static [Part] {
    match setting {
        "transfer_config" => TRANSFER,
        "client_config" => CLIENT,
        _ => &[],
    }
}

/// Looks at every part of a setting; what is idle is told in words.
pub(super) fn check(setting: &'static str, raw: &RawValue, errors: &mut Vec<SettingsError>) -> Vec<String> {
    let mut idle = Vec::new();
    for (name, pointer, value) in flat(setting, raw.value.as_object()) {
        let line = raw.lines.get(&pointer).copied();
        let subject = raw.origin.at_line(line).subject(setting);
        let mut error =
            |problem, hint| errors.push(SettingsError::Part { subject: subject.clone(), problem, hint });
        let Some(part) = table(setting).iter().find(|part| part.name == name) else {
            let near = words::nearest(&name, table(setting).iter().map(|part| part.name));
            error(format!("has no part `{name}`"), near.map(|near| format!("the nearest name is `{near}`")));
            continue;
        };
        match (&part.effect, part.takes.mismatch(value)) {
            (Effect::Refused(why), _) => error(format!("has `{name}`, which is refused: {why}"), None),
            (Effect::Acts, Some(words)) => error(format!("must have {words} as `{name}`"), None),
            (Effect::Idle(why), _) => idle.push(format!("`{name}` of {subject} is not needed: {why}")),
            (Effect::Acts, None) => {}
        }
    }
    idle
}

/// The value of a part that acts, where it is what it takes.
pub(super) fn value<'a>(setting: &str, raw: &'a RawValue, name: &str) -> Option<&'a Value> {
    let part = table(setting).iter().find(|part| part.name == name)?;
    let value = raw.value.pointer(&format!("/{}", name.replace('.', "/")))?;
    (!value.is_null() && part.takes.mismatch(value).is_none()).then_some(value)
}

/// Every part with its dotted name and its pointer; what is null is what Python calls `None`, unset.
fn flat<'a>(setting: &str, parts: Option<&'a Map<String, Value>>) -> Vec<(String, String, &'a Value)> {
    let mut flat = Vec::new();
    for (name, value) in parts.into_iter().flatten() {
        let within = format!("{name}.");
        match value.as_object().filter(|_| table(setting).iter().any(|part| part.name.starts_with(&within))) {
            Some(parts) => flat.extend(
                parts
                    .iter()
                    .map(|(part, value)| (format!("{within}{part}"), format!("/{name}/{part}"), value)),
            ),
            None => flat.push((name.clone(), format!("/{name}"), value)),
        }
    }
    flat.retain(|(_, _, value)| !value.is_null());
    flat
}

impl Takes {
    /// What it should have been, where it is something else.
    fn mismatch(&self, value: &Value) -> Option<String> {
        match self {
            Self::Kind(kind) => kind.check(value.clone()).err().map(|mismatch| mismatch.to_string()),
            Self::Seconds if value.as_f64().is_some_and(|seconds| seconds > 0.0 && seconds.is_finite()) => {
                None
            }
            Self::Seconds => Some("a number of seconds above 0".to_owned()),
            Self::Anything => None,
        }
    }
}
