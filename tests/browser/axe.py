"""axe-core, which finds barriers for people who use a page; fetched with npm, only for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

from tests.node import packages

PROJECT = Path(__file__).with_name("scripts")

WIDTHS = (1_440, 1_024, 390)
"""The widths of a desktop, of a tablet and of a telephone."""

SCHEMES: Mapping[Literal["light", "dark"], list[str] | None] = {
    "light": None,
    "dark": ["color-contrast"],
}
"""The colour schemes, each with the rules to check; None for all."""


def source() -> str:
    """Return the script, which is fetched once."""
    folder = packages(PROJECT / "package.json")
    return (folder / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def find_violations(page: Page, script: str, widths: Sequence[int] = WIDTHS) -> list[str]:
    """Return what axe finds on a page at some widths, light and dark: rule, reason and element.

    A dark page differs from the light one only in its colours, so only they are checked. A page
    that is wider than its window is reported as well. Animations are off, because a text that
    fades in has too little contrast.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(script)
    found, size = [], page.viewport_size
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width} pixels: the page is wider than its window")
        for scheme, rules in SCHEMES.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{width} pixels, {scheme}: {said}" for said in _run(page, rules)]
    page.emulate_media(color_scheme="null", reduced_motion="null")
    if size is not None:
        page.set_viewport_size(size)
    return found


def _run(page: Page, rules: list[str] | None) -> list[str]:
    options: dict[str, Any] = {
        "resultTypes": ["violations"],
        "iframes": False,
        "preload": False,
        "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, which axe leaves out by default
    }
    if rules is not None:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
