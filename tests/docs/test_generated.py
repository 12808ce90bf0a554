"""Generated pages agree with the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from oss_emulator.operations import OPERATIONS

from tests.docs.fidelity import FACTS, PAGES, ROOT, basis, render
from tests.docs.operations import PAGE, not_emulated
from tests.docs.operations import render as render_operations
from tests.docs.phrases import DOCS, PhraseError, Phrases, translate
from tests.docs.phrases import PAGES as PHRASED
from tests.docs.phrases import render as render_phrases
from tests.recorded.test_recorded import EXPECTED, RECORDING

# --- docs/fidelity.md agrees with the recorded answers and with the pages that state facts


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


# --- docs/operations.md agrees with the table of operations


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_operations(OPERATIONS), (
        "`make docs` writes it"
    )


def test_no_subresource_is_both_emulated_and_not() -> None:
    page = render_operations(OPERATIONS)
    emulated, _, rest = page.partition("## Known sub-resources that are not emulated")
    names = not_emulated(OPERATIONS)
    assert names
    for name in names:
        assert f"?{name}`" not in emulated
        assert f"`{name}`" in rest


# --- The Chinese of generated pages is made from the English text and a list of phrases

PHRASES = Phrases(
    {
        "Title": "标题",
        "first": "第一页",
        "the time": "时间",
        "a {what}, {COUNT} keys": "{what}，{COUNT} 个",
        "{COUNT} cores and {COUNT} others": "{COUNT} 核",
    }
)


@pytest.mark.parametrize("name", PHRASED)
def test_chinese_page_is_made_from_the_english_one(name: str) -> None:
    page = (DOCS / "zh" / f"{name}.md").read_text(encoding="utf-8")
    assert page == render_phrases(name), "`make docs` writes it"


@pytest.mark.parametrize("name", PHRASED)
def test_no_english_sentence_is_left(name: str) -> None:
    page = (DOCS / "zh" / f"{name}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`|<!--.*?-->", "", page, flags=re.DOTALL)
    assert re.findall(r"\b[a-z]+ [a-z]+ [a-z]+\b", prose) == []


@pytest.mark.parametrize("name", ["browser", "operations"])
def test_every_phrase_is_used(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    phrases = tomllib.loads(PHRASED[name].read_text(encoding="utf-8"))
    assert [phrase for phrase in phrases if "{" not in phrase and phrase not in text] == []


def test_values_are_translated_unless_in_capitals() -> None:
    assert PHRASES.say("a first, 1,000 keys") == "第一页，1,000 个"


def test_repeated_value_must_be_the_same() -> None:
    assert PHRASES.say("2 cores and 2 others") == "2 核"
    with pytest.raises(PhraseError):
        PHRASES.say("2 cores and 3 others")


@pytest.mark.parametrize(
    "text", ["", "1.04 (0.98 … 1.06)", "12.2 ms", "64 MiB", "`the_code`", "---"]
)
def test_text_without_words_stays_as_it_is(text: str) -> None:
    assert PHRASES.say(text) == text


@pytest.mark.parametrize("text", ["no phrase", "a second, 1,000 keys"])
def test_missing_phrase_is_named(text: str) -> None:
    with pytest.raises(PhraseError, match=r"^(no phrase|second)$"):
        PHRASES.say(text)


def test_page_is_translated_block_by_block() -> None:
    english = (
        "# Title\n\nEnglish | [简体中文](zh/page.md)\n\nthe\ntime\n\n| first |  | 1 |\n"
        "|---|--:|---|\n\n- the\n  time\n  - first\n\n```sh\nls  # the time\n```\n"
    )
    assert translate(english, "page", PHRASES) == (
        "# 标题\n\n[English](../page.md) | 简体中文\n\n时间\n\n"
        "| 第一页 |  | 1 |\n|---|--:|---|\n\n- 时间\n  - 第一页\n\n```sh\nls  # the time\n```\n"
    )
