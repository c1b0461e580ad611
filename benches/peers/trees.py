"""The trees that are pushed: real packages in one directory, many small files, large ones. Made once, kept in the cache."""

import random
import shutil
from pathlib import Path

import packages

KIBIBYTE, MEBIBYTE = 1 << 10, 1 << 20
SEED = 20261123
REAL = ["admin", "rest_framework", "@mdi/font", "bootstrap", "flag-icons", "jstree", "katex", "leaflet", "lodash-es (modules)",
        "select2", "swagger-ui-dist", "tinymce", "video.js"]
LARGE = [512] + [64] * 4


def make(cache, name):
    """The directory of a tree."""
    directory = cache.resolve() / "bench-trees" / name
    if not directory.is_dir():
        unfinished = directory.with_name(f"{name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        MAKERS[name](cache, unfinished)
        unfinished.rename(directory)
    return directory


def real(cache, directory):
    """What is collected of the packages: no hidden files, no backups."""
    trees = dict(packages.trees(cache))
    for name in REAL:
        ((_, source),) = trees[name]().sources
        below = directory / name.split(" ")[0].strip("@")
        shutil.copytree(source, below, ignore=shutil.ignore_patterns(".*", "*~", "CVS"))


def small(_, directory, count=20_000):
    """Style sheets, scripts and images of 1 to 8 KiB, 200 to a directory."""
    noise = random.Random(SEED)
    for number in range(count):
        below = directory / f"{number // 200:03}"
        below.mkdir(exist_ok=True)
        suffix = ("css", "js", "png")[number % 3]
        size = noise.randint(KIBIBYTE, 8 * KIBIBYTE)
        content = noise.randbytes(size) if suffix == "png" else text(noise, size)
        (below / f"{number:05}.{suffix}").write_bytes(content)


def large(_, directory):
    """Files that no client sends in one request by default, of what does not compress."""
    noise = random.Random(SEED)
    for number, mebibytes in enumerate(LARGE):
        with open(directory / f"{number}.bin", "wb") as file:
            for _ in range(mebibytes):
                file.write(noise.randbytes(MEBIBYTE))


def text(noise, size):
    rules = []
    while size > 0:
        rules.append(f".c{noise.getrandbits(64):016x} {{ color: #{noise.getrandbits(24):06x}; margin: {noise.randrange(99)}px }}\n")
        size -= len(rules[-1])
    return "".join(rules).encode()


MAKERS = {"real": real, "small": small, "large": large}


class Changed:
    """A context: one file of a tree has a line more, and is what it was afterwards, times included."""

    def __init__(self, directory):
        self.path = min(path for path in Path(directory).rglob("*") if path.suffix in (".css", ".bin"))

    def __enter__(self):
        import os

        self.stat = self.path.stat()
        with open(self.path, "ab") as file:
            file.write(b"/* changed */\n")
        self.restore = lambda: (os.truncate(self.path, self.stat.st_size),
                                os.utime(self.path, ns=(self.stat.st_atime_ns, self.stat.st_mtime_ns)))

    def __exit__(self, *_):
        self.restore()
