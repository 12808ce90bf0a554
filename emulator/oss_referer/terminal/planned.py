"""What a plan of Terraform changes about rules: `diff` with one argument."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from oss_referer.advice import diff
from oss_referer.advice.diff import Diff
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.findings.remark import Remark
from oss_referer.sources.sources import RulesForm
from oss_referer.sources.terraform import PlannedChange
from oss_referer.sources.toml import SourceError
from oss_referer.terminal import changes, formats, rules
from oss_referer.terminal.bucket import SCHEME
from oss_referer.terminal.formats import Findings
from oss_referer.terminal.output import Block, Text, Tone, line
from oss_referer.terminal.parser import InputError
from oss_referer.terminal.rules import SelectedRules, Source


@dataclass(frozen=True, slots=True)
class _Compared:
    """The rules of one resource before and after a plan."""

    change: PlannedChange
    old: RefererConfiguration
    new: RefererConfiguration
    diff: Diff

    def describe(self, whole: bool) -> Iterator[Block]:
        """Yield what changes, below the address of the resource."""
        bucket = f", {SCHEME}{self.change.bucket}" if self.change.bucket else ""
        about = Text(f"  ({' and '.join(self.change.actions)}{bucket})", Tone.FAINT)
        yield line(Text(self.change.address, Tone.STRONG), about)
        if self.change.deletes_bucket:
            said = Sentence("The bucket itself is deleted, with all its objects.")
            yield line(Text(said, Tone.WARNING))
        yield from changes.describe_text(self.old, self.new)
        yield from changes.describe(self.diff, whole=whole)

    def to_dict(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {
            "resource": self.change.address,
            "actions": self.change.actions,
            "bucket": self.change.bucket,
            **changes.to_dict(self.diff),
        }

    def remark(self, source: Source, whole: bool) -> Iterator[Remark]:
        """Yield what changes for other tools."""
        new = SelectedRules(self.new, self.change.address, source, RulesForm.TERRAFORM)
        return changes.remark(self.diff, new, whole=whole)


def show_changes(arguments: argparse.Namespace, referers: Sequence[str | None] | None) -> int:
    """Show how the rules of each resource change.

    Returns 1 if a decision changes, or 2 if a resource has a value that is not known.
    """
    try:
        source, found = rules.find_changes(arguments.old, arguments)
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
    findings = Findings(
        text=_describe_all(compared, arguments.all),
        data=lambda: [item.to_dict() for item in compared],
        remarks=(part for item in compared for part in item.remark(source, arguments.all)),
        kinds=changes.KINDS,
        wrong=wrong,
        is_empty=bool(wrong) and not compared,
    )
    formats.print_findings(findings, arguments)
    differ = any(not item.diff.equivalent for item in compared)
    return InputError.status if wrong else int(differ)


def _describe_all(compared: Sequence[_Compared], whole: bool) -> Iterator[Block]:
    if not compared:
        yield line(Sentence("The plan has no rules."))
    for number, item in enumerate(compared):
        if number:
            yield line()
        yield from item.describe(whole)
