//! Compares what would be stored with what the bucket shows, decides each key with a reason, orders the waves.
//! Pure: [`judge`] says what evidence it lacks, and [`crate::compare`] fetches it.
//!
//! # The decision table
//!
//! The first row that fits decides. *Ours* is the body as it would be stored, compressed or not; its digest is
//! taken only where a row needs it, its multipart ETag is that of the tool's own part size.
//!
//! | # | the bucket has | and | decision |
//! |---|---|---|---|
//! | 1 | nothing under the key | | put: new |
//! | 2 | another size than the file | the file is not compressed | put: size differs |
//! | 3 | another size than ours | | put: size differs |
//! | 4 | our ETag | headers are not checked | skip: same ETag |
//! | 5 | our ETag | a HEAD shows our headers | skip: same ETag and headers |
//! | 6 | our ETag | a HEAD shows others | put: headers differ, naming them |
//! | 7 | another ETag, our size | a HEAD shows a checksum that is ours | as rows 4 to 6: same checksum |
//! | 8 | another ETag, our size | a HEAD shows a checksum that is not ours | put: body differs |
//! | 9 | another ETag that is an MD5, our size | no checksum, no encryption that changes ETags | put: body differs |
//! | 10 | another ETag that is no MD5, our size | no checksum | put: nothing to compare by |
//! | 11 | an object in the listing | and none by the time of the HEAD | put: new |
//!
//! Where the last release recorded the key, these come first. *Recorded* is what it recorded: ETag and size as stored,
//! the MD5 of the source, a fingerprint of the headers and of how it was compressed. With a record that lacks the key,
//! and with one that does not fit any more, headers are always checked.
//!
//! | # | the bucket has | and | decision |
//! |---|---|---|---|
//! | R1 | nothing under the key | | put: gone |
//! | R2 | another ETag or size than recorded | | as above |
//! | R3 | the recorded object | our source is another one | put: body differs |
//! | R4 | the recorded object | we would compress it otherwise | as above |
//! | R5 | the recorded object | our headers are others | put: headers changed, naming them |
//! | R6 | the recorded object | it was put again since, and a HEAD shows other headers | put: headers differ |
//! | R7 | the recorded object | | skip: recorded |

use std::sync::Arc;

use serde::Serialize;

use crate::digest::{BodyDigest, ChecksumAlgorithm};
use crate::encode::Material;
use crate::name::{ObjectKey, StoredName};
use crate::object::{Description, Role};
use crate::parameters::{ObjectParameters, Parameter};
use crate::release::{HeaderFingerprint, RecordedObject};
use crate::store::{ListedObject, ObjectHead, StoredChecksum};

mod reason;
#[cfg(test)]
mod tests;

pub use reason::{PutReason, SkipReason};

/// An object that ought to be in the bucket, with everything that is decided about it before its body is looked at.
#[derive(Debug, Clone)]
pub struct Asset {
    /// What its body is made of, and what it is called.
    pub material: Material,
    /// What it is in a release.
    pub role: Role,
    /// What it is stored as, below the location.
    pub stored_name: StoredName,
    /// Where it goes.
    pub key: ObjectKey,
    /// With which headers, compressed or not; shared, since most of a kind have the same.
    pub description: Arc<Description>,
}

impl Asset {
    /// The wave in which it is stored.
    #[must_use]
    pub fn wave(&self) -> Wave {
        match self.role {
            Role::Hashed => Wave::Hashed,
            Role::Plain if self.description.entry => Wave::Entry,
            Role::Plain => Wave::Plain,
            Role::Manifest => Wave::Manifest,
        }
    }
}

/// What is known of the body as it would be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyFacts {
    /// Size, MD5 and ETag.
    pub digest: BodyDigest,
    /// What compression added, if it did.
    pub content_encoding: Option<&'static str>,
}

/// Everything known about one key so far.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What the listing shows.
    pub listed: Option<ListedObject>,
    /// Bytes before compression.
    pub source_size: u64,
    /// Whether the body is not compressed.
    pub stored_plain: bool,
    /// The headers that ours would get, without those of compression.
    pub parameters: ObjectParameters,
    /// Our body, once it was digested.
    pub body: Option<BodyFacts>,
    /// What a HEAD said, once one was sent; the inner `None` is "no such object".
    pub head: Option<Option<ObjectHead>>,
    /// Our checksum of the kind that [`Question::Checksum`] asked for.
    pub checksum: Option<String>,
    /// Whether headers are to be compared too.
    pub check_headers: bool,
    /// What the last release recorded of the key.
    pub memory: Option<Memory>,
    /// The MD5 of our body before compression, once it was taken.
    pub source: Option<String>,
}

/// What is remembered of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// What the last release recorded.
    pub object: Arc<RecordedObject>,
    /// Whether the object was put again since, by its date.
    pub put_again: bool,
    /// The fields in which our headers and compression differ from the recorded ones.
    pub different: Vec<String>,
}

impl Memory {
    /// Whether the listing shows the very object that was recorded.
    #[must_use]
    pub fn is_of(&self, listed: &ListedObject) -> bool {
        listed.etag == self.object.etag && listed.size == self.object.size
    }
}

/// What [`judge`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Decided.
    Decided(Action),
    /// More is needed.
    Lacks(Question),
}

/// What [`judge`] needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The MD5 of the body before compression.
    Source,
    /// The digest of the body as it would be stored.
    Body,
    /// A HEAD of the object.
    Head,
    /// Our body's checksum, to compare with this stored one.
    Checksum(StoredChecksum),
}

/// What is done about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The object is stored.
    Put(PutReason),
    /// The object stays.
    Skip(SkipReason),
}

/// The waves of a push in their order, with a barrier between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wave {
    /// Hashed names, to which nothing refers before the manifest does.
    Hashed,
    /// Plain names: whatever pages refer to.
    Plain,
    /// Pages: HTML, and what a rule marks as `entry`.
    Entry,
    /// The manifest, once everything that it names is there.
    Manifest,
}

impl Wave {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Hashed, Self::Plain, Self::Entry, Self::Manifest];
}

/// One key and what is done about it.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is about.
    pub asset: Asset,
    /// What is done, and why.
    pub action: Action,
    /// The body as it would be stored, where the decision needed to know.
    pub body: Option<BodyFacts>,
    /// The ETag of what is there, which nobody may have replaced when ours is stored.
    pub there: Option<String>,
    /// What a record says of an object that stays; `None` where there will be no record.
    pub recorded: Option<Arc<RecordedObject>>,
}

impl Step {
    /// The wave that it belongs to.
    #[must_use]
    pub fn wave(&self) -> Wave {
        self.asset.wave()
    }

    /// Whether a hashed name is stored that was not there: whoever is first, all mean the same by it.
    #[must_use]
    pub fn is_addition(&self) -> bool {
        self.is_put() && self.there.is_none() && self.wave() == Wave::Hashed
    }

    /// Whether something is stored.
    #[must_use]
    pub fn is_put(&self) -> bool {
        matches!(self.action, Action::Put(_))
    }
}

/// What a push would do: steps sorted by wave, then key.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// All of them, those that are skipped included.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Puts steps into the order of waves.
    #[must_use]
    pub fn new(mut steps: Vec<Step>) -> Self {
        // No two are equal, and in place: steps are large, and a stable sort has half of them twice.
        steps.sort_unstable_by(|left, right| {
            (left.wave(), &left.asset.key).cmp(&(right.wave(), &right.asset.key))
        });
        Self { steps }
    }

    /// Whether nothing would be stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(Step::is_put)
    }
}

/// Decides one key by the table above, or says which evidence is missing.
#[must_use]
pub fn judge(evidence: &Evidence) -> Verdict {
    let Some(listed) = &evidence.listed else {
        return put(if evidence.memory.is_some() { PutReason::Gone } else { PutReason::New });
    };
    if let Some(memory) = &evidence.memory
        && memory.is_of(listed)
        && let Some(verdict) = judge_memory(evidence, memory)
    {
        return verdict;
    }
    if evidence.stored_plain && listed.size != evidence.source_size {
        return put(PutReason::SizeDiffers { stored: listed.size, ours: evidence.source_size });
    }
    let Some(body) = &evidence.body else {
        return Verdict::Lacks(Question::Body);
    };
    if listed.size != body.digest.size {
        return put(PutReason::SizeDiffers { stored: listed.size, ours: body.digest.size });
    }
    if listed.etag == body.digest.etag {
        return judge_headers(evidence, body, SkipReason::SameEtag);
    }
    match &evidence.head {
        None => Verdict::Lacks(Question::Head),
        Some(None) => put(PutReason::New),
        Some(Some(head)) => judge_checksum(evidence, body, head),
    }
}

/// Rows R3 to R7: the object is the recorded one. `None` where that does not decide.
fn judge_memory(evidence: &Evidence, memory: &Memory) -> Option<Verdict> {
    let Some(source) = &evidence.source else {
        return Some(Verdict::Lacks(Question::Source));
    };
    if *source != memory.object.source {
        return Some(put(PutReason::BodyDiffers));
    }
    let (compression, headers) = HeaderFingerprint::compression_apart(&memory.different);
    if !headers.is_empty() {
        return Some(put(PutReason::HeadersDiffer(headers)));
    }
    if compression {
        return None;
    }
    if !memory.put_again && !evidence.check_headers {
        return Some(Verdict::Decided(Action::Skip(SkipReason::Recorded)));
    }
    Some(match &evidence.head {
        None => Verdict::Lacks(Question::Head),
        Some(None) => put(PutReason::Gone),
        Some(Some(head)) => {
            let encoding = head.parameters.get(Parameter::ContentEncoding).filter(|_| !evidence.stored_plain);
            headers_decide(evidence, head, encoding, SkipReason::Recorded)
        }
    })
}

/// Rows 7 to 10: the ETag is not ours, the size is.
fn judge_checksum(evidence: &Evidence, body: &BodyFacts, head: &ObjectHead) -> Verdict {
    match (comparable_checksum(body, head), &evidence.checksum) {
        (Some(stored), None) => Verdict::Lacks(Question::Checksum(stored.clone())),
        (Some(stored), Some(ours)) if stored.value == *ours => {
            judge_headers(evidence, body, SkipReason::SameChecksum(stored.algorithm))
        }
        (Some(_), Some(_)) => put(PutReason::BodyDiffers),
        (None, _) if head.etag_is_md5() => put(PutReason::BodyDiffers),
        (None, _) => put(PutReason::OpaqueEtag),
    }
}

/// Rows 4 to 6: the body is ours.
fn judge_headers(evidence: &Evidence, body: &BodyFacts, same: SkipReason) -> Verdict {
    if !evidence.check_headers {
        return Verdict::Decided(Action::Skip(same));
    }
    let head = match &evidence.head {
        None => return Verdict::Lacks(Question::Head),
        Some(None) => return put(PutReason::New),
        Some(Some(head)) => head,
    };
    headers_decide(evidence, head, body.content_encoding, same)
}

/// Whether the headers that a HEAD shows are ours; the encoding is that of compression.
fn headers_decide(
    evidence: &Evidence,
    head: &ObjectHead,
    content_encoding: Option<&str>,
    same: SkipReason,
) -> Verdict {
    let different = stored_parameters(&evidence.parameters, content_encoding).difference(&head.parameters);
    if different.is_empty() {
        Verdict::Decided(Action::Skip(same.with_headers()))
    } else {
        put(PutReason::HeadersDiffer(different.into_iter().map(|field| field.name().to_owned()).collect()))
    }
}

/// The parameters that an object is stored with: those of its description, and the encoding that compression added.
#[must_use]
pub fn stored_parameters(parameters: &ObjectParameters, content_encoding: Option<&str>) -> ObjectParameters {
    let mut parameters = parameters.clone();
    if let Some(encoding) = content_encoding {
        parameters.set(Parameter::ContentEncoding, encoding);
    }
    parameters
}

fn put(reason: PutReason) -> Verdict {
    Verdict::Decided(Action::Put(reason))
}

/// The strongest stored checksum that can be computed from our body: over the whole, or over as many parts as ours.
fn comparable_checksum<'a>(body: &BodyFacts, head: &'a ObjectHead) -> Option<&'a StoredChecksum> {
    let our_parts = body.digest.parts();
    head.checksums
        .iter()
        .filter(|checksum| checksum.composite_parts.is_none() || checksum.composite_parts == our_parts)
        .max_by_key(|checksum| match checksum.algorithm {
            ChecksumAlgorithm::Crc32 => 0,
            ChecksumAlgorithm::Crc32c => 1,
            ChecksumAlgorithm::Crc64Nvme => 2,
            ChecksumAlgorithm::Sha1 => 3,
            ChecksumAlgorithm::Sha256 => 4,
        })
}
