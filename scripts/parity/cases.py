"""The settings under which both programs run. Names and values are django-storages' own."""

import dataclasses
import json

STATIC = "storages.backends.s3.S3StaticStorage"
HASHED = "storages.backends.s3.S3ManifestStaticStorage"

RULES = """\
[[rules]]
match = "*.html"
object_parameters = { CacheControl = "no-cache" }

[[rules]]
match = "*.svg"
object_parameters = { ContentType = "image/svg+xml; charset=utf-8", ContentDisposition = "inline" }
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """One set of settings."""

    name: str
    settings: dict = dataclasses.field(default_factory=dict)
    backend: str = STATIC
    config: str = ""

    @property
    def manifest(self):
        """The key of the manifest, where there is one."""
        return f"{self.location}staticfiles.json" if self.backend == HASHED else None

    @property
    def location(self):
        """The key prefix, ending in one slash where there is one."""
        location = self.settings.get("AWS_LOCATION", "").rstrip("/")
        return f"{location}/" if location else ""

    def environment(self):
        """The settings as environment variables, as s3collect reads them."""
        return {name: _as_text(value) for name, value in self.settings.items()}


def _as_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


HEADERS = {
    "CacheControl": "public, max-age=86400",
    "ContentDisposition": "inline",
    "ContentLanguage": "en-IE",
    "Expires": "Wed, 01 Jan 2031 00:00:00 GMT",
    "Metadata": {"release": "2026-11", "built-by": "parity"},
}

PLAIN = Case("plain")
GZIP = Case("gzip", {"AWS_IS_GZIPPED": True})
ALL = Case("gzip+headers+location", {
    "AWS_IS_GZIPPED": True, "AWS_LOCATION": "assets/v1/", "AWS_S3_OBJECT_PARAMETERS": HEADERS,
})

# What every server keeps.
HEADER_CASES = [
    PLAIN,
    GZIP,
    ALL,
    Case("headers", {"AWS_S3_OBJECT_PARAMETERS": HEADERS}),
    Case("location", {"AWS_LOCATION": "static"}),
    Case("gzip types", {"AWS_IS_GZIPPED": True, "GZIP_CONTENT_TYPES": ["text/html", "text/plain", "text/csv"]}),
    Case("content type", {
        "AWS_IS_GZIPPED": True, "AWS_S3_OBJECT_PARAMETERS": {"ContentType": "text/css"},
    }),
    Case("content encoding", {
        "AWS_IS_GZIPPED": True, "AWS_S3_OBJECT_PARAMETERS": {"ContentEncoding": "identity"},
    }),
    Case("empty content encoding", {
        "AWS_IS_GZIPPED": True, "AWS_S3_OBJECT_PARAMETERS": {"ContentEncoding": ""},
    }),
    Case("rules", {"AWS_S3_OBJECT_PARAMETERS": {"CacheControl": "public, max-age=60"}},
         backend="storage.RuledStorage", config=RULES),
]

# The headers that s3collect adds by itself are left out.
HASHED_CONFIG = f'backend = "{HASHED}"\nimmutable = false\n'
MANIFEST_CASES = [
    Case("manifest", {"AWS_LOCATION": "static"}, backend=HASHED, config=HASHED_CONFIG),
    Case("manifest+gzip+headers", {
        "AWS_IS_GZIPPED": True, "AWS_LOCATION": "assets/v1/", "AWS_S3_OBJECT_PARAMETERS": HEADERS,
    }, backend=HASHED, config=HASHED_CONFIG),
]

# What only moto keeps, and the embedded endpoint.
PERMISSION_CASES = [
    Case("acl", {"AWS_DEFAULT_ACL": "public-read"}),
    Case("acl twice", {"AWS_DEFAULT_ACL": "private", "AWS_S3_OBJECT_PARAMETERS": {"ACL": "authenticated-read"}}),
    Case("storage class", {"AWS_S3_OBJECT_PARAMETERS": {
        "StorageClass": "STANDARD_IA", "ServerSideEncryption": "AES256", "Tagging": "team=web&tier=static%20files",
        "WebsiteRedirectLocation": "/index.html",
    }}),
    Case("kms", {"AWS_IS_GZIPPED": True, "AWS_S3_OBJECT_PARAMETERS": {
        "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "4d5c1c7e-7b2a-4c1d-9c7e-000000000001",
    }}),
    Case("grants", {"AWS_S3_OBJECT_PARAMETERS": {
        "GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
    }}),
]
