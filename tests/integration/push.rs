//! `push` as a user runs it, into the embedded endpoint, looked at through its request log and its objects.

use s3collect::local::{Options, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Sandbox, documented, names, sorted};

/// An endpoint that remembers its requests, and a sandbox whose environment points at it.
struct Bench {
    server: Server,
    sandbox: Sandbox,
    _directory: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let options =
            Options { create_buckets: vec!["acme".to_owned()], log: true, ..Options::new(directory.path()) };
        let keys = options.credentials.clone();
        let server = Server::start(options).await.expect("an endpoint");
        let sandbox = Sandbox::new()
            .env("AWS_STORAGE_BUCKET_NAME", "acme")
            .env("AWS_LOCATION", "static")
            .env("AWS_S3_ENDPOINT_URL", &server.endpoint_url())
            .env("AWS_S3_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_S3_SECRET_ACCESS_KEY", &keys.secret_key);
        Self { server, sandbox, _directory: directory }
    }

    /// The keys of assets that were put so far, in the order of their answers.
    fn put(&self) -> Vec<String> {
        let requests = self.server.requests().into_iter();
        requests
            .filter(|request| request.operation.as_deref() == Some("PutObject"))
            .filter_map(|request| request.key)
            .filter(|key| !key.starts_with("static/.s3collect/"))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_last() {
    let bench = Bench::new().await;
    for index in 0..40 {
        bench.sandbox.write(&format!("static/css/{index}.css"), format!("a{{z-index:{index}}}"));
    }
    bench.sandbox.write("static/a.html", "<p>");
    bench.sandbox.write("static/b/index.html", "<p>");
    bench.sandbox.write("static/entry.json", "{}");
    bench.sandbox.write("s3collect.toml", "[[rules]]\nmatch = \"entry.json\"\nentry = true\n");
    bench.sandbox.run(&["push", "static"]).expect(
        0,
        "",
        "43 assets: 43 put (518 bytes), 0 unchanged  s3://acme/static/  [TIME]\n",
    );
    let mut last = bench.put().split_off(40);
    last.sort();
    assert_eq!(last, ["static/a.html", "static/b/index.html", "static/entry.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_push_is_two_gets_and_one_listing() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/a.css", "a{}");
    bench.sandbox.write("static/b.css", "b{}");
    bench.sandbox.run(&["push", "static", "--gzip"]);
    let before = bench.server.requests().len();
    let unchanged = bench.sandbox.run(&["push", "static", "--gzip", "--json"]).json();
    assert_eq!((&unchanged["put"], &unchanged["skipped"]), (&Value::from(0), &Value::from(2)));
    assert_eq!(unchanged["requests"], serde_json::json!({"GetObject": 2, "ListObjectsV2": 1}));
    assert_eq!(bench.server.requests().len(), before + 3);

    bench.sandbox.write("static/b.css", "c{}");
    bench.sandbox.run(&["push", "static", "--gzip", "-v"]).expect(
        0,
        "",
        "put b.css  (body differs)\n2 assets: 1 put (23 bytes), 1 unchanged  s3://acme/static/  [TIME]\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_plan_and_puts_nothing() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/a.css", "a{}");
    bench.sandbox.run(&["push", "static"]);
    bench.sandbox.write("static/b.css", "b{}");
    let plan = "skip  static/a.css  as the last release\nput   static/b.css  new\n";
    let line = "2 assets: 1 to put (3 bytes), 1 unchanged  s3://acme/static/  [TIME]\n";
    bench.sandbox.run(&["push", "static", "--dry-run"]).expect(0, plan, line);
    bench.sandbox.run(&["push", "static", "-n", "--exit-code", "-q"]).expect(3, plan, "");
    assert_eq!(bench.put(), ["static/a.css"]);
    bench.sandbox.run(&["push", "static", "-q"]).expect(0, "", "");
    let plan = "skip  static/a.css  as the last release\nskip  static/b.css  as the last release\n";
    bench.sandbox.run(&["push", "static", "-n", "--exit-code", "-q"]).expect(0, plan, "");
}

const OTHER_HEADERS: &str = "warning: 1 object has other headers and the same ETag as before: caches that ask by ETag \
     keep the old headers\n  hint: invalidate them in the CDN, where there is one; `--invalidate` does so in CloudFront\n";

/// A record tells what headers an object had, without a request.
#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_other_ones_now_are_put() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/a.css", "a{}");
    bench.sandbox.run(&["push", "static"]);
    let parameters = r#"{"CacheControl": "max-age=60", "Metadata": {"team": "web"}, "ACL": "private"}"#;
    let arguments = ["push", "static", "-v", "--object-parameters", parameters];
    bench.sandbox.run(&arguments).expect(
        0,
        "",
        &format!(
            "put a.css  (headers changed: ACL, Cache-Control, Metadata)\n{OTHER_HEADERS}\
             1 asset: 1 put (3 bytes), 0 unchanged  s3://acme/static/  [TIME]\n"
        ),
    );
    bench.sandbox.run(&arguments).expect(0, "", "1 asset: 0 put, 1 unchanged  s3://acme/static/  [TIME]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_compared_when_asked_for() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/a.css", "a{}");
    bench.sandbox.run(&["push", "static", "--no-record"]);
    let parameters = r#"{"CacheControl": "max-age=60", "Metadata": {"team": "web"}}"#;
    let arguments = ["push", "static", "-v", "--no-record", "--object-parameters", parameters];
    bench.sandbox.run(&arguments).expect(0, "", "1 asset: 0 put, 1 unchanged  s3://acme/static/  [TIME]\n");
    let checked = [&arguments[..], &["--check-headers"]].concat();
    bench.sandbox.run(&checked).expect(
        0,
        "",
        &format!(
            "put a.css  (headers changed: Cache-Control, Metadata)\n{OTHER_HEADERS}\
             1 asset: 1 put (3 bytes), 0 unchanged  s3://acme/static/  [TIME]\n"
        ),
    );
    let mut everything = checked;
    everything[2] = "-vv";
    bench.sandbox.run(&everything).expect(
        0,
        "",
        "skip a.css  (same ETag and headers)\n1 asset: 0 put, 1 unchanged  s3://acme/static/  [TIME]\n",
    );
}

/// The fields of docs/json.md, no more and no fewer, with their types.
#[test]
fn the_document_is_what_the_schema_says() {
    let tables = documented("push");
    let [top, step, manifest, invalidation, problem] = tables.as_slice() else { panic!("{tables:?}") };

    let sandbox = Sandbox::new().file("static/a.css", "a{}").file("more/a.css", "b{}");
    let arguments = ["push", "static", "more", "--local", "bucket", "--json", "-q"];
    let document = sandbox.run(&arguments).json();
    assert_eq!(names(&document), *top);
    assert_eq!(names(&document["steps"][0]), *step);
    let optional = ["causes", "note"];
    let required: Vec<String> =
        problem.iter().filter(|name| !optional.contains(&name.as_str())).cloned().collect();
    assert_eq!(names(&document["warnings"][0]), sorted(&required));
    let hashed = sandbox.run(&[&arguments[..], &["--manifest"]].concat()).json();
    assert_eq!((names(&hashed), names(&hashed["manifest"])), (top.clone(), manifest.clone()));
    let told = ["distribution", "id", "paths", "state"].map(str::to_owned);
    assert_eq!(invalidation, &told, "what `invalidation` tests");
    let refused = sandbox.run(&["push", "nowhere", "--local", "bucket", "--json", "-q"]).json();
    assert_eq!(names(&refused), *top);
    assert_eq!((&refused["ok"], &refused["verb"]), (&Value::from(false), &Value::from("push")));
}

#[test]
fn a_wrong_flag_is_a_document_too() {
    let run = Sandbox::new().run(&["push", "--bukket", "x", "--json"]);
    assert_eq!(run.status, 2);
    let told = serde_json::json!({
        "ok": false,
        "errors": [{
            "name": null, "key": null, "message": "unexpected argument '--bukket' found",
            "hint": "`s3collect --help` has verbs and flags",
        }],
    });
    assert_eq!(run.json(), told);
    assert!(run.stderr.starts_with("error: unexpected argument '--bukket' found\n"), "{}", run.stderr);
    let help = Sandbox::new().run(&["--help"]);
    assert_eq!((help.status, help.stderr.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn hashed_names_are_pushed_and_their_manifest_last() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/css/a.css", "b{c:url(../d.png)}");
    bench.sandbox.write("static/d.png", "d");
    bench.sandbox.write("static/index.html", "<p>");
    let push = ["push", "static", "--manifest"];
    bench.sandbox.run(&push).expect(
        0,
        "",
        "3 assets: 7 put (223 bytes), 0 unchanged; manifest published  s3://acme/static/  [TIME]\n",
    );
    let mut put = bench.put();
    assert_eq!(put.split_off(5), ["static/index.html", "static/staticfiles.json"]);
    assert_eq!(put.split_off(3).len(), 2, "the plain ones");
    put.sort();
    assert_eq!(
        put,
        ["static/css/a.590d9ef559be.css", "static/d.8277e0910d75.png", "static/index.4da1a46ec20c.html"]
    );
    let plan = bench.sandbox.run(&["push", "static", "--manifest", "--dry-run", "--exit-code"]);
    let line = "3 assets: 0 to put, 7 unchanged; manifest unchanged  s3://acme/static/  [TIME]\n";
    plan.expect(0, &plan.stdout, line);
    bench.sandbox.run(&["explain", "css/a.css", "--manifest", "--source", "static"]).expect(
        0,
        "css/a.590d9ef559be.css\n  file: static/css/a.css\n  source: static\n  \
         key: static/css/a.590d9ef559be.css\n  \
         CacheControl: public, max-age=31536000, immutable  (`immutable`)\n  \
         ContentType: text/css  (the pinned table, by `.css`)\n  gzip: no: `gzip` is off\n  \
         put: first, under a hashed name\n\n\
         css/a.css\n  file: static/css/a.css\n  source: static\n  key: static/css/a.css\n  \
         ContentType: text/css  (the pinned table, by `.css`)\n  gzip: no: `gzip` is off\n  put: before pages\n",
        "",
    );
}

/// The file of a project whose Django reads its manifest from disk.
#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_is_kept_on_disk_where_the_settings_say_so() {
    let bench = Bench::new().await;
    bench.sandbox.write("static/d.png", "d");
    bench.sandbox.write(
        "s3collect.toml",
        "sources = [\"static\"]\nbackend = \"S3ManifestStaticStorage\"\nmanifest_location = \"etc/m.json\"\n\
         manifest_storage = \"local\"\nimmutable = false\n",
    );
    let document = bench.sandbox.run(&["push", "--json"]).json();
    assert_eq!(
        document["manifest"],
        serde_json::json!({"key": null, "path": "etc/m.json", "hash": "4f7db16a797d", "entries": 1, "published": true})
    );
    assert_eq!(document["steps"][0]["cache_control"], Value::Null);
    assert_eq!(bench.put(), ["static/d.8277e0910d75.png", "static/d.png"]);
    let manifest = std::fs::read_to_string(bench.sandbox.path("etc/m.json")).expect("it is there");
    let printed = bench.sandbox.run(&["manifest"]).stdout;
    assert_eq!(manifest + "\n", printed);
}

/// The page needs nothing besides, and what a job has told before stays.
#[test]
fn reports_are_written_whatever_became_of_the_push() {
    let sandbox = Sandbox::new().file("static/a.css", "a{}").file("summary.md", "before\n");
    let sandbox = sandbox.env("GITHUB_STEP_SUMMARY", "summary.md");
    let push = ["push", "static", "--local", "bucket", "--location", "static", "--report", "push.html"];
    let line = "1 asset: 1 put (3 bytes), 0 unchanged  s3://local/static/  [TIME]\n";
    sandbox.run(&push).expect(0, "", line);
    let text = |name: &str| std::fs::read_to_string(sandbox.path(name)).expect("a report");
    let page = text("push.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<code>static/a.css</code>"), "{page}");
    let told = sandbox.filtered(text("summary.md").as_bytes());
    assert!(
        told.starts_with("before\n### <code>s3collect push → s3://local/static/</code>\n\n1 asset: 1 put"),
        "{told}"
    );
    assert!(told.contains("<summary>1 object put</summary>"), "{told}");

    let refused = sandbox.run(&["push", "nowhere", "--local", "bucket", "--report", "refused.html"]);
    assert_eq!(refused.status, 2);
    assert!(text("refused.html").contains("not done"), "{}", text("refused.html"));
    assert_eq!(text("summary.md").matches("### ").count(), 2);

    sandbox
        .run(&["push", "static", "--local", "bucket", "--location", "static", "--report", "no/push.html"])
        .expect(
            1,
            "",
            "error: the report `no/push.html` cannot be written: No such file or directory (os error 2)\n  \
         note: what the push itself did stands\n\
         1 asset: 0 put, 1 unchanged  s3://local/static/  [TIME]\n",
        );
}
