"""Resources that set rules: defaults of their provider, and templates in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.lab import resources
from oss_emulator.lab.resources import PULUMI, TERRAFORM, Tool, Unknown, evaluate
from oss_emulator.referer import RefererConfiguration
from oss_emulator.toml import Path, SourceError

REFERER = ((TERRAFORM, "alicloud_oss_bucket_referer"), (PULUMI, "alicloud:oss:BucketReferer"))
BUCKET = ((TERRAFORM, "alicloud_oss_bucket"), (PULUMI, "alicloud:oss:Bucket"))
CAMEL = {"referer_list": "refererLists", "referer_blacklist": "refererBlacklists"}


def error(path: Path, sentence: str) -> SourceError:
    return SourceError(sentence)


def write(tool: Tool, **values: Any) -> dict[str, Any]:
    """Return values by the names of a tool."""
    if tool is TERRAFORM:
        return values
    return {CAMEL.get(name) or camel(name): value for name, value in values.items()}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


@pytest.mark.parametrize(("tool", "kind"), REFERER)
def test_missing_switches_are_false(tool: Tool, kind: str) -> None:
    """R-38"""
    values = write(tool, bucket=Unknown("x"), allow_empty_referer="True", truncate_path=None)
    found = resources.read(tool, kind, values, (), error)
    assert found == RefererConfiguration(True, False, False)


@pytest.mark.parametrize(("tool", "kind"), REFERER)
def test_every_member_is_read(tool: Tool, kind: str) -> None:
    values = write(
        tool,
        allow_empty_referer=False,
        allow_truncate_query_string=True,
        truncate_path=True,
        referer_list=["a"],
        referer_blacklist=["b"],
    )
    found = resources.read(tool, kind, values, (), error)
    assert found == RefererConfiguration(False, True, True, ("a",), ("b",))


@pytest.mark.parametrize(("tool", "kind"), BUCKET)
def test_older_form_leaves_truncation_to_the_service(tool: Tool, kind: str) -> None:
    values = {tool.config: write(tool, referers=["a"])}
    found = resources.read(tool, kind, values, (), error)
    assert found == RefererConfiguration(False, True, False, ("a",))
    assert resources.has_rules(tool, kind, values)
    assert not resources.has_rules(tool, kind, {})
    assert not resources.has_rules(tool, kind, {tool.config: []})
    assert not resources.has_rules(tool, "another", values)


@pytest.mark.parametrize(("tool", "kind"), REFERER)
@pytest.mark.parametrize("value", [Unknown("x"), [Unknown("x")], ["a", Unknown("x")]])
def test_unknown_value_is_refused(tool: Tool, kind: str, value: object) -> None:
    values = write(tool, allow_empty_referer=True, referer_list=value)
    with pytest.raises(SourceError, match="is the expression x, which is not known here; "):
        resources.read(tool, kind, values, (), error)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("a", "a"),
        ("$${a}%%{b}", "${a}%{b}"),
        ("${a}", Unknown("${a}")),
        ("a%{if b}", Unknown("a%{if b}")),
        (["a", "${b}"], ["a", Unknown("${b}")]),
        ({"a": ["$${b}"]}, {"a": ["${b}"]}),
    ],
)
def test_template_is_read_or_unknown(written: object, known: object) -> None:
    assert evaluate(written) == known
