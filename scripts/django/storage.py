#!/usr/bin/env python3
"""Runs the same random sequences of storage operations through django-storages and through s3collect, each in a bucket
of its own on the same server, and compares: every answer and every refusal as they come, then all objects with their
bodies, ETags and headers. Prints every difference with the sequence that leads to it, and exits 1 where there is one."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "parity"), str(HERE.parent / "servers")]

import environment

NAMES = ["a.txt", "d/b.css", "d/e/c.js", "./a.txt", "d//b.css", "d\\b.css", "../a.txt", "../../x", "/abs.txt", "d/", "d",
         "", ".", "a.tar.gz", "é ü.txt", "d/../a.txt", ".hidden", "d/..", "a b+c%20.svg", "noext", "d/b.min.css", "a\\..\\b",
         "..\\x", "A.CSS", "x.unknown", "d/e/a.woff2", "//a.txt", "d/e/f/g/h.html", "static/x.css", "a..b.txt", "~!*().txt"]
CONTENTS = [b"", b"x", b"a { color: red }\n" * 50, bytes(range(256)) * 40, b"\x1f\x8b not gzip", "é\n".encode() * 9]
LARGE = [8 * 1024 * 1024 - 1, 8 * 1024 * 1024, 8 * 1024 * 1024 + 7]
RANDOM = re.compile(r"_[A-Za-z0-9]{7}(?=[._/]|$)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=environment.REPOSITORY / "target" / "release" / "s3collect",
                        help="the s3collect to compare (default: %(default)s)")
    parser.add_argument("--server", choices=["seaweedfs", "moto", "embedded"], default="moto")
    parser.add_argument("--sequences", type=int, default=40, help="how many (default: %(default)s)")
    parser.add_argument("--length", type=int, default=25, help="operations of one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="where chance begins (default: %(default)s)")
    environment.add_option(parser)
    arguments = parser.parse_args()
    environment.enter(arguments.cache)
    table = environment.REPOSITORY / "src" / "media_type" / "table.tsv"
    parity = {"sources": [], "backend": "", "settings": {"USE_TZ": True}, "media_types": str(table)}
    os.environ.update(PARITY=json.dumps(parity), DJANGO_SETTINGS_MODULE="django_settings")
    import django

    django.setup()
    return compare(arguments)


def compare(arguments):
    from servers import ACCESS_KEY, REGION, SECRET_KEY, SERVERS, Endpoint

    if arguments.server != "embedded":
        with SERVERS[arguments.server](arguments.cache, "theirs") as endpoint:
            return run_all(arguments, endpoint)
    with tempfile.TemporaryDirectory() as directory:
        command = [arguments.binary, "serve", "--local", directory]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                url = server.stdout.readline().strip()
                access, secret = (server.stdout.readline().split()[-1] for _ in range(2))
                endpoint = Endpoint("embedded", url, "theirs", REGION, access, secret)
                endpoint.client().create_bucket(Bucket="theirs")
                return run_all(arguments, endpoint)
            finally:
                server.terminate()


def run_all(arguments, endpoint):
    endpoint.client().create_bucket(Bucket="ours")
    chance = random.Random(arguments.seed)
    counts = {"operations": 0, "objects": 0, "differences": 0}
    for number in range(arguments.sequences):
        Sequence(arguments, endpoint, chance, number, counts).run()
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"on {endpoint.server}")
    return 1 if counts["differences"] else 0


class Sequence:
    """One sequence under one set of settings, in a location of its own."""

    def __init__(self, arguments, endpoint, chance, number, counts):
        self.arguments, self.endpoint, self.chance, self.counts = arguments, endpoint, chance, counts
        self.root = f"run{number:04}"
        self.options = {
            "location": f"{self.root}/{chance.choice(['m', 'media/files'])}",
            "gzip": chance.random() < 0.5,
            "file_overwrite": chance.random() < 0.6,
            "object_parameters": chance.choice([
                {}, {"CacheControl": "max-age=86400"}, {"ContentType": "text/css"},
                {"ContentEncoding": "br", "Metadata": {"build": "7"}},
            ]),
        }
        self.log = []
        # Names that were given: theirs and ours differ in their random characters.
        self.given = []

    def run(self):
        from storages.backends.s3 import S3Storage

        access = {"access_key": self.endpoint.access_key, "secret_key": self.endpoint.secret_key,
                  "endpoint_url": self.endpoint.endpoint, "region_name": self.endpoint.region}
        self.theirs = S3Storage(bucket_name="theirs", **access, **self.options)
        for _ in range(self.arguments.length):
            self.step()
        self.compare_objects()

    def step(self):
        name = self.chance.choice(NAMES)
        if name == "d" and self.endpoint.server == "seaweedfs":
            # A directory cannot be a file there, whoever asks.
            name = "d/b.css"
        pair = self.chance.choice(self.given) if self.given and self.chance.random() < 0.4 else (name, name)
        operation = self.chance.choice(["save", "save", "save", "exists", "size", "modified", "listdir", "read", "delete"])
        content = None
        if operation == "save":
            content = self.chance.choice(CONTENTS)
            if self.chance.random() < 0.02:
                content = self.chance.randbytes(self.chance.choice(LARGE))
        theirs = self.ask_theirs(operation, pair[0], content)
        ours = self.ask_ours(operation, pair[1], content)
        self.log.append((operation, pair, content and len(content), theirs, ours))
        self.counts["operations"] += 1
        if operation == "save" and "refused" not in (theirs, ours):
            self.given.append((theirs, ours))
        if masked(theirs) != masked(ours):
            self.differ(f"{operation} {pair}", theirs, ours)

    def ask_theirs(self, operation, name, content):
        from botocore.exceptions import ClientError, ParamValidationError
        from django.core.exceptions import SuspiciousOperation
        from django.core.files.base import ContentFile

        storage = self.theirs
        try:
            if operation == "save":
                return storage.save(name, ContentFile(content))
            if operation == "modified":
                return bool(storage.get_modified_time(name))
            if operation == "listdir":
                return [sorted(part) for part in storage.listdir(name)]
            if operation == "read":
                with storage.open(name, "rb") as file:
                    return file.read().hex()
            return getattr(storage, operation)(name)
        except (SuspiciousOperation, ParamValidationError):
            return "refused"
        except FileNotFoundError:
            return "absent"
        except ClientError as error:
            return "absent" if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 else f"error: {error}"
        except OSError as error:
            return "damaged" if "gzip" in str(error).lower() else f"error: {error}"

    def ask_ours(self, operation, name, content):
        verbs = {"save": ["put", "-"], "exists": ["exists"], "size": ["stat"], "modified": ["stat"], "listdir": ["ls"],
                 "read": ["cat"], "delete": ["rm"]}
        settings = {
            "AWS_STORAGE_BUCKET_NAME": "ours", "AWS_S3_ENDPOINT_URL": self.endpoint.endpoint,
            "AWS_S3_ACCESS_KEY_ID": self.endpoint.access_key, "AWS_S3_SECRET_ACCESS_KEY": self.endpoint.secret_key,
            "AWS_S3_REGION_NAME": self.endpoint.region, "AWS_LOCATION": self.options["location"],
            "AWS_IS_GZIPPED": str(self.options["gzip"]).lower(),
            "AWS_S3_FILE_OVERWRITE": str(self.options["file_overwrite"]).lower(),
            "AWS_S3_OBJECT_PARAMETERS": json.dumps(self.options["object_parameters"]), "HOME": "/nonexistent",
        }
        command = [self.arguments.binary.resolve(), *verbs[operation], "--json", "-q", "--set", "backend=S3Storage", "--", name]
        run = subprocess.run(command, input=content or b"", capture_output=True, env=settings, cwd="/")
        if run.returncode == 2:
            return "refused"
        document = json.loads(run.stdout)
        if run.returncode == 1:
            message = document["errors"][0]["message"]
            if message.startswith("there is no "):
                return "absent"
            return "damaged" if "decompressed" in message else f"error: {message}"
        if operation == "save":
            return document["name"]
        if operation == "listdir":
            return [sorted(document["directories"]), sorted(file["name"] for file in document["files"])]
        if operation == "read":
            file = document["files"][0]
            return file["text"].encode().hex() if file["text"] is not None else b64(file["base64"]).hex()
        return {"exists": lambda: document["exists"], "size": lambda: document["size"],
                "modified": lambda: bool(document["last_modified"]), "delete": lambda: None}[operation]()

    def compare_objects(self):
        theirs, ours = (self.objects(bucket) for bucket in ("theirs", "ours"))
        self.counts["objects"] += len(theirs)
        for key in sorted(theirs.keys() | ours.keys()):
            if theirs.get(key) != ours.get(key):
                self.differ(f"object {key}", theirs.get(key), ours.get(key))

    def objects(self, bucket):
        """What there is, by key; what is masked in keys may stand for several."""
        client = self.endpoint.client()
        found = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self.root):
            for entry in page.get("Contents", ()):
                answer = client.get_object(Bucket=bucket, Key=entry["Key"])
                headers = {name: answer.get(name) for name in
                           ("ContentType", "ContentEncoding", "CacheControl", "ETag", "ContentLength", "Metadata")}
                body = answer["Body"].read()
                shown = headers | {"body": body.hex() if len(body) < 1000 else hash(body)}
                found.setdefault(masked(entry["Key"]), []).append(json.dumps(shown, sort_keys=True))
        return {key: sorted(objects) for key, objects in found.items()}

    def differ(self, what, theirs, ours):
        self.counts["differences"] += 1
        print(f"{self.root} {what}\n  settings {self.options}\n  theirs   {theirs!r:.600}\n  ours     {ours!r:.600}")
        for entry in self.log[-8:]:
            print(f"    {entry!r:.300}")


def masked(value):
    """Random characters stand for themselves only."""
    if isinstance(value, str):
        return RANDOM.sub("_RANDOM7", value)
    if isinstance(value, list):
        return sorted((masked(item) for item in value), key=repr) if value and isinstance(value[0], str) else [masked(item) for item in value]
    return value


def b64(text):
    import base64

    return base64.b64decode(text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
