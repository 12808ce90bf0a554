"""`oss-emulator scenarios`: decide on typical requests of browsers and other clients."""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from itertools import groupby

from oss_referer.browser import scenarios as scenario
from oss_referer.browser import strangers
from oss_referer.browser.scenarios import OBJECT_URL, ScenarioResult
from oss_referer.browser.strangers import Strangers
from oss_referer.engine import RefererPolicy, Sentence, explanation
from oss_referer.remarks import Remark, RemarkKind, Severity
from oss_referer.search.url import WebURL, WebURLError
from oss_referer.terminal import formats, rules
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import Block, Text, TextTable, Tone, line, referer, verdict
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import SelectedRules

_DESCRIPTION = (
    "Shows typical requests with their Referers, and decides on them. The exit status is 1 if the "
    "site itself is denied, or if another site that sends a Referer is allowed. Pages of the same "
    "registered domain belong to the site. The OSS console does not count as another site, and "
    "neither does a mini program that an entry names by its appid."
)

_KINDS = (
    RemarkKind("scenario", "The rules decide on a typical request against the site's owner."),
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("scenarios", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_value("--site", "URL", "a page of the site that shows the objects", required=True)
    said = "an object (default: photo.jpg of examplebucket in cn-hangzhou)"
    parser.add_value("--object-url", "URL", said, default=OBJECT_URL)
    said = "a page of another site that may show the objects"
    parser.add_repeated("--partner", "URL", said)
    formats.declare(parser)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    site = _read_url("--site", arguments.site)
    target = _read_url("--object-url", arguments.object_url)
    partners = [_read_url("--partner", text) for text in arguments.partner]
    selected = rules.select(arguments.rules, arguments)
    policy = RefererPolicy.compile(selected.configuration, arguments.assumptions)
    results = scenario.play(policy, site.text, target.text)
    others = strangers.search(policy, [site, *partners])
    warning = scenario.warn(target.text)
    command_result = CommandResult(
        text=itertools.chain(
            _report(results),
            [] if warning is None else [line(Text(warning, Tone.WARNING))],
            _judge(results, others),
        ),
        data=lambda: {
            "default_domain": warning,
            "scenarios": [_to_dict(result) for result in results],
            "other_sites": {
                "let_in": [
                    {"referer": one.referer, "entry": one.decision.entry} for one in others.found
                ],
                "proved": others.proved,
            },
        },
        remarks=_remark(results, others, selected),
        kinds=_KINDS,
    )
    formats.print_result(command_result, arguments)
    as_wanted = not others.found and all(result.as_wanted for result in results)
    return int(not as_wanted)


def _remark(
    results: Sequence[ScenarioResult], others: Strangers, selected: SelectedRules
) -> Iterator[Remark]:
    place = selected.placing()
    found = [
        (str(item.scenario.name), item.scenario.group.value, item.decision, item.as_wanted)
        for item in results
    ]
    found += [(item.referer, "other sites", item.decision, False) for item in others.found]
    for name, group, decision, as_wanted in found:
        came_of_it = "let in" if decision.allowed else "locked out"
        yield Remark(
            source=selected.where,
            kind="scenario",
            group=group,
            name=name,
            severity=None if as_wanted else Severity.ERROR,
            message=f"{name} is {came_of_it}. {explanation.sentence(decision.steps[-1])}",
            detail=explanation.describe(decision),
            place=place(decision),
        )


def _read_url(flag: str, text: str) -> WebURL:
    try:
        return WebURL.parse(text)
    except WebURLError as error:
        raise InputError(
            f"{flag}: no browser opens {text!r}: {error}; "
            "write a URL such as https://www.example.com"
        ) from None


def _report(results: Sequence[ScenarioResult]) -> Iterator[Block]:
    headings = (
        Sentence("how it arrives"),
        Sentence("Referer"),
        Sentence("verdict"),
        Sentence("why"),
    )
    for group, items in groupby(results, lambda result: result.scenario.group):
        yield TextTable(headings, [_row(result) for result in items], Sentence(group.value))
        yield line()


def _judge(results: Sequence[ScenarioResult], others: Strangers) -> Iterator[Block]:
    """Describe wrong decisions, or else whether the rules are proved to be right."""
    wrong = [result for result in results if not result.as_wanted]
    for result in wrong:
        template = "! {} is let in" if result.decision.allowed else "! {} is locked out"
        yield line(Text(Sentence(template, result.scenario.name), Tone.BAD))
    for stranger in others.found:
        said = Sentence("! {} is let in", stranger.referer)
        if stranger.decision.entry:
            said = Sentence("! {} is let in by {}", stranger.referer, stranger.decision.entry)
        yield line(Text(said, Tone.BAD))
    if wrong or others.found:
        return
    if others.proved:
        said = Sentence(
            "The site gets its objects, and no other site that sends a Referer does (proved)."
        )
        yield line(Text(said, Tone.GOOD))
    else:
        yield line(Text(Sentence("The site gets its objects."), Tone.GOOD))
        said = Sentence("It is not proved that no other site does: the search ended early.")
        yield line(Text(said, Tone.WARNING))


def _row(result: ScenarioResult) -> tuple[Text | str, ...]:
    decision = result.decision
    answer = verdict(decision)
    why = decision.entry if decision.entry is not None else Sentence(decision.reason.value)
    return (
        result.scenario.name,
        referer(result.scenario.referer),
        answer if result.as_wanted else Text(Sentence("{} !", answer.text), answer.tone),
        Sentence("{} ({})", why, decision.ec) if decision.ec else why,
    )


def _to_dict(result: ScenarioResult) -> dict[str, object]:
    return {
        "group": result.scenario.group.value,
        "name": result.scenario.name,
        "signed": result.scenario.signed.value,
        "wanted": result.scenario.wanted,
        "as_wanted": result.as_wanted,
        "sent": result.scenario.referer,
        **explanation.to_dict(result.decision),
    }
