"""Texts with wildcards match as plain regular expressions do, and in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer.engine.pattern import wildcard

SIGNS = {"*": ".*", "?": "."}


@pytest.mark.parametrize("whole", [False, True])
@given(text=st.text("ab.*?", max_size=8), referer=st.text("ab.", max_size=10))
def test_text_matches_as_a_plain_expression(whole: bool, text: str, referer: str) -> None:
    plain = "".join(SIGNS.get(sign) or re.escape(sign) for sign in text)
    expected = re.fullmatch(plain, referer) if whole else re.match(plain, referer)
    found = wildcard(text, whole=whole).match(referer)
    assert (found is None) == (expected is None)


def test_star_stops_at_excluded_characters() -> None:
    assert wildcard("*.b", "[^/]", whole=False).match("a.b/c")
    assert not wildcard("*.b", "[^/]", whole=False).match("a/x.b")


def test_time_is_linear_where_stars_follow_each_other() -> None:
    assert not wildcard("*a" * 12 + "*b").match("a" * 5_000)
