"""The Chinese pages follow the English ones, section by section."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

from tests.docs.translations import PAGES, ROOT, problems


def test_pages_follow_the_english_ones() -> None:
    found: list[str] = []
    for names in PAGES.items():
        chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in names)
        found += problems(chinese, english, page=names[0], original=names[1])
    assert found == [], "\n".join(found)


def test_paragraphs_are_one_line_each() -> None:
    # Browsers show a line break as a space, which Chinese text must not have.
    for page in (*PAGES, "docs/zh/README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```\n", "", text, flags=re.DOTALL)
        lines = [line for line in prose.splitlines() if not line.startswith(("#", "<!--"))]
        for before, line in pairwise(lines):
            assert not before or not line or re.match(r" *(?:- |\d\. |\|)", line), (page, line)


def test_every_page_but_the_changelog_has_a_chinese_one() -> None:
    patterns = ("*.md", "docs/*.md", "examples/*.md", "fixtures/*/*.md")
    pages = {
        path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)
    }
    english = {page for page in pages if not page.endswith(".zh-CN.md")}
    assert english - {*PAGES.values()} == {"CHANGELOG.md", "docs/README.md"}


def test_english_pages_link_the_chinese_ones() -> None:
    for chinese, english in [*PAGES.items(), ("docs/zh/README.md", "docs/README.md")]:
        link = posixpath.relpath(chinese, posixpath.dirname(english) or ".")
        back = posixpath.relpath(english, posixpath.dirname(chinese) or ".")
        assert f"English | [简体中文]({link})\n" in (ROOT / english).read_text(encoding="utf-8")
        assert f"[English]({back}) | 简体中文\n" in (ROOT / chinese).read_text(encoding="utf-8")
