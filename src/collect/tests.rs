#![expect(clippy::disallowed_methods, reason = "the tests lay out small trees")]

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::error::Diagnose;

/// A directory of directories, with what is said of it in terms relative to it.
struct Tree(TempDir);

impl Tree {
    fn new(files: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().expect("a directory"));
        for file in files {
            tree.file(file);
        }
        tree
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn file(&self, relative: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, relative).expect("a file");
    }

    fn link(&self, target: &str, link: &str) {
        symlink(target, self.path(link)).expect("a link");
    }

    fn settings(&self, sources: &[(&str, &str)]) -> CollectSettings {
        CollectSettings {
            sources: sources
                .iter()
                .map(|(prefix, dir)| SourceDir { prefix: (*prefix).to_owned(), dir: self.path(dir) })
                .collect(),
            ignore_patterns: ["CVS", ".*", "*~"].map(ToOwned::to_owned).to_vec(),
            follow_symlinks: false,
            allow_sensitive: Vec::new(),
        }
    }

    fn strip(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    fn names(&self, settings: &CollectSettings) -> Vec<String> {
        let collected = collect(settings, &location(), None).expect("collected");
        collected.files.iter().map(|file| file.name.to_string()).collect()
    }

    fn errors(&self, settings: &CollectSettings) -> Vec<String> {
        let errors = collect(settings, &location(), Some(&self.path("home"))).expect_err("errors");
        errors.iter().map(|error| self.strip(&error.to_string())).collect()
    }
}

fn location() -> Location {
    Location::new("static").expect("a location")
}

#[test]
fn the_first_of_a_name_wins_and_prefixes_count() {
    let tree = Tree::new(&["one/css/a.css", "one/v/b.js", "two/css/a.css", "two/z", "vendor/b.js"]);
    let settings = tree.settings(&[("", "one"), ("", "two"), ("v/", "vendor")]);
    let collected = collect(&settings, &location(), None).expect("collected");
    let files: Vec<_> =
        collected.files.iter().map(|file| (file.name.as_str(), file.path.clone(), file.source)).collect();
    assert_eq!(
        files,
        [
            ("css/a.css", tree.path("one/css/a.css"), 0),
            ("v/b.js", tree.path("one/v/b.js"), 0),
            ("z", tree.path("two/z"), 1),
        ]
    );
    let shadowed: Vec<_> =
        collected.shadowed.iter().map(|it| (it.name.as_str(), it.path.clone(), it.by.clone())).collect();
    assert_eq!(
        shadowed,
        [
            ("css/a.css", tree.path("two/css/a.css"), tree.path("one/css/a.css")),
            ("v/b.js", tree.path("vendor/b.js"), tree.path("one/v/b.js")),
        ]
    );
    assert_eq!(collected.files[2].stamp.size, 5);
}

#[test]
fn files_are_ignored_by_name_and_path_and_directories_by_name() {
    let tree = Tree::new(&[
        "s/.htaccess",
        "s/.git/config",
        "s/CVS/Root",
        "s/cvs/Root",
        "s/a.css~",
        "s/sub/deep/a.css",
        "s/sub/deep.js",
        "s/other/deep/a.css",
    ]);
    let mut settings = tree.settings(&[("", "s")]);
    let all = ["cvs/Root", "other/deep/a.css", "sub/deep.js", "sub/deep/a.css"];
    assert_eq!(tree.names(&settings), all);
    settings.ignore_patterns.push("sub/deep".to_owned());
    assert_eq!(tree.names(&settings), all);
    settings.ignore_patterns.push("./sub//*/*".to_owned());
    assert_eq!(tree.names(&settings), ["cvs/Root", "other/deep/a.css", "sub/deep.js"]);
    settings.ignore_patterns.push("deep".to_owned());
    assert_eq!(tree.names(&settings), ["cvs/Root", "sub/deep.js"]);
}

#[test]
fn patterns_do_not_see_the_prefix() {
    let tree = Tree::new(&["s/a.css", "s/b.css"]);
    let mut settings = tree.settings(&[("v", "s")]);
    settings.ignore_patterns = vec!["v/*".to_owned(), "b.css".to_owned()];
    assert_eq!(tree.names(&settings), ["v/a.css"]);
}

#[test]
fn links_inside_the_source_are_followed() {
    let tree = Tree::new(&["s/real/a.css"]);
    tree.link("real", "s/alias");
    tree.link("real/a.css", "s/a.css");
    tree.link("s", "t");
    let names = ["a.css", "alias/a.css", "real/a.css"];
    assert_eq!(tree.names(&tree.settings(&[("", "s")])), names);
    assert_eq!(tree.names(&tree.settings(&[("", "t")])), names);
}

#[test]
fn links_that_leave_the_source_are_refused_unless_asked_for() {
    let tree = Tree::new(&["s/a.css", "s-old/secret", "s-old/more/b.css"]);
    tree.link("../s-old/secret", "s/file");
    tree.link("../s-old/more", "s/more");
    let mut settings = tree.settings(&[("", "s")]);
    assert_eq!(
        tree.errors(&settings),
        [
            "`s/file` is a link to `../s-old/secret`, which leaves `".to_owned()
                + &tree.path("s").display().to_string()
                + "`",
            "`s/more` is a link to `../s-old/more`, which leaves `".to_owned()
                + &tree.path("s").display().to_string()
                + "`",
        ]
        .map(|text| tree.strip(&text))
    );
    settings.follow_symlinks = true;
    assert_eq!(tree.names(&settings), ["a.css", "file", "more/b.css"]);
}

#[test]
fn links_that_cannot_be_followed_are_errors_unless_ignored() {
    let tree = Tree::new(&["s/css/a.css"]);
    tree.link("nowhere", "s/broken");
    tree.link("css/a.css/x", "s/through");
    tree.link("../css", "s/css/again");
    tree.link("self", "s/self");
    tree.link("user@host.1234", "s/.#a.css");
    let mut settings = tree.settings(&[("", "s")]);
    for follow in [false, true] {
        settings.follow_symlinks = follow;
        assert_eq!(
            tree.errors(&settings),
            [
                "`s/broken` is a link to `nowhere`, which does not exist",
                "`s/css/again` is a link to `../css`, which never ends",
                "`s/self` is a link to `self`, which never ends",
                "`s/through` is a link to `css/a.css/x`, which does not exist",
            ]
        );
    }
    settings.ignore_patterns.extend(["again", "self", "broken", "thr*"].map(ToOwned::to_owned));
    assert_eq!(tree.names(&settings), ["css/a.css"]);
}

#[test]
fn a_link_to_a_directory_above_ends() {
    let tree = Tree::new(&["s/a.css"]);
    tree.link("..", "s/up");
    let mut settings = tree.settings(&[("", "s")]);
    settings.follow_symlinks = true;
    assert_eq!(tree.errors(&settings), ["`s/up/s/up` is a link to `..`, which never ends"]);
}

#[test]
fn what_looks_sensitive_is_refused_unless_allowed() {
    let tree = Tree::new(&[
        "s/a.css",
        "s/tls/Server.PEM",
        "s/db.sqlite3",
        "s/.env",
        "s/app/.git/config",
        "s/app/.git/objects/1",
        "t/db.sqlite3",
        "t/id_rsa",
    ]);
    let mut settings = tree.settings(&[("", "s"), ("more[1]", "t"), ("", "t")]);
    settings.ignore_patterns.clear();
    let errors = collect(&settings, &location(), None).expect_err("errors");
    let told: Vec<_> = errors
        .iter()
        .map(|error| (tree.strip(&error.to_string()), error.name().unwrap_or_default(), error.exit().code()))
        .collect();
    let refused = |path: &str, kind: &str, pattern: &str, name: &str| {
        (format!("`{path}` looks like {kind} (`{pattern}`), and is refused"), name.to_owned(), 1)
    };
    assert_eq!(
        told,
        [
            refused("s/.env", "settings with secrets", ".env", ".env"),
            refused("s/app/.git", "a repository", ".git", "app/.git"),
            refused("s/db.sqlite3", "a database", "*.sqlite3", "db.sqlite3"),
            refused("s/tls/Server.PEM", "a private key", "*.pem", "tls/Server.PEM"),
            refused("t/db.sqlite3", "a database", "*.sqlite3", "more[1]/db.sqlite3"),
            refused("t/id_rsa", "a private key", "*_rsa", "id_rsa"),
        ]
    );
    // What the hints say is what helps.
    settings.allow_sensitive = errors
        .iter()
        .filter_map(|error| Some(error.hint()?.split_once("= [\"")?.1.trim_end_matches("\"]`").to_owned()))
        .chain(["more[[]1]/id_rsa".to_owned()])
        .map(|glob| NamePattern::new(&glob).expect("a glob"))
        .collect();
    assert_eq!(settings.allow_sensitive.len(), 7);
    assert_eq!(collect(&settings, &location(), None).expect("collected").files.len(), 9);
    settings.allow_sensitive.clear();
    settings.ignore_patterns =
        vec![".*".to_owned(), "*.PEM".to_owned(), "db.*".to_owned(), "id_*".to_owned()];
    settings.sources.truncate(1);
    assert_eq!(tree.names(&settings), ["a.css"], "what is ignored is not refused");
}

#[test]
fn every_bad_source_is_named_in_one_run() {
    let tree = Tree::new(&["file", "hidden/.a", "home/x", "ok/a.css"]);
    fs::create_dir(tree.path("empty")).expect("a directory");
    let mut settings = tree.settings(&[
        ("", "missing"),
        ("", "file"),
        ("", "hidden"),
        ("", "home"),
        ("../up", "ok"),
        ("", "ok"),
        ("", "empty"),
    ]);
    settings.sources.push(SourceDir { prefix: String::new(), dir: "/".into() });
    let errors = collect(&settings, &location(), Some(&tree.path("home"))).expect_err("errors");
    let told: Vec<_> =
        errors.iter().map(|error| (tree.strip(&error.to_string()), error.exit().code())).collect();
    assert_eq!(
        told,
        [
            ("`/` is the root of the file system, and is not collected", 2),
            ("the static dir `empty` holds no files", 1),
            ("the static dir `file` is not a directory", 2),
            ("the ignore patterns leave nothing of the static dir `hidden`", 1),
            ("`home` is your home directory, and is not collected", 2),
            ("the static dir `missing` does not exist", 2),
            ("`../up` is no prefix of names", 2),
        ]
        .map(|(text, code)| (text.to_owned(), code))
    );
    assert_eq!(tree.errors(&tree.settings(&[])), ["no static dir was given"]);
}

#[test]
fn every_bad_file_is_named_in_one_run() {
    let tree = Tree::new(&["s/a.css"]);
    fs::write(tree.path("s").join(std::ffi::OsStr::from_bytes(b"caf\xe9.css")), "").expect("a file");
    let _socket = UnixListener::bind(tree.path("s/socket")).expect("a socket");
    let long =
        format!("{}/{}/{}/{}/{}", "d".repeat(250), "d".repeat(250), "d".repeat(250), "d".repeat(250), "e");
    tree.file(&format!("s/{long}"));
    tree.file(&format!("s/{long}{}", "e".repeat(13)));
    tree.file(&format!("s/{long}{}", "e".repeat(12)));
    assert_eq!(
        tree.errors(&tree.settings(&[("", "s")])),
        [
            "the name of `s/caf\u{fffd}.css` is not UTF-8".to_owned(),
            format!(
                "the key `static/{long}{}` is 1025 bytes long, and S3 takes at most 1,024",
                "e".repeat(13)
            ),
            "`s/socket` is a socket, and cannot be an asset".to_owned(),
        ]
    );
}

#[test]
fn unreadable_directories_are_named() {
    let tree = Tree::new(&["s/a.css", "s/shut/b.css"]);
    fs::set_permissions(tree.path("s/shut"), fs::Permissions::from_mode(0o000)).expect("permissions");
    // The superuser reads whatever it likes.
    if fs::read_dir(tree.path("s/shut")).is_err() {
        assert_eq!(tree.errors(&tree.settings(&[("", "s")])), ["cannot read `s/shut`"]);
    }
    fs::set_permissions(tree.path("s/shut"), fs::Permissions::from_mode(0o700)).expect("permissions");
}

#[test]
fn names_that_look_alike_are_grouped() {
    let tree = Tree::new(&["s/css/A.css", "s/css/a.css", "s/caf\u{e9}", "s/cafe\u{301}", "s/cafe"]);
    let collected = collect(&tree.settings(&[("", "s")]), &location(), None).expect("collected");
    let groups: Vec<Vec<&str>> =
        collected.look_alikes.iter().map(|group| group.iter().map(AssetName::as_str).collect()).collect();
    assert_eq!(groups, [vec!["cafe\u{301}", "caf\u{e9}"], vec!["css/A.css", "css/a.css"]]);
    assert_eq!(collected.files.len(), 5);
}

#[test]
fn a_source_may_be_given_twice_or_lie_in_another() {
    let tree = Tree::new(&["s/css/a.css"]);
    let settings = tree.settings(&[("", "s"), ("", "s"), ("", "s/css")]);
    assert_eq!(tree.names(&settings), ["a.css", "css/a.css"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_of_creation_never_matters(
        names in proptest::collection::btree_set("[aB.-]{1,2}(/[aB!]{1,2}){0,2}", 1..12),
        seed in any::<u64>(),
    ) {
        // A name that is a directory of another cannot be a file as well.
        let names: Vec<String> = names
            .iter()
            .filter(|name| !names.iter().any(|other| other.starts_with(&format!("{name}/"))))
            .filter(|name| !name.split('/').any(|part| matches!(part, "." | "..")))
            .cloned()
            .collect();
        prop_assume!(!names.is_empty());
        let mut shuffled = names.clone();
        shuffled.sort_by_key(|name| name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(17)
        }));
        let tree = Tree::new(&[]);
        for name in &shuffled {
            tree.file(&format!("s/{name}"));
        }
        let mut settings = tree.settings(&[("", "s")]);
        settings.ignore_patterns.clear();
        prop_assert_eq!(tree.names(&settings), names);
    }
}

#[test]
fn what_is_ignored_is_told_once_with_its_pattern() {
    let tree =
        Tree::new(&["s/a", "s/.git/config", "s/.git/objects/1", "s/css/a~", "s/css/a.css", "v/.x", "v/b"]);
    let mut settings = tree.settings(&[("", "s"), ("lib", "v")]);
    settings.ignore_patterns.push("css/*.css".to_owned());
    let collected = collect(&settings, &location(), None).expect("collected");
    let ignored = |name: &str, path: &str, pattern: &str| Ignored {
        name: PathBuf::from(name),
        path: tree.path(path),
        pattern: pattern.to_owned(),
    };
    assert_eq!(
        collected.ignored,
        [
            ignored(".git", "s/.git", ".*"),
            ignored("css/a.css", "s/css/a.css", "css/*.css"),
            ignored("css/a~", "s/css/a~", "*~"),
            ignored("lib/.x", "v/.x", ".*"),
        ]
    );
}
