//! Why a name has no URL.

use crate::error::{Diagnose, Exit};
use crate::name::NameError;
use crate::settings::words;

/// The longest that a URL signed with Signature Version 4 can be valid, in seconds.
pub const LONGEST_VERSION_4: u64 = 604_800;

/// Why a name has no URL, or a setting signs none.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum UrlError {
    /// A name that is none; django-storages raises `SuspiciousOperation` for some of them.
    #[error("{error}")]
    Name { name: String, error: NameError },
    /// Only a custom domain has a URL of nothing.
    #[error("an empty name has no URL in a bucket")]
    Empty,
    /// Django's `Missing staticfiles manifest entry`.
    #[error("`{name}` has no entry in the manifest")]
    NotInManifest { name: String, nearest: Vec<String> },
    /// What Python's `urlsplit` refuses.
    #[error("`{name}` cannot be read as a URL, as Django reads names")]
    NotAUrl { name: String },
    /// An argument that boto3 would not know either.
    #[error("`{name}` is no argument of `GetObject` that a URL can have")]
    UnknownParameter { name: String, nearest: Option<&'static str> },
    /// An argument of the wrong type.
    #[error("`{name}` must be {expected}")]
    ParameterValue { name: String, expected: &'static str },
    /// A customer's key.
    #[error("`SSECustomerKey` is refused: a secret on the command line can be read by every process")]
    SecretParameter,
    /// A part of the query that CloudFront takes for its own.
    #[error("`{name}` cannot stand in a URL that CloudFront signs: it is a name of its own")]
    ReservedParameter { name: String },
    /// Signature Version 4 ends after a week.
    #[error(
        "{subject} is {seconds} seconds, and URLs signed with SigV4 are valid for {LONGEST_VERSION_4} (7 days) at most"
    )]
    ExpireTooLong { subject: &'static str, seconds: u64 },
    /// An access point that these settings do not reach.
    #[error("the access point `{arn}` has no URL: {reason}")]
    AccessPoint { arn: String, reason: String },
    /// SigV4A is not there.
    #[error("the access point `{arn}` is in many regions, for which URLs cannot be signed: they need SigV4A")]
    ManyRegions { arn: String },
    /// No private key in the text.
    #[error("{subject} holds no private key in PEM: {reason}")]
    Key { subject: &'static str, reason: String, hint: &'static str },
    /// Something of CloudFront's where it does not sign.
    #[error("{subject} goes with URLs that CloudFront signs, and these are not")]
    NotCloudFront { subject: &'static str },
    /// A range of addresses that is none.
    #[error("`--ip-address` must be an IPv4 address or a range in CIDR form: found `{found}`")]
    IpAddress { found: String },
}

impl Diagnose for UrlError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Name { name, .. } | Self::NotInManifest { name, .. } | Self::NotAUrl { name } => {
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Name { error, .. } => return error.hint(),
            Self::NotInManifest { nearest, .. } if nearest.is_empty() => {
                "push it first, or set `manifest_strict = false`"
            }
            Self::NotInManifest { nearest, .. } => {
                return Some(format!("the nearest names are {}", words::listed(nearest)));
            }
            Self::UnknownParameter { nearest: Some(nearest), .. } => {
                return Some(format!("the nearest name is `{nearest}`"));
            }
            Self::UnknownParameter { .. } => "give e.g. `--param ResponseContentDisposition=attachment`",
            Self::SecretParameter => {
                "whoever uses the URL sends the key as a header; give `SSECustomerAlgorithm` here"
            }
            Self::ReservedParameter { .. } => "leave it out, or call it something else",
            Self::ExpireTooLong { .. } => {
                "shorten it, or let CloudFront sign: `custom_domain`, `cloudfront_key_id` and `cloudfront_key`"
            }
            Self::ManyRegions { .. } => "name a bucket or an access point in one region",
            Self::Key { hint, .. } => hint,
            Self::NotCloudFront { .. } => {
                "set `custom_domain`, `querystring_auth = true`, `cloudfront_key_id` and `cloudfront_key`"
            }
            Self::IpAddress { .. } => "write e.g. `192.0.2.0/24`",
            Self::Empty | Self::NotAUrl { .. } | Self::ParameterValue { .. } | Self::AccessPoint { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Name { .. } | Self::Empty | Self::NotInManifest { .. } | Self::NotAUrl { .. } => {
                Exit::Failed
            }
            _ => Exit::Usage,
        }
    }
}
