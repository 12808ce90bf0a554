"""The numbered facts: a page states each one once, and code and tests cite only stated ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from oss_referer.engine.assumptions import DEFAULT, FACTS
from oss_referer.engine.explanation import SENTENCES
from oss_referer.sources import assumptions
from oss_referer.texts import Catalogue

from tests.docs import translations
from tests.docs.markdown import blocks, table

ROOT = Path(__file__).parents[2]
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

UNTESTED = {
    "R-40": "it is about fees, and the emulator charges none",
}
"""Facts that no test can cite, each with the reason."""


def statements(page: str) -> dict[str, str]:
    """Return the facts of a page by number, in the order of the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    statement = rf"^- \*\*({NUMBER})\*\* ?(.*?)(?=^- |^$|\Z)"
    found = re.findall(statement, text, re.MULTILINE | re.DOTALL)
    assert len(found) == len({number for number, _ in found}), "a number is stated twice"
    return dict(found)


STATED = {number: text for page in PAGES for number, text in statements(page).items()}


def cited(*patterns: str) -> set[str]:
    """Return the numbers that files cite, alone or in a range such as `R-11 … R-13`."""
    this = Path(__file__)
    files = [path for pattern in patterns for path in ROOT.glob(pattern) if path != this]
    assert files
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    # A number after "such as" is only an example of a number.
    text = re.sub(rf"such as `?{NUMBER}(?: … {NUMBER})?", "", text)
    numbers = set(re.findall(NUMBER, text))
    for letter, first, last in RANGE.findall(text):
        # Some numbers within a range may be free.
        within = {f"{letter}-{number:02}" for number in range(int(first), int(last) + 1)}
        numbers |= within & STATED.keys()
    return numbers


def missing(numbers: Iterable[str], known: Iterable[str]) -> list[str]:
    return sorted(set(numbers) - set(known))


@pytest.mark.parametrize("page", PAGES)
def test_facts_of_a_page_are_in_order(page: str) -> None:
    numbers = list(statements(page))
    letters = PAGES[page]
    assert numbers == sorted(numbers, key=lambda number: (letters.index(number[0]), number))
    assert len(numbers) > 20


@pytest.mark.parametrize("page", CHINESE)
def test_chinese_page_states_the_same_facts(page: str) -> None:
    assert list(statements(CHINESE[page])) == list(statements(page))


def test_code_cites_stated_facts_only() -> None:
    found = cited("emulator/**/*.py", "fixtures/**/*.toml", "fixtures/**/*.txt")
    assert len(found) > 40
    assert missing(found, STATED) == []


def test_pages_cite_stated_facts_only() -> None:
    found = cited("docs/*.md", "docs/*/*.md", "*.md", "examples/*.md", "fixtures/*/*.md")
    assert missing(found, STATED) == []


def test_tests_cite_stated_facts_only() -> None:
    assert missing(cited("tests/**/*.py", "tests/**/*.toml"), STATED) == []


def test_every_fact_is_cited_by_a_test() -> None:
    """Tables of fixtures count as tests: test_tables.py runs them."""
    found = cited(
        "tests/**/test_*.py", "tests/**/*.toml", "fixtures/**/*.toml", "fixtures/**/*.txt"
    )
    assert missing(STATED.keys() - UNTESTED.keys(), found) == []
    assert missing(UNTESTED, STATED.keys() - found) == [], "a test cites it: it is not an exception"


def test_every_referer_fact_is_documented_assumed_or_observed() -> None:
    facts = statements("docs/referer.md")
    unmarked = [
        n for n, text in facts.items() if not re.match(r"\((documented|assumed|observed)\b", text)
    ]
    assert unmarked == []


def test_chinese_page_gives_each_referer_fact_the_same_basis() -> None:
    bases = {"documented": "有文档依据", "assumed": "假设", "observed": "观察"}
    chinese = statements(CHINESE["docs/referer.md"])
    for number, text in statements("docs/referer.md").items():
        (basis,) = (basis for basis in bases if text.startswith(f"({basis}"))
        assert re.match(rf"（{bases[basis]}[）；：]", chinese[number]), number


def test_every_documented_referer_fact_has_a_dated_source() -> None:
    page = (ROOT / "docs/referer.md").read_text(encoding="utf-8")
    rows = list(table(page, "Source"))
    facts = statements("docs/referer.md").items()
    documented = {number for number, text in facts if text.startswith("(documented")}
    sourced = {number for row in rows for number in re.findall(NUMBER, row[2])}
    assert missing(documented, sourced) == []
    assert missing(sourced, STATED) == []
    assert all(re.search(r"\b20\d\d$", row[1]) for row in rows)


def test_chinese_sources_are_those_of_the_same_facts() -> None:
    english, chinese = (
        table((ROOT / page).read_text(encoding="utf-8"), first)
        for page, first in (("docs/referer.md", "Source"), (CHINESE["docs/referer.md"], "资料来源"))
    )
    assert [row[2].split("、") for row in chinese] == [row[2].split(", ") for row in english]


def test_every_protocol_fact_names_its_source() -> None:
    facts = statements("docs/protocol.md")
    assert [number for number, text in facts.items() if not re.match(r"\(\S", text)] == []


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


def test_chinese_page_lists_the_same_variants_in_the_words_of_the_console() -> None:
    english, chinese = (
        list(table((ROOT / page).read_text(encoding="utf-8"), first))
        for page, first in (("docs/referer.md", "Fact"), (CHINESE["docs/referer.md"], "事实"))
    )
    variants = [variant for chosen in DEFAULT.chosen().values() for variant in type(chosen)]
    console = Catalogue("zh")
    assert chinese == [
        [
            number,
            name,
            variant.replace(" (default)", "（默认）"),
            console.assumption(member),
            day.replace("never", "从未"),
        ]
        for (number, name, variant, _, day), member in zip(english, variants, strict=True)
    ]


def test_assumptions_on_the_page_can_be_parsed() -> None:
    page = (ROOT / "docs/referer.md").read_text(encoding="utf-8")
    (block,) = [block for block in blocks(page) if block.language == "toml"]
    assert assumptions.parse(block.text) != DEFAULT
