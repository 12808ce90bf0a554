"""What the answers to scenarios say about facts: confirmed, differs, and the variant found."""

from collections.abc import Iterator, Mapping, Sequence
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
    """What was found about one question."""

    question: str
    """`R-20`, or `R-14 empty_whitelist` for a field of the assumptions."""
    about: str
    status: FactStatus
    steps: tuple[PlayedStep, ...]
    expected: StrEnum | None = None
    """The variant that is expected of an assumed fact; None for a documented one."""
    found: StrEnum | None = None
    """The variant of an assumed fact that fits all answers."""
    why: str = ""
    """Why it could not be seen."""

    @property
    def number(self) -> str:
        return self.question.partition(" ")[0]

    @property
    def field(self) -> str:
        """The field of Assumptions that it decides, or "": what was recorded has no variants."""
        name = self.question.partition(" ")[2]
        is_open = name in DEFAULT.chosen() and any(step.step.variants for step in self.steps)
        return name if is_open else ""


def conclude(
    played: Sequence[PlayedStep], questions: Mapping[str, str], expected: Assumptions = DEFAULT
) -> tuple[FactResult, ...]:
    """Compare the answers with every variant of each assumed fact, then with the documents.

    What was found about a fact is taken into account for those after it.
    """
    asked: dict[str, list[PlayedStep]] = {name: [] for name in questions}
    for step in played:
        for name in step.step.facts:
            asked.setdefault(name, []).append(step)
    results = [
        FactResult(name, questions.get(name, ""), FactStatus.UNSEEN, tuple(steps))
        for name, steps in asked.items()
    ]
    known, done = expected, []
    for result in sorted(results, key=lambda result: not result.field):
        if result.field:
            concluded = _conclude_assumed(result, known)
            known = _assume(known, result.field, concluded.found or concluded.expected)
        else:
            concluded = _conclude_documented(result, known)
        done.append(concluded)
    return tuple(sorted(done, key=lambda result: result.number))


def chosen(results: Sequence[FactResult]) -> Iterator[tuple[FactResult, str]]:
    """Yield the results about assumed facts with the names of their fields, in their order."""
    by_field = {result.field: result for result in results}
    yield from ((by_field[name], name) for name in DEFAULT.chosen() if name in by_field)


def format_assumptions(results: Sequence[FactResult], heading: str) -> str:
    """Format the resulting file of assumptions; an undecided fact keeps the expected variant."""
    lines, found = [f"# {heading}"], DEFAULT
    for result, name in chosen(results):
        found = _assume(found, name, result.found or result.expected)
        if result.found is None:
            why = result.why or "no variant fits the answers"
            lines.append(f"# {name} was not decided: {why}")
    return "\n".join([*lines, assumptions.format(found)])


def _conclude_assumed(result: FactResult, known: Assumptions) -> FactResult:
    expected = known.chosen()[result.field]
    fitting = [
        variant
        for variant in type(expected)
        if all(step.fits(_assume(known, result.field, variant)) for step in result.steps)
    ]
    result = replace(result, expected=expected)
    if len(fitting) == 1:
        status = FactStatus.CONFIRMED if fitting[0] is expected else FactStatus.DIFFERS
        return replace(result, status=status, found=fitting[0])
    if fitting:
        return _unseen(result, f"the answers fit {' and '.join(fitting)}")
    return replace(result, status=FactStatus.DIFFERS)


def _conclude_documented(result: FactResult, known: Assumptions) -> FactResult:
    if not all(step.fits(known) for step in result.steps):
        return replace(result, status=FactStatus.DIFFERS)
    if any(step.unseen for step in result.steps) or not result.steps:
        return _unseen(result, "it was not asked")
    return replace(result, status=FactStatus.CONFIRMED)


def _unseen(result: FactResult, otherwise: str) -> FactResult:
    step = next((step for step in result.steps if step.unseen), None)
    is_refused = step is not None and step.refused
    status = FactStatus.NOT_ALLOWED if is_refused else FactStatus.UNSEEN
    return replace(result, status=status, why=step.unseen if step else otherwise)


def _assume(assumed: Assumptions, field: str, variant: StrEnum | None) -> Assumptions:
    change: dict[str, Any] = {field: variant}
    return replace(assumed, **change)
