"""`oss-emulator replay`: judge the requests of logs by new rules, and block too many lock-outs."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.remarks import format_github
from oss_referer.sources import forms as forms_of_rules
from oss_referer.sources.terraform import PlannedChange
from oss_referer.terminal import formats, logs, results, rules
from oss_referer.terminal.output import Text, Tone, is_styled, line, show, write, writing
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.results import Room, Section
from oss_referer.terminal.rules import Source
from oss_referer.traffic import figures, gate, layout
from oss_referer.traffic.engine import EngineName
from oss_referer.traffic.gate import Gate, Judged, Limit
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.layout import Part
from oss_referer.traffic.report import VERSION, ReplayNames, replay_each

_DESCRIPTION = (
    "Judges every request of access logs by new rules, and reports what they would change: who "
    "would be locked out, who would get in, and what traffic would be saved. Of a plan of "
    "Terraform, each bucket whose rules change is judged by the requests to it. The exit status is "
    "0, 1 if the rules lock out more than --max-locked-out, or 2 if something cannot be read or "
    "written, is known only after apply, or too many lines are damaged."
)
_ON_A_TERMINAL, _ON_A_PAGE = Room(5, 3), Room(10, 10)
"""What is shown without --all."""


class ReplayForm(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"


def declare(commands: Commands) -> None:
    parser = commands.add_parser("replay", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_repeated("--traffic", "LOG", logs.HELP, required=True)
    said = "compare with these rules instead of with the outcome in the log"
    parser.add_value("--against", "RULES", said)
    logs.declare(parser)
    parser.add_switch("--all", "show all rows of each table, and explain all hosts")
    said = f"the price of traffic out to the Internet (default: {figures.PRICE})"
    parser.add_value("--price", "YUAN_PER_GB", said, type=logs.decimal, default=figures.PRICE)
    said = "end with 1 if more requests are locked out: 0.1%% or a number"
    parser.add_value("--max-locked-out", "LIMIT", said, type=_limit)
    said = "do not count this host, which may be locked out: a name, *.NAME, or - for no Referer"
    parser.add_repeated("--agreed", "HOST", said)
    said = "end with 1 if the logs have fewer requests to judge (default: 1)"
    parser.add_value("--min-requests", "N", said, type=_count)
    parser.add_output("--html", said="also write the report as a web page")
    parser.add_output("--report", said="also write the report in Markdown")
    said = "how to print the report (default: text); github makes annotations of a workflow"
    formats.declare_choices(parser, tuple(ReplayForm), said)
    said = "what reads the logs (default: duckdb)"
    parser.add_choice("--engine", EngineName, said, default=EngineName.DUCKDB.value)
    said = "with --engine spark: local[*], spark://…, yarn or k8s://… (default: local[*])"
    parser.add_value("--master", "URL", said, default="local[*]")
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    limit = arguments.max_locked_out
    if limit is None and (arguments.agreed or arguments.min_requests is not None):
        arguments.parser.error("--agreed and --min-requests need --max-locked-out LIMIT")
    least = 1 if arguments.min_requests is None else arguments.min_requests
    found = _find(arguments)
    judged = _judge(found, Gate(limit, tuple(arguments.agreed), least), arguments)
    is_gated = limit is not None or found.plan is not None
    verdict = [gate.verdict(judged, found.notes)] if is_gated else []
    laid = _lay_out(judged, Room() if arguments.all else _ON_A_PAGE)
    for path, form in ((arguments.html, results.page), (arguments.report, results.markdown)):
        if path:
            written = form(verdict, laid)
            with writing(Path(path), InputError) as file:
                file.write(written.encode(errors="backslashreplace"))  # names may be any bytes
    match ReplayForm(arguments.format):
        case ReplayForm.JSON:
            reports = [item.to_dict() for item in judged]
            whole = {"version": VERSION, "notes": found.notes, "reports": reports}
            made = reports[0] if found.plan is None else whole
            write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
        case ReplayForm.MARKDOWN:
            write(results.markdown(verdict, laid))
        case ReplayForm.GITHUB:
            write(format_github(gate.remark(judged, found.where, found.notes)))
        case ReplayForm.TEXT:
            _print(verdict, _lay_out(judged, Room() if arguments.all else _ON_A_TERMINAL))
    return int(any(item.objection for item in judged))


class _Subject(NamedTuple):
    """Rules to judge by the requests to a bucket."""

    name: str
    bucket: str | None
    new: RefererConfiguration
    old: RefererConfiguration | None = None
    actions: tuple[str, ...] = ()


class _FoundRules(NamedTuple):
    subjects: Sequence[_Subject]
    where: str
    """The file or the address of the rules."""
    against: RefererConfiguration | None = None
    plan: Mapping[str, PlannedChange] | None = None
    """The changes of a plan of Terraform, if the rules are one."""

    @property
    def notes(self) -> list[Sentence]:
        return [
            Sentence("{} deletes the bucket itself, with all its objects.", change.address)
            for change in (self.plan or {}).values()
            if change.deletes_bucket
        ]


def _find(arguments: argparse.Namespace) -> _FoundRules:
    """Find the rules to judge: those of each bucket that a plan changes, or the given ones."""
    given = [*filter(None, (arguments.rules, arguments.against))]
    source = rules.read_first(given, arguments)
    if source is not None and forms_of_rules.is_plan(source.content):
        if arguments.against:
            raise InputError(f"{source.name}: a plan is compared with the log; leave out --against")
        _, changes = rules.find_changes(arguments.rules, source)
        subjects = _by_bucket(source, _changed(source, changes, arguments.bucket), arguments.bucket)
        return _FoundRules(subjects, source.name, None, changes)
    new, *others = rules.select_together(given, arguments, source)
    subject = _Subject(arguments.rules, arguments.bucket, new.configuration)
    return _FoundRules([subject], new.where, others[0].configuration if others else None)


def _changed(
    source: Source, changes: Mapping[str, PlannedChange], bucket: str | None
) -> Iterator[_Subject]:
    """Yield the changes of rules, only for a bucket if it is given. Raises InputError."""
    for change in changes.values():
        if bucket and change.bucket not in (None, bucket):
            continue
        with rules.locating(source):
            old, new = change.rules()
        if _normal(old) != _normal(new):
            yield _Subject(change.address, change.bucket, new, old, change.actions)


def _normal(given: RefererConfiguration) -> RefererConfiguration:
    """Return rules without duplicates, in a fixed order."""
    lists = (given.whitelist, given.blacklist)
    white, black = (tuple(sorted(set(entries))) for entries in lists)
    return replace(given, whitelist=white, blacklist=black)


def _by_bucket(
    source: Source, subjects: Iterator[_Subject], named: str | None
) -> Sequence[_Subject]:
    """Return the subjects with their buckets; `named` is the bucket of one without a name.

    Raises InputError if a bucket is not known, and if two resources set the rules of one bucket,
    because the last one would win.
    """
    found: dict[str, _Subject] = {}
    for subject in subjects:
        bucket = subject.bucket or named
        if bucket is None:
            raise InputError(
                f"{source.name}: the name of the bucket of {subject.name} is sensitive or known "
                "only after apply; write it, or add --bucket NAME"
            )
        if bucket in found:
            rival = found[bucket]
            addresses = f"{rival.name} and {subject.name}"
            if rival.bucket and subject.bucket:
                raise InputError(
                    f"{source.name}: {addresses} both change the rules of {bucket}; leave one of "
                    "them out of the configuration"
                )
            raise InputError(
                f"{source.name}: --bucket {bucket} would name the buckets of both "
                f"{addresses}, of which the plan does not name all; select one resource with "
                "PLAN#ADDRESS"
            )
        found[bucket] = subject
    return [subject._replace(bucket=bucket) for bucket, subject in found.items()]


def _judge(found: _FoundRules, asked: Gate, arguments: argparse.Namespace) -> Sequence[Judged]:
    """Replay the logs under all rules."""
    questions = []
    for subject in found.subjects:
        judge = Judge(subject.new, found.against, arguments.assumptions)
        selected = logs.select(arguments, judge, subject.bucket)
        names = ReplayNames(arguments.rules, arguments.against or "", selected.names.logs)
        top = 10_000 if arguments.all else selected.top
        questions.append(replace(selected, top=top, price=arguments.price, names=names))
    if not questions:
        return []
    with logs.reading(arguments, (EngineName(arguments.engine), arguments.master)) as read:
        reports = [*replay_each(questions, read)]
    return [
        Judged(
            subject.name,
            subject.new,
            report,
            asked,
            subject.bucket,
            subject.old,
            subject.actions,
        )
        for subject, report in zip(found.subjects, reports, strict=True)
    ]


def _lay_out(judged: Sequence[Judged], room: Room) -> Sequence[Section]:
    return [
        results.arrange(
            item.name if item.old is not None else "",
            item.report,
            room,
            item.gate.agrees,
            [gate.edits(item)] if item.old else [],
        )
        for item in judged
    ]


def _print(verdict: Sequence[Part], sections: Sequence[Section]) -> None:
    """Print a report; on a terminal, the verdict stands at its end too."""
    show(*results.text(verdict))
    for section in sections:
        title = [line(), line(Text(section.title, Tone.STRONG))] if section.title else []
        show(*title, *([line()] if verdict else []), *results.text(section.parts))
    if is_styled(sys.stdout):
        said = [part._replace(table=None) for part in verdict]
        said = said or [Part(Sentence(""), [*layout.opening(sections[0].report)])]
        show(line(), *results.text(said))


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return int(text)
