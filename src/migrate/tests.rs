//! Whole files, before and after.

use super::*;

const NAME: &str = "settings.py";

fn migrated(text: &str, form: Form) -> Migrated {
    migrate(NAME, text, form, MigrateOptions::default()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn refused(text: &str, form: Form) -> Vec<String> {
    let errors = migrate(NAME, text, form, MigrateOptions::default()).expect_err("refused");
    errors.iter().map(ToString::to_string).collect()
}

fn messages(migrated: &Migrated) -> Vec<&str> {
    migrated.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

#[test]
fn every_step_of_the_guide_on_django_settings() {
    let before = r#"# AWS_HEADERS stay in comments
from boto.s3.connection import VHostCallingFormat

DEBUG = False
DEFAULT_FILE_STORAGE = 'storages.backends.s3boto.S3BotoStorage'
STATICFILES_STORAGE = "storages.backends.s3boto.S3BotoStorage"  # S3BotoStorage
AWS_HEADERS = {  # a week
    'Cache-Control': 'max-age=604800',
    'x-amz-meta-team': b'web',
}
AWS_S3_CALLING_FORMAT = VHostCallingFormat()  # dots
AWS_S3_HOST = 's3.eu-central-1.amazonaws.com'
AWS_S3_PORT = 8443
os.environ['S3_USE_SIGV4'] = 'True'
AWS_DEFAULT_ACL = None
TEXT = """
AWS_QUERYSTRING_AUTH = True
"""
"#;
    let after = r#"# AWS_HEADERS stay in comments
from boto.s3.connection import VHostCallingFormat

DEBUG = False
DEFAULT_FILE_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'
STATICFILES_STORAGE = "storages.backends.s3boto3.S3Boto3Storage"  # S3BotoStorage
AWS_S3_OBJECT_PARAMETERS = {'CacheControl': 'max-age=604800', 'Metadata': {'team': 'web'}}
AWS_S3_ADDRESSING_STYLE = "virtual"  # dots
AWS_S3_ENDPOINT_URL = 'https://s3.eu-central-1.amazonaws.com:8443'
AWS_S3_REGION_NAME = 'eu-central-1'
AWS_DEFAULT_ACL = None
TEXT = """
AWS_QUERYSTRING_AUTH = True
"""
"#;
    let migrated = migrated(before, Form::Python);
    assert_eq!(migrated.text, after);
    let class = "`S3BotoStorage` is now `S3Boto3Storage`: the boto backend is gone since django-storages 1.9";
    assert_eq!(
        migrated.changes,
        [
            &format!("`settings.py:5`: {class}"),
            &format!("`settings.py:6`: {class}"),
            "`settings.py:7`: `AWS_HEADERS` is now `AWS_S3_OBJECT_PARAMETERS`: boto3 has parameters with names of their \
             own instead of headers",
            "`settings.py:11`: `AWS_S3_CALLING_FORMAT` is now `AWS_S3_ADDRESSING_STYLE`: boto3 has words instead of classes",
            "`settings.py:12`: `AWS_S3_HOST` is now `AWS_S3_ENDPOINT_URL`: boto3 takes one URL",
            "`settings.py:13`: `AWS_S3_PORT` is now `AWS_S3_ENDPOINT_URL`: boto3 takes one URL",
            "`settings.py:14`: `S3_USE_SIGV4` goes: requests are signed with `s3v4` anyway",
        ]
    );
    assert_eq!(messages(&migrated), [""; 0]);
}

#[test]
fn a_migrated_file_is_not_changed_again() {
    let text = "AWS_HEADERS = {'cache-control': 'a'}\nAWS_S3_HOST = 's3-eu-west-1.amazonaws.com'\nAWS_ORIGIN = 'EU'\n";
    let once = migrated(text, Form::Python);
    assert_eq!(
        once.text,
        "AWS_S3_OBJECT_PARAMETERS = {'CacheControl': 'a'}\n\
         AWS_S3_ENDPOINT_URL = 'https://s3-eu-west-1.amazonaws.com'\nAWS_S3_REGION_NAME = 'eu-west-1'\n"
    );
    let again = migrated(&once.text, Form::Python);
    assert_eq!((again.text, again.changes), (once.text, Vec::new()));
}

#[test]
fn what_is_set_in_the_new_way_already_stays() {
    let before = "AWS_S3_OBJECT_PARAMETERS = {\"CacheControl\": \"new\"}\nAWS_HEADERS = {'Cache-Control': 'old', 'Vary': 'x', 'Expires': 1}\n\
                  AWS_S3_CALLING_FORMAT = 'boto.s3.connection.OrdinaryCallingFormat'\nAWS_S3_ADDRESSING_STYLE = 'auto'\n\
                  AWS_S3_HOST = 's3.amazonaws.com'\nAWS_S3_ENDPOINT_URL = 'https://minio'\nAWS_S3_SIGNATURE_VERSION = 's3'\n";
    let migrated = migrated(before, Form::Python);
    assert_eq!(
        migrated.text,
        "AWS_S3_OBJECT_PARAMETERS = {\"CacheControl\": \"new\", \"Expires\": \"1\"}\n\
         AWS_S3_ADDRESSING_STYLE = 'auto'\nAWS_S3_ENDPOINT_URL = 'https://minio'\nAWS_S3_SIGNATURE_VERSION = 's3'\n"
    );
    assert_eq!(
        messages(&migrated),
        [
            "`Vary` in `AWS_HEADERS` is left out: no object parameter carries it",
            "`s3.amazonaws.com` names no region",
        ]
    );
}

#[test]
fn blocks_stay_blocks() {
    let before = "if not DEBUG:\n    S3_USE_SIGV4 = True\nif STAGING:\n\tAWS_HEADERS = {'Cache-Control': 'a'}\nelse:\n\t\
                  AWS_HEADERS = {'Cache-Control': 'b'}\n";
    let after = "if not DEBUG:\n    pass\nif STAGING:\n\tAWS_S3_OBJECT_PARAMETERS = {'CacheControl': 'a'}\nelse:\n\t\
                 AWS_S3_OBJECT_PARAMETERS = {'CacheControl': 'b'}\n";
    assert_eq!(migrated(before, Form::Python).text, after);
}

#[test]
fn a_class_of_ones_own_gets_the_new_base() {
    let before = "from storages.backends.s3boto import S3BotoStorage\nclass Media(S3BotoStorage):\n    location = 'media'\n\
                  # S3BotoStorage\nclass Other(mine.S3BotoStorage): pass\n";
    let migrated = migrated(before, Form::Python);
    assert_eq!(
        migrated.text,
        "from storages.backends.s3boto3 import S3Boto3Storage\nclass Media(S3Boto3Storage):\n    location = 'media'\n\
         # S3BotoStorage\nclass Other(mine.S3BotoStorage): pass\n"
    );
    assert_eq!(
        messages(&migrated),
        [
            "the boto backend made every object `public-read`; now the bucket decides",
            "signed URLs get another signature, `s3v4`",
        ]
    );
}

#[test]
fn persisted_urls_keep_their_signature() {
    let options = MigrateOptions { persisted_urls: true };
    let after = |text: &str, form| migrate(NAME, text, form, options).expect("fine").text;
    let host = "AWS_S3_HOST='minio'";
    assert_eq!(
        after(host, Form::Python),
        "AWS_S3_ENDPOINT_URL = 'https://minio'\nAWS_S3_SIGNATURE_VERSION = \"s3\"\n"
    );
    assert_eq!(after("", Form::Environment), "AWS_S3_SIGNATURE_VERSION=s3\n");
    assert_eq!(
        after("[storages.media]\nhost = \"minio\"\n", Form::Toml),
        "signature_version = \"s3\"\n[storages.media]\nendpoint_url = \"https://minio\"\n"
    );
    assert_eq!(after("S3_USE_SIGV4 = True\n", Form::Python), "");
}

#[test]
fn lines_of_an_environment() {
    let before = "# AWS_HEADERS\nexport AWS_S3_HOST=\"minio\" # here\nexport AWS_S3_PORT=9000\nAWS_S3_USE_SSL=false\n\
                  AWS_HEADERS='{\"Cache-Control\": \"max-age=1\"}'\nAWS_S3_SECURE_URLS=0\nOTHER=AWS\n\
                  AWS_S3_PROXY_HOST=proxy\nAWS_S3_PROXY_PORT=3128\nAWS_S3_ENCRYPTION=True\n";
    let after = "# AWS_HEADERS\nexport AWS_S3_ENDPOINT_URL=http://minio:9000  # here\nAWS_S3_USE_SSL=false\n\
                 AWS_S3_OBJECT_PARAMETERS='{\"CacheControl\":\"max-age=1\",\"ServerSideEncryption\":\"AES256\"}'\n\
                 AWS_S3_URL_PROTOCOL=http:\nOTHER=AWS\n\
                 AWS_S3_PROXIES={\"http\":\"http://proxy:3128\",\"https\":\"http://proxy:3128\"}\n";
    assert_eq!(migrated(before, Form::Environment).text, after);
}

#[test]
fn a_file_of_ours() {
    let before = "# host\nhost = \"s3-eu-west-1.amazonaws.com\"   # Ireland\nbucket_name = \"acme\"\n\n[storages.media]\n\
                  BACKEND = \"storages.backends.s3boto.S3BotoStorage\"\n[storages.media.OPTIONS]\n  \
                  headers = { \"Cache-Control\" = \"no-store\" }\n";
    let after = "# host\nendpoint_url = \"https://s3-eu-west-1.amazonaws.com\"  # Ireland\nregion_name = \"eu-west-1\"\n\
                 bucket_name = \"acme\"\n\n[storages.media]\n\
                 BACKEND = \"storages.backends.s3boto3.S3Boto3Storage\"\n[storages.media.OPTIONS]\n  \
                 object_parameters = { CacheControl = \"no-store\" }\n";
    assert_eq!(migrated(before, Form::Toml).text, after);
}

#[test]
fn what_cannot_be_known_is_refused_with_its_line() {
    for (text, form, expected) in [
        (
            "A = 1\nAWS_HEADERS = headers()\n",
            Form::Python,
            "`AWS_HEADERS` in `settings.py:2` is no plain literal",
        ),
        ("AWS_S3_HOST = f'{a}'\n", Form::Python, "`AWS_S3_HOST` in `settings.py:1` is no plain literal"),
        ("AWS_S3_HOST = 'a'; B = 1\n", Form::Python, "`AWS_S3_HOST` in `settings.py:1` is no plain literal"),
        (
            "AWS_S3_HOST=\"$HOST\"\n",
            Form::Environment,
            "`AWS_S3_HOST` in `settings.py:1` is no plain literal",
        ),
        ("AWS_HEADERS = [1]\n", Form::Python, "`AWS_HEADERS` in `settings.py:1` must be a dictionary"),
        ("AWS_S3_PORT = 'x'\n", Form::Python, "`AWS_S3_PORT` in `settings.py:1` must be a number"),
        (
            "AWS_S3_CALLING_FORMAT = Mine()\n",
            Form::Python,
            "`AWS_S3_CALLING_FORMAT` in `settings.py:1` must be a calling format of boto",
        ),
        (
            "AWS_S3_HOST = 'a'\nAWS_S3_HOST = 'b'\n",
            Form::Python,
            "`AWS_S3_HOST` is given in `settings.py:1` and again in `settings.py:2`",
        ),
        (
            "AWS_S3_HOST = 'a'\nif A:\n  AWS_S3_PORT = 1\n",
            Form::Python,
            "`AWS_S3_PORT` in `settings.py:3` stands in another block than `AWS_S3_HOST` in `settings.py:1`",
        ),
        (
            "AWS_HEADERS = {}\nAWS_HEADERS['Expires'] = 'x'\n",
            Form::Python,
            "`AWS_HEADERS` is used in `settings.py:2`, and would be gone",
        ),
        (
            "AWS_HEADERS = {}\nX = 'a' + AWS_HEADERS.get('x')  # AWS_HEADERS\n",
            Form::Python,
            "`AWS_HEADERS` is used in `settings.py:2`, and would be gone",
        ),
        ("[headers]\na = 1\n", Form::Toml, "`headers` in line 1 does not stand in a line of its own"),
        ("a = \n", Form::Toml, "line 1 is no TOML: string values must be quoted, expected literal string"),
    ] {
        assert_eq!(refused(text, form), [expected], "{text}");
    }
}

#[test]
fn the_form_of_a_file_is_known_by_its_name_or_its_looks() {
    for (name, text, form) in [
        ("conf/settings.py", "a=1", Form::Python),
        (".env", "", Form::Environment),
        ("deploy/.env.prod", "", Form::Environment),
        ("prod.env", "", Form::Environment),
        ("s3collect.toml", "", Form::Toml),
        ("-", "AWS_S3_HOST=minio\n# x\nexport A=b\n", Form::Environment),
        ("-", "AWS_S3_HOST = 'minio'\n", Form::Python),
        ("-", "import os\nA = os\n", Form::Python),
        ("-", "[storages.a]\nhost = 'a'\n", Form::Toml),
    ] {
        assert_eq!(Form::guess(name, text), form, "{name} {text}");
    }
}
