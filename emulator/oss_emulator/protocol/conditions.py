"""The headers about the bytes of an object: conditions, ranges, compression, copy sources."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from oss_referer.sources.account import is_bucket_name

from oss_emulator.protocol import dates
from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument, is_utf8
from oss_emulator.protocol.message import parse_query
from oss_emulator.protocol.parameters import is_number

_NAMES = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since")


def check(
    headers: Mapping[str, str],
    etag: str,
    modified: float,
    prefix: str = "",
    shown: Mapping[str, str] | None = None,
) -> None:
    """Check the conditions of a request against an object.

    `etag` is quoted; `modified` is in seconds since the epoch; `shown` are additional headers of
    the 304 answer (P-90). Raises `PreconditionFailed` (412) or `NotModified` (304). An invalid date
    is ignored, as documented for If-Modified-Since. If-None-Match takes precedence over
    If-Modified-Since (RFC 9110, 13.2.2).
    """
    if not prefix and headers.keys().isdisjoint(_NAMES):  # most requests have none
        return
    wanted = headers.get(prefix + "if-match")
    if wanted is not None and not _matches(wanted, etag):
        raise OSSError(ErrorCase.PRECONDITION_FAILED, Condition="If-Match")
    since = _date(headers.get(prefix + "if-unmodified-since"))
    if since is not None and int(modified) > since:
        raise OSSError(ErrorCase.PRECONDITION_FAILED, Condition="If-Unmodified-Since")
    unwanted = headers.get(prefix + "if-none-match")
    since = _date(headers.get(prefix + "if-modified-since"))
    if unwanted is not None:
        unchanged = _matches(unwanted, etag)
    else:
        unchanged = since is not None and int(modified) <= since
    if unchanged:
        known = {"ETag": etag, "Last-Modified": dates.format_http(modified), **(shown or {})}
        raise OSSError(ErrorCase.NOT_MODIFIED, headers=known)


def check_none(headers: Mapping[str, str]) -> None:
    """Raise `NotImplemented` if an upload has a condition (help page of EC 0017-00000245)."""
    for name in _NAMES:
        if name in headers:
            raise OSSError(ErrorCase.CONDITION_OF_PUT, Header=name.title())


def _matches(condition: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")}
    return "*" in tags or etag.strip('"') in tags


def _date(text: str | None) -> float | None:
    if text is None:
        return None
    found = dates.parse_http(text)
    return dates.parse_iso(text) if found is None else found


class Range(NamedTuple):
    """`length` bytes from `offset` of an object."""

    offset: int
    length: int

    def within(self, size: int) -> str:
        """Format the `Content-Range` of an answer with this range of `size` bytes."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


_ANOTHER: Final = re.compile(r" *(?:[0-9]+-|-[0-9])")
"""The beginning of a second range."""


def parse_range(header: str | None, size: int, *, standard: bool = False) -> Range | None:
    """Parse a Range header for an object of `size` bytes; None means the whole object.

    A malformed range, a range that reaches past the end, and multiple ranges are ignored
    (GetObject, "Range"). Text after a comma is ignored unless it is a range (P-90). With
    `x-oss-range-behavior: standard`, a range that reaches past the end is cut at the end, and a
    range that begins at the end or later raises `InvalidRange`, as `bytes=-0` always does (P-96).
    """
    if header is None or not header.startswith("bytes="):
        return None
    asked, _, further = header[6:].partition(",")
    if _ANOTHER.match(further):
        return None
    first, dash, last = asked.strip().partition("-")
    if not dash or not is_number(first or "0") or not is_number(last or "0"):
        return None
    if first:
        start = int(first)
        stop = int(last) + 1 if last else size
        if stop <= start < size:
            return None
    elif last:
        start = max(0, size - int(last))
        stop = size
        if int(last) > size and not standard:
            return None
        standard = standard or int(last) == 0
    else:
        return None
    if not standard and (start >= size or stop > size):
        return None
    if start >= size:
        raise OSSError(
            ErrorCase.INVALID_RANGE,
            headers={"Content-Range": f"bytes */{size}"},
            ActualObjectSize=str(size),
            RangeRequested=header,
        )
    return Range(start, min(stop, size) - start)


MAX_RANGES: Final = 50
"""The most ranges of one request (GetObject, "Range")."""


def parse_ranges(header: str, size: int, *, standard: bool = False) -> tuple[Range, ...]:
    """Parse a Range header that may have several ranges (P-95); () means the whole object.

    One invalid range means the whole object. Raises `MultiRangeFailed` for too many ranges, and the
    errors of `parse_range`.
    """
    unit, _, asked = header.partition("=")
    ranges = asked.split(",")
    if len(ranges) > MAX_RANGES:
        raise OSSError(ErrorCase.TOO_MANY_RANGES)
    found = (parse_range(f"{unit}={one}", size, standard=standard) for one in ranges)
    valid = tuple(one for one in found if one is not None)
    return valid if len(valid) == len(ranges) else ()


MIN_SIZE: Final = 1024
"""Bytes of the smallest object that is compressed (GetObject, Accept-Encoding)."""

CONTENT_TYPES: Final = frozenset(
    """
    text/cache-manifest text/xml text/plain text/css application/javascript
    application/x-javascript application/rss+xml application/json text/json
    """.split()
)
"""The types that are compressed (GetObject, Accept-Encoding)."""

# Headers that describe the stored bytes, not those that are sent.
_OF_BYTES: Final = ("ETag", "Content-MD5")


def takes_gzip(accept_encoding: str, headers: Mapping[str, str], size: int) -> bool:
    """Return whether to send an object as gzip; `headers` are of the answer, `size` is in bytes."""
    return size >= MIN_SIZE and is_compressible(headers) and _accepts_gzip(accept_encoding)


def is_compressible(headers: Mapping[str, str]) -> bool:
    """Return whether the headers of an object allow gzip, whatever its size."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in CONTENT_TYPES and "Content-Encoding" not in headers


def describe_gzip(headers: Mapping[str, str]) -> dict[str, str]:
    """Make the headers of the gzip answer, which has no ETag (GetObject).

    `Vary` keeps caches from sending it to clients without gzip (P-48).
    """
    rest = {name: value for name, value in headers.items() if name not in _OF_BYTES}
    return {**rest, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


COPY_SOURCE: Final = "x-oss-copy-source"
COPY_CONDITIONS: Final = f"{COPY_SOURCE}-"
"""The prefix of the headers with conditions on the source."""


class CopySource(NamedTuple):
    """The object to copy; its current version if `version_id` is None."""

    bucket: str
    key: str
    version_id: str | None


def parse_part_source(header: str) -> CopySource:
    """Parse the source of UploadPartCopy, which must begin with a slash."""
    if not header:
        raise invalid_argument(COPY_SOURCE, header, code=ErrorCase.PART_SOURCE_EMPTY)
    if not header.startswith("/"):
        raise invalid_argument(COPY_SOURCE, header, code=ErrorCase.PART_SOURCE_WITHOUT_SLASH)
    return parse_copy_source(header)


def parse_copy_source(header: str) -> CopySource:
    """Parse `/bucket/key?versionId=…`, percent-encoded; a plus sign is a space (P-43).

    Raises `InvalidArgument`, and `InvalidBucketName` (S-24).
    """
    path, _, query = header.partition("?")
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket or not key or not is_utf8(bucket):
        raise invalid_argument(COPY_SOURCE, header, code=ErrorCase.INVALID_COPY_SOURCE)
    name = unquote(bucket)
    if not is_bucket_name(name):
        raise OSSError(ErrorCase.INVALID_BUCKET_NAME, BucketName=name)
    parameters = parse_query(query)
    if parameters.keys() - {"versionId"}:
        raise invalid_argument(COPY_SOURCE, header, code=ErrorCase.COPY_SOURCE_PARAMETER)
    version_id = parameters.get("versionId")
    return CopySource(name, decode_key(key.replace("+", " ")), version_id)
