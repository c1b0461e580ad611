//! A dictionary of object parameters, as settings have it, checked and brought to header texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use serde_json::{Map, Value};

use crate::parameters::{ObjectParameters, Parameter, ParameterError, date, tagging};

/// Names and values of user metadata together, in bytes.
const MAX_METADATA_BYTES: usize = 2048;
/// How alike two names must be for one to be offered in place of the other.
const ALIKE: f64 = 0.6;
/// What is longer is like none, and is not compared.
const LONGEST: usize = 100;

impl ObjectParameters {
    /// Takes a dictionary by boto3's names: text as it is, `BucketKeyEnabled` a boolean, `Metadata` a dictionary,
    /// `Tagging` text or a dictionary, dates in any form that [`ParameterError::NoDate`] names.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the names.
    pub fn parse(dictionary: &Map<String, Value>) -> Result<Self, Vec<ParameterError>> {
        let mut parameters = Self::default();
        let mut errors = Vec::new();
        for (name, value) in dictionary {
            let result = match (name.as_str(), Parameter::from_name(name)) {
                ("Metadata", _) => parse_metadata(value, &mut parameters),
                (_, Some(parameter)) => {
                    header_text(parameter, value).map(|text| parameters.set(parameter, text))
                }
                _ => Err(unknown(name)),
            };
            errors.extend(result.err());
        }
        if errors.is_empty() {
            parameters.complete_customer_key();
            Ok(parameters)
        } else {
            Err(errors)
        }
    }

    /// Adds the MD5 of an SSE-C key, as botocore does.
    fn complete_customer_key(&mut self) {
        let key = self.get(Parameter::SseCustomerKey).and_then(|key| BASE64.decode(key).ok());
        if let (Some(key), None) = (key, self.get(Parameter::SseCustomerKeyMd5)) {
            self.set(Parameter::SseCustomerKeyMd5, BASE64.encode(Md5::digest(key)));
        }
    }
}

fn header_text(parameter: Parameter, value: &Value) -> Result<String, ParameterError> {
    let text = match (parameter, value) {
        (Parameter::BucketKeyEnabled, Value::Bool(flag)) => flag.to_string(),
        (Parameter::BucketKeyEnabled, _) => return Err(wrong_type(parameter.name(), "true or false", value)),
        (Parameter::Expires, Value::String(_) | Value::Number(_)) => {
            date::http(value).ok_or_else(|| no_date(parameter, value))?
        }
        (Parameter::ObjectLockRetainUntilDate, Value::String(_) | Value::Number(_)) => {
            date::iso(value).ok_or_else(|| no_date(parameter, value))?
        }
        (Parameter::Tagging, Value::Object(tags)) => tagging::encode(tags)?,
        (Parameter::SseCustomerKey, Value::String(key)) => customer_key(key)?,
        (_, Value::String(text)) => text.clone(),
        (Parameter::Expires | Parameter::ObjectLockRetainUntilDate, _) => {
            return Err(wrong_type(parameter.name(), "a date", value));
        }
        _ => return Err(wrong_type(parameter.name(), "text", value)),
    };
    if text.chars().any(char::is_control) {
        return Err(ParameterError::ControlCharacter { name: parameter.name().to_owned() });
    }
    if parameter == Parameter::Tagging {
        tagging::check(&text)?;
    }
    Ok(text)
}

/// The key as the header carries it. boto3 takes the bytes themselves; base64 of them is what files usually hold.
fn customer_key(key: &str) -> Result<String, ParameterError> {
    if key.len() == 32 {
        return Ok(BASE64.encode(key));
    }
    match BASE64.decode(key) {
        Ok(bytes) if bytes.len() == 32 => Ok(key.to_owned()),
        _ => Err(ParameterError::CustomerKeyLength),
    }
}

fn parse_metadata(value: &Value, parameters: &mut ObjectParameters) -> Result<(), ParameterError> {
    let Value::Object(entries) = value else {
        return Err(wrong_type("Metadata", "a dictionary", value));
    };
    let metadata = parameters.metadata.insert(Default::default());
    let mut bytes = 0;
    for (name, value) in entries {
        let Value::String(value) = value else {
            return Err(wrong_type(name, "text", value));
        };
        check_metadata(name, value)?;
        if metadata.keys().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(ParameterError::MetadataTwice { name: name.clone() });
        }
        bytes += name.len() + value.len();
        metadata.insert(name.clone(), value.clone());
    }
    if bytes > MAX_METADATA_BYTES {
        return Err(ParameterError::MetadataTooLong { bytes });
    }
    Ok(())
}

fn check_metadata(name: &str, value: &str) -> Result<(), ParameterError> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(ParameterError::MetadataName { name: name.to_owned() });
    }
    if !value.is_ascii() {
        return Err(ParameterError::MetadataNotAscii { name: name.to_owned() });
    }
    if value.chars().any(char::is_control) {
        return Err(ParameterError::ControlCharacter { name: name.to_owned() });
    }
    Ok(())
}

fn unknown(name: &str) -> ParameterError {
    let name = name.to_owned();
    match name.as_str() {
        "ChecksumAlgorithm" | "ChecksumType" => ParameterError::ChecksumSetting { name },
        "MpuObjectSize" => ParameterError::OfOneBody { name },
        _ if name.starts_with("Checksum") => ParameterError::OfOneBody { name },
        _ => ParameterError::Unknown { nearest: nearest(&name), name },
    }
}

/// The known name that is most like this one, whatever the case, `-` and `_`.
fn nearest(name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_lowercase();
    let wanted = plain(name);
    if wanted.len() > LONGEST {
        return None;
    }
    Parameter::all()
        .map(Parameter::name)
        .chain(["Metadata"])
        .map(|known| (known, strsim::normalized_damerau_levenshtein(&wanted, &plain(known))))
        .filter(|(_, likeness)| *likeness >= ALIKE)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(known, _)| known)
}

fn no_date(parameter: Parameter, value: &Value) -> ParameterError {
    let found = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    ParameterError::NoDate { parameter, found }
}

fn wrong_type(name: &str, wanted: &'static str, value: &Value) -> ParameterError {
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a dictionary",
    };
    ParameterError::WrongType { name: name.to_owned(), wanted, found }
}

#[cfg(test)]
mod tests;
