"""The tallies of the sites that send requests, which outlive the entries of the journal."""

import pytest
from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.control.traffic import (
    EMBED_SITE,
    MOST,
    SLOT,
    SLOTS,
    Failure,
    SiteOf,
    Tally,
    find_failure,
    read_site,
)
from oss_emulator.protocol.message import Response
from oss_referer import RefererConfiguration
from oss_referer.browser.strangers import MINI_PROGRAMS
from oss_referer.sources import referer_xml

from tests.referer.lint.random_rules import seeded
from tests.rows import read_cases, rows
from tests.unit.control.caller import ApiCaller

CASES = read_cases("unit.control")

SITE, BLOG = "https://www.example.com/", "https://blog.example.com/"
BLOGS = SiteOf("https://blog.example.com", "bucket")


@pytest.fixture
def ask() -> ApiCaller:
    """A public bucket whose rules allow one site."""
    caller = ApiCaller()
    caller.oss("PUT", "/bucket", x_oss_acl="public-read")
    rules = RefererConfiguration(False, whitelist=(SITE,))
    caller.oss("PUT", "/bucket?referer", referer_xml.format(rules))
    return caller


@rows("referer, site", *CASES["site_is_scheme_and_host_or_a_mini_program"])
def test_site_is_scheme_and_host_or_a_mini_program(referer: str, site: str) -> None:
    assert read_site(referer) == site


def test_mini_programs_are_those_of_the_rules() -> None:
    assert (
        read_site(f"{MINI_PROGRAMS}wx0123456789abcdef/1/") == f"{MINI_PROGRAMS}wx0123456789abcdef/"
    )


def test_site_is_tallied_for_each_bucket(ask: ApiCaller) -> None:
    ask.oss("PUT", "/another", x_oss_acl="public-read")
    for target in ("/bucket/a", "/bucket/b", "/another/c"):
        ask.record(target, BLOG)
    ask.record("/bucket/d", SITE)
    traffic = ask.journal.traffic
    counted = {key: (tally.allowed, tally.denied) for key, tally in traffic.sites.items()}
    assert counted == {
        BLOGS: (0, 2),
        BLOGS._replace(bucket="another"): (1, 0),
        SiteOf("https://www.example.com", "bucket"): (1, 0),
    }
    assert (traffic.whole.allowed, traffic.whole.denied) == (2, 2)


def test_tally_outlives_the_entries(ask: ApiCaller) -> None:
    ask.controls.journal = Journal(size=2)
    first = ask.record("/bucket/a", BLOG)
    for _ in range(5):
        ask.record("/bucket/b", SITE)
    assert ask.journal.entry(first.number) is None
    tally = ask.journal.traffic.sites[BLOGS]
    assert tally.since == first.request.received
    assert ask.journal.traffic.find(first.number) is first
    assert ask("GET", f"requests/{first.number}").status == 200


def test_state_begins_with_the_first_of_equal_verdicts() -> None:
    tally = Tally()
    for time, verdict in [(10.0, 1), (20.0, 1), (30.0, 2), (40.0, 2)]:
        tally.add(time, verdict)
    assert (tally.since, tally.allowed, tally.denied) == (30.0, 2, 2)


def test_slots_get_wider_so_that_few_cover_all_requests() -> None:
    tally = Tally()
    for time in range(0, SLOT * (SLOTS + 6), 5):
        tally.add(float(time), 1)
    assert tally.width == 2 * SLOT
    assert len(tally.slots) == SLOTS // 2 + 3
    assert {tuple(counts) for counts in tally.slots.values()} == {(0, 6, 0, 0)}
    tally.add(1e6, 2)
    assert sum(counts[1] for counts in tally.slots.values()) == tally.allowed


def test_requests_of_the_embed_test_are_of_no_site(ask: ApiCaller) -> None:
    ask.record("/bucket/a?embed-test=1", BLOG)
    ask.record("/bucket/a?embed-test=2")
    (key,) = ask.journal.traffic.sites
    assert key.site == EMBED_SITE


def test_reads_that_an_acl_denies_are_counted_by_bucket(ask: ApiCaller) -> None:
    ask.oss("PUT", "/private")
    last = [ask.record("/private/a", SITE), ask.record("/private/b")][-1]
    assert ask.journal.traffic.copy().private == {"private": (2, last.number, "b")}


def test_sites_with_the_oldest_requests_become_others(ask: ApiCaller) -> None:
    for number in range(MOST + 3):
        ask.record("/bucket/a", f"https://site{number}.test/")
        ask.record("/bucket/a", BLOG)
    traffic = ask.journal.traffic
    assert len(traffic.sites) == MOST
    assert traffic.sites[BLOGS].denied == MOST + 3
    assert (traffic.forgotten, sum(traffic.others)) == (4, 4)
    assert ask("GET", "requests").json["others"] == MOST + 4 - 200


def test_request_signed_in_the_header_is_not_checked(ask: ApiCaller) -> None:
    ask.record("/bucket/a", BLOG, authorization="OSS oss-emulator:wrong", date="x")
    assert ask.journal.traffic.sites == {}
    assert ask.journal.traffic.whole.unchecked == 1


def test_clear_and_undo_keep_what_came_between(ask: ApiCaller) -> None:
    ask.record("/bucket/a", BLOG)
    began = ask.journal.traffic.sites[BLOGS].since
    ask("DELETE", "journal")
    assert ask("GET", "requests").json["sites"] == []
    ask.record("/bucket/b", BLOG)
    ask.record("/bucket/b", SITE)
    ask("POST", "requests/restore")
    tally = ask.journal.traffic.sites[BLOGS]
    assert (tally.denied, tally.since) == (2, began)
    assert ask.journal.traffic.whole.denied == 2


def test_reset_clears_the_tallies(ask: ApiCaller) -> None:
    ask.record("/bucket/a", BLOG)
    ask("POST", "reset")
    assert ask.journal.traffic.sites == {}


def failed(ask: ApiCaller, target: str, status: int = 0) -> JournalEntry:
    return ask.record(target, SITE, answer=Response(status) if status else None)


def test_failures_are_counted_by_their_reason(ask: ApiCaller) -> None:
    ask.oss("PUT", "/private")
    expired = "/bucket/a?OSSAccessKeyId=oss-emulator&Expires=1&Signature=x"
    wanted = {
        Failure.MISSING: failed(ask, "/missing-bucket/a"),
        Failure.PERMISSIONS: failed(ask, "/private/a"),
        Failure.EXPIRED: failed(ask, expired),
        Failure.SIGNATURE: failed(
            ask, "/bucket/a?OSSAccessKeyId=nobody&Expires=9999999999&Signature=x"
        ),
        Failure.SERVER: failed(ask, "/bucket/a", 503),
        Failure.OTHER: failed(ask, "/bucket/a", 412),
    }
    assert {reason: find_failure(entry) for reason, entry in wanted.items()} == {
        reason: reason for reason in wanted
    }
    assert find_failure(ask.record("/bucket/a", BLOG)) is None
    assert ask("GET", "requests").json["failures"] == dict.fromkeys(Failure, 1)


@rows("seed", *range(20))
def test_tallies_equal_a_recount_after_any_clear_and_undo(seed: int) -> None:
    """An undone Clear leaves the tallies as if it had never been."""
    random = seeded(seed)
    kept, parted = Tally(), Tally()
    cleared: Tally | None = None
    time = 0.0
    for _ in range(60):
        step = random.random()
        if step < 0.1 and cleared is None:
            cleared, parted = parted, Tally()
        elif step < 0.2 and cleared is not None:
            cleared.absorb(parted)
            parted, cleared = cleared, None
        else:
            time += random.choice((0.0, 5.0, 40.0))
            verdict = random.choice((1, 1, 2, 3))
            kept.add(time, verdict)
            parted.add(time, verdict)
    if cleared is not None:
        cleared.absorb(parted)
        parted = cleared
    assert (parted.counts, parted.last, parted.since) == (kept.counts, kept.last, kept.since)
    assert _by_slot(parted) == _by_slot(kept)


def _by_slot(tally: Tally) -> dict[int, list[int]]:
    return {number * tally.width: counts for number, counts in sorted(tally.slots.items())}


def test_site_of_a_host_without_end_is_cut(ask: ApiCaller) -> None:
    assert len(read_site(f"https://{'a' * 8000}.test/")) == 300


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_tallies_do_not_depend_on_when_they_are_read(ask: ApiCaller, size: int) -> None:
    random = seeded(size)
    read, unread = Journal(size), Journal(size)
    targets = "/bucket/a", "/bucket/a?Expires=1", "/missing-bucket/a"
    made = [ask.record(target, referer) for target in targets for referer in (SITE, BLOG, None)]
    for _ in range(1500):
        step, entry = random.random(), random.choice(made)
        for journal in (read, unread):
            if step < 0.004:
                journal.clear()
            elif step < 0.008:
                journal.restore()
            else:
                journal.record(entry.admission, entry.response, 0, 0.0)
        assert read.traffic
    assert _tell(read) == _tell(unread)


def _tell(journal: Journal) -> object:
    traffic = journal.traffic
    last = {
        key: [entry and entry.number for entry in (tally.last_allowed, tally.last_denied)]
        for key, tally in traffic.sites.items()
    }
    return traffic.whole.counts, traffic.signed, traffic.failures, last
