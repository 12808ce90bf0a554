"""`oss-emulator diff`: find the Referers that two configurations decide differently."""

import argparse

from oss_referer.advice import diff
from oss_referer.sources.toml import MAX_FILE
from oss_referer.terminal import changes, formats, planned, rules
from oss_referer.terminal.formats import Findings
from oss_referer.terminal.parser import Commands, InputError

_DESCRIPTION = (
    "Compares the decisions of two configurations. Without --referers it tries Referers made from "
    "the entries of both and, if they show no difference, searches all possible Referers. The "
    "exit status is 0 if the configurations are equivalent, 1 if they differ, and 2 if one cannot "
    "be read. A plan of Terraform has both: without NEW, the rules of each of its resources are "
    "compared, before against after."
)


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("diff", run, description=_DESCRIPTION)
    parser.add_argument("old", metavar="OLD", help=rules.HELP)
    parser.add_argument(
        "new",
        metavar="NEW",
        nargs="?",
        help="the new rules, given in the same way; left out if OLD is a plan of Terraform",
    )
    parser.add_argument(
        "--referers",
        metavar="FILE",
        help="try these Referers only, one on each line; an empty line means no Referer",
    )
    parser.add_switch("--all", "show every Referer that is decided differently")
    formats.declare(parser)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare two configurations."""
    referers: list[str | None] | None = None
    if arguments.referers is not None:
        text = rules.decode(rules.read_source(arguments.referers, MAX_FILE), MAX_FILE)
        referers = [item.strip() or None for item in text.splitlines()]
        if not referers:
            raise InputError(f"{arguments.referers}: there are no Referers; write one on each line")
    if arguments.new is None:
        return planned.show_changes(arguments, referers)
    old = rules.read(arguments.old, arguments)
    new = rules.select(arguments.new, arguments)
    found = diff.compare(old, new.configuration, referers, arguments.assumptions)
    findings = Findings(
        text=changes.describe(found, whole=arguments.all),
        data=lambda: changes.to_dict(found),
        remarks=changes.remark(found, new, whole=arguments.all),
        kinds=changes.KINDS,
    )
    formats.print_findings(findings, arguments)
    return int(not found.equivalent)
