//! The URLs that the real django-storages gives (`scripts/golden/urls.py`), byte for byte, and the few that differ, each
//! with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use s3collect::manifest::Manifest;
use s3collect::settings::register::find;
use s3collect::settings::{CredentialSource, Given, Loaded, Needs, load};
use s3collect::url::{Asked, BucketPlace, Instant, SigningKeys, UrlRequest, Urls};
use serde_json::{Map, Value};

/// When the script's clock stood still.
const NOW: &str = "2026-03-04T05:06:07.890123Z";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// One call of `url()`.
struct Case {
    name: String,
    arguments: Value,
    /// The URL, or an object with the class of what was raised.
    expected: Value,
}

/// What one storage was asked.
struct Group {
    options: Map<String, Value>,
    cases: Vec<Case>,
}

fn groups() -> Vec<Group> {
    let text = fs::read_to_string(fixtures().join("urls.tsv")).expect("the fixture");
    let mut groups: Vec<Group> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(options) = line.strip_prefix('@') {
            let options = serde_json::from_str(options).expect("options");
            groups.push(Group { options, cases: Vec::new() });
            continue;
        }
        let fields: Vec<Value> =
            line.split('\t').map(|field| serde_json::from_str(field).expect("JSON")).collect();
        let [name, arguments, expected] = fields.try_into().expect("three fields");
        let name = name.as_str().expect("a name").to_owned();
        groups.last_mut().expect("a group").cases.push(Case { name, arguments, expected });
    }
    groups
}

/// Options of a storage as the environment has them; `None` where these settings are refused.
fn settings(options: &Map<String, Value>) -> Option<Loaded> {
    let mut environment = BTreeMap::from([("S3COLLECT_BACKEND".to_owned(), "S3Storage".to_owned())]);
    for (name, value) in options.iter().filter(|(name, _)| *name != "manifest") {
        let text = match value {
            Value::String(file) if name == "cloudfront_key" => {
                fs::read_to_string(fixtures().join("cloudfront").join(file)).expect("a key")
            }
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        environment.insert(find(name).expect("a setting").environment[0].to_owned(), text);
    }
    // A static class fixes this one, and only `OPTIONS` come before that.
    let sets = if environment.contains_key("AWS_QUERYSTRING_AUTH") && options.contains_key("manifest") {
        vec!["querystring_auth=true".to_owned()]
    } else {
        Vec::new()
    };
    let given = Given { sets: &sets, ..Given::new(&environment, Path::new("/nonexistent")) };
    load(given, Needs { bucket: false, sources: false }).ok()
}

fn urls<'a>(Loaded { settings, .. }: &'a Loaded) -> Option<Urls<'a>> {
    let (url, connection) = (&settings.url, &settings.connection);
    if let Some(domain) = &url.custom_domain {
        let key = url.cloudfront.as_ref().map(|cloudfront| match &cloudfront.key {
            s3collect::settings::CloudFrontKey::Text(text) => (text.expose(), "the fixture"),
            s3collect::settings::CloudFrontKey::File(_) => panic!("no file is named"),
        });
        return Urls::at_domain(url, &settings.location, domain, key).ok();
    }
    let keys = match &connection.credentials {
        CredentialSource::Static { access_key, secret_key, security_token } => SigningKeys {
            access_key: access_key.expose().to_owned(),
            secret_key: secret_key.clone(),
            token: security_token.clone(),
            expires_at: None,
        },
        CredentialSource::Chain { .. } => {
            assert!(!url.querystring_auth, "nobody signs");
            return Urls::in_bucket(url, &settings.location, place(connection, None)).ok();
        }
    };
    Urls::in_bucket(url, &settings.location, place(connection, Some(keys).filter(|_| url.querystring_auth)))
        .ok()
}

fn place(connection: &s3collect::settings::ConnectionSettings, keys: Option<SigningKeys>) -> BucketPlace<'_> {
    BucketPlace {
        bucket: &connection.bucket,
        region: connection.region_name.as_deref().unwrap_or("us-east-1"),
        endpoint: connection.endpoint_url.as_deref(),
        style: connection.addressing_style,
        use_ssl: connection.use_ssl,
        keys,
    }
}

/// What we give.
fn ours(urls: &Urls<'_>, manifest: Option<&Manifest>, case: &Case) -> Option<String> {
    let mut request = UrlRequest::at(Instant::parse(NOW).expect("a time"));
    request.expire = case.arguments["expire"].as_u64();
    if let Some(method) = case.arguments["http_method"].as_str() {
        method.clone_into(&mut request.method);
    }
    if let Some(pairs) = case.arguments["parameters"].as_array() {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        request.parameters = pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
    }
    let Some(manifest) = manifest else {
        return urls.url(&case.name, &request).ok().map(|signed| signed.url);
    };
    let asked = Asked::new(&case.name).ok()?;
    let signed = urls.url(&asked.with(asked.stored(manifest).ok()?), &request).ok()?;
    asked.finish(signed.url, urls.are_signed()).ok()
}

/// Why a URL is not django-storages', where it is not; `docs/django.md` has the same list.
fn departure(
    options: &Map<String, Value>,
    expected: Option<&str>,
    ours: Option<&str>,
) -> Option<&'static str> {
    let option = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
    let unset = options.contains_key("access_key") && !options.contains_key("signature_version");
    if unset && ours.is_some_and(|url| url.contains("X-Amz-Algorithm=AWS4-HMAC-SHA256")) {
        return Some("SigV4 unless SigV2 is asked for");
    }
    if option("bucket_name").ends_with(".mrap")
        && expected.is_some_and(|url| url.contains("Signature="))
        && ours.is_none()
    {
        return Some("access points of many regions take SigV4A only");
    }
    let (domain, protocol) = (option("custom_domain"), options.get("url_protocol").and_then(Value::as_str));
    if ours.is_none() && (domain.contains("//") || protocol.is_some_and(|protocol| !protocol.ends_with(':')))
    {
        return Some("a URL that leads nowhere is refused");
    }
    if protocol == Some("") && ours == expected.map(|url| format!("https:{url}")).as_deref() {
        return Some("an empty protocol is the usual one, as in Django's settings");
    }
    if options.contains_key("manifest") && options.contains_key("querystring_auth") {
        let decoded =
            ours.map(|url| percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned());
        if expected.is_some() && decoded.as_deref() == expected {
            return Some("percent-decoding would break the signature");
        }
    }
    None
}

#[test]
fn urls_are_those_of_django_storages() {
    let mut departures: BTreeMap<&str, usize> = BTreeMap::new();
    let mut same = 0;
    let mut wrong = Vec::new();
    for Group { options, cases } in groups() {
        let loaded = settings(&options);
        let urls = loaded.as_ref().and_then(urls);
        let manifest = options
            .get("manifest")
            .map(|paths| Manifest::new(serde_json::from_value(paths.clone()).expect("paths")));
        for case in &cases {
            let expected = case.expected.as_str();
            let ours = urls.as_ref().and_then(|urls| ours(urls, manifest.as_ref(), case));
            if ours.as_deref() == expected {
                same += 1;
            } else if let Some(reason) = departure(&options, expected, ours.as_deref()) {
                *departures.entry(reason).or_default() += 1;
            } else {
                wrong.push(format!(
                    "{options:?}\n{:?} {}\n  {}\n  {ours:?}\n",
                    case.name, case.arguments, case.expected
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {same}\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    let reasons = [
        ("SigV4 unless SigV2 is asked for", 6),
        ("a URL that leads nowhere is refused", 2),
        ("access points of many regions take SigV4A only", 9),
        ("an empty protocol is the usual one, as in Django's settings", 1),
        ("percent-decoding would break the signature", 111),
    ];
    assert_eq!((same, departures), (1862, BTreeMap::from(reasons)));
}
