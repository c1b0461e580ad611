"""Prints fixtures/hashed_names.tsv: what Django 5.2 stores files of odd names as, with empty content.

Run from the package's root with Django 5.2 and CPython 3.11 (`-P`, or gzip.py beside it is taken for Python's):
python -P scripts/golden/hashed_names.py > fixtures/hashed_names.tsv
"""

import itertools, json, os, sys

import django
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

settings.configure(STATIC_URL="/static/", STATIC_ROOT="/root")

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage.filesystem import safe_join

NAMES = r"""a.css css/a.css a.tar.gz noext .htaccess ..a ..a.b ... a. a.. a.b.c.d é/ü.css a#b.txt a?b a?b.txt a?#b a?#b?c a#?b a#b#c #b.txt ?b a%20b.txt %20a.txt a%20
a%2Fb.txt a%2fb.txt a%2F %2Fa.txt %2F%2Fh%2Fa.txt x:%2F%2Fh%2Fa.txt x:%2F%2Fh%2F%2Fa.txt x:%2F%2F%5Bx%2Fa x:%2F%2F%5B::1%5D%2Fa.txt x:%2F%2F%5Bv1.a%2Fa HTTP:x.txt http:x.txt http:/x.txt d/http:x.txt HTTP:
x:y.txt X:Y.TXT a-b+c.d:e.txt 1:a.txt :a.txt a/x:y.txt %FF.txt a%C3%A9.txt %C3.txt a%.txt a%4.txt %%41.txt a%2541.txt a%23b.txt a%3Fb.txt a%3F%23b.txt a%2E%2E%2Fb.txt
%2E%2E%2Fb.txt a/%2E%2E/b.txt a/%2E%2E%2F%2E%2E%2Fb.txt a/%2E/b.txt x#a%2F.. x#a%2F..%2Fb x?a%2F.. a%00b.txt %09a.txt a%09b%0D%0A.txt a%0Ab.txt a%1Cb.txt %1Ca.txt a.txt%1F a%C2%A0 %C2%A0a.txt a;b.txt a;.txt a; a&b=c.txt
a+b.txt a@2x.png a~b.txt ~a a'b.txt a"b.txt a(b).txt a*b.txt a!b.txt a$b.txt a,b.txt a=b.txt a[b].txt a{b}.txt a|b.txt a^b.txt a`b.txt a<b>.txt
ﬁ.txt a℀b.txt x:%2F%2Fa℀b%2Fc.txt x:%2F%2Faﬁ%2Fc.txt A.CSS a.min.css a.map a.css.map staticfiles.json 日本語/画像.png a.html.gz""".split()
NAMES += [" a.txt", "a.txt ", "a b/c d.txt", "a / b.txt", "\u00a0a.txt", "a.txt\u3000", "\x1ca.txt", "a.txt\x1f", "\x01a.txt", "a\x01.txt", "a\tb.txt", "a\nb.txt", "\na.txt", "a.txt\r",
          "a\u0085", "\u200ba.txt", "a\\b.css", "a\\", "\\a.css", "..\\a.css", "a/\\b.css", "a\\..\\b.css"]
PIECES = ["a", ".", "%20", " ", "#", "?", ":", "%2F", "..", "/b", "é", "\\"]
NAMES += ["".join(pieces) for length in (2, 3) for pieces in itertools.product(PIECES, repeat=length)]


def is_name(name):
    return all(part not in ("", ".", "..") for part in name.split("/")) and "\0" not in name


def stored(storage, name):
    try:
        hashed = storage.hashed_name(name, ContentFile(b""))
        path = safe_join("/root", hashed)
    except (ValueError, SuspiciousFileOperation):
        return None
    # What a file system cannot write, and what leaves the root once django-storages turns its backslashes.
    stored = os.path.relpath(path, "/root").replace("\\", "/")
    return stored if is_name(stored) else None


storage = ManifestStaticFilesStorage(manifest_storage=type("Nothing", (), {"open": lambda self, name: open("/nonexistent")})())
print("# name and stored name, as JSON, by Django " + django.get_version() + " on CPython " + sys.version.split()[0])
for name in dict.fromkeys(filter(is_name, NAMES)):
    print(json.dumps(name), json.dumps(stored(storage, name)), sep="\t")
