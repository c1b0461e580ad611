//! MD5 (RFC 1321) of many short messages, four at a time. Each step of an MD5 waits for the step before, so that a core
//! does little at once; with the steps of four side by side it is done more than twice as soon. Pure.

use std::cmp::Reverse;

use md5::{Digest, Md5};

/// Messages under way at once.
const LANES: usize = 4;

/// Bytes that MD5 takes in at a time.
const BLOCK: usize = 64;

/// An MD5.
pub(super) type Hash = [u8; 16];

/// One word of every message under way.
type Words = [u32; LANES];

/// RFC 1321, 3.3.
const BEGINNING: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// RFC 1321, 3.4: the integer part of 4294967296 times abs(sin(i)), where i is in radians.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The MD5 of each message, in the order of the messages.
pub(super) fn hashes(messages: &[&[u8]]) -> Vec<Hash> {
    let mut hashes = vec![Hash::default(); messages.len()];
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.sort_unstable_by_key(|index| Reverse(messages[*index].len()));
    let mut waiting = order.into_iter();
    let mut left: usize = messages.iter().map(|message| message.len()).sum();
    // Beside a message that is much longer than all others the other lanes would do nothing for long.
    while let Some(index) = waiting.as_slice().first().copied()
        && messages[index].len() > left / 2
    {
        hashes[index] = Md5::digest(messages[index]).into();
        left -= messages[index].len();
        waiting.next();
    }
    let mut waiting = waiting.map(|index| Message::new(index, messages[index]));
    let mut lanes: [Option<Message<'_>>; LANES] = std::array::from_fn(|_| waiting.next());
    let mut state = BEGINNING.map(|word| [word; LANES]);
    while lanes.iter().any(Option::is_some) {
        let blocks = lanes.each_ref().map(|lane| lane.as_ref().map_or(&[0; BLOCK], Message::block));
        take_in(&mut state, blocks);
        for (lane, message) in lanes.iter_mut().enumerate() {
            let Some(under_way) = message else { continue };
            if under_way.advance() {
                continue;
            }
            for (bytes, words) in hashes[under_way.index].chunks_exact_mut(4).zip(&state) {
                bytes.copy_from_slice(&words[lane].to_le_bytes());
            }
            for (words, beginning) in state.iter_mut().zip(BEGINNING) {
                words[lane] = beginning;
            }
            *message = waiting.next();
        }
    }
    hashes
}

/// A message as blocks, of which one is next.
struct Message<'a> {
    index: usize,
    blocks: &'a [[u8; BLOCK]],
    /// The bytes that fill no block, and RFC 1321's padding (3.1 and 3.2) behind them.
    padding: [[u8; BLOCK]; 2],
    /// Those of the two that are not needed, or done.
    padding_gone: usize,
}

impl<'a> Message<'a> {
    fn new(index: usize, bytes: &'a [u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks();
        let mut padding = [[0; BLOCK]; 2];
        let length = size_of::<u64>();
        let padding_gone = usize::from(rest.len() + 1 + length <= BLOCK);
        let behind = &mut padding.as_flattened_mut()[padding_gone * BLOCK..];
        behind[..rest.len()].copy_from_slice(rest);
        behind[rest.len()] = 0x80;
        let bits = (bytes.len() as u64).wrapping_mul(8);
        let end = behind.len();
        behind[end - length..].copy_from_slice(&bits.to_le_bytes());
        Self { index, blocks, padding, padding_gone }
    }

    fn block(&self) -> &[u8; BLOCK] {
        self.blocks.first().unwrap_or_else(|| &self.padding[self.padding_gone])
    }

    /// Goes on to the next block; false where there is none.
    fn advance(&mut self) -> bool {
        match self.blocks {
            [_, rest @ ..] => self.blocks = rest,
            [] => self.padding_gone += 1,
        }
        self.padding_gone < self.padding.len()
    }
}

/// RFC 1321, 3.4, for a block of every message.
fn take_in(state: &mut [Words; 4], blocks: [&[u8; BLOCK]; LANES]) {
    let mut words = [[0; LANES]; 16];
    for (lane, block) in blocks.into_iter().enumerate() {
        let (block, _) = block.as_chunks();
        for (words, bytes) in words.iter_mut().zip(block) {
            words[lane] = u32::from_le_bytes(*bytes);
        }
    }
    let [mut a, mut b, mut c, mut d] = *state;
    // How four steps rotate, how they mix; the number of the first of each four, and which words they take. Written
    // out, as loops would not become vectors.
    macro_rules! round {
        ($r:expr, $mix:expr, $($step:literal: $i:literal $j:literal $k:literal $l:literal),+) => { $(
            a = step([a, b, c, d], words[$i], SINES[$step], $r[0], $mix);
            d = step([d, a, b, c], words[$j], SINES[$step + 1], $r[1], $mix);
            c = step([c, d, a, b], words[$k], SINES[$step + 2], $r[2], $mix);
            b = step([b, c, d, a], words[$l], SINES[$step + 3], $r[3], $mix);
        )+ };
    }
    round!([7, 12, 17, 22], |b, c, d| d ^ (b & (c ^ d)), 0: 0 1 2 3, 4: 4 5 6 7, 8: 8 9 10 11, 12: 12 13 14 15);
    round!([5, 9, 14, 20], |b, c, d| c ^ (d & (b ^ c)), 16: 1 6 11 0, 20: 5 10 15 4, 24: 9 14 3 8, 28: 13 2 7 12);
    round!([4, 11, 16, 23], |b, c, d| b ^ c ^ d, 32: 5 8 11 14, 36: 1 4 7 10, 40: 13 0 3 6, 44: 9 12 15 2);
    round!([6, 10, 15, 21], |b, c, d| c ^ (b | !d), 48: 0 7 14 5, 52: 12 3 10 1, 56: 8 15 6 13, 60: 4 11 2 9);
    for (words, now) in state.iter_mut().zip([a, b, c, d]) {
        *words = std::array::from_fn(|lane| words[lane].wrapping_add(now[lane]));
    }
}

#[inline(always)]
fn step(
    [a, b, c, d]: [Words; 4],
    word: Words,
    sine: u32,
    rotation: u32,
    mix: impl Fn(u32, u32, u32) -> u32,
) -> Words {
    std::array::from_fn(|lane| {
        let sum = a[lane].wrapping_add(mix(b[lane], c[lane], d[lane])).wrapping_add(sine);
        sum.wrapping_add(word[lane]).rotate_left(rotation).wrapping_add(b[lane])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(messages: &[&[u8]]) -> Vec<Hash> {
        messages.iter().map(|message| Md5::digest(message).into()).collect()
    }

    /// Around both lengths at which the padding needs one more block.
    #[test]
    fn messages_of_every_length_are_hashed() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        let messages: Vec<&[u8]> = (0..=300).map(|length| &bytes[..length]).collect();
        assert_eq!(hashes(&messages), one_by_one(&messages));
        assert_eq!(hashes(&[]), Vec::<Hash>::new());
    }

    proptest! {
        #[test]
        fn many_are_hashed_as_one_is(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 0..12)
        ) {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(hashes(&messages), one_by_one(&messages));
        }
    }
}
