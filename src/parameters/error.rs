//! What is wrong with an object parameter.

use crate::error::{Diagnose, Exit};
use crate::parameters::Parameter;

/// Why something is no object parameter, or no value for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A name that boto3's uploads do not know.
    #[error("`{name}` is no object parameter")]
    Unknown {
        /// The name as given.
        name: String,
        /// The known name that is most like it.
        nearest: Option<&'static str>,
    },
    /// A name that boto3's uploads know, but whose value belongs to one body alone.
    #[error("`{name}` belongs to one body and makes no sense for all objects")]
    OfOneBody {
        /// The name as given.
        name: String,
    },
    /// `ChecksumAlgorithm` and `ChecksumType`, which are a setting of their own.
    #[error("`{name}` is the setting `checksum` here")]
    ChecksumSetting {
        /// The name as given.
        name: String,
    },
    /// A value of the wrong type.
    #[error("`{name}` must be {wanted}, not {found}")]
    WrongType {
        /// Which parameter.
        name: String,
        /// What it takes, in words.
        wanted: &'static str,
        /// What was given, in words.
        found: &'static str,
    },
    /// A line break or another control character, which would break out of the header.
    #[error("`{name}` holds a control character, and a header cannot")]
    ControlCharacter {
        /// Which parameter, or which entry of `Metadata`.
        name: String,
    },
    /// No form of date that is understood, or one outside the years 1970 to 9999.
    #[error("`{parameter}` is no date: `{found}`")]
    NoDate {
        /// Which parameter.
        parameter: Parameter,
        /// The value as given.
        found: String,
    },
    /// A name of user metadata that cannot stand in a header's name.
    #[error("`{name}` is no name for an entry of `Metadata`")]
    MetadataName {
        /// The name as given.
        name: String,
    },
    /// Two names of user metadata that are the same header.
    #[error("`Metadata` holds `{name}` twice: case does not tell headers apart")]
    MetadataTwice {
        /// The second of them.
        name: String,
    },
    /// A value of user metadata that is not ASCII; boto3 refuses it too.
    #[error("`{name}` in `Metadata` is not ASCII")]
    MetadataNotAscii {
        /// Which entry.
        name: String,
    },
    /// Names and values together over 2 KiB.
    #[error("`Metadata` is {bytes} bytes long, and S3 takes at most 2,048")]
    MetadataTooLong {
        /// Names and values together.
        bytes: usize,
    },
    /// More tags than an object can have.
    #[error("`Tagging` holds {count} tags, and S3 takes at most 10")]
    TooManyTags {
        /// How many.
        count: usize,
    },
    /// A tag that S3 would refuse.
    #[error("`Tagging` holds `{tag}`, {problem}")]
    Tag {
        /// The tag as given.
        tag: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An SSE-C key of another length.
    #[error("`SSECustomerKey` is not 32 bytes long")]
    CustomerKeyLength,
}

impl Diagnose for ParameterError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => Some(format!("the nearest name is `{nearest}`")),
            Self::Unknown { .. } => {
                Some("the names are those of boto3's uploads, such as `CacheControl`".to_owned())
            }
            Self::OfOneBody { .. } | Self::ChecksumSetting { .. } => Some(
                "remove it; the setting `checksum` (`crc32`, `crc64nvme` or `sha256`) sends a checksum with each body"
                    .to_owned(),
            ),
            Self::NoDate { .. } => Some(
                "write it as `2030-01-31T00:00:00Z`, as `Thu, 31 Jan 2030 00:00:00 GMT`, or in seconds since 1970"
                    .to_owned(),
            ),
            Self::MetadataNotAscii { .. } => Some("percent-encode the value".to_owned()),
            Self::MetadataName { .. } => {
                Some("use letters, digits, `-` and `_`, without `x-amz-meta-`".to_owned())
            }
            Self::CustomerKeyLength => {
                Some("give 32 characters as they are, or 32 bytes in base64".to_owned())
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
