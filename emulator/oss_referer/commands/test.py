"""`oss-emulator test`: run decision tables, and list the entries that no case touches."""

import argparse
import os.path
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from oss_referer.engine import RefererConfiguration, Sentence, explanation
from oss_referer.remarks import Remark, RemarkKind, Severity, format_junit
from oss_referer.sources import forms, places, tables
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.places import Place
from oss_referer.sources.tables import Report, Result, Untouched
from oss_referer.sources.toml import SourceError, join
from oss_referer.terminal import bucket, formats, language, rules
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import ENTRIES, Block, Text, Tone, line, referer, writing
from oss_referer.terminal.parser import Commands, InputError, check_outputs
from oss_referer.terminal.rules import SelectedRules

_DESCRIPTION = (
    "Runs decision tables. RULES, which comes first, replaces the rules in the tables; a table "
    "with its own rules needs none, and any other table uses the only rules beside it. A folder "
    "stands for the tables in it, except those that Git ignores. The exit status is 0 if all cases "
    "pass and touch each entry, 1 if a case fails or an entry is not touched, and 2 if a table has "
    "no cases or cannot be read."
)
_KINDS = (
    RemarkKind("case", "The rules do not decide a case of a table as it requires."),
    RemarkKind("untouched", "No case of a table touches an entry.", severity=Severity.WARNING),
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        "test", run, description=_DESCRIPTION, usage="%(prog)s [options] [RULES] TABLE ..."
    )
    said = (
        "a decision table in TOML, or a folder with some. The first may be RULES instead: "
        f"{rules.HELP}"
    )
    parser.add_value("paths", "TABLE", said, nargs="+")
    parser.add_output("--junit", said="write JUnit XML to FILE as well")
    parser.add_switch("--partial", "accept entries that no case touches")
    rules.declare_search(parser)
    formats.declare(parser)
    rules.declare(parser)


@dataclass(frozen=True, slots=True)
class _UntouchedEntry:
    entry: Untouched
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class _Run:
    report: Report
    given: Sequence[SelectedRules] = ()
    """The rules that decided the cases; () for the rules in the table itself."""
    found: bool = False
    """Whether these rules were found beside the table, and not named."""


@dataclass(frozen=True, slots=True)
class _Tested:
    runs: Sequence[_Run]
    untouched: Sequence[_UntouchedEntry]

    @property
    def passed(self) -> bool:
        return all(run.report.passed for run in self.runs)


def run(arguments: argparse.Namespace) -> int:
    given, paths = _separate(arguments)
    runs, wrong = _run_all(paths, given, arguments)
    tested = _Tested(runs, list(_find_untouched(runs)))
    command_result = CommandResult(
        text=_report(tested, arguments.partial),
        data=lambda: _to_dict(tested),
        remarks=_remark(tested, arguments.partial),
        kinds=_KINDS,
        wrong=wrong,
        is_empty=not runs,
    )
    if arguments.junit is not None and runs:
        check_outputs(arguments.parser.find_outputs(arguments), _name_read(runs, wrong))
        with writing(Path(arguments.junit)) as file:
            file.write(format_junit(_remark(tested, arguments.partial)))
    formats.print_result(command_result, arguments)
    passed = tested.passed and (arguments.partial or not tested.untouched)
    return 2 if wrong else int(not passed)


def _name_read(runs: Sequence[_Run], wrong: Sequence[InputError]) -> Iterator[str]:
    """Yield the files that were read, which may be in a folder that was given."""
    for run in runs:
        yield str(run.report.table.path)
        yield from (one.where for one in run.given)
    yield from (error.place[0] for error in wrong if error.place)


def _separate(arguments: argparse.Namespace) -> tuple[Sequence[SelectedRules], Sequence[str]]:
    """Return the rules, which come first, and the tables. Raises InputError."""
    first, *others = arguments.paths
    if not others and _is_rules(first):
        right = shlex.join(["oss-emulator", "test", first, "TABLE"])
        raise InputError(f"{first}: these are rules, and TABLE is missing; write {right}")
    if not others or _has_tables(Path(first)):
        if late := next(filter(_is_rules, others), None):
            tables_given = (path for path in arguments.paths if path != late)
            right = shlex.join(["oss-emulator", "test", late, *tables_given])
            raise InputError(f"RULES come before TABLE; write {right}")
        return rules.select_together([], arguments), arguments.paths
    selected = rules.select_all([first], arguments)
    if selected.wrong:
        raise selected.wrong[0]
    return selected.found, others


def _run_all(
    paths: Sequence[str], given: Sequence[SelectedRules], arguments: argparse.Namespace
) -> tuple[Sequence[_Run], Sequence[InputError]]:
    """Run all tables; also return the errors of tables that cannot be run."""
    runs: list[_Run] = []
    wrong: list[InputError] = []
    for path in paths:
        try:
            files = _find_tables(path, arguments, wrong.append)
        except InputError as error:
            wrong.append(error)
            continue
        for file in files:
            try:
                runs.append(_run_one(file, given, arguments))
            except InputError as error:
                wrong.append(error)
    return runs, wrong


def _run_one(path: Path, given: Sequence[SelectedRules], arguments: argparse.Namespace) -> _Run:
    beside: list[SelectedRules] = []

    def find_beside() -> Mapping[str, RefererConfiguration]:
        beside.extend(_find_beside(path, arguments))
        return {item.name: item.configuration for item in beside}

    named = {item.name: item.configuration for item in given}
    try:
        table = tables.read(path, named, arguments.assumptions, find_beside)
    except tables.TableError as error:
        raise InputError(str(error), error.place) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None
    return _Run(tables.run(table), given or beside, bool(beside))


def _find_beside(path: Path, arguments: argparse.Namespace) -> Sequence[SelectedRules]:
    """Return the only rules in the folder of a table, or (). Raises InputError for several."""
    files, _ = rules.list_files(path.parent)
    beside = (file for file in files if file.parent == path.parent and not _has_tables(file))
    found: list[SelectedRules] = []
    for one in (one for file in beside for one in rules.look(file, arguments)):
        if isinstance(one, InputError):
            raise one
        found.append(one)
    if len(found) > 1:
        known = join([item.argument for item in found])
        raise InputError(f"{path}: there are several rules beside it; write {known} before it")
    return found


def _is_rules(argument: str) -> bool:
    """Return whether an argument can only be RULES; a TOML file may also be a table."""
    if argument == "-" or argument.startswith(bucket.SCHEME):
        return True
    path = Path(argument)
    if not os.path.exists(path):
        return os.path.isfile(argument.rpartition("#")[0])
    if not os.path.isfile(path) or path.suffix.lower() == ".toml":
        return False
    content = rules.read_source(argument).content
    try:
        is_list = forms.detect(content) is RulesForm.LIST and bool(forms.parse(content))
    except SourceError:
        return False
    return is_list or forms.has_rules(path, content)


def _has_tables(path: Path) -> bool:
    """Return whether a path is a folder or a table; a pipe, readable only once, is neither."""
    if not os.path.isfile(path):
        return os.path.isdir(path)
    return tables.has_cases(path, rules.read_source(str(path)).content)


def _find_tables(
    argument: str, arguments: argparse.Namespace, refuse: Callable[[InputError], None]
) -> Sequence[Path]:
    """Return a table, or the tables in a folder. Raises InputError if the folder has none."""
    path = Path(argument)
    if not os.path.isdir(path):
        return [path]
    found, unread = rules.list_files(path)
    files = [file for file in found if _has_tables(file)]
    for error in unread:
        refuse(error)
    if not files and not unread and not arguments.pass_if_none:
        raise InputError(f"{path}: no file below it is a decision table, or Git ignores those")
    return files


def _find_untouched(runs: Sequence[_Run]) -> Iterator[_UntouchedEntry]:
    """Yield the entries that no case touches, in any of the tables that share their rules."""
    shared: dict[Sequence[SelectedRules], list[Report]] = {}
    for run in runs:
        if run.given:
            shared.setdefault(tuple(run.given), []).append(run.report)
            continue
        table = run.report.table
        found = {
            name: places.find(table.text, name, configuration)
            for name, configuration in table.rules.items()
            if any(item.rules == name for item in run.report.untouched)
        }
        for item in run.report.untouched:
            place = found[item.rules].get((item.list, item.position), (1, 1))
            yield _UntouchedEntry(item, str(table.path), place)
    for given, reports in shared.items():
        for selected in given:
            where = selected.find_places()
            for item in reports[0].untouched:
                alike = all(item in report.untouched for report in reports[1:])
                if alike and item.rules == selected.name:
                    place = where.get((item.list, item.position), (1, 1))
                    yield _UntouchedEntry(item, selected.where, place)


def _remark(tested: _Tested, partial: bool) -> Iterator[Remark]:
    for run in tested.runs:
        report = run.report
        where = report.table.find_cases()
        for number, result in enumerate(report.results):
            differences = "; ".join(map(str, result.differences))
            yield Remark(
                source=str(report.table.path),
                kind="case",
                group=f"{report.table.path.stem}.{result.case.rules or 'rules'}",
                name=result.case.name,
                severity=Severity.ERROR if result.differences else None,
                message=f"{result.case.name}: {differences}",
                detail=explanation.describe(result.decision),
                place=where.get(number, (1, 1)),
            )
    for item in () if partial else tested.untouched:
        entry = f"{item.entry.list.value}[{item.entry.position}]"
        yield Remark(
            source=item.source,
            kind="untouched",
            group="untouched",
            name=f"{entry}: {item.entry.entry}",
            severity=Severity.WARNING,
            message=f"{item.entry.entry or 'a blank entry'}: No case touches this entry.",
            place=item.place,
            entry=entry,
        )


def _report(tested: _Tested, partial: bool) -> Iterator[Block]:
    for run in tested.runs:
        report = run.report
        failed = [result for result in report.results if not result.passed]
        passed = len(report.results) - len(failed)
        tone = Tone.BAD if failed else Tone.GOOD
        by = Sentence("by {}  ", run.given[0].argument) if run.found else ""
        count = Text(_count(passed, len(failed)), tone)
        yield line(f"{report.table.path}  ", Text(by, Tone.FAINT), count)
        for result in failed:
            yield from _describe(result)
    if len(tested.runs) > 1:
        yield line()
        yield line(*_summary([run.report for run in tested.runs]))
    yield from _describe_untouched(tested, partial)


def _summary(reports: Sequence[Report]) -> Iterator[Text]:
    results = [result for report in reports for result in report.results]
    failed = sum(not result.passed for result in results)
    tone = Tone.BAD if failed else Tone.GOOD
    yield Text(_count(len(results) - failed, failed), tone)
    yield Text(Sentence(" in {} tables", str(len(reports))), Tone.FAINT)


def _count(passed: int, failed: int) -> Sentence:
    if failed:
        return Sentence("{} passed, {} failed", f"{passed:,}", f"{failed:,}")
    return Sentence("{} passed", f"{passed:,}")


def _describe_untouched(tested: _Tested, partial: bool) -> Iterator[Block]:
    if not tested.untouched:
        return
    yield line()
    yield line(Text(Sentence("Entries that no case touched"), Tone.WARNING))
    several = len({item.source for item in tested.untouched}) > 1
    for item in tested.untouched:
        where = ", ".join(filter(None, (item.source if several else "", item.entry.rules)))
        entry = Sentence(ENTRIES[item.entry.list].template, str(item.entry.position + 1))
        yield line(
            Text(f"{where}, " if where else "", Tone.FAINT),
            Text(Sentence("{}: ", entry), Tone.FAINT),
            item.entry.entry or '""',
            indent=2,
        )
    if not partial:
        advice = Sentence("Add a case for each, or accept that they are not tested with --partial.")
        yield line(Text(advice, Tone.WARNING))


def _describe(result: Result) -> Iterator[Block]:
    yield line(Text(Sentence("failed"), Tone.BAD, 8), Text(result.case.name, Tone.STRONG), indent=2)
    yield line(referer(result.case.counted), indent=10)
    for difference in result.differences:
        values = (difference.expected, difference.actual)
        expected, actual = (Sentence("none") if it is None else repr(it) for it in values)
        said = Sentence("{}: expected {}, was {}", difference.aspect, expected, actual)
        yield line(said, indent=10)
    yield line(Text(language.say_step(result.decision.steps[-1]), Tone.FAINT), indent=10)


def _to_dict(tested: _Tested) -> dict[str, object]:
    return {
        "passed": tested.passed,
        "complete": not tested.untouched,
        "tables": [
            {
                "table": str(run.report.table.path),
                "cases": [_case(result) for result in run.report.results],
            }
            for run in tested.runs
        ],
        "untouched": [
            {
                "file": item.source,
                "rules": item.entry.rules,
                "list": item.entry.list.value,
                "position": item.entry.position,
                "entry": item.entry.entry,
            }
            for item in tested.untouched
        ],
    }


def _case(result: Result) -> dict[str, object]:
    return {
        "name": result.case.name,
        "passed": result.passed,
        "allowed": result.decision.allowed,
        "ec": result.decision.ec,
        "entry": result.decision.entry,
        "differences": [asdict(item) for item in result.differences],
    }
