//! `object_parameters` and `[[rules]]`: dictionaries whose every name is checked and told by its own line; and
//! lists of globs. Pure.

use serde_json::{Map, Value};

use super::error::SettingsError;
use super::kind::Kind;
use super::layer::{Origin, RawValue};
use super::words;
use super::{NamePattern, RuleSettings};
use crate::parameters::{ObjectParameters, ParameterError};

const FIELDS: [&str; 4] = ["match", "object_parameters", "gzip", "entry"];

/// The object parameters at a JSON pointer of a setting's value.
pub(super) fn parameters(
    name: &str,
    raw: &RawValue,
    pointer: &str,
    value: &Value,
    errors: &mut Vec<SettingsError>,
) -> ObjectParameters {
    let Some(dictionary) = value.as_object() else {
        return ObjectParameters::default();
    };
    let whole = match ObjectParameters::parse(dictionary) {
        Ok(parameters) => return parameters,
        Err(whole) => whole,
    };
    let found = errors.len();
    for (parameter, value) in dictionary {
        // Alone, so that what is wrong with it can be told by its line.
        let alone = Map::from_iter([(parameter.clone(), value.clone())]);
        let line = raw.lines.get(&format!("{pointer}/{parameter}")).copied();
        errors.extend(told(ObjectParameters::parse(&alone).err(), &raw.origin.at_line(line), name));
    }
    if errors.len() == found {
        // They are wrong only together.
        let line = raw.lines.get(pointer).copied();
        errors.extend(told(Some(whole), &raw.origin.at_line(line), name));
    }
    ObjectParameters::default()
}

fn told(
    errors: Option<Vec<ParameterError>>,
    origin: &Origin,
    name: &str,
) -> impl Iterator<Item = SettingsError> {
    let subject = origin.subject(name);
    errors
        .into_iter()
        .flatten()
        .map(move |error| SettingsError::Parameter { subject: subject.clone(), error })
}

/// The rules of `rules`, in their order; those that are wrong are left out and told.
pub(super) fn rules(raw: &RawValue, errors: &mut Vec<SettingsError>) -> Vec<RuleSettings> {
    let items = raw.value.as_array().into_iter().flatten().enumerate();
    items.filter_map(|(index, item)| rule(raw, index, item.as_object()?, errors)).collect()
}

fn rule(
    raw: &RawValue,
    index: usize,
    fields: &Map<String, Value>,
    errors: &mut Vec<SettingsError>,
) -> Option<RuleSettings> {
    let pointer = format!("/{index}");
    let name = format!("rules[{index}]");
    let origin = raw.origin.at_line(raw.lines.get(&pointer).copied());
    let refuse = |field: &str, problem: String, hint: Option<String>| {
        let line = raw.lines.get(&format!("{pointer}/{field}")).or(raw.lines.get(&pointer)).copied();
        SettingsError::Rule { subject: raw.origin.at_line(line).subject(&name), problem, hint }
    };
    let found = errors.len();
    for field in fields.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        let near = words::nearest(field, FIELDS).map(|near| format!("the nearest name is `{near}`"));
        let all = || format!("a rule has `{}`", FIELDS.join("`, `"));
        errors.push(refuse(field, format!("has no field `{field}`"), near.or_else(|| Some(all()))));
    }
    let mut flag = |field: &str| {
        let value = fields.get(field)?;
        if !value.is_boolean() {
            errors.push(refuse(field, format!("must have `true` or `false` as `{field}`"), None));
        }
        value.as_bool()
    };
    let (gzip, entry) = (flag("gzip"), flag("entry"));
    let pattern = pattern(fields).map_err(|(problem, hint)| errors.push(refuse("match", problem, hint)));
    let parameters =
        fields.get("object_parameters").map(|value| match Kind::Dictionary.check(value.clone()) {
            Ok(value) => parameters(&name, raw, &format!("{pointer}/object_parameters"), &value, errors),
            Err(expected) => {
                let problem = format!("must have {expected} as `object_parameters`");
                errors.push(refuse("object_parameters", problem, None));
                ObjectParameters::default()
            }
        });
    let place = origin.to_string();
    let pattern = pattern.ok().filter(|_| errors.len() == found)?;
    Some(RuleSettings {
        pattern,
        parameters: parameters.unwrap_or_default(),
        gzip,
        entry,
        origin: format!("`{name}` in {}", place.strip_prefix("flag ").unwrap_or(&place)),
    })
}

/// The globs of a list, in their order; those that are none are left out and told.
pub(super) fn globs(name: &str, raw: &RawValue, errors: &mut Vec<SettingsError>) -> Vec<NamePattern> {
    let items = raw.value.as_array().into_iter().flatten().filter_map(|item| item.as_str()).enumerate();
    let glob = |(index, text): (usize, &str)| {
        let refuse = |error: globset::Error| SettingsError::Glob {
            subject: raw.origin.at_line(raw.lines.get(&format!("/{index}")).copied()).subject(name),
            glob: text.to_owned(),
            problem: error.kind().to_string(),
        };
        NamePattern::new(text).map_err(|error| errors.push(refuse(error))).ok()
    };
    items.filter_map(glob).collect()
}

type Refusal = (String, Option<String>);

fn pattern(fields: &Map<String, Value>) -> Result<NamePattern, Refusal> {
    let example = || Some("write e.g. `match = \"*.html\"`".to_owned());
    let value = fields.get("match").ok_or_else(|| ("has no `match`".to_owned(), example()))?;
    let text = value.as_str().ok_or_else(|| ("must have text as `match`".to_owned(), example()))?;
    let hint = || Some("a `\\` before a character takes it literally".to_owned());
    NamePattern::new(text).map_err(|error| (format!("has no glob as `match`: {}", error.kind()), hint()))
}
