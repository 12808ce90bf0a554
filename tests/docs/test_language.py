"""The words of generated Chinese pages."""

from pathlib import Path

import pytest

from tests.docs.language import ENGLISH, WORDS, Language, chinese

DOCS = Path(__file__).parents[2] / "docs" / "zh"


def test_english_text_stays_as_it_is() -> None:
    assert ENGLISH.say("{verb} it", verb="keep") == "keep it"
    assert ENGLISH.heading("Conditions") == "## Conditions\n"


def test_chinese_text_takes_the_values() -> None:
    language = Language({"{name} ({fact})": "{name}（{fact}）"})
    assert language.say("{name} ({fact})", name="允许", fact="A-01") == "允许（A-01）"


def test_chinese_heading_names_the_english_one() -> None:
    found = Language({"Conditions": "条件"}).heading("Conditions")
    assert found == "## 条件\n<!-- follows: Conditions, 0 -->\n"


def test_top_links_the_other_language() -> None:
    assert ENGLISH.top("Operations", "operations.md") == (
        "# Operations\n\nEnglish | [简体中文](zh/operations.md)\n"
    )
    assert Language({"Operations": "接口"}).top("Operations", "operations.md") == (
        "# 接口\n<!-- follows: Operations, 0 -->\n\n[English](../operations.md) | 简体中文\n"
    )


def test_missing_word_is_named_with_its_file() -> None:
    with pytest.raises(ValueError, match=rf"no Chinese for 'Conditions'; add it to {WORDS.name}"):
        Language({}).heading("Conditions")


@pytest.mark.parametrize("page", ["access", "browser", "operations"])
def test_every_word_is_on_its_page(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    words = chinese(page).words
    assert words
    assert [word for word in words.values() if "{" not in word and word not in text] == []
