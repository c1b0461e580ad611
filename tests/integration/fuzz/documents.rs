//! What lies in a bucket that others can write: manifests, records of releases, pointers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use s3collect::manifest::Manifest;
use s3collect::name::Location;
use s3collect::release::{Pointer, Record};

use super::names::{stays_inside, within};
use super::{Outcome, Target, same};

const WORDS: [&str; 16] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"\"",
    "true",
    "\"version\": \"1.0\"",
    "\"paths\": {",
    "\"hash\": ",
    "\"order\": 7",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"../x\"",
    "9007199254740993",
];

const RECORD: &str = r#"{"s3collect_record": 1, "id": "20261122T221530Z-3f2a9c41", "app": "default", "order": 4,
    "settings": "s", "manifest": {"name": "staticfiles.json", "document": "{}"}, "headers": [{}, {"CacheControl": "x"}],
    "objects": [["css/site.css", "p", 3, 1, 0, "d41d8cd98f00b204e9800998ecf8427e", null, null],
    ["img/a.png", "h", 4, 2, 1, "e", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"]]}"#;

const POINTER: &str = r#"{"s3collect_pointer": 1, "published": {"id": "20261122T221530Z-3f2a9c41"}, "order": 3,
    "claim": {"id": "20261122T221531Z-3f2a9c42", "kind": "gc", "order": 4, "by": "ci", "victims": ["a.css"]},
    "swept": "20261122T221529Z-3f2a9c40", "serial": 12}"#;

#[test]
fn manifests() {
    let seeds = [
        r#"{"paths": {"css/site.css": "css/site.3f2a9c41d0be.css", "a": "a.0.txt"}, "version": "1.1", "hash": "d4"}"#,
        r#"{"version": "1.0", "paths": {"gr\u00f6\u00dfe.css": "\ud83d\ude00.css"}}"#,
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec()).to_vec();
    Target { name: "manifests", seeds, words: &WORDS }.run(|case| {
        let Ok(manifest) = Manifest::parse(case) else { return Ok(false) };
        let again = Manifest::parse(manifest.to_json().as_bytes()).map_err(|error| error.to_string())?;
        same("a manifest that is written and read", &again, &manifest)?;
        for (name, stored_name) in manifest.paths() {
            stays_inside(name)?;
            stays_inside(stored_name)?;
        }
        let ours = Manifest::new(manifest.into_paths());
        same("our own", &Manifest::parse(ours.to_json().as_bytes()).ok().as_ref(), &Some(&ours))?;
        Ok(true)
    });
}

fn record(bytes: &[u8]) -> Outcome {
    let Ok(record) = Record::parse(bytes) else { return Ok(false) };
    let written = record.to_bytes();
    let again = Record::parse(&written).map_err(|error| error.to_string())?;
    same("a record that is written and read", &again, &record)?;
    same("a record that is written twice", &again.to_bytes(), &written)?;
    one_part(record.id.as_str())?;
    let location = Location::new("static").map_err(|error| error.to_string())?;
    for name in record.objects.keys() {
        within(&location, &format!("static/{name}"))?;
    }
    Ok(true)
}

/// An id is part of a key.
fn one_part(id: &str) -> Result<(), String> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !id.is_empty();
    if is_plain { Ok(()) } else { Err(format!("id {id:?}")) }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn records() {
    let seeds = vec![RECORD.as_bytes().to_vec()];
    Target { name: "records", seeds, words: &WORDS }.run(|case| record(&gzip(case)));
}

#[test]
fn records_as_stored() {
    let seeds = vec![gzip(RECORD.as_bytes())];
    Target { name: "records as stored", seeds, words: &["\u{1f}\u{8b}", "\0\0\0\0", "\u{8}"] }.run(record);
}

#[test]
fn pointers() {
    let seeds = vec![POINTER.as_bytes().to_vec(), br#"{"s3collect_pointer": 1, "serial": 0}"#.to_vec()];
    Target { name: "pointers", seeds, words: &WORDS }.run(|case| {
        let Ok(pointer) = Pointer::parse(case) else { return Ok(false) };
        let again = Pointer::parse(pointer.to_json().as_bytes()).map_err(|error| error.to_string())?;
        same("a pointer that is written and read", &again, &pointer)?;
        let next = pointer.next();
        for id in pointer.published.iter().map(|published| &published.id).chain(&pointer.swept) {
            one_part(id.as_str())?;
        }
        if next == pointer { Err("the next pointer is the same".to_owned()) } else { Ok(true) }
    });
}
