//! What comes of answers, without a Python.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Output};

use serde_json::{Value, json};

use super::{Ask, DjangoError, Written, answer, import};
use crate::error::Problem;
use crate::settings::Imported;

fn ask() -> Ask<'static> {
    Ask {
        module: "mysite.settings",
        python: None,
        virtual_env: None,
        directory: Path::new("/srv/app"),
        secrets: true,
    }
}

fn output(stdout: &str, stderr: &str, status: i32) -> Output {
    Output { status: ExitStatus::from_raw(status << 8), stdout: stdout.into(), stderr: stderr.into() }
}

/// What comes of a document, on top of one that says nothing.
fn imported(over: &Value) -> Imported {
    let mut document = json!({
        "static_url": "/static/", "sources": [], "ignore_patterns": ["CVS", ".*", "*~"], "storages": {}, "names": [],
        "project": { "settings": {}, "secrets": [], "findings": [] }, "findings": [],
    });
    document.as_object_mut().expect("an object").extend(over.as_object().expect("an object").clone());
    let answer = answer::parse(&ask(), "python3", &output(&document.to_string(), "", 0)).expect("an answer");
    import::imported(&ask(), answer).expect("settings")
}

fn storage(backend: &str, settings: Value) -> Value {
    json!({ "class": "mysite.S", "backend": backend, "settings": settings, "secrets": [], "findings": [] })
}

fn text(imported: &Imported, out: Option<&str>) -> String {
    Written::new(imported, Path::new("/srv/app"), out.map(Path::new)).text
}

fn told(problems: &[Problem]) -> Vec<String> {
    let line = |problem: &Problem| {
        let more = problem.causes.iter().chain(&problem.note).chain(&problem.hint);
        more.fold(problem.message.clone(), |line, more| line + " / " + more)
    };
    problems.iter().map(line).collect()
}

#[test]
fn a_storage_keeps_what_is_not_the_default() {
    let imported = imported(&json!({
        "sources": [
            { "prefix": "", "dir": "/srv/app/assets" },
            { "prefix": "vendor", "dir": "/srv/app/node_modules/dist" },
            { "prefix": "", "dir": "/usr/lib/django/admin/static" },
            { "prefix": "", "dir": "/srv/app" },
            { "prefix": "", "dir": "/srv/application" },
        ],
        "static_url": "/assets/",
        "storages": { "staticfiles": storage("S3ManifestStaticStorage", json!({
            "bucket_name": "acme", "location": "static", "gzip": false, "querystring_auth": false, "verify": null,
            "default_acl": "", "url_protocol": "https:", "querystring_expire": 3600, "secure_urls": true,
            "gzip_content_types": ["text/css"], "unheard_of": 1, "manifest_location": "/srv/app/build/staticfiles.json",
            "object_parameters": { "CacheControl": "max-age=1" },
        })) },
    }));
    assert_eq!(
        text(&imported, None),
        "# From Django's `mysite.settings`, by `s3collect settings import`.\n\n[storages.staticfiles]\n\
         bucket_name = \"acme\"\nobject_parameters = { CacheControl = \"max-age=1\" }\nlocation = \"static\"\n\
         gzip_content_types = [\"text/css\"]\nbackend = \"S3ManifestStaticStorage\"\nsources = [\n    \"assets\",\n    \
         [\"vendor\", \"node_modules/dist\"],\n    \"/usr/lib/django/admin/static\",\n    \".\",\n    \
         \"/srv/application\",\n]\nstatic_url = \"/assets/\"\n\
         manifest_location = \"build/staticfiles.json\"\n"
    );
    assert_eq!(told(&imported.warnings), [""; 0]);
}

#[test]
fn secrets_are_left_out_of_the_file_wherever_they_stand() {
    let mut with_keys = storage(
        "S3StaticStorage",
        json!({
            "secret_key": "hunter2", "proxies": { "https": "http://me:hunter2@proxy:3128" },
            "object_parameters": { "SSECustomerKey": "hunter2" }, "bucket_name": "acme",
        }),
    );
    with_keys["secrets"] = json!(["access_key", "secret_key"]);
    let imported = imported(&json!({ "storages": { "staticfiles": with_keys } }));
    let secret =
        |name: &str, variable: &str| format!("# `{name}` is a secret: set `{variable}` in the environment\n");
    let file = text(&imported, None);
    assert_eq!(
        file.split_once("[storages.staticfiles]\n").expect("a storage").1,
        secret("access_key", "AWS_S3_ACCESS_KEY_ID")
            + &secret("secret_key", "AWS_S3_SECRET_ACCESS_KEY")
            + "bucket_name = \"acme\"\n"
            + &secret("object_parameters", "AWS_S3_OBJECT_PARAMETERS")
            + &secret("proxies", "AWS_S3_PROXIES")
            + "backend = \"S3StaticStorage\"\n"
    );
    assert!(!format!("{imported:?}").contains("hunter2"));
}

#[test]
fn signed_urls_are_told_where_the_class_has_them_otherwise() {
    let signs = |backend: &str, is: bool| {
        let imported =
            imported(&json!({ "storages": { "m": storage(backend, json!({ "querystring_auth": is })) } }));
        imported.storages["m"].values.get("querystring_auth").cloned()
    };
    assert_eq!(signs("S3Storage", true), None);
    assert_eq!(signs("S3Storage", false), Some(json!(false)));
    assert_eq!(signs("S3StaticStorage", false), None);
    assert_eq!(signs("S3ManifestStaticStorage", true), Some(json!(true)));
}

#[test]
fn patterns_of_the_app_are_told_where_they_are_others() {
    let patterns = |patterns: Value| {
        let values = imported(&json!({ "ignore_patterns": patterns })).storages["staticfiles"].values.clone();
        (values.get("default_ignore").cloned(), values.get("ignore_patterns").cloned())
    };
    assert_eq!(patterns(json!(["*~", ".*", "CVS"])), (None, None));
    assert_eq!(patterns(json!(["CVS", ".*", "*~", "*.scss"])), (None, Some(json!(["*.scss"]))));
    assert_eq!(patterns(json!(["CVS"])), (Some(json!(false)), Some(json!(["CVS"]))));
    assert_eq!(patterns(json!([])), (Some(json!(false)), None));
}

#[test]
fn what_is_lost_is_told() {
    let mut own = storage("S3StaticStorage", json!({}));
    own["findings"] = json!([
        { "what": "`mysite.S.get_object_parameters`", "name": "get_object_parameters" },
        { "what": "`mysite.S.url`", "name": "url" },
    ]);
    let imported = imported(&json!({
        "storages": { "staticfiles": own },
        "names": ["AWS_HEADERS", "AWS_LOCATION", "S3_USE_SIGV4"],
        "findings": [{ "what": "the storage `default`", "cause": "ImportError: No module named 'x'" }],
    }));
    assert_eq!(
        told(&imported.warnings),
        [
            "`mysite.settings` has names of earlier versions of django-storages: `AWS_HEADERS`, `S3_USE_SIGV4` / \
             `s3collect settings migrate FILE` rewrites what belongs to the boto backend",
            "the storage `default` cannot be taken over / ImportError: No module named 'x'",
        ]
    );
    assert_eq!(
        told(&imported.storages["staticfiles"].warnings),
        [
            "`mysite.S.get_object_parameters` cannot be taken over / write what it gives as `[[rules]]`, by the names of \
             objects",
            "`mysite.S.url` cannot be taken over",
        ]
    );
}

#[test]
fn static_files_that_are_not_on_s3_get_the_class_that_would_be() {
    let local = json!({ "class": "django.X", "backend": null, "manifest": true, "settings": { "manifest_strict": false },
        "secrets": [], "findings": [] });
    let imported = imported(&json!({
        "storages": { "staticfiles": local.clone(), "default": local },
        "project": { "settings": { "AWS_STORAGE_BUCKET_NAME": "acme", "AWS_IS_GZIPPED": true, "AWS_QUERYSTRING_AUTH": true },
            "secrets": [], "findings": [] },
    }));
    assert_eq!(imported.storages.keys().collect::<Vec<_>>(), ["staticfiles"]);
    let storage = &imported.storages["staticfiles"];
    assert_eq!(
        storage.values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        ["backend=\"S3ManifestStaticStorage\"", "bucket_name=\"acme\"", "gzip=true", "manifest_strict=false"]
    );
    assert_eq!(
        told(&storage.warnings),
        [
            "the static files of `mysite.settings` are not on S3, but in `django.X` / `S3ManifestStaticStorage` stands in for \
          it, with `AWS_…` as they are set"
        ]
    );
}

#[test]
fn paths_start_where_the_file_is() {
    let project = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(project.path().join("deploy/s3")).expect("directories");
    let mut imported = imported(&json!({}));
    let sources = json!(["assets", ["p", "b/c"], "/usr/x"]);
    imported.storages.get_mut("staticfiles").expect("a storage").values.insert("sources", sources);
    let paths = |out: Option<&str>| {
        let text = Written::new(&imported, project.path(), out.map(Path::new)).text;
        text.lines()
            .filter(|line| line.starts_with("    "))
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(None), [r#""assets","#, r#"["p", "b/c"],"#, r#""/usr/x","#]);
    assert_eq!(paths(Some("s3collect.toml")), paths(None));
    assert_eq!(
        paths(Some("deploy/s3/x.toml")),
        [r#""../../assets","#, r#"["p", "../../b/c"],"#, r#""/usr/x","#]
    );
    let whole = project.path().canonicalize().expect("a path").join("assets").display().to_string();
    assert_eq!(paths(Some("/x.toml"))[0], format!("\"{whole}\","));
}

#[test]
fn failures_have_the_last_line_of_the_traceback() {
    let failed = |stdout: &str, stderr: &str, status: i32| {
        let error =
            answer::parse(&ask(), "python3", &output(stdout, stderr, status)).err().expect("a failure");
        told(&[Problem::of(&error)]).remove(0)
    };
    let of_kind = |kind: &str, cause: &str, place: Value| {
        failed(&json!({ "error": { "kind": kind, "cause": cause, "where": place } }).to_string(), "", 0)
    };
    assert_eq!(
        of_kind("settings", "KeyError: 'SECRET_KEY'", json!("mysite/settings.py:3")),
        "Django's settings `mysite.settings` cannot be loaded / KeyError: 'SECRET_KEY' / it was raised in \
         `mysite/settings.py:3`"
    );
    assert_eq!(
        of_kind("settings", "ModuleNotFoundError: No module named 'mysite'", Value::Null),
        "Django's settings `mysite.settings` cannot be loaded / ModuleNotFoundError: No module named 'mysite' / run it in \
         the directory of `manage.py`"
    );
    assert_eq!(
        of_kind("django", "ModuleNotFoundError: No module named 'django'", Value::Null),
        "the Python `python3` has no Django / ModuleNotFoundError: No module named 'django' / name the Python of the \
         project's environment, e.g. `--python .venv/bin/python`"
    );
    assert_eq!(
        of_kind("storage", "ImproperlyConfigured: x", Value::Null),
        "the storage `staticfiles` of `mysite.settings` cannot be made / ImproperlyConfigured: x"
    );
    assert_eq!(
        of_kind("finders", "ImportError: x", Value::Null),
        "the finders of static files of `mysite.settings` cannot be made / ImportError: x"
    );
    assert_eq!(
        failed("", "a\nSyntaxError: invalid syntax\n\n", 1),
        "`python3` gave no answer / SyntaxError: invalid syntax / it ended with exit status: 1 / give a Python 3 as `--python`"
    );
    assert_eq!(
        failed("hello", "", 3),
        "`python3` gave no answer / nothing was written to stderr / it ended with exit status: 3"
    );
}

#[test]
fn a_python_that_is_not_there_is_told() {
    let ask = Ask { python: Some(Path::new("no/python")), directory: Path::new("/nowhere"), ..ask() };
    let error = super::read(&ask).expect_err("no Python");
    assert!(
        matches!(&error, DjangoError::PythonUnusable { python, .. } if python == "/nowhere/no/python"),
        "{error}"
    );
}
