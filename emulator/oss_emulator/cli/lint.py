"""`oss-emulator lint`: find mistakes in rules, each with a Referer that shows it."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from oss_emulator.cli import rules
from oss_emulator.cli.output import (
    Block,
    Piece,
    Text,
    TextTable,
    Tone,
    line,
    referer,
    show,
    write,
    write_json,
)
from oss_emulator.lab import lint
from oss_emulator.lab.lint import Evidence, Finding, LintRule, Severity

_DESCRIPTION = (
    "Finds mistakes in rules. The engine has decided on every Referer that is shown. The exit "
    "status is 0 if there are only notes, and 1 if there are errors or warnings."
)
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING, Severity.NOTE: Tone.FAINT}
_NAMES = {rule.name: rule for rule in lint.RULES}


def declare(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("lint", help="find mistakes in rules", description=_DESCRIPTION)
    parser.add_argument("rules", metavar="RULES", nargs="?", help=rules.HELP)
    parser.add_argument(
        "--ignore",
        action="append",
        choices=sorted(_NAMES),
        default=[],
        metavar="RULE",
        help="leave out a rule of the linter; may be repeated",
    )
    parser.add_argument(
        "--explain",
        choices=sorted(_NAMES),
        metavar="RULE",
        help="explain a rule of the linter",
    )
    parser.add_argument("--list", action="store_true", help="list the rules of the linter")
    parser.add_argument("--json", action="store_true", help="print JSON")
    rules.declare(parser)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Lint rules, or list or explain the rules of the linter."""
    if arguments.explain:
        return _explain(_NAMES[arguments.explain])
    if arguments.list:
        return _list(arguments.json)
    if arguments.rules is None:
        arguments.parser.error("give RULES, --list or --explain RULE")
    asked = [rule for rule in lint.RULES if rule.name not in arguments.ignore]
    configuration = rules.read(arguments.rules, arguments)
    found = lint.run(configuration, asked, arguments.assumptions)
    if arguments.json:
        write_json([_to_dict(finding) for finding in found])
    else:
        show(*_report(found))
    return int(any(finding.severity is not Severity.NOTE for finding in found))


def _explain(rule: LintRule) -> int:
    write(f"{rule.name} ({rule.severity})\n\n{rule.page}\n")
    return 0


def _list(as_json: bool) -> int:
    if as_json:
        write_json(
            [
                {"rule": rule.name, "severity": rule.severity.value, "title": rule.title}
                for rule in lint.RULES
            ]
        )
    else:
        rows = [
            (Text(rule.severity, _TONES[rule.severity]), rule.name, rule.title)
            for rule in lint.RULES
        ]
        show(TextTable(("severity", "rule", "what it finds"), rows))
    return 0


def _report(found: Sequence[Finding]) -> Iterator[Block]:
    for finding in found:
        if finding.severity is not Severity.NOTE:
            yield from _describe(finding)
            yield line()
    notes = [finding for finding in found if finding.severity is Severity.NOTE]
    if notes:
        yield line(Text("Good to know", Tone.STRONG))
        for note in notes:
            about = f"{note.place.entry}: " if note.place else ""
            name = Text(f"  [{note.rule}]", Tone.FAINT)
            yield line(f"{about}{note.reason}", name, indent=2)
        yield line()
    yield line(*_summary(found))


def _describe(finding: Finding) -> Iterator[Block]:
    where: tuple[Piece, ...] = ()
    if finding.place is not None:
        number = finding.place.position + 1
        entry = Text(finding.place.entry or '""', Tone.STRONG)
        where = (f"  {finding.place.list} entry {number}: ", entry)
    yield line(Text(finding.severity, _TONES[finding.severity]), f" {finding.rule}", *where)
    yield line(finding.reason, indent=2)
    yield line(Text("shown by  ", Tone.FAINT), *_evidence(finding), indent=2)
    for number, piece in enumerate(_corrections(finding)):
        yield line(Text("          " if number else "correct   ", Tone.FAINT), piece, indent=2)


def _evidence(finding: Finding) -> tuple[Piece, ...]:
    shown = referer(finding.referer)
    if finding.evidence in (Evidence.ALLOWED, Evidence.DENIED):
        ec = f", EC {finding.decision.ec}" if finding.decision.ec else ""
        return shown, f" {finding.evidence}{ec}"
    return shown, f" {finding.evidence}"


def _corrections(finding: Finding) -> Iterator[Text]:
    correction = finding.correction
    for entry in correction.instead or ():
        yield Text(entry, Tone.GOOD)
    if correction.instead == ():
        yield Text("leave it out", Tone.GOOD)
    for entry in correction.add:
        yield Text(f"add {entry}", Tone.GOOD)
    if correction.set:
        yield Text(correction.set, Tone.GOOD)


def _summary(found: Sequence[Finding]) -> tuple[Piece, ...]:
    count = Counter(finding.severity for finding in found)
    if not found:
        return (Text("nothing found", Tone.GOOD),)
    parts = [
        f"{count[severity]} {severity}{'' if count[severity] == 1 else 's'}"
        for severity in Severity
        if count[severity]
    ]
    return (Text(", ".join(parts), _TONES[found[0].severity]),)


def _to_dict(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "list": place.list.value if place else None,
        "position": place.position if place else None,
        "entry": place.entry if place else None,
        "reason": finding.reason,
        "referer": finding.referer,
        "claim": finding.evidence.value,
        "allowed": finding.decision.allowed,
        "ec": finding.decision.ec,
        "basis": finding.decision.basis.value,
        "instead": finding.correction.instead,
        "add": finding.correction.add,
        "set": finding.correction.set or None,
    }
