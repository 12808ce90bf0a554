"""The report of a guarded change: Markdown for a pull request, and remarks for annotations."""

import re
from collections.abc import Iterator, Sequence

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer_xml import SWITCHES

from .guard import GuardedChange
from .remark import Remark, Severity
from .replay.figures import quantity, size
from .replay.report import Report
from .replay.sentences import apart, host_name

_HOSTS = 10
"""The most hosts in a table."""
_LONGEST = 120
"""Characters of a text of others, such as the host of a Referer."""


def format_markdown(changes: Sequence[GuardedChange], notes: Sequence[str]) -> str:
    """Format a report in Markdown. What comes from logs and plans is shown as code."""
    return "\n".join(_lines(changes, notes)) + "\n"


def _lines(changes: Sequence[GuardedChange], notes: Sequence[str]) -> Iterator[str]:
    blocked = sum(bool(change.objection) for change in changes)
    if not changes:
        yield "## Referer rules: nothing changes"
    elif blocked:
        yield f"## Referer rules: blocked, {blocked} of {len(changes)}"
    else:
        yield "## Referer rules: passed"
    if changes:
        yield ""
        yield "| Resource | Bucket | Requests | Locked out | As agreed | Let in | Verdict |"
        yield "|---|---|--:|--:|--:|--:|---|"
        yield from map(_row, changes)
    for note in notes:
        yield ""
        yield f"- {note}"
    for change in changes:
        yield ""
        yield from _section(change)


def _row(change: GuardedChange) -> str:
    gained = change.report["totals"]["gained"]["requests"]
    verdict = f"**blocked**: {change.objection}" if change.objection else "passed"
    cells = (
        f"{_code(change.resource)} ({' and '.join(change.actions) or 'rules'})",
        _code(change.bucket),
        quantity(change.requests),
        f"{quantity(change.locked_out)} ({change.share} %)",
        quantity(change.agreed),
        quantity(gained),
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def _section(change: GuardedChange) -> Iterator[str]:
    report = dict(change.report)
    yield f"### {_code(change.resource)}"
    yield ""
    yield from _edits(change.old, change.new)
    yield from _hosts(change, report)
    period = report["period"]
    if period["from"]:
        yield f"The logs begin at {period['from']} and span {period['hours']:,} hours."
    yield from apart(report)
    if report["lines"]["damaged"]:
        yield f"{quantity(report['lines']['damaged'])} of their lines are damaged and left out."
    if report["assumed"]["requests"]:
        count = quantity(report["assumed"]["requests"])
        yield f"For {count} requests, the verdict rests on what the service does not document."


def _edits(old: RefererConfiguration | None, new: RefererConfiguration) -> Iterator[str]:
    """Yield what changes in the rules, as a list."""
    if old is None or old == new:
        return
    for name, field in SWITCHES.items():
        before, after = (str(getattr(rules, field)).lower() for rules in (old, new))
        if before != after:
            yield f"- {name}: {before} → {after}"
    for field in ("whitelist", "blacklist"):
        before_entries, after_entries = getattr(old, field), getattr(new, field)
        for sign, entries, others in (
            ("removed from", before_entries, after_entries),
            ("added to", after_entries, before_entries),
        ):
            for entry in entries:
                if entry not in others:
                    yield f"- {sign} the {field}: {_code(entry)}"
    yield ""


def _hosts(change: GuardedChange, report: Report) -> Iterator[str]:
    rows = [row for row in report["hosts"] if row["revoked"]["requests"]]
    if not rows:
        return
    yield "| Locked out, by the host of the Referer | Requests | Traffic | To keep it |"
    yield "|---|--:|--:|---|"
    for row in rows[:_HOSTS]:
        agreed = " (agreed)" if change.agreement.covers(row["host"]) else ""
        name = _code(row["host"]) if row["host"] else str(host_name(""))
        revoked = row["revoked"]
        remedy = "" if agreed else _remedy(row)
        requests = quantity(revoked["requests"])
        yield f"| {name}{agreed} | {requests} | {size(revoked['bytes'])} | {remedy} |"
    if len(rows) > _HOSTS:
        yield f"| {len(rows) - _HOSTS:,} more | | | |"
    yield ""


def _remedy(row: Report) -> str:
    parts = [f"remove the blacklist entry {_code(entry)}" for entry in row.get("remove", ())]
    parts += [f"add the whitelist entry {_code(entry)}" for entry in row.get("add", ())]
    parts += [f"set {_code(row['set'])}"] if row.get("set") else []
    return ", ".join(parts)


def _code(text: str) -> str:
    """Return a text as code that ends neither its span nor its table, and mentions nobody."""
    shown = "".join(item if item.isprintable() else f"\\x{ord(item):02x}" for item in text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    longest = max((len(ticks) for ticks in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or not shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}".replace("|", "\\|")


def remark(changes: Sequence[GuardedChange], source: str, notes: Sequence[str]) -> Iterator[Remark]:
    """Yield an error for each change that is blocked, and a note for each that passes."""
    for change in changes:
        severity = Severity.ERROR if change.objection else Severity.NOTE
        yield _remark(source, change.resource, severity, _sum_up(change))
    said = notes if changes else [*notes, "The plan changes no Referer rules."]
    yield from (_remark(source, "plan", Severity.NOTE, note) for note in said)


def _remark(source: str, name: str, severity: Severity, message: str) -> Remark:
    return Remark(
        source=source, kind="guard", group="guard", name=name, severity=severity, message=message
    )


def _sum_up(change: GuardedChange) -> str:
    said = (
        f"{change.resource} locks out {quantity(change.locked_out)} of "
        f"{quantity(change.requests)} requests to {change.bucket} ({change.share} %)"
    )
    if not change.objection:
        return f"{said}."
    hosts = [
        f"{row['host'] or 'no Referer'} ({quantity(row['revoked']['requests'])})"
        for row in change.report["hosts"]
        if row["revoked"]["requests"] and not change.agreement.covers(row["host"])
    ]
    shown = f": {', '.join(hosts[:_HOSTS])}" if hosts else ""
    return f"{said}; {change.objection}{shown}"
