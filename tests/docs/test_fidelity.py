"""docs/fidelity.md agrees with the recorded answers and with the pages that state facts."""

import re
from pathlib import Path

import pytest

from tests.docs.fidelity import FACTS, PAGES, ROOT, basis, render
from tests.recorded.test_recorded import EXPECTED, RECORDING


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_tables_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert render(text, PAGES[page]) == text, "`make docs` writes them"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "README.zh-CN.md"], ids=str)
def test_page_states_how_many_answers_are_equal(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    answers = sum(len(recorded.steps) for recorded in RECORDING.scenarios)
    assert str(answers) in text
    assert str(answers - len(EXPECTED)) in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("documented, SDKs) text", "documented"),
        ("SDKs; recorded answers) text (assumed)", "recorded"),
        ("published answer) text", "recorded"),
        ("observed) text", "observed"),
        ("`oss2`) text", "asserted"),
        ("Go V1) text", "asserted"),
        ("our choice) text", "assumed"),
        ("assumed, R-39) text", "assumed"),
    ],
)
def test_basis_is_the_strongest_in_the_parentheses(text: str, expected: str) -> None:
    assert basis(text) == expected


def test_every_fact_says_its_basis() -> None:
    for name, letters in FACTS.items():
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stated = re.findall(rf"^- \*\*([{letters}]-\d\d)\*\* (.)", text, re.MULTILINE)
        assert len(stated) > 10
        assert [number for number, first in stated if first != "("] == []
