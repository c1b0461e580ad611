//! Four messages at a time on any machine: compilers make vectors of such arrays where there are any.

use super::blocks::{Block, Machine, take_in};
use super::{Hash, side_by_side};

pub(super) fn hashes(messages: &[&[u8]]) -> Vec<Hash> {
    side_by_side::<4>(messages, |state, runs, count| take_in(Arrays, state, runs, count))
}

#[derive(Clone, Copy)]
pub(super) struct Arrays;

impl<const LANES: usize> Machine<LANES> for Arrays {
    type Words = [u32; LANES];

    #[inline(always)]
    fn vector(self, words: [u32; LANES]) -> Self::Words {
        words
    }

    #[inline(always)]
    fn words(self, vector: Self::Words) -> [u32; LANES] {
        vector
    }

    #[inline(always)]
    fn blocks(self, blocks: [&Block; LANES]) -> [Self::Words; 16] {
        let mut words = [[0; LANES]; 16];
        for (lane, block) in blocks.into_iter().enumerate() {
            let (block, _) = block.as_chunks();
            for (words, bytes) in words.iter_mut().zip(block) {
                words[lane] = u32::from_le_bytes(*bytes);
            }
        }
        words
    }

    #[inline(always)]
    fn add(self, left: Self::Words, right: Self::Words) -> Self::Words {
        std::array::from_fn(|lane| left[lane].wrapping_add(right[lane]))
    }

    #[inline(always)]
    fn and(self, left: Self::Words, right: Self::Words) -> Self::Words {
        std::array::from_fn(|lane| left[lane] & right[lane])
    }

    #[inline(always)]
    fn or(self, left: Self::Words, right: Self::Words) -> Self::Words {
        std::array::from_fn(|lane| left[lane] | right[lane])
    }

    #[inline(always)]
    fn xor(self, left: Self::Words, right: Self::Words) -> Self::Words {
        std::array::from_fn(|lane| left[lane] ^ right[lane])
    }

    #[inline(always)]
    fn rotate<const LEFT: i32, const RIGHT: i32>(self, vector: Self::Words) -> Self::Words {
        vector.map(|word| word.rotate_left(LEFT.cast_unsigned()))
    }
}
