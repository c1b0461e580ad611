//! `ls`, `stat`, `exists`, `cat`, `get`, `put`, `rm`.

use std::io::Write as _;

use super::*;

const LOCAL: [&str; 4] = ["--local", "bucket", "--location", "media"];

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.run(&[arguments, &LOCAL].concat())
}

#[test]
fn files_go_in_and_out() {
    let sandbox = Sandbox::new().file("cat.txt", "meow\n");
    run(&sandbox, &["put", "cat.txt", "photos/cat.txt"]).expect(0, "photos/cat.txt\n", "");
    run(&sandbox, &["put", "cat.txt"]).expect(0, "cat.txt\n", "");
    run(&sandbox, &["put", "cat.txt", "photos/old/"]).expect(0, "photos/old/cat.txt\n", "");
    run(&sandbox, &["ls"]).expect(0, "photos/\ncat.txt\n", "");
    run(&sandbox, &["ls", "./photos"]).expect(0, "old/\ncat.txt\n", "");
    run(&sandbox, &["ls", "-R"]).expect(0, "cat.txt\nphotos/cat.txt\nphotos/old/cat.txt\n", "");
    run(&sandbox, &["ls", "none"]).expect(0, "", "");
    let long = run(&sandbox, &["ls", "-l"]).stdout;
    assert!(long.ends_with("Z  cat.txt\n") && long.contains("\n           5  20"), "{long}");
    run(&sandbox, &["exists", "cat.txt"]).expect(0, "", "");
    run(&sandbox, &["exists", "dog.txt"]).expect(3, "", "");
    run(&sandbox, &["cat", "cat.txt", "photos/cat.txt"]).expect(0, "meow\nmeow\n", "");
    run(&sandbox, &["get", "photos/cat.txt", "dog.txt"]).expect(
        0,
        "",
        "dog.txt (5 bytes, CRC64NVME agrees)\n",
    );
    assert_eq!(std::fs::read_to_string(sandbox.path("dog.txt")).expect("a file"), "meow\n");
    run(&sandbox, &["rm", "cat.txt", "never.txt"]).expect(0, "", "2 names deleted  s3://local/media/\n");
    run(&sandbox, &["ls", "-R"]).expect(0, "photos/cat.txt\nphotos/old/cat.txt\n", "");
}

#[test]
fn what_is_not_there_or_not_allowed_is_told() {
    let sandbox = Sandbox::new().file("cat.txt", "meow\n");
    let absent =
        "error: there is no `s3://local/media/dog.txt`\n  hint: `s3collect ls` lists what is there\n";
    for verb in ["stat", "cat", "get"] {
        run(&sandbox, &[verb, "dog.txt"]).expect(1, "", absent);
    }
    let outside = "error: `../dog.txt` leads out of the location `media`\n  \
                   hint: names are relative to `location`, e.g. `css/site.css`\n";
    for verb in ["ls", "stat", "exists", "cat", "get", "rm"] {
        run(&sandbox, &[verb, "../dog.txt"]).expect(2, "", outside);
    }
    run(&sandbox, &["put", "cat.txt", "../dog.txt"]).expect(
        2,
        "",
        "error: `../dog.txt` is no name to save under: it is absolute, or has `..` in it\n  \
         hint: save under a relative name without `..`\n",
    );
    run(&sandbox, &["put", "dog.txt"]).expect(
        1,
        "",
        "error: cannot read `dog.txt`\n  caused by: No such file or directory (os error 2)\n",
    );
    assert_eq!(run(&sandbox, &["put", "-"]).status, 2);
    run(&sandbox, &["put", "-", "photos/"]).expect(2, "", "error: `photos/` names no file\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn forbidden_is_not_absent() {
    let denied =
        Effect::Answer { status: 403, code: "AccessDenied".to_owned(), message: "Access Denied".to_owned() };
    let fault =
        Fault { operation: Some("HeadObject".to_owned()), key: None, when: When::Always, effect: denied };
    let bench = Bench::new(vec![fault]).await;
    let run = bench.sandbox().run(&["exists", "a.txt"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(
        run.stderr.starts_with("error: S3 refused HeadObject `s3://acme/a.txt`: AccessDenied\n"),
        "{run:?}"
    );
}

#[test]
fn a_directory_is_deleted_when_somebody_agrees() {
    let sandbox = Sandbox::new().file("cat.txt", "meow\n");
    for name in ["photos/1.txt", "photos/2.txt", "photos-old/1.txt"] {
        run(&sandbox, &["put", "cat.txt", name]).expect(0, &format!("{name}\n"), "");
    }
    run(&sandbox, &["rm", "-r", "photos"]).expect(
        2,
        "",
        "error: `rm -r` would delete 2 files, and nobody is there to be asked\n  \
         hint: pass `--yes` if that is meant\n",
    );
    run(&sandbox, &["rm", "-r", "photos", "--yes"]).expect(0, "", "2 names deleted  s3://local/media/\n");
    run(&sandbox, &["ls", "-R"]).expect(0, "photos-old/1.txt\n", "");
    for root in ["", ".", "/", "./", "photos/.."] {
        sandbox.run(&["rm", "-r", root, "--yes", "--local", "bucket"]).expect(
            2,
            "",
            &format!(
                "error: `rm -r {root}` would delete the whole bucket\n  \
                 hint: name a directory, or set `location`\n"
            ),
        );
    }
    run(&sandbox, &["rm", "-r", ".", "--yes"]).expect(0, "", "1 name deleted  s3://local/media/\n");
}

/// The memory of pushes lies beside the files of a location, and is none of them.
#[test]
fn records_of_releases_are_no_files() {
    let sandbox = Sandbox::new().file("cat.txt", "meow\n");
    for name in ["cat.txt", ".s3collect/default/current", ".s3collect/default/releases/1", ".s3collect-old"] {
        run(&sandbox, &["put", "cat.txt", name]).expect(0, &format!("{name}\n"), "");
    }
    run(&sandbox, &["ls"]).expect(0, ".s3collect-old\ncat.txt\n", "");
    run(&sandbox, &["ls", "-R"]).expect(0, ".s3collect-old\ncat.txt\n", "");
    let everything = ["ls", "-R", "--local", "bucket", "--location", ""];
    sandbox.run(&everything).expect(0, "media/.s3collect-old\nmedia/cat.txt\n", "");
    let listed = run(&sandbox, &["ls", "--json"]).json();
    assert_eq!(
        (&listed["directories"], &listed["files"][1]["name"]),
        (&vec![(); 0].into(), &"cat.txt".into())
    );
    run(&sandbox, &["ls", ".s3collect"]).expect(0, "default/\n", "");
    run(&sandbox, &["ls", "-R", ".s3collect"]).expect(0, "default/current\ndefault/releases/1\n", "");

    let kept = "2 records of releases stay: only `rm -r` of their own directory deletes such\n";
    run(&sandbox, &["rm", "-r", ".", "--yes"]).expect(
        0,
        "",
        &format!("{kept}2 names deleted  s3://local/media/\n"),
    );
    run(&sandbox, &["rm", "-r", ".s3collect", "--yes"]).expect(0, "", "2 names deleted  s3://local/media/\n");
    run(&sandbox, &["ls", "-R", ".s3collect"]).expect(0, "", "");
}

/// Told wherever requests are sent, as by `push`.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_is_odd_is_told() {
    let bench = Bench::new(Vec::new()).await;
    let sandbox = bench.sandbox().file("cat.txt", "meow\n");
    let warning = "warning: `verify` is `false`: whoever answers is taken for the service\n  \
                   hint: name the authority's certificate instead, `verify = \"ca.pem\"`\n";
    let odd = ["--set", "verify=false"];
    sandbox.run(&[&["put", "cat.txt"], &odd[..]].concat()).expect(0, "cat.txt\n", warning);
    sandbox.run(&[&["exists", "cat.txt"], &odd[..]].concat()).expect(0, "", warning);
    // A URL is told offline, unless its name stands in a manifest in the bucket.
    sandbox.write("staticfiles.json", r#"{"paths": {"cat.txt": "cat.1.txt"}, "version": "1.1", "hash": ""}"#);
    assert_eq!(sandbox.run(&["put", "staticfiles.json", "-q"]).status, 0);
    let domain = ["--set", "custom_domain=cdn.example.com"];
    let plain = [&["url", "cat.txt"], &odd[..], &domain[..]].concat();
    sandbox.run(&plain).expect(0, "https://cdn.example.com/cat.txt\n", "");
    let manifest = [&plain[..], &["--backend", "S3ManifestStaticStorage"]].concat();
    sandbox.run(&manifest).expect(0, "https://cdn.example.com/cat.1.txt\n", warning);
}

#[test]
fn stdin_of_any_length_and_a_name_of_its_own() {
    let sandbox = Sandbox::new();
    let body = vec![7_u8; 9 << 20];
    for (settings, overwrites) in [(vec![], true), (vec!["--set", "file_overwrite=false"], false)] {
        let mut all: Vec<&str> = vec!["put", "-", "dump.sql"];
        all.extend(LOCAL);
        all.extend(&settings);
        let mut child = sandbox
            .command(&all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child.stdin.take().expect("a pipe").write_all(&body).expect("all of it is taken");
        let output = child.wait_with_output().expect("it ends");
        let name = String::from_utf8(output.stdout).expect("text");
        assert_eq!(name == "dump.sql\n", overwrites, "{name}");
    }
    let listed = run(&sandbox, &["ls", "--json"]).json();
    let sizes: Vec<_> = listed["files"].as_array().expect("files").iter().map(|file| &file["size"]).collect();
    assert_eq!(sizes, [9 << 20, 9 << 20]);
}

/// The first download is cut off, and the second goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_was_interrupted() {
    let slow = Fault {
        operation: Some("GetObject".to_owned()),
        key: None,
        // Six are asked for at once, so that the seventh comes when the first is written.
        when: When::Nth(7),
        effect: Effect::Delay(Duration::from_secs(60)),
    };
    let bench = Bench::new(vec![slow]).await;
    let sandbox = bench.sandbox();
    let body: Vec<u8> = (0..58_000_000_u32).map(|number| (number / 251 % 256) as u8).collect();
    sandbox.write("talk.mp4", &body);
    assert_eq!(sandbox.run(&["put", "talk.mp4"]).status, 0);
    sandbox.write("talk.mp4", "what was there before");
    let mut child = sandbox.command(&["get", "talk.mp4"]).stderr(Stdio::piped()).spawn().expect("it starts");
    // The first six stretches are written when the last does not come.
    let kept = || {
        let part = walkdir::WalkDir::new(sandbox.path(".")).max_depth(1).into_iter().flatten();
        let mut parts = part.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
        parts.next().map_or(0, |entry| entry.metadata().map_or(0, |metadata| metadata.len()))
    };
    let begun = Instant::now();
    while kept() < 6 * (8 << 20) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} bytes came", kept());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(std::fs::read(sandbox.path("talk.mp4")).expect("a file"), b"what was there before");

    let got = sandbox.run(&["get", "talk.mp4", "--json"]);
    assert_eq!(
        (&got.json()["resumed"], &got.json()["checked"]),
        (&(6 * (8 << 20)).into(), &"CRC64NVME".into())
    );
    assert!(std::fs::read(sandbox.path("talk.mp4")).expect("a file") == body);
    assert_eq!(kept(), 0);
}

/// The fields of docs/json.md, no more and no fewer.
#[test]
fn the_documents_are_what_the_schema_says() {
    let schema =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).expect("a schema");
    let documented = |heading: &str| -> Vec<BTreeSet<String>> {
        let section = schema.split("\n## ").find(|part| part.starts_with(heading)).expect("a section");
        let names = |table: &str| {
            let rows = table.lines().filter(|line| line.starts_with("| `"));
            let cells = rows.filter_map(|line| line.split('|').nth(1));
            let names = cells.flat_map(|cell| cell.split(','));
            names.map(|name| name.trim().trim_matches('`').to_owned()).collect::<BTreeSet<_>>()
        };
        section.split("\n\n").map(names).filter(|names| !names.is_empty()).collect()
    };
    let fields = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap_or_else(|| panic!("{value}")).keys().cloned().collect()
    };
    let sandbox = Sandbox::new().file("cat.txt", "meow\n");
    let json = |arguments: &[&str]| run(&sandbox, &[arguments, &["--json", "-q"]].concat()).json();
    for (heading, arguments, inner) in [
        ("`put --json`", vec!["put", "cat.txt"], None),
        ("`ls --json`", vec!["ls"], Some("files")),
        ("`stat --json`", vec!["stat", "cat.txt"], Some("checksums")),
        ("`exists --json`", vec!["exists", "cat.txt"], None),
        ("`cat --json`", vec!["cat", "cat.txt"], Some("files")),
        ("`get --json`", vec!["get", "cat.txt", "copy.txt"], None),
        ("`rm --json`", vec!["rm", "cat.txt"], None),
    ] {
        let document = json(&arguments);
        let tables = documented(heading);
        assert_eq!(fields(&document), tables[0], "{heading}");
        assert_eq!((&document["verb"], &document["ok"]), (&arguments[0].into(), &true.into()));
        if let Some(inner) = inner {
            assert_eq!(fields(&document[inner][0]), tables[1], "{heading}");
        }
    }
    let refused = json(&["stat", "dog.txt"]);
    assert_eq!(fields(&refused), ["errors", "ok"].map(str::to_owned).into());
    assert_eq!(refused["errors"][0]["key"], "media/dog.txt");
}
