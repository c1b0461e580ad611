#!/usr/bin/env python3
"""Pushes real Django projects with `s3collect push --django`, and with their own `collectstatic`, to the embedded
endpoint, and compares the two buckets object for object: keys, bodies, headers, metadata, grants, tags. Then the same
through the file that `settings import` writes.

Prints every difference, and exits 1 where there is one. `--record` writes what the project's Python tells s3collect to
`fixtures/django/import`, which `cargo test` reads."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "parity"), str(HERE.parent / "servers")]

import environment

READER = environment.REPOSITORY / "src" / "django" / "reader.py"
RECORDED = environment.REPOSITORY / "fixtures" / "django" / "import"
MANIFEST = "static/staticfiles.json"
THEIRS, OURS, FILE = "collectstatic", "django", "file"

FILES = {
    "mysite/__init__.py": "",
    "blog/__init__.py": "",
    "shop/__init__.py": "",
    "shop/apps.py": """
from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig

class ShopConfig(AppConfig):
    name = "shop"

class Static(StaticFilesConfig):
    ignore_patterns = ["CVS", ".*", "*~", "*.scss"]
""",
    "mysite/base.py": """
import mimetypes
import os
from pathlib import Path

# The same types wherever this runs.
mimetypes.init(files=[])
mimetypes.add_type("text/javascript", ".js")

print("settings may print")
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "not used"
INSTALLED_APPS = ["shop.apps.Static", "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.messages", "django.contrib.sessions", "blog", "shop.apps.ShopConfig"]
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "assets", ("vendor", BASE_DIR / "node_modules" / "dist"), BASE_DIR / "missing"]
AWS_STORAGE_BUCKET_NAME = os.environ["BUCKET"]
AWS_S3_ENDPOINT_URL = os.environ["ENDPOINT"]
AWS_S3_ACCESS_KEY_ID = "S3COLLECT"
AWS_S3_SECRET_ACCESS_KEY = "s3collect-local-secret-key"
AWS_S3_REGION_NAME = "us-east-1"
AWS_S3_ADDRESSING_STYLE = "path"
AWS_S3_OBJECT_PARAMETERS = {"CacheControl": "max-age=86400", "Metadata": {"team": "web"}}
""",
    "mysite/plain.py": """
from .base import *

STORAGES = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"location": "media"}},
    "staticfiles": {
        "BACKEND": "storages.backends.s3.S3StaticStorage",
        "OPTIONS": {"location": "static", "gzip": True, "object_parameters": {"CacheControl": "max-age=60"}},
    },
}
AWS_DEFAULT_ACL = "public-read"
""",
    "mysite/hashed.py": """
from .base import *

STORAGES = {
    "default": {"BACKEND": "mysite.storages.Media"},
    "staticfiles": {"BACKEND": "mysite.storages.Static"},
}
""",
    "mysite/storages.py": """
from storages.backends.s3boto3 import S3Boto3Storage, S3ManifestStaticStorage

class Media(S3Boto3Storage):
    location = "media"
    file_overwrite = False

class Static(S3ManifestStaticStorage):
    location = "static"
    manifest_strict = False
    support_js_module_import_aggregation = True

    def url(self, name, *arguments, **named):
        return super().url(name, *arguments, **named)
""",
    "assets/css/site.css": "@import 'base.css';\nbody { background: url('../blog/post.svg') }\n",
    "assets/css/base.css": "a { color: red }\n",
    "assets/css/site.scss": "a { b { color: red } }\n",
    "assets/.hidden": "left out",
    "assets/shop/cart.js": "let wins;\n",
    "node_modules/dist/widget.js": "export let widget;\n",
    "blog/static/blog/post.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "blog/static/blog/app.js": "import { widget } from '../vendor/widget.js';\n",
    "shop/static/shop/cart.js": "let hidden;\n",
    "shop/static/shop/logo.png": "\x89PNG",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=environment.REPOSITORY / "target" / "release" / "s3collect",
                        help="the s3collect to compare (default: %(default)s)")
    parser.add_argument("--record", action="store_true", help="write what Python tells to fixtures/django/import")
    environment.add_option(parser)
    arguments = parser.parse_args()
    environment.enter(arguments.cache)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch).resolve() / "project"
        for name, text in FILES.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if arguments.record:
            return record(directory)
        return compare(arguments.binary.resolve(), directory)


def run(directory, words, bucket, endpoint):
    """Runs a command in the project, without the caller's AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3COLLECT_", "DJANGO_"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=directory, capture_output=True, text=True,
        env=kept | {"BUCKET": bucket, "ENDPOINT": endpoint, "AWS_EC2_METADATA_DISABLED": "true"},
    )
    if done.returncode != 0:
        raise SystemExit(f"error: `{' '.join(map(str, words[:4]))}` exits {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def compare(binary, directory):
    import bucket
    from parity import Embedded

    failed = False
    for case in ("plain", "hashed"):
        module = f"mysite.{case}"
        with tempfile.TemporaryDirectory() as data, Embedded(binary, Path(data) / "buckets") as service:
            url, client = service.endpoint.endpoint, service.endpoint.client()
            for name in (THEIRS, OURS, FILE):
                bucket.empty(client, name)
            django = [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0", "--pythonpath", "."]
            run(directory, [*django, "--settings", module], THEIRS, url)
            ours = [binary, "push", "--django", module, "--python", sys.executable]
            run(directory, ours, OURS, url)
            again = json.loads(run(directory, [*ours, "--json"], OURS, url))
            expected = bucket.read(client, THEIRS, permissions=True)
            over = json.loads(run(directory, [*ours, "--json"], THEIRS, url))
            config = directory / "deploy" / f"{case}.toml"
            config.parent.mkdir(exist_ok=True)
            ask = ["settings", "import", "--django", module, "--python", sys.executable, "--out", config]
            run(directory, [binary, *ask], FILE, url)
            secrets = ["env", "AWS_S3_ACCESS_KEY_ID=S3COLLECT", "AWS_S3_SECRET_ACCESS_KEY=s3collect-local-secret-key"]
            run(directory, [*secrets, binary, "push", "--config", config], FILE, url)
            if case == "hashed":
                bucket.sort_manifest(client, THEIRS, MANIFEST, expected)
            for name in (OURS, FILE):
                found = bucket.read(client, name, permissions=True)
                if case == "hashed":
                    bucket.sort_manifest(client, name, MANIFEST, found)
                differences, _ = bucket.compare(expected, found, set(), False)
                failed |= bool(differences) or not expected
                print(f"{case}: {name}: {len(expected)} objects, {len(differences)} differences")
                for difference in differences[:20]:
                    print(f"  {difference}")
            # Django writes the manifest in the order in which it comes to files.
            for what, document in (("second push", again), ("push over collectstatic's bucket", over)):
                put = {step["key"] for step in document["steps"] if step["action"] == "put"} - {MANIFEST}
                failed |= bool(put)
                print(f"{case}: {what}: {len(put)} put")
    return 1 if failed else 0


def record(directory):
    RECORDED.mkdir(parents=True, exist_ok=True)
    for case in ("plain", "hashed"):
        words = [sys.executable, "-c", READER.read_text(encoding="utf-8"), f"mysite.{case}", "no-secrets"]
        told = json.loads(run(directory, words, "acme", "https://s3.example.com"))
        told["names"] = [name for name in told["names"] if name.startswith(("AWS_", "STATIC"))]
        packages = str(Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages")
        text = json.dumps(told, indent=1, sort_keys=True)
        text = text.replace(str(directory), "[DIR]").replace(packages, "[PACKAGES]")
        (RECORDED / f"{case}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
