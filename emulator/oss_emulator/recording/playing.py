"""Plays scenarios: sends their requests again, and compares the answers."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from hashlib import shake_128
from typing import TypeAlias

from oss_emulator.recording.scenario import (
    ANY,
    RecordedAnswer,
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
    build,
    list_elements,
)

NOT_RECORDED = frozenset("connection content-length keep-alive transfer-encoding".split())
"""The headers that depend on the connection; recordings do not have them."""

Resolve = Callable[[str], str]
"""Replaces references to earlier answers in a text."""


@dataclass(frozen=True, slots=True)
class PlayedAnswer:
    """The answer to a request that was played; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """One thing that differs: the status, a header, or an element."""

    where: str
    recorded: str
    """What the service answered, "" for nothing."""
    found: str

    def __str__(self) -> str:
        recorded, found = self.recorded or "nothing", self.found or "nothing"
        return f"{self.where}: recorded {recorded}, found {found}"


_ERROR = "x-oss-err"
"""The error document of an answer to HEAD; a recording lists its elements instead."""


def compare(
    recorded: RecordedAnswer, reply: PlayedAnswer, resolve: Resolve
) -> Iterator[AnswerDifference]:
    """Compare status, headers and elements; yields only what differs."""
    if reply.status != recorded.status:
        yield AnswerDifference("status", str(recorded.status), str(reply.status))
    wanted = {name.lower(): (name, resolve(value)) for name, value in recorded.headers.items()}
    for key, (name, value) in wanted.items():
        found = reply.headers.get(key)
        if found is None or value not in (ANY, found):
            yield AnswerDifference(f"header {name}", value, found or "")
    for key in sorted(reply.headers.keys() - wanted.keys() - NOT_RECORDED - {_ERROR}):
        yield AnswerDifference(f"header {key}", "", reply.headers[key] or '""')
    yield from _elements([resolve(element) for element in recorded.xml], reply)


def _elements(wanted: Sequence[str], reply: PlayedAnswer) -> Iterator[AnswerDifference]:
    if wanted == [ANY]:  # the content of an object, which recordings do not have
        return
    if not wanted and not reply.headers.get("content-type", "").startswith("application/xml"):
        return
    try:
        body = reply.body or b64decode(reply.headers.get(_ERROR, ""))
        found = list_elements(body) if body else ()
    except ValueError as error:
        yield AnswerDifference("document", wanted[0] if wanted else "", str(error))
        return
    shown = [_masked_as(element, wanted) for element in found]
    for tag, start, end, begin, stop in SequenceMatcher(
        None, wanted, shown, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield AnswerDifference(
                "elements", ", ".join(wanted[start:end]), ", ".join(shown[begin:stop])
            )


def _masked_as(element: str, wanted: Sequence[str]) -> str:
    """Mask the text of an element if the recording has one at the same path with a masked text."""
    path, is_leaf, _ = element.partition("=")
    masked = f"{path}={ANY}"
    return masked if is_leaf and masked in wanted and element not in wanted else element


Send: TypeAlias = Callable[[RecordedRequest, bytes], PlayedAnswer]
"""Sends a request, whose references are replaced, with a body."""

_REFERENCE = re.compile(r"\{(version|upload|token|etag) ([0-9]{1,9})\}|\{([a-z0-9-]+)\}")

_ELEMENTS = {"upload": "/UploadId=", "token": "/NextContinuationToken="}
_HEADERS = {"version": "x-oss-version-id", "etag": "etag"}
"""Where an answer has the value that a later step refers to."""


_VERSIONED = {
    "versioning": ("VersioningConfiguration", "VersioningConfiguration/Status=Enabled"),
    "objectWorm": ("ObjectWormConfiguration", "ObjectWormConfiguration/ObjectWormEnabled=Enabled"),
}
"""The documents that make a bucket keep versions, by their sub-resources."""


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """A step that was played, and how its answer differs from the recorded one."""

    scenario: str
    number: int
    """The place of the step in its scenario, from 0."""
    step: RecordedStep
    differences: tuple[AnswerDifference, ...]


def prepare(recording: Recording, scenario: RecordedScenario) -> Iterator[RecordedRequest]:
    """Yield the requests that create what existed before the first step."""
    for bucket in recording.buckets:
        yield RecordedRequest("PUT", bucket.name, "/")
        if bucket.versioned:
            for name, document in _VERSIONED.items():
                body = RecordedBody(xml=document)
                yield RecordedRequest("PUT", bucket.name, "/", query={name: ""}, body=body)
    yield from scenario.before


def play(
    scenario: RecordedScenario, send: Send, names: Mapping[str, str] | None = None
) -> list[PlayedStep]:
    """Send the requests of a scenario; `names` has the buckets to use instead of recorded ones."""
    replies: list[PlayedAnswer] = []

    def resolve(text: str) -> str:
        return _REFERENCE.sub(lambda match: _find(match, replies, names or {}), text)

    played = []
    for number, step in enumerate(scenario.steps):
        request = resolved(step.request, resolve)
        replies.append(send(request, content(request, f"{scenario.name} {number}")))
        found = compare(step.answer, replies[-1], resolve)
        played.append(PlayedStep(scenario.name, number, step, tuple(found)))
    return played


def resolved(request: RecordedRequest, resolve: Callable[[str], str]) -> RecordedRequest:
    return replace(
        request,
        path=resolve(request.path),
        query={name: resolve(value) for name, value in request.query.items()},
        headers={name: resolve(value) for name, value in request.headers.items()},
        body=replace(request.body, xml=tuple(resolve(text) for text in request.body.xml)),
    )


def content(request: RecordedRequest, seed: str) -> bytes:
    """Return the bytes of a body: a document, a text, or bytes that follow from `seed`."""
    body = request.body
    if body.xml:
        return build(body.xml)
    return body.text.encode() if body.text else shake_128(seed.encode()).digest(body.size)


def _find(match: re.Match[str], replies: list[PlayedAnswer], names: Mapping[str, str]) -> str:
    kind, number, name = match.groups()
    if name is not None:
        return names.get(name, name)
    if int(number) >= len(replies):
        return match[0]
    reply = replies[int(number)]
    if kind in _HEADERS:
        return reply.headers.get(_HEADERS[kind], match[0])
    found = [text for text in list_elements(reply.body) if _ELEMENTS[kind] in text]
    return found[0].partition("=")[2] if found else match[0]
