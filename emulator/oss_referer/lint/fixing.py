"""Following the corrections of the linter: those that are safe, or all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from oss_referer.engine.decision import Stage
from oss_referer.engine.model import RefererConfiguration

from .finding import Correction, EntryPlace, Finding

Step = tuple[EntryPlace | None, Correction]
"""A correction of an entry, or of the rules as a whole."""


def follow(
    configuration: RefererConfiguration, found: Iterable[Finding], *, unsafe: bool = False
) -> RefererConfiguration:
    """Return a configuration with the corrections of some findings that are safe, or with all."""
    steps = ((item.place, item.following(unsafe=unsafe)) for item in found)
    return take(configuration, [(place, step) for place, step in steps if step is not None])


def take(configuration: RefererConfiguration, steps: Iterable[Step]) -> RefererConfiguration:
    """Return a configuration after some corrections."""
    steps = tuple(steps)
    lists: dict[Stage, Mapping[int, tuple[str, ...]]] = {
        stage: {
            place.position: step.instead
            for place, step in steps
            if place and place.list is stage and step.instead is not None
        }
        for stage in (Stage.WHITELIST, Stage.BLACKLIST)
    }
    changes: dict[str, Any] = {
        step.switch[0].value: step.switch[1] for _, step in steps if step.switch
    }
    white = [text for _, step in steps for text in step.whitelist]
    black = [text for _, step in steps for text in step.blacklist]
    return replace(
        configuration,
        whitelist=tuple(_replace(configuration.whitelist, lists[Stage.WHITELIST], white)),
        blacklist=tuple(_replace(configuration.blacklist, lists[Stage.BLACKLIST], black)),
        **changes,
    )


def _replace(
    entries: tuple[str, ...], instead: Mapping[int, tuple[str, ...]], added: Iterable[str]
) -> Iterator[str]:
    """Yield the entries of a list; what a correction adds occurs once."""
    present = {text for position, text in enumerate(entries) if position not in instead}
    for position, text in enumerate(entries):
        if position not in instead:
            yield text
            continue
        for new in instead[position]:
            if new not in present:
                present.add(new)
                yield new
    for new in dict.fromkeys(added):
        if new not in present:
            yield new
