//! Settings in files, in the environment and in files of Django projects.

use std::collections::BTreeMap;
use std::fs;

use s3collect::migrate::{Form, MigrateOptions, migrate};
use s3collect::name::AssetName;
use s3collect::settings::{Given, Needs, load};
use tempfile::TempDir;

use super::names::within;
use super::{Outcome, Target, same};

const FILE: &str = r#"bucket_name = "acme-assets"
location = "static/v1"
region_name = "eu-central-1"
gzip = true
gzip_content_types = ["text/css", "application/json"]
object_parameters = { CacheControl = "max-age=86400", Metadata = { a = "b" } }
querystring_expire = 3600
min_age = "30d"
allow_sensitive = ["*.pem"]
ignore_patterns = ["CVS", ".*"]
prehashed = ["assets/*-????????.*"]
concurrency = 8

[[rules]]
match = "*.html"
gzip = false
object_parameters = { CacheControl = "no-cache" }

[media_types]
".glb" = "model/gltf-binary"

[storages.staticfiles]
backend = "S3ManifestStaticStorage"
sources = ["static", ["vendor", "node_modules/dist"]]

[storages.default]
backend = "storages.backends.s3.S3Storage"
location = "media"
"#;
const FILE_WORDS: [&str; 22] = [
    "=",
    "\n",
    "[",
    "]",
    "[[rules]]\n",
    "{",
    "}",
    ",",
    "\"",
    "\"\"\"",
    "'''",
    "#",
    "true",
    "0",
    "-1",
    "1e9",
    "nan",
    "2026-11-22",
    "location = \"..\"\n",
    "access_key = \"x\"\n",
    "secret_key = \"x\"\n",
    "local = \"x\"\n",
];

const NEEDS: Needs = Needs { bucket: true, sources: false };

fn law(given: Given<'_>) -> Outcome {
    match load(given, NEEDS) {
        Ok(loaded) => {
            let location = &loaded.settings.location;
            let name = AssetName::new("css/site.css").map_err(|error| error.to_string())?;
            if let Ok(key) = location.key(&name) {
                within(location, key.as_str())?;
            }
            Ok(true)
        }
        Err(errors) if errors.is_empty() => Err("refused, and nobody knows why".to_owned()),
        Err(_) => Ok(false),
    }
}

#[test]
fn files() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("s3collect.toml");
    let environment = BTreeMap::new();
    let target = Target { name: "settings files", seeds: vec![FILE.as_bytes().to_vec()], words: &FILE_WORDS };
    target.run(|case| {
        fs::write(&file, case).map_err(|error| error.to_string())?;
        law(Given { config: Some(&file), ..Given::new(&environment, directory.path()) })
    });
}

#[test]
fn environment() {
    let seed = "AWS_STORAGE_BUCKET_NAME=acme\nAWS_LOCATION=static\nAWS_S3_OBJECT_PARAMETERS={\"CacheControl\": \"x\"}\n\
                AWS_S3_GZIP=on\nAWS_QUERYSTRING_EXPIRE=60\nGZIP_CONTENT_TYPES=text/css,text/html\nAWS_S3_ADDRESSING_STYLE=path\n\
                HTTPS_PROXY=http://user:word@proxy:3128\nS3COLLECT_MIN_AGE=30d\nAWS_S3_ENDPOINT_URL=http://127.0.0.1:9000/x";
    let words = [
        "=",
        "\n",
        "None",
        "true",
        "{",
        "}",
        "[",
        "]",
        ",",
        "http://",
        "@",
        ":",
        "[::1]",
        "AWS_",
        "S3COLLECT_RULES=",
    ];
    let directory = TempDir::new().expect("a directory");
    let target =
        Target { name: "settings in the environment", seeds: vec![seed.as_bytes().to_vec()], words: &words };
    target.run(|case| {
        let text = String::from_utf8_lossy(case);
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let environment: BTreeMap<String, String> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let sets: Vec<String> = environment
            .iter()
            .filter_map(|(name, value)| {
                Some(format!("{}={value}", name.strip_prefix("AWS_")?.to_lowercase()))
            })
            .collect();
        law(Given { sets: &sets[..sets.len().min(2)], ..Given::new(&environment, directory.path()) })?;
        law(Given::new(&environment, directory.path()))
    });
}

#[test]
fn of_django() {
    let seeds = [
        "import os\nAWS_ACCESS_KEY_ID = os.environ['KEY']\nAWS_STORAGE_BUCKET_NAME = 'acme'\nAWS_S3_HOST = 's3-eu-west-1.amazonaws.com'\n\
         AWS_HEADERS = {\n    'Cache-Control': 'max-age=86400',  # a day\n    'x': 1,\n}\nAWS_S3_SECURE_URLS = False\n\
         DEFAULT_FILE_STORAGE = 'storages.backends.s3boto.S3BotoStorage'\n",
        "AWS_S3_SECURE_URLS=False\nAWS_HEADERS='{\"Cache-Control\": \"max-age=1\"}'\nexport AWS_S3_HOST=s3.example.com # x\n",
        "secure_urls = false\nAWS_S3_HOST = \"s3.example.com\"\n[storages.default]\nheaders = { Expires = \"x\" }\n",
    ];
    let words = [
        "'",
        "\"\"\"",
        "r'",
        "b'",
        "f'",
        "\\",
        "\\N{BULLET}",
        "\\x4",
        "(",
        ")",
        "{",
        "}",
        "#",
        "\n",
        " = ",
        "0x1f",
        "1_0",
        "None",
        "AWS_HEADERS = ",
        "if x:\n    ",
        "\\\n",
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec()).to_vec();
    let options = MigrateOptions { persisted_urls: false };
    Target { name: "settings of Django", seeds, words: &words }.run(|case| {
        let text = String::from_utf8_lossy(case);
        let mut taken = false;
        for form in [Form::Python, Form::Environment, Form::Toml] {
            if let Ok(migrated) = migrate("file", &text, form, options) {
                let again = migrate("file", &migrated.text, form, options).map_err(|errors| {
                    format!("{form:?}: what was written is refused: {errors:?}: {}", migrated.text)
                })?;
                same(&format!("{form:?}: what is migrated twice"), &again.text, &migrated.text)?;
                taken = true;
            }
        }
        Ok(taken)
    });
}
