//! How the client is told to speak, and what is wrong with that.

use super::*;
use crate::s3_wire::tls::Secured;

/// The embedded endpoint behind TLS, and a runtime that keeps it alive.
fn secured() -> (Runtime, Secured) {
    let runtime = runtime();
    let secured = runtime.block_on(Secured::start());
    (runtime, secured)
}

/// A sandbox that would push to it.
fn sandbox_before(secured: &Secured) -> Sandbox {
    sandbox_at(&secured.endpoint())
        .env("AWS_STORAGE_BUCKET_NAME", "acme-assets")
        .file("static/site.css", "body{}")
}

const PUT: &str = "1 asset: 1 put (6 bytes), 0 unchanged  s3://acme-assets/  [TIME]\n";
const SAME: &str = "1 asset: 0 put, 1 unchanged  s3://acme-assets/  [TIME]\n";

#[test]
fn a_private_authority() {
    let (_runtime, secured) = secured();
    let bundle = secured.bundle().display().to_string();
    let sandbox = sandbox_before(&secured);
    sandbox.write("ca.pem", fs::read(&bundle).expect("a bundle"));
    sandbox.run(&["push", "static", "--set", "verify=ca.pem"]).expect(0, "", PUT);
    sandbox_before(&secured).env("AWS_CA_BUNDLE", &bundle).run(&["push", "static"]).expect(0, "", SAME);
    sandbox_before(&secured).env("REQUESTS_CA_BUNDLE", &bundle).run(&["push", "static"]).expect(0, "", SAME);
}

#[test]
fn no_verification_is_told() {
    let (_runtime, secured) = secured();
    sandbox_before(&secured).env("AWS_S3_VERIFY", "False").run(&["push", "static"]).expect(
        0,
        "",
        &format!(
            "warning: `AWS_S3_VERIFY` in the environment is `false`: whoever answers is taken for the service\n  \
             hint: name the authority's certificate instead, `verify = \"ca.pem\"`\n{PUT}"
        ),
    );
}

#[test]
fn bundles_that_are_none() {
    let push = |path: &str| {
        let sandbox =
            sandbox_at("https://localhost:1").file("static/site.css", "body{}").file("empty.pem", "");
        sandbox.run(&["push", "static", "--set", &format!("verify={path}")])
    };
    let hint =
        "hint: `verify` takes `true`, `false` or a PEM file with the authorities that are to be trusted";
    push("missing.pem").expect(
        2,
        "",
        &format!(
            "error: the certificates in `missing.pem` cannot be used\n  \
             caused by: No such file or directory (os error 2)\n  {hint}\n"
        ),
    );
    push("empty.pem").expect(
        2,
        "",
        &format!(
            "error: the certificates in `empty.pem` cannot be used\n  caused by: no certificate in it\n  {hint}\n"
        ),
    );
}
