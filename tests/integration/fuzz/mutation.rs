//! Cases out of seeds, the same for the same number.

/// The most bytes of a case.
pub(super) const LONGEST: usize = 64 * 1024;

/// What is odd in most languages.
const WORDS: [&str; 24] = [
    "",
    "\0",
    "\n",
    "\r\n",
    "\"",
    "'",
    "\\",
    "/",
    "..",
    "../",
    "//",
    "%2e%2e%2f",
    "%00",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{feff}",
    "é",
    "\u{1f600}",
    "-1",
    "18446744073709551616",
    "1e999",
    "[[[[[[[[",
    "{\"a\":",
    "null",
];

/// One case in the making.
pub(super) struct Mutation<'a> {
    state: u64,
    seeds: &'a [Vec<u8>],
    words: &'a [&'a str],
}

impl<'a> Mutation<'a> {
    pub(super) fn new(seed: u64, number: u64, seeds: &'a [Vec<u8>], words: &'a [&'a str]) -> Self {
        Self { state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ number.rotate_left(32), seeds, words }
    }

    /// A seed with something between one change and many.
    pub(super) fn case(&mut self) -> Vec<u8> {
        let mut case = self.seed().to_vec();
        for _ in 0..1 << self.below(5) {
            self.change(&mut case);
            case.truncate(LONGEST);
        }
        case
    }

    fn change(&mut self, case: &mut Vec<u8>) {
        let (start, end) = self.stretch(case.len());
        match self.below(25) / 3 {
            0 => {
                if let Some(byte) = case.get_mut(start) {
                    *byte ^= 1 << (self.state % 8);
                }
            }
            1 => _ = case.drain(start..end),
            2 => {
                let word = self.word();
                case.splice(start..start, word);
            }
            3 => {
                let word = self.word();
                case.splice(start..end, word);
            }
            4 => {
                let seed = self.seed();
                let (from, to) = self.stretch(seed.len());
                case.splice(start..start, seed[from..to].iter().copied());
            }
            5 => {
                let stretch = case[start..end].to_vec();
                let (place, _) = self.stretch(case.len());
                case.splice(place..place, stretch);
            }
            6 => case.truncate(start),
            7 => {
                let (place, _) = self.stretch(case.len());
                case.rotate_left(place);
            }
            _ => {
                // Deep, wide or long: what grows faster than its text shows here.
                let word = if self.below(2) == 0 { self.word() } else { case[start..end].to_vec() };
                let times = 1 << self.below(14);
                let many = word.repeat((LONGEST / word.len().max(1)).min(times));
                case.splice(start..start, many);
            }
        }
    }

    fn seed(&mut self) -> &'a [u8] {
        &self.seeds[self.below(self.seeds.len())]
    }

    fn word(&mut self) -> Vec<u8> {
        let number = self.below(self.words.len() + WORDS.len());
        self.words.get(number).unwrap_or_else(|| &WORDS[number - self.words.len()]).as_bytes().to_vec()
    }

    /// Where a stretch begins and ends, mostly a short one.
    fn stretch(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 16 };
        (start, start + self.below((length - start).min(most) + 1))
    }

    /// SplitMix64.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap_or_default()
    }
}
