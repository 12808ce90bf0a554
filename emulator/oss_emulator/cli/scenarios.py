"""`oss-emulator scenarios`: decide on typical requests of browsers and other clients."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from oss_emulator.cli import rules
from oss_emulator.cli.output import (
    Block,
    Text,
    TextTable,
    Tone,
    line,
    referer,
    show,
    verdict,
    write_json,
)
from oss_emulator.cli.parser import InputError
from oss_emulator.lab import explain
from oss_emulator.lab import scenarios as scenario
from oss_emulator.lab.scenarios import OBJECT_URL, ScenarioOutcome
from oss_emulator.lab.url import WebURL, WebURLError

_DESCRIPTION = (
    "Shows typical requests with their Referers, and decides on them. The exit status is 1 if the "
    "site itself is denied, or if another site that sends a Referer is allowed."
)


def declare(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "scenarios", help="decide on typical requests", description=_DESCRIPTION
    )
    parser.add_argument("rules", metavar="RULES", help=rules.HELP)
    parser.add_argument(
        "--site", required=True, metavar="URL", help="a page of the site that shows the objects"
    )
    parser.add_argument(
        "--object-url",
        default=OBJECT_URL,
        metavar="URL",
        help=f"an object (default: {OBJECT_URL})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    rules.declare(parser)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Play every scenario."""
    _read_url("--site", arguments.site)
    _read_url("--object-url", arguments.object_url)
    configuration = rules.read(arguments.rules, arguments)
    outcomes = scenario.play(
        configuration, arguments.site, arguments.object_url, arguments.assumptions
    )
    if arguments.json:
        write_json([_to_dict(outcome) for outcome in outcomes])
    else:
        show(*_report(outcomes))
    return int(not all(outcome.as_wanted for outcome in outcomes))


def _read_url(flag: str, text: str) -> WebURL:
    try:
        return WebURL.parse(text)
    except WebURLError as error:
        raise InputError(
            f"{flag}: no browser opens {text!r}: {error}; "
            "write a URL such as https://www.example.com"
        ) from None


def _report(outcomes: Sequence[ScenarioOutcome]) -> Iterator[Block]:
    headings = ("how it arrives", "Referer", "verdict", "why")
    for group, items in groupby(outcomes, lambda outcome: outcome.scenario.group):
        yield TextTable(headings, [_row(outcome) for outcome in items], group.value)
        yield line()
    wrong = [outcome for outcome in outcomes if not outcome.as_wanted]
    if not wrong:
        said = "The site gets its objects, and no other site that sends a Referer does."
        yield line(Text(said, Tone.GOOD))
    for outcome in wrong:
        unwanted = "let in" if outcome.decision.allowed else "kept out"
        yield line(Text(f"! {outcome.scenario.name} is {unwanted}", Tone.BAD))


def _row(outcome: ScenarioOutcome) -> tuple[Text | str, ...]:
    decision = outcome.decision
    answer = verdict(decision)
    mark = "" if outcome.as_wanted else " !"
    why = decision.entry if decision.entry is not None else decision.reason.value
    return (
        outcome.scenario.name,
        referer(outcome.scenario.referer),
        Text(f"{answer.text}{mark}", answer.tone),
        f"{why} ({decision.ec})" if decision.ec else why,
    )


def _to_dict(outcome: ScenarioOutcome) -> dict[str, object]:
    return {
        "group": outcome.scenario.group.value,
        "name": outcome.scenario.name,
        "signed": outcome.scenario.signed.value,
        "wanted": outcome.scenario.wanted,
        "as_wanted": outcome.as_wanted,
        "sent": outcome.scenario.referer,
        **explain.to_dict(outcome.decision),
    }
