"""Decision tables: rules, requests and what is expected of them, in TOML; read them and run them.

The format is described in `fixtures/referer/README.md`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from oss_emulator.referer import header
from oss_emulator.referer.decision import Basis, Decision, Reason, Stage
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.policy import RefererPolicy
from oss_emulator.referer.request import Scope, Signing


class TableError(ValueError):
    """A table that cannot be run; its text names the file, the place in it and what is wrong."""


class Verdict(StrEnum):
    """What a case expects to happen to its request."""

    ALLOW = "allow"
    DENY = "deny"


class Object(StrEnum):
    """Whether the requested object is there. No rule depends on it (R-05)."""

    PRESENT = "present"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what is expected of the decision on it; None is no expectation."""

    name: str
    verdict: Verdict
    rules: str
    """The name of the rules it is decided by."""
    facts: tuple[str, ...] = ()
    """The numbers of the facts it is there to show."""
    referer: tuple[str, ...] = ()
    """The value of every Referer header that is sent; the first counts (R-29)."""
    signed: Signing = Signing.NONE
    method: str = "GET"
    scope: Scope = Scope.OBJECT
    acl: str = "public-read-write"
    """The bucket's ACL, for a replay over HTTP. No rule depends on it (R-02)."""
    object: Object = Object.PRESENT
    """For a replay over HTTP."""
    ec: str | None = None
    reason: Reason | None = None
    entry: str | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The cases of one file, and the rules they are decided by."""

    path: Path
    rules: Mapping[str, RefererConfiguration]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that was not met."""

    aspect: str
    expected: str
    actual: str | None

    def __str__(self) -> str:
        return f"{self.aspect}: expected {self.expected!r}, was {self.actual!r}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    case: Case
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Untouched:
    """An entry that settled no case."""

    rules: str
    list: Stage
    """Stage.WHITELIST or Stage.BLACKLIST."""
    position: int
    """Its place in the list, from 0."""
    entry: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a table."""

    table: Table
    results: tuple[Result, ...]
    untouched: tuple[Untouched, ...]

    @property
    def passed(self) -> bool:
        """Whether every case passed; entries that no case touched do not count."""
        return all(result.passed for result in self.results)


def load(path: Path, given: Mapping[str, RefererConfiguration] | None = None) -> Table:
    """Read a table.

    Rules that are given take the place of the table's own, which then needs none. If it is one
    configuration, that decides every case; of several, each case names its own.
    Raises TableError, and OSError where the file cannot be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # both TOMLDecodeError and UnicodeDecodeError
        raise TableError(f"{path}: {error}") from None
    sections = _read(str(path), document, {"rules": _tables_by_name, "case": _tables})
    if not sections.get("rules") and not given:
        raise TableError(f"{path}: there is no [rules.NAME]")
    rules = given or {
        name: RefererConfiguration(**_read(f"{path}: [rules.{name}]", members, _RULES))
        for name, members in sections["rules"].items()
    }
    if given and len(given) == 1:
        for members in sections.get("case", []):
            members["rules"] = next(iter(given))
    cases = tuple(
        _read_case(path, number, members, rules)
        for number, members in enumerate(sections.get("case", []), 1)
    )
    return Table(path, rules, cases)


def run(table: Table) -> Report:
    """Decide every case of a table and compare with what it expects."""
    policies = {name: RefererPolicy.compile(rules) for name, rules in table.rules.items()}
    results = tuple(_run_case(case, policies[case.rules]) for case in table.cases)
    return Report(table, results, _find_untouched(table, results))


def _run_case(case: Case, policy: RefererPolicy) -> Result:
    referer = header.first(case.referer)
    decision = policy.decide(referer, signed=case.signed, method=case.method, scope=case.scope)
    aspects = (
        ("verdict", case.verdict, Verdict.ALLOW if decision.allowed else Verdict.DENY),
        ("ec", case.ec, decision.ec),
        ("reason", case.reason, decision.reason),
        ("entry", case.entry, decision.entry),
        ("basis", case.basis, decision.basis),
    )
    differences = tuple(
        Difference(aspect, str(expected), None if actual is None else str(actual))
        for aspect, expected, actual in aspects
        if expected is not None and expected != actual
    )
    return Result(case, decision, differences)


def _find_untouched(table: Table, results: tuple[Result, ...]) -> tuple[Untouched, ...]:
    settled = {
        (result.case.rules, result.decision.steps[-1].stage, result.decision.entry)
        for result in results
    }
    return tuple(
        Untouched(name, stage, position, entry)
        for name, rules in table.rules.items()
        for stage, entries in (
            (Stage.WHITELIST, rules.whitelist),
            (Stage.BLACKLIST, rules.blacklist),
        )
        for position, entry in enumerate(entries)
        # Of equal entries the first one settles; a duplicate is never touched.
        if (name, stage, entry) not in settled or entry in entries[:position]
    )


def _read_case(
    path: Path, number: int, members: dict[str, Any], rules: Mapping[str, RefererConfiguration]
) -> Case:
    where = f"{path}: case {members.get('name', number)!r}"
    values = _read(where, members, _CASE)
    if missing := [name for name in ("name", "verdict") if name not in values]:
        raise TableError(f"{where}: {missing[0]} is missing")
    if "rules" not in values and len(rules) > 1:
        raise TableError(f"{where}: rules is missing, and there are {', '.join(rules)}")
    values.setdefault("rules", next(iter(rules)))
    if values["rules"] not in rules:
        raise TableError(f"{where}: there is no [rules.{values['rules']}]")
    return Case(**values)


def _read(
    where: str, members: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """Check the members of a TOML table, each with its reader, which raises ValueError."""
    values = {}
    for name, member in members.items():
        if name not in readers:
            raise TableError(f"{where}: {name} is not known; known are {', '.join(readers)}")
        try:
            values[name] = readers[name](member)
        except ValueError as error:
            raise TableError(f"{where}: {name} {error}") from None
    return values


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {value!r}, not true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}, not a string")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"is {value!r}, not a list of strings")
    return tuple(_text(item) for item in value)


def _text_or_texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else _texts(value)


def _facts(value: object) -> tuple[str, ...]:
    facts = _texts(value)
    for fact in facts:
        if not re.fullmatch(r"R-\d\d", fact):
            raise ValueError(f"has {fact!r}, which is no fact number such as R-07")
    return facts


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"is {value!r}, not a table")
    return value


def _tables(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"is {value!r}, not an array of tables")
    return value


def _tables_by_name(value: object) -> dict[str, dict[str, Any]]:
    return {name: _table(item) for name, item in _table(value).items()}


def _one_of(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError:
            raise ValueError(f"is {value!r}, not one of {', '.join(kind)}") from None

    return read


_RULES: Mapping[str, Callable[[Any], Any]] = {
    "allow_empty_referer": _flag,
    "allow_truncate_query_string": _flag,
    "truncate_path": _flag,
    "whitelist": _texts,
    "blacklist": _texts,
}
_CASE: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "facts": _facts,
    "rules": _text,
    "referer": _text_or_texts,
    "signed": _one_of(Signing),
    "method": _text,
    "scope": _one_of(Scope),
    "acl": _text,
    "object": _one_of(Object),
    "verdict": _one_of(Verdict),
    "ec": _text,
    "reason": _one_of(Reason),
    "entry": _text,
    "basis": _one_of(Basis),
}
