"""Makes scenarios from the answers of a service, without private data of the account."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from oss_emulator.recording.playing import NOT_RECORDED, PlayedAnswer, PlayedStep
from oss_emulator.recording.scenario import ANY, Recording

_OPEN_HEADERS = frozenset(
    "accept-ranges access-control-allow-headers access-control-allow-methods "
    "access-control-allow-origin access-control-max-age content-range content-type server vary "
    "x-oss-ec x-oss-force-download x-oss-object-type x-oss-storage-class".split()
)
_OPEN_ELEMENTS = frozenset("Code EC RecommendDoc".split())
"""Values to keep, because they say nothing about the account; others only if the file has them."""

_SENTENCE = re.compile(r"[A-Z][A-Za-z ,.'-]*")
"""A Message without ids and names. It is masked if it has a text that is masked elsewhere."""

_DROPPED = NOT_RECORDED | {"x-oss-err"}


def save(
    recording: Recording, played: Iterable[PlayedStep], private: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of a file of scenarios with the new answers.

    `private` has texts that must not occur, such as names of buckets, each with its replacement.
    The requests do not change.
    """
    saved: dict[str, Any] = deepcopy({**recording.document})
    texts = (text for request in recording.requests for text in request.body.xml)
    own = {"true", "false", "", *(text.partition("=")[2] for text in texts)}
    answers = {(step.scenario, step.number): step for step in played if step.reply is not None}
    for scenario in saved["scenarios"]:
        scenario["steps"] = [
            {
                **{name: raw[name] for name in ("facts", "until") if name in raw},
                "request": {
                    name: raw["request"][name] for name in raw["request"] if name != "opens"
                },
                "answer": _answer(step, own, private),
            }
            for number, raw in enumerate(scenario["steps"])
            if (step := answers.get((scenario["scenario"], number)))
        ]
    return saved


def _answer(step: PlayedStep, own: set[str], private: Mapping[str, str]) -> dict[str, Any]:
    wanted, reply = step.step.answer, step.reply or PlayedAnswer(0)

    def keep(text: str) -> str:
        for secret, replacement in private.items():
            text = text.replace(secret, replacement)
        return text

    expected = {name.lower(): value for name, value in wanted.headers.items()}
    kept = {name: keep(value) for name, value in reply.headers.items() if name not in _DROPPED}
    headers = {
        name: value if name in _OPEN_HEADERS or expected.get(name) == value else ANY
        for name, value in kept.items()
    }
    answer: dict[str, Any] = {"status": reply.status, "headers": headers}
    if not reply.document:
        return answer
    try:
        found = [keep(text) for text in reply.list_elements()]
    except ValueError:
        return {**answer, "xml": [ANY]}
    own = own | {element.partition("=")[2] for element in found if element in wanted.xml}
    masked = {text for _, text in map(_leaf, found) if text} - own
    return {**answer, "xml": [_mask(element, own, masked) for element in found]}


def _mask(element: str, own: set[str], masked: set[str]) -> str:
    """Replace the text of an element if it may be private."""
    name, text = _leaf(element)
    is_sentence = name == "Message" and _SENTENCE.fullmatch(text) is not None
    is_open = is_sentence and not any(secret in text for secret in masked - {text})
    if text in own or name in _OPEN_ELEMENTS or is_open:
        return element
    return f"{element.partition('=')[0]}={ANY}"


def _leaf(element: str) -> tuple[str, str]:
    path, _, text = element.partition("=")
    return path.rpartition("/")[2], text
