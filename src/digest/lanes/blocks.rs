//! One block of each of several messages: the steps of RFC 1321, 3.4, on vectors of words. How a machine calculates with
//! vectors is its own business.

/// Bytes that MD5 takes in at a time.
pub(super) type Block = [u8; 64];

/// The four words of every message under way.
pub(super) type State<const LANES: usize> = [[u32; LANES]; 4];

/// RFC 1321, 3.3.
pub(super) const BEGINNING: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

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

/// How a machine calculates with vectors of words. Everything must become part of [`take_in`], since a vector is only in
/// a register within one function: hence `inline(always)` everywhere, and no closures.
pub(super) trait Machine<const LANES: usize>: Copy {
    /// A word of every message.
    type Words: Copy;

    fn vector(self, words: [u32; LANES]) -> Self::Words;
    fn words(self, vector: Self::Words) -> [u32; LANES];
    /// The sixteen words (little-endian) of a block of every message.
    fn blocks(self, blocks: [&Block; LANES]) -> [Self::Words; 16];
    fn add(self, left: Self::Words, right: Self::Words) -> Self::Words;
    fn and(self, left: Self::Words, right: Self::Words) -> Self::Words;
    fn or(self, left: Self::Words, right: Self::Words) -> Self::Words;
    fn xor(self, left: Self::Words, right: Self::Words) -> Self::Words;
    /// Both distances are given, since they must be constants: together they are 32.
    fn rotate<const LEFT: i32, const RIGHT: i32>(self, vector: Self::Words) -> Self::Words;
}

/// RFC 1321, 3.4, for the first blocks of every run.
#[inline(always)]
pub(super) fn take_in<const LANES: usize, M: Machine<LANES>>(
    machine: M,
    [a, b, c, d]: State<LANES>,
    runs: [&[Block]; LANES],
    count: usize,
) -> State<LANES> {
    let mut state = [machine.vector(a), machine.vector(b), machine.vector(c), machine.vector(d)];
    let ones = machine.vector([u32::MAX; LANES]);
    for index in 0..count {
        let mut blocks = [&runs[0][index]; LANES];
        for (block, run) in blocks.iter_mut().zip(&runs) {
            *block = &run[index];
        }
        let words = machine.blocks(blocks);
        let [mut a, mut b, mut c, mut d] = state;
        macro_rules! mix {
            (f $b:ident $c:ident $d:ident) => {
                machine.xor($d, machine.and($b, machine.xor($c, $d)))
            };
            (g $b:ident $c:ident $d:ident) => {
                machine.xor($c, machine.and($d, machine.xor($b, $c)))
            };
            (h $b:ident $c:ident $d:ident) => {
                machine.xor(machine.xor($b, $c), $d)
            };
            (i $b:ident $c:ident $d:ident) => {
                machine.xor($c, machine.or($b, machine.xor($d, ones)))
            };
        }
        macro_rules! step {
            ($mix:ident $a:ident $b:ident $c:ident $d:ident, $word:literal, $step:expr, $left:literal) => {
                // What does not wait for the step before is added first.
                let ready = machine.add($a, machine.add(words[$word], machine.vector([SINES[$step]; LANES])));
                let sum = machine.add(ready, mix!($mix $b $c $d));
                $a = machine.add(machine.rotate::<$left, { 32 - $left }>(sum), $b);
            };
        }
        // How four steps mix and rotate; the number of the first of each four, and which words they take.
        macro_rules! round {
            ($mix:ident $r:literal $s:literal $t:literal $u:literal: $($step:literal: $i:literal $j:literal $k:literal $l:literal),+) => { $(
                step!($mix a b c d, $i, $step, $r);
                step!($mix d a b c, $j, $step + 1, $s);
                step!($mix c d a b, $k, $step + 2, $t);
                step!($mix b c d a, $l, $step + 3, $u);
            )+ };
        }
        round!(f 7 12 17 22: 0: 0 1 2 3, 4: 4 5 6 7, 8: 8 9 10 11, 12: 12 13 14 15);
        round!(g 5 9 14 20: 16: 1 6 11 0, 20: 5 10 15 4, 24: 9 14 3 8, 28: 13 2 7 12);
        round!(h 4 11 16 23: 32: 5 8 11 14, 36: 1 4 7 10, 40: 13 0 3 6, 44: 9 12 15 2);
        round!(i 6 10 15 21: 48: 0 7 14 5, 52: 12 3 10 1, 56: 8 15 6 13, 60: 4 11 2 9);
        let [was_a, was_b, was_c, was_d] = state;
        state = [machine.add(was_a, a), machine.add(was_b, b), machine.add(was_c, c), machine.add(was_d, d)];
    }
    let [a, b, c, d] = state;
    [machine.words(a), machine.words(b), machine.words(c), machine.words(d)]
}
