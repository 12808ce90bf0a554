"""The report of a guarded change: Markdown for a pull request, and remarks for annotations."""

from collections.abc import Callable, Iterator, Sequence

from oss_referer.advice import diff
from oss_referer.advice.diff import RuleEdit
from oss_referer.engine.sentence import Sentence
from oss_referer.findings.markdown import code
from oss_referer.findings.remark import Remark, Severity

from .figures import quantity, size
from .guard import GuardedChange
from .sentences import apart, host_name, remedies

_HOSTS = 10
"""The most hosts in a table."""

_HEADINGS = (
    Sentence("Resource"),
    Sentence("Bucket"),
    Sentence("Requests"),
    Sentence("Locked out"),
    Sentence("As agreed"),
    Sentence("Let in"),
    Sentence("Verdict"),
)
_HOST_HEADINGS = (
    Sentence("Locked out, by the host of the Referer"),
    Sentence("Requests"),
    Sentence("Traffic"),
    Sentence("To keep it"),
)
_LEFT, _RIGHT = "---", "--:"
"""How the columns of a table are aligned."""


def format_markdown(
    changes: Sequence[GuardedChange],
    notes: Sequence[Sentence],
    say: Callable[[Sentence], str] = str,
) -> str:
    """Format a report in Markdown, in the language of `say`.

    What comes from logs and plans is shown as code.
    """
    return "\n".join(_GuardReport(say).lines(changes, notes)) + "\n"


class _GuardReport:
    """Writes a report in one language, line by line."""

    def __init__(self, say: Callable[[Sentence], str]) -> None:
        self._say = say

    def lines(self, changes: Sequence[GuardedChange], notes: Sequence[Sentence]) -> Iterator[str]:
        """Yield all lines."""
        yield f"## {self._say(_title(changes))}"
        if changes:
            yield ""
            yield from self._head(_HEADINGS, (_LEFT, _LEFT, *[_RIGHT] * 4, _LEFT))
            yield from map(self._row, changes)
        for note in notes:
            yield ""
            yield f"- {self._say(note)}"
        for change in changes:
            yield ""
            yield from self._section(change)

    def _head(self, headings: Sequence[Sentence], columns: Sequence[str]) -> Iterator[str]:
        yield _table_row(*map(self._say, headings))
        yield f"|{'|'.join(columns)}|"

    def _row(self, change: GuardedChange) -> str:
        actions = " + ".join(change.actions) or self._say(Sentence("rules"))
        verdict = Sentence("passed")
        if change.objection:
            verdict = Sentence("**blocked**: {}", change.objection)
        return _table_row(
            f"{code(change.resource)} ({actions})",
            code(change.bucket),
            quantity(change.requests),
            f"{quantity(change.locked_out)} ({change.share} %)",
            quantity(change.agreed),
            quantity(change.report["totals"]["gained"]["requests"]),
            self._say(verdict),
        )

    def _section(self, change: GuardedChange) -> Iterator[str]:
        yield f"### {code(change.resource)}"
        yield ""
        if change.old is not None and change.old != change.new:
            for edit in diff.find_edits(change.old, change.new):
                yield f"- {self._say(_edit(edit))}"
            yield ""
        yield from self._hosts(change)
        yield from map(self._say, _remarks(change))

    def _hosts(self, change: GuardedChange) -> Iterator[str]:
        rows = [row for row in change.report["hosts"] if row["revoked"]["requests"]]
        if not rows:
            return
        yield from self._head(_HOST_HEADINGS, (_LEFT, _RIGHT, _RIGHT, _LEFT))
        for row in rows[:_HOSTS]:
            name = code(row["host"]) if row["host"] else self._say(host_name(""))
            advice = list(map(self._say, remedies(row, code)))
            if change.agreement.covers(row["host"]):
                name, advice = f"{name} {self._say(Sentence('(agreed)'))}", []
            revoked = row["revoked"]
            figures = quantity(revoked["requests"]), size(revoked["bytes"])
            yield _table_row(name, *figures, ", ".join(advice))
        if len(rows) > _HOSTS:
            more = Sentence("{} more", quantity(len(rows) - _HOSTS))
            yield f"| {self._say(more)} | | | |"
        yield ""


def _table_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _title(changes: Sequence[GuardedChange]) -> Sentence:
    blocked = sum(bool(change.objection) for change in changes)
    if not changes:
        return Sentence("Referer rules: nothing changes")
    if blocked:
        return Sentence("Referer rules: blocked, {} of {}", str(blocked), str(len(changes)))
    return Sentence("Referer rules: passed")


_LISTS = {"whitelist": Sentence("whitelist"), "blacklist": Sentence("blacklist")}


def _edit(edit: RuleEdit) -> Sentence:
    name, before, after = edit
    name = _LISTS.get(name, name)
    if before is None:
        return Sentence("added to the {}: {}", name, code(after or ""))
    if after is None:
        return Sentence("removed from the {}: {}", name, code(before))
    return Sentence("{}: {} → {}", name, before, after)


def _remarks(change: GuardedChange) -> Iterator[Sentence]:
    """Yield further remarks on the logs."""
    report = dict(change.report)
    period, lines, assumed = report["period"], report["lines"], report["assumed"]
    if period["from"]:
        yield Sentence(
            "The logs begin at {} and span {} hours.", period["from"], quantity(period["hours"])
        )
    yield from apart(report)
    if lines["damaged"]:
        yield Sentence("{} of their lines are damaged and left out.", quantity(lines["damaged"]))
    if assumed["requests"]:
        yield Sentence(
            "For {} requests, the verdict rests on what the service does not document.",
            quantity(assumed["requests"]),
        )


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
