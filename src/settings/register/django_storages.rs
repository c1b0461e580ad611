//! The settings that django-storages has, in the order of its documentation.

use super::Setting;
use crate::settings::kind::Kind;

/// Rows whose names are django-storages' own.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "access_key",
        &["AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"],
        Kind::Text,
        "",
        "The access key id; without keys the AWS credential chain is asked",
    )
    .secret()
    .differs("one of the two keys alone is an error"),
    Setting::new(
        "secret_key",
        &["AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"],
        Kind::Text,
        "",
        "The secret access key that goes with `access_key`",
    )
    .secret(),
    Setting::new(
        "security_token",
        &["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"],
        Kind::Text,
        "",
        "The session token that goes with temporary keys",
    )
    .secret(),
    Setting::new(
        "session_profile",
        &["AWS_S3_SESSION_PROFILE"],
        Kind::Text,
        "",
        "The profile of `~/.aws/config` to ask for credentials; excludes keys",
    )
    .flags(&["--profile"]),
    Setting::new("bucket_name", &["AWS_STORAGE_BUCKET_NAME"], Kind::Text, "", "The bucket, or an access point's ARN")
        .flags(&["--bucket", "--bucket-name"]),
    Setting::new(
        "object_parameters",
        &["AWS_S3_OBJECT_PARAMETERS"],
        Kind::Dictionary,
        "{}",
        "What every object gets, by boto3's names, e.g. `{\"CacheControl\": \"max-age=86400\"}`",
    )
    .flags(&["--object-parameters"])
    .differs("names and values are checked before anything is sent"),
    Setting::new(
        "default_acl",
        &["AWS_DEFAULT_ACL"],
        Kind::Text,
        "",
        "The canned ACL of objects whose parameters have none, e.g. `public-read`; unset sends no ACL",
    )
    .flags(&["--default-acl"]),
    Setting::new(
        "querystring_auth",
        &["AWS_QUERYSTRING_AUTH"],
        Kind::Boolean,
        "true",
        "Whether URLs are signed; the two static classes fix it to `false`",
    ),
    Setting::new(
        "querystring_expire",
        &["AWS_QUERYSTRING_EXPIRE"],
        Kind::WholeNumber { least: 1, most: 3_155_760_000 },
        "3600",
        "How many seconds a signed URL is valid for; 604800 (7 days) at most with `s3v4`",
    )
    .differs("out of range it is an error"),
    Setting::new(
        "max_memory_size",
        &["AWS_S3_MAX_MEMORY_SIZE"],
        Kind::WholeNumber { least: 0, most: u64::MAX },
        "0",
        "How many bytes of a file that is decompressed while it is read stay in memory; 0 for all",
    ),
    Setting::new(
        "file_overwrite",
        &["AWS_S3_FILE_OVERWRITE"],
        Kind::Boolean,
        "true",
        "Whether a file that is saved replaces one of the same name; `push` always does",
    ),
    Setting::new(
        "location",
        &["AWS_LOCATION"],
        Kind::Text,
        "\"\"",
        "The key prefix that everything is put under, e.g. `static`",
    )
    .flags(&["--location"])
    .differs("`.`, `..` and empty parts are told at once, not for each name"),
    Setting::new(
        "custom_domain",
        &["AWS_S3_CUSTOM_DOMAIN"],
        Kind::Text,
        "",
        "The host name of URLs instead of the bucket's, e.g. `cdn.example.com`",
    )
    .differs("with a scheme it is an error"),
    Setting::new(
        "url_protocol",
        &["AWS_S3_URL_PROTOCOL"],
        Kind::Text,
        "\"https:\"",
        "The scheme of URLs with a custom domain, with its colon",
    )
    .differs("without its colon it is an error"),
    Setting::new(
        "cloudfront_key_id",
        &["AWS_CLOUDFRONT_KEY_ID"],
        Kind::Text,
        "",
        "The id of the key that signs CloudFront URLs",
    ),
    Setting::new(
        "cloudfront_key",
        &["AWS_CLOUDFRONT_KEY"],
        Kind::Text,
        "",
        "The private key that signs CloudFront URLs, as PEM text: RSA, or ECDSA on P-256",
    )
    .secret(),
    Setting::new(
        "signature_version",
        &["AWS_S3_SIGNATURE_VERSION"],
        Kind::Choice(&["s3", "s3v4", "v4"]),
        "\"s3v4\"",
        "How requests and URLs are signed; buckets that AWS made after June 2020 take `s3v4` only",
    )
    .differs("unset is `s3v4` wherever the bucket is"),
    Setting::new(
        "addressing_style",
        &["AWS_S3_ADDRESSING_STYLE"],
        Kind::Choice(&["auto", "path", "virtual"]),
        "\"auto\"",
        "Where the bucket's name goes: `virtual` into the host, `path` behind it, `auto` as boto3",
    )
    .flags(&["--addressing-style"])
    .differs("requests in `us-east-1` go to its regional host"),
    Setting::new(
        "region_name",
        &["AWS_S3_REGION_NAME"],
        Kind::Text,
        "",
        "The bucket's region, e.g. `eu-west-1`; unset asks AWS's own environment and the profile",
    )
    .flags(&["--region", "--region-name"])
    .differs("`AWS_REGION` is read, too"),
    Setting::new(
        "endpoint_url",
        &["AWS_S3_ENDPOINT_URL"],
        Kind::Text,
        "",
        "Where S3 is when it is not AWS, with its scheme, e.g. `https://s3.example.com`",
    )
    .flags(&["--endpoint-url"])
    .falls_to(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
    Setting::new(
        "use_ssl",
        &["AWS_S3_USE_SSL"],
        Kind::Boolean,
        "true",
        "Whether AWS is spoken to over TLS; `endpoint_url` has its own scheme",
    )
    .flags(&["--use-ssl"]),
    Setting::new(
        "verify",
        &["AWS_S3_VERIFY"],
        Kind::BooleanOrPath,
        "",
        "`true` trusts the system's authorities, a path those of a PEM file instead, `false` anyone",
    )
    .falls_to(&["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
    .differs("the system's authorities, not those of a Python package"),
    Setting::new(
        "proxies",
        &["AWS_S3_PROXIES"],
        Kind::Dictionary,
        "",
        "Proxies by scheme or by `scheme://host`, which wins, e.g. `{\"https\": \"http://user:password@proxy:3128\"}`; \
         unset asks `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`",
    )
    .differs("`scheme://host` counts, which botocore documents and ignores; on loopback only the setting counts"),
    Setting::new(
        "gzip",
        &["AWS_IS_GZIPPED"],
        Kind::Boolean,
        "false",
        "Whether bodies of `gzip_content_types` are stored compressed",
    )
    .flags(&["--gzip", "--no-gzip"]),
    Setting::new(
        "gzip_content_types",
        &["GZIP_CONTENT_TYPES"],
        Kind::List,
        r#"["text/css", "text/javascript", "application/javascript", "application/x-javascript", "image/svg+xml"]"#,
        "The content types that `gzip` is about, exactly",
    )
    .flags(&["--gzip-content-types"]),
    Setting::new(
        "file_name_charset",
        &["AWS_S3_FILE_NAME_CHARSET"],
        Kind::Text,
        "\"utf-8\"",
        "The character set of names; django-storages does not use it either",
    )
    .accepted(),
    Setting::new(
        "file_buffer_size",
        &["AWS_S3_FILE_BUFFER_SIZE"],
        Kind::WholeNumber { least: 1, most: u64::MAX },
        "5242880",
        "The part size of a file that is written piece by piece, 5 MiB at the least",
    ),
    Setting::new(
        "use_threads",
        &["AWS_S3_USE_THREADS"],
        Kind::Boolean,
        "true",
        "Whether parts of one object travel beside each other; `concurrency = 1` sends one request at a time",
    )
    .accepted(),
    Setting::new(
        "transfer_config",
        &["AWS_S3_TRANSFER_CONFIG"],
        Kind::Dictionary,
        "",
        "How bodies are cut, by the names of s3transfer's `TransferConfig`: `multipart_threshold`, `multipart_chunksize`, \
         `max_concurrency`",
    )
    .differs("a dictionary, not an object"),
    Setting::new(
        "client_config",
        &["AWS_S3_CLIENT_CONFIG"],
        Kind::Dictionary,
        "",
        "How the client speaks, by the names of botocore's `Config`; replaces `addressing_style`, `signature_version` and \
         `proxies`",
    )
    .differs("a dictionary, not an object; requests carry no checksum unless asked to"),
];
