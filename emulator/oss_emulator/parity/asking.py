"""Asking a service: put the rules of each setup, send the requests, compare the replies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from oss_referer.engine.assumptions import DEFAULT, Assumptions
from oss_referer.sources import assumptions
from oss_referer.sources.referer_xml import format

from oss_emulator.parity.inquiries import (
    ASSUMED,
    DOCUMENTED,
    Ask,
    Fetch,
    Inquiry,
    PutAcl,
    PutRules,
    Reply,
    ServiceRequest,
    Setup,
    Wanted,
    plan,
)

TRIES = 25
"""The most times that the canaries of a setup are tried."""
IN_A_ROW = 2
"""The number of expected answers in a row after which the rules count as in effect."""

Send: TypeAlias = Callable[[ServiceRequest], Reply]
Replies: TypeAlias = Mapping[Ask, Reply | str]
"""What a service replied to each request, or why there is no reply."""


def bounds(left_out: Mapping[Setup, str]) -> tuple[int, int]:
    """Return how many requests are sent if rules take effect at once, and at most."""
    asked = [(setup, asks) for setup, asks in plan().items() if setup not in left_out]
    fixed = sum(len(asks) + (setup.rules is not None) + bool(setup.acl) for setup, asks in asked)
    canaries = sum(len(setup.canaries) for setup, _ in asked)
    most = sum(len(setup.canaries) * len(setup.signings) for setup, _ in asked)
    return fixed + canaries * IN_A_ROW, fixed + most * TRIES


def ask_all(
    send: Send,
    left_out: Mapping[Setup, str],
    withheld: Callable[[Ask], str],
    pause: Callable[[], None],
) -> Replies:
    """Send all requests, one setup after the other.

    `left_out` names the setups that cannot be asked under, and `withheld` returns why a request
    cannot be sent, or "". `pause` is called while rules have not taken effect yet.
    """
    replies: dict[Ask, Reply | str] = {}
    for setup, asks in plan().items():
        reason = left_out.get(setup) or _set_up(send, pause, setup, replies)
        for ask in asks:
            replies[ask] = reason or withheld(ask) or _send(send, ask)
    return replies


def _set_up(
    send: Send, pause: Callable[[], None], setup: Setup, replies: dict[Ask, Reply | str]
) -> str:
    """Bring the bucket into the state of a setup; returns why that failed, or ""."""
    if setup.acl:
        reply = send(PutAcl(setup.acl))
        if reply.status >= 300:
            return f"PutBucketAcl {setup.acl} was answered {reply}"
    if setup.rules is not None:
        reply = replies[Ask(setup, None)] = send(PutRules(format(setup.rules)))
        if reply.status >= 300:
            return f"PutBucketReferer was answered {reply}"
    if setup.canaries and not _takes_effect(send, pause, setup):
        return f"the new rules or ACL did not take effect within {TRIES} tries"
    return ""


def _takes_effect(send: Send, pause: Callable[[], None], setup: Setup) -> bool:
    """Try the canaries until they are answered as wanted, several times in a row."""
    row = 0
    for _ in range(TRIES):
        row = row + 1 if _is_in_effect(send, setup) else 0
        if row == IN_A_ROW:
            return True
        if row == 0:
            pause()
    return False


def _is_in_effect(send: Send, setup: Setup) -> bool:
    """Whether all canaries are answered as wanted, in one of the ways to sign them."""
    return any(
        all(
            wanted.fits(send(Fetch((referer,), signing=signing, target=setup.target)))
            for referer, wanted in setup.canaries
        )
        for signing in setup.signings
    )


def _send(send: Send, ask: Ask) -> Reply | str:
    if ask.request is None:
        raise TypeError("the PutBucketReferer of a setup is sent with it")
    reply = send(ask.request)
    return f"the service answered {reply}" if reply.is_trouble else reply


class ParityStatus(StrEnum):
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
    status: ParityStatus
    answers: tuple[AnsweredAsk, ...]
    """The requests with the reply that is expected to each."""
    expected: StrEnum | None = None
    """The variant that is expected of an assumed fact; None for a documented one."""
    found: StrEnum | None = None
    """The variant of an assumed fact that fits all replies."""
    why: str = ""
    """Why it could not be seen."""


def compare(replies: Replies, expected: Assumptions = DEFAULT) -> tuple[ParityResult, ...]:
    """Compare the replies with every variant of each fact, and then with the documents."""
    results = []
    for inquiry in ASSUMED:
        result = _compare_assumed(inquiry, replies, expected)
        expected = _assume(expected, inquiry.field, result.found or result.expected)
        results.append(result)
    results += [_compare_documented(inquiry, replies) for inquiry in DOCUMENTED]
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


def _compare_assumed(inquiry: Inquiry, replies: Replies, known: Assumptions) -> ParityResult:
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
        status = ParityStatus.CONFIRMED if fitting[0] is expected else ParityStatus.DIFFERS
        return ParityResult(inquiry, status, shown, expected, fitting[0])
    if fitting:
        why = _reason(shown) or f"the replies fit {' and '.join(fitting)}"
        return ParityResult(inquiry, ParityStatus.UNSEEN, shown, expected, why=why)
    return ParityResult(inquiry, ParityStatus.DIFFERS, shown, expected)


def _compare_documented(inquiry: Inquiry, replies: Replies) -> ParityResult:
    answered = _answer(inquiry, replies, DEFAULT)
    if not all(item.fits for item in answered):
        return ParityResult(inquiry, ParityStatus.DIFFERS, answered)
    if why := _reason(answered):
        return ParityResult(inquiry, ParityStatus.UNSEEN, answered, why=why)
    return ParityResult(inquiry, ParityStatus.CONFIRMED, answered)


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
