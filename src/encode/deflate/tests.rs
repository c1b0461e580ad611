use std::io::Read as _;

use flate2::GzBuilder;
use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;
use crate::encode::UNIX;

const LEVELS: [u32; 2] = [8, 9];
const KIB: usize = 1024;

fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let header = GzBuilder::new().operating_system(UNIX);
    let mut encoder = header.write(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn ours(bytes: &[u8], level: u32, piece: usize) -> Vec<u8> {
    let mut encoder = Gzip::new(Vec::new(), level).expect("a level for this");
    bytes.chunks(piece).for_each(|piece| encoder.write_all(piece).expect("memory takes all"));
    encoder.finish().expect("memory takes all")
}

/// The same numbers on every machine.
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::from_fn(move || {
        // Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(state >> 33)
    })
}

/// Bytes of so many kinds.
fn bytes_of(kinds: u64, length: usize) -> Vec<u8> {
    noise(kinds).map(|number| (number % kinds) as u8).take(length).collect()
}

/// Text of words that come again and again: with all of zlib's lazy matches, far and near.
fn text(length: usize) -> Vec<u8> {
    let words: Vec<String> =
        noise(7).map(|number| format!("{:x} ", number % (1 << (number % 31)))).take(400).collect();
    let text = noise(8).flat_map(|number| words[number as usize % words.len()].bytes());
    text.take(length).collect()
}

/// What is all matches, then nothing that compresses, so that a block begins far before its end.
fn mixed(length: usize) -> Vec<u8> {
    let stretches = noise(9).flat_map(|number| {
        let length = number as usize % (3 * KIB);
        match number % 3 {
            0 => vec![b'-'; length],
            1 => noise(number).map(|number| number as u8).take(length).collect(),
            _ => text(length),
        }
    });
    stretches.take(length).collect()
}

#[test]
fn every_kind_of_bytes_is_compressed_as_by_zlib() {
    let window = 64 * KIB;
    for length in [0, 1, 2, 3, 4, 258, 259, 261, 262, 263, 16_383, 16_384, 32_768] {
        for bytes in [bytes_of(1, length), bytes_of(200, length), text(length)] {
            for level in LEVELS {
                assert!(ours(&bytes, level, window) == zlib(&bytes, level), "{length} bytes, level {level}");
            }
        }
    }
    let reach = window - 262;
    for length in [reach - 1, reach, reach + 1, window - 1, window, window + 1, 3 * window + 5] {
        let kinds = [bytes_of(1, length), bytes_of(3, length), bytes_of(256, length)];
        for (kind, bytes) in kinds.into_iter().chain([text(length), mixed(length)]).enumerate() {
            assert!(ours(&bytes, 9, window) == zlib(&bytes, 9), "{length} bytes, kind {kind}");
        }
    }
}

const NEEDLE: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// More places than zlib looks at, so that what it no longer sees must not be found. Never does it see the first byte of all.
#[test]
fn what_is_too_far_down_a_chain_is_not_found() {
    for level in LEVELS {
        for places in [255, 256, 257, 1022, 1023, 1024, 1025, 4094, 4095, 4096, 4097] {
            for before in [&b"-"[..], b""] {
                let mut bytes = [before, NEEDLE].concat();
                let mut filler = noise(3).map(|number| number as u8 | 0x80);
                for _ in 0..places {
                    bytes.extend(b"abc".iter().copied().chain(filler.by_ref().take(2)));
                }
                bytes.extend(NEEDLE);
                assert!(ours(&bytes, level, KIB) == zlib(&bytes, level), "{places} places, level {level}");
            }
        }
    }
}

/// zlib looks farther back by one byte at the first place than at the others.
#[test]
fn what_is_just_out_of_reach_is_not_found() {
    for distance in 32_500..32_512 {
        for nearer in [&b""[..], b"abc-", b"abc-abc-", b"Xab-"] {
            let mut bytes = [b"-", NEEDLE].concat();
            bytes.resize(bytes.len() + distance - NEEDLE.len() - nearer.len() - 1, b'.');
            bytes.extend([nearer, b"X", NEEDLE].concat());
            assert!(ours(&bytes, 9, KIB) == zlib(&bytes, 9), "{distance} bytes, behind {nearer:?}");
        }
    }
}

#[test]
fn it_does_not_matter_in_which_pieces_bytes_come() {
    let bytes = mixed(200 * KIB);
    let whole = ours(&bytes, 9, bytes.len());
    for piece in [1000, 32 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1] {
        assert!(ours(&bytes, 9, piece) == whole, "pieces of {piece}");
    }
    let mut back = Vec::new();
    GzDecoder::new(&*whole).read_to_end(&mut back).expect("gzip");
    assert!(back == bytes);
}

#[test]
fn other_levels_are_for_zlib() {
    for level in 0..8 {
        assert!(Gzip::new(Vec::new(), level).is_err(), "{level}");
    }
}

proptest! {
    /// Few letters and copies of what was there: chains are long, and matches end everywhere.
    #[test]
    fn whatever_it_is_is_compressed_as_by_zlib(
        steps in proptest::collection::vec((0..3_u8, any::<u8>(), 0..40_000_usize, 1..400_usize), 0..200),
        letters in 1..=255_u8,
        level in 8..=9_u32,
    ) {
        let mut bytes = Vec::new();
        for (step, letter, back, length) in steps {
            match step {
                0 => bytes.push(letter % letters),
                1 => bytes.extend(noise(u64::from(letter)).map(|number| number as u8 % letters).take(length)),
                _ => {
                    let start = bytes.len().saturating_sub(back);
                    let end = bytes.len().min(start + length);
                    bytes.extend_from_within(start..end);
                }
            }
        }
        prop_assert!(ours(&bytes, level, 5000) == zlib(&bytes, level));
    }
}
