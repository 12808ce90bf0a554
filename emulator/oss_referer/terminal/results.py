"""The report of a replay on a terminal: the changes, the hosts, and the remedies."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from oss_referer.engine import Sentence, Stage, Step, StepResult, explanation
from oss_referer.engine.sentence import join
from oss_referer.terminal import language
from oss_referer.terminal.output import ENTRIES, Block, Piece, Text, TextTable, Tone, line
from oss_referer.traffic.figures import (
    LOCKED_OUT,
    NAMES,
    Report,
    bar,
    family_name,
    folder_name,
    headline,
    host_name,
    other_networks,
    quantity,
    relative_bar,
    remedies,
    size,
)
from oss_referer.traffic.judge import UNKNOWN, Verdict

_TONES = {
    Verdict.REVOKED: Tone.STRONG,  # good for strangers, bad for own domains
    Verdict.GAINED: Tone.WARNING,
    Verdict.UNCHANGED: Tone.GOOD,
    Verdict.NOT_CHECKED: Tone.FAINT,
    Verdict.UNKNOWN: Tone.WARNING,
}
_EXPLAINED = 3
"""The most hosts of a table to explain; --json and --html explain all of them."""
_SAMPLE = 66
"""The most characters of a sample line; --json and --html show more."""
_HOURS = 24
"""The most rows of the table of hours; longer periods are shown as days."""


def describe(report: Report) -> Iterator[Block]:
    for sentence in headline(report):
        yield line(sentence)
    if not report["lines"]["read"]:
        return
    if own := report["own"]["requests"]:
        said = Sentence("Requests of your own domains would be locked out: {}.", quantity(own))
        yield line(Text(said, Tone.BAD))
    yield line()
    yield _totals(report)
    for sentence in other_networks(report):
        yield line(sentence)
    yield from _uncertain(report)
    yield from _hosts(report["hosts"])
    title, heading = Sentence("By folder of the object"), Sentence("folder")
    yield from _ranking(title, heading, "prefix", report["prefixes"], folder_name)
    title, heading = Sentence("By user agent"), Sentence("user agent")
    yield from _ranking(title, heading, "family", report["families"], family_name)
    yield from _times(report["hours"])
    yield from _bare(report["without_referer"])
    yield from _entries(report)
    yield from _lines(report["lines"])


def _totals(report: Report) -> TextTable:
    rows = []
    for verdict in Verdict:
        total, share = report["totals"][verdict], report["shares"][verdict]
        rows.append(
            (
                Text(NAMES[verdict], _TONES[verdict]),
                quantity(total["requests"]),
                f"{share['requests']} %",
                size(total["bytes"]),
                f"{share['bytes']} %",
                f"¥{report['yuan'][verdict]}",
                Text(bar(share["bytes"]), _TONES[verdict]),
            )
        )
    requests, traffic = Sentence("requests"), Sentence("traffic")
    headings = (Sentence("verdict"), requests, "", traffic, "", Sentence("money"), "")
    return TextTable(headings, rows)


def _uncertain(report: Report) -> Iterator[Block]:
    for item in report["unknown"]:
        said = Sentence("unknown: {} requests. ", quantity(item["requests"]))
        yield line(Text(said, Tone.WARNING), UNKNOWN[item["why"]])
    if report["assumed"]["requests"]:
        said = Sentence("assumed: {} requests. ", quantity(report["assumed"]["requests"]))
        why = Sentence(
            "The verdict rests on something that the service does not document; see --assumptions."
        )
        yield line(Text(said, Tone.WARNING), why)


def _hosts(hosts: Sequence[Report]) -> Iterator[Block]:
    revoked = [item for item in hosts if item["revoked"]["requests"]]
    for own, title in LOCKED_OUT.items():
        rows = [item for item in revoked if item["own"] is own]
        tone = Tone.BAD if own else Tone.GOOD
        yield from _table(title, Sentence("host"), rows, "host", host_name, tone=tone)
        for item in rows[:_EXPLAINED]:
            yield from _explain(item)
    gained = [item for item in hosts if item["gained"]["requests"]]
    title = Sentence("Let in, by the host of the Referer")
    yield from _table(title, Sentence("host"), gained, "host", host_name)


def _explain(item: Report) -> Iterator[Block]:
    yield line()
    yield line(Text(host_name(item["host"]), Tone.STRONG))
    yield line(Text(Sentence("why"), Tone.FAINT, 8), _reason(item), indent=2)
    for number, remedy in enumerate(remedies(item)):
        label = "" if number else Sentence("keep it")
        yield line(Text(label, Tone.FAINT, 8), Text(remedy, Tone.GOOD), indent=2)
    for number, sample in enumerate(item["samples"]):
        label = "" if number else Sentence("sample")
        yield line(Text(label, Tone.FAINT, 8), _shorten(sample), indent=2)


def _shorten(sample: str) -> str:
    return sample if len(sample) <= _SAMPLE else f"{sample[:_SAMPLE]}…"


def _reason(item: Mapping[str, Any]) -> str:
    steps = item["explanation"].splitlines()[1:]
    said = [step.strip() for step in steps if "not documented" not in step]
    english = str(said[-1] if said else item["explanation"])
    stage, outcome, detail = item["steps"][-1]
    step = Step(Stage(stage), StepResult(outcome), detail=detail)
    translated = language.say_step(step)
    if translated == explanation.sentence(step):
        return english
    return f"{translated} [{english.rpartition(' [')[2]}"


def _ranking(
    title: str, heading: str, key: str, rows: Sequence[Report], name: Callable[[str], str]
) -> Iterator[Block]:
    changed = [row for row in rows if row["revoked"]["requests"] or row["gained"]["requests"]]
    yield from _table(title, heading, changed, key, name)


def _table(
    title: str,
    heading: str,
    rows: Sequence[Report],
    key: str,
    name: Callable[[str], str],
    *,
    tone: Tone | None = None,
) -> Iterator[Block]:
    if not rows:
        return
    yield line()
    most = max(row["revoked"]["bytes"] + row["gained"]["bytes"] for row in rows)
    shown = [
        v for v in (Verdict.REVOKED, Verdict.GAINED) if any(row[v]["requests"] for row in rows)
    ]
    first = shown[0] if shown else Verdict.REVOKED
    cells: list[tuple[Piece, ...]] = [
        (
            name(row[key]),
            *(quantity(row[verdict]["requests"]) for verdict in shown),
            quantity(row["unchanged"]["requests"]),
            size(row[first]["bytes"]),
            Text(relative_bar(row[first]["bytes"], most), tone or _TONES[first]),
        )
        for row in rows
    ]
    verdicts = (NAMES[verdict] for verdict in (*shown, Verdict.UNCHANGED))
    headings = (heading, *verdicts, Sentence("traffic"), "")
    yield TextTable(headings, cells, title=title)


def _times(hours: Sequence[Report]) -> Iterator[Block]:
    is_short = len(hours) <= _HOURS
    shown = hours if is_short else _days(hours)
    word = Sentence("hour (UTC)") if is_short else Sentence("day (UTC)")
    if any(row["revoked"]["requests"] or row["gained"]["requests"] for row in shown):
        title = Sentence("By hour (UTC)") if is_short else Sentence("By day (UTC)")
        yield from _table(title, word, shown, "hour", lambda text: text.replace("T", " ")[:16])


def _days(hours: Sequence[Report]) -> list[Report]:
    days: dict[str, Report] = {}
    for row in hours:
        day = days.setdefault(
            row["hour"][:10],
            {"hour": row["hour"][:10], **{v.value: {"requests": 0, "bytes": 0} for v in Verdict}},
        )
        for verdict in Verdict:
            for what in ("requests", "bytes"):
                day[verdict][what] += row[verdict][what]
    return list(days.values())


def _bare(rows: Sequence[Report]) -> Iterator[Block]:
    if rows:
        yield line()
        cells = [
            (family_name(row["family"]), quantity(row["requests"]), size(row["bytes"]))
            for row in rows
        ]
        title = Sentence("Still served without a Referer")
        headings = (Sentence("user agent"), Sentence("requests"), Sentence("traffic"))
        yield TextTable(headings, cells, title=title)


def _entries(report: Report) -> Iterator[Block]:
    if report["idle_entries"]:
        yield line()
        yield line(Text(Sentence("Entries that decided no request"), Tone.STRONG))
        for item in report["idle_entries"]:
            template = ENTRIES[Stage(item["list"])].template
            yield line(Sentence(template, item["entry"]), indent=2)


def _lines(lines: Report) -> Iterator[Block]:
    yield line()
    parts = [Sentence("{} lines were read", quantity(lines["read"]))]
    if lines["outside"]:
        parts.append(Sentence("{} were not selected", quantity(lines["outside"])))
    if lines["damaged"]:
        parts.append(Sentence("{} are damaged", quantity(lines["damaged"])))
    yield line(Text(Sentence("{}.", join(parts)), Tone.FAINT))
    for item in lines["examples"]:
        yield line(
            Text(f"{language.explain(item['reason'])}: ", Tone.FAINT), item["line"], indent=2
        )
