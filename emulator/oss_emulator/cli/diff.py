"""`oss-emulator diff`: whom new rules let in or keep out that old ones did not."""

from __future__ import annotations

import argparse
from typing import Any

from oss_emulator.cli import bucket, changes, rules
from oss_emulator.cli.output import show, write_json
from oss_emulator.lab import diff

_DESCRIPTION = (
    "Compares rules by what they decide. Without --referers it makes Referers from the entries of "
    "both, and then searches for one that it missed. Ends with 0 if they are equivalent, else "
    "with 1."
)


def declare(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "diff", help="find whom new rules let in or keep out", description=_DESCRIPTION
    )
    parser.add_argument("old", metavar="OLD", help=rules.HELP)
    parser.add_argument("new", metavar="NEW", help="in the same way")
    parser.add_argument(
        "--referers",
        metavar="FILE",
        help="compare by these Referers only, one a line; an empty line is no Referer",
    )
    parser.add_argument("--all", action="store_true", help="show every Referer that was found")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    bucket.declare(parser)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare two configurations."""
    old = rules.read(arguments.old, arguments)
    new = rules.read(arguments.new, arguments)
    referers: list[str | None] | None = None
    if arguments.referers is not None:
        text = rules.decode(rules.read_source(arguments.referers))
        referers = [item.strip() or None for item in text.splitlines()]
    found = diff.compare(old, new, referers)
    if arguments.json:
        write_json(changes.to_dict(found))
    else:
        show(*changes.describe(found, whole=arguments.all))
    return int(not found.equivalent)
