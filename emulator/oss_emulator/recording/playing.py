"""Plays scenarios: sends their requests again and compares the answers."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from hashlib import shake_128
from typing import TypeAlias

from oss_referer.engine.assumptions import DEFAULT, Assumptions

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
"""The headers that depend on the connection, and are not in recordings."""

Resolve = Callable[[str], str]
"""Replaces references to earlier answers in a text."""


@dataclass(frozen=True, slots=True)
class PlayedAnswer:
    """The answer to a played request; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def document(self) -> bytes:
        """The body, or the error document in a header of the answer to HEAD."""
        try:
            return self.body or b64decode(self.headers.get(_ERROR, ""))
        except ValueError:
            return b""

    def list_elements(self) -> list[str]:
        """List the elements of the document without control characters; raises `ValueError`."""
        document = self.document
        return [strip(element) for element in list_elements(document)] if document else []

    def find(self, name: str) -> str:
        """Return the text of an element of an error document in one line, or ""."""
        document = self.document.decode(errors="replace") if self.status >= 400 else ""
        found = re.search(rf"<Error\b.*?<{name}>([^<]*)</{name}>", document, re.DOTALL)
        return " ".join(strip(found[1]).split()) if found else ""

    def __str__(self) -> str:
        ec = self.find("EC") or self.headers.get("x-oss-ec", "")
        return " ".join(filter(None, (str(self.status), self.find("Code"), ec)))


def strip(text: str) -> str:
    """Remove characters that control a terminal; line ends and tabs stay."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """One difference: the status, a header or an element."""

    where: str
    recorded: str
    """What the service answered, "" for nothing."""
    found: str

    def __str__(self) -> str:
        expected, found = self.recorded or "nothing", self.found or "nothing"
        return f"{self.where}: expected {expected}, found {found}"


_ERROR = "x-oss-err"
"""The header with the error document of an answer to HEAD; a recording lists its elements."""


def compare(
    recorded: RecordedAnswer, reply: PlayedAnswer, resolve: Resolve
) -> Iterator[AnswerDifference]:
    """Compare status, headers and elements, and yield the differences."""
    if recorded.status not in (0, reply.status):
        yield AnswerDifference("status", str(recorded.status), str(reply.status))
    wanted = {name.lower(): (name, resolve(value)) for name, value in recorded.headers.items()}
    has_others = wanted.pop(ANY, None) is not None
    for key, (name, value) in wanted.items():
        found = reply.headers.get(key)
        if found is None or value not in (ANY, found):
            yield AnswerDifference(f"header {name}", value, found or "")
    others = () if has_others else reply.headers.keys() - wanted.keys() - NOT_RECORDED - {_ERROR}
    for key in sorted(others):
        yield AnswerDifference(f"header {key}", "", reply.headers[key] or '""')
    yield from _elements([resolve(element) for element in recorded.xml], reply)


def _elements(wanted: Sequence[str], reply: PlayedAnswer) -> Iterator[AnswerDifference]:
    if wanted == [ANY]:  # for example the content of an object, which is not recorded
        return
    if not wanted and not reply.headers.get("content-type", "").startswith("application/xml"):
        return
    try:
        found = reply.list_elements()
    except ValueError as error:
        yield AnswerDifference("document", wanted[0] if wanted else "", strip(str(error)))
        return
    shown = [_masked_as(element, wanted) for element in found]
    if wanted[:1] == [ANY]:
        for element in wanted[1:]:
            if (element.removeprefix("!") in shown) is element.startswith("!"):
                path = f"{element.partition('=')[0]}="
                others = [text for text in shown if text.startswith(path)]
                yield AnswerDifference("elements", element, ", ".join(others))
        return
    for tag, start, end, begin, stop in SequenceMatcher(
        None, wanted, shown, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield AnswerDifference(
                "elements", ", ".join(wanted[start:end]), ", ".join(shown[begin:stop])
            )


def _masked_as(element: str, wanted: Sequence[str]) -> str:
    """Mask the text of an element if the recording masks the element at the same path."""
    path, is_leaf, _ = element.partition("=")
    masked = f"{path}={ANY}"
    return masked if is_leaf and masked in wanted and element not in wanted else element


Send: TypeAlias = Callable[[RecordedRequest, bytes], PlayedAnswer]
"""Sends a request, after its references were replaced, with a body."""

_REFERENCE = re.compile(r"\{(version|upload|token|etag) ([0-9]{1,9})\}|\{([a-z0-9-]+)\}")

_ELEMENTS = {"upload": "/UploadId=", "token": "/NextContinuationToken="}
_HEADERS = {"version": "x-oss-version-id", "etag": "etag"}
"""Where to find in an answer the value that a later step refers to."""


_VERSIONED = {
    "versioning": ("VersioningConfiguration", "VersioningConfiguration/Status=Enabled"),
    "objectWorm": ("ObjectWormConfiguration", "ObjectWormConfiguration/ObjectWormEnabled=Enabled"),
}
"""The documents that make a bucket versioned, by their sub-resources."""


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """A played step, and how its answer differs from the expected answer."""

    scenario: str
    number: int
    """The index of the step in its scenario, from 0."""
    step: RecordedStep
    differences: tuple[AnswerDifference, ...]
    """The differences from the answer under the expected assumptions."""
    reply: PlayedAnswer | None = None
    """None if the step was not sent."""
    unseen: str = ""
    """Why the answer proves nothing; "" if it proves something."""
    refused: bool = False
    """Whether the reason is that the account may not send such requests."""
    by_variant: Mapping[str, tuple[AnswerDifference, ...]] = field(default_factory=dict)
    """The differences from the answer of each variant, and from the default answer by ""."""

    def fits(self, assumed: Assumptions) -> bool:
        """Whether the answer fits the assumptions; an answer that proves nothing always fits."""
        return bool(self.unseen) or not _under(assumed, self.by_variant)


def _under(
    assumed: Assumptions, by_variant: Mapping[str, tuple[AnswerDifference, ...]]
) -> tuple[AnswerDifference, ...]:
    chosen = {*assumed.chosen().values()}
    return next((by_variant[name] for name in by_variant if name in chosen), by_variant[""])


def prepare(recording: Recording) -> Iterator[RecordedRequest]:
    """Yield the requests that create the state before each scenario."""
    for bucket in recording.buckets:
        yield RecordedRequest("PUT", bucket.name, "/")
        if bucket.versioned:
            for name, document in _VERSIONED.items():
                body = RecordedBody(xml=document)
                yield RecordedRequest("PUT", bucket.name, "/", query={name: ""}, body=body)
    yield from recording.before


TRIES = 25
"""Maximum number of times that a step is sent until the answer is as expected."""
IN_A_ROW = 2
"""Number of expected answers in a row after which rules count as effective."""


def play(
    scenario: RecordedScenario,
    send: Send,
    names: Mapping[str, str] | None = None,
    *,
    assumed: Assumptions = DEFAULT,
    pause: Callable[[], None] = lambda: None,
    refused: MutableMapping[str, str] | None = None,
) -> Iterator[PlayedStep]:
    """Send the requests of a scenario, and yield each step.

    `names` has the buckets to use instead of the recorded buckets. `pause` waits for rules to take
    effect. `refused` says why an account may not send some kinds of requests; steps add to it.
    """
    replies: list[PlayedAnswer] = []
    refused = {} if refused is None else refused

    def resolve(text: str) -> str:
        return _REFERENCE.sub(lambda match: _find(match, replies, names or {}), text)

    def try_step(number: int, step: RecordedStep) -> PlayedStep:
        request = resolved(step.request, resolve)
        reply = send(request, content(request, f"{scenario.name} {number}"))
        found = {
            name: tuple(compare(answer, reply, resolve))
            for name, answer in {**step.variants, "": step.answer}.items()
        }
        differences = _under(assumed, found)
        kind = request.opens or step.needs
        if request.opens and differences:
            refused[kind] = f"{step.request}: the service answered {reply}"
        is_trouble = reply.status == 429 or 500 <= reply.status != 501  # proves nothing about rules
        why = f"the service answered {reply}" if step.facts and is_trouble else ""
        why = refused.get(kind, why)
        seen = () if why else differences
        return PlayedStep(
            scenario.name, number, step, seen, reply, why, kind in refused, by_variant=found
        )

    lost = ""
    for number, step in enumerate(scenario.steps):
        tries = row = 0
        while not lost:
            tried = try_step(number, step)
            tries, row = tries + 1, 0 if tried.differences else row + 1
            if row == IN_A_ROW or not step.until:
                break
            if tries == TRIES:
                lost = f"the new rules did not take effect within {TRIES} tries"
            elif row == 0:
                pause()
        if lost:
            tried = PlayedStep(scenario.name, number, step, (), unseen=lost)
        replies.append(tried.reply or PlayedAnswer(0))
        yield tried


def unplayed(recording: Recording, played: Iterable[PlayedStep], why: str) -> Iterator[PlayedStep]:
    """Yield the other steps, which prove nothing because they were not sent."""
    known = {(step.scenario, step.number) for step in played}
    for scenario in recording.scenarios:
        for number, step in enumerate(scenario.steps):
            if (scenario.name, number) not in known:
                yield PlayedStep(scenario.name, number, step, (), unseen=why)


def resolved(request: RecordedRequest, resolve: Callable[[str], str]) -> RecordedRequest:
    return replace(
        request,
        path=resolve(request.path),
        query={name: resolve(value) for name, value in request.query.items()},
        headers={name: resolve(value) for name, value in request.headers.items()},
        body=replace(request.body, xml=tuple(resolve(text) for text in request.body.xml)),
    )


def content(request: RecordedRequest, seed: str) -> bytes:
    """Return the bytes of a body: a document, a text, or bytes generated from `seed`."""
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
    try:
        found = [text for text in reply.list_elements() if _ELEMENTS[kind] in text]
    except ValueError:  # not an answer of the service, for example the page of a proxy
        found = []
    return found[0].partition("=")[2] if found else match[0]
