"""The Chinese pages follow the English ones, section by section."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

import pytest

from tests.docs.markdown import blocks
from tests.docs.translations import (
    PAGES,
    ROOT,
    accept,
    changes,
    copy_blocks,
    problems,
    split,
)

ENGLISH = """\
# Title

Words.

## First

```sh
# not a heading
echo 1
```

## Second

More words.
"""
CHINESE = """\
# 标题
<!-- follows: Title, 0 -->

## 一
<!-- follows: First, 0 -->

```sh
# not a heading
echo 1
```

<!-- not translated: Second -->
"""


def compare(chinese: str, english: str = ENGLISH) -> list[str]:
    return list(problems(chinese, english, page="zh.md", original="en.md"))


@pytest.mark.parametrize("page", PAGES)
def test_page_follows_the_english_one(page: str) -> None:
    chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in (page, PAGES[page]))
    found = list(problems(chinese, english, page=page, original=PAGES[page]))
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("page", [*PAGES, "docs/zh/README.md"])
def test_paragraphs_are_one_line_each(page: str) -> None:
    # Browsers show a line break as a space, which Chinese text must not have.
    prose = re.sub(r"```.*?```\n", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.startswith(("#", "<!--"))]
    for before, line in pairwise(lines):
        assert not before or not line or re.match(r" *(?:- |\d\. |\|)", line), line


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


def test_sections_end_at_headings_outside_of_code() -> None:
    assert [section.title for section in split(ENGLISH)] == ["Title", "First", "Second"]


def test_accepted_page_has_no_problems() -> None:
    assert compare(accept(CHINESE, ENGLISH)) == []


def test_changed_prose_is_named_with_what_to_do() -> None:
    (found,) = compare(accept(CHINESE, ENGLISH), ENGLISH.replace("Words.", "Other words."))
    assert found.startswith("en.md, section 'Title', changed since zh.md, section '标题', was")
    assert "`make translations ARGS=--done`" in found


def test_new_line_breaks_are_no_change() -> None:
    english = ENGLISH.replace("Words.", "Many words.")
    assert compare(accept(CHINESE, english), english.replace("Many words.", "Many\nwords.")) == []


def test_changed_command_is_found_and_copied() -> None:
    chinese, english = accept(CHINESE, ENGLISH), ENGLISH.replace("echo 1", "echo 2")
    (found,) = compare(chinese, english)
    assert "`make docs` copies them" in found
    copied = copy_blocks(chinese, english)
    assert compare(copied, english) == []
    assert [block.text for block in blocks(copied)] == ["# not a heading\necho 2\n"]


@pytest.mark.parametrize(
    "code", ["python\nprint(1)  # one", "toml\na = 1 # one", "sh\necho 1  # one"]
)
def test_comments_of_code_may_be_translated(code: str) -> None:
    english = f"# Title\n\n```{code}\n```\n"
    chinese = accept("# 标题\n<!-- follows: Title, 0 -->\n\n" + english[9:], english)
    chinese = chinese.replace("# one", "# 一")
    assert compare(chinese, english) == []
    assert copy_blocks(chinese, english) == chinese


@pytest.mark.parametrize(
    ("chinese", "expected"),
    [
        (CHINESE.replace("<!-- not translated: Second -->\n", ""), "no section for 'Second'"),
        (CHINESE.replace("First,", "Gone,"), "which en.md does not have"),
        (CHINESE.replace("<!-- follows: Title, 0 -->\n", ""), "does not say which section"),
    ],
)
def test_missing_and_unknown_sections_are_found(chinese: str, expected: str) -> None:
    assert expected in "\n".join(compare(accept(chinese, ENGLISH)))


def test_changes_show_the_english_section_as_it_is_now() -> None:
    shown = "\n".join(changes(accept(CHINESE, ENGLISH), "# Title\n\nOther.\n", "README.md"))
    assert "+Other." in shown
