//! What CloudFront signs: keys from text and files, policies, cookies, and what is wrong with them.

use super::{key, refused};
use crate::support::Sandbox;

/// A media storage behind CloudFront, with a key in a file.
fn sandbox() -> Sandbox {
    Sandbox::new().file("keys/cdn.pem", key("rsa_pkcs8.pem")).file("keys/curve.pem", key("ec_sec1.pem")).file(
        "s3collect.toml",
        "[storages.media]\nbackend = \"S3Storage\"\ncustom_domain = \"cdn.example.com\"\n\
         cloudfront_key_id = \"K2JCJMDEHXQW5F\"\ncloudfront_key_file = \"keys/cdn.pem\"\nlocation = \"media\"\n",
    )
}

const ASKED: [&str; 6] = ["url", "a b.pdf", "--storage", "media", "--at", "2026-03-04T05:06:07Z"];

/// The line that `url` prints with more arguments, without its signature.
#[track_caller]
fn line(more: &[&str]) -> String {
    let run = sandbox().run(&[&ASKED, more].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:?}");
    let signature = regex::Regex::new("Signature=[^&;]+").expect("a pattern");
    signature.replace(run.stdout.trim_end(), "Signature=S").into_owned()
}

#[test]
fn the_same_key_signs_from_a_file_and_from_text() {
    let from_file = sandbox().run(&ASKED);
    from_file.expect(0, &from_file.stdout, "");
    let text = Sandbox::new()
        .env("AWS_S3_CUSTOM_DOMAIN", "cdn.example.com")
        .env("AWS_LOCATION", "media")
        .env("AWS_CLOUDFRONT_KEY_ID", "K2JCJMDEHXQW5F")
        .env("AWS_CLOUDFRONT_KEY", &key("rsa_pkcs1.pem"));
    let mut arguments = ASKED;
    arguments[2..4].copy_from_slice(&["--backend", "S3Storage"]);
    text.run(&arguments).expect(0, &from_file.stdout, "");
}

#[test]
fn policies_cookies_and_hashes_go_into_the_line() {
    let base = "https://cdn.example.com/media/a%20b.pdf";
    let tail = "Signature=S&Key-Pair-Id=K2JCJMDEHXQW5F";
    assert_eq!(line(&[]), format!("{base}?Expires=1772604367&{tail}"));
    assert_eq!(line(&["--param", "v=1", "--expire", "60"]), format!("{base}?v=1&Expires=1772600827&{tail}"));
    let curve = ["--set", "cloudfront_key_file=keys/curve.pem", "--set", "cloudfront_hash=sha256"];
    assert_eq!(line(&curve), format!("{base}?Expires=1772604367&{tail}&Hash-Algorithm=SHA256"));
    // {"Statement":[{"Resource":"https://cdn.example.com/media/*","Condition":{"DateLessThan":{"AWS:EpochTime":1772604367},
    // "IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":1772600767}}}]}
    let policy = "eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9jZG4uZXhhbXBsZS5jb20vbWVkaWEvKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc3MjYwNDM2N30sIklwQWRkcmVzcyI6eyJBV1M6U291cmNlSXAiOiIxOTIuMC4yLjAvMjQifSwiRGF0ZUdyZWF0ZXJUaGFuIjp7IkFXUzpFcG9jaFRpbWUiOjE3NzI2MDA3Njd9fX1dfQ__";
    let terms = [
        "--not-before",
        "2026-03-04T05:06:07Z",
        "--ip-address",
        "192.0.2.0/24",
        "--policy-resource",
        "https://cdn.example.com/media/*",
    ];
    assert_eq!(line(&terms), format!("{base}?Policy={policy}&{tail}"));
    let cookies = [&terms[..], &["--cookies"]].concat();
    assert_eq!(
        line(&cookies),
        format!("CloudFront-Policy={policy}; CloudFront-Signature=S; CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F")
    );
}

#[test]
fn keys_that_cannot_sign_are_told() {
    let sandbox = sandbox().file("keys/public.pem", key("rsa_public.pem"));
    let asked = |file: &'static str| ["x", "--storage", "media", "--set", file];
    refused(
        &sandbox,
        &asked("cloudfront_key_file=keys/none.pem"),
        2,
        "error: the `cloudfront_key_file` `keys/none.pem` cannot be read\n  \
         caused by: No such file or directory (os error 2)\n  hint: correct its path, or who may read it\n",
    );
    refused(
        &sandbox,
        &asked("cloudfront_key_file=keys/public.pem"),
        2,
        "error: `cloudfront_key_file` holds no private key in PEM: it is a public key\n  \
         hint: give the private key whose public half CloudFront has, e.g. as `openssl genrsa 2048` makes it\n",
    );
    let both = Sandbox::new()
        .env("AWS_CLOUDFRONT_KEY", "hunter2")
        .env("AWS_CLOUDFRONT_KEY_ID", "K")
        .file("s3collect.toml", "custom_domain = \"cdn.example.com\"\ncloudfront_key_file = \"cdn.pem\"\n");
    refused(
        &both,
        &["x", "--backend", "S3Storage"],
        2,
        "error: `cloudfront_key` and `cloudfront_key_file` exclude each other\n  \
         note: `cloudfront_key` comes from `AWS_CLOUDFRONT_KEY` in the environment, `cloudfront_key_file` from `s3collect.toml:2`\n  \
         hint: leave one of the two out\n",
    );
}

#[test]
fn what_a_policy_cannot_say_is_refused() {
    let asked = ["x", "--storage", "media"];
    refused(
        &sandbox(),
        &[&asked[..], &["--param", "Expires=1"]].concat(),
        2,
        "error: `Expires` cannot stand in a URL that CloudFront signs: it is a name of its own\n  \
         hint: leave it out, or call it something else\n",
    );
    refused(
        &sandbox(),
        &[&asked[..], &["--ip-address", "::1"]].concat(),
        2,
        "error: `--ip-address` must be an IPv4 address or a range in CIDR form: found `::1`\n  \
         hint: write e.g. `192.0.2.0/24`\n",
    );
}
