"""What all checks share: the endpoint that is checked, a bucket of its own in it, and how a check is told."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1].rstrip("/")
ACCESS_KEY, SECRET_KEY = (sys.argv[2:4] + ["S3COLLECT", "s3collect-local-secret-key"][len(sys.argv) - 2 :])[:2]
BUCKET = f"check-{uuid.uuid4().hex[:12]}"
TOOLS = Path(sys.executable).parent
CHECKS = []

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
