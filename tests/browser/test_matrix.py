"""Chromium as the witness: what it sends is what the scenarios predict.

A browser is asked about a sample of the cells; `make browser` asks about all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import pytest
from oss_emulator.cli import browser
from oss_emulator.cli.browser import Setting
from oss_emulator.lab.browser import BEHAVIOURS, Delivery, Embedding, ReferrerPolicy
from oss_emulator.lab.url import WebURL, WebURLError
from oss_emulator.lab.witness.cells import Cell, Relation, Sheet
from oss_emulator.lab.witness.verdict import compare
from oss_emulator.referer import RefererConfiguration, RefererPolicy
from oss_emulator.referer.assumptions import DEFAULT

from tests.browser.page import CELLS, PAGE, RULES, SITE, check
from tests.requirements import require
from tests.thorough import THOROUGH
from tests.unit.lab.test_url import READ, REFUSED

AXES: tuple[Callable[[Cell], object], ...] = (
    lambda cell: (cell.element, cell.sheet.page.scheme, cell.target.scheme),
    lambda cell: (cell.element, cell.relation),
    lambda cell: (cell.element, cell.sheet.upgrades),
    lambda cell: (cell.element, cell.policy),
    lambda cell: (cell.delivery, cell.policy, cell.relation),
)


def covering(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield some cells in which each value of each axis occurs."""
    seen: set[tuple[int, object]] = set()
    for cell in random.Random(0).sample(cells, len(cells)):  # noqa: S311 - no secret
        values = {(number, axis(cell)) for number, axis in enumerate(AXES)}
        if not values <= seen:
            seen |= values
            yield cell


SAMPLE = CELLS[::6] if THOROUGH else tuple(covering(CELLS))
"""Cells of every element, policy and delivery."""


def setting(rules: RefererConfiguration = RULES) -> Setting:
    return Setting(rules, DEFAULT, require("browser"))


def test_sample_has_every_axis() -> None:
    for axis in AXES:
        assert {axis(cell) for cell in covering(CELLS)} == {axis(cell) for cell in CELLS}


@pytest.mark.system
@pytest.mark.thorough
def test_browser_sends_what_is_predicted() -> None:
    """B-01, B-04, B-05, B-07, B-08, B-09, B-10"""
    testimony = browser.ask(SAMPLE, setting())
    comparisons = compare(SAMPLE, testimony.seen, RefererPolicy.compile(RULES))
    assert [check(comparison) for comparison in comparisons if not comparison.agrees] == []
    verdicts = {
        (item.cell.sheet.page.scheme, item.seen and item.seen.decision.allowed)
        for item in comparisons
    }
    assert verdicts == set(product(("https", "http"), (None, True, False)))


def cell(page: str, target: str, element: Embedding = Embedding.IMG, number: int = 0) -> Cell:
    url = WebURL.parse(page)
    sheet = Sheet(url, Delivery.META, ReferrerPolicy.UNSAFE_URL)
    asked = WebURL.parse(f"{target}?cell={number}")
    policy = ReferrerPolicy.UNSAFE_URL
    return Cell(number, sheet, element, asked, Relation.CROSS_SITE, Delivery.META, policy)


@pytest.mark.system
def test_referers_of_unusual_pages_are_predicted() -> None:
    """B-02, B-03"""
    bucket = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg"
    longest = "https://www.example.com/?sheet=a".ljust(4096, "a")
    cells = [
        cell("https://例子.example.com/日本|^?sheet=idn", bucket, number=0),
        cell("https://www.example.com:443/?sheet=port", bucket, number=1),
        cell(longest, bucket, number=2),
        cell(f"{longest}a", bucket, number=3),
        cell("http://10.0.0.1/?sheet=address", bucket, number=4),
        cell("https://www.example.com./?sheet=dot", bucket, number=5),
    ]
    seen = browser.ask(cells, setting()).seen
    referers = [seen[number][0].sent.referer for number in range(len(cells))]
    assert referers == [
        "https://xn--fsqu00a.example.com/%E6%97%A5%E6%9C%AC%7C%5E?sheet=idn",
        "https://www.example.com/?sheet=port",
        longest,
        "https://www.example.com/",
        "http://10.0.0.1/?sheet=address",
        "https://www.example.com./?sheet=dot",
    ]
    comparisons = compare(cells, seen, RefererPolicy.compile(RULES))
    assert all(comparison.agrees for comparison in comparisons)


@pytest.mark.system
@pytest.mark.parametrize("kind", ["video/mp4", "audio/mpeg"])
def test_media_in_the_address_bar_are_asked_for_twice(kind: str) -> None:
    """B-06"""
    url = WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/film")
    rules = RefererConfiguration(True, whitelist=("https://www.example.com/",))
    asked = Setting(rules, DEFAULT, require("browser"), media_type=kind)
    first, second = browser.visit(url, asked, 2).seen[0][:2]
    assert (first.sent.referer, first.decision.allowed) == (None, True)
    assert (second.sent.referer, second.decision.allowed) == (f"{url.text}?cell=0", False)


@pytest.mark.system
def test_browser_reads_urls_like_the_lab() -> None:
    """B-02"""
    texts = [*READ, *REFUSED]
    read = browser.read(texts, require("browser"))
    assert dict(zip(texts, read, strict=True)) == {**READ, **dict.fromkeys(REFUSED)}


def test_page_of_results_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"**{len(CELLS):,}** requests" in page, "`make browser` writes it"
    assert "**0** differ" in page
    for element in BEHAVIOURS:
        assert f"| {element.value} |" in page


def test_site_of_the_matrix_is_a_url() -> None:
    with pytest.raises(WebURLError):
        WebURL.parse(SITE.host)
