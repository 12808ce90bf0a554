"""The answer of a review for people: a sentence, and four parts that all layouts share."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from oss_referer.advice.review import Line, Review, Visitor
from oss_referer.engine import Decision, Reason, RefererConfiguration, Sentence
from oss_referer.engine.sentence import join
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm

_NAMED = 3
"""The most names in one sentence."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The context of a review: the form of its rules, and the names in its commands."""

    form: RulesForm
    rules: str
    """The file to apply; "" on a page, which has a button instead."""
    bucket: str
    url: str
    """The object to try; "" if nobody named one."""
    log: tuple[Sentence, ...] = ()
    """The results of a replay of a log."""


HEADINGS = ("", Sentence("Referer"), Sentence("who"), Sentence("now"), Sentence("then"),
            Sentence("decided by"))  # fmt: skip


class Part(NamedTuple):
    """One of the four parts."""

    title: str
    rows: Sequence[Sequence[str]] = ()
    """Rows of a table with `headings`."""
    headings: Sequence[str] = HEADINGS
    code: Sequence[tuple[str, str]] = ()
    """Lines of code, each with its reason."""
    said: Sequence[str] = ()


def make(
    review: Review, setting: Setting, most: int = 12, checks: int = 6, shown: int | None = None
) -> Sequence[Part]:
    """Return the parts with at most `most` rows, `checks` requests, `shown` entries (None: all)."""
    rows = [_row(item) for item in _choose(review.visitors, most)]
    url = shlex.quote(setting.url or "URL")
    trials = []
    if setting.url and not setting.rules:  # a page has less room, and a button to copy all lines
        trials, url = [(f"U={url}", "")], "$U"
    trials += [
        (
            f"curl -I {'' if check.referer is None else f'-e {shlex.quote(check.referer)} '}{url}",
            f"{check.status} x-oss-ec: {check.ec}" if check.ec else str(check.status),
        )
        for check in review.checks[:checks]
    ]
    return (
        Part(Sentence("1 Who gets in"), rows),
        _change(review, setting, shown),
        Part(Sentence("3 What it costs"), said=[*_costs(review, setting)]),
        Part(
            _last_title(review, setting),
            code=trials,
            said=[*_after(review, setting)],
        ),
    )


def _last_title(review: Review, setting: Setting) -> Sentence:
    if not review.changed:
        return Sentence("4 To try the rules")
    if not setting.rules:
        return Sentence("4 After applying")
    command = shlex.join(["oss-emulator", "apply", setting.rules, setting.bucket])
    return Sentence("4 After applying: {}", command)


def _choose(visitors: Sequence[Visitor], most: int) -> Sequence[Visitor]:
    """Return the most important visitors, in their original order."""

    def matters(item: Visitor) -> tuple[bool, bool]:
        return (
            not item.is_wrong and item.now.allowed == item.then.allowed,
            item.wanted is None and item.referer is not None,
        )

    kept = sorted(range(len(visitors)), key=lambda number: matters(visitors[number]))[:most]
    return [visitors[number] for number in sorted(kept)]


def _row(item: Visitor) -> tuple[str, ...]:
    who: str = item.who
    if item.others:
        bare = {one.partition("://")[2] for one in (item.referer or "", *item.others)}
        if any(one.startswith("http:") for one in item.others):
            who = Sentence("{}, http", who)
        if len(bare) > 1:
            who = Sentence("{}, {} more", who, str(len(bare) - 1))
    decision = item.now
    by = decision.entry or _SWITCHES.get(decision.reason, Sentence("no entry"))
    if item.referer is None and item.wanted is False and item.then.allowed:
        by = Sentence("see 3")
    return (
        "!" if item.is_wrong else "",
        item.referer or Sentence("no Referer"),
        who,
        _mark(item.now.allowed),
        _mark(item.then.allowed),
        by,
    )


_SWITCHES = {
    Reason.EMPTY_ALLOWED: "AllowEmptyReferer",
    Reason.EMPTY_DENIED: "AllowEmptyReferer",
    Reason.EMPTY_WITHOUT_WHITELIST: Sentence("no whitelist"),
    Reason.NO_WHITELIST: Sentence("no whitelist"),
}


def _mark(allowed: bool) -> str:
    return "✔" if allowed else "✘"


def _change(review: Review, setting: Setting, shown: int | None) -> Part:
    entries = len(review.lines)
    out = [Sentence("{} ({})", one.entry.strip() or '""', one.why) for one in review.left_out]
    said: list[str] = []
    if out:
        said.append(Sentence("Left out: {}.", _names(out)))
    said += review.notes
    if not review.changed:
        return Part(Sentence("2 What to change: nothing"), said=said)
    title = Sentence("2 What to change: use these rules")
    if shown is None or entries <= shown:
        return Part(title, code=_code(review.rules, review.lines, setting.form), said=said)
    template = "{} entries, too many for a screen: -o FILE writes the rules."
    return Part(title, said=[Sentence(template, str(entries)), *said])


_ENTRY = re.compile(r'\s*(?:<Referer>.*|"(?:[^"\\]|\\.)*",?)')
_DEFAULTS = re.compile(
    r"<\?xml .*|\s*<AllowTruncateQueryString>true</.*|\s*<TruncatePath>false</.*"
)
"""The lines of XML that state defaults."""
_JOINED = re.compile(r"\n\s*(?=<AllowEmptyReferer>|<RefererBlacklist>|</RefererConfiguration>)")
"""The line ends that are removed to save room on a screen."""


def _code(
    rules: RefererConfiguration, lines: Sequence[Line], form: RulesForm
) -> Sequence[tuple[str, str]]:
    """Return the lines of the rules, each with the reason for its entry."""
    reasons = iter(lines)
    return [
        (one, next(reasons).why if _ENTRY.fullmatch(one) else Sentence(""))
        for one in _JOINED.sub("", forms.format(rules, form)).splitlines()
        if not _DEFAULTS.fullmatch(one)
    ]


def _costs(review: Review, setting: Setting) -> Iterator[str]:
    costs = review.costs
    if costs.let_in:
        yield Sentence("Newly let in: {}.", _names(costs.let_in))
    if costs.locked_out:
        yield Sentence("Newly locked out: {}.", _names(costs.locked_out, 4))
    if not (costs.let_in or costs.locked_out):
        yield Sentence("Nobody is newly let in or locked out.")
    if costs.rare:
        yield Sentence("Also locked out, but rare: {}.", join(costs.rare))
    yield from setting.log
    yield Sentence("Your choice: {}", costs.choice)


def _after(review: Review, setting: Setting) -> Iterator[Sentence]:
    yield Sentence("Any other 403 has another cause. CDNs and browsers cache: purge, or add ?v=2.")
    if review.changed and setting.rules:
        yield Sentence("To go back: apply first saves the bucket's rules, and prints the command.")


def taken(review: Review) -> Sentence:
    """Return a sentence that names the sites taken from the entries."""
    template = "Sites taken from the entries: {}; --site URL names others."
    return Sentence(template, _names(review.taken or (), 2))


def _names(names: Sequence[str], most: int = _NAMED) -> str:
    shown = join(names[:most])
    more = len(names) - most
    return Sentence("{} and {} more", shown, str(more)) if more > 0 else shown


def to_dict(review: Review, log: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a review as values for JSON."""
    return {
        "answer": review.answer,
        "sites_taken": review.taken,
        "changed": review.changed,
        "who": [
            {
                "referer": item.referer,
                "others": item.others,
                "who": item.who,
                "wanted": item.wanted,
                "wrong": item.is_wrong,
                "now": _decision(item.now),
                "then": _decision(item.then),
            }
            for item in review.visitors
        ],
        "rules": asdict(review.rules),
        "reasons": [line._asdict() for line in review.lines],
        "left_out": [line._asdict() for line in review.left_out],
        "costs": {**asdict(review.costs), "log": log},
        "notes": review.notes,
        "checks": [check._asdict() for check in review.checks],
    }


def _decision(decision: Decision) -> dict[str, object]:
    return {"allowed": decision.allowed, "ec": decision.ec, "entry": decision.entry}
