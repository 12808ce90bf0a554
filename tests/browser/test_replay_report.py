"""The page of a replay on a telephone and on a screen, light and dark: nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.cli import main
from playwright.sync_api import Browser

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


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1_280])
def test_report_is_whole_and_legible(
    browser: Browser, report: Path, width: int, colours: str
) -> None:
    dark = colours == "dark"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert axe.find_violations(page, axe.source()) == []
    context.close()
