"""Logs and journals as traffic: kinds, appids, the rarest strangers, and the effect of rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.advice.review import Seen
from oss_referer.traffic import har, journal, report
from oss_referer.traffic.accesslog import LogLine
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.effect import Effect, Load, measure
from oss_referer.traffic.journal import JournalError
from oss_referer.traffic.judge import STRANGER, Judge, letters_of
from oss_referer.traffic.log_files import Rejects
from oss_referer.traffic.report import ReadLogs, ReplayQuestion, collect
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic, join

from tests.referer.traffic import hars
from tests.referer.traffic.generator import generate, text
from tests.rows import read_cases, rows

CASES = read_cases("referer.traffic")

SITE = RefererConfiguration(allow_empty_referer=False, whitelist=("https://www.example.com/",))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    folder = tmp_path / "engine"
    folder.mkdir()
    with closing(DuckDBEngine(folder)) as engine:
        yield engine


def read(engine: DuckDBEngine, folder: Path, lines: list[LogLine]) -> Traffic:
    log = folder / "a.log"
    log.write_bytes(text(lines))
    logs = ReadLogs([log], engine, folder / "engine", Rejects())
    return collect(ReplayQuestion(Judge(SITE)), logs)


def test_every_line_is_counted_with_its_kind(engine: DuckDBEngine, tmp_path: Path) -> None:
    lines = list(generate(3, 300, SITE)[0])
    found = read(engine, tmp_path, lines)
    assert sum(one.requests for one in found.groups) == len(lines)
    assert sum(one.bytes for one in found.groups) == sum(line.sent_bytes for line in lines)
    policy = RefererPolicy.compile(SITE)
    denied = sum(
        not Judge(SITE).judge_sent(line.referer, letters_of(line)).allowed for line in lines
    )
    answers = ((one, one.asked.answer(policy).reason.allows) for one in found.groups)
    assert sum(one.requests for one, allowed in answers if not allowed) == denied > 0


def test_mini_programs_keep_their_appids(engine: DuckDBEngine, tmp_path: Path) -> None:
    line = generate(3, 1, SITE)[0][0]
    pages = [f"https://servicewechat.com/wx{name}/7/page-frame.html" for name in "aab"]
    found = read(engine, tmp_path, [line._replace(referer=page) for page in pages])
    counts = {one.asked.home: one.requests for one in found.groups}
    home = "https://servicewechat.com/{}/1/page-frame.html"
    assert counts == {home.format("wxa"): 2, home.format("wxb"): 1}


def test_rarest_strangers_are_one(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_STRANGERS", 2)
    line = generate(3, 1, SITE)[0][0]
    senders = ["https://a.test/", "https://b.test/", "https://c.test/", "https://d.test/"]
    asked = [*senders, *senders[:2], "https://www.example.com/"]
    found = read(engine, tmp_path, [line._replace(referer=one) for one in asked])
    counts = {one.asked.referer: one.requests for one in found.groups}
    assert counts == {
        "https://a.test/": 2,
        "https://b.test/": 2,
        STRANGER: 2,
        "https://www.example.com/": 1,
    }


# The journal

ENTRY: dict[str, Any] = dict(CASES["entry"])


def test_entries_of_a_journal_are_requests() -> None:
    entries = [ENTRY, ENTRY, {**ENTRY, "key": "", "signed": "header"}, {**ENTRY, "bucket": ""}]
    found = journal.read([json.dumps({"entries": entries, "dropped": 4}).encode()])
    asked = Asked("127.0.0.1:9000", "examplebucket", referer="https://www.example.com/")
    assert {one.asked: (one.requests, one.bytes) for one in found.groups} == {
        asked: (2, 14),
        asked._replace(signed=Signing.HEADER, scope=Scope.BUCKET): (1, 7),
    }
    assert found.skipped == {"not to a bucket": 1, "dropped by the journal": 4}
    assert found.groups[0].first == 1796284800.0


@rows("content", b"", b"<html>", b'{"entries": [3]}', b'{"entries": [{}]}', b"[]")
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    with pytest.raises(JournalError, match="this is not the journal of an emulator"):
        journal.read([content])


# --- The effect of rules

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
