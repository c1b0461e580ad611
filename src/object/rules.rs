//! The decision itself: step by step what django-storages' `_save` does, with `[[rules]]` as the per-object
//! `get_object_parameters`.

use std::collections::BTreeMap;

use crate::media_type::{self, MediaType, TypeSource};
use crate::name::{AssetName, ObjectKey};
use crate::object::{Compression, Described, Description, NoCompression, Origin, Role, Subject};
use crate::parameters::{Field, ObjectParameters, Parameter};
use crate::settings::{GzipSettings, ObjectSettings, RuleSettings};

/// What a hashed name is cached like: as long as HTTP can say, without ever asking again.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What the manifest is cached like: whoever has it asks whether it is still the one.
const NO_CACHE: &str = "no-cache";

/// Decides about an object. Rules look at names, content types come from the key.
///
/// A rule's `gzip = true` compresses whatever the setting and the content type say, unless there is a
/// `ContentEncoding`; `gzip = false` always holds.
#[must_use]
pub fn describe(settings: &ObjectSettings, object: Described<'_>) -> Description {
    let Described { name, stored_name, key, role, content_type } = object;
    let mut draft = Draft::default();
    draft.overlay(&settings.parameters, "`object_parameters`");
    let about = |rule: &&RuleSettings| {
        rule.pattern.matches(name.as_str()) || rule.pattern.matches(stored_name.as_str())
    };
    for rule in settings.rules.iter().filter(about) {
        draft.apply(rule);
    }
    draft.cache(settings.immutable, role);
    let guessed = draft.guess_type(key, content_type, &settings.media_types);
    if let Some(acl) = settings.default_acl.as_deref().filter(|acl| !acl.is_empty())
        && draft.parameters.get(Parameter::Acl).is_none()
    {
        draft.set(Parameter::Acl, acl, "`default_acl`".to_owned());
    }
    let compression = draft.compression(&settings.gzip, guessed.as_ref());
    draft.finish(name, compression)
}

/// A description that is being made.
#[derive(Default)]
struct Draft {
    parameters: ObjectParameters,
    origins: BTreeMap<&'static str, Origin>,
    gzip: Option<(bool, String)>,
    entry: Option<bool>,
}

impl Draft {
    fn overlay(&mut self, over: &ObjectParameters, by: &str) {
        self.parameters.overlay(over);
        for (parameter, _) in over.iter() {
            self.note(parameter.into(), by.to_owned());
        }
        if over.has_metadata() {
            self.note(Subject::Field(Field::Metadata), by.to_owned());
        }
    }

    fn apply(&mut self, rule: &RuleSettings) {
        self.overlay(&rule.parameters, &rule.origin);
        if let Some(gzip) = rule.gzip {
            self.gzip = Some((gzip, rule.origin.clone()));
            self.note(Subject::Gzip, rule.origin.clone());
        }
        if let Some(entry) = rule.entry {
            self.entry = Some(entry);
            self.note(Subject::Entry, rule.origin.clone());
        }
    }

    /// What names promise, where nothing else says how long an object may be kept.
    fn cache(&mut self, immutable: bool, role: Role) {
        if !immutable || self.parameters.get(Parameter::CacheControl).is_some() {
            return;
        }
        match role {
            Role::Hashed => self.set(Parameter::CacheControl, IMMUTABLE, "`immutable`".to_owned()),
            Role::Manifest => self.set(Parameter::CacheControl, NO_CACHE, "`immutable`".to_owned()),
            Role::Plain => {}
        }
    }

    /// Without a `ContentType` the key gives one, and its encoding goes over a `ContentEncoding` of the parameters.
    fn guess_type(
        &mut self,
        key: &ObjectKey,
        content_type: Option<&str>,
        added: &BTreeMap<String, String>,
    ) -> Option<MediaType> {
        if self.parameters.get(Parameter::ContentType).is_some() {
            return None;
        }
        let guessed = media_type::guess(key.as_str(), added);
        match content_type {
            Some(given) => self.set(Parameter::ContentType, given, "what came with its body".to_owned()),
            None => self.set(Parameter::ContentType, &guessed.content_type, type_origin(&guessed)),
        }
        if let Some(encoding) = guessed.encoding {
            self.set(Parameter::ContentEncoding, encoding, "the suffix of its name".to_owned());
        }
        Some(guessed).filter(|_| content_type.is_none())
    }

    fn compression(&self, gzip: &GzipSettings, guessed: Option<&MediaType>) -> Compression {
        let forced = match &self.gzip {
            Some((false, origin)) => return Compression::None(NoCompression::Rule(origin.clone())),
            Some((true, _)) => true,
            None if gzip.enabled => false,
            None => return Compression::None(NoCompression::Off),
        };
        if let Some(encoding) = self.parameters.get(Parameter::ContentEncoding) {
            return Compression::None(NoCompression::Encoded(encoding.to_owned()));
        }
        let content_type = self.parameters.get(Parameter::ContentType).unwrap_or_default();
        let is_listed = gzip.content_types.iter().any(|listed| listed == content_type)
            && guessed.is_none_or(|guessed| guessed.source != TypeSource::MimeGuess);
        if forced || is_listed {
            Compression::Gzip { level: gzip.level, engine: gzip.engine, if_smaller: gzip.if_smaller }
        } else {
            Compression::None(NoCompression::ContentType)
        }
    }

    fn finish(self, name: &AssetName, compression: Compression) -> Description {
        let entry = self.entry.unwrap_or_else(|| is_html(name, &self.parameters));
        let origins = self.origins.into_values().collect();
        Description { parameters: self.parameters, compression, entry, origins }
    }

    fn set(&mut self, parameter: Parameter, value: &str, by: String) {
        self.parameters.set(parameter, value);
        self.note(parameter.into(), by);
    }

    fn note(&mut self, subject: Subject, by: String) {
        self.origins.insert(subject.name(), Origin { subject, by });
    }
}

fn type_origin(guessed: &MediaType) -> String {
    let extension = &guessed.extension;
    match guessed.source {
        TypeSource::Settings => format!("`media_types`, by `{extension}`"),
        TypeSource::Table => format!("the pinned table, by `{extension}`"),
        TypeSource::MimeGuess => format!("`mime_guess`, by `{extension}`; the pinned table lacks it"),
        TypeSource::DataUrl => "its name, a `data:` URL".to_owned(),
        TypeSource::Default if extension.is_empty() => {
            "the default, since its name has no extension".to_owned()
        }
        TypeSource::Default => format!("the default, since no table knows `{extension}`"),
    }
}

fn is_html(name: &AssetName, parameters: &ObjectParameters) -> bool {
    let content_type = parameters.get(Parameter::ContentType).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let lower = name.base_name().to_ascii_lowercase();
    essence.eq_ignore_ascii_case("text/html") || lower.ends_with(".html") || lower.ends_with(".htm")
}

#[cfg(test)]
mod tests;
