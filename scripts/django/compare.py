#!/usr/bin/env python3
"""Compares `s3collect manifest --out` with real collectstatic and Django's ManifestStaticFilesStorage on real packages: `staticfiles.json`
as JSON, every other file byte for byte, and the time that both take.

Where Django gives up by its limit of passes, it is given more. A file for which it fails still must be named by s3collect's error; the rest
of the tree is then compared without it.
Prints a table and every difference, and exits 1 where there is one."""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "servers")]

import environment
import outcome

MANIFEST = "staticfiles.json"
GIVES_UP = "Max post-process passes exceeded"
# The time that `s3collect manifest` may take, as a part of Django's, on trees large enough that the interpreter's start does not count.
PART, LARGE = 1 / 50, 2500


@dataclasses.dataclass
class Row:
    """What came of one tree."""

    tree: str
    files: int = 0
    stored: int = 0
    left_out: list = dataclasses.field(default_factory=list)
    patient: bool = False
    theirs_seconds: float = 0.0
    names_seconds: float = 0.0
    ours_seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)

    def ratio(self, seconds):
        return f"{self.theirs_seconds / seconds:.0f}" if seconds else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=environment.REPOSITORY / "target" / "release" / "s3collect",
                        help="the s3collect to compare (default: %(default)s)")
    parser.add_argument("--tree", action="append", help="only the tree of this name; may be given again")
    parser.add_argument("--any-speed", action="store_true", help="do not fail for time: for a debug build")
    environment.add_option(parser)
    arguments = parser.parse_args()
    environment.enter(arguments.cache)

    import packages

    rows, collected, left_out = [], [], []
    wanted = [entry for entry in packages.trees(arguments.cache) if not arguments.tree or entry[0] in arguments.tree]
    for _, make in wanted:
        tree = make()
        rows.append(check(arguments, tree, []))
        collected.append(tree)
        left_out += rows[-1].left_out if not tree.js_modules else []
    if not arguments.tree:
        rows.append(check(arguments, packages.together(collected), left_out))
    return report(rows)


def check(arguments, tree, left_out):
    """Collects one tree with both programs and compares what they leave."""
    row = Row(tree.name, left_out=list(left_out))
    print(tree.name, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="manifest-", dir=arguments.cache) as scratch:
        scratch = Path(scratch)
        row.files = warm(tree)
        theirs = collect_until_done(row, tree, scratch)
        row.failures += refusals(arguments, row, tree, scratch, known=left_out)
        ours = scratch / "ours"
        command = manifest_command(arguments, tree, row.left_out)
        _, row.names_seconds = timed(command, scratch, {})
        done, row.ours_seconds = timed([*command, "--out", ours], scratch, {})
        if done.returncode != 0:
            row.failures.append(f"s3collect exits {done.returncode}: {done.stderr}")
            return row
        row.stored = sum(path.is_file() for path in theirs.rglob("*"))
        row.failures += differences(theirs, ours)
    if row.files >= LARGE and row.names_seconds > row.theirs_seconds * PART and not arguments.any_speed:
        row.failures.append(f"takes {row.names_seconds:.3f} s, more than 1/{1 / PART:.0f} of {row.theirs_seconds:.3f} s")
    return row


def warm(tree):
    """Reads every file, so that neither program is the first to; the number of files."""
    return sum(len(path.read_bytes()) >= 0 for _, root in tree.sources for path in Path(root).rglob("*") if path.is_file())


def collect_until_done(row, tree, scratch):
    """Runs collectstatic, with more passes or without the files for which it failed, until it succeeds; where it collected to."""
    for attempt in range(20):
        root = scratch / f"theirs-{attempt}"
        done, row.theirs_seconds = timed(
            [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0", *ignored(row.left_out)],
            scratch, django_environment(tree, root, row.patient),
        )
        if done.returncode == 0:
            return root
        if GIVES_UP in done.stderr and not row.patient:
            row.patient = True
            continue
        failed = re.search(r"Post-processing '(.*)' failed!", done.stderr)
        names = failed[1].split(", ") if failed else []
        if not names or set(names) <= set(row.left_out):
            raise SystemExit(f"error: collectstatic of `{tree.name}` exits {done.returncode}:\n{done.stderr}")
        row.left_out += names
    raise SystemExit(f"error: collectstatic of `{tree.name}` still fails, without {row.left_out}")


def refusals(arguments, row, tree, scratch, known):
    """The whole tree must be refused where Django refuses it, and the first file that Django names be named."""
    if row.left_out == known:
        return
    done, _ = timed([*manifest_command(arguments, tree, known), "--out", scratch / "refused", "-v"], scratch, {})
    if done.returncode != 1:
        yield f"Django fails for {row.left_out[len(known)]}, s3collect exits {done.returncode}"
    elif row.left_out[len(known)] not in done.stderr:
        yield f"Django fails for {row.left_out[len(known)]}, which s3collect does not name: {done.stderr}"
    if (scratch / "refused").exists():
        yield "a failed run leaves a directory behind"


def manifest_command(arguments, tree, left_out):
    sources = [["--source", f"{prefix}={path}"] if prefix else [path] for prefix, path in tree.sources]
    modules = ["--js-modules"] if tree.js_modules else []
    return [arguments.binary.resolve(), "manifest", *sum(sources, []), *modules, *ignored(left_out)]


def ignored(names):
    """Options that both programs take. Brackets and the like in names would be patterns."""
    return ["--ignore=" + re.sub(r"([*?[])", r"[\1]", name) for name in names]


def django_environment(tree, root, patient):
    kind = ("Patient" if patient else "") + ("Module" if tree.js_modules else "")
    storage = f"collect.{kind}Storage" if kind else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings = {
        "sources": [[prefix, str(path)] if prefix else str(path) for prefix, path in tree.sources],
        "backend": storage,
        "media_types": str(environment.REPOSITORY / "src" / "media_type" / "table.tsv"),
        "settings": {"STATIC_ROOT": str(root)},
    }
    return {
        "PARITY": json.dumps(settings),
        "DJANGO_SETTINGS_MODULE": "django_settings",
        "PYTHONPATH": f"{HERE}:{HERE.parent / 'parity'}",
    }


def timed(command, scratch, variables):
    """Runs a command with nothing of the caller's environment but the search path; how it ended, and the seconds."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(scratch), "LANG": "C.UTF-8"}
    started = time.monotonic()
    done = subprocess.run(command, env=kept | variables, cwd=scratch, capture_output=True, text=True)
    return done, time.monotonic() - started


def differences(theirs, ours):
    """What differs between two directories, in words."""
    found = [{path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()} for root in (theirs, ours)]
    manifests = [json.loads(files.pop(MANIFEST).read_bytes()) if MANIFEST in files else {} for files in found]
    for name in sorted(manifests[0].get("paths", {}).items() ^ manifests[1].get("paths", {}).items()):
        yield f"{MANIFEST}: {' -> '.join(name)} is in one alone"
    for key in sorted((manifests[0].keys() | manifests[1].keys()) - {"paths"}):
        if manifests[0].get(key) != manifests[1].get(key):
            yield f"{MANIFEST}: {key}: expected {manifests[0].get(key)!r}, found {manifests[1].get(key)!r}"
    for name in sorted(found[0].keys() | found[1].keys()):
        if name not in found[1]:
            yield f"{name}: missing"
        elif name not in found[0]:
            yield f"{name}: Django does not write it"
        elif found[0][name].read_bytes() != found[1][name].read_bytes():
            yield f"{name}: bytes differ"


def report(rows):
    """Prints the table, then every difference; 1 where there is one."""
    heading = ("tree", "files", "stored", "left out", "passes", "collectstatic", "manifest", "ratio", "--out", "ratio", "differences")
    outcome.table(heading, [
        (row.tree, row.files, row.stored, len(row.left_out), "more" if row.patient else "5",
         f"{row.theirs_seconds:.2f} s", f"{row.names_seconds:.3f} s", row.ratio(row.names_seconds), f"{row.ours_seconds:.3f} s",
         row.ratio(row.ours_seconds), len(row.failures))
        for row in rows
    ])
    for row in rows:
        for name in row.left_out[:outcome.SHOWN]:
            print(f"{row.tree}: left out, since Django fails for it: {name}")
    return outcome.verdict(rows, lambda row: row.tree, "the same", "differ")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
