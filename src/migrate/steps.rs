//! The steps of django-storages' migration guide, on the settings of one block after the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::block::{Block, truth};
use super::error::MigrateError;
use super::{Entry, MigrateOptions, host};
use crate::error::Problem;
use crate::parameters::Parameter;

/// Settings that become others.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Entries that go, and what is said about each.
    pub(super) replaced: Vec<(usize, String)>,
    /// An entry of the new name that is there already, and gets the new value.
    pub(super) into: Option<usize>,
    /// What stands there instead.
    pub(super) becomes: Vec<(&'static str, Value)>,
    /// What is said where nothing goes.
    pub(super) told: String,
    /// What a person has to look at.
    pub(super) warnings: Vec<Problem>,
}

type Step = fn(&Block<'_>) -> Result<Change, MigrateError>;

const STEPS: [Step; 7] = [parameters, calling_format, endpoint, signature, proxies, protocol, dropped];

/// Names that make up one setting together.
const PAIRS: [(&str, &str); 2] = [("host", "port"), ("proxy_host", "proxy_port")];

/// All changes, or all that is in their way.
pub(super) fn steps(
    file: &str,
    entries: &[Entry],
    options: MigrateOptions,
) -> Result<Vec<Change>, Vec<MigrateError>> {
    let mut errors = ambiguous(file, entries);
    let mut changes = Vec::new();
    let blocks: BTreeSet<usize> = entries.iter().map(|entry| entry.block).collect();
    for block in blocks {
        let block = Block { file, entries, block };
        for step in STEPS {
            match step(&block) {
                Ok(change) if change.replaced.is_empty() => {}
                Ok(change) => changes.push(change),
                Err(error) => errors.push(error),
            }
        }
    }
    if options.persisted_urls && !signs(entries, "signature_version") && !was_v4(entries) {
        changes.push(Change {
            becomes: vec![("signature_version", Value::from("s3"))],
            told: "`AWS_S3_SIGNATURE_VERSION` is `s3`: URLs that were made before are signed that way"
                .to_owned(),
            ..Change::default()
        });
    }
    if errors.is_empty() { Ok(changes) } else { Err(errors) }
}

/// What a person has to look at, whatever was changed.
pub(super) fn warnings(
    entries: &[Entry],
    changes: &[Change],
    has_class: bool,
    options: MigrateOptions,
) -> Vec<Problem> {
    let mut warnings: Vec<Problem> =
        changes.iter().flat_map(|change| change.warnings.iter().cloned()).collect();
    if has_class && !signs(entries, "default_acl") {
        warnings.push(
            Problem::new("the boto backend made every object `public-read`; now the bucket decides")
                .with_hint("set `AWS_DEFAULT_ACL` to `public-read` if objects have to stay public"),
        );
    }
    let unsigned =
        entries.iter().any(|entry| entry.name == "querystring_auth" && entry.value == Ok(Value::from(false)));
    let is_set = signs(entries, "signature_version") || was_v4(entries) || options.persisted_urls;
    if !unsigned && !is_set && (has_class || !changes.is_empty()) {
        warnings.push(
            Problem::new("signed URLs get another signature, `s3v4`")
                .with_hint("if URLs made before are kept somewhere, run it again with `--persisted-urls`"),
        );
    }
    warnings
}

fn signs(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name)
}

fn was_v4(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|entry| entry.name == "use_sigv4" && entry.value.as_ref().ok().and_then(truth) == Some(true))
}

/// Names that are given twice, or apart from those they belong to.
fn ambiguous(file: &str, entries: &[Entry]) -> Vec<MigrateError> {
    let mut errors = Vec::new();
    let legacy = |entry: &&Entry| super::legacy().any(|row| row.name == entry.name);
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| legacy(entry)) {
        let same = |other: &&Entry| other.name == entry.name && other.block == entry.block;
        if let Some(first) = entries[..index].iter().find(same) {
            errors.push(MigrateError::Twice {
                file: file.to_owned(),
                first: first.line,
                line: entry.line,
                name: entry.spelled.clone(),
            });
        }
    }
    for (one, other) in PAIRS {
        let all = |name: &'static str| entries.iter().filter(move |entry| entry.name == name);
        for entry in all(other) {
            if !all(one).any(|partner| partner.block == entry.block)
                && let Some(partner) = all(one).next()
            {
                errors.push(MigrateError::Apart {
                    file: file.to_owned(),
                    line: entry.line,
                    name: entry.spelled.clone(),
                    other: partner.spelled.clone(),
                    other_line: partner.line,
                });
            }
        }
    }
    errors
}

/// `AWS_HEADERS`, and two switches that were headers too, become object parameters.
fn parameters(block: &Block<'_>) -> Result<Change, MigrateError> {
    let mut change = Change::default();
    let mut fields = Map::new();
    if let Some((index, headers)) = block.value("headers")? {
        let headers = headers.as_object().ok_or_else(|| block.wrong(index, "a dictionary"))?;
        let lost = rename(headers, &mut fields);
        let told = "is now `AWS_S3_OBJECT_PARAMETERS`: boto3 has parameters with names of their own instead of headers";
        change.replaced.push((index, format!("`{}` {told}", block.spelled(index))));
        change.warnings.extend(lost.into_iter().map(|header| {
            Problem::new(format!(
                "`{header}` in `{}` is left out: no object parameter carries it",
                block.spelled(index)
            ))
        }));
    }
    for (name, parameter, value) in [
        ("reduced_redundancy", "StorageClass", "REDUCED_REDUNDANCY"),
        ("encryption", "ServerSideEncryption", "AES256"),
    ] {
        if let Some((index, is)) = block.truth(name)? {
            let told = if is {
                format!("is now the object parameter `{parameter}`")
            } else {
                "goes: it asked for nothing".to_owned()
            };
            change.replaced.push((index, format!("`{}` {told}", block.spelled(index))));
            if is {
                fields.insert(parameter.to_owned(), Value::from(value));
            }
        }
    }
    if change.replaced.is_empty() {
        return Ok(change);
    }
    if let Some((index, given)) = block.value("object_parameters")? {
        let given = given.as_object().ok_or_else(|| block.wrong(index, "a dictionary"))?;
        fields.extend(given.clone());
        change.into = Some(index);
    }
    if !fields.is_empty() {
        change.becomes.push(("object_parameters", Value::Object(fields)));
    }
    Ok(change)
}

/// Headers by boto3's names; those that have none are given back.
fn rename(headers: &Map<String, Value>, fields: &mut Map<String, Value>) -> Vec<String> {
    let mut lost = Vec::new();
    let mut metadata = Map::new();
    for (header, value) in headers {
        let lower = header.to_ascii_lowercase();
        let value =
            if let Value::Number(number) = value { Value::from(number.to_string()) } else { value.clone() };
        if let Some(name) = lower.strip_prefix("x-amz-meta-") {
            metadata.insert(name.to_owned(), value);
        } else if let Some(parameter) = Parameter::all().find(|one| one.header().eq_ignore_ascii_case(header))
        {
            fields.insert(parameter.name().to_owned(), value);
        } else if Parameter::from_name(header).is_some() {
            fields.insert(header.clone(), value);
        } else {
            lost.push(header.clone());
        }
    }
    if !metadata.is_empty() {
        fields.insert("Metadata".to_owned(), Value::Object(metadata));
    }
    lost
}

fn calling_format(block: &Block<'_>) -> Result<Change, MigrateError> {
    let Some((index, class)) = block.text("calling_format")? else { return Ok(Change::default()) };
    let style = match class.rsplit('.').next().unwrap_or_default().trim_end_matches("()") {
        "VHostCallingFormat" | "SubdomainCallingFormat" => "virtual",
        "OrdinaryCallingFormat" | "ProtocolIndependentOrdinaryCallingFormat" => "path",
        _ => return Err(block.wrong(index, "a calling format of boto")),
    };
    let mut change = Change::default();
    let spelled = block.spelled(index);
    if block.has("addressing_style") {
        change.replaced.push((index, format!("`{spelled}` goes: `AWS_S3_ADDRESSING_STYLE` is set already")));
    } else {
        let told =
            format!("`{spelled}` is now `AWS_S3_ADDRESSING_STYLE`: boto3 has words instead of classes");
        change.replaced.push((index, told));
        change.becomes.push(("addressing_style", Value::from(style)));
    }
    Ok(change)
}

/// Host and port become a URL, and the host's name tells the region.
fn endpoint(block: &Block<'_>) -> Result<Change, MigrateError> {
    let (host, port) = (block.text("host")?, block.port("port")?);
    let origin = block.text("origin")?;
    let use_ssl = if host.is_some() || port.is_some() { block.truth("use_ssl")? } else { None };
    let mut change = Change::default();
    let name = host.as_ref().map_or("s3.amazonaws.com", |(_, host)| host).trim();
    if (host.is_some() && !name.is_empty()) || port.is_some_and(|(_, port)| port.is_some()) {
        let url = host::endpoint_url(name, port.and_then(|(_, port)| port), use_ssl.is_none_or(|(_, is)| is));
        if !block.has("endpoint_url") {
            change.becomes.push(("endpoint_url", Value::from(url)));
        }
    }
    for index in host.iter().map(|(index, _)| *index).chain(port.map(|(index, _)| index)) {
        let told = if block.has("endpoint_url") {
            "goes: `AWS_S3_ENDPOINT_URL` is set already"
        } else {
            "is now `AWS_S3_ENDPOINT_URL`: boto3 takes one URL"
        };
        change.replaced.push((index, format!("`{}` {told}", block.spelled(index))));
    }
    let mut region = host::region(name).map(str::to_owned);
    if let Some((index, origin)) = origin {
        change.replaced.push((index, format!("`{}` is now `AWS_S3_REGION_NAME`", block.spelled(index))));
        region = Some(if origin == "EU" { "eu-west-1".to_owned() } else { origin })
            .filter(|it| !it.is_empty())
            .or(region);
    }
    if !change.replaced.is_empty() && !block.has("region_name") {
        match region {
            Some(region) => change.becomes.push(("region_name", Value::from(region))),
            None if host::is_aws(name) => change.warnings.push(
                Problem::new(format!("`{name}` names no region"))
                    .with_hint("set `AWS_S3_REGION_NAME` to the bucket's"),
            ),
            None => {}
        }
    }
    Ok(change)
}

fn signature(block: &Block<'_>) -> Result<Change, MigrateError> {
    let Some((index, _)) = block.truth("use_sigv4")? else { return Ok(Change::default()) };
    let told = format!("`{}` goes: requests are signed with `s3v4` anyway", block.spelled(index));
    Ok(Change { replaced: vec![(index, told)], ..Change::default() })
}

fn proxies(block: &Block<'_>) -> Result<Change, MigrateError> {
    let (host, port) = (block.text("proxy_host")?, block.port("proxy_port")?);
    let mut change = Change::default();
    for index in host.iter().map(|(index, _)| *index).chain(port.map(|(index, _)| index)) {
        let told = "is now `AWS_S3_PROXIES`: boto3 takes proxies by scheme";
        change.replaced.push((index, format!("`{}` {told}", block.spelled(index))));
    }
    let named = host.map(|(_, host)| host).filter(|host| !host.is_empty());
    if let Some(host) = named.filter(|_| !block.has("proxies")) {
        let url = host::endpoint_url(&host, port.and_then(|(_, port)| port), false);
        let both = ["http", "https"].map(|scheme| (scheme.to_owned(), Value::from(url.as_str())));
        change.becomes.push(("proxies", Value::Object(Map::from_iter(both))));
    }
    Ok(change)
}

fn protocol(block: &Block<'_>) -> Result<Change, MigrateError> {
    let Some((index, secure)) = block.truth("secure_urls")? else { return Ok(Change::default()) };
    let spelled = block.spelled(index);
    let mut change = Change::default();
    if secure || block.has("url_protocol") {
        change.replaced.push((
            index,
            format!("`{spelled}` goes: URLs are `https:` unless `AWS_S3_URL_PROTOCOL` says otherwise"),
        ));
    } else {
        change.replaced.push((index, format!("`{spelled}` is now `AWS_S3_URL_PROTOCOL`")));
        change.becomes.push(("url_protocol", Value::from("http:")));
    }
    Ok(change)
}

/// What there is nothing instead of.
fn dropped(block: &Block<'_>) -> Result<Change, MigrateError> {
    let mut change = Change::default();
    for (name, why) in [
        ("auto_create_bucket", "buckets are not made on the way"),
        ("bucket_acl", "the bucket's own ACL is not touched"),
        ("preload_metadata", "the location is listed once in any case"),
    ] {
        if let Some((index, _)) = block.find(name) {
            change.replaced.push((index, format!("`{}` goes: {why}", block.spelled(index))));
        }
    }
    Ok(change)
}
