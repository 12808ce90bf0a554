"""The Chinese pages follow the English ones, section by section."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

import pytest

from tests.docs.translations import PAGES, ROOT, copy_blocks, mark, problems

ENGLISH = """\
# Title

Words and 3 names: `--flag`.

## First

```sh
# not a heading
echo 1
```

### Table

| a |
|---|
| b |
"""
CHINESE = mark(
    """\
# 标题

3 个名称：`--flag`。

## 一

```sh
# 不是标题
echo 1
```

### 表

| 甲 |
|---|
| 乙 |
""",
    ENGLISH,
)


def compare(chinese: str, english: str = ENGLISH) -> list[str]:
    return list(problems(chinese, english, page="zh.md", original="en.md"))


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


def test_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "zh" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([^]]+)\]\(([^)]+)\) \| ", index, re.MULTILINE)
    pages = {path.name for path in (ROOT / "docs" / "zh").glob("*.md")} - {"README.md"}
    assert sorted(link for _, link in listed if "/" not in link) == sorted(pages)


def test_page_that_follows_has_no_problems() -> None:
    assert compare(CHINESE) == []


@pytest.mark.parametrize(
    ("there", "changed", "expected"),
    [
        ("Words", "Other words", "en.md has changed since zh.md followed it"),
        ("--flag", "--other", "'# 标题' lacks what en.md names: `--other`"),
        ("3 names", "40 names", "'# 标题' lacks what en.md names: 40"),
        ("## First", "# First", "zh.md has other headings than en.md"),
        ("| b |", "| b |\n| c |", "'### 表' has tables of 3 lines, and en.md of 4"),
        ("echo 1", "echo 2", "'## 一' has other commands or outputs"),
    ],
)
def test_change_in_english_is_found(there: str, changed: str, expected: str) -> None:
    assert expected in "\n".join(compare(CHINESE, ENGLISH.replace(there, changed)))


def test_new_line_breaks_are_no_change() -> None:
    assert compare(CHINESE, ENGLISH.replace("Words and", "Words\nand")) == []


def test_changed_command_is_copied() -> None:
    english = ENGLISH.replace("echo 1", "echo 2")
    copied = copy_blocks(CHINESE, english)
    assert "echo 2" in copied
    assert compare(copied, english) == []


@pytest.mark.parametrize("code", ["python\nprint(1)  #", "toml\na = 1 #", "sh\necho 1  #"])
def test_comments_of_code_may_be_translated(code: str) -> None:
    english, chinese = (f"# A\n\n```{code} {comment}\n```\n" for comment in ("one", "一"))
    assert compare(mark(chinese, english), english) == []
    assert copy_blocks(chinese, english) == chinese
