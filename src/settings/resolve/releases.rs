//! How releases are remembered.

use std::time::Duration;

use super::super::combine::Combined;
use super::super::error::SettingsError;
use super::super::kind;
use super::super::{OnConflict, ReleaseSettings};
use crate::name::{AppName, Location};

impl Combined {
    pub(super) fn releases(&self, errors: &mut Vec<SettingsError>) -> ReleaseSettings {
        ReleaseSettings {
            record: self.boolean("record"),
            app: self.app(errors),
            order: self.number("release_order"),
            on_conflict: match self.text("on_conflict").as_deref() {
                Some("retry") => OnConflict::Retry,
                _ => OnConflict::Fail,
            },
            claim_timeout: self.duration("claim_timeout"),
            retain: self.number("retain_releases").unwrap_or(1),
            min_age: self.duration("min_age"),
            prefix: self.record_prefix(errors),
        }
    }

    fn app(&self, errors: &mut Vec<SettingsError>) -> AppName {
        let Some(name) = self.text("app") else { return AppName::default() };
        AppName::new(name).unwrap_or_else(|error| {
            errors.push(SettingsError::App { error, origin: self.origin("app").to_string() });
            AppName::default()
        })
    }

    /// A row's duration; every one has a default, so that only what is refused elsewhere is nothing.
    fn duration(&self, name: &str) -> Duration {
        self.effective(name).and_then(|value| kind::duration(&value)).unwrap_or_default()
    }

    fn record_prefix(&self, errors: &mut Vec<SettingsError>) -> Option<Location> {
        let found = self.text("record_prefix")?;
        let prefix = Location::new(&found);
        if prefix.is_err() {
            errors.push(SettingsError::RecordPrefix {
                found,
                origin: self.origin("record_prefix").to_string(),
            });
        }
        prefix.ok()
    }
}
