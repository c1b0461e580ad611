#!/usr/bin/env python3
"""Makes trees at random out of what is hard (names, references, forms of CSS and JavaScript) and compares what real Django and
`s3collect manifest --out` make of each. A tree that differs is printed as JSON, made as small as it gets.

Where Django gives up early, by its limit of passes or the order of files, `collect.PatientStorage` speaks for it. Names with a backslash are left out: on disk
Django stores them where its manifest does not say."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "servers")]

import environment

FOLDERS = ["", "", "css/", "js/", "css/sub/", "a b/", "x%20y/", "caf\u00e9/"]
STEMS = ["a", "b", "c", "a b", "a%20b", "a#b", "a?b", "caf\u00e9", "a.b", " a", "A", "it's", "a(1)", "%41", "a&b", "x:a", "100%", "[a]"]
ENDINGS = [".css", ".css", ".css", ".js", ".js", ".png", ".png", ".svg", ".css.map", ".js.map", "", ".CSS"]
TAILS = ["", "", "", "", "", "?v=1", "#x", "?#iefix", "?", "#", "?a/b", "#a/b", "?#", " ", "?v=1#x", "?v=%2F", "/", "%20"]
CSS = ["url({})", "url('{}')", 'url("{}")', "url( {} )", "URL({})", "url('{}\")", "@import '{}';", '@import "{}" print;', "@import url({});",
       "@IMPORT\n'{}'", "\n/*# sourceMappingURL={} */\n", "\n/*# sourceMappingURL={}*/\r\n", "/* url({}) */", "url({}", "url(\n{})", "url( '{}' )",
       "@import ' {}'", "\n/*#\tsourceMappingURL={} */", "\u0131mport '{}'", "@\u0131mport '{}'", "url(\x1c{})", "@import'{}'", "curl({})"]
JS = ["\n//# sourceMappingURL={}\n", "\n//# sourceMappingURL={}\r\n", "\n//# sourceMappingURL={}", "import a from '{}';", "import '{}';", "import('{}')",
      'import {{a}} from "{}";', "import * as x from '{}';", "import*as x from '{}';", "export * from '{}';", "export {{\n a\n}} from '{}' ;",
      "import b from '{}'\n", "import\n'{}';", "import'{}';", "IMPORT a FROM '{}';", "// import '{}';", "export const a = '{}';\n", "import('{}');import(\"{}\")"]
GLUE = ["", " ", "\n", "\n\n", "\r\n", "a{b:c}", ";", "//x\n", "import ", "from ", "export ", "'", '"', "\u2028"]
LEFT_ALONE = ["data:,x", "//h/x", "/other/x", "http://x/y", "#x", "", "?x", "DATA:,x", "img", "..", "./", "/static/", "missing.png"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=environment.REPOSITORY / "target" / "release" / "s3collect",
                        help="the s3collect to compare (default: %(default)s)")
    parser.add_argument("--trees", type=int, default=1000, metavar="N", help="how many trees (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default: %(default)s)")
    environment.add_option(parser)
    arguments = parser.parse_args()
    environment.enter(arguments.cache)

    import collect

    collect.configure()
    compared = different = 0
    for seed in range(arguments.seed, arguments.seed + arguments.trees):
        tree = make(random.Random(seed))
        verdict = compare(arguments.binary.resolve(), tree)
        compared += verdict is not None
        if verdict:
            different += 1
            tree = smaller(arguments.binary.resolve(), tree)
            print(json.dumps({"seed": seed, "tree": tree}), compare(arguments.binary.resolve(), tree), sep="\n", flush=True)
    print(f"{compared} trees compared, {different} differ")
    return 1 if different or not compared else 0


def make(chance):
    """A tree: its files, and whether modules are aggregated."""
    names = {chance.choice(FOLDERS) + chance.choice(STEMS) + chance.choice(ENDINGS) for _ in range(chance.randint(2, 6))}
    names = sorted(names)
    return {"js_modules": chance.random() < 0.6, "files": {name: content(chance, name, names) for name in names}}


def content(chance, name, names):
    forms = CSS if name.endswith(".css") else JS if name.endswith(".js") else []
    # References lead to later names mostly: cycles are refused and prove little.
    later = [other for other in names if other > name] or names
    parts = [name] if not forms or chance.random() < 0.1 else []
    for _ in range(chance.randint(0, 4) if forms else 0):
        target = reference(chance, name, chance.choice(later if chance.random() < 0.9 else names))
        parts += [chance.choice(forms).format(target, target), chance.choice(GLUE)]
    return "".join(parts)


def reference(chance, name, target):
    """One of the ways to refer to a file."""
    import posixpath
    from urllib.parse import quote

    if chance.random() < 0.08:
        return chance.choice(LEFT_ALONE)
    path = posixpath.relpath(target, posixpath.dirname(name) or ".")
    path = path if path.startswith(".") or chance.random() < 0.5 else f"./{path}"
    path = f"/static/{target}" if chance.random() < 0.2 else path
    path = chance.choice([path, quote(path), quote(path), quote(path, safe="/:"), path.replace("/", "//") if chance.random() < 0.1 else path])
    return path + chance.choice(TAILS)


def compare(binary, tree):
    """Words for a difference, nothing where there is none, None where Django's outcome is not one."""
    import collect

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        source = scratch / "source"
        try:
            for name, text in tree["files"].items():
                path = source / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
        except OSError:
            return None
        if not source.is_dir():
            return None
        storages = [collect.ModuleStorage, collect.PatientModuleStorage] if tree["js_modules"] else [
            collect.ManifestStaticFilesStorage, collect.PatientStorage,
        ]
        failures = []
        for storage in storages:
            theirs = scratch / storage.__name__
            failure = collect.collect([("", source)], theirs, storage=storage, static_url="/static/", default_ignore=True)
            if not failure:
                break
            failures.append(failure)
        modules = ["--js-modules"] if tree["js_modules"] else []
        done = subprocess.run([binary, "manifest", source, "--out", scratch / "ours", *modules], capture_output=True, text=True, cwd=scratch)
        if done.returncode == 1 and not failure and failures and failures[0].kind != "RuntimeError":
            # Whether a name that is hashed twice is found depends on the order of files: to refuse it is as right.
            return None
        if failure:
            return "" if done.returncode == 1 else f"Django: {failure}\nexit {done.returncode} {done.stderr}"
        if done.returncode != 0:
            return f"exit {done.returncode}: {done.stderr}"
        expected, found = read(theirs), read(scratch / "ours")
        names = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        return "\n".join(f"{name!r}: expected {expected.get(name)!r}, found {found.get(name)!r}" for name in names)


def read(root):
    """Every file below a directory; the manifest as what it says."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    if "staticfiles.json" in files:
        files["staticfiles.json"] = json.loads(files["staticfiles.json"])
    return files


def smaller(binary, tree):
    """The same difference with as few files and as little text as greedy steps find."""
    shrunk = True
    while shrunk:
        shrunk = False
        for attempt in steps(tree):
            if compare(binary, attempt):
                tree, shrunk = attempt, True
                break
    return tree


def steps(tree):
    for name, text in tree["files"].items():
        yield tree | {"files": {other: kept for other, kept in tree["files"].items() if other != name}}
        size = len(text) // 2
        while size:
            for start in range(0, len(text), size):
                yield tree | {"files": tree["files"] | {name: text[:start] + text[start + size:]}}
            size //= 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
