"""Decision tables in TOML: rules, requests and expected decisions.

`fixtures/referer/README.md` describes the format.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Basis,
    Decision,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    Scope,
    Signing,
    Stage,
    header,
)
from oss_referer.sources.places import Place
from oss_referer.sources.toml import (
    ONE_OR_MORE,
    SourceError,
    TomlDocument,
    format_path,
    join,
    place_of,
    read_file,
    show,
    statements,
)


class TableError(ValueError):
    """A table cannot be run; the text names the file, the place and the mistake."""

    def __init__(self, path: Path, error: SourceError) -> None:
        super().__init__(f"{path}, {error}")
        self.place = (str(path), error.line, error.column)


class Expected(StrEnum):
    """The verdict that a case expects."""

    ALLOW = "allow"
    DENY = "deny"


class Presence(StrEnum):
    """Whether the requested object exists. No rule depends on it (R-05)."""

    PRESENT = "present"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the expected decision; None means any value."""

    name: str
    verdict: Expected
    rules: str = ""
    """The name of the rules that decide the case; optional in a table with one configuration."""
    facts: tuple[str, ...] = ()
    """The numbers of the facts that the case demonstrates."""
    referer: tuple[str, ...] = field(default=(), metadata=ONE_OR_MORE)
    """The values of the Referer headers; by default the first one counts (R-29, assumed)."""
    signed: Signing = Signing.NONE
    method: str = "GET"
    scope: Scope = Scope.OBJECT
    acl: str = "public-read-write"
    """The bucket's ACL, for a replay over HTTP. No rule depends on it (R-02)."""
    object: Presence = Presence.PRESENT
    """Whether the requested object exists, for a replay over HTTP."""
    ec: str | None = None
    reason: Reason | None = None
    entry: str | None = None
    basis: Basis | None = None
    assumptions: Assumptions = DEFAULT
    """The assumptions of the case override those of its table, which override those of `read`."""

    @property
    def counted(self) -> str | None:
        """The Referer that counts among those that are sent (R-29); None without any."""
        return header.choose(self.referer, self.assumptions.repeated_header)


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """The cases of one file, and the rules that decide them."""

    path: Path
    rules: Mapping[str, RefererConfiguration]
    cases: tuple[Case, ...]
    text: str = field(default="", repr=False)

    def find_cases(self) -> Mapping[int, Place]:
        """Return the places of the cases in the text by number, except for inline tables."""
        return {
            path[1]: place_of(self.text[:start])
            for path, start, _ in statements(self.text)
            if len(path) == 2 and path[0] == "case" and isinstance(path[1], int)
        }


@dataclass(frozen=True, slots=True)
class _TableDocument:
    rules: Mapping[str, RefererConfiguration] = field(default_factory=dict)
    case: tuple[Case, ...] = ()
    assumptions: Assumptions = DEFAULT


@dataclass(frozen=True, slots=True)
class FailedExpectation:
    """One expectation that a decision did not meet."""

    aspect: str
    expected: str
    actual: str | None

    def __str__(self) -> str:
        return f"{self.aspect}: expected {self.expected!r}, was {self.actual!r}"


@dataclass(frozen=True, slots=True)
class Result:
    """The decision on a case, compared with the expected one."""

    case: Case
    decision: Decision
    differences: tuple[FailedExpectation, ...]

    @property
    def passed(self) -> bool:
        """Whether the decision met all expectations."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Untouched:
    """An entry that decided no case of a table."""

    rules: str
    list: Stage
    """Stage.WHITELIST or Stage.BLACKLIST."""
    position: int
    """The position in the list, from 0."""
    entry: str


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a table."""

    table: DecisionTable
    results: tuple[Result, ...]
    untouched: tuple[Untouched, ...]

    @property
    def passed(self) -> bool:
        """Whether all cases passed; untouched entries are allowed."""
        return all(result.passed for result in self.results)


_CASES = re.compile(rb"^[ \t]*\[\[[ \t]*case[ \t]*\]\]", re.MULTILINE)


def has_cases(path: Path, document: bytes) -> bool:
    """Return whether the document of a file seems to be a decision table.

    Other tables, such as those of permissions, have cases with other names.
    """
    if path.suffix.lower() != ".toml" or not _CASES.search(document) or b"verdict" not in document:
        return False
    try:
        content = TomlDocument.parse(document).tables
    except SourceError:
        return True  # reading it later reports the mistake
    of_table, of_case = ({item.name for item in fields(kind)} for kind in (_TableDocument, Case))
    cases: Any = content.get("case", ())
    return bool(cases) and (
        content.keys() <= of_table or any(case.keys() <= of_case for case in cases)
    )


def read(
    path: Path,
    given: Mapping[str, RefererConfiguration] | None = None,
    assumptions: Assumptions = DEFAULT,
    find_beside: Callable[[], Mapping[str, RefererConfiguration]] = dict,
) -> DecisionTable:
    """Read a table.

    `given` replaces the table's own rules. A single configuration decides every case; with several,
    each case names one. `find_beside` returns the rules for a table without any. The table and the
    case may override `assumptions`. Raises TableError, and OSError if the file cannot be read.
    """
    try:
        document = TomlDocument.parse(read_file(path))
        content: _TableDocument = document.convert(_TableDocument)
        if not content.case:
            raise document.error((), "there are no cases; add [[case]] for each request")
        if not given and not content.rules:
            given = find_beside()
            if not given:
                sentence = "there are no rules; add [rules.NAME], or name RULES before the table"
                raise document.error((), sentence)
        rules = given or content.rules
        assumptions = _change(assumptions, content.assumptions, document.tables)
        cases = tuple(
            replace(case, assumptions=_change(assumptions, case.assumptions, table))
            for case, table in zip(content.case, document.tables.get("case", ()), strict=True)
        )
        if given and len(given) == 1:
            cases = tuple(replace(case, rules=next(iter(given))) for case in cases)
        checked = tuple(
            _check_case(document, number, case, rules) for number, case in enumerate(cases)
        )
    except SourceError as error:
        raise TableError(path, error) from None
    return DecisionTable(path, rules, checked, document.text)


def run(table: DecisionTable) -> Report:
    """Decide all cases of a table and compare the decisions with the expected ones."""
    asked = dict.fromkeys((case.rules, case.assumptions) for case in table.cases)
    policies = {
        (name, assumptions): RefererPolicy.compile(table.rules[name], assumptions)
        for name, assumptions in asked
    }
    results = tuple(_run_case(case, policies[case.rules, case.assumptions]) for case in table.cases)
    return Report(table, results, _find_untouched(table, results))


def _run_case(case: Case, policy: RefererPolicy) -> Result:
    decision = policy.decide(
        case.referer[0] if case.referer else None,
        *case.referer[1:],
        signed=case.signed,
        method=case.method,
        scope=case.scope,
    )
    aspects = (
        ("verdict", case.verdict, Expected.ALLOW if decision.allowed else Expected.DENY),
        ("ec", case.ec, decision.ec),
        ("reason", case.reason, decision.reason),
        ("entry", case.entry, decision.entry),
        ("basis", case.basis, decision.basis),
    )
    differences = tuple(
        FailedExpectation(aspect, str(expected), None if actual is None else str(actual))
        for aspect, expected, actual in aspects
        if expected is not None and expected != actual
    )
    return Result(case, decision, differences)


def _change(
    assumptions: Assumptions, changed: Assumptions, table: Mapping[str, Any]
) -> Assumptions:
    """Return the assumptions, replaced where a table sets them."""
    written = table.get("assumptions", {})
    return replace(assumptions, **{name: getattr(changed, name) for name in written})


def _find_untouched(table: DecisionTable, results: tuple[Result, ...]) -> tuple[Untouched, ...]:
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
        # The first of equal entries decides a case, so a duplicate is never touched.
        if (name, stage, entry) not in settled or entry in entries[:position]
    )


def _check_case(
    document: TomlDocument, number: int, case: Case, rules: Mapping[str, RefererConfiguration]
) -> Case:
    """Return a case with the name of its rules. Raises SourceError."""
    for position, fact in enumerate(case.facts):
        if not re.fullmatch(r"R-\d\d", fact):
            fact_path = ("case", number, "facts", position)
            wanted = "the number of a fact, such as R-07"
            sentence = f"{format_path(fact_path)} is {show(fact)}; write {wanted}"
            raise document.error(fact_path, sentence)
    if case.rules in rules:
        return case
    here = ("case", number, "rules")
    known = join(list(rules))
    if case.rules:
        sentence = f"{format_path(here)} is {show(case.rules)}; use {known}"
        raise document.error(here, sentence)
    if len(rules) > 1:
        raise document.error(here, f"{format_path(here)} is missing; use {known}")
    return replace(case, rules=next(iter(rules)))
