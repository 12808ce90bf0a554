"""A HAR that Chromium saves of a page predicts what the emulator answers by rules of any kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from random import Random
from typing import Any

import pytest
from oss_emulator import Emulator
from oss_referer import RefererConfiguration, RefererPolicy, Signing
from oss_referer.sources.markup import FORBIDDEN
from oss_referer.traffic import har
from oss_referer.traffic.requests import RequestGroup, Traffic
from playwright.sync_api import Browser

from tests.browser.conftest import serving
from tests.referer.lint import random_rules
from tests.thorough import cases

pytestmark = pytest.mark.system

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>"""
PAGES: Mapping[str, tuple[str, str]] = {
    "/": (
        "text/html",
        """<!doctype html><link rel="stylesheet" href="/site.css"><link rel="icon" href="data:,">
        <img src="{objects}/image.png"><img src="{objects}/image.png">
        <img src="{objects}/bare.png" referrerpolicy="no-referrer">
        <img src="{objects}/whole.png" referrerpolicy="unsafe-url">
        <img src="{objects}/missing.png"><img src="{signed}">
        <div class="background"></div>
        <video src="{objects}/film.mp4" preload="auto"></video>
        <iframe src="{objects}/frame.html"></iframe><iframe src="{other}/inner"></iframe>
        <script>
        const fetched = [fetch("{objects}/data.json"),
          fetch("{objects}/signed.json", {{headers: {{Authorization: "OSS key:signature",
            "x-oss-date": new Date().toUTCString()}}}})];
        Promise.allSettled(fetched).then(() => document.body.classList.add("fetched"));
        </script>""",
    ),
    "/inner": ("text/html", '<!doctype html><img src="{objects}/inner.png">'),
    "/site.css": (
        "text/css",
        '.background {{ width: 9px; height: 9px; background: url("{objects}/background.png") }}',
    ),
}
"""A page with objects in the ways of the web, and one of another site within it."""


class _Pages(BaseHTTPRequestHandler):
    values: Mapping[str, str]

    def do_GET(self) -> None:
        kind, text = PAGES[self.path.partition("?")[0]]
        body = text.format(**self.values).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def objects() -> Iterator[Emulator]:
    with Emulator() as running:
        bucket = running.bucket("assets", acl="public-read")
        names = ("image.png", "bare.png", "whole.png", "background.png", "inner.png", "film.mp4")
        for name in (*names, "frame.html", "data.json", "signed.json", "by_url.png"):
            running.put(f"/assets/{name}", b"body", {"Cache-Control": "max-age=600"})
        running.put("/assets?cors", CORS)
        yield running
        assert bucket.bucket_name == "assets"


@pytest.fixture(scope="module")
def recorded(
    browser: Browser, objects: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    """What Playwright saves of two visits to the page, the second with a warm cache."""
    path = tmp_path_factory.mktemp("har") / "site.har"
    bucket = objects.bucket("assets", acl="public-read")
    values = {
        "objects": f"{objects.endpoint}/assets",
        "signed": bucket.sign_url("GET", "by_url.png", 600),
    }
    handler = type("Pages", (_Pages,), {"values": values})
    with serving(partial(handler)) as port:
        values["other"] = f"http://partner.test:{port}"
        context = browser.new_context(record_har_path=path)
        page = context.new_page()
        for _ in range(2):
            page.goto(f"http://www.shop.test:{port}/?visit=1")
            page.wait_for_selector(".fetched", state="attached")
            page.wait_for_load_state("networkidle")
        context.close()
    return re.sub(rb"\.test:%d" % port, b".test", path.read_bytes())


def as_developer_tools(recorded: bytes, *, sanitized: bool) -> bytes:
    """The same file as the developer tools save it, with or without what may be secret."""
    document = json.loads(recorded)
    log = document["log"]
    log["creator"] = {"name": "WebInspector", "version": "537.36"}
    log.pop("browser", None)
    for page in log["pages"]:
        page["title"] = "http://www.shop.test/?visit=1"
    for entry in log["entries"]:
        entry |= {"_initiator": {"type": "script"}, "_priority": "High", "connection": "9"}
        if entry["response"].get("_transferSize") == 0:
            entry["_fromCache"] = "memory"
        if sanitized:
            for message in (entry["request"], entry["response"]):
                message["cookies"] = []
                message["headers"] = [
                    one
                    for one in message["headers"]
                    if one["name"].lower() not in ("cookie", "set-cookie", "authorization")
                ]
    return json.dumps(document).encode()


def as_firefox(recorded: bytes) -> bytes:
    """The same file as Firefox saves it."""
    document = json.loads(recorded)
    log = document["log"]
    log["creator"] = log["browser"] = {"name": "Firefox", "version": "146.0"}
    for entry in log["entries"]:
        response = entry["response"]
        if response.pop("_transferSize", None) == 0:
            entry["cache"] = {"afterRequest": None}
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
    return b"\xef\xbb\xbf" + json.dumps(document).encode()


def read(content: bytes) -> Traffic:
    return har.read([content]).at()


def each(content: bytes) -> Iterator[RequestGroup]:
    """Yield each request of the file for an object."""
    document = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    entries = document["log"]["entries"]
    for entry in entries:
        if "/assets/" in entry["request"]["url"]:
            document["log"]["entries"] = [entry]
            yield from har.read([json.dumps(document).encode()]).groups


def test_every_request_of_the_page_is_read(recorded: bytes) -> None:
    own, whole = "http://www.shop.test/", "http://www.shop.test/?visit=1"
    first = {one.sample.partition("?")[0].rpartition("/")[2]: one for one in each(recorded)}
    objects = "image.png missing.png by_url.png film.mp4 frame.html background.png data.json"
    assert {name: one.asked.referer for name, one in first.items()} == {
        **dict.fromkeys((*objects.split(), "signed.json"), own),
        "bare.png": None,
        "whole.png": whole,
        "inner.png": "http://partner.test/",
    }
    signed = {name: one.asked.signed for name, one in first.items() if one.asked.signed != "none"}
    assert signed == {"by_url.png": Signing.URL, "signed.json": Signing.HEADER}


def test_answers_of_the_cache_are_told_apart(recorded: bytes, objects: Emulator) -> None:
    found = read(recorded)
    cached = sum(one.requests for one in found.groups if one.asked.cached)
    served = [one for one in objects.journal if one.method == "GET" and one.bucket == "assets"]
    assert cached > 5
    assert 0 <= found.requests - len(served) <= 1  # Chromium aborts the frame that it downloads


def test_forms_of_other_tools_are_read_alike(recorded: bytes) -> None:
    """They differ in what a page is called, and in the header that a sanitized file lacks."""

    def asked(content: bytes) -> list[tuple[Any, int, int]]:
        found = [
            (one.asked._replace(page=""), one.requests, one.bytes) for one in read(content).groups
        ]
        return sorted(found, key=str)

    plain = asked(recorded)
    assert asked(as_developer_tools(recorded, sanitized=False)) == plain
    assert asked(as_firefox(recorded)) == plain
    unknown = [
        (one._replace(signed=None) if one.signed is Signing.HEADER else one, *numbers)
        for one, *numbers in plain
    ]
    sanitized = asked(as_developer_tools(recorded, sanitized=True))
    assert sanitized == sorted(unknown, key=str) != plain


SITES = ("http://www.shop.test/", "http://*.test/", "partner.test", "*://www.shop.test/?*")


def lists(random: Random) -> RefererConfiguration:
    """Random rules that a bucket takes, some with sites of the page in their lists."""
    rules = random_rules.rules(random)
    named = [[site for site in SITES if random.random() < share] for share in (0.3, 0.1)]
    white, black = (
        tuple(FORBIDDEN.sub("", entry) for entry in (*entries, *more))
        for entries, more in zip((rules.whitelist, rules.blacklist), named, strict=True)
    )
    return replace(rules, whitelist=white, blacklist=black)


def answer(connection: HTTPConnection, one: RequestGroup, target: str) -> bool:
    """Send a recorded request again; returns whether the Referer rules let it in."""
    headers = {} if one.asked.referer is None else {"Referer": one.asked.referer}
    if one.asked.signed is Signing.HEADER:
        headers |= {"Authorization": "OSS key:signature", "Date": "Thu, 03 Dec 2026 08:00:00 GMT"}
    connection.request(one.asked.method, target, headers=headers)
    response = connection.getresponse()
    response.read()
    return not (response.getheader("x-oss-ec") or "").startswith("0003-0000050")


def test_har_predicts_the_answer_to_each_request(recorded: bytes, objects: Emulator) -> None:
    """Two hundred random lists, each with sites of the page in it."""
    targets = {}
    for entry in json.loads(recorded)["log"]["entries"]:
        path = entry["request"]["url"].partition("//")[2].partition("/")[2]
        targets[f"/{path}".partition("?")[0]] = f"/{path}"
    requests = [
        (one, targets["/" + one.sample.split("/", 3)[3].partition("?")[0]])
        for content in (recorded, as_developer_tools(recorded, sanitized=True))
        for one in each(content)
    ]
    connection = HTTPConnection(objects.endpoint.removeprefix("http://"))
    differences, denied = [], 0
    for seed in range(cases(200, 2000)):
        rules = lists(random_rules.seeded(seed))
        objects.bucket("assets", acl="public-read", rules=rules)
        policy = RefererPolicy.compile(rules)
        for one, target in dict.fromkeys(requests):
            predicted = one.asked.answer(policy).reason.allows
            denied += not predicted
            if answer(connection, one, target) is not predicted:
                differences.append((rules, one))
    connection.close()
    assert differences == []
    assert denied > 200
