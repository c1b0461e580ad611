"""A Django project with nothing but static files, whose settings come as JSON in PARITY."""

import json
import mimetypes
import os
from pathlib import Path

_parity = json.loads(os.environ["PARITY"])

SECRET_KEY = "not used"
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATICFILES_DIRS = [tuple(source) if isinstance(source, list) else source for source in _parity["sources"]]
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _parity["backend"]},
}
globals().update(_parity["settings"])


def pin_media_types(table):
    """Puts the pinned table in place of CPython's and the host's, but for the rows that are ours alone."""
    types, encodings, suffixes = {}, {}, {}
    for line in Path(table).read_text(encoding="utf-8").splitlines():
        if line.startswith("# encodings"):
            encodings = dict(pair.split("=") for pair in line.split(": ")[1].split())
        elif line.startswith("# suffix aliases"):
            suffixes = dict(pair.split("=") for pair in line.split(": ")[1].split())
        elif line and not line.startswith("#"):
            extension, media_type, *origin = line.split("\t")
            if not (origin and origin[0].startswith("own")):
                types[extension] = media_type
    mimetypes.init(files=[])
    pinned = mimetypes.MimeTypes()
    pinned.types_map = ({}, types)
    pinned.encodings_map = encodings
    pinned.suffix_map = suffixes
    mimetypes._db = pinned


pin_media_types(_parity["media_types"])
