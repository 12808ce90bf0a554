"""The lab in a browser: the time to the first answer, and to a later one."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from oss_referer import RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.processes import MissingError
from benchmarks.result import Row, Section, Spread
from docs.site.lab.build import build

COLD_ROUNDS = 5
WARM_ROUNDS = 20
FIRST = 10.0
"""Seconds from opening the page until the first answer."""
LATER = 0.3
"""Seconds until each later answer."""

_METHOD = (
    "Wall time in Chromium. A page with only the lab's script is opened from the disk and lints 20 "
    "entries, which includes the start of Python. Then it lints them repeatedly."
)


def measure(scratch: Path) -> Section:
    """Measure both."""
    rows: list[Row] = []
    remarks: list[str] = []
    try:
        rows = _measure_browser(scratch)
    except MissingError as error:
        remarks.append(f"The browser was not measured: {error}.")
    return Section("Lab in a browser", _METHOD, rows, remarks=remarks)


def _rules() -> str:
    entries = tuple(f"https://www.site-{number}.example/" for number in range(20))
    return forms.format(RefererConfiguration(False, whitelist=entries), RulesForm.XML)


def _measure_browser(scratch: Path) -> list[Row]:
    program = shutil.which("chromium")
    if program is None or shutil.which("npm") is None:
        raise MissingError("chromium and npm are not both installed")
    folder = scratch / "lab"
    build(folder)
    page = '<!doctype html><meta charset="utf-8"><script src="lab.js"></script>'
    (folder / "bench.html").write_text(page, encoding="utf-8")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        opened = [_open(browser, folder) for _ in range(COLD_ROUNDS)]
        later = [_lint(opened[-1][0]) for _ in range(WARM_ROUNDS)]
        browser.close()
    return [
        _row("first answer of the lab", FIRST, [seconds for _, seconds in opened]),
        _row("lint of 20 entries after that", LATER, later),
    ]


def _row(what: str, bound: float, seconds: list[float]) -> Row:
    shown = f"{Spread(tuple(seconds)).median:.2f} s"
    ratio = Spread(tuple(one / bound for one in seconds))
    return Row(what, f"{bound:g} s", ratio, at_most=1.0, figures=shown)


def _open(browser: Browser, folder: Path) -> tuple[Page, float]:
    """Open the page in a new profile, lint, and return the page and the seconds until then."""
    page = browser.new_context().new_page()
    began = time.perf_counter()
    page.goto((folder / "bench.html").as_uri())
    _lint(page)
    return page, time.perf_counter() - began


def _lint(page: Page) -> float:
    began = time.perf_counter()
    answer = page.evaluate(
        "(text) => lab.run(['lint', 'rules.xml', '--json'], { 'rules.xml': text })", _rules()
    )
    assert answer["status"] < 2, answer
    return time.perf_counter() - began
