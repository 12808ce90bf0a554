"""`oss-emulator play`: sends the requests of scenarios and shows which answers differ."""

import argparse
import asyncio
import json
import os
import secrets
import signal
import ssl
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import quote, unquote, urlencode

from oss_referer.engine.assumptions import DEFAULT, SENTENCES, Assumptions
from oss_referer.engine.decision import Signing
from oss_referer.engine.sentence import Sentence
from oss_referer.remarks import Remark, RemarkKind, Severity, format_junit
from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import ServiceAddress
from oss_referer.terminal import bucket, formats, language, rules
from oss_referer.terminal.output import Block, Text, Tone, line, writing
from oss_referer.terminal.parser import (
    CommandError,
    Commands,
    InputError,
    InterruptedCommandError,
    complete_path,
)
from oss_referer.terminal.program import loading

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.protocol.checksums import format_md5, md5
from oss_emulator.protocol.headers import BYPASS
from oss_emulator.recording import facts as judging
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.facts import FactResult, FactStatus
from oss_emulator.recording.playing import (
    TRIES,
    PlayedAnswer,
    PlayedStep,
    content,
    play,
    prepare,
    strip,
    unplayed,
)
from oss_emulator.recording.saving import save
from oss_emulator.recording.scenario import (
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    Recording,
)
from oss_emulator.settings import LogLevel, Settings
from oss_emulator.system import signals

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening

INCLUDED = {"referer": Path(__file__).parents[1] / "scenarios" / "referer.json"}
"""The scenarios of the package, by name: requests about Referer rules."""

_DESCRIPTION = (
    "Sends the requests of scenarios to a new, empty emulator or to --endpoint, and compares the "
    "answers with the expected status, headers and elements. Without FILE it sends the included "
    "requests about Referer rules and reports whether each fact is confirmed. At --endpoint it "
    "creates buckets and deletes them. The exit status is 0 if nothing differs, 1 if an answer "
    "differs, and 2 if a file cannot be read or the service does not answer."
)

_KINDS = (RemarkKind("answer", "An answer differs from the expected answer."),)

DEFAULT_RATE = 10.0
"""Requests a second, unless the service is on this machine."""

_PAUSE = 1.0
"""Seconds between two checks whether rules took effect, unless the service is on this machine."""

_OPENING = 5
"""Maximum tries of a denied request, because new permissions take a moment to take effect."""


class _Contents(NamedTuple):
    """Things that keep a bucket from being deleted: how to list and how to delete them."""

    subresource: str
    key: str
    """The end of the path of the element with the key."""
    version: str = ""
    """The same for the id that the deletion names in `parameter`, "" for none."""
    parameter: str = ""
    markers: Mapping[str, str] = {}
    """The parameters of the next page, each with the element that has its value."""


_VERSIONS = _Contents(
    "versions",
    "/Key",
    "/VersionId",
    "versionId",
    {"key-marker": "/NextKeyMarker", "version-id-marker": "/NextVersionIdMarker"},
)

_OTHERS = (
    _Contents(
        "uploads",
        "/Key",
        "/UploadId",
        "uploadId",
        {"key-marker": "/NextKeyMarker", "upload-id-marker": "/NextUploadIdMarker"},
    ),
    _Contents("live", "/LiveChannel/Name", markers={"marker": "/NextMarker"}),
    _Contents(
        "accessPoint",
        "/AccessPointName",
        markers={"continuation-token": "/NextContinuationToken"},
    ),
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("play", run, description=_DESCRIPTION)
    said = "a JSON file of scenarios (default: referer, the included ones)"
    files = parser.add_argument("files", metavar="FILE", nargs="*", type=_path, help=said)
    complete_path(files)
    parser.add_argument("--endpoint", metavar="URL", help="send them to this service instead")
    said = f"maximum requests a second (default: {DEFAULT_RATE:g}, unbounded on this machine)"
    parser.add_argument("--rate", type=_rate, help=said)
    said = "write the answers as scenarios, without private data of the account"
    parser.add_output("--save", said=said)
    said = "write the assumptions that make the emulator do the same"
    parser.add_output("--write", said=said)
    rules.declare_assumptions(parser)
    formats.declare(parser)
    parser.add_output("--junit", said="write JUnit XML to FILE")


@dataclass(slots=True)
class _PlayedFile:
    path: Path
    recording: Recording
    steps: list[PlayedStep] = field(default_factory=list)
    region: str = ""
    private: dict[str, str] = field(default_factory=dict)
    """The private texts of the account that must not be saved, each with its replacement."""


def run(arguments: argparse.Namespace) -> int:
    files = [_read(path) for path in arguments.files or INCLUDED.values()]
    if arguments.save and len(files) != 1:
        raise InputError("--save needs exactly one FILE")
    if arguments.endpoint is None:
        _play_alone(files, arguments)
        return _finish(files, arguments)
    try:
        _play_at(files, arguments)
    except CommandError as error:
        if any(file.steps for file in files):
            try:
                _finish(files, arguments)
            finally:
                language.complain(str(error))
            return error.status
        raise
    return _finish(files, arguments)


def _finish(files: Sequence[_PlayedFile], arguments: argparse.Namespace) -> int:
    """Write and print what was found; returns the exit status."""
    answered = [step for file in files for step in file.steps if step.reply is not None]
    remarks = [remark for file in files for remark in _remark(str(file.path), file.steps)]
    questions = {name: said for file in files for name, said in file.recording.questions.items()}
    missing = [step for file in files for step in unplayed(file.recording, file.steps, _ENDED)]
    played = [step for file in files for step in file.steps]
    facts = judging.conclude([*played, *missing], questions, arguments.assumptions)
    place, date = arguments.endpoint or "an emulator", datetime.now(UTC).date().isoformat()
    if arguments.write is not None:
        heading = f"Found by oss-emulator play at {place} on {date}."
        with writing(Path(arguments.write), InputError) as written:
            written.write(judging.format_assumptions(facts, heading).encode())
    if arguments.save is not None:
        _save(Path(arguments.save), files[0], f"Played by oss-emulator on {date}.")
    if arguments.junit is not None:
        with writing(Path(arguments.junit)) as written:
            written.write(format_junit(remarks))
    if missing:  # facts without an answer would hide the others
        facts = tuple(fact for fact in facts if any(step.reply for step in fact.steps))
    command_result = formats.CommandResult(
        text=_report(answered, facts),
        data=lambda: {"endpoint": place, "date": date, **_to_dict(answered, facts)},
        remarks=remarks,
        kinds=_KINDS,
    )
    formats.print_result(command_result, arguments)
    return int(any(step.differences for step in played))


_ENDED = "the command ended before"
"""Why a step was not sent."""


def _path(text: str) -> Path:
    return INCLUDED.get(text) or Path(text)


def _read(path: Path) -> _PlayedFile:
    try:
        return _PlayedFile(path, scenarios.read(path))
    except scenarios.ScenarioError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


def _save(path: Path, file: _PlayedFile, heading: str) -> None:
    origin = {"source": heading, "endpoint": f"oss-{file.region}.aliyuncs.com"}
    saved = save(file.recording, file.steps, file.private)
    with writing(path, InputError) as written:
        written.write(f"{json.dumps(saved | origin, indent=1, ensure_ascii=False)}\n".encode())
    if file.path not in INCLUDED.values():
        name = str(file.path)
        said = Sentence("The requests of {} are saved unchanged; check for private texts.", name)
        print(language.say(said), file=sys.stderr)


_FRAMING = frozenset("connection content-length expect host transfer-encoding".split())
"""Headers that depend on the connection; the player sends its own."""


_Item: TypeAlias = tuple[str, Mapping[str, str], Mapping[str, str]]
"""The key, the query and the headers of the request that deletes one thing."""


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
        """`names` has the buckets to create instead of those in the recording.

        `pause` is the time to wait for rules to take effect, in seconds.
        """
        self._client, self._signer, self._recording = client, signer, recording
        self._names = {"access-key": signer.key.id, **(names or {})}
        self._assumed, self._pause = assumed, pause
        self._refused: dict[str, str] = {}
        self._is_prepared = False
        self.created: dict[str, bool] = {}
        """The buckets to be deleted; False if the service has not said that it created one."""

    def play(self, scenario: RecordedScenario) -> Iterator[PlayedStep]:
        """Create the state before the first step, then play each step. Raises CommandError."""
        before = (*(() if self._is_prepared else prepare(self._recording)), *scenario.before)
        for number, request in enumerate(before):
            for _ in range(_OPENING if request.opens else 1):
                reply = self._send(request, content(request, f"before {number}"))
                if reply.status < 300:
                    break
                time.sleep(self._pause)
            said = f"{request}: the service answered {reply}"
            if reply.status >= 300 and not request.opens:
                raise CommandError(f"{scenario.name}: {said}")
            if reply.status >= 300:
                self._refused.setdefault(request.opens, said)
        self._is_prepared = True
        yield from play(
            scenario,
            self._send,
            self._names,
            assumed=self._assumed,
            pause=lambda: time.sleep(self._pause),
            refused=self._refused,
        )

    def restore(self) -> Iterator[str]:
        """Delete the created buckets; yields a sentence for each thing that is left."""
        for name, is_known in self.created.items():
            left: list[str] = []
            for is_last in (False, True):
                try:
                    if is_last:
                        time.sleep(self._pause)
                    left = self._delete(name, is_last)
                    if not left and is_known:
                        break
                except (CommandError, ValueError, KeyboardInterrupt) as error:
                    failed = str(error) or _INTERRUPTED
                    left = [f"oss://{name} and its contents were not deleted ({failed})"]
            yield from left

    def _delete(self, name: str, is_last: bool) -> list[str]:
        """Delete a bucket with its contents; returns a sentence for each thing that is left.

        The last try also deletes what few buckets have, and what is protected. Raises CommandError,
        and ValueError for an answer that is not a listing.
        """
        left: list[str] = []
        if is_last:
            self._ask("DELETE", name, "", {"worm": ""})  # unless the retention policy is locked
        for contents in (*_OTHERS, _VERSIONS) if is_last else (_VERSIONS,):
            for key, query, headers in self._list(name, contents):
                reply = self._ask("DELETE", name, key, query, headers)
                if is_last and contents is _VERSIONS and reply.status in (403, 409):
                    self._ask("PUT", name, key, {"legalHold": "", **query}, body=_NO_HOLD)
                    reply = self._ask("DELETE", name, key, query, {BYPASS: "true"})
                if not _is_gone(reply):
                    named = {**query, **headers}.items()
                    which = "&".join(f"{of}={text}" if text else of for of, text in named)
                    left.append(_not_deleted(f"{name}/{key}?{which}", reply))
        reply = self._ask("DELETE", name)
        return [] if _is_gone(reply) else [*left, _not_deleted(name, reply)]

    def _list(self, name: str, contents: _Contents) -> Iterator[_Item]:
        """Yield the contents of one kind, each as the key, query and headers that delete it."""
        query, pages = {contents.subresource: "", "encoding-type": "url"}, set[str]()
        while True:
            reply = self._ask("GET", name, query=query)
            if reply.status == 404 or (reply.status >= 300 and contents is not _VERSIONS):
                return  # nothing of this kind, or the service does not know it
            if reply.status >= 300:
                raise CommandError(f"GET {name}/?versions: the service answered {reply}")
            found = [text.partition("=")[::2] for text in reply.list_elements()]
            if any(path.endswith("/EncodingType") for path, _ in found):
                found = [(path, unquote(text)) for path, text in found]

            def values(end: str, found: Sequence[tuple[str, ...]] = found) -> list[str]:
                return [text for path, text in found if end and path.endswith(end)]

            keys = values(contents.key)
            for key, version in zip(keys, values(contents.version) or keys, strict=True):
                if contents.subresource == "accessPoint":
                    yield "", {"accessPoint": ""}, {"x-oss-access-point-name": key}
                else:
                    named = {contents.parameter: version} if contents.version else {}
                    yield key, named or {contents.subresource: ""}, {}
            markers = {of: values(end)[:1] for of, end in contents.markers.items()}
            page = str(markers)
            if values("/IsTruncated")[:1] != ["true"] or not any(markers.values()):
                return
            if page in pages:
                raise ValueError(f"the list of {contents.subresource} repeats a page")
            pages.add(page)
            query = {**query, **{of: text for of, texts in markers.items() for text in texts}}

    def _ask(
        self,
        method: str,
        name: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Sequence[str] = (),
    ) -> PlayedAnswer:
        content = RecordedBody(xml=tuple(body))
        request = RecordedRequest(method, name, f"/{key}", query or {}, headers or {}, content)
        return self._send(request, scenarios.build(content.xml))

    def _send(self, request: RecordedRequest, body: bytes) -> PlayedAnswer:
        name = "" if "." in request.bucket else self._names.get(request.bucket, request.bucket)
        # A service may ignore a sub-resource, and create the bucket.
        is_new = request.method == "PUT" and request.path == "/" and name not in {"", *self.created}
        if is_new:
            self.created[name] = False
        key = request.path.removeprefix("/")
        headers: Mapping[str, str] = {
            name.lower(): text
            for name, text in request.headers.items()
            if name.lower() not in _FRAMING
        }
        if request.body.xml:
            # Recordings lack this header, which SDKs send with each document (P-76).
            headers = {**headers, "content-md5": format_md5(md5(body))}
        query = urlencode(request.query, quote_via=quote)
        signer, signature = self._signer, request.signature
        if signature is not None and signature.wrong:
            signer = replace(signer, key=signer.key._replace(secret="wrong"))  # noqa: S106
        if signature is not None and signature.place is Signing.FORM:
            kind, body = _write_form(signer.sign_form(name, key, signature.version), body)
            headers, key = {**headers, "content-type": kind}, ""
        elif signature is not None:
            covered = {**headers, "referer": signature.referer} if signature.referer else headers
            signed = (request.method, name, key, request.query, covered)
            query, authorized = signer.sign(signature, *signed)
            if signature.place is Signing.HEADER:  # a URL is sent with its headers as they are
                headers = authorized
        fields = [(header, text) for header, each in headers.items() for text in each.split("\n")]
        reply = self._client.send(request.method, name, quote(key), query, fields, body=body)
        if is_new and 300 <= reply.status < 500:
            del self.created[name]
        elif is_new:
            self.created[name] = reply.status < 300
        return reply


_NO_HOLD = ("LegalHold", "LegalHold/Status=OFF")


def _is_gone(reply: PlayedAnswer) -> bool:
    return reply.status < 300 or reply.status == 404


def _not_deleted(what: str, reply: PlayedAnswer) -> str:
    return f"oss://{strip(what)} was not deleted (the service answered {reply})"


def _write_form(fields: Mapping[str, str], content: bytes) -> tuple[str, bytes]:
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


_INTERRUPTED = "interrupted"


def _play_at(files: Sequence[_PlayedFile], arguments: argparse.Namespace) -> None:
    """Play files at --endpoint, and delete the created buckets in any case. Raises InputError."""
    try:
        address = ServiceAddress.parse(arguments.endpoint)
    except ValueError as error:
        raise InputError(str(error)) from None
    is_far, key, failure = not address.is_loopback, bucket.access_key(), ""
    rate = arguments.rate or (DEFAULT_RATE if is_far else None)
    client = ServiceClient(arguments.endpoint, rate)
    players = []
    for file in files:
        # Each bucket gets a unique name, so that no existing bucket is changed.
        names = {
            name: f"oss-emulator-{secrets.token_hex(8)}-{name}"[:63].rstrip("-")
            for name in file.recording.bucket_names
        }
        file.private = {key.id: "{access key}", address.host: "{endpoint}"}
        file.private |= {name: f"{{{recorded}}}" for recorded, name in names.items()}
        region = os.environ.get("OSS_REGION") or scenarios.region_of(address.host)
        file.region = region or file.recording.region
        settings = {"assumed": arguments.assumptions, "pause": _PAUSE if is_far else 0.0}
        signer = Signer(key, file.region)
        players.append(Player(client, signer, file.recording, names, **settings))
        _announce(file.recording, rate, arguments.format)
    with _terminable():
        try:
            for file, player in zip(files, players, strict=True):
                for scenario in file.recording.scenarios:
                    for step in player.play(scenario):
                        file.steps.append(step)
        except KeyboardInterrupt:
            failure = _INTERRUPTED
        except CommandError as error:
            failure = str(error)
        finally:
            left = [said for player in players for said in player.restore()]
    if left:
        raise InputError("; ".join(map(language.explain, filter(None, (failure, *left)))))
    if failure:
        kind = InterruptedCommandError if failure == _INTERRUPTED else InputError
        raise kind(f"{failure}; all created buckets were deleted")


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that buckets are deleted."""
    numbers = signals("SIGTERM", "SIGHUP")
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _announce(recording: Recording, rate: float | None, form: str) -> None:
    """Print the number of requests that follow: if rules take effect at once, and at most."""
    few = len([*recording.requests]) + 2 * len([*prepare(recording)]) + 8
    waits = sum(step.until for scenario in recording.scenarios for step in scenario.steps)
    pace = Sentence("{} a second", f"{rate:g}") if rate else Sentence("without pauses")
    counts = (str(few + waits), str(few + waits * TRIES))
    said = Sentence("About {} requests to new buckets, at most {}, {}.", *counts, pace)
    to = sys.stdout if form == formats.Format.TEXT else sys.stderr
    print(language.say(said), file=to, flush=True)


def _play_alone(files: Sequence[_PlayedFile], arguments: argparse.Namespace) -> None:
    """Play each file at a new emulator."""
    with loading():
        from oss_emulator.cli import foreground  # not needed for --endpoint

    for file in files:

        async def play_all(listening: "Listening", file: _PlayedFile = file) -> int:
            key = listening.key
            file.private, file.region = {key.id: "{access key}"}, listening.server.settings.region
            signer = Signer(GivenKey(key.id, key.secret, None), file.region)
            client = _client_of(listening, file.recording)
            for scenario in file.recording.scenarios:
                player = Player(client, signer, file.recording, assumed=arguments.assumptions)
                file.steps += await asyncio.to_thread(list, player.play(scenario))
                await listening.reset()
            return 0

        region, assumed = file.recording.region, arguments.assumptions
        try:
            settings = Settings(
                port=0, tls=True, region=region, log_level=LogLevel.ERROR, assumptions=assumed
            )
        except ValueError as error:
            raise InputError(str(error)) from None
        foreground.serve(settings, play_all)


def _client_of(listening: "Listening", recording: Recording) -> ServiceClient:
    certificates = listening.server.certificates
    assert certificates is not None and certificates.ca is not None  # noqa: S101, PT018 - tls is set
    context = ssl.create_default_context(cadata=certificates.ca.decode())
    return ServiceClient(listening.server.endpoint, host=recording.endpoint, context=context)


def _report(played: Sequence[PlayedStep], facts: Sequence[FactResult]) -> Iterator[Block]:
    """Describe the answers that differ, then the facts, then the number of equal answers."""
    name = ""
    for step in played:
        if not step.differences or step.step.facts:
            continue
        if step.scenario != name:
            yield line(Text(step.scenario, Tone.STRONG))
        name = step.scenario
        yield from _differences(step)
    for result in facts:
        word = Text(Sentence(result.conclusion.value), _TONES[result.conclusion], width=19)
        yield line(f"{result.fact}  ", word, language.explain(result.about))
        if result.expected and result.conclusion is not FactStatus.CONFIRMED:
            yield _variant(Sentence("expected"), result.expected)
        if result.found:
            yield _variant(Sentence("found"), result.found)
        if result.why:
            yield line(language.explain(result.why), indent=6)
        if result.conclusion is FactStatus.DIFFERS and result.found is None:
            for step in result.steps:
                yield from _differences(step) if step.differences else ()
    if facts:
        found = Counter(result.conclusion for result in facts)
        counts = (f"{language.say(Sentence(one.value))}: {found[one]}" for one in FactStatus)
        yield line(", ".join(counts))
    equal = sum(not step.differences for step in played)
    tone = Tone.GOOD if equal == len(played) else Tone.BAD
    said = Sentence("{} of {} answers are equal", str(equal), str(len(played)))
    yield line(Text(said, tone))


def _variant(label: Sentence, variant: StrEnum) -> Block:
    label_text = Text(label, Tone.FAINT, width=9)
    return line(label_text, f"{variant}: ", SENTENCES[variant], indent=6)


_TONES = {FactStatus.CONFIRMED: Tone.GOOD, FactStatus.DIFFERS: Tone.BAD}
_TONES |= dict.fromkeys((FactStatus.NOT_ALLOWED, FactStatus.UNSEEN), Tone.WARNING)


def _differences(step: PlayedStep) -> Iterator[Block]:
    yield line(f"{step.number}  {step.step.request}", indent=2)
    for difference in step.differences:
        nothing = Sentence("nothing")
        where = language.explain(difference.where)
        expected, found = difference.recorded or nothing, difference.found or nothing
        yield line(Sentence("{}: expected {}, found {}", where, expected, found), indent=6)


def _to_dict(played: Sequence[PlayedStep], facts: Sequence[FactResult]) -> dict[str, object]:
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
        "facts": [{name: getattr(result, name) for name in _SAID} for result in facts],
    }


_SAID = ("fact", "about", "assumption", "conclusion", "expected", "found", "why")


def _remark(path: str, played: Sequence[PlayedStep]) -> Iterator[Remark]:
    """Yield a remark on each answer to a file, with its differences if there are any."""
    for step in played:
        if step.reply is None:
            continue
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


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a rate; write a number above 0")
    return rate
