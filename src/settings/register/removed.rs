//! Names that django-storages once had: each is an error that says what to use.

use super::Setting;

/// Rows that only explain.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::removed(
        "secure_urls",
        &["AWS_S3_SECURE_URLS"],
        "django-storages removed it in 1.13",
        "URLs are https; set `url_protocol = \"http:\"` where they must not be",
    ),
    Setting::removed(
        "auto_create_bucket",
        &["AWS_AUTO_CREATE_BUCKET"],
        "django-storages removed it in 1.10, and buckets are not made on the way",
        "make the bucket once, e.g. with `aws s3 mb s3://BUCKET`",
    ),
    Setting::removed(
        "bucket_acl",
        &["AWS_BUCKET_ACL"],
        "django-storages removed it in 1.10, and the bucket's own ACL is not touched",
        "give the bucket a policy, or objects an ACL with `default_acl`",
    ),
    Setting::removed(
        "preload_metadata",
        &["AWS_PRELOAD_METADATA"],
        "django-storages removed it in 1.10, and the location is listed once in any case",
        "leave it out",
    ),
    Setting::removed(
        "reduced_redundancy",
        &["AWS_REDUCED_REDUNDANCY"],
        "django-storages removed it in 1.10",
        "set `StorageClass = \"REDUCED_REDUNDANCY\"` in `object_parameters`",
    ),
    Setting::removed(
        "encryption",
        &["AWS_S3_ENCRYPTION"],
        "django-storages removed it in 1.10",
        "set `ServerSideEncryption = \"AES256\"` in `object_parameters`",
    ),
    Setting::removed("acl", &[], "django-storages removed it in 1.10", "use `default_acl`"),
    Setting::removed("bucket", &[], "django-storages removed it in 1.10", "use `bucket_name`"),
    Setting::removed(
        "config",
        &[],
        "it was a class attribute that held a Python object",
        "use `addressing_style`, `signature_version`, `proxies` or `client_config`",
    ),
    Setting::removed(
        "cloudfront_signer",
        &[],
        "it holds a Python object",
        "use `cloudfront_key` and `cloudfront_key_id`",
    ),
    Setting::removed(
        "headers",
        &["AWS_HEADERS"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `object_parameters`, and write `cache-control` as `CacheControl`",
    ),
    Setting::removed(
        "calling_format",
        &["AWS_S3_CALLING_FORMAT"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `addressing_style`; `VHostCallingFormat` is `virtual`, `OrdinaryCallingFormat` is `path`",
    ),
    Setting::removed(
        "host",
        &["AWS_S3_HOST"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `endpoint_url` with a scheme and the port, and take `region_name` from the host's name",
    ),
    Setting::removed(
        "port",
        &["AWS_S3_PORT"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `endpoint_url` with the host and the port",
    ),
    Setting::removed(
        "use_sigv4",
        &["S3_USE_SIGV4"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "leave it out, requests are signed with `s3v4`",
    ),
    Setting::removed(
        "origin",
        &["AWS_ORIGIN"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `region_name`",
    ),
    Setting::removed(
        "proxy_host",
        &["AWS_S3_PROXY_HOST"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `proxies`, e.g. `{\"https\": \"http://proxy:3128\"}`",
    ),
    Setting::removed(
        "proxy_port",
        &["AWS_S3_PROXY_PORT"],
        "it belongs to the boto backend, which django-storages removed in 1.9",
        "use `proxies`, with the port in the URL",
    ),
];
