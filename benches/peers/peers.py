"""The programs that are compared, each as a command that puts a directory under a prefix of a bucket."""

import dataclasses
import json
import os
import sys
from pathlib import Path

import environment

HERE = Path(__file__).resolve().parent
GZIP = r"^.+\.(css|js|mjs|svg)$"


@dataclasses.dataclass(frozen=True)
class Peer:
    """How to call a program. `modes` are those it has; `slow` ones run once however many rounds there are."""

    name: str
    command: object
    modes: tuple = ("plain",)
    compares: bool = True
    slow: bool = False


@dataclasses.dataclass(frozen=True)
class Job:
    """One directory under one prefix."""

    directory: Path
    endpoint: object
    prefix: str
    mode: str
    scratch: Path

    def variables(self):
        """What every program is told by the environment."""
        endpoint = self.endpoint
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.scratch),
            "AWS_ACCESS_KEY_ID": endpoint.access_key, "AWS_SECRET_ACCESS_KEY": endpoint.secret_key,
            "AWS_REGION": endpoint.region, "AWS_DEFAULT_REGION": endpoint.region,
            "AWS_EC2_METADATA_DISABLED": "true", "RCLONE_CONFIG": "/dev/null",
        }


def peers(cache, binary, tool):
    """All that can be had here."""
    venv = environment.side(cache, "bench-venv", HERE / "requirements.txt")
    program = lambda name: environment.elf_program(name, venv)
    compiled = lambda name, version: environment.cargo_program(cache, name, version)
    return [
        Peer("s3collect", lambda job: s3collect(binary, job), ("plain", "gzip", "manifest")),
        Peer("bare minimum", lambda job: bare(tool, job), compares=False),
        Peer("s5cmd cp", lambda job: s5cmd(program("s5cmd"), "cp", job), compares=False),
        Peer("s5cmd sync", lambda job: s5cmd(program("s5cmd"), "sync", job)),
        Peer("rclone, tuned", lambda job: rclone(program("rclone"), job)),
        Peer("s3sync", lambda job: s3sync(compiled("s3sync", "1.62.4"), job)),
        Peer("hugo deploy", lambda job: hugo(program("hugo"), job), ("plain", "gzip")),
        Peer("AWS CLI `s3 sync`", lambda job: aws(venv / "bin" / "aws", job), slow=True),
        Peer("collectstatic", collectstatic, ("plain", "gzip", "manifest"), slow=True),
    ]


def s3collect(binary, job):
    variables = {"PATH": job.variables()["PATH"], "HOME": str(job.scratch)} | {
        "AWS_S3_ENDPOINT_URL": job.endpoint.endpoint, "AWS_S3_REGION_NAME": job.endpoint.region,
        "AWS_S3_ACCESS_KEY_ID": job.endpoint.access_key, "AWS_S3_SECRET_ACCESS_KEY": job.endpoint.secret_key,
        "AWS_STORAGE_BUCKET_NAME": job.endpoint.bucket, "AWS_LOCATION": job.prefix,
    }
    modes = {"plain": [], "gzip": ["--gzip"], "manifest": ["--manifest", "--gzip"]}
    return [binary, "push", job.directory, "-q", *modes[job.mode]], variables


def bare(tool, job):
    target = f"{job.endpoint.endpoint}/{job.endpoint.bucket}/{job.prefix}"
    return [tool, "bare", target, job.directory], job.variables()


def s5cmd(program, verb, job):
    target = f"s3://{job.endpoint.bucket}/{job.prefix}/"
    return [program, "--log", "error", "--endpoint-url", job.endpoint.endpoint, verb, f"{job.directory}/", target], job.variables()


def rclone(program, job):
    command = [
        program, "sync", job.directory, f":s3:{job.endpoint.bucket}/{job.prefix}", "--s3-provider", "Other", "--s3-env-auth",
        "--s3-endpoint", job.endpoint.endpoint, "--s3-region", job.endpoint.region, "--transfers", "64", "--checkers", "64",
        "--fast-list", "--checksum", "--s3-no-head", "--s3-no-check-bucket", "--quiet",
    ]
    return command, job.variables()


def s3sync(program, job):
    command = [
        program, "--target-endpoint-url", job.endpoint.endpoint, "--target-force-path-style", "--target-region", job.endpoint.region,
        "--target-access-key", job.endpoint.access_key, "--target-secret-access-key", job.endpoint.secret_key,
        "--worker-size", "64", "-q", f"{job.directory}/", f"s3://{job.endpoint.bucket}/{job.prefix}/",
    ]
    return command, job.variables()


def hugo(program, job):
    site = job.scratch / "hugo"
    site.mkdir(exist_ok=True)
    host = job.endpoint.endpoint
    url = f"s3://{job.endpoint.bucket}?prefix={job.prefix}/&endpoint={host}&region={job.endpoint.region}&use_path_style=true"
    matcher = f"[[deployment.matchers]]\npattern = '{GZIP}'\ngzip = true\n" if job.mode == "gzip" else ""
    (site / "hugo.toml").write_text(
        f'baseURL = "http://localhost/"\n[[deployment.targets]]\nname = "bench"\nURL = "{url}"\n{matcher}'
    )
    command = [program, "deploy", "--source", site, "--destination", job.directory, "--maxDeletes", "-1", "--workers", "64", "--quiet"]
    return command, job.variables()


def aws(program, job):
    command = [
        program, "s3", "sync", f"{job.directory}/", f"s3://{job.endpoint.bucket}/{job.prefix}/", "--endpoint-url",
        job.endpoint.endpoint, "--only-show-errors",
    ]
    return command, job.variables()


def collectstatic(job):
    names = {"plain": "S3StaticStorage", "gzip": "S3StaticStorage", "manifest": "S3ManifestStaticStorage"}
    options = {
        "bucket_name": job.endpoint.bucket, "location": job.prefix, "endpoint_url": job.endpoint.endpoint,
        "region_name": job.endpoint.region, "access_key": job.endpoint.access_key, "secret_key": job.endpoint.secret_key,
        "gzip": job.mode != "plain",
    }
    return django(job.directory, f"storages.backends.s3.{names[job.mode]}", options, job)


def django(directory, backend, options, job, static_root=""):
    """A project of nothing but static files."""
    settings = {
        "SECRET_KEY": "not used", "INSTALLED_APPS": ["django.contrib.staticfiles"], "STATIC_URL": "/static/",
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"], "STATICFILES_DIRS": [str(directory)],
        "STATIC_ROOT": str(static_root), "STORAGES": {"staticfiles": {"BACKEND": backend, "OPTIONS": options}},
    }
    (job.scratch / "bench_settings.py").write_text(f"import json\nglobals().update(json.loads({json.dumps(settings)!r}))\n")
    # Compiled settings would be taken for those of another run that wrote as many bytes within the same second.
    variables = job.variables() | {"DJANGO_SETTINGS_MODULE": "bench_settings", "PYTHONPATH": str(job.scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    return [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"], variables
