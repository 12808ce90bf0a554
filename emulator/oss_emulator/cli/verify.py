"""`oss-emulator verify`: check a certificate of `diff`."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from oss_emulator import extras, json_text, solver, verifier
from oss_emulator.cli import formats, planned, rules
from oss_emulator.cli.formats import Format
from oss_emulator.cli.output import Text, Tone, line, show, write_json
from oss_emulator.cli.parser import CommandError, Commands, InputError
from oss_emulator.cli.rules import Source
from oss_emulator.referer import RefererConfiguration
from oss_emulator.referer.sentence import Sentence
from oss_emulator.solver import SolverMissingError
from oss_emulator.toml import MAX_FILE
from oss_emulator.verifier import ProofError

_DESCRIPTION = (
    "Checks a certificate that `diff --certificate` wrote for two configurations, with a program "
    "of its own. The exit status is 0 if the certificate proves its claim, and 1 if it does not. "
    "Without NEW, the certificates of all resources of a plan of Terraform are checked."
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
    rules.declare_both(parser)
    parser.add_switch("--z3", "also ask z3, a theorem prover (extra z3)")
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check a certificate, or those of a plan."""
    source = rules.read_source(arguments.certificate, MAX_FILE)
    with rules.locating(source):
        certificate = json_text.parse(source.content)
    if arguments.new is None:
        proved = [*_prove_plan(source, certificate, arguments)]
    else:
        both = rules.read(arguments.old, arguments), rules.read(arguments.new, arguments)
        proved = [_prove(source, certificate, both, arguments)]
    if arguments.format == Format.JSON:
        write_json(proved[0] if arguments.new else proved)
        return 0
    if not proved:
        show(line(planned.NOTHING))
    for item in proved:
        if "resource" in item:
            show(line(Text(item["resource"], Tone.STRONG)))
        show(line(Text(_PROVED[item["proved"]], Tone.GOOD)))
        if item["z3"]:
            show(line(_SECOND[item["z3"]]))
    return 0


def _prove_plan(
    source: Source, certificates: Any, arguments: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Check the certificate of each resource of a plan. Raises CommandError and InputError."""
    plan, found = planned.find_changes(arguments)
    for address, change in found.items():
        mine = [
            item
            for item in (certificates if isinstance(certificates, list) else ())
            if isinstance(item, dict) and item.get("resource") == address
        ]
        if not mine:
            raise CommandError(f"{source.name}: there is no certificate for {address}")
        with rules.locating(plan):
            both = change.rules()
        yield _prove(source, mine[0], both, arguments, resource=address)


def _prove(
    source: Source,
    certificate: Any,
    both: tuple[RefererConfiguration, RefererConfiguration],
    arguments: argparse.Namespace,
    **about: str,
) -> dict[str, Any]:
    """Return what a certificate proves, as values for JSON. Raises CommandError."""
    old, new = map(asdict, both)
    given = {**about, "old": old, "new": new, "assumptions": asdict(arguments.assumptions)}
    try:
        claim = verifier.verify(certificate, given)
    except ProofError as error:
        raise CommandError(f"{source.name}: the certificate proves nothing: {error}") from None
    return {**about, "proved": claim, "z3": _ask_z3(given, claim) if arguments.z3 else None}


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
