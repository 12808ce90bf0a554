"""The nearest miss of a Referer: which entry, and where both part."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.advice import remedy
from oss_referer.advice.remedy import Difference


def find(whitelist: list[str], referer: str) -> remedy.NearMiss:
    rules = RefererConfiguration(whitelist=tuple(whitelist))
    found = remedy.find_nearest(RefererPolicy.compile(rules).reading.whitelist.patterns, referer)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entry", "referer", "agrees", "parting"),
    [
        ("https://www.example.com/", "https://blog.example.com/a", "https://", "host"),
        ("http://www.example.com/", "https://www.example.com/", "http", "scheme"),
        ("www.example.com", "https://www.example.com/", "", "scheme"),
        (
            "https://www.example.com/",
            "https://www.example.com:8443/",
            "https://www.example.com",
            "port",
        ),
        (
            "https://www.example.com:8443/",
            "https://www.example.com/",
            "https://www.example.com",
            "port",
        ),
        (
            "https://www.example.com/",
            "https://www.example.com.evil.test/",
            "https://www.example.com",
            "host",
        ),
        (
            "https://www.example.com.cn/",
            "https://www.example.com/",
            "https://www.example.com",
            "host",
        ),
        (
            "https://www.example.com/shop/",
            "https://www.example.com/blog/",
            "https://www.example.com/",
            "path",
        ),
        (
            "https://www.example.com/shop/",
            "https://www.example.com/",
            "https://www.example.com/",
            "end",
        ),
        (
            "https://www.example.com/",
            "https://www.example.com",
            "https://www.example.com",
            "end",
        ),
        ("https://WWW.example.com/", "https://www.example.com/", "https://", "letter-case"),
        ("https://*.example.com/", "https://example.com/", "https://*", "host"),
        ("https://*.example.com/", "https://a.example.org/", "https://*.example.", "host"),
        ("https://?.example.com/", "https://ab.example.com/", "https://?", "host"),
        ("*.example.com", "https://example.org/", "*", "host"),
    ],
)
def test_entry_and_referer_part_where_they_differ(
    entry: str, referer: str, agrees: str, parting: str
) -> None:
    found = find([entry], referer)
    assert found.body[: found.agrees] == agrees
    assert found.parting is Difference(parting)


@pytest.mark.parametrize(
    ("whitelist", "referer", "entry"),
    [
        (["https://www.example.com/", "https://www.other.org/"], "https://blog.example.com/", 0),
        (["https://b.example.com/", "http://a.example.com/"], "https://a.example.com/", 1),
        (["https://www.example.org/", "https://www.example.com/"], "https://a.test/", 0),
        (
            ["https://www.example.com/a/", "https://www.example.com/ab/"],
            "https://www.example.com/abc",
            1,
        ),
    ],
)
def test_nearest_entry_is_that_of_the_nearest_host(
    whitelist: list[str], referer: str, entry: int
) -> None:
    assert find(whitelist, referer).entry == whitelist[entry]


def test_entries_of_other_domains_are_not_related() -> None:
    assert not find(["https://www.example.com/"], "https://blog.other.com/").is_related
    assert find(["https://www.example.com/"], "https://blog.example.com/").is_related


def test_list_without_entries_has_no_nearest_miss() -> None:
    assert remedy.find_nearest((), "https://www.example.com/") is None


@given(
    strategies.lists(strategies.text("ab*?:/.h", min_size=1, max_size=12), min_size=1, max_size=4),
    strategies.text("ab:/.h?", min_size=1, max_size=20),
)
def test_parts_that_agree_do_match(whitelist: list[str], referer: str) -> None:
    """The part of the entry that agrees matches, up to its place in the Referer."""
    rules = RefererConfiguration(whitelist=tuple(whitelist), allow_truncate_query_string=False)
    policy = RefererPolicy.compile(rules)
    found = remedy.find_nearest(policy.reading.whitelist.patterns, referer)
    if found is None or policy.allows(referer):
        return
    before = found.body[: found.agrees]
    assert found.agrees < len(found.body)
    assert not before or RefererPolicy.compile(
        RefererConfiguration(whitelist=(before,), allow_truncate_query_string=False)
    ).allows(referer)


def test_many_entries_and_a_long_referer_take_a_moment() -> None:
    whitelist = [f"https://*{'a' * 12}{number}.example.com/" for number in range(600)]
    began = time.process_time()
    find(whitelist, "https://" + "a" * 60_000)
    assert time.process_time() - began < 2
