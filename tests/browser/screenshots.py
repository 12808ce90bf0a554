"""Write pictures of the console to docs/img/ and docs/zh/img/: `make screenshots`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import requests
from oss_emulator import Emulator
from oss_emulator.settings import DEMO
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from docs.site.lab.build import build
from tests.browser.console import drop, whitelist
from tests.requirements import find

ROOT = Path(__file__).parents[2]
FOLDERS = {"en-GB": ROOT / "docs" / "img", "zh-CN": ROOT / "docs" / "zh" / "img"}
"""The folder of the pictures for the readers of each locale."""
BUCKET = "examplebucket"

COLOURS = 256
"""The colours of a picture."""

PAUSE = 20.0
"""Seconds between two requests, so that the pictures show them over time."""

REFERERS = [
    "https://www.example.com/",
    "https://www.example.com/gallery?page=2",
    None,
    "http://www.example.com/embed/player.html",
    "http://thief.example.org/",
    "https://blog.example.com/post/1",
]


class Picture(NamedTuple):
    """A picture of a page, and what to do before it is taken."""

    name: str
    path: str
    act: Callable[[Page], None]
    width: int = 1280
    height: int = 800
    of_lab: bool = False
    """Whether it shows the page of the lab, which needs no server."""


_SCROLL_UP = "() => { scrollTo(0, 0); document.querySelector('#detail').scrollTo(0, 0); }"


def _open_story(page: Page) -> None:
    page.locator("#rows tbody tr", has_text="blog.example.com").first.click()
    page.locator("#detail .story").wait_for()
    page.evaluate(_SCROLL_UP)


def _allow(page: Page) -> None:
    """Allow the site, and send the request again."""
    _open_story(page)
    page.locator("#fix button.primary").click()
    page.locator("#fix").get_by_role("button", name=re.compile("Send it again|重新发送")).click()
    page.locator(".again a").first.wait_for()
    page.evaluate(_SCROLL_UP)


def _edit(page: Page) -> None:
    whitelist(page).fill("https://www.example.com/\nhttp://www.example.com")
    page.locator("#as-lines").click()
    page.locator(".r.changes").wait_for()


def _wait_for_findings(page: Page) -> None:
    page.locator("#lines .r").first.wait_for(timeout=120_000)
    page.wait_for_timeout(500)


def _drop_har(page: Page) -> None:
    """Judge the requests of a HAR by rules that forget two sites."""
    _wait_for_findings(page)
    whitelist(page).fill("https://www.example.com/")
    page.get_by_label("AllowEmptyReferer").uncheck()
    har = (ROOT / "fixtures" / "har" / "site.har").read_text(encoding="utf-8")
    drop(page, "body", {"site.har": har})
    page.locator("#recorded-found table").first.wait_for()
    page.locator("#list").scroll_into_view_if_needed()
    page.evaluate("() => { document.querySelector('#recorded').scrollIntoView(); }")
    page.wait_for_timeout(1500)


PICTURES = [
    Picture("requests", "requests", _open_story, width=1440, height=900),
    Picture("rules", f"rules/{BUCKET}", _edit, height=1150),
    Picture("lab", "", _wait_for_findings, height=1000, of_lab=True),
    Picture("har", "", _drop_har, width=760, height=820, of_lab=True),
    Picture("story", "requests", _allow, width=720, height=960),  # the last: it changes the rules
]


def take(names: Collection[str]) -> None:
    """Take the pictures with these names, or all of them without names."""
    for locale, folder in FOLDERS.items():
        folder.mkdir(exist_ok=True)
        _take(names, locale, folder)


def _take(names: Collection[str], locale: str, target: Path) -> None:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        Emulator(seed=DEMO.relative_to(ROOT)) as emulator,
        sync_playwright() as playwright,
        TemporaryDirectory() as folder,
    ):
        build(Path(folder))
        lab = Path(folder).as_uri()
        for referer in REFERERS * 4:
            emulator.controls.clock.shift += PAUSE
            headers = {"Referer": referer} if referer else {}
            requests.get(f"{emulator.endpoint}/{BUCKET}/hello.txt", headers=headers, timeout=20)
        browser = playwright.chromium.launch(executable_path=find("browser"), args=arguments)
        for picture in PICTURES:
            if names and picture.name not in names:
                continue
            page = browser.new_page(
                viewport={"width": picture.width, "height": picture.height},
                locale=locale,
                timezone_id="UTC",
            )
            root = lab if picture.of_lab else f"{emulator.endpoint}/_emulator"
            of_lab = "index.html" if locale == "en-GB" else "zh.html"
            page.goto(f"{root}/{of_lab if picture.of_lab else picture.path}")
            picture.act(page)
            if not _has_chinese_font():
                page.evaluate("() => { document.querySelector('.settings').hidden = true; }")
            _save(page.screenshot(), target / f"{picture.name}.png")
            page.close()
        browser.close()


def _save(png: bytes, path: Path) -> None:
    """Save a picture with the few colours that a page has, in a third of the bytes."""
    Image.open(BytesIO(png)).convert("RGB").quantize(COLOURS).save(path, optimize=True)


@cache
def _has_chinese_font() -> bool:
    """Whether this machine can draw the name of the other language."""
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout)


if __name__ == "__main__":
    take(sys.argv[1:])
