"""`manage.py s3collect VERB …`: the program, with the settings of the project."""

import argparse
import os
import subprocess
import sys

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from s3collect.binary import BinaryMissing, become, find

# They have no settings that a project could give.
WITHOUT_SETTINGS = ("completions", "help", "man", "serve")


class Command(BaseCommand):
    help = "Runs s3collect with the settings of this project, e.g. `push`, `manifest` or `url css/site.css`."
    requires_system_checks = [Tags.staticfiles]

    def add_arguments(self, parser):
        parser.add_argument("verb", help="what to do: `push`, `manifest`, `url`, …; `help` lists them all")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…", help="what `s3collect VERB --help` says")

    def handle(self, *, verb, arguments, **options):
        command = command_line(verb, own_options_left_out(arguments), os.environ.get("DJANGO_SETTINGS_MODULE"))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            if self._called_from_command_line:
                become(command, environment)
            self.run(command, environment)
        except BinaryMissing as error:
            raise CommandError(str(error)) from error

    def run(self, command, environment):
        """For `call_command`: what the program prints goes to `stdout`, what it tells to the process's stderr."""
        done = subprocess.run([find(), *command], env=environment, stdout=subprocess.PIPE, text=True)
        self.stdout.write(done.stdout, ending="")
        if done.returncode != 0:
            raise CommandError("`s3collect %s` exits with %d" % (" ".join(command), done.returncode),
                               returncode=done.returncode)


def own_options_left_out(arguments):
    """Those that Django has heeded already, wherever they stood."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    return parser.parse_known_args(arguments)[1]


def command_line(verb, arguments, module):
    """The program's arguments: with the settings module, and the Python that runs now, where the verb takes any."""
    words = [verb, *arguments]
    at = 2 if verb == "settings" else 1
    chosen = any(word.partition("=")[0] in ("--django", "--config") for word in arguments)
    if verb in WITHOUT_SETTINGS or words[:2] == ["settings", "migrate"] or len(words) < at or chosen:
        return words
    if not module:
        raise CommandError("DJANGO_SETTINGS_MODULE is not set, so that s3collect cannot read the project's settings")
    return [*words[:at], "--django", module, "--python", sys.executable, *words[at:]]
