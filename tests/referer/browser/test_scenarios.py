"""The scenarios, the decisions of good and bad rules on them, and dated changes of the service."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from oss_referer import RefererConfiguration, RefererPolicy, Signing
from oss_referer.browser import probes
from oss_referer.browser import scenarios as scenario
from oss_referer.browser.browser import ReferrerPolicy
from oss_referer.browser.changes import (
    ARN_IN_LOGS,
    BY_DEFAULT,
    CHANGES,
    IMAGES_AT_ENDPOINTS,
    V1_OF_BUCKETS,
    Affected,
    Changes,
)
from oss_referer.browser.probes import STRANGER, ProbeKind
from oss_referer.browser.scenarios import ScenarioGroup, ScenarioResult

from tests.rows import rows

SITE = "https://www.example.com"
GOOD = RefererConfiguration(False, whitelist=("https://www.example.com/",))


def play(rules: RefererConfiguration, **options: str) -> dict[str, ScenarioResult]:
    policy = RefererPolicy.compile(rules)
    outcomes = scenario.play(policy, options.pop("site", SITE), **options)
    named = {str(outcome.scenario.name): outcome for outcome in outcomes}
    assert len(named) == len(outcomes)
    return named


def unwanted(rules: RefererConfiguration) -> set[str]:
    return {name for name, outcome in play(rules).items() if not outcome.as_wanted}


def test_good_rules_decide_as_wanted() -> None:
    assert unwanted(GOOD) == set()


def test_host_of_another_site_differs_from_the_site() -> None:
    rules = RefererConfiguration(False, whitelist=("https://evil.test/",))
    assert all(outcome.as_wanted for outcome in play(rules, site="https://evil.test").values())


def test_entries_without_a_scheme_deny_the_site() -> None:
    rules = RefererConfiguration(whitelist=("www.example.com",))
    assert unwanted(rules) == {"the site", "a signed URL in a page of the site"}


def test_open_hosts_and_wildcards_allow_other_sites() -> None:
    assert unwanted(RefererConfiguration(whitelist=("https://www.example.com",))) == {
        "a host that begins like the site"
    }
    assert unwanted(RefererConfiguration(whitelist=("*example.com",))) == {
        "a host that begins like the site",
        "a host that ends like the site",
        "another site with the site's address in its path",
    }


def test_each_referrer_policy_has_a_scenario() -> None:
    rows = [
        outcome.scenario.name.partition(" ")[0]
        for outcome in play(GOOD).values()
        if outcome.scenario.group is ScenarioGroup.POLICIES
    ]
    assert rows == [policy.value for policy in ReferrerPolicy]


def test_signed_requests_are_checked_only_in_urls() -> None:
    rows = play(GOOD)
    sdk = rows["a server-side SDK, signed in the header"]
    assert (sdk.scenario.signed, sdk.decision.allowed) == (Signing.HEADER, True)
    assert not rows["a signed URL in the address bar"].decision.allowed
    assert not rows["a signed URL in another site"].decision.allowed


ORIGIN = f"{SITE}/"
HTTP = {"object_url": "http://bucket.test/a.jpg"}
VIDEO = {"object_url": "https://bucket.test/a.mp4"}


@rows(
    "fact, name, referer, options",
    ("B-01", "an http image in an https page", ORIGIN, HTTP),
    ("B-01", "an http link or download in an https page", None, HTTP),
    ("B-01", "an http script with upgrade-insecure-requests", ORIGIN, HTTP),
    ("B-01", "an http iframe with upgrade-insecure-requests", None, HTTP),
    ("B-04", "an image in a style sheet of another host", "https://static.example.net/", {}),
    ("B-05", "a sandboxed iframe, a data: or blob: page", None, {}),
    ("B-05", "an iframe with sandbox=allow-same-origin", ORIGIN, {}),
    ("B-05", "an about:blank page filled by document.write", ORIGIN, {}),
    ("B-06", "an MP4 in the address bar, second request", VIDEO["object_url"], VIDEO),
    ("B-07", "the site over https", ORIGIN, {"site": "http://www.example.com"}),
    ("B-08", "a redirect of another site with unsafe-url", ORIGIN, {}),
    ("B-08", "a link with rel=noreferrer", None, {}),
    ("B-08", "an iframe of the site, inside another site", ORIGIN, {}),
)
def test_scenario_has_the_referer_that_browsers_send(
    fact: str, name: str, referer: str | None, options: dict[str, str]
) -> None:
    assert play(GOOD, **options)[name].scenario.referer == referer, fact


def test_site_without_www_has_no_scenario_without_www() -> None:
    assert "the domain without www" in play(GOOD)
    assert "the domain without www" not in play(GOOD, site="https://example.com/")


def test_international_host_is_shown_as_it_is_sent() -> None:  # B-02
    rows = play(GOOD, site="https://例子.example.com/")
    assert rows["the site"].scenario.referer == "https://xn--fsqu00a.example.com/"
    glued = rows["a host that ends like the site"].scenario.referer
    assert glued == "https://notexample.com/"
    rows = play(GOOD, site="https://www.例子.com/")
    glued = rows["a host that ends like the site"].scenario.referer
    assert glued == "https://xn--not-xc0e315c.com/"


def test_ip_address_has_no_sub_domains() -> None:
    rows = play(GOOD, site="https://[::1]:8443/")
    assert "a sub-domain" not in rows
    assert rows["the site"].scenario.referer == "https://[::1]:8443/"
    assert rows["another site"].scenario.referer == "https://evil.test/"


# --- the table of changes of the service by date and account (P-60)


DAY = timedelta(days=1)
PAGE = Path(__file__).parents[3] / "docs/serve.md"


def test_change_is_followed_from_its_date() -> None:
    for change in CHANGES:
        for_new_accounts, day = change.affected is Affected.NEW_ACCOUNTS, change.since.date()
        assert not Changes(day - DAY, new_account=True).follow(change), change
        assert Changes(day, new_account=True).follow(change), change
        assert Changes(day).follow(change) is not for_new_accounts, change


def test_new_account_without_a_date_follows_all_changes() -> None:
    assert all(map(Changes(new_account=True).follow, CHANGES))


def test_changes_that_refuse_older_clients_are_off_by_default() -> None:
    assert [change for change in CHANGES if BY_DEFAULT.follow(change)] == [ARN_IN_LOGS]


@rows(
    ("created", "new"),
    (datetime(2025, 8, 31, 15, 59, 59, tzinfo=UTC), False),
    (datetime(2025, 8, 31, 16, tzinfo=UTC), True),
)
def test_bucket_is_new_from_midnight_in_beijing(created: datetime, new: bool) -> None:
    changes = Changes(date(2025, 12, 1))
    assert changes.follow(V1_OF_BUCKETS, created.timestamp()) is new
    assert not Changes(date(2025, 8, 31)).follow(V1_OF_BUCKETS, created.timestamp())


def test_bucket_is_new_from_the_minute_of_the_change() -> None:
    at = IMAGES_AT_ENDPOINTS.since.timestamp()
    changes = Changes(date(2025, 12, 1))
    assert changes.follow(IMAGES_AT_ENDPOINTS, at)
    assert not changes.follow(IMAGES_AT_ENDPOINTS, at - 1)


def test_changes_are_in_order() -> None:
    assert list(CHANGES) == sorted(CHANGES, key=lambda change: change.since)


def test_page_of_serve_lists_every_change() -> None:
    rows = re.findall(r"^\| (2\d{3}-\d\d-\d\d) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    expected = [
        (
            change.since.date().isoformat(),
            f"{change.name} | {change.affected.value} | {change.effect}",
        )
        for change in CHANGES
    ]
    assert rows == expected


# --- probes: the Referers that are made from entries


OF_TRANSLATION = {*(ProbeKind.NO_HOST, ProbeKind.OTHER_PLACE)}
"""Probes for the rules of other systems only; entries of OSS do not give them."""


def test_three_entries_give_every_generated_kind() -> None:
    entries = ["https://*.example.com/", "http://www.example.com:8080/a", "www.example.com"]
    made = probes.make(entries)
    assert {probe.kind for probe in made} == set(ProbeKind) - {ProbeKind.FOUND} - OF_TRANSLATION


def test_probes_are_unique() -> None:
    made = probes.make(["https://www.example.com/", "https://www.example.com/", " "])
    referers = [probe.referer for probe in made]
    assert len(referers) == len(set(referers))


def test_without_entries_only_strangers_and_empty_referers_are_probed() -> None:
    assert [(probe.referer, probe.kind) for probe in probes.make([])] == [
        (None, ProbeKind.MISSING),
        ("", ProbeKind.EMPTY),
        (STRANGER, ProbeKind.STRANGER),
        ("http://evil.test/", ProbeKind.STRANGER),
    ]


@rows("entry", "?*" * 50_000, "http://" + "a" * 4090)
def test_entry_longer_than_any_sent_referer_gives_no_probes(entry: str) -> None:
    """B-03"""
    assert probes.make([entry]) == probes.make([])
