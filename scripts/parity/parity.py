"""Compares what `s3collect push` leaves in a bucket with what real collectstatic leaves there, object for object."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import bucket
import cases
import environment
import outcome
import trees
from servers import SERVERS, Endpoint, free_ports

THEIRS, OURS = "collectstatic", "s3collect"
# The exit status of a dry run that would put something.
DIFFERENT = 3

# What a template does with every name.
LOOK_UP = """
import json, sys
from django.contrib.staticfiles.storage import staticfiles_storage as storage
names = {name: storage.stored_name(name) for name in storage.hashed_files}
missing = [stored for stored in names.values() if not storage.exists(stored)]
assert names and not missing, missing
[storage.url(name) for name in names]
json.dump(names, sys.stdout)
"""

# What `serve` says that it takes.
CREDENTIALS = {"access_key": "S3COLLECT", "secret_key": "s3collect-local-secret-key"}
KEEPS_PERMISSIONS = {"moto", "embedded"}
# Where `application/octet-stream` is sent it answers with a guess of its own.
GUESSES_TYPES = {"seaweedfs"}


@dataclasses.dataclass
class Row:
    """What came of one tree under one set of settings on one server."""

    server: str
    tree: str
    case: str
    objects: int = 0
    allowed: int = 0
    theirs_seconds: float = 0.0
    ours_seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)

    def expect_put(self, what, keys, pushed, status=0):
        """Notes a failure where other keys were put, or the exit status is another."""
        if pushed.status != status:
            self.failures.append(f"{what}: exits {pushed.status}, not {status}")
        for key in sorted(keys - pushed.keys):
            self.failures.append(f"{what}: does not put {key!r}")
        for key in sorted(pushed.keys - keys):
            self.failures.append(f"{what}: puts {key!r}")


@dataclasses.dataclass(frozen=True)
class Pushed:
    """How a push ended, and the keys that it put or would put."""

    status: int
    keys: set


class Failed(Exception):
    """A program did not do what it was asked; the text says which and what it said."""


@dataclasses.dataclass
class Parity:
    """Everything that the comparisons share."""

    binary: Path
    table: Path
    scratch: Path

    def __post_init__(self):
        rows = [line.split("\t") for line in self.table.read_text(encoding="utf-8").splitlines()]
        self.extensions = {row[0] for row in rows if row[0].startswith(".")}

    def collectstatic(self, endpoint, tree, case):
        """Runs Django's command with the S3 backend."""
        words = ["collectstatic", "--noinput", "--verbosity", "0"]
        done = self._django(words, connection(endpoint, THEIRS), tree, case)
        if done.returncode != 0:
            raise Failed(f"collectstatic exits {done.returncode}:\n{done.stderr}")

    def _django(self, words, where, tree, case):
        """Runs a command of a Django project with these settings."""
        parity = {
            "sources": tree.sources,
            "backend": case.backend,
            "media_types": str(self.table),
            "settings": case.settings | where,
        }
        return subprocess.run(
            [sys.executable, "-m", "django", *words],
            env=self._environment() | {
                "PARITY": json.dumps(parity),
                "DJANGO_SETTINGS_MODULE": "django_settings",
                "PYTHONPATH": str(Path(__file__).parent),
            },
            cwd=self.scratch, capture_output=True, text=True,
        )

    def push(self, where, tree, case, *flags):
        """Runs `s3collect push` with the same settings in the environment, and gives what came of it."""
        config = self.scratch / "s3collect.toml"
        config.write_text(case.config)
        done = subprocess.run(
            [self.binary, "push", *tree.arguments(), "--config", config, "--json", *flags],
            env=self._environment() | case.environment() | where,
            cwd=self.scratch, capture_output=True, text=True,
        )
        if done.returncode not in (0, DIFFERENT):
            words = " ".join(("push", *flags))
            raise Failed(f"`{words}` exits {done.returncode}:\n{done.stderr[-2000:]}")
        document = json.loads(done.stdout)
        put = {step["key"] for step in document["steps"] if step["action"] == "put"}
        if len(put) != document["put"]:
            raise Failed(f"`put` is {document['put']}, and {len(put)} steps are `put`")
        return Pushed(done.returncode, put)

    def check(self, endpoint, tree, case, embedded):
        """All checks of one tree under one set of settings."""
        row = Row(endpoint.server, tree.name, case.name)
        print(f"{row.server}: {row.tree}: {row.case}", file=sys.stderr, flush=True)
        try:
            self._check(row, endpoint, tree, case, embedded)
        except (Failed, BotoCoreError, ClientError) as failure:
            row.failures.append(str(failure))
        return row

    def _check(self, row, endpoint, tree, case, embedded):
        permissions = endpoint.server in KEEPS_PERMISSIONS
        client = endpoint.client()
        for name in (THEIRS, OURS):
            bucket.empty(client, name)

        started = time.monotonic()
        self.collectstatic(endpoint, tree, case)
        row.theirs_seconds = time.monotonic() - started
        expected = bucket.read(client, THEIRS, permissions)
        if case.manifest:
            self._check_manifest(row, endpoint, tree, case, expected)
            return
        row.objects = len(expected)

        where = connection(endpoint, OURS)
        started = time.monotonic()
        first = self.push(where, tree, case)
        row.ours_seconds = time.monotonic() - started
        row.expect_put("first push", set(expected), first)
        allowed = self._compare(row, expected, bucket.read(client, OURS, permissions))

        row.expect_put("second push", set(), self.push(where, tree, case))
        theirs = connection(endpoint, THEIRS)
        over = self.push(theirs, tree, case, "--dry-run", "--exit-code")
        row.expect_put("push over collectstatic's bucket", set(), over, 0)
        if row.server not in GUESSES_TYPES:
            flags = ("--check-headers", "--dry-run")
            row.expect_put("second push with its headers", set(), self.push(where, tree, case, *flags))
            over = self.push(theirs, tree, case, *flags)
            row.expect_put("push over collectstatic's bucket and headers", allowed, over)
        self._change(row, where, tree, case)
        self._check_embedded(row, embedded, tree, case, expected)

    def _check_manifest(self, row, endpoint, tree, case, expected):
        """The same with hashed names. Django keeps the hashed files of passes that were not its last, which nothing
        names, and writes the manifest in the order in which it comes to files."""
        client = endpoint.client()
        paths = bucket.manifest(client, THEIRS, case.manifest)["paths"]
        named = {case.location + name for pair in paths.items() for name in pair} | {case.manifest}
        expected = {key: facts for key, facts in expected.items() if key in named}
        row.objects = len(expected)
        bucket.sort_manifest(client, THEIRS, case.manifest, expected)

        where = connection(endpoint, OURS)
        started = time.monotonic()
        first = self.push(where, tree, case)
        row.ours_seconds = time.monotonic() - started
        row.expect_put("first push", set(expected), first)
        found = bucket.read(client, OURS, endpoint.server in KEEPS_PERMISSIONS)
        bucket.sort_manifest(client, OURS, case.manifest, found)
        self._compare(row, expected, found)
        self._run_django(row, endpoint, tree, case, paths)

        row.expect_put("second push", set(), self.push(where, tree, case))
        over = self.push(connection(endpoint, THEIRS), tree, case, "--dry-run").keys
        row.expect_put("push over collectstatic's bucket", over & {case.manifest}, Pushed(0, over))
        with tempfile.TemporaryDirectory(dir=self.scratch) as scratch:
            changed, name = tree.changed_copy(scratch)
            plan = self.push(where, changed, case, "--dry-run", "--exit-code")
            done = self.push(where, changed, case)
            row.expect_put("dry run of one changed file", done.keys, plan, DIFFERENT)
            if not {case.location + name, case.manifest} <= done.keys:
                row.failures.append(f"push of one changed file puts {sorted(done.keys)}")
            row.expect_put("dry run after it", set(), self.push(where, changed, case, "--dry-run", "--exit-code"), 0)
        left = set(bucket.assets(client, OURS))
        row.failures += [f"{key!r} of the release before is gone" for key in sorted(set(expected) - left)]

    def _run_django(self, row, endpoint, tree, case, paths):
        """A Django process on what we pushed: every name has its URL, and leads to an object."""
        done = self._django(["shell", "--verbosity", "0", "--command", LOOK_UP], connection(endpoint, OURS), tree, case)
        if done.returncode != 0:
            raise Failed(f"Django on our manifest exits {done.returncode}:\n{done.stderr}")
        if json.loads(done.stdout) != paths:
            row.failures.append("Django on our manifest finds other names")

    def _compare(self, row, expected, found, label=""):
        guesses = row.server in GUESSES_TYPES
        differences, allowed = bucket.compare(expected, found, self.extensions, guesses)
        row.allowed = max(row.allowed, len(allowed))
        row.failures += [f"{label}{difference}" for difference in differences]
        return {difference.key for difference in allowed}

    def _change(self, row, where, tree, case):
        with tempfile.TemporaryDirectory(dir=self.scratch) as scratch:
            changed, name = tree.changed_copy(scratch)
            only = {case.location + name}
            plan = self.push(where, changed, case, "--dry-run", "--exit-code")
            row.expect_put("dry run of one changed file", only, plan, DIFFERENT)
            row.expect_put("push of one changed file", only, self.push(where, changed, case))
            after = self.push(where, changed, case, "--dry-run", "--exit-code")
            row.expect_put("dry run after it", set(), after, 0)

    def _check_embedded(self, row, embedded, tree, case, expected):
        name = f"bucket-{embedded.taken()}"
        where = {"AWS_STORAGE_BUCKET_NAME": name}
        flags = ("--local", str(embedded.directory))
        row.expect_put("push --local", set(expected), self.push(where, tree, case, *flags))
        found = bucket.read(embedded.endpoint.client(), name, row.server in KEEPS_PERMISSIONS)
        self._compare(row, expected, found, "--local: ")
        row.expect_put("second push --local", set(), self.push(where, tree, case, *flags))

    def _environment(self):
        """Nothing of the caller's but the search path: no AWS configuration, no proxies."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "LANG": "C.UTF-8"}


class Embedded:
    """`s3collect serve` over one directory, to which `push --local` writes meanwhile."""

    def __init__(self, binary, directory):
        self.directory = directory
        self._binary = binary
        self._buckets = 0

    def taken(self):
        """A number that no bucket has yet."""
        self._buckets += 1
        return self._buckets

    def __enter__(self):
        port = free_ports(1)[0]
        self._log = open(self.directory.with_suffix(".log"), "w+")
        self._process = subprocess.Popen(
            [self._binary, "serve", "--local", self.directory, "--port", str(port)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, cwd=self.directory.parent,
        )
        self.endpoint = Endpoint("embedded", f"http://127.0.0.1:{port}", "local", **CREDENTIALS)
        deadline = time.monotonic() + 30
        while not answers(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                raise SystemExit(f"error: `serve` does not come up:\n{self._log.read()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def answers(port):
    """Whether anybody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def connection(endpoint, bucket_name):
    """The settings that say where the bucket is, for both programs."""
    return {
        "AWS_S3_ENDPOINT_URL": endpoint.endpoint,
        "AWS_S3_REGION_NAME": endpoint.region,
        "AWS_S3_ACCESS_KEY_ID": endpoint.access_key,
        "AWS_S3_SECRET_ACCESS_KEY": endpoint.secret_key,
        "AWS_STORAGE_BUCKET_NAME": bucket_name,
    }


def work(cache, scratch, table, quick):
    """(server, tree's name, how to get the tree, cases), in the order in which they run."""
    few = [cases.PLAIN, cases.ALL]
    yield "seaweedfs", "admin", trees.admin, few + cases.MANIFEST_CASES
    if quick:
        return
    yield "seaweedfs", "site", trees.site, cases.HEADER_CASES + cases.MANIFEST_CASES
    yield "seaweedfs", "odd", lambda: trees.odd(scratch), [cases.PLAIN, cases.GZIP, cases.ALL]
    yield "seaweedfs", "rest_framework", trees.rest_framework, few + cases.MANIFEST_CASES
    for name in trees.NPM:
        yield "seaweedfs", name, lambda name=name: trees.npm(cache, name), few
    yield "moto", "site", trees.site, cases.PERMISSION_CASES
    yield "moto", "admin", trees.admin, cases.PERMISSION_CASES[:1]
    yield "embedded", "site", trees.site, cases.HEADER_CASES + cases.PERMISSION_CASES + cases.MANIFEST_CASES
    yield "embedded", "odd", lambda: trees.odd(scratch), [cases.PLAIN, cases.ALL]
    yield "embedded", "media_types", lambda: trees.media_types(scratch, table), [cases.PLAIN]


def run(arguments):
    """The whole comparison; 1 where anything differs."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="parity-", dir=arguments.cache) as scratch, contextlib.ExitStack() as stack:
        scratch = Path(scratch)
        parity = Parity(arguments.binary.resolve(), arguments.media_types.resolve(), scratch)
        (scratch / "embedded").mkdir()
        embedded = stack.enter_context(Embedded(parity.binary, scratch / "embedded"))
        endpoints = {"embedded": embedded.endpoint}
        for server, name, make_tree, settings in work(arguments.cache, scratch, parity.table, arguments.quick):
            settings = [case for case in settings if arguments.case in (None, case.name)]
            if not settings or arguments.tree not in (None, name) or arguments.server not in (None, server):
                continue
            if server not in endpoints:
                endpoints[server] = stack.enter_context(SERVERS[server](arguments.cache))
            tree = make_tree()
            rows += [parity.check(endpoints[server], tree, case, embedded) for case in settings]
    return report(rows)


def report(rows):
    """Prints the table, then every difference; 1 where there is one."""
    heading = ("server", "tree", "settings", "objects", "allowed", "collectstatic", "push", "failures")
    outcome.table(heading, [
        (row.server, row.tree, row.case, row.objects, row.allowed, f"{row.theirs_seconds:.1f} s", f"{row.ours_seconds:.1f} s",
         len(row.failures))
        for row in rows
    ])
    return outcome.verdict(rows, lambda row: f"{row.server}: {row.tree}: {row.case}", "passed", "failed")
