//! Digests: the content hash in a hashed name; and of stored bodies the part layout that decides an ETag, the ETag
//! itself, and S3's additional checksums. Pure: bytes in, digests out.

mod checksum;
mod content;
mod lanes;
mod layout;

use md5::{Digest, Md5};

pub use checksum::{Checksum, ChecksumAlgorithm};
pub use content::{ContentHash, ContentHasher, NotHashable, hashed_name};
pub use layout::{Chunking, Layout, LayoutPart};

use lanes::Pair;

/// The MD5 of each body in lower-case hex, in their order: much sooner than one after the other.
#[must_use]
pub fn md5_each(bodies: &[&[u8]]) -> Vec<String> {
    lanes::hashes(bodies).iter().map(|hash| hex(hash)).collect()
}

/// What a body is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyDigest {
    /// Bytes.
    pub size: u64,
    /// Of the whole body, in lower-case hex.
    pub md5: String,
    /// As S3 makes it for this layout, without quotes: the MD5, or that of the parts' MD5s with their number.
    pub etag: String,
}

impl BodyDigest {
    /// Of how many parts the ETag is; `None` for that of a whole body.
    #[must_use]
    pub fn parts(&self) -> Option<u32> {
        self.etag.split_once('-').and_then(|(_, parts)| parts.parse().ok())
    }
}

/// A body's digest in the making; fed with stretches of any length, in order.
#[derive(Debug)]
pub struct Digester {
    layout: Layout,
    size: u64,
    md5s: Md5s,
    part_left: u64,
    parts: Md5,
}

/// The MD5s that are under way.
#[derive(Debug)]
enum Md5s {
    Whole(Md5),
    /// Of the whole and of a part, in about the time of one.
    Together(Pair),
    Apart {
        whole: Md5,
        part: Md5,
    },
}

impl Md5s {
    fn new(layout: &Layout) -> Self {
        // Not optimised, our own MD5 is many times slower than that of the crate, which always is.
        let together = !cfg!(debug_assertions) && layout.part_size().is_multiple_of(Pair::ALIGNMENT);
        match layout.is_multipart() {
            false => Self::Whole(Md5::new()),
            true if together => Self::Together(Pair::new()),
            true => Self::Apart { whole: Md5::new(), part: Md5::new() },
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Whole(whole) => whole.update(bytes),
            Self::Together(pair) => pair.update(bytes),
            Self::Apart { whole, part } => {
                whole.update(bytes);
                part.update(bytes);
            }
        }
    }

    /// The MD5 of the part, where there are parts; the next begins.
    fn end_part(&mut self) -> Option<[u8; 16]> {
        match self {
            Self::Whole(_) => None,
            Self::Together(pair) => Some(pair.end_part()),
            Self::Apart { part, .. } => Some(part.finalize_reset().into()),
        }
    }

    fn whole(self) -> [u8; 16] {
        match self {
            Self::Whole(whole) | Self::Apart { whole, .. } => whole.finalize().into(),
            Self::Together(pair) => pair.whole(),
        }
    }
}

impl Digester {
    /// A digest of a body that is stored in this layout.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        Self {
            layout: *layout,
            size: 0,
            md5s: Md5s::new(layout),
            part_left: layout.part_size(),
            parts: Md5::new(),
        }
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let length = usize::try_from(self.part_left).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(length);
            self.md5s.update(now);
            self.part_left -= length as u64;
            if self.part_left == 0 {
                self.end_part();
            }
            bytes = later;
        }
    }

    fn end_part(&mut self) {
        if let Some(md5) = self.md5s.end_part() {
            self.parts.update(md5);
        }
        self.part_left = self.layout.part_size();
    }

    /// The digest of all that was taken in.
    #[must_use]
    pub fn finish(mut self) -> BodyDigest {
        if self.part_left < self.layout.part_size() {
            self.end_part();
        }
        let md5 = hex(&self.md5s.whole());
        let etag = if self.layout.is_multipart() {
            format!("{}-{}", hex(&self.parts.finalize()), self.layout.count())
        } else {
            md5.clone()
        };
        BodyDigest { size: self.size, md5, etag }
    }
}

/// Lower-case hex, as ETags are written.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn digest(body: &[u8]) -> BodyDigest {
        let mut digester = Digester::new(&Layout::of(body.len() as u64));
        digester.update(body);
        digester.finish()
    }

    #[test]
    fn a_small_body_has_its_md5_as_etag() {
        let digest = digest(b"hello");
        assert_eq!(digest.md5, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!((digest.size, digest.etag), (5, digest.md5));
    }

    /// Made with Python: `md5(b"".join(md5(part).digest() for part in parts)).hexdigest() + "-N"` over zeros.
    #[test]
    fn a_large_body_has_the_etag_of_its_parts() {
        for (size, etag) in [
            (8 * MIB - 1, "637b10ce48f79f1c0cf13efa84ee1247"),
            (8 * MIB, "9ed977000dc166f25a9b9ef26fb3c3fc-1"),
            (8 * MIB + 1, "a5eb57d36bf73a683183c5a0fb4a37ab-2"),
            (16 * MIB, "3a2d20e2e504fe056bbaae5b4c2351fd-2"),
        ] {
            assert_eq!(digest(&vec![0; size]).etag, etag, "{size}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn stretches_never_matter(cuts in proptest::collection::vec(0..17 * MIB, 0..6)) {
            let body: Vec<u8> = (0..17 * MIB).map(|index| (index % 251) as u8).collect();
            let mut cuts = cuts;
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let mut digester = Digester::new(&Layout::of(body.len() as u64));
            for pair in cuts.windows(2) {
                digester.update(&body[pair[0]..pair[1]]);
            }
            prop_assert_eq!(digester.finish(), digest(&body));
        }
    }
}
