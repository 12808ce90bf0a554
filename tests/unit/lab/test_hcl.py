"""HCL: its values, and the time that a text full of mistakes takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.lab import hcl
from oss_emulator.lab.resources import Unknown
from oss_emulator.toml import SourceError


def value(text: str) -> object:
    (resource,) = hcl.parse(f'locals {{ a = ["x"] }}\nresource "a" "b" {{\n  c = {text}\n}}')
    return resource.values["c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', "a"),
        ('""', ""),
        (r'"\\ \" \n \u00e9 \U0001F600"', '\\ " \n é \U0001f600'),
        ('"$${a} %%{b} $a {c}"', "${a} %{b} $a {c}"),
        ("true", True),
        ("null", None),
        ("(false)", False),
        ("[]", []),
        ('["a", # why\n "b",\n]', ["a", "b"]),
        ("local.a", ["x"]),
        ("toset(local.a)", ["x"]),
        ("var.a", Unknown("var.a")),
        ('"${var.a}"', Unknown('"${var.a}"')),
        ('[var.a, "b"]', [Unknown("var.a"), "b"]),
        ("true ? 1 : 2", Unknown("true ? 1 : 2")),
        ("local.a[0]", Unknown("local.a[0]")),
        ("<<EOT\n  a\nEOT", Unknown("<<EOT\n  a\nEOT")),
        ("[for x in [] : x]", Unknown("[for x in [] : x]")),
    ],
)
def test_value_is_read_or_unknown(text: str, expected: object) -> None:
    found = value(text)
    if isinstance(expected, Unknown):
        assert isinstance(found, Unknown)
        assert found.text.strip() in text
    else:
        assert found == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_formatted_string_is_read_back(text: str) -> None:
    assert value(hcl.format_string(text)) == text


@given(
    st.lists(st.sampled_from('{ } [ ] " = a resource locals << ${ % // # \\ ( ) , . \n é'.split()))
)
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    sentences = []
    try:
        list(hcl.parse(" ".join(words)))
    except SourceError as error:
        sentences.append(error.sentence)
    for sentence in sentences:
        assert sentence.startswith(("this is not valid HCL", "a is written twice"))


def test_parsing_of_a_text_of_mistakes_stops() -> None:
    """Without its limit the parser would need many seconds."""
    with pytest.raises(SourceError, match="not valid HCL"):
        list(hcl.parse('"' * 1_000_000))
