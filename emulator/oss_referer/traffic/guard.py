"""A guarded change: an agreement on what rules may lock out, its check, and the token.

The token states the judged rules, the logs and the verdict. It is not signed: it protects from
mistakes, such as applying other rules than the judged ones, but not from malice.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Self

from oss_referer.advice import diff
from oss_referer.advice.diff import RuleEdit
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.remarks import Remark, Severity, code
from oss_referer.sources import json_text
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import figures
from oss_referer.traffic.figures import host_name, other_networks, quantity, remedies, size

TOKEN_VERSION = 1
TOP = 200
"""The most hosts of a report, for own domains and for others; those that lose most come first."""
NO_REFERER = "-"
"""The name of requests without a Referer among the agreed hosts, as in logs."""


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
        whole = is_percentage or most == most.to_integral_value()
        if not (re.fullmatch(r"[0-9.]{1,20}", number) and most >= 0 and whole):
            raise ValueError(f"{text!r} is neither a number of requests nor a percentage like 0.1%")
        return cls(most, is_percentage)

    def allows(self, locked_out: int, requests: int) -> bool:
        """Return whether rules may lock out `locked_out` of all `requests`."""
        if self.is_percentage:
            return 100 * locked_out <= self.most * requests
        return locked_out <= self.most

    def __str__(self) -> str:
        return f"{self.most:f} %" if self.is_percentage else f"{self.most:f} requests"


@dataclass(frozen=True, slots=True)
class Agreement:
    limit: Limit
    hosts: tuple[str, ...] = ()
    """Hosts that rules may lock out: names, `*.NAME`, or `-` for no Referer."""
    least: int = 1
    """The fewest requests that a verdict needs."""

    def covers(self, host: str) -> bool:
        """Return whether rules may lock out a host of a report."""
        name = re.sub(r":\d*\Z", "", host.lower()) or NO_REFERER
        return any(
            name.endswith(agreed[1:]) if agreed.startswith("*.") else name == agreed
            for agreed in map(str.lower, self.hosts)
        )


@dataclass(frozen=True, slots=True)
class GuardResult:
    """New rules of a bucket, with the report of the replay that judged them."""

    resource: str
    actions: tuple[str, ...]
    bucket: str
    old: RefererConfiguration
    new: RefererConfiguration
    report: Mapping[str, Any]
    """The report that `replay_each` returned."""
    agreement: Agreement

    @property
    def requests(self) -> int:
        return sum(total["requests"] for total in self.report["totals"].values())

    @property
    def agreed(self) -> int:
        return sum(
            row["revoked"]["requests"]
            for row in self.report["hosts"]
            if self.agreement.covers(row["host"])
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
        """The reason why the change is blocked; "" if it passes."""
        limit, least = self.agreement.limit, self.agreement.least
        if self.requests < least:
            return Sentence(
                "the logs have {} requests to the bucket, and the verdict needs {}",
                f"{self.requests:,}",
                f"{least:,}",
            )
        if limit.allows(self.locked_out, self.requests):
            return Sentence("")
        if limit.is_percentage:
            return Sentence("that is more than {} %", f"{limit.most:f}")
        return Sentence("that is more than {} requests", f"{limit.most:f}")


def hash_rules(rules: RefererConfiguration) -> str:
    """Return a hash of rules, which ignores the order of entries and duplicates."""
    lists = [sorted(set(entries)) for entries in (rules.whitelist, rules.blacklist)]
    switches = (rules.allow_empty_referer, rules.allow_truncate_query_string, rules.truncate_path)
    return _hash([*switches, *lists])


def make_token(
    changes: Sequence[GuardResult], agreement: Agreement, logs: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Return the token of judged changes; `logs` are the names of logs with their hashes."""
    token = {
        "version": TOKEN_VERSION,
        "verdict": "blocked" if any(change.objection for change in changes) else "passed",
        "agreed": {
            "max_revoked": str(agreement.limit),
            "hosts": list(agreement.hosts),
            "min_requests": agreement.least,
        },
        "changes": [
            {
                "resource": change.resource,
                "bucket": change.bucket,
                "rules": hash_rules(change.new),
                "requests": change.requests,
                "locked_out": change.locked_out,
                "locked_out_as_agreed": change.agreed,
            }
            for change in changes
        ],
        "logs": [{"name": name, "sha256": digest} for name, digest in sorted(logs)],
    }
    return {**token, "hash": _hash(token)}


class TokenError(ValueError):
    """A token does not permit applying the rules; the text says why."""


def check_token(text: str, rules: RefererConfiguration, bucket: str) -> None:
    """Raise TokenError unless the rules passed for the bucket according to a token."""
    try:
        token = json_text.parse(text)
    except SourceError as error:
        raise TokenError(f"it is not a token: {error}") from None
    if not isinstance(token, dict) or token.get("version") != TOKEN_VERSION:
        raise TokenError(f"it is not a token of the version {TOKEN_VERSION}")
    if token.get("hash") != _hash({name: token[name] for name in token if name != "hash"}):
        raise TokenError("it was changed or damaged; run guard again")
    changes = token.get("changes")
    if not (isinstance(changes, list) and all(map(_is_change, changes)) and "verdict" in token):
        raise TokenError("it lacks what guard writes into a token; run guard again")
    if token["verdict"] != "passed":
        raise TokenError("its verdict is that the change is blocked")
    judged = [item for item in changes if item["rules"] == hash_rules(rules)]
    if not judged:
        raise TokenError("it is about other rules; run guard with these")
    if all(item["bucket"] != bucket for item in judged):
        names = ", ".join(sorted({item["bucket"] for item in judged}))
        raise TokenError(f"these rules were judged for {names}, not for {bucket}")


def _is_change(value: Any) -> bool:
    """Return whether a value is a judged change, with its rules and its bucket."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("rules", "bucket")
    )


def _hash(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


# The report: Markdown for a pull request, and remarks for annotations

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
"""The alignments of the columns of a table."""


def format_markdown(
    changes: Sequence[GuardResult], notes: Sequence[Sentence], say: Callable[[Sentence], str] = str
) -> str:
    """Format a report in Markdown, in the language of `say`.

    Texts from logs and plans are formatted as code.
    """
    return "\n".join(_GuardReport(say).lines(changes, notes)) + "\n"


class _GuardReport:
    def __init__(self, say: Callable[[Sentence], str]) -> None:
        self._say = say

    def lines(self, changes: Sequence[GuardResult], notes: Sequence[Sentence]) -> Iterator[str]:
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

    def _row(self, change: GuardResult) -> str:
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

    def _section(self, change: GuardResult) -> Iterator[str]:
        yield f"### {code(change.resource)}"
        yield ""
        for edit in diff.find_edits(change.old, change.new):
            yield f"- {self._say(_edit(edit))}"
        yield ""
        yield from self._hosts(change)
        yield from map(self._say, _remarks(change))

    def _hosts(self, change: GuardResult) -> Iterator[str]:
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


def _title(changes: Sequence[GuardResult]) -> Sentence:
    blocked = sum(bool(change.objection) for change in changes)
    if not changes:
        return Sentence("Referer rules: nothing changes")
    if blocked:
        return Sentence("Referer rules: blocked, {} of {}", str(blocked), str(len(changes)))
    return Sentence("Referer rules: passed")


def _edit(edit: RuleEdit) -> Sentence:
    name, before, after = edit
    name = figures.LISTS.get(name, name)
    if before is None:
        return Sentence("added to the {}: {}", name, code(after or ""))
    if after is None:
        return Sentence("removed from the {}: {}", name, code(before))
    return Sentence("{}: {} → {}", name, before, after)


def _remarks(change: GuardResult) -> Iterator[Sentence]:
    report = dict(change.report)
    period, lines, assumed = report["period"], report["lines"], report["assumed"]
    if period["from"]:
        yield Sentence(
            "The logs begin at {} and span {} hours.", period["from"], quantity(period["hours"])
        )
    yield from other_networks(report)
    if lines["damaged"]:
        yield Sentence("{} of their lines are damaged and left out.", quantity(lines["damaged"]))
    if assumed["requests"]:
        yield Sentence(
            "For {} requests, the verdict rests on something that the service does not document.",
            quantity(assumed["requests"]),
        )


def remark(changes: Sequence[GuardResult], source: str, notes: Sequence[str]) -> Iterator[Remark]:
    """Yield an error for each blocked change, and a note for each passed change."""
    for change in changes:
        severity = Severity.ERROR if change.objection else Severity.NOTE
        yield _remark(source, change.resource, severity, _sum_up(change))
    said = notes if changes else [*notes, "The plan changes no Referer rules."]
    yield from (_remark(source, "plan", Severity.NOTE, note) for note in said)


def _remark(source: str, name: str, severity: Severity, message: str) -> Remark:
    return Remark(
        source=source, kind="guard", group="guard", name=name, severity=severity, message=message
    )


def _sum_up(change: GuardResult) -> str:
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
