//! How the client speaks to the service, and what is to be said about it.

use std::path::PathBuf;

use serde_json::Value;

use crate::settings::combine::Combined;
use crate::settings::error::SettingsError;
use crate::settings::layer::Origin;
use crate::settings::{ClientSettings, ProxyRoute, Secret, SignatureVersion, Verify, mask};

impl Combined {
    pub(super) fn client(&self, errors: &mut Vec<SettingsError>) -> ClientSettings {
        // The embedded endpoint needs no way.
        if self.text("local").is_some() {
            return ClientSettings::default();
        }
        ClientSettings {
            verify: self.verify(),
            signature_version: self.signature_version(),
            proxies: self.proxies(errors),
        }
    }

    /// Of requests and of URLs.
    pub(super) fn signature_version(&self) -> SignatureVersion {
        match self.text("signature_version").as_deref() {
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
        let raw = self.value("proxies")?;
        let rows = raw.value.as_object()?.iter().filter_map(|(key, value)| {
            let told = |(problem, hint): Refusal| {
                let line = raw.lines.get(&format!("/{key}")).copied();
                let subject = raw.origin.at_line(line).subject("proxies");
                errors.push(SettingsError::Part { subject, problem, hint: Some(hint.to_owned()) });
            };
            route(key, value).map_err(told).ok()
        });
        Some(rows.collect())
    }

    /// A proxy out of a file that was found, not named, is not used unseen.
    pub(super) fn proxies_note(&self) -> Option<String> {
        let raw = self.value("proxies")?;
        let found = self.file.as_ref().is_some_and(|file| file.found);
        let in_file = matches!(raw.origin, Origin::File(_) | Origin::Storage { .. });
        if !found || !in_file || self.text("local").is_some() {
            return None;
        }
        let rows = raw.value.as_object()?.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
        let rows: Vec<String> = rows
            .map(|(key, proxy)| format!("`{}` for `{key}`", mask::masked_url(&with_scheme(proxy))))
            .collect();
        (!rows.is_empty()).then(|| format!("`proxies` has {}, from {}", rows.join(", "), raw.origin))
    }
}

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
