#!/usr/bin/env python3
"""Records what real Django makes of the small trees in `cases.py`: `fixtures/django/5.2/CASE.json`, sources and expectations in one.

A second run changes nothing. `--check` writes nothing and exits 1 where a fixture is not what Django says."""

import argparse
import base64
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "servers")]

import environment

FIXTURES = environment.REPOSITORY / "fixtures" / "django" / "5.2"
MANIFEST = "staticfiles.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the fixtures; write nothing")
    parser.add_argument("--case", help="only the case of this name")
    environment.add_option(parser)
    arguments = parser.parse_args()
    environment.enter(arguments.cache)

    import cases
    import collect

    collect.configure()
    wanted = [case for case in cases.CASES if arguments.case in (None, case.name)]
    found = {f"{case.name}.json": document(case) for case in wanted}
    recorded = {path.name: path.read_text(encoding="utf-8") for path in FIXTURES.glob("*.json")}
    if arguments.case:
        recorded = {name: text for name, text in recorded.items() if name in found}
    changed = sorted(name for name in found.keys() | recorded.keys() if found.get(name) != recorded.get(name))
    for name in changed:
        print(name)
        if not arguments.check:
            write(FIXTURES / name, found.get(name))
    print(f"{len(found)} cases, {len(changed)} {'differ' if arguments.check else 'changed'}", file=sys.stderr)
    return 1 if not found or (arguments.check and changed) else 0


def write(path, text):
    """Puts a fixture's text; none removes the fixture of a case that is no more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8") if text is not None else path.unlink()


def document(case):
    """The fixture's text."""
    import collect

    outcomes = [run(case, finder=finder) for finder in (collect.RisingFinder, collect.FallingFinder)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, collect.Failure)]
    if case.gives_up and failures:
        expected, failure = run(case, storage=collect.PatientStorage), failures[0]
    elif len(failures) == 1 or (not failures and outcomes[0] != outcomes[1]):
        raise SystemExit(f"error: `{case.name}`: the order of names matters: {outcomes}")
    else:
        expected, failure = (None, failures[0]) if failures else (outcomes[0], None)
    if bool(case.fails or case.gives_up) != bool(failure) or isinstance(expected, collect.Failure):
        raise SystemExit(f"error: `{case.name}`: Django does not do what the case says: {failure or expected}")

    fixture = {"settings": settings(case), "sources": [
        {"prefix": prefix, "files": {name: as_json(body(content)) for name, content in sorted(files.items())}}
        for prefix, files in case.all_sources()
    ]}
    if expected:
        fixture["expected"] = expected
    if failure:
        fixture["error"] = {"class": failure.kind, "message": failure.message, "file": failure.file}
    for key, words in (("error_names", case.fails), ("warning_names", case.warned), ("refusal_names", case.refused)):
        if words:
            fixture[key] = words
    return json.dumps(fixture, indent=1) + "\n"


def settings(case):
    """Those that are not the default."""
    told = {
        "support_js_module_import_aggregation": case.js_modules or None,
        "static_url": case.static_url if case.static_url != "/static/" else None,
        "use_default_ignore_patterns": None if case.default_ignore else False,
    }
    return {name: value for name, value in told.items() if value is not None}


def run(case, **options):
    """Collects a case: a Failure, or what is in the manifest and in STATIC_ROOT."""
    import collect

    if case.js_modules:
        options.setdefault("storage", collect.ModuleStorage)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        sources = []
        for number, (prefix, files) in enumerate(case.all_sources()):
            directory = Path(scratch) / str(number)
            directory.mkdir()
            for name, content in files.items():
                path = directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body(content))
            sources.append((prefix, directory))
        failure = collect.collect(
            sources, root, static_url=case.static_url, default_ignore=case.default_ignore, **options
        )
        return failure or read(root, case)


def read(root, case):
    """The manifest, and every other file: its text, or the collected file of which it is a copy."""
    manifest = json.loads((root / MANIFEST).read_bytes())
    originals = {}
    for prefix, files in case.all_sources():
        for name, content in files.items():
            originals.setdefault(f"{prefix}/{name}" if prefix else name, body(content))
    stored = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name != MANIFEST:
            content = path.read_bytes()
            same = [original for original, bytes_ in sorted(originals.items()) if bytes_ == content]
            same.sort(key=lambda original: original != name)
            stored[name] = {"copy_of": same[0]} if same else as_json(content)
    return {
        "paths": dict(sorted(manifest["paths"].items())),
        "version": manifest["version"],
        "hash": manifest["hash"],
        "stored": stored,
    }


def body(content):
    return content if isinstance(content, bytes) else content.encode("utf-8")


def as_json(content):
    """Text, or base64 where it is none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


if __name__ == "__main__":
    sys.exit(main())
