//! What it means how the bucket dealt with objects of the examination's own. Pure.

use std::collections::BTreeSet;

use crate::digest::ChecksumAlgorithm;
use crate::error::Problem;
use crate::parameters::{ObjectParameters, Parameter};
use crate::policy::{PolicyVerb, actions};
use crate::settings::Settings;
use crate::store::{ListedVersion, ObjectHead, PutAnswer, StoreError, StoreErrorKind};

use super::finding::{Check, Finding};

/// What verbs need of the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) put: bool,
    pub(super) delete: bool,
    pub(super) multipart: bool,
    pub(super) versions: bool,
}

impl Needed {
    /// By what their policy would hold.
    pub(super) fn by(settings: &Settings, verbs: &BTreeSet<PolicyVerb>) -> Self {
        let actions = actions(settings, verbs);
        let has = |action| actions.contains(action);
        Self {
            put: has("PutObject"),
            delete: has("DeleteObject"),
            multipart: has("AbortMultipartUpload"),
            versions: has("ListBucketVersions"),
        }
    }
}

/// How a write on a condition that does not hold was answered.
#[derive(Debug)]
pub(super) enum Heeds {
    /// It was not carried out.
    Yes,
    /// It was carried out.
    No,
    /// The service says that it has no conditions.
    Lacks,
    /// Something else is the matter.
    Error(StoreError),
}

impl Heeds {
    pub(super) fn by(answer: Result<PutAnswer, StoreError>) -> Self {
        match answer {
            Ok(_) => Self::No,
            Err(error) if error.kind == StoreErrorKind::PreconditionFailed => Self::Yes,
            Err(error) if error.lacks_conditions() => Self::Lacks,
            Err(error) => Self::Error(error),
        }
    }
}

/// Of a write that creates, and of one that replaces.
pub(super) fn conditions(heeded: Vec<Heeds>) -> Finding {
    let check = Check::ConditionalWrites;
    let message = match heeded.as_slice() {
        all if all.iter().all(|heeds| matches!(heeds, Heeds::Yes)) => {
            return Finding::ok(check, "of two who push at once one is told so");
        }
        all if all.iter().any(|heeds| matches!(heeds, Heeds::Error(_))) => {
            let error = heeded.iter().find_map(|heeds| match heeds {
                Heeds::Error(error) => Some(Problem::of(error)),
                _ => None,
            });
            return Finding::unknown(check, error.unwrap_or_else(|| Problem::new("not known")));
        }
        [Heeds::Yes, _] => "the store does not heed `If-Match`",
        [_, Heeds::Yes] => "the store does not heed `If-None-Match`",
        _ => "the store has no conditional writes",
    };
    let problem = Problem::new(format!("{message}: two who push at once are not kept apart"));
    Finding::warning(check, problem.with_hint("let one push run at a time, and pass `--alone` to `gc`"))
}

/// Objects are taken with the headers that settings give them.
pub(super) fn dressed(parameters: &ObjectParameters) -> Vec<Finding> {
    let acl = match parameters.get(Parameter::Acl) {
        Some(acl) => format!("`{acl}` is taken"),
        None => "none is sent".to_owned(),
    };
    let put = "objects are taken, with the headers that the settings give them";
    vec![Finding::ok(Check::Put, put), Finding::ok(Check::Acl, acl)]
}

/// They are taken without those headers only.
pub(super) fn undressed(parameters: &ObjectParameters, error: &StoreError) -> Finding {
    let problem = Problem::of(error).with_note("without the headers that the settings give it, it was taken");
    let by_acl = match &error.kind {
        StoreErrorKind::AclNotSupported => true,
        StoreErrorKind::AccessDenied { permissions } => permissions.contains(&"s3:PutObjectAcl"),
        StoreErrorKind::Refused { .. } => {
            error.lacks_conditions() && parameters.get(Parameter::Acl).is_some()
        }
        _ => false,
    };
    Finding::failed(if by_acl { Check::Acl } else { Check::Put }, problem)
}

/// What became of the checksum that is sent, or what is kept unasked.
pub(super) fn checksum(
    asked: Option<ChecksumAlgorithm>,
    head: &Result<Option<ObjectHead>, StoreError>,
) -> Finding {
    let head = match head {
        Ok(Some(head)) => head,
        // That it cannot be read is told there.
        Ok(None) => return Finding::unknown(Check::Checksum, Problem::new("the object cannot be looked at")),
        Err(error) => return Finding::untold(Check::Checksum, error),
    };
    let mut kept: Vec<String> =
        head.checksums.iter().map(|checksum| checksum.algorithm.as_str().to_lowercase()).collect();
    kept.sort_unstable();
    let all = if kept.is_empty() { "none".to_owned() } else { format!("`{}`", kept.join("`, `")) };
    let Some(asked) = asked else {
        return Finding::ok(Check::Checksum, format!("none is sent beside the signature's; {all} is kept"));
    };
    let asked = asked.as_str().to_lowercase();
    if kept.contains(&asked) {
        return Finding::ok(Check::Checksum, format!("`{asked}` is sent and kept"));
    }
    let problem = Problem::new(format!("`{asked}` is sent and not kept; {all} is"));
    Finding::warning(
        Check::Checksum,
        problem.with_hint("set `checksum = \"when_required\"`: it proves nothing here"),
    )
}

/// What came back, as far as it is what was put.
pub(super) fn get(same: &Result<bool, StoreError>) -> Finding {
    match same {
        Ok(true) => Finding::ok(Check::Get, "objects come back as they were put"),
        Ok(false) => {
            let problem = Problem::new("an object did not come back as it was put");
            Finding::failed(
                Check::Get,
                problem.with_hint("nothing may change bodies between here and the bucket"),
            )
        }
        Err(error) => Finding::failed(Check::Get, Problem::of(error)),
    }
}

/// What became of a HEAD, where nothing may be put.
pub(super) fn read(head: &Result<Option<ObjectHead>, StoreError>) -> Finding {
    match head {
        Ok(_) => Finding::ok(Check::Get, "objects may be read"),
        Err(error) => Finding::failed(Check::Get, Problem::of(error)),
    }
}

/// What became of giving an upload up.
pub(super) fn multipart(given_up: &Result<(), StoreError>) -> Finding {
    match given_up {
        Ok(()) => Finding::ok(Check::Multipart, "objects may be put in parts, and uploads given up"),
        Err(error) => {
            let note = "parts of an upload that fails stay, and cost, unless a lifecycle rule ends uploads";
            Finding::warning(Check::Multipart, Problem::of(error).with_note(note))
        }
    }
}

/// What became of listing versions.
pub(super) fn versions(versions: &Result<Vec<ListedVersion>, StoreError>) -> Finding {
    match versions {
        Ok(_) => Finding::ok(Check::Versions, "earlier versions may be listed"),
        Err(error) if error.lacks_conditions() => Finding::ok(Check::Versions, "the service has no versions"),
        Err(error) => Finding::failed(Check::Versions, Problem::of(error)),
    }
}

/// What became of removing what was made. Who only pushes need not delete.
pub(super) fn delete(removed: &Result<(), StoreError>, needed: bool) -> Finding {
    match removed {
        Ok(()) => Finding::ok(Check::Delete, "objects may be deleted"),
        Err(error) if needed => Finding::failed(Check::Delete, Problem::of(error)),
        Err(error) => {
            let note = "a push deletes nothing; `gc`, `rm` and this examination do";
            Finding::warning(Check::Delete, Problem::of(error).with_note(note))
        }
    }
}
