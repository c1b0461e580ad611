//! Faults of settings, keys, the bucket and the rights to it.

use std::time::{Duration, SystemTime};

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::script::{Seen, answer, refusal};
use crate::support::{Sandbox, masked};

use super::gateway::{Upstream, target, with_header, without_header};
use super::{Bench, asked, document, refusing};

#[test]
fn a_setting_that_is_misspelled() {
    let toml = "bucket_name = \"acme\"\nlocatoin = \"static\"\n";
    let sandbox = Sandbox::new().file("s3collect.toml", toml).env("S3COLLECT_APPP", "shop");
    sandbox.run(&["doctor"]).expect(
        1,
        "failed   settings            `locatoin` in `s3collect.toml:2` is no setting\n         \
         hint: the nearest name is `location`\n\
         warning  settings            `S3COLLECT_APPP` in the environment is no setting\n         \
         hint: the nearest name is `S3COLLECT_APP`\n",
        "note: nothing else was looked at: all of it needs what failed\n2 checks: 1 failed, 1 warning  [TIME]\n",
    );
}

#[test]
fn a_secret_key_of_another() {
    Bench::new().env("AWS_S3_SECRET_ACCESS_KEY", "wrong").expect(
        &[],
        1,
        "failed   credentials         S3 refused ListObjectsV2 `s3://acme/static/`: SignatureDoesNotMatch\n         \
         caused by: HTTP status 403 without a message (request id 0000000000000001)\n         \
         hint: the secret key does not belong to the access key; check `AWS_SECRET_ACCESS_KEY` for a lost character\n",
    );
}

#[test]
fn no_credentials_at_all() {
    let run = Sandbox::new().run(&["doctor", "--bucket", "acme", "--endpoint-url", "http://127.0.0.1:1"]);
    run.expect(
        1,
        "ok       settings            2 set, no settings file\n\
         failed   credentials         no credentials were found for `s3://acme`\n         \
         note: looked in the environment (`AWS_ACCESS_KEY_ID`), `~/.aws/config` and `~/.aws/credentials`, \
         web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`), container credentials, instance metadata\n         \
         hint: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or name a profile with `--profile`\n",
        "note: nothing else was looked at: all of it needs what failed\n\
         2 checks: 1 ok, 1 failed  s3://acme/  [TIME]\n",
    );
}

#[test]
fn a_bucket_that_is_not_there() {
    Bench::new().env("AWS_STORAGE_BUCKET_NAME", "other").expect(
        &[],
        1,
        "failed   bucket              the bucket `other` does not exist at `http://127.0.0.1:[PORT]`\n         \
         caused by: The specified bucket does not exist (request id 0000000000000001)\n         \
         hint: create the bucket, or correct `bucket_name = \"other\"` or `endpoint_url`\n",
    );
}

#[test]
fn nobody_at_the_endpoint() {
    Bench::new().env("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:1").expect(
        &[],
        1,
        "failed   endpoint            cannot reach `http://127.0.0.1:1`\n         \
         caused by: Connection refused (os error 111)\n         \
         hint: check `endpoint_url`, and that the service runs\n",
    );
}

/// AWS tells the region in the error; where it does not, the answer to whoever asks unsigned has it.
#[test]
fn a_bucket_of_another_region() {
    for told in ["<Region>eu-west-1</Region>", ""] {
        let bench = Bench::with(Vec::new(), move |seen, upstream| {
            if seen.line.starts_with("HEAD /acme ") {
                return Some(with_header(&upstream.pass(seen), "x-amz-bucket-region: eu-west-1"));
            }
            let message = "The authorization header is malformed; the region 'us-east-1' is wrong";
            Some(refusal("400 Bad Request", "AuthorizationHeaderMalformed", message, told).into_bytes())
        });
        bench.expect(
            &[],
            1,
            "failed   region              the bucket `acme` is in region `eu-west-1`, not in `us-east-1`\n         \
             caused by: The authorization header is malformed; the region 'us-east-1' is wrong \
             (request id 4442587FB7D0A2F9)\n         \
             hint: set `region_name = \"eu-west-1\"`, or pass `--region eu-west-1`\n",
        );
    }
}

/// A store that takes any region, and says which one it is in.
#[test]
fn a_region_that_nobody_minds() {
    let bench = Bench::with(Vec::new(), |seen, upstream| {
        let is_asked = seen.line.starts_with("HEAD /acme ");
        is_asked.then(|| with_header(&upstream.pass(seen), "x-amz-bucket-region: eu-west-1"))
    });
    bench.expect(
        &[],
        0,
        "warning  region              the bucket is in `eu-west-1`, and requests are signed for `us-east-1`\n         \
         hint: set `region_name = \"eu-west-1\"`\n",
    );
}

fn late(seen: &Seen, upstream: &Upstream, minutes: u64) -> Vec<u8> {
    let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(minutes * 60));
    with_header(&without_header(&upstream.pass(seen), "date"), &format!("date: {date}"))
}

#[test]
fn a_clock_that_is_off() {
    let message = "The difference between the request time and the current time is too large.";
    let faults = refusing("ListObjectsV2", "RequestTimeTooSkewed", message);
    Bench::with(faults, |seen, upstream| Some(late(seen, upstream, 20))).expect(
        &[],
        1,
        "failed   clock               S3 refused ListObjectsV2 `s3://acme/static/`: the clocks differ by too much\n         \
         caused by: The difference between the request time and the current time is too large \
         (request id 0000000000000001)\n         \
         note: this machine's is 20 minutes ahead of the service's\n         \
         hint: set this machine's clock\n",
    );
    let unminded = |minutes| {
        Bench::with(Vec::new(), move |seen, upstream| {
            seen.line.starts_with("HEAD /acme ").then(|| late(seen, upstream, minutes))
        })
    };
    unminded(180).expect(
        &[],
        1,
        "failed   clock               this machine's is 3 hours ahead of the service's\n         \
         note: AWS refuses what is 15 minutes off\n         \
         hint: set this machine's clock\n",
    );
    unminded(5).expect(
        &[],
        0,
        "warning  clock               this machine's is 5 minutes ahead of the service's\n         \
         note: signed URLs begin and end by it\n         \
         hint: set this machine's clock\n",
    );
}

#[test]
fn no_right_to_list() {
    Bench::with(refusing("ListObjectsV2", "AccessDenied", "Access Denied"), |_, _| None).expect(
        &[],
        1,
        "failed   list                S3 refused ListObjectsV2 `s3://acme/static/`: AccessDenied\n         \
         caused by: Access Denied (request id 0000000000000001)\n         \
         hint: it needs `s3:ListBucket` on `arn:aws:s3:::acme`\n",
    );
}

#[test]
fn no_right_to_put() {
    Bench::with(refusing("PutObject", "AccessDenied", "Access Denied"), |_, _| None).expect(
        &[],
        1,
        "failed   put                 S3 refused PutObject `s3://acme/static/.s3collect/doctor-[HASH].css`: AccessDenied\n         \
         caused by: Access Denied (request id 0000000000000003)\n         \
         hint: it needs `s3:PutObject` on `arn:aws:s3:::acme/*`\n",
    );
}

/// Records may be kept where other rights hold.
#[test]
fn no_right_to_put_records() {
    let bench = Bench::with(Vec::new(), |seen, _| {
        let is_record = seen.line.starts_with("PUT /acme/records/doctor-");
        is_record.then(|| refusal("403 Forbidden", "AccessDenied", "Access Denied", "").into_bytes())
    });
    bench.expect(
        &["--set", "record_prefix=records"],
        1,
        "failed   put                 S3 refused PutObject `s3://acme/records/doctor-[HASH].json`: AccessDenied\n         \
         caused by: Access Denied (request id 4442587FB7D0A2F9)\n         \
         note: records of releases are kept there: `record_prefix`\n         \
         hint: it needs `s3:PutObject` on `arn:aws:s3:::acme/*`\n",
    );
    Bench::new().expect(&["--set", "record_prefix=records"], 0, "");
}

#[test]
fn no_right_to_read() {
    let bench = Bench::with(Vec::new(), |seen, _| {
        let is_ours = seen.line.starts_with("GET /acme/static/") && seen.header("authorization").is_some();
        is_ours.then(|| refusal("403 Forbidden", "AccessDenied", "Access Denied", "").into_bytes())
    });
    bench.expect(
        &[],
        1,
        "failed   get                 S3 refused GetObject `s3://acme/static/.s3collect/doctor-[HASH].css`: AccessDenied\n         \
         caused by: Access Denied (request id 4442587FB7D0A2F9)\n         \
         hint: it needs `s3:GetObject` on `arn:aws:s3:::acme/*`; without `s3:ListBucket` S3 answers 403 where there is \
         no object\n",
    );
}

/// A push needs none. What was made for the examination stays, and is named.
#[test]
fn no_right_to_delete() {
    let told = |state: &str, note: &str| {
        format!(
            "{state:7}  delete              \
             S3 refused DeleteObject `s3://acme/static/.s3collect/doctor-[HASH].css`: AccessDenied\n         \
             caused by: Access Denied (request id 000000000000000C)\n         \
             {note}hint: it needs `s3:DeleteObject` on `arn:aws:s3:::acme/*`\n"
        )
    };
    let note = "note: a push deletes nothing; `gc`, `rm` and this examination do\n         ";
    let left = "warning: `static/.s3collect/doctor-[HASH].css` was made for this examination and could not be removed\n  \
                hint: remove it with keys that may delete\n";
    for (verbs, status, state, note, line) in [
        ("push,gc", 1, "failed", "", "19 checks: 18 ok, 1 failed  s3://acme/static/  [TIME]\n"),
        ("push", 0, "warning", note, "19 checks: 18 ok, 1 warning  s3://acme/static/  [TIME]\n"),
    ] {
        let bench = Bench::with(refusing("DeleteObject", "AccessDenied", "Access Denied"), |_, _| None);
        let run = bench.run(&["--for", verbs]);
        let troubles = bench.troubles(&run);
        assert_eq!((run.status, troubles), (status, told(state, note)));
        assert_eq!(run.stderr, format!("{left}{line}"));
    }
}

#[test]
fn no_right_to_give_uploads_up() {
    let faults = refusing("AbortMultipartUpload", "AccessDenied", "Access Denied");
    Bench::with(faults, |_, _| None).expect(
        &[],
        0,
        "warning  multipart           S3 refused AbortMultipartUpload `s3://acme/static/.s3collect/doctor-[HASH].css`: \
         AccessDenied\n         \
         caused by: Access Denied (request id 000000000000000A)\n         \
         note: parts of an upload that fails stay, and cost, unless a lifecycle rule ends uploads\n         \
         hint: it needs `s3:AbortMultipartUpload` on `arn:aws:s3:::acme/*`\n",
    );
}

#[test]
fn an_acl_that_the_bucket_forbids() {
    let bench = || {
        let bench = Bench::with(Vec::new(), |seen, _| {
            if asked(seen) == "ownershipControls" {
                return Some(document(
                    "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
                ));
            }
            seen.header("x-amz-acl").map(|_| {
                let message = "The bucket does not allow ACLs";
                refusal("400 Bad Request", "AccessControlListNotSupported", message, "").into_bytes()
            })
        });
        bench.env("AWS_DEFAULT_ACL", "public-read")
    };
    bench().expect(
        &[],
        1,
        "failed   acl                 S3 refused PutObject `s3://acme/static/.s3collect/doctor-[HASH].css`: \
         AccessControlListNotSupported\n         \
         caused by: The bucket does not allow ACLs (request id 4442587FB7D0A2F9)\n         \
         note: without the headers that the settings give it, it was taken\n         \
         hint: the bucket forbids ACLs: remove `default_acl`, and `ACL` from `object_parameters`\n",
    );
    bench().expect(
        &["--read-only"],
        1,
        "failed   acl                 `public-read` is sent, and the bucket forbids ACLs\n         \
         hint: remove `default_acl`, and `ACL` from `object_parameters`\n",
    );
}

#[test]
fn a_store_without_conditional_writes() {
    let bench = |headers: &'static [&'static str], answered: fn() -> String| {
        Bench::with(Vec::new(), move |seen, _| {
            let has_condition = headers.iter().any(|header| seen.header(header).is_some());
            has_condition.then(|| answered().into_bytes())
        })
    };
    let refused = || refusal("501 Not Implemented", "NotImplemented", "No", "");
    let ignored = || answer("200 OK", &["etag: \"0\""], "");
    let told = |what: &str| {
        format!(
            "warning  conditional_writes  the store {what}: two who push at once are not kept apart\n         \
             hint: let one push run at a time, and pass `--alone` to `gc`\n"
        )
    };
    bench(&["if-none-match", "if-match"], refused).expect(&[], 0, &told("has no conditional writes"));
    bench(&["if-none-match", "if-match"], ignored).expect(&[], 0, &told("has no conditional writes"));
    bench(&["if-match"], ignored).expect(&[], 0, &told("does not heed `If-Match`"));
    bench(&["if-none-match"], ignored).expect(&[], 0, &told("does not heed `If-None-Match`"));
}

#[test]
fn a_checksum_that_is_not_kept() {
    let bench = Bench::with(Vec::new(), |seen, upstream| {
        let is_object = seen.line.starts_with("HEAD ") && target(seen).contains("doctor");
        is_object.then(|| without_header(&upstream.pass(seen), "x-amz-checksum-crc32"))
    });
    bench.expect(
        &["--checksum", "crc32"],
        0,
        "warning  checksum            `crc32` is sent and not kept; none is\n         \
         hint: set `checksum = \"when_required\"`: it proves nothing here\n",
    );
}

#[test]
fn a_rule_that_deletes_what_is_live() {
    let rule = |id: &str, rest: &str| format!("<Rule><ID>{id}</ID><Status>Enabled</Status>{rest}</Rule>");
    let expiring = |days: u8| format!("<Expiration><Days>{days}</Days></Expiration>");
    let below = |prefix: &str| format!("<Filter><Prefix>{prefix}</Prefix></Filter>");
    let rules = [
        rule("tidy", &(below("") + &expiring(30))),
        rule(
            "cold",
            "<Prefix>static/</Prefix><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
        ),
        rule("logs", &(below("static/logs/") + "<Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration>")),
        rule("other", &(below("media/") + &expiring(1))),
        rule("off", &(below("static/") + &expiring(1))).replace("Enabled", "Disabled"),
        rule(
            "tagged",
            &format!("<Filter><Tag><Key>old</Key><Value>a b</Value></Tag></Filter>{}", expiring(2)),
        ),
        rule(
            "uploads",
            "<Filter></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>\
             </AbortIncompleteMultipartUpload>",
        ),
    ];
    let body = format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", rules.concat());
    let bench = Bench::with(Vec::new(), move |seen, _| (asked(seen) == "lifecycle").then(|| document(&body)));
    let rest = "         note: a push does not put again what is unchanged, however old and live it is\n         \
                hint: limit the rule to another prefix or to a tag, and let `s3collect gc` delete what no release needs\n";
    let [tidy, cold, logs, tagged] = [
        "failed   lifecycle           the lifecycle rule `tidy` deletes objects below `static/` 30 days after they were put",
        "failed   lifecycle           the lifecycle rule `cold` moves objects to GLACIER, where nobody can read them at \
         once, below `static/` 1 day after they were put",
        "warning  lifecycle           the lifecycle rule `logs` deletes objects below `static/logs/` from \
         2027-01-01T00:00:00Z on",
        "failed   lifecycle           the lifecycle rule `tagged` deletes objects below `static/` 2 days after they were put",
    ]
    .map(|line| format!("{line}\n{rest}"));
    bench.expect(&[], 1, &[tidy.as_str(), &cold, &logs].concat());
    // Tags of ours.
    let tags = ["--object-parameters", "{\"Tagging\": \"team=web&old=a%20b\"}"];
    bench.expect(&tags, 1, &[tidy, cold, logs, tagged].concat());
}

/// Who may not ask is told which permission that takes, and nothing worse.
#[test]
fn no_right_to_ask_how_the_bucket_is_set_up() {
    let bench = Bench::with(Vec::new(), |seen, _| {
        matches!(asked(seen), "lifecycle" | "versioning" | "cors" | "publicAccessBlock")
            .then(|| refusal("403 Forbidden", "AccessDenied", "Access Denied", "").into_bytes())
    });
    let told = "unknown  versioning          these keys may not ask\n         \
                hint: it needs `s3:GetBucketVersioning` on `arn:aws:s3:::acme`\n\
                unknown  lifecycle           these keys may not ask\n         \
                hint: it needs `s3:GetLifecycleConfiguration` on `arn:aws:s3:::acme`\n";
    bench.expect(&[], 0, told);
    // Nothing was served that would tell without asking.
    let public = "unknown  public_access       these keys may not ask\n         \
                  hint: it needs `s3:GetBucketPublicAccessBlock` on `arn:aws:s3:::acme`\n";
    bench.expect(&["--read-only"], 0, &format!("{told}{public}"));
}

#[test]
fn keys_that_end_before_urls_do() {
    let end = OffsetDateTime::from(SystemTime::now() + Duration::from_secs(30 * 60));
    let credentials = s3collect::local::Credentials::default();
    let keys = json!({
        "Version": 1, "AccessKeyId": credentials.access_key, "SecretAccessKey": credentials.secret_key,
        "Expiration": end.replace_nanosecond(0).expect("a time").format(&Rfc3339).expect("a date"),
    });
    let bench = Bench::new().env("AWS_S3_ACCESS_KEY_ID", "").env("AWS_S3_SECRET_ACCESS_KEY", "");
    bench.sandbox.write("keys.json", keys.to_string());
    bench.sandbox.write("home/.aws/config", "[default]\ncredential_process = cat keys.json\n");
    let (status, told, _) = masked(&bench.run(&["--backend", "S3Storage"]));
    let told: String = told.lines().skip(1).take(3).map(|line| format!("{line}\n")).collect();
    assert_eq!(
        (status, told.as_str()),
        (
            0,
            "ok       credentials         from the `credential_process` of a profile, until [DATE]\n\
             warning  expiry              signed URLs are to live for 3600 seconds, and the keys that sign them end at [DATE]\n         \
             hint: sign with keys that last longer, or set a shorter `querystring_expire`\n"
        )
    );
    // URLs that end before the keys do.
    bench.expect(&["--backend", "S3Storage", "--set", "querystring_expire=600"], 0, "");
}

#[test]
fn a_token_that_nobody_told_the_end_of() {
    let bench = Bench::new().env("AWS_SESSION_TOKEN", "token");
    bench.expect(
        &["--backend", "S3Storage"],
        0,
        "unknown  expiry              signed URLs end with the session token, and nobody told when that is\n         \
         hint: sign with keys that last longer, or set a shorter `querystring_expire`\n",
    );
}

#[test]
fn urls_that_shall_live_longer_than_they_can() {
    Bench::new().expect(
        &["--backend", "S3Storage", "--set", "querystring_expire=604801"],
        1,
        "failed   expiry              `querystring_expire` is 604801 seconds, and URLs signed with SigV4 are valid for \
         604800 (7 days) at most\n         \
         hint: shorten it, or let CloudFront sign: `custom_domain`, `cloudfront_key_id` and `cloudfront_key`\n",
    );
}
