//! How the client speaks to the service, and what is to be said about it.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::Problem;
use crate::settings::combine::Combined;
use crate::settings::{ClientSettings, Verify};

impl Combined {
    pub(super) fn client(&self) -> ClientSettings {
        // The embedded endpoint needs no way.
        if self.text("local").is_some() {
            return ClientSettings::default();
        }
        ClientSettings {
            verify: match self.effective("verify") {
                Some(Value::Bool(false)) => Verify::Off,
                Some(Value::String(path)) if !path.is_empty() => Verify::Bundle(PathBuf::from(path)),
                _ => Verify::System,
            },
        }
    }

    pub(in crate::settings) fn client_warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        if self.client().verify == Verify::Off {
            let subject = self.origin("verify").subject("verify");
            warnings.push(
                Problem::new(format!("{subject} is `false`: whoever answers is taken for the service"))
                    .with_hint("name the authority's certificate instead, `verify = \"ca.pem\"`"),
            );
        }
        warnings
    }
}
