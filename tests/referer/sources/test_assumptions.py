"""Assumptions as TOML: each variant of each fact, and errors that list the valid values."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_referer import Assumptions
from oss_referer.engine.assumptions import DEFAULT, SENTENCES, EmptyWhitelist
from oss_referer.sources import assumptions
from oss_referer.sources.assumptions import AssumptionsError

ALL = [DEFAULT, *(other for _, other in DEFAULT.alternatives())]


@pytest.mark.parametrize("given", ALL, ids=lambda given: next(iter(assumed(given)), "default"))
def test_formatted_assumptions_parse_to_the_same(given: Assumptions) -> None:
    assert assumptions.parse(assumptions.format(given)) == given


def assumed(given: Assumptions) -> list[str]:
    return [str(v) for v in given.chosen().values() if v not in DEFAULT.chosen().values()]


def test_each_variant_has_a_sentence_and_a_name_of_its_own() -> None:
    variants = [variant for chosen in DEFAULT.chosen().values() for variant in type(chosen)]
    assert set(SENTENCES) == set(variants)
    assert len({(type(variant), variant.value) for variant in variants}) == len(variants)


def test_missing_fact_has_its_default() -> None:
    assert assumptions.parse("") == DEFAULT
    found = assumptions.parse('empty_whitelist = "empty-whitelist-denies"\n')
    assert found == Assumptions(empty_whitelist=EmptyWhitelist.DENIES)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            'empty_whitelist = "denies"',
            'line 1, column 1: empty_whitelist is "denies"; write "empty-whitelist-allows" or '
            '"empty-whitelist-denies"',
        ),
        (
            '\nr15 = "x"',
            "line 2, column 1: r15 is unknown; use checked_requests, check_order, empty_whitelist, "
            "letter_case, white_space, cut_path, truncation_conflict, cut_entries, "
            "repeated_header, missing_list, joined_entry, processing_order or copy_source",
        ),
        (
            "empty_whitelist = true",
            'empty_whitelist is true; write "empty-whitelist-allows" or "empty-whitelist-denies"',
        ),
        ("empty_whitelist", "this is not valid TOML"),
    ],
)
def test_mistake_gets_error_with_valid_values(tmp_path: Path, source: str, sentence: str) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text(source)
    with pytest.raises(AssumptionsError) as raised:
        assumptions.read(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssumptionsError, match=r"nowhere\.toml cannot be read: No such file"):
        assumptions.read(tmp_path / "nowhere.toml")
