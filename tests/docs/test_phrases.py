"""The Chinese of the pages that a run measures is made from their text and a list of phrases."""

from __future__ import annotations

import re

import pytest

from tests.docs.phrases import PAGES, ROOT, PhraseError, Phrases, render, translate

PHRASES = Phrases(
    {
        "Title": "标题",
        "first": "第一页",
        "the time": "时间",
        "a {what}, {COUNT} keys": "{what}，{COUNT} 个",
        "{COUNT} cores and {COUNT} others": "{COUNT} 核",
    }
)


def read(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_chinese_page_is_made_from_the_english_one(name: str) -> None:
    assert read(f"zh/{name}.md") == render(name), "`make docs` writes it"


@pytest.mark.parametrize("name", PAGES)
def test_rows_of_both_languages_have_the_same_numbers(name: str) -> None:
    english, chinese = (
        [
            sorted(re.findall(r"\d(?:[\d,.]*\d)?", line))
            for line in read(page).splitlines()
            if line.startswith("|")
        ]
        for page in (f"{name}.md", f"zh/{name}.md")
    )
    assert len(english) > 50
    assert chinese == english


@pytest.mark.parametrize("name", PAGES)
def test_no_english_sentence_is_left(name: str) -> None:
    prose = re.sub(r"`[^`]*`|<!--.*?-->", "", read(f"zh/{name}.md"))
    assert re.findall(r"\b[a-z]+ [a-z]+ [a-z]+\b", prose) == []


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
        "# Title\n\nEnglish | [简体中文](zh/page.md)\n\nthe\ntime\n\n"
        "| first |  | 1 |\n|---|--:|---|\n\n- the\n  time\n  - first\n"
    )
    chinese = translate(english, "page", PHRASES)
    assert re.sub(r", \w{8} -->", ", … -->", chinese) == (
        "# 标题\n<!-- follows: Title, … -->\n\n[English](../page.md) | 简体中文\n\n时间\n\n"
        "| 第一页 |  | 1 |\n|---|--:|---|\n\n- 时间\n  - 第一页\n"
    )
