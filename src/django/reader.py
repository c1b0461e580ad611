"""Reads what a Django project says of its static files and storages, and prints it as JSON.

Run by s3collect with the project's own Python, the settings module and `secrets` or `no-secrets` as arguments. It
makes storages but never speaks to a bucket. What the project prints goes to stderr."""

import json
import os
import sys
import traceback

module, secrets = sys.argv[1:3]
answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

SECRETS = {"access_key", "secret_key", "security_token", "cloudfront_key"}
# Made by the storage out of other settings, or Python objects that are read apart.
DERIVED = {"client_config", "transfer_config", "cloudfront_signer", "config"}
OF_MANIFESTS = ("manifest_name", "manifest_strict", "support_js_module_import_aggregation")
# Attributes that decide what Django does, and have no setting.
FIXED = ("patterns", "default_template", "default_content_type")


class Unplain(Exception):
    """A Python object that is no plain value."""


def plain(value):
    """A value as JSON has it."""
    import datetime

    from django.utils.functional import Promise

    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (os.PathLike, Promise)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    raise Unplain(type(value).__name__)


def path_of(thing):
    """The dotted path of a class."""
    return thing.__module__ + "." + thing.__qualname__


def fail(kind, error):
    """Ends with what went wrong, and the last place in the project's own files."""
    cause = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
    here = os.getcwd() + os.sep
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(here) and "site-packages" not in frame.filename
    ]
    places = [(frame.filename, frame.lineno) for frame in frames]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(here):
        places.append((error.filename, error.lineno))
    where = "%s:%d" % (places[-1][0][len(here):], places[-1][1]) if places else None
    json.dump({"error": {"kind": kind, "cause": cause, "where": where}}, answer)
    answer.close()
    os._exit(0)


def attempt(kind, action):
    """What an action gives; where it raises anything, that is the answer."""
    try:
        return action()
    except BaseException as error:  # Settings may call sys.exit.
        return fail(kind, error)


def set_up():
    import django
    from django.conf import settings

    settings.INSTALLED_APPS
    django.setup()
    return settings


def sources(findings):
    """Static dirs in the order of the finders."""
    from django.contrib.staticfiles import finders

    known = (finders.FileSystemFinder, finders.AppDirectoriesFinder)
    found = []
    for finder in finders.get_finders():
        kind = next((kind for kind in known if isinstance(finder, kind)), None)
        if kind is None:
            findings.append({"what": "the finder `%s`" % path_of(type(finder))})
            continue
        if any(getattr(type(finder), method) is not getattr(kind, method) for method in ("list", "find")):
            findings.append({"what": "what the finder `%s` does of its own" % path_of(type(finder))})
        if kind is finders.FileSystemFinder:
            pairs = finder.locations
        else:
            pairs = [(getattr(storage, "prefix", None), storage.location) for storage in finder.storages.values()]
        found.extend(
            {"prefix": prefix or "", "dir": os.path.abspath(str(root))} for prefix, root in pairs if os.path.isdir(root)
        )
    return found


def ignore_patterns():
    from django.apps import apps

    try:
        return list(apps.get_app_config("staticfiles").ignore_patterns)
    except (LookupError, AttributeError):
        return None


def aliases(settings):
    """The name of every storage, how it is made, and its options."""
    configured = getattr(settings, "STORAGES", None)
    if configured:
        from django.core.files.storage import storages

        return {
            alias: (lambda alias=alias: storages[alias], backend.get("OPTIONS", {}))
            for alias, backend in configured.items()
        }
    from django.core.files.storage import get_storage_class

    return {
        "default": (lambda: get_storage_class(settings.DEFAULT_FILE_STORAGE)(), {}),
        "staticfiles": (lambda: get_storage_class(settings.STATICFILES_STORAGE)(), {}),
    }


def bases():
    """django-storages' classes, where it is installed; and Django's mixin."""
    from django.contrib.staticfiles.storage import ManifestFilesMixin

    try:
        from storages.backends import s3 as backend

        classes = backend.S3Storage, backend.S3StaticStorage
    except (ImportError, AttributeError):
        try:
            from storages.backends import s3boto3 as backend

            classes = backend.S3Boto3Storage, getattr(backend, "S3StaticStorage", None)
        except ImportError:
            classes = None, None
    # A storage reads its manifest when it is made, from the bucket.
    ManifestFilesMixin.load_manifest = lambda self: ({}, "")
    return classes + (ManifestFilesMixin,)


def user_options(value):
    """The arguments that a `Config` or a `TransferConfig` was made with."""
    given = getattr(value, "_user_provided_options", None)
    if given is not None:
        return dict(given)
    usual = vars(type(value)())
    names = {"max_request_concurrency": "max_concurrency", "max_io_queue_size": "max_io_queue"}
    return {names.get(name, name): item for name, item in vars(value).items()
            if not name.startswith("_") and usual.get(name) != item}


def explicit(name, kind, options, defaults):
    """What the project gives of a setting that the storage makes up where nobody does."""
    attribute = getattr(kind, "config", None) if name == "client_config" else None
    return options.get(name) or attribute or getattr(kind, name, None) or defaults.get(name)


def storage(instance, options, classes):
    """What one storage is, by the words of s3collect's settings."""
    s3, static, mixin = classes
    kind = type(instance)
    told = {"class": path_of(kind), "backend": None, "settings": {}, "secrets": [], "findings": []}
    is_manifest = isinstance(instance, mixin)
    if s3 is not None and isinstance(instance, s3):
        told["backend"] = "S3Storage"
        if static is not None and isinstance(instance, static):
            told["backend"] = "S3StaticStorage"
        defaults = instance.get_default_settings()
        for name in defaults:
            if name not in DERIVED:
                put(told, name, getattr(instance, name))
        for name in ("client_config", "transfer_config"):
            value = explicit(name, kind, options, defaults)
            if value is not None:
                put(told, name, user_options(value))
        if explicit("cloudfront_signer", kind, options, {}) is not None:
            told["findings"].append({"what": "the `cloudfront_signer` of `%s`" % told["class"]})
    if is_manifest:
        told["backend"] = told["backend"] and "S3ManifestStaticStorage"
        told["manifest"] = True
        for name in OF_MANIFESTS:
            if hasattr(instance, name):
                put(told, name, getattr(instance, name))
        manifests(told, instance)
    told["findings"].extend(overrides(kind, [base for base in classes if base is not None]))
    return told


def manifests(told, instance):
    """Where the manifest is kept, if that is another storage."""
    kept = getattr(instance, "manifest_storage", instance)
    if kept is instance:
        return
    try:
        put(told, "manifest_location", os.path.join(kept.path(""), instance.manifest_name))
        put(told, "manifest_storage", "local")
    except NotImplementedError:
        told["findings"].append({"what": "the `manifest_storage` of `%s`" % told["class"]})


def put(told, name, value):
    """Takes a setting in; a secret only for those who asked for it."""
    if name in SECRETS and value:
        told["secrets"].append(name)
        if secrets != "secrets":
            return
    try:
        told["settings"][name] = plain(value)
    except Unplain as error:
        told["findings"].append({"what": "`%s`, which holds a Python object of type `%s`" % (name, error)})


def overrides(kind, known):
    """What classes of the project's own do otherwise than those that s3collect stands in for."""
    found = []
    for base in kind.__mro__:
        if base.__module__.split(".")[0] in ("django", "storages", "builtins"):
            continue
        for name, value in vars(base).items():
            is_method = callable(value) or isinstance(value, (property, staticmethod, classmethod))
            if name.startswith("__") or name == "get_default_settings":
                continue
            if (is_method and any(callable(getattr(one, name, None)) for one in known)) or name in FIXED:
                found.append({"what": "`%s.%s`" % (path_of(base), name), "name": name})
    return found


def of_the_project(settings):
    """`AWS_…` as they stand, for a project whose static files are not on S3 yet. Credentials are left to the chain."""
    told = {"settings": {}, "secrets": [], "findings": []}
    for name in sorted(dir(settings)):
        if name == "GZIP_CONTENT_TYPES" or (name.startswith("AWS_") and "KEY" not in name and "TOKEN" not in name):
            put(told, name, getattr(settings, name))
    return told


def read():
    settings = attempt("settings", set_up)
    findings = []
    classes = attempt("storages", bases)
    read_sources = attempt("finders", lambda: sources(findings))
    made = {}
    for alias, (make, options) in aliases(settings).items():
        try:
            made[alias] = storage(make(), options, classes)
        except BaseException as error:
            if alias == "staticfiles":
                fail("storage", error)
            cause = traceback.format_exception_only(type(error), error)[-1].strip()
            findings.append({"what": "the storage `%s`" % alias, "cause": cause})
    return {
        "static_url": attempt("settings", lambda: plain(settings.STATIC_URL)),
        "sources": read_sources,
        "ignore_patterns": ignore_patterns(),
        "storages": made,
        "project": of_the_project(settings),
        "names": [name for name in dir(settings) if name.isupper()],
        "findings": findings,
    }


sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = module
try:
    import django  # noqa: F401
except ImportError as error:
    fail("django", error)
json.dump(read(), answer)
answer.close()
# Threads of the project need not be waited for.
os._exit(0)
