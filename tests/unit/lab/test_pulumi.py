"""Pulumi's YAML: its values, and small texts that expand to large ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.lab import pulumi
from oss_emulator.lab.resources import Unknown
from oss_emulator.toml import SourceError


def value(text: str) -> object:
    program = f"resources:\n  a:\n    type: t\n    properties:\n      c: {text}\n"
    (resource,) = pulumi.parse(program)
    assert (resource.kind, resource.name) == ("t", "a")
    return resource.values["c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("'true'", "true"),
        ("true", True),
        ("No", "No"),
        ("~", None),
        ("1", "1"),
        ("[a, 'b']", ["a", "b"]),
        ('"$${a}\\u4f8b"', "${a}例"),
        ("${a}", Unknown("${a}")),
        ("['${a.b}']", [Unknown("${a.b}")]),
        ("*a", Unknown("*a")),
        ("{fn::split: [a, b]}", {"fn::split": ["a", "b"]}),
    ],
)
def test_value_is_read_or_unknown(text: str, expected: object) -> None:
    assert value(text) == expected


def test_repeated_aliases_are_not_followed() -> None:
    lines = ["a: &a0 [x]"]
    lines += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    lines += ["resources: {r: {type: t, properties: {refererLists: *a59}}}"]
    (resource,) = pulumi.parse("\n".join(lines))
    assert resource.values == {"refererLists": Unknown("*a59")}


WORDS = [
    "a",
    ":",
    "-",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    " ",
    "resources",
    "'",
    '"',
    "*a",
    "&a",
    "!!x",
]


@given(st.lists(st.sampled_from([*WORDS, "|", ">", "?", "%", "\t", "---", "...", "\0"])))
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    failures = []
    try:
        list(pulumi.parse("".join(words)))
    except SourceError as error:
        failures.append(error)
    for failure in failures:
        assert min(failure.line, failure.column) >= 1
        assert "\n" not in failure.sentence
