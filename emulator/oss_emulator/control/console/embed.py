"""`/_emulator/embed`: shows what a browser sends if a page of another host embeds an object."""

import asyncio
import re
import secrets
from html import escape
from itertools import islice
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from oss_referer.browser.browser import ReferrerPolicy
from oss_referer.browser.probes import DEFAULT_SITE, guess_site
from oss_referer.search.url import WebURL, WebURLError, is_machine
from oss_referer.sources.account import is_bucket_name

from oss_emulator.control.api.referer import find_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, Route
from oss_emulator.control.console import EMBED_DOMAIN, page
from oss_emulator.control.console.buckets import is_image
from oss_emulator.control.console.visitors import find_url, name_server, try_referer
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.traffic import EMBED_TEST
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.parameters import is_number

POLICIES: Final = ("", *ReferrerPolicy)
"""The policies of the pages; the first sets none."""

_CSP: Final = "default-src 'none'; img-src http: https:"


def answer(request: Request) -> Response:
    """Return the page that embeds the object `show=BUCKET/KEY` for `test=RUN-NUMBER`."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _CSP}
    bucket, _, key = request.query.get("show", "").partition("/")
    test = request.query.get("test", "")
    number = test.rpartition("-")[2]
    if not (is_bucket_name(bucket) and is_number(number)) or not key:
        return Response(400, headers, b"<!doctype html><title>Embed test</title>No object.")
    policy = POLICIES[int(number) % len(POLICIES)]
    if policy:
        headers["Referrer-Policy"] = policy
    server = name_server(request, f"{bucket}.localhost")
    url = escape(f"{server}/{quote(key)}?{EMBED_TEST}={quote(test)}")
    title = escape(policy or "no policy")
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<img src="{url}" alt="{escape(key)}"></html>\n'
    )
    return Response(200, headers, body.encode(errors="replace"))


_TIMEOUT: Final = 8.0
"""Seconds to wait for the requests of a browser."""

_PATH: Final = "/gallery/page.html"
"""The path of the pages of a test that names only a host."""

_LOOKED_AT: Final = 1_000
"""Maximum number of objects that are searched for images."""

_OFFERED: Final = 100
"""Maximum number of keys that the form offers."""

_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_LONGEST: Final = 200
"""Maximum characters of the host of a page, which is below another domain in the test."""

_RUN: Final = re.compile("[0-9a-f]{12}")


def get_embed(asked: ApiRequest) -> Response:
    """Show the form of a test; with a `key`, begin a test. The default host fits the rules."""
    buckets = [bucket.name for bucket in asked.controls.service.storage.buckets()]
    bucket, key = asked.query.get("bucket", "") or next(iter(buckets), ""), asked.query.get("key")
    own = urlsplit(guess_site(find_rules(asked, bucket)) if bucket else DEFAULT_SITE)
    page_of = _read_page(asked.query.get("host", "") or own.netloc, own)
    run = secrets.token_hex(6) if bucket and key else None
    item = asked.controls.service.storage.object(bucket, key) if run and key else None
    values = {
        "buckets": buckets,
        "run": run,
        "frames": _frames(asked, run, bucket, key, page_of) if run and key else [],
        "bucket": bucket,
        "key": key or "",
        "is_image": item is not None and is_image(item),
        "host": asked.query.get("host", "") or own.netloc,
        "site": page_of.origin,
        "keys": _keys(asked, bucket),
    }
    return page.show(asked, "embed", values)


async def get_results(asked: ApiRequest) -> Response:
    """Show what the browser sent in a test, when all has arrived or the time is over."""
    run = asked.rest
    if not _RUN.fullmatch(run):
        raise ApiError(404, f"The test {run!r} does not exist.")
    journal, complete = asked.controls.journal, asyncio.Event()
    found: dict[str, JournalEntry] = {}
    marks = [f"{run}-{number}" for number in range(len(POLICIES))]

    def take(entry: JournalEntry) -> None:
        if run in entry.request.target and entry.request.query.get(EMBED_TEST) in marks:
            found[entry.request.query[EMBED_TEST]] = entry
            if len(found) == len(marks):
                complete.set()

    end = journal.listen(take)
    try:
        for entry in journal.entries():
            take(entry)
        async with asyncio.timeout(_TIMEOUT):
            await complete.wait()
    except TimeoutError:
        pass
    finally:
        end()
    pairs = zip(POLICIES, map(found.get, marks), strict=True)
    rows = [_result(asked, policy, entry) for policy, entry in pairs]
    return page.show(asked, "embed_results", {"results": rows}, site=_site(asked))


def _read_page(text: str, own: SplitResult) -> WebURL:
    """Parse the URL of a page, or a host with or without a port. Raises `ApiError`.

    A host without a scheme has that of the own site if it is the same, else https, but http if it
    is of this machine.
    """
    host = text.partition("/")[0]
    local = "http" if is_machine(host.partition(":")[0]) else "https"
    scheme = own.scheme if host == own.netloc else local
    try:
        url = WebURL.parse(text if "://" in text else f"{scheme}://{text}")
    except WebURLError:
        url = None
    if url is None or not _HOST.fullmatch(url.host) or len(url.host) > _LONGEST:
        said = f"{text!r} is not a host or a URL; write one such as www.example.com."
        raise ApiError(400, said)
    return url


def _frames(
    asked: ApiRequest, run: str, bucket: str, key: str, url: WebURL
) -> list[dict[str, str]]:
    """Return the pages of a test: the policy and the address of each."""
    server = name_server(asked.request, f"{url.host}.{EMBED_DOMAIN}")
    path = _PATH if url.path == "/" else url.path
    query = f"show={quote(bucket)}/{quote(key)}&test={run}"
    return [
        {"policy": policy, "url": f"{server}{path}?{query}-{number}"}
        for number, policy in enumerate(POLICIES)
    ]


def _result(asked: ApiRequest, policy: str, entry: JournalEntry | None) -> dict[str, Any]:
    if entry is None:
        return {"policy": policy, "arrived": False}
    sent = entry.request.headers.get("referer")
    site = _moved(sent, _site(asked))
    return {
        "policy": policy,
        "arrived": True,
        **page.pick(entry, "number bucket key status"),
        "sent": sent,
        "verdict": entry.verdict.value,
        "site": site,
        "there": try_referer(asked, find_url(asked, entry.bucket, entry.key), site),
    }


def _site(asked: ApiRequest) -> str:
    site = asked.query.get("site", "") or DEFAULT_SITE
    try:
        is_site = bool(WebURL.parse(site).host)
    except WebURLError:
        is_site = False
    if not is_site:
        raise ApiError(400, f"{site!r} is not an address; write one such as {DEFAULT_SITE}.")
    return site.rstrip("/")


def _moved(referer: str | None, site: str) -> str | None:
    """Return the Referer that the same page at a site would have sent."""
    if not referer:
        return referer
    url = urlsplit(referer)
    query = f"?{url.query}" if url.query else ""
    return f"{site}{url.path}{query}"


def _keys(asked: ApiRequest, bucket: str) -> list[str]:
    """Return keys to choose from, images first."""
    found = islice(asked.controls.service.storage.objects(bucket), _LOOKED_AT)
    items = sorted(
        (item for item in found if not item.delete_marker),
        key=lambda item: not is_image(item),
    )
    return [item.key for item in items[:_OFFERED]]


ROUTES = (Route("GET", "embed", get_embed), Route("GET", "embed/{run}", get_results))
