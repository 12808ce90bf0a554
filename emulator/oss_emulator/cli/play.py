"""`oss-emulator play`: send recorded requests again, and show which answers differ."""

import argparse
import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from oss_referer.engine.sentence import Sentence
from oss_referer.remarks import Remark, RemarkKind, Severity, format_junit
from oss_referer.sources.account import GivenKey
from oss_referer.terminal import bucket, formats, language
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import Block, Text, Tone, line, writing
from oss_referer.terminal.parser import CommandError, Commands, InputError
from oss_referer.terminal.program import loading

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.protocol.checksums import format_md5, md5
from oss_emulator.protocol.signature import presigning
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.playing import PlayedAnswer, PlayedStep, content, play, prepare
from oss_emulator.recording.scenario import (
    RecordedRequest,
    RecordedScenario,
    Recording,
    ScenarioError,
)
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening

_DESCRIPTION = (
    "Sends the requests of recorded scenarios to an emulator of its own, which has no contents, or "
    "to --endpoint, and compares the answers with those that were recorded: status, headers, "
    "elements. The exit status is 0 if all are equal, 1 if an answer differs, and 2 if a file "
    "cannot be read or the service does not answer."
)


_KINDS = (RemarkKind("answer", "An answer differs from the one that was recorded."),)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("play", run, description=_DESCRIPTION)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="scenarios as JSON")
    parser.add_argument("--endpoint", metavar="URL", help="send them to this service instead")
    said = "the bucket to use at --endpoint for one of the recording"
    parser.add_repeated("--bucket", "RECORDED=NAME", said, type=_pair)
    formats.declare(parser)
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML to FILE")


def run(arguments: argparse.Namespace) -> int:
    recordings = [_read(path) for path in arguments.files]
    play = _play_alone if arguments.endpoint is None else partial(_play_at, arguments)
    by_file = [play(recording) for recording in recordings]
    played = [*chain.from_iterable(by_file)]
    remarks = [
        remark
        for path, steps in zip(arguments.files, by_file, strict=True)
        for remark in _remark(str(path), steps)
    ]
    if arguments.junit is not None:
        with writing(arguments.junit) as file:
            file.write(format_junit(remarks))
    command_result = CommandResult(
        text=_report(played), data=lambda: _to_dict(played), remarks=remarks, kinds=_KINDS
    )
    formats.print_result(command_result, arguments)
    return int(any(step.differences for step in played))


_FRAMING = frozenset("connection content-length expect host transfer-encoding".split())
"""Headers that say how and where a request was sent: the player sends it in its own way."""


class Player:
    def __init__(
        self,
        client: ServiceClient,
        signer: Signer,
        recording: Recording,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """`names` has existing buckets to use instead of those of the recording."""
        self._client, self._signer, self._recording = client, signer, recording
        self._names = names or {}

    def play(self, scenario: RecordedScenario) -> list[PlayedStep]:
        """Create what existed before the first step, then play each step. Raises CommandError."""
        for number, request in enumerate(prepare(self._recording, scenario)):
            is_given = request.path == "/" and request.bucket in self._names
            reply = None if is_given else self._send(request, content(request, f"before {number}"))
            if reply is not None and reply.status >= 300:
                raise CommandError(f"{scenario.name}: {request} was answered {reply}")
        return play(scenario, self._send, self._names)

    def _send(self, request: RecordedRequest, body: bytes) -> PlayedAnswer:
        bucket = "" if "." in request.bucket else self._names.get(request.bucket, request.bucket)
        key = request.path.removeprefix("/")
        headers = {name.lower(): text for name, text in request.headers.items()}
        headers = {name: text for name, text in headers.items() if name not in _FRAMING}
        if request.body.xml:
            # Recordings have few headers of requests; SDKs send this one with each document (P-76).
            headers["content-md5"] = format_md5(md5(body))
        if request.signed:
            headers = self._signer.sign_headers(request.method, bucket, key, request.query, headers)
        reply = self._client.send(
            request.method,
            bucket,
            quote(key),
            presigning.format_query(request.query),
            list(headers.items()),
            body=body,
        )
        return PlayedAnswer(reply.status, reply.headers, reply.body)


def _read(path: Path) -> Recording:
    try:
        return scenarios.read(path)
    except ScenarioError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


def _play_at(arguments: argparse.Namespace, recording: Recording) -> list[PlayedStep]:
    signer = Signer(bucket.access_key(), recording.region)
    client = ServiceClient(arguments.endpoint)
    player = Player(client, signer, recording, dict(arguments.bucket))
    return [step for scenario in recording.scenarios for step in player.play(scenario)]


def _play_alone(recording: Recording) -> list[PlayedStep]:
    """Play a recording at an emulator of its own."""
    with loading():
        from oss_emulator.cli import foreground  # not needed for --endpoint

    played: list[PlayedStep] = []

    async def play_all(listening: "Listening") -> int:
        key = listening.key
        signer = Signer(GivenKey(key.id, key.secret, None), listening.settings.region)
        player = Player(_client_of(listening, recording), signer, recording)
        for scenario in recording.scenarios:
            played.extend(await asyncio.to_thread(player.play, scenario))
            await listening.reset()
        return 0

    try:
        settings = Settings(port=0, tls=True, region=recording.region, log_level="error")
    except ValueError as error:
        raise InputError(str(error)) from None
    foreground.serve(settings, play_all)
    return played


def _client_of(listening: "Listening", recording: Recording) -> ServiceClient:
    certificates = listening.certificates
    assert certificates is not None and certificates.ca is not None  # noqa: S101, PT018 - tls is set
    context = ssl.create_default_context(cadata=certificates.ca.decode())
    return ServiceClient(listening.server.endpoint, host=recording.endpoint, context=context)


def _report(played: Sequence[PlayedStep]) -> Iterator[Block]:
    """Describe the answers that differ, then how many are equal."""
    name = ""
    for step in played:
        if not step.differences:
            continue
        if step.scenario != name:
            yield line(Text(step.scenario, Tone.STRONG))
        name = step.scenario
        yield line(f"{step.number}  {step.step.request}", indent=2)
        for difference in step.differences:
            nothing = Sentence("nothing")
            where = language.explain(difference.where)
            recorded, found = difference.recorded or nothing, difference.found or nothing
            yield line(Sentence("{}: recorded {}, found {}", where, recorded, found), indent=6)
    equal = sum(not step.differences for step in played)
    tone = Tone.GOOD if equal == len(played) else Tone.BAD
    said = Sentence("{} of {} answers are equal", str(equal), str(len(played)))
    yield line(Text(said, tone))


def _to_dict(played: Sequence[PlayedStep]) -> dict[str, object]:
    return {
        "answers": len(played),
        "equal": sum(not step.differences for step in played),
        "different": [
            {
                "scenario": step.scenario,
                "step": step.number,
                "request": str(step.step.request),
                "differences": [asdict(difference) for difference in step.differences],
            }
            for step in played
            if step.differences
        ],
    }


def _remark(path: str, played: Sequence[PlayedStep]) -> Iterator[Remark]:
    """Yield what is wrong with each answer of a file."""
    for step in played:
        name = f"{step.number} {step.step.request}"
        differences = "; ".join(map(str, step.differences))
        yield Remark(
            source=path,
            kind="answer",
            group=step.scenario,
            name=name,
            severity=Severity.ERROR if differences else None,
            message=f"{name}: {differences}" if differences else "",
        )


def _pair(text: str) -> tuple[str, str]:
    recorded, separator, name = text.partition("=")
    if not (recorded and separator and name):
        raise argparse.ArgumentTypeError(f"{text} is not RECORDED=NAME")
    return recorded, name
