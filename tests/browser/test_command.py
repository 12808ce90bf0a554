"""`oss-emulator scenarios --browser`: a real browser beside the predictions, and its absence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oss_emulator import extras
from oss_emulator.cli import browser, main, witness
from oss_emulator.lab.browser import Sent
from oss_emulator.lab.witness import cells
from oss_emulator.lab.witness.verdict import Comparison

from tests.requirements import require

ROOT = Path(__file__).parents[2]
CORRECTED = str(ROOT / "fixtures" / "lab" / "corrected.xml")
SITE = "https://www.example.com/"
ASKED = (CORRECTED, "--site", SITE, "--partner", "https://example.org", "--browser")


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command in this process; returns status, standard output and error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(("scenarios", *arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks about cells of a few pages only."""
    monkeypatch.setattr(
        witness,
        "plan",
        lambda *given: tuple(
            cell for cell in cells.plan(*given) if cell.sheet.delivery.value == "none"
        )[::2],
    )


@pytest.mark.system
@pytest.mark.usefixtures("few_cells")
def test_browser_stands_beside_the_prediction(ask: Any) -> None:
    status, out, err = ask(*ASKED, "--browser-path", require("browser"))
    assert (status, err) == (0, ""), out
    assert "What Chromium " in out
    assert "All 75 requests are as predicted.\n" in out
    assert "https -> http, upgraded  the origin" in out


@pytest.mark.system
@pytest.mark.usefixtures("few_cells")
def test_difference_is_shown_and_is_exit_1(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(self: cells.Cell) -> Sent | None:
        return Sent("https", "https://www.example.com/wrong") if self.number == 0 else real(self)

    real: Callable[[cells.Cell], Sent | None] = vars(cells.Cell)["predicted"].fget
    monkeypatch.setattr(cells.Cell, "predicted", property(predict))
    status, out, _ = ask(*ASKED, "--browser-path", require("browser"))
    assert status == 1
    assert out.endswith(
        "! img of a page by https, object by https, no policy by none\n"
        "  predicted  by https, https://www.example.com/wrong, allowed\n"
        "  sent       by https, https://www.example.com/, allowed\n"
        "1 of 75 requests are not as predicted.\n"
    )


def test_cells_are_shown_in_json(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_nobody(*given: Any) -> witness.Witness:
        *_, site, target = given
        cell = cells.plan(site, {cells.Relation.CROSS_SITE: target})[0]
        return witness.Witness("Chromium 1", (Comparison(cell, None, None, None),))

    monkeypatch.setattr(witness, "ask", ask_nobody)
    status, out, _ = ask(*ASKED, "--json")
    assert status == 0
    answer = json.loads(out)["browser"]
    assert answer["version"] == "Chromium 1"
    assert answer["cells"][0]["agrees"] is True
    assert answer["cells"][0]["seen"] is None


@pytest.mark.system
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no-such-browser", "no-such-browser is not a program that can be run"),
        (sys.executable, f"{sys.executable} cannot be started as a browser: "),
    ],
)
def test_browser_that_cannot_be_used_is_one_sentence(ask: Any, path: str, said: str) -> None:
    status, out, err = ask(*ASKED, "--browser-path", path)
    assert (status, out) == (1, "")
    assert err.startswith(f"oss-emulator: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("driver", ["/bin/false", "/no-such-program"])
def test_broken_driver_is_one_sentence(
    ask: Any, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", driver)
    status, out, err = ask(*ASKED, "--browser-path", sys.executable)
    assert (status, out) == (1, "")
    assert err.startswith("oss-emulator: the driver of playwright does not start: ")
    assert err.endswith("; to see why, run python -m playwright --version\n")
    assert err.count("\n") == 1


def test_missing_browser_is_one_sentence(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "PROGRAMS", ("chromium-of-nowhere",))
    status, _, err = ask(*ASKED)
    assert status == 1
    assert err == (
        "oss-emulator: no browser is installed as chromium-of-nowhere; "
        "give its path with --browser-path PATH\n"
    )


def test_missing_package_is_one_sentence(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    status, _, err = ask(*ASKED, "--browser-path", sys.executable)
    assert status == 1
    assert err == (
        "oss-emulator: --browser needs the package playwright, which is not installed; "
        f"install it with {extras.command('browser')}\n"
    )
