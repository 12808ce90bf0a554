"""`oss-emulator test`: run decision tables, and list the entries that no case touches."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from oss_emulator.cli import rules
from oss_emulator.cli.output import Block, Text, Tone, line, referer, show, write_json, writing
from oss_emulator.cli.parser import Commands, InputError
from oss_emulator.lab import junit, tables
from oss_emulator.lab.tables import Report, Result, Untouched
from oss_emulator.referer import explanation

_DESCRIPTION = (
    "Runs decision tables. RULES replaces the rules in the tables; a table with rules of its own "
    "may be given alone. The exit status is 0 if all cases pass and touch each entry, 1 if a case "
    "fails or an entry is not touched, and 2 if a table has no cases or cannot be read."
)


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("test", run, description=_DESCRIPTION)
    parser.add_argument("rules", metavar="RULES", help=rules.HELP)
    parser.add_argument("tables", metavar="TABLE", nargs="*", help="a decision table in TOML")
    parser.add_argument(
        "--junit", metavar="FILE", type=Path, help="write JUnit XML to FILE as well"
    )
    parser.add_argument(
        "--partial", action="store_true", help="accept entries that no case touches"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run every table."""
    given = rules.read_all(arguments.rules, arguments) if arguments.tables else None
    paths = arguments.tables or [arguments.rules]
    reports = [tables.run(_read_table(Path(path), given, arguments)) for path in paths]
    if arguments.junit is not None:
        _write_junit(arguments.junit, reports)
    untouched = _never_touched(reports) if given else reports[0].untouched
    if arguments.json:
        write_json(_to_dict(reports, untouched))
    else:
        show(*_report(reports, untouched, arguments.partial))
    passed = all(report.passed for report in reports)
    return int(not passed or (bool(untouched) and not arguments.partial))


def _read_table(path: Path, given: Any, arguments: argparse.Namespace) -> tables.DecisionTable:
    try:
        return tables.read(path, given, arguments.assumptions)
    except tables.TableError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


def _never_touched(reports: Sequence[Report]) -> tuple[Untouched, ...]:
    """Return the entries that no case touched, for tables with the same rules."""
    return tuple(
        item
        for item in reports[0].untouched
        if all(item in report.untouched for report in reports[1:])
    )


def _write_junit(path: Path, reports: Sequence[Report]) -> None:
    with writing(path) as file:
        file.write(junit.format(map(_suite, reports)))


def _suite(report: Report) -> junit.JUnitSuite:
    cases = [
        junit.JUnitCase(
            f"{report.table.path.stem}.{result.case.rules or 'rules'}",
            result.case.name,
            [str(difference) for difference in result.differences],
            explanation.describe(result.decision),
        )
        for result in report.results
    ]
    return junit.JUnitSuite(str(report.table.path), cases)


def _report(
    reports: Sequence[Report], untouched: Sequence[Untouched], partial: bool
) -> Iterator[Block]:
    for report in reports:
        failed = [result for result in report.results if not result.passed]
        passed = len(report.results) - len(failed)
        tone = Tone.BAD if failed else Tone.GOOD
        said = f"{passed} passed" + (f", {len(failed)} failed" if failed else "")
        yield line(f"{report.table.path}  ", Text(said, tone))
        for result in failed:
            yield from _describe(result)
    if untouched:
        yield line()
        yield line(Text("Entries that no case touched", Tone.WARNING))
        for item in untouched:
            rules_name = f"{item.rules}, " if item.rules else ""
            where = f"{rules_name}{item.list} entry {item.position + 1}: "
            yield line(Text(where, Tone.FAINT), item.entry or '""', indent=2)
        if not partial:
            advice = "Add a case for each, or accept that they are not tested with --partial."
            yield line(Text(advice, Tone.WARNING))


def _describe(result: Result) -> Iterator[Block]:
    yield line(Text("failed  ", Tone.BAD), Text(result.case.name, Tone.STRONG), indent=2)
    yield line(referer(result.case.counted), indent=10)
    for difference in result.differences:
        yield line(str(difference), indent=10)
    yield line(Text(explanation.sentence(result.decision.steps[-1]), Tone.FAINT), indent=10)


def _to_dict(reports: Sequence[Report], untouched: Sequence[Untouched]) -> dict[str, object]:
    return {
        "passed": all(report.passed for report in reports),
        "complete": not untouched,
        "tables": [
            {
                "table": str(report.table.path),
                "cases": [_case(result) for result in report.results],
            }
            for report in reports
        ],
        "untouched": [
            {
                "rules": item.rules,
                "list": item.list.value,
                "position": item.position,
                "entry": item.entry,
            }
            for item in untouched
        ],
    }


def _case(result: Result) -> dict[str, object]:
    return {
        "name": result.case.name,
        "passed": result.passed,
        "allowed": result.decision.allowed,
        "ec": result.decision.ec,
        "entry": result.decision.entry,
        "differences": [
            {"aspect": item.aspect, "expected": item.expected, "actual": item.actual}
            for item in result.differences
        ],
    }
