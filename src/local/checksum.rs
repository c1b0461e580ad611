//! S3's additional checksums as the endpoint keeps them: base64 by algorithm, over a whole body or over the
//! checksums of its parts. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

use crate::digest::ChecksumAlgorithm;

/// Base64 by algorithm.
pub(super) type Values = BTreeMap<ChecksumAlgorithm, String>;

/// Whether whole bodies in parts can have it: CRCs of parts combine, hashes do not.
pub(super) fn combines(algorithm: ChecksumAlgorithm) -> bool {
    polynomial(algorithm).is_some()
}

fn polynomial(algorithm: ChecksumAlgorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => None,
    }
}

/// The values that a request or its trailer carries.
pub(super) fn sent(headers: &HeaderMap) -> Values {
    ChecksumAlgorithm::ALL
        .into_iter()
        .filter_map(|algorithm| {
            let value = headers.get(algorithm.header())?.to_str().ok()?;
            Some((algorithm, value.to_owned()))
        })
        .collect()
}

/// The algorithm that a request names, for a body whose value it does not carry in a header.
pub(super) fn announced(headers: &HeaderMap) -> Option<ChecksumAlgorithm> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let trailer = text("x-amz-trailer").map(str::trim);
    let named = text("x-amz-checksum-algorithm").or_else(|| text("x-amz-sdk-checksum-algorithm"));
    ChecksumAlgorithm::ALL.into_iter().find(|algorithm| trailer == Some(algorithm.header())).or_else(|| {
        ChecksumAlgorithm::ALL
            .into_iter()
            .find(|algorithm| named.is_some_and(|name| name.eq_ignore_ascii_case(algorithm.as_str())))
    })
}

/// Takes several checksums in one pass.
pub(super) fn hasher(algorithms: &[ChecksumAlgorithm]) -> ChecksumHasher {
    let wants = |algorithm| algorithms.contains(&algorithm);
    ChecksumHasher {
        crc32: wants(ChecksumAlgorithm::Crc32).then(Crc32::new),
        crc32c: wants(ChecksumAlgorithm::Crc32c).then(Crc32c::new),
        crc64nvme: wants(ChecksumAlgorithm::Crc64Nvme).then(Crc64Nvme::new),
        sha1: wants(ChecksumAlgorithm::Sha1).then(Sha1::new),
        sha256: wants(ChecksumAlgorithm::Sha256).then(Sha256::new),
    }
}

/// What a hasher found.
pub(super) fn finish(hasher: ChecksumHasher) -> Values {
    let found = hasher.finalize();
    [
        (ChecksumAlgorithm::Crc32, found.checksum_crc32),
        (ChecksumAlgorithm::Crc32c, found.checksum_crc32c),
        (ChecksumAlgorithm::Crc64Nvme, found.checksum_crc64nvme),
        (ChecksumAlgorithm::Sha1, found.checksum_sha1),
        (ChecksumAlgorithm::Sha256, found.checksum_sha256),
    ]
    .into_iter()
    .filter_map(|(algorithm, value)| Some((algorithm, value?)))
    .collect()
}

/// The checksum of parts' checksums, with its count: `base64(hash(all of them))-N`.
pub(super) fn composite(algorithm: ChecksumAlgorithm, parts: &[&str]) -> Option<String> {
    let mut hasher = hasher(&[algorithm]);
    for part in parts {
        hasher.update(&STANDARD.decode(part).ok()?);
    }
    let value = finish(hasher).remove(&algorithm)?;
    Some(format!("{value}-{}", parts.len()))
}

/// The checksum of a whole body from those of its parts and their sizes.
pub(super) fn combined(algorithm: ChecksumAlgorithm, parts: &[(&str, u64)]) -> Option<String> {
    let polynomial = polynomial(algorithm)?;
    let width = if algorithm == ChecksumAlgorithm::Crc64Nvme { 8 } else { 4 };
    let mut whole: Option<u64> = None;
    for (value, size) in parts {
        let bytes = STANDARD.decode(value).ok().filter(|bytes| bytes.len() == width)?;
        let crc = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        whole = Some(match whole {
            None => crc,
            Some(before) => crc_fast::checksum_combine(polynomial, before, crc, *size),
        });
    }
    Some(STANDARD.encode(&whole?.to_be_bytes()[8 - width..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn of(algorithm: ChecksumAlgorithm, body: &[u8]) -> String {
        let mut hasher = hasher(&[algorithm]);
        hasher.update(body);
        finish(hasher).remove(&algorithm).unwrap()
    }

    #[test]
    fn values_are_those_of_the_standards() {
        assert_eq!(of(ChecksumAlgorithm::Crc32, b"123456789"), "y/Q5Jg==");
        assert_eq!(of(ChecksumAlgorithm::Crc32c, b"123456789"), "4waSgw==");
        assert_eq!(of(ChecksumAlgorithm::Crc64Nvme, b"123456789"), "rosUhgp5mIg=");
        assert_eq!(of(ChecksumAlgorithm::Sha1, b""), "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        assert_eq!(of(ChecksumAlgorithm::Sha256, b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn a_composite_hashes_the_raw_values() {
        let (one, two) = (of(ChecksumAlgorithm::Sha256, b"one"), of(ChecksumAlgorithm::Sha256, b"two"));
        let mut raw = STANDARD.decode(&one).unwrap();
        raw.extend(STANDARD.decode(&two).unwrap());
        assert_eq!(
            composite(ChecksumAlgorithm::Sha256, &[&one, &two]),
            Some(format!("{}-2", of(ChecksumAlgorithm::Sha256, &raw)))
        );
    }

    #[test]
    fn a_trailer_announces_its_algorithm() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-trailer", "x-amz-checksum-crc32c".parse().unwrap());
        assert_eq!(announced(&headers), Some(ChecksumAlgorithm::Crc32c));
        headers.clear();
        headers.insert("x-amz-sdk-checksum-algorithm", "sha256".parse().unwrap());
        assert_eq!(announced(&headers), Some(ChecksumAlgorithm::Sha256));
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(one in any::<Vec<u8>>(), two in any::<Vec<u8>>(), three in any::<Vec<u8>>()) {
            let whole = [one.clone(), two.clone(), three.clone()].concat();
            for algorithm in ChecksumAlgorithm::ALL.into_iter().filter(|algorithm| combines(*algorithm)) {
                let values = [&one, &two, &three].map(|part| (of(algorithm, part), part.len() as u64));
                let parts: Vec<_> = values.iter().map(|(value, size)| (value.as_str(), *size)).collect();
                assert_eq!(combined(algorithm, &parts), Some(of(algorithm, &whole)));
            }
        }
    }
}
