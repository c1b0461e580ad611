//! Several storages in one file, as the static-and-media example of django-storages' documentation has them.

use crate::support::Sandbox;

const SETTINGS: &str = r#"bucket_name = "my-app-bucket"
region_name = "eu-west-1"

[storages.staticfiles]
backend = "storages.backends.s3boto3.S3StaticStorage"
location = "static"
sources = ["assets"]
object_parameters = { CacheControl = "max-age=86400" }

[storages.media]
backend = "storages.backends.s3boto3.S3Boto3Storage"
location = "media"
sources = ["uploads"]
default_acl = "private"
"#;

fn app() -> Sandbox {
    Sandbox::new()
        .file("s3collect.toml", SETTINGS)
        .file("assets/app.css", "body{}")
        .file("assets/app.js", "let a;")
        .file("uploads/user_file.pdf", "%PDF")
        .file("uploads/user_video.mp4", "mp4!")
}

#[test]
fn static_and_media_share_a_bucket_under_locations_of_their_own() {
    let sandbox = app();
    sandbox.run(&["push", "--local", "bucket"]).expect(
        0,
        "",
        "2 assets: 2 put (12 bytes), 0 unchanged  s3://my-app-bucket/static/  [TIME]\n",
    );
    sandbox.run(&["push", "--local", "bucket", "--storage", "media", "-n"]).expect(
        0,
        "put   media/user_file.pdf  new\nput   media/user_video.mp4  new\n",
        "2 assets: 2 to put (8 bytes), 0 unchanged  s3://my-app-bucket/media/  [TIME]\n",
    );
    for storage in ["media", "staticfiles"] {
        sandbox.run(&["push", "--local", "bucket", "--storage", storage, "-q"]).expect(0, "", "");
        let again = sandbox.run(&["push", "--local", "bucket", "--storage", storage, "--json"]).json();
        assert_eq!((&again["put"], &again["skipped"]), (&0.into(), &2.into()), "{storage}");
    }
}

#[test]
fn each_storage_has_settings_of_its_own() {
    let sandbox = app().env("S3COLLECT_STORAGE", "media").env("AWS_LOCATION", "elsewhere");
    sandbox.run(&["settings", "show", "-q"]).expect(
        0,
        "bucket_name = \"my-app-bucket\"  # `s3collect.toml:1`\n\
         default_acl = \"private\"        # `[storages.media]` in `s3collect.toml:14`\n\
         location    = \"media\"          # `[storages.media]` in `s3collect.toml:12`\n\
         region_name = \"eu-west-1\"      # `s3collect.toml:2`\n\
         storage     = \"media\"          # `S3COLLECT_STORAGE` in the environment\n\
         backend     = \"storages.backends.s3boto3.S3Boto3Storage\"  # `[storages.media]` in `s3collect.toml:11`\n\
         sources     = [\"uploads\"]      # `[storages.media]` in `s3collect.toml:13`\n",
        "warning: `AWS_LOCATION` in the environment is not used\n  \
         note: `location` in `[storages.media]` (`s3collect.toml:12`) comes before it\n",
    );
}

#[test]
fn one_policy_for_each() {
    let resources = |storage: &str| {
        let policy = app().run(&["iam-policy", "--storage", storage]).json();
        let statements = policy["Statement"].as_array().expect("a list").clone();
        statements.into_iter().map(|one| (one["Action"].clone(), one["Resource"][0].clone())).next_back()
    };
    let plain = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
    let with_acl = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"];
    assert_eq!(
        resources("staticfiles"),
        Some((plain.to_vec().into(), "arn:aws:s3:::my-app-bucket/static/*".into()))
    );
    assert_eq!(
        resources("media"),
        Some((with_acl.to_vec().into(), "arn:aws:s3:::my-app-bucket/media/*".into()))
    );
}

#[test]
fn storages_that_share_keys_are_told_on_every_run() {
    let sandbox = app().file(
        "other.toml",
        "bucket_name = \"acme\"\n[storages.staticfiles]\n[storages.media]\nlocation = \"media\"\n",
    );
    sandbox.run(&["push", "assets", "--local", "bucket", "--config", "other.toml"]).expect(
        0,
        "",
        "warning: the storage `media` is inside the storage `staticfiles`: `s3://acme/media/` in `s3://acme/`\n  \
         hint: give each a `location` of its own, e.g. `static` and `media`\n\
         2 assets: 2 put (12 bytes), 0 unchanged  s3://acme/  [TIME]\n",
    );
    sandbox.run(&["push", "--storage", "medai"]).expect(
        2,
        "",
        "error: flag `--storage` names the storage `medai`, which `s3collect.toml` does not have\n  \
         hint: the nearest name is `media`\n",
    );
}
