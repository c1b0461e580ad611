//! What is wrong with static dirs and the files in them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::*;

fn push(sandbox: &Sandbox, sources: &[&str]) -> Run {
    sandbox.run(&[&["push", "--local", "bucket"], sources].concat())
}

#[test]
fn sources_that_are_none() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}").file("home/x", "");
    push(&sandbox, &["static/site.css", "nowhere", "home", "/"]).expect(
        2,
        "",
        "error: `/` is the root of the file system, and is not collected\n  \
         hint: give the directory that holds the static files\n\
         error: `home` is your home directory, and is not collected\n  \
         hint: give the directory that holds the static files\n\
         error: the static dir `nowhere` does not exist\n  hint: correct the path, or create the directory\n\
         error: the static dir `static/site.css` is not a directory\n  hint: give the directory that it is in\n",
    );
    assert!(!sandbox.path("bucket").exists());
}

#[test]
fn sources_without_files() {
    let sandbox = Sandbox::new().file("static/.hidden", "");
    fs::create_dir(sandbox.path("empty")).expect("a directory");
    push(&sandbox, &["static", "empty"]).expect(
        1,
        "",
        "error: the static dir `empty` holds no files\n  hint: put files in, or leave the static dir out\n\
         error: the ignore patterns leave nothing of the static dir `static`\n  \
         hint: change `ignore_patterns`, or leave out the default ones with `--no-default-ignore`\n\
         note: nothing was stored\n",
    );
}

#[test]
fn a_bucket_directory_inside_a_source() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    let message = |local: &str, dir: &str| {
        format!(
            "error: the local bucket directory `{local}` is inside the static dir `{dir}`\n  \
             hint: choose a place outside it for `local`\n"
        )
    };
    let run = |dir: &str, local: &str| sandbox.run(&["push", dir, "--local", local]);
    run("static", "static/a/bucket").expect(2, "", &message("static/a/bucket", "static"));
    run(".", "bucket").expect(2, "", &message("bucket", "."));
    run("static", "static").expect(2, "", &message("static", "static"));
    assert_eq!(fs::read_dir(sandbox.path("static")).expect("a directory").count(), 1);
    run("static", "static/../bucket").expect(
        0,
        "",
        "1 asset: 1 put (6 bytes), 0 unchanged  s3://local/  [TIME]\n",
    );
}

/// `/proc/self/mem` is a regular file that cannot be read from its beginning, by root neither.
#[test]
#[cfg(target_os = "linux")]
fn an_unreadable_file() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    symlink("/proc/self/mem", sandbox.path("static/memory.bin")).expect("a link");
    push(&sandbox, &["static", "--follow-symlinks"]).expect(
        1,
        "",
        "error: cannot read `static/memory.bin`\n  caused by: Input/output error (os error 5)\n  \
         hint: make it readable, or leave it out with `--ignore`\n\
         note: 1 of 2 objects were stored; the others are as they were before, and the next push tries them again\n\
         2 assets: 1 put (6 bytes), 0 unchanged, 1 failed  s3://local/  [TIME]\n",
    );
}

/// What the system makes up has no size, and must not be stored as an empty object.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_is_longer_than_its_size() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("static")).expect("a directory");
    symlink("/proc/version", sandbox.path("static/version")).expect("a link");
    push(&sandbox, &["static", "--follow-symlinks"]).expect(
        1,
        "",
        "error: `version` changed while it was being read\n  \
         hint: run again when nothing writes to the static dirs\n\
         note: 0 of 1 objects were stored; the others are as they were before, and the next push tries them again\n\
         1 asset: 0 put, 0 unchanged, 1 failed  s3://local/  [TIME]\n",
    );
}

#[test]
fn links_that_cannot_be_followed_are_told_all() {
    let sandbox = Sandbox::new().file("static/css/site.css", "body{}").file("outside.txt", "x");
    for (target, link) in
        [("../outside.txt", "outside.txt"), ("nowhere", "broken"), ("itself", "itself"), ("../css", "css/up")]
    {
        symlink(target, sandbox.path("static").join(link)).expect("a link");
    }
    push(&sandbox, &["static"]).expect(
        1,
        "",
        "error: `static/broken` is a link to `nowhere`, which does not exist\n  \
         hint: remove the link, or leave it out with `--ignore`\n\
         error: `static/css/up` is a link to `../css`, which never ends\n  \
         hint: remove the link, or leave it out with `--ignore`\n\
         error: `static/itself` is a link to `itself`, which never ends\n  \
         hint: remove the link, or leave it out with `--ignore`\n\
         error: `static/outside.txt` is a link to `../outside.txt`, which leaves `static`\n  \
         hint: set `follow_symlinks = true` if that is meant, or leave it out with `--ignore`\n\
         note: nothing was stored\n",
    );
}

#[test]
fn files_that_are_not_for_everybody_are_told_all() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    for name in
        ["app/.git/config", "app/.git/HEAD", "db.sqlite3", "dump.sql", "id_rsa", "tls/ca.pem", "tls/it.key"]
    {
        sandbox.write(&format!("static/{name}"), "x");
    }
    let refused = "error: `static/app/.git` looks like a repository (`.git`), and is refused\n  \
         hint: leave it out with `--ignore`, or say that everybody may have it: \
         `allow_sensitive = [\"app/.git/**\"]`\n\
         error: `static/db.sqlite3` looks like a database (`*.sqlite3`), and is refused\n  \
         hint: leave it out with `--ignore`, or say that everybody may have it: \
         `allow_sensitive = [\"db.sqlite3\"]`\n\
         error: `static/dump.sql` looks like a database (`*.sql`), and is refused\n  \
         hint: leave it out with `--ignore`, or say that everybody may have it: \
         `allow_sensitive = [\"dump.sql\"]`\n\
         error: `static/id_rsa` looks like a private key (`*_rsa`), and is refused\n  \
         hint: leave it out with `--ignore`, or say that everybody may have it: `allow_sensitive = [\"id_rsa\"]`\n\
         error: `static/tls/ca.pem` looks like a private key (`*.pem`), and is refused\n  \
         hint: leave it out with `--ignore`, or say that everybody may have it: \
         `allow_sensitive = [\"tls/ca.pem\"]`\n\
         error: and 1 more error; `-v` shows all\n";
    push(&sandbox, &["static", "--no-default-ignore"]).expect(
        1,
        "",
        &format!("{refused}note: nothing was stored\n"),
    );
    sandbox.run(&["manifest", "static", "--no-default-ignore", "--out", "out"]).expect(
        1,
        "",
        &format!("{refused}note: nothing was written to `out`\n"),
    );
    assert!(!sandbox.path("out").exists());
    sandbox.run(&["explain", "--no-default-ignore", "--source", "=static", "id_rsa"]).expect(1, "", refused);
    let allow = "allow_sensitive=**/.git/**,db.sqlite3,*.sql,id_*,tls/*";
    let allowed = push(&sandbox, &["static", "--no-default-ignore", "--set", allow]);
    assert_eq!((allowed.status, allowed.stderr.contains("8 put")), (0, true), "{allowed:?}");
    push(&sandbox, &["static", "--set", "allow_sensitive=true"]).expect(
        0,
        "",
        "6 assets: 0 put, 6 unchanged  s3://local/  [TIME]\n",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_cannot_be_keys_are_told_all() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    let odd = sandbox.path("static").join(OsStr::from_bytes(b"caf\xe9.css"));
    fs::write(odd, "x").expect("a file");
    let long = ["a", "b", "c", "d", "e"].map(|part| part.repeat(204)).join("/");
    let sandbox = sandbox.file(&format!("static/{long}"), "x");
    let mut run = push(&sandbox, &["static", "--location", "x"]);
    run.stderr = run.stderr.replace(&long, "[LONG]");
    run.expect(
        1,
        "",
        "error: the key `x/[LONG]` is 1026 bytes long, and S3 takes at most 1,024\n  \
         hint: shorten the path, or leave the file out with `--ignore`\n\
         error: the name of `static/caf\u{fffd}.css` is not UTF-8\n  hint: rename the file; S3 keys are UTF-8\n\
         note: nothing was stored\n",
    );
}

#[test]
fn names_that_look_alike_and_names_that_hide_others() {
    let sandbox = Sandbox::new()
        .file("first/site.css", "1")
        .file("first/caf\u{e9}.css", "2")
        .file("second/site.css", "3")
        .file("second/cafe\u{301}.css", "4");
    push(&sandbox, &["first", "second"]).expect(
        0,
        "",
        "warning: `second/site.css` is hidden by `first/site.css`\n\
         warning: `cafe\u{301}.css`, `caf\u{e9}.css` differ only by case or Unicode form; all are stored\n  \
         hint: some file systems cannot hold them side by side; rename all but one\n\
         3 assets: 3 put (3 bytes), 0 unchanged  s3://local/  [TIME]\n",
    );
}

#[test]
fn bucket_directories_that_cannot_be_used() {
    let sandbox =
        Sandbox::new().file("static/site.css", "body{}").file("mine/novel.txt", "x").file("a-file", "x");
    let push = |local: &str| sandbox.run(&["push", "static", "--local", local]);
    push("mine").expect(
        2,
        "",
        "error: `mine` is not empty and is no local bucket directory\n  \
         hint: choose an empty directory, or one that does not exist yet\n",
    );
    push("a-file").expect(
        1,
        "",
        "error: cannot use `a-file` as a local bucket directory\n  caused by: File exists (os error 17)\n  \
         hint: choose a directory that can be written to\nnote: nothing was stored\n",
    );
}
