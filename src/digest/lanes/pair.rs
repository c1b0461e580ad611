//! The MD5 of a body and those of its parts, in one pass: as their blocks are the same, a core takes each into both while it
//! would wait for one.

use super::blocks::{BEGINNING, Block, State, take_in};
use super::portable::Arrays;
use super::{Hash, hash_of, padding};

const WHOLE: usize = 0;
const PART: usize = 1;

/// A body and the part of it that is under way. Parts begin at multiples of [`Pair::ALIGNMENT`].
#[derive(Debug)]
pub(in crate::digest) struct Pair {
    state: State<2>,
    /// Bytes of both.
    lengths: [u64; 2],
    /// Bytes that fill no block yet, and how many.
    rest: Block,
    filled: usize,
}

impl Pair {
    /// Where a part may begin, in bytes.
    pub(in crate::digest) const ALIGNMENT: u64 = size_of::<Block>() as u64;

    pub(in crate::digest) fn new() -> Self {
        Self {
            state: BEGINNING.map(|word| [word; 2]),
            lengths: [0; 2],
            rest: [0; size_of::<Block>()],
            filled: 0,
        }
    }

    /// Takes the next bytes in.
    pub(in crate::digest) fn update(&mut self, mut bytes: &[u8]) {
        self.lengths = self.lengths.map(|length| length + bytes.len() as u64);
        if self.filled > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(self.rest.len() - self.filled));
            self.keep(now);
            bytes = later;
            if self.filled < self.rest.len() {
                return;
            }
            self.state = take_in_twice(self.state, &[self.rest]);
            self.filled = 0;
        }
        let (blocks, rest) = bytes.as_chunks();
        self.state = take_in_twice(self.state, blocks);
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.rest[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// The MD5 of the part; the next begins.
    pub(in crate::digest) fn end_part(&mut self) -> Hash {
        let hash = self.hash(PART);
        for (words, beginning) in self.state.iter_mut().zip(BEGINNING) {
            words[PART] = beginning;
        }
        self.lengths[PART] = 0;
        hash
    }

    /// The MD5 of all that was taken in.
    pub(in crate::digest) fn whole(&self) -> Hash {
        self.hash(WHOLE)
    }

    fn hash(&self, which: usize) -> Hash {
        let (padding, gone) = padding(&self.rest[..self.filled], self.lengths[which]);
        let state = take_in_twice(self.state, &padding[gone..]);
        hash_of(&state, which)
    }
}

#[inline(never)]
fn take_in_twice(state: State<2>, blocks: &[Block]) -> State<2> {
    take_in(Arrays, state, [blocks; 2], blocks.len())
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Around both lengths at which the padding needs one more block, too.
        #[test]
        fn both_are_hashed_as_each_alone(
            parts in proptest::collection::vec(0..5_usize, 0..5),
            end in 0..130_usize,
            stretch in 1..200_usize,
        ) {
            let mut pair = Pair::new();
            let mut body = Vec::new();
            let mut take = |length: usize| {
                let part: Vec<u8> = (0..length).map(|index| (index * 7 + body.len()) as u8).collect();
                part.chunks(stretch).for_each(|bytes| pair.update(bytes));
                body.extend_from_slice(&part);
                (pair.end_part(), Hash::from(Md5::digest(&part)))
            };
            for blocks in parts {
                let (hash, alone) = take(blocks * size_of::<Block>());
                prop_assert_eq!(hash, alone);
            }
            let (hash, alone) = take(end);
            prop_assert_eq!(hash, alone);
            prop_assert_eq!(pair.whole(), Hash::from(Md5::digest(&body)));
        }
    }
}
