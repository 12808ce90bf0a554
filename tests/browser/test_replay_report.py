"""The page of a replay on a telephone and on a screen, light and dark: nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.cli import main
from playwright.sync_api import BrowserContext

from tests.browser import axe

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CUT = """[...document.querySelectorAll("main, main *")].filter(element => {
  const place = element.getBoundingClientRect();
  return place.right > innerWidth || place.left < 0 || element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).display !== "inline" && element.clientWidth;
}).map(element => element.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a replay of the example."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    rules, logs = ROOT / "fixtures" / "lab" / "corrected.xml", ROOT / "fixtures" / "logs"
    assert main(["replay", str(rules), str(logs), "--html", str(page)]) == 0
    return page


def test_report_is_whole_and_legible(tabs: BrowserContext, report: Path) -> None:
    page = tabs.new_page()
    page.goto(report.as_uri())
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    for width in axe.WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT) == []
    assert axe.find_violations(page, axe.source()) == []
