//! Blocks: literals and matches as they were found, written with those codes that make them shortest (RFC 1951, 3.2.3 to
//! 3.2.7).

use std::sync::LazyLock;

use super::bits::Bits;
use super::codes::{
    Codes, DISTANCE_EXTRA, DISTANCES, END, FIRST_LENGTH, LENGTH_EXTRA, LENGTHS, LITERALS, OF_DISTANCES,
    OF_LENGTHS, OF_LITERALS, REPEAT_EXTRA,
};

/// So many literals and matches fill a block, by zlib's default of memory.
const FULL: usize = 16_383;

/// The shortest match.
pub(super) const MIN_MATCH: usize = 3;

/// RFC 1951, 3.2.7: in which order the lengths of the codes of lengths are written.
const ORDER: [usize; LENGTHS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

static FIXED: LazyLock<(Codes, Codes)> = LazyLock::new(Codes::fixed);

/// Of each length less [`MIN_MATCH`] its code, counted from [`FIRST_LENGTH`].
static LENGTH_CODE: [u8; 256] = {
    let mut codes = codes_of(&LENGTH_EXTRA);
    // The longest match has a code of its own, though the one before it would do with all bits set.
    codes[255] = 28;
    codes
};

/// Of each distance less one its code; above 255 of its 128th part, from 256 on.
static DISTANCE_CODE: [u8; 512] = {
    let near: [u8; 256] = codes_of(&DISTANCE_EXTRA);
    let mut codes = [0; 512];
    let mut index = 0;
    while index < near.len() {
        codes[index] = near[index];
        index += 1;
    }
    let mut code = 16;
    let mut at = 256 + 2;
    while code < DISTANCES {
        let mut left = 1 << (DISTANCE_EXTRA[code] - 7);
        while left > 0 {
            codes[at] = code as u8;
            at += 1;
            left -= 1;
        }
        code += 1;
    }
    codes
};

/// What each code begins with: the extra bits are added to it.
static LENGTH_BASE: [u16; 29] = {
    let mut bases = bases_of(&LENGTH_EXTRA);
    bases[28] = 255;
    bases
};
static DISTANCE_BASE: [u16; DISTANCES] = bases_of(&DISTANCE_EXTRA);

const fn bases_of<const CODES: usize>(extra: &[u8; CODES]) -> [u16; CODES] {
    let mut bases = [0; CODES];
    let mut code = 1;
    while code < CODES {
        bases[code] = bases[code - 1] + (1 << extra[code - 1]);
        code += 1;
    }
    bases
}

const fn codes_of<const CODES: usize>(extra: &[u8; CODES]) -> [u8; 256] {
    let bases = bases_of(extra);
    let mut codes = [0; 256];
    let mut code = 0;
    let mut value = 0;
    while value < codes.len() {
        while code + 1 < CODES && bases[code + 1] as usize <= value {
            code += 1;
        }
        codes[value] = code as u8;
        value += 1;
    }
    codes
}

fn distance_code(less_one: u16) -> usize {
    let index = if less_one < 256 { less_one } else { 256 + (less_one >> 7) };
    usize::from(DISTANCE_CODE[usize::from(index)])
}

/// A literal, or a match.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    /// 0 for a literal.
    distance: u16,
    /// The literal, or the length less [`MIN_MATCH`].
    value: u8,
}

/// The block that is under way.
#[derive(Debug)]
pub(super) struct Block {
    symbols: Vec<Symbol>,
    literals: [u16; LITERALS],
    distances: [u16; DISTANCES],
}

impl Block {
    pub(super) fn new() -> Self {
        let mut block = Self { symbols: Vec::new(), literals: [0; LITERALS], distances: [0; DISTANCES] };
        block.literals[END] = 1;
        block
    }

    /// Whether the block is full with this.
    #[inline]
    pub(super) fn literal(&mut self, value: u8) -> bool {
        self.symbols.push(Symbol { distance: 0, value });
        self.literals[usize::from(value)] += 1;
        self.symbols.len() == FULL
    }

    /// Whether the block is full with this.
    #[inline]
    pub(super) fn found(&mut self, distance: usize, length: usize) -> bool {
        let (distance, value) = (distance as u16, (length - MIN_MATCH) as u8);
        self.symbols.push(Symbol { distance, value });
        self.literals[FIRST_LENGTH + usize::from(LENGTH_CODE[usize::from(value)])] += 1;
        self.distances[distance_code(distance - 1)] += 1;
        self.symbols.len() == FULL
    }

    /// Writes the block, and begins the next. `stored` are its bytes, where they are still at hand.
    pub(super) fn end(&mut self, bits: &mut Bits, stored: Option<&[u8]>, is_last: bool) {
        let is_last = u32::from(is_last);
        let (literals, of_literals) = Codes::of(&self.literals, &OF_LITERALS);
        let (distances, of_distances) = Codes::of(&self.distances, &OF_DISTANCES);
        let repeats: Vec<Repeat> =
            repeats(&literals.lengths).into_iter().chain(repeats(&distances.lengths)).collect();
        let mut frequencies = [0; LENGTHS];
        for repeat in &repeats {
            frequencies[usize::from(repeat.code)] += 1;
        }
        let (lengths, of_lengths) = Codes::of(&frequencies, &OF_LENGTHS);
        let length_of = |code: usize| lengths.lengths.get(code).copied().unwrap_or_default();
        let sent = (4..=LENGTHS).rev().find(|sent| length_of(ORDER[sent - 1]) > 0).unwrap_or(4);
        let header = 3 * sent as i64 + 5 + 5 + 4;
        let bytes = |bits: i64| (bits + 3 + 7) >> 3;
        let own = bytes(of_literals.own + of_distances.own + of_lengths.own + header);
        let fixed = bytes(of_literals.fixed + of_distances.fixed);
        match stored.filter(|stored| u16::try_from(stored.len()).is_ok()) {
            Some(stored) if stored.len() as i64 + 4 <= own.min(fixed) => {
                bits.put(is_last, 3);
                bits.align();
                let length = stored.len() as u16;
                bits.bytes.extend_from_slice(&length.to_le_bytes());
                bits.bytes.extend_from_slice(&(!length).to_le_bytes());
                bits.bytes.extend_from_slice(stored);
            }
            _ if fixed <= own => {
                bits.put(1 << 1 | is_last, 3);
                self.write(bits, &FIXED.0, &FIXED.1);
            }
            _ => {
                bits.put(2 << 1 | is_last, 3);
                bits.put((literals.lengths.len() - FIRST_LENGTH) as u32, 5);
                bits.put((distances.lengths.len() - 1) as u32, 5);
                bits.put((sent - 4) as u32, 4);
                for code in &ORDER[..sent] {
                    bits.put(u32::from(length_of(*code)), 3);
                }
                for repeat in repeats {
                    let code = usize::from(repeat.code);
                    bits.put(u32::from(lengths.codes[code]), u32::from(lengths.lengths[code]));
                    bits.put(u32::from(repeat.more), u32::from(REPEAT_EXTRA[code]));
                }
                self.write(bits, &literals, &distances);
            }
        }
        if is_last == 1 {
            bits.align();
        }
        self.symbols.clear();
        self.literals = [0; LITERALS];
        self.distances = [0; DISTANCES];
        self.literals[END] = 1;
    }

    fn write(&self, bits: &mut Bits, literals: &Codes, distances: &Codes) {
        let code =
            |codes: &Codes, symbol: usize| (u32::from(codes.codes[symbol]), u32::from(codes.lengths[symbol]));
        for Symbol { distance, value } in &self.symbols {
            if *distance == 0 {
                let (code, length) = code(literals, usize::from(*value));
                bits.put(code, length);
                continue;
            }
            let length_code = usize::from(LENGTH_CODE[usize::from(*value)]);
            let (number, length) = code(literals, FIRST_LENGTH + length_code);
            let extra = u32::from(u16::from(*value) - LENGTH_BASE[length_code]);
            bits.put(number | extra << length, length + u32::from(LENGTH_EXTRA[length_code]));
            let distance = distance - 1;
            let distance_code = distance_code(distance);
            let (number, length) = code(distances, distance_code);
            let extra = u32::from(distance - DISTANCE_BASE[distance_code]);
            bits.put(number | extra << length, length + u32::from(DISTANCE_EXTRA[distance_code]));
        }
        let (code, length) = code(literals, END);
        bits.put(code, length);
    }
}

/// A length of a code, or one of the three codes that repeat one, with what stands in the bits behind it.
struct Repeat {
    code: u8,
    more: u8,
}

/// RFC 1951, 3.2.7: lengths of codes, those in a row told once.
fn repeats(lengths: &[u8]) -> Vec<Repeat> {
    let mut repeats = Vec::new();
    let mut before = None;
    let mut at = 0;
    // zlib begins a row at the length before, if it was the same, and does with fewer then.
    let (mut most, mut fewest) = if lengths.first() == Some(&0) { (138, 3) } else { (7, 4) };
    while at < lengths.len() {
        let length = lengths[at];
        let row = lengths[at..].iter().take(most).take_while(|other| **other == length).count();
        at += row;
        let next = lengths.get(at).copied();
        if row < fewest {
            repeats.extend((0..row).map(|_| Repeat { code: length, more: 0 }));
        } else if length != 0 {
            let mut row = row;
            if before != Some(length) {
                repeats.push(Repeat { code: length, more: 0 });
                row -= 1;
            }
            repeats.push(Repeat { code: 16, more: (row - 3) as u8 });
        } else if row <= 10 {
            repeats.push(Repeat { code: 17, more: (row - 3) as u8 });
        } else {
            repeats.push(Repeat { code: 18, more: (row - 11) as u8 });
        }
        before = Some(length);
        (most, fewest) = match next {
            Some(0) => (138, 3),
            Some(next) if next == length => (6, 3),
            _ => (7, 4),
        };
    }
    repeats
}
