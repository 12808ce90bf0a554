"""Plays scenarios: sends their requests again, and compares the answers."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import shake_128
from typing import TypeAlias

from oss_emulator.recording.comparing import AnswerDifference, PlayedAnswer, compare
from oss_emulator.recording.elements import build, list_elements
from oss_emulator.recording.scenario import (
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
)

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
        played.append(PlayedStep(scenario.name, number, step, found))
    return played


def resolved(request: RecordedRequest, resolve: Callable[[str], str]) -> RecordedRequest:
    """Return a request whose references are replaced."""
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
