"""Real S3 servers on loopback, each with its data in a temporary directory and an empty bucket.

Runs inside the virtual environment that `environment.enter` makes.
"""

import dataclasses
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import environment

ACCESS_KEY = "GKc0ffee0123456789abcdef01"
SECRET_KEY = "5ca1ab1e" * 8
REGION = "us-east-1"
READY_WITHIN = 60


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where an S3 service is and who may ask it."""

    server: str
    endpoint: str
    bucket: str
    region: str = REGION
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    def as_json(self):
        return json.dumps(dataclasses.asdict(self))

    def client(self, **config):
        """A boto3 client that shares nothing with the caller's AWS configuration."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, **config),
        )

    def test_environment(self):
        """The variables that the conformance suite reads."""
        return {
            "S3COLLECT_TEST_ENDPOINT": self.endpoint,
            "S3COLLECT_TEST_ACCESS_KEY": self.access_key,
            "S3COLLECT_TEST_SECRET_KEY": self.secret_key,
            "S3COLLECT_TEST_BUCKET": self.bucket,
            "S3COLLECT_TEST_REGION": self.region,
        }


class Server:
    """A context manager: starts, waits until a bucket can be made, and leaves no process or file behind."""

    name = ""
    brings_bucket = False

    def __init__(self, cache, bucket="s3collect-test"):
        self.cache = cache
        self.bucket = bucket

    def command(self, directory, port):
        """The command line that serves `directory` on `port`."""
        raise NotImplementedError

    def __enter__(self):
        for attempt in (1, 2, 3):
            endpoint = self._start()
            if endpoint is not None:
                return endpoint
            log = self.log()
            self._stop()
            print(f"{self.name} did not come up (attempt {attempt}):\n{log}", file=sys.stderr)
        raise SystemExit(f"error: {self.name} does not start")

    def __exit__(self, *_):
        self._stop()

    def log(self):
        """The last that the server said."""
        return (Path(self._directory.name) / "log").read_text(errors="replace")[-4000:]

    def _start(self):
        self._directory = tempfile.TemporaryDirectory(prefix=f"{self.name}-", dir=self.cache)
        directory = Path(self._directory.name)
        (directory / "data").mkdir()
        port = free_ports(1)[0]
        with open(directory / "log", "w") as log:
            self._process = subprocess.Popen(
                self.command(directory, port),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory,
                env=os.environ | {"HOME": str(directory)}, start_new_session=True,
            )
        endpoint = Endpoint(self.name, f"http://127.0.0.1:{port}", self.bucket)
        return endpoint if self._make_bucket(endpoint) else None

    def _make_bucket(self, endpoint):
        client = endpoint.client(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if not self.brings_bucket:
                    client.create_bucket(Bucket=endpoint.bucket)
                client.put_object(Bucket=endpoint.bucket, Key="ready", Body=b"ready")
                client.delete_object(Bucket=endpoint.bucket, Key="ready")
                return True
            except (BotoCoreError, ClientError) as error:
                if "BucketAlready" in str(error):
                    client.delete_bucket(Bucket=endpoint.bucket)
                time.sleep(0.2)
        return False

    def _stop(self):
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(patience)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._process.wait()
        self._directory.cleanup()


class SeaweedFS(Server):
    """Refuses bad signatures and checksums, keeps nearly everything: the default for correctness."""

    name = "seaweedfs"

    def command(self, directory, port):
        master, volume, filer, admin = free_ports(4)
        credentials = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        identities = [{"name": "test", "credentials": [credentials], "actions": actions}]
        (directory / "s3.json").write_text(json.dumps({"identities": identities}))
        return [
            environment.elf_program("weed"), "mini", f"-dir={directory / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-s3.port={port}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
            f"-admin.port={admin}", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            # not by the free space: a disk that is nearly full would get no volume at all
            "-volume.max=100", "-master.volumeSizeLimitMB=128",
            "-master.telemetry=false", "-s3.domainName=s3.localhost", "-s3.autoCreateBucket=false",
            f"-s3.config={directory / 's3.json'}",
        ]


class Moto(Server):
    """Keeps ACLs, tags, encryption and storage class; checks no signature and is slow."""

    name = "moto"

    def command(self, directory, port):
        return [Path(sys.prefix) / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)]


class Garage(Server):
    """The fastest; no conditional writes, ACLs, tags or signatures of version 2. Built from its crate the first time."""

    name = "garage"
    brings_bucket = True

    def command(self, directory, port):
        program = environment.cargo_program(self.cache, "garage", "2.5.0")
        (rpc,) = free_ports(1)
        settings = directory / "garage.toml"
        settings.write_text(
            f'metadata_dir = "{directory}/meta"\ndata_dir = "{directory}/data"\ndb_engine = "lmdb"\nreplication_factor = 1\n'
            f'rpc_bind_addr = "127.0.0.1:{rpc}"\nrpc_public_addr = "127.0.0.1:{rpc}"\nrpc_secret = "{SECRET_KEY}"\n'
            f'[s3_api]\ns3_region = "{REGION}"\napi_bind_addr = "127.0.0.1:{port}"\nroot_domain = ".s3.localhost"\n'
        )
        return ["env", f"GARAGE_DEFAULT_ACCESS_KEY={ACCESS_KEY}", f"GARAGE_DEFAULT_SECRET_KEY={SECRET_KEY}",
                f"GARAGE_DEFAULT_BUCKET={self.bucket}", program, "-c", settings, "server", "--single-node", "--default-bucket"]


SERVERS = {server.name: server for server in (SeaweedFS, Moto, Garage)}


def free_ports(count):
    """Loopback ports below the range that the kernel hands out, each free together with the port 10,000 above it,
    where SeaweedFS has its gRPC."""
    found = []
    while len(found) < count:
        port = random.randrange(11_000, 22_000)
        if port not in found and _is_free(port) and _is_free(port + 10_000):
            found.append(port)
    return found


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
