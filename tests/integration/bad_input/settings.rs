//! What is wrong on the command line, in the environment and in the file: exit status 2, nothing asked.

use super::*;

fn site() -> Sandbox {
    Sandbox::new().file("static/site.css", "body{}")
}

#[test]
fn no_bucket() {
    let hint = "  hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`\n";
    site().run(&["push", "static"]).expect(2, "", &format!("error: no bucket is named\n{hint}"));
    site()
        .file("s3collect.toml", "[storages.media]\nbucket_name = \"media\"\n")
        .run(&["push", "static"])
        .expect(2, "", &format!("error: no bucket is named\n{hint}"));
}

#[test]
fn unknown_settings_are_told_with_their_place_and_the_nearest_name() {
    site()
        .file("s3collect.toml", "bucket_name = \"acme\"\n\nlocaton = \"static\"\n")
        .run(&["push", "static"])
        .expect(
            2,
            "",
            "error: `locaton` in `s3collect.toml:3` is no setting\n  hint: the nearest name is `location`\n",
        );
    site().run(&["push", "static", "--set", "buckt=acme"]).expect(
        2,
        "",
        "error: `buckt` in `--set` is no setting\n  hint: the nearest name is `bucket_name`\n\
         error: no bucket is named\n  hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`\n",
    );
    site().run(&["push", "static", "--buckt", "acme"]).expect(
        2,
        "",
        "error: unexpected argument '--buckt' found\n\n  tip: a similar argument exists: '--bucket'\n\n\
         Usage: s3collect push --bucket <NAME> [DIR]...\n\nFor more information, try '--help'.\n",
    );
}

/// Others may write variables that begin like ours, so these are warnings.
#[test]
fn unknown_variables_are_told() {
    site()
        .env("S3COLLECT_CONCURENCY", "4")
        .env("S3COLLECT_GZIPP", "true")
        .env("S3COLLECT_NOTHING_LIKE_IT", "1")
        .run(&["push", "static", "--local", "bucket"])
        .expect(
            0,
            "",
            "warning: `S3COLLECT_CONCURENCY` in the environment is no setting\n  \
             hint: the nearest name is `S3COLLECT_CONCURRENCY`\n\
             warning: `S3COLLECT_GZIPP` in the environment is no setting\n  \
             hint: the nearest name is `AWS_IS_GZIPPED`\n\
             warning: `S3COLLECT_NOTHING_LIKE_IT` in the environment is no setting\n\
             1 asset: 1 put (6 bytes), 0 unchanged  s3://local/  [TIME]\n",
        );
}

#[test]
fn all_values_of_a_wrong_type_are_told_at_once() {
    site()
        .file("s3collect.toml", "bucket_name = 5\ngzip = \"maybe\"\nobject_parameters = \"CacheControl\"\n")
        .env("AWS_S3_USE_SSL", "perhaps")
        .run(&["push", "static", "--gzip-level", "11", "--set", "concurrency=many"])
        .expect(
            2,
            "",
            "error: flag `--gzip-level` must be a whole number from 0 to 9, found `11`\n  \
             hint: leave it out to have the default, `9`\n\
             error: flag `--set concurrency` must be a whole number from 1 to 1024, found `many`\n\
             error: `AWS_S3_USE_SSL` in the environment must be `true` or `false`, found `perhaps`\n  \
             hint: leave it out to have the default, `true`\n\
             error: `bucket_name` in `s3collect.toml:1` must be text, found `5`\n\
             error: `gzip` in `s3collect.toml:2` must be `true` or `false`, found the text `maybe`\n  \
             hint: leave it out to have the default, `false`\n\
             error: and 1 more error; `-v` shows all\n",
        );
}

#[test]
fn locations_that_are_no_plain_prefix() {
    let push = |location: &str| site().run(&["push", "static", "--bucket", "acme", "--location", location]);
    push("static/../other").expect(
        2,
        "",
        "error: `location` must be a plain prefix: `static/../other` holds `..`\n  \
         note: it comes from flag `--location`\n  hint: write `static/other` if that is meant\n",
    );
    push("/static").expect(
        2,
        "",
        "error: `location` cannot begin with a leading slash: found `/static`, use `static` instead\n  \
         note: it comes from flag `--location`\n  hint: set `location = \"static\"`\n",
    );
    site().env("AWS_LOCATION", "/").run(&["push", "static", "--bucket", "acme"]).expect(
        2,
        "",
        "error: `location` cannot begin with a leading slash: found `/`, use `` instead\n  \
         note: it comes from `AWS_LOCATION` in the environment\n  hint: set `location = \"\"`\n",
    );
}

#[test]
fn no_source_at_all() {
    let message = "error: no static dir is named, there is nothing to collect\n";
    site().run(&["push", "--bucket", "acme"]).expect(
        2,
        "",
        &format!("{message}  hint: `./static` exists; if that is meant, give it as an argument\n"),
    );
    Sandbox::new().run(&["push", "--bucket", "acme"]).expect(
        2,
        "",
        &format!("{message}  hint: give a directory as an argument, or set `sources` in the file\n"),
    );
}

#[test]
fn endpoints_without_a_scheme_or_a_host() {
    let push = |url: &str| site().run(&["push", "static", "--bucket", "acme", "--endpoint-url", url]);
    push("s3.example.com").expect(
        2,
        "",
        "error: `endpoint_url` needs the scheme `http` or `https`: found `s3.example.com`\n  \
         note: it comes from flag `--endpoint-url`\n  hint: write `https://s3.example.com` if that is meant\n",
    );
    push("https://").expect(
        2,
        "",
        "error: `https://` is no endpoint URL\n  \
         hint: write scheme and host, as in `endpoint_url = \"https://s3.example.com\"`\n",
    );
}

#[test]
fn everything_that_is_wrong_is_told_in_one_run() {
    site()
        .file("s3collect.toml", "locaton = \"x\"\n[object_parameters]\nCacheContrl = \"no-cache\"\n")
        .run(&["push", "static", "--location", "/x", "--set", "secret_key=verysecret"])
        .expect(
            2,
            "",
            "error: flag `--set secret_key` is refused: a secret on the command line can be read by every process\n  \
             hint: set `AWS_S3_SECRET_ACCESS_KEY` in the environment, or write it into the file\n\
             error: `locaton` in `s3collect.toml:1` is no setting\n  hint: the nearest name is `location`\n\
             error: `location` cannot begin with a leading slash: found `/x`, use `x` instead\n  \
             note: it comes from flag `--location`\n  hint: set `location = \"x\"`\n\
             error: no bucket is named\n  hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`\n\
             error: `object_parameters` in `s3collect.toml:3`: `CacheContrl` is no object parameter\n  \
             hint: the nearest name is `CacheControl`\n",
        );
}

#[test]
fn policies_that_nobody_needs_or_that_cannot_be_written() {
    let policy =
        |arguments: &[&str]| Sandbox::new().run(&[&["iam-policy", "--bucket", "acme"], arguments].concat());
    policy(&["--for", "push,pusch"]).expect(
        2,
        "",
        "error: invalid value 'pusch' for '--for <VERB,…>'\n  [possible values: push, url, releases, rollback, \
         verify, gc, ls, stat, exists, cat, get, put, rm, doctor]\n\n  tip: a similar value exists: 'push'\n\n\
         For more information, try '--help'.\n",
    );
    policy(&["--for", "url"]).expect(
        2,
        "",
        "error: `url` needs no permission with these settings\n  \
         hint: URLs that are not signed by S3's keys ask nothing of the bucket\n",
    );
    let lambda = "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/ap";
    Sandbox::new().run(&["iam-policy", "--bucket", lambda]).expect(
        2,
        "",
        "error: there is no policy for the Object Lambda access point \
         `arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/ap`\n  \
         hint: name the access point behind it as `bucket_name`, and add the permission to invoke the function\n",
    );
    policy(&["--set", "record_prefix=/x"]).expect(
        2,
        "",
        "error: `record_prefix` must be a plain prefix such as `records`: found `/x`\n  \
         note: it comes from flag `--set record_prefix`\n",
    );
}

#[test]
fn names_of_the_boto_backend_point_to_migrate() {
    let boto = "it belongs to the boto backend, which django-storages removed in 1.9";
    let hint = "use `region_name`; `s3collect settings migrate FILE` rewrites it";
    let check = |sandbox: Sandbox, arguments: &[&str], subject: &str| {
        sandbox.run(&[&["push", "static", "--bucket", "acme"], arguments].concat()).expect(
            2,
            "",
            &format!("error: {subject} is no setting any more: {boto}\n  hint: {hint}\n"),
        );
    };
    check(site().env("AWS_ORIGIN", "EU"), &[], "`AWS_ORIGIN` in the environment");
    check(site(), &["--set", "AWS_ORIGIN=EU"], "`AWS_ORIGIN` in `--set`");
    check(site(), &["--set", "origin=EU"], "flag `--set origin`");
    check(site().file("s3collect.toml", "AWS_ORIGIN = 'EU'\n"), &[], "`AWS_ORIGIN` in `s3collect.toml:1`");
    check(site().file("s3collect.toml", "\norigin = 'EU'\n"), &[], "`origin` in `s3collect.toml:2`");
    check(
        site().file("s3collect.toml", "[storages.staticfiles]\norigin = 'EU'\n"),
        &[],
        "`origin` in `[storages.staticfiles]` (`s3collect.toml:2`)",
    );
    site().run(&["push", "static", "--bucket", "acme", "--backend", "storages.backends.s3boto.S3BotoStorage"]).expect(
        2,
        "",
        "error: flag `--backend` names no class of django-storages' S3 backend: \
         `storages.backends.s3boto.S3BotoStorage`\n  hint: the boto backend is gone; `s3collect settings migrate FILE` \
         rewrites what belongs to it\n",
    );
}

#[test]
fn files_that_cannot_be_migrated() {
    let sandbox = Sandbox::new().file("settings.py", "AWS_HEADERS = headers()\nAWS_S3_PORT = 'x'\n");
    sandbox.run(&["settings", "migrate", "settings.py"]).expect(
        2,
        "",
        "error: `AWS_HEADERS` in `settings.py:1` is no plain literal\n  note: nothing was written\n  \
         hint: write its value there for now, or change this one by hand\n\
         error: `AWS_S3_PORT` in `settings.py:2` must be a number\n  note: nothing was written\n",
    );
    sandbox.run(&["settings", "migrate", "missing.py"]).expect(
        2,
        "",
        "error: `missing.py` cannot be read\n  caused by: No such file or directory (os error 2)\n",
    );
    sandbox.run(&["settings", "migrate", "-"]).expect(
        0,
        "",
        "nothing to change: no name of the boto backend is in it\n",
    );
}
