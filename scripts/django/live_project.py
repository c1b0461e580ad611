"""The project that `live` runs: Django's admin, REST framework and a page of its own, with `DEBUG = False`.

`RELEASES` are what differs between two releases of it. Standard library only."""

SETTINGS = """
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = False
SECRET_KEY = "of-a-test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "mysite.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "rest_framework", "blog",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                                       "django.contrib.messages.context_processors.messages"]},
}]
STATIC_URL = "/static/"
"""

# The manifest comes from the bucket.
BUCKET = """
from mysite.settings import *

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mysite.storages.Bucket", "OPTIONS": {
        "bucket_name": "acme", "location": "static", "endpoint_url": os.environ["ENDPOINT"], "region_name": "us-east-1",
        "access_key": os.environ["ACCESS"], "secret_key": os.environ["SECRET"], "addressing_style": "path",
        "custom_domain": os.environ["FRONT"], "url_protocol": "http:",
    }},
}
"""

# The manifest is a file beside Django, the bucket is nothing that Django knows.
LOCAL = """
from mysite.settings import *

STATIC_ROOT = BASE_DIR / "root"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mysite.storages.Local"},
}
AWS_STORAGE_BUCKET_NAME, AWS_LOCATION = "acme", "static"
"""

STORAGE_CLASSES = """
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from storages.backends.s3 import S3ManifestStaticStorage


class Bucket(S3ManifestStaticStorage):
    support_js_module_import_aggregation = True


class Local(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
"""

URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
from rest_framework import routers, serializers, viewsets

from blog.models import Post


class Serializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Post
        fields = ["url", "title", "published"]


class PostViewSet(viewsets.ModelViewSet):
    queryset = Post.objects.order_by("id")
    serializer_class = Serializer


router = routers.DefaultRouter()
router.register("posts", PostViewSet)
urlpatterns = [
    path("", lambda request: render(request, "page.html")),
    path("favicon.ico", lambda request: HttpResponse(b"", content_type="image/x-icon")),
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
]
"""

MODELS = """
from django.db import models


class Post(models.Model):
    title = models.CharField(max_length=80)
    published = models.DateField()

    def __str__(self):
        return self.title
"""

ADMIN = """
from django.contrib import admin

from .models import Post


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):
    list_display = ["title", "published"]
    list_filter = ["published"]
    search_fields = ["title"]
    date_hierarchy = "published"
"""

PAGE = """{% load static %}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>page</title>
<link rel="stylesheet" href="{% static 'blog/site.css' %}"><script type="module" src="{% static 'blog/page.js' %}"></script></head>
<body><h1>Posts</h1><button>more</button></body></html>
"""

FILES = {
    "manage.py": "import sys\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
    "mysite/__init__.py": "",
    "mysite/settings.py": SETTINGS,
    "mysite/bucket.py": BUCKET,
    "mysite/local.py": LOCAL,
    "mysite/storages.py": STORAGE_CLASSES,
    "mysite/urls.py": URLS,
    "blog/__init__.py": "",
    "blog/models.py": MODELS,
    "blog/admin.py": ADMIN,
    "blog/templates/page.html": PAGE,
    # What is asked for late comes from the release whose page it is.
    "blog/static/blog/page.js": """import { name } from "./name.js";
document.querySelector("button").addEventListener("click", async () => {
    const late = await import("./late.js");
    document.body.dataset.late = late.text;
});
document.body.dataset.name = name;
""",
}

RELEASES = [
    {"blog/static/blog/site.css": "h1 { color: rgb(1, 1, 1) }\n", "blog/static/blog/name.js": 'export const name = "first";\n',
     "blog/static/blog/late.js": 'import { name } from "./name.js";\nexport const text = "late of the " + name;\n'},
    {"blog/static/blog/site.css": "h1 { color: rgb(2, 2, 2) }\n", "blog/static/blog/name.js": 'export const name = "second";\n'},
]
COLORS, NAMES = ["rgb(1, 1, 1)", "rgb(2, 2, 2)"], ["first", "second"]


def write(project, files):
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
