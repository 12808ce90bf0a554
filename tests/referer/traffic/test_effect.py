"""The effect of rules on recorded requests: by site, in numbers, and what is left out."""

from __future__ import annotations

import json
from typing import Any

from oss_referer import RefererConfiguration, RefererPolicy, Signing
from oss_referer.advice.review import Seen
from oss_referer.traffic import har
from oss_referer.traffic.effect import Effect, Load, measure
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic, join

from tests.referer.traffic import hars

OWN, OTHER = "https://www.example.com/", "https://other.example/"
OLD = RefererConfiguration(allow_empty_referer=False, whitelist=(OWN,))
NEW = RefererConfiguration(allow_empty_referer=True, whitelist=(OTHER,))


def effect(*groups: RequestGroup, new: RefererConfiguration = NEW) -> Effect:
    old, after = map(RefererPolicy.compile, (OLD, new))
    return measure(Traffic(groups), old, after, lambda page: page == OWN)


def group(referer: str | None, requests: int, **asked: Any) -> RequestGroup:
    return RequestGroup(Asked(referer=referer)._replace(**asked), requests, 10 * requests)


def test_requests_are_counted_by_site_and_by_both_decisions() -> None:
    found = effect(
        group(OWN, 1),
        group(f"{OWN}page?id=1", 4),
        group(OTHER, 3, status=403),
        group(None, 2, status=403),
        group(OWN, 7, cached=True),
    )
    assert found.seen == (
        Seen(OWN, OWN, 5, 50, cached=7),
        Seen(OTHER, OTHER, 3, 30),
        Seen(None, None, 2, 20),
    )
    assert (found.checked, found.locked_out, found.own) == (Load(10, 100), Load(5, 50), Load(5, 50))
    assert found.let_in == Load(5, 50)


def test_site_whose_pages_get_different_answers_has_a_row_for_each() -> None:
    page = f"{OTHER}shop/"
    rules = RefererConfiguration(allow_empty_referer=False, whitelist=(page,))
    found = effect(group(OTHER, 2), group(page, 3), new=rules)
    assert found.seen == (Seen(page, OTHER, 3, 30), Seen(OTHER, OTHER, 2, 20))


def test_what_the_rules_do_not_decide_is_counted_apart() -> None:
    found = effect(
        group(OWN, 1, signed=None),
        group(OWN, 2, signed=Signing.HEADER),
        group(OWN, 3, method="OPTIONS"),
        group(OWN, 4, derived=True),
    )
    assert found.apart == {"unsure": 1, "unchecked": 5, "derived": 4}
    assert found.checked == Load(4, 40)


def test_request_that_fails_anyway_is_neither_lost_nor_won() -> None:
    found = effect(
        group(OWN, 1, status=404), group(OTHER, 2, status=404), group(OWN, 4, status=403)
    )
    assert (found.locked_out, found.let_in) == (Load(), Load())
    assert found.checked.requests == 7


def test_site_of_a_recorded_page_is_marked() -> None:
    assert effect(group(OWN, 1, page=f"{OWN}news/")).seen[0].is_recorded
    assert not effect(group(OWN, 1, page=OTHER)).seen[0].is_recorded


def test_sentences_name_costs_and_what_is_left_out() -> None:
    record = har.read([hars.chrome(sanitized=True)]).at()
    old, new = map(RefererPolicy.compile, (OLD, NEW))
    found = measure(record, old, new, lambda page: page == OWN)
    assert [*map(str, found.describe())] == [
        "Of 4 recorded requests, these rules lock out 3 more (300 B) and let in 1 more (300 B).",
        "Requests of your sites would be locked out: 3 (300 B).",
        "Not counted: 1 not checked by the rules, 1 that may be signed by a header missing "
        "in the file, 1 to other hosts (see --host), 1 not over http.",
    ]
    assert json.loads(json.dumps(found.to_dict())) == {
        "checked": {"requests": 4, "bytes": 600},
        "locked_out": {"requests": 3, "bytes": 300},
        "own": {"requests": 3, "bytes": 300},
        "let_in": {"requests": 1, "bytes": 300},
        "unchecked": 1,
        "unsure": 1,
        "cached": 1,
        "derived": 0,
        "elsewhere": {"www.example.com": 1},
        "skipped": {"not over http": 1},
    }


def test_records_are_joined_without_losing_a_request() -> None:
    one = har.read([hars.chrome()])
    both = join([one, one])
    assert both.requests == 2 * one.requests
    assert len(both.groups) == len(one.groups)
    assert both.at().elsewhere == {"www.example.com": 2}
    assert both.skipped == {"not over http": 2}
