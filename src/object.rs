//! Which object parameters an asset gets: rules in order, later wins, field by field; content type and implied
//! encoding from the pinned table; whether it is compressed, and why. Pure.

use crate::parameters::{ObjectParameters, Parameter};

/// What is decided about an asset before its body is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// `ContentType` is always among them; `ContentEncoding` only where the name or the settings imply one
    /// (that of compression comes with the body).
    pub parameters: ObjectParameters,
    /// Whether the body is compressed.
    pub compression: Compression,
    /// Whether the object goes last of all assets: HTML, and what a rule marks as `entry`.
    pub entry: bool,
    /// For each parameter, and for `gzip`, what gave it; for `explain`. Sorted as the parameters are.
    pub origins: Vec<Origin>,
}

/// What gave a parameter its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Which one.
    pub parameter: Parameter,
    /// In words: "`object_parameters`", "`rules[0]` in s3collect.toml:14", "the pinned table, by `.css`".
    pub by: String,
}

/// Whether a body is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compression {
    /// Yes, at a level from 0 to 9; with `if_smaller` the plain body stays where gzip does not help.
    Gzip {
        /// zlib's level.
        level: u32,
        /// Whether the plain body stays where gzip does not help.
        if_smaller: bool,
    },
    /// No, and why.
    None(NoCompression),
}

/// Why a body is not compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
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
