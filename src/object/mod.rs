//! Which object parameters an asset gets: rules in order, later wins, field by field; content type and implied
//! encoding from the pinned table; whether it is compressed, and why. Pure.

use std::fmt;

use crate::name::{AssetName, ObjectKey, StoredName};
use crate::parameters::{Field, ObjectParameters, Parameter};
use crate::settings::GzipEngine;

mod rules;

pub use rules::describe;

/// Which object is described.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// What the asset is called, without a hash.
    pub name: &'a AssetName,
    /// What it is stored as; rules match it as well as the name.
    pub stored_name: &'a StoredName,
    /// Where it goes; the content type comes from it.
    pub key: &'a ObjectKey,
    /// What it is in a release.
    pub role: Role,
    /// The content type that came with the body, as with a form's upload; it goes over the one that the key implies.
    pub content_type: Option<&'a str>,
}

/// What an object is in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A file under its hashed name: what is stored there never changes.
    Hashed,
    /// A file under its plain name.
    Plain,
    /// The document that maps plain names to hashed ones.
    Manifest,
}

/// What is decided about an asset before its body is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Description {
    /// `ContentType` is always among them; `ContentEncoding` only where the name or the settings imply one
    /// (that of compression comes with the body).
    pub parameters: ObjectParameters,
    /// Whether the body is compressed.
    pub compression: Compression,
    /// Whether the object goes last of those with plain names: HTML, and what a rule marks as `entry`.
    pub entry: bool,
    /// For each parameter, and for `gzip` and `entry` where a rule decides them, what gave it; for `explain`.
    /// Sorted by name.
    pub origins: Vec<Origin>,
}

/// What gave something its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Which one.
    pub subject: Subject,
    /// In words: "`object_parameters`", "`rules[0]` in `s3collect.toml:14`", "the pinned table, by `.css`".
    pub by: String,
}

/// Something that settings, rules and names decide about an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A parameter or `Metadata`.
    Field(Field),
    /// Whether it is compressed.
    Gzip,
    /// Whether it goes last.
    Entry,
}

impl Subject {
    /// As settings spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Gzip => "gzip",
            Self::Entry => "entry",
        }
    }
}

impl From<Parameter> for Subject {
    fn from(parameter: Parameter) -> Self {
        Self::Field(Field::Parameter(parameter))
    }
}

/// Whether a body is compressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Yes, at a level from 0 to 9; with `if_smaller` the plain body stays where gzip does not help.
    Gzip {
        /// zlib's level.
        level: u32,
        /// Who compresses.
        engine: GzipEngine,
        /// Whether the plain body stays where gzip does not help.
        if_smaller: bool,
    },
    /// No, and why.
    None(NoCompression),
}

/// Why a body is not compressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NoCompression {
    /// `gzip` is off.
    Off,
    /// A rule says no; holds its origin.
    Rule(String),
    /// The content type is not among `gzip_content_types`.
    ContentType,
    /// There is a content encoding already; holds it.
    Encoded(String),
}

impl fmt::Display for NoCompression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => write!(formatter, "`gzip` is off"),
            Self::Rule(origin) => write!(formatter, "{origin} says no"),
            Self::ContentType => write!(formatter, "its content type is not among `gzip_content_types`"),
            Self::Encoded(encoding) if encoding.is_empty() => {
                write!(formatter, "its ContentEncoding is set, if empty")
            }
            Self::Encoded(encoding) => write!(formatter, "its ContentEncoding is `{encoding}` already"),
        }
    }
}
