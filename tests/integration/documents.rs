//! Everything in the README and in `docs/` that looks like a terminal runs: each page from its beginning to its end, over a site and an empty
//! bucket, with exactly the output that it claims. What is not run is fenced as `sh`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use s3collect::local::{Options, Server};

use crate::support::{Sandbox, copy_tree};

/// What a page asks for, in its order.
#[derive(Debug, PartialEq)]
enum Item {
    /// A line behind `$ `, and the lines that it prints; none where the page does not say.
    Command { line: String, prints: Option<String> },
    /// What the page does not show: `<!-- run: … -->`.
    Unseen(String),
    /// A block of TOML that begins with `# s3collect.toml`.
    Settings(String),
}

fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(docs).expect("pages").map(|entry| entry.expect("a page").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    pages.sort();
    pages
}

/// What a page asks for, and its blocks of TOML that are not written anywhere.
fn items(page: &str) -> (Vec<Item>, Vec<String>) {
    let found = Regex::new(r"(?ms)^```(console|toml)\n(.*?)^```$|^<!-- run: (.*?) -->$").expect("a pattern");
    let (mut items, mut settings) = (Vec::new(), Vec::new());
    for found in found.captures_iter(page) {
        let text = |group: usize| found.get(group).map(|text| text.as_str());
        match (text(1), text(2), text(3)) {
            (Some("console"), Some(block), _) => items.extend(transcript(block)),
            (_, Some(block), _) if block.starts_with("# s3collect.toml\n") => {
                items.push(Item::Settings(block.to_owned()));
            }
            (_, Some(block), _) => settings.push(block.to_owned()),
            (_, _, Some(line)) => items.push(Item::Unseen(line.to_owned())),
            _ => unreachable!("one of the two matched"),
        }
    }
    (items, settings)
}

fn transcript(block: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.split(" # ").next().unwrap_or_default().trim().to_owned();
            items.push(Item::Command { line: command, prints: None });
        } else if let Some(Item::Command { prints, .. }) = items.last_mut() {
            let prints = prints.get_or_insert_default();
            prints.push_str(line);
            prints.push('\n');
        } else {
            panic!("`{line}` follows no command");
        }
    }
    items
}

/// Without what differs from run to run.
fn masked(text: &str) -> String {
    let masks = [
        (r"\b\d+\.\d s\b", "[TIME]"),
        (r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[ID]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[DATE]"),
        (r"127\.0\.0\.1:\d{4,5}", "[ADDRESS]"),
        (r"request id [0-9A-F]+", "request id [REQUEST]"),
    ];
    masks.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *mask).into_owned()
    })
}

/// Runs a page in a shell, so that what one line exports the next one has.
fn run(sandbox: &Sandbox, items: &[Item]) -> Vec<String> {
    let mut script = String::new();
    for (number, item) in items.iter().enumerate() {
        let line = match item {
            Item::Command { line, .. } | Item::Unseen(line) => line.clone(),
            Item::Settings(_) => format!("cp settings.{number} s3collect.toml"),
        };
        if let Item::Settings(settings) = item {
            sandbox.write(&format!("settings.{number}"), settings);
        }
        // In the shell itself, not in one of its own.
        script.push_str(&format!("{{ {line}\n}} >out.{number} 2>&1; echo $? >status.{number}\n"));
    }
    fs::create_dir(sandbox.path("bin")).expect("a directory");
    symlink(env!("CARGO_BIN_EXE_s3collect"), sandbox.path("bin/s3collect")).expect("a link");
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let status = Command::new("sh")
        .args(["-c", &script])
        .current_dir(sandbox.path(""))
        .env_clear()
        .env("HOME", sandbox.path("home"))
        .env("PATH", path)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(sandbox.environment())
        .status()
        .expect("a shell");
    assert!(status.success(), "{script}");
    let read = |name: String| fs::read_to_string(sandbox.path(&name)).expect("output");
    let mut wrong = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let (printed, status) = (read(format!("out.{number}")), read(format!("status.{number}")));
        let prints = match item {
            Item::Command { prints, .. } => prints.as_deref(),
            Item::Unseen(_) | Item::Settings(_) => None,
        };
        let is_claimed = prints.is_none_or(|prints| masked(prints) == masked(&printed));
        // An error that the page shows ends as errors do.
        let is_done = status.trim() == "0" || prints.is_some_and(|prints| prints.contains("error: "));
        if !is_claimed || !is_done {
            wrong.push(format!("{item:?}\nended with {status}and printed\n{printed}"));
        }
    }
    wrong
}

/// Every page has a site in `./static`, an empty bucket behind an endpoint, and keys for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_terminal_runs_and_prints_what_it_claims() {
    let (mut wrong, mut commands) = (Vec::new(), 0);
    for page in pages() {
        let (items, settings) = items(&fs::read_to_string(&page).expect("a page"));
        let name = page.file_name().expect("a name").to_string_lossy().into_owned();
        for (number, settings) in settings.iter().enumerate() {
            let sandbox = Sandbox::new().env("AWS_STORAGE_BUCKET_NAME", "b").file("s3collect.toml", settings);
            let run = sandbox.run(&["settings", "check"]);
            if run.status != 0 {
                wrong.push(format!("{name}: TOML {number}: {}", run.stderr));
            }
        }
        if items.is_empty() {
            continue;
        }
        commands += items.len();
        let directory = tempfile::TempDir::new().expect("a directory");
        let buckets = vec!["acme-assets".to_owned()];
        let options = Options { create_buckets: buckets, ..Options::new(directory.path()) };
        let keys = options.credentials.clone();
        let server = Server::start(options).await.expect("an endpoint");
        let sandbox = Sandbox::new()
            .env("AWS_STORAGE_BUCKET_NAME", "acme-assets")
            .env("AWS_LOCATION", "static")
            .env("AWS_S3_ENDPOINT_URL", &server.endpoint_url())
            .env("AWS_S3_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_S3_SECRET_ACCESS_KEY", &keys.secret_key);
        copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/site"), &sandbox.path("static"));
        wrong.extend(run(&sandbox, &items).into_iter().map(|wrong| format!("{name}: {wrong}")));
        server.stop().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands >= 15, "{commands} commands were found");
}

/// Links between pages, and from the README to them, lead somewhere.
#[test]
fn links_lead_to_files() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = Regex::new(r"\]\(([^)#:]+)(?:#[^)]*)?\)").expect("a pattern");
    let mut missing = Vec::new();
    for page in pages().into_iter().chain([repository.join("SECURITY.md")]) {
        let text = fs::read_to_string(&page).expect("a page");
        for link in links.captures_iter(&text) {
            if !page.with_file_name(&link[1]).exists() {
                missing.push(format!("{}: {}", page.display(), &link[1]));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// The lists of what to touch name files that are there; `VERB` is any verb with a file of its own.
#[test]
fn files_that_are_to_be_touched_are_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(repository.join("docs/architecture.md")).expect("a page");
    let lists = page.split("\n## ").find(|part| part.starts_with("Where to add\n")).expect("the lists");
    let files = Regex::new(r"`((?:src|tests|docs|scripts)/[^`]+)`").expect("a pattern");
    let files: Vec<String> =
        files.captures_iter(lists).map(|found| found[1].replace("VERB", "doctor")).collect();
    assert!(files.len() > 30, "{files:?}");
    let missing: Vec<&String> = files.iter().filter(|file| !repository.join(file).exists()).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

/// Symptoms are in the words of the product: those of the example below them, or a text in its sources.
#[test]
fn symptoms_are_what_is_printed() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(repository.join("docs/troubleshooting.md")).expect("a page");
    let sources: String = walkdir::WalkDir::new(repository.join("src"))
        .into_iter()
        .map(|entry| entry.expect("an entry").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect();
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert!(sections.len() > 10, "{}", sections.len());
    for section in sections {
        let (heading, text) = section.split_once('\n').expect("a text");
        let shown = items(text).0.into_iter().any(
            |item| matches!(item, Item::Command { prints: Some(prints), .. } if prints.contains(heading)),
        );
        let has_example = text.contains("```console");
        assert!(shown || (!has_example && sources.contains(heading)), "nobody says `{heading}`");
    }
}

#[test]
fn a_transcript_is_commands_and_what_they_print() {
    let (items, settings) = items(
        "a\n<!-- run: true -->\n```console\n$ one # why\n$ two\nprinted\n\nmore\n```\n```toml\n# s3collect.toml\n\
         a = 1\n```\n```toml\nb = 2\n```\n```sh\nthree\n```\n",
    );
    let command = |line: &str, prints: Option<&str>| Item::Command {
        line: line.to_owned(),
        prints: prints.map(ToOwned::to_owned),
    };
    assert_eq!(
        items,
        [
            Item::Unseen("true".to_owned()),
            command("one", None),
            command("two", Some("printed\n\nmore\n")),
            Item::Settings("# s3collect.toml\na = 1\n".to_owned()),
        ]
    );
    assert_eq!(settings, ["b = 2\n"]);
}
