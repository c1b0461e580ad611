//! What the service says of what was sent: headers that a HEAD shows, and checksums over those of parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{Checksum, ChecksumAlgorithm};
use crate::parameters::{ObjectParameters, Parameter};
use crate::store::{Part, StoredChecksum};

/// The checksum of an object of parts.
pub(super) fn composite(algorithm: ChecksumAlgorithm, parts: &[Part]) -> Option<StoredChecksum> {
    let mut all = Checksum::new(algorithm);
    for part in parts {
        all.update(&STANDARD.decode(&part.checksum.as_ref()?.1).ok()?);
    }
    let count = u32::try_from(parts.len()).ok()?;
    Some(StoredChecksum { algorithm, value: all.finish(), composite_parts: Some(count) })
}

/// What a HEAD shows of what was sent.
pub(super) fn served(sent: &ObjectParameters) -> ObjectParameters {
    let mut shown = ObjectParameters::default();
    for (parameter, value) in sent.iter().filter(|(parameter, _)| is_served(*parameter)) {
        shown.set(parameter, value);
    }
    for (name, value) in sent.metadata() {
        shown.set_metadata(name.to_ascii_lowercase(), value);
    }
    shown
}

fn is_served(parameter: Parameter) -> bool {
    !matches!(
        parameter,
        Parameter::Acl
            | Parameter::ExpectedBucketOwner
            | Parameter::GrantFullControl
            | Parameter::GrantRead
            | Parameter::GrantReadAcp
            | Parameter::GrantWriteAcp
            | Parameter::RequestPayer
            | Parameter::SseCustomerKey
            | Parameter::SseKmsEncryptionContext
            | Parameter::Tagging
    )
}
