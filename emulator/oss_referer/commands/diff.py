"""`oss-emulator diff`: find the Referers that two configurations decide differently."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from oss_referer.advice import diff
from oss_referer.advice.diff import Diff
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.remarks import Remark
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.terraform import PlannedChange
from oss_referer.sources.toml import MAX_FILE, SourceError
from oss_referer.terminal import changes, formats, rules
from oss_referer.terminal.bucket import SCHEME
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import Block, Text, Tone, line
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import SelectedRules, Source

_DESCRIPTION = (
    "Compares the decisions of two configurations. Without --referers it tries Referers made from "
    "the entries of both and, if they show no difference, searches all possible Referers. The "
    "exit status is 0 if the configurations are equivalent, 1 if they differ, and 2 if one cannot "
    "be read. A plan of Terraform has both: without NEW, the rules of each of its resources are "
    "compared, before against after."
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("diff", run, description=_DESCRIPTION)
    parser.add_value("old", "OLD", rules.HELP)
    said = "the new rules, given in the same way; left out if OLD is a plan of Terraform"
    parser.add_value("new", "NEW", said, nargs="?")
    said = "try these Referers only, one on each line; an empty line means no Referer"
    parser.add_value("--referers", "FILE", said)
    parser.add_switch("--all", "show every Referer that is decided differently")
    formats.declare(parser)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    referers: list[str | None] | None = None
    if arguments.referers is not None:
        text = rules.decode(rules.read_source(arguments.referers, MAX_FILE), MAX_FILE)
        referers = [item.strip() or None for item in text.splitlines()]
        if not referers:
            raise InputError(f"{arguments.referers}: there are no Referers; write one on each line")
    if arguments.new is None:
        return _run_on_plan(arguments, referers)
    old, new = rules.select_together([arguments.old, arguments.new], arguments)
    found = diff.compare(old.configuration, new.configuration, referers, arguments.assumptions)
    command_result = CommandResult(
        text=[*changes.describe(found, whole=arguments.all), *_compare_switch(old, new)],
        data=lambda: changes.to_dict(found),
        remarks=changes.remark(found, new, whole=arguments.all),
        kinds=changes.KINDS,
    )
    formats.print_result(command_result, arguments)
    return int(not found.equivalent)


def _compare_switch(old: SelectedRules, new: SelectedRules) -> Iterator[Block]:
    """Warn that a default of Terraform, which its files do not show, may cause a difference."""
    before, after = (one.configuration.allow_truncate_query_string for one in (old, new))
    if before != after and {old.form, new.form} & {RulesForm.HCL, RulesForm.TERRAFORM}:
        values = str(before).lower(), str(after).lower()
        template = (
            "AllowTruncateQueryString is {} in the old rules and {} in the new ones; Terraform "
            "sends false where its file leaves it out (R-38)."
        )
        yield line(Text(Sentence(template, *values), Tone.WARNING))


# The changes of a plan of Terraform: `diff` with one argument


@dataclass(frozen=True, slots=True)
class _Compared:
    """The rules of one resource before and after a plan."""

    change: PlannedChange
    old: RefererConfiguration
    new: RefererConfiguration
    diff: Diff

    def describe(self, whole: bool) -> Iterator[Block]:
        bucket = f", {SCHEME}{self.change.bucket}" if self.change.bucket else ""
        about = Text(f"  ({' and '.join(self.change.actions)}{bucket})", Tone.FAINT)
        yield line(Text(self.change.address, Tone.STRONG), about)
        if self.change.deletes_bucket:
            said = Sentence("The bucket itself is deleted, with all its objects.")
            yield line(Text(said, Tone.WARNING))
        yield from changes.describe_text(self.old, self.new)
        yield from changes.describe(self.diff, whole=whole)

    def to_dict(self) -> dict[str, Any]:
        return {
            "resource": self.change.address,
            "actions": self.change.actions,
            "bucket": self.change.bucket,
            **changes.to_dict(self.diff),
        }

    def remark(self, source: Source, whole: bool) -> Iterator[Remark]:
        new = SelectedRules(self.new, self.change.address, source, RulesForm.TERRAFORM)
        return changes.remark(self.diff, new, whole=whole)


def _run_on_plan(arguments: argparse.Namespace, referers: Sequence[str | None] | None) -> int:
    """Show the changes to the rules of each resource.

    Return 1 if a decision changes, 2 if a value of a resource is not known.
    """
    if arguments.old.startswith(SCHEME):
        raise InputError("NEW is missing; write oss-emulator diff OLD NEW")
    try:
        source, found = rules.find_changes(arguments.old)
    except InputError as error:
        if error.place is None:
            raise
        raise InputError(f"NEW is missing, and {error}", error.place) from None
    compared: list[_Compared] = []
    wrong: list[InputError] = []
    for change in found.values():
        try:
            old, new = change.rules()
        except SourceError as error:
            wrong.append(rules.error_at(source, error))
            continue
        result = diff.compare(old, new, referers, arguments.assumptions)
        compared.append(_Compared(change, old, new, result))
    command_result = CommandResult(
        text=_describe_all(compared, arguments.all),
        data=lambda: [item.to_dict() for item in compared],
        remarks=(part for item in compared for part in item.remark(source, arguments.all)),
        kinds=changes.KINDS,
        wrong=wrong,
        is_empty=bool(wrong) and not compared,
    )
    formats.print_result(command_result, arguments)
    differ = any(not item.diff.equivalent for item in compared)
    return InputError.status if wrong else int(differ)


def _describe_all(compared: Sequence[_Compared], whole: bool) -> Iterator[Block]:
    if not compared:
        yield line(Sentence("The plan has no rules."))
    for number, item in enumerate(compared):
        if number:
            yield line()
        yield from item.describe(whole)
