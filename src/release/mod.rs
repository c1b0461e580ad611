//! What pushes remember: one record for each release of an app, and one pointer for each app, as documents and as
//! decisions on them. Pure: bytes in, bytes out; who stores them, and when, is the verbs' matter. The format stands in
//! `docs/releases.md`.

mod error;
mod fingerprint;
mod id;
mod pointer;
mod record;

pub use error::ReleaseError;
pub use fingerprint::HeaderFingerprint;
pub use id::ReleaseId;
pub use pointer::{Claim, ClaimKind, ClaimRefusal, Pointer, Published};
pub use record::{Record, RecordedManifest, RecordedObject};
