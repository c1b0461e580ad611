#!/usr/bin/env python3
"""Other people's S3 clients against a running `s3collect serve`.

Usage: check_clients.py ENDPOINT_URL [ACCESS_KEY SECRET_KEY]

Prints a line per check and exits 1 if one failed. Works in a bucket of its own, which it removes.
"""

import base64
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import traceback
import urllib.error
import urllib.request
import uuid
import zlib
from datetime import datetime, timezone
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1].rstrip("/")
ACCESS_KEY, SECRET_KEY = (sys.argv[2:4] + ["S3COLLECT", "s3collect-local-secret-key"][len(sys.argv) - 2 :])[:2]
BUCKET = f"check-{uuid.uuid4().hex[:12]}"
TOOLS = Path(sys.executable).parent
CHECKS = []

ODD_KEYS = [
    "a", "a/b", "a//b", "a/", "/a", "../x", "a/./b", "a/../b", " lead", "trail ", "sp ace", "pl+us", "%41",
    "a%20b", "q?x=1", "h#ash", "amp&<>\"'", "ctl\x01\x1f", "new\nline", "uni-ü-漢-🙂", "nfd-u\u0308", "~t*()!$,;:=@",
    "back\\slash", ".", "..", "k" * 1024,
]


def check(function):
    CHECKS.append(function)
    return function


def client(secret=SECRET_KEY, access=ACCESS_KEY, endpoint=ENDPOINT, **config):
    config.setdefault("s3", {"addressing_style": "path"})
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access,
        aws_secret_access_key=secret, config=Config(retries={"max_attempts": 1}, **config),
    )


S3 = client()


def code(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return None


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def fetch(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def body_of(key):
    return S3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@check
def buckets():
    assert BUCKET in [bucket["Name"] for bucket in S3.list_buckets()["Buckets"]]
    S3.head_bucket(Bucket=BUCKET)
    equal(S3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"], None)
    equal(code(S3.create_bucket, Bucket=BUCKET), (409, "BucketAlreadyOwnedByYou"))
    equal(code(S3.head_bucket, Bucket="no-such-bucket"), (404, "404"))
    equal(code(S3.put_object, Bucket="no-such-bucket", Key="k", Body=b""), (404, "NoSuchBucket"))
    equal(code(S3.get_object, Bucket=BUCKET, Key="no-such-key"), (404, "NoSuchKey"))


@check
def every_parameter_comes_back():
    kept = {
        "ContentType": "text/css", "ContentEncoding": "gzip", "ContentDisposition": 'attachment; filename="x"',
        "ContentLanguage": "de", "CacheControl": "max-age=60", "StorageClass": "SOME_NEW_CLASS",
        "WebsiteRedirectLocation": "/else", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1",
        "BucketKeyEnabled": True, "Metadata": {"who": "me", "two-words": "a b"}, "ObjectLockMode": "GOVERNANCE",
        "ObjectLockLegalHoldStatus": "ON",
    }
    expires = datetime(2031, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    S3.put_object(
        Bucket=BUCKET, Key="kept", Body=b"x", Tagging="stage=live&team=a%20b", ACL="public-read", Expires=expires,
        ObjectLockRetainUntilDate=expires, **kept,
    )
    for answer in (S3.head_object(Bucket=BUCKET, Key="kept"), S3.get_object(Bucket=BUCKET, Key="kept")):
        equal({name: answer[name] for name in kept}, kept)
        equal(answer["ExpiresString"], "Thu, 02 Jan 2031 03:04:05 GMT")
        equal(answer["ObjectLockRetainUntilDate"], expires)
        equal(answer["ETag"], '"%s"' % hashlib.md5(b"x").hexdigest())
    tags = S3.get_object_tagging(Bucket=BUCKET, Key="kept")["TagSet"]
    equal(tags, [{"Key": "stage", "Value": "live"}, {"Key": "team", "Value": "a b"}])
    grants = S3.get_object_acl(Bucket=BUCKET, Key="kept")["Grants"]
    equal([grant["Permission"] for grant in grants], ["FULL_CONTROL", "READ"])
    equal(grants[1]["Grantee"]["URI"], "http://acs.amazonaws.com/groups/global/AllUsers")
    equal(fetch(f"{ENDPOINT}/{BUCKET}/kept"), (200, b"x"))


@check
def checksums():
    S3.put_object(Bucket=BUCKET, Key="plain", Body=b"body")
    head = S3.head_object(Bucket=BUCKET, Key="plain", ChecksumMode="ENABLED")
    crc = base64.b64encode(zlib.crc32(b"body").to_bytes(4, "big")).decode()
    equal((head["ChecksumCRC32"], head["ChecksumType"]), (crc, "FULL_OBJECT"))
    S3.put_object(Bucket=BUCKET, Key="streamed", Body=io.BytesIO(b"y" * 300_000), ContentEncoding="gzip")
    equal(S3.head_object(Bucket=BUCKET, Key="streamed")["ContentEncoding"], "gzip")
    equal(body_of("streamed"), b"y" * 300_000)
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        answer = S3.put_object(Bucket=BUCKET, Key=algorithm, Body=b"body", ChecksumAlgorithm=algorithm)
        head = S3.head_object(Bucket=BUCKET, Key=algorithm, ChecksumMode="ENABLED")
        equal(head[f"Checksum{algorithm}"], answer[f"Checksum{algorithm}"])
    wrong = base64.b64encode(b"0000").decode()
    equal(code(S3.put_object, Bucket=BUCKET, Key="k", Body=b"body", ChecksumCRC32=wrong), (400, "BadDigest"))
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    equal(code(S3.put_object, Bucket=BUCKET, Key="k", Body=b"body", ContentMD5=md5), (400, "BadDigest"))
    quiet = client(request_checksum_calculation="when_required", s3={"payload_signing_enabled": False})
    quiet.put_object(Bucket=BUCKET, Key="unsigned", Body=b"body")
    equal(S3.get_object(Bucket=BUCKET, Key="unsigned", ChecksumMode="ENABLED")["ChecksumType"], "FULL_OBJECT")


@check
def multipart():
    body = os.urandom(20 * 1024 * 1024 + 3)
    S3.upload_fileobj(io.BytesIO(body), BUCKET, "large", ExtraArgs={"ContentType": "video/mp4"})
    head = S3.head_object(Bucket=BUCKET, Key="large")
    size = 8 * 1024 * 1024
    digests = [hashlib.md5(body[start : start + size]).digest() for start in range(0, len(body), size)]
    equal(head["ETag"], '"%s-3"' % hashlib.md5(b"".join(digests)).hexdigest())
    equal((head["ContentLength"], head["ContentType"]), (len(body), "video/mp4"))
    assert body_of("large") == body
    target = io.BytesIO()
    S3.download_fileobj(BUCKET, "large", target)
    assert target.getvalue() == body
    S3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "large-copy")
    assert body_of("large-copy") == body
    part = S3.get_object(Bucket=BUCKET, Key="large", PartNumber=3)
    equal((part["PartsCount"], part["ContentLength"]), (3, len(body) - 2 * size))
    attributes = S3.get_object_attributes(Bucket=BUCKET, Key="large", ObjectAttributes=["ObjectParts", "ObjectSize"])
    equal((attributes["ObjectSize"], attributes["ObjectParts"]["TotalPartsCount"]), (len(body), 3))
    upload = S3.create_multipart_upload(Bucket=BUCKET, Key="given-up")["UploadId"]
    S3.upload_part(Bucket=BUCKET, Key="given-up", UploadId=upload, PartNumber=1, Body=b"part")
    equal([u["UploadId"] for u in S3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]], [upload])
    equal(len(S3.list_parts(Bucket=BUCKET, Key="given-up", UploadId=upload)["Parts"]), 1)
    S3.abort_multipart_upload(Bucket=BUCKET, Key="given-up", UploadId=upload)
    assert "Uploads" not in S3.list_multipart_uploads(Bucket=BUCKET)


@check
def odd_keys():
    for key in ODD_KEYS:
        S3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    listed = [o["Key"] for p in S3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET) for o in p["Contents"]]
    equal(listed, sorted(listed, key=lambda key: key.encode()))
    equal([key for key in ODD_KEYS if key not in listed], [])
    for key in ODD_KEYS:
        equal(body_of(key), key.encode())
        url = S3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key})
        equal(fetch(url), (200, key.encode()))
    equal(code(S3.put_object, Bucket=BUCKET, Key="k" * 1025, Body=b""), (400, "KeyTooLongError"))


@check
def listings():
    for number in range(2_005):
        S3.put_object(Bucket=BUCKET, Key=f"static/{number:04}.css", Body=b"")
    S3.put_object(Bucket=BUCKET, Key="static-old/x.css", Body=b"")
    for operation in ("list_objects", "list_objects_v2"):
        pages = list(S3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="static/"))
        equal([len(page["Contents"]) for page in pages], [1000, 1000, 5])
        pages = S3.get_paginator(operation).paginate(
            Bucket=BUCKET, Prefix="static", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
        equal([p["Prefix"] for page in pages for p in page["CommonPrefixes"]], ["static-old/", "static/"])
    after = S3.list_objects_v2(Bucket=BUCKET, Prefix="static/", StartAfter="static/2000.css")
    equal([entry["Key"][-8:] for entry in after["Contents"]], ["2001.css", "2002.css", "2003.css", "2004.css"])
    objects = [{"Key": f"static/{number:04}.css"} for number in range(1000)]
    equal(len(S3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})["Deleted"]), 1000)
    equal(S3.list_objects_v2(Bucket=BUCKET, Prefix="static/", MaxKeys=1)["Contents"][0]["Key"], "static/1000.css")


@check
def conditions_and_ranges():
    etag = S3.put_object(Bucket=BUCKET, Key="one", Body=b"0123456789")["ETag"]
    equal(code(S3.put_object, Bucket=BUCKET, Key="one", Body=b"", IfNoneMatch="*"), (412, "PreconditionFailed"))
    equal(code(S3.put_object, Bucket=BUCKET, Key="one", Body=b"", IfMatch='"x"'), (412, "PreconditionFailed"))
    S3.put_object(Bucket=BUCKET, Key="one", Body=b"0123456789", IfMatch=etag)
    equal(code(S3.get_object, Bucket=BUCKET, Key="one", IfNoneMatch=etag), (304, "304"))
    equal(code(S3.get_object, Bucket=BUCKET, Key="one", IfMatch='"x"'), (412, "PreconditionFailed"))
    when = datetime(2040, 1, 1, tzinfo=timezone.utc)
    equal(code(S3.head_object, Bucket=BUCKET, Key="one", IfModifiedSince=when), (304, "304"))
    part = S3.get_object(Bucket=BUCKET, Key="one", Range="bytes=2-4")
    equal((part["Body"].read(), part["ContentRange"]), (b"234", "bytes 2-4/10"))
    equal(S3.get_object(Bucket=BUCKET, Key="one", Range="bytes=-3")["Body"].read(), b"789")
    equal(code(S3.get_object, Bucket=BUCKET, Key="one", Range="bytes=10-"), (416, "InvalidRange"))
    other = S3.get_object(Bucket=BUCKET, Key="one", ResponseContentType="text/x", ResponseCacheControl="no-store")
    equal((other["ContentType"], other["CacheControl"]), ("text/x", "no-store"))


@check
def copies():
    source = {"Bucket": BUCKET, "Key": "from ü"}
    S3.put_object(Bucket=BUCKET, Key="from ü", Body=b"x", ContentType="text/css", Metadata={"a": "b"}, Tagging="t=1")
    S3.copy_object(Bucket=BUCKET, Key="to", CopySource=source)
    head = S3.head_object(Bucket=BUCKET, Key="to")
    equal((head["ContentType"], head["Metadata"]), ("text/css", {"a": "b"}))
    equal(S3.get_object_tagging(Bucket=BUCKET, Key="to")["TagSet"], [{"Key": "t", "Value": "1"}])
    S3.copy_object(Bucket=BUCKET, Key="to", CopySource=source, MetadataDirective="REPLACE", ContentType="text/x")
    head = S3.head_object(Bucket=BUCKET, Key="to")
    equal((head["ContentType"], head["Metadata"]), ("text/x", {}))
    equal(code(S3.copy_object, Bucket=BUCKET, Key="from ü", CopySource=source), (400, "InvalidRequest"))


@check
def signatures():
    S3.put_object(Bucket=BUCKET, Key="signed", Body=b"x")
    for version in ("s3v4", "s3"):
        url = client(signature_version=version).generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "signed"})
        equal(fetch(url), (200, b"x"))
        equal(fetch(url.replace("/signed?", "/kept?"))[0], 403)
    put = S3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": "put", "ContentType": "text/css"})
    request = urllib.request.Request(put, b"put", {"Content-Type": "text/css"}, method="PUT")
    equal(urllib.request.urlopen(request).status, 200)
    equal(S3.head_object(Bucket=BUCKET, Key="put")["ContentType"], "text/css")
    old = client(signature_version="s3")
    old.put_object(Bucket=BUCKET, Key="v2", Body=b"x")
    equal(code(client(secret="wrong").list_buckets), (403, "SignatureDoesNotMatch"))
    equal(code(client(access="nobody").list_buckets), (403, "InvalidAccessKeyId"))
    equal(fetch(f"{ENDPOINT}/{BUCKET}?list-type=2")[0], 403)
    port = ENDPOINT.rsplit(":", 1)[1]
    virtual = client(endpoint=f"http://localhost:{port}", s3={"addressing_style": "virtual"})
    url = virtual.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "signed"})
    host = url.split("/")[2]
    equal(host, f"{BUCKET}.localhost:{port}")
    equal(fetch(url.replace(host, f"127.0.0.1:{port}"), Host=host), (200, b"x"))


def environment(**more):
    settings = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": ENDPOINT, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {**os.environ, **settings, **more}


def run(*command, **more):
    done = subprocess.run(command, env=environment(**more), capture_output=True, text=True)
    assert done.returncode == 0, f"{command[:4]} exited {done.returncode}: {done.stdout[-600:]}{done.stderr[-1200:]}"
    return done.stdout


def site(directory):
    (directory / "css").mkdir(parents=True)
    (directory / "css/site.css").write_text("body { background: url(../img/bg.png) }\n" * 50)
    (directory / "img").mkdir()
    (directory / "img/bg.png").write_bytes(os.urandom(9_000_000))
    (directory / "sp ace+ü.txt").write_text("odd")
    return directory


@check
def aws_cli():
    aws = str(TOOLS / "aws")
    with tempfile.TemporaryDirectory() as scratch:
        source = site(Path(scratch) / "source")
        first = run(aws, "s3", "sync", str(source), f"s3://{BUCKET}/cli", "--no-progress")
        equal(first.count("upload:"), 3)
        equal(run(aws, "s3", "sync", str(source), f"s3://{BUCKET}/cli", "--no-progress"), "")
        (source / "css/site.css").unlink()
        last = run(aws, "s3", "sync", str(source), f"s3://{BUCKET}/cli", "--delete", "--no-progress")
        equal(last.count("delete:"), 1)
        run(aws, "s3", "sync", f"s3://{BUCKET}/cli", scratch + "/back", "--no-progress")
        for name in ("img/bg.png", "sp ace+ü.txt"):
            equal(Path(scratch, "back", name).read_bytes(), (source / name).read_bytes())
        assert "PRE img/" in run(aws, "s3", "ls", f"s3://{BUCKET}/cli/")
        run(aws, "s3", "rm", "--recursive", f"s3://{BUCKET}/cli")


SETTINGS = """
import os
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.staticfiles", "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"]
STATICFILES_DIRS = [os.environ["SOURCE"]]
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": os.environ["BACKEND"], "OPTIONS": {
        "bucket_name": os.environ["BUCKET"], "location": os.environ["LOCATION"], "gzip": True,
        "endpoint_url": os.environ["AWS_ENDPOINT_URL"], "default_acl": "public-read",
        "object_parameters": {"CacheControl": "max-age=60"},
    }},
}
"""


def collectstatic(backend, location, source, scratch):
    Path(scratch, "check_settings.py").write_text(SETTINGS)
    return run(
        sys.executable, "-m", "django", "collectstatic", "--noinput", DJANGO_SETTINGS_MODULE="check_settings",
        PYTHONPATH=scratch, BACKEND=f"storages.backends.s3.{backend}", LOCATION=location, BUCKET=BUCKET,
        SOURCE=str(source),
    )


@check
def django_collectstatic():
    with tempfile.TemporaryDirectory() as scratch:
        source = site(Path(scratch) / "source")
        assert " static files copied" in collectstatic("S3StaticStorage", "plain", source, scratch)
        assert "0 static files copied" in collectstatic("S3StaticStorage", "plain", source, scratch)
        head = S3.head_object(Bucket=BUCKET, Key="plain/css/site.css")
        equal((head["ContentType"], head["ContentEncoding"], head["CacheControl"]), ("text/css", "gzip", "max-age=60"))
        equal(fetch(f"{ENDPOINT}/{BUCKET}/plain/css/site.css")[0], 200)
        assert "post-processed" in collectstatic("S3ManifestStaticStorage", "hashed", source, scratch)
        manifest = body_of("hashed/staticfiles.json")
        assert b'"admin/css/base.css"' in manifest


@check
def s5cmd():
    binaries = [path for path in TOOLS.parent.rglob("s5cmd") if path.is_file()]
    command = [str(binaries[0]), "--endpoint-url", ENDPOINT]
    with tempfile.TemporaryDirectory() as scratch:
        source = site(Path(scratch) / "source")
        run(*command, "cp", f"{source}/", f"s3://{BUCKET}/s5/")
        equal(len(run(*command, "ls", f"s3://{BUCKET}/s5/*").splitlines()), 3)
        run(*command, "rm", f"s3://{BUCKET}/s5/*")
        assert "Contents" not in S3.list_objects_v2(Bucket=BUCKET, Prefix="s5/")


def empty():
    for page in S3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        objects = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if objects:
            S3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})


def main():
    S3.create_bucket(Bucket=BUCKET)
    failed = 0
    for function in CHECKS:
        try:
            function()
            print(f"ok      {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {function.__name__}\n{traceback.format_exc()}", flush=True)
    empty()
    S3.delete_bucket(Bucket=BUCKET)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
