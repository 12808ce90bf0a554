"""`oss-emulator play`: send the requests of scenarios, and show which answers differ."""

import argparse
import asyncio
import json
import os
import secrets
import signal
import ssl
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

from oss_referer.engine.assumptions import DEFAULT, SENTENCES, Assumptions
from oss_referer.engine.decision import Signing
from oss_referer.engine.sentence import Sentence
from oss_referer.remarks import Remark, RemarkKind, Severity, format_junit
from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import ServiceAddress
from oss_referer.terminal import bucket, formats, language, rules
from oss_referer.terminal.formats import CommandResult
from oss_referer.terminal.output import Block, Text, Tone, line, writing
from oss_referer.terminal.parser import (
    CommandError,
    Commands,
    InputError,
    InterruptedCommandError,
)
from oss_referer.terminal.program import loading

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.protocol.checksums import format_md5, md5
from oss_emulator.protocol.signature import presigning
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.facts import (
    FactResult,
    FactStatus,
    chosen,
    conclude,
    format_assumptions,
)
from oss_emulator.recording.playing import (
    TRIES,
    PlayedAnswer,
    PlayedStep,
    content,
    play,
    prepare,
)
from oss_emulator.recording.saving import save
from oss_emulator.recording.scenario import (
    RecordedRequest,
    RecordedScenario,
    Recording,
    ScenarioError,
    list_elements,
)
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening

OWN = Path(__file__).parents[1] / "scenarios" / "referer.json"
"""The scenarios that come with the package: requests about Referer rules."""

_DESCRIPTION = (
    "Sends the requests of scenarios to an emulator of its own, which has no contents, or to "
    "--endpoint, and compares the answers with those that are expected: status, headers, elements. "
    "Without FILE it sends those about Referer rules that come with it, and says of each fact "
    "whether it is confirmed. At --endpoint it creates buckets and deletes them. The exit status "
    "is 0 if nothing differs, 1 if an answer differs, and 2 if a file cannot be read or the "
    "service does not answer."
)


_KINDS = (RemarkKind("answer", "An answer differs from the one that is expected."),)

DEFAULT_RATE = 10.0
"""Requests a second, unless the service is on this machine."""

_PAUSE = 1.0
"""Seconds between two looks whether rules are in effect, unless the service is on this machine."""

_ATTEMPTS = 2
"""How often deleting a bucket is tried."""


def declare(commands: Commands) -> None:
    parser = commands.add_parser("play", run, description=_DESCRIPTION)
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help="scenarios as JSON")
    parser.add_argument("--endpoint", metavar="URL", help="send them to this service instead")
    said = "the region of --endpoint (default: OSS_REGION, or else the one that its name has)"
    parser.add_argument("--region", default=os.environ.get("OSS_REGION"), help=said)
    said = "the name at --endpoint for a bucket of the scenarios; it must not exist"
    parser.add_repeated("--bucket", "RECORDED=NAME", said, type=_pair)
    said = f"the most requests a second (default: {DEFAULT_RATE:g}, unbounded on this machine)"
    parser.add_argument("--rate", type=_rate, help=said)
    said = "write what was answered as scenarios, without anything of the account"
    parser.add_argument("--save", metavar="FILE", type=Path, help=said)
    said = "write the assumptions that make the emulator do the same"
    parser.add_argument("--write", metavar="FILE", type=Path, help=said)
    rules.declare_assumptions(parser)
    formats.declare(parser)
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML to FILE")


class _PlayedFile(NamedTuple):
    path: Path
    recording: Recording
    document: Any
    steps: list[PlayedStep]


class _Place(NamedTuple):
    """Where files were played."""

    endpoint: str
    region: str
    requests: int
    private: Mapping[str, str]
    """The texts of the account that must not be saved, each with its replacement."""


def run(arguments: argparse.Namespace) -> int:
    files = [_read(path) for path in arguments.files or [OWN]]
    if arguments.save and len(files) != 1:
        raise InputError("--save takes one FILE")
    place = (
        _play_alone(files, arguments) if arguments.endpoint is None else _play_at(files, arguments)
    )
    played = [step for file in files for step in file.steps]
    remarks = [remark for file in files for remark in _remark(str(file.path), file.steps)]
    questions = {name: said for file in files for name, said in file.recording.questions.items()}
    facts = conclude(played, questions, arguments.assumptions)
    date = datetime.now(UTC).date().isoformat()
    heading = f"Found by oss-emulator play at {place.endpoint} on {date}."
    if arguments.write is not None:
        with writing(arguments.write, InputError) as file:
            file.write(format_assumptions(facts, heading).encode())
    if arguments.save is not None:
        _save(arguments.save, files[0], place, date)
    if arguments.junit is not None:
        with writing(arguments.junit) as file:
            file.write(format_junit(remarks))
    command_result = CommandResult(
        text=_report(played, facts),
        data=lambda: _to_dict(played, facts, place, date),
        remarks=remarks,
        kinds=_KINDS,
    )
    formats.print_result(command_result, arguments)
    return int(any(step.differences for step in played))


def _save(path: Path, file: _PlayedFile, place: _Place, date: str) -> None:
    source = f"Played by oss-emulator play on {date}."
    endpoint = f"oss-{place.region}.aliyuncs.com"
    saved = save(file.document, file.recording, file.steps, place.private, source, endpoint)
    with writing(path, InputError) as written:
        written.write(f"{json.dumps(saved, indent=1, ensure_ascii=False)}\n".encode())
    if file.path != OWN:
        said = Sentence(
            "The requests of {} are saved as they are: look for private texts.", str(file.path)
        )
        print(language.say(said), file=sys.stderr)


_FRAMING = frozenset("connection content-length expect host transfer-encoding".split())
"""Headers that say how and where a request was sent: the player sends it in its own way."""


class Player:
    """Plays the scenarios of a recording at one service."""

    def __init__(
        self,
        client: ServiceClient,
        signer: Signer,
        recording: Recording,
        names: Mapping[str, str] | None = None,
        *,
        assumed: Assumptions = DEFAULT,
        pause: float = 0.0,
    ) -> None:
        """`names` has the buckets to create instead of those of the recording.

        `pause` is how long to wait for rules to take effect, in seconds.
        """
        self._client, self._signer, self._recording = client, signer, recording
        self.names = names or {}
        self._assumed, self._pause = assumed, pause
        self._is_prepared = False
        self._refused: dict[str, str] = {}
        self.created: list[str] = []
        """The buckets that were created, and may have to be deleted."""

    def look(self) -> None:
        """Raise CommandError unless none of the buckets exists, so that none is touched."""
        for name in self.names.values():
            self._call("GET", name, "/", {"referer": ""}, (404,))

    def play(self, scenario: RecordedScenario) -> list[PlayedStep]:
        """Create what existed before the first step, then play each step. Raises CommandError."""
        before = (*(() if self._is_prepared else prepare(self._recording)), *scenario.before)
        for number, request in enumerate(before):
            request = replace(request, bucket=self.names.get(request.bucket, request.bucket))
            reply = self._send(request, content(request, f"before {number}"))
            if reply.status >= 300 and not request.opens:
                raise CommandError(f"{scenario.name}: {request} was answered {reply}")
            if reply.status >= 300:
                said = f"{request.crafted}: the service answered {reply}"
                self._refused.setdefault(request.opens, said)
        self._is_prepared = True
        return play(
            scenario,
            self._send,
            self.names,
            assumed=self._assumed,
            pause=self._wait,
            refused=self._refused,
        )

    def restore(self) -> Iterator[str]:
        """Delete what was created; yields a sentence for each failure."""
        for name in self.created:
            for attempt in range(_ATTEMPTS):
                try:
                    self._delete(name)
                    break
                except (CommandError, KeyboardInterrupt) as error:
                    failed = str(error) or _INTERRUPTED
                    if attempt + 1 == _ATTEMPTS:
                        yield f"oss://{name} is left, with what is in it ({failed})"
                    else:
                        self._wait()

    def _wait(self) -> None:
        time.sleep(self._pause)

    def _delete(self, name: str) -> None:
        """Delete a bucket and all versions of its objects. Raises CommandError."""
        listing = {"versions": "", "encoding-type": "url"}
        while True:
            listed = self._call("GET", name, "/", listing, (200, 404))
            found = [text.partition("=") for text in list_elements(listed.body)]
            keys = [unquote(text) for path, _, text in found if path.endswith("/Key")]
            versions = [text for path, _, text in found if path.endswith("/VersionId")]
            for key, version in zip(keys, versions, strict=True):
                self._call("DELETE", name, f"/{key}", {"versionId": version}, (204, 404))
            if not keys:
                break
        self._call("DELETE", name, "/", {}, (204, 404))

    def _call(
        self, method: str, name: str, path: str, query: Mapping[str, str], wanted: Sequence[int]
    ) -> PlayedAnswer:
        request = RecordedRequest(method, name, path, query=query)
        reply = self._send(request, b"")
        if reply.status not in wanted:
            raise CommandError(f"{request} was answered {reply}")
        return reply

    def _send(self, request: RecordedRequest, body: bytes) -> PlayedAnswer:
        name = "" if "." in request.bucket else self.names.get(request.bucket, request.bucket)
        is_new = request.method == "PUT" and request.path == "/" and not request.query
        if is_new and name not in self.created:
            self.created.append(name)
        key = request.path.removeprefix("/")
        headers = {name.lower(): text for name, text in request.headers.items()}
        headers = {name: text for name, text in headers.items() if name not in _FRAMING}
        if request.body.xml and "content-md5" not in headers:
            # Recordings have few headers of requests; SDKs send this one with each document (P-76).
            headers["content-md5"] = format_md5(md5(body))
        query = presigning.format_query(request.query)
        if (signature := request.signature) is not None:
            signer = self._signer
            if signature.wrong:
                other = signer.key._replace(secret=f"not {signer.key.secret}")
                signer = replace(signer, key=other)
            signed = (request.method, name, key, request.query, headers)
            if signature.place is Signing.FORM:
                kind, body = _form(signer.sign_form(name, key, signature.version), body)
                headers, key = {**headers, "content-type": kind}, ""
            elif signature.place is Signing.URL and signature.version == 4:
                query = signer.sign_url(*signed[:4], headers.items())
            elif signature.place is Signing.URL:
                query = signer.sign_old_url(signature.version, *signed)
            elif signature.version == 4:
                headers = signer.sign_headers(*signed)
            else:
                headers = signer.sign_old_headers(signature.version, *signed)
        fields = [(name, text) for name, each in headers.items() for text in each.split("\n")]
        reply = self._client.send(request.method, name, quote(key), query, fields, body=body)
        if is_new and reply.status >= 300:
            self.created.remove(name)
        return reply


def _form(fields: Mapping[str, str], content: bytes) -> tuple[str, bytes]:
    """Return the content type and the body of a form that uploads a file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = 'Content-Disposition: form-data; name="file"; filename="file"'
    head = f"{''.join(parts)}--{boundary}\r\n{file}\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", head + content + tail


def _read(path: Path) -> _PlayedFile:
    try:
        return _PlayedFile(path, *scenarios.read_with_document(path), [])
    except ScenarioError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


_INTERRUPTED = "interrupted"


def _play_at(files: Sequence[_PlayedFile], arguments: argparse.Namespace) -> _Place:
    """Play files at --endpoint; deletes what was created whatever happens. Raises InputError."""
    try:
        address = ServiceAddress.parse(arguments.endpoint)
    except ValueError as error:
        raise InputError(str(error)) from None
    rate = arguments.rate or (None if address.is_loopback else DEFAULT_RATE)
    pause = 0.0 if address.is_loopback else _PAUSE
    client, key = ServiceClient(arguments.endpoint, rate), bucket.access_key()
    region = arguments.region or scenarios.region_of(address.host)
    private = {key.id: "{access key}", address.host: "{endpoint}"}
    players: list[Player] = []
    for file in files:
        run, given = secrets.token_hex(6), dict(arguments.bucket)
        names = {name: f"oss-emulator-{run}-{name}"[:63] for name in file.recording.bucket_names}
        names |= {name: given[name] for name in names.keys() & given.keys()}
        private |= {name: f"{{{recorded}}}" for recorded, name in names.items()}
        signer = Signer(key, region or file.recording.region)
        players.append(
            Player(
                client, signer, file.recording, names, assumed=arguments.assumptions, pause=pause
            )
        )
    failure = ""
    with _terminable():
        try:
            for player in players:
                player.look()
            _announce(files, players, rate)
            for file, player in zip(files, players, strict=True):
                for scenario in file.recording.scenarios:
                    file.steps.extend(player.play(scenario))
        except KeyboardInterrupt:
            failure = _INTERRUPTED
        except CommandError as error:
            failure = str(error)
        finally:
            left = [said for player in players for said in player.restore()]
    if left:
        raise InputError("; ".join(filter(None, (failure, *left))))
    if failure:
        kind = InterruptedCommandError if failure == _INTERRUPTED else InputError
        made = ", ".join(f"oss://{name}" for player in players for name in player.created)
        raise kind(f"{failure}; what was created was deleted again: {made}" if made else failure)
    return _Place(arguments.endpoint, region or files[0].recording.region, client.sent, private)


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that buckets are deleted as well."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _announce(files: Sequence[_PlayedFile], players: Sequence[Player], rate: float | None) -> None:
    """Say how many requests follow: with those that create and delete, and if rules are slow."""
    few = waits = 0
    for file in files:
        steps = [step for scenario in file.recording.scenarios for step in scenario.steps]
        waits += sum(step.until for step in steps)
        before = [request for scenario in file.recording.scenarios for request in scenario.before]
        few += len(steps) + len(before) + 2 * len([*prepare(file.recording)]) + 8
    names = [
        player.names[state.name]
        for file, player in zip(files, players, strict=True)
        for state in file.recording.buckets
    ]
    made = ", ".join(f"oss://{name}" for name in names)
    pace = Sentence("{} a second", f"{rate:g}") if rate else Sentence("without pauses")
    counts = (str(few + waits), str(few + waits * TRIES))
    said = Sentence("About {} requests to {}, at most {}, {}.", counts[0], made, counts[1], pace)
    print(language.say(said), file=sys.stderr, flush=True)


def _play_alone(files: Sequence[_PlayedFile], arguments: argparse.Namespace) -> _Place:
    """Play files, each at an emulator of its own."""
    with loading():
        from oss_emulator.cli import foreground  # not needed for --endpoint

    sent = 0
    private: dict[str, str] = {}
    for file in files:

        async def play_all(listening: "Listening", file: _PlayedFile = file) -> int:
            nonlocal sent
            key = listening.key
            signer = Signer(GivenKey(key.id, key.secret, None), listening.settings.region)
            client = _client_of(listening, file.recording)
            for scenario in file.recording.scenarios:
                player = Player(client, signer, file.recording, assumed=arguments.assumptions)
                file.steps.extend(await asyncio.to_thread(player.play, scenario))
                await listening.reset()
            sent += client.sent
            private[key.id] = "{access key}"
            return 0

        region = file.recording.region
        try:
            settings = Settings(
                port=0,
                tls=True,
                region=region,
                log_level="error",
                assumptions=arguments.assumptions,
            )
        except ValueError as error:
            raise InputError(str(error)) from None
        foreground.serve(settings, play_all)
    return _Place(_ALONE, files[0].recording.region, sent, private)


_ALONE = "an emulator of its own"


def _client_of(listening: "Listening", recording: Recording) -> ServiceClient:
    certificates = listening.certificates
    assert certificates is not None and certificates.ca is not None  # noqa: S101, PT018 - tls is set
    context = ssl.create_default_context(cadata=certificates.ca.decode())
    return ServiceClient(listening.server.endpoint, host=recording.endpoint, context=context)


def _report(played: Sequence[PlayedStep], facts: Sequence[FactResult]) -> Iterator[Block]:
    """Describe the answers that differ, then the facts, then how many answers are equal."""
    name = ""
    for step in played:
        if not step.differences or step.step.facts:
            continue
        if step.scenario != name:
            yield line(Text(step.scenario, Tone.STRONG))
        name = step.scenario
        yield from _differences(step, 2)
    for result in facts:
        word = Text(Sentence(result.status.value), _TONES[result.status], width=19)
        yield line(f"{result.number}  ", word, language.explain(result.about))
        yield from _detail(result)
    if facts:
        found = Counter(result.status for result in facts)
        yield line()
        yield line(
            ", ".join(f"{language.say(Sentence(one.value))}: {found[one]}" for one in FactStatus)
        )
    equal = sum(not step.differences for step in played)
    tone = Tone.GOOD if equal == len(played) else Tone.BAD
    said = Sentence("{} of {} answers are equal", str(equal), str(len(played)))
    yield line(Text(said, tone))


_TONES = {
    FactStatus.CONFIRMED: Tone.GOOD,
    FactStatus.DIFFERS: Tone.BAD,
    FactStatus.NOT_ALLOWED: Tone.WARNING,
    FactStatus.UNSEEN: Tone.WARNING,
}


def _differences(step: PlayedStep, indent: int) -> Iterator[Block]:
    yield line(f"{step.number}  {step.step.request.crafted}", indent=indent)
    for difference in step.differences:
        nothing = Sentence("nothing")
        where = language.explain(difference.where)
        expected, found = difference.recorded or nothing, difference.found or nothing
        said = Sentence("{}: expected {}, found {}", where, expected, found)
        yield line(said, indent=indent + 4)


_INDENT = 6


def _detail(result: FactResult) -> Iterator[Block]:
    if result.expected is not None:
        if result.status is not FactStatus.CONFIRMED:
            yield from _variant(Sentence("expected"), result.expected)
        if result.found is not None:
            yield from _variant(Sentence("found"), result.found)
    if result.why:
        yield from _fact(Sentence("why"), language.explain(result.why))
    if result.status is FactStatus.DIFFERS and result.found is None:
        for step in result.steps:
            if step.differences:
                yield from _differences(step, _INDENT)


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
    played: Sequence[PlayedStep], facts: Sequence[FactResult], place: _Place, date: str
) -> dict[str, object]:
    return {
        "endpoint": place.endpoint,
        "region": place.region,
        "date": date,
        "requests": place.requests,
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
        "assumptions": {
            name: result.found for result, name in chosen(facts) if result.found is not None
        },
        "facts": [
            {
                "fact": result.number,
                "about": result.about,
                "assumption": result.field or None,
                "conclusion": result.status,
                "expected": result.expected,
                "found": result.found,
                "why": result.why or None,
                "answers": [
                    {"request": step.step.request.crafted, "found": str(step.reply or "")}
                    for step in result.steps
                ],
            }
            for result in facts
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


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a rate; write a number above 0")
    return rate
