//! How a body is cut into parts: as boto3 does it, so that ETags agree with what collectstatic left.

/// boto3's default: from here on bodies travel in parts; also the size of a part.
const PART_SIZE: u64 = 8 * 1024 * 1024;
/// S3 takes no smaller part but the last, and no larger one.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;
const LARGEST_PART: u64 = 5 * 1024 * 1024 * 1024;
/// The most parts of one object.
const MAX_PARTS: u64 = 10_000;

/// What decides how bodies are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunking {
    /// Bodies of so many bytes and more go in parts (`multipart_threshold`).
    pub threshold: u64,
    /// The size of a part in bytes (`multipart_chunksize`), as far as S3 takes it.
    pub part_size: u64,
}

impl Default for Chunking {
    fn default() -> Self {
        Self { threshold: PART_SIZE, part_size: PART_SIZE }
    }
}

impl Chunking {
    /// The layout for a body of this many stored bytes. As in s3transfer the size of a part is doubled while there would
    /// be more than 10,000 of them, and then brought within S3's limits.
    #[must_use]
    pub fn layout(&self, size: u64) -> Layout {
        let mut part_size = self.part_size.max(1);
        while size.div_ceil(part_size) > MAX_PARTS {
            part_size *= 2;
        }
        let is_multipart = size >= self.threshold;
        Layout { size, part_size: part_size.clamp(SMALLEST_PART, LARGEST_PART), is_multipart }
    }
}

/// How a body of some size is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    size: u64,
    part_size: u64,
    is_multipart: bool,
}

/// A stretch of a body that is sent by one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutPart {
    /// From 1.
    pub number: u16,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

impl Layout {
    /// The layout for a body of this many stored bytes by boto3's defaults: whole below 8 MiB, else in parts of 8 MiB.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Chunking::default().layout(size)
    }

    /// Whether the body goes in parts, even if there is but one.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.is_multipart
    }

    /// The size of the body in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The size of every part but the last, in bytes.
    #[must_use]
    pub fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts there are; one for a body that goes whole.
    #[must_use]
    pub fn count(&self) -> u16 {
        if !self.is_multipart {
            return 1;
        }
        u16::try_from(self.size.div_ceil(self.part_size).max(1)).unwrap_or(u16::MAX)
    }

    /// The parts in order; a body that goes whole is one part.
    pub fn parts(&self) -> impl Iterator<Item = LayoutPart> + use<> {
        let Self { size, is_multipart, .. } = *self;
        let part_size = if is_multipart { self.part_size } else { size };
        (1..=self.count()).map(move |number| {
            let offset = u64::from(number - 1) * part_size;
            LayoutPart { number, offset, length: part_size.min(size - offset) }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_grow_only_where_ten_thousand_would_not_do() {
        for (size, multipart, count, part_size) in [
            (0, false, 1, PART_SIZE),
            (PART_SIZE - 1, false, 1, PART_SIZE),
            (PART_SIZE, true, 1, PART_SIZE),
            (PART_SIZE + 1, true, 2, PART_SIZE),
            (PART_SIZE * MAX_PARTS, true, 10_000, PART_SIZE),
            (PART_SIZE * MAX_PARTS + 1, true, 5_001, PART_SIZE * 2),
            (PART_SIZE * MAX_PARTS * 2 + 1, true, 5_001, PART_SIZE * 4),
        ] {
            let layout = Layout::of(size);
            assert_eq!(
                (layout.is_multipart(), layout.count(), layout.part_size()),
                (multipart, count, part_size),
                "{size}"
            );
        }
    }

    /// What s3transfer's `ChunksizeAdjuster` answers.
    #[test]
    fn other_sizes_are_brought_within_the_limits_as_in_s3transfer() {
        const MIB: u64 = 1024 * 1024;
        for (threshold, chunk, size, expected) in [
            (1, 1, 3, (true, 1, SMALLEST_PART)),
            (MIB, MIB, 6 * MIB, (true, 2, SMALLEST_PART)),
            (64 * MIB, 16 * MIB, 63 * MIB, (false, 1, 16 * MIB)),
            (64 * MIB, 16 * MIB, 65 * MIB, (true, 5, 16 * MIB)),
            (MIB, 3 * MIB, 30_001 * MIB, (true, 5_001, 6 * MIB)),
            (MIB, 6 * 1024 * MIB, 6 * 1024 * MIB, (true, 2, LARGEST_PART)),
        ] {
            let layout = Chunking { threshold, part_size: chunk }.layout(size);
            assert_eq!(
                (layout.is_multipart(), layout.count(), layout.part_size()),
                expected,
                "{chunk} {size}"
            );
        }
    }

    proptest! {
        #[test]
        fn parts_cover_the_body_without_gaps(size in 0..PART_SIZE * 30_000) {
            let layout = Layout::of(size);
            let mut offset = 0;
            for (index, part) in layout.parts().enumerate() {
                prop_assert_eq!((usize::from(part.number), part.offset), (index + 1, offset));
                prop_assert!(part.length > 0 || size == 0);
                offset += part.length;
            }
            prop_assert_eq!(offset, size);
        }
    }
}
