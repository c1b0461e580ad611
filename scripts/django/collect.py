"""Real `collectstatic` with Django's own ManifestStaticFilesStorage, in this process, over directories."""

import dataclasses
import io
import re
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.contrib.staticfiles.utils import get_files
from django.core.management import call_command
# Its receivers forget finders and storages when settings change.
from django.test import override_settings, signals  # noqa: F401


class ModuleStorage(ManifestStaticFilesStorage):
    """As Django's documentation shows it."""

    support_js_module_import_aggregation = True


class PatientStorage(ManifestStaticFilesStorage):
    """As many passes as it takes, over files that are all known from the beginning: what Django comes to where its limit
    of passes, or the order of names, does not end it early."""

    max_post_process_passes = 100

    def _post_process(self, paths, adjustable_paths, hashed_files):
        for name, (storage, path) in paths.items():
            key = self.hash_key(self.clean_name(name))
            if key not in hashed_files:
                with storage.open(path) as file:
                    hashed_files[key] = self.hashed_name(name, file)
                    if not self.exists(hashed_files[key]):
                        self._save(hashed_files[key], file)
        return super()._post_process(paths, adjustable_paths, hashed_files)


class PatientModuleStorage(ModuleStorage, PatientStorage):
    """Both."""


class RisingFinder(FileSystemFinder):
    """Each directory's files in order of names: `os.scandir` promises none."""

    falling = False

    def list(self, ignore_patterns):
        for _, root in self.locations:
            for name in sorted(get_files(self.storages[root], ignore_patterns), reverse=self.falling):
                yield name, self.storages[root]


class FallingFinder(RisingFinder):
    """The opposite order, in which other chains are the worst."""

    falling = True


@dataclasses.dataclass(frozen=True)
class Failure:
    """An exception of collectstatic's, and the file whose post-processing it ends where Django says that."""

    kind: str
    message: str
    file: str | None


def configure():
    """Settings that no case changes."""
    settings.configure(SECRET_KEY="not used", MEDIA_URL="/media/", INSTALLED_APPS=["django.contrib.staticfiles"])
    django.setup()


def collect(sources, root, *, storage=ManifestStaticFilesStorage, finder=RisingFinder, static_url, default_ignore):
    """Collects `sources`, pairs of prefix and directory, into `root`; a Failure where Django raises."""
    told = io.StringIO()
    changed = override_settings(
        STATIC_URL=static_url,
        STATIC_ROOT=str(root),
        STATICFILES_DIRS=[(prefix, str(path)) if prefix else str(path) for prefix, path in sources],
        STATICFILES_FINDERS=[f"{finder.__module__}.{finder.__qualname__}"],
        STORAGES={"staticfiles": {"BACKEND": f"{storage.__module__}.{storage.__qualname__}"}},
    )
    with changed:
        try:
            call_command("collectstatic", interactive=False, verbosity=0, stderr=told, use_default_ignore_patterns=default_ignore)
        except Exception as error:
            file = re.search(r"Post-processing '(.*)' failed!", told.getvalue(), re.DOTALL)
            return Failure(type(error).__name__, _portable(str(error), root), file and file[1])
    return None


def _portable(message, root):
    """The message without this machine's paths and addresses."""
    message = re.sub(r"<[\w.]*?(\w+) object at 0x[0-9a-f]+>", r"<\1>", message)
    return message.replace(str(root), "STATIC_ROOT").replace(str(Path(root).parent), "STATIC_ROOT/..")
