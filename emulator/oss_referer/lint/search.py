"""The search for a Referer that an entry matches and that nothing spares."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from oss_referer.engine.pattern import Pattern
from oss_referer.search import automaton
from oss_referer.search.automaton import Budget, UndecidedError, Watched
from oss_referer.search.parts import DEFAULT_PORTS
from oss_referer.search.sent import SentReferers

_STARTS = tuple(f"{scheme}://" for scheme in DEFAULT_PORTS)

Spared = Callable[[str], Watched | None]
"""Returns the entry because of which a Referer is not wanted; None if it is wanted."""


def seek(
    entry: Watched,
    pages: SentReferers,
    spared: Spared,
    budget: Budget,
    white: Sequence[Watched] = (),
    *,
    sparing: Sequence[Watched] = (),
) -> str | None:
    """Return a Referer of some pages that an entry matches, and one of `white` if given.

    The entry that spares a Referer takes part in the next search, so that few of many take part;
    `sparing` takes part from the first on. None is a proof that there is no such Referer.

    Raises UndecidedError.
    """
    if not may_be_sent(entry.pattern):
        return None
    needed = replace(entry, needed=True)
    known = [*sparing]
    while True:
        referer = automaton.find(
            [[needed], white, known],
            lambda matched: matched[0] and (matched[1] or not white) and not matched[2],
            lambda matched: matched[2],
            budget,
            pages.language,
        )
        if referer is None:
            return None
        more = spared(referer)
        if more is not None:
            known.append(more)
        elif pages.is_sent(referer):
            return referer
        else:
            raise UndecidedError  # the language is a little too wide


def may_be_sent(pattern: Pattern) -> bool:
    """Return whether an entry may match a Referer by its beginning: quick, and often enough."""
    head = pattern.head.partition("?")[0]
    return any(head.startswith(start) or start.startswith(head) for start in _STARTS)
