"""Probes: the Referers that are made from entries."""

from __future__ import annotations

import pytest
from oss_referer.browser import probes
from oss_referer.browser.probes import STRANGER, ProbeKind

OF_TRANSLATION = {
    *(ProbeKind.NO_HOST, ProbeKind.OTHER_PLACE),
}
"""What rules of another system are probed for; entries alone do not show it."""


def test_two_entries_give_every_generated_kind() -> None:
    made = probes.make(["https://*.example.com/", "http://www.example.com:8080/a"])
    assert {probe.kind for probe in made} == set(ProbeKind) - {ProbeKind.FOUND} - OF_TRANSLATION


def test_probes_are_unique() -> None:
    made = probes.make(["https://www.example.com/", "https://www.example.com/", " "])
    referers = [probe.referer for probe in made]
    assert len(referers) == len(set(referers))


@pytest.mark.parametrize("entry", ["?*" * 50_000, "http://" + "a" * 4090])
def test_entry_longer_than_any_sent_referer_gives_no_probes(entry: str) -> None:
    """B-03"""
    assert probes.make([entry]) == probes.make([])


def test_without_entries_only_strangers_and_empty_referers_are_probed() -> None:
    assert [(probe.referer, probe.kind) for probe in probes.make([])] == [
        (None, ProbeKind.MISSING),
        ("", ProbeKind.EMPTY),
        (STRANGER, ProbeKind.STRANGER),
        ("http://evil.test/", ProbeKind.STRANGER),
    ]
