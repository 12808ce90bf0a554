"""The Chinese of generated pages is made from the English text and a list of phrases."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.phrases import DOCS, PAGES, PhraseError, Phrases, render, translate

PHRASES = Phrases(
    {
        "Title": "标题",
        "first": "第一页",
        "the time": "时间",
        "a {what}, {COUNT} keys": "{what}，{COUNT} 个",
        "{COUNT} cores and {COUNT} others": "{COUNT} 核",
    }
)


@pytest.mark.parametrize("name", PAGES)
def test_chinese_page_is_made_from_the_english_one(name: str) -> None:
    page = (DOCS / "zh" / f"{name}.md").read_text(encoding="utf-8")
    assert page == render(name), "`make docs` writes it"


@pytest.mark.parametrize("name", PAGES)
def test_no_english_sentence_is_left(name: str) -> None:
    page = (DOCS / "zh" / f"{name}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`|<!--.*?-->", "", page, flags=re.DOTALL)
    assert re.findall(r"\b[a-z]+ [a-z]+ [a-z]+\b", prose) == []


@pytest.mark.parametrize("name", ["browser", "operations"])
def test_every_phrase_is_said(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    phrases = tomllib.loads(PAGES[name].read_text(encoding="utf-8"))
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
