use super::*;
use crate::error::Problem;
use crate::parameters::{ObjectParameters, Parameter};

const ENDPOINT: &str = "https://s3.example.com";

fn of(operation: Operation, kind: StoreErrorKind, cause: &str) -> Problem {
    let key = match operation {
        Operation::ListObjectsV2 => "static/",
        _ => "static/css/site.css",
    };
    let target = Target { bucket: "acme-assets".to_owned(), key: key.to_owned() };
    let error = StoreError::new(operation, target, kind);
    Problem::of(&if cause.is_empty() { error } else { error.because(cause) })
}

/// What is printed: message, cause, note, hint.
fn shown(problem: &Problem) -> String {
    let mut text = problem.message.clone();
    for cause in &problem.causes {
        text.push_str(&format!("\n  caused by: {cause}"));
    }
    for (label, line) in [("note", &problem.note), ("hint", &problem.hint)] {
        if let Some(line) = line {
            text.push_str(&format!("\n  {label}: {line}"));
        }
    }
    text
}

fn check(operation: Operation, kind: StoreErrorKind, cause: &str, expected: &str) {
    assert_eq!(shown(&of(operation, kind, cause)), expected);
}

fn endpoint() -> String {
    ENDPOINT.to_owned()
}

fn denied(operation: Operation, parameters: &[Parameter]) -> StoreErrorKind {
    let mut sent = ObjectParameters::default();
    for parameter in parameters {
        sent.set(*parameter, "x");
    }
    StoreErrorKind::AccessDenied { permissions: permissions(operation, &sent) }
}

#[test]
fn access_denied_names_what_is_needed() {
    use Operation::{HeadObject, ListObjectsV2, PutObject};
    check(
        PutObject,
        denied(PutObject, &[]),
        "Access Denied (request id 4442587FB7D0A2F9)",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: AccessDenied\n  \
         caused by: Access Denied (request id 4442587FB7D0A2F9)\n  \
         hint: it needs `s3:PutObject` on `arn:aws:s3:::acme-assets/*`",
    );
    check(
        PutObject,
        denied(PutObject, &[Parameter::Acl, Parameter::GrantRead, Parameter::Tagging]),
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: AccessDenied\n  \
         hint: it needs `s3:PutObject`, `s3:PutObjectAcl` and `s3:PutObjectTagging` on \
         `arn:aws:s3:::acme-assets/*` because an ACL was sent; most buckets need no `default_acl`",
    );
    check(
        ListObjectsV2,
        denied(ListObjectsV2, &[]),
        "",
        "S3 refused ListObjectsV2 `s3://acme-assets/static/`: AccessDenied\n  \
         hint: it needs `s3:ListBucket` on `arn:aws:s3:::acme-assets`",
    );
    check(
        HeadObject,
        denied(HeadObject, &[]),
        "HTTP status 403 without a message",
        "S3 refused HeadObject `s3://acme-assets/static/css/site.css`: AccessDenied\n  \
         caused by: HTTP status 403 without a message\n  \
         hint: it needs `s3:GetObject` on `arn:aws:s3:::acme-assets/*`; without `s3:ListBucket` S3 answers 403 \
         where there is no object",
    );
}

#[test]
fn where_s3_names_the_action_so_does_the_hint() {
    use Operation::PutObject;
    let said = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: s3:PutObjectAcl on \
                resource: \"arn:aws:s3:::acme-assets/static/css/site.css\"";
    assert_eq!(
        of(PutObject, denied(PutObject, &[Parameter::Acl, Parameter::Tagging]), said).hint.as_deref(),
        Some(
            "it needs `s3:PutObjectAcl` on `arn:aws:s3:::acme-assets/*` because an ACL was sent; most buckets \
             need no `default_acl`"
        )
    );
    assert_eq!(
        of(PutObject, denied(PutObject, &[]), "perform: s3:PutObject with an explicit deny").hint.as_deref(),
        Some(
            "a policy denies it expressly; allowing it elsewhere does not help on `arn:aws:s3:::acme-assets/*`"
        )
    );
}

#[test]
fn credentials() {
    use Operation::{ListObjectsV2, PutObject};
    let bad = |code: &str| StoreErrorKind::BadCredentials { code: code.to_owned() };
    check(
        PutObject,
        bad("InvalidAccessKeyId"),
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: InvalidAccessKeyId\n  \
         hint: the service does not know the access key; check `AWS_ACCESS_KEY_ID` and `endpoint_url`",
    );
    check(
        PutObject,
        bad("SignatureDoesNotMatch"),
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: SignatureDoesNotMatch\n  \
         hint: the secret key does not belong to the access key; check `AWS_SECRET_ACCESS_KEY` for a lost character",
    );
    check(
        PutObject,
        bad("InvalidToken"),
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: InvalidToken\n  \
         hint: the session token does not belong to these keys; set or unset `AWS_SESSION_TOKEN`",
    );
    check(
        PutObject,
        StoreErrorKind::ExpiredCredentials,
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: the credentials have expired\n  \
         hint: get new temporary credentials; with SSO that is `aws sso login`",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::NoCredentials { looked_in: vec!["here".to_owned(), "there".to_owned()] },
        "",
        "no credentials were found for `s3://acme-assets`\n  \
         note: looked in here, there\n  \
         hint: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or name a profile with `--profile`",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::NoCredentials { looked_in: vec!["profile `ci`".to_owned()] },
        "",
        "no credentials were found for `s3://acme-assets`\n  \
         note: looked in profile `ci`\n  \
         hint: give the profile keys or a role, or name another with `--profile`",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::CredentialsNotLoaded,
        "the SSO session has expired",
        "the credentials for `s3://acme-assets` could not be loaded\n  \
         caused by: the SSO session has expired\n  \
         hint: `aws sts get-caller-identity` uses the same files and roles; with SSO run `aws sso login`",
    );
}

#[test]
fn the_bucket_and_its_place() {
    use Operation::{ListObjectsV2, PutObject};
    check(
        ListObjectsV2,
        StoreErrorKind::NoSuchBucket { endpoint: endpoint() },
        "",
        "the bucket `acme-assets` does not exist at `https://s3.example.com`\n  \
         hint: create the bucket, or correct `bucket_name = \"acme-assets\"` or `endpoint_url`",
    );
    let region = |actual: Option<&str>| StoreErrorKind::WrongRegion {
        asked: "us-east-1".to_owned(),
        actual: actual.map(str::to_owned),
    };
    check(
        ListObjectsV2,
        region(Some("eu-west-1")),
        "",
        "the bucket `acme-assets` is in region `eu-west-1`, not in `us-east-1`\n  \
         hint: set `region_name = \"eu-west-1\"`, or pass `--region eu-west-1`",
    );
    check(
        ListObjectsV2,
        region(None),
        "",
        "the bucket `acme-assets` is not in region `us-east-1`\n  \
         hint: `aws s3api head-bucket --bucket acme-assets` tells the region; set it as `region_name`",
    );
    check(
        PutObject,
        StoreErrorKind::AclNotSupported,
        "The bucket does not allow ACLs",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: AccessControlListNotSupported\n  \
         caused by: The bucket does not allow ACLs\n  \
         hint: the bucket forbids ACLs: remove `default_acl`, and `ACL` from `object_parameters`",
    );
    check(
        PutObject,
        StoreErrorKind::StorageFull,
        "",
        "there is no room left for `s3://acme-assets/static/css/site.css`\n  \
         hint: make room where the bucket is kept, then push again",
    );
}

#[test]
fn the_service_in_trouble() {
    use Operation::PutObject;
    check(
        PutObject,
        StoreErrorKind::SlowDown,
        "",
        "S3 asks for fewer requests and did not do PutObject `s3://acme-assets/static/css/site.css`\n  \
         hint: lower `concurrency`, or run again later",
    );
    check(
        PutObject,
        StoreErrorKind::Unavailable,
        "We encountered an internal error",
        "S3 failed at PutObject `s3://acme-assets/static/css/site.css`\n  \
         caused by: We encountered an internal error",
    );
    check(
        PutObject,
        StoreErrorKind::PreconditionFailed,
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: PreconditionFailed\n  \
         hint: somebody else wrote it meanwhile; run again to compare with what is there now",
    );
    check(
        PutObject,
        StoreErrorKind::Conflict,
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: another write to it is under way",
    );
    check(
        PutObject,
        StoreErrorKind::ClockSkew,
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: the clocks differ by too much\n  \
         hint: set this machine's clock",
    );
    check(
        Operation::CompleteMultipartUpload,
        StoreErrorKind::NoSuchUpload,
        "",
        "S3 refused CompleteMultipartUpload `s3://acme-assets/static/css/site.css`: NoSuchUpload",
    );
    check(
        PutObject,
        StoreErrorKind::Refused { status: 418, code: String::new() },
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: HTTP status 418",
    );
    check(
        PutObject,
        StoreErrorKind::Refused { status: 400, code: "InvalidStorageClass".to_owned() },
        "",
        "S3 refused PutObject `s3://acme-assets/static/css/site.css`: InvalidStorageClass\n  \
         hint: correct `StorageClass` in `object_parameters`",
    );
}

#[test]
fn the_way_there() {
    use Operation::{ListObjectsV2, PutObject};
    check(
        PutObject,
        StoreErrorKind::TimedOut,
        "nothing moved for 60 seconds",
        "PutObject `s3://acme-assets/static/css/site.css` got no answer in time\n  \
         caused by: nothing moved for 60 seconds",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::Unreachable { endpoint: endpoint() },
        "Connection refused (os error 111)",
        "cannot reach `https://s3.example.com`\n  \
         caused by: Connection refused (os error 111)\n  \
         hint: check `endpoint_url`, and that the service runs",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::Unreachable { endpoint: "https://s3.eu-wset-1.amazonaws.com".to_owned() },
        "Name or service not known",
        "cannot reach `https://s3.eu-wset-1.amazonaws.com`\n  \
         caused by: Name or service not known\n  \
         hint: check `region_name` and the network; a proxy is taken from `HTTPS_PROXY`",
    );
    check(
        PutObject,
        StoreErrorKind::ConnectionLost,
        "",
        "the connection was lost during PutObject `s3://acme-assets/static/css/site.css`",
    );
}

#[test]
fn whom_one_meets_on_the_way() {
    use Operation::ListObjectsV2;
    check(
        ListObjectsV2,
        StoreErrorKind::Proxy { proxy: "http://proxy:3128".to_owned() },
        "Connection refused (os error 111)",
        "cannot get through the proxy `http://proxy:3128`\n  \
         caused by: Connection refused (os error 111)\n  \
         hint: check `proxies`, or where that is not set `HTTPS_PROXY` and `HTTP_PROXY` in the environment",
    );
    let asking = |given| StoreErrorKind::ProxyAuthentication { proxy: "http://proxy:3128".to_owned(), given };
    check(
        ListObjectsV2,
        asking(true),
        "",
        "the proxy `http://proxy:3128` does not take the user and the password of its URL\n  \
         hint: write them into the proxy's URL, `http://USER:PASSWORD@HOST:PORT`, `%40` for an `@` in them",
    );
    check(
        ListObjectsV2,
        asking(false),
        "",
        "the proxy `http://proxy:3128` asks for a user and a password\n  \
         hint: write them into the proxy's URL, `http://USER:PASSWORD@HOST:PORT`, `%40` for an `@` in them",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::Tls { endpoint: endpoint() },
        "invalid peer certificate: UnknownIssuer",
        "cannot make a secure connection to `https://s3.example.com`\n  \
         caused by: invalid peer certificate: UnknownIssuer\n  \
         hint: the certificate must be valid for that host and signed by an authority that this machine trusts, or one in \
         the PEM file that `verify` names",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::BadCertificates { path: "ca.pem".to_owned() },
        "no certificate in it",
        "the certificates in `ca.pem` cannot be used\n  \
         caused by: no certificate in it\n  \
         hint: `verify` takes `true`, `false` or a PEM file with the authorities that are to be trusted",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::NoTls { endpoint: endpoint() },
        "",
        "what answers at `https://s3.example.com` speaks no TLS\n  \
         hint: correct the port, or write `endpoint_url = \"http://s3.example.com\"` if that is meant",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::NotS3 { endpoint: endpoint() },
        "",
        "`https://s3.example.com` does not answer as S3 does\n  \
         hint: `endpoint_url` must be the S3 API's address, which often is not that of the service's web console",
    );
    check(
        ListObjectsV2,
        StoreErrorKind::BadEndpoint { endpoint: "s3.example.com".to_owned() },
        "",
        "`s3.example.com` is no endpoint URL\n  \
         hint: write scheme and host, as in `endpoint_url = \"https://s3.example.com\"`",
    );
}

#[test]
fn the_body_and_the_request() {
    use Operation::PutObject;
    check(
        PutObject,
        StoreErrorKind::BodyUnreadable,
        "`site.css`: permission denied",
        "the file for `s3://acme-assets/static/css/site.css` could not be read while it was sent\n  \
         caused by: `site.css`: permission denied\n  \
         hint: the file must stay readable until the push is over; run again",
    );
    check(
        PutObject,
        StoreErrorKind::BodyChanged,
        "",
        "the file for `s3://acme-assets/static/css/site.css` changed while it was sent\n  \
         hint: run again once nothing writes to the file any more",
    );
    check(
        PutObject,
        StoreErrorKind::Damaged,
        "",
        "the body of `s3://acme-assets/static/css/site.css` was damaged on its way",
    );
    check(
        PutObject,
        StoreErrorKind::Unsendable,
        "the header `cache-control` holds what HTTP cannot carry",
        "PutObject `s3://acme-assets/static/css/site.css` cannot be sent\n  \
         caused by: the header `cache-control` holds what HTTP cannot carry\n  \
         hint: a header value must be visible ASCII on one line; see `object_parameters`",
    );
}

#[test]
fn an_access_points_objects_are_named_as_policies_name_them() {
    let bucket = "arn:aws:s3:eu-west-1:123456789012:accesspoint/assets";
    let target = Target { bucket: bucket.to_owned(), key: "a".to_owned() };
    let kind = denied(Operation::PutObject, &[]);
    assert_eq!(
        StoreError::new(Operation::PutObject, target, kind).hint(),
        Some(format!("it needs `s3:PutObject` on `{bucket}/object/*`"))
    );
}

#[test]
fn only_a_wrong_setting_is_a_usage_error() {
    let problem = of(Operation::ListObjectsV2, StoreErrorKind::BadEndpoint { endpoint: endpoint() }, "");
    assert_eq!((problem.exit, problem.key.as_deref()), (Exit::Usage, Some("static/")));
    assert_eq!(of(Operation::PutObject, StoreErrorKind::SlowDown, "").exit, Exit::Failed);
}
