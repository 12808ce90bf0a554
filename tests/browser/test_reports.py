"""Pages in one file on a telephone and on a screen, light and dark: nothing is cut off."""

from __future__ import annotations

from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal

import pytest
from oss_emulator.cli import main
from playwright.sync_api import BrowserContext

from tests.browser import axe

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CUT = """[...document.querySelectorAll("main, main *:not(.hidden)")].filter(element => {
  const place = element.getBoundingClientRect();
  return place.right > innerWidth || place.left < 0 || element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).display !== "inline" && element.clientWidth;
}).map(element => element.outerHTML.slice(0, 80))"""


LAB = ROOT / "fixtures" / "lab"
COMMANDS = {
    "replay": (
        "replay",
        str(LAB / "corrected.xml"),
        "--traffic",
        str(ROOT / "fixtures" / "logs"),
        "--all",
    ),
    "gate": (
        *("replay", str(ROOT / "examples" / "gate" / "plan-bad.json")),
        *("--traffic", str(ROOT / "examples" / "gate" / "access.log"), "--max-locked-out", "0"),
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of a replay of the example, of a blocked plan, and of a review."""
    folder = tmp_path_factory.mktemp("report")
    pages = {name: folder / f"{name}.html" for name in (*COMMANDS, "review")}
    for name, command in COMMANDS.items():
        assert main([*command, "--html", str(pages[name])]) == (name == "gate")
    with pages["review"].open("w", encoding="utf-8") as file, redirect_stdout(file):
        assert main(["review", str(LAB / "broken.xml"), "--format", "html"]) == 1
    return pages


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*COMMANDS, "review"])
def test_page_is_whole_and_legible(
    tabs: BrowserContext, reports: dict[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    page = tabs.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(reports[name].as_uri())
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    for width in axe.WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT) == []
    assert axe.find_violations(page, axe.source()) == []


def test_review_shows_who_decides_on_a_telephone(
    tabs: BrowserContext, reports: dict[str, Path]
) -> None:
    page = tabs.new_page()
    page.goto(reports["review"].as_uri())
    page.set_viewport_size({"width": 390, "height": 900})
    rows = page.locator(".who tbody tr:not(.group)")
    assert rows.count() >= 8
    assert all(cell.is_visible() for cell in page.locator(".who tbody .by").all())
    # Wrong is red, and what changes is marked.
    assert page.locator(".who .mark.out.bad").count() > 0
    assert page.locator(".who .mark.in.bad").count() > 0
    assert page.locator(".who tr.new .turned").count() > 0
    assert page.locator(".change .code .new").count() > 0
