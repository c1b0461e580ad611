//! Names that go through a manifest: a local one, or the bucket's by one GET that an ETag makes short.

use std::fs;

use super::{Service, exchange, printed, refused};
use crate::support::Sandbox;

/// A site of two files, pushed; URLs at a custom domain.
fn pushed(service: &Service) -> Sandbox {
    let sandbox = service
        .place()
        .sandbox()
        .env("AWS_LOCATION", "static")
        .env("AWS_S3_CUSTOM_DOMAIN", "cdn.example.com")
        .env("S3COLLECT_BACKEND", "S3ManifestStaticStorage")
        .file("static/css/a.css", "b{c:url(../d e.png)}")
        .file("static/d e.png", "d");
    let run = sandbox.run(&["push", "static", "-q"]);
    run.expect(0, "", "");
    sandbox
}

const BASE: &str = "https://cdn.example.com/static";

#[test]
fn the_bucket_s_manifest_is_fetched_once() {
    let service = Service::start();
    let sandbox = pushed(&service);
    let before = service.gets().len();
    let names = ["url", "css/a.css", "d e.png", "css/a.css?x=1#y", "css/"];
    // As Django, percent-decoded.
    let urls = format!(
        "{BASE}/css/a.ba2d90e200c2.css\n{BASE}/d e.8277e0910d75.png\n{BASE}/css/a.ba2d90e200c2.css?x=1#y\n{BASE}/css/\n"
    );
    sandbox.run(&names).expect(0, &urls, "");
    sandbox.run(&names).expect(0, &urls, "");
    assert_eq!(service.gets()[before..], [200, 304]);
    sandbox.write("static/new.txt", "n");
    sandbox.run(&["push", "static", "-q"]).expect(0, "", "");
    let before = service.gets().len();
    sandbox.run(&["url", "new.txt"]).expect(0, &format!("{BASE}/new.7b8b965ad4bc.txt\n"), "");
    // What is remembered and damaged is fetched again.
    let cache = sandbox.path("home/.cache/s3collect/manifests");
    for entry in fs::read_dir(cache).expect("a cache") {
        fs::write(entry.expect("an entry").path(), "x").expect("a file");
    }
    sandbox.run(&["url", "new.txt"]).expect(0, &format!("{BASE}/new.7b8b965ad4bc.txt\n"), "");
    assert_eq!(service.gets()[before..], [200, 200]);
}

#[test]
fn a_local_manifest_needs_no_network() {
    let service = Service::start();
    let sandbox = pushed(&service);
    let before = service.gets().len();
    let manifest = r#"{"paths": {"a.css": "a.1.css"}, "version": "1.1", "hash": ""}"#;
    sandbox.write("staticfiles.json", manifest);
    let local = ["--set", "manifest_location=staticfiles.json"];
    sandbox.run(&[&["url", "a.css"], &local[..]].concat()).expect(0, &format!("{BASE}/a.1.css\n"), "");
    refused(
        &sandbox,
        &[&["css/x.css", "b.css"], &local[..]].concat(),
        1,
        "error: `css/x.css` has no entry in the manifest\n  \
         hint: push it first, or set `manifest_strict = false`\n\
         error: `b.css` has no entry in the manifest\n  hint: the nearest names are `a.css`\n",
    );
    assert_eq!(service.gets().len(), before);
    // Without the file it is the bucket's, unless that is ruled out.
    let absent = ["--set", "manifest_location=none.json"];
    sandbox.run(&[&["url", "d e.png"], &absent[..]].concat()).expect(
        0,
        &format!("{BASE}/d e.8277e0910d75.png\n"),
        "",
    );
    refused(
        &sandbox,
        &[&["d e.png", "--set", "manifest_storage=local"], &absent[..]].concat(),
        1,
        "error: the manifest `none.json` cannot be read\n  caused by: No such file or directory (os error 2)\n  \
         hint: `s3collect push --manifest` writes it, once everything that it names is in the bucket\n",
    );
    sandbox.write("none.json", "{}");
    refused(
        &sandbox,
        &[&["d e.png"], &absent[..]].concat(),
        1,
        "error: the manifest `none.json` cannot be understood\n  caused by: it has no `version`\n  \
         hint: it was not written by Django or s3collect, or is cut off; write it anew\n",
    );
}

#[test]
fn a_name_that_no_manifest_has_is_hashed_where_that_is_allowed() {
    let service = Service::start();
    let sandbox = pushed(&service);
    let lenient = ["--set", "manifest_strict=no"];
    let plain = sandbox.run(&["push", "static", "--backend", "S3StaticStorage", "--location", "plain", "-q"]);
    plain.expect(0, "", "");
    // No manifest is there, as for Django before the first collectstatic.
    sandbox
        .run(&[&["url", "css/a.css?v=1", "d%20e.png", "--location", "plain"], &lenient[..]].concat())
        .expect(0, "https://cdn.example.com/plain/css/a.839762672201.css?v=1\nhttps://cdn.example.com/plain/d e.8277e0910d75.png\n", "");
    refused(
        &sandbox,
        &[&["d.png"], &lenient[..]].concat(),
        1,
        "error: `d.png` has no entry in the manifest, and the bucket has no `static/d.png` to take a hash of\n  \
         hint: correct the name, or push the file first\n",
    );
    refused(
        &sandbox,
        &["d e.png", "--location", "plain"],
        1,
        "error: there is no manifest at `s3://acme/plain/staticfiles.json`\n  \
         hint: publish one with `s3collect push --manifest`, or correct `location`\n",
    );
}

/// Django would decode these as well, and break them.
#[test]
fn signed_urls_stay_encoded() {
    let service = Service::start();
    let sandbox = pushed(&service).env("AWS_S3_CUSTOM_DOMAIN", "");
    let url = printed(&sandbox, &["d e.png", "--set", "querystring_auth=yes"]);
    let (status, _, body) = exchange("GET", &url, "");
    assert_eq!((status, body.as_str()), (200, "d"));
}

#[test]
fn a_manifest_in_no_bucket_is_told() {
    let sandbox = Sandbox::new().env("AWS_S3_CUSTOM_DOMAIN", "cdn.example.com");
    refused(
        &sandbox,
        &["a.css", "--manifest"],
        2,
        "error: no bucket is named, and the manifest is in one\n  \
         hint: give `--bucket NAME`, or `manifest_location` of a manifest on this machine\n",
    );
}
