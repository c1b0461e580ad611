"""The static trees that both programs collect: real packages', our fixture, and two made for the borders."""

import base64
import dataclasses
import random
import shutil
from pathlib import Path

import environment

NPM = {"ckeditor4": "4.22.1", "mathjax": "4.1.3"}
MEBIBYTE = 1 << 20


@dataclasses.dataclass(frozen=True)
class Tree:
    """Static dirs in order of precedence: a path, or a prefix and a path."""

    name: str
    sources: list

    def arguments(self):
        """As `s3collect push` takes them."""
        words = []
        for source in self.sources:
            words += ["--source", f"{source[0]}={source[1]}"] if isinstance(source, list) else [source]
        return words

    def changed_copy(self, scratch):
        """The same tree with one file of it changed, and that file's name."""
        copies = []
        for number, source in enumerate(self.sources):
            copy = Path(scratch) / str(number)
            shutil.copytree(source[1] if isinstance(source, list) else source, copy, symlinks=True)
            copies.append([source[0], str(copy)] if isinstance(source, list) else str(copy))
        victim = min(
            path for path in Path(scratch, "0").rglob("*")
            if path.is_file() and not path.is_symlink() and path.suffix in (".css", ".js", ".txt")
            and not any(part.startswith(".") for part in path.relative_to(scratch).parts)
        )
        victim.write_bytes(victim.read_bytes() + b"\n/* changed */\n")
        return Tree(self.name, copies), victim.relative_to(Path(scratch, "0")).as_posix()


def site():
    """The fixture that the README pushes."""
    return Tree("site", [str(environment.REPOSITORY / "fixtures" / "site")])


def package(name):
    """The static files of an installed Django app."""
    import importlib.util

    (parent,) = importlib.util.find_spec(name).submodule_search_locations
    return str(Path(parent) / "static")


def admin():
    return Tree("admin", [package("django.contrib.admin")])


def rest_framework():
    return Tree("rest_framework", [package("rest_framework")])


def npm(cache, name):
    return Tree(name, [str(environment.npm_package(cache, name, NPM[name]))])


def media_types(scratch, table):
    """One small file for every row of the pinned table, as it stands there and in the other case."""
    directory = Path(scratch) / "media-types"
    directory.mkdir()
    for line in Path(table).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            extension = line.split("\t")[0]
            for name in {f"file{extension}", f"FILE{extension.swapcase()}"}:
                (directory / name).write_text(name)
    return Tree("media_types", [str(directory)])


ODD_NAMES = [
    "a b.css", "a+b.txt", "a#b.txt", "a?b.txt", "a%20b.txt", "a%2Fb.txt", "%FF.txt", "a&b=c.txt", "par(1)'!~*.css",
    "semi;colon.js", "comma,name.js", "equals=.js", "at@2x.png", "$dollar.css", "[x]{y}.css", "quote\".txt",
    "back\\slash.txt", "c:drive.css", "c:.css", "caf\u00e9.css", "cafe\u0301.css", "\u65e5\u672c\u8a9e.txt",
    "\U0001f3fa.svg", "-dash.css", " lead.txt", "trail.txt ", "dots..css", "end.", "noext", "UPPER.CSS", "Mixed.Js",
    "page.HTML", "deep/er/and/deeper/file.css", "archive.tar.gz", "archive.tgz", "ARCHIVE.TGZ", "drawing.svgz",
    "style.css.gz", "style.css.GZ", "script.js.br", "data.csv.bz2", "data.json.xz", "old.txt.Z", "gz", "x.gz",
    "script.js.map", "style.css.map", "font.woff2", "font.woff", "font.ttf", "font.eot", "module.mjs", "app.wasm",
    "feed.rss", "note.md", "picture.avif", "picture.webp", "clip.mp4", "view.tsx", "part.vue", "weird.zzz", "script.php",
    "CVS", "sub/CVS/Entries", "sub/.hidden", ".hidden.css", "backup.css~", "sub/cvs/kept.txt",
]


def odd(scratch):
    """Names, suffixes, sizes, links, prefixes and shadowed files at the borders."""
    first, second, third = (Path(scratch) / "odd" / part for part in ("first", "second", "third"))
    tree = Tree("odd", [str(first), str(second), ["vendor/third", str(third)]])
    if first.exists():
        return tree
    for name in ODD_NAMES:
        _write(first / name, f"/* {name} */\n".encode())
    for name in ("empty.css", "empty.bin", "sub/empty.js"):
        _write(first / name, b"")
    noise = random.Random(20261122)
    for size in (8 * MEBIBYTE - 1, 8 * MEBIBYTE, 8 * MEBIBYTE + 1, 16 * MEBIBYTE):
        _write(first / "large" / f"{size}.bin", noise.randbytes(size))
    # Over the multipart threshold plain and below it compressed; then over it both ways.
    _write(first / "large" / "shrinks.css", b".a{color:red}\n" * (9 * MEBIBYTE // 14))
    _write(first / "large" / "stays.js", base64.b64encode(noise.randbytes(9 * MEBIBYTE)))
    (first / "link.css").symlink_to("a b.css")
    (first / "linked").symlink_to("deep/er", target_is_directory=True)
    _write(second / "a b.css", b"shadowed: the first source wins\n")
    _write(second / "only in second.css", b"second\n")
    _write(third / "inner.css", b"third\n")
    return tree


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
