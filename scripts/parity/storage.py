"""django-storages' own way to treat some objects differently: what `[[rules]]` stand for."""

from storages.backends.s3 import S3StaticStorage


class RuledStorage(S3StaticStorage):
    """The same as `cases.RULES`, which is what s3collect reads."""

    def get_object_parameters(self, name):
        parameters = super().get_object_parameters(name)
        if name.endswith(".html"):
            parameters["CacheControl"] = "no-cache"
        if name.endswith(".svg"):
            parameters["ContentType"] = "image/svg+xml; charset=utf-8"
            parameters["ContentDisposition"] = "inline"
        return parameters
