//! Whether an object is what a release recorded, by what was seen of it. Pure.

use std::fmt;

use crate::parameters::ObjectParameters;
use crate::plan::PutReason;
use crate::release::RecordedObject;
use crate::store::ObjectHead;

/// What was seen of one object.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// What a HEAD showed; `None` where there is no object.
    pub(super) head: Option<ObjectHead>,
    /// The MD5 of the body as stored, where it was read.
    pub(super) body: Option<String>,
    /// Whether every body is to be read.
    pub(super) deep: bool,
}

/// In what an object is not what a release recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// There is none.
    Missing,
    /// It has another size; in bytes, as stored.
    Size {
        /// What the bucket has.
        stored: u64,
        /// What the release had.
        recorded: u64,
    },
    /// It has the same size and another body.
    Body,
    /// The body is the same; holds boto3's names of the parameters that differ, sorted.
    Headers(Vec<String>),
}

/// `None` where everything is as recorded.
pub(super) type Verdict = Option<Difference>;

impl Seen {
    /// Whether the body has to be read: all are, or another ETag leaves it open what it is (stored in parts, or with
    /// another encryption).
    pub(super) fn needs_body(&self, recorded: &RecordedObject) -> bool {
        let Some(head) = &self.head else { return false };
        if head.size != recorded.size {
            return false;
        }
        self.deep || (head.etag != recorded.etag && !(head.etag_is_md5() && head.etag != recorded.body))
    }
}

/// Compares one object.
pub(super) fn judge(recorded: &RecordedObject, seen: &Seen, known: &[&ObjectParameters]) -> Verdict {
    let Some(head) = &seen.head else { return Some(Difference::Missing) };
    if head.size != recorded.size {
        return Some(Difference::Size { stored: head.size, recorded: recorded.size });
    }
    let same = match &seen.body {
        Some(body) => *body == recorded.body,
        // It went between two requests.
        None if seen.needs_body(recorded) => return Some(Difference::Missing),
        None => head.etag == recorded.etag || head.etag == recorded.body,
    };
    if !same {
        return Some(Difference::Body);
    }
    let compressed = recorded.body != recorded.source;
    let changed = recorded.headers.changed(&head.parameters, compressed, known);
    (!changed.is_empty()).then_some(Difference::Headers(changed))
}

impl Difference {
    /// In one word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Size { .. } | Self::Body => "body",
            Self::Headers(_) => "headers",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("not there"),
            Self::Size { stored, recorded } => {
                write!(formatter, "size differs: {stored} stored, {recorded} recorded")
            }
            Self::Body => formatter.write_str("body differs"),
            Self::Headers(names) => PutReason::HeadersDiffer(names.clone()).fmt(formatter),
        }
    }
}
