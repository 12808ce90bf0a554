"""Conditional requests: If-Match and similar headers, and their `x-oss-copy-source-` forms."""

from collections.abc import Mapping

from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import ErrorCase, OSSError

_NAMES = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since")


def check(
    headers: Mapping[str, str],
    etag: str,
    modified: float,
    prefix: str = "",
    shown: Mapping[str, str] | None = None,
) -> None:
    """Check the conditions of a request against an object.

    `etag` is quoted; `modified` is in seconds since the epoch; `shown` are further headers of the
    answer to an object that has not changed (P-90). Raises `PreconditionFailed` (412) or
    `NotModified` (304). An invalid date is ignored, as documented for If-Modified-Since.
    If-None-Match takes precedence over If-Modified-Since (RFC 9110, 13.2.2).
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


def refuse(headers: Mapping[str, str]) -> None:
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
    return dates.parse_http(text) or dates.parse_iso(text)
