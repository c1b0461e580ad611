//! What CloudFront is asked after a push, through the binary, against a socket that speaks its API.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::script::{Script, Seen, answer};
use crate::support::{Run, Sandbox, masked};

const DISTRIBUTION: &str = "E1ABC";

/// A site that was pushed once, and a CloudFront with these answers.
struct Bench {
    sandbox: Sandbox,
    script: Script,
}

fn invalidation(status: &str, state: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<Invalidation xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Id>I2J0</Id>\
         <Status>{state}</Status><CreateTime>2026-11-23T03:00:00.000Z</CreateTime><InvalidationBatch><Paths>\
         <Quantity>1</Quantity><Items><Path>/x</Path></Items></Paths><CallerReference>r</CallerReference>\
         </InvalidationBatch></Invalidation>"
    );
    answer(status, &["content-type: text/xml"], &body)
}

fn refusal(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>2e2b</RequestId></ErrorResponse>"
    );
    answer(status, &["content-type: text/xml"], &body)
}

fn created() -> String {
    invalidation("201 Created", "InProgress")
}

impl Bench {
    async fn new(answers: Vec<String>) -> Self {
        let script = Script::answering(answers).await;
        let sandbox = Sandbox::new()
            .env("AWS_LOCATION", "static")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "verysecret")
            .env("S3COLLECT_CLOUDFRONT_ENDPOINT_URL", &format!("http://127.0.0.1:{}", script.port))
            .file("static/css/a&b.css", "a{}")
            .file("static/css/c.css", "c{}")
            .file("static/index.html", "<p>");
        let bench = Self { sandbox, script };
        bench.push(&[]);
        assert_eq!(bench.seen().len(), 0, "what is new is in no cache");
        bench
    }

    fn push(&self, more: &[&str]) -> Run {
        let push = ["push", "static", "--local", "bucket", "--invalidate", DISTRIBUTION];
        let run = self.sandbox.run(&[&push[..], more].concat());
        let port = format!(":{}", self.script.port);
        Run { stderr: run.stderr.replace(&port, ":[PORT]"), ..run }
    }

    fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().expect("no panic before").clone()
    }

    /// The bodies of requests, without what is another each time.
    fn bodies(&self) -> Vec<String> {
        let reference = regex::Regex::new("s3collect-[^-<]+(-[^-<]+)?-([0-9a-f]{12})<").expect("a pattern");
        let text = |seen: &Seen| String::from_utf8(seen.body.clone()).expect("text");
        let bodies = self.seen();
        bodies.iter().map(|seen| reference.replace(&text(seen), "[RELEASE]-$2<").into_owned()).collect()
    }
}

fn batch(paths: &[&str], digest: &str) -> String {
    let items: String = paths.iter().map(|path| format!("<Path>{path}</Path>")).collect();
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>{}</Quantity>\
         <Items>{items}</Items></Paths><CallerReference>[RELEASE]-{digest}</CallerReference></InvalidationBatch>",
        paths.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_under_its_name_is_invalidated_once_it_is_live() {
    let bench = Bench::new(vec![created()]).await;
    bench.sandbox.write("static/css/a&b.css", "b{}");
    bench.sandbox.write("static/new.css", "n{}");
    bench.push(&["--dry-run"]).expect(
        0,
        "put   static/css/a&b.css  body differs\nskip  static/css/c.css  as the last release\n\
         put   static/new.css  new\nskip  static/index.html  as the last release\n\
         invalidate  /static/css/a%26b.css  on E1ABC\ninvalidate  /static/css/a&b.css  on E1ABC\n",
        "4 assets: 2 to put (6 bytes), 2 unchanged  s3://local/static/  [TIME]\n2 paths to invalidate on E1ABC\n",
    );
    assert_eq!(bench.seen().len(), 0);
    let done = bench.push(&["--json"]);
    let document = done.json();
    assert_eq!(
        document["invalidation"],
        json!({
            "distribution": "E1ABC",
            "id": "I2J0",
            "state": "in_progress",
            "paths": ["/static/css/a%26b.css", "/static/css/a&b.css"],
        })
    );
    assert_eq!(document["requests"]["CreateInvalidation"], 1);
    let request = bench.script.only();
    assert_eq!(request.line, "POST /2020-05-31/distribution/E1ABC/invalidation HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("text/xml"));
    let authorization = request.header("authorization").expect("a signature");
    let (scope, rest) = authorization.split_once(", ").expect("two parts");
    assert!(scope.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{scope}");
    assert!(scope.ends_with("/us-east-1/cloudfront/aws4_request"), "{scope}");
    assert!(rest.starts_with("SignedHeaders=content-type;host;x-amz-date, Signature="), "{rest}");
    let paths = ["/static/css/a%26b.css", "/static/css/a&amp;b.css"];
    assert_eq!(bench.bodies(), [batch(&paths, "b83b12616f41")]);
    let release = document["release"].as_str().expect("a release");
    assert!(String::from_utf8_lossy(&request.body).contains(&format!("s3collect-{release}-")));

    let unchanged = bench.push(&["--json"]).json();
    assert_eq!((&unchanged["invalidation"], bench.seen().len()), (&Value::Null, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_headers_are_invalidated_even_of_hashed_names() {
    let bench = Bench::new(vec![created(), created()]).await;
    bench.push(&["--manifest", "-q"]);
    assert_eq!(bench.seen().len(), 0, "all of it is new");
    let headers = r#"{"CacheControl": "max-age=60"}"#;
    bench.push(&["--manifest", "--object-parameters", headers, "--invalidate-budget", "1"]).expect(
        0,
        "",
        "warning: 7 objects have other headers and the same ETag as before: caches that ask by ETag keep the old headers\n\
         3 assets: 7 put (194 bytes), 0 unchanged; manifest published  s3://local/static/  [TIME]\n\
         1 path invalidated on E1ABC (I2J0, in progress)\n",
    );
    bench.sandbox.write("static/index.html", "<b>");
    bench.push(&["--manifest", "--object-parameters", headers, "-q"]).expect(0, "", "");
    assert_eq!(
        bench.bodies(),
        [
            batch(&["/static/*"], "6757baa5b7fb"),
            batch(&["/static/index.html", "/static/staticfiles.json"], "c63dba87016f"),
        ]
    );
}

/// A run that is killed after its puts leaves no release; the next one knows what changed since the last.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_push_changed_is_invalidated_by_the_next() {
    let bench = Bench::new(vec![created()]).await;
    bench.sandbox.write("static/css/c.css", "d{}");
    // As a killed push leaves it: the object is replaced, the record is not.
    bench.sandbox.run(&["push", "static", "--local", "bucket", "--no-record", "-q"]).expect(0, "", "");
    let next = bench.push(&["--json"]).json();
    assert_eq!((&next["put"], &next["skipped"]), (&json!(0), &json!(3)));
    assert_eq!(next["invalidation"]["paths"], json!(["/static/css/c.css"]));
    assert_eq!(bench.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_waits_when_asked_to() {
    let answers = vec![
        answer("503 Service Unavailable", &[], "busy"),
        refusal("400 Bad Request", "Throttling", "Rate exceeded"),
        created(),
        invalidation("200 OK", "InProgress"),
        invalidation("200 OK", "Completed"),
    ];
    let bench = Bench::new(answers).await;
    bench.sandbox.write("static/css/c.css", "d{}");
    bench.push(&["--invalidate-wait", "-v"]).expect(
        0,
        "",
        "put css/c.css  (body differs)\ninvalidate /static/css/c.css  (on E1ABC)\n\
         waiting for CloudFront's invalidation `I2J0`, at most 14m 59s\n\
         3 assets: 1 put (3 bytes), 2 unchanged  s3://local/static/  [TIME]\n\
         1 path invalidated on E1ABC (I2J0, completed)\n",
    );
    let seen = bench.seen();
    let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
    let create = "POST /2020-05-31/distribution/E1ABC/invalidation HTTP/1.1";
    let get = "GET /2020-05-31/distribution/E1ABC/invalidation/I2J0 HTTP/1.1";
    assert_eq!(lines, [create, create, create, get, get]);
    let bodies = bench.bodies();
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
    assert_eq!((bodies[3].as_str(), seen[3].header("content-type")), ("", None));
    assert!(seen[0].body == seen[1].body && seen[1].body == seen[2].body, "the same reference each time");
    assert!(seen[3].header("authorization").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_stands_when_its_invalidation_is_refused() {
    let live = "note: everything is stored and live, and CloudFront serves what it holds until that expires; another run does \
                not ask again";
    let again = |distribution: &str| {
        format!(
            "run `aws cloudfront create-invalidation --distribution-id {distribution} --paths '/static/css/c.css'`"
        )
    };
    let (again, elsewhere) = (again("E1ABC"), again("ID"));
    for (answers, error) in [
        (
            refusal("403 Forbidden", "AccessDenied", "User: x is not\n authorized."),
            format!(
                "error: CloudFront refused CreateInvalidation on the distribution `E1ABC`: AccessDenied\n  \
                 caused by: User: x is not authorized (request id 2e2b)\n  {live}\n  \
                 hint: it needs `cloudfront:CreateInvalidation` on `arn:aws:cloudfront::*:distribution/E1ABC`; \
                 `s3collect iam-policy` has it; then {again}\n"
            ),
        ),
        (
            refusal("404 Not Found", "NoSuchDistribution", "No."),
            format!(
                "error: CloudFront refused CreateInvalidation on the distribution `E1ABC`: NoSuchDistribution\n  \
                 caused by: No (request id 2e2b)\n  {live}\n  hint: `aws cloudfront list-distributions` has the ids; it \
                 must be one of the account that these credentials are of; then {elsewhere}\n"
            ),
        ),
        (
            refusal("400 Bad Request", "TooManyInvalidationsInProgress", "Too many."),
            format!(
                "error: CloudFront refused CreateInvalidation on the distribution `E1ABC`: \
                 TooManyInvalidationsInProgress\n  caused by: Too many (request id 2e2b)\n  {live}\n  hint: a \
                 distribution takes 3,000 paths and 15 wildcards at a time: wait for those under way; then {again}\n"
            ),
        ),
        (
            answer("200 OK", &["content-type: text/html"], "<p>hello"),
            format!(
                "error: `http://127.0.0.1:[PORT]` does not answer as CloudFront does: HTTP status 200\n  {live}\n  \
                 hint: correct `cloudfront_endpoint_url`, or leave it out; then {again}\n"
            ),
        ),
        (
            refusal("400 Bad Request", "InvalidArgument", "Bad."),
            format!(
                "error: CloudFront refused CreateInvalidation on the distribution `E1ABC`: InvalidArgument\n  \
                 caused by: Bad (request id 2e2b)\n  {live}\n  hint: {again}\n"
            ),
        ),
    ] {
        let bench = Bench::new(vec![answers]).await;
        bench.sandbox.write("static/css/c.css", "d{}");
        let line = "3 assets: 1 put (3 bytes), 2 unchanged  s3://local/static/  [TIME]\n";
        bench.push(&[]).expect(1, "", &format!("{error}{line}1 path not invalidated on E1ABC\n"));
        let unchanged = bench.push(&["--json"]).json();
        assert_eq!((&unchanged["ok"], &unchanged["put"]), (&json!(true), &json!(0)), "the release stands");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_fails_says_that_the_invalidation_was_begun() {
    let bench = Bench::new(vec![created(), refusal("403 Forbidden", "AccessDenied", "No")]).await;
    bench.sandbox.write("static/css/c.css", "d{}");
    bench.push(&["--invalidate-wait", "-q"]).expect(
        1,
        "",
        "error: CloudFront refused GetInvalidation on the distribution `E1ABC`: AccessDenied\n  \
         caused by: No (request id 2e2b)\n  note: everything is stored and live, and the invalidation `I2J0` was begun: \
         only waiting for it failed\n  hint: it needs `cloudfront:GetInvalidation` on \
         `arn:aws:cloudfront::*:distribution/E1ABC`; `s3collect iam-policy` has it\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_an_error_after_the_push() {
    let bench = Bench::new(Vec::new()).await;
    bench.sandbox.write("static/css/c.css", "d{}");
    let told = bench.push(&["--json"]);
    let document = told.json();
    assert_eq!((told.status, &document["put"], &document["ok"]), (1, &json!(1), &json!(false)));
    assert_eq!(document["invalidation"]["state"], "failed");
    let error = &document["errors"][0];
    assert_eq!(error["message"], "CloudFront could not be asked about the distribution `E1ABC`");
    assert_eq!(
        error["hint"],
        "check the network, and `cloudfront_endpoint_url` where it is set; then run `aws cloudfront create-invalidation \
         --distribution-id E1ABC --paths '/static/css/c.css'`"
    );
}

#[test]
fn a_directory_has_no_distribution() {
    let run = Sandbox::new().file("static/a.css", "a{}").run(&[
        "push",
        "static",
        "--local",
        "bucket",
        "--invalidate",
        "E1",
    ]);
    run.expect(
        2,
        "",
        "error: `--invalidate` and `local` do not go together: no distribution stands before a directory\n  \
         hint: leave `--invalidate` out\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_invalidates_what_it_puts_back() {
    let bench = Bench::new(vec![created(), created()]).await;
    bench.push(&["--manifest", "-q"]).expect(0, "", "");
    bench.sandbox.write("static/css/c.css", "d{}");
    bench.push(&["--manifest", "-q"]).expect(0, "", "");
    let back = ["rollback", "--local", "bucket", "--manifest", "--invalidate", DISTRIBUTION];
    let dry = bench.sandbox.run(&[&back[..], &["--dry-run", "-q"]].concat());
    dry.expect(
        0,
        "put   static/css/c.css  body differs\nput   static/staticfiles.json  body differs\n\
         invalidate  /static/css/c.css  on E1ABC\ninvalidate  /static/staticfiles.json  on E1ABC\n",
        "",
    );
    assert_eq!(bench.seen().len(), 1);
    bench.sandbox.run(&[&back[..], &["-q"]].concat()).expect(0, "", "");
    let bodies = bench.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "the same names, for another release");
    assert_ne!(bench.seen()[0].body, bench.seen()[1].body);
}

/// Only a `gc` deletes, and once it did, nobody can tell any more what was there.
#[tokio::test(flavor = "multi_thread")]
async fn a_gc_invalidates_the_plain_names_that_it_deletes() {
    let bench = Bench::new(vec![created(), refusal("403 Forbidden", "AccessDenied", "No")]).await;
    let collect = |more: &[&str]| {
        let gc = ["gc", "--local", "bucket", "--invalidate", DISTRIBUTION];
        let young = ["--set", "retain_releases=1", "--set", "min_age=0s"];
        masked(&bench.sandbox.run(&[&gc[..], &young, more].concat()))
    };
    let drop_file = |name: &str| {
        fs::remove_file(bench.sandbox.path(name)).expect("it was there");
        bench.push(&["-q"]).expect(0, "", "");
        // Superseded by the clock, which has whole seconds.
        sleep(Duration::from_millis(2100));
    };
    drop_file("static/css/c.css");
    assert_eq!(bench.seen().len(), 0, "a push deletes nothing");
    let told = "delete  static/css/c.css  last in release `[ID]` of app `default`, superseded [DATE]\n\
                invalidate  /static/css/c.css  on E1ABC\n";
    assert_eq!(collect(&["-q"]), (0, told.to_owned(), String::new()));
    assert_eq!(bench.seen().len(), 0, "it was only told");
    let line = "1 object deleted (3 bytes), 2 kept, 0 too young, 0 not recorded; 1 old record deleted  s3://local/static/  \
                [TIME]\n1 path invalidated on E1ABC (I2J0, in progress)\n";
    assert_eq!(collect(&["--yes"]), (0, String::new(), line.to_owned()));
    assert_eq!(bench.bodies(), [batch(&["/static/css/c.css"], "14a3f72ebc8c")]);

    drop_file("static/index.html");
    let (status, document, refused) = collect(&["--yes", "--json"]);
    let document: Value = serde_json::from_str(&document).expect("a document");
    assert_eq!((status, &document["ok"], &document["deleted"]), (1, &json!(false), &json!(1)));
    assert_eq!(document["invalidation"]["state"], "failed");
    assert_eq!((&document["note"], &document["requests"]["CreateInvalidation"]), (&Value::Null, &json!(1)));
    let error = "error: CloudFront refused CreateInvalidation on the distribution `E1ABC`: AccessDenied\n  \
                 caused by: No (request id 2e2b)\n  note: the objects are gone, and CloudFront serves what it holds until \
                 that expires; another run does not ask again\n  hint: it needs `cloudfront:CreateInvalidation` on \
                 `arn:aws:cloudfront::*:distribution/E1ABC`; `s3collect iam-policy` has it; then run `aws cloudfront \
                 create-invalidation --distribution-id E1ABC --paths '/static/index.html'`\n";
    assert!(refused.starts_with(error), "{refused}");
}
