//! `explain` as a user runs it: why files get what they get, and why others are not collected.

use crate::support::Sandbox;

fn sandbox() -> Sandbox {
    Sandbox::new()
        .file("one/css/site.css", "a{}")
        .file("one/.git/config", "[core]")
        .file("one/.hidden", "")
        .file("one/css/site.css~", "")
        .file("one/css/site.scss", "")
        .file("two/css/site.css", "b{}")
        .file("vendor/.keep", "")
        .file("vendor/x.js", "x")
        .file(
            "s3collect.toml",
            "sources = [\"one\", \"two\", [\"lib\", \"vendor\"]]\nignore_patterns = [\"css/*.scss\"]\n\
             location = \"static\"\n",
        )
}

const SITE: &str = "\
css/site.css
  file: one/css/site.css
  source: one
  key: static/css/site.css
  ContentType: text/css  (the pinned table, by `.css`)
  gzip: no: `gzip` is off
  put: before pages
";

#[test]
fn a_file_is_found_by_its_name_and_by_its_path() {
    let sandbox = sandbox();
    let absolute = sandbox.path("one/css/site.css").display().to_string();
    for file in ["css/site.css", "./css/site.css", "one/css/site.css", "./one/../one/css/site.css", &absolute]
    {
        sandbox.run(&["explain", file]).expect(0, SITE, "");
    }
}

/// Runs `explain` on one file that is not collected; what stands on stderr.
#[track_caller]
fn refused(sandbox: &Sandbox, file: &str, message: &str, hint: &str) {
    let stderr = format!("error: `{file}` was not collected{message}\n  hint: {hint}\n");
    sandbox.run(&["explain", file]).expect(1, "", &stderr);
}

const CHANGE: &str = "change `ignore_patterns`, or leave out the default ones with `--no-default-ignore`";

#[test]
fn an_ignored_file_is_told_with_its_pattern() {
    let sandbox = sandbox();
    refused(&sandbox, ".hidden", ": it matches the ignore pattern `.*`", CHANGE);
    refused(&sandbox, "./one/.hidden", ": it matches the ignore pattern `.*`", CHANGE);
    refused(&sandbox, "css/site.css~", ": it matches the ignore pattern `*~`", CHANGE);
    refused(&sandbox, "css/site.scss", ": it matches the ignore pattern `css/*.scss`", CHANGE);
    refused(&sandbox, "lib/.keep", ": it matches the ignore pattern `.*`", CHANGE);
}

#[test]
fn what_is_below_an_ignored_directory_is_told_with_that() {
    let sandbox = sandbox();
    refused(&sandbox, ".git", ": it matches the ignore pattern `.*`", CHANGE);
    for file in [".git/config", "one/.git/config"] {
        refused(&sandbox, file, ": `one/.git` matches the ignore pattern `.*`", CHANGE);
    }
}

#[test]
fn a_hidden_file_is_told_with_the_one_that_hides_it() {
    let order = "the first static dir that has a name wins; change their order";
    refused(&sandbox(), "two/css/site.css", ": `one/css/site.css` hides it", order);
}

#[test]
fn an_unknown_file_is_told_with_the_nearest_name() {
    let sandbox = sandbox();
    refused(&sandbox, "css/sit.css", "", "`css/site.css` was");
    refused(&sandbox, "img/logo.png", "", "`s3collect push --dry-run` lists what is collected");
}
