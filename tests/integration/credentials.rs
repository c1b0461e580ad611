//! Credentials that somebody else hands out: what is asked, and that URLs are signed with the answer.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::script::{Script, answer};
use crate::support::{Run, Sandbox};

const SIGN: [&str; 8] =
    ["url", "x", "--backend", "S3Storage", "--bucket", "acme", "--at", "2098-12-31T22:30:00Z"];

/// Runs a look-up that signs, away from the threads that answer it.
async fn signed(sandbox: Sandbox) -> Run {
    spawn_blocking(move || sandbox.env("AWS_DEFAULT_REGION", "eu-west-1").run(&SIGN)).await.expect("it runs")
}

/// The access key and the token of the only URL.
#[track_caller]
fn keys(run: &Run) -> (&str, &str) {
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:?}");
    let value = |name: &str| run.stdout.split(['?', '&']).find_map(|pair| pair.strip_prefix(name));
    let credential = value("X-Amz-Credential=").expect("a credential");
    let key = credential.split("%2F").next().expect("a key");
    (key, value("X-Amz-Security-Token=").expect("a token"))
}

fn lines(script: &Script) -> Vec<String> {
    script.seen.lock().expect("no panic before").iter().map(|seen| seen.line.clone()).collect()
}

/// As ECS, EKS and Greengrass answer.
fn container(key: &str) -> String {
    let keys = format!(
        r#"{{"AccessKeyId":"{key}","SecretAccessKey":"SK","Token":"T","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    answer("200 OK", &["content-type: application/json"], &keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_s_agent_is_asked() {
    let script = Script::answering(vec![container("CONTAINER")]).await;
    let place = format!("http://127.0.0.1:{}/keys?of=me", script.port);
    let sandbox = Sandbox::new()
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &place)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer secret");
    assert_eq!(keys(&signed(sandbox).await), ("CONTAINER", "T"));
    let seen = script.only();
    assert_eq!(
        (seen.line.as_str(), seen.header("authorization")),
        ("GET /keys?of=me HTTP/1.1", Some("Bearer secret"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_ci_is_changed_into_keys() {
    let role = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ROLE</AccessKeyId>\
                <SecretAccessKey>SK</SecretAccessKey><SessionToken>T</SessionToken>\
                <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
                </AssumeRoleWithWebIdentityResponse>";
    let script = Script::answering(vec![answer("200 OK", &["content-type: text/xml"], role)]).await;
    let sandbox = Sandbox::new().file("token", "jwt");
    let token = sandbox.path("token").display().to_string();
    let sandbox = sandbox
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy")
        .env("AWS_ENDPOINT_URL_STS", &format!("http://127.0.0.1:{}", script.port));
    assert_eq!(keys(&signed(sandbox).await), ("ROLE", "T"));
    let body = String::from_utf8(script.only().body).expect("a form");
    assert!(body.starts_with("Action=AssumeRoleWithWebIdentity&"), "{body}");
    assert!(body.contains("&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy&"), "{body}");
    assert!(body.ends_with("&WebIdentityToken=jwt"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_of_ec2_asks_its_metadata() {
    let token = answer("200 OK", &["x-aws-ec2-metadata-token-ttl-seconds: 21600"], "session");
    let keys_of_role = r#"{"Code":"Success","LastUpdated":"2098-12-31T00:00:00Z","Type":"AWS-HMAC",
        "AccessKeyId":"MACHINE","SecretAccessKey":"SK","Token":"T","Expiration":"2099-01-01T00:00:00Z"}"#;
    let script = Script::answering(vec![
        token,
        answer("200 OK", &[], "deploy"),
        answer("200 OK", &["content-type: application/json"], keys_of_role),
    ])
    .await;
    let sandbox = Sandbox::new()
        .env("AWS_EC2_METADATA_DISABLED", "false")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &format!("http://127.0.0.1:{}", script.port));
    assert_eq!(keys(&signed(sandbox).await), ("MACHINE", "T"));
    assert_eq!(
        lines(&script),
        [
            "PUT /latest/api/token HTTP/1.1",
            "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
            "GET /latest/meta-data/iam/security-credentials/deploy HTTP/1.1",
        ]
    );
}

/// The limits are the chain's: it gives up on an agent that says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_never_answers_is_not_waited_for() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let sandbox = Sandbox::new()
        .env("AWS_EC2_METADATA_DISABLED", "false")
        .env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &format!("http://127.0.0.1:{port}"));
    let run = timeout(Duration::from_secs(60), signed(sandbox)).await.expect("it ends");
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.starts_with("error: no credentials"), "{run:?}");
}
