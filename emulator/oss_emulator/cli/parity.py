"""`oss-emulator parity`: ask a service whether it decides as the emulator assumes."""

import argparse
import signal
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from oss_referer.engine.explanation import SENTENCES
from oss_referer.engine.sentence import Sentence
from oss_referer.sources.bucket import ServiceAddress
from oss_referer.terminal import bucket, formats, language, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import Block, Text, Tone, line, show, write_json, writing
from oss_referer.terminal.parser import CommandError, Commands, InputError, InterruptedCommandError

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.cli.experiment import OVERHEAD, Experiment
from oss_emulator.parity.asking import (
    Finding,
    ParityResult,
    Replies,
    ask_all,
    bounds,
    chosen,
    compare,
    format_assumptions,
)

DEFAULT_RATE = 10.0
"""Requests a second, unless the service is on this machine."""

_DESCRIPTION = (
    "Asks a service about each assumed fact of hotlink protection, and about each documented fact "
    "that can be seen from outside. It creates a bucket, puts rules to it, sends requests with "
    "crafted Referers, and deletes the bucket. The exit status is 0 if nothing differs from what "
    "the emulator does, 1 if something does, and 2 if the service could not be asked."
)

_PAUSE = 1.0
"""Seconds between two looks whether rules are in effect, unless the service is on this machine."""

_INDENT = 6

_TONES = {
    Finding.CONFIRMED: Tone.GOOD,
    Finding.DIFFERS: Tone.BAD,
    Finding.UNSEEN: Tone.WARNING,
}


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("parity", run, description=_DESCRIPTION)
    parser.add_argument(
        "--bucket",
        required=True,
        type=lambda text: text.removeprefix(bucket.SCHEME),
        metavar="NAME",
        help="the bucket to create and delete",
    )
    parser.add_switch(
        "--yes", "use the bucket if it exists; its rules are replaced for a while, then restored"
    )
    parser.add_argument(
        "--write", metavar="FILE", help="write the assumptions that make the emulator do the same"
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        help=f"the most requests a second (default: {DEFAULT_RATE:g}, unbounded on this machine)",
    )
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prepare the bucket, ask, restore the bucket, and report."""
    try:
        is_far = not ServiceAddress.parse(arguments.endpoint).is_loopback
    except ValueError as error:
        raise InputError(str(error)) from None
    rate = arguments.rate or (DEFAULT_RATE if is_far else None)
    client = ServiceClient(arguments.endpoint, rate)
    signer = Signer(bucket.access_key(), arguments.region)
    experiment = Experiment(client, signer, arguments.bucket, _PAUSE if is_far else 0.0)
    try:
        experiment.look()
    except CommandError as error:
        raise InputError(str(error)) from None
    if experiment.existed and not arguments.yes:
        raise InputError(
            f"oss://{arguments.bucket} exists; add --yes to replace its rules for a while, or "
            "name a bucket that does not exist"
        )
    _announce(experiment, rate, arguments)
    results = compare(_ask(experiment, arguments.bucket), arguments.assumptions)
    date = datetime.now(UTC).date().isoformat()
    if arguments.write:
        heading = f"Found by oss-emulator parity at {arguments.endpoint} on {date}."
        with writing(Path(arguments.write), InputError) as file:
            file.write(format_assumptions(results, heading).encode())
    if arguments.format == Format.JSON:
        write_json(_to_dict(results, arguments, date, client.sent))
    else:
        show(*_describe(results, arguments, date, client.sent))
    return int(any(result.finding is Finding.DIFFERS for result in results))


_INTERRUPTED = "interrupted"


def _ask(experiment: Experiment, name: str) -> Replies:
    """Ask everything; restores the bucket whatever happens. Raises InputError."""
    failure = done = ""
    replies: Replies = {}
    with _terminable():
        try:
            experiment.prepare()
            replies = ask_all(
                experiment.send, experiment.left_out, experiment.withheld, experiment.pause
            )
        except KeyboardInterrupt:
            failure = _INTERRUPTED
        except CommandError as error:
            failure = str(error)
        finally:
            if experiment.is_touched:
                done = "has its rules back" if experiment.existed else "was deleted again"
            left = experiment.restore()
    if left:
        raise InputError("; ".join(filter(None, (failure, *left))))
    if failure:
        kind = InterruptedCommandError if failure == _INTERRUPTED else InputError
        raise kind(f"{failure}; oss://{name} {done}" if done else failure)
    return replies


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that the bucket is restored as well."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _announce(experiment: Experiment, rate: float | None, arguments: argparse.Namespace) -> None:
    few, most = (str(number + OVERHEAD) for number in bounds(experiment.left_out))
    pace = Sentence("{} a second", f"{rate:g}") if rate else Sentence("without pauses")
    said = Sentence(
        "About {} requests to oss://{}, at most {}, {}.", few, arguments.bucket, most, pace
    )
    to = sys.stderr if arguments.format == Format.JSON else sys.stdout
    print(language.say(said), file=to, flush=True)


def _describe(
    results: tuple[ParityResult, ...], arguments: argparse.Namespace, date: str, sent: int
) -> Iterator[Block]:
    place = (arguments.endpoint, arguments.region)
    yield line(Sentence("{}, {}, on {}, {} requests", *place, date, str(sent)))
    yield line()
    for result in results:
        word = Text(Sentence(result.finding.value), _TONES[result.finding], width=19)
        yield line(f"{result.inquiry.fact}  ", word, language.explain(result.inquiry.about))
        yield from _detail(result)
    yield line()
    counts = {finding: sum(result.finding is finding for result in results) for finding in Finding}
    yield line(
        ", ".join(
            f"{language.say(Sentence(found.value))}: {count}" for found, count in counts.items()
        )
    )


def _detail(result: ParityResult) -> Iterator[Block]:
    if result.expected is not None:
        if result.finding is not Finding.CONFIRMED:
            yield from _variant(_EXPECTED, result.expected)
        if result.found is not None:
            yield from _variant(_FOUND, result.found)
    if result.why:
        yield from _fact(Sentence("why"), language.explain(result.why))
    if result.finding is Finding.DIFFERS and result.found is None:
        for item in result.answers:
            if result.expected is not None or not item.fits:
                yield from _fact(Sentence("asked"), str(item.ask))
                yield from _fact(_EXPECTED, language.explain(str(item.wanted)))
                yield from _fact(_FOUND, language.explain(str(item.reply)))


_EXPECTED, _FOUND = Sentence("expected"), Sentence("found")


def _variant(name: Sentence, variant: StrEnum) -> Iterator[Block]:
    yield from _fact(name, variant)
    yield from _fact(Sentence(""), language.say(SENTENCES[variant]))


def _fact(name: Sentence, value: str) -> Iterator[Block]:
    """Describe one fact, wrapped to 80 columns; a Chinese character takes two."""
    room = 80 - _INDENT - 9
    for number, text in enumerate(textwrap.wrap(value, room if value.isascii() else room // 2)):
        label = Text("" if number else name, Tone.FAINT, width=9)
        yield line(label, text, indent=_INDENT)


def _to_dict(
    results: tuple[ParityResult, ...], arguments: argparse.Namespace, date: str, sent: int
) -> dict[str, object]:
    return {
        "endpoint": arguments.endpoint,
        "region": arguments.region,
        "bucket": arguments.bucket,
        "date": date,
        "requests": sent,
        "assumptions": {
            name: result.found.value for result, name in chosen(results) if result.found is not None
        },
        "facts": [_fact_to_dict(result) for result in results],
    }


def _fact_to_dict(result: ParityResult) -> dict[str, object]:
    return {
        "fact": result.inquiry.fact,
        "about": result.inquiry.about,
        "assumption": result.inquiry.field or None,
        "conclusion": result.finding.value,
        "expected": result.expected,
        "found": result.found,
        "why": result.why or None,
        "answers": [
            {
                "request": str(item.ask),
                "expected": str(item.wanted),
                "found": str(item.reply),
                "fits": item.fits,
            }
            for item in result.answers
        ],
    }


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a rate; write a number above 0")
    return rate
