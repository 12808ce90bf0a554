"""The parts of a request in the one form in which they are signed."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote

from oss_emulator.protocol.message import parse_query


def path(bucket: str, key: str) -> str:
    """`/bucket/key`, `/bucket/` or `/`, whatever the addressing style."""
    return f"/{bucket}/{key}" if bucket else "/"


@lru_cache(1024)
def resource(bucket: str, key: str) -> str:
    """The path, percent-encoded but for its slashes."""
    return percent(path(bucket, key), "/")


def headers(fields: Mapping[str, str], also: tuple[str, ...] = ()) -> str:
    """A line `name:value` for each `x-oss-*` header and each of those named in `also`, sorted."""
    return "".join([f"{name}:{fields[name].strip()}\n" for name in _signed(tuple(fields), also)])


@lru_cache(256)  # a client sends the same headers again and again
def _signed(names: tuple[str, ...], also: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are signed, sorted."""
    return tuple(sorted(name for name in names if name.startswith("x-oss-") or name in also))


@lru_cache(256)
def query(query_string: str) -> str:
    """The whole query but its `x-oss-signature`, percent-encoded, then sorted (P-13, P-14)."""
    return join(
        (percent(name), percent(value))
        for name, value in parse_query(query_string).items()
        if name != "x-oss-signature"
    )


def join(pairs: Iterable[tuple[str, str]]) -> str:
    """`a=1&b&c=3`, sorted; a name without a value stands alone (P-04)."""
    return "&".join([f"{name}={value}" if value else name for name, value in sorted(pairs)])


@lru_cache(1024)  # names repeat, and so do credentials
def percent(text: str, safe: str = "") -> str:
    """Percent-encode all but letters, digits, `-._~` and what is `safe`."""
    return quote(text, safe, errors="surrogateescape")


def encode(text: str) -> bytes:
    """The bytes as they came: what was no UTF-8 in a header is a surrogate in its text."""
    return text.encode(errors="surrogateescape")
