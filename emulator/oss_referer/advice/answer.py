"""The answer of a review for people: a sentence, and four parts that all layouts share."""

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from oss_referer.advice.review import (
    LOOKS_LIKE_YOURS,
    NO_REFERER,
    Entry,
    Question,
    Review,
    Seen,
    Visitor,
)
from oss_referer.engine import Decision, Reason, RefererConfiguration, Sentence
from oss_referer.engine.sentence import join
from oss_referer.plan import Costs
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm


@dataclass(frozen=True, slots=True)
class Setting:
    """The context of a review: the form of its rules, and the names in its commands."""

    form: RulesForm
    """The form of the rules to write."""
    rules: str
    """The file to apply."""
    bucket: str
    url: str
    """The object to try; "" if nobody named one."""
    traffic: tuple[Sentence, ...] = ()
    """What the change costs in recorded requests."""


_CAUSES = Sentence("Any other 403 has another cause. CDNs and browsers cache: purge, or add ?v=2.")
HEADINGS = ("", Sentence("Referer"), Sentence("who"), Sentence("now"), Sentence("then"),
            Sentence("decided by"))  # fmt: skip


RECORDED = (*HEADINGS[:5], Sentence("requests"))
CACHED = (*RECORDED, Sentence("cached"))
"""The headings where a browser answered some requests from its cache."""


class AnswerPart(NamedTuple):
    """One of the four parts."""

    title: str
    rows: Sequence[Sequence[str]] = ()
    """Rows of a table with `headings`."""
    headings: Sequence[str] = HEADINGS
    code: Sequence[tuple[str, str]] = ()
    """Lines of code, each with its reason."""
    said: Sequence[str] = ()


class AnswerRoom(NamedTuple):
    """The most rows, requests, questions and names in a sentence that a layout shows."""

    rows: int
    checks: int
    questions: int
    names: int


WHOLE = AnswerRoom(*[sys.maxsize] * 4)


def make(review: Review, setting: Setting, room: AnswerRoom = WHOLE) -> Sequence[AnswerPart]:
    """Return the parts."""
    shown = _choose(review.visitors, room.rows)
    hidden = len(review.visitors) - len(shown)
    url = shlex.quote(setting.url or "URL")
    trials = [
        (
            f"curl -I {'' if check.referer is None else f'-e {shlex.quote(check.referer)} '}{url}",
            f"{check.status} x-oss-ec: {check.ec}" if check.ec else str(check.status),
        )
        for check in review.checks[: room.checks]
    ]
    is_recorded = any(item.seen for item in review.visitors)
    is_cached = any(item.seen and item.seen.cached for item in review.visitors)
    headings = CACHED if is_cached else RECORDED if is_recorded else HEADINGS
    said = [Sentence("{} rows more: --all shows them.", str(hidden))] * bool(hidden)
    command = shlex.join(["oss-emulator", "apply", setting.rules, setting.bucket])
    return (
        AnswerPart(
            Sentence("1 Who gets in, by recorded requests")
            if is_recorded
            else Sentence("1 Who gets in"),
            [_row(item, headings) for item in shown],
            headings,
            said=[*said, *_recorded(review, room.names)],
        ),
        _change(review, setting, room),
        AnswerPart(Sentence("3 What it costs"), said=[*_costs(review, setting, room.names)]),
        AnswerPart(
            Sentence("4 After applying: {}", command)
            if review.changed
            else Sentence("4 To try the rules"),
            code=trials,
            said=[_CAUSES],
        ),
    )


def _choose(visitors: Sequence[Visitor], most: int) -> Sequence[Visitor]:
    """Return the most important visitors, in their original order: first the recorded ones."""

    def matters(item: Visitor) -> tuple[bool, ...]:
        if item.seen:
            return (False,)
        return (
            True,
            not (item.wanted and not item.now.allowed),
            not item.is_wrong and item.now.allowed == item.then.allowed,
            item.wanted is None and item.referer is not None,
        )

    kept = sorted(range(len(visitors)), key=lambda number: matters(visitors[number]))[:most]
    return [visitors[number] for number in sorted(kept)]


def _row(item: Visitor, headings: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a visitor; the last are its requests, or else what decides on it."""
    decision, seen = item.now, item.seen
    last: tuple[str, ...] = (
        decision.entry or _SWITCHES.get(decision.reason, Sentence("no entry")),
    )
    if headings is not HEADINGS:
        counts = (seen.requests, seen.cached) if seen else (0, 0)
        last = tuple(Sentence("{}", f"{one:,}") for one in counts[: len(headings) - 5])
    return (
        "!" if item.is_wrong else "",
        item.referer or Sentence("no Referer"),
        item.who,
        _MARKS[item.now.allowed],
        _MARKS[item.then.allowed],
        *last,
    )


def _recorded(review: Review, most: int) -> Iterator[Sentence]:
    """Yield how many recorded requests get in, and whose sites may be the owner's."""
    seen = [(item, item.seen) for item in review.visitors if item.seen]
    if not seen:
        return
    whole, now, then = (
        f"{sum(one.requests for item, one in seen if counts(item)):,}"
        for counts in (bool, lambda item: item.now.allowed, lambda item: item.then.allowed)
    )
    template = "Of {} recorded requests, {} get in now, and {} with the rules below."
    yield Sentence(template, whole, now, then)
    alike = [one.page for item, one in seen if one.page and item.who == LOOKS_LIKE_YOURS]
    if alike:
        yield Sentence(
            "If these are yours, name them with --site: {}.", _names([*dict.fromkeys(alike)], most)
        )


_SWITCHES = {
    Reason.EMPTY_ALLOWED: "AllowEmptyReferer",
    Reason.EMPTY_DENIED: "AllowEmptyReferer",
    Reason.EMPTY_WITHOUT_WHITELIST: Sentence("no whitelist"),
    Reason.NO_WHITELIST: Sentence("no whitelist"),
}


_MARKS = {True: "✔", False: "✘"}


def _change(review: Review, setting: Setting, room: AnswerRoom) -> AnswerPart:
    out = [Sentence("{} ({})", one.entry.strip() or '""', one.why) for one in review.left_out]
    said: list[str] = []
    if out:
        said.append(Sentence("Left out: {}.", _names(out, room.names)))
    said += review.notes
    for question in review.questions[: room.questions]:
        said += _ask(question)
    hidden = len(review.questions) - room.questions
    if hidden > 0:
        said.append(Sentence("{} questions more: --all shows them.", str(hidden)))
    if review.changed:
        title = Sentence("2 What to change: use these rules")
    elif review.questions:
        title = Sentence("2 What to change: only what you decide")
    else:
        title = Sentence("2 What to change: nothing")
    is_shown = review.changed or review.questions
    code = _code(review.rules, review.lines, setting.form) if is_shown else ()
    return AnswerPart(title, code=code, said=said)


def _ask(question: Question) -> Iterator[Sentence]:
    """Yield a question, then its answers with their effects."""
    said = question.said
    if question.now:
        said = Sentence("{} {}", said, question.now)
    if question.entry is not None:
        said = Sentence("{}: {}", question.entry.strip() or '""', said)
    yield Sentence("You decide: {}", said)
    for answer in question.answers:
        yield Sentence("- {}: {}.", answer.said, answer.effect)


_ENTRY = re.compile(r'\s*(?:<Referer>.*|"(?:[^"\\]|\\.)*",?)')
_DEFAULTS = re.compile(
    r"<\?xml .*|\s*<AllowTruncateQueryString>true</.*|\s*<TruncatePath>false</.*"
)
"""The lines of XML that state defaults."""
_JOINED = re.compile(r"\n\s*(?=<AllowEmptyReferer>|<RefererBlacklist>|</RefererConfiguration>)")
"""The line ends that are removed to save room on a screen."""


def _code(
    rules: RefererConfiguration, lines: Sequence[Entry], form: RulesForm
) -> Sequence[tuple[str, str]]:
    """Return the lines of the rules, each with the reason for its entry."""
    reasons = iter(lines)
    return [
        (one, next(reasons).why if _ENTRY.fullmatch(one) else Sentence(""))
        for one in _JOINED.sub("", forms.format(rules, form)).splitlines()
        if not _DEFAULTS.fullmatch(one)
    ]


def say_costs(
    costs: Costs, empty: tuple[bool, bool], most: int = sys.maxsize
) -> Iterator[Sentence]:
    """Yield the costs; `empty` says whether requests without a Referer get in, now and then."""
    if costs.admitted:
        yield Sentence("Newly let in, yours: {}.", _names(costs.admitted, most))
    if costs.denied:
        yield Sentence("Newly locked out, yours: {}.", join(costs.denied))
    if costs.strangers:
        yield Sentence("Newly let in, strangers: {}.", join(costs.strangers))
    if not costs.is_searched:
        yield Sentence("Not searched to the end: more may be newly locked out or let in.")
    elif not costs.denied and not costs.strangers:
        yield Sentence("No page of yours is newly locked out, and no stranger is newly let in.")
    elif not costs.denied:
        yield Sentence("No page of yours is newly locked out.")
    elif not costs.strangers:
        yield Sentence("No stranger is newly let in.")
    if empty[0] != empty[1]:
        template = "Newly let in: {}." if empty[1] else "Newly locked out: {}."
        yield Sentence(template, NO_REFERER)


def _costs(review: Review, setting: Setting, most: int) -> Iterator[str]:
    then = review.plan.then
    empty = next(one for one in review.visitors if one.referer is None)
    yield from say_costs(review.costs, (empty.now.allowed, empty.then.allowed), most)
    others = (item for item in review.visitors if item.referer and not item.wanted)
    out = [item.referer for item in others if item.now.allowed and not item.then.allowed]
    if out := [*dict.fromkeys((*filter(None, out), *review.costs.kept_out))]:
        yield Sentence("Newly locked out, others: {}.", _names(out, most))
    if then.denied:
        yield Sentence("Still locked out, yours: {}.", join(then.denied))
    asked = {line.stranger for line in review.plan.questions}
    left = [one for one in then.strangers if one not in asked]  # questions name the others
    if left and not review.plan.is_for_everybody:
        yield Sentence("Strangers who still get in: {}.", _names(left, most))
    if review.plan.rare:
        yield Sentence("Also locked out, but rare: {}.", join(review.plan.rare))
    yield from setting.traffic
    yield Sentence("Your choice: {}", review.choice)


def taken(review: Review, most: int = sys.maxsize) -> Sentence:
    """Return a sentence that names the sites taken from the entries."""
    template = "Sites taken from the entries: {}; --site URL names others."
    return Sentence(template, _names(review.taken or (), most))


def _names(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    if more < 2:  # a name takes no more room than their number
        return join(names)
    return Sentence("{} and {} others (--all names them)", join(names[:most]), str(more))


def to_dict(review: Review, traffic: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a review as values for JSON, with the `traffic` that it counts."""
    return {
        "answer": review.answer,
        "sites_taken": review.taken,
        "changed": review.changed,
        "done": review.plan.is_done,
        "who": [
            {
                "referer": item.referer,
                "who": item.who,
                "wanted": item.wanted,
                "wrong": item.is_wrong,
                "now": _decision(item.now),
                "then": _decision(item.then),
                **({} if traffic is None else _counted(item.seen)),
            }
            for item in review.visitors
        ],
        "rules": asdict(review.rules),
        "reasons": [line._asdict() for line in review.lines],
        "left_out": [line._asdict() for line in review.left_out],
        "questions": [
            {**one._asdict(), "answers": [answer._asdict() for answer in one.answers]}
            for one in review.questions
        ],
        "gets_in": {"now": asdict(review.plan.now), "then": asdict(review.plan.then)},
        "costs": {
            **asdict(review.costs),
            "rare": review.plan.rare,
            "choice": review.choice,
            "traffic": traffic,
        },
        "notes": review.notes,
        "checks": [check._asdict() for check in review.checks],
    }


def _counted(seen: Seen | None) -> dict[str, int]:
    names = ("requests", "bytes", "cached")
    return {name: getattr(seen, name) if seen else 0 for name in names}


def _decision(decision: Decision) -> dict[str, object]:
    return {"allowed": decision.allowed, "ec": decision.ec, "entry": decision.entry}
