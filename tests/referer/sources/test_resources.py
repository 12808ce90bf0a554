"""Resources that set rules: defaults of their provider, and strings with expressions."""

from __future__ import annotations

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import resources
from oss_referer.sources.resources import BUCKET, CONFIG, REFERER, Unknown, evaluate
from oss_referer.sources.toml import Path, SourceError


def error(path: Path, sentence: str) -> SourceError:
    return SourceError(sentence)


def test_missing_switches_are_false() -> None:
    """R-38"""
    values = {"bucket": Unknown("x"), "allow_empty_referer": "true", "truncate_path": None}
    found = resources.read(REFERER, values, (), error)
    assert found == RefererConfiguration(True, False, False)


def test_every_member_is_read() -> None:
    values = {
        "allow_empty_referer": False,
        "allow_truncate_query_string": True,
        "truncate_path": True,
        "referer_list": ["a"],
        "referer_blacklist": ["b"],
    }
    found = resources.read(REFERER, values, (), error)
    assert found == RefererConfiguration(False, True, True, ("a",), ("b",))


def test_older_form_leaves_truncation_to_the_service() -> None:
    values = {CONFIG: {"referers": ["a"]}}
    found = resources.read(BUCKET, values, (), error)
    assert found == RefererConfiguration(False, True, False, ("a",))
    assert resources.has_rules(BUCKET, values)
    assert not resources.has_rules(BUCKET, {})
    assert not resources.has_rules(BUCKET, {CONFIG: []})
    assert not resources.has_rules("another", values)


@pytest.mark.parametrize("value", [Unknown("x"), [Unknown("x")], ["a", Unknown("x")]])
def test_unknown_value_is_refused(value: object) -> None:
    values = {"allow_empty_referer": True, "referer_list": value}
    with pytest.raises(SourceError, match="is the expression x, which only Terraform"):
        resources.read(REFERER, values, (), error)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("a", "a"),
        ("$${a}%%{b}", "${a}%{b}"),
        ("${a}", Unknown("${a}")),
        ("$$${a}", Unknown("$$${a}")),
        ("e\u0301", "é"),
        ("a%{if b}", Unknown("a%{if b}")),
        (["a", "${b}"], ["a", Unknown("${b}")]),
        ({"a": ["$${b}"]}, {"a": ["${b}"]}),
    ],
)
def test_template_is_read_or_unknown(written: object, known: object) -> None:
    assert evaluate(written) == known
