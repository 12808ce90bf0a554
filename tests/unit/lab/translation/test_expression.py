"""Translation of regular expressions to entries."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.lab.translation.expression import Expression
from oss_emulator.referer import Pattern

from tests.thorough import cases


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (r"\.google\.", ("*.google.",)),
        (r"^www\.a\.test/", ("www.a.test/",)),
        (r"^(www|img)\.a\.test/", ("www.a.test/", "img.a.test/")),
        (r"^a|b$", ("a", "*b")),
        (r"^[a-z]+\.test", ("?*.test",)),
        (r"^a?b.*c.d\d{2}", ("b*c?d??", "ab*c?d??")),
        (r"^(?:ab)*c{1,}", ("*c*",)),
    ],
)
def test_expression_gives_entries(text: str, entries: tuple[str, ...]) -> None:
    assert Expression.parse(text).entries == entries


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"(?=a)", "(?= is not supported"),
        (r"a\b", r"\b is not supported"),
        ("[[:alpha:]]", "[[: is not supported"),
        ("a++", "++ is not supported"),
        ("(a", "a parenthesis is not closed"),
        ("a)", "a closing parenthesis has no opening one"),
        ("*a", "*a is not supported"),
        ("a^b", "^ is not at the beginning"),
        ("^{2}", "{2} has nothing to repeat"),
        ("a{2,1}", "{2,1} has its numbers in the wrong order"),
        ("a{999999999}", "999999 is too large for a quantifier"),
        ("(a|b)" * 8, "it gives more than 64 entries"),
        ("(){65535}", "it has more than 2000 characters"),
        ("((a{100}){100}){100}", "it gives an entry of more than 4096 characters"),
        ("(" * 3_000, "its groups are nested too deeply"),
    ],
)
def test_expression_without_entries_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Expression.parse(text)


ATOMS = "a b c A . [ab] [^a] ( ( ) ) | * + ? {2} {1,2} {0,1} {1,} ^ $ \\. \\w \\d".split()


@settings(max_examples=cases(150, 600))
@given(
    st.lists(st.sampled_from(ATOMS), max_size=9).map("".join),
    st.lists(st.text("abcA.-1", max_size=6), min_size=5, max_size=5),
)
def test_expression_matches_as_in_python(expression: str, texts: list[str]) -> None:
    try:
        parsed = Expression.parse(expression)
    except ValueError:
        return
    expected = re.compile(expression, re.IGNORECASE | re.ASCII)
    for text in texts:
        found = parsed.matches(text)
        assert found == bool(expected.search(text))
        patterns = [Pattern.of(entry, entry.lower()) for entry in parsed.entries]
        assert not found or any(pattern.matches(text.lower()) for pattern in patterns)


def test_letters_beyond_ascii_are_bytes_with_one_case() -> None:
    assert not Expression.parse("^.$").matches("é")
    assert Expression.parse("^..$").matches("é")
    assert not Expression.parse("É").matches("é")
    assert Expression.parse(r"\xc3\xa9").matches("é")
    assert Expression.parse("[é]").entries == ("*?",)


def test_time_is_linear_where_quantifiers_are_nested() -> None:
    assert not Expression.parse("(a*)*(a+)+b").matches("a" * 20_000)
