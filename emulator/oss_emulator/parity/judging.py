"""What the replies of a service say about each fact, and the assumptions that follow from them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from oss_referer.engine.assumptions import DEFAULT, Assumptions
from oss_referer.sources import assumptions

from .asking import Replies
from .inquiries import ASSUMED, DOCUMENTED, Ask, Inquiry
from .requests import Reply, Wanted


class Conclusion(StrEnum):
    """What the replies say about a fact."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    UNSEEN = "could not be seen"


@dataclass(frozen=True, slots=True)
class AnsweredAsk:
    """A request, the reply that was expected, and the reply or why there is none."""

    ask: Ask
    wanted: Wanted
    reply: Reply | str

    @property
    def fits(self) -> bool:
        """Whether the reply is as expected; a missing reply contradicts nothing."""
        return isinstance(self.reply, str) or self.wanted.fits(self.reply)


@dataclass(frozen=True, slots=True)
class ParityResult:
    """What was found about one fact."""

    inquiry: Inquiry
    conclusion: Conclusion
    answers: tuple[AnsweredAsk, ...]
    """The requests with the reply that is expected to each."""
    expected: StrEnum | None = None
    """The variant that is expected of an assumed fact; None for a documented one."""
    found: StrEnum | None = None
    """The variant of an assumed fact that fits all replies."""
    why: str = ""
    """Why it could not be seen."""


def judge(replies: Replies, expected: Assumptions = DEFAULT) -> tuple[ParityResult, ...]:
    """Compare the replies with every variant of each fact, and then with the documents."""
    known = expected
    results = []
    for inquiry in ASSUMED:
        result = _judge_assumed(inquiry, replies, known)
        known = _assume(known, inquiry.field, result.found or result.expected)
        results.append(result)
    results += [_judge_documented(inquiry, replies) for inquiry in DOCUMENTED]
    return tuple(sorted(results, key=lambda result: result.inquiry.fact))


def chosen(results: tuple[ParityResult, ...]) -> Iterator[tuple[ParityResult, str]]:
    """Yield the results about assumed facts with the names of their fields, in their order."""
    by_field = {result.inquiry.field: result for result in results}
    yield from ((by_field[name], name) for name in DEFAULT.chosen())


def format_assumptions(results: tuple[ParityResult, ...], heading: str) -> str:
    """Format the resulting file of assumptions; an undecided fact keeps the expected variant."""
    lines, found = [f"# {heading}"], DEFAULT
    for result, name in chosen(results):
        found = _assume(found, name, result.found or result.expected)
        if result.found is None:
            why = result.why or "no variant fits the replies"
            lines.append(f"# {name} was not decided: {why}")
    return "\n".join([*lines, assumptions.format(found)])


def _judge_assumed(inquiry: Inquiry, replies: Replies, known: Assumptions) -> ParityResult:
    expected = known.chosen()[inquiry.field]
    answers = {
        variant: _answer(inquiry, replies, _assume(known, inquiry.field, variant))
        for variant in type(expected)
    }
    fitting = [
        variant for variant, answered in answers.items() if all(item.fits for item in answered)
    ]
    shown = answers[expected]
    if len(fitting) == 1:
        same = fitting[0] is expected
        conclusion = Conclusion.CONFIRMED if same else Conclusion.DIFFERS
        return ParityResult(inquiry, conclusion, shown, expected, fitting[0])
    if fitting:
        why = _reason(shown) or f"the replies fit {' and '.join(fitting)}"
        return ParityResult(inquiry, Conclusion.UNSEEN, shown, expected, why=why)
    return ParityResult(inquiry, Conclusion.DIFFERS, shown, expected)


def _judge_documented(inquiry: Inquiry, replies: Replies) -> ParityResult:
    answered = _answer(inquiry, replies, DEFAULT)
    if not all(item.fits for item in answered):
        return ParityResult(inquiry, Conclusion.DIFFERS, answered)
    if why := _reason(answered):
        return ParityResult(inquiry, Conclusion.UNSEEN, answered, why=why)
    return ParityResult(inquiry, Conclusion.CONFIRMED, answered)


def _answer(inquiry: Inquiry, replies: Replies, assumed: Assumptions) -> tuple[AnsweredAsk, ...]:
    wanted = inquiry.expect(assumed)
    return tuple(
        AnsweredAsk(ask, want, replies.get(ask, "it was not asked"))
        for ask, want in zip(inquiry.asks, wanted, strict=True)
    )


def _reason(answered: tuple[AnsweredAsk, ...]) -> str:
    return next((item.reply for item in answered if isinstance(item.reply, str)), "")


def _assume(assumed: Assumptions, field: str, variant: StrEnum | None) -> Assumptions:
    change: dict[str, Any] = {field: variant}
    return replace(assumed, **change)
