#![expect(clippy::disallowed_methods, reason = "the tests write small files and read them back")]

use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use md5::{Digest, Md5};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::collect::CollectedFile;
use crate::digest::{ChecksumAlgorithm, hex};
use crate::error::Diagnose;
use crate::object::NoCompression;
use crate::read::ReadError;

const PLAIN: Compression = Compression::None(NoCompression::Off);
const NO_LIMIT: u64 = u64::MAX;

fn gzip(level: u32) -> Compression {
    Compression::Gzip { level, engine: GzipEngine::Zlib, if_smaller: false }
}

/// The body of a file.
fn encode(file: &CollectedFile, compression: &Compression, limit: u64) -> Result<Encoded, EncodeError> {
    super::encode(&Material::File(file.clone()), compression, Chunking::default(), limit)
}

fn collected(dir: &TempDir, body: &[u8]) -> CollectedFile {
    let path = dir.path().join("a.css");
    fs::write(&path, body).expect("a file");
    let stamp = FileStamp::of(&fs::metadata(&path).expect("metadata"));
    CollectedFile { name: AssetName::new("css/a.css").expect("a name"), path, source: 0, stamp }
}

fn bytes(encoded: &Encoded) -> Vec<u8> {
    encoded.layout().parts().flat_map(|part| encoded.part(&part).expect("a part")).collect()
}

fn encode_bytes(body: &[u8], compression: &Compression, memory_limit: u64) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a directory");
    bytes(&encode(&collected(&dir, body), compression, memory_limit).expect("encoded"))
}

/// The bodies that `scripts/golden/gzip.py` makes.
fn made(kind: &str, size: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let noise = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    match kind {
        "zeros" => vec![0; size],
        "noise" => noise.take(size).collect(),
        "mixed" => noise.take(size).map(|byte| b'a' + (byte >> 5)).collect(),
        _ => {
            let rule = |number: usize| {
                let (color, margin) = (number * 7919 % 4096, number % 13);
                format!(".rule-{} {{ color: #{color:03x}; margin: {margin}px }}\n", number % 977)
            };
            let mut text: String = (0..=size / 30).map(rule).collect();
            text.truncate(size);
            text.into_bytes()
        }
    }
}

#[test]
fn gzip_gives_the_bytes_of_classic_zlib() {
    let mut count = 0;
    for line in include_str!("../../fixtures/gzip.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [kind, size, level, length, md5] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("five columns: {line}");
        };
        let body = made(kind, size.parse().expect("a size"));
        let found = encode_bytes(&body, &gzip(level.parse().expect("a level")), NO_LIMIT);
        assert_eq!(
            (found.len().to_string().as_str(), hex(&Md5::digest(&found)).as_str()),
            (length, md5),
            "{line}"
        );
        count += 1;
    }
    assert_eq!(count, 223);
}

#[test]
fn an_empty_file_becomes_twenty_bytes() {
    assert_eq!(hex(&encode_bytes(b"", &gzip(9), NO_LIMIT)), "1f8b080000000000020303000000000000000000");
}

#[test]
fn a_body_is_where_its_size_lets_it_be() {
    let dir = tempfile::tempdir().expect("a directory");
    let noise = made("noise", 100_000);
    let file = collected(&dir, &noise);
    let small = encode(&file, &PLAIN, 100_000).expect("encoded");
    assert!(matches!(&small.body, EncodedBody::Memory(held) if held == &noise));
    assert_eq!((small.size, small.content_encoding), (100_000, None));
    let large = encode(&file, &PLAIN, 99_999).expect("encoded");
    assert!(matches!(&large.body, EncodedBody::File { path, .. } if *path == file.path));
    let spooled = encode(&file, &gzip(9), 99_999).expect("encoded");
    let EncodedBody::Temporary(path) = &spooled.body else { panic!("not spooled: {spooled:?}") };
    assert_eq!(fs::metadata(path).expect("a file").len(), spooled.size);
    assert_eq!(spooled.content_encoding, Some("gzip"));
    let path = path.to_path_buf();
    drop(spooled);
    assert!(!path.exists());
}

#[test]
fn if_smaller_keeps_what_gzip_does_not_help() {
    let compression = Compression::Gzip { level: 9, engine: GzipEngine::Zlib, if_smaller: true };
    let dir = tempfile::tempdir().expect("a directory");
    for (body, encoding) in
        [(made("noise", 5000), None), (made("css", 5000), Some("gzip")), (Vec::new(), None)]
    {
        let encoded = encode(&collected(&dir, &body), &compression, NO_LIMIT).expect("encoded");
        assert_eq!(encoded.content_encoding, encoding);
        if encoding.is_none() {
            assert_eq!(bytes(&encoded), body);
        }
    }
}

#[test]
fn digests_are_the_same_wherever_the_body_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let body = made("noise", 9 * 1024 * 1024);
    let file = collected(&dir, &body);
    let all = [encode(&file, &PLAIN, NO_LIMIT).expect("encoded"), encode(&file, &PLAIN, 0).expect("encoded")];
    for encoded in &all {
        let digest = encoded.digest().expect("a digest");
        assert_eq!(digest.md5, hex(&Md5::digest(&body)));
        let parts = [Md5::digest(&body[..8 << 20]), Md5::digest(&body[8 << 20..])].concat();
        assert_eq!(digest.etag, format!("{}-2", hex(&Md5::digest(parts))));
    }
    for algorithm in [ChecksumAlgorithm::Sha256, ChecksumAlgorithm::Crc64Nvme] {
        let [held, on_disk] = all.each_ref().map(|encoded| {
            let whole = encoded.checksum(algorithm).expect("a checksum");
            (whole, encoded.composite_checksum(algorithm).expect("a checksum"))
        });
        assert_eq!(held, on_disk);
        assert_ne!(held.0, held.1);
    }
}

/// Made with Python: SHA-256 of the SHA-256s of 8 MiB and 5 bytes of zeros.
#[test]
fn a_composite_checksum_is_one_of_the_parts_checksums() {
    let dir = tempfile::tempdir().expect("a directory");
    let encoded = encode(&collected(&dir, &vec![0; (8 << 20) + 5]), &PLAIN, 0).expect("encoded");
    let found = encoded.composite_checksum(ChecksumAlgorithm::Sha256).expect("a checksum");
    assert_eq!(found, "4yPhAVBJCZztbITkHtLMnow+4HrnyuHrSJ/pUUTABNw=");
}

#[test]
fn a_part_on_disk_is_hashed_before_it_is_sent() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = collected(&dir, &[0; (8 << 20) + 9]);
    fs::write(&file.path, [vec![0; 8 << 20], b"123456789".to_vec()].concat()).expect("a file");
    let stamp = FileStamp::of(&fs::metadata(&file.path).expect("metadata"));
    let encoded = encode(&CollectedFile { stamp, ..file.clone() }, &PLAIN, 0).expect("encoded");
    let part = encoded.layout().parts().nth(1).expect("a second part");
    let body = encoded.file_body(&part, Some(ChecksumAlgorithm::Crc32)).expect("read").expect("on disk");
    assert_eq!((body.path, body.offset, body.length), (file.path, 8 << 20, 9));
    assert_eq!(hex(&body.sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    assert_eq!((body.crc64.as_str(), body.checksum.as_deref()), ("rosUhgp5mIg=", Some("y/Q5Jg==")));
    let held = Encoded { body: EncodedBody::Memory(Bytes::from_static(b"x")), size: 1, ..encoded };
    let part = held.layout().parts().next().expect("a part");
    assert!(held.file_body(&part, None).expect("read").is_none());
}

#[test]
fn a_file_that_changed_is_noticed_at_every_reading() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = collected(&dir, b"one");
    let encoded = encode(&file, &PLAIN, 0).expect("encoded");
    let part = encoded.layout().parts().next().expect("a part");
    fs::write(&file.path, "more").expect("a file");
    let all = [
        encode(&file, &PLAIN, NO_LIMIT).map(drop),
        encode(&file, &PLAIN, 0).map(drop),
        encode(&file, &gzip(9), NO_LIMIT).map(drop),
        encoded.digest().map(drop),
        encoded.part(&part).map(drop),
        encoded.file_body(&part, None).map(drop),
    ];
    for result in all {
        let error = result.expect_err("changed");
        assert_eq!(error.to_string(), "`css/a.css` changed while it was being read");
        assert_eq!(error.name().as_deref(), Some("css/a.css"));
    }
}

#[test]
fn an_edit_that_keeps_size_and_time_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = collected(&dir, b"one");
    // The change time has the grain of the kernel's clock.
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&file.path, "two").expect("a file");
    let modified = file.stamp.modified.expect("a time");
    fs::File::options().append(true).open(&file.path).and_then(|it| it.set_modified(modified)).expect("set");
    assert!(matches!(encode(&file, &PLAIN, NO_LIMIT), Err(EncodeError::Read(ReadError::Changed { .. }))));
}

#[test]
fn a_file_that_vanished_or_cannot_be_read_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = collected(&dir, b"one");
    fs::remove_file(&file.path).expect("removed");
    assert!(matches!(encode(&file, &PLAIN, NO_LIMIT), Err(EncodeError::Read(ReadError::Vanished { .. }))));
    fs::create_dir(&file.path).expect("a directory");
    let stamp = FileStamp::of(&fs::metadata(&file.path).expect("metadata"));
    let error = encode(&CollectedFile { stamp, ..file.clone() }, &PLAIN, NO_LIMIT).expect_err("a directory");
    assert_eq!(error.to_string(), format!("cannot read `{}`", file.path.display()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn gzip_loses_nothing_and_is_the_same_wherever_it_is_kept(
        pieces in proptest::collection::vec((any::<u8>(), 1..20_000_usize), 0..12),
        level in 0..=9_u32,
        limit in 0..4_000_u64,
    ) {
        let body: Vec<u8> =
            pieces.iter().flat_map(|(byte, times)| (0..*times).map(move |it| byte ^ (it % 7) as u8)).collect();
        let spooled = encode_bytes(&body, &gzip(level), limit);
        prop_assert_eq!(&spooled, &encode_bytes(&body, &gzip(level), NO_LIMIT));
        let mut found = Vec::new();
        GzDecoder::new(&spooled[..]).read_to_end(&mut found).expect("gzip");
        prop_assert_eq!(found, body);
    }
}

#[test]
fn bytes_in_hand_are_stored_as_a_file_with_them_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let body = b"a { color: red }\n".repeat(1000);
    let file = collected(&dir, &body);
    let materials = [
        Material::Rewritten { file: collected(&dir, b"another"), bytes: body.clone().into() },
        Material::Made { name: file.name.clone(), bytes: body.clone().into() },
    ];
    let better = Compression::Gzip { level: 9, engine: GzipEngine::Zlib, if_smaller: true };
    for material in materials {
        assert_eq!((material.size(), material.name()), (body.len() as u64, &file.name));
        for compression in [&PLAIN, &gzip(9), &better] {
            let from_file = encode(&collected(&dir, &body), compression, NO_LIMIT).expect("encoded");
            for limit in [0, NO_LIMIT] {
                let encoded =
                    super::encode(&material, compression, Chunking::default(), limit).expect("encoded");
                assert_eq!(bytes(&encoded), bytes(&from_file));
                assert_eq!(encoded.content_encoding, from_file.content_encoding);
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn what_waits_on_disk_is_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let encoded = encode(&collected(&dir, &made("noise", 100_000)), &gzip(9), 1000).expect("encoded");
    let EncodedBody::Temporary(path) = &encoded.body else { panic!("it is too large for memory") };
    assert_eq!(fs::metadata(path).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn libdeflate_loses_nothing_and_zlib_has_what_is_too_large_for_it() {
    let by = |engine| Compression::Gzip { level: 9, engine, if_smaller: false };
    let body =
        |size: u64| b"a { color: red }\n".iter().copied().cycle().take(size as usize).collect::<Vec<u8>>();
    for (size, same) in [(0, false), (17_000, false), (ONE_GO, false), (ONE_GO + 1, true)] {
        let body = body(size);
        let compressed = encode_bytes(&body, &by(GzipEngine::Libdeflate), NO_LIMIT);
        assert_eq!(compressed == encode_bytes(&body, &gzip(9), NO_LIMIT), same, "{size}");
        assert_eq!(compressed, encode_bytes(&body, &by(GzipEngine::Libdeflate), 10));
        let mut found = Vec::new();
        GzDecoder::new(&compressed[..]).read_to_end(&mut found).expect("gzip");
        assert!(found == body, "{size}");
    }
}
