"""What is in a bucket, and how two buckets differ."""

import dataclasses
import gzip
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

KEPT_HEADERS = (
    "content-type", "content-encoding", "content-language", "content-disposition", "content-length", "cache-control",
    "expires", "etag",
)
KEPT_PREFIXES = (
    "x-amz-meta-", "x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-website-redirect-location",
    "x-amz-tagging-count",
)
THREADS = 8
UNKNOWN = "application/octet-stream"

# Where a push keeps its records.
RECORDS = "/.s3collect/"


@dataclasses.dataclass(frozen=True)
class Difference:
    """One thing in which the object of one key differs."""

    key: str
    what: str
    expected: object
    found: object

    def __str__(self):
        return f"{self.key}: {self.what}: collectstatic {self.expected!r}, s3collect {self.found!r}"


def read(client, bucket, permissions=False):
    """Every object but records of releases: key → what is said of it, headers and body, and with `permissions` its
    grants and tags."""
    def one(key):
        answer = client.get_object(Bucket=bucket, Key=key)
        body = hashlib.sha256()
        for piece in iter(lambda: answer["Body"].read(1 << 20), b""):
            body.update(piece)
        facts = {"body": body.hexdigest()}
        for header, value in answer["ResponseMetadata"]["HTTPHeaders"].items():
            if header in KEPT_HEADERS or header.startswith(KEPT_PREFIXES):
                facts[header] = value
        if permissions:
            facts["grants"] = _grants(client.get_object_acl(Bucket=bucket, Key=key))
            tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            facts["tags"] = sorted((tag["Key"], tag["Value"]) for tag in tags)
        return key, facts

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(one, assets(client, bucket)))


def manifest(client, bucket, key):
    """The manifest of a bucket."""
    answer = client.get_object(Bucket=bucket, Key=key)
    body = answer["Body"].read()
    return json.loads(gzip.decompress(body) if answer.get("ContentEncoding") == "gzip" else body)


def sort_manifest(client, bucket, key, objects):
    """Puts the sorted document in place of the body of the manifest, and of what follows from its bytes."""
    facts = objects[key]
    facts["body"] = json.dumps(manifest(client, bucket, key), sort_keys=True)
    for header in ("etag", "content-length"):
        facts.pop(header)


def keys(client, bucket):
    """All keys, in the order that the server lists them in."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def assets(client, bucket):
    """All keys but those of records of releases."""
    return [key for key in keys(client, bucket) if RECORDS not in f"/{key}"]


def empty(client, bucket):
    """Deletes everything in a bucket, which is made where it is missing."""
    try:
        client.create_bucket(Bucket=bucket)
    except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
        pass
    found = keys(client, bucket)
    for start in range(0, len(found), 1000):
        objects = [{"Key": key} for key in found[start:start + 1000]]
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            raise SystemExit(f"error: the server does not delete {answer['Errors'][:3]}")


def compare(expected, found, known_extensions, guesses):
    """(differences, allowed differences) between what collectstatic left and what s3collect left. A server that
    `guesses` answers with a type of its own where it was told `application/octet-stream`."""
    differences, allowed = [], []
    for key in sorted(expected.keys() | found.keys()):
        if key not in found:
            differences.append(Difference(key, "object", "stored", "missing"))
        elif key not in expected:
            differences.append(Difference(key, "object", "missing", "stored"))
        else:
            for what in sorted(expected[key].keys() | found[key].keys()):
                pair = expected[key].get(what), found[key].get(what)
                if pair[0] == pair[1] or (guesses and what == "content-type" and pair[1] == UNKNOWN):
                    continue
                fine = what == "content-type" and _is_allowed(key, *pair, known_extensions, guesses)
                (allowed if fine else differences).append(Difference(key, what, *pair))
    return differences, allowed


def _is_allowed(key, expected, found, known_extensions, guesses):
    """Whether docs/semantics.md lists the difference: `.map` is JSON, and a type that the table lacks may be known."""
    if expected != UNKNOWN and not guesses:
        return False
    extension = PurePosixPath(key).suffix.lower()
    return found == "application/json" if extension == ".map" else extension not in known_extensions


def _grants(answer):
    """Who may do what; owners' ids differ from server to server, so they are only called the owner."""
    owner = answer.get("Owner", {}).get("ID")
    grants = []
    for grant in answer["Grants"]:
        grantee = grant["Grantee"]
        who = "owner" if grantee.get("ID") == owner else grantee.get("URI") or grantee.get("ID")
        grants.append((who, grant["Permission"]))
    return sorted(grants)
