"""Links, paths, words and facts of the pages, in English and in Chinese."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path

from oss_emulator.control import seed
from oss_emulator.pipeline.service import Service
from oss_referer import RefererConfiguration
from oss_referer.engine.assumptions import DEFAULT, FACTS, SENTENCES

from tests.cli import forking
from tests.cli.process import environment
from tests.docs import translations
from tests.docs.markdown import blocks, table
from tests.rows import read_cases, rows

CASES = read_cases("others.docs")

# --- All pages: their flags, sample files, code, links and paths agree with the tree

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md", "fixtures/*/*.md")
    for path in sorted(ROOT.glob(pattern))
}


@rows("page", "docs/security.md", "docs/zh/security.md")
def test_each_promise_about_security_names_its_test(page: str) -> None:
    tables = DOCUMENTS[page].split("\n\n")
    promises = [
        line
        for text in tables
        if re.match(r"\| (Promise|保证) \|", text)
        for line in text.splitlines()[2:]
    ]
    assert len(promises) > 40
    assert [line for line in promises if "`tests/" not in line.split(" | ")[-1]] == []


# --- flags


def test_table_of_flags_agrees_with_help() -> None:
    shown = forking.command("serve", "--help", env=environment(NO_COLOR="1", COLUMNS="80")).stdout
    described = re.findall(
        r"^  (--[a-z0-9-]+)(?: \S+)?\s+[^()\n]+\(default: ([^;]*); (OSS_EMULATOR_[A-Z0-9_]+)\)$",
        re.sub(r"\n {20,}", " ", shown),
        re.MULTILINE,
    )
    flags = [(flag, variable, default) for flag, default, variable in described]
    assert len(flags) > 10
    assert [tuple(row[:3]) for row in table(DOCUMENTS["docs/serve.md"], "Flag")] == flags


# --- seed files and code


(SEED,) = [block.text for block in blocks(DOCUMENTS["docs/serve.md"]) if block.language == "toml"]


def test_sample_seed_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(SEED, encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(b"...")
    service = Service()
    seed.load(path, service)
    found = service.storage.bucket("examplebucket")
    assert found is not None
    assert found.acl == "public-read"
    assert "referer" in found.documents
    assert service.storage.object("examplebucket", "hello.txt") is not None


def test_sample_seed_names_all_members() -> None:
    # docs/access.md describes the members of an account.
    kept = re.sub(r"^\[\[account.*?(?=^\[\[bucket)", "", SEED, flags=re.MULTILINE | re.DOTALL)
    members = set(re.findall(r"^(\w+) = ", kept, re.MULTILINE))
    tables = (seed.SeedDocument, seed.BucketTable, seed.ObjectTable, RefererConfiguration)
    known = {item.name for table in tables for item in fields(table)}
    assert members == known - {"account", "bucket", "referer", "object"}


# --- links and paths


@rows("folder", "docs", "docs/zh")
def test_index_lists_every_page(folder: str) -> None:
    listed = re.findall(r"^\| \[[^]]+\]\(([^)/]+)\) \| ", DOCUMENTS[f"{folder}/README.md"], re.M)
    pages = {path.name for path in (ROOT / folder).glob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted(pages)


def test_decisions_are_short_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    index = pages.pop("README.md")
    listed = re.findall(r"^\| \[(.+)\]\(\1\) \| ", index, re.MULTILINE)
    assert sorted(listed) == sorted(pages)
    for name, page in pages.items():
        assert len(page.splitlines()) <= 40, name
        headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
        assert headings == ["Decision", "Reasons", "Alternatives", "Consequences"], name


def test_links_lead_to_a_file_and_a_heading() -> None:
    links = [
        (document, link, anchor)
        for document, text in DOCUMENTS.items()
        for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text)
    ]
    assert [each for each in links if not leads(*each)] == []


def leads(document: str, link: str, anchor: str) -> bool:
    """Whether a link leads to a file, and to a heading if it names one."""
    target = (ROOT / document).parent / link if link else ROOT / document
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page: headings in lower case, with hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


ROOTS = (ROOT, ROOT / "emulator" / "oss_emulator", ROOT / "emulator")
"""The folders in which the paths of a page begin: the repository, the server and both packages."""

FOLDERS = {path.name for root in ROOTS for path in root.iterdir() if path.is_dir()}

OF_OTHERS = {"tests/functional/tests.py"}
"""Paths in other projects."""


def test_paths_that_are_named_exist() -> None:
    """Pages for users may name paths of their readers; only those in our folders are checked."""
    missing = []
    for document, text in DOCUMENTS.items():
        named = {path for path in paths(text) if not path.startswith("build/")} - OF_OTHERS
        if not re.search(r"CONTRIBUTING|architecture", document):
            named = {path for path in named if path.partition("/")[0] in FOLDERS}
        missing += [
            (document, path) for path in named if not any((root / path).exists() for root in ROOTS)
        ]
    assert missing == []


def paths(markdown: str) -> list[str]:
    """Return the files and folders that a page names in code marks or pictures."""
    prose = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    marked = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|md))`", prose)
    pictures = re.findall(r"^```text\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    return marked + re.findall(r"(?<!\S)(?:[\w.-]+/)+[\w.-]*", "\n".join(pictures))


# --- One word for one thing in Chinese: on the pages, in the console and on the command line

OTHER_OBJECTS = r"(?:JSON |空|比较|配置|核对的|请求的|发生了什么、|文件是一个)对象|一个对象可以"
"""Objects that are not objects of OSS: of JSON, of Python, or targets of an action."""

TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for pattern in (
        "*.zh-CN.md",
        "docs/zh/**/*.md",
        "examples/*.zh-CN.md",
        "fixtures/*/*.zh-CN.md",
        "emulator/oss_referer/texts/zh.toml",
        "tests/docs/zh/*.toml",
    )
    for path in sorted(ROOT.glob(pattern))
}


def test_one_word_stands_for_one_thing() -> None:
    glossary = read_cases("others.docs")["one_word_stands_for_one_thing"]
    prose = {name: re.sub(OTHER_OBJECTS, "", text) for name, text in TEXTS.items()}
    found = {
        (name, word): match[0]
        for name, text in prose.items()
        for word, others in glossary
        if (match := re.search(rf"(?:{others}).{{0,12}}", text))
    }
    assert found == {}


# --- The numbered facts: a page states each one once, and code and tests cite only stated ones

PAGES = {
    "docs/referer.md": "RB",
    "docs/protocol.md": "PDS",
    "docs/access.md": "A",
    "docs/select.md": "Q",
}
"""Each page and the letters of the facts that it states."""

CHINESE = {page: chinese for chinese, page in translations.PAGES.items() if page in PAGES}
"""The Chinese page of each of these pages."""

NUMBER = r"\b[RBPAQSD]-\d\d\b"
RANGE = re.compile(r"\b([RBPAQSD])-(\d\d) (?:…|to) \1-(\d\d)\b")

UNTESTED = {"R-40": "it is about fees, and the emulator charges none"}
"""Facts that no test can cite, each with the reason."""


def statements(page: str) -> dict[str, str]:
    """Return the facts of a page by number, in the order of the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    statement = rf"^- \*\*({NUMBER})\*\* ?(.*?)(?=^- |^$|\Z)"
    found = re.findall(statement, text, re.MULTILINE | re.DOTALL)
    assert len(found) == len({number for number, _ in found}), "a number is stated twice"
    return dict(found)


STATED = {number: text for page in PAGES for number, text in statements(page).items()}


@cache
def cited(*patterns: str) -> set[str]:
    """Return the numbers that files cite, alone or in a range such as `R-11 … R-13`."""
    this = Path(__file__)
    files = [path for pattern in patterns for path in ROOT.glob(pattern) if path != this]
    assert files
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    # A number after "such as" is only an example.
    text = re.sub(rf"such as `?{NUMBER}(?: … {NUMBER})?", "", text)
    numbers = set(re.findall(NUMBER, text))
    for letter, first, last in RANGE.findall(text):
        # Some numbers of a range may be unused.
        within = {f"{letter}-{number:02}" for number in range(int(first), int(last) + 1)}
        numbers |= within & STATED.keys()
    return numbers


def missing(numbers: Iterable[str], known: Iterable[str]) -> list[str]:
    return sorted(set(numbers) - set(known))


@rows("page", *PAGES)
def test_facts_of_a_page_are_in_order(page: str) -> None:
    numbers = list(statements(page))
    letters = PAGES[page]
    assert numbers == sorted(numbers, key=lambda number: (letters.index(number[0]), number))
    assert len(numbers) > 20


@rows("page", *CHINESE)
def test_chinese_page_states_the_same_facts(page: str) -> None:
    assert list(statements(CHINESE[page])) == list(statements(page))


@rows("patterns", *CASES["only_stated_facts_are_cited"])
def test_only_stated_facts_are_cited(patterns: tuple[str, ...]) -> None:
    assert missing(cited(*patterns), STATED) == []


def test_every_fact_is_cited_by_a_test() -> None:
    """Tables of fixtures count as tests: test_tables.py runs them."""
    found = cited(
        "tests/**/test_*.py", "tests/**/*.toml", "fixtures/**/*.toml", "fixtures/**/*.txt"
    )
    assert missing(STATED.keys() - UNTESTED.keys(), found) == []
    assert missing(UNTESTED, STATED.keys() - found) == [], "a test cites it: it is not an exception"


def test_every_documented_or_published_referer_fact_has_a_dated_source() -> None:
    page = (ROOT / "docs/referer.md").read_text(encoding="utf-8")
    rows = list(table(page, "Source"))
    facts = statements("docs/referer.md").items()
    documented = {number for number, text in facts if re.match(r"\((documented|published)", text)}
    sourced = {number for row in rows for number in re.findall(NUMBER, row[2])}
    assert missing(documented, sourced) == []
    assert missing(sourced, STATED) == []
    assert all(re.search(r"\b20\d\d$", row[1]) for row in rows)


def test_each_variant_of_an_assumed_fact_is_listed_with_its_confirmation() -> None:
    page = (ROOT / "docs/referer.md").read_text(encoding="utf-8")
    rows = [
        [
            FACTS[name],
            name,
            f"{variant}" + (" (default)" if variant is chosen else ""),
            SENTENCES[variant],
        ]
        for name, chosen in DEFAULT.chosen().items()
        for variant in type(chosen)
    ]
    listed = list(table(page, "Fact"))
    assert [list(row[:4]) for row in listed] == rows
    assert all(re.fullmatch(r"never|\d{4}-\d\d-\d\d", row[4]) for row in listed)


# --- docs/console.md: its labels are those of the console


def test_labels_of_the_console_are_on_its_pages() -> None:
    texts = "".join(
        (ROOT / "emulator" / package / "texts" / "en.toml").read_text(encoding="utf-8")
        for package in ("oss_emulator", "oss_referer")
    )
    shown = re.sub(r"\{\w+\}", "4", texts).casefold()
    page = " ".join(DOCUMENTS["docs/console.md"].split())
    labels = set(re.findall(r"(?<!\*)\*([A-Za-z][^*]*?)\*(?!\*)", page)) - EMPHASIS
    assert len(labels) > 20
    assert [label for label in sorted(labels) if label.casefold() not in shown] == []


EMPHASIS = {"your"}
"""Words of docs/console.md in italics that are no label."""


# --- The pages on the code: the order of imports is that of the contracts in pyproject.toml

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS: Mapping[str, Sequence[str]] = {
    contract["containers"][0]: [re.sub("[()]", "", layer) for layer in contract["layers"]]
    for contract in PROJECT["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers" and "." not in contract["containers"][0]
}
"""The folders and modules of each package, in lines from the top."""


@rows("page", "docs/architecture.md", "docs/zh/architecture.md")
def test_page_shows_the_order_of_imports(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(r"^```text\n(oss_referer\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    shown = {}
    for part in block[1].split("\n\n"):
        package, *lines = part.splitlines()
        shown[package] = [line.strip() for line in lines]
    assert shown == LAYERS


# --- The Chinese pages follow the English ones, section by section


def test_pages_follow_the_english_ones() -> None:
    found: list[str] = []
    for names in translations.PAGES.items():
        chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in names)
        found += translations.problems(chinese, english, page=names[0], original=names[1])
    assert found == [], "\n".join(found)


def test_paragraphs_are_one_line_each() -> None:
    # Browsers show a line break as a space, which Chinese text must not have.
    for page in (*translations.PAGES, "docs/zh/README.md"):
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
    assert english - {*translations.PAGES.values()} == {"CHANGELOG.md", "docs/README.md"}


def test_english_pages_link_the_chinese_ones() -> None:
    for chinese, english in [*translations.PAGES.items(), ("docs/zh/README.md", "docs/README.md")]:
        link = posixpath.relpath(chinese, posixpath.dirname(english) or ".")
        back = posixpath.relpath(english, posixpath.dirname(chinese) or ".")
        assert f"English | [简体中文]({link})\n" in (ROOT / english).read_text(encoding="utf-8")
        assert f"[English]({back}) | 简体中文\n" in (ROOT / chinese).read_text(encoding="utf-8")
