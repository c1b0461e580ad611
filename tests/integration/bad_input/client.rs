//! How the client is told to speak, and what is wrong with that.

use super::*;
use crate::s3_wire::proxies::Proxy;
use crate::s3_wire::tls::Secured;
use crate::script::{answer, refusal};

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

/// The pipe gives whoever writes into it only to who opens it for reading, and the other way round.
#[test]
fn without_tls_nobody_asks_whom_the_system_trusts() {
    let (_runtime, secured) = secured();
    let sandbox = sandbox_before(&secured).env("SSL_CERT_FILE", "authorities.pem");
    let pipe = sandbox.path("authorities.pem");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("`mkfifo` runs").success());
    let opened = std::thread::spawn(move || fs::File::options().write(true).open(pipe).map(drop));

    let service = Service::with(Vec::new());
    let plain = ["push", "static", "--bucket", "acme", "--endpoint-url", &service.server.endpoint_url()];
    sandbox.run(&plain).expect(0, "", &PUT.replace("acme-assets", "acme"));
    assert!(!opened.is_finished());

    let untrusted = sandbox.run(&["push", "static"]);
    assert!(untrusted.stderr.contains("caused by: invalid peer certificate: UnknownIssuer"), "{untrusted:?}");
    opened.join().expect("no panic").expect("the pipe was read");
}

#[test]
fn no_verification_is_told() {
    let (_runtime, secured) = secured();
    sandbox_before(&secured).env("AWS_S3_VERIFY", "False").run(&["push", "static"]).expect(
        0,
        "",
        &format!(
            "warning: `verify` is `false`: whoever answers is taken for the service\n  \
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

#[test]
fn version_2_of_signatures_at_amazon() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let proxy = format!("http://{}", gone.expect("a port"));
    let sandbox = directed(Sandbox::new(), "").file("static/site.css", "body{}");
    let proxies = format!("{{\"https\": \"{proxy}\"}}");
    let sandbox = sandbox.env("AWS_S3_PROXIES", &proxies).env("AWS_S3_SIGNATURE_VERSION", "s3");
    sandbox.run(&["push", "static"]).expect(
        1,
        "",
        &format!(
            "warning: `signature_version` is `s3`, which buckets that AWS made after June 2020 refuse\n  \
             hint: set `signature_version = \"s3v4\"`\nerror: cannot get through the proxy `{proxy}`\n  \
             caused by: Connection refused (os error 111)\n  \
             hint: check `proxies`, or where that is not set `HTTPS_PROXY` and `HTTP_PROXY` in the environment\n\
             note: nothing was stored\n"
        ),
    );
}

/// AWS and Garage say it in their own words.
#[test]
fn a_service_that_does_not_take_version_2() {
    for message in [
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        "Bad request: Unsupported authorization method",
    ] {
        let answers = vec![refusal("400 Bad Request", "InvalidRequest", message, "")];
        let runtime = runtime();
        let script = runtime.block_on(Script::answering(answers));
        let endpoint = format!("http://127.0.0.1:{}", script.port);
        let sandbox = sandbox_at(&endpoint).file("static/site.css", "body{}");
        let stderr = format!(
            "error: S3 refused ListObjectsV2 `s3://acme/`: it does not take the version of the signature\n  \
             caused by: {} (request id 4442587FB7D0A2F9)\n  \
             hint: set `signature_version = \"s3v4\"`: buckets that AWS made after June 2020 take nothing else\n\
             note: nothing was stored\n",
            message.trim_end_matches('.')
        );
        sandbox.run(&["push", "static", "--set", "signature_version=s3"]).expect(1, "", &stderr);
        let authorization = script.only().header("authorization").map(str::to_owned).unwrap_or_default();
        assert!(authorization.starts_with("AWS "), "{authorization}");
    }
}

#[test]
fn other_versions_of_signatures() {
    let sandbox = Sandbox::new().file("static/site.css", "body{}");
    sandbox.run(&["push", "static", "--bucket", "acme", "--set", "signature_version=s3v5"]).expect(
        2,
        "",
        "error: flag `--set signature_version` must be `s3`, `s3v4` or `v4`, found `s3v5`\n  \
         hint: leave it out to have the default, `s3v4`\n",
    );
}

#[test]
fn bodies_are_cut_as_the_transfer_config_says() {
    let service = Service::with(Vec::new());
    let sandbox = service.sandbox().file("static/large.bin", vec![7; 6 << 20]).file("static/small.bin", "7");
    let cut = "transfer_config={\"multipart_threshold\": 1048576, \"multipart_chunksize\": 1048576, \"use_threads\": false}";
    let note = "`use_threads` of flag `--set transfer_config` is not needed: no thread belongs to a request; \
                `max_concurrency` says how many travel at once\n";
    let push = || sandbox.run(&["push", "static", "--set", cut]);
    push().expect(0, "", &format!("{note}2 assets: 2 put (6.0 MiB), 0 unchanged  s3://acme/  [TIME]\n"));
    // As in s3transfer no part but the last has less than 5 MiB.
    assert_eq!((service.count("UploadPart"), service.count("PutObject")), (2, 1));
    push().expect(0, "", &format!("{note}2 assets: 0 put, 2 unchanged  s3://acme/  [TIME]\n"));
    assert_eq!(service.count("HeadObject"), 0);
    // Cut in another way the body would have another ETag: only the checksum that this service keeps tells that it is
    // the same.
    sandbox.run(&["push", "static"]).expect(0, "", "2 assets: 0 put, 2 unchanged  s3://acme/  [TIME]\n");
    assert_eq!(service.count("HeadObject"), 1);
}

#[test]
fn parts_of_the_transfer_config_that_are_none() {
    let file = "bucket_name = \"acme\"\n[transfer_config]\nmultipart_treshold = 1\nmultipart_chunksize = \"8MB\"\n\
                max_bandwidth = 1000000\nchunks = 1\n";
    Sandbox::new().file("static/site.css", "body{}").file("s3collect.toml", file).run(&["push", "static"]).expect(
        2,
        "",
        "error: `transfer_config` in `s3collect.toml:6` has no part `chunks`\n\
         error: `transfer_config` in `s3collect.toml:5` has `max_bandwidth`, which is refused: the rate is not \
         limited; a lower `max_concurrency` sends less at a time\n\
         error: `transfer_config` in `s3collect.toml:4` must have a whole number from 1 to 5368709120 as \
         `multipart_chunksize`\n\
         error: `transfer_config` in `s3collect.toml:3` has no part `multipart_treshold`\n  \
         hint: the nearest name is `multipart_threshold`\n",
    );
}

#[test]
fn a_client_config_acts_and_stands_in_place_of_three_settings() {
    let runtime = runtime();
    let empty = "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>";
    let stored = answer("200 OK", &["etag: \"aa676972bbd2b68e94ef8e91e81d20be\""], "");
    let script = runtime.block_on(Script::answering(vec![answer("200 OK", &[], empty), stored]));
    let file = "bucket_name = \"acme\"\naddressing_style = \"path\"\nsignature_version = \"s3v4\"\n\
         proxies = { http = \"http://proxy.invalid\" }\n[client_config]\nsignature_version = \"s3\"\n\
         region_name = \"eu-west-1\"\nconnect_timeout = 2.5\nuser_agent = \"acme\"\nuser_agent_extra = \"ci/7\"\n\
         request_checksum_calculation = \"when_supported\"\nparameter_validation = false\n\
         [client_config.s3]\naddressing_style = \"virtual\"\n";
    let sandbox = sandbox_at(&format!("http://localhost:{}", script.port)).file("static/site.css", "body{}");
    let lost = |name: &str, line: usize| {
        format!(
            "warning: `{name}` in `s3collect.toml:{line}` is not used\n  \
             note: `client_config` in `s3collect.toml:5` replaces it, as in django-storages\n"
        )
    };
    sandbox.file("s3collect.toml", file).run(&["push", "static"]).expect(
        0,
        "",
        &format!(
            "`parameter_validation` of `client_config` in `s3collect.toml:12` is not needed: `object_parameters` are \
             checked before anything is sent\n{}{}{}\
             1 asset: 1 put (6 bytes), 0 unchanged  s3://acme/  [TIME]\n",
            lost("addressing_style", 2),
            lost("signature_version", 3),
            lost("proxies", 4)
        ),
    );
    let seen = script.seen.lock().expect("no panic before").clone();
    let host = format!("acme.localhost:{}", script.port);
    assert_eq!(seen[1].line, "PUT /site.css?x-id=PutObject HTTP/1.1");
    assert_eq!(
        (seen[1].header("host"), seen[1].header("user-agent")),
        (Some(host.as_str()), Some("acme ci/7"))
    );
    assert_eq!(seen[1].header("x-amz-checksum-crc32"), Some("4odxWQ=="));
    assert!(seen[1].header("authorization").is_some_and(|signed| signed.starts_with("AWS ")), "{seen:?}");
}

#[test]
fn how_often_a_request_is_sent() {
    let unavailable = || refusal("500 Internal Server Error", "InternalError", "Try again", "");
    for (retries, sent) in
        [("{\"max_attempts\": 0}", 1), ("{\"total_max_attempts\": 2, \"max_attempts\": 9}", 2)]
    {
        let runtime = runtime();
        let script = runtime.block_on(Script::answering(vec![unavailable(), unavailable(), unavailable()]));
        let sandbox =
            sandbox_at(&format!("http://127.0.0.1:{}", script.port)).file("static/site.css", "body{}");
        let config = format!("client_config={{\"retries\": {retries}}}");
        assert_eq!(sandbox.run(&["push", "static", "--set", &config]).status, 1);
        assert_eq!(script.seen.lock().expect("no panic before").len(), sent, "{retries}");
    }
}

#[test]
fn hosts_of_amazon() {
    let (_runtime, proxy) = proxy();
    for (config, host) in [
        ("{}", "acme.s3.eu-west-1.amazonaws.com"),
        ("{\"s3\": {\"use_accelerate_endpoint\": true}}", "acme.s3-accelerate.amazonaws.com"),
        ("{\"use_dualstack_endpoint\": true}", "acme.s3.dualstack.eu-west-1.amazonaws.com"),
        ("{\"use_fips_endpoint\": true}", "acme.s3-fips.eu-west-1.amazonaws.com"),
        ("{\"s3\": {\"addressing_style\": \"path\"}}", "s3.eu-west-1.amazonaws.com"),
    ] {
        let mut config: serde_json::Value = serde_json::from_str(config).expect("JSON");
        config["proxies"] = serde_json::json!({ "http": proxy.url("me:s%3Acret@") });
        let sandbox = directed(Sandbox::new(), "").file("static/site.css", "body{}");
        let sandbox = sandbox.env("AWS_S3_REGION_NAME", "eu-west-1").env("AWS_S3_USE_SSL", "false");
        let sandbox = sandbox.env("AWS_S3_CLIENT_CONFIG", &config.to_string());
        // The proxy finds no such host here, and that is as far as it goes.
        assert_eq!(sandbox.run(&["push", "static", "--dry-run"]).status, 1);
        let seen = proxy.passed().pop().unwrap_or_default();
        assert!(seen.starts_with(&format!("GET http://{host}/")), "{seen}");
    }
}

#[test]
fn parts_of_the_client_config_that_are_none() {
    let file = "bucket_name = \"acme\"\nendpoint_url = \"https://s3.example.com\"\n[client_config]\n\
                connect_timeout = 0\nclient_cert = \"me.pem\"\nretriess = 3\n[client_config.s3]\n\
                adressing_style = \"path\"\nuse_accelerate_endpoint = true\n";
    Sandbox::new().file("static/site.css", "body{}").file("s3collect.toml", file).run(&["push", "static"]).expect(
        2,
        "",
        "error: `client_config` in `s3collect.toml:9` has `s3.use_accelerate_endpoint`, which is about hosts of AWS, \
         and `endpoint_url` names another\n  hint: leave one of the two out\n\
         error: `client_config` in `s3collect.toml:5` has `client_cert`, which is refused: no certificate of a client \
         is sent\n\
         error: `client_config` in `s3collect.toml:4` must have a number of seconds above 0 as `connect_timeout`\n\
         error: `client_config` in `s3collect.toml:6` has no part `retriess`\n\
         error: `client_config` in `s3collect.toml:8` has no part `s3.adressing_style`\n  \
         hint: the nearest name is `s3.addressing_style`\n",
    );
}
