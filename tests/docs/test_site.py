"""The check of the built documentation site finds each kind of fault."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import oss_emulator.testing
import oss_referer
import pytest

from tests.docs.site import problems

API = Path(__file__).parents[2] / "docs" / "site" / "api"


@pytest.mark.parametrize("package", [oss_referer, oss_emulator.testing])
def test_reference_names_all_that_is_public(package: ModuleType) -> None:
    name = package.__name__
    page = (API / f"{name.rpartition('.')[2]}.rst").read_text(encoding="utf-8")
    missing = [item for item in package.__all__ if f":: {name}.{item}\n" not in page]
    assert set(missing) <= {"Emulator"}  # it has a page of its own


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<a href="other.html">', []),
        ('<a href="https://example.com/">', []),
        ('<a href="other.html#there">', []),
        ('<a href="other.html#gone">', ["page.html: other.html#gone: no such heading"]),
        ('<a href="gone.html">', ["page.html: gone.html: no such file"]),
        ('<a href="/other.html">', ["page.html: /other.html: an absolute path does not work"]),
        ('<img src="//example.com/a.png">', ["page.html: loads //example.com/a.png"]),
        ('<script src="https://example.com/a.js"></script>', ["page.html: loads https://example"]),
        ('<link rel="stylesheet" href="https://example.com/a.css">', ["page.html: loads https:"]),
        ("<style>@import 'https://example.com/a.css';</style>", ["page.html: loads https:"]),
        ('<p style="background: url(//example.com/a)">', ["page.html: loads //example.com/a"]),
    ],
)
def test_check_finds_faults(tmp_path: Path, markup: str, expected: list[str]) -> None:
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{markup}", encoding="utf-8")
    (tmp_path / "other.html").write_text("<!doctype html><h1 id=there>", encoding="utf-8")
    found = list(problems(tmp_path))
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", 'body { background: url("https://example.com/a.png") }'),
        ("a.js", 'fetch("https://example.com/a")'),
        ("a.js", 'element.src = "//example.com/a"'),
    ],
)
def test_check_reads_styles_and_scripts(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(list(problems(tmp_path))) == 1
