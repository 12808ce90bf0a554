"""Replays on DuckDB: generated logs with a known answer, and damaged ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from oss_referer import RefererConfiguration
from oss_referer.traffic import accesslog, duck, log_files, statements
from oss_referer.traffic.accesslog import LogLine
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.figures import Report
from oss_referer.traffic.judge import Judge, Verdict, letters_of
from oss_referer.traffic.log_files import LONGEST_LINE, LONGEST_READ, LogForm, Rejects, parse_line
from oss_referer.traffic.report import (
    ReadLogs,
    ReplayQuestion,
    TooManyRejectsError,
    replay,
    replay_each,
)

from tests.referer.traffic.generator import (
    START,
    Answer,
    answer_to,
    generate,
    text,
    traffic,
    verdict,
)
from tests.referer.traffic.nasty import nasty, read, totals
from tests.thorough import THOROUGH, cases

SITE = RefererConfiguration(
    allow_empty_referer=False,
    whitelist=("https://www.example.com/", "https://*.example.com/", "https://idle.test/"),
    blacklist=("https://*/*.example.com/",),
)
RULES = {
    "site": SITE,
    "empty allowed": replace(SITE, allow_empty_referer=True),
    "no rules": RefererConfiguration(),
    "blacklist": RefererConfiguration(blacklist=("http*://thief.test", "*例子*")),
    "paths are cut": replace(SITE, truncate_path=True, whitelist=("https://www.example.com",)),
    "queries count": replace(SITE, allow_truncate_query_string=False),
    "contradiction": replace(
        SITE, truncate_path=True, allow_truncate_query_string=False, whitelist=("https://*.com",)
    ),
    "all denied": RefererConfiguration(allow_empty_referer=False, whitelist=("x",)),
}
STEP = 1 if THOROUGH else 2
"""In `make test`, one half of the rules is replayed alone, the other half is compared with."""
LINES = cases(300, 1_500)
"""The lines of a generated log."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the files of the engine."""
    folder = tmp_path / "engine"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(folder: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(folder)
    yield engine
    engine.close()


def ask(
    engine: DuckDBEngine,
    folder: Path,
    question: ReplayQuestion,
    *files: Path,
    keep: Callable[[bytes], object] = bytes,
) -> Report:
    logs = log_files.find([str(file) for file in files])
    return replay(question, ReadLogs(logs, engine, folder, Rejects(keep)))


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def check(report: Report, answer: Answer) -> None:
    for name, total in report["totals"].items():
        assert (name, total) == (
            name,
            {"requests": answer.requests[name], "bytes": answer.bytes[name]},
        )
    for key, hosts in (("revoked", answer.revoked_hosts), ("gained", answer.gained_hosts)):
        found = {item["host"]: item[key]["requests"] for item in report["hosts"]}
        assert {host: count for host, count in found.items() if count} == dict(hosts)
    prefixes = {row["prefix"].rstrip("/"): row["revoked"]["requests"] for row in report["prefixes"]}
    assert {name: count for name, count in prefixes.items() if count} == dict(answer.prefixes)
    assert {name: item["bytes"] for name, item in report["networks"].items()} == {
        name: answer.networks[name] for name in ("internet", "cdn", "internal")
    }
    hours = {
        int(datetime.fromisoformat(row["hour"]).timestamp()): row["revoked"]["requests"]
        for row in report["hours"]
    }
    assert {hour: count for hour, count in hours.items() if count} == dict(answer.hours)


@pytest.mark.thorough
@pytest.mark.parametrize("name", list(RULES)[::STEP])
def test_report_is_the_known_answer(
    name: str, engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    lines, answer = generate(7, LINES, RULES[name])
    log = save(tmp_path / "a.log", text(lines))
    report = ask(engine, folder, ReplayQuestion(Judge(RULES[name]), top=50), log)
    check(report, answer)
    assert report["lines"]["read"] == report["lines"]["judged"] == len(lines)
    assert report["lines"]["damaged"] == 0


@pytest.mark.thorough
@pytest.mark.parametrize("old", list(RULES)[STEP - 1 :: STEP])
def test_comparison_with_other_rules_is_the_known_answer(
    old: str, engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    lines, answer = generate(8, LINES, SITE, RULES[old])
    log = save(tmp_path / "a.log", text(lines))
    report = ask(engine, folder, ReplayQuestion(Judge(SITE, RULES[old]), top=50), log)
    check(report, answer)
    assert report["unknown"] == []


def test_buckets_that_are_read_together_are_judged_as_if_alone(
    folder: Path, tmp_path: Path
) -> None:
    lines = [
        line._replace(bucket=("one", "two")[number % 2])
        for number, line in enumerate(generate(9, LINES, SITE)[0])
    ]
    log = save(tmp_path / "a.log", text(lines) + b"damaged\n" + nasty(9, 50, SITE))
    questions = [
        ReplayQuestion(Judge(SITE), "one", top=50, max_rejects=Decimal(100)),
        ReplayQuestion(Judge(RULES["paths are cut"], SITE), "two", max_rejects=Decimal(100)),
        ReplayQuestion(Judge(SITE), "nothing", top=50, max_rejects=Decimal(100)),
    ]
    with closing(DuckDBEngine(folder)) as engine:
        together = list(replay_each(questions, ReadLogs([log], engine, folder, Rejects())))
    for question, report in zip(questions, together, strict=True):
        with closing(DuckDBEngine(folder)) as engine:
            alone = replay(question, ReadLogs([log], engine, folder, Rejects()))
        for row in (*report["hosts"], *alone["hosts"]):
            # The sample is one of the Referers of the host, which may be cut elsewhere.
            assert ("referer" in row) == bool(row["revoked"]["requests"])
            for what in ("referer", "explanation", "steps", "variants", "ec", "samples"):
                row.pop(what, None)
        assert report == alone


def as_json(lines: Sequence[LogLine]) -> bytes:
    return "".join(
        json.dumps(record(line)).replace("\\udcff", "\\ufffd") + "\n" for line in lines
    ).encode()


def as_csv(lines: Sequence[LogLine]) -> bytes:
    written = io.StringIO()
    table = csv.DictWriter(written, list(record(lines[0])))
    table.writeheader()
    table.writerows(map(record, lines))
    return written.getvalue().encode("utf-8", "surrogateescape")


def record(line: LogLine) -> dict[str, str]:
    """Return the line as a record of real-time log query (P-62)."""
    return {
        "__time__": str(int(line.time)),
        "client_ip": line.remote_ip,
        "http_method": line.request.split()[0],
        "request_uri": line.request.split()[1],
        "http_status": str(line.status),
        "response_body_length": str(line.sent_bytes),
        "referer": line.referer or "-",
        "user_agent": line.user_agent or "-",
        "requester_id": line.requester_id or "-",
        "operation": line.operation,
        "bucket": line.bucket,
        "object": accesslog.format(line).split('"')[19],
        "error_code": line.error_code or "-",
        "access_id": line.access_key_id or "-",
        "host": line.host,
        "sync_request": line.sync or "-",
    }


def damaged_twice(content: bytes) -> bytes:
    """Append blank lines and Windows line ends, which every reader must accept."""
    return content.replace(b"\n", b"\r\n") + b"\r\n\n"


FORMS: dict[str, Callable[[Sequence[LogLine]], bytes]] = {
    "lines.log": text,
    "compressed.gz": lambda lines: gzip.compress(text(lines)),
    "json.log": as_json,
    "csv.log": as_csv,
    "last line without its end.log": lambda lines: text(lines).rstrip(b"\n"),
    "byte order mark.log": lambda lines: b"\xef\xbb\xbf" + text(lines),
    "escaped with a backslash.log": lambda lines: text(lines).replace(rb"\x22", rb"\""),
    "appended fields.log": lambda lines: text(lines).replace(b"\n", b' "new" 17 "newer"\n'),
    "mixed.log": lambda lines: text(lines[:9]) + as_json(lines[9:18]) + text(lines[18:]),
    "wide spaces.log": lambda lines: text(lines).replace(b'" "', b'"  "'),
    "windows.log": lambda lines: damaged_twice(text(lines)),
    "raw bytes.log": lambda lines: text(lines).replace(rb"\xFF", b"\xff"),
}
UNSPLIT = ("windows.log", "raw bytes.log")
"""DuckDB splits neither these files nor others that it reads with one of them."""


@pytest.mark.thorough
@pytest.mark.parametrize("names", [sorted({*FORMS} - {*UNSPLIT}), *([name] for name in UNSPLIT)])
def test_every_form_of_a_log_gives_the_same_answer(
    names: Sequence[str], engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    whole: list[LogLine] = []
    for number, name in enumerate(names):
        lines = generate(9, LINES, SITE)[0][number :: len(names)]
        if name in ("json.log", "csv.log", "mixed.log"):
            lines = [line for line in lines if "\udcff" not in line.referer]
            lines = [line._replace(referer=line.referer.strip(" ")) for line in lines]
        save(tmp_path / name, FORMS[name](lines))
        whole += lines
    logs = [tmp_path / name for name in names]
    report = ask(engine, folder, ReplayQuestion(Judge(SITE), top=50), *logs)
    check(report, answer_to(whole, SITE))
    assert report["lines"]["damaged"] == 0
    assert report["lines"]["read"] == len(whole)


DAMAGED = [
    b"",
    b"not a line",
    text(generate(1, 1, SITE)[0])[:90],
    b'{"http_status": 200}',
    b'{"http_status": 200',
    b"\xff\xfe\x00",
    b'a"' * 70,
    b"x" * (LONGEST_LINE + 10),
    text(generate(1, 1, SITE)[0]).replace(b'HTTP/1.1" ', b'HTTP/1.1" x').strip(),
]


def test_damaged_lines_are_counted_and_kept(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    lines, answer = generate(10, 400, SITE)
    whole = text(lines).splitlines()
    for number, damaged in enumerate(DAMAGED):
        whole.insert(number * 40, damaged)
    log = save(tmp_path / "a.log", b"\n".join(whole) + b"\n")
    save(tmp_path / "empty.log", b"")
    kept: list[bytes] = []
    question = ReplayQuestion(Judge(SITE), top=50, max_rejects=Decimal(5))
    report = ask(engine, folder, question, log, tmp_path / "empty.log", keep=kept.append)
    check(report, answer)
    assert sorted(kept) == sorted(line + b"\n" for line in DAMAGED if line)
    assert report["lines"]["damaged"] == len(DAMAGED) - 1
    assert report["lines"]["read"] == len(lines) + len(DAMAGED) - 1


@pytest.mark.parametrize(("before", "name"), [(3, "a.log"), (0, "a.log.gz")])
def test_line_that_is_longer_than_any_buffer_is_damaged(
    engine: DuckDBEngine, folder: Path, tmp_path: Path, before: int, name: str
) -> None:
    """DuckDB, whose buffer has 32 MiB, silently drops such a line."""
    content = text(generate(3, before, SITE)[0]) + b"x" * (33 << 20)
    kept: list[bytes] = []
    question = ReplayQuestion(Judge(SITE), max_rejects=Decimal(100))
    packed = gzip.compress(content, 1) if name.endswith(".gz") else content
    report = ask(engine, folder, question, save(tmp_path / name, packed), keep=kept.append)
    assert report["lines"]["damaged"] == 1
    assert report["lines"]["read"] == before + 1
    assert [len(line) for line in kept] == [LONGEST_READ + 2]  # only the beginning is kept


@pytest.mark.parametrize("form", list(LogForm))
def test_no_more_of_a_line_is_read_than_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: LogForm
) -> None:
    monkeypatch.setattr(log_files, "LONGEST_READ", 100)
    log = save(tmp_path / "a.log", b"a,b\n" + b"x" * 10_000 + b"\nshort,y\n" + b"z" * 300)
    kept: list[bytes] = []
    assert max(map(len, log_files.read_lines(log, form, Rejects(kept.append))), default=0) < 102
    assert [line[:1] for line in kept if len(line) == 102] == [b"x", b"z"]
    assert max(map(len, kept)) == 102  # includes a line end


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(cases(2, 60)))
def test_nasty_log_is_read_as_defined(
    seed: int, engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    """Carriage returns, blanks, bytes that are not UTF-8, long, cut and hostile lines."""
    content = nasty(seed, 200, SITE, long=seed % 20 == 19)
    kept: list[bytes] = []
    question = ReplayQuestion(Judge(SITE), max_rejects=Decimal(100))
    report = ask(engine, folder, question, save(tmp_path / "a.log", content), keep=kept.append)
    lines, damaged = read(content)
    assert {name: item for name, item in report["totals"].items() if item["requests"]} == totals(
        lines, SITE
    )
    assert Counter(line[:-1] for line in kept) == damaged
    assert report["lines"]["read"] == len(lines) + damaged.total()


@pytest.mark.parametrize("suffix", [".log", ".log.gz"])
@pytest.mark.parametrize("hidden", [b"\r", b"\r\r\n", b"\n\r", b"\r\n", b"x" * 900], ids=repr)
def test_cut_that_duckdb_makes_elsewhere_is_found(
    tmp_path: Path, hidden: bytes, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB accepts a carriage return beside a quotation mark as a line end (2.0)."""
    monkeypatch.setattr(log_files, "LONGEST_LINE", 256)
    monkeypatch.setattr(log_files, "LONGEST_READ", 512)
    pack = gzip.compress if suffix.endswith(".gz") else bytes
    good = b'a "b" c\n' * 200
    assert log_files.is_cut_alike(save(tmp_path / f"good{suffix}", pack(good)))
    for place in (0, 4, 801, 1_600):
        bad = good[:place] + hidden + good[place:]
        assert not log_files.is_cut_alike(save(tmp_path / f"bad{suffix}", pack(bad))), place


def test_damaged_line_is_an_example_once(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    content = b"b\r\nb\r\n\r\n \r\n" + b"a\n" * 3 + text(generate(1, 9, SITE)[0])
    question = ReplayQuestion(Judge(SITE), max_rejects=Decimal(100))
    report = ask(engine, folder, question, save(tmp_path / "a.log", content))
    assert [item["line"] for item in report["lines"]["examples"]] == ["a", "b"]
    assert (report["lines"]["damaged"], report["lines"]["read"]) == (5, 14)


def test_line_is_counted_in_its_hour_in_every_time_zone(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    """Some zones are not whole hours from UTC, such as -0330 of Newfoundland."""
    line = generate(1, 1, SITE)[0][0]._replace(bucket_arn=None)
    written, answer = [], Counter[str]()
    for zone in ("+0000", "-0000", "+0800", "-0330", "+0545", "-0930", "+1245", "+1445", "-1415"):
        for minute in range(0, 60, 5):
            local = f"24/Nov/2026:14:{minute:02}:59 {zone}"
            written.append(re.sub(r"\[.*?\]", f"[{local}]", accesslog.format(line)))
            moment = datetime.strptime(local, "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
            answer[f"{moment:%Y-%m-%dT%H:00Z}"] += 1
    log = save(tmp_path / "a.log", "\n".join(written).encode())
    report = ask(engine, folder, ReplayQuestion(Judge(SITE)), log)
    hours = {row["hour"]: sum(row[v]["requests"] for v in Verdict) for row in report["hours"]}
    assert hours == answer
    since = datetime(2026, 11, 24, 14, tzinfo=UTC)
    report = ask(DuckDBEngine(folder), folder, ReplayQuestion(Judge(SITE), since=since), log)
    assert report["lines"]["judged"] == sum(
        count for hour, count in answer.items() if datetime.fromisoformat(hour) >= since
    )


def test_too_many_damaged_lines_end_the_replay(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    log = save(tmp_path / "a.log", text(generate(1, 98, SITE)[0]) + b"a\nb\n")
    with pytest.raises(TooManyRejectsError, match="2 of 100 lines are damaged, more than 1 %"):
        ask(engine, folder, ReplayQuestion(Judge(SITE)), log)


def test_line_cut_anywhere_is_never_read_as_another_request(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    line = generate(1, 1, SITE)[0][0]._replace(access_key_id="LTAI", bucket_arn=None)
    whole = accesslog.format(line).encode()
    cuts = [whole[:end] for end in range(1, len(whole))]
    log = save(tmp_path / "a.log", b"\n".join([whole, *cuts]) + b"\n")
    report = ask(engine, folder, ReplayQuestion(Judge(SITE), max_rejects=Decimal(100)), log)
    without_key = sum(cut.endswith((b'"1"', b'"1" ')) for cut in cuts)
    within_key = len('LTAI"')
    assert report["lines"]["judged"] == 1 + without_key + within_key - 1
    assert report["lines"]["read"] == len(whole)


def test_line_that_is_not_parsed_has_the_facts_of_the_parser(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    """An escaped quotation mark shifts the pieces of a line, so such a line must be parsed."""
    line = generate(1, 1, SITE)[0][0]._replace(status=403, error_code="AccessDenied")
    whole = accesslog.format(line._replace(referer="https://thief.test/a"))
    lines = [f'{whole[:place]}\\"{whole[place:]}' for place in range(len(whole) + 1)]
    log = save(tmp_path / "a.log", "\n".join([whole, *lines]).encode())
    facts = (
        f"SELECT raw, {statements.fill('kind')}, f4 FROM lines WHERE {statements.fill('regular')}"
    )
    found = list(engine.find([log], facts))
    assert found
    for raw, kind, referer in found:
        parsed = accesslog.parse(raw.decode())
        assert (kind, referer) == (letters_of(parsed), parsed.referer)


class Interrupting:
    """A table; somebody presses Ctrl-C while it is read."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise KeyboardInterrupt


def test_ctrl_c_while_a_batch_is_read_is_a_keyboard_interrupt(
    engine: DuckDBEngine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = SimpleNamespace(from_batches=lambda _: Interrupting())
    monkeypatch.setattr(duck, "pa", SimpleNamespace(Table=table))
    log = save(tmp_path / "a.log", text(generate(1, 1, SITE)[0]))
    with pytest.raises(KeyboardInterrupt):
        ask(engine, folder, ReplayQuestion(Judge(SITE)), log)


def test_only_the_asked_bucket_and_time_are_judged(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    lines, _ = generate(11, 300, SITE)
    lines = [
        line._replace(bucket="other" if number % 3 == 0 else "examplebucket")
        for number, line in enumerate(lines)
    ]
    since, until = START + 3_723, START + 100_001
    written = text(lines).decode().splitlines()
    for number, line in enumerate(lines):  # half of the lines in the time zone of China
        if number % 2:
            there = datetime.fromtimestamp(line.time + 8 * 3600, UTC)
            here = accesslog.format(line).split("[")[1].split("]")[0]
            written[number] = written[number].replace(here, f"{there:%d/%b/%Y:%H:%M:%S} +0800")
    log = save(tmp_path / "a.log", "\n".join(written).encode())
    question = ReplayQuestion(
        Judge(SITE), "other", datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)
    )
    report = ask(engine, folder, question, log)
    chosen = [line for line in lines if question.selects(line)]
    assert 30 < len(chosen) < 100
    assert report["lines"]["judged"] == len(chosen)
    assert report["lines"]["outside"] == len(lines) - len(chosen)
    assert report["totals"]["revoked"]["bytes"] == sum(
        traffic(line) for line in chosen if generate_verdict(line) == "revoked"
    )


def generate_verdict(line: LogLine) -> str:
    return verdict(line, SITE, None)


def test_revoked_mini_program_is_let_in_by_its_appid_and_is_not_own(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    program = "https://servicewechat.com/wxfedcba9876543210/"
    rules = replace(SITE, whitelist=("https://servicewechat.com/wx0123456789abcdef/",))
    lines = (
        line._replace(referer=f"{program}3/page-frame.html") for line in generate(7, LINES, SITE)[0]
    )
    sent = next(line for line in lines if verdict(line, rules, None) == "revoked")
    log = save(tmp_path / "a.log", text([sent]))
    report = ask(engine, folder, ReplayQuestion(Judge(rules), top=50), log)
    (item,) = (one for one in report["hosts"] if one["host"] == "servicewechat.com")
    assert [*item["add"]] == [program]  # its host would let in every mini program
    assert report["own"]["requests"] == 0


def test_revoked_host_comes_with_reason_remedy_and_sample(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    log = save(tmp_path / "a.log", text(generate(7, LINES, SITE)[0]))
    report = ask(engine, folder, ReplayQuestion(Judge(SITE), top=50), log)
    hosts = {item["host"]: item for item in report["hosts"] if item["revoked"]["requests"]}
    for host, item in hosts.items():
        assert item["explanation"].startswith("Denied, EC 0003-0000050")
        assert 1 <= len(item["samples"]) <= 2, host
        grown = replace(
            SITE,
            allow_empty_referer=item["set"] == "AllowEmptyReferer: true",
            whitelist=(*SITE.whitelist, *item["add"]),
            blacklist=tuple(entry for entry in SITE.blacklist if entry not in item["remove"]),
        )
        for entry in item["add"]:
            assert Judge(grown).policy.allows(entry)
        for sample in item["samples"]:
            line = parse_line(sample.removesuffix("…"))
            assert generate_verdict(line) == "revoked"
    assert hosts["thief.test"]["add"] == ["https://thief.test/", "http://thief.test/"]
    assert hosts[""]["set"] == "AllowEmptyReferer: true"
    assert {"list": "whitelist", "entry": "https://idle.test/"} in report["idle_entries"]
    assert all(item["entry"] != "https://www.example.com/" for item in report["idle_entries"])


def test_report_shows_no_signature_of_a_url_or_a_referer(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    query = "?Expires=1&OSSAccessKeyId=id&Signature=c2VjcmV0%3D&security-token=secret HTTP/1.1"
    generated = text(generate(7, LINES, SITE)[0]).decode().splitlines()
    stolen = next(
        one for one in generated if "thief.test" in one and "GET " in one and "?" not in one
    )
    referer = "http://thief.test/k%3FSignature=c2VjcmV0%3D?x"
    signed = re.sub(r"http[^\"]*thief\.test[^\"]*", referer, stolen.replace(" HTTP/1.1", query, 1))
    log = save(tmp_path / "a.log", f"{signed}\n".encode())
    rules = replace(SITE, whitelist=("http://thief.test/k?y",))  # needs the whole Referer
    report = ask(engine, folder, ReplayQuestion(Judge(rules)), log)
    (sample,) = (one for item in report["hosts"] for one in item["samples"])
    assert "&Signature=c2Vj****&security-token=secr**** HTTP/1.1" in sample
    assert "Signature=c2Vj****" in report["hosts"][0]["referer"]
    assert "cmV0" not in json.dumps(report)


def test_own_hosts_are_marked(engine: DuckDBEngine, folder: Path, tmp_path: Path) -> None:
    log = save(tmp_path / "a.log", text(generate(7, LINES, SITE)[0]))
    rules = replace(SITE, whitelist=("https://www.example.com/",))
    report = ask(engine, folder, ReplayQuestion(Judge(rules), top=2), log)
    hosts = {item["host"]: item["own"] for item in report["hosts"]}
    own = {f"{name}example.com" for name in ("", "shop.", "www.")}
    assert {host for host, is_own in hosts.items() if is_own} == own
    explained = [item["host"] for item in report["hosts"] if "ec" in item]
    assert len(explained) == 4
    assert sum(hosts[host] for host in explained) == 2
    assert 0 < report["own"]["requests"] < report["totals"]["revoked"]["requests"]


def test_decision_that_rests_on_an_assumption_is_counted(
    engine: DuckDBEngine, folder: Path, tmp_path: Path
) -> None:
    line = generate(1, 1, SITE)[0][0]._replace(
        referer="HTTPS://www.example.com/",
        request="GET /k HTTP/1.1",
        operation="GetObject",
        key="k",
        status=200,
        access_key_id="",
        requester_id="",
    )
    log = save(tmp_path / "a.log", text([line] * 3))
    report = ask(engine, folder, ReplayQuestion(Judge(SITE)), log)
    assert report["assumed"]["requests"] == 3
    assert report["totals"]["revoked"]["requests"] == 3


def test_ctrl_c_in_a_statement_is_an_interrupt(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def execute(self, statement: str) -> None:
            raise RuntimeError("Query interrupted")  # as DuckDB does

        def close(self) -> None: ...

    monkeypatch.setattr(engine, "_connection", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        engine.rows("SELECT 1")


def test_files_are_scanned_in_parts(
    engine: DuckDBEngine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, answer = generate(12, 250, SITE)
    logs = [
        save(tmp_path / f"{number}.log", text(lines[number * 50 : number * 50 + 50]))
        for number in range(5)
    ]
    run: list[str] = []
    execute = engine._run

    def note(made: str) -> Any:
        run.append(made)
        return execute(made)

    monkeypatch.setattr(engine, "_run", note)
    monkeypatch.setattr(duck, "SCANNED", 2 * logs[0].stat().st_size)
    report = ask(engine, folder, ReplayQuestion(Judge(SITE), top=50), *logs)
    check(report, answer)
    assert 1 < sum("read_csv" in made for made in run) < 5


def test_file_that_cannot_be_split_adds_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    good = save(tmp_path / "good.log", text(generate(1, 10, SITE)[0]))
    bad = [
        save(tmp_path / "pieces.log", text(generate(1, 10, SITE)[0]) + b'a"' * 70 + b"\n"),
        save(tmp_path / "return.log", text(generate(1, 10, SITE)[0]).replace(b' "', b' "\r')),
    ]
    requests = statements.requests([Judge(SITE)], "TRUE")
    for path in bad:
        assert engine.scan([path], requests) == [path]
    assert engine.scan([good], requests) == []
    assert engine.rows(statements.fill("counts")) == [("A", 10)]


def test_memory_suffices_for_the_threads(engine: DuckDBEngine) -> None:
    asked = "SELECT current_setting('threads'), current_setting('memory_limit')"
    ((threads, memory),) = engine.rows(asked)
    assert 1 <= threads <= 8
    assert memory == f"{256 + 64 * threads}.0 MiB"
