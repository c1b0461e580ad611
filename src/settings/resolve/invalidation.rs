//! What is invalidated after a push, and where.

use super::super::combine::Combined;
use super::super::error::SettingsError;
use super::super::layer::Origin;
use super::super::{InvalidationSettings, register};

/// Where CloudFront is when it is not AWS.
const ENDPOINT: &str = "cloudfront_endpoint_url";

impl Combined {
    /// `None` where nothing is to be invalidated: no distribution, or one that stands before another bucket than the local
    /// one.
    pub(super) fn invalidation(&self, errors: &mut Vec<SettingsError>) -> Option<InvalidationSettings> {
        let distribution = self.text("invalidate")?;
        let origin = self.origin("invalidate");
        if !distribution.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let origin = origin.to_string();
            errors.push(SettingsError::Distribution { found: distribution.clone(), origin });
        }
        let endpoint_url = self.cloudfront_endpoint(errors);
        if self.text("local").is_some() && endpoint_url.is_none() {
            if matches!(origin, Origin::Flag(_)) {
                errors.push(SettingsError::InvalidateLocally);
            }
            return None;
        }
        Some(InvalidationSettings {
            distribution,
            budget: self.number("invalidate_budget").and_then(|most| most.try_into().ok()).unwrap_or(1),
            wait: self.boolean("invalidate_wait"),
            endpoint_url,
        })
    }

    /// Says that a setting of the file or the environment does nothing here.
    pub(super) fn invalidation_note(&self) -> Option<String> {
        self.text("invalidate")?;
        let elsewhere = self.text("local").is_some() && self.cloudfront_endpoint(&mut Vec::new()).is_none();
        let subject = self.origin("invalidate").subject("invalidate");
        elsewhere.then(|| {
            format!("{subject} does nothing with `local`: no distribution stands before a directory")
        })
    }

    /// The variables that AWS's tools read are replaced by `local`, as they are for S3.
    fn cloudfront_endpoint(&self, errors: &mut Vec<SettingsError>) -> Option<String> {
        let url = self.text(ENDPOINT)?;
        let origin = self.origin(ENDPOINT);
        let configured = match &origin {
            Origin::Environment(name) => {
                register::find(ENDPOINT).is_some_and(|row| row.aws_environment.contains(&name.as_str()))
            }
            _ => false,
        };
        if configured && (self.text("local").is_some() || self.ignores_configured_endpoints()) {
            return None;
        }
        if !url.starts_with("https://") && !url.starts_with("http://") {
            let found = url.rsplit('@').next().unwrap_or_default().to_owned();
            errors.push(SettingsError::EndpointScheme {
                setting: ENDPOINT,
                found,
                origin: origin.to_string(),
            });
        }
        Some(url.trim_end_matches('/').to_owned())
    }
}
