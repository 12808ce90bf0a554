"""Who gets in by rules: before an edit, now, and by the corrected list; and the verdict on it."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from oss_referer.advice.review import LOOKS_LIKE_YOURS, Review, Visitor
from oss_referer.engine import Decision, RefererPolicy, Sentence
from oss_referer.engine.sentence import join
from oss_referer.plan import BOTH, WhoGetsIn


class GuestGroup(StrEnum):
    """Whose site it is; those that are disguised have no name, or resemble the owner's."""

    YOURS = "yours"
    MAYBE = "maybe"
    DISGUISED = "disguised"
    STRANGERS = "strangers"


class Mark(StrEnum):
    """The mark of a verdict: its shape says in or out, and its colour right or wrong."""

    IN = "in"
    OUT = "out"
    WRONG = "in wrong"
    STAYS_OUT = "stay"
    ASKS = "ask"
    NONE = "none"


_PLAIN = frozenset({"a stranger", "fits an entry", "anybody", "on your blacklist"})
"""What a review says of strangers who do not resemble the owner."""


class Guest(NamedTuple):
    visitor: Visitor
    was: Decision
    """The decision of the saved rules."""

    @property
    def requests(self) -> int:
        return self.visitor.seen.requests if self.visitor.seen else 0

    @property
    def page(self) -> str | None:
        """The Referer that pages of its site send by default."""
        return self.visitor.seen.page if self.visitor.seen else self.visitor.referer

    @property
    def name(self) -> str:
        """Its host if it is a page's default Referer over https, or else the whole Referer.

        A Referer without a scheme is in quotation marks, because it looks like a host.
        """
        referer = self.visitor.referer or ""
        host = referer.removeprefix("https://").removesuffix("/")
        if referer == f"https://{host}/" and "/" not in host:
            return host
        return referer if not referer or "://" in referer else f'"{referer}"'

    @property
    def is_newly_out(self) -> bool:
        return bool(self.visitor.wanted) and self.was.allowed and not self.visitor.now.allowed

    @property
    def group(self) -> GuestGroup:
        if self.visitor.wanted and self.visitor.referer:
            return GuestGroup.YOURS
        if self.visitor.who == LOOKS_LIKE_YOURS:
            return GuestGroup.MAYBE
        return GuestGroup.STRANGERS if self.visitor.who in _PLAIN else GuestGroup.DISGUISED

    def mark(self, decision: Decision) -> Mark:
        """Return the mark of one of its decisions."""
        if decision.allowed:
            return Mark.WRONG if self.visitor.wanted is False else Mark.IN
        return Mark.OUT if self.visitor.wanted else Mark.STAYS_OUT


def find_guests(said: Review, saved: RefererPolicy) -> Sequence[Guest]:
    """Return the visitors of a review: first the wrong ones, then those with the most requests.

    Those that look alike, because passwords in their Referers are masked, are one.
    """
    found: dict[object, Guest] = {}
    for one in said.visitors:
        was = saved.decide(one.seen.referer if one.seen else one.referer)
        key = one.referer, was.allowed, one.now.allowed, one.then.allowed
        guest = found.setdefault(key, Guest(one, was))
        if one.seen and guest.visitor is not one:
            both = one.seen._replace(requests=guest.requests + one.seen.requests)
            found[key] = guest._replace(visitor=replace(one, seen=both))
    return sorted(found.values(), key=lambda one: (not one.visitor.is_wrong, -one.requests))


NAMED = 3
"""The most sites that a sentence names."""


def say_lost(lost: Sequence[Guest], recorded: int) -> Sentence:
    """Name the sites that an edit locks out, and their part of the recorded requests."""
    names = join([one.name for one in lost[:NAMED]])
    if len(lost) > NAMED:
        names = Sentence("{} and {} more", names, str(len(lost) - NAMED))
    if not recorded:
        return Sentence("Your changes lock out {}.", names)
    count = f"{sum(one.requests for one in lost):,}"
    template = "Your changes lock out {}: {} of the last {} requests."
    return Sentence(template, names, count, f"{recorded:,}")


def say_verdict(
    said: Review, own: Sequence[bool], verdict: WhoGetsIn, policy: RefererPolicy
) -> tuple[Mark, Sentence]:
    """Return the verdict on a policy: which of the owner's sites get in, and whether others do."""
    plan = said.plan
    if not (plan.rules.whitelist or plan.rules.blacklist) and plan.rules.allow_empty_referer:
        return Mark.NONE, Sentence("No rules yet: everybody gets in.")
    if plan.is_for_everybody or not plan.lines:
        return Mark.NONE, said.answer
    tone = Mark.IN if verdict.is_searched else Mark.ASKS
    others = Sentence("strangers stay out")
    if verdict.strangers:
        tone, others = Mark.WRONG, Sentence("strangers can get in")
        if verdict.open == BOTH:
            others = Sentence("everybody else can get in")
    elif not verdict.is_searched:
        others = Sentence("strangers may get in: not searched to the end")
    elif policy.allows(None):
        others = Sentence("strangers get in only without a Referer")
    out = own.count(False)
    return Mark.OUT if out else tone, Sentence("{}, and {}.", _say_own(len(own), out), others)


def _say_own(count: int, out: int) -> Sentence:
    if not count:
        return Sentence("The list names no site of yours")
    if count == 1:
        return Sentence("Your site is locked out") if out else Sentence("Your site gets in")
    if out < 2:
        template = "1 of your {} sites is locked out" if out else "Your {} sites get in"
        return Sentence(template, str(count))
    return Sentence("{} of your {} sites are locked out", str(out), str(count))
