"""Searches for Referers that two configurations decide differently, or proofs that none exist."""

from collections.abc import Iterable, Sequence

from oss_referer.engine import RefererPolicy
from oss_referer.search import automaton
from oss_referer.search.automaton import CompiledRules, Language, Truncation, UndecidedError
from oss_referer.search.entry import FIXED_HOST
from oss_referer.search.sent import OwnHost, Senders, SentReferers


def find_difference(
    policies: tuple[RefererPolicy, RefererPolicy], language: Language = automaton.ANY
) -> str | None:
    """Return a nonempty Referer of a language that two configurations decide differently, or None.

    Raises UndecidedError.
    """
    old, new = map(CompiledRules, policies)
    if not (old.is_searchable and new.is_searchable):
        raise UndecidedError

    def differs(matched: Sequence[bool]) -> bool:
        old_denied, old_named, new_denied, new_named = matched
        return (old_named and not old_denied) != (new_named and not new_denied)

    return automaton.find(
        [old.black, old.white, new.black, new.white],
        differs,
        dead_end=lambda matched: matched[0] and matched[2],  # both deny every longer Referer
        language=language,
    )


def find_change_elsewhere(
    old: RefererPolicy, new: RefererPolicy, host: str, known: Iterable[str | None] = ()
) -> str | None:
    """Return a Referer that a page of another host can send and that both decide differently.

    None is a proof that no such Referer exists. If `host` is empty, every host is another one.
    `known` are Referers that both decide differently; one of them may save the search. Raises
    `UndecidedError` if the search would take too long.
    """
    if _changes_only(old, new, host):
        return None
    pages = SentReferers(Senders.FOREIGN, [OwnHost(host, False)] if host else [])
    for referer in known:
        if referer and pages.is_sent(referer):
            return referer
    found = find_difference((old, new), pages.language)
    if found is not None and not pages.is_sent(found):
        raise UndecidedError  # the language is slightly too wide
    return found


def _changes_only(old: RefererPolicy, new: RefererPolicy, host: str) -> bool:
    """Return whether every added or removed entry matches only Referers of `host`.

    This quick check is enough for entries that name one host.
    """
    if (
        Truncation.of(old) is not Truncation.of(new)
        or old.reading.needs_whitelist != new.reading.needs_whitelist
    ):
        return False
    one, other = old.reading, new.reading
    changed = {*one.whitelist.patterns} ^ {*other.whitelist.patterns}
    changed |= {*one.blacklist.patterns} ^ {*other.blacklist.patterns}
    fixed = (FIXED_HOST.match(pattern.body) for pattern in changed)
    return all(found is not None and found["host"] == host for found in fixed)
