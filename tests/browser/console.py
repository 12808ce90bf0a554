"""What the tests of the console share: the demo bucket, navigation, and the errors of a page."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import requests
from oss_emulator import Emulator
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request

BUCKET = "examplebucket"
SITE, THIEF = "http://www.example.com/", "http://thief.example.org/"

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8"
    "cfc0f01f00050001ff56c7ef7c0000000049454e44ae426082"
)
"""A PNG of one pixel."""


SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Resolves when everything that has arrived is shown and the layout is stable."""


class Watch:
    """The requests to other hosts and the errors of the pages of a profile.

    A failed response is not an error of the page: the page shows it to its reader.
    """

    def __init__(self, tabs: BrowserContext) -> None:
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        tabs.on("request", self._look)
        tabs.on("weberror", lambda error: self.complaints.append(str(error.error)))
        tabs.on("console", self._hear)

    def _look(self, request: Request) -> None:
        url = urlsplit(request.url)
        host = url.hostname or ""
        own = host == "127.0.0.1" or host == "localhost" or host.endswith(".localhost")
        if not own and url.scheme not in ("data", "blob"):
            self.strangers.append(request.url)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.complaints.append(said.text)


def visit(tab: Page, emulator: Emulator, path: str) -> None:
    tab.goto(f"{emulator.endpoint}/_emulator/{path}")


def follow(tab: Page, way: Locator) -> None:
    """Click on a link or button to another page; return once the scripts of that page have run."""
    with tab.expect_event("load"):
        way.click()


def fetch(
    emulator: Emulator, referer: str | None = None, key: str = "hello.txt", bucket: str = BUCKET
) -> requests.Response:
    """Fetch an object with a Referer, as a browser does for a page."""
    headers = {} if referer is None else {"Referer": referer}
    return requests.get(f"{emulator.endpoint}/{bucket}/{quote(key)}", headers=headers, timeout=20)


def whitelist(page: Page) -> Locator:
    """Return the whitelist of the rules page as text, which is shown for it."""
    page.locator("#as-text").click()
    return page.locator("#whitelist")


def drop(tab: Page, place: str, files: dict[str, str]) -> None:
    """Drop files on an element, each with its name and its text."""
    tab.evaluate(
        """([place, files]) => {
          const dataTransfer = new DataTransfer();
          for (const [name, text] of Object.entries(files)) {
            dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
          }
          const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
          document.querySelector(place).dispatchEvent(event);
        }""",
        [place, files],
    )
