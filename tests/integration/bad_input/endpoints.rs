//! What is wrong with the way to the service.

use std::net::TcpListener;

use super::*;
use crate::script::{answer, refusal};

const NOTHING: &str = "note: nothing was stored\n";

fn push_to(endpoint: &str) -> Run {
    sandbox_at(endpoint).file("static/site.css", "body{}").run(&["push", "static"])
}

#[test]
fn nothing_listens() {
    // The listener is gone at the end of the line, its port is free for a while.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    push_to(&format!("http://127.0.0.1:{port}")).expect(
        1,
        "",
        &format!(
            "error: cannot reach `http://127.0.0.1:{port}`\n  caused by: Connection refused (os error 111)\n  \
             hint: check `endpoint_url`, and that the service runs\n{NOTHING}"
        ),
    );
}

#[test]
fn a_name_that_does_not_resolve() {
    let run = push_to("http://s3.nowhere.invalid");
    // How the system says it is its own affair.
    let cause = run.stderr.lines().nth(1).unwrap_or_default();
    assert!(cause.starts_with("  caused by: failed to lookup address information: "), "{run:?}");
    run.expect(
        1,
        "",
        &format!(
            "error: cannot reach `http://s3.nowhere.invalid`\n{cause}\n  \
             hint: check `endpoint_url`, and that the service runs\n{NOTHING}"
        ),
    );
}

#[test]
fn a_host_that_is_not_s3() {
    let page = answer("200 OK", &["content-type: text/html"], "<!doctype html><title>Welcome</title>");
    let runtime = runtime();
    let script = runtime.block_on(Script::answering(vec![page]));
    let endpoint = format!("http://127.0.0.1:{}", script.port);
    push_to(&endpoint).expect(
        1,
        "",
        &format!(
            "error: `{endpoint}` does not answer as S3 does\n  caused by: HTTP status 200, text/html\n  \
             hint: `endpoint_url` must be the S3 API's address, which often is not that of the service's web \
             console\n{NOTHING}"
        ),
    );
}

#[test]
fn tls_where_there_is_none() {
    let service = Service::with(Vec::new());
    let plain = service.server.endpoint_url();
    let endpoint = plain.replace("http://", "https://");
    push_to(&endpoint).expect(
        1,
        "",
        &format!(
            "error: what answers at `{endpoint}` speaks no TLS\n  \
             caused by: received corrupt message of type InvalidContentType\n  \
             hint: correct the port, or write `endpoint_url = \"{plain}\"` if that is meant\n{NOTHING}"
        ),
    );
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let runtime = runtime();
    let port = runtime.block_on(self_signed());
    push_to(&format!("https://localhost:{port}")).expect(
        1,
        "",
        &format!(
            "error: cannot make a secure connection to `https://localhost:{port}`\n  \
             caused by: invalid peer certificate: UnknownIssuer\n  \
             hint: the certificate must be valid for that host and signed by an authority that this machine trusts, or \
             one in the PEM file that `verify` names\n{NOTHING}"
        ),
    );
}

/// A port whose TLS has a certificate of its own making.
async fn self_signed() -> u16 {
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a server");
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _refused = acceptor.accept(stream).await;
        }
    });
    port
}

#[test]
fn another_region() {
    let redirect = refusal(
        "301 Moved Permanently",
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
        "<Bucket>acme</Bucket><Endpoint>acme.s3.eu-west-1.amazonaws.com</Endpoint><Region>eu-west-1</Region>",
    );
    push_to_script(vec![redirect]).expect(
        1,
        "",
        &format!(
            "error: the bucket `acme` is in region `eu-west-1`, not in `us-east-1`\n  \
             caused by: The bucket you are attempting to access must be addressed using the specified endpoint \
             (request id 4442587FB7D0A2F9)\n  \
             hint: set `region_name = \"eu-west-1\"`, or pass `--region eu-west-1`\n{NOTHING}"
        ),
    );
}

#[test]
fn no_credentials() {
    let begun = Instant::now();
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    sandbox.run(&["push", "static", "--bucket", "acme"]).expect(
        1,
        "",
        &format!(
            "error: no credentials were found for `s3://acme`\n  \
             note: looked in the environment (`AWS_ACCESS_KEY_ID`), `~/.aws/config` and `~/.aws/credentials`, web \
             identity (`AWS_WEB_IDENTITY_TOKEN_FILE`), container credentials, instance metadata\n  \
             hint: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or name a profile with `--profile`\n{NOTHING}"
        ),
    );
    sandbox.run(&["push", "static", "--bucket", "acme", "--profile", "ci"]).expect(
        1,
        "",
        &format!(
            "error: no credentials were found for `s3://acme`\n  \
             note: looked in profile `ci` of `~/.aws/config` and `~/.aws/credentials`\n  \
             hint: give the profile keys or a role, or name another with `--profile`\n{NOTHING}"
        ),
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_bucket_that_does_not_exist() {
    let service = Service::with(Vec::new());
    let sandbox = service.sandbox().file("static/site.css", "body{}");
    let endpoint = service.server.endpoint_url();
    sandbox.run(&["push", "static", "--bucket", "acmee"]).expect(
        1,
        "",
        &format!(
            "error: the bucket `acmee` does not exist at `{endpoint}`\n  \
             caused by: The specified bucket does not exist (request id 0000000000000001)\n  \
             hint: create the bucket, or correct `bucket_name = \"acmee\"` or `endpoint_url`\n{NOTHING}"
        ),
    );
}
