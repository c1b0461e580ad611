//! What of a value may be shown. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::register::Setting;

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// Parts of dictionaries that are secrets, whichever setting they stand in.
const SECRET_PARTS: &[&str] = &["SSECustomerKey", "CopySourceSSECustomerKey"];

static USER_INFO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("://[^/?#\"]*@").expect("a constant pattern"));

/// The value with every secret masked: whole settings, SSE-C keys, user and password in URLs.
#[must_use]
pub(super) fn masked(setting: &Setting, value: &Value) -> Value {
    if setting.secret { Value::from(MASK) } else { masked_parts(value) }
}

/// Whether a value, or a part of it, may not be shown.
#[must_use]
pub fn is_secret(setting: &Setting, value: &Value) -> bool {
    setting.secret || masked_parts(value) != *value
}

fn masked_parts(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(masked_url(text)),
        Value::Array(items) => items.iter().map(masked_parts).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let secret = SECRET_PARTS.contains(&name.as_str());
                (name.clone(), if secret { Value::from(MASK) } else { masked_parts(value) })
            })
            .collect(),
        _ => value.clone(),
    }
}

/// Text without the user and the password of URLs in it.
#[must_use]
pub fn masked_url(text: &str) -> String {
    USER_INFO.replace_all(text, format!("://{MASK}@")).into_owned()
}

/// Whether some part of a value is a secret by its name.
#[must_use]
pub(super) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| SECRET_PARTS.contains(&name.as_str()) || holds_secret(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::register;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let row = |name| register::find(name).expect("a row");
        assert_eq!(masked(row("secret_key"), &json!("hunter2")), json!(MASK));
        assert_eq!(
            masked(
                row("object_parameters"),
                &json!({"SSECustomerKey": "hunter2", "CacheControl": "no-store"})
            ),
            json!({"SSECustomerKey": MASK, "CacheControl": "no-store"})
        );
        assert_eq!(
            masked(row("proxies"), &json!({"https": "http://me:hunter2@proxy:3128/"})),
            json!({"https": "http://********@proxy:3128/"})
        );
        assert_eq!(
            masked(
                row("rules"),
                &json!([{"match": "*", "object_parameters": {"SSECustomerKey": "hunter2"}}])
            ),
            json!([{"match": "*", "object_parameters": {"SSECustomerKey": MASK}}])
        );
    }
}
