"""The gate: a limit on the requests that rules may lock out, the hosts agreed on, the verdict."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from oss_referer.advice import diff
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.remarks import Remark, Severity
from oss_referer.traffic import figures
from oss_referer.traffic.figures import LISTS, Report, host_name, quantity
from oss_referer.traffic.layout import Part, ReportTone, Said, Table, TableRow

NO_REFERER = "-"
"""The name of requests without a Referer among the agreed hosts, as in logs."""
_HOSTS = 10
"""The most hosts in an annotation."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most requests that rules may lock out: a number, or a percentage of all."""

    most: Decimal
    is_percentage: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `100` or `0.1%`. Raises ValueError."""
        number = text.removesuffix("%").rstrip()
        try:
            most = Decimal(number)
        except InvalidOperation:
            most = Decimal(-1)
        is_percentage = text.endswith("%")
        fits = most <= 100 if is_percentage else most == most.to_integral_value()
        if not (re.fullmatch(r"[0-9.]{1,20}", number) and most >= 0 and fits):
            raise ValueError(f"{text!r} is neither a number of requests nor a percentage like 0.1%")
        return cls(most, is_percentage)

    def allows(self, locked_out: int, requests: int) -> bool:
        """Return whether rules may lock out `locked_out` of all `requests`."""
        if self.is_percentage:
            return 100 * locked_out <= self.most * requests
        return locked_out <= self.most


@dataclass(frozen=True, slots=True)
class Gate:
    limit: Limit | None = None
    """None if nothing blocks the rules."""
    hosts: tuple[str, ...] = ()
    """Hosts that rules may lock out: names, `*.NAME`, or `-` for no Referer."""
    least: int = 1
    """The fewest requests that a verdict needs."""

    def agrees(self, host: str) -> bool:
        """Return whether rules may lock out a host of a report."""
        name = re.sub(r":\d*\Z", "", host.lower()) or NO_REFERER
        return any(
            name.endswith(agreed[1:]) if agreed.startswith("*.") else name == agreed
            for agreed in map(str.lower, self.hosts)
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Rules with the report of the replay that judged them."""

    name: str
    """The resource of a plan, or the rules as the command names them."""
    new: RefererConfiguration
    report: Report
    gate: Gate
    bucket: str | None = None
    """None for the requests to all buckets."""
    old: RefererConfiguration | None = None
    """The rules before a plan; None without a plan."""
    actions: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        return int(self.report["lines"]["judged"])

    @property
    def agreed(self) -> int:
        return sum(
            row["revoked"]["requests"]
            for row in self.report["hosts"]
            if self.gate.agrees(row["host"])
        )

    @property
    def locked_out(self) -> int:
        """The number of requests that get locked out, without the agreed ones."""
        return int(self.report["totals"]["revoked"]["requests"]) - self.agreed

    @property
    def share(self) -> str:
        return figures.share(self.locked_out, self.requests)

    @property
    def objection(self) -> Sentence:
        """The reason why the rules are blocked; "" if they pass."""
        limit, least = self.gate.limit, self.gate.least
        if limit is None:
            return Sentence("")
        if self.requests < least:
            few = f"{self.requests:,}", f"{least:,}"
            return Sentence("the logs have {} requests to judge; the verdict needs {}", *few)
        if limit.allows(self.locked_out, self.requests):
            return Sentence("")
        if limit.is_percentage:
            return Sentence("that is more than {} %", f"{limit.most:f}")
        return Sentence("that is more than {} requests", f"{limit.most:f}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report, with the verdict of the gate and the resource if there are any."""
        about: dict[str, Any] = {}
        if self.old is not None:
            about = {"resource": self.name, "actions": self.actions, "bucket": self.bucket}
        if self.gate.limit is not None:
            about["gate"] = {
                "verdict": "blocked" if self.objection else "passed",
                "why": self.objection,
                "locked_out": self.locked_out,
                "agreed": self.agreed,
            }
        return {**self.report, **about}


def verdict(judged: Sequence[Judged], notes: Sequence[str]) -> Part:
    """Return the verdict on all rules, with a row for each."""
    blocked = sum(bool(item.objection) for item in judged)
    said = Said(Sentence("Referer rules: passed"), ReportTone.GOOD)
    if blocked:
        counts = str(blocked), str(len(judged))
        said = Said(Sentence("Referer rules: blocked, {} of {}", *counts), ReportTone.BAD)
    elif not judged:
        said = Said(Sentence("Referer rules: nothing changes"))
    rows = [
        TableRow(
            Sentence("{}", item.name),
            (
                Sentence("{}", item.bucket) if item.bucket else Sentence("all"),
                quantity(item.requests),
                quantity(item.locked_out),
                f"{item.share} %",
                quantity(item.agreed),
                quantity(item.report["totals"]["gained"]["requests"]),
                Sentence("blocked: {}", item.objection) if item.objection else Sentence("passed"),
            ),
            tone=ReportTone.BAD if item.objection else ReportTone.GOOD,
        )
        for item in judged
    ]
    table = Table(_HEADINGS, rows) if rows else None
    return Part(Sentence(""), (said, *map(Said, notes)), table)


_HEADINGS = (Sentence("rules"), Sentence("Bucket"), Sentence("requests"), Sentence("locked out"),
             Sentence(""), Sentence("as agreed"), Sentence("let in"),
             Sentence("verdict"))  # fmt: skip


def edits(judged: Judged) -> Part:
    """Return what a plan changes in the rules."""
    said = []
    for name, before, after in diff.find_edits(judged.old or judged.new, judged.new):
        listed = LISTS.get(name, name)
        if before is None:
            said.append(Sentence("added to the {}: {}", listed, after or ""))
        elif after is None:
            said.append(Sentence("removed from the {}: {}", listed, before))
        else:
            said.append(Sentence("{}: {} → {}", listed, before, after))
    return Part(Sentence(""), [*map(Said, said)])


def remark(judged: Sequence[Judged], source: str, notes: Iterable[str]) -> Iterator[Remark]:
    """Yield an error for blocked rules, and a note for each that passed."""
    for item in judged:
        severity = Severity.ERROR if item.objection else Severity.NOTE
        yield _remark(source, item.name, severity, _sum_up(item))
    said = notes if judged else [*notes, "The plan changes no Referer rules."]
    yield from (_remark(source, "plan", Severity.NOTE, note) for note in said)


def _remark(source: str, name: str, severity: Severity, message: str) -> Remark:
    return Remark(
        source=source, kind="replay", group="replay", name=name, severity=severity, message=message
    )


def _sum_up(item: Judged) -> str:
    to = f" to {item.bucket}" if item.bucket else ""
    said = (
        f"{item.name} locks out {quantity(item.locked_out)} of {quantity(item.requests)} "
        f"requests{to} ({item.share} %)"
    )
    if not item.objection:
        return f"{said}."
    hosts = [
        f"{host_name(row['host']) if row['host'] else 'no Referer'} "
        f"({quantity(row['revoked']['requests'])})"
        for row in item.report["hosts"]
        if row["revoked"]["requests"] and not item.gate.agrees(row["host"])
    ]
    shown = f": {', '.join(hosts[:_HOSTS])}" if hosts else ""
    return f"{said}; {item.objection}{shown}"
