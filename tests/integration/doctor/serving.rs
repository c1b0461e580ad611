//! Faults of what stands between the bucket and browsers.

use std::io::Write as _;
use std::sync::Mutex;

use crate::script::{Seen, answer};

use super::gateway::{self, Upstream, split, target, with_header, without_header};
use super::{Bench, asked, document};

/// A custom domain before the bucket.
fn behind(bench: Bench, domain: impl Fn(&Seen, &Upstream) -> Vec<u8> + Send + Sync + 'static) -> Bench {
    let port = gateway::start(&bench.server.endpoint_url(), domain);
    let mut bench =
        bench.env("AWS_S3_CUSTOM_DOMAIN", &format!("127.0.0.1:{port}")).env("AWS_S3_URL_PROTOCOL", "http:");
    bench.ports.push(port);
    bench
}

/// As a CDN should: the bucket is its root.
fn served(seen: &Seen, upstream: &Upstream) -> Vec<u8> {
    let answer = upstream.at(seen, &format!("/acme{}", target(seen)));
    with_header(&answer, "access-control-allow-origin: *")
}

#[test]
fn a_domain_that_is_as_it_should_be() {
    let bench = behind(Bench::new(), served);
    let run = bench.run(&["--manifest", "--gzip"]);
    let told: Vec<&str> = run.stdout.lines().skip(16).collect();
    let well = [
        "ok       urls                `127.0.0.1:[PORT]` serves this location by unsigned URLs",
        "ok       cors                fonts and modules may be loaded by pages of all origins",
        "ok       compression         what is stored as `gzip` is sent as it is",
        "ok       manifest_cache      `127.0.0.1:[PORT]` serves a manifest as soon as it is published",
    ];
    assert_eq!((run.status, told), (0, well.to_vec()));
    bench.tidy();
}

#[test]
fn a_bucket_that_is_not_public_and_urls_that_are_not_signed() {
    let bench = Bench::with(Vec::new(), |seen, _| {
        let block = "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls>\
                     <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
        match asked(seen) {
            "publicAccessBlock" => Some(document(block)),
            _ => seen.header("origin").map(|_| answer("403 Forbidden", &[], "").into_bytes()),
        }
    });
    let hint = "         hint: set `custom_domain` to the host of a CDN before the bucket, or `querystring_auth = true`\n";
    let told = "failed   public_access       URLs are not signed, and Block Public Access keeps everybody from reading them";
    bench.expect(&[], 1, &format!("{told}\n{hint}"));
    // Without a word of why.
    let bench = Bench::with(Vec::new(), |seen, _| {
        seen.header("origin").map(|_| answer("403 Forbidden", &[], "").into_bytes())
    });
    let told = "failed   urls                `http://127.0.0.1:[PORT]/acme/static/.s3collect/doctor-[HASH].css` \
                answers with status 403";
    bench.expect(&[], 1, &format!("{told}\n{hint}"));
}

#[test]
fn no_cors() {
    let bench = || {
        Bench::with(Vec::new(), |seen, upstream| {
            if asked(seen) == "cors" {
                return Some(document("<CORSConfiguration></CORSConfiguration>"));
            }
            seen.header("origin").map(|_| upstream.pass(seen))
        })
    };
    bench().expect(
        &["--origin", "https://www.acme.com"],
        1,
        "failed   cors                browsers will not load fonts and modules for pages of `https://www.acme.com`: \
         there is no `Access-Control-Allow-Origin`\n         \
         hint: allow `GET` from that origin in the CORS rules of the bucket `acme`\n",
    );
    bench().expect(
        &[],
        0,
        "warning  cors                browsers will not load fonts and modules for pages of `https://example.com`: \
         there is no `Access-Control-Allow-Origin`\n         \
         note: of no matter where pages are of the same origin as these URLs\n         \
         hint: allow `GET` from that origin in the CORS rules of the bucket `acme`\n",
    );
}

/// The origin of the bucket's own rules is tried, and a CDN may drop what the bucket would say.
#[test]
fn cors_for_some() {
    let rules = |seen: &Seen| {
        let rule = "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.acme.com</AllowedOrigin>\
                    <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
        (asked(seen) == "cors").then(|| document(rule))
    };
    let allowing = move |seen: &Seen, upstream: &Upstream| {
        rules(seen).or_else(|| {
            let origin = seen.header("origin")?;
            let allowed = format!("access-control-allow-origin: {origin}");
            let pass = upstream.pass(seen);
            Some(if origin.ends_with(".acme.com") { with_header(&pass, &allowed) } else { pass })
        })
    };
    let bench = Bench::with(Vec::new(), allowing);
    let told = bench.run(&[]).stdout;
    let line =
        "ok       cors                fonts and modules may be loaded by pages of `https://www.acme.com`\n";
    assert!(told.ends_with(line), "{told}");
    bench.expect(
        &["--origin", "https://other.example"],
        1,
        "failed   cors                browsers will not load fonts and modules for pages of `https://other.example`: \
         there is no `Access-Control-Allow-Origin`\n         \
         hint: allow `GET` from that origin in the CORS rules of the bucket `acme`\n",
    );
    let deaf = behind(Bench::with(Vec::new(), allowing), |seen, upstream| {
        without_header(&served(seen, upstream), "access-control-allow-origin")
    });
    deaf.expect(
        &[],
        0,
        "warning  cors                browsers will not load fonts and modules for pages of `https://www.acme.com`: \
         there is no `Access-Control-Allow-Origin`\n         \
         note: of no matter where pages are of the same origin as these URLs\n         \
         hint: the bucket has CORS rules: let `127.0.0.1:[PORT]` hand `Origin` on to it, and cache by it\n",
    );
}

#[test]
fn a_domain_that_serves_something_else() {
    let object = "`http://127.0.0.1:[PORT]/static/.s3collect/doctor-[HASH].css`";
    let root = "`127.0.0.1:[PORT]` must serve the bucket `acme` from its root, so that the location is part of the path";
    let allow = "let `127.0.0.1:[PORT]` read the bucket; behind CloudFront the bucket's policy must allow it";
    for (answered, said, hint) in [
        (answer("404 Not Found", &[], "nothing"), "answers with status 404", root),
        (answer("403 Forbidden", &[], "no"), "answers with status 403", allow),
        (
            answer("200 OK", &[], "<h1>Welcome</h1>"),
            "is something else than the object that was put there",
            root,
        ),
        (
            answer("301 Moved Permanently", &["location: https://me:secret@www.acme.com/?a=b"], ""),
            "leads to `https://********@www.acme.com/`",
            "set `custom_domain` and `url_protocol` to where that leads",
        ),
    ] {
        let told = format!("failed   urls                {object} {said}\n         hint: {hint}\n");
        behind(Bench::new(), move |_, _| answered.clone().into_bytes()).expect(&[], 1, &told);
    }
    let nobody = Bench::new().env("AWS_S3_CUSTOM_DOMAIN", "127.0.0.1:1").env("AWS_S3_URL_PROTOCOL", "http:");
    nobody.expect(
        &[],
        1,
        "failed   urls                cannot reach `http://127.0.0.1:1`\n         \
         caused by: Connection refused (os error 111)\n         \
         hint: check `custom_domain = \"127.0.0.1:1\"` and `url_protocol = \"http:\"`\n",
    );
}

#[test]
fn a_domain_that_compresses_again() {
    let again = |seen: &Seen, upstream: &Upstream| {
        let answered = served(seen, upstream);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(split(&answered).1).expect("in memory");
        let body = gzip.finish().expect("in memory");
        let head = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\ncontent-encoding: gzip\r\n\
             access-control-allow-origin: *\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    };
    behind(Bench::new(), again).expect(
        &["--gzip"],
        1,
        "failed   compression         `127.0.0.1:[PORT]` compresses again what is stored compressed\n         \
         hint: turn compression off there, or set `gzip = false`\n",
    );
    // What is stored plain may well be.
    behind(Bench::new(), again).expect(&[], 0, "");
}

#[test]
fn a_domain_that_keeps_the_manifest() {
    let caching = || {
        let kept: Mutex<Option<Vec<u8>>> = Mutex::new(None);
        move |seen: &Seen, upstream: &Upstream| {
            if !target(seen).ends_with(".json") {
                return served(seen, upstream);
            }
            kept.lock().expect("no panic before").get_or_insert_with(|| served(seen, upstream)).clone()
        }
    };
    let told = |control: &str, hint: &str| {
        format!(
            "failed   manifest_cache      `127.0.0.1:[PORT]` goes on serving a manifest that was replaced\n         \
             note: it is stored with `Cache-Control: {control}`\n         hint: {hint}\n"
        )
    };
    let mind = "let the domain mind that (in CloudFront: a minimum TTL of 0), or name its distribution in `invalidate`";
    let leave = "leave `CacheControl` out of `object_parameters` for it; it gets `no-cache` then";
    behind(Bench::new(), caching()).expect(&["--manifest"], 1, &told("no-cache", mind));
    let hour = ["--manifest", "--object-parameters", "{\"CacheControl\": \"max-age=3600\"}"];
    behind(Bench::new(), caching()).expect(&hour, 1, &told("max-age=3600", leave));
    behind(Bench::new(), caching()).expect(&["--manifest", "--invalidate", "E1ABC"], 0, "");
}
