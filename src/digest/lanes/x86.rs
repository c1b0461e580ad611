//! Sixteen messages at a time where a processor has AVX-512, eight where it has AVX2.

use std::arch::x86_64::{__m256i, __m512i};

use pulp::x86::{V3, V4};
use pulp::{NullaryFnOnce, cast};

use super::blocks::{Block, Machine, State, take_in};
use super::{Hash, side_by_side};

/// `None` where the processor has neither.
pub(super) fn hashes(messages: &[&[u8]]) -> Option<Vec<Hash>> {
    avx512(messages).or_else(|| avx2(messages))
}

fn avx512(messages: &[&[u8]]) -> Option<Vec<Hash>> {
    let machine = V4::try_new()?;
    Some(side_by_side(messages, |state, runs, count| {
        machine.vectorize(TakeIn { machine: Avx512(machine), state, runs, count })
    }))
}

pub(super) fn avx2(messages: &[&[u8]]) -> Option<Vec<Hash>> {
    let machine = V3::try_new()?;
    Some(side_by_side(messages, |state, runs, count| {
        machine.vectorize(TakeIn { machine: Avx2(machine), state, runs, count })
    }))
}

/// [`take_in`], to be compiled for a machine.
struct TakeIn<'a, const LANES: usize, M> {
    machine: M,
    state: State<LANES>,
    runs: [&'a [Block]; LANES],
    count: usize,
}

impl<const LANES: usize, M: Machine<LANES>> NullaryFnOnce for TakeIn<'_, LANES, M> {
    type Output = State<LANES>;

    #[inline(always)]
    fn call(self) -> State<LANES> {
        take_in(self.machine, self.state, self.runs, self.count)
    }
}

#[derive(Clone, Copy)]
struct Avx2(V3);

impl Machine<8> for Avx2 {
    type Words = __m256i;

    #[inline(always)]
    fn vector(self, words: [u32; 8]) -> __m256i {
        cast(words)
    }

    #[inline(always)]
    fn words(self, vector: __m256i) -> [u32; 8] {
        cast(vector)
    }

    /// Both halves of the blocks are transposed: words of two messages side by side, of four, of all.
    #[inline(always)]
    fn blocks(self, blocks: [&Block; 8]) -> [__m256i; 16] {
        let avx2 = self.0.avx2;
        let none = self.vector([0; 8]);
        let mut words = [none; 16];
        for half in 0..2 {
            let mut rows = [none; 8];
            for (row, block) in rows.iter_mut().zip(blocks) {
                let mut bytes = [0; 32];
                bytes.copy_from_slice(&block[half * 32..half * 32 + 32]);
                *row = cast(bytes);
            }
            let mut twos = [none; 8];
            for pair in 0..4 {
                let (left, right) = (rows[2 * pair], rows[2 * pair + 1]);
                twos[2 * pair] = avx2._mm256_unpacklo_epi32(left, right);
                twos[2 * pair + 1] = avx2._mm256_unpackhi_epi32(left, right);
            }
            let mut fours = [none; 8];
            for (four, two) in [(0, 0), (2, 1), (4, 4), (6, 5)] {
                fours[four] = avx2._mm256_unpacklo_epi64(twos[two], twos[two + 2]);
                fours[four + 1] = avx2._mm256_unpackhi_epi64(twos[two], twos[two + 2]);
            }
            for word in 0..4 {
                let (left, right) = (fours[word], fours[word + 4]);
                words[half * 8 + word] = avx2._mm256_permute2x128_si256::<0x20>(left, right);
                words[half * 8 + word + 4] = avx2._mm256_permute2x128_si256::<0x31>(left, right);
            }
        }
        words
    }

    #[inline(always)]
    fn add(self, left: __m256i, right: __m256i) -> __m256i {
        self.0.avx2._mm256_add_epi32(left, right)
    }

    #[inline(always)]
    fn and(self, left: __m256i, right: __m256i) -> __m256i {
        self.0.avx2._mm256_and_si256(left, right)
    }

    #[inline(always)]
    fn or(self, left: __m256i, right: __m256i) -> __m256i {
        self.0.avx2._mm256_or_si256(left, right)
    }

    #[inline(always)]
    fn xor(self, left: __m256i, right: __m256i) -> __m256i {
        self.0.avx2._mm256_xor_si256(left, right)
    }

    #[inline(always)]
    fn rotate<const LEFT: i32, const RIGHT: i32>(self, vector: __m256i) -> __m256i {
        let avx2 = self.0.avx2;
        self.or(avx2._mm256_slli_epi32::<LEFT>(vector), avx2._mm256_srli_epi32::<RIGHT>(vector))
    }
}

#[derive(Clone, Copy)]
struct Avx512(V4);

impl Machine<16> for Avx512 {
    type Words = __m512i;

    #[inline(always)]
    fn vector(self, words: [u32; 16]) -> __m512i {
        cast(words)
    }

    #[inline(always)]
    fn words(self, vector: __m512i) -> [u32; 16] {
        cast(vector)
    }

    /// The blocks are transposed: words of two messages side by side, of four, of eight, of all.
    #[inline(always)]
    fn blocks(self, blocks: [&Block; 16]) -> [__m512i; 16] {
        let avx512 = self.0.avx512f;
        let none = self.vector([0; 16]);
        let mut rows = [none; 16];
        for (row, block) in rows.iter_mut().zip(blocks) {
            *row = cast(*block);
        }
        let mut twos = [none; 16];
        for pair in 0..8 {
            let (left, right) = (rows[2 * pair], rows[2 * pair + 1]);
            twos[2 * pair] = avx512._mm512_unpacklo_epi32(left, right);
            twos[2 * pair + 1] = avx512._mm512_unpackhi_epi32(left, right);
        }
        let mut fours = [none; 16];
        for (four, two) in [(0, 0), (2, 1), (4, 4), (6, 5), (8, 8), (10, 9), (12, 12), (14, 13)] {
            fours[four] = avx512._mm512_unpacklo_epi64(twos[two], twos[two + 2]);
            fours[four + 1] = avx512._mm512_unpackhi_epi64(twos[two], twos[two + 2]);
        }
        let mut words = [none; 16];
        for word in 0..4 {
            let [one, two, three, four] = [fours[word], fours[word + 4], fours[word + 8], fours[word + 12]];
            // Words 0 and 2, then 1 and 3, of each stretch of four.
            let even = avx512._mm512_shuffle_i32x4::<0x88>(one, two);
            let odd = avx512._mm512_shuffle_i32x4::<0xdd>(one, two);
            let more_even = avx512._mm512_shuffle_i32x4::<0x88>(three, four);
            let more_odd = avx512._mm512_shuffle_i32x4::<0xdd>(three, four);
            words[word] = avx512._mm512_shuffle_i32x4::<0x88>(even, more_even);
            words[word + 4] = avx512._mm512_shuffle_i32x4::<0x88>(odd, more_odd);
            words[word + 8] = avx512._mm512_shuffle_i32x4::<0xdd>(even, more_even);
            words[word + 12] = avx512._mm512_shuffle_i32x4::<0xdd>(odd, more_odd);
        }
        words
    }

    #[inline(always)]
    fn add(self, left: __m512i, right: __m512i) -> __m512i {
        self.0.avx512f._mm512_add_epi32(left, right)
    }

    #[inline(always)]
    fn and(self, left: __m512i, right: __m512i) -> __m512i {
        self.0.avx512f._mm512_and_si512(left, right)
    }

    #[inline(always)]
    fn or(self, left: __m512i, right: __m512i) -> __m512i {
        self.0.avx512f._mm512_or_si512(left, right)
    }

    #[inline(always)]
    fn xor(self, left: __m512i, right: __m512i) -> __m512i {
        self.0.avx512f._mm512_xor_si512(left, right)
    }

    #[inline(always)]
    fn rotate<const LEFT: i32, const RIGHT: i32>(self, vector: __m512i) -> __m512i {
        self.0.avx512f._mm512_rol_epi32::<LEFT>(vector)
    }
}
