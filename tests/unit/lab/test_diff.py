"""Comparing configurations: the witnesses that are found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.lab import diff
from oss_emulator.lab.diff import Certainty
from oss_emulator.lab.probes import ProbeKind
from oss_emulator.referer import RefererConfiguration

SITE = RefererConfiguration(False, whitelist=("https://www.example.com/",))


@pytest.mark.parametrize(
    ("old", "new", "witnesses"),
    [
        (replace(SITE, whitelist=("https://www.example.com",)), SITE, {
            "https://www.example.com.evil.test/": False,
            "https://www.example.com.cn/": False,
            "https://www.example.com:8443/": False,
            "https://www.example.com": False,
        }),
        (SITE, replace(SITE, allow_empty_referer=True), {None: True, "": True}),
        (SITE, replace(SITE, whitelist=(*SITE.whitelist, "https://b.test/")),
            {"https://b.test/": True}),
        (SITE, replace(SITE, blacklist=("https://www.",)), {"https://www.example.com/": False}),
        (SITE, replace(SITE, truncate_path=True), {"https://www.example.com/": False}),
    ],
    ids=["slash", "empty", "added", "blacklisted", "truncated"],
)  # fmt: skip
def test_diff_finds_a_witness_of_each_kind(
    old: RefererConfiguration, new: RefererConfiguration, witnesses: dict[str | None, bool]
) -> None:
    found = diff.compare(old, new)
    assert {change.referer: change.opens for change in found.changes} == witnesses
    assert found.certainty is Certainty.GENERATED


def test_search_finds_a_difference_that_no_generated_referer_shows() -> None:
    new = replace(SITE, blacklist=("https://www.example.com/a*b*c",))
    narrower = replace(SITE, blacklist=("https://www.example.com/a*b*cd",))
    (change,) = diff.compare(narrower, new).changes
    assert change.kind is ProbeKind.PAGE or change.kind is ProbeKind.FOUND
    assert change.old.allowed
    assert not change.new.allowed


def test_only_given_referers_are_compared() -> None:
    new = replace(SITE, whitelist=("https://b.test/",))
    found = diff.compare(SITE, new, ["https://b.test/", "https://c.test/", "https://b.test/", None])
    assert [change.referer for change in found.changes] == ["https://b.test/"]
    assert found.tried == 3
    assert found.certainty is Certainty.GIVEN


def test_order_and_duplicates_make_no_difference() -> None:
    old = replace(SITE, whitelist=("https://a.test/", "https://b.test/"))
    new = replace(SITE, whitelist=("https://b.test/*", "https://a.test/", "https://b.test/"))
    found = diff.compare(old, new)
    assert found.equivalent
    assert found.certainty is Certainty.PROVED
