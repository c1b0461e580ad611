//! What the service refuses, and what is in the bucket afterwards.

use std::fs;

use super::*;

const NOTHING: &str = "note: nothing was stored\n";

fn push(service: &Service, arguments: &[&str]) -> Run {
    let sandbox = service.sandbox().file("static/site.css", "body{}");
    sandbox.run(&[&["push", "static", "--location", "static"], arguments].concat())
}

#[test]
fn listing_is_not_allowed() {
    let service = Service::with(vec![refusing("ListObjectsV2", 403, "AccessDenied", "Access Denied")]);
    push(&service, &[]).expect(
        1,
        "",
        &format!(
            "error: S3 refused ListObjectsV2 `s3://acme/static/`: AccessDenied\n  \
             caused by: Access Denied (request id 0000000000000001)\n  \
             hint: it needs `s3:ListBucket` on `arn:aws:s3:::acme`\n{NOTHING}"
        ),
    );
    assert_eq!(service.count("PutObject"), 0);
}

#[test]
fn putting_is_not_allowed() {
    let service = Service::with(vec![refusing("PutObject", 403, "AccessDenied", "Access Denied")]);
    push(&service, &[]).expect(
        1,
        "",
        "error: S3 refused PutObject `s3://acme/static/site.css`: AccessDenied\n  \
         caused by: Access Denied (request id 0000000000000002)\n  \
         hint: it needs `s3:PutObject` on `arn:aws:s3:::acme/*`\n\
         note: 0 of 1 objects were stored; the others are as they were before, and the next push tries them again\n\
         1 asset: 0 put, 0 unchanged, 1 failed  s3://acme/static/  [TIME]\n",
    );
    assert_eq!(service.count("PutObject"), 1, "what is not allowed is not tried again");
}

#[test]
fn acls_are_forbidden() {
    let message = "The bucket does not allow ACLs";
    let service = Service::with(vec![refusing("PutObject", 400, "AccessControlListNotSupported", message)]);
    push(&service, &["--default-acl", "public-read"]).expect(
        1,
        "",
        "error: S3 refused PutObject `s3://acme/static/site.css`: AccessControlListNotSupported\n  \
         caused by: The bucket does not allow ACLs (request id 0000000000000002)\n  \
         hint: the bucket forbids ACLs: remove `default_acl`, and `ACL` from `object_parameters`\n\
         note: 0 of 1 objects were stored; the others are as they were before, and the next push tries them again\n\
         1 asset: 0 put, 0 unchanged, 1 failed  s3://acme/static/  [TIME]\n",
    );
}

#[test]
fn keys_that_the_service_does_not_know() {
    let service = Service::with(Vec::new());
    let push = |name: &str, value: &str| {
        let sandbox = service.sandbox().env(name, value).file("static/site.css", "body{}");
        sandbox.run(&["push", "static"])
    };
    push("AWS_S3_ACCESS_KEY_ID", "SOMEBODY").expect(
        1,
        "",
        &format!(
            "error: S3 refused ListObjectsV2 `s3://acme/`: InvalidAccessKeyId\n  \
             caused by: The AWS Access Key Id you provided does not exist in our records (request id \
             0000000000000001)\n  \
             hint: the service does not know the access key; check `AWS_ACCESS_KEY_ID` and `endpoint_url`\n{NOTHING}"
        ),
    );
    push("AWS_S3_SECRET_ACCESS_KEY", "a-guess").expect(
        1,
        "",
        &format!(
            "error: S3 refused ListObjectsV2 `s3://acme/`: SignatureDoesNotMatch\n  \
             caused by: HTTP status 403 without a message (request id \
             0000000000000002)\n  \
             hint: the secret key does not belong to the access key; check `AWS_SECRET_ACCESS_KEY` for a lost \
             character\n{NOTHING}"
        ),
    );
}

#[test]
fn credentials_that_have_expired() {
    let message = "The provided token has expired.";
    let service = Service::with(vec![refusing("ListObjectsV2", 400, "ExpiredToken", message)]);
    push(&service, &[]).expect(
        1,
        "",
        &format!(
            "error: S3 refused ListObjectsV2 `s3://acme/static/`: the credentials have expired\n  \
             caused by: The provided token has expired (request id 0000000000000001)\n  \
             hint: get new temporary credentials; with SSO that is `aws sso login`\n{NOTHING}"
        ),
    );
    assert_eq!(service.count("ListObjectsV2"), 1);
}

#[test]
fn some_objects_are_refused_and_the_next_push_stores_them() {
    let effect = || Effect::Answer {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "Access Denied".to_owned(),
    };
    let faults = ["b.css", "e.css", "h.css"].map(|key| fault("PutObject", Some(key), When::Always, effect()));
    let service = Service::with(faults.to_vec());
    let sandbox = service.sandbox();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        sandbox.write(&format!("static/{name}.css"), name);
    }
    // One at a time, so that request ids are known.
    let arguments = ["push", "static", "-j", "1"];
    let mut run = sandbox.run(&arguments);
    run.stderr = without_request_ids(&run.stderr);
    let refused = |key: &str| {
        format!(
            "error: S3 refused PutObject `s3://acme/{key}.css`: AccessDenied\n  caused by: Access Denied\n  \
             hint: it needs `s3:PutObject` on `arn:aws:s3:::acme/*`\n"
        )
    };
    run.expect(
        1,
        "",
        &format!(
            "{}{}{}note: 5 of 8 objects were stored; the others are as they were before, and the next push tries \
             them again\n8 assets: 5 put (5 bytes), 0 unchanged, 3 failed  s3://acme/  [TIME]\n",
            refused("b"),
            refused("e"),
            refused("h")
        ),
    );
    service.faultless();
    sandbox.run(&arguments).expect(0, "", "8 assets: 3 put (3 bytes), 5 unchanged  s3://acme/  [TIME]\n");
    sandbox.run(&arguments).expect(0, "", "8 assets: 0 put, 8 unchanged  s3://acme/  [TIME]\n");
}

/// Which of several objects comes first is not told beforehand.
fn without_request_ids(text: &str) -> String {
    let id = regex::Regex::new(r" \(request id [0-9A-F]{16}\)").expect("a pattern");
    id.replace_all(text, "").into_owned()
}

#[test]
fn a_failing_push_is_a_document_too() {
    let service = Service::with(vec![refusing("PutObject", 403, "AccessDenied", "Access Denied")]);
    let run = push(&service, &["--json", "--quiet"]);
    assert_eq!(run.status, 1);
    let document = run.json();
    let told = ["ok", "put", "failed", "note", "errors"].map(|name| document[name].clone());
    let expected = serde_json::json!([
        false,
        0,
        1,
        "0 of 1 objects were stored; the others are as they were before, and the next push tries them again",
        [{
            "name": "site.css",
            "key": "static/site.css",
            "message": "S3 refused PutObject `s3://acme/static/site.css`: AccessDenied",
            "causes": ["Access Denied (request id 0000000000000002)"],
            "hint": "it needs `s3:PutObject` on `arn:aws:s3:::acme/*`",
        }],
    ]);
    assert_eq!(serde_json::Value::from(told.to_vec()), expected);
    let refused = push(&service, &["--json", "--quiet", "--bucket", "a b"]);
    assert_eq!(refused.status, 2);
    let document = refused.json();
    assert_eq!((&document["ok"], &document["note"]), (&false.into(), &serde_json::Value::Null));
    assert_eq!(document["errors"][0]["message"], "`a b` is no name of a bucket");
}

/// The page goes last, so that it is the one that finds no room.
#[test]
fn a_full_disk() {
    let service = Service::of(|options| Options { max_bytes: Some(10), ..options });
    let sandbox = service.sandbox().file("static/site.css", "body{}").file("static/index.html", "<p>Hello");
    sandbox.run(&["push", "static"]).expect(
        1,
        "",
        "error: there is no room left for `s3://acme/index.html`\n  \
         caused by: There is no space left for the object (request id 0000000000000003)\n  \
         hint: make room where the bucket is kept, then push again\n\
         note: 1 of 2 objects were stored; the others are as they were before, and the next push tries them again\n\
         2 assets: 1 put (6 bytes), 0 unchanged, 1 failed  s3://acme/  [TIME]\n",
    );
}

/// The same with a real disk, where this machine lets us mount one.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_really_full() {
    let sandbox = Sandbox::new().file("static/a.css", "body{}").file("static/big.html", vec![7; 3 << 20]);
    fs::create_dir(sandbox.path("disk")).expect("a directory");
    let script = "mount -t tmpfs -o size=2m tmpfs disk || exit 77; \"$0\" push static --local disk/bucket; \
                  status=$?; ls disk/bucket/tmp; exit $status";
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_s3collect")])
        .current_dir(sandbox.path(""))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", sandbox.path("home"));
    let Ok(output) = command.output() else { return skipped("there is no `unshare`") };
    let run = Run {
        status: output.status.code().unwrap_or(-1),
        stdout: sandbox.filtered(&output.stdout),
        stderr: without_request_ids(&sandbox.filtered(&output.stderr)),
    };
    if run.status == 77 || run.stderr.starts_with("unshare:") {
        return skipped(&run.stderr);
    }
    run.expect(
        1,
        "",
        "error: there is no room left for `s3://local/big.html`\n  \
         caused by: There is no space left for the object\n  hint: make room where the bucket is kept, then push again\n\
         note: 1 of 2 objects were stored; the others are as they were before, and the next push tries them again\n\
         2 assets: 1 put (6 bytes), 0 unchanged, 1 failed  s3://local/  [TIME]\n",
    );
}

#[expect(clippy::print_stderr, reason = "whoever reads the log shall know that this was not tried")]
fn skipped(reason: &str) {
    eprintln!("skipped, a file system cannot be mounted here: {reason}");
}
