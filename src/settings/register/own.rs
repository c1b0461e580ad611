//! The settings that django-storages lacks: Django's `collectstatic` and our own.

use super::Setting;
use crate::settings::kind::Kind;

/// Rows whose names are ours or Django's.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "storage",
        &["S3COLLECT_STORAGE"],
        Kind::Text,
        "\"staticfiles\"",
        "Which `[storages.NAME]` of the file these settings are",
    )
    .flags(&["--storage"]),
    Setting::new(
        "backend",
        &["S3COLLECT_BACKEND"],
        Kind::Text,
        "\"S3StaticStorage\"",
        "Which class of django-storages this stands in for; `S3ManifestStaticStorage` hashes names",
    )
    .flags(&["--backend", "--manifest"]),
    Setting::new(
        "sources",
        &["S3COLLECT_SOURCES"],
        Kind::Sources,
        "",
        "Static dirs in order of precedence, the first of a name wins; `PREFIX=DIR` puts names below a prefix",
    )
    .flags(&["DIR…", "--source"]),
    Setting::new(
        "ignore_patterns",
        &["S3COLLECT_IGNORE_PATTERNS"],
        Kind::List,
        "[]",
        "Names to leave out, as `collectstatic --ignore`, e.g. `*.scss`; the flag adds to the file's",
    )
    .flags(&["-i", "--ignore"]),
    Setting::new(
        "default_ignore",
        &["S3COLLECT_DEFAULT_IGNORE"],
        Kind::Boolean,
        "true",
        "Whether `CVS`, `.*` and `*~` are left out as well",
    )
    .flags(&["--no-default-ignore"]),
    Setting::new(
        "follow_symlinks",
        &["S3COLLECT_FOLLOW_SYMLINKS"],
        Kind::Boolean,
        "false",
        "Whether links may leave their source; links inside it are followed in any case",
    )
    .flags(&["--follow-symlinks"]),
    Setting::new(
        "allow_sensitive",
        &["S3COLLECT_ALLOW_SENSITIVE"],
        Kind::BooleanOrList,
        "[]",
        "Globs of names to store though they look like secrets, databases or repositories; `true` for all",
    ),
    Setting::new(
        "rules",
        &["S3COLLECT_RULES"],
        Kind::Rules,
        "[]",
        "What objects get by their name: `match`, `object_parameters`, `gzip`, `entry`; later wins, field by field",
    ),
    Setting::new(
        "media_types",
        &["S3COLLECT_MEDIA_TYPES"],
        Kind::Dictionary,
        "{}",
        "Content types by extension, over the pinned table, e.g. `{\".webc\": \"text/html\"}`",
    ),
    Setting::new(
        "gzip_level",
        &["S3COLLECT_GZIP_LEVEL"],
        Kind::WholeNumber { least: 0, most: 9 },
        "9",
        "How hard gzip tries; 9 gives django-storages' bytes",
    )
    .flags(&["--gzip-level"]),
    Setting::new(
        "gzip_if_smaller",
        &["S3COLLECT_GZIP_IF_SMALLER"],
        Kind::Boolean,
        "false",
        "Whether the plain body is kept where gzip does not help",
    )
    .flags(&["--gzip-if-smaller"]),
    Setting::new(
        "gzip_engine",
        &["S3COLLECT_GZIP_ENGINE"],
        Kind::Choice(&["zlib", "libdeflate"]),
        "\"zlib\"",
        "Who compresses what is pushed: `zlib` gives django-storages' bytes, `libdeflate` others, a little fewer",
    ),
    Setting::new(
        "concurrency",
        &["S3COLLECT_CONCURRENCY"],
        Kind::WholeNumber { least: 1, most: 1024 },
        "",
        "The most requests in flight; unset adapts to what the service takes",
    )
    .flags(&["-j", "--concurrency"]),
    Setting::new(
        "in_flight_bytes",
        &["S3COLLECT_IN_FLIGHT_BYTES"],
        Kind::WholeNumber { least: 64 << 10, most: 1 << 40 },
        "25165824",
        "The most bytes of bodies in memory at once; larger bodies and parts are streamed from disk",
    )
    .flags(&["--in-flight-bytes"]),
    Setting::new(
        "checksum",
        &["S3COLLECT_CHECKSUM"],
        Kind::Choice(&["crc32", "crc64nvme", "sha256", "when_required"]),
        "\"when_required\"",
        "Which additional checksum is sent with bodies; many compatible stores take none",
    )
    .flags(&["--checksum"]),
    Setting::new(
        "local",
        &["S3COLLECT_LOCAL"],
        Kind::Path,
        "",
        "A directory whose embedded S3 endpoint stands in for the service, e.g. `./bucket`; no account needed",
    )
    .flags(&["--local"]),
    Setting::new(
        "cloudfront_key_file",
        &["S3COLLECT_CLOUDFRONT_KEY_FILE"],
        Kind::Path,
        "",
        "The file that holds the private key, instead of `cloudfront_key`",
    ),
    Setting::new(
        "cloudfront_hash",
        &["S3COLLECT_CLOUDFRONT_HASH"],
        Kind::Choice(&["sha1", "sha256"]),
        "\"sha1\"",
        "What CloudFront's signatures are over; django-storages knows `sha1` only",
    ),
    Setting::new(
        "static_url",
        &["S3COLLECT_STATIC_URL"],
        Kind::Text,
        "\"/static/\"",
        "Django's `STATIC_URL`: references under it are rewritten",
    )
    .flags(&["--static-url"]),
    Setting::new(
        "manifest_name",
        &["S3COLLECT_MANIFEST_NAME"],
        Kind::Text,
        "\"staticfiles.json\"",
        "What the manifest is called",
    ),
    Setting::new(
        "manifest_strict",
        &["S3COLLECT_MANIFEST_STRICT"],
        Kind::Boolean,
        "true",
        "Whether a name that the manifest lacks is an error in `url`, and not fetched and hashed",
    ),
    Setting::new(
        "manifest_location",
        &["S3COLLECT_MANIFEST_LOCATION"],
        Kind::Path,
        "",
        "The path of a local manifest file",
    ),
    Setting::new(
        "manifest_storage",
        &["S3COLLECT_MANIFEST_STORAGE"],
        Kind::Choice(&["bucket", "local", "both"]),
        "",
        "Where the manifest is kept; unset is `bucket`, or `both` where `manifest_location` is set",
    ),
    Setting::new(
        "support_js_module_import_aggregation",
        &["S3COLLECT_SUPPORT_JS_MODULE_IMPORT_AGGREGATION"],
        Kind::Boolean,
        "false",
        "Whether `import` and `export` in JavaScript are references, as Django's class attribute",
    )
    .flags(&["--js-modules"]),
    Setting::new(
        "max_post_process_passes",
        &["S3COLLECT_MAX_POST_PROCESS_PASSES"],
        Kind::WholeNumber { least: 0, most: u64::MAX },
        "",
        "Django's limit on passes; not needed, names are found through the graph of references",
    ),
    Setting::new(
        "missing_reference",
        &["S3COLLECT_MISSING_REFERENCE"],
        Kind::Choice(&["error", "warn"]),
        "\"error\"",
        "What a reference to a file in no source is",
    ),
    Setting::new(
        "missing_source_map",
        &["S3COLLECT_MISSING_SOURCE_MAP"],
        Kind::Choice(&["error", "warn"]),
        "\"error\"",
        "What a reference to a source map in no source is",
    ),
    Setting::new(
        "circular_references",
        &["S3COLLECT_CIRCULAR_REFERENCES"],
        Kind::Choice(&["error", "hash"]),
        "\"error\"",
        "What files that refer to each other are: an error as in Django, or named by one common hash",
    ),
    Setting::new(
        "lexer",
        &["S3COLLECT_LEXER"],
        Kind::Choice(&["regex", "tokens"]),
        "\"regex\"",
        "How references are found: `regex` exactly as Django, `tokens` knows comments and strings",
    )
    .flags(&["--lexer"]),
    Setting::new(
        "exclude_rewrite",
        &["S3COLLECT_EXCLUDE_REWRITE"],
        Kind::List,
        "[]",
        "Globs of CSS and JavaScript whose references are neither replaced nor checked, e.g. `vendor/**`",
    ),
    Setting::new(
        "prehashed",
        &["S3COLLECT_PREHASHED"],
        Kind::Prehashed,
        "[]",
        "Names that carry a hash already and stay as they are: globs, or the `.json` manifest of a Vite or webpack build",
    ),
    Setting::new(
        "keep_original_files",
        &["S3COLLECT_KEEP_ORIGINAL_FILES"],
        Kind::Boolean,
        "true",
        "Whether plain-named copies are stored beside hashed ones",
    ),
    Setting::new(
        "immutable",
        &["S3COLLECT_IMMUTABLE"],
        Kind::Boolean,
        "",
        "Whether hashed names without a CacheControl get a year and `immutable`; unset is yes with the manifest",
    ),
    Setting::new(
        "record",
        &["S3COLLECT_RECORD"],
        Kind::Boolean,
        "true",
        "Whether a push records its release, for `rollback`, `verify`, `gc` and the next push, and is safe from others",
    )
    .flags(&["--no-record"]),
    Setting::new(
        "app",
        &["S3COLLECT_APP"],
        Kind::Text,
        "\"default\"",
        "Whose releases these are where several apps share a location",
    )
    .flags(&["--app"]),
    Setting::new(
        "release_order",
        &["S3COLLECT_RELEASE_ORDER"],
        Kind::WholeNumber { least: 0, most: u64::MAX },
        "",
        "Where this release stands among the app's, e.g. a build number: a lower one never replaces a higher one",
    )
    .flags(&["--release-order"]),
    Setting::new(
        "on_conflict",
        &["S3COLLECT_ON_CONFLICT"],
        Kind::Choice(&["fail", "retry"]),
        "\"fail\"",
        "What a push does when another one came first: `fail` exits with 4, `retry` compares and puts anew",
    )
    .flags(&["--on-conflict"]),
    Setting::new(
        "claim_timeout",
        &["S3COLLECT_CLAIM_TIMEOUT"],
        Kind::Duration,
        "\"10m\"",
        "How long another push or rollback that gives no sign of life is waited for",
    )
    .flags(&["--claim-timeout"]),
    Setting::new(
        "retain_releases",
        &["S3COLLECT_RETAIN_RELEASES"],
        Kind::WholeNumber { least: 1, most: u64::MAX },
        "5",
        "How many releases of each app `gc` keeps",
    ),
    Setting::new(
        "min_age",
        &["S3COLLECT_MIN_AGE"],
        Kind::Duration,
        "\"30d\"",
        "How long an object is superseded before `gc` may delete it",
    ),
    Setting::new(
        "record_prefix",
        &["S3COLLECT_RECORD_PREFIX"],
        Kind::Text,
        "",
        "Where in the bucket release records are kept; unset is `.s3collect` below the location",
    ),
    Setting::new(
        "invalidate",
        &["S3COLLECT_INVALIDATE"],
        Kind::Text,
        "",
        "The id of a CloudFront distribution that is told which names mean something else after a push, a rollback or a gc",
    )
    .flags(&["--invalidate"]),
    Setting::new(
        "invalidate_budget",
        &["S3COLLECT_INVALIDATE_BUDGET"],
        Kind::WholeNumber { least: 1, most: 3000 },
        "30",
        "The most paths of an invalidation, a thousand a month are free; above it directories stand for their files",
    )
    .flags(&["--invalidate-budget"]),
    Setting::new(
        "invalidate_wait",
        &["S3COLLECT_INVALIDATE_WAIT"],
        Kind::Boolean,
        "false",
        "Whether a run waits until CloudFront has dropped what it invalidates, fifteen minutes at the most",
    )
    .flags(&["--invalidate-wait"]),
    Setting::new(
        "cloudfront_endpoint_url",
        &["S3COLLECT_CLOUDFRONT_ENDPOINT_URL"],
        Kind::Text,
        "",
        "Where CloudFront's API is when it is not AWS, with its scheme, e.g. `http://localhost:4566`",
    )
    .falls_to(&["AWS_ENDPOINT_URL_CLOUDFRONT", "AWS_ENDPOINT_URL"]),
];
