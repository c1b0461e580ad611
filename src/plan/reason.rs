//! Why a key is put or skipped, as types that print as a few words.

use std::fmt;

use crate::digest::ChecksumAlgorithm;
use crate::parameters::Parameter;

/// Why an object is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutReason {
    /// The bucket has nothing under the key.
    New,
    /// Sizes in bytes, as stored.
    SizeDiffers {
        /// What the bucket has.
        stored: u64,
        /// What would be stored.
        ours: u64,
    },
    /// Same size, another body.
    BodyDiffers,
    /// Same size, an ETag that is no MD5 and no checksum: whether the body is the same cannot be known.
    OpaqueEtag,
    /// Same body; holds the names of the parameters that differ, sorted.
    HeadersDiffer(Vec<String>),
    /// The last release had it, and now it is gone.
    Gone,
}

/// Why an object stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The ETag is that of our body.
    SameEtag,
    /// The ETag is not, but the stored checksum is.
    SameChecksum(ChecksumAlgorithm),
    /// The ETag is ours, and so are the headers.
    SameEtagAndHeaders,
    /// The stored checksum is ours, and so are the headers.
    SameChecksumAndHeaders(ChecksumAlgorithm),
    /// The last release stored it from the same source with the same headers, and it is still there.
    Recorded,
}

impl SkipReason {
    /// The same, the headers having been compared too.
    pub(super) fn with_headers(self) -> Self {
        match self {
            Self::SameEtag | Self::SameEtagAndHeaders => Self::SameEtagAndHeaders,
            Self::SameChecksum(algorithm) | Self::SameChecksumAndHeaders(algorithm) => {
                Self::SameChecksumAndHeaders(algorithm)
            }
            Self::Recorded => Self::Recorded,
        }
    }
}

/// A field as HTTP spells it, where it is a header of HTTP's own.
fn header(name: &str) -> &str {
    match Parameter::from_name(name).map(Parameter::header) {
        Some(header) if !header.starts_with("x-amz-") => header,
        _ => name,
    }
}

impl fmt::Display for PutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => formatter.write_str("new"),
            Self::SizeDiffers { stored, ours } => {
                write!(formatter, "size differs: {stored} stored, {ours} now")
            }
            Self::BodyDiffers => formatter.write_str("body differs"),
            Self::OpaqueEtag => formatter.write_str("nothing to compare by: opaque ETag, no checksum"),
            Self::Gone => formatter.write_str("gone since the last release"),
            Self::HeadersDiffer(names) => {
                let names: Vec<&str> = names.iter().map(|name| header(name)).collect();
                write!(formatter, "headers changed: {}", names.join(", "))
            }
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameEtag => formatter.write_str("same ETag"),
            Self::SameChecksum(algorithm) => write!(formatter, "same {}", algorithm.as_str()),
            Self::SameEtagAndHeaders => formatter.write_str("same ETag and headers"),
            Self::SameChecksumAndHeaders(algorithm) => {
                write!(formatter, "same {} and headers", algorithm.as_str())
            }
            Self::Recorded => formatter.write_str("as the last release"),
        }
    }
}
