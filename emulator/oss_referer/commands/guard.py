"""`oss-emulator guard`: block a change of rules that locks out more requests than agreed."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path

from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.remarks import format_github
from oss_referer.sources.terraform import PlannedChange
from oss_referer.terminal import formats, language, logs, rules
from oss_referer.terminal.output import settle, write, write_json, writing
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import Source
from oss_referer.traffic import guard
from oss_referer.traffic.guard import Agreement, GuardResult, Limit
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.report import ReplayNames, replay_each

_DESCRIPTION = (
    "Replays access logs under the rules that a plan of Terraform would put, and blocks the plan "
    "if they lock out more requests than was agreed. The exit status is 0 if the plan passes, 1 if "
    "it is blocked, and 2 if something cannot be read or is known only after apply."
)


class GuardFormat(StrEnum):
    MARKDOWN = "markdown"
    GITHUB = "github"
    JSON = "json"


def declare(commands: Commands) -> None:
    parser = commands.add_parser("guard", run, description=_DESCRIPTION)
    said = "the output of terraform show -json for a plan; PLAN#ADDRESS selects one resource"
    parser.add_value("--plan", "PLAN", said, required=True)
    parser.add_value("--logs", "LOG", logs.HELP, action="extend", nargs="+", required=True)
    said = "the most requests to lock out, of each bucket: 0.1%% or a number (default: 0)"
    parser.add_value("--max-revoked", "LIMIT", said, type=_limit, default=Limit.parse("0"))
    said = (
        "do not count the requests of this host, which may be locked out: a name, *.NAME, or - for "
        "no Referer"
    )
    parser.add_repeated("--agreed", "HOST", said)
    said = "block a plan if the logs have fewer requests to a bucket (default: 1)"
    parser.add_value("--min-requests", "N", said, type=_count, default=1)
    formats.declare_choices(
        parser,
        tuple(GuardFormat),
        "how to print the report (default: markdown); github makes annotations of a workflow",
    )
    parser.add_output("--report", said="also write the report in Markdown")
    said = "write what was judged and the verdict, for apply --require-token"
    parser.add_output("--token", said=said)
    logs.declare(parser)
    rules.declare_service(parser)


def run(arguments: argparse.Namespace) -> int:
    agreement = Agreement(arguments.max_revoked, tuple(arguments.agreed), arguments.min_requests)
    source, found = rules.find_changes(arguments.plan, arguments)
    changed = _by_bucket(source, _changed(source, found, arguments), arguments.bucket)
    judged, logs_read = _judge_all(changed, agreement, arguments)
    notes = [
        Sentence("{} deletes the bucket itself, with all its objects.", change.address)
        for change in found.values()
        if change.deletes_bucket
    ]
    token = guard.make_token(judged, agreement, logs_read)
    markdown = guard.format_markdown(judged, notes, language.say)
    match GuardFormat(arguments.format):
        case GuardFormat.MARKDOWN:
            write(markdown)
        case GuardFormat.GITHUB:
            write(format_github(guard.remark(judged, source.name, notes)))
        case GuardFormat.JSON:
            reports = [{"resource": item.resource, "report": item.report} for item in judged]
            write_json({**token, "notes": notes, "reports": reports})
    with ExitStack() as files:  # renames both at its end
        for name, text in (
            (arguments.report, markdown),
            (arguments.token, json.dumps(token, indent=2) + "\n"),
        ):
            if name:
                file = files.enter_context(writing(Path(name), InputError))
                file.write(text.encode())
                settle(file)  # before the renames, because this is slow
    return int(any(change.objection for change in judged))


BeforeAndAfter = tuple[RefererConfiguration, RefererConfiguration]


def _changed(
    source: Source, found: Mapping[str, PlannedChange], arguments: argparse.Namespace
) -> Iterator[tuple[PlannedChange, BeforeAndAfter]]:
    """Yield the changes of rules, only for `--bucket` if given. Raises InputError."""
    for change in found.values():
        if arguments.bucket and change.bucket not in (None, arguments.bucket):
            continue
        with rules.locating(source):
            old, new = change.rules()
        if guard.hash_rules(old) != guard.hash_rules(new):
            yield change, (old, new)


def _by_bucket(
    source: Source, changed: Iterator[tuple[PlannedChange, BeforeAndAfter]], named: str | None
) -> dict[str, tuple[PlannedChange, BeforeAndAfter]]:
    """Return the changes by their buckets; `named` is the bucket of changes without a name.

    Raises InputError if a bucket is not known, and if two resources set the rules of one bucket,
    because the last one would win.
    """
    found: dict[str, tuple[PlannedChange, BeforeAndAfter]] = {}
    for change, both in changed:
        bucket = change.bucket or named
        if bucket is None:
            raise InputError(
                f"{source.name}: the name of the bucket of {change.address} is sensitive or known "
                "only after apply; write it, or add --bucket NAME"
            )
        if bucket in found:
            rival = found[bucket][0]
            addresses = f"{rival.address} and {change.address}"
            if rival.bucket and change.bucket:
                raise InputError(
                    f"{source.name}: {addresses} both change the rules of {bucket}; leave one of "
                    "them out of the configuration"
                )
            raise InputError(
                f"{source.name}: --bucket {bucket} would name the buckets of both "
                f"{addresses}, of which the plan does not name all; select one resource with "
                "--plan PLAN#ADDRESS"
            )
        found[bucket] = change, both
    return found


def _judge_all(
    changed: Mapping[str, tuple[PlannedChange, BeforeAndAfter]],
    agreement: Agreement,
    arguments: argparse.Namespace,
) -> tuple[list[GuardResult], set[tuple[str, str]]]:
    """Replay the logs under the new rules; also return the names and hashes of the logs."""
    if not changed:
        return [], set()
    questions = []
    for bucket, (_, (_, new)) in changed.items():
        selected = logs.select(arguments, Judge(new, None, arguments.assumptions), bucket)
        names = ReplayNames(arguments.plan, logs=selected.names.logs)
        questions.append(replace(selected, top=guard.TOP, names=names))
    with logs.reading(arguments) as read:
        hashes = {(path.name, _hash(path)) for path in read.paths}
        reports = [*replay_each(questions, read)]
    judged = [
        GuardResult(
            resource=change.address,
            actions=change.actions,
            bucket=bucket,
            old=old,
            new=new,
            report=report,
            agreement=agreement,
        )
        for (bucket, (change, (old, new))), report in zip(changed.items(), reports, strict=True)
    ]
    return judged, hashes


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return int(text)
