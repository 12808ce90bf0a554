"""Saves, reads, lists and deletes a file with django-oss-storage; its argument is a setting."""

import os
import sys

import django
from django.conf import settings
from django.core.files.base import ContentFile

given: dict[str, str] = {}
exec(sys.argv[1], given)  # noqa: S102 - a line of our own page
settings.configure(
    OSS_ACCESS_KEY_ID=os.environ["OSS_ACCESS_KEY_ID"],
    OSS_ACCESS_KEY_SECRET=os.environ["OSS_ACCESS_KEY_SECRET"],
    OSS_BUCKET_NAME="examplebucket",
    OSS_ENDPOINT=given["OSS_ENDPOINT"],
    MEDIA_ROOT="media",
    MEDIA_URL="/media/",
)
django.setup()

from django_oss_storage.backends import OssMediaStorage  # noqa: E402 - it reads the settings

storage = OssMediaStorage()
name = storage.save("dir/a.txt", ContentFile(b"content"))
print(name, storage.open(name).read(), storage.listdir("dir"))
storage.delete(name)
print(storage.exists(name))
