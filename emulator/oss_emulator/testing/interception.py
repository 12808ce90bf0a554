"""Interception: code for `https://oss-cn-….aliyuncs.com` reaches an emulator, unchanged.

Requests of `requests` (oss2, SDK V2, the newer SDKs of STS and KMS) and of aiohttp's client (their
asynchronous forms) to host names of OSS, STS and KMS go to the emulator with their original Host
header, so it finds their buckets. All other requests are left alone, also those that
aliyun-python-sdk-core sends with a copy of `requests` of its own.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from oss_emulator.kms import KMS
from oss_emulator.sts import STS

# Public, internal, accelerate and dual-stack endpoints, with or without a bucket.
_OSS_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)?(?:oss-[a-z0-9-]+|[a-z0-9-]+\.oss)\.aliyuncs\.com", re.IGNORECASE
)


def redirect(url: str, endpoint: str) -> tuple[str, str] | None:
    """Return the emulator's URL and the Host to send; None for URLs of other services."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not (
        _OSS_HOST.fullmatch(host) or STS.is_host(host) or KMS.is_host(host)
    ):
        return None
    target = urlsplit(endpoint)
    return urlunsplit((target.scheme, target.netloc, *parts[2:])), parts.netloc


@contextmanager
def intercept(endpoint: str) -> Iterator[None]:
    """Redirect this process's requests to OSS, STS and KMS to `endpoint` until the block ends."""
    undo = [patch(endpoint) for patch in (_patch_requests, _patch_aiohttp)]
    try:
        yield
    finally:
        for restore in reversed(undo):
            restore()


def _patch_requests(endpoint: str) -> Callable[[], None]:
    try:
        from requests.adapters import HTTPAdapter
    except ImportError:
        return lambda: None
    send = HTTPAdapter.send

    def send_there(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        found = redirect(request.url, endpoint)
        if found is None:
            return send(self, request, *arguments, **options)
        url, host = found
        there = request.copy()
        there.url, there.headers["Host"] = url, host
        options["proxies"] = {}
        answer = send(self, there, *arguments, **options)
        answer.url, answer.request = request.url, request
        return answer

    HTTPAdapter.send = send_there  # type: ignore[method-assign]
    return lambda: setattr(HTTPAdapter, "send", send)


_VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


def _patch_aiohttp(endpoint: str) -> Callable[[], None]:
    """Replace the public methods that send, since aiohttp has no hook to change the URL."""
    from aiohttp import ClientSession
    from multidict import CIMultiDict
    from yarl import URL

    def redirect_options(url: Any, options: dict[str, Any]) -> Any:
        """Return the URL to request, and put its headers into the options."""
        found = redirect(str(url), endpoint)
        if found is None:
            return url
        headers = CIMultiDict(options.get("headers") or {})
        headers.setdefault("Host", found[1])
        options.pop("proxy", None)
        options["headers"] = headers
        return URL(found[0], encoded=True)  # unchanged: a %2F in a key must not be decoded

    def patch_verb(send: Callable[..., Any]) -> Callable[..., Any]:
        def send_there(self: Any, url: Any, **options: Any) -> Any:
            return send(self, redirect_options(url, options), **options)

        return send_there

    def patch_request(send: Callable[..., Any]) -> Callable[..., Any]:
        def send_there(self: Any, method: str, url: Any, **options: Any) -> Any:
            return send(self, method, redirect_options(url, options), **options)

        return send_there

    originals = {name: getattr(ClientSession, name) for name in ("request", *_VERBS)}
    for name, send in originals.items():
        patch = patch_request if name == "request" else patch_verb
        setattr(ClientSession, name, patch(send))

    def restore() -> None:
        for name, send in originals.items():
            setattr(ClientSession, name, send)

    return restore
