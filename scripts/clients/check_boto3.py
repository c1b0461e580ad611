"""boto3: every kind of request, and every key."""

import base64
import hashlib
import io
import os
import urllib.request
import zlib
from datetime import datetime, timezone

from endpoint import BUCKET, ENDPOINT, S3, body_of, check, client, code, equal, fetch

ODD_KEYS = [
    "a", "a/b", "a//b", "a/", "/a", "../x", "a/./b", "a/../b", " lead", "trail ", "sp ace", "pl+us", "%41",
    "a%20b", "q?x=1", "h#ash", "amp&<>\"'", "ctl\x01\x1f", "new\nline", "uni-ü-漢-🙂", "nfd-u\u0308", "~t*()!$,;:=@",
    "back\\slash", ".", "..", "k" * 1024,
]


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
