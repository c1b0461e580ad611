"""The management command and the way to the program. Needs Django and this package installed; a script stands in for
the program."""

import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import django.conf
from django.core.management import CommandError, call_command

from s3collect import binary
from s3collect.management.commands.s3collect import command_line, own_options_left_out

MODULE = "mysite.settings"
PROJECT = ["--django", MODULE, "--python", sys.executable]


def setUpModule():
    django.conf.settings.configure(INSTALLED_APPS=["s3collect"])
    django.setup()


class CommandLine(unittest.TestCase):
    def test_the_project_stands_behind_the_verb(self):
        for words in (["push", "./static", "--dry-run"], ["url", "--", "-odd.css"], ["manifest"]):
            self.assertEqual(command_line(words[0], words[1:], MODULE), [words[0], *PROJECT, *words[1:]])

    def test_verbs_of_settings_are_two_words(self):
        self.assertEqual(command_line("settings", ["show", "--all"], MODULE), ["settings", "show", *PROJECT, "--all"])
        self.assertEqual(command_line("settings", ["import"], MODULE), ["settings", "import", *PROJECT])
        self.assertEqual(command_line("settings", [], MODULE), ["settings"])

    def test_verbs_without_settings_stay_as_they_are(self):
        for words in (["serve", "--local", "b"], ["man", "push"], ["help"], ["completions", "zsh"], ["settings", "migrate", "f"]):
            self.assertEqual(command_line(words[0], words[1:], None), words)

    def test_who_chooses_otherwise_is_heeded(self):
        for choice in (["--django", "other.settings"], ["--django=other.settings"], ["--config", "s3collect.toml"]):
            self.assertEqual(command_line("push", choice, MODULE), ["push", *choice])

    def test_without_a_settings_module_there_is_nothing_to_hand_over(self):
        with self.assertRaisesMessage("DJANGO_SETTINGS_MODULE is not set"):
            command_line("push", [], None)

    def test_options_of_django_are_left_out_wherever_they_stand(self):
        words = ["--settings", "a.b", "-n", "x", "--pythonpath=src", "--set", "gzip=true", "--", "-y"]
        self.assertEqual(own_options_left_out(words), ["-n", "x", "--set", "gzip=true", "--", "-y"])

    def assertRaisesMessage(self, text):
        return self.assertRaisesRegex(CommandError, text)


class Program(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = Path(scratch.name)
        there = mock.patch.object(binary, "directories", lambda: [self.directory / "none", self.directory])
        there.start()
        self.addCleanup(there.stop)
        module = mock.patch.dict(os.environ, {"DJANGO_SETTINGS_MODULE": MODULE})
        module.start()
        self.addCleanup(module.stop)

    def program(self, script):
        path = self.directory / binary.NAME
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return path

    def test_it_is_found_where_it_was_installed(self):
        path = self.program("")
        self.assertEqual(binary.find(), path)
        path.chmod(0o644)
        with self.assertRaises(binary.BinaryMissing) as caught:
            binary.find()
        self.assertEqual(
            str(caught.exception),
            f"the program `s3collect` is not in `{self.directory}/none`, `{self.directory}`; "
            f"`{sys.executable} -m pip install --force-reinstall s3collect` brings it back",
        )

    def test_a_call_gets_what_is_printed_and_the_path_of_this_python(self):
        self.program('printf "%s\\n" "$@" "$PYTHONPATH"')
        out = io.StringIO()
        call_command("s3collect", "push", "--dry-run", "-v", stdout=out)
        path = os.pathsep.join(filter(None, sys.path))
        self.assertEqual(out.getvalue().splitlines(), ["push", *PROJECT, "--dry-run", "-v", path])

    def test_a_call_that_fails_is_an_error_with_its_status(self):
        self.program("exit 3")
        with self.assertRaises(CommandError) as caught:
            call_command("s3collect", "verify")
        self.assertEqual(caught.exception.returncode, 3)
        self.assertEqual(str(caught.exception), f"`s3collect verify {' '.join(PROJECT)}` exits with 3")

    def test_a_missing_program_is_an_error_of_the_command(self):
        with self.assertRaisesRegex(CommandError, "^the program `s3collect` is not in "):
            call_command("s3collect", "push")


if __name__ == "__main__":
    unittest.main()
