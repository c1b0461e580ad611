use super::*;
use crate::collect::FileStamp;
use crate::name::AssetName;
use crate::settings::{Lexer, SourceDir};

fn file(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> CollectedFile {
    let path = dir.path().join(name);
    #[expect(clippy::disallowed_methods, reason = "a test makes the files that it reads")]
    std::fs::write(&path, bytes).expect("a file");
    let stamp = FileStamp::of(&std::fs::metadata(&path).expect("it is there"));
    CollectedFile { name: AssetName::new(name).expect("a name"), path, source: 0, stamp }
}

#[test]
fn text_is_kept_only_where_something_refers() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = vec![
        file(&dir, "a.css", b"\xef\xbb\xbfa { b: url(c) }"),
        file(&dir, "b.css", "é".as_bytes()),
        file(&dir, "c.js", b"import './a.js';"),
        file(&dir, "d.CSS", b"url(\xff)"),
    ];
    let read = read(files.clone(), &BTreeSet::new(), &[], &Rewriter::new(false, Lexer::Regex));
    assert!(read.errors.is_empty());
    let texts: Vec<Option<&str>> = read.sources.iter().map(|source| source.text.as_deref()).collect();
    assert_eq!(texts, [Some("\u{feff}a { b: url(c) }"), None, None, None]);
    let hashes: Vec<String> = read.sources.iter().map(|source| source.hash.to_string()).collect();
    assert_eq!(hashes[1], ContentHash::of("é".as_bytes()).to_string());
    assert_eq!(hashes[3], ContentHash::of(b"url(\xff)").to_string());
    let with_modules = super::read(files, &BTreeSet::new(), &[], &Rewriter::new(true, Lexer::Regex));
    assert_eq!(with_modules.sources[2].text.as_deref(), Some("import './a.js';"));
}

#[test]
fn what_cannot_be_read_does_not_stop_the_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut files = vec![
        file(&dir, "a.css", b"a\n\xff"),
        file(&dir, "b.js", "é".as_bytes().split_last().expect("two bytes").1),
        file(&dir, "c.txt", b"c"),
        file(&dir, "d.txt", b"d"),
        file(&dir, "e.txt", b"e"),
    ];
    files[2].stamp.size = 2;
    std::fs::remove_file(&files[3].path).expect("it was there");
    let read = read(files, &BTreeSet::new(), &[], &Rewriter::new(false, Lexer::Regex));
    let errors: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "`a.css` is not UTF-8: byte 2 is no part of a character",
            "`b.js` is not UTF-8: byte 0 is no part of a character",
            "`c.txt` changed while it was being read",
            "`d.txt` vanished before it could be read",
        ]
    );
    assert_eq!(read.sources.len(), 5);
}

#[test]
fn prehashed_files_may_be_in_any_encoding() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = vec![file(&dir, "a.css", b"url(b)\xff"), file(&dir, "c.css", b"url(b)")];
    let prehashed = files.iter().map(|file| file.name.clone()).collect();
    let read = read(files, &prehashed, &[], &Rewriter::new(false, Lexer::Regex));
    assert!(read.errors.is_empty());
    assert_eq!(read.sources[0].hash, ContentHash::of(b"url(b)\xff"));
    let texts: Vec<Option<&str>> = read.sources.iter().map(|source| source.text.as_deref()).collect();
    assert_eq!(texts, [None, Some("url(b)")]);
    assert!(read.sources.iter().all(|source| source.prehashed));
}

#[test]
fn a_bundlers_manifest_knows_in_which_sources_it_lies() {
    let dir = tempfile::tempdir().expect("a directory");
    let vite = dir.path().join("static/app/.vite");
    std::fs::create_dir_all(&vite).expect("directories");
    let path = file(&dir, "static/app/.vite/manifest.json", b"{}").path;
    let source =
        |prefix: &str, below: &str| SourceDir { prefix: prefix.to_owned(), dir: dir.path().join(below) };
    let sources = [
        source("", "static"),
        source("p/", "static/app"),
        source("q", "static/app/.vite"),
        source("", "static/app/.vite"),
        source("", "nowhere"),
    ];
    let found = bundler_file(&path, &sources).expect("it is there");
    assert_eq!(found.bytes, b"{}");
    let folders: Vec<(usize, &str)> =
        found.folders.iter().map(|(index, name)| (*index, name.as_str())).collect();
    assert_eq!(folders, [(0, "app/.vite"), (1, "p/.vite"), (2, "q"), (3, "")]);
    assert!(bundler_file(&dir.path().join("no.json"), &sources).is_err());
}
