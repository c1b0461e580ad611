//! What URLs are made of.

use std::path::PathBuf;

use crate::settings::combine::Combined;
use crate::settings::error::SettingsError;
use crate::settings::{CloudFrontHash, CloudFrontKey, CloudFrontSettings, Secret, UrlSettings};

/// The two places of CloudFront's key.
const KEYS: [&str; 2] = ["cloudfront_key", "cloudfront_key_file"];

impl Combined {
    pub(super) fn url(&self, errors: &mut Vec<SettingsError>) -> UrlSettings {
        UrlSettings {
            querystring_auth: self.boolean("querystring_auth"),
            querystring_expire: self.number("querystring_expire").unwrap_or_default(),
            custom_domain: self.custom_domain(errors),
            url_protocol: self.url_protocol(errors),
            signature_version: self.signature_version(),
            cloudfront: self.cloudfront(errors),
        }
    }

    /// It stands behind the protocol as it is written.
    fn custom_domain(&self, errors: &mut Vec<SettingsError>) -> Option<String> {
        let domain = self.text("custom_domain")?;
        if let Some((_, host)) = domain.split_once("//") {
            let origin = self.origin("custom_domain").to_string();
            errors.push(SettingsError::CustomDomain {
                found: domain.clone(),
                host: host.trim_end_matches('/').to_owned(),
                origin,
            });
        }
        Some(domain)
    }

    /// django-storages takes the usual one for an empty one, too.
    fn url_protocol(&self, errors: &mut Vec<SettingsError>) -> String {
        let protocol = self.text("url_protocol").unwrap_or_else(|| "https:".to_owned());
        if !protocol.ends_with(':') {
            let origin = self.origin("url_protocol").to_string();
            errors.push(SettingsError::UrlProtocol { found: protocol.clone(), origin });
        }
        protocol
    }

    /// Both or neither, as in django-storages.
    fn cloudfront(&self, errors: &mut Vec<SettingsError>) -> Option<CloudFrontSettings> {
        let key_id = self.text("cloudfront_key_id");
        let keys = KEYS.map(|name| self.text(name));
        if let [Some(_), Some(_)] = keys {
            let [text_origin, file_origin] = KEYS.map(|name| self.origin(name).to_string());
            errors.push(SettingsError::TwoCloudFrontKeys { text_origin, file_origin });
        }
        let given = if keys[0].is_some() { KEYS[0] } else { KEYS[1] };
        let key = match keys {
            [Some(text), _] => Some(CloudFrontKey::Text(Secret::new(text))),
            [None, file] => file.map(|file| CloudFrontKey::File(PathBuf::from(file))),
        };
        let hash = match self.text("cloudfront_hash").as_deref() {
            Some("sha256") => CloudFrontHash::Sha256,
            _ => CloudFrontHash::Sha1,
        };
        let (given, missing) = match (key_id, key) {
            (Some(key_id), Some(key)) => return Some(CloudFrontSettings { key_id, key, hash }),
            (None, None) => return None,
            (Some(_), None) => ("cloudfront_key_id", KEYS[0]),
            (None, Some(_)) => (given, "cloudfront_key_id"),
        };
        if let Some(environment) = self.other_half(missing) {
            let origin = self.origin(given).to_string();
            errors.push(SettingsError::HalfCloudFront { given, missing, environment, origin });
        }
        None
    }
}
