"""The nearest entry to a Referer that none matches, and where they differ."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies
from oss_emulator.control.console import nearest
from oss_emulator.control.console.nearest import Difference
from oss_referer import RefererConfiguration, RefererPolicy

from tests.rows import rows


def find_nearest(whitelist: list[str], referer: str) -> nearest.NearMiss:
    rules = RefererConfiguration(whitelist=tuple(whitelist))
    found = nearest.find_nearest(RefererPolicy.compile(rules).reading.whitelist.patterns, referer)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entry", "referer", "parting"),
    [
        ("https://www.example.com/", "https://blog.example.com/a", "host"),
        ("http://www.example.com/", "https://www.example.com/", "scheme"),
        ("www.example.com", "https://www.example.com/", "scheme"),
        ("https://www.example.com/", "https://www.example.com:8443/", "port"),
        ("https://www.example.com:8443/", "https://www.example.com/", "port"),
        ("https://www.example.com/", "https://www.example.com.evil.test/", "host"),
        ("https://www.example.com.cn/", "https://www.example.com/", "host"),
        ("https://www.example.com/shop/", "https://www.example.com/blog/", "path"),
        ("https://www.example.com/shop/", "https://www.example.com/", "end"),
        ("https://www.example.com/", "https://www.example.com", "end"),
        ("https://WWW.example.com/", "https://www.example.com/", "letter-case"),
        ("https://*.example.com/", "https://example.com/", "host"),
        ("https://*.example.com/", "https://a.example.org/", "host"),
        ("https://?.example.com/", "https://ab.example.com/", "host"),
        ("*.example.com", "https://example.org/", "host"),
    ],
)
def test_entry_and_referer_part_where_they_differ(entry: str, referer: str, parting: str) -> None:
    found = find_nearest([entry], referer)
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
    assert find_nearest(whitelist, referer).entry == whitelist[entry]


@rows(
    ("entry", "referer", "ours", "theirs"),
    ("https://www.example.com/", "https://blog.example.com/a", "www", "blog"),
    ("https://www.example.com/", "https://web.example.com/", "www", "web"),
    ("https://example.com/", "https://blog.example.com/", "", "blog."),
    ("https://www.example.com.cn/", "https://www.example.com/", ".cn", ""),
    ("https://www.example.com/", "https://a.test/", "www.example.com", "a.test"),
    ("https://*.example.com/", "https://a.example.org/", "com", "org"),
    ("http://www.example.com/", "https://www.example.com/", "http", "https"),
    ("www.example.com", "https://www.example.com/", "", "https"),
    ("https://www.example.com/", "https://www.example.com:8443/", "", ":8443"),
    ("https://www.example.com/a/", "https://www.example.com/b/", "a/", "b/"),
    ("https://www.example.com/", "https://www.example.com", "/", ""),
)
def test_part_that_differs_is_marked(entry: str, referer: str, ours: str, theirs: str) -> None:
    found = find_nearest([entry], referer)
    marks = (found.ours, found.theirs)
    assert [one.differs for one in marks] == [ours, theirs]
    assert ["".join(one) for one in marks] == [entry, referer]


def test_entries_of_other_domains_are_not_related() -> None:
    assert not find_nearest(["https://www.example.com/"], "https://blog.other.com/").is_related
    assert find_nearest(["https://www.example.com/"], "https://blog.example.com/").is_related


def test_list_without_entries_has_no_nearest_miss() -> None:
    assert nearest.find_nearest((), "https://www.example.com/") is None


@given(
    strategies.lists(strategies.text("ab*?:/.hA", min_size=1, max_size=12), min_size=1, max_size=4),
    strategies.text("ab:/.h?", min_size=1, max_size=20),
)
def test_marks_are_parts_of_the_entry_and_of_the_referer(
    whitelist: list[str], referer: str
) -> None:
    rules = RefererConfiguration(whitelist=tuple(whitelist), allow_truncate_query_string=False)
    policy = RefererPolicy.compile(rules)
    found = nearest.find_nearest(policy.reading.whitelist.patterns, referer)
    if found is None or policy.allows(referer):
        return
    assert "".join(found.ours) == found.entry.strip()
    assert "".join(found.theirs) == referer
    assert found.ours.differs or found.theirs.differs


def test_many_entries_and_a_long_referer_take_a_moment() -> None:
    whitelist = [f"https://*{'a' * 12}{number}.example.com/" for number in range(200)]
    began = time.process_time()
    find_nearest(whitelist, "https://" + "a" * 20_000)
    assert time.process_time() - began < 2
