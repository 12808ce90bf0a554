"""Adding: a site more in rules, by the changes of the plan."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.advice.adding import add, widen
from oss_referer.plan import Wish, WishError, plan

from tests.rows import rows
from tests.thorough import cases

SITE, OTHER = "https://a.test", "https://b.test/"


def white(*entries: str, site: str = SITE) -> tuple[str, ...]:
    """Return the whitelist after a site was added to some entries."""
    return add(RefererConfiguration(False, whitelist=entries), Wish((site,))).whitelist


@rows(
    ("before", "after"),
    ([], ["https://a.test/"]),
    ([OTHER], [OTHER, "https://a.test/"]),
    (["https://a.test/"], ["https://a.test/"]),
    (["https://*.example.com", OTHER], ["https://*.example.com", OTHER, "https://a.test/"]),
    # An entry for this site that does not work becomes right.
    (["https://a.test:443/", OTHER], ["https://a.test/", OTHER]),
)
def test_only_entries_of_the_site_change(before: list[str], after: list[str]) -> None:
    assert white(*before) == tuple(after)


def test_site_is_added_where_all_corrections_together_need_too_much_room() -> None:
    """R-42: then each change of the plan is a question."""
    entries = [f"https://*.site{number}.com" for number in range(500)]
    assert plan(RefererConfiguration(whitelist=tuple(entries)), Wish((SITE,))).questions
    assert white(*entries) == (*entries, "https://a.test/")


def test_mini_program_is_added_beside_others() -> None:
    first = "https://servicewechat.com/wx0123456789abcdef/"
    rules = RefererConfiguration(whitelist=(first, OTHER))
    added = add(rules, Wish(mini_programs=("wxfedcba9876543210",))).whitelist
    assert added == (first, OTHER, "https://servicewechat.com/wxfedcba9876543210/")


ENTRIES = strategies.sampled_from(
    """https://a.test/ http://a.test a.test https://*.example.com *.example.com * ${site} ?
    https://10.0.0.* wx0123456789abcdef https://servicewechat.com/wx0123456789abcdef/""".split()
)


@given(strategies.lists(ENTRIES, max_size=4), strategies.booleans())
@settings(max_examples=cases(60, 2_000))
def test_added_site_gets_in_and_those_that_got_in_stay(entries: list[str], cuts: bool) -> None:
    rules = RefererConfiguration(False, whitelist=tuple(entries), truncate_path=cuts)
    old, new = (RefererPolicy.compile(one) for one in (rules, add(rules, Wish((SITE,)))))
    assert new.allows("https://a.test/")
    for page in ("http://a.test/", "https://www.example.com/", "https://evil.test/"):
        assert new.allows(page) or not old.allows(page) or not rules.whitelist


def test_sub_domains_are_those_of_the_domain() -> None:
    assert widen("https://www.example.com") == "https://*.example.com/"
    assert widen("nonsense") == "nonsense"
    with pytest.raises(WishError, match="no sub-domains of its own"):
        widen("https://10.0.0.1")
