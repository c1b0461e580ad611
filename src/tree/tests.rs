use std::collections::BTreeMap;
use std::fs;

use walkdir::WalkDir;

use super::*;
use crate::collect::{CollectedFile, FileStamp};
use crate::name::AssetName;
use crate::post_process::{PostProcessOptions, post_process};
use crate::read::read;
use crate::rewrite::Rewriter;
use crate::settings::{Lexer, Severity};
use crate::testing::manifest_settings;

/// Static files in one directory, and a tree made of them in another.
struct Site {
    dir: tempfile::TempDir,
    options: TreeOptions,
    settings: ManifestSettings,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let options = TreeOptions { out: dir.path().join("out"), ..TreeOptions::default() };
        let settings = manifest_settings();
        let site = Self { dir, options, settings };
        files.iter().for_each(|(name, content)| site.put("static", name, content));
        site
    }

    #[expect(clippy::disallowed_methods, reason = "a test makes the files that it is about")]
    fn put(&self, folder: &str, name: &str, content: &str) {
        let path = self.dir.path().join(folder).join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("a file");
    }

    fn processed(&self) -> Processed {
        let root = self.dir.path().join("static");
        let entries =
            WalkDir::new(&root).sort_by_file_name().into_iter().map(|entry| entry.expect("an entry"));
        let files = entries.filter(|entry| entry.file_type().is_file()).map(|entry| CollectedFile {
            name: AssetName::from_relative(entry.path().strip_prefix(&root).expect("inside"))
                .expect("a name"),
            path: entry.path().to_owned(),
            source: 0,
            stamp: FileStamp::of(&entry.metadata().expect("metadata")),
        });
        let mut files: Vec<CollectedFile> = files.collect();
        files.sort_by(|left, right| left.name.cmp(&right.name));
        let rewriter = Rewriter::new(false, Lexer::Regex);
        let read = read(files, &std::collections::BTreeSet::new(), &[], &rewriter);
        let options = PostProcessOptions {
            settings: &self.settings,
            rewriter: &rewriter,
            directories: Severity::Warn,
            sources: &[],
        };
        post_process(read.sources, &options).expect("nothing is wrong")
    }

    fn write(&self) -> Result<Written, TreeError> {
        write(&self.processed(), &self.settings, &self.options, &CancellationToken::new())
    }

    /// All files of the output.
    #[expect(clippy::disallowed_methods, reason = "a test looks at what was written")]
    fn out(&self) -> BTreeMap<String, String> {
        WalkDir::new(&self.options.out)
            .into_iter()
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| !entry.file_type().is_dir())
            .map(|entry| {
                let name =
                    entry.path().strip_prefix(&self.options.out).expect("inside").display().to_string();
                (name, fs::read_to_string(entry.path()).unwrap_or_default())
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.out().into_keys().collect()
    }
}

const FILES: &[(&str, &str)] = &[("css/a.css", "b{c:url(../d.png)}"), ("d.png", "d")];
const MANIFEST: &str = r#"{"paths": {"css/a.css": "css/a.590d9ef559be.css", "d.png": "d.8277e0910d75.png"}, "version": "1.1", "hash": "de9a636c34fa"}"#;

#[test]
fn a_tree_is_what_collectstatic_leaves() {
    let site = Site::new(FILES);
    let written = site.write().expect("it is written");
    let expected = [
        ("css/a.590d9ef559be.css", "b{c:url(\"../d.8277e0910d75.png\")}"),
        ("css/a.css", "b{c:url(../d.png)}"),
        ("d.8277e0910d75.png", "d"),
        ("d.png", "d"),
        ("staticfiles.json", MANIFEST),
    ];
    assert_eq!(site.out(), expected.map(|(name, content)| (name.to_owned(), content.to_owned())).into());
    let bytes = expected.iter().map(|(_, content)| content.len() as u64).sum();
    assert_eq!(written, Written { written: 5, bytes, unchanged: 0, removed: 0 });
}

#[test]
fn what_is_in_place_is_not_touched() {
    let site = Site::new(FILES);
    site.write().expect("it is written");
    let stamp = |name: &str| FileStamp::of(&fs::metadata(site.options.out.join(name)).expect("it is there"));
    let before = (stamp("css/a.css"), stamp("staticfiles.json"));
    // Of the same size, so that only a look inside tells.
    site.put("out", "d.png", "e");
    let again = site.write().expect("it is written");
    assert_eq!(again, Written { written: 1, bytes: 1, unchanged: 4, removed: 0 });
    assert_eq!((stamp("css/a.css"), stamp("staticfiles.json")), before);
    assert_eq!(site.out()["d.png"], "d");
}

#[test]
fn directories_are_filled_where_they_are_and_come_whole_where_not() {
    let mut site = Site::new(FILES);
    site.put("out", "css/old.css", "old");
    site.put("static", "deep/er/e.txt", "e");
    site.put("static", "deep/f.txt", "f");
    let written = site.write().expect("it is written");
    assert_eq!((written.written, written.unchanged), (9, 0));
    assert_eq!(site.out()["css/old.css"], "old");
    assert_eq!((site.out()["deep/er/e.txt"].as_str(), site.out()["deep/f.txt"].as_str()), ("e", "f"));
    site.options.clean = true;
    assert_eq!(
        site.write().expect("it is written"),
        Written { written: 0, bytes: 0, unchanged: 9, removed: 1 }
    );
}

#[test]
fn a_file_where_a_directory_is_to_be_keeps_the_manifest_as_it_was() {
    let site = Site::new(FILES);
    site.put("out", "css", "a file");
    site.put("out", "staticfiles.json", "the old one");
    let error = site.write().expect_err("there is a file");
    assert_eq!(error.to_string(), format!("cannot write `{}`", site.options.out.join("css").display()));
    assert_eq!(site.names(), ["css", "staticfiles.json"]);
    assert_eq!(site.out()["staticfiles.json"], "the old one");
}

#[test]
fn stale_files_stay_unless_they_are_to_go() {
    let mut site = Site::new(FILES);
    site.write().expect("it is written");
    site.put("static", "d.png", "new");
    site.put("out", "deep/er/old.js", "old");
    let written = site.write().expect("it is written");
    assert_eq!((written.written, written.removed), (4, 0));
    assert_eq!(site.names().len(), 8);
    site.options.clean = true;
    assert_eq!(site.write().expect("it is written").removed, 3);
    assert_eq!(
        site.names(),
        ["css/a.62e6a4a7c0b1.css", "css/a.css", "d.22af645d1859.png", "d.png", "staticfiles.json"]
    );
    assert!(!site.options.out.join("deep").exists());
}

#[test]
fn a_directory_that_is_not_ours_is_not_cleaned() {
    let mut site = Site::new(FILES);
    site.options.clean = true;
    site.put("out", "precious.txt", "p");
    let error = site.write().expect_err("there is no manifest");
    assert!(matches!(error, TreeError::Foreign { .. }), "{error}");
    assert_eq!(site.names(), ["precious.txt"]);
    fs::remove_file(site.options.out.join("precious.txt")).expect("it was there");
    assert_eq!(site.write().expect("an empty directory is nobody's").removed, 0);
}

#[cfg(unix)]
#[test]
fn links_are_replaced_and_removed_but_not_followed() {
    let mut site = Site::new(FILES);
    site.write().expect("it is written");
    site.put("elsewhere", "d.png", "d");
    let out = site.options.out.clone();
    fs::remove_file(out.join("d.png")).expect("it was there");
    std::os::unix::fs::symlink("../elsewhere/d.png", out.join("d.png")).expect("a link");
    std::os::unix::fs::symlink("../elsewhere", out.join("link")).expect("a link");
    site.options.clean = true;
    let written = site.write().expect("it is written");
    assert_eq!((written.written, written.removed), (1, 1));
    assert!(fs::symlink_metadata(out.join("d.png")).expect("it is there").is_file());
    assert!(site.dir.path().join("elsewhere/d.png").exists());
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new(FILES);
    site.write().expect("it is written");
    site.put("out", "mine", "");
    let mode =
        |name: &str| fs::metadata(site.options.out.join(name)).expect("it is there").permissions().mode();
    assert_eq!(mode("css/a.590d9ef559be.css"), mode("mine"));
    assert_eq!(mode("staticfiles.json"), mode("mine"));
    assert_eq!(mode("css"), mode(""));
}

#[test]
fn plain_names_can_be_left_out() {
    let mut site = Site::new(FILES);
    site.write().expect("it is written");
    site.settings.keep_original_files = false;
    site.options.clean = true;
    site.write().expect("it is written");
    assert_eq!(site.names(), ["css/a.590d9ef559be.css", "d.8277e0910d75.png", "staticfiles.json"]);
}

/// As `openssl dgst -sha384 -binary | base64` says of `d`.
#[test]
fn integrity_is_written_beside_the_manifest() {
    let mut site = Site::new(FILES);
    site.options.integrity = true;
    assert_eq!(site.write().expect("it is written").written, 6);
    let table: BTreeMap<String, String> =
        serde_json::from_str(&site.out()["staticfiles.sri.json"]).expect("a map");
    assert_eq!(table.keys().collect::<Vec<_>>(), ["css/a.590d9ef559be.css", "d.8277e0910d75.png"]);
    assert_eq!(
        table["d.8277e0910d75.png"],
        "sha384-isEHBaeKLc0V+ld7rHB2JwhZegLhMNimGS1z2rq9KxRQLb7uKdDiK8NBoMQq9qT7"
    );
}

#[test]
fn nothing_is_put_in_place_where_something_cannot_be() {
    let site = Site::new(FILES);
    let processed = site.processed();
    site.put("static", "d.png", "changed");
    let error = write(&processed, &site.settings, &site.options, &CancellationToken::new());
    assert_eq!(error.expect_err("a file changed").to_string(), "`d.png` changed while it was being read");
    assert_eq!(site.names(), [""; 0]);
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let error = write(&site.processed(), &site.settings, &site.options, &cancelled).expect_err("interrupted");
    assert_eq!(error.to_string(), "interrupted before anything was put in place");
    assert_eq!(site.names(), [""; 0]);
}

#[test]
fn an_output_and_a_source_are_never_inside_each_other() {
    let site = Site::new(FILES);
    let source = |dir: PathBuf| [SourceDir { prefix: String::new(), dir }];
    let dir = site.dir.path();
    let refused = |out: &str| check(&dir.join(out), &source(dir.join("static"))).is_err();
    for out in ["static", "static/out", "static/new/deep", "", "nowhere/../static/x"] {
        assert!(refused(out), "{out}");
    }
    for out in ["static2", "out", "new/out"] {
        assert!(!refused(out), "{out}");
    }
    let error = check(&dir.join("static/out"), &source(dir.join("static"))).expect_err("inside").to_string();
    assert_eq!(
        error.replace(&dir.display().to_string(), "DIR"),
        "`--out DIR/static/out` and the static dir `DIR/static` are inside each other"
    );
}
