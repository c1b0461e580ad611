"""Programs and libraries over it: the AWS CLI, django-storages, s5cmd, rclone."""

import subprocess
import sys
import tempfile
from pathlib import Path

from endpoint import BUCKET, ENDPOINT, S3, TOOLS, body_of, check, environment, equal, fetch, run, site


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


@check
def aws_cli_one_by_one():
    aws = str(TOOLS / "aws")
    with tempfile.TemporaryDirectory() as scratch:
        source = site(Path(scratch) / "source")
        place, style = f"s3://{BUCKET}/one", source / "css/site.css"
        run(aws, "s3", "cp", str(style), f"{place}/a b.css", "--cache-control", "max-age=60", "--acl", "public-read")
        head = S3.head_object(Bucket=BUCKET, Key="one/a b.css")
        equal((head["ContentType"], head["CacheControl"]), ("text/css", "max-age=60"))
        piped = subprocess.run([aws, "s3", "cp", "-", f"{place}/piped"], env=environment(), input=b"p" * 9_000_000)
        equal((piped.returncode, len(body_of("one/piped"))), (0, 9_000_000))
        equal(run(aws, "s3", "cp", f"{place}/a b.css", "-"), style.read_text())
        run(aws, "s3", "mv", f"{place}/a b.css", f"{place}/moved.css")
        run(aws, "s3", "cp", f"{place}/piped", f"{place}/copied")
        equal(fetch(run(aws, "s3", "presign", f"{place}/moved.css").strip()), (200, style.read_bytes()))
        listed = run(aws, "s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", "one/", "--query", "Contents[].Key",
                     "--output", "text")
        equal(listed.split(), ["one/copied", "one/moved.css", "one/piped"])
        run(aws, "s3api", "put-object-tagging", "--bucket", BUCKET, "--key", "one/moved.css", "--tagging", "TagSet=[{Key=a,Value=b}]")
        equal(S3.get_object_tagging(Bucket=BUCKET, Key="one/moved.css")["TagSet"], [{"Key": "a", "Value": "b"}])
        run(aws, "s3", "mb", f"s3://{BUCKET}-second")
        run(aws, "s3", "sync", place, f"s3://{BUCKET}-second/copy")
        equal(run(aws, "s3", "ls", "--recursive", f"s3://{BUCKET}-second").count("copy/"), 3)
        run(aws, "s3", "rb", "--force", f"s3://{BUCKET}-second")


@check
def django_storage():
    import django
    from django.conf import settings
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    options = {
        "bucket_name": BUCKET, "location": "media", "endpoint_url": ENDPOINT, "region_name": "us-east-1", "file_overwrite": False,
        "access_key": environment()["AWS_ACCESS_KEY_ID"], "secret_key": environment()["AWS_SECRET_ACCESS_KEY"],
    }
    settings.configure(USE_TZ=True, STORAGES={"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}})
    django.setup()
    storage = storages["default"]
    name = storage.save("ü/a photo.jpg", ContentFile(b"jpg"))
    equal(name, "ü/a photo.jpg")
    other = storage.save(name, ContentFile(b"another"))
    assert other != name and storage.exists(other) and not storage.exists("none")
    equal((storage.size(name), storage.open(name).read(), storage.listdir("")), (3, b"jpg", (["ü"], [])))
    assert abs((django.utils.timezone.now() - storage.get_modified_time(name)).total_seconds()) < 60
    equal(fetch(storage.url(name)), (200, b"jpg"))
    with storage.open("large.bin", "wb") as file:
        for _ in range(12):
            file.write(b"m" * 1_000_000)
    equal(storage.size("large.bin"), 12_000_000)
    for name in (name, other, "large.bin"):
        storage.delete(name)
    equal(storage.listdir(""), ([], []))


@check
def rclone():
    (program,) = [path for path in TOOLS.parent.rglob("rclone") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    settings = {
        "RCLONE_CONFIG": "/dev/null", "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENV_AUTH": "true", "RCLONE_S3_ENDPOINT": ENDPOINT,
        "RCLONE_S3_REGION": "us-east-1", "RCLONE_S3_NO_CHECK_BUCKET": "true",
    }
    rclone = lambda *arguments: run(str(program), *map(str, arguments), **settings)
    with tempfile.TemporaryDirectory() as scratch:
        source, target = site(Path(scratch) / "source"), f":s3:{BUCKET}/rclone"
        rclone("sync", source, target, "--metadata")
        equal(rclone("check", source, target, "--download"), "")
        equal(sorted(rclone("lsf", "-R", "--files-only", target).split("\n")[:-1]), ["css/site.css", "img/bg.png", "sp ace+ü.txt"])
        rclone("copy", target, f":s3:{BUCKET}/rclone-copy")
        (source / "css/site.css").unlink()
        rclone("sync", source, target)
        equal(rclone("lsf", "-R", "--files-only", target).count("\n"), 2)
        rclone("sync", f":s3:{BUCKET}/rclone-copy", Path(scratch) / "back")
        equal((Path(scratch) / "back/sp ace+ü.txt").read_text(), "odd")
        for place in (target, f":s3:{BUCKET}/rclone-copy"):
            rclone("purge", place)
        equal(S3.list_objects_v2(Bucket=BUCKET, Prefix="rclone").get("Contents"), None)
