//! What a setting takes: values are checked in every place, and text from flags and the environment is read.
//! Pure.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything; for names that are refused whatever they hold.
    Any,
    /// Text.
    Text,
    /// Yes or no.
    Boolean,
    /// A whole number between bounds, both included.
    WholeNumber {
        /// The smallest.
        least: u64,
        /// The greatest; `u64::MAX` for no bound.
        most: u64,
    },
    /// How long: a number with its unit, such as `10m` or `30d`, or seconds.
    Duration,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Texts.
    List,
    /// Values by name.
    Dictionary,
    /// A path, relative to the file that holds it or to the current directory.
    Path,
    /// Yes or no, or a path.
    BooleanOrPath,
    /// Texts, or yes for all and no for none.
    BooleanOrList,
    /// Globs of names, or paths of manifests, which end in `.json`.
    Prehashed,
    /// Directories: text, `[prefix, dir]` or `{prefix, dir}`.
    Sources,
    /// `[[rules]]`.
    Rules,
}

/// What a value should have been and is not; its text is what the kind takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Kind {
    /// In words, after "must be".
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::WholeNumber { least, most: u64::MAX } => format!("a whole number from {least}"),
            Self::WholeNumber { least, most } => format!("a whole number from {least} to {most}"),
            Self::Duration => "how long, such as `90s`, `10m` or `30d`".to_owned(),
            Self::Choice(words) => {
                let (last, rest) = words.split_last().unwrap_or((&"", &[]));
                format!("`{}` or `{last}`", rest.join("`, `"))
            }
            Self::List => "a list of texts".to_owned(),
            Self::BooleanOrList => "`true`, `false` or a list of globs".to_owned(),
            Self::Prehashed => "a list of globs and of paths that end in `.json`".to_owned(),
            Self::Dictionary => "a dictionary".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::BooleanOrPath => "`true`, `false` or a path".to_owned(),
            Self::Sources => {
                "a list of directories, each a text, `[prefix, dir]` or `{prefix, dir}`".to_owned()
            }
            Self::Rules => "a list of rules".to_owned(),
        }
    }

    /// Takes a value that has its type already, as a file gives it.
    ///
    /// # Errors
    /// [`Mismatch`] where it is not what the kind takes.
    pub fn check(self, value: Value) -> Result<Value, Mismatch> {
        let fits = match self {
            Self::Any => true,
            Self::Text | Self::Path => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::BooleanOrPath => value.is_boolean() || value.is_string(),
            Self::WholeNumber { least, most } => {
                value.as_u64().is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Duration => duration(&value).is_some(),
            Self::Choice(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Self::List | Self::Prehashed => every(&value, Value::is_string),
            Self::BooleanOrList => value.is_boolean() || every(&value, Value::is_string),
            Self::Dictionary => value.is_object(),
            Self::Sources => every(&value, is_source),
            Self::Rules => every(&value, Value::is_object),
        };
        if fits { Ok(value) } else { Err(Mismatch(self.words())) }
    }

    /// Reads text as a flag or the environment gives it: lists comma-separated or JSON, dictionaries JSON.
    ///
    /// # Errors
    /// [`Mismatch`] where it is not what the kind takes.
    pub fn read(self, text: &str) -> Result<Value, Mismatch> {
        let value = match self {
            Self::Any | Self::Text | Self::Path => Value::from(text),
            Self::Choice(_) | Self::Duration => Value::from(text.trim()),
            Self::Boolean => boolean(text).map_or(Value::Null, Value::from),
            Self::BooleanOrPath => boolean(text).map_or_else(|| Value::from(text), Value::from),
            Self::BooleanOrList => match boolean(text) {
                Some(all) => Value::from(all),
                None => return Self::List.read(text).map_err(|_| Mismatch(self.words())),
            },
            Self::WholeNumber { .. } => text.trim().parse::<u64>().map_or(Value::Null, Value::from),
            Self::List | Self::Prehashed | Self::Sources if !text.trim_start().starts_with('[') => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
            }
            Self::List | Self::Prehashed | Self::Sources | Self::Dictionary | Self::Rules => {
                return serde_json::from_str(text)
                    .map_err(|_| Mismatch(format!("{} in JSON", self.words())))
                    .and_then(|value| self.check(value));
            }
        };
        self.check(value)
    }
}

/// How long: text with units, or seconds as a number or its text.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value.as_str() {
        None => value.as_u64().map(Duration::from_secs),
        Some(text) => match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => humantime::parse_duration(text).ok(),
        },
    }
}

fn every(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(fits))
}

fn is_source(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(pair) => pair.len() == 2 && pair.iter().all(Value::is_string),
        Value::Object(fields) => {
            fields.get("dir").is_some_and(Value::is_string)
                && fields
                    .iter()
                    .all(|(name, value)| matches!(name.as_str(), "prefix" | "dir") && value.is_string())
        }
        _ => false,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn booleans_are_read_in_any_case() {
        for text in ["true", "1", "YES", "On"] {
            assert_eq!(Kind::Boolean.read(text), Ok(json!(true)), "{text}");
        }
        for text in ["false", "0", "no", "OFF"] {
            assert_eq!(Kind::Boolean.read(text), Ok(json!(false)), "{text}");
        }
        assert_eq!(Kind::Boolean.read("maybe"), Err(Mismatch("`true` or `false`".to_owned())));
    }

    #[test]
    fn lists_are_comma_separated_or_json() {
        assert_eq!(Kind::List.read("a, b,"), Ok(json!(["a", "b"])));
        assert_eq!(Kind::List.read(r#"["a,b"]"#), Ok(json!(["a,b"])));
        assert_eq!(Kind::List.read("[a]"), Err(Mismatch("a list of texts in JSON".to_owned())));
        assert_eq!(Kind::List.read("[1]"), Err(Mismatch("a list of texts".to_owned())));
    }

    #[test]
    fn durations_have_units_or_are_seconds() {
        let seconds = |value| duration(&value).map(|duration| duration.as_secs());
        assert_eq!(seconds(json!("10m")), Some(600));
        assert_eq!(seconds(json!("30d")), Some(30 * 24 * 60 * 60));
        assert_eq!(seconds(json!("1h 30m")), Some(5400));
        assert_eq!(seconds(json!("90")), Some(90));
        assert_eq!(seconds(json!(90)), Some(90));
        for odd in [json!(""), json!("soon"), json!("-1s"), json!(true), json!(1.5)] {
            assert!(Kind::Duration.check(odd.clone()).is_err(), "{odd}");
        }
    }

    #[test]
    fn sources_have_three_forms() {
        let sources = json!(["static", ["vendor", "node_modules/x"], {"prefix": "p", "dir": "d"}]);
        assert_eq!(Kind::Sources.check(sources.clone()), Ok(sources));
        for odd in
            [json!([["a"]]), json!([{"prefix": "p"}]), json!([{"dir": "d", "dri": "d"}]), json!("static")]
        {
            assert!(Kind::Sources.check(odd.clone()).is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_taken_within_their_bounds(number: u64) {
            let taken = Kind::WholeNumber { least: 1, most: 1024 }.read(&number.to_string()).is_ok();
            prop_assert_eq!(taken, (1..=1024).contains(&number));
        }
    }
}
