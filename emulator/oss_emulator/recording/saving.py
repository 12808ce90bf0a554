"""Makes a scenario of what a service answered, without anything that is private to the account."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from oss_emulator.recording.playing import NOT_RECORDED, PlayedAnswer, PlayedStep
from oss_emulator.recording.scenario import ANY, Recording, list_elements

_OPEN_HEADERS = frozenset(
    "accept-ranges access-control-allow-headers access-control-allow-methods "
    "access-control-allow-origin access-control-max-age content-range content-type server vary "
    "x-oss-ec x-oss-force-download x-oss-object-type x-oss-storage-class".split()
)
_OPEN_ELEMENTS = frozenset("Code EC RecommendDoc".split())
"""What is kept: it says nothing of the account. Any other value is kept if the file has it."""

_SENTENCE = re.compile(r"[A-Z][A-Za-z ,.'-]*")
"""A Message without ids and names; one with a text that is replaced elsewhere is not kept."""

_ERROR = "x-oss-err"


def save(
    document: Any,
    recording: Recording,
    played: Iterable[PlayedStep],
    private: Mapping[str, str],
    heading: str,
    endpoint: str,
) -> Any:
    """Return the JSON of a file of scenarios, with the answers that were given instead.

    `document` is the JSON of the file that was played. `private` has texts that must not occur,
    such as names of buckets, each with its replacement. The requests stay as they are written.
    """
    saved = deepcopy({"scenarios": document} if isinstance(document, list) else document)
    saved |= {"source": heading, "endpoint": endpoint}
    answers: dict[str, list[PlayedStep]] = {}
    for step in played:
        answers.setdefault(step.scenario, []).append(step)
    own = {"true", "false", "", *_texts(recording)}
    for scenario in saved["scenarios"]:
        scenario["steps"] = [
            {
                **{name: raw[name] for name in ("request", "facts", "until") if name in raw},
                "answer": _answer(step, step.reply, own, private),
            }
            for raw, step in zip(
                scenario["steps"], answers.get(scenario["scenario"], ()), strict=False
            )
            if step.reply is not None
        ]
    return saved


def _texts(recording: Recording) -> Iterator[str]:
    """Yield the texts of the documents that are sent: the service answers some of them again."""
    for scenario in recording.scenarios:
        for request in (*scenario.before, *(step.request for step in scenario.steps)):
            yield from (element.partition("=")[2] for element in request.body.xml)


def _answer(
    step: PlayedStep, reply: PlayedAnswer, own: set[str], private: Mapping[str, str]
) -> dict[str, Any]:
    wanted = step.step.answer

    def keep(text: str) -> str:
        for secret, replacement in private.items():
            text = text.replace(secret, replacement)
        return text

    expected = {name.lower(): value for name, value in wanted.headers.items()}
    headers = {}
    for name, value in reply.headers.items():
        if name not in NOT_RECORDED and name != _ERROR:
            kept = keep(value)
            is_open = name in _OPEN_HEADERS or expected.get(name) == kept
            headers[name] = kept if is_open else ANY
    answer: dict[str, Any] = {"status": reply.status, "headers": headers}
    if not reply.document:
        return answer
    try:
        found = list_elements(reply.document)
    except ValueError:
        return {**answer, "xml": [ANY]}
    return {**answer, "xml": [*_elements([keep(text) for text in found], wanted.xml, own)]}


def _elements(found: Sequence[str], wanted: Sequence[str], own: set[str]) -> Iterator[str]:
    """Yield elements of an answer, with the texts replaced that may be of the account."""
    masked = {
        element.partition("=")[2]
        for element in found
        if "=" in element and not _is_open(element, wanted, own, ())
    }
    for element in found:
        is_kept = "=" not in element or _is_open(element, wanted, own, masked)
        yield element if is_kept else f"{element.partition('=')[0]}={ANY}"


def _is_open(element: str, wanted: Sequence[str], own: set[str], masked: Iterable[str]) -> bool:
    path, _, text = element.partition("=")
    name = path.rpartition("/")[2]
    if text in own or element in wanted or name in _OPEN_ELEMENTS:
        return True
    is_sentence = name == "Message" and _SENTENCE.fullmatch(text) is not None
    return is_sentence and not any(secret in text for secret in masked if secret)
