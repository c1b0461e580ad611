//! Every verb as a user runs it, with one outcome on every server: on the embedded endpoint in each test run, on those that
//! others wrote by `scripts/servers/conformance`.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Run, Sandbox, told};
use crate::url::{Place, Service, exchange};

/// A server, what it lacks (the words of `S3COLLECT_TEST_LACKS`), and a tree to push there.
struct Bench {
    place: Place,
    lacks: String,
    /// What the locations of this run begin with.
    root: String,
    sandbox: Sandbox,
}

/// What is told of a server without conditional writes.
const ALONE: &str = "warning: this store has no conditional writes: two pushes at the same time can mix\n  \
                     hint: let only one push run at a time\n";

/// The threshold and the parts of boto3: two parts.
const LARGE: usize = 9 << 20;

impl Bench {
    fn new(place: Place, lacks: &str) -> Self {
        let large: Vec<u8> = (0..LARGE).map(|number| (number % 251) as u8).collect();
        let sandbox = place
            .sandbox()
            .file("site/css/a.css", "a{b:url(../img/b.png)}")
            .file("site/img/b.png", "PNG")
            .file("site/index.html", "<p>")
            .file("site/odd/a b+é's.txt", "odd")
            .file("site/large.bin", &large);
        Self { place, lacks: lacks.to_owned(), root: format!("verbs-{}", std::process::id()), sandbox }
    }

    fn has(&self, ability: &str) -> bool {
        !self.lacks.contains(ability)
    }

    /// Runs a verb at a location of this run. `[AT]` is the location in its output; a warning that the server deserves is
    /// left out.
    fn run(&self, at: &str, arguments: &[&str]) -> Run {
        let at = format!("{}/{at}", self.root);
        let mut run = self.sandbox.run(&[arguments, &["--location", &at]].concat());
        run.stdout = run.stdout.replace(&at, "[AT]");
        run.stderr = run.stderr.replace(&at, "[AT]").replace(&self.place.bucket, "[BUCKET]");
        if !self.has("conditions") {
            run.stderr = run.stderr.replacen(ALONE, "", 1);
        }
        run
    }

    /// The document of a verb that ends with status 0.
    #[track_caller]
    fn told(&self, at: &str, arguments: &[&str]) -> Value {
        let run = self.run(at, &[arguments, &["--json"]].concat());
        assert_eq!(run.status, 0, "{}: {arguments:?}: {run:?}", self.place.endpoint);
        run.json()
    }

    /// A push, by how many objects it put and how many it left.
    #[track_caller]
    fn push(&self, at: &str, more: &[&str], put: u64, skipped: u64) -> Value {
        let told = self.told(at, &[&["push", "site"], more].concat());
        assert_eq!((&told["put"], &told["skipped"]), (&json!(put), &json!(skipped)), "{more:?}: {told:#}");
        told
    }
}

fn every_verb(bench: &Bench) {
    offline(bench);
    plain(bench);
    hashed(bench);
    swept(bench);
    stored(bench);
    rare(bench);
    examined(bench);
}

/// What needs no server is the same whichever is named.
fn offline(bench: &Bench) {
    let explained = "css/a.css\n  file: site/css/a.css\n  source: site\n  key: [AT]/css/a.css\n  \
                     ContentType: text/css  (the pinned table, by `.css`)\n  gzip: no: `gzip` is off\n  put: before pages\n";
    bench.run("offline", &["explain", "css/a.css", "--source", "site"]).expect(0, explained, "");
    let check = bench.run("offline", &["settings", "check", "--source", "site"]);
    assert_eq!(check.status, 0, "{check:?}");
    let policy = bench.told("offline", &["iam-policy", "--for", "push,gc"]);
    assert_eq!(policy["Version"], "2012-10-17");
    let manifest = bench.run("offline", &["manifest", "site"]).json();
    assert_eq!(manifest["paths"].as_object().map(serde_json::Map::len), Some(5));
}

fn plain(bench: &Bench) {
    let at = "plain";
    assert_eq!(bench.run(at, &["push", "site", "-n", "--exit-code"]).status, 3);
    let first = bench.push(at, &[], 5, 0);
    let warnings = first["warnings"].as_array().map(Vec::len);
    assert_eq!(warnings, Some(usize::from(!bench.has("conditions"))), "{first:#}");
    bench.push(at, &[], 0, 5);
    bench.push(at, &["--no-record"], 0, 5);
    bench.push(at, &["--check-headers"], 0, 5);
    let large = bench.told(at, &["stat", "large.bin"]);
    assert_eq!(
        (&large["size"], &large["parameters"]["ContentType"]),
        (&json!(LARGE), &json!("application/octet-stream"))
    );
    assert!(large["etag"].as_str().is_some_and(|etag| etag.ends_with("-2")), "{large}");
    bench.sandbox.write("site/css/a.css", "a{b:url(../img/b.png);c:d}");
    let plan = bench.run(at, &["push", "site", "--dry-run", "--exit-code"]);
    let puts: Vec<&str> = plan.stdout.lines().filter(|line| line.starts_with("put")).collect();
    assert_eq!((plan.status, puts), (3, vec!["put   [AT]/css/a.css  body differs"]));
    bench.push(at, &[], 1, 4);
    bench.push(at, &["--gzip"], 1, 4);
    bench.push(at, &["--gzip"], 0, 5);
    let text = "a{b:url(../img/b.png);c:d}";
    bench.run(at, &["cat", "css/a.css", "--set", "gzip=true"]).expect(0, text, "");
    assert_eq!(bench.told(at, &["stat", "css/a.css"])["parameters"]["ContentEncoding"], "gzip");
    let cached = "object_parameters={\"CacheControl\":\"max-age=60\"}";
    bench.push(at, &["--gzip", "--set", cached], 5, 0);
    assert_eq!(bench.told(at, &["stat", "index.html"])["parameters"]["CacheControl"], "max-age=60");
    assert_eq!(bench.told(at, &["verify", "--deep", "--strict"])["ok"], true);
}

/// The URL of a name through the manifest, signed, and what is behind it.
fn followed(bench: &Bench, name: &str) -> (String, String) {
    let location = format!("{}/hashed", bench.root);
    let asked = ["url", name, "--manifest", "--location", &location, "--set", "querystring_auth=true"];
    let output = bench.sandbox.command(&asked).output().expect("the binary runs");
    let url = String::from_utf8(output.stdout).expect("a URL");
    let (status, _, body) = exchange("GET", url.trim_end(), "");
    assert_eq!((status, output.status.code()), (200, Some(0)), "{url}");
    let path = url.split('?').next().expect("a path").to_owned();
    (path, body)
}

fn hashed(bench: &Bench) {
    let at = "hashed";
    let first = bench.push(at, &["--manifest"], 11, 0);
    assert_eq!(first["manifest"]["published"], true, "{first:#}");
    bench.push(at, &["--manifest"], 0, 11);
    let (before, body) = followed(bench, "css/a.css");
    assert!(body.starts_with("a{b:url(\"../img/b.") && body.ends_with(".png\");c:d}"), "{body}");
    assert_eq!(followed(bench, "odd/a b+é's.txt").1, "odd");
    bench.sandbox.write("site/css/a.css", "a{e:f}");
    bench.push(at, &["--manifest"], 3, 8);
    let (after, body) = followed(bench, "css/a.css");
    assert_eq!((body.as_str(), before == after), ("a{e:f}", false));
    let listed = bench.told(at, &["releases"]);
    assert_eq!((&listed["recorded"], &listed["releases"][1]["state"]), (&json!(2), &json!("superseded")));
    let dry = bench.run(at, &["rollback", "--dry-run"]);
    assert_eq!(dry.status, 0, "{dry:?}");
    let lost = "lost  [AT]/css/a.css  its body is nowhere in the bucket any more\n";
    bench.run(at, &["rollback", "-q"]).expect(0, lost, "");
    assert_eq!(followed(bench, "css/a.css").0, before);
    assert_eq!(bench.run(at, &["rm", "img/b.png", "-q"]).status, 0);
    let missing = "missing  [AT]/img/b.png  not there\n";
    bench.run(at, &["verify", "-q"]).expect(3, missing, "");
    // What is missing, and the manifest of the second release.
    bench.push(at, &["--manifest"], 2, 9);
    bench.run(at, &["verify", "--deep", "-q"]).expect(0, "", "");
}

/// What `gc` deletes is what no kept release needs: the style sheet that was live before, under its hashed name.
fn swept(bench: &Bench) {
    let at = "hashed";
    // Superseded by the clock, which has whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let soon = ["--set", "min_age=0s", "--set", "retain_releases=1"];
    let alone: &[&str] = if bench.has("conditions") { &[] } else { &["--alone"] };
    let due = bench.told(at, &[&["gc"], &soon[..], alone].concat());
    assert_eq!((&due["dry_run"], &due["deleted"]), (&json!(true), &json!(1)), "{due:#}");
    if !bench.has("conditions") {
        let refused = bench.run(at, &[&["gc", "--yes"], &soon[..]].concat());
        assert_eq!(refused.status, 1, "{refused:?}");
    }
    let done = bench.told(at, &[&["gc", "--yes"], &soon[..], alone].concat());
    assert_eq!((&done["dry_run"], &done["deleted"]), (&json!(false), &json!(1)), "{done:#}");
    bench.run(at, &["verify", "--deep", "--strict", "-q"]).expect(0, "", "");
    bench.push(at, &["--manifest"], 0, 11);
}

fn stored(bench: &Bench) {
    let at = "media";
    let run = |arguments: &[&str]| bench.run(at, arguments);
    bench.sandbox.write("cat.txt", "meow\n");
    run(&["put", "cat.txt", "photos/a cat.txt"]).expect(0, "photos/a cat.txt\n", "");
    run(&["put", "cat.txt"]).expect(0, "cat.txt\n", "");
    run(&["put", "site/large.bin", "large.bin"]).expect(0, "large.bin\n", "");
    run(&["ls"]).expect(0, "photos/\ncat.txt\nlarge.bin\n", "");
    run(&["ls", "-R"]).expect(0, "cat.txt\nlarge.bin\nphotos/a cat.txt\n", "");
    run(&["exists", "cat.txt"]).expect(0, "", "");
    run(&["exists", "dog.txt"]).expect(3, "", "");
    run(&["cat", "photos/a cat.txt", "cat.txt"]).expect(0, "meow\nmeow\n", "");
    let stat = bench.told(at, &["stat", "cat.txt"]);
    assert_eq!((&stat["size"], &stat["etag"]), (&json!(5), &json!("[HASH]")), "{stat:#}");
    assert_eq!(run(&["get", "large.bin", "copy.bin"]).status, 0);
    let read = |name: &str| fs::read(bench.sandbox.path(name)).expect("a file");
    assert!(read("copy.bin") == read("site/large.bin"));
    let keeping = ["put", "cat.txt", "--set", "file_overwrite=false"];
    let other = run(&keeping).stdout;
    assert!(other.starts_with("cat_") && other.len() == "cat_1234567.txt\n".len(), "{other}");
    run(&["rm", other.trim_end(), "never.txt", "-q"]).expect(0, "", "");
    run(&["rm", "-r", "photos", "--yes", "-q"]).expect(0, "", "");
    run(&["ls", "-R"]).expect(0, "cat.txt\nlarge.bin\n", "");
}

/// What not every server has. One that leaves a header out is told by `verify`, and by nothing else.
fn rare(bench: &Bench) {
    for (name, setting, lost) in [
        ("encrypted", r#"object_parameters={"ServerSideEncryption":"AES256"}"#, "rare_headers"),
        ("class", r#"object_parameters={"StorageClass":"STANDARD_IA"}"#, "rare_headers"),
        ("redirect", r#"object_parameters={"WebsiteRedirectLocation":"/else"}"#, "redirects"),
        ("tags", r#"object_parameters={"Tagging":"stage=live"}"#, ""),
        ("acl", "default_acl=public-read", ""),
        ("crc32", "checksum=crc32", ""),
        ("sha256", "checksum=sha256", ""),
        ("crc64nvme", "checksum=crc64nvme", ""),
    ] {
        let push = ["push", "site/css", "--set", setting];
        let pushed = |more: &[&str]| bench.told(name, &[&push, more].concat())["put"].clone();
        assert_eq!(pushed(&[]), 1, "{name}");
        assert_eq!(pushed(&[]), 0, "{name}");
        let kept = lost.is_empty() || bench.has(lost);
        assert_eq!(pushed(&["--check-headers"]), u64::from(!kept), "{name}");
        let verified = bench.run(name, &["verify", "-q"]);
        assert_eq!((verified.status, verified.stdout.is_empty()), (if kept { 0 } else { 3 }, kept), "{name}");
    }
    let url = format!("{}/{}/{}/acl/a.css", bench.place.endpoint, bench.place.bucket, bench.root);
    assert_eq!(exchange("GET", &url, "").0, if bench.has("public") { 200 } else { 403 });
    refused(bench);
}

/// What a server cannot do at all is told, and nothing is stored.
fn refused(bench: &Bench) {
    for (ability, setting, told) in [
        (
            "version_2",
            "signature_version=s3",
            "error: S3 refused GetObject `s3://[BUCKET]/[AT]/.s3collect/default/current`: it does not take the version of \
             the signature\n",
        ),
        (
            "kms",
            r#"object_parameters={"ServerSideEncryption":"aws:kms"}"#,
            "error: S3 failed at PutObject `s3://[BUCKET]/[AT]/.s3collect/default/current`\n",
        ),
    ] {
        let push =
            |more: &[&str]| bench.run(ability, &[&["push", "site/css", "--set", setting], more].concat());
        let pushed = push(&[]);
        if bench.has(ability) {
            assert_eq!((pushed.status, pushed.stderr.lines().count()), (0, 1), "{pushed:?}");
        } else {
            assert!(pushed.status == 1 && pushed.stderr.starts_with(told), "{pushed:?}");
            bench.run(ability, &["ls", "-R"]).expect(0, "", "");
        }
    }
}

/// Nothing is wrong, but that unsigned URLs are refused where the bucket is not public.
fn examined(bench: &Bench) {
    let found = bench.told("examined", &["doctor", "--set", "querystring_auth=true"]);
    assert_eq!((&found["ok"], &found["left"]), (&json!(true), &json!([])), "{found:#}");
    let state = |run: &Value, name: &str| {
        let checks = run["checks"].as_array().cloned().unwrap_or_default();
        checks.iter().find(|check| check["check"] == name).map(|check| check["state"].clone())
    };
    let conditional = if bench.has("conditions") { "ok" } else { "warning" };
    assert_eq!(state(&found, "conditional_writes"), Some(json!(conditional)), "{found:#}");
    let unsigned = bench.run("examined", &["doctor", "--json", "-q"]);
    assert_eq!(
        (unsigned.status, state(&unsigned.json(), "urls")),
        (1, Some(json!("failed"))),
        "{unsigned:?}"
    );
}

#[test]
fn every_verb_on_the_embedded_endpoint() {
    let service = Service::start();
    every_verb(&Bench::new(service.place(), ""));
}

#[test]
fn every_verb_on_a_real_server() {
    let Some(place) = Place::told() else { return };
    every_verb(&Bench::new(place, &told("LACKS", "")));
}
