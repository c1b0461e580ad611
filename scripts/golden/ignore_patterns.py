"""Prints fixtures/ignore_patterns.tsv: what CPython says of patterns and names.

Run from the package's root: python3.12 scripts/golden/ignore_patterns.py > fixtures/ignore_patterns.tsv
"""

import fnmatch, itertools, posixpath, sys

PATTERNS = """CVS .* *~ *.css a* *a ? ?? a?c [abc] [!abc] [a-c]x [c-a]x [!c-a]x [-a] [a-] [!-a] [a-c-e] [a-c--e] [--a] []] [!]] []a] [!]a] [ [a []
[! [!] [^a] [[] [a[b] [\\] [a\\-z] [&&] [a&&b] [~~] [||] a.b (a) a+ a|b {a,b} ^a$ sub/deep sub/deep/* sub/* */deep */a.css sub//deep/ ./a.css a/../b.css é* É* ** **/a.css
[a-zA-Z]*.js *.[jJ][sS] *.min.* node_modules *[0-9] \\* \\a #*# [é] [à-ü] .git* /a.css""".split()
TEXTS = """CVS cvs a aa abc a.c .a .git .gitignore a~ ~ a.css A.CSS sub/a.css sub/deep sub/deep/a.css deep/a.css deep a.b aab axb (a) a+ aa+ a|b b {a,b} ^a$
ax bx cx dx ex -x - ] [ [a [] [! [!] ^ ^a ! \\ a\\ z & && ~~ | || d e c b.css é été É Éa x.js X.JS x.Js a.min.js node_modules v1 #a# \\* \\a * ** ö .""".split()

print("# pattern, name, fnmatchcase(name, normpath(pattern)) by CPython " + sys.version.split()[0])
for pattern, text in itertools.product(PATTERNS, TEXTS):
    match = fnmatch.fnmatchcase(text, posixpath.normpath(pattern))
    # All matches, and a part of the rest, keep the file small.
    if match or (len(pattern) * 7 + len(text) * 3 + ord(text[0])) % 3 == 0 or pattern[0] == "[":
        print(pattern, text, int(match), sep="\t")
