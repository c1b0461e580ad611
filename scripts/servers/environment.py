"""The virtual environment and npm packages that the opt-in checks need, kept in one cache directory.

Standard library only: this is what runs before anything is installed.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "scripts" / "requirements.txt"


def add_option(parser):
    """Gives a command line the option for the cache directory."""
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get("S3COLLECT_PEERS", REPOSITORY / "target" / "peers")),
        help="where installed peers are kept (default: $S3COLLECT_PEERS, else target/peers)",
    )


def enter(cache):
    """Carries on inside the virtual environment under `cache`, which is made or renewed first where needed.
    From there a termination is an exit like any other, so that servers and temporary directories go too."""
    venv = cache.resolve() / "venv"
    if Path(sys.prefix).resolve() == venv:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: sys.exit(128 + received))
        return
    with _locked(cache):
        _install(venv)
    python = venv / "bin" / "python"
    os.execv(python, [python, *sys.argv])


def side(cache, name, requirements):
    """Another virtual environment under `cache`, for programs that are started, not imported."""
    venv = cache.resolve() / name
    with _locked(cache):
        _install(venv, requirements)
    return venv


@functools.cache
def elf_program(name, venv=Path(sys.prefix)):
    """The program `name` itself in an environment's packages, past any launcher written in a script language."""
    for path in sorted(Path(venv).rglob(name)):
        if path.is_file() and path.open("rb").read(4) == b"\x7fELF":
            return path
    raise SystemExit(f"error: no program `{name}` in {venv}")


def cargo_program(cache, name, version):
    """A program from crates.io, built where it is not there yet, which takes minutes."""
    root = cache.resolve() / "cargo"
    program = root / "bin" / name
    with _locked(cache):
        if not program.is_file():
            _say(f"building {name} {version} from crates.io: this takes many minutes")
            command = ["cargo", "install", name, "--version", version, "--locked", "--quiet", "--root", root]
            subprocess.run([*command, "--target-dir", root / "target"], check=True, stdout=sys.stderr)
            shutil.rmtree(root / "target")
    return program


def npm_package(cache, name, version):
    """The directory of an npm package, fetched as it was published: nothing of it is run."""
    directory = cache.resolve() / "npm" / f"{name}-{version}"
    with _locked(cache):
        if not directory.is_dir():
            _fetch_npm(directory, f"{name}@{version}")
    return directory


def _fetch_npm(directory, spec):
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        _say(f"fetching {spec} from npm")
        subprocess.run(
            ["npm", "pack", "--silent", "--ignore-scripts", spec],
            cwd=scratch, check=True, stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (Path(scratch) / "package").rename(directory)


def _install(venv, requirements=REQUIREMENTS):
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = venv / "requirements.sha256"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    _say(f"installing {requirements.relative_to(REPOSITORY)} into {venv}")
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--requirement", requirements],
        check=True, stdout=sys.stderr,
    )
    stamp.write_text(wanted)


@contextlib.contextmanager
def _locked(cache):
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text):
    print(text, file=sys.stderr, flush=True)
