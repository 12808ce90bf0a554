"""`oss-emulator verify`: check a certificate of `diff`."""

import argparse
from dataclasses import asdict
from typing import Any

from oss_emulator import extras, json_text, solver, verifier
from oss_emulator.cli import formats, rules
from oss_emulator.cli.formats import Format
from oss_emulator.cli.output import Text, Tone, line, show, write_json
from oss_emulator.cli.parser import CommandError, Commands, InputError
from oss_emulator.referer.sentence import Sentence
from oss_emulator.solver import SolverMissingError
from oss_emulator.toml import MAX_FILE, SourceError
from oss_emulator.verifier import ProofError

_DESCRIPTION = (
    "Checks a certificate that `diff --certificate` wrote for two configurations, with a program "
    "of its own. The exit status is 0 if the certificate proves its claim, and 1 if it does not."
)
_PROVED = {
    "equal": Sentence("Proved: both rules decide alike on every Referer there can be."),
    "different": Sentence(
        "Proved: the rules decide differently on each Referer that the certificate names."
    ),
}
_SECOND = {
    "unknown": Sentence("z3 does not find out within {} seconds.", str(solver.PATIENCE)),
    "equal": Sentence("z3 finds no Referer either that they decide differently."),
    "different": Sentence("z3 finds a Referer too that they decide differently."),
}


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("verify", run, description=_DESCRIPTION)
    parser.add_argument(
        "certificate", metavar="FILE", help="the certificate, or - for standard input"
    )
    parser.add_argument("old", metavar="OLD", help=rules.HELP)
    parser.add_argument("new", metavar="NEW", help="the new rules, given in the same way")
    parser.add_argument(
        "--z3", action="store_true", help="also ask z3, a theorem prover (extra z3)"
    )
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check a certificate."""
    source = rules.read_source(arguments.certificate, MAX_FILE)
    try:
        certificate = json_text.parse(source.content)
    except SourceError as error:
        raise rules.error_at(source, error) from None
    given = {
        "old": asdict(rules.read(arguments.old, arguments)),
        "new": asdict(rules.read(arguments.new, arguments)),
        "assumptions": asdict(arguments.assumptions),
    }
    try:
        claim = verifier.verify(certificate, given)
    except ProofError as error:
        raise CommandError(f"{source.name}: the certificate proves nothing: {error}") from None
    second = _ask_z3(given, claim) if arguments.z3 else None
    if arguments.format == Format.JSON:
        write_json({"proved": claim, "z3": second})
    else:
        show(line(Text(_PROVED[claim], Tone.GOOD)))
        if second is not None:
            show(line(_SECOND[second]))
    return 0


def _ask_z3(given: dict[str, Any], claim: str) -> str:
    """Return what z3 says. Raises CommandError if that is something else."""
    try:
        said = solver.ask(given)
    except SolverMissingError:
        raise InputError(
            f"--z3 needs the package z3-solver, which is not installed; run {extras.command('z3')}"
        ) from None
    if said not in (claim, "unknown"):
        raise CommandError(f"the certificate proves that the rules are {claim}, but z3 says {said}")
    return said
