"""A replay: reads logs, judges each request by new rules, and reports the changes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from oss_referer.engine import RefererConfiguration, explanation
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.plan import read_entry
from oss_referer.sources.masking import mask
from oss_referer.traffic import accesslog, figures, log_files, statements
from oss_referer.traffic.engine import Engine, EngineError, Row
from oss_referer.traffic.figures import Report
from oss_referer.traffic.judge import (
    NETWORKS,
    STRANGER,
    Judge,
    Network,
    Verdict,
    letters_of,
    request_of,
)
from oss_referer.traffic.log_files import LogForm, Rejects
from oss_referer.traffic.remedies import find_remedies
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic, gather

VERSION = 3
"""The version of the report's JSON form; docs/replay.md describes it."""

_MOST_BUCKETS = 10
_REJECTED = "!"
_OUTSIDE = "-"


class TooManyRejectsError(Exception):
    """More lines are damaged than allowed; the text says how many."""


@dataclass(frozen=True)
class ReplayNames:
    rules: str = ""
    against: str = ""
    logs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplayQuestion:
    judge: Judge
    bucket: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """The end of the period, excluded."""
    top: int = 10
    """The most hosts to explain, of own domains and of others."""
    price: Decimal = figures.PRICE
    form: LogForm | None = None
    max_rejects: Decimal = Decimal(1)
    """The most damaged lines, in per cent of all lines."""
    names: ReplayNames = ReplayNames()

    @property
    def selected(self) -> str:
        return statements.selection(self.bucket, self.since, self.until)

    def selects(self, line: accesslog.LogLine) -> bool:
        """Return whether a line counts, by the same condition as `selected`."""
        moment = datetime.fromtimestamp(line.time, UTC)
        return (
            self.bucket in (None, line.bucket)
            and (self.since is None or self.since <= moment)
            and (self.until is None or moment < self.until)
        )


class ReadLogs(NamedTuple):
    paths: Sequence[Path]
    engine: Engine
    folder: Path
    """A folder for temporary files."""
    rejects: Rejects


def replay(question: ReplayQuestion, logs: ReadLogs) -> Report:
    """Replay logs and return the report, as values for JSON.

    Raises LogSourceError, EngineError and TooManyRejectsError.
    """
    (report,) = replay_each([question], logs)
    return report


def replay_each(questions: Sequence[ReplayQuestion], logs: ReadLogs) -> Iterator[Report]:
    """Read logs once, and replay them for questions that differ in the bucket and its rules.

    Yields a report for each question. Raises the errors of `replay`.
    """
    engine = logs.engine
    files = _read(questions, logs)
    if len(questions) > 1:
        engine.keep("all_requests", "SELECT * FROM requests")
    for question in questions:
        if len(questions) > 1:
            bucket = statements.literal(question.bucket or "")
            engine.keep("requests", statements.fill("requests_of", bucket=bucket))
        judge = replace(question.judge, sites=_sites(question.judge.rules))
        engine.judge(judge, statements.groups(judge))
        engine.keep("cells", statements.fill("cells"))
        yield {**_report(question, logs), **_missed(question, engine, files)}


def _sites(rules: RefererConfiguration) -> frozenset[str]:
    """Return the registered domains of the sites in the whitelist; mini programs share one."""
    sites = (site for entry in rules.whitelist for site in read_entry(entry).sites)
    return frozenset(site.domain for site in sites if not site.is_mini_program)


MOST_STRANGERS = 10_000
"""The most Referers that no entry matches and `collect` keeps apart."""


def collect(question: ReplayQuestion, logs: ReadLogs) -> Traffic:
    """Return the requests of logs. Raises the errors of `replay`.

    Referers that no entry of the rules matches keep only their origins; the rarest are STRANGER.
    """
    _read([question], logs)
    groups = statements.groups(question.judge)
    stranger, top = statements.literal(STRANGER), str(MOST_STRANGERS)
    rows = logs.engine.rows(statements.fill("recorded", groups=groups, stranger=stranger, top=top))
    counts = _counts(logs.engine)
    skipped = {"not selected": counts.get(_OUTSIDE, 0), "damaged": logs.rejects.count}
    return Traffic(
        gather(RequestGroup(_asked(row[0], row[1]), row[2], row[3]) for row in rows),
        skipped={reason: count for reason, count in skipped.items() if count},
    )


_STATUS = {"S": 200, "D": 403}
"""The status that stands for those of an outcome; 400 for another failure."""


def _asked(referer: str, letters: str) -> Asked:
    signed, method, scope = request_of(letters)
    sent = "" if referer == "-" else accesslog.unescape(referer)
    status = _STATUS.get(letters[3], 400)
    return Asked(signed=signed, method=method, scope=scope, referer=sent or None, status=status)


def _missed(question: ReplayQuestion, engine: Engine, files: Sequence[Path]) -> Report:
    """Return the bucket that a question names and, if none of its lines count, the others."""
    counted = _counts(engine).keys() - {_OUTSIDE, _REJECTED}
    found: Sequence[Row] = ()
    if question.bucket is not None and not counted:
        found = [*engine.find(files, statements.fill("seen", top="1000"))]
    names = [name.decode() for name, _ in found]
    others = [] if question.bucket in names else names[:_MOST_BUCKETS]
    return {"bucket": question.bucket, "other_buckets": others}


def _read(questions: Sequence[ReplayQuestion], logs: ReadLogs) -> list[Path]:
    """Count the lines of the logs; return the files that the engine can split."""
    paths, engine, folder, rejects = logs
    selected = " OR ".join(f"({question.selected})" for question in questions)
    counted = statements.requests([question.judge for question in questions], selected)
    forms = {path: questions[0].form or log_files.recognise(path) for path in paths}
    copies = {
        path: _clean(path, form, folder, rejects)
        for path, form in forms.items()
        if form is not LogForm.LINES
    }
    files = [copies.get(path, path) for path in paths]
    files = [path for path in files if path.stat().st_size] or [_empty(folder)]
    if left := engine.scan(files, counted):
        copies = {path: _clean(path, LogForm.LINES, folder, rejects) for path in left}
        files = [copies.get(path, path) for path in files]
        if engine.scan(list(copies.values()), counted):
            raise EngineError("the engine cannot split lines that were restored")
    if odd := _counts(engine).get(_REJECTED):
        restored = folder / "restored.log"
        with restored.open("wb") as file:
            for raw, times in engine.find(files, statements.fill("odd")):
                file.writelines(log_files.restore(raw, rejects, times))
        engine.scan([restored], counted)
        if _counts(engine)[_REJECTED] != odd:
            raise EngineError("a line that was restored does not have the documented form")
        files.append(restored)
    _check(rejects, engine, questions[0])
    return files


def _counts(engine: Engine) -> dict[str, int]:
    return dict(engine.rows(statements.fill("counts")))


def _clean(path: Path, form: LogForm, folder: Path, rejects: Rejects) -> Path:
    """Copy a file in the form that the engines can split."""
    copy = folder / f"{len(list(folder.iterdir())):06}.log"
    with copy.open("wb") as file:
        file.writelines(log_files.read_lines(path, form, rejects))
    return copy


def _empty(folder: Path) -> Path:
    path = folder / "empty.log"
    path.touch()
    return path


def _total_lines(count: Mapping[str, int], rejects: Rejects) -> int:
    return sum(count[kind] for kind in count if kind != _REJECTED) + rejects.count


def _check(rejects: Rejects, engine: Engine, question: ReplayQuestion) -> None:
    read = _total_lines(_counts(engine), rejects)
    if rejects.count * 100 > read * question.max_rejects:
        example, reason = rejects.examples[0]
        raise TooManyRejectsError(
            f"{rejects.count:,} of {read:,} lines are damaged, more than "
            f"{question.max_rejects:g} %; one of them: {example!r}: {reason}"
        )


def _report(question: ReplayQuestion, logs: ReadLogs) -> Report:
    engine, rejects = logs.engine, logs.rejects
    count = _counts(engine)
    totals = engine.rows(statements.fill("totals"))
    hours = _hours(engine.rows(statements.fill("clocks")))
    named = str(max(question.top, figures.NAMED))
    engine.keep("ranked", statements.fill("hosts", top=named))
    hosts = engine.rows(statements.fill("ranked"))
    return {
        "version": VERSION,
        **_about(question, engine),
        **_figures(totals, _span(hours), question.price),
        "period": {"from": hours[0]["hour"] if hours else None, "hours": _span(hours)},
        "lines": {
            "read": _total_lines(count, rejects),
            "judged": _total(totals)["requests"],
            "outside": count.get(_OUTSIDE, 0),
            "damaged": rejects.count,
            "examples": [{"line": line, "reason": why} for line, why in rejects.examples],
        },
        "networks": _networks(totals),
        "own": _total([row for row in totals if row[4]]),
        "against": "log" if question.judge.against is None else "rules",
        "assumed": _total([row for row in totals if row[1]]),
        "unknown": [
            {"why": why, **_total([row for row in totals if row[2] == why])}
            for why in sorted({row[2] for row in totals if row[2]})
        ],
        "hosts": list(_hosts(question, logs, hosts)),
        "prefixes": [
            {"prefix": unquote(row[0]), **_measures(row)}
            for row in engine.rows(statements.fill("prefixes", top=named))
        ],
        "families": [
            {"family": row[0], **_measures(row)}
            for row in engine.rows(statements.fill("families", top=named))
        ],
        "hours": hours,
        "without_referer": [
            {"family": family, "requests": requests, "bytes": size}
            for family, requests, size in engine.rows(statements.fill("bare"))
        ],
        **_entries(question.judge.rules, engine.rows(statements.fill("entries"))),
    }


def _about(question: ReplayQuestion, engine: Engine) -> Report:
    buckets = engine.rows(statements.fill("buckets", top=str(question.top)))
    names = {**asdict(question.names), "logs": list(question.names.logs)}
    return {"names": names, "buckets": [row[0] for row in buckets]}


def _figures(totals: Sequence[Row], hours: int, price: Decimal) -> Report:
    by_verdict = {
        verdict.value: _total([row for row in totals if row[0] == verdict]) for verdict in Verdict
    }
    whole, days = _total(totals), Decimal(hours) / 24
    a_day = int(by_verdict["revoked"]["bytes"] / days) if days else 0
    return {
        "totals": by_verdict,
        "unchanged": {
            still: _total([row for row in totals if row[5] == still])
            for still in ("allowed", "denied", "failed")
        },
        "shares": {
            name: {what: figures.share(item[what], whole[what]) for what in whole}
            for name, item in by_verdict.items()
        },
        "yuan": {
            "per_gb": str(price),
            **{name: figures.cost(item["bytes"], price) for name, item in by_verdict.items()},
            "revoked_a_day": figures.cost(a_day, price),
        },
        "revoked_bytes_a_day": a_day,
    }


def _total(rows: Sequence[Row]) -> dict[str, int]:
    """Return the requests of rows of `totals`, and their traffic out to the Internet."""
    return {
        "requests": sum(row[6] for row in rows),
        "bytes": sum(row[7] for row in rows if NETWORKS[row[3]] is Network.INTERNET),
    }


def _networks(totals: Sequence[Row]) -> Report:
    return {
        network.value: {
            "requests": sum(row[6] for row in totals if row[3] == letter),
            "bytes": sum(row[7] for row in totals if row[3] == letter),
        }
        for letter, network in NETWORKS.items()
    }


def _measures(row: Row) -> dict[str, dict[str, int]]:
    numbers = iter(row[1:])
    return {
        verdict.value: {"requests": next(numbers), "bytes": next(numbers)} for verdict in Verdict
    }


def _hours(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the measures of each hour, in the time zone that most requests of the log have."""
    rows = [row for row in rows if row[0]]
    zones: Counter[str] = Counter()
    for clock, *numbers in rows:
        zones[clock[-5:]] += sum(numbers[::2])
    # Clocks are exact to the hour, except where a zone itself is not.
    known = [name for name in sorted(zones) if len(zones) == 1 or name.endswith("00")]
    zone = datetime.strptime(max(known, key=zones.__getitem__, default="+0000"), "%z").tzinfo
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 2 * len(Verdict))
    for clock, *numbers in rows:
        seconds = accesslog.parse_time(f"{clock[:17]}:00{clock[17:]}")
        moment = datetime.fromtimestamp(seconds, zone).replace(minute=0)
        hour = moment.isoformat(timespec="minutes").replace("+00:00", "Z")
        found[hour] = [a + b for a, b in zip(found[hour], numbers, strict=True)]
    return [{"hour": hour, **_measures((hour, *found[hour]))} for hour in sorted(found)]


def _span(hours: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of hours from the first to the last, both included."""
    if not hours:
        return 0
    first, last = (datetime.fromisoformat(item["hour"]) for item in (hours[0], hours[-1]))
    return int((last - first).total_seconds()) // 3600 + 1


def _hosts(question: ReplayQuestion, logs: ReadLogs, rows: Sequence[Row]) -> Iterator[Report]:
    judge = question.judge
    examples: defaultdict[str, list[Row]] = defaultdict(list)
    for row in logs.engine.rows(statements.fill("examples", top=str(question.top))):
        examples[row[0]].append(row)
    wanted = {host: found[0][3] for host, found in examples.items()}
    samples = find_samples(logs.paths, wanted, judge, question.selects)
    sent = {host: list(dict.fromkeys(_sent(row) for row in examples[host])) for host in examples}
    found = find_remedies(judge.rules, sent, judge.assumptions)
    for row in rows:
        host = row[0]
        yield {
            "host": host,
            "own": bool(row[1]),
            **_measures(row[1:]),
            **(_detail(judge, examples[host][0]) if host in examples else {}),
            **(found[host]._asdict() if host in examples else {}),
            **({"samples": samples[host]} if host in examples else {}),
        }


def _sent(example: Row) -> str:
    """Return the Referer of an example as it was sent."""
    referer = example[3]
    return "" if referer == "-" else accesslog.unescape(referer).strip(WHITE_SPACE)


def _detail(judge: Judge, example: Row) -> Report:
    """Return why the rules deny a host."""
    sent = _sent(example)
    signed, method, scope = request_of(example[2])
    decision = judge.policy.decide(sent, signed=signed, method=method, scope=scope)
    return {
        "referer": mask(sent) or None,
        "explanation": mask(explanation.describe(decision)),
        "ec": decision.ec,
        "steps": [
            [step.stage.value, step.outcome.value, mask(step.detail)] for step in decision.steps
        ],
        "facts": decision.steps[-1].facts,
        "variants": [variant.value for _, variant in decision.variants],
    }


def _entries(rules: RefererConfiguration, rows: Sequence[Row]) -> Report:
    """Return the traffic that each entry decided, and the entries that decided nothing."""
    used = {(entry, bool(allowed)): (requests, size) for entry, allowed, requests, size in rows}
    counted, idle = [], []
    for name in ("whitelist", "blacklist"):
        for entry in dict.fromkeys(getattr(rules, name)):
            requests, size = used.get((entry, name == "whitelist"), (0, 0))
            counted.append({"list": name, "entry": entry, "requests": requests, "bytes": size})
            if not requests:
                idle.append({"list": name, "entry": entry})
    return {"entries": counted, "idle_entries": idle}


# Sample lines of revoked hosts, found in the files by their Referer

SAMPLES = 2
"""Sample lines for each host."""
LONGEST_SAMPLE = 500  # characters
Selects = Callable[[accesslog.LogLine], bool]
"""Returns whether a line counts."""
_BLOCK = 1 << 20
_MOST_TRIED = 10_000
"""The most lines with the Referer to try for each host."""


def find_samples(
    logs: Sequence[Path], wanted: Mapping[str, str], judge: Judge, selects: Selects
) -> dict[str, list[str]]:
    """Return the first lines of files that the rules revoke, for each host.

    `wanted` maps each host to one of its logged Referers, which may be cut.
    """
    needles = {host: f'"{referer}'.encode() for host, referer in wanted.items()}
    found: dict[str, list[str]] = {host: [] for host in wanted}
    tried = dict.fromkeys(wanted, 0)
    for path in logs:
        if not needles:
            break
        for block in _blocks(path):
            for host, needle in list(needles.items()):
                for raw in _lines_with(block, needle):
                    tried[host] += 1
                    if (text := _revoked(raw, host, judge, selects)) is not None:
                        found[host].append(text)
                    if len(found[host]) == SAMPLES or tried[host] == _MOST_TRIED:
                        del needles[host]
                        break
            if not needles:
                break
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    with log_files.reading(path) as file:
        rest = b""
        while block := file.read(_BLOCK):
            whole, newline, tail = (rest + block).rpartition(b"\n")
            yield whole + newline
            rest = tail
        yield rest


def _lines_with(block: bytes, needle: bytes) -> Iterator[bytes]:
    place = block.find(needle)
    while place >= 0:
        start = block.rfind(b"\n", 0, place) + 1
        end = block.find(b"\n", place)
        yield block[start : end if end >= 0 else len(block)]
        place = block.find(needle, end) if end >= 0 else -1


def _revoked(raw: bytes, host: str, judge: Judge, selects: Selects) -> str | None:
    """Return the text of a line if it belongs to a host and the rules revoke it, else None."""
    text = log_files.content(raw).decode("utf-8", "surrogateescape")
    try:
        line = log_files.parse_line(text)
    except accesslog.LogLineError:
        return None
    if not selects(line):
        return None
    judged = judge.judge_sent(line.referer, letters_of(line))
    if judged.result is not Verdict.REVOKED or judged.host != host:
        return None
    # Mask signatures: until a signed URL expires, it would open an object to readers of a report.
    shown = mask(text).encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= LONGEST_SAMPLE else f"{shown[:LONGEST_SAMPLE]}…"
