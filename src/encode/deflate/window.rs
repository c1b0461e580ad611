//! The bytes in which matches are searched for, and the search. zlib follows the chain of all places with the hash of the next three
//! bytes, nearest first, up to a number of places that its level says. The same match is found sooner here: once there is one
//! of some length, a longer one has to be on the chain of each three bytes of it as well, and that of the rarest will do.
//! Whether zlib would have come as far on its chain is told by the numbers that places have on it.

use super::block::MIN_MATCH;

/// How far back a match may be, but for [`MIN_LOOKAHEAD`]; the window is twice as long.
const REACH: usize = 32 * 1024;
const SIZE: usize = 2 * REACH;
const MAX_MATCH: usize = 258;
/// With fewer bytes ahead more are taken in first.
const MIN_LOOKAHEAD: usize = MAX_MATCH + MIN_MATCH + 1;
const MAX_DISTANCE: usize = REACH - MIN_LOOKAHEAD;
/// Bytes that are compared at once, and may be read behind the last.
const STEP: usize = size_of::<u64>();

/// How hard a level looks for matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// With a match of this length before, a fourth of the places will do.
    pub(super) good: usize,
    /// With a match of this length before, none is looked for.
    pub(super) lazy: usize,
    /// With a match of this length no longer one is looked for.
    pub(super) nice: usize,
    /// How many places are looked at.
    pub(super) places: u16,
}

/// A match: where it begins and how long it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Match {
    pub(super) at: usize,
    pub(super) length: usize,
}

#[derive(Debug)]
pub(super) struct Window {
    bytes: Box<[u8; SIZE + MAX_MATCH + STEP]>,
    /// Where the bytes end that were taken in.
    end: usize,
    /// Where the bytes begin that are not compressed yet.
    pub(super) now: usize,
    /// Of each hash the last place and how many there were; of each place the one before with its hash, and its number.
    /// Place 0 stands for none.
    last: Box<[u16; REACH]>,
    count: Box<[u16; REACH]>,
    before: Box<[u16; REACH]>,
    number: Box<[u16; REACH]>,
}

fn boxed<T: Copy + Default + std::fmt::Debug, const LENGTH: usize>() -> Box<[T; LENGTH]> {
    vec![T::default(); LENGTH].into_boxed_slice().try_into().expect("it is as long as that")
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            bytes: boxed(),
            end: 0,
            now: 0,
            last: boxed(),
            count: boxed(),
            before: boxed(),
            number: boxed(),
        }
    }

    /// Takes in as many bytes as there is room for; how many.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(SIZE - self.end);
        self.bytes[self.end..][..length].copy_from_slice(&bytes[..length]);
        self.end += length;
        length
    }

    pub(super) fn is_full(&self) -> bool {
        self.end == SIZE
    }

    /// Bytes that are not compressed yet.
    pub(super) fn ahead(&self) -> usize {
        self.end - self.now
    }

    /// Whether there should be more before another match is looked for.
    pub(super) fn is_short(&self) -> bool {
        self.ahead() < MIN_LOOKAHEAD
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes[at]
    }

    pub(super) fn between(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    /// Forgets the first half, if it is out of reach; by how much all places are less now.
    pub(super) fn slide(&mut self) -> usize {
        if self.now < REACH + MAX_DISTANCE {
            return 0;
        }
        self.bytes.copy_within(REACH..self.end, 0);
        self.end -= REACH;
        self.now -= REACH;
        for place in self.last.iter_mut().chain(self.before.iter_mut()) {
            *place = place.saturating_sub(REACH as u16);
        }
        REACH
    }

    /// The hash of the three bytes at a place: five bits of each are not under those of another.
    #[inline(always)]
    fn hash(&self, at: usize) -> usize {
        let [a, b, c] = [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2]].map(usize::from);
        ((a << 10) ^ (b << 5) ^ c) % REACH
    }

    /// Makes a place known, if three bytes are there. Returns the one before it on its chain.
    #[inline]
    pub(super) fn insert(&mut self, at: usize) -> usize {
        if at + MIN_MATCH > self.end {
            return 0;
        }
        let hash = self.hash(at);
        let before = self.last[hash];
        self.last[hash] = at as u16;
        self.before[at % REACH] = before;
        self.count[hash] = self.count[hash].wrapping_add(1);
        self.number[at % REACH] = self.count[hash];
        usize::from(before)
    }

    /// Whether a match may begin there.
    pub(super) fn is_in_reach(&self, at: usize) -> bool {
        at != 0 && self.now - at <= MAX_DISTANCE
    }

    /// How many bytes are the same there as now; at most `most`.
    #[inline(always)]
    fn same(&self, at: usize, most: usize) -> usize {
        let word = |at: usize| {
            let word = self.bytes[at..].first_chunk::<STEP>().expect("there is room behind the last");
            u64::from_le_bytes(*word)
        };
        let mut length = 0;
        while length < most {
            let other = word(self.now + length) ^ word(at + length);
            if other != 0 {
                return most.min(length + (other.trailing_zeros() / u8::BITS) as usize);
            }
            length += STEP;
        }
        most
    }

    #[inline(always)]
    fn two(&self, at: usize) -> [u8; 2] {
        [self.bytes[at], self.bytes[at + 1]]
    }

    /// zlib's `longest_match`: the nearest of the longest matches of what comes now, of those places that zlib looks at from
    /// `nearest` on; `found` where none is longer than that.
    pub(super) fn longest(&self, nearest: usize, found: Match, effort: &Effort) -> Match {
        let most = MAX_MATCH.min(self.ahead());
        if found.length >= most {
            return found;
        }
        let places = if found.length >= effort.good { effort.places / 4 } else { effort.places };
        let search = Search {
            window: self,
            most,
            nice: effort.nice.min(most),
            places,
            // zlib looks at the nearest place if it is just in reach, at others only if they are nearer.
            limit: self.now.saturating_sub(MAX_DISTANCE).min(nearest - 1),
        };
        search.longest(nearest, found)
    }
}

/// A search for a match of what comes now.
struct Search<'a> {
    window: &'a Window,
    /// No match is longer.
    most: usize,
    /// With a match of this length no longer one is looked for.
    nice: usize,
    /// How many places on the chain of the first three bytes zlib looks at.
    places: u16,
    /// Matches begin behind this place.
    limit: usize,
}

/// A place on a chain of three bytes, which are so far behind the beginning of a match.
#[derive(Clone, Copy)]
struct Chain {
    place: usize,
    offset: usize,
}

impl Search<'_> {
    fn longest(&self, nearest: usize, found: Match) -> Match {
        let window = self.window;
        let mut best = found;
        let Some(mut chain) = self.rarest_ahead(nearest, found.length) else { return best };
        let start = window.two(window.now);
        let mut end = window.two(window.now + best.length - 1);
        // The rarest bytes may be frequent, too, and zlib may be done after fewer places: then it is quicker to do as zlib does.
        for _ in 0..self.places / 8 {
            let at = chain.place - chain.offset;
            if window.two(at + best.length - 1) == end && window.two(at) == start {
                let length = window.same(at, self.most);
                if length > best.length {
                    if !self.is_looked_at(at) {
                        return best;
                    }
                    best = Match { at, length };
                    if length >= self.nice {
                        return best;
                    }
                    end = window.two(window.now + best.length - 1);
                    match self.rarest(best) {
                        Some(rarest) => chain = rarest,
                        None => return best,
                    }
                    continue;
                }
            }
            match self.next(chain) {
                Some(next) => chain = next,
                None => return best,
            }
        }
        self.walk(nearest, chain.place - chain.offset, best)
    }

    /// Whether zlib comes as far: places are numbered on their chain.
    fn is_looked_at(&self, at: usize) -> bool {
        let number = |at: usize| self.window.number[at % REACH];
        number(self.window.now).wrapping_sub(number(at)) <= self.places
    }

    /// The place before one, if a match may begin there.
    #[inline(always)]
    fn next(&self, chain: Chain) -> Option<Chain> {
        let place = usize::from(self.window.before[chain.place % REACH]);
        (place > self.limit + chain.offset).then_some(Chain { place, ..chain })
    }

    /// The chain on which to begin if a match has to be longer than `length`; `None` where there can be none.
    fn rarest_ahead(&self, nearest: usize, length: usize) -> Option<Chain> {
        let mut rarest = Chain { place: nearest, offset: 0 };
        let mut fewest = self.frequency(0);
        // Places behind now are not known yet: of the chains ahead those will do that no match is too near for.
        let most = (length + 1).saturating_sub(MIN_MATCH).min(self.window.now - nearest);
        // The last is the one that was not part of a match before.
        for offset in (1..=most).rev() {
            let chain = self.ahead(offset)?;
            let frequency = self.frequency(offset);
            if frequency < fewest {
                fewest = frequency;
                rarest = chain;
            }
        }
        Some(rarest)
    }

    /// The chain of the rarest bytes, of all on which a match has to be that is longer than one; `None` where there can be
    /// none.
    fn rarest(&self, best: Match) -> Option<Chain> {
        // Places behind now are not known yet.
        let known = self.window.now - best.at;
        let mut rarest = Chain { place: best.at, offset: 0 };
        let mut fewest = u16::MAX;
        // The first byte that has to be the same as well ends three of which the last place is known.
        let last = best.length + 1 - MIN_MATCH;
        if last <= known {
            rarest = self.ahead(last)?;
            fewest = self.frequency(last);
        }
        for offset in 0..last.min(known + 1) {
            let next = self.next(Chain { place: best.at + offset, offset })?;
            let frequency = self.frequency(offset);
            if frequency <= fewest {
                fewest = frequency;
                rarest = next;
            }
        }
        Some(rarest)
    }

    /// The chain of the three bytes so far ahead, at its nearest place; `None` where no match can begin before that.
    #[inline(always)]
    fn ahead(&self, offset: usize) -> Option<Chain> {
        let place = usize::from(self.window.last[self.window.hash(self.window.now + offset)]);
        (place > self.limit + offset).then_some(Chain { place, offset })
    }

    /// About how often the three bytes so far ahead were there.
    #[inline(always)]
    fn frequency(&self, offset: usize) -> u16 {
        self.window.count[self.window.hash(self.window.now + offset)]
    }

    /// What zlib does, of the places before `below`.
    fn walk(&self, nearest: usize, below: usize, found: Match) -> Match {
        let mut best = found;
        let mut chain = Some(Chain { place: nearest, offset: 0 });
        for _ in 0..self.places {
            let Some(Chain { place, .. }) = chain else { break };
            if place <= below {
                let length = self.window.same(place, self.most);
                if length > best.length {
                    best = Match { at: place, length };
                    if length >= self.nice {
                        break;
                    }
                }
            }
            chain = chain.and_then(|chain| self.next(chain));
        }
        best
    }
}
