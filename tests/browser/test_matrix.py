"""What Chromium sends is what the lab predicts.

It is asked about a sample of the cells; `make browser` asks about all of them.
"""

from __future__ import annotations

import pytest
from oss_referer.browser.browser import BEHAVIOURS, Delivery, Embedding, ReferrerPolicy
from oss_referer.search.url import WebURL
from playwright.sync_api import BrowserContext

from tests.browser.matrix import CELLS, PATIENCE, Cell, Sheet, Stage, ask, differences
from tests.browser.page import PAGE
from tests.referer.search.test_url import READ, REFUSED
from tests.requirements import require
from tests.thorough import THOROUGH

SAMPLE = CELLS[:: 6 if THOROUGH else 16]


def test_sample_has_every_element_policy_and_pair_of_schemes() -> None:
    axes = (
        lambda cell: (cell.element, cell.sheet.page.scheme, cell.target.scheme),
        lambda cell: (cell.element, cell.target.host),
        lambda cell: (cell.delivery, cell.policy, cell.sheet.upgrades),
    )
    for axis in axes:
        assert {axis(cell) for cell in SAMPLE} == {axis(cell) for cell in CELLS}


@pytest.mark.system
@pytest.mark.thorough
def test_browser_sends_what_is_predicted() -> None:
    """B-01, B-04, B-05, B-07, B-08, B-09, B-10"""
    _, seen = ask(SAMPLE, require("browser"))
    assert differences(SAMPLE, seen) == []


@pytest.mark.system
def test_referers_of_unusual_pages_are_predicted() -> None:
    """B-02, B-03"""
    longest = "https://www.example.com/?sheet=a".ljust(4096, "a")
    pages = {
        "https://例子.example.com/日本|^?sheet=idn": (
            "https://xn--fsqu00a.example.com/%E6%97%A5%E6%9C%AC%7C%5E?sheet=idn"
        ),
        "https://www.example.com:443/?sheet=port": "https://www.example.com/?sheet=port",
        longest: longest,
        f"{longest}a": "https://www.example.com/",
        "http://10.0.0.1/?sheet=address": "http://10.0.0.1/?sheet=address",
        "https://www.example.com./?sheet=dot": "https://www.example.com./?sheet=dot",
    }
    by, policy = Delivery.META, ReferrerPolicy.UNSAFE_URL
    cells = []
    for number, page in enumerate(pages):
        target = WebURL.parse(f"https://img.example.net/photo.jpg?cell={number}")
        sheet = Sheet(WebURL.parse(page), by, policy)
        cells.append(Cell(number, sheet, Embedding.IMG, target, by, policy))
    _, seen = ask(cells, require("browser"))
    assert [seen[cell.number].referer for cell in cells] == [*pages.values()]
    assert differences(cells, seen) == []


@pytest.mark.system
@pytest.mark.parametrize("name", ["film.mp4", "song.mp3"])
def test_media_in_the_address_bar_are_requested_twice(name: str) -> None:
    """B-06"""
    stage, url = Stage([]), f"https://img.example.net/{name}?cell=0"
    with stage.open(require("browser")) as running:
        page = running.new_context(ignore_https_errors=True).new_page()
        page.goto(url, wait_until="commit")
        assert stage.wait_for(0, 2, PATIENCE / 1000)
    assert [sent.referer for sent in stage.seen[0][:2]] == [None, url]


@pytest.mark.system
def test_browser_reads_urls_like_the_lab(tabs: BrowserContext) -> None:
    """B-02"""
    texts = [*READ, *REFUSED]
    script = "texts => texts.map(text => { try { return new URL(text).href } catch {} })"
    read = [href or None for href in tabs.new_page().evaluate(script, texts)]
    assert dict(zip(texts, read, strict=True)) == {**READ, **dict.fromkeys(REFUSED)}


def test_page_of_results_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"**{len(CELLS):,}** requests" in page, "`make browser` writes it"
    assert "**0** differ" in page
    for element in BEHAVIOURS:
        assert f"| {element.value} |" in page
