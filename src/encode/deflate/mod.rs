//! Gzip at the levels that search long for matches, byte for byte as zlib writes it, in half of the time. A push with gzip spent
//! four fifths of its CPU time in zlib's search, and no other encoder comes to the same bytes, which are the ETags of a bucket
//! that collectstatic filled. zlib itself is what the tests hold it against. Pure: bytes in, bytes out.
//!
//! An altered version of zlib 1.3's `deflate.c` and `trees.c`, Copyright (C) 1995-2026 Jean-loup Gailly and Mark Adler, whose
//! notice stands in `LICENSE`: but for the search, which is in [`window`], every decision is theirs.

mod bits;
mod block;
mod codes;
mod window;

use std::io::{self, Write};
use std::mem;

use flate2::Crc;

use bits::Bits;
use block::{Block, MIN_MATCH};
use window::{Effort, Match, Window};

/// Compressed bytes that are handed on at once.
const PIECE: usize = 64 * 1024;

/// A match of three bytes is not worth while if it is so far away.
const TOO_FAR: usize = 4096;

/// How zlib looks for matches at a level; `None` for those at which there is nothing to win.
fn effort(level: u32) -> Option<Effort> {
    match level {
        8 => Some(Effort { good: 32, lazy: 128, nice: 258, places: 1024 }),
        9 => Some(Effort { good: 32, lazy: 258, nice: 258, places: 4096 }),
        _ => None,
    }
}

/// A stream of gzip in the making; what is written to it comes out compressed at `sink`.
#[derive(Debug)]
pub(super) struct Gzip<W> {
    sink: W,
    effort: Effort,
    window: Window,
    bits: Bits,
    block: Block,
    /// Where the block began; below 0 where that slid out of the window.
    block_start: isize,
    /// The match that begins one byte ago, or of length 2 where none does.
    before: Match,
    /// Whether the byte before is not written yet.
    is_waiting: bool,
    crc: Crc,
}

impl<W: Write> Gzip<W> {
    /// A stream at a level; the sink, where it is not one of the levels for which this was made.
    pub(super) fn new(sink: W, level: u32) -> Result<Self, W> {
        let Some(effort) = effort(level) else { return Err(sink) };
        let mut bits = Bits::default();
        // RFC 1952, 2.3: deflate, no flags, no time; the best compression or none in particular; Unix.
        let thoroughly = if level == 9 { 2 } else { 0 };
        bits.bytes.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, thoroughly, super::UNIX]);
        Ok(Self {
            sink,
            effort,
            window: Window::new(),
            bits,
            block: Block::new(),
            block_start: 0,
            before: Match { at: 0, length: MIN_MATCH - 1 },
            is_waiting: false,
            crc: Crc::new(),
        })
    }

    /// Compresses the rest; gives the sink back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.compress(true)?;
        if self.is_waiting {
            self.block.literal(self.window.byte(self.window.now - 1));
        }
        self.end_block(self.window.now, true)?;
        self.bits.bytes.extend_from_slice(&self.crc.sum().to_le_bytes());
        self.bits.bytes.extend_from_slice(&self.crc.amount().to_le_bytes());
        self.sink.write_all(&self.bits.bytes)?;
        Ok(self.sink)
    }

    /// zlib's `deflate_slow`: of two matches that begin side by side the longer is taken.
    fn compress(&mut self, is_last: bool) -> io::Result<()> {
        loop {
            if self.window.is_short() {
                let slid = self.window.slide();
                // It may begin before the window now; its distance stays right.
                self.before.at = self.before.at.wrapping_sub(slid);
                self.block_start -= slid.cast_signed();
                if !is_last || self.window.ahead() == 0 {
                    return Ok(());
                }
            }
            let now = self.window.now;
            let nearest = self.window.insert(now);
            let before = self.before;
            let mut found = Match { at: before.at, length: MIN_MATCH - 1 };
            if nearest != 0 && before.length < self.effort.lazy && self.window.is_in_reach(nearest) {
                found = self.window.longest(nearest, before, &self.effort);
                if found.length == MIN_MATCH && now.wrapping_sub(found.at) > TOO_FAR {
                    found.length = MIN_MATCH - 1;
                }
            }
            let (is_full, end) = if before.length >= MIN_MATCH && found.length <= before.length {
                let end = now - 1 + before.length;
                for at in now + 1..end {
                    self.window.insert(at);
                }
                self.window.now = end;
                self.before.length = MIN_MATCH - 1;
                self.is_waiting = false;
                (self.block.found((now - 1).wrapping_sub(before.at), before.length), end)
            } else {
                self.window.now = now + 1;
                self.before = found;
                let was_waiting = mem::replace(&mut self.is_waiting, true);
                (was_waiting && self.block.literal(self.window.byte(now - 1)), now)
            };
            if is_full {
                self.end_block(end, false)?;
            }
        }
    }

    /// Ends the block before a place of the window.
    fn end_block(&mut self, end: usize, is_last: bool) -> io::Result<()> {
        let stored = usize::try_from(self.block_start).ok().map(|start| self.window.between(start, end));
        self.block.end(&mut self.bits, stored, is_last);
        self.block_start = end.cast_signed();
        if self.bits.bytes.len() >= PIECE {
            self.sink.write_all(&self.bits.bytes)?;
            self.bits.bytes.clear();
        }
        Ok(())
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc.update(bytes);
        let mut left = bytes;
        while !left.is_empty() {
            left = &left[self.window.fill(left)..];
            // Never sooner, so that it does not matter in which pieces the bytes come.
            if self.window.is_full() {
                self.compress(false)?;
            }
        }
        Ok(bytes.len())
    }

    /// Does nothing: what is not compressed yet is compressed at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
