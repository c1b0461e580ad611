//! Why an object is not stored, and what that means for the others.

use std::sync::atomic::Ordering;

use crate::encode::EncodeError;
use crate::error::{Exit, Problem};
use crate::name::ObjectKey;
use crate::store::{StoreError, StoreErrorKind};

use super::Context;

/// After so many objects in a row that the service did not store, though each was sent several times, no others are tried.
const GIVE_UP: usize = 3;

/// Why an object is not stored.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Box<Problem>,
    pub(super) cause: Cause,
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// This object.
    Object,
    /// The service, which was asked several times: others may meet the same.
    Service,
    /// Every other object would fail the same way.
    Everything,
    /// The run was stopped before the object was touched.
    NotTried,
    /// What is there is not what the write was to replace.
    Unmet,
    /// The store has no conditional writes.
    NoConditions,
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self { problem: Box::new(Problem::of(&error)), cause: Cause::Object }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = match error.kind {
            StoreErrorKind::PreconditionFailed => Cause::Unmet,
            _ if error.lacks_conditions() => Cause::NoConditions,
            StoreErrorKind::NoSuchBucket { .. }
            | StoreErrorKind::BadCredentials { .. }
            | StoreErrorKind::ExpiredCredentials
            | StoreErrorKind::NoCredentials { .. }
            | StoreErrorKind::CredentialsNotLoaded
            | StoreErrorKind::WrongRegion { .. }
            | StoreErrorKind::SignatureNotSupported
            | StoreErrorKind::ClockSkew
            | StoreErrorKind::Unreachable { .. }
            | StoreErrorKind::Proxy { .. }
            | StoreErrorKind::ProxyAuthentication { .. }
            | StoreErrorKind::Tls { .. }
            | StoreErrorKind::NoTls { .. }
            | StoreErrorKind::NotS3 { .. } => Cause::Everything,
            StoreErrorKind::SlowDown
            | StoreErrorKind::Unavailable
            | StoreErrorKind::TimedOut
            | StoreErrorKind::ConnectionLost
            | StoreErrorKind::Damaged => Cause::Service,
            _ => Cause::Object,
        };
        Self { problem: Box::new(Problem::of(&error)), cause }
    }
}

impl Failure {
    /// The run was stopped before the object was touched.
    pub(super) fn stopped() -> Self {
        Self { problem: Box::new(Problem::new("not tried any more")), cause: Cause::NotTried }
    }

    /// Somebody else is changing what names mean at the same time.
    pub(super) fn overtaken(key: &ObjectKey) -> Self {
        let problem = Problem::new(format!("`{key}` is another object now than when this push looked at it"))
            .with_hint("somebody else changes it at the same time; push again once they are through")
            .with_exit(Exit::Overtaken);
        Self { problem: Box::new(problem), cause: Cause::Everything }
    }
}

impl<S> Context<S> {
    /// What a failure means for the others. Once it is told that all would fail the same way, that is not told again.
    pub(super) fn after(&self, failure: Failure) -> Failure {
        let is_down =
            failure.cause == Cause::Service && self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= GIVE_UP;
        if failure.cause != Cause::Everything && !is_down {
            return failure;
        }
        self.stop.cancel();
        if self.gave_up.swap(true, Ordering::Relaxed) { Failure::stopped() } else { failure }
    }
}
