"""`oss-emulator check`: decide on Referers, and explain the decisions."""

import argparse
import os.path
import re
import shlex
from collections.abc import Iterator, Sequence

from oss_referer.engine import FACTS, Decision, RefererPolicy, Sentence, Signing, explanation
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.remarks import Remark, RemarkKind, Severity
from oss_referer.terminal import formats, language, rules
from oss_referer.terminal.bucket import SCHEME
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import Block, Text, Tone, line, referer, verdict
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import SelectedRules

_DESCRIPTION = (
    "Decides on requests by the rules, and says why. The exit status is 0 if all are allowed, 1 if "
    "one is denied, and 2 if the rules cannot be read."
)
_KINDS = (RemarkKind("denied", "The rules deny a request."),)
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_SIGNING = (Signing.NONE, Signing.URL, Signing.HEADER)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("check", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_value("referers", "REFERER", "the Referer of a request", nargs="*", default=[])
    said = "the Referer of a request, in any position"
    parser.add_repeated("--referer", "URL", said, dest="named")
    parser.add_switch("--no-referer", "also decide on a request without the header")
    said = "how the requests are signed (default: none)"
    parser.add_choice("--signed", _SIGNING, said, default="none")
    said = "the method of the requests (default: GET)"
    parser.add_choice("--method", _METHODS, said, type=str.upper, default="GET", metavar="METHOD")
    formats.declare(parser)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    referers: list[str | None] = [*arguments.named, *arguments.referers]
    if arguments.no_referer:
        referers.append(None)
    if not referers:
        arguments.parser.error("give a REFERER or --no-referer")
    _check_order(arguments.rules, arguments.referers)
    selected = rules.select(arguments.rules, arguments)
    policy = RefererPolicy.compile(selected.configuration, arguments.assumptions)
    signed, method = Signing(arguments.signed), arguments.method
    asked = [(item, policy.decide(item, signed=signed, method=method)) for item in referers]
    command_result = CommandResult(
        text=_describe_all(asked),
        data=lambda: [{"sent": item, **explanation.to_dict(answer)} for item, answer in asked],
        remarks=_remark(asked, selected),
        kinds=_KINDS,
    )
    formats.print_result(command_result, arguments)
    return int(not all(decision.allowed for _, decision in asked))


_URL = r"[A-Za-z][A-Za-z0-9+.-]*://"


def _check_order(first: str, others: Sequence[str]) -> None:
    """Raise InputError if a Referer is in the place of RULES."""
    if first == "-" or first.startswith(SCHEME) or os.path.exists(first.partition("#")[0]):
        return
    file = next(filter(os.path.isfile, others), None)
    if file or re.match(_URL, first):
        right = shlex.join(["oss-emulator", "check", file or "RULES", first])
        raise InputError(f"RULES come before the Referer; write {right}")


_Asked = Sequence[tuple[str | None, Decision]]
"""Referers, each with its decision."""


def _remark(asked: _Asked, selected: SelectedRules) -> Iterator[Remark]:
    place = selected.placing()
    for sent, decision in asked:
        name = "no Referer" if sent is None else sent or "an empty Referer"
        yield Remark(
            source=selected.where,
            kind="denied",
            group="check",
            name=name,
            severity=None if decision.allowed else Severity.ERROR,
            message=f"{name}: {explanation.sentence(decision.steps[-1])}",
            detail=explanation.describe(decision),
            place=place(decision),
        )


def _describe_all(asked: _Asked) -> Iterator[Block]:
    for number, (sent, decision) in enumerate(asked):
        if number:
            yield line()
        yield from _describe(sent, decision)


def _describe(sent: str | None, decision: Decision) -> Iterator[Block]:
    answer = Sentence("ALLOWED") if decision.allowed else Sentence("DENIED")
    yield line(Text(answer, verdict(decision).tone), "  ", referer(sent))
    facts = {
        Sentence("EC"): decision.ec,
        Sentence("reason"): Sentence(decision.reason.value),
        Sentence("entry"): decision.entry,
        Sentence("compared as"): decision.referer
        if decision.referer != sent and decision.referer
        else None,
        Sentence("basis"): Sentence(decision.basis.value),
    }
    for name, value in facts.items():
        if value is not None:
            yield line(Text(name, Tone.FAINT, 12), value, indent=2)
    yield line(Text(Sentence("steps"), Tone.FAINT), indent=2)
    for number, step in enumerate(decision.steps, 1):
        numbers = f" [{', '.join(step.facts)}]"
        yield line(f"{number}. {language.say_step(step)}", Text(numbers, Tone.FAINT), indent=4)
    for fact, variant in decision.variants:
        yield line(
            Text(Sentence("assumed, not documented: "), Tone.WARNING),
            SENTENCES[variant],
            Text(f" [{FACTS[fact]}, {variant}]", Tone.FAINT),
            indent=2,
        )
