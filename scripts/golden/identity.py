"""Prints fixtures/identity.tsv: what Django 5.2's patterns and templates make of a text where every reference stays what it is.

Run from the package's root with Django 5.2 and CPython 3.11 (`-P`, or gzip.py beside it is taken for Python's):
python -P scripts/golden/identity.py > fixtures/identity.tsv
"""

import json, platform, random

import django
from django.conf import settings

settings.configure()

from django.contrib.staticfiles.storage import HashedFilesMixin

# What patterns begin, go on and end with, and what comes close to it.
PIECES = """url( URL( url(' url(" ) ') ") " ' @import @IMPORT @\u0131mport import IMPORT \u0130mport import( import(' import(" export Export from FROM * as x_1 \u00e9\u00b2 x\u0301
{ } ; , a.png ./b.js ../c.js /d.js . / ? # /*# //# sourceMappingURL= SOURCEMAPPINGURL= */ /* // e\u0301\u00df \u2028""".split(" ")
PIECES = [piece for text in PIECES for piece in text.split("\n")] + [" ", " ", "  ", "\n", "\n", "\r\n", "\t", "\x1c", "\x85", "\u3000", "\n/*# sourceMappingURL=", "\n//# sourceMappingURL=", " */\n", " from './b.js';", "import a from",
           "url(a.png)", "url( 'a.png\" )", "@import 'c.css'", "import './b.js' ;", "export * from './b.js';", "import{a,\nb}from\"./b.js\";", "import(\"./c.js')"]


class Storage(HashedFilesMixin):
    support_js_module_import_aggregation = True


def rewritten(storage, extension, text):
    for pattern, template in storage._patterns[extension]:
        text = pattern.sub(lambda match: (template or storage.default_template) % match.groupdict(), text)
    return text


def main():
    chance = random.Random(20261122)
    storage = Storage()
    print(f"# text, as CSS and as JavaScript with modules, as JSON, by Django {django.__version__} on CPython {platform.python_version()}")
    for _ in range(500):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 24)))
        print(*(json.dumps(cell) for cell in (text, rewritten(storage, "*.css", text), rewritten(storage, "*.js", text))), sep="\t")


main()
