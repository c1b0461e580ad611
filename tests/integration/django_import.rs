//! `--django` and `settings import`, with a shell script in Python's place that answers what a real project's Python
//! answered (`scripts/django/project.py --record`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Run, Sandbox};

/// A script that is called as Python is.
fn python(sandbox: &Sandbox, body: &str) {
    sandbox.write("bin/python", format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(sandbox.path("bin/python"), fs::Permissions::from_mode(0o755)).expect("a script");
}

/// The project of `scripts/django/project.py`, with what its Python tells of one settings module.
fn project(case: &str) -> Sandbox {
    let path = format!("{}/fixtures/django/import/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let recorded = fs::read_to_string(path).expect("a recorded answer");
    let sandbox = Sandbox::new()
        .file("assets/css/site.css", "body{}\n")
        .file("assets/css/site.scss", "a{}")
        .file("node_modules/dist/widget.js", "let w;\n")
        .file("packages/django/contrib/admin/static/admin/base.css", "a{}\n")
        .file("blog/static/blog/post.svg", "<svg/>")
        .file("shop/static/shop/cart.js", "let c;\n");
    let real = sandbox.path("").canonicalize().expect("a path").display().to_string();
    let real = real.trim_end_matches('/');
    let answer = recorded.replace("[DIR]", real).replace("[PACKAGES]", &format!("{real}/packages"));
    sandbox.write("answer.json", answer);
    python(&sandbox, "printf '%s ' \"$3\" \"$4\" > asked\ncat answer.json");
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.run(&[arguments, &["--django", "mysite.settings", "--python", "bin/python"]].concat())
}

const LOST: &str = "warning: `mysite.storages.Static.url` cannot be taken over\n";

#[test]
fn a_project_becomes_a_settings_file() {
    let sandbox = project("plain");
    run(&sandbox, &["settings", "import"]).expect(
        0,
        "# From Django's `mysite.settings`, by `s3collect settings import`.\n\n[storages.default]\n\
         # `access_key` is a secret: set `AWS_S3_ACCESS_KEY_ID` in the environment\n\
         # `secret_key` is a secret: set `AWS_S3_SECRET_ACCESS_KEY` in the environment\n\
         bucket_name = \"acme\"\n\
         object_parameters = { CacheControl = \"max-age=86400\", Metadata = { team = \"web\" } }\n\
         default_acl = \"public-read\"\nlocation = \"media\"\naddressing_style = \"path\"\n\
         region_name = \"us-east-1\"\nendpoint_url = \"https://s3.example.com\"\nbackend = \"S3Storage\"\n\n\
         [storages.staticfiles]\n\
         # `access_key` is a secret: set `AWS_S3_ACCESS_KEY_ID` in the environment\n\
         # `secret_key` is a secret: set `AWS_S3_SECRET_ACCESS_KEY` in the environment\n\
         bucket_name = \"acme\"\nobject_parameters = { CacheControl = \"max-age=60\" }\n\
         default_acl = \"public-read\"\nlocation = \"static\"\naddressing_style = \"path\"\n\
         region_name = \"us-east-1\"\nendpoint_url = \"https://s3.example.com\"\ngzip = true\n\
         backend = \"S3StaticStorage\"\nsources = [\n    \"assets\",\n    [\"vendor\", \"node_modules/dist\"],\n    \
         \"packages/django/contrib/admin/static\",\n    \"blog/static\",\n    \"shop/static\",\n]\n\
         ignore_patterns = [\"*.scss\"]\n",
        "",
    );
    assert_eq!(fs::read_to_string(sandbox.path("asked")).expect("asked"), "mysite.settings no-secrets ");
}

#[test]
fn the_written_file_says_what_the_project_says() {
    let sandbox = project("hashed");
    let out = ["settings", "import", "--out", "deploy/s3collect.toml"];
    fs::create_dir(sandbox.path("deploy")).expect("a directory");
    run(&sandbox, &out).expect(0, "", &format!("{LOST}2 storages written to `deploy/s3collect.toml`\n"));
    let dry = ["push", "-n", "--local", "bucket", "--json", "-q"];
    let keys = |run: Run| {
        let steps = run.json()["steps"].as_array().expect("steps").clone();
        steps.into_iter().map(|step| step["key"].as_str().expect("a key").to_owned()).collect::<Vec<_>>()
    };
    let from_file = keys(sandbox.run(&[&dry[..], &["--config", "deploy/s3collect.toml"]].concat()));
    let from_project = keys(run(&sandbox, &dry));
    assert_eq!(from_file, from_project);
    assert_eq!(from_file.len(), 11, "{from_file:?}");
    run(&sandbox, &out).expect(
        2,
        "",
        &format!(
            "{LOST}error: `[DIR]/deploy/s3collect.toml` cannot be written\n  caused by: File exists (os error 17)\n  \
             hint: remove it first, or leave `--out` out to have the settings on stdout\n"
        ),
    );
}

#[test]
fn a_project_takes_the_place_of_the_file_for_one_run() {
    let sandbox = project("plain").file("s3collect.toml", "location = \"of-the-file\"\nnonsense = 1\n");
    run(&sandbox, &["push", "--local", "bucket"]).expect(
        0,
        "",
        "5 assets: 5 put (131 bytes), 0 unchanged  s3://acme/static/  [TIME]\n",
    );
    assert_eq!(fs::read_to_string(sandbox.path("asked")).expect("asked"), "mysite.settings secrets ");
    run(&sandbox, &["push", "--local", "bucket", "--location", "by-flag", "assets", "-n"]).expect(
        0,
        "put   by-flag/css/site.css  new\n",
        "1 asset: 1 to put (27 bytes), 0 unchanged  s3://acme/by-flag/  [TIME]\n",
    );
    let manifest = run(&sandbox, &["manifest", "--json"]).json();
    assert_eq!(manifest["manifest"]["entries"], 5);
    let explained = run(&sandbox, &["explain", "vendor/widget.js", "--json"]).json();
    assert_eq!(explained[0]["path"], "node_modules/dist/widget.js");
    let sandbox = sandbox.env("AWS_LOCATION", "of-the-environment");
    run(&sandbox, &["settings", "check", "--storage", "defualt"]).expect(
        2,
        "",
        "error: flag `--storage` names the storage `defualt`, which `mysite.settings` does not have\n  \
         hint: the nearest name is `default`\n",
    );
    run(&sandbox, &["settings", "check", "--storage", "default"]).expect(
        0,
        "",
        "warning: `AWS_LOCATION` in the environment is not used\n  \
         note: `location` in the storage `default` of `mysite.settings` comes before it\n\
         settings are fine: 9 set, no settings file\n",
    );
}

#[test]
fn credentials_of_the_project_are_used_and_never_shown() {
    let sandbox = project("plain");
    let answer = fs::read_to_string(sandbox.path("answer.json")).expect("an answer");
    let keys = "\"settings\": { \"access_key\": \"AKIAHUNTER\", \"secret_key\": \"hunter2\",";
    sandbox.write("answer.json", answer.replacen("\"settings\": {", keys, 3));
    let shown = run(&sandbox, &["settings", "show", "--json"]);
    let rows = shown.json();
    let row = |name: &str| {
        rows.as_array().expect("rows").iter().find(|row| row["name"] == name).expect("a row").clone()
    };
    assert_eq!(row("secret_key")["value"], "********");
    assert_eq!(row("secret_key")["origin"], "the storage `staticfiles` of `mysite.settings`");
    for verb in
        [&["settings", "import"][..], &["settings", "show"], &["push", "-n", "--local", "bucket", "-vv"]]
    {
        let told = run(&sandbox, verb);
        assert_eq!(told.status, 0, "{told:?}");
        assert!(!format!("{told:?}{}", shown.stdout).to_lowercase().contains("hunter"), "{told:?}");
    }
}

#[test]
fn projects_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    let import = |python: &str| {
        sandbox.run(&["push", "--bucket", "b", "--django", "mysite.settings", "--python", python])
    };
    let hint = "  hint: name the Python of the project's environment, e.g. `--python .venv/bin/python`\n";
    import("bin/none").expect(
        2,
        "",
        &format!(
            "error: the Python `[DIR]/bin/none` cannot be started\n  caused by: No such file or directory (os error 2)\n{hint}"
        ),
    );
    let nowhere = Sandbox::new().env("PATH", "/nowhere");
    nowhere.run(&["push", "--bucket", "b", "--django", "mysite.settings"]).expect(
        2,
        "",
        &format!("error: no Python was found: tried `[DIR]/.venv/bin/python`, `python3`, `python`\n{hint}"),
    );
    python(&sandbox, "echo 'Traceback:' >&2; echo 'SyntaxError: invalid syntax' >&2; exit 1");
    import("bin/python").expect(
        2,
        "",
        "error: `[DIR]/bin/python` gave no answer\n  caused by: SyntaxError: invalid syntax\n  \
         note: it ended with exit status: 1\n  hint: give a Python 3 as `--python`\n",
    );
    let raised =
        r#"{"error": {"kind": "settings", "cause": "KeyError: 'BUCKET'", "where": "mysite/settings.py:7"}}"#;
    python(&sandbox, &format!("cat <<'END'\n{raised}\nEND"));
    import("bin/python").expect(
        2,
        "",
        "error: Django's settings `mysite.settings` cannot be loaded\n  caused by: KeyError: 'BUCKET'\n  \
         note: it was raised in `mysite/settings.py:7`\n",
    );
    sandbox.run(&["settings", "check", "--config", "a.toml", "--django", "mysite.settings"]).expect(
        2,
        "",
        "error: `--django` and `--config` both say where the settings are\n  hint: leave one of them out\n",
    );
    sandbox.run(&["push", "--python", "bin/python"]).expect(
        2,
        "",
        "error: the following required arguments were not provided:\n  --django <MODULE>\n\n\
         Usage: s3collect push --django <MODULE> --python <PATH> [DIR]...\n\nFor more information, try '--help'.\n",
    );
}
