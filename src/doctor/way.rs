//! What the first answers mean: who asks, where the bucket is, whether it is there. Pure.

use std::time::{Duration, SystemTime};

use crate::error::Problem;
use crate::settings::{SignatureVersion, UrlSettings};
use crate::store::s3::Identity;
use crate::store::{StoreError, StoreErrorKind};
use crate::url::{Instant, LONGEST_VERSION_4, UrlError};

use super::finding::{Check, Finding};

/// By how much the clocks may differ before S3 refuses everything.
const REFUSED: Duration = Duration::from_secs(15 * 60);
/// By how much before it is worth a word: answers take their time, and dates have whole seconds.
const MINDED: Duration = Duration::from_secs(60);

/// What the first two requests brought: a listing of the location, and one that is signed by nobody.
pub(super) struct Way<'a> {
    pub(super) bucket: &'a str,
    pub(super) endpoint: &'a str,
    /// The region that requests are signed for.
    pub(super) region: &'a str,
    /// What became of the listing.
    pub(super) listed: Result<(), &'a StoreError>,
    /// When an answer came, by both clocks.
    pub(super) dates: Option<Dates>,
    /// The region that the bucket says it is in.
    pub(super) actual_region: Option<&'a str>,
}

/// One moment.
#[derive(Clone, Copy)]
pub(super) struct Dates {
    /// By this machine.
    pub(super) ours: SystemTime,
    /// By the service.
    pub(super) theirs: SystemTime,
}

/// What stands first in the way; nothing where the bucket can be asked for more.
pub(super) fn judge(way: &Way<'_>) -> (Vec<Finding>, bool) {
    let endpoint = Finding::ok(Check::Endpoint, format!("`{}` answers", way.endpoint));
    let clock = clock(way);
    let error = match way.listed {
        Ok(()) => {
            let list = Finding::ok(Check::List, "the location may be listed");
            return ([endpoint, clock, region(way), bucket(way), list].into(), true);
        }
        Err(error) => error,
    };
    let problem = Problem::of(error);
    match &error.kind {
        StoreErrorKind::AccessDenied { .. } => {
            let list = Finding::failed(Check::List, problem);
            ([endpoint, clock, region(way), bucket(way), list].into(), true)
        }
        kind if is_on_the_way(kind) => (vec![Finding::failed(Check::Endpoint, problem)], false),
        StoreErrorKind::BadCredentials { .. }
        | StoreErrorKind::ExpiredCredentials
        | StoreErrorKind::NoCredentials { .. }
        | StoreErrorKind::CredentialsNotLoaded
        | StoreErrorKind::SignatureNotSupported => {
            (vec![endpoint, clock, Finding::failed(Check::Credentials, problem)], false)
        }
        StoreErrorKind::ClockSkew => (vec![endpoint, skewed(way, problem)], false),
        StoreErrorKind::WrongRegion { .. } => (vec![endpoint, clock, elsewhere(way, error, problem)], false),
        StoreErrorKind::NoSuchBucket { .. } => {
            (vec![endpoint, clock, Finding::failed(Check::Bucket, problem)], false)
        }
        _ => (vec![endpoint, clock, Finding::failed(Check::List, problem)], false),
    }
}

/// Whether nobody answered, or nobody who speaks S3.
pub(super) fn is_on_the_way(kind: &StoreErrorKind) -> bool {
    matches!(
        kind,
        StoreErrorKind::Unreachable { .. }
            | StoreErrorKind::Proxy { .. }
            | StoreErrorKind::ProxyAuthentication { .. }
            | StoreErrorKind::Tls { .. }
            | StoreErrorKind::NoTls { .. }
            | StoreErrorKind::NotS3 { .. }
            | StoreErrorKind::BadEndpoint { .. }
            | StoreErrorKind::BadCertificates { .. }
            | StoreErrorKind::TimedOut
            | StoreErrorKind::ConnectionLost
            | StoreErrorKind::Unavailable
    )
}

fn bucket(way: &Way<'_>) -> Finding {
    Finding::ok(Check::Bucket, format!("`{}` is there", way.bucket))
}

fn region(way: &Way<'_>) -> Finding {
    match way.actual_region {
        Some(actual) if actual != way.region => {
            let message =
                format!("the bucket is in `{actual}`, and requests are signed for `{}`", way.region);
            let problem = Problem::new(message).with_hint(format!("set `region_name = \"{actual}\"`"));
            Finding::warning(Check::Region, problem)
        }
        Some(actual) => Finding::ok(Check::Region, format!("the bucket is in `{actual}`")),
        None => {
            Finding::ok(Check::Region, format!("requests that are signed for `{}` are taken", way.region))
        }
    }
}

/// The region's name may stand in the other answer only.
fn elsewhere(way: &Way<'_>, error: &StoreError, problem: Problem) -> Finding {
    let unnamed = matches!(error.kind, StoreErrorKind::WrongRegion { actual: None, .. });
    let Some(actual) = way.actual_region.filter(|actual| unnamed && *actual != way.region) else {
        return Finding::failed(Check::Region, problem);
    };
    let kind = StoreErrorKind::WrongRegion { asked: way.region.to_owned(), actual: Some(actual.to_owned()) };
    let told = Problem::of(&StoreError::new(error.operation, error.target.clone(), kind));
    Finding::failed(Check::Region, Problem { causes: problem.causes, ..told })
}

fn clock(way: &Way<'_>) -> Finding {
    let Some((off, direction)) = way.dates.map(difference) else {
        return Finding::unknown(Check::Clock, Problem::new("the service does not tell the time"));
    };
    if off < MINDED {
        return Finding::ok(Check::Clock, "this machine's is the service's");
    }
    let message = format!("this machine's is {} {direction} the service's", rounded(off));
    let problem = Problem::new(message).with_hint("set this machine's clock");
    match off > REFUSED {
        true => Finding::failed(Check::Clock, problem.with_note("AWS refuses what is 15 minutes off")),
        false => Finding::warning(Check::Clock, problem.with_note("signed URLs begin and end by it")),
    }
}

/// S3 says that the clocks differ, and the date of its answer by how much.
fn skewed(way: &Way<'_>, problem: Problem) -> Finding {
    let note = way.dates.map(difference).filter(|(off, _)| *off >= MINDED);
    let note =
        note.map(|(off, direction)| format!("this machine's is {} {direction} the service's", rounded(off)));
    Finding::failed(Check::Clock, Problem { note, ..problem })
}

fn difference(dates: Dates) -> (Duration, &'static str) {
    match dates.ours.duration_since(dates.theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    }
}

/// To whole minutes; to whole hours where there are many.
fn rounded(off: Duration) -> String {
    let minutes = (off.as_secs() + 30) / 60;
    match minutes {
        0..=1 => "1 minute".to_owned(),
        2..=119 => format!("{minutes} minutes"),
        _ => format!("{} hours", (minutes + 30) / 60),
    }
}

/// Who asks; `given` is where the settings have the keys from.
pub(super) fn credentials(identity: &Identity, given: Option<&str>) -> Finding {
    let place = given.or(identity.source).unwrap_or("the AWS chain");
    let end = identity.expires_at.map(|end| format!(", until {end}")).unwrap_or_default();
    Finding::ok(Check::Credentials, format!("from {place}{end}"))
}

/// Whether the longest of signed URLs lives as long as it should; nothing where the bucket's keys sign none.
pub(super) fn expiry(url: &UrlSettings, identity: &Identity, now: Instant) -> Option<Finding> {
    if !url.querystring_auth || url.custom_domain.is_some() {
        return None;
    }
    let seconds = url.querystring_expire;
    if url.signature_version == SignatureVersion::V4 && seconds > LONGEST_VERSION_4 {
        let error = UrlError::ExpireTooLong { subject: "`querystring_expire`", seconds };
        return Some(Finding::failed(Check::Expiry, Problem::of(&error)));
    }
    let shorter = "sign with keys that last longer, or set a shorter `querystring_expire`";
    Some(match identity.expires_at {
        Some(end) if end < now.after(seconds) => {
            let message = format!(
                "signed URLs are to live for {seconds} seconds, and the keys that sign them end at {end}"
            );
            Finding::warning(Check::Expiry, Problem::new(message).with_hint(shorter))
        }
        None if identity.is_temporary => {
            let message = "signed URLs end with the session token, and nobody told when that is";
            Finding::unknown(Check::Expiry, Problem::new(message).with_hint(shorter))
        }
        _ => Finding::ok(Check::Expiry, format!("signed URLs live for {seconds} seconds")),
    })
}
