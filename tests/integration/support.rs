//! A sandbox for the binary: its own directory, home and environment; exact output with three filters.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;
use s3collect::settings::{AddressingStyle, ClientSettings, ConnectionSettings, CredentialSource, Secret};
use tempfile::TempDir;

/// A directory to run the binary in.
pub(crate) struct Sandbox {
    dir: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        fs::create_dir(dir.path().join("home")).expect("a home");
        Self { dir, environment: BTreeMap::new() }
    }

    /// Writes a file, with the directories it needs.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// What was given.
    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// The command with this sandbox's directory and environment, and none of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_s3collect"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("the binary runs");
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: self.filtered(&output.stdout),
            stderr: self.filtered(&output.stderr),
        }
    }

    /// Text with what differs from run to run taken out: `[DIR]`, `[TIME]`, `[HASH]`.
    pub(crate) fn filtered(&self, output: &[u8]) -> String {
        let text = String::from_utf8(output.to_vec()).expect("output is UTF-8");
        let text = text.replace(&self.dir.path().display().to_string(), "[DIR]");
        let time = Regex::new(r"\b\d+\.\d s\b").expect("a pattern");
        let hash = Regex::new(r"\b[0-9a-f]{32,64}\b").expect("a pattern");
        hash.replace_all(&time.replace_all(&text, "[TIME]"), "[HASH]").into_owned()
    }
}

impl Run {
    /// All of it, at once: a difference shows the whole run.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, stdout: &str, stderr: &str) -> &Self {
        let seen = (self.status, self.stdout.as_str(), self.stderr.as_str());
        assert_eq!(
            seen,
            (status, stdout, stderr),
            "\nstatus {}\n--- stdout\n{}--- stderr\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The document of `--json`.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// What was printed, without ids of releases and times.
pub(crate) fn masked(run: &Run) -> (i32, String, String) {
    let id = Regex::new(r"\d{8}T\d{6}Z-[0-9a-f]{8}").expect("a pattern");
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").expect("a pattern");
    let filtered = |text: &str| time.replace_all(&id.replace_all(text, "[ID]"), "[DATE]").into_owned();
    (run.status, filtered(&run.stdout), filtered(&run.stderr))
}

/// The fields of each table in the section of `docs/json.md` on a verb, each sorted.
pub(crate) fn documented(verb: &str) -> Vec<Vec<String>> {
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).expect("a schema");
    let heading = format!("`{verb} --json`");
    let section = schema.split("\n## ").find(|part| part.starts_with(&heading)).expect("a section");
    let tables = section.split("\n\n").map(|table| sorted(&fields(table)));
    tables.filter(|fields| !fields.is_empty()).collect()
}

/// The names in the first column of a Markdown table.
pub(crate) fn fields(table: &str) -> Vec<String> {
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let columns = rows.filter_map(|line| line.split('|').nth(1));
    columns
        .flat_map(|column| column.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}

/// The names of the fields of an object, sorted.
pub(crate) fn names(value: &serde_json::Value) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names
}

/// The same of a table.
pub(crate) fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}

/// What the environment says of a real server: `S3COLLECT_TEST_` and the name.
#[expect(clippy::disallowed_methods, reason = "a test is told from outside where a server is")]
pub(crate) fn told(name: &str, default: &str) -> String {
    std::env::var(format!("S3COLLECT_TEST_{name}")).unwrap_or_else(|_| default.to_owned())
}

/// Settings with keys for a bucket at an endpoint.
pub(crate) fn connection(
    endpoint: String,
    bucket: &str,
    access_key: &str,
    secret_key: &str,
) -> ConnectionSettings {
    ConnectionSettings {
        bucket: bucket.to_owned(),
        local: None,
        endpoint_url: Some(endpoint),
        region_name: Some("us-east-1".to_owned()),
        addressing_style: AddressingStyle::Auto,
        use_ssl: true,
        credentials: CredentialSource::Static {
            access_key: Secret::new(access_key),
            secret_key: Secret::new(secret_key),
            security_token: None,
        },
        client: ClientSettings::default(),
    }
}

/// Copies a directory with all that is in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.path().strip_prefix(from).expect("below"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).expect("a directory");
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
