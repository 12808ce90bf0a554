"""The code under test. It publishes images to OSS and knows nothing about an emulator."""

import os

import oss2

ENDPOINT = "https://oss-cn-hangzhou.aliyuncs.com"


def open_bucket(name: str) -> oss2.Bucket:
    """Open a bucket with the access key of the environment."""
    auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    return oss2.Bucket(auth, ENDPOINT, name, region="cn-hangzhou")


def publish(bucket: oss2.Bucket, name: str, image: bytes) -> str:
    """Store an image where pages can embed it, and return its key."""
    key = f"images/{name}"
    bucket.put_object(key, image, headers={"Content-Type": "image/png"})
    return key
