//! What of a value may be shown. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::register::Setting;
use super::words;

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// Parts of dictionaries that are secrets, whichever setting they stand in.
const SECRET_PARTS: &[&str] = &["SSECustomerKey", "CopySourceSSECustomerKey"];

/// Settings that hold addresses, which may be written without a scheme.
const ADDRESSES: &[&str] = &["cloudfront_endpoint_url", "endpoint_url", "proxies", "client_config"];

static USER_INFO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("://[^/?#\"]*@").expect("a constant pattern"));

/// The value with every secret masked: whole settings, SSE-C keys, user and password in URLs.
#[must_use]
pub(super) fn masked(setting: &Setting, value: &Value) -> Value {
    match value {
        _ if setting.secret => Value::from(MASK),
        value if ADDRESSES.contains(&setting.name) => masked_parts(&masked_addresses(value)),
        value => masked_parts(value),
    }
}

/// Whether a value, or a part of it, may not be shown.
#[must_use]
pub fn is_secret(setting: &Setting, value: &Value) -> bool {
    masked(setting, value) != *value
}

/// Every text without what stands before its `@`, where it has no scheme to be known as a URL by.
fn masked_addresses(value: &Value) -> Value {
    match value {
        Value::String(text) if !text.contains("://") => match text.rsplit_once('@') {
            Some((_, host)) => Value::from(format!("{MASK}@{host}")),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(masked_addresses).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), masked_addresses(value))).collect()
        }
        value => value.clone(),
    }
}

fn masked_parts(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(masked_url(text)),
        Value::Array(items) => items.iter().map(masked_parts).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let secret = is_secret_part(name);
                (masked_url(name), if secret { Value::from(MASK) } else { masked_parts(value) })
            })
            .collect(),
        _ => value.clone(),
    }
}

/// Whether a part of a dictionary is a secret by its name, or by what was meant with it.
fn is_secret_part(name: &str) -> bool {
    let public = name.ends_with("MD5") || name.ends_with("Algorithm");
    !public && words::nearest(name, SECRET_PARTS.iter().copied()).is_some()
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
            fields.iter().any(|(name, value)| is_secret_part(name) || holds_secret(value))
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
                &json!({"SSECustomerKey": "hunter2", "SSECustomerKye": "hunter2", "SSECustomerAlgorithm": "AES256"})
            ),
            json!({"SSECustomerKey": MASK, "SSECustomerKye": MASK, "SSECustomerAlgorithm": "AES256"})
        );
        assert_eq!(
            masked(row("proxies"), &json!({"https": "http://me:hunter2@proxy:3128/"})),
            json!({"https": "http://********@proxy:3128/"})
        );
        assert_eq!(
            masked(
                row("proxies"),
                &json!({"https": "me:hunter2@proxy:3128", "http://me:hunter2@host": "http://p"})
            ),
            json!({"https": "********@proxy:3128", "http://********@host": "http://p"})
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
