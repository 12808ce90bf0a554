"""The reach of a change: whether it decides on pages of other hosts."""

from __future__ import annotations

import pytest
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy
from oss_referer.advice import diff
from oss_referer.engine.assumptions import EmptyWhitelist

HOST = "www.example.com"
ENTRY, OTHER = f"https://{HOST}/", "https://blog.example.com/"


def search(
    before: RefererConfiguration,
    after: RefererConfiguration,
    assumptions: Assumptions | None = None,
) -> str | None:
    old, new = (
        RefererPolicy.compile(rules, assumptions or Assumptions()) for rules in (before, after)
    )
    found = diff.find_change_elsewhere(old, new, HOST)
    assert found is None or old.allows(found) is not new.allows(found)
    return found


def white(*entries: str) -> RefererConfiguration:
    return RefererConfiguration(False, whitelist=entries)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (white(OTHER), white(OTHER, ENTRY)),
        (white(OTHER, ENTRY), white(OTHER)),
        (white(OTHER), white(OTHER)),
        (white(OTHER), RefererConfiguration(True, whitelist=(OTHER,))),
        (white(OTHER, "https://*"), white("https://*", ENTRY, "https://a.example.com/")),
        (RefererConfiguration(), RefererConfiguration(blacklist=(ENTRY, f"http://{HOST}/"))),
    ],
)
def test_change_for_one_host_is_proved(
    before: RefererConfiguration, after: RefererConfiguration
) -> None:
    assert search(before, after) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (white(OTHER), white(OTHER, f"https://{HOST}")),  # a prefix of other hosts
        (white(OTHER), white(OTHER, "https://*.example.com/")),
        (white(ENTRY), white()),  # everybody is allowed
        (white(OTHER), RefererConfiguration(False, truncate_path=True, whitelist=(OTHER,))),
    ],
)
def test_page_of_another_host_is_found(
    before: RefererConfiguration, after: RefererConfiguration
) -> None:
    found = search(before, after)
    assert found is not None
    assert not found.startswith(ENTRY)


def test_known_page_of_another_host_needs_no_search() -> None:
    old, new = map(RefererPolicy.compile, (white(OTHER), white(OTHER, "https://*")))
    known = [None, "", ENTRY, "not sent by any page", "https://known.test/"]
    assert diff.find_change_elsewhere(old, new, HOST, known) == "https://known.test/"


def test_first_blacklist_entry_denies_everybody_under_another_assumption() -> None:
    """R-14: then a blacklist needs a whitelist."""
    after = RefererConfiguration(blacklist=(ENTRY,))
    assert search(RefererConfiguration(), after) is None
    denies = Assumptions(empty_whitelist=EmptyWhitelist.DENIES)
    assert search(RefererConfiguration(), after, denies) is not None
