"""Logs and journals as traffic: kinds, appids, and the rarest strangers together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.traffic import journal, report
from oss_referer.traffic.accesslog import LogLine
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.journal import JournalError
from oss_referer.traffic.judge import STRANGER, Judge, letters_of
from oss_referer.traffic.log_files import Rejects
from oss_referer.traffic.report import ReadLogs, ReplayQuestion, collect
from oss_referer.traffic.requests import Asked, Traffic

from tests.referer.traffic.generator import generate, text
from tests.rows import read_cases

CASES = read_cases("referer-traffic")

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


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b'{"entries": [3]}', b'{"entries": [{}]}', b"[]"]
)
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    with pytest.raises(JournalError, match="this is not the journal of an emulator"):
        journal.read([content])
