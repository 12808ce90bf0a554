"""The bucket of the small requests, and the requests themselves, unsigned and signed by oss2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import oss2
from oss2.credentials import StaticCredentialsProvider
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from benchmarks.bare import BODY

NAME, KEY = "examplebucket", "kilobyte"
TARGET = f"/{NAME}/{KEY}"
REGION = "cn-hangzhou"
HOST = "127.0.0.1"
WHITELIST = tuple(f"https://www.example{number}.com/*" for number in range(20))
REFERER = "https://www.example19.com/page?id=1"
EXPIRES = 3600

_SEED = """
[[bucket]]
name = "{name}"
acl = "{acl}"
[bucket.referer]
allow_empty_referer = {empty}
whitelist = {whitelist}
[[bucket.object]]
key = "{key}"
file = "kilobyte"
"""


def seed(folder: Path, whitelist: Sequence[str] = WHITELIST, *, acl: str = "public-read") -> Path:
    """Write a seed file with an object of 1 KiB behind a whitelist; returns its path."""
    (folder / "kilobyte").write_bytes(BODY)
    path = folder / f"seed-{len(whitelist)}-{acl}.toml"
    empty = "false" if whitelist else "true"
    path.write_text(
        _SEED.format(name=NAME, key=KEY, acl=acl, empty=empty, whitelist=list(whitelist))
    )
    return path


def format(method: str, target: str, fields: dict[str, str], body: bytes = b"") -> bytes:
    """Format a request as it is sent."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def get() -> bytes:
    """Return an anonymous GET."""
    return format("GET", TARGET, {"User-Agent": "load", "Referer": REFERER})


def signed_in_header(method: str, body: bytes = b"") -> bytes:
    """Return a request signed with V4 in the header."""
    request = oss2.http.Request(
        method, TARGET, headers={"Referer": REFERER}, region=REGION, product="oss"
    )
    _v4()._sign_request(request, NAME, KEY)
    request.headers.pop("Accept-Encoding", None)
    return format(
        method, TARGET, {name: str(value) for name, value in request.headers.items()}, body
    )


def signed_in_url(version: str) -> bytes:
    """Return a GET signed with "v1" or "v4" in the URL."""
    auth = _v4() if version == "v4" else oss2.Auth(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
    request = oss2.http.Request("GET", TARGET, region=REGION, product="oss")
    target = auth._sign_url(request, NAME, KEY, EXPIRES)
    return format("GET", quote(target, safe="/?&=%"), {"User-Agent": "load", "Referer": REFERER})


def _v4() -> oss2.ProviderAuthV4:
    return oss2.ProviderAuthV4(
        StaticCredentialsProvider(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
    )
