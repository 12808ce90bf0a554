"""The `x-oss-copy-source` header: the object or version to copy."""

from typing import Final, NamedTuple
from urllib.parse import unquote

from oss_referer.sources.account import is_bucket_name

from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument, is_utf8
from oss_emulator.protocol.message import parse_query

HEADER: Final = "x-oss-copy-source"
CONDITIONS: Final = f"{HEADER}-"
"""The prefix of the headers with conditions on the source."""


class CopySource(NamedTuple):
    """The object to copy; its current version where `version_id` is None."""

    bucket: str
    key: str
    version_id: str | None


def parse(header: str) -> CopySource:
    """Parse `/bucket/key?versionId=…`, percent-encoded; a plus sign is a space (P-43).

    Raises `InvalidArgument`, and `InvalidBucketName` (S-24).
    """
    path, _, query = header.partition("?")
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket or not key or not is_utf8(bucket):
        raise invalid_argument(HEADER, header, code=ErrorCase.INVALID_COPY_SOURCE)
    name = unquote(bucket)
    if not is_bucket_name(name):
        raise OSSError(ErrorCase.INVALID_BUCKET_NAME, BucketName=name)
    version_id = parse_query(query).get("versionId")
    return CopySource(name, decode_key(key.replace("+", " ")), version_id)
