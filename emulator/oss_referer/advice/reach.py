"""Reach: whether a change of rules decides on the pages of one host only, with a proof.

The search covers all Referers that the pages of other hosts can send (`sent.py`).
"""

from collections.abc import Iterable

from oss_referer.engine.pattern import Pattern
from oss_referer.engine.policy import RefererPolicy
from oss_referer.search.automaton import Cut, UndecidedError
from oss_referer.search.parts import DEFAULT_PORTS, Parts
from oss_referer.search.sent import Own, Senders, SentReferers

from . import diff


def search(
    old: RefererPolicy, new: RefererPolicy, host: str, known: Iterable[str | None] = ()
) -> str | None:
    """Return a Referer that a page of another host can send and that both decide differently.

    None is a proof that there is none. With an empty `host` all hosts are other ones. `known` are
    Referers that both decide differently: one of them may be an answer without a search. Raises
    `UndecidedError` if the search would take too long.
    """
    if _changes_only(old, new, host):
        return None
    pages = SentReferers(Senders.FOREIGN, [Own(host, False)] if host else [])
    for referer in known:
        if referer and pages.is_sent(referer):
            return referer
    found = diff.search((old, new), pages.language)
    if found is not None and not pages.is_sent(found):
        raise UndecidedError  # the language is a little too wide
    return found


def _changes_only(old: RefererPolicy, new: RefererPolicy, host: str) -> bool:
    """Return whether no entry that is added or removed can match a Referer of another host.

    This is quick, and it suffices for the entries that name one host.
    """
    cuts = [Cut.of(policy.configuration, policy.assumptions) for policy in (old, new)]
    if cuts[0] is not cuts[1] or old.reading.needs_whitelist != new.reading.needs_whitelist:
        return False
    one, other = old.reading, new.reading
    changed = {*one.whitelist.patterns} ^ {*other.whitelist.patterns}
    changed |= {*one.blacklist.patterns} ^ {*other.blacklist.patterns}
    return all(_is_fixed(pattern, host) for pattern in changed)


def _is_fixed(pattern: Pattern, host: str) -> bool:
    """Return whether every Referer that an entry matches has this host."""
    parts = Parts.split(pattern.body)
    is_literal = {*"*?"}.isdisjoint(parts.origin)
    ends = parts.rest.startswith("/")
    return parts.scheme in DEFAULT_PORTS and parts.host == host and is_literal and ends
