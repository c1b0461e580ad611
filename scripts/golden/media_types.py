"""Prints fixtures/media_types.tsv: what CPython's mimetypes says of names, over our pinned table.

Run from the package's root: python3.12 scripts/golden/media_types.py > fixtures/media_types.tsv
"""

import itertools
import mimetypes
import random
import sys

TABLE = {}
for line in open("src/media_type/table.tsv", encoding="utf-8"):
    if not line.startswith("#"):
        extension, content_type = line.rstrip("\n").split("\t")[:2]
        TABLE[extension] = content_type

guesser = mimetypes.MimeTypes()
guesser.types_map = ({}, TABLE)
guesser.encodings_map = {".gz": "gzip", ".Z": "compress", ".bz2": "bzip2", ".xz": "xz", ".br": "br"}
guesser.suffix_map = {
    ".svgz": ".svg.gz", ".tgz": ".tar.gz", ".taz": ".tar.gz", ".tz": ".tar.gz", ".tbz2": ".tar.bz2", ".txz": ".tar.xz",
}

HARD = """.css css ..css ...css .a.css a. a.. a..css . .. a/.css a/..css a/.x.css a.css/ a.css/b a.css/.b a.b/c a.tar.gz a.tgz a.TGZ
a.Tgz .tgz a/.tgz a.svgz a.SVGZ a.tz a.tz.gz a.tbz2 a.txz a.taz a.css.gz a.css.GZ a.css.Gz a.css.Z a.css.z a.css.br a.css.BR a.css.xz a.css.bz2 a.gz
.gz a/.gz .css.gz ..gz a.gz.gz a.gz.br a.css.gz.br a.unknown a.unknown.gz a.CQL a.cql a.AMR a.amr a.teiCorpus a.teicorpus a.pcf.Z a.PCF.Z
a.1905.1 a.cwl.json a.gpkg.tar a.% a.~ a.css~ http:x.css http://x/y.css C:a.css c:/a.css a:b:c.css :a.css a/b:c.css a:.css a:b/.css x:data:,
data:,a.css data:text/css,x data:text/css;base64,x.js DATA:image/png,x data:x data:;a=b,x data:a=b/c,x data:text/plain;x=1,y data:a/b data:a/b;c
static/data:text/css,x a.\u0130CSS a.js\u0301 a.JSON a.\u212ami caf\u00e9.css a.c\u00e7 a.H a.C a.html.en a.js.map a.min.css a.woff2 a.WOFF2
a.webmanifest a.mjs a.wasm a.avif a#b.css a?b.css a%2Ecss a.css?v=1 a.css#x a\\b.css a\\.css .htaccess robots.txt LICENSE Makefile a-b_c.tar a.tar.GZ""".split()

names = list(HARD)
# Every pair of what makes names hard, then drawn ones.
PARTS = [".css", ".JS", ".gz", ".Z", ".z", ".tgz", ".svgz", ".br", ".AMR", ".x", ".", "a", "/", ":", "é", ".tar"]
names += ["".join(parts) for parts in itertools.product(PARTS, repeat=2)]
draw = random.Random(1)
names += ["".join(draw.choices(PARTS, k=draw.randint(3, 6))) for _ in range(600)]
names += ["x " + extension for extension in draw.sample(sorted(TABLE), 60)]

print("# name, type and encoding by CPython " + sys.version.split()[0] + "; - for none; made by scripts/golden/media_types.py")
for name in dict.fromkeys(names):
    content_type, encoding = guesser.guess_type(name)
    print(name, content_type or "-", encoding or "-", sep="\t")
