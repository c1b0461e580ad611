//! Everything in the README runs: its first commands, those in its tables, its settings, its policy. Its terminals run with
//! those of the other pages.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use regex::Regex;
use s3collect::local::{Options, Server};

use crate::support::{Sandbox, copy_tree};

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).expect("a README")
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of a language, without their fences.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    text.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// A checkout as the README's first commands see it.
fn checkout() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&repository().join("fixtures/site"), &sandbox.path("fixtures/site"));
    sandbox
}

#[test]
fn the_first_command_pushes_the_site_and_the_second_run_puts_nothing() {
    let text = readme();
    let command = blocks(&text, "sh")[0].trim().strip_prefix("cargo run --release -- ").expect("the command");
    let arguments: Vec<&str> = command.split(' ').collect();
    let sandbox = checkout();
    sandbox.run(&arguments).expect(0, "", "25 assets: 25 put (16.5 KiB), 0 unchanged  s3://local/  [TIME]\n");
    sandbox.run(&arguments).expect(0, "", "25 assets: 0 put, 25 unchanged  s3://local/  [TIME]\n");
}

#[test]
fn serve_tells_where_and_who() {
    let text = readme();
    let command = blocks(&text, "sh")[1].trim().strip_prefix("cargo run --release -- ").expect("the command");
    let sandbox = checkout();
    let mut child = sandbox
        .command(&command.split(' ').collect::<Vec<_>>())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let told: Vec<String> = BufReader::new(child.stdout.take().expect("a pipe"))
        .lines()
        .take(5)
        .map(|line| line.expect("a line"))
        .collect();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert!(Regex::new(r"^http://127\.0\.0\.1:\d+$").expect("a pattern").is_match(&told[0]), "{told:?}");
    assert_eq!(
        told[1..],
        [
            "access key  S3COLLECT",
            "secret key  s3collect-local-secret-key",
            "region      us-east-1 (any will do)",
            "bucket      local"
        ]
    );
}

/// The commands of the table in "Use it" and elsewhere in the text, against an endpoint that has the bucket.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_table_runs() {
    let text = readme();
    let endpoint = tempfile::TempDir::new().expect("a directory");
    let options = Options { create_buckets: vec!["acme-assets".to_owned()], ..Options::new(endpoint.path()) };
    let keys = options.credentials.clone();
    let server = Server::start(options).await.expect("an endpoint");
    let sandbox = checkout()
        .file("node_modules/dist/vendor.js", "let vendor;\n")
        .env("AWS_STORAGE_BUCKET_NAME", "acme-assets")
        .env("AWS_LOCATION", "static")
        .env("AWS_S3_ENDPOINT_URL", &server.endpoint_url())
        .env("AWS_S3_ACCESS_KEY_ID", &keys.access_key)
        .env("AWS_S3_SECRET_ACCESS_KEY", &keys.secret_key);
    copy_tree(&repository().join("fixtures/site"), &sandbox.path("static"));
    let project = r#"{"static_url": "/static/", "ignore_patterns": null, "names": [], "findings": [],
        "sources": [{"prefix": "", "dir": "static"}], "project": {"settings": {}, "secrets": [], "findings": []},
        "storages": {"staticfiles": {"class": "storages.backends.s3.S3StaticStorage", "backend": "S3StaticStorage",
            "settings": {}, "secrets": [], "findings": []}}}"#;
    sandbox.write(".venv/bin/python", format!("#!/bin/sh\ncat <<'END'\n{project}\nEND\n"));
    fs::set_permissions(sandbox.path(".venv/bin/python"), fs::Permissions::from_mode(0o755))
        .expect("a script");
    let commands: Vec<&str> = Regex::new(r"(?m)`s3collect ([^`\n]+)`")
        .expect("a pattern")
        .captures_iter(&text)
        .map(|found| found.get(1).expect("a group").as_str())
        .collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        let command = command.replace("https://s3.example.com", &server.endpoint_url());
        let command = command.replace("\"$BUILD_NUMBER\"", "7");
        let mut arguments: Vec<&str> = command.split(' ').collect();
        if arguments[0] == "explain" {
            arguments.extend(["--source", "static"]);
        }
        let run = sandbox.run(&arguments);
        // This endpoint serves nobody who has no keys, and that is what `doctor` tells.
        let expected = i32::from(arguments[0] == "doctor");
        assert_eq!(run.status, expected, "{command}: {run:?}");
    }
    server.stop().await;
}

#[test]
fn the_settings_are_fine() {
    let text = readme();
    let sandbox = Sandbox::new().file("s3collect.toml", blocks(&text, "toml")[0]);
    sandbox.run(&["settings", "check"]).expect(0, "", "settings are fine: 7 set, `s3collect.toml`\n");
}

#[test]
fn the_policy_is_what_the_verb_prints() {
    let text = readme();
    let sandbox =
        Sandbox::new().file("s3collect.toml", "bucket_name = \"acme-assets\"\nlocation = \"static\"\n");
    sandbox.run(&["iam-policy"]).expect(0, blocks(&text, "json")[0], "");
}
