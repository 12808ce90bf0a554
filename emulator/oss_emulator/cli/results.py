"""The report of a replay on a terminal: what changes, for whom, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from oss_emulator.cli.output import Block, Piece, Text, TextTable, Tone, line
from oss_emulator.lab.replay.figures import bar, quantity, size, tens
from oss_emulator.lab.replay.report import Report
from oss_emulator.lab.replay.sentences import NAMES, apart, headline, host_name
from oss_emulator.lab.replay.verdict import Verdict

_TONES = {
    Verdict.REVOKED: Tone.BAD,
    Verdict.GAINED: Tone.WARNING,
    Verdict.UNCHANGED: Tone.GOOD,
    Verdict.NOT_CHECKED: Tone.FAINT,
    Verdict.UNKNOWN: Tone.WARNING,
}
_EXPLAINED = 3
"""Hosts whose verdict is explained; --json and --html explain all."""
_SAMPLE = 66
"""Characters of a sample line; --json and --html have more."""
_HOURS = 24
"""The most rows of the table of hours; longer times are shown as days."""


def describe(report: Report) -> Iterator[Block]:
    """Describe a report."""
    for sentence in headline(report):
        yield line(sentence)
    yield line()
    yield _totals(report)
    for sentence in apart(report):
        yield line(sentence)
    yield from _doubts(report)
    yield from _hosts(report["hosts"])
    yield from _ranking("By folder of the object", "folder", "prefix", report["prefixes"])
    yield from _ranking("By user agent", "user agent", "family", report["families"])
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
    headings = ("verdict", "requests", "", "traffic", "", "money", "")
    return TextTable(headings, rows)


def _doubts(report: Report) -> Iterator[Block]:
    for item in report["unknown"]:
        yield line(
            Text(f"unknown: {quantity(item['requests'])} requests. ", Tone.WARNING), item["why"]
        )
    if report["assumed"]["requests"]:
        yield line(
            Text(f"assumed: {quantity(report['assumed']['requests'])} requests. ", Tone.WARNING),
            "The verdict rests on something that the service does not document; see --assumptions.",
        )


def _hosts(hosts: Sequence[Report]) -> Iterator[Block]:
    revoked = [item for item in hosts if item["revoked"]["requests"]]
    yield from _table("Locked out, by the host of the Referer", "host", revoked, "host", host_name)
    for item in revoked[:_EXPLAINED]:
        yield line()
        yield line(Text(host_name(item["host"]), Tone.STRONG))
        yield line(Text("why     ", Tone.FAINT), _reason(item), indent=2)
        for number, remedy in enumerate(_remedies(item)):
            label = "        " if number else "keep it "
            yield line(Text(label, Tone.FAINT), Text(remedy, Tone.GOOD), indent=2)
        for number, sample in enumerate(item["samples"]):
            label = "        " if number else "sample  "
            yield line(Text(label, Tone.FAINT), _shorten(sample), indent=2)
    gained = [item for item in hosts if item["gained"]["requests"]]
    yield from _table("Let in, by the host of the Referer", "host", gained, "host", host_name)


def _shorten(sample: str) -> str:
    return sample if len(sample) <= _SAMPLE else f"{sample[:_SAMPLE]}…"


def _reason(item: Mapping[str, Any]) -> str:
    steps = item["explanation"].splitlines()[1:]
    said = [step.strip() for step in steps if "not documented" not in step]
    return str(said[-1] if said else item["explanation"])


def _remedies(item: Mapping[str, Any]) -> Iterator[str]:
    for entry in item["remove"]:
        yield f"remove the blacklist entry {entry}"
    for entry in item["add"]:
        yield f"add the whitelist entry {entry}"
    if item["set"]:
        yield f"set {item['set']}"


def _ranking(title: str, heading: str, key: str, rows: Sequence[Report]) -> Iterator[Block]:
    changed = [row for row in rows if row["revoked"]["requests"] or row["gained"]["requests"]]
    yield from _table(title, heading, changed, key, lambda text: text or "(no folder)")


def _table(
    title: str, heading: str, rows: Sequence[Report], key: str, name: Callable[[str], str]
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
            Text(tens(row[first]["bytes"], most), _TONES[first]),
        )
        for row in rows
    ]
    headings = (heading, *(NAMES[verdict] for verdict in shown), "unchanged", "traffic", "")
    yield TextTable(headings, cells, title=title)


def _times(hours: Sequence[Report]) -> Iterator[Block]:
    shown = hours if len(hours) <= _HOURS else _days(hours)
    word = "hour (UTC)" if len(hours) <= _HOURS else "day (UTC)"
    if any(row["revoked"]["requests"] or row["gained"]["requests"] for row in shown):
        title = f"By {word}"
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
        cells = [(row["family"], quantity(row["requests"]), size(row["bytes"])) for row in rows]
        title = "Still served without a Referer"
        yield TextTable(("user agent", "requests", "traffic"), cells, title=title)


def _entries(report: Report) -> Iterator[Block]:
    if report["idle_entries"]:
        yield line()
        yield line(Text("Entries that settled no request", Tone.STRONG))
        for item in report["idle_entries"]:
            yield line(f"{item['list']} entry {item['entry']}", indent=2)


def _lines(lines: Report) -> Iterator[Block]:
    yield line()
    parts = [f"{quantity(lines['read'])} lines were read"]
    if lines["outside"]:
        parts.append(f"{quantity(lines['outside'])} were not asked for")
    if lines["damaged"]:
        parts.append(f"{quantity(lines['damaged'])} are damaged")
    yield line(Text(", ".join(parts) + ".", Tone.FAINT))
    for item in lines["examples"]:
        yield line(Text(f"{item['reason']}: ", Tone.FAINT), item["line"], indent=2)
