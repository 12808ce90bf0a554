"""A site with Django that stores uploads in a bucket and shows them by signed URLs, with oss2."""

import os

import oss2
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=10_000,
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the test",
)


def open_bucket():
    auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    return oss2.Bucket(
        auth, "https://oss-cn-hangzhou.aliyuncs.com", "examplebucket", region="cn-hangzhou"
    )


def handle(request, name):
    bucket = open_bucket()
    if request.method == "PUT":
        bucket.put_object(name, request.body)
        return HttpResponse(status=201)
    return HttpResponseRedirect(bucket.sign_url("GET", name, 60))


urlpatterns = [path("images/<name>", handle)]
