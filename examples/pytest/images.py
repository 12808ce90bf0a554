"""Code under test: it publishes images in production, and knows nothing of an emulator."""

import os

import oss2

ENDPOINT = "https://oss-cn-hangzhou.aliyuncs.com"


def open_bucket(name: str) -> oss2.Bucket:
    """The bucket, with the keys of the environment."""
    auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    return oss2.Bucket(auth, ENDPOINT, name, region="cn-hangzhou")


def publish(bucket: oss2.Bucket, name: str, image: bytes) -> str:
    """Put an image where pages can embed it; returns its key."""
    key = f"images/{name}"
    bucket.put_object(key, image, headers={"Content-Type": "image/png"})
    return key
