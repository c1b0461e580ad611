"""Prints fixtures/storage_names.tsv: what django-storages makes of odd names, and what it refuses (null).

Run from the package's root with django-storages and CPython 3.11 (`-P`, or gzip.py beside it is taken for Python's):
python -P scripts/golden/storage_names.py > fixtures/storage_names.tsv
"""

import itertools, json, sys
from unittest import mock

import django
import storages
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.utils import validate_file_name

settings.configure()

from storages.backends.s3 import S3Storage, clean_name

LOCATIONS = ["", "static", "a/b"]
PIECES = ["a", ".", "..", "/", "//", "\\", ".tar", " ", "é", "_", "static", "b"]
NAMES = ["", "photo.jpg", "my photo (1).jpg", "a.tar.gz", ".htaccess", "..a.b", "a.", "dir/", "dir/a.txt", "/abs.css",
         "../static/x.css", "../static-old/x.css", "..\\..\\x", "john's portrait.jpg", "a\u0301.txt", "½.txt", "१.txt", "\x1ca",
         " a ", "C:\\Windows\\a.txt", "日本語.txt", "a#b?c%20.txt", "a\nb", "…", "-", "a..b.c", "long-name-of-a-file.tar.gz",
         "d/long-name-of-a-file", "ÀÉÎÕÜ-ÀÉÎÕÜ-ÀÉÎÕÜ.txt", "a/b/../../static/c", "./a", "a/./b", "a//b"]
NAMES += ["".join(pieces) for length in (1, 2, 3) for pieces in itertools.product(PIECES, repeat=length)]


class Named(S3Storage):
    """One that has the name that is asked for, and no other."""

    def _save(self, name, content):
        return clean_name(name)

    def exists(self, name):
        return name == clean_name(self.asked)


def told(function, *arguments, **named):
    try:
        return function(*arguments, **named)
    except SuspiciousOperation:
        return None


def saved(overwrite, name, max_length):
    storage = Named(file_overwrite=overwrite)
    storage.asked = name
    with mock.patch("django.core.files.storage.base.get_random_string", lambda length: "RANDOM7"):
        return told(storage.save, name, mock.Mock(), max_length=max_length)


print(f"# name; its keys under {LOCATIONS}; as saved, and in 12 characters; with a name that is taken, and in 18; generate_filename")
print(f"# by django-storages {storages.__version__} and Django {django.get_version()} on CPython {sys.version.split()[0]}")
for name in dict.fromkeys(NAMES):
    keys = [told(S3Storage(location=location)._normalize_name, clean_name(name)) for location in LOCATIONS]
    saves = [saved(True, name, None), saved(True, name, 12), saved(False, name, None), saved(False, name, 18)]
    row = [name, *keys, *saves, told(S3Storage().generate_filename, name)]
    print(*map(json.dumps, row), sep="\t")
