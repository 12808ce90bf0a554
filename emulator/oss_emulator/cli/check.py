"""`oss-emulator check`: decide on Referers, and say why."""

import argparse
from collections.abc import Iterator

from oss_emulator.cli import rules
from oss_emulator.cli.output import Block, Text, Tone, line, referer, show, verdict, write_json
from oss_emulator.cli.parser import Commands
from oss_emulator.referer import Decision, RefererPolicy, Signing, explanation
from oss_emulator.referer.assumptions import FACTS

_DESCRIPTION = (
    "Decides on requests by the rules, and says why. The exit status is 0 if all are allowed, and "
    "1 if one is denied."
)
_SIGNING = (Signing.NONE, Signing.URL, Signing.HEADER)


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", run, description=_DESCRIPTION)
    parser.add_argument("rules", metavar="RULES", help=rules.HELP)
    parser.add_argument(
        "--referer",
        action="extend",
        nargs="+",
        default=[],
        metavar="URL",
        help="the Referer of a request; may be repeated",
    )
    parser.add_argument(
        "--no-referer", action="store_true", help="also decide on a request without the header"
    )
    parser.add_argument(
        "--signed",
        choices=[item.value for item in _SIGNING],
        default="none",
        help="how the requests are signed (default: none)",
    )
    parser.add_argument("--method", default="GET", help="the method of the requests (default: GET)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Decide on each request."""
    referers: list[str | None] = list(arguments.referer)
    if arguments.no_referer:
        referers.append(None)
    if not referers:
        arguments.parser.error("give --referer URL or --no-referer")
    configuration = rules.read(arguments.rules, arguments)
    policy = RefererPolicy.compile(configuration, arguments.assumptions)
    signed, method = Signing(arguments.signed), arguments.method.upper()
    decisions = [policy.decide(item, signed=signed, method=method) for item in referers]
    asked = list(zip(referers, decisions, strict=True))
    if arguments.json:
        write_json([{"sent": item, **explanation.to_dict(decision)} for item, decision in asked])
    else:
        for number, (item, decision) in enumerate(asked):
            show(*([line()] if number else []), *_describe(item, decision))
    return int(not all(decision.allowed for decision in decisions))


def _describe(sent: str | None, decision: Decision) -> Iterator[Block]:
    answer = verdict(decision)
    yield line(Text(answer.text.upper(), answer.tone), "  ", referer(sent))
    facts = {
        "EC": decision.ec,
        "reason": decision.reason.value,
        "entry": decision.entry,
        "compared as": decision.referer if decision.referer != sent and decision.referer else None,
        "basis": decision.basis.value,
    }
    for name, value in facts.items():
        if value is not None:
            yield line(Text(f"{name:<12}", Tone.FAINT), value, indent=2)
    yield line(Text("steps", Tone.FAINT), indent=2)
    for number, step in enumerate(decision.steps, 1):
        numbers = f" [{', '.join(step.facts)}]"
        yield line(f"{number}. {explanation.sentence(step)}", Text(numbers, Tone.FAINT), indent=4)
    for name, variant in decision.variants:
        yield line(
            Text("assumed, not documented: ", Tone.WARNING),
            explanation.SENTENCES[variant],
            Text(f" [{FACTS[name]}, {variant}]", Tone.FAINT),
            indent=2,
        )
