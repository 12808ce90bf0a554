"""What web pages in a browser can change: nothing, unless a form or a CORS rule allows it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from oss_emulator import Emulator
from oss_emulator.storage import snapshot
from playwright.sync_api import BrowserContext, Frame, Page, Response

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
the answer, which is no image."""

READS = {"frame", "tab"}
"""Attempts with GET, which the API does not take for `reset`."""


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
        contents = snapshot.take(controls.service.storage)
        snapshot.drop(controls.service.storage, contents)
        numbers = [entry.number for entry in controls.journal.entries()]
        faults = [planned.id for planned in controls.faults.planned]
        shift = controls.clock.shift
        return State(contents, controls.snapshots.names, faults, shift, min(numbers, default=0))

    return emulator.run(read)


class Seen:
    """The answers that a browser got, by the names in the URLs of attempts."""

    def __init__(self, tabs: BrowserContext) -> None:
        self.statuses: defaultdict[str, set[int]] = defaultdict(set)
        tabs.on("response", self._add)

    def _add(self, response: Response) -> None:
        for name in parse_qs(urlsplit(response.url).query).get("via", []):
            self.statuses[name].add(response.status)

    def check(self, page: Page, names: list[str]) -> None:
        """Check that each attempt was made and refused."""
        seen = set(names) - UNSEEN
        while seen - self.statuses.keys():
            page.wait_for_timeout(50)  # a beacon or a tab may still be under way
        assert self.statuses == {name: {405 if name in READS else 403} for name in seen}


def script(emulator: Emulator, endpoint: str) -> str:
    """The attack as an expression whose value is a promise."""
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


@pytest.fixture(params=["127.0.0.1", "localhost"])
def endpoint(request: pytest.FixtureRequest, emulator: Emulator) -> str:
    return f"http://{request.param}:{emulator.port}"


# --- Nothing changes


@pytest.mark.parametrize("host", ["evil.localhost", "127.0.0.1", "localhost"])
def test_page_of_another_origin_changes_nothing(
    emulator: Emulator, endpoint: str, tabs: BrowserContext, elsewhere: int, host: str
) -> None:
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(f"http://{host}:{elsewhere}/")
    seen.check(page, page.evaluate(script(emulator, endpoint)))
    assert read_state(emulator) == before


def test_html_object_at_the_endpoint_changes_nothing(
    emulator: Emulator, endpoint: str, tabs: BrowserContext
) -> None:
    path = put_page(emulator, endpoint)
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(endpoint + path)
    seen.check(page, names_in(page))
    assert read_state(emulator) == before


@pytest.mark.parametrize("tag", ["iframe src", "embed src", "object data"])
def test_html_object_in_a_page_of_another_origin_changes_nothing(
    emulator: Emulator, tabs: BrowserContext, elsewhere: int, tag: str
) -> None:
    path = put_page(emulator, emulator.endpoint)
    before, seen, page = read_state(emulator), Seen(tabs), tabs.new_page()
    page.goto(f"http://evil.localhost:{elsewhere}/")
    page.evaluate(
        "(html) => document.body.innerHTML = html", f'<{tag}="{emulator.endpoint}{path}">'
    )
    frame = page.wait_for_event("framenavigated", lambda it: it.url.endswith(path))
    seen.check(page, names_in(frame))
    assert read_state(emulator) == before
