//! What real Django wrote for small hostile trees, against `manifest --out`: the manifest as JSON, every other file byte for byte.
//! `scripts/django/goldens.py` records `fixtures/django/5.2/`, one file per tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Run, Sandbox};

/// Trees on which Django gives up by its limit of passes, or since it comes to a file before it knows the one referred to.
/// We find the names that it finds otherwise.
const GIVEN_UP: [&str; 5] =
    ["chain_12", "chain_12_shallower", "chain_40", "css_blank_before_above", "css_percent_twice_above"];

/// Trees for which Django leaves something wrong without a word, and we refuse: two files under one stored name, and a
/// reference to a name that only this run gives.
const REFUSED: [&str; 3] = ["clash_hashed_sheet", "clash_hashed_source", "generated_name_referred_to"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    settings: Settings,
    sources: Vec<Source>,
    expected: Option<Expected>,
    error: Option<Value>,
    #[serde(default)]
    error_names: Vec<String>,
    #[serde(default)]
    warning_names: Vec<String>,
    #[serde(default)]
    refusal_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    support_js_module_import_aggregation: bool,
    static_url: Option<String>,
    use_default_ignore_patterns: Option<bool>,
}

#[derive(Deserialize)]
struct Source {
    prefix: String,
    files: BTreeMap<String, Content>,
}

#[derive(Deserialize)]
struct Expected {
    paths: BTreeMap<String, String>,
    version: String,
    hash: String,
    stored: BTreeMap<String, Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Base64 { base64: String },
    Copy { copy_of: String },
}

impl Golden {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("a fixture");
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The collected files: the first of a name wins.
    fn collected(&self) -> BTreeMap<String, Vec<u8>> {
        let mut collected = BTreeMap::new();
        for source in &self.sources {
            for (name, content) in &source.files {
                let name =
                    if source.prefix.is_empty() { name.clone() } else { format!("{}/{name}", source.prefix) };
                collected.entry(name).or_insert_with(|| content.bytes(&BTreeMap::new()));
            }
        }
        collected
    }

    /// Runs `manifest --out out` over the sources.
    fn run(&self, sandbox: &Sandbox) -> Run {
        let mut arguments = vec!["manifest".to_owned()];
        for (number, source) in self.sources.iter().enumerate() {
            let directory = format!("source-{number}");
            for (name, content) in &source.files {
                sandbox.write(&format!("{directory}/{name}"), content.bytes(&BTreeMap::new()));
            }
            if source.prefix.is_empty() {
                arguments.push(directory);
            } else {
                arguments.extend(["--source".to_owned(), format!("{}={directory}", source.prefix)]);
            }
        }
        arguments.extend(["--out", "out"].map(str::to_owned));
        if self.settings.support_js_module_import_aggregation {
            arguments.push("--js-modules".to_owned());
        }
        if let Some(url) = &self.settings.static_url {
            arguments.extend(["--static-url".to_owned(), url.clone()]);
        }
        if self.settings.use_default_ignore_patterns == Some(false) {
            arguments.push("--no-default-ignore".to_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        sandbox.run(&arguments)
    }

    /// What is not as it must be; nothing where all is well.
    fn differences(&self, refused: bool) -> Vec<String> {
        let sandbox = Sandbox::new();
        let run = self.run(&sandbox);
        let out = sandbox.path("out");
        let mut differences = match &self.expected {
            Some(expected) if !refused => {
                let mut differences = expected.differences(&out, &self.collected());
                differences.extend(self.warning_differences(&run.stderr));
                differences.extend((run.status != 0).then(|| format!("exit {}", run.status)));
                differences
            }
            _ => self.error_differences(&run, &out),
        };
        if !differences.is_empty() {
            differences.push(format!("stderr: {}", run.stderr));
        }
        differences
    }

    /// What Django leaves dangling is told, in one warning; nothing else is.
    fn warning_differences(&self, stderr: &str) -> Option<String> {
        let mut warnings = stderr.lines().filter(|line| line.starts_with("warning: "));
        if self.warning_names.is_empty() {
            return warnings.next().map(|warning| format!("a warning out of place: {warning}"));
        }
        let told = warnings.any(|line| self.warning_names.iter().all(|name| line.contains(name.as_str())));
        (!told).then(|| format!("no warning names {:?}", self.warning_names))
    }

    /// A failure names what it is about, and leaves nothing behind.
    fn error_differences(&self, run: &Run, out: &Path) -> Vec<String> {
        let mut differences = Vec::new();
        if run.status != 1 {
            differences.push(format!("exit {}, not 1", run.status));
        }
        for name in self.error_names.iter().chain(&self.refusal_names) {
            if !run.stderr.contains(name.as_str()) {
                differences.push(format!("the error does not name `{name}`"));
            }
        }
        differences.extend(files(out).keys().map(|name| format!("{name:?} was left behind")));
        differences
    }
}

impl Expected {
    fn differences(&self, out: &Path, collected: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
        let mut differences = Vec::new();
        let mut found = files(out);
        let manifest: Option<Value> =
            found.remove("staticfiles.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let expected = json!({ "paths": self.paths, "version": self.version, "hash": self.hash });
        if manifest.as_ref() != Some(&expected) {
            let manifest = manifest.unwrap_or_default();
            differences.push(format!("staticfiles.json\n  expected {expected}\n     found {manifest}"));
        }
        let stored = self.stored_where_the_manifest_says();
        let names: BTreeSet<&String> = stored.keys().chain(found.keys()).collect();
        for name in names {
            let expected = stored.get(name).map(|content| content.bytes(collected));
            let found = found.get(name);
            if expected.as_ref() != found {
                let [expected, found] = [expected.as_ref(), found]
                    .map(|bytes| bytes.map(|bytes| bytes.escape_ascii().to_string()));
                differences.push(format!("{name:?}\n  expected {expected:?}\n     found {found:?}"));
            }
        }
        differences
    }

    /// On disk Django keeps a backslash in the name of the file, while its manifest has a slash, as S3 has.
    fn stored_where_the_manifest_says(&self) -> BTreeMap<String, &Content> {
        let named: BTreeSet<&String> = self.paths.values().collect();
        let place = |name: &String| {
            let slashed = name.replace('\\', "/");
            if named.contains(&slashed) { slashed } else { name.clone() }
        };
        self.stored.iter().map(|(name, content)| (place(name), content)).collect()
    }
}

impl Content {
    fn bytes(&self, collected: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64 { base64 } => BASE64.decode(base64).expect("base64"),
            Self::Copy { copy_of } => collected[copy_of].clone(),
        }
    }
}

/// Every file below a directory, by its path from there.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    if !directory.exists() {
        return BTreeMap::new();
    }
    walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(directory).expect("below").to_str().expect("UTF-8");
            (name.to_owned(), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// The fixtures by the name of their case.
fn goldens() -> BTreeMap<String, Golden> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/django/5.2");
    fs::read_dir(&directory)
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_stem().expect("a stem").to_string_lossy().into_owned(), Golden::read(&path)))
        .collect()
}

#[test]
fn manifest_writes_what_django_writes() {
    let goldens = goldens();
    assert!(goldens.len() > 200, "{} fixtures", goldens.len());
    let mut failed = Vec::new();
    for (name, golden) in &goldens {
        let differences = golden.differences(REFUSED.contains(&name.as_str()));
        if !differences.is_empty() {
            failed.push(format!("== {name}\n{}", differences.join("\n")));
        }
    }
    assert!(failed.is_empty(), "\n{}\n{} of {} differ", failed.join("\n"), failed.len(), goldens.len());
}

/// The lists above are all of the departures: no fixture says otherwise.
#[test]
fn departures_from_django_are_the_listed_ones() {
    let named = |holds: fn(&Golden) -> bool| -> Vec<String> {
        goldens().into_iter().filter(|(_, golden)| holds(golden)).map(|(name, _)| name).collect()
    };
    assert_eq!(named(|golden| golden.error.is_some() && golden.expected.is_some()), GIVEN_UP);
    assert_eq!(named(|golden| !golden.refusal_names.is_empty()), REFUSED);
}
