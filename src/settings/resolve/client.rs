//! How the client speaks to the service, and what is to be said about it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::error::Problem;
use crate::settings::combine::Combined;
use crate::settings::error::SettingsError;
use crate::settings::layer::{Origin, RawValue};
use crate::settings::part;
use crate::settings::{
    AddressingStyle, AmazonHosts, ClientSettings, ProxyRoute, Secret, SignatureVersion, Verify, mask,
    register,
};

impl Combined {
    pub(super) fn client(&self, errors: &mut Vec<SettingsError>) -> ClientSettings {
        // The embedded endpoint needs no way.
        if self.text("local").is_some() {
            return ClientSettings::default();
        }
        let flag = |name| self.client_part(name).and_then(Value::as_bool).unwrap_or_default();
        let text = |name| self.client_part(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |name| self.client_part(name).and_then(Value::as_f64).map(Duration::from_secs_f64);
        ClientSettings {
            verify: self.verify(),
            signature_version: self.signature_version(),
            hosts: AmazonHosts {
                accelerate: flag("s3.use_accelerate_endpoint"),
                dual_stack: flag("s3.use_dualstack_endpoint") || flag("use_dualstack_endpoint"),
                fips: flag("use_fips_endpoint"),
            },
            ignore_configured_endpoints: flag("ignore_configured_endpoint_urls"),
            connect_timeout: seconds("connect_timeout"),
            read_timeout: seconds("read_timeout"),
            attempts: self.attempts(),
            tcp_keepalive: flag("tcp_keepalive"),
            user_agent: text("user_agent"),
            user_agent_extra: text("user_agent_extra"),
            proxy_bundle: text("proxies_config.proxy_ca_bundle").map(PathBuf::from),
            proxies: self.proxies(errors),
        }
    }

    fn client_part(&self, name: &str) -> Option<&Value> {
        self.part("client_config", name)
    }

    /// botocore counts the first time in one of two.
    fn attempts(&self) -> Option<usize> {
        let count = |name| self.client_part(name).and_then(Value::as_u64);
        let attempts = match count("retries.total_max_attempts") {
            Some(total) => total,
            None => count("retries.max_attempts")? + 1,
        };
        attempts.try_into().ok()
    }

    /// As in django-storages, `client_config` stands in place of three settings, whatever it says.
    pub(super) fn or_client_config(&self, setting: &str, part: &str) -> Option<String> {
        match self.value("client_config") {
            Some(_) => self.client_part(part).and_then(Value::as_str).map(str::to_owned),
            None => self.text(setting),
        }
    }

    pub(super) fn region_name(&self) -> Option<String> {
        let part = || self.client_part("region_name").and_then(Value::as_str).map(str::to_owned);
        self.text("region_name").or_else(part)
    }

    /// An accelerated bucket is always in the host.
    pub(super) fn addressing_style(&self) -> AddressingStyle {
        let accelerate = self.client_part("s3.use_accelerate_endpoint") == Some(&Value::Bool(true));
        match self.or_client_config("addressing_style", "s3.addressing_style").as_deref() {
            _ if accelerate => AddressingStyle::Virtual,
            Some("path") => AddressingStyle::Path,
            Some("virtual") => AddressingStyle::Virtual,
            _ => AddressingStyle::Auto,
        }
    }

    /// What `client_config` puts out of action.
    pub(in crate::settings) fn client_warnings(&self) -> Vec<Problem> {
        let Some(config) = self.value("client_config") else { return Vec::new() };
        let lost = REPLACED.iter().filter_map(|name| Some((name, self.value(name)?)));
        lost.map(|(name, raw)| {
            Problem::new(format!("{} is not used", raw.origin.subject(name))).with_note(format!(
                "{} replaces it, as in django-storages",
                config.origin.subject("client_config")
            ))
        })
        .collect()
    }

    /// Of requests and of URLs.
    pub(super) fn signature_version(&self) -> SignatureVersion {
        match self.or_client_config("signature_version", "signature_version").as_deref() {
            Some("s3") => SignatureVersion::V2,
            _ => SignatureVersion::V4,
        }
    }

    fn verify(&self) -> Verify {
        match self.effective("verify") {
            Some(Value::Bool(false)) => Verify::Off,
            Some(Value::String(path)) if !path.is_empty() => Verify::Bundle(PathBuf::from(path)),
            _ => Verify::System,
        }
    }

    fn proxies(&self, errors: &mut Vec<SettingsError>) -> Option<Vec<ProxyRoute>> {
        let (setting, within, raw, rows) = self.proxy_rows()?;
        let rows = rows.iter().filter_map(|(key, value)| {
            let told = |(problem, hint): Refusal| {
                let line = raw.lines.get(&format!("{within}/{key}")).copied();
                let subject = raw.origin.at_line(line).subject(setting);
                errors.push(SettingsError::Part { subject, problem, hint: Some(hint.to_owned()) });
            };
            route(key, value).map_err(told).ok()
        });
        Some(rows.collect())
    }

    /// Which setting has the proxies, where in it they stand, and they themselves.
    fn proxy_rows(&self) -> Option<(&'static str, &'static str, &RawValue, &Map<String, Value>)> {
        match self.value("client_config") {
            Some(raw) => Some(("client_config", "/proxies", raw, self.client_part("proxies")?.as_object()?)),
            None => self.value("proxies").and_then(|raw| Some(("proxies", "", raw, raw.value.as_object()?))),
        }
    }

    /// Whether the endpoint comes from where `ignore_configured_endpoint_urls` wants none from.
    pub(super) fn is_ignored_endpoint(&self) -> bool {
        let row = register::find("endpoint_url");
        let is_configured = match self.origin("endpoint_url") {
            Origin::Environment(name) => row.is_some_and(|row| row.aws_environment.contains(&name.as_str())),
            _ => false,
        };
        is_configured && self.ignores_configured_endpoints()
    }

    /// Whether endpoints count that the AWS environment names.
    pub(super) fn ignores_configured_endpoints(&self) -> bool {
        self.client_part("ignore_configured_endpoint_urls") == Some(&Value::Bool(true))
    }

    /// The endpoint, which cannot be one's own where a host of AWS is asked for; botocore refuses the two as well.
    pub(super) fn endpoint_of_amazon_or_own(&self, errors: &mut Vec<SettingsError>) -> Option<String> {
        let endpoint = self.endpoint_url(errors);
        let raw = self.value("client_config").filter(|_| endpoint.is_some());
        let wanted = AMAZON_HOSTS.iter().find(|name| self.client_part(name) == Some(&Value::Bool(true)));
        if let (Some(raw), Some(name)) = (raw, wanted) {
            let line = raw.lines.get(&format!("/{}", name.replace('.', "/"))).copied();
            errors.push(SettingsError::Part {
                subject: raw.origin.at_line(line).subject("client_config"),
                problem: format!(
                    "has `{name}`, which is about hosts of AWS, and `endpoint_url` names another"
                ),
                hint: Some("leave one of the two out".to_owned()),
            });
        }
        endpoint
    }

    /// What boto3 sends unless it is told otherwise, where that is asked for and `checksum` names none.
    pub(super) fn botocore_checksum(&self) -> Option<ChecksumAlgorithm> {
        let when = self.client_part("request_checksum_calculation").and_then(Value::as_str);
        (when == Some("when_supported") && self.value("checksum").is_none())
            .then_some(ChecksumAlgorithm::Crc32)
    }

    /// The part of a dictionary whose parts botocore or s3transfer names.
    fn part(&self, setting: &str, name: &str) -> Option<&Value> {
        part::value(setting, self.value(setting)?, name)
    }

    fn transfer_part(&self, name: &str) -> Option<u64> {
        self.part("transfer_config", name)?.as_u64()
    }

    pub(super) fn chunking(&self) -> Chunking {
        let usual = Chunking::default();
        Chunking {
            threshold: self.transfer_part("multipart_threshold").unwrap_or(usual.threshold),
            part_size: self.transfer_part("multipart_chunksize").unwrap_or(usual.part_size),
        }
    }

    /// Our own setting before those of s3transfer and botocore.
    pub(super) fn concurrency(&self) -> Option<usize> {
        let pool = self.client_part("max_pool_connections").and_then(Value::as_u64);
        let theirs = || [self.transfer_part("max_concurrency"), pool].into_iter().flatten().min();
        self.number("concurrency").or_else(theirs)?.try_into().ok()
    }

    /// What is wrong with the parts of dictionaries, and in words what does nothing.
    pub(super) fn parts(&self, errors: &mut Vec<SettingsError>) -> Vec<String> {
        let given = ["transfer_config", "client_config"]
            .into_iter()
            .filter_map(|setting| Some((setting, self.value(setting)?)));
        given.flat_map(|(setting, raw)| part::check(setting, raw, errors)).collect()
    }

    /// A proxy out of a file that was found, not named, is not used unseen.
    pub(super) fn proxies_note(&self) -> Option<String> {
        let (setting, _, raw, rows) = self.proxy_rows()?;
        let found = self.file.as_ref().is_some_and(|file| file.found);
        let in_file = matches!(raw.origin, Origin::File(_) | Origin::Storage { .. });
        if !found || !in_file || self.text("local").is_some() {
            return None;
        }
        let rows = rows.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
        let rows: Vec<String> = rows
            .map(|(key, proxy)| format!("`{}` for `{key}`", mask::masked_url(&with_scheme(proxy))))
            .collect();
        (!rows.is_empty()).then(|| format!("`{setting}` has {}, from {}", rows.join(", "), raw.origin))
    }
}

/// Parts that pick a host of AWS.
const AMAZON_HOSTS: [&str; 4] = [
    "s3.use_accelerate_endpoint",
    "s3.use_dualstack_endpoint",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
];

/// What `client_config` replaces.
const REPLACED: [&str; 3] = ["addressing_style", "signature_version", "proxies"];

/// A problem and what to do about it.
type Refusal = (String, &'static str);

fn route(key: &str, value: &Value) -> Result<ProxyRoute, Refusal> {
    let (scheme, host) = match key.split_once("://") {
        Some((scheme, host)) => (scheme, Some(host.trim_end_matches('/').to_ascii_lowercase())),
        None => (key, None),
    };
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") || host.as_ref().is_some_and(|host| !is_host(host)) {
        let key = mask::masked_url(key);
        let hint = "write `https`, `http` or a scheme and a host, `https://s3.example.com`";
        return Err((
            format!("has the key `{key}`, which is neither a scheme nor a scheme and a host"),
            hint,
        ));
    }
    let proxy = match value {
        Value::Null => None,
        Value::String(proxy) => Some(proxy_url(key, proxy)?),
        _ => return Err((format!("must have text for `{key}`"), EXAMPLE)),
    };
    Ok(ProxyRoute { scheme, host, proxy })
}

const EXAMPLE: &str = "write e.g. `http://proxy.example.com:3128`";

fn proxy_url(key: &str, text: &str) -> Result<Secret, Refusal> {
    let url = with_scheme(text);
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let is_one = match url.parse::<http::Uri>() {
        Ok(uri) => uri.host().is_some_and(|host| !host.is_empty()),
        Err(_) => false,
    };
    if !matches!(scheme, "http" | "https") {
        return Err((format!("has a proxy of another kind than HTTP for `{key}`: `{scheme}`"), EXAMPLE));
    }
    if !is_one || rest.is_empty() {
        // Whatever it is may hold a password.
        return Err((format!("has no URL of a proxy for `{key}`"), EXAMPLE));
    }
    Ok(Secret::new(url))
}

/// As botocore: a proxy without a scheme is spoken to without TLS.
fn with_scheme(proxy: &str) -> String {
    match proxy.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => format!("http://{}", proxy.trim_start_matches('/')),
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.parse::<http::uri::Authority>().is_ok() && !text.contains('@')
}
