//! Whole runs over every place at once, with exact texts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::{Exit, Problem};
use crate::parameters::Parameter;

const PUSH: Needs = Needs { bucket: true, sources: true };
const SHOW: Needs = Needs { bucket: false, sources: false };

/// A run in a directory of its own.
#[derive(Default)]
struct Run {
    flags: Vec<(&'static str, &'static str, Value)>,
    sets: Vec<String>,
    environment: BTreeMap<String, String>,
    file: Option<String>,
    pyproject: Option<&'static str>,
    static_dir: bool,
}

impl Run {
    fn file(text: &str) -> Self {
        Self { file: Some(text.to_owned()), ..Self::default() }
    }

    fn environment(variables: &[(&str, &str)]) -> Self {
        Self::default().with_environment(variables)
    }

    fn with_environment(mut self, variables: &[(&str, &str)]) -> Self {
        self.environment
            .extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    fn flag(mut self, name: &'static str, flag: &'static str, value: Value) -> Self {
        self.flags.push((name, flag, value));
        self
    }

    fn set(mut self, text: &str) -> Self {
        self.sets.push(text.to_owned());
        self
    }

    fn combine(self) -> Combined {
        let folder = tempfile::tempdir().expect("a directory");
        for (name, text) in [("s3collect.toml", self.file.as_deref()), ("pyproject.toml", self.pyproject)] {
            if let Some(text) = text {
                write(&folder.path().join(name), text);
            }
        }
        let mut flags = Layer::new(Source::Flag);
        for (name, flag, value) in self.flags {
            let setting = register::find(name).expect("a row");
            let origin = Origin::Flag(flag.to_owned());
            match value {
                Value::String(text) => flags.give_text(setting, &text, origin),
                value => flags.give_value(setting, value, origin, BTreeMap::new()),
            }
        }
        combine(Given {
            flags,
            sets: &self.sets,
            home: Some(folder.path()),
            static_dir_exists: self.static_dir,
            ..Given::new(&self.environment, folder.path())
        })
    }

    fn load(self, needs: Needs) -> Loaded {
        self.combine().resolve(needs).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    fn errors(self, needs: Needs) -> Vec<String> {
        let errors = self.combine().resolve(needs).err().unwrap_or_default();
        assert!(errors.iter().all(|error| Problem::of(error).exit == Exit::Usage));
        errors.iter().map(|error| text(&Problem::of(error))).collect()
    }

    fn warnings(self) -> Vec<String> {
        self.load(SHOW).warnings.iter().map(text).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test makes the file that it reads")]
fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
}

/// A problem on one line.
fn text(problem: &Problem) -> String {
    let part = |name, part: &Option<String>| {
        part.as_ref().map(|part| format!(" / {name}: {part}")).unwrap_or_default()
    };
    format!("{}{}{}", problem.message, part("note", &problem.note), part("hint", &problem.hint))
}

#[test]
fn an_unknown_name_is_told_with_its_line_and_the_nearest() {
    let file = "bucket_name = \"b\"\n\nloction = \"static\"\n[storages.media]\nbukket_name = \"m\"\n";
    assert_eq!(
        Run::file(file).errors(SHOW),
        [
            "`loction` in `s3collect.toml:3` is no setting / hint: the nearest name is `location`",
            "`bukket_name` in `[storages.media]` (`s3collect.toml:5`) is no setting / hint: the nearest name is `bucket_name`",
        ]
    );
}

#[test]
fn djangos_spelling_in_a_file_is_told_the_name_here() {
    assert_eq!(
        Run::file("AWS_LOCATION = \"static\"\n").errors(SHOW),
        ["`AWS_LOCATION` in `s3collect.toml:1` is no setting / hint: its name here is `location`"]
    );
    assert_eq!(
        Run::default().set("elephant=grey").errors(SHOW),
        ["`elephant` in `--set` is no setting / hint: `s3collect settings show --all` lists them all"]
    );
}

#[test]
fn a_wrong_type_is_told_in_every_place() {
    let run = Run::file("gzip = \"maybe\"\nsources = \"static\"\n[storages.staticfiles]\ngzip_level = 11\n")
        .with_environment(&[("AWS_S3_USE_SSL", "perhaps"), ("AWS_S3_OBJECT_PARAMETERS", "{CacheControl}")])
        .flag("concurrency", "--concurrency", json!("many"))
        .set("checksum=md5");
    assert_eq!(
        run.errors(SHOW),
        [
            "flag `--concurrency` must be a whole number from 1 to 1024, found `many`",
            "flag `--set checksum` must be `crc32`, `crc64nvme`, `sha256` or `when_required`, found `md5` / hint: leave it out to have the default, `when_required`",
            "`gzip_level` in `[storages.staticfiles]` (`s3collect.toml:4`) must be a whole number from 0 to 9, found `11` / hint: leave it out to have the default, `9`",
            "`AWS_S3_OBJECT_PARAMETERS` in the environment must be a dictionary in JSON, found something else",
            "`AWS_S3_USE_SSL` in the environment must be `true` or `false`, found `perhaps` / hint: leave it out to have the default, `true`",
            "`gzip` in `s3collect.toml:1` must be `true` or `false`, found the text `maybe` / hint: leave it out to have the default, `false`",
            "`sources` in `s3collect.toml:2` must be a list of directories, each a text, `[prefix, dir]` or `{prefix, dir}`, found text",
        ]
    );
}

#[test]
fn a_location_is_a_plain_prefix() {
    assert_eq!(
        Run::environment(&[("AWS_LOCATION", "static/../x")]).errors(SHOW),
        [
            "`location` must be a plain prefix: `static/../x` holds `..` / note: it comes from `AWS_LOCATION` in the environment / hint: write `static/x` if that is meant"
        ]
    );
    assert_eq!(
        Run::file("location = \"/static\"").errors(SHOW),
        [
            "`location` cannot begin with a leading slash: found `/static`, use `static` instead / note: it comes from `s3collect.toml:1` / hint: set `location = \"static\"`"
        ]
    );
}

#[test]
fn a_bucket_is_needed_by_verbs_that_push() {
    let missing = "no bucket is named / hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`";
    assert_eq!(Run::file("sources = [\"static\"]").errors(PUSH), [missing]);
    assert_eq!(Run::default().errors(SHOW), [""; 0]);
    let local = Run::default().flag("local", "--local", json!("./bucket")).load(SHOW);
    assert_eq!(local.settings.connection.bucket, "local");
    // A bucket of the wrong type is told once, not twice.
    assert_eq!(
        Run::file("bucket_name = 5").errors(Needs { bucket: true, sources: false }),
        ["`bucket_name` in `s3collect.toml:1` must be text, found `5`"]
    );
}

#[test]
fn a_bucket_has_botos_form() {
    let bad = "no bucket";
    assert_eq!(
        Run::default().set(&format!("bucket_name={bad}")).errors(SHOW),
        [
            "`no bucket` is no name of a bucket / note: it comes from flag `--set bucket_name` / hint: a name has 1 to 255 letters, digits, `.`, `-` and `_`; the ARN of an access point is taken too"
        ]
    );
    let outpost = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/mine";
    for good in ["b", "My_Bucket.1", "arn:aws-cn:s3:us-west-2:123456789012:accesspoint/mine", outpost] {
        let loaded = Run::default().set(&format!("bucket_name={good}")).load(SHOW);
        assert_eq!(loaded.settings.connection.bucket, good);
    }
}

#[test]
fn a_source_is_needed_by_verbs_that_collect() {
    let bucket = || Run::file("bucket_name = \"b\"");
    assert_eq!(
        bucket().errors(PUSH),
        [
            "no static dir is named, there is nothing to collect / hint: give a directory as an argument, or set `sources` in the file"
        ]
    );
    assert_eq!(
        Run { static_dir: true, ..bucket() }.errors(PUSH),
        [
            "no static dir is named, there is nothing to collect / hint: `./static` exists; if that is meant, give it as an argument"
        ]
    );
}

#[test]
fn secrets_are_refused_on_the_command_line() {
    let run = Run::default()
        .set("secret_key=hunter2")
        .set(r#"object_parameters={"SSECustomerKey": "hunter2"}"#)
        .set("hunter2")
        .flag("object_parameters", "--object-parameters", json!(r#"{"SSECustomerKey": "hunter2"}"#));
    assert_eq!(
        run.errors(SHOW),
        [
            "flag `--object-parameters` is refused: a secret on the command line can be read by every process / hint: give `SSECustomerKey` in `AWS_S3_OBJECT_PARAMETERS` in the environment, or in the file",
            "flag `--set secret_key` is refused: a secret on the command line can be read by every process / hint: set `AWS_S3_SECRET_ACCESS_KEY` in the environment, or write it into the file",
            "flag `--set object_parameters` is refused: a secret on the command line can be read by every process / hint: give `SSECustomerKey` in `AWS_S3_OBJECT_PARAMETERS` in the environment, or in the file",
            "`--set` takes `NAME=VALUE` / hint: write e.g. `--set gzip_level=6`",
        ]
    );
}

#[test]
fn an_sse_c_key_may_stand_in_the_environment_and_in_the_file() {
    let environment = [(
        "AWS_S3_OBJECT_PARAMETERS",
        r#"{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789abcdef"}"#,
    )];
    let file = "[object_parameters]\nSSECustomerAlgorithm = \"AES256\"\nSSECustomerKey = \"0123456789abcdef0123456789abcdef\"\n";
    for run in [Run::environment(&environment), Run::file(file)] {
        assert!(run.load(SHOW).settings.objects.parameters.get(Parameter::SseCustomerKey).is_some());
    }
}

#[test]
fn secrets_show_nowhere() {
    let file = "secret_key = \"hunter2\"\nsecurity_token = 7\nendpoint_url = \"https://me:hunter2@s3.example.com\"\n\
        [object_parameters]\nSSECustomerKey = \"hunter2\"\n[proxies]\nhttps = \"http://me:hunter2@proxy\"\n";
    let run = || {
        Run::file(file)
            .with_environment(&[("AWS_ACCESS_KEY_ID", "hunter2"), ("AWS_CLOUDFRONT_KEY", "hunter2")])
    };
    let combined = run().combine();
    let shown = format!("{:?} {combined:?}", show::rows(&combined));
    assert!(!shown.contains("hunter2"), "{shown}");
    let errors = combined.resolve(PUSH).expect_err("a token that is no text");
    let told = Problem::all(&errors);
    assert!(!format!("{errors:?} {told:?}").contains("hunter2"), "{errors:?}");
    let broken = Run::file("secret_key = \"hunter2\n").combine().resolve(SHOW).expect_err("no TOML");
    assert!(!format!("{broken:?}").contains("hunter2"), "{broken:?}");
    let credentials = Run::environment(&[
        ("AWS_ACCESS_KEY_ID", "hunter2"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_SESSION_TOKEN", "hunter2"),
    ])
    .load(SHOW)
    .settings
    .connection;
    let shown = format!("{credentials:?}");
    assert!(shown.contains("Static") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_counts_is_flag_then_set_then_storage_then_environment_then_file() {
    let file = "location = \"file\"\n[storages.staticfiles]\nlocation = \"storage\"\n[storages.empty]\n";
    let environment = [("AWS_LOCATION", "environment")];
    let origin_and_location = |run: Run| {
        let combined = run.combine();
        let origin = combined.origin("location").to_string();
        (combined.resolve(SHOW).expect("fine").settings.location.to_string(), origin)
    };
    let told = |location: &str, origin: &str| (location.to_owned(), origin.to_owned());
    let all = || Run::file(file).with_environment(&environment);
    assert_eq!(
        origin_and_location(all().set("location=set").flag("location", "--location", json!("flag"))),
        told("flag", "flag `--location`")
    );
    assert_eq!(origin_and_location(all().set("location=set")), told("set", "flag `--set location`"));
    assert_eq!(origin_and_location(all()), told("storage", "`[storages.staticfiles]` in `s3collect.toml:3`"));
    let other = || Run::file(file).set("storage=empty");
    assert_eq!(
        origin_and_location(other().with_environment(&environment)),
        told("environment", "`AWS_LOCATION` in the environment")
    );
    assert_eq!(origin_and_location(other()), told("file", "`s3collect.toml:1`"));
    assert_eq!(origin_and_location(Run::default()), told("", "default"));
    // A flag can say that there is none.
    assert_eq!(
        origin_and_location(all().flag("location", "--location", json!(""))),
        told("", "flag `--location`")
    );
}

#[test]
fn a_variable_that_a_storage_hides_is_named() {
    let file = "location = \"file\"\n[storages.staticfiles]\nlocation = \"storage\"\n";
    assert_eq!(
        Run::file(file).with_environment(&[("AWS_LOCATION", "environment")]).warnings(),
        [
            "`AWS_LOCATION` in the environment is not used / note: `location` in `[storages.staticfiles]` (`s3collect.toml:3`) comes before it"
        ]
    );
    assert_eq!(Run::file(file).with_environment(&[("AWS_LOCATION", "storage")]).warnings(), [""; 0]);
}

#[test]
fn a_legacy_name_is_refused_with_what_to_use() {
    assert_eq!(
        Run::file("secure_urls = false\nAWS_S3_HOST = \"s3.example.com\"\n")
            .with_environment(&[("AWS_HEADERS", "{}")])
            .errors(SHOW),
        [
            "`AWS_HEADERS` in the environment is no setting any more: it belongs to the boto backend, which django-storages removed in 1.9 / hint: use `object_parameters`, and write `cache-control` as `CacheControl`; `s3collect settings migrate FILE` rewrites it",
            "`secure_urls` in `s3collect.toml:1` is no setting any more: django-storages removed it in 1.13 / hint: URLs are https; set `url_protocol = \"http:\"` where they must not be; `s3collect settings migrate FILE` rewrites it",
            "`AWS_S3_HOST` in `s3collect.toml:2` is no setting any more: it belongs to the boto backend, which django-storages removed in 1.9 / hint: use `endpoint_url` with a scheme and the port, and take `region_name` from the host's name; `s3collect settings migrate FILE` rewrites it",
        ]
    );
}

#[test]
fn a_strange_variable_of_ours_is_a_warning() {
    assert_eq!(
        Run::environment(&[("S3COLLECT_RULE", "[]"), ("S3COLLECT_RULES", "[]")]).warnings(),
        ["`S3COLLECT_RULE` in the environment is no setting / hint: the nearest name is `S3COLLECT_RULES`"]
    );
}

#[test]
fn the_file_must_be_toml() {
    assert_eq!(
        Run::file("location = \"a\"\ngzip true\n").errors(SHOW),
        ["`s3collect.toml:2` is no TOML: key with no value, expected `=`"]
    );
    // What the file might have said is not missed besides.
    let run = Run::file("location =").set("storage=media").with_environment(&[("AWS_ACCESS_KEY_ID", "a")]);
    assert_eq!(run.errors(PUSH).len(), 1);
}

#[test]
fn pyproject_has_the_same_settings() {
    let pyproject = "[project]\nname = \"site\"\n[tool.s3collect]\nlocation = \"p\"\n[tool.s3collect.storages.media]\nlocation = \"m\"\n";
    let run = || Run { pyproject: Some(pyproject), ..Run::default() };
    assert_eq!(run().load(SHOW).settings.location.as_str(), "p");
    let media = run().flag("storage", "--storage", json!("media")).combine();
    assert_eq!(media.origin("location").to_string(), "`[storages.media]` in `pyproject.toml:6`");
}

#[test]
fn storages_may_be_written_as_django_has_them() {
    let file = "[storages.media]\nbackend = \"storages.backends.s3boto3.S3Boto3Storage\"\n\
        [storages.media.options]\nbucket_name = \"m\"\n[storages.other.OPTIONS]\nbucket_name = \"o\"\nstorage = \"x\"\n";
    let settings =
        Run::file("storage = \"media\"\n[storages.media]\nbucket_name = \"m\"\n").load(PUSH_BUCKET).settings;
    assert_eq!((settings.storage.as_str(), settings.connection.bucket.as_str()), ("media", "m"));
    assert_eq!(
        Run::file(file).set("storage=media").errors(SHOW),
        [
            "`storage` in `[storages.other]` (`s3collect.toml:7`) picks a storage, and cannot stand inside one / hint: move it to the top of the file"
        ]
    );
    assert_eq!(Backend::named("storages.backends.s3boto3.S3Boto3Storage"), Some(Backend::S3Storage));
}

const PUSH_BUCKET: Needs = Needs { bucket: true, sources: false };

#[test]
fn storages_that_share_keys_are_told() {
    const HINT: &str = " / hint: give each a `location` of its own, e.g. `static` and `media`";
    let warnings = |storages: &str| Run::file(&format!("bucket_name = \"acme\"\n{storages}")).warnings();
    let storage = |name: &str, rest: &str| format!("[storages.{name}]\n{rest}\n");
    let pair = |one: &str, two: &str| warnings(&(storage("staticfiles", one) + &storage("media", two)));
    for (one, two) in [
        ("location = 'static'", "location = 'media'"),
        ("location = 'static'", "location = 'static-media'"),
        ("location = 'static'", "location = 'static'\nbucket_name = 'other'"),
        ("location = 'static'", "location = 'static'\nendpoint_url = 'https://s3.example.com'"),
    ] {
        assert_eq!(pair(one, two), [""; 0], "{one} {two}");
    }
    let inside = "the storage `media` is inside the storage `staticfiles`:";
    assert_eq!(
        pair("location = 'static/'", "location = 'static/media'"),
        [format!("{inside} `s3://acme/static/media/` in `s3://acme/static/`{HINT}")]
    );
    assert_eq!(
        pair("", "location = 'media'"),
        [format!("{inside} `s3://acme/media/` in `s3://acme/`{HINT}")]
    );
    let same =
        |place: &str| format!("the storages `media` and `staticfiles` share `s3://acme/{place}`{HINT}");
    assert_eq!(pair("location = 'static'", "location = 'static/'"), [same("static/")]);
    assert_eq!(pair("", ""), [same("")]);
    // The one that is used counts, though the file may not have it; another that is nowhere does not.
    let media = storage("media", "location = 'media'");
    assert_eq!(warnings(&media), [format!("{inside} `s3://acme/media/` in `s3://acme/`{HINT}")]);
    let of_media = |run: Run| run.flag("storage", "--storage", json!("media"));
    let file = format!("bucket_name = \"acme\"\n{media}");
    assert_eq!(of_media(Run::file(&file)).warnings(), [""; 0]);
    // A flag is about the storage that is used, a variable about all that say nothing themselves.
    let file = file + &storage("backup", "");
    let location = |run: Run| of_media(run).flag("location", "--location", json!("media/new"));
    assert_eq!(
        location(Run::file(&file)).with_environment(&[("AWS_LOCATION", "media")]).warnings(),
        ["the storage `media` is inside the storage `backup`: `s3://acme/media/new/` in `s3://acme/media/`"
            .to_owned()
            + HINT,]
    );
}

#[test]
fn a_storage_must_be_in_the_file() {
    assert_eq!(
        Run::file("[storages.media]\n[storages.backup]\n")
            .flag("storage", "--storage", json!("medai"))
            .errors(SHOW),
        [
            "flag `--storage` names the storage `medai`, which `s3collect.toml` does not have / hint: the nearest name is `media`"
        ]
    );
    assert_eq!(
        Run::file("[storages.media]\n[storages.backup]\n")
            .flag("storage", "--storage", json!("uploads"))
            .errors(SHOW),
        [
            "flag `--storage` names the storage `uploads`, which `s3collect.toml` does not have / hint: it has `backup`, `media`"
        ]
    );
    assert_eq!(
        Run::default().flag("storage", "--storage", json!("media")).errors(SHOW),
        [
            "flag `--storage` names the storage `media`, and there is no settings file / hint: leave `storage` out, or write a `[storages.NAME]`"
        ]
    );
    assert_eq!(Run::default().flag("storage", "--storage", json!("staticfiles")).errors(SHOW), [""; 0]);
}

#[test]
fn classes_are_those_of_django_storages() {
    assert_eq!(
        Run::file("backend = \"S3StaticStorge\"").errors(SHOW),
        [
            "`backend` in `s3collect.toml:1` names no class of django-storages' S3 backend: `S3StaticStorge` / hint: the nearest name is `S3StaticStorage`"
        ]
    );
    let auth = |run: Run| run.combine().origin("querystring_auth").to_string();
    let environment = [("AWS_QUERYSTRING_AUTH", "true")];
    assert_eq!(auth(Run::environment(&environment)), "the class `S3StaticStorage`");
    assert_eq!(
        auth(Run::environment(&environment).set("backend=S3Storage")),
        "`AWS_QUERYSTRING_AUTH` in the environment"
    );
}

#[test]
fn credentials_are_a_pair_or_the_chain() {
    assert_eq!(
        Run::environment(&[("AWS_ACCESS_KEY_ID", "a")]).errors(SHOW),
        [
            "`access_key` is set and `secret_key` is not / note: `access_key` comes from `AWS_ACCESS_KEY_ID` in the environment / hint: set `AWS_S3_SECRET_ACCESS_KEY` as well, or neither to ask the AWS credential chain"
        ]
    );
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
    assert_eq!(
        Run::environment(&keys).flag("session_profile", "--profile", json!("ci")).errors(SHOW),
        [
            "`session_profile` should not be provided with `access_key` and `secret_key` / note: `session_profile` comes from flag `--profile`, `access_key` from `AWS_ACCESS_KEY_ID` in the environment / hint: leave one of the two out"
        ]
    );
    let chain = Run::environment(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_S3_SESSION_PROFILE", "ci")]).load(SHOW);
    assert!(matches!(
        chain.settings.connection.credentials,
        CredentialSource::Chain { profile: Some(profile) } if profile == "ci"
    ));
}

#[test]
fn local_replaces_the_service_wherever_it_is_configured() {
    let file = "endpoint_url = \"s3.example.com\"\nregion_name = \"eu-west-1\"\nsession_profile = \"ci\"\naccess_key = \"a\"\n";
    let connection =
        Run::file(file).flag("local", "--local", json!("./b")).load(PUSH_BUCKET).settings.connection;
    assert_eq!(
        (connection.local, connection.endpoint_url, connection.region_name),
        (Some(PathBuf::from("./b")), None, None)
    );
    assert!(matches!(connection.credentials, CredentialSource::Chain { profile: None }));
}

#[test]
fn an_endpoint_has_a_scheme_and_one_from_a_found_file_is_noted() {
    assert_eq!(
        Run::file("endpoint_url = \"me:hunter2@s3.example.com\"").errors(SHOW),
        [
            "`endpoint_url` needs the scheme `http` or `https`: found `s3.example.com` / note: it comes from `s3collect.toml:1` / hint: write `https://s3.example.com` if that is meant"
        ]
    );
    assert_eq!(
        Run::default().set("endpoint_url=ftp://s3.example.com").errors(SHOW),
        [
            "`endpoint_url` needs the scheme `http` or `https`: found `ftp://s3.example.com` / note: it comes from flag `--set endpoint_url` / hint: write `https://s3.example.com` if that is meant"
        ]
    );
    assert_eq!(
        Run::file("endpoint_url = \"https://me:hunter2@s3.example.com\"").load(SHOW).notes,
        ["`endpoint_url` is `https://********@s3.example.com`, from `s3collect.toml:1`"]
    );
    let aws = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_S3", "http://b")];
    let endpoint = |run: Run| run.load(SHOW).settings.connection.endpoint_url;
    assert_eq!(endpoint(Run::environment(&aws)).as_deref(), Some("http://b"));
    assert_eq!(
        endpoint(Run::file("endpoint_url = \"http://c\"").with_environment(&aws)).as_deref(),
        Some("http://c")
    );
}

#[test]
fn object_parameters_are_told_by_their_line() {
    let file = "[object_parameters]\nCacheControl = \"no-store\"\nCacheContrl = \"x\"\nExpires = 2030-01-01T00:00:00Z\n";
    assert_eq!(
        Run::file(file).errors(SHOW),
        [
            "`object_parameters` in `s3collect.toml:3`: `CacheContrl` is no object parameter / hint: the nearest name is `CacheControl`"
        ]
    );
    let value = Run::file("object_parameters = { Expires = 2030-01-01T00:00:00Z }").combine();
    let value = value.value("object_parameters").expect("given");
    assert_eq!(value.value, json!({"Expires": "2030-01-01T00:00:00Z"}));
}

#[test]
fn prehashed_takes_globs_and_paths() {
    let given = |run: Run| -> Vec<(String, String)> {
        let prehashed = run.load(SHOW).settings.manifest.prehashed;
        let names = |names: PrehashedNames| match names {
            PrehashedNames::Glob { text, .. } => format!("glob {text}"),
            PrehashedNames::Manifest(path) => format!("path {}", path.display()),
        };
        prehashed.into_iter().map(|item| (names(item.names), item.subject)).collect()
    };
    let file = "prehashed = [\n  \"assets/*\",\n  \"dist/.vite/manifest.json\",\n]\n";
    assert_eq!(
        given(Run::file(file)),
        [
            ("glob assets/*".to_owned(), "`prehashed` in `s3collect.toml:2`".to_owned()),
            ("path dist/.vite/manifest.json".to_owned(), "`prehashed` in `s3collect.toml:3`".to_owned()),
        ]
    );
    assert_eq!(
        given(Run::environment(&[("S3COLLECT_PREHASHED", "*.json,m.json")])),
        ["glob *.json", "path m.json"]
            .map(|names| (names.to_owned(), "`S3COLLECT_PREHASHED` in the environment".to_owned()))
    );
    assert_eq!(
        Run::file("\nprehashed = [\"a[\"]\n").errors(SHOW),
        [
            "`prehashed` in `s3collect.toml:2`: `a[` is no glob: unclosed character class; missing ']' / hint: a `\\` before a character takes it literally"
        ]
    );
    assert_eq!(
        Run::file("prehashed = [1]\n").errors(SHOW),
        [
            "`prehashed` in `s3collect.toml:1` must be a list of globs and of paths that end in `.json`, found another list"
        ]
    );
}

#[test]
fn rules_are_told_by_their_line() {
    let file = "[[rules]]\nmatch = \"*.html\"\ngzip = false\nentry = true\n[[rules]]\nmatch = \"fonts/*\"\n\
        object_parameters = { CacheControl = \"max-age=1\" }\n";
    let rules = Run::file(file).load(SHOW).settings.objects.rules;
    let [html, fonts] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(html.pattern.matches("docs/index.html"));
    assert_eq!((html.gzip, html.entry), (Some(false), Some(true)));
    assert_eq!(fonts.parameters.get(Parameter::CacheControl), Some("max-age=1"));
    assert_eq!(fonts.origin, "`rules[1]` in `s3collect.toml:5`");

    let wrong = "[[rules]]\nmatch = \"*.html\"\n\ngizp = false\n[[rules]]\ngzip = 1\n[[rules]]\nmatch = \"a[\"\n\
        [rules.object_parameters]\nTaging = \"a=b\"\n";
    assert_eq!(
        Run::file(wrong).errors(SHOW),
        [
            "`rules[0]` in `s3collect.toml:4` has no field `gizp` / hint: the nearest name is `gzip`",
            "`rules[1]` in `s3collect.toml:6` must have `true` or `false` as `gzip`",
            "`rules[1]` in `s3collect.toml:5` has no `match` / hint: write e.g. `match = \"*.html\"`",
            "`rules[2]` in `s3collect.toml:8` has no glob as `match`: unclosed character class; missing ']' / hint: a `\\` before a character takes it literally",
            "`rules[2]` in `s3collect.toml:10`: `Taging` is no object parameter / hint: the nearest name is `Tagging`",
        ]
    );
    let environment = Run::environment(&[("S3COLLECT_RULES", r#"[{"match": "*"}]"#)]).load(SHOW);
    assert_eq!(
        environment.settings.objects.rules[0].origin,
        "`rules[0]` in `S3COLLECT_RULES` in the environment"
    );
}

#[test]
fn globs_are_told_by_their_line() {
    let file = "lexer = \"tokens\"\nexclude_rewrite = [\"vendor/**\", \"*.min.js\"]\n";
    let manifest = Run::file(file).load(SHOW).settings.manifest;
    assert_eq!(manifest.lexer, Lexer::Tokens);
    let is_excluded = |name| manifest.exclude_rewrite.iter().any(|pattern| pattern.matches(name));
    assert_eq!(["vendor/a/b.css", "c/d.min.js", "c/d.js"].map(is_excluded), [true, true, false]);
    let default = Run::file("").load(SHOW).settings.manifest;
    assert_eq!((default.lexer, default.exclude_rewrite.len()), (Lexer::Regex, 0));
    assert_eq!(
        Run::file("exclude_rewrite = [\n\"a\",\n\"b[\"]\n").set("lexer=token").errors(SHOW),
        [
            "flag `--set lexer` must be `regex` or `tokens`, found `token` / hint: leave it out to have the default, `regex`",
            "`exclude_rewrite` in `s3collect.toml:3`: `b[` is no glob: unclosed character class; missing ']' / hint: a `\\` before a character takes it literally",
        ]
    );
}

#[test]
fn sensitive_files_are_allowed_by_globs_or_all_at_once() {
    let allowed = |run: Run| {
        let globs = run.load(SHOW).settings.collect.allow_sensitive;
        ["a/b.pem", "tls/ca.pem", "c.key"].map(|name| globs.iter().any(|glob| glob.matches(name)))
    };
    assert_eq!(allowed(Run::default()), [false; 3]);
    assert_eq!(allowed(Run::file("allow_sensitive = [\"tls/*\", \"*.key\"]")), [false, true, true]);
    assert_eq!(allowed(Run::file("allow_sensitive = true")), [true; 3]);
    assert_eq!(allowed(Run::file("allow_sensitive = false")), [false; 3]);
    assert_eq!(
        allowed(Run::environment(&[("S3COLLECT_ALLOW_SENSITIVE", "*.key, tls/**")])),
        [false, true, true]
    );
    assert_eq!(allowed(Run::environment(&[("S3COLLECT_ALLOW_SENSITIVE", "yes")])), [true; 3]);
    assert_eq!(
        Run::file("allow_sensitive = 1").set("allow_sensitive=[1]").errors(SHOW),
        [
            "flag `--set allow_sensitive` must be `true`, `false` or a list of globs, found something else",
            "`allow_sensitive` in `s3collect.toml:1` must be `true`, `false` or a list of globs, found `1`",
        ]
    );
}

#[test]
fn no_debug_text_holds_a_secret() {
    let hidden = "hunter2";
    let url = format!("http://me:{hidden}@127.0.0.1:3128");
    let sets = [format!("bogus={hidden}")];
    let environment: BTreeMap<String, String> = [
        ("AWS_S3_ACCESS_KEY_ID", hidden.to_owned()),
        ("AWS_S3_SECRET_ACCESS_KEY", hidden.to_owned()),
        ("AWS_SESSION_TOKEN", hidden.to_owned()),
        ("AWS_CLOUDFRONT_KEY_ID", "K1".to_owned()),
        ("AWS_CLOUDFRONT_KEY", hidden.to_owned()),
        ("AWS_S3_PROXIES", json!({"https": url}).to_string()),
        ("AWS_S3_ENDPOINT_URL", url.clone()),
        (
            "AWS_S3_OBJECT_PARAMETERS",
            json!({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": hidden.repeat(5)[..32]}).to_string(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let given = Given { sets: &sets, ..Given::new(&environment, Path::new("/nowhere")) };
    let mut told = format!("{given:?}");
    let combined = combine(Given { sets: &[], ..Given::new(&environment, Path::new("/nowhere")) });
    told.push_str(&format!("{combined:?}"));
    told.push_str(&format!("{:?}", combined.resolve(SHOW).expect("fine settings")));
    assert!(told.contains("S3StaticStorage") && told.contains("AWS_CLOUDFRONT_KEY"), "{told}");
    let leak = told.find(hidden).map(|at| &told[at.saturating_sub(80)..at + hidden.len()]);
    assert_eq!(leak, None);
}

#[test]
fn sources_have_prefixes_and_start_at_the_file() {
    let file = "sources = [\"static\", [\"vendor\", \"node_modules/x\"], {prefix = \"p\", dir = \"/d\"}]";
    let source = |prefix: &str, dir: &str| SourceDir { prefix: prefix.to_owned(), dir: PathBuf::from(dir) };
    let sources = |run: Run| run.load(SHOW).settings.collect.sources;
    assert_eq!(
        sources(Run::file(file)),
        [source("", "static"), source("vendor", "node_modules/x"), source("p", "/d")]
    );
    assert_eq!(
        sources(Run::file(file).flag("sources", "DIR", json!(["other"]))),
        [source("", "other")],
        "the command line's replace the file's"
    );
}

#[test]
fn patterns_on_the_command_line_add_to_the_files() {
    let patterns = |run: Run| run.load(SHOW).settings.collect.ignore_patterns;
    let file =
        || Run::file("ignore_patterns = [\"*.scss\"]").with_environment(&[("S3COLLECT_GZIP_LEVEL", "6")]);
    assert_eq!(patterns(Run::default()), ["CVS", ".*", "*~"]);
    assert_eq!(patterns(file()), ["*.scss", "CVS", ".*", "*~"]);
    assert_eq!(
        patterns(file().flag("ignore_patterns", "--ignore", json!(["*.map"])).set("default_ignore=no")),
        ["*.map", "*.scss"]
    );
    assert_eq!(patterns(file().set("ignore_patterns=*.map").set("default_ignore=no")), ["*.map"]);
}

#[test]
fn numbers_words_and_lists_arrive() {
    let file = "gzip = true\ngzip_level = 6\nchecksum = \"crc64nvme\"\naddressing_style = \"virtual\"\nconcurrency = 8\n\
        default_acl = \"public-read\"\nuse_ssl = false\nmedia_types = { \".WEBC\" = \"text/html\" }\n";
    let settings = Run::file(file)
        .with_environment(&[("GZIP_CONTENT_TYPES", "text/css, text/html")])
        .load(SHOW)
        .settings;
    let GzipSettings { enabled, content_types, level, if_smaller, engine: _ } = settings.objects.gzip;
    assert_eq!((enabled, level, if_smaller), (true, 6, false));
    assert_eq!(content_types, ["text/css", "text/html"]);
    assert_eq!(settings.objects.default_acl.as_deref(), Some("public-read"));
    assert_eq!(settings.objects.media_types.get(".webc").map(String::as_str), Some("text/html"));
    assert_eq!(settings.transfer.checksum, Some(ChecksumAlgorithm::Crc64Nvme));
    assert_eq!((settings.transfer.concurrency, settings.transfer.in_flight_bytes), (Some(8), 24 << 20));
    assert_eq!(settings.connection.addressing_style, AddressingStyle::Virtual);
    assert!(!settings.connection.use_ssl);
    assert_eq!(
        Run::file("[media_types]\n\".a\" = \"a/b\"\nwebc = \"text/html\"").errors(SHOW),
        [
            "`media_types` in `s3collect.toml:3` must be an extension with its dot and a content type, found `webc`"
        ]
    );
}

#[test]
fn rows_have_what_was_given_first() {
    let combined = Run::file("location = \"static\"\nsecret_key = \"hunter2\"\n").combine();
    let rows = show::rows(&combined);
    let shown: Vec<String> = rows
        .iter()
        .take(4)
        .map(|row| {
            format!("{} = {}  # {}, {}", row.name, show::toml_text(&row.value), row.origin, row.status)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "secret_key = \"********\"  # `s3collect.toml:2`, acts",
            "location = \"static\"  # `s3collect.toml:1`, acts",
            "access_key = -  # default, acts",
            "security_token = -  # default, acts",
        ]
    );
    let parameters = json!({"CacheControl": "no-store", "Metadata": {"a": "b"}});
    assert_eq!(show::toml_text(&parameters), r#"{ CacheControl = "no-store", Metadata = { a = "b" } }"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whichever places name a location, the first of them in the order of precedence counts.
    #[test]
    fn the_first_place_that_says_something_counts(flag: bool, set: bool, storage: bool, environment: bool, file: bool) {
        let mut run = Run::file(match (file, storage) {
            (true, true) => "location = \"file\"\n[storages.staticfiles]\nlocation = \"storage\"\n",
            (true, false) => "location = \"file\"\n",
            (false, true) => "[storages.staticfiles]\nlocation = \"storage\"\n",
            (false, false) => "",
        });
        if flag {
            run = run.flag("location", "--location", json!("flag"));
        }
        if set {
            run = run.set("location=set");
        }
        if environment {
            run = run.with_environment(&[("AWS_LOCATION", "environment")]);
        }
        let order = [(flag, "flag"), (set, "set"), (storage, "storage"), (environment, "environment"), (file, "file")];
        let first = order.iter().find(|(says, _)| *says).map_or("", |(_, name)| *name);
        let location = run.load(SHOW).settings.location;
        prop_assert_eq!(location.as_str(), first);
    }

    /// No value of any variable makes a run panic, and a secret shows in no error.
    #[test]
    fn any_text_in_the_environment_is_a_value_or_an_error(row in 0..60_usize, text in "[^\\x00]{0,20}", as_json: bool) {
        let names: Vec<&str> = register::all().flat_map(|setting| setting.environment).copied().collect();
        let name = names[row % names.len()];
        let value = if as_json { json!([{"match": text, "object_parameters": {"SSECustomerKey": "hunter2"}}]).to_string() } else { text };
        let combined = Run::environment(&[(name, &value)]).combine();
        let shown = format!("{:?}", show::rows(&combined));
        let is_masked = name.contains("KEY") || name.contains("TOKEN") || name.starts_with("S3COLLECT_RULES");
        let names_no_secret = ["AWS_CLOUDFRONT_KEY_ID", "S3COLLECT_CLOUDFRONT_KEY_FILE"].contains(&name);
        prop_assert!(!is_masked || names_no_secret || !shown.contains("hunter2"), "{}", shown);
        drop(combined.resolve(PUSH));
    }
}

#[test]
fn a_distribution_is_told_of_pushes_into_the_bucket_before_which_it_stands() {
    let invalidation = |run: Run| run.load(SHOW).settings.invalidation;
    assert_eq!(invalidation(Run::file("invalidate_budget = 7")), None);
    let file = "invalidate = \"E1\"\ninvalidate_wait = true\n";
    let wanted =
        InvalidationSettings { distribution: "E1".to_owned(), budget: 30, wait: true, endpoint_url: None };
    assert_eq!(invalidation(Run::file(file)), Some(wanted.clone()));
    let aws = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_CLOUDFRONT", "http://b/")];
    let there = InvalidationSettings { endpoint_url: Some("http://b".to_owned()), ..wanted };
    assert_eq!(invalidation(Run::file(file).with_environment(&aws)), Some(there.clone()));
    let ours = format!("{file}cloudfront_endpoint_url = \"http://b\"\nlocal = \"./b\"\n");
    assert_eq!(invalidation(Run::file(&ours)), Some(there));
    let local = Run::file(file).with_environment(&aws).flag("local", "--local", json!("./b")).load(SHOW);
    assert_eq!(local.settings.invalidation, None);
    assert_eq!(
        local.notes,
        [
            "`invalidate` in `s3collect.toml:1` does nothing with `local`: no distribution stands before a directory"
        ]
    );
}

#[test]
fn a_distribution_has_an_id_and_no_directory() {
    assert_eq!(
        Run::file("invalidate = \"d1.cloudfront.net\"\ncloudfront_endpoint_url = \"x.com\"").errors(SHOW),
        [
            "`invalidate` is no id of a CloudFront distribution: found `d1.cloudfront.net` / note: it comes from `s3collect.toml:1` / hint: it is letters and digits, e.g. `E1ABCDEF2GHIJK`; `aws cloudfront list-distributions` has it beside the domain",
            "`cloudfront_endpoint_url` needs the scheme `http` or `https`: found `x.com` / note: it comes from `s3collect.toml:2` / hint: write `https://x.com` if that is meant"
        ]
    );
    assert_eq!(
        Run::file("local = \"./b\"").flag("invalidate", "--invalidate", json!("E1")).errors(SHOW),
        [
            "`--invalidate` and `local` do not go together: no distribution stands before a directory / hint: leave `--invalidate` out"
        ]
    );
}
