//! How the client is told to speak, and what is wrong with that.

use super::*;
use crate::s3_wire::proxies::Proxy;
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

fn proxy() -> (Runtime, Proxy) {
    let runtime = runtime();
    let proxy = runtime.block_on(Proxy::start());
    (runtime, proxy)
}

#[test]
fn a_proxy_of_the_file_shows_and_its_password_does_not() {
    let ((_runtime, secured), (_other, proxy)) = (secured(), proxy());
    let file = format!("[proxies]\nhttps = \"{}\"\n", proxy.url("me:s%3Acret@"));
    let sandbox = sandbox_before(&secured).file("s3collect.toml", file);
    let bundle = secured.bundle().display().to_string();
    let host = format!("localhost:{}", proxy.port);
    let note = format!("`proxies` has `http://********@{host}` for `https`, from `s3collect.toml:1`\n");
    let sandbox = sandbox.env("AWS_CA_BUNDLE", &bundle);
    sandbox.run(&["push", "static"]).expect(0, "", &format!("{note}{PUT}"));
    assert_eq!(proxy.passed(), [format!("CONNECT localhost:{}", secured.port)]);
    sandbox.write("s3collect.toml", format!("[proxies]\nhttps = \"{}\"\n", proxy.url("me:verysecret@")));
    sandbox.run(&["push", "static"]).expect(
        1,
        "",
        &format!(
            "{note}error: the proxy `http://{host}` does not take the user and the password of its URL\n  \
             hint: write them into the proxy's URL, `http://USER:PASSWORD@HOST:PORT`, `%40` for an `@` in them\n\
             note: nothing was stored\n"
        ),
    );
}

/// `NO_PROXY` is about the environment's proxies, as with botocore; loopback is never behind one of those.
#[test]
fn the_environments_proxies_count_where_the_settings_have_none() {
    let (_runtime, proxy) = proxy();
    let push = |more: &[(&str, &str)]| {
        let mut sandbox = sandbox_at("http://s3.invalid").file("static/site.css", "body{}");
        for (name, value) in more {
            sandbox = sandbox.env(name, value);
        }
        sandbox.run(&["push", "static"])
    };
    let url = proxy.url("");
    let settings = format!("{{\"http\": \"{url}\"}}");
    for environment in [
        &[("HTTP_PROXY", url.as_str())][..],
        &[("ALL_PROXY", url.as_str())],
        &[("HTTP_PROXY", "http://elsewhere.invalid"), ("AWS_S3_PROXIES", &settings)],
        &[("NO_PROXY", "s3.invalid"), ("AWS_S3_PROXIES", &settings)],
    ] {
        push(environment).expect(
            1,
            "",
            &format!(
                "error: the proxy `{url}` asks for a user and a password\n  \
                 hint: write them into the proxy's URL, `http://USER:PASSWORD@HOST:PORT`, `%40` for an `@` in \
                 them\nnote: nothing was stored\n"
            ),
        );
    }
    assert_eq!(proxy.refused(), 4);
    for environment in [
        &[("HTTP_PROXY", url.as_str()), ("NO_PROXY", "invalid")][..],
        &[("HTTP_PROXY", url.as_str()), ("AWS_S3_PROXIES", "{}")],
    ] {
        let run = push(environment);
        assert!(run.stderr.starts_with("error: cannot reach `http://s3.invalid`\n"), "{run:?}");
    }
    assert_eq!(proxy.refused(), 4);
}

#[test]
fn proxies_that_are_none() {
    let file = "bucket_name = \"acme\"\n[proxies]\nftp = \"proxy:3128\"\nhttps = \"socks5://me:verysecret@proxy\"\n\
                http = 5\n\"https://me:verysecret@s3.example.com\" = \"proxy\"\n\"http://a\" = \"me:verysecret@\"\n";
    let hint = "  hint: write e.g. `http://proxy.example.com:3128`\n";
    let keys = "  hint: write `https`, `http` or a scheme and a host, `https://s3.example.com`\n";
    Sandbox::new().file("static/site.css", "body{}").file("s3collect.toml", file).run(&["push", "static"]).expect(
        2,
        "",
        &format!(
            "error: `proxies` in `s3collect.toml:3` has the key `ftp`, which is neither a scheme nor a scheme and a \
             host\n{keys}error: `proxies` in `s3collect.toml:5` must have text for `http`\n{hint}\
             error: `proxies` in `s3collect.toml:7` has no URL of a proxy for `http://a`\n{hint}\
             error: `proxies` in `s3collect.toml:4` has a proxy of another kind than HTTP for `https`: `socks5`\n{hint}\
             error: `proxies` in `s3collect.toml:6` has the key `https://********@s3.example.com`, which is neither a \
             scheme nor a scheme and a host\n{keys}"
        ),
    );
}
