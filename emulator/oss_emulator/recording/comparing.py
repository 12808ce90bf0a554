"""Compares an answer with the one that was recorded."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from oss_emulator.recording.elements import list_elements
from oss_emulator.recording.scenario import ANY, RecordedAnswer

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
) -> tuple[AnswerDifference, ...]:
    """Compare status, headers and elements; only what differs is returned."""
    return tuple(_differences(recorded, reply, resolve))


def _differences(
    recorded: RecordedAnswer, reply: PlayedAnswer, resolve: Resolve
) -> Iterator[AnswerDifference]:
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
