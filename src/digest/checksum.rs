//! S3's additional checksums, as they stand in headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// S3's additional checksums. The names of the variants stand in the index of the embedded endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChecksumAlgorithm {
    /// CRC-32 as in gzip.
    Crc32,
    /// CRC-32 Castagnoli.
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl ChecksumAlgorithm {
    /// Every one of them, in order.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

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

/// A checksum in the making; fed with stretches of any length, in order.
#[derive(Debug, Clone)]
pub struct Checksum(State);

#[derive(Debug, Clone)]
enum State {
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// One of nothing yet.
    #[must_use]
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self(match algorithm {
            ChecksumAlgorithm::Crc32 => State::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
            ChecksumAlgorithm::Crc32c => State::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)),
            ChecksumAlgorithm::Crc64Nvme => State::Crc64(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme)),
            ChecksumAlgorithm::Sha1 => State::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => State::Sha256(Sha256::new()),
        })
    }

    /// The value for bytes in memory, as on the wire.
    #[must_use]
    pub fn of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> String {
        let mut checksum = Self::new(algorithm);
        checksum.update(bytes);
        checksum.finish()
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(digest) | State::Crc64(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The value as on the wire: base64 of [`Self::finish_bytes`].
    #[must_use]
    pub fn finish(self) -> String {
        BASE64.encode(self.finish_bytes())
    }

    /// The value's bytes, most significant first, as a composite checksum takes those of the parts in.
    #[must_use]
    pub fn finish_bytes(self) -> Vec<u8> {
        match self.0 {
            // A CRC of 32 bits stands in the lower half.
            State::Crc32(digest) => digest.finalize().to_be_bytes()[4..].to_vec(),
            State::Crc64(digest) => digest.finalize().to_be_bytes().to_vec(),
            State::Sha1(digest) => digest.finalize().to_vec(),
            State::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC RevEng's check values of `123456789` (CBF43926, E3069283, AE8B14860A799888), and what `sha1sum` and
    /// `sha256sum` say of it.
    const ALL: [(ChecksumAlgorithm, &str); 5] = [
        (ChecksumAlgorithm::Crc32, "y/Q5Jg=="),
        (ChecksumAlgorithm::Crc32c, "4waSgw=="),
        (ChecksumAlgorithm::Crc64Nvme, "rosUhgp5mIg="),
        (ChecksumAlgorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (ChecksumAlgorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ];

    #[test]
    fn checksums_are_those_of_the_catalogues_whole_or_in_pieces() {
        for (algorithm, expected) in ALL {
            assert_eq!(Checksum::of(algorithm, b"123456789"), expected, "{algorithm:?}");
            let mut checksum = Checksum::new(algorithm);
            checksum.update(b"1234");
            checksum.update(b"56789");
            assert_eq!(checksum.finish(), expected, "{algorithm:?}");
        }
    }
}
