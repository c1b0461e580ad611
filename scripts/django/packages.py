"""The real trees: what Django apps bring, and npm packages as they were published."""

import dataclasses
from pathlib import Path

import environment

DJANGO_APPS = {"admin": "django.contrib.admin", "rest_framework": "rest_framework"}

# Style sheets with fonts, images and source maps, in the hand of many tools.
NPM = {
    "@fortawesome/fontawesome-free": "7.3.1",
    "@mdi/font": "7.4.47",
    "bootstrap": "5.3.9",
    "bootstrap-icons": "1.13.2",
    "ckeditor4": "4.22.1",
    "datatables.net-dt": "3.1.2",
    "flag-icons": "7.5.0",
    "jquery-ui-dist": "1.13.3",
    "jstree": "3.3.17",
    "katex": "0.19.1",
    "leaflet": "1.9.4",
    "mathjax": "4.1.3",
    "monaco-editor": "0.57.0",
    "select2": "4.1.0",
    "slick-carousel": "2.0.0",
    "swagger-ui-dist": "5.35.0",
    "tinymce": "8.9.2",
    "video.js": "8.24.1",
}

# These with `support_js_module_import_aggregation`.
NPM_MODULES = {"bootstrap": NPM["bootstrap"], "lodash-es": "4.18.1", "three": "0.187.0"}


@dataclasses.dataclass(frozen=True)
class Tree:
    """Pairs of prefix and directory. No prefix is the empty string."""

    name: str
    sources: list
    js_modules: bool = False


def trees(cache):
    """Every tree, each made when it is asked for."""
    for name, app in DJANGO_APPS.items():
        yield name, lambda name=name, app=app: Tree(name, [("", static_of(app))])
    for name, version in NPM.items():
        yield name, lambda name=name, version=version: Tree(name, [("", environment.npm_package(cache, name, version))])
    for name, version in NPM_MODULES.items():
        label = f"{name} (modules)"
        yield label, lambda label=label, name=name, version=version: Tree(
            label, [("", environment.npm_package(cache, name, version))], js_modules=True
        )


def together(collected):
    """One tree of all the others that are no modules, each below its name."""
    return Tree("all of them", [(tree.name, path) for tree in collected if not tree.js_modules for _, path in tree.sources])


def static_of(app):
    import importlib.util

    (parent,) = importlib.util.find_spec(app).submodule_search_locations
    return Path(parent) / "static"
