//! S3's additional checksums, as they stand in headers. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::ChecksumAlgorithm;

impl ChecksumAlgorithm {
    /// The header that carries it.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The name by which S3 asks for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }
}

/// A checksum in the making, for bodies that are read in pieces.
#[derive(Debug, Clone)]
pub struct Checksum(State);

#[derive(Debug, Clone)]
enum State {
    Crc32(CrcDigest),
    Crc64(CrcDigest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// One of nothing yet.
    #[must_use]
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self(match algorithm {
            ChecksumAlgorithm::Crc32 => State::Crc32(CrcDigest::new(CrcAlgorithm::Crc32IsoHdlc)),
            ChecksumAlgorithm::Crc32c => State::Crc32(CrcDigest::new(CrcAlgorithm::Crc32Iscsi)),
            ChecksumAlgorithm::Crc64Nvme => State::Crc64(CrcDigest::new(CrcAlgorithm::Crc64Nvme)),
            ChecksumAlgorithm::Sha1 => State::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => State::Sha256(Sha256::new()),
        })
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(digest) | State::Crc64(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The value as on the wire: base64 of the big-endian checksum.
    #[must_use]
    pub fn finish(self) -> String {
        match self.0 {
            // A CRC of 32 bits stands in the lower half.
            State::Crc32(digest) => STANDARD.encode(&digest.finalize().to_be_bytes()[4..]),
            State::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            State::Sha1(digest) => STANDARD.encode(digest.finalize()),
            State::Sha256(digest) => STANDARD.encode(digest.finalize()),
        }
    }

    /// The value for bytes in memory.
    #[must_use]
    pub fn of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> String {
        let mut checksum = Self::new(algorithm);
        checksum.update(bytes);
        checksum.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogues() {
        // CRC RevEng's "123456789": CBF43926, E3069283, AE8B14860A799888; the hashes by `sha1sum`, `sha256sum`.
        let of = |algorithm| Checksum::of(algorithm, b"123456789");
        assert_eq!(of(ChecksumAlgorithm::Crc32), "y/Q5Jg==");
        assert_eq!(of(ChecksumAlgorithm::Crc32c), "4waSgw==");
        assert_eq!(of(ChecksumAlgorithm::Crc64Nvme), "rosUhgp5mIg=");
        assert_eq!(of(ChecksumAlgorithm::Sha1), "98O8HYCOBHMq32eZZczDTKeuNEE=");
        assert_eq!(of(ChecksumAlgorithm::Sha256), "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
    }

    #[test]
    fn pieces_make_the_whole() {
        let mut checksum = Checksum::new(ChecksumAlgorithm::Crc64Nvme);
        checksum.update(b"1234");
        checksum.update(b"56789");
        assert_eq!(checksum.finish(), "rosUhgp5mIg=");
    }
}
