"""Where the program is that came with this package, and how the process becomes it."""

import os
import sys
import sysconfig
from pathlib import Path

NAME = "s3collect" + (sysconfig.get_config_var("EXE") or "")


class BinaryMissing(Exception):
    """The wheel's program is in none of the directories that installers put it into."""


def find():
    """The path of the program that was installed together with this package. One of another version, which may be
    in PATH, is not asked for."""
    looked = list(dict.fromkeys(directories()))
    for directory in looked:
        path = directory / NAME
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise BinaryMissing(
        "the program `%s` is not in %s; `%s -m pip install --force-reinstall s3collect` brings it back"
        % (NAME, ", ".join("`%s`" % directory for directory in looked), sys.executable)
    )


def directories():
    """The scripts of this interpreter, of the user's own packages, and those beside `pip install --target`."""
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    yield Path(__file__).resolve().parents[1] / "bin"


def become(arguments, environment=os.environ):
    """Replaces the process by the program, so that signals and the exit status are its own. Does not return."""
    path = find()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(path, [NAME, *arguments], environment)
