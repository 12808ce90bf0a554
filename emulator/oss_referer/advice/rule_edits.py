"""What was edited between two configurations: switches and entries."""

from collections.abc import Iterator
from typing import NamedTuple

from oss_referer.engine.model import RefererConfiguration
from oss_referer.sources.referer_xml import SWITCHES


class RuleEdit(NamedTuple):
    """A switch that was turned, or an entry that was added or removed."""

    name: str
    """The element of a switch, or the list of an entry."""
    before: str | None
    """The old value or the removed entry; None for an added one."""
    after: str | None
    """The new value or the added entry; None for a removed one."""


def find(old: RefererConfiguration, new: RefererConfiguration) -> Iterator[RuleEdit]:
    """Find the edits; the order of entries, and how often they occur, make no difference."""
    for name, field in SWITCHES.items():
        before, after = (str(getattr(rules, field)).lower() for rules in (old, new))
        if before != after:
            yield RuleEdit(name, before, after)
    for field in ("whitelist", "blacklist"):
        removed, added = getattr(old, field), getattr(new, field)
        yield from (RuleEdit(field, entry, None) for entry in removed if entry not in added)
        yield from (RuleEdit(field, None, entry) for entry in added if entry not in removed)
