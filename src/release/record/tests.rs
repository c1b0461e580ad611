use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::digest::{ContentHash, hex};
use crate::object::NoCompression;
use crate::parameters::ObjectParameters;

fn fingerprint(value: &serde_json::Value) -> HeaderFingerprint {
    let parameters = ObjectParameters::parse(value.as_object().expect("a dictionary"));
    HeaderFingerprint::of(
        &parameters.expect("parameters"),
        &crate::object::Compression::None(NoCompression::Off),
    )
}

fn object(role: Role, etag: &str) -> RecordedObject {
    RecordedObject {
        role,
        source: etag.to_owned(),
        body: etag.to_owned(),
        etag: etag.to_owned(),
        size: 3,
        headers: fingerprint(&json!({"ContentType": "text/css"})),
        put_at: 1_795_385_730,
    }
}

fn record(objects: impl IntoIterator<Item = (String, RecordedObject)>) -> Record {
    Record {
        id: ReleaseId::begun(0, 1),
        app: "default".to_owned(),
        order: None,
        restores: None,
        settings: "0123".to_owned(),
        manifest: None,
        objects: objects.into_iter().map(|(name, object)| (name, Arc::new(object))).collect(),
    }
}

fn text(record: &Record) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(&*record.to_bytes()).read_to_string(&mut text).expect("gzip");
    text
}

fn compressed(text: &str) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn a_record_is_small_json() {
    let mut zipped = object(Role::Plain, "8d777f385d3dfec8815d20f7496026dc");
    zipped.source = "307cc22fa7769c09386c1c90fe36bbc6".to_owned();
    let record = record([
        ("a.css".to_owned(), zipped),
        ("a.307cc22fa776.css".to_owned(), object(Role::Hashed, "307cc22fa7769c09386c1c90fe36bbc6")),
    ]);
    assert_eq!(
        text(&record),
        concat!(
            r#"{"s3collect_record":1,"id":"19700101T000000Z-00000001","app":"default","settings":"0123","#,
            r#""headers":[{"ContentType":"9d5584af3fb8"}],"objects":["#,
            r#"["a.307cc22fa776.css","h",3,1795385730,0,"307cc22fa7769c09386c1c90fe36bbc6",null,null],"#,
            r#"["a.css","p",3,1795385730,0,"8d777f385d3dfec8815d20f7496026dc","307cc22fa7769c09386c1c90fe36bbc6",null]]}"#
        )
    );
    assert_eq!(Record::parse(&record.to_bytes()).expect("a record"), record);
}

#[test]
fn what_is_none_is_told() {
    let error = |bytes: &[u8]| Record::parse(bytes).expect_err("no record").to_string();
    assert_eq!(error(b"{}"), "it cannot be decompressed");
    assert_eq!(error(&compressed("{}")), "it is no document of ours");
    let row = |row: &str, version: u64| {
        compressed(&format!(
            r#"{{"s3collect_record":{version},"id":"a","app":"","settings":"","headers":[{{}}],"objects":[{row}]}}"#
        ))
    };
    assert_eq!(error(&row("", 2)), "its format is version 2, and this is version 1");
    assert_eq!(
        error(&row(r#"["a","x",1,1,0,"",null,null]"#, 1)),
        "it holds an object of the unknown kind `x`"
    );
    assert_eq!(error(&row(r#"["a","h",1,1,1,"",null,null]"#, 1)), "it holds no headers for `a`");
    assert!(Record::parse(&row(r#"["a","h",1,1,0,"",null,null]"#, 1)).is_ok());
}

/// Whoever can write to the bucket can write a record.
#[test]
fn no_name_leads_anywhere_else() {
    for name in ["", "..", "../x", "/x", "a/../../x", "a//x", "a/./x", "x/", "//x"] {
        let row = format!(r#"[{},"p",1,1,0,"",null,null]"#, json!(name));
        let text = format!(
            r#"{{"s3collect_record":1,"id":"a","app":"","settings":"","headers":[{{}}],"objects":[{row}]}}"#
        );
        let error = Record::parse(&compressed(&text)).expect_err("no record").to_string();
        assert_eq!(error, format!("it holds the name `{name}`, which is none"));
    }
    for id in ["../current", "a/b", "", "a\nb"] {
        let text = format!(
            r#"{{"s3collect_record":1,"id":{},"app":"","settings":"","headers":[],"objects":[]}}"#,
            json!(id)
        );
        assert!(Record::parse(&compressed(&text)).is_err(), "{id}");
    }
}

/// A few kilobytes that become a gigabyte, and a megabyte that every object would have a copy of.
#[test]
fn memory_is_bounded_by_what_was_sent() {
    let piece = vec![b' '; 1 << 20];
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::fast());
    for _ in 0..256 {
        encoder.write_all(&piece).expect("memory takes it");
    }
    let bomb = encoder.finish().expect("memory takes it");
    let error = Record::parse(&bomb).expect_err("a bomb");
    assert_eq!(error.to_string(), "it cannot be decompressed");

    let long = "x".repeat(1 << 20);
    let rows: Vec<String> =
        (0..30_000).map(|number| format!(r#"["{number}","p",1,1,0,"",null,null]"#)).collect();
    let text = format!(
        r#"{{"s3collect_record":1,"id":"a","app":"","settings":"","headers":[{{"a":"{long}"}}],"objects":[{}]}}"#,
        rows.join(",")
    );
    assert_eq!(Record::parse(&compressed(&text)).expect("a record").objects.len(), 30_000);
}

/// Two objects and an entry of the manifest for each of 25,000 files, with hashes as hard to compress as real ones.
#[test]
fn fifty_thousand_objects_are_under_five_megabytes() {
    let mut objects = Vec::new();
    let mut paths = BTreeMap::new();
    for number in 0..25_000_u32 {
        let folder = ["admin", "vendor/icons", "js/chunks", "img/products/large"][number as usize % 4];
        let hash = ContentHash::of(&number.to_le_bytes()).to_string();
        let digest =
            |salt: u32| hex(&Sha256::digest([number.to_le_bytes(), salt.to_le_bytes()].concat())[..16]);
        let (name, hashed) =
            (format!("{folder}/file-{number}.js"), format!("{folder}/file-{number}.{hash}.js"));
        for (name, role) in [(&name, Role::Plain), (&hashed, Role::Hashed)] {
            let zipped = RecordedObject { source: digest(1), ..object(role, &digest(2)) };
            objects.push((name.clone(), RecordedObject { size: u64::from(number) * 7, ..zipped }));
        }
        paths.insert(name, hashed);
    }
    let mut record = record(objects);
    let document = crate::manifest::Manifest::new(paths).to_json();
    record.manifest = Some(RecordedManifest { name: "staticfiles.json".to_owned(), document });
    let bytes = record.to_bytes();
    assert!(bytes.len() < 5_000_000, "{} bytes", bytes.len());
    assert_eq!(record, Record::parse(&bytes).expect("a record"));
}

fn objects() -> impl Strategy<Value = BTreeMap<String, RecordedObject>> {
    let role = prop_oneof![Just(Role::Hashed), Just(Role::Plain), Just(Role::Manifest)];
    let etag = "[0-9a-f]{4}(-[0-9])?";
    let headers = prop_oneof![
        Just(json!({})),
        Just(json!({"CacheControl": "no-cache"})),
        Just(json!({"CacheControl": "no-store", "Metadata": {"a": "b"}})),
    ];
    let object = (role, etag, "[0-9a-f]{4}", "[0-9a-f]{4}", any::<u64>(), any::<u64>(), headers).prop_map(
        |(role, etag, source, body, size, put_at, headers)| RecordedObject {
            role,
            source,
            body,
            etag,
            size,
            headers: fingerprint(&headers),
            put_at,
        },
    );
    let name = ".{1,8}".prop_filter("a name", |name| AssetName::new(name.as_str()).is_ok());
    proptest::collection::btree_map(name, object, 0..8)
}

proptest! {
    #[test]
    fn what_is_written_is_read(objects in objects(), order: Option<u64>) {
        let record = Record { order, ..record(objects) };
        let bytes = record.to_bytes();
        prop_assert_eq!(Record::parse(&bytes).expect("a record"), record.clone());
        prop_assert_eq!(bytes, record.to_bytes());
    }

    #[test]
    fn nothing_breaks_the_reader(bytes: Vec<u8>, text in ".{0,80}") {
        prop_assert!(Record::parse(&bytes).is_err());
        prop_assert!(Record::parse(&compressed(&text)).is_err());
    }
}
