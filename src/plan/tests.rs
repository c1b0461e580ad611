//! One test for each row of the decision table.

use super::*;
use crate::object::{Compression, NoCompression};
use crate::parameters::ObjectParameters;

const MD5: &str = "0cc175b9c0f1b6a831c399e269772661";
const OTHER_MD5: &str = "92eb5ffee6ae2fec3ad71c777531578f";

fn listed(size: u64, etag: &str) -> Option<ListedObject> {
    Some(ListedObject { key: "static/a.css".to_owned(), size, etag: etag.to_owned(), last_modified: None })
}

fn body(size: u64) -> Option<BodyFacts> {
    let digest = BodyDigest { size, md5: MD5.to_owned(), etag: MD5.to_owned() };
    Some(BodyFacts { digest, content_encoding: None })
}

fn css() -> ObjectParameters {
    let mut parameters = ObjectParameters::default();
    parameters.set(Parameter::ContentType, "text/css");
    parameters
}

fn head(
    etag: &str,
    parameters: ObjectParameters,
    checksums: Vec<StoredChecksum>,
) -> Option<Option<ObjectHead>> {
    Some(Some(ObjectHead { size: 1, etag: etag.to_owned(), parameters, checksums, last_modified: None }))
}

fn checksum(algorithm: ChecksumAlgorithm, value: &str) -> StoredChecksum {
    StoredChecksum { algorithm, value: value.to_owned(), composite_parts: None }
}

/// A plain file of one byte, with a body that has been digested.
fn known() -> Evidence {
    Evidence { source_size: 1, stored_plain: true, body: body(1), parameters: css(), ..Evidence::default() }
}

fn decided(evidence: &Evidence) -> Action {
    match judge(evidence) {
        Verdict::Decided(action) => action,
        Verdict::Lacks(question) => panic!("lacks {question:?}"),
    }
}

fn put(reason: PutReason) -> Action {
    Action::Put(reason)
}

#[test]
fn row_1_nothing_there() {
    let evidence = Evidence { body: None, ..known() };
    assert_eq!(decided(&evidence), put(PutReason::New));
}

#[test]
fn row_2_a_plain_file_of_another_size_is_not_even_read() {
    let evidence = Evidence { listed: listed(2, MD5), body: None, ..known() };
    assert_eq!(decided(&evidence), put(PutReason::SizeDiffers { stored: 2, ours: 1 }));
}

#[test]
fn row_3_a_compressed_body_is_digested_before_sizes_are_compared() {
    let evidence = Evidence { listed: listed(21, MD5), stored_plain: false, body: None, ..known() };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Body));
    let evidence = Evidence { body: body(20), ..evidence };
    assert_eq!(decided(&evidence), put(PutReason::SizeDiffers { stored: 21, ours: 20 }));
}

#[test]
fn row_4_our_etag() {
    let evidence = Evidence { listed: listed(1, MD5), body: None, ..known() };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Body));
    let evidence = Evidence { listed: listed(1, MD5), ..known() };
    assert_eq!(decided(&evidence), Action::Skip(SkipReason::SameEtag));
}

#[test]
fn row_5_our_etag_and_our_headers() {
    let evidence = Evidence { listed: listed(1, MD5), check_headers: true, ..known() };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Head));
    let evidence = Evidence { head: head(MD5, css(), Vec::new()), ..evidence };
    assert_eq!(decided(&evidence), Action::Skip(SkipReason::SameEtagAndHeaders));
}

#[test]
fn row_6_our_etag_and_other_headers() {
    let mut stored = css();
    stored.set(Parameter::CacheControl, "max-age=60");
    stored.set(Parameter::ContentType, "text/plain");
    let evidence = Evidence {
        listed: listed(1, MD5),
        check_headers: true,
        head: head(MD5, stored, Vec::new()),
        ..known()
    };
    let names = vec!["CacheControl".to_owned(), "ContentType".to_owned()];
    assert_eq!(decided(&evidence), put(PutReason::HeadersDiffer(names)));
}

#[test]
fn row_7_another_etag_and_our_checksum() {
    let evidence = Evidence { listed: listed(1, "opaque"), ..known() };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Head));
    let weak = checksum(ChecksumAlgorithm::Crc32, "weak==");
    let strong = checksum(ChecksumAlgorithm::Sha256, "strong==");
    let evidence = Evidence { head: head("opaque", css(), vec![strong.clone(), weak]), ..evidence };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Checksum(strong)));
    let evidence = Evidence { checksum: Some("strong==".to_owned()), ..evidence };
    assert_eq!(decided(&evidence), Action::Skip(SkipReason::SameChecksum(ChecksumAlgorithm::Sha256)));
    let evidence = Evidence { check_headers: true, ..evidence };
    assert_eq!(
        decided(&evidence),
        Action::Skip(SkipReason::SameChecksumAndHeaders(ChecksumAlgorithm::Sha256))
    );
}

#[test]
fn row_8_another_checksum() {
    let stored = vec![checksum(ChecksumAlgorithm::Crc64Nvme, "theirs==")];
    let evidence = Evidence {
        listed: listed(1, "opaque"),
        head: head("opaque", css(), stored),
        checksum: Some("ours==".to_owned()),
        ..known()
    };
    assert_eq!(decided(&evidence), put(PutReason::BodyDiffers));
}

#[test]
fn row_9_another_md5() {
    let evidence =
        Evidence { listed: listed(1, OTHER_MD5), head: head(OTHER_MD5, css(), Vec::new()), ..known() };
    assert_eq!(decided(&evidence), put(PutReason::BodyDiffers));
}

#[test]
fn row_10_an_etag_that_is_no_md5() {
    let multipart = format!("{OTHER_MD5}-7");
    let evidence =
        Evidence { listed: listed(1, &multipart), head: head(&multipart, css(), Vec::new()), ..known() };
    assert_eq!(decided(&evidence), put(PutReason::OpaqueEtag));

    let mut encrypted = css();
    encrypted.set(Parameter::ServerSideEncryption, "aws:kms");
    let evidence =
        Evidence { listed: listed(1, OTHER_MD5), head: head(OTHER_MD5, encrypted, Vec::new()), ..known() };
    assert_eq!(decided(&evidence), put(PutReason::OpaqueEtag));
}

#[test]
fn row_10_a_checksum_over_other_parts_is_none() {
    let composite = StoredChecksum {
        algorithm: ChecksumAlgorithm::Sha256,
        value: "composite==".to_owned(),
        composite_parts: Some(7),
    };
    let evidence =
        Evidence { listed: listed(1, "opaque-7"), head: head("opaque-7", css(), vec![composite]), ..known() };
    assert_eq!(decided(&evidence), put(PutReason::OpaqueEtag));
}

#[test]
fn row_11_gone_meanwhile() {
    let evidence = Evidence { listed: listed(1, OTHER_MD5), head: Some(None), ..known() };
    assert_eq!(decided(&evidence), put(PutReason::New));
}

const SOURCE: &str = "4a8a08f09d37b73795649038408b5f33";

/// The recorded object is there, and it is ours.
fn remembered() -> Evidence {
    let object = RecordedObject {
        role: Role::Plain,
        source: SOURCE.to_owned(),
        body: OTHER_MD5.to_owned(),
        etag: OTHER_MD5.to_owned(),
        size: 1,
        headers: HeaderFingerprint::of(&css(), &Compression::None(NoCompression::Off)),
        put_at: 0,
    };
    Evidence {
        listed: listed(1, OTHER_MD5),
        body: None,
        memory: Some(Memory { object: Arc::new(object), put_again: false, different: Vec::new() }),
        source: Some(SOURCE.to_owned()),
        ..known()
    }
}

#[test]
fn row_r1_the_recorded_object_is_gone() {
    assert_eq!(decided(&Evidence { listed: None, ..remembered() }), put(PutReason::Gone));
}

#[test]
fn row_r2_somebody_else_put_another_object_there() {
    let changed = Evidence { listed: listed(1, MD5), check_headers: true, ..remembered() };
    assert_eq!(judge(&changed), Verdict::Lacks(Question::Body));
    let evidence = Evidence { body: body(1), head: head(MD5, css(), Vec::new()), ..changed };
    assert_eq!(decided(&evidence), Action::Skip(SkipReason::SameEtagAndHeaders));
    let evidence = Evidence { listed: listed(2, OTHER_MD5), ..remembered() };
    assert_eq!(decided(&evidence), put(PutReason::SizeDiffers { stored: 2, ours: 1 }));
}

#[test]
fn row_r3_another_source() {
    let evidence = Evidence { source: None, ..remembered() };
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Source));
    let evidence = Evidence { source: Some(MD5.to_owned()), ..evidence };
    assert_eq!(decided(&evidence), put(PutReason::BodyDiffers));
}

#[test]
fn row_r4_compressed_otherwise() {
    let mut evidence = Evidence { stored_plain: false, ..remembered() };
    evidence.memory.as_mut().expect("a memory").different = vec!["gzip".to_owned()];
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Body));
    // Whatever the body becomes, its headers are others.
    let different = ["CacheControl", "gzip"].map(str::to_owned).to_vec();
    evidence.memory.as_mut().expect("a memory").different = different;
    assert_eq!(decided(&evidence), put(PutReason::HeadersDiffer(vec!["CacheControl".to_owned()])));
}

#[test]
fn row_r5_other_headers() {
    let mut evidence = remembered();
    evidence.memory.as_mut().expect("a memory").different = vec!["ACL".to_owned()];
    assert_eq!(decided(&evidence), put(PutReason::HeadersDiffer(vec!["ACL".to_owned()])));
}

#[test]
fn row_r6_put_again_since() {
    let mut evidence = remembered();
    evidence.memory.as_mut().expect("a memory").put_again = true;
    assert_eq!(judge(&evidence), Verdict::Lacks(Question::Head));
    let same = Evidence { head: head(OTHER_MD5, css(), Vec::new()), ..evidence.clone() };
    assert_eq!(decided(&same), Action::Skip(SkipReason::Recorded));
    let other =
        Evidence { head: head(OTHER_MD5, ObjectParameters::default(), Vec::new()), ..evidence.clone() };
    assert_eq!(decided(&other), put(PutReason::HeadersDiffer(vec!["ContentType".to_owned()])));
    assert_eq!(decided(&Evidence { head: Some(None), ..evidence }), put(PutReason::Gone));
}

#[test]
fn row_r7_as_the_last_release() {
    assert_eq!(decided(&remembered()), Action::Skip(SkipReason::Recorded));
    let checked = Evidence { check_headers: true, ..remembered() };
    assert_eq!(judge(&checked), Verdict::Lacks(Question::Head));
}

#[test]
fn reasons_read_well() {
    assert_eq!(PutReason::SizeDiffers { stored: 2, ours: 1 }.to_string(), "size differs: 2 stored, 1 now");
    assert_eq!(
        PutReason::HeadersDiffer(vec!["CacheControl".to_owned(), "Metadata".to_owned()]).to_string(),
        "headers changed: Cache-Control, Metadata"
    );
    assert_eq!(SkipReason::SameChecksum(ChecksumAlgorithm::Crc64Nvme).to_string(), "same CRC64NVME");
}
