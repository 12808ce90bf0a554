"""HAR 1.2: what a page asked for, as browsers save it (Chrome, Firefox, Safari, Playwright).

The file is read entry by entry, so its size does not matter. Fields that begin with `_` are those
of one browser. `Traffic.at` chooses the hosts afterwards.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from oss_referer.browser.browser import DEFAULT, ReferrerPolicy, send
from oss_referer.engine import Scope, Signing, header
from oss_referer.search.url import DEFAULT_PORTS, WebURLError
from oss_referer.sources import json_stream
from oss_referer.sources.json_text import JSONError
from oss_referer.sources.masking import mask
from oss_referer.traffic.accesslog import SIGNATURE
from oss_referer.traffic.requests import (
    Asked,
    RequestGroup,
    Traffic,
    bucket_of,
    gather,
    is_service,
)

MAX_ENTRY = 16 << 20
"""The most characters of an entry; the body of its answer does not count if it is longer."""
MAX_ENTRIES = 1_000_000
"""The most requests; a small compressed file may have any number, and each takes time."""
MAX_GROUPS = 200_000
"""The most requests that differ, which are all in memory."""
MAX_REFERER = 32 * 1024
"""The most characters of a Referer; no head of a request with more is read."""
_GZIP = b"\x1f\x8b"
_OWN = ("host", ":authority", "accept-encoding")
"""Headers that every browser sends: with one of them, the headers of an entry are complete."""
_KEPT_FROM_THE_PAGE = ("net::ERR_BLOCKED_BY_ORB", "net::ERR_BLOCKED_BY_RESPONSE")
"""Chrome's failures after an answer, such as the document of a denial in place of an image."""
_CACHES = ("Memory Cache", "Disk Cache", "Service Worker")
"""The values of Safari's `_fetchType` for answers that come from no server."""


class HARError(ValueError):
    """A file cannot be read as a HAR; the text says why."""


def read(pieces: Iterable[bytes]) -> Traffic:
    """Read the bytes of a HAR, also compressed (gzip). Raises HARError."""
    found = _Reader()
    try:
        for name, value in json_stream.read(_expand(pieces), ("log",), "entries", MAX_ENTRY):
            if name == "pages":
                found.add_pages(value)
            elif name == "entries":
                found.add(value)
    except JSONError as error:
        if found.entries:
            raise HARError(
                f"it breaks off after {found.entries:,} requests: {error.reason}"
            ) from None
        raise HARError(f"it is not a HAR: {error.reason}") from None
    return found.finish()


def is_har(start: bytes) -> bool:
    """Return whether a file that begins so is a HAR, as far as can be told."""
    with suppress(zlib.error):
        if start.startswith(_GZIP):
            start = zlib.decompressobj(wbits=31).decompress(start, 1000)
    return _START.match(start) is not None


_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:')


def _expand(pieces: Iterable[bytes]) -> Iterator[bytes]:
    remaining = iter(pieces)
    first = b""
    while len(first) < len(_GZIP) and (piece := next(remaining, None)) is not None:
        first += piece
    if not first.startswith(_GZIP):
        yield first
        yield from remaining
        return
    unzip = zlib.decompressobj(wbits=31)
    try:
        for piece in chain([first], remaining):
            while piece:
                if unzip.eof:  # what follows is the next member of the file, or padding
                    if not piece.startswith(_GZIP):
                        return
                    unzip = zlib.decompressobj(wbits=31)
                yield unzip.decompress(piece, MAX_ENTRY)
                piece = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
    except zlib.error as error:
        raise HARError(f"it cannot be decompressed: {error}") from None
    if not unzip.eof:
        raise HARError("it cannot be decompressed: it ends early")


class _Bare(NamedTuple):
    """A request without its Referer: its page, the sender that the browser names, its target."""

    page: str
    sender: str
    target: str


class _Reader:
    def __init__(self) -> None:
        self.entries = 0
        self._groups: dict[tuple[Asked, _Bare | None], RequestGroup] = {}
        self._skipped = Counter[str]()
        self._service: set[str] = set()
        self._pages: dict[str, str] = {}
        """The URL of each page, by the name that entries refer to."""
        self._policies: dict[str, ReferrerPolicy] = {}
        """The policies that answers set, by their URLs."""

    def add_pages(self, pages: Any) -> None:
        """Learn the URLs of pages: Chrome writes them as titles."""
        for page in filter(_is_object, pages if isinstance(pages, list) else ()):
            texts = (page.get("_URL"), page.get("title"))
            url = next((one for one in texts if str(one).startswith(("http://", "https://"))), "")
            if url:
                self._pages[str(page.get("id"))] = str(url)

    def add(self, entry: Any) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise HARError(f"it has more than {MAX_ENTRIES:,} requests")
        if reason := self._add(entry):
            self._skipped[reason] += 1

    def _add(self, entry: Any) -> str:
        """Count an entry. Return why it is not a request that was answered, or ""."""
        request, response = (_member(entry, name) for name in ("request", "response"))
        text, method = request.get("url"), request.get("method")
        if not isinstance(text, str) or not isinstance(method, str):
            return "without a URL"
        url = _split(text)
        if url is None:
            return "not over http"
        sent, answered = (_headers(one) for one in (request, response))
        if any(len(one) > MAX_REFERER for one in sent.get("referer", ())):
            return "with a Referer of more than 32 KB"
        page = str(entry.get("pageref", ""))
        self._learn(text, page, response, answered)
        host = url.netloc.rpartition("@")[2].lower()
        host = host.removesuffix(f":{DEFAULT_PORTS[url.scheme]}")
        if is_service(host) or "x-oss-request-id" in answered:
            self._service.add(host)
        status = max(0, _number(response.get("status")))
        failure = str(response.get("_error") or response.get("_failureText") or "")
        if not status and not failure.startswith(_KEPT_FROM_THE_PAGE):
            return f"without an answer: {failure}" if failure else "without an answer"
        bucket, scope = _address(host, url.path)
        bare = None
        if "referer" not in sent and not any(name in sent for name in _OWN):
            bare = _Bare(page, _sender(entry), f"{url.scheme}://{url.netloc}/")
        cached = _is_cached(entry, response, status)
        asked = Asked(
            host,
            bucket,
            _signing(url.query, sent),
            method.upper(),
            scope,
            header.choose(sent.get("referer", ())) or None,
            derived=bare is not None,
            cached=cached,
            status=status,
            page=page,
        )
        moment = _moment(entry.get("startedDateTime"))
        group = RequestGroup(asked, 1, 0 if cached else _size(response), moment, moment, mask(text))
        before = self._groups.get((asked, bare))
        if before is None and len(self._groups) == MAX_GROUPS:
            raise HARError(f"it has more than {MAX_GROUPS:,} different requests")
        self._groups[asked, bare] = before + group if before else group
        return ""

    def _learn(
        self, url: str, page: str, response: Mapping[str, Any], headers: Mapping[str, list[str]]
    ) -> None:
        """Remember the document of a page, and the referrer policy that an answer sets."""
        is_document = str(_member(response, "content").get("mimeType")).startswith("text/html")
        if is_document and 200 <= _number(response.get("status")) < 300:
            self._pages.setdefault(page, url)
        for value in ",".join(headers.get("referrer-policy", ())).split(","):
            with suppress(ValueError):  # the last policy that is known counts
                self._policies[url] = ReferrerPolicy(value.strip().lower())

    def finish(self) -> Traffic:
        if not self.entries:
            raise HARError("it is not a HAR with requests")
        return Traffic(
            gather(self._finish()), skipped=dict(self._skipped), service=frozenset(self._service)
        )

    def _finish(self) -> Iterator[RequestGroup]:
        for (asked, bare), group in self._groups.items():
            asked = asked._replace(page=self._pages.get(asked.page, ""))
            if bare is not None:
                sender = bare.sender or asked.page
                if not sender:
                    self._skipped["without a Referer or a page"] += group.requests
                    continue
                policy = self._policies.get(sender, DEFAULT)
                with suppress(WebURLError):  # no page with such a URL sends a Referer
                    asked = asked._replace(referer=send(sender, bare.target, policy))
            yield replace(group, asked=asked)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _member(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _headers(message: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Return the values of each header, by its name in lower case."""
    found: dict[str, list[str]] = {}
    listed = message.get("headers")
    for one in filter(_is_object, listed if isinstance(listed, list) else ()):
        name, value = one.get("name"), one.get("value")
        if isinstance(name, str) and isinstance(value, str):
            found.setdefault(name.lower(), []).append(value)
    return found


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    return url if url.scheme in DEFAULT_PORTS and url.netloc else None


def _address(host: str, path: str) -> tuple[str, Scope]:
    bucket, key = bucket_of(host), path.removeprefix("/")
    if bucket is None:  # the path names it
        bucket, _, key = key.partition("/")
        if not bucket:
            return "", Scope.SERVICE
    return bucket, Scope.OBJECT if key else Scope.BUCKET


def _signing(query: str, sent: Mapping[str, list[str]]) -> Signing | None:
    """Return how a request is signed; None if the file may lack its Authorization.

    Chrome leaves it out of a sanitized HAR. Scripts cannot set `Date`, so what they sign has
    `x-oss-date`.
    """
    if "authorization" in sent:
        return Signing.HEADER
    if SIGNATURE.search(f"?{query}"):
        return Signing.URL
    return None if "x-oss-date" in sent else Signing.NONE


def _is_cached(entry: Mapping[str, Any], response: Mapping[str, Any], status: int) -> bool:
    """Return whether the browser answered a request itself; a 304 is an answer of the server."""
    if status == 304:
        return False
    cache = _member(entry, "cache")
    # Firefox writes `afterRequest` alone, and only for an answer of its cache.
    of_firefox = "afterRequest" in cache and "beforeRequest" not in cache
    sent_nothing = response.get("_transferSize") == 0
    return (
        bool(entry.get("_fromCache"))
        or entry.get("_fetchType") in _CACHES
        or of_firefox
        or sent_nothing
    )


def _sender(entry: Mapping[str, Any]) -> str:
    """Return the document or the style sheet that made the browser ask, where Chrome says it."""
    initiator = _member(entry, "_initiator")
    url = initiator.get("url")
    return url if initiator.get("type") == "parser" and isinstance(url, str) else ""


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _size(response: Mapping[str, Any]) -> int:
    """Return the bytes of the body as it was sent, or else as the page got it."""
    sizes = response.get("bodySize"), _member(response, "content").get("size")
    return next((size for size in map(_number, sizes) if size > 0), 0)


def _moment(text: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
