"""Concludes from the answers to scenarios which facts are confirmed, and which variants hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from oss_referer.engine.assumptions import DEFAULT, Assumptions
from oss_referer.sources import assumptions

from oss_emulator.recording.playing import PlayedStep


class FactStatus(StrEnum):
    """What the answers say about a fact."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    NOT_ALLOWED = "not allowed here"
    UNSEEN = "could not be seen"


@dataclass(frozen=True, slots=True)
class FactResult:
    """The result for one question."""

    fact: str
    """The number of the fact."""
    about: str
    assumption: str | None
    """The field of `Assumptions` for the fact; None for a documented or recorded fact."""
    steps: tuple[PlayedStep, ...]
    conclusion: FactStatus = FactStatus.DIFFERS
    expected: StrEnum | None = None
    """The expected variant of an assumed fact."""
    found: StrEnum | None = None
    """The variant that fits all answers."""
    why: str = ""
    """Why the fact could not be seen."""


def conclude(
    played: Sequence[PlayedStep], questions: Mapping[str, str], expected: Assumptions = DEFAULT
) -> tuple[FactResult, ...]:
    """Compare the answers with every variant of each assumed fact, then with the documents.

    The variant found for a fact is used for the facts after it.
    """
    asked: dict[str, list[PlayedStep]] = {name: [] for name in questions}
    for step in played:
        for name in step.step.facts:
            asked.setdefault(name, []).append(step)
    results = []
    for name, steps in asked.items():
        fact, _, field = name.partition(" ")
        is_assumed = field in DEFAULT.chosen() and any(step.step.variants for step in steps)
        about = questions.get(name, "")
        results.append(FactResult(fact, about, field if is_assumed else None, tuple(steps)))
    known, concluded = expected, []
    for result in sorted(results, key=lambda result: result.assumption is None):
        concluded.append(_conclude(result, known))
        known = _assume(known, concluded[-1])
    return tuple(sorted(concluded, key=lambda result: result.fact))


def format_assumptions(results: Sequence[FactResult], heading: str) -> str:
    """Format the result as a file of assumptions; an undecided fact keeps the expected variant."""
    lines, found = [f"# {heading}"], DEFAULT
    for result in results:
        found = _assume(found, result)
        if result.assumption and result.found is None:
            why = result.why or "no variant fits the answers"
            lines.append(f"# {result.assumption} was not decided: {why}")
    return "\n".join([*lines, assumptions.format(found)])


def _conclude(result: FactResult, known: Assumptions) -> FactResult:
    otherwise = "it was not asked"
    if result.assumption is None:
        fits = all(step.fits(known) for step in result.steps)
        is_clear = bool(result.steps) and not any(step.unseen for step in result.steps)
    else:
        expected = known.chosen()[result.assumption]
        variants = [replace(result, expected=expected, found=one) for one in type(expected)]
        fitting = [
            one for one in variants if all(step.fits(_assume(known, one)) for step in one.steps)
        ]
        result = fitting[0] if len(fitting) == 1 else replace(result, expected=expected)
        fits, is_clear = bool(fitting), len(fitting) == 1
        otherwise = f"the answers fit {' and '.join(one.found or '' for one in fitting)}"
    if not fits or (is_clear and result.found is not result.expected):
        return result
    if is_clear:
        return replace(result, conclusion=FactStatus.CONFIRMED)
    step = next((step for step in result.steps if step.unseen), None)
    is_refused = step is not None and step.refused
    conclusion = FactStatus.NOT_ALLOWED if is_refused else FactStatus.UNSEEN
    return replace(result, conclusion=conclusion, why=step.unseen if step else otherwise)


def _assume(known: Assumptions, result: FactResult) -> Assumptions:
    """Assume the variant found for a fact, or else the expected variant."""
    change: dict[str, Any] = {result.assumption or "": result.found or result.expected}
    return replace(known, **change) if result.assumption else known
