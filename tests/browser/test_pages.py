"""Web pages in a browser can change nothing, unless a form or a CORS rule allows it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from oss_emulator import Emulator
from oss_emulator.control import controls as snapshot
from oss_emulator.control.api.access import HEADER
from playwright.sync_api import BrowserContext, Error, Frame, Page, Response

from tests.http import forms

pytestmark = pytest.mark.system

ATTACK = Path(__file__).with_name("attack.js").read_text(encoding="utf-8")

BUCKET, OPEN = "examplebucket", "openbucket"
"""A public-read bucket of the owner, and one in which anybody may write."""

CORS = """<CORSConfiguration><CORSRule><AllowedOrigin>{}</AllowedOrigin>
<AllowedMethod>POST</AllowedMethod></CORSRule></CORSConfiguration>"""

UNSEEN = {
    *("header", "token", "put-clock", "delete-journal", "put", "delete", "put-open"),
    "put-no-cors",
    *("image", "read"),
}
"""Attempts without an answer: their preflight fails, the browser refuses to send them, or it hides
the answer, which is not an image."""

READS = {"frame", "tab"}
"""Attempts with GET, which the API does not accept for `reset`."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A server with the default key and something to lose."""
    with Emulator() as running:
        for name, acl in ((BUCKET, "public-read"), (OPEN, "public-read-write")):
            running.bucket(name, acl=acl).session.session.close()
            running.put(f"/{name}/kept.txt", b"0123456789")
        upload = running.bucket(BUCKET, acl="public-read")
        upload.init_multipart_upload("large.bin")
        upload.session.session.close()
        running.run(lambda: running.controls.snapshots.take("before"))
        running.put(f"/{BUCKET}/newer.txt", b"not in the snapshot")
        yield running


class State(NamedTuple):
    """All that a request can change."""

    contents: snapshot.Snapshot
    """The records of all buckets and objects, with every byte of them."""
    snapshots: list[str]
    faults: list[int]
    shift: float
    oldest: int
    """The number of the oldest journal entry; 0 without one."""


def read_state(emulator: Emulator) -> State:
    def read() -> State:
        controls = emulator.controls
        contents = snapshot.take_snapshot(controls.service.storage)
        snapshot.release_snapshot(controls.service.storage, contents)
        numbers = [entry.number for entry in controls.journal.entries()]
        faults = [planned.id for planned in controls.faults.planned]
        shift = controls.clock.shift
        return State(contents, controls.snapshots.names, faults, shift, min(numbers, default=0))

    return emulator.run(read)


class Seen:
    """The answers that a browser got, by the names in the URLs of attempts."""

    def __init__(self, tabs: BrowserContext) -> None:
        self.statuses: defaultdict[str, set[int]] = defaultdict(set)
        self._tabs = tabs
        tabs.on("response", self._add)

    def _add(self, response: Response) -> None:
        for name in parse_qs(urlsplit(response.url).query).get("via", []):
            self.statuses[name].add(response.status)

    def check(self, names: list[str]) -> None:
        """Check that each attempt was made and refused."""
        seen = set(names) - UNSEEN
        while seen - self.statuses.keys():
            self._tabs.wait_for_event("response")  # a beacon or a tab may still be under way
        assert self.statuses == {name: {405 if name in READS else 403} for name in seen}


def script(emulator: Emulator, endpoint: str) -> str:
    """Return the attack as an expression whose value is a promise."""
    uploads = emulator.run(lambda: list(emulator.service.storage.uploads(BUCKET)))
    settings = {
        "endpoint": endpoint,
        "bucket": BUCKET,
        "open": OPEN,
        "keyId": emulator.access_key_id,
        "secret": emulator.access_key_secret,
        "upload": uploads[0].id,
    }
    return f"(() => {{ {ATTACK}; return attack({json.dumps(settings)}); }})()"


def put_page(emulator: Emulator, endpoint: str) -> str:
    """Put an HTML object that attacks the endpoint when it is shown; returns its path."""
    source = script(emulator, endpoint)
    shown = f"{source}.then((names) => document.body.textContent = JSON.stringify(names))"
    html = f"<!doctype html><title>Object</title><body><script>{shown}</script>"
    emulator.put(f"/{BUCKET}/kept.html", html.encode(), {"Content-Type": "text/html"})
    return f"/{BUCKET}/kept.html"


def names_in(frame: Page | Frame) -> list[str]:
    """Wait for the names of attempts that an HTML object shows at the end."""
    text = frame.locator("body", has_text="put-no-cors").text_content()
    assert text is not None
    return list(json.loads(text))


# --- Nothing changes


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("evil.localhost", "127.0.0.1"),  # cross-site
        ("127.0.0.1", "127.0.0.1"),  # the same site: only the port differs
        ("127.0.0.1", "localhost"),
    ],
)
def test_page_of_another_origin_changes_nothing(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int, host: str, own: str
) -> None:
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(f"http://{host}:{elsewhere}/")
    seen.check(page.evaluate(script(emulator, f"http://{own}:{emulator.port}")))
    assert read_state(emulator) == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_html_object_at_the_endpoint_changes_nothing(
    emulator: Emulator, tabs: BrowserContext, host: str
) -> None:
    endpoint = f"http://{host}:{emulator.port}"
    path = put_page(emulator, endpoint)
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(endpoint + path)
    seen.check(names_in(page))
    assert read_state(emulator) == before


@pytest.mark.parametrize("tag", ["iframe src", "embed src", "object data"])
def test_html_object_in_a_page_of_another_origin_changes_nothing(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int, tag: str
) -> None:
    path = put_page(emulator, emulator.endpoint)
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(f"http://evil.localhost:{elsewhere}/")
    with page.expect_event("framenavigated", lambda it: it.url.endswith(path)) as frame:
        page.evaluate(
            "(html) => document.body.innerHTML = html", f'<{tag}="{emulator.endpoint}{path}">'
        )
    seen.check(names_in(frame.value))
    assert read_state(emulator) == before


def test_dns_rebinding_reaches_nothing(emulator: Emulator, tabs: BrowserContext) -> None:
    """DNS rebinding: the page and the server have the same origin, but the Host is not ours."""
    before, page = read_state(emulator), tabs.new_page()
    page.goto(f"http://evil.test:{emulator.port}/")
    assert "The host evil.test is neither an endpoint" in page.content()
    assert request_reset(page, {HEADER: "1"})[0] == 404
    put = f"fetch('/{OPEN}/stolen.txt', {{method: 'PUT', body: 'x'}})"
    assert page.evaluate(f"{put}.then((answer) => answer.status)") == 404
    assert read_state(emulator)._replace(oldest=0) == before._replace(oldest=0)


# --- Allowed actions of pages


def request_reset(page: Page, headers: dict[str, str]) -> tuple[int, str]:
    """Send a reset from a page of the emulator's own; returns the status and the answer."""
    asked = "async (headers) => {const options = {method: 'POST', headers};"
    asked += "const answer = await fetch('/_emulator/reset', options);"
    status, text = page.evaluate(asked + "return [answer.status, await answer.text()]}", headers)
    return status, text


def test_page_of_the_api_itself_may_change_the_server(
    emulator: Emulator, tabs: BrowserContext
) -> None:
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/_emulator/openapi.json")
    status, answer = request_reset(page, {})
    assert (status, "needs the header x-oss-emulator" in answer) == (403, True)
    assert emulator.run(lambda: len(list(emulator.service.storage.buckets()))) == 2
    assert request_reset(page, {HEADER: "1"})[0] == 200
    assert emulator.run(lambda: list(emulator.service.storage.buckets())) == []


def test_page_at_a_name_without_fetch_metadata_may_not_change_the_server(
    tabs: BrowserContext,
) -> None:
    """Browsers send no Sec-Fetch-Site there, and the name may belong to another machine."""
    with Emulator(domain="oss.test") as emulator:
        page = tabs.new_page()
        page.goto(f"http://oss.test:{emulator.port}/_emulator/openapi.json")
        status, answer = request_reset(page, {HEADER: "1"})
    assert (status, "sec-fetch-site" in answer) == (403, True)


def test_page_of_another_origin_may_link_to_the_api(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int
) -> None:
    page = tabs.new_page()
    page.goto(f"http://evil.localhost:{elsewhere}/")
    link = f"<a href='{emulator.endpoint}/_emulator/journal'>Journal</a>"
    page.evaluate("(html) => document.body.innerHTML = html", link)
    page.click("a")
    page.wait_for_url("**/_emulator/journal")
    assert "entries" in page.content()


def test_form_of_another_origin_may_upload(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int
) -> None:
    """PostObject is made for pages of other origins."""
    page = tabs.new_page()
    page.goto(f"http://evil.localhost:{elsewhere}/")
    fields = [
        ("key", "posted.txt"),
        *forms.sign_v1(forms.policy([["starts-with", "$key", ""]]), *key_of(emulator)),
    ]
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields)
    form = (
        f"<form method=post enctype=multipart/form-data action='{emulator.endpoint}/{BUCKET}/'>"
        f"{inputs}<input name=file value=posted></form>"
    )
    page.evaluate("(html) => document.body.innerHTML = html", form)
    with page.expect_response(f"**/{BUCKET}/") as answer:
        page.evaluate("() => document.forms[0].submit()")
    assert answer.value.status == 204
    assert "posted.txt" in keys(emulator, BUCKET)


@pytest.mark.parametrize(
    ("allowed", "status"), [("http://evil.localhost:*", 200), ("http://other.localhost", 403)]
)
def test_cors_rule_lets_its_origin_append(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int, allowed: str, status: int
) -> None:
    emulator.put(f"/{OPEN}?cors", CORS.format(allowed).encode())
    page = tabs.new_page()
    page.goto(f"http://evil.localhost:{elsewhere}/")
    url = f"{emulator.endpoint}/{OPEN}/appended.txt?append&position=0"
    page.evaluate("(url) => fetch(url, {method: 'POST', mode: 'no-cors', body: 'x'})", url)
    entry = emulator.journal[-1]
    assert (entry.operation, entry.status) == ("AppendObject", status)
    assert ("appended.txt" in keys(emulator, OPEN)) == (status == 200)


# --- Documents at the endpoint are sandboxed


SCRIPT = "document.documentElement.setAttribute('data-origin', self.origin)"
XHTML = "http://www.w3.org/1999/xhtml"
DOCUMENTS = {
    "text/html": f"<!doctype html><title>x</title><script>{SCRIPT}</script>",
    "application/xhtml+xml": f"<html xmlns='{XHTML}'><script>{SCRIPT}</script></html>",
    "text/xml": f"<x><script xmlns='{XHTML}'>{SCRIPT}</script></x>",
    "application/xml": f"<x><script xmlns='{XHTML}'>{SCRIPT}</script></x>",
    "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'><script>{SCRIPT}</script></svg>",
}
"""Documents whose scripts run, by their types."""

WEBSITE = """<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
<ErrorDocument><Key>page</Key></ErrorDocument></WebsiteConfiguration>"""


def put_document(emulator: Emulator, kind: str, **headers: str) -> None:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    emulator.put(f"/{BUCKET}/page", DOCUMENTS[kind].encode(), {"Content-Type": kind, **fields})


def origin_of(page: Page | Frame) -> str:
    """Return the origin of a script in a document."""
    root = page.wait_for_selector("[data-origin]", state="attached")
    assert root is not None
    return root.get_attribute("data-origin") or ""


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document_at_the_endpoint_has_no_origin(
    emulator: Emulator, tabs: BrowserContext, kind: str
) -> None:
    put_document(emulator, kind)
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/{BUCKET}/page")
    assert origin_of(page) == "null"


def test_error_page_of_a_website_at_the_endpoint_has_no_origin(
    emulator: Emulator, tabs: BrowserContext
) -> None:
    put_document(emulator, "text/html")
    emulator.put(f"/{BUCKET}?website", WEBSITE.encode())
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/{BUCKET}/missing/")
    assert origin_of(page) == "null"


def test_document_at_a_plain_name_has_no_origin(tabs: BrowserContext) -> None:
    """Browsers send no Sec-Fetch headers there, but Upgrade-Insecure-Requests."""
    with Emulator(domain="oss.test") as emulator:
        emulator.put(f"/{BUCKET}", headers={"x-oss-acl": "public-read"})
        put_document(emulator, "text/html")
        page = tabs.new_page()
        page.goto(f"http://oss.test:{emulator.port}/{BUCKET}/page")
        assert origin_of(page) == "null"


def test_document_at_the_host_of_its_bucket_keeps_its_origin(
    emulator: Emulator, tabs: BrowserContext
) -> None:
    put_document(emulator, "text/html")
    page = tabs.new_page()
    host = f"http://{BUCKET}.localhost:{emulator.port}"
    page.goto(f"{host}/page")
    assert origin_of(page) == host


@pytest.mark.parametrize("host", ["127.0.0.1", "oss.test"])
def test_document_from_the_cache_has_no_origin(
    tabs: BrowserContext, elsewhere: int, host: str
) -> None:
    """Ports of one host share the browser's cache, so an answer to `fetch` may become a page."""
    with Emulator(domain="oss.test") as emulator:
        emulator.put(f"/{BUCKET}", headers={"x-oss-acl": "public-read"})
        put_document(emulator, "text/html", Cache_Control="max-age=3600")
        emulator.put(f"/{BUCKET}?cors", CORS.format("*").replace("POST", "GET").encode())
        page, url = tabs.new_page(), f"http://{host}:{emulator.port}/{BUCKET}/page"
        page.goto(f"http://{host}:{elsewhere}/")
        page.evaluate("(url) => fetch(url).then((answer) => answer.text())", url)
        page.evaluate("(url) => {location = url}", url)
        assert origin_of(page) == "null"
        assert len([entry for entry in emulator.journal if entry.operation == "GetObject"]) == 1


ESCAPES = {
    "srcdoc": "(source) => {const it = document.createElement('iframe'); it.srcdoc = source;"
    "document.body.append(it)}",
    "blob": "(source) => {const it = document.createElement('iframe');"
    "it.src = URL.createObjectURL(new Blob([source], {type: 'text/html'}));"
    "document.body.append(it)}",
    "data": "(source) => {const it = document.createElement('iframe');"
    "it.src = `data:text/html,${encodeURIComponent(source)}`; document.body.append(it)}",
    "blob-tab": "(source) => open(URL.createObjectURL(new Blob([source], {type: 'text/html'})))",
}
"""Ways to open a new document with the origin of the page that makes it."""


@pytest.mark.parametrize("way", ESCAPES)
def test_document_made_by_a_sandboxed_page_has_no_origin(
    emulator: Emulator, tabs: BrowserContext, way: str
) -> None:
    put_document(emulator, "text/html")
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/{BUCKET}/page")
    if way == "blob-tab":
        with tabs.expect_page() as made:
            page.evaluate(ESCAPES[way], DOCUMENTS["text/html"])
        assert origin_of(made.value) == "null"
        return
    page.evaluate(
        "() => document.body ?? document.documentElement.append(document.createElement('body'))"
    )
    page.evaluate(ESCAPES[way], DOCUMENTS["text/html"])
    page.wait_for_function("() => frames.length == 1")
    assert origin_of(page.frames[-1]) == "null"


@pytest.mark.parametrize(
    "use",
    [
        "navigator.serviceWorker.register('/examplebucket/worker.js')",
        "localStorage",
        "caches.keys()",
    ],
)
def test_sandboxed_page_has_no_service_worker_storage_or_cache(
    emulator: Emulator, tabs: BrowserContext, use: str
) -> None:
    """A service worker could later answer requests for the pages of `/_emulator/`."""
    put_document(emulator, "text/html")
    worker = {"Content-Type": "text/javascript"}
    emulator.put(f"/{BUCKET}/worker.js", b"addEventListener('fetch', () => {})", worker)
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/{BUCKET}/page")
    with pytest.raises(Error, match=r"SecurityError|sandboxed"):
        page.evaluate(f"async () => {{ await {use} }}")


def key_of(emulator: Emulator) -> tuple[str, str]:
    return emulator.access_key_id, emulator.access_key_secret


def keys(emulator: Emulator, bucket: str) -> list[str]:
    return emulator.run(lambda: [item.key for item in emulator.service.storage.objects(bucket)])
