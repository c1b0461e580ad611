//! Huffman codes as zlib makes them: of several that are equally short the same, as its heap breaks ties.

/// The codes of literals and lengths, of distances, and of the lengths of codes.
pub(super) const LITERALS: usize = 286;
pub(super) const DISTANCES: usize = 30;
pub(super) const LENGTHS: usize = 19;

/// The literal that ends a block; behind it are the lengths of matches.
pub(super) const END: usize = 256;
pub(super) const FIRST_LENGTH: usize = 257;

/// RFC 1951, 3.2.5: bits behind the code of a length.
pub(super) const LENGTH_EXTRA: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/// RFC 1951, 3.2.5: bits behind the code of a distance.
pub(super) const DISTANCE_EXTRA: [u8; DISTANCES] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/// RFC 1951, 3.2.7: bits behind those codes that repeat a length.
pub(super) const REPEAT_EXTRA: [u8; LENGTHS] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];

/// The longest code of a literal or a distance, in bits.
const LONGEST: usize = 15;
/// Nodes of the largest tree, and one more as places in the heap are counted from 1.
const NODES: usize = 2 * LITERALS + 1;

/// What codes are made for.
pub(super) struct Alphabet {
    /// How many symbols there are.
    pub(super) symbols: usize,
    /// The bits behind the code of a symbol, of the symbols from this one on.
    pub(super) extra: (usize, &'static [u8]),
    /// The longest code, in bits.
    pub(super) longest: usize,
    /// How long the fixed code of a symbol is, where there is one.
    pub(super) fixed: Option<fn(usize) -> u8>,
}

pub(super) const OF_LITERALS: Alphabet = Alphabet {
    symbols: LITERALS,
    extra: (FIRST_LENGTH, &LENGTH_EXTRA),
    longest: LONGEST,
    fixed: Some(fixed_literal),
};
pub(super) const OF_DISTANCES: Alphabet =
    Alphabet { symbols: DISTANCES, extra: (0, &DISTANCE_EXTRA), longest: LONGEST, fixed: Some(|_| 5) };
pub(super) const OF_LENGTHS: Alphabet =
    Alphabet { symbols: LENGTHS, extra: (0, &REPEAT_EXTRA), longest: 7, fixed: None };

/// RFC 1951, 3.2.6.
fn fixed_literal(symbol: usize) -> u8 {
    match symbol {
        0..=143 => 8,
        144..=255 => 9,
        256..=279 => 7,
        _ => 8,
    }
}

/// Codes of the symbols of an alphabet.
#[derive(Debug)]
pub(super) struct Codes {
    /// In bits; 0 for a symbol that has none. Ends behind the last symbol that has one.
    pub(super) lengths: Vec<u8>,
    /// As they are written, their first bit lowest.
    pub(super) codes: Vec<u16>,
}

/// What codes cost.
#[derive(Debug, Default)]
pub(super) struct Cost {
    /// Bits of all symbols with these codes.
    pub(super) own: i64,
    /// Bits of all symbols with the fixed ones.
    pub(super) fixed: i64,
}

impl Codes {
    /// RFC 1951, 3.2.6: literals and two that are never used, distances.
    pub(super) fn fixed() -> (Self, Self) {
        let of = |lengths: Vec<u8>| Self { codes: numbered(&lengths), lengths };
        (of((0..LITERALS + 2).map(fixed_literal).collect()), of(vec![5; DISTANCES]))
    }

    /// The best codes for symbols that occur so often.
    pub(super) fn of(frequencies: &[u16], alphabet: &Alphabet) -> (Self, Cost) {
        let mut tree = Tree::new(frequencies, alphabet.symbols);
        let mut cost = Cost::default();
        // There must be two, so that one bit at least is sent.
        while tree.heap_length < 2 {
            let symbol = if tree.last < 2 { (tree.last + 1) as usize } else { 0 };
            tree.last = tree.last.max(symbol as i32);
            tree.frequency[symbol] = 1;
            tree.heap_length += 1;
            tree.heap[tree.heap_length] = symbol as u16;
            cost.own -= 1;
            cost.fixed -= alphabet.fixed.map_or(0, |fixed| i64::from(fixed(symbol)));
        }
        tree.combine(alphabet.symbols);
        let lengths = tree.lengths(alphabet, &mut cost);
        (Self { codes: numbered(&lengths), lengths }, cost)
    }
}

/// RFC 1951, 3.2.2.
fn numbered(lengths: &[u8]) -> Vec<u16> {
    let mut next = [0_u16; LONGEST + 2];
    for length in lengths.iter().filter(|length| **length > 0) {
        next[usize::from(*length) + 1] += 1;
    }
    for bits in 1..next.len() {
        next[bits] = (next[bits] + next[bits - 1]) << 1;
    }
    let number = |length: &u8| match *length {
        0 => 0,
        length => {
            let code = next[usize::from(length)];
            next[usize::from(length)] += 1;
            code.reverse_bits() >> (u16::BITS - u32::from(length))
        }
    };
    lengths.iter().map(number).collect()
}

/// A Huffman tree: symbols first, then the nodes above them.
struct Tree {
    frequency: [u16; NODES],
    depth: [u8; NODES],
    parent: [u16; NODES],
    /// From 1 the nodes without a parent, the rarest first; from `sorted` on those with one, the rarest last.
    heap: [u16; NODES],
    heap_length: usize,
    sorted: usize,
    /// The last symbol that occurs; -1 where none does.
    last: i32,
}

/// Where the rarest node is.
const RAREST: usize = 1;

impl Tree {
    fn new(frequencies: &[u16], symbols: usize) -> Self {
        let mut tree = Self {
            frequency: [0; NODES],
            depth: [0; NODES],
            parent: [0; NODES],
            heap: [0; NODES],
            heap_length: 0,
            sorted: NODES,
            last: -1,
        };
        tree.frequency[..symbols].copy_from_slice(&frequencies[..symbols]);
        for symbol in (0..symbols).filter(|symbol| frequencies[*symbol] > 0) {
            tree.heap_length += 1;
            tree.heap[tree.heap_length] = symbol as u16;
            tree.last = symbol as i32;
        }
        tree
    }

    /// Whether a node comes before another: the rarer, or of two equally rare ones the less deep.
    fn comes_before(&self, node: u16, other: u16) -> bool {
        let rank = |node: u16| (self.frequency[usize::from(node)], self.depth[usize::from(node)]);
        rank(node) <= rank(other)
    }

    fn sift_down(&mut self, mut place: usize) {
        let node = self.heap[place];
        let mut son = place * 2;
        while son <= self.heap_length {
            if son < self.heap_length && self.comes_before(self.heap[son + 1], self.heap[son]) {
                son += 1;
            }
            if self.comes_before(node, self.heap[son]) {
                break;
            }
            self.heap[place] = self.heap[son];
            place = son;
            son *= 2;
        }
        self.heap[place] = node;
    }

    /// Puts a node above the two rarest until one is above all.
    fn combine(&mut self, symbols: usize) {
        for place in (1..=self.heap_length / 2).rev() {
            self.sift_down(place);
        }
        for node in symbols.. {
            let rarest = self.heap[RAREST];
            self.heap[RAREST] = self.heap[self.heap_length];
            self.heap_length -= 1;
            self.sift_down(RAREST);
            let next = self.heap[RAREST];
            self.sorted -= 2;
            self.heap[self.sorted + 1] = rarest;
            self.heap[self.sorted] = next;
            let (rarest, next) = (usize::from(rarest), usize::from(next));
            self.frequency[node] = self.frequency[rarest] + self.frequency[next];
            self.depth[node] = self.depth[rarest].max(self.depth[next]) + 1;
            self.parent[rarest] = node as u16;
            self.parent[next] = node as u16;
            self.heap[RAREST] = node as u16;
            self.sift_down(RAREST);
            if self.heap_length < 2 {
                break;
            }
        }
        self.sorted -= 1;
        self.heap[self.sorted] = self.heap[RAREST];
    }

    /// How long the codes are, and what they cost. Where some would be too long, others become longer.
    fn lengths(&self, alphabet: &Alphabet, cost: &mut Cost) -> Vec<u8> {
        let mut lengths = [0_u8; NODES];
        let mut count = [0_u16; LONGEST + 1];
        let mut overflow = 0;
        let is_symbol = |node: usize| node as i32 <= self.last;
        for node in self.heap[self.sorted + 1..].iter().map(|node| usize::from(*node)) {
            let mut bits = usize::from(lengths[usize::from(self.parent[node])]) + 1;
            if bits > alphabet.longest {
                bits = alphabet.longest;
                overflow += 1;
            }
            lengths[node] = bits as u8;
            if !is_symbol(node) {
                continue;
            }
            count[bits] += 1;
            let (first, extra) = alphabet.extra;
            let extra = node.checked_sub(first).map_or(0, |index| extra[index]);
            let times = i64::from(self.frequency[node]);
            cost.own += times * i64::from(lengths[node] + extra);
            cost.fixed += alphabet.fixed.map_or(0, |fixed| times * i64::from(fixed(node) + extra));
        }
        if overflow > 0 {
            while overflow > 0 {
                let bits = (1..alphabet.longest).rev().find(|bits| count[*bits] > 0).unwrap_or_default();
                // One leaf moves down, and one that was too deep becomes its brother.
                count[bits] -= 1;
                count[bits + 1] += 2;
                count[alphabet.longest] -= 1;
                overflow -= 2;
            }
            let rarest_first = self.heap[self.sorted..].iter().rev().map(|node| usize::from(*node));
            let mut leaves = rarest_first.filter(|node| is_symbol(*node));
            for bits in (1..=alphabet.longest).rev() {
                for node in leaves.by_ref().take(usize::from(count[bits])) {
                    let longer = i64::try_from(bits).unwrap_or_default() - i64::from(lengths[node]);
                    cost.own += longer * i64::from(self.frequency[node]);
                    lengths[node] = bits as u8;
                }
            }
        }
        lengths[..=usize::try_from(self.last).unwrap_or_default()].to_vec()
    }
}
