//! What was looked at, and what came of it.

use serde::Serialize;

use crate::error::Problem;
use crate::store::{StoreError, StoreErrorKind};

/// Something that is looked at, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether the settings can be used.
    Settings,
    /// Whether there are credentials that the service knows.
    Credentials,
    /// Whether signed URLs live as long as they should.
    Expiry,
    /// Whether S3 answers where it is looked for.
    Endpoint,
    /// Whether this machine's clock is the service's.
    Clock,
    /// Whether requests are signed for the bucket's region.
    Region,
    /// Whether the bucket is there.
    Bucket,
    /// Whether the location may be listed.
    List,
    /// Whether objects may be put, with the headers that the settings give them.
    Put,
    /// Whether the bucket takes the ACL that is sent.
    Acl,
    /// Whether objects may be read.
    Get,
    /// Whether earlier versions of objects may be listed.
    Versions,
    /// Whether objects may be put in parts.
    Multipart,
    /// Whether objects may be deleted.
    Delete,
    /// Whether of two who write at once only one gets on.
    ConditionalWrites,
    /// Whether the checksums that are sent are taken and kept.
    Checksum,
    /// Whether the bucket keeps what is replaced.
    Versioning,
    /// Whether the bucket deletes or archives by itself what is live.
    Lifecycle,
    /// Whether the bucket lets unsigned URLs be read.
    PublicAccess,
    /// Whether the URLs of objects lead to them.
    Urls,
    /// Whether pages of other origins may load fonts and modules.
    Cors,
    /// Whether the custom domain leaves compressed bodies alone.
    Compression,
    /// Whether the custom domain lets go of a manifest that was replaced.
    ManifestCache,
}

impl Check {
    /// The word for it, as printed and in the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Credentials => "credentials",
            Self::Expiry => "expiry",
            Self::Endpoint => "endpoint",
            Self::Clock => "clock",
            Self::Region => "region",
            Self::Bucket => "bucket",
            Self::List => "list",
            Self::Put => "put",
            Self::Acl => "acl",
            Self::Get => "get",
            Self::Versions => "versions",
            Self::Multipart => "multipart",
            Self::Delete => "delete",
            Self::ConditionalWrites => "conditional_writes",
            Self::Checksum => "checksum",
            Self::Versioning => "versioning",
            Self::Lifecycle => "lifecycle",
            Self::PublicAccess => "public_access",
            Self::Urls => "urls",
            Self::Cors => "cors",
            Self::Compression => "compression",
            Self::ManifestCache => "manifest_cache",
        }
    }
}

/// What came of a check, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// It could not be told.
    Unknown,
    /// It works, and deserves a look.
    Warning,
    /// It does not work.
    Failed,
}

impl State {
    /// The word for it, as printed and in the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub state: State,
    /// In words.
    pub message: String,
    /// The reasons, as told by the layers below, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The state things are in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// One true thing to do.
    pub hint: Option<String>,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(check: Check, message: impl Into<String>) -> Self {
        Self::of(check, State::Ok, Problem::new(message))
    }

    /// A problem of some weight.
    pub(super) fn of(check: Check, state: State, problem: Problem) -> Self {
        let Problem { message, causes, note, hint, .. } = problem;
        Self { check, state, message, causes, note, hint }
    }

    /// It does not work.
    pub(super) fn failed(check: Check, problem: Problem) -> Self {
        Self::of(check, State::Failed, problem)
    }

    /// It works, and deserves a look.
    pub(super) fn warning(check: Check, problem: Problem) -> Self {
        Self::of(check, State::Warning, problem)
    }

    /// It could not be told.
    pub(super) fn unknown(check: Check, problem: Problem) -> Self {
        Self::of(check, State::Unknown, problem)
    }

    /// Nobody was told how the bucket is set up: for lack of a permission, which is named, or of the thing itself.
    pub(super) fn untold(check: Check, error: &StoreError) -> Self {
        let Problem { message, causes, hint, .. } = Problem::of(error);
        match &error.kind {
            StoreErrorKind::Refused { .. } | StoreErrorKind::NotS3 { .. } => {
                Self::unknown(check, Problem::new("the service does not tell"))
            }
            StoreErrorKind::AccessDenied { .. } => {
                Self::unknown(check, Problem { hint, ..Problem::new("these keys may not ask") })
            }
            _ => Self::unknown(
                check,
                Problem { causes, hint, ..Problem::new(format!("not known: {message}")) },
            ),
        }
    }

    /// The line, and below it what belongs to it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { check, state, message, causes, note, hint } = self;
        let mut lines = vec![format!("{:7}  {:18}  {message}", state.name(), check.name())];
        lines.extend(causes.iter().map(|cause| format!("{:9}caused by: {cause}", "")));
        lines.extend(note.iter().map(|note| format!("{:9}note: {note}", "")));
        lines.extend(hint.iter().map(|hint| format!("{:9}hint: {hint}", "")));
        lines
    }
}
