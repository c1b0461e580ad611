//! S3's additional checksums, in the base64 that goes over the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::store::ChecksumAlgorithm;

/// A checksum in the making; fed with stretches of any length, in order.
pub struct ChecksumDigester(State);

enum State {
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl ChecksumDigester {
    /// A checksum of this kind.
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

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(digest) | State::Crc64(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The checksum in base64.
    #[must_use]
    pub fn finish(self) -> String {
        BASE64.encode(self.finish_bytes())
    }

    /// The checksum's bytes, as a composite checksum takes those of the parts in.
    #[must_use]
    pub fn finish_bytes(self) -> Vec<u8> {
        match self.0 {
            // A CRC is as wide as its algorithm, most significant byte first.
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

    const ALL: [(ChecksumAlgorithm, &str); 5] = [
        // The catalogues' check values of `123456789`, and SHA sums by Python.
        (ChecksumAlgorithm::Crc32, "y/Q5Jg=="),
        (ChecksumAlgorithm::Crc32c, "4waSgw=="),
        (ChecksumAlgorithm::Crc64Nvme, "rosUhgp5mIg="),
        (ChecksumAlgorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (ChecksumAlgorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ];

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        for (algorithm, expected) in ALL {
            let mut digester = ChecksumDigester::new(algorithm);
            digester.update(b"1234");
            digester.update(b"56789");
            assert_eq!(digester.finish(), expected, "{algorithm:?}");
        }
    }
}
