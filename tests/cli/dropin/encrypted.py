"""Writes an encrypted object with a key of KMS and reads it; it does not name the emulator."""

import os

import oss2

KEY = (os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
PLACE = ("https://oss-cn-hangzhou.aliyuncs.com", "examplebucket")


def bucket(passphrase: str) -> oss2.CryptoBucket:
    """Return a bucket whose objects are encrypted with keys that need a passphrase."""
    provider = oss2.AliKMSProvider(*KEY, "cn-hangzhou", "a-key", passphrase=passphrase)
    auth = oss2.AuthV4(*KEY)
    return oss2.CryptoBucket(auth, *PLACE, crypto_provider=provider, region="cn-hangzhou")


bucket("open").put_object("a.txt", b"content")
stored = oss2.Bucket(oss2.AuthV4(*KEY), *PLACE, region="cn-hangzhou").get_object("a.txt").read()
print(stored == b"content", bucket("open").get_object("a.txt").read())
try:
    bucket("other").get_object("a.txt")
except oss2.exceptions.OpenApiServerError as error:
    print(error.status, error.code)
