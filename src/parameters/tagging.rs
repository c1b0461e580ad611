//! `Tagging`: tags as the text of a query, which is how the header carries them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::parameters::ParameterError;

const MAX_TAGS: usize = 10;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks text of the form `key=value&key=value`, and leaves it as it is.
pub(super) fn check(text: &str) -> Result<(), ParameterError> {
    if text.is_empty() {
        return Ok(());
    }
    let mut keys = Vec::new();
    for tag in text.split('&') {
        let error = |problem| ParameterError::Tag { tag: tag.to_owned(), problem };
        if !tag.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(error("which is not percent-encoded"));
        }
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        let key = decode(key).ok_or_else(|| error("which is not UTF-8"))?;
        let value = decode(value).ok_or_else(|| error("which is not UTF-8"))?;
        if key.is_empty() {
            return Err(error("which has no key"));
        }
        if key.chars().count() > MAX_KEY {
            return Err(error("whose key is longer than 128 characters"));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(error("whose value is longer than 256 characters"));
        }
        if keys.contains(&key) {
            return Err(error("whose key is there already"));
        }
        keys.push(key);
    }
    if keys.len() > MAX_TAGS {
        return Err(ParameterError::TooManyTags { count: keys.len() });
    }
    Ok(())
}

/// The same text out of a dictionary.
pub(super) fn encode(tags: &Map<String, Value>) -> Result<String, ParameterError> {
    let mut pairs = Vec::with_capacity(tags.len());
    for (key, value) in tags {
        let Value::String(value) = value else {
            return Err(ParameterError::Tag { tag: key.clone(), problem: "whose value is no text" });
        };
        pairs.push(format!("{}={}", utf8_percent_encode(key, ENCODED), utf8_percent_encode(value, ENCODED)));
    }
    Ok(pairs.join("&"))
}

fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
