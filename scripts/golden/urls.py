"""Prints fixtures/urls.tsv: the URLs that django-storages gives, by a clock that stands still, and where it fails.

Run from the package's root with the versions of scripts/requirements.txt and `cryptography`:
python -P scripts/golden/urls.py > fixtures/urls.tsv

A line that begins with `@` has the settings, as `OPTIONS` of a storage, for the lines below it. Those have a name, the
other arguments of `url()`, and the URL, or the class of what was raised as an object.
"""

import datetime, io, itertools, json, os, pathlib, sys, warnings

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")

import botocore, botocore.auth, django
from django.conf import settings

settings.configure(STATIC_URL="/static/", DEBUG=False)
warnings.simplefilter("ignore")

import storages, storages.backends.s3

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=datetime.timezone.utc)
KEY = pathlib.Path("fixtures/cloudfront/rsa_pkcs1.pem").read_text()
KEY_8 = pathlib.Path("fixtures/cloudfront/rsa_pkcs8.pem").read_text()
KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
UNSIGNED = {"querystring_auth": False}
V4 = {"signature_version": "s3v4"}
V2 = {"signature_version": "s3"}
TOKEN = {"security_token": "FwoGZXIvYXdzEJr//+/=&?#% é"}
BUCKET = {"bucket_name": "acme-assets"}
DOMAIN = {**BUCKET, "custom_domain": "cdn.example.com"}
CLOUDFRONT = {**DOMAIN, "cloudfront_key_id": "K2JCJMDEHXQW5F", "cloudfront_key": "rsa_pkcs1.pem"}


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW.replace(tzinfo=None)


botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW.replace(tzinfo=None) if remove_tzinfo else NOW
botocore.auth.time.time = NOW.timestamp
storages.backends.s3.datetime = Clock

NAMES = r"""css/site.css a+b.css 100%.png a%20b.txt a%2Fb.txt a%252Fb.txt a#b.txt a?b.txt a?b=c&d.txt café.css 日本語/画像.png ~a/~b.txt it's.txt a"b.txt par(1)'.css wow!*.css a=b.txt a&b.txt a;b.txt a,b.txt a@b.txt a$b.txt a:b.txt x:y/z.txt
<a>.txt a|b.txt a^b.txt a`b.txt a{b}.txt a[b].txt a_b-c.d a\b.css a\..\b.css ..\a.css a/\b.css \a.css
/abs.css //abs.css ///abs.css /../a.css ../a.css ../../a.css a/../b.css a/../../b.css a/../../../b.css ../static/a.css static/a.css static/../../x ./a.css a/./b.css a//b.css a///b//c.css . .. / ./ ../ a/ a/b/ a// a/. a/.. a/../ .hidden ... a/... a. -a -- a/-
static static/ staticx http://x/a.css https: data:x""".split()
NAMES += ["", " ", "a b.css", " a.css", "a.css ", "a  b/ c.css", "a\tb.css", "a\nb.css", "a\rb.css", "\x01.css", "a\x7fb.css", "\u00a0a.css", "e\u0301.css", "\U0001f600.png", "a\u2028b.txt", "a" * 300 + ".css", "..a/b", "a\\", "a/\\"]

PARAMETERS = [
    {"ResponseContentDisposition": "attachment; filename=\"a b+c.css\""}, {"ResponseContentType": "text/css; charset=utf-8"}, {"ResponseCacheControl": "no-cache, max-age=0", "ResponseContentLanguage": "en"}, {"ResponseContentEncoding": "gzip"},
    {"VersionId": "3HL4kqtJvjVBH40Nrjfkd/+="}, {"PartNumber": 3}, {"ResponseContentDisposition": "é~*'()!"}, {"ResponseContentDisposition": ""}, {"Range": "bytes=0-99"}, {"IfMatch": "\"abc\""}, {"IfNoneMatch": "a  b", "Range": "bytes=1-"},
    {"RequestPayer": "requester"}, {"ExpectedBucketOwner": "123456789012"}, {"ChecksumMode": "ENABLED"}, {"RequestPayer": "requester", "VersionId": "1", "ResponseContentType": "a/b", "ExpectedBucketOwner": "123456789012"},
    {"ResponseExpires": "2027-01-02T03:04:05Z"}, {"IfModifiedSince": "2025-01-02T03:04:05Z"}, {"IfUnmodifiedSince": "Wed, 21 Oct 2015 07:28:00 GMT"}, {"PartNumber": "three"}, {"Nonsense": "1"}, {"responsecontenttype": "1"}, {"Body": "1"}, {"RequestPayer": "me"},
]
DOMAIN_PARAMETERS = [{"v": "1"}, {"a b": "c+d é/~", "e": "f&g=h"}, {"z": "1", "a": "2"}, {"v": ""}, {"ResponseContentType": "text/css"}]
PATHS = {
    "css/site.css": "css/site.3f2a9c41d0be.css", "a b.css": "a b.111111111111.css", "café.css": "café.222222222222.css", "100%.png": "100%.333333333333.png", "a+b.css": "a+b.444444444444.css", "a#b.txt": "a.555555555555#b.txt", "a": "a.666666666666",
    "fonts/x.eot": "fonts/x.777777777777.eot", "a%20b.txt": "a b.888888888888.txt", "a?b": "a.999999999999?b", "q.txt": "q%2Fr.aaaaaaaaaaaa.txt", "/abs.css": "abs.bbbbbbbbbbbb.css", "par(1)'.css": "par(1)'.cccccccccccc.css", "": "empty", "z;.css": "z;.dddddddddddd.css", "d/e.css": "../e.css",
}
MANIFEST_NAMES = ["css/site.css", "a b.css", "a%20b.css", "café.css", "caf%C3%A9.css", "100%.png", "100%25.png", "a+b.css", "a#b.txt", "a%23b.txt", "a", "a?b", "a%3Fb", "q.txt", "fonts/x.eot", "fonts/x.eot?#iefix", "fonts/x.eot?v=1#iefix", "fonts/x.eot?v=1", "fonts/x.eot#iefix",
    "fonts/x.eot?", "fonts/x.eot#", "fonts/x.eot?#", "a%20b.txt", "/abs.css", "par(1)'.css", "css/", "css/#f", "css/?q", "", "missing.css", "css/Site.css", "./css/site.css", "css/../css/site.css", "css\\site.css", " css/site.css ", "css/site.css\n", "\x1ccss/site.css", "%2Fabs.css",
    "css%2Fsite.css", "http://x/css/site.css", "//x/css/site.css", "x:css/site.css", "HTTP:css/site.css", "//[x", "z;.css", "z;.css#f", "d/e.css", "#f", "?q", "css/site.css#a b", "css/site.css?a b#c%20d", "css/site.css?x=%2F#%23", "fonts/x.eot?#%3F"]


def groups():
    """Settings, and the calls under them."""
    plain = [("css/site.css", {})]
    every = [(name, {}) for name in NAMES]
    signed = {**BUCKET, **KEYS}
    for options in (
        {**BUCKET, **UNSIGNED}, {**BUCKET, **UNSIGNED, "location": "static"}, {**DOMAIN, **UNSIGNED}, {**DOMAIN, **UNSIGNED, "location": "static/"}, {**signed, **V4}, {**signed, **V2}, {**signed, **V4, "location": "a b/é+c"},
        {**signed, **V2, "location": "a b/é+c", "addressing_style": "path"}, {**CLOUDFRONT, "location": "static"}, 
    ):
        yield options, every
    buckets = ["acme-assets", "assets.acme.com", "Acme_Assets", "ACME", "ab", "-ab", "192.168.1.1", "a..b", "x" * 63, "x" * 64, "arn:aws:s3:eu-west-1:123456789012:accesspoint:my-point",
        "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:my-point", "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap", "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/my-lambda",
        "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/my-point", "arn:aws:s3-outposts:us-west-2:123456789012:outpost:op-01234567890123456:accesspoint:my-point", "arn:aws:s3:eu-west-1:123456789012:accesspoint:my.point"]
    regions = [None, "us-east-1", "eu-west-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "moon-base-1", "auto", "aws-global"]
    endpoints = ["http://127.0.0.1:9000", "https://minio.example.com", "http://minio.example.com:9000", "https://s3.example.com/base", "https://s3.example.com/base/", "https://s3.example.com/", "https://[::1]:9000", "http://localhost:9000/", "https://s3.eu-west-3.amazonaws.com",
        "https://ACCOUNT.r2.cloudflarestorage.com", "https://s3.example.com:443"]
    styles = [None, "auto", "path", "virtual"]
    signings = [UNSIGNED, {**KEYS, **V4}, {**KEYS, **V2}]
    for bucket, region, style, signing in itertools.product(buckets, regions, styles, signings):
        # Every region with the first bucket, every bucket in three of them; Version 2 in one.
        usual = ["eu-west-1"] if signing is signings[2] else [None, "eu-west-1"] + ["cn-north-1"] * (signing is UNSIGNED)
        if style != "auto" and (region in usual or (bucket == buckets[0] and signing is not signings[2])):
            yield given(bucket_name=bucket, region_name=region, addressing_style=style, **signing), plain
    for endpoint, bucket, style, signing in itertools.product(endpoints, buckets[:3] + buckets[4:5] + buckets[10:11], styles, signings):
        if style != "auto" and (bucket == buckets[0] or (endpoint in endpoints[:4] and signing is not UNSIGNED)):
            yield given(bucket_name=bucket, endpoint_url=endpoint, addressing_style=style, **signing), plain
    for signing, endpoint in itertools.product(signings, [None, "https://s3.example.com", "http://s3.example.com"]):
        yield given(**BUCKET, use_ssl=False, endpoint_url=endpoint, **signing), plain
        yield given(**BUCKET, use_ssl=False, endpoint_url=endpoint, addressing_style="virtual", region_name="eu-west-1", **signing), plain
        yield given(**BUCKET, region_name="eu-west-1", endpoint_url=endpoint, **signing), plain
    for region in regions:
        yield given(**signed, region_name=region), plain
    yield {**signed, "endpoint_url": "http://127.0.0.1:9000"}, plain
    calls = [("a b.css", {"parameters": parameters}) for parameters in PARAMETERS]
    calls += [("a b.css", {"http_method": method}) for method in ("GET", "HEAD", "PUT", "DELETE", "get")] + [("a b.css", {"expire": expire}) for expire in (1, 60, 604800)]
    for signing in (UNSIGNED, {**KEYS, **V4}, {**KEYS, **V2}, {**KEYS, **V4, **TOKEN}, {**KEYS, **V2, **TOKEN}):
        yield {**BUCKET, **signing}, calls
        yield {**BUCKET, **signing, "addressing_style": "path", "region_name": "eu-west-1", "querystring_expire": 86400}, calls[:16:3] + calls[-8:]
    calls = [("a b.css", {"parameters": parameters}) for parameters in DOMAIN_PARAMETERS] + [("a b.css", {"http_method": "HEAD"}), ("a b.css", {"expire": 60}), ("a b.css", {"expire": 31536000})]
    for options in ({**DOMAIN, **UNSIGNED}, CLOUDFRONT, {**CLOUDFRONT, "cloudfront_key": "rsa_pkcs8.pem", "querystring_expire": 86400}, {**CLOUDFRONT, **UNSIGNED}, {**DOMAIN, **KEYS}):
        yield options, calls
    for protocol, domain in [("http:", "cdn.example.com"), ("", "cdn.example.com"), ("https:", "cdn.example.com/"), ("https:", "cdn.example.com/base"), ("https:", "https://cdn.example.com"), ("https", "x"), ("https:", "127.0.0.1:8000"), ("https:", "")]:
        yield {**BUCKET, **UNSIGNED, "custom_domain": domain, "url_protocol": protocol}, plain
    calls = [(name, {}) for name in MANIFEST_NAMES]
    for options in ({**BUCKET, "location": "static"}, DOMAIN, {**CLOUDFRONT, "querystring_auth": True}, {**signed, **V4, "querystring_auth": True}, {**signed, **V2, "querystring_auth": True}):
        yield {"backend": "S3ManifestStaticStorage", "manifest": PATHS, **options}, calls


def given(**options):
    return {name: value for name, value in options.items() if value is not None}


def storage(options):
    options = dict(options)
    kind = getattr(storages.backends.s3, options.pop("backend", "S3Storage"))
    if "cloudfront_key" in options:
        options["cloudfront_key"] = {"rsa_pkcs1.pem": KEY, "rsa_pkcs8.pem": KEY_8}[options["cloudfront_key"]]
    if "manifest" in options:
        text = json.dumps({"version": "1.1", "paths": options.pop("manifest"), "hash": ""}).encode()
        options["manifest_storage"] = type("Held", (), {"open": lambda self, name: io.BytesIO(text)})()
    return kind(**options)


def attempt(function):
    try:
        return function()
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    print(f"# By django-storages {storages.__version__}, botocore {botocore.__version__}, Django {django.get_version()} on CPython {sys.version.split()[0]}, at {NOW.isoformat()}")
    for options, calls in groups():
        print("@" + json.dumps(options, ensure_ascii=False))
        held = storage(options)
        for name, arguments in calls:
            url = attempt(lambda: held.url(name, **arguments))
            if "parameters" in arguments:  # as pairs: their order counts
                arguments = {**arguments, "parameters": [[name, str(value)] for name, value in arguments["parameters"].items()]}
            print(json.dumps(name, ensure_ascii=False), json.dumps(arguments, ensure_ascii=False), json.dumps(url, ensure_ascii=False), sep="\t")


main()
