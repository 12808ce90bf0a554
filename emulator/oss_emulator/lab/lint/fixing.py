"""Following the corrections of the linter."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from oss_emulator.referer.decision import Stage
from oss_emulator.referer.model import RefererConfiguration

from .finding import Finding

ROUNDS = 3
"""The most rounds that corrections take until none is left."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Corrected rules, and what is left for their owner to decide."""

    configuration: RefererConfiguration
    rounds: int
    """How often corrections were followed."""
    left: tuple[Finding, ...]
    """The findings on the corrected rules."""


def fix(
    configuration: RefererConfiguration,
    run: Callable[[RefererConfiguration], tuple[Finding, ...]],
) -> Fixed:
    """Apply the corrections of a linter and lint again, until no correction is left."""
    for rounds in range(ROUNDS):
        found = run(configuration)
        if not any(finding.correction.changes for finding in found):
            return Fixed(configuration, rounds, found)
        configuration = follow(configuration, found)
    return Fixed(configuration, ROUNDS, run(configuration))


def follow(configuration: RefererConfiguration, found: Iterable[Finding]) -> RefererConfiguration:
    """Return a configuration with the corrections of some findings."""
    found = tuple(found)
    lists: dict[Stage, Mapping[int, tuple[str, ...]]] = {
        stage: {
            item.place.position: item.correction.instead
            for item in found
            if item.place and item.place.list is stage and item.correction.instead is not None
        }
        for stage in (Stage.WHITELIST, Stage.BLACKLIST)
    }
    changes: dict[str, Any] = {
        item.correction.switch[0].value: item.correction.switch[1]
        for item in found
        if item.correction.switch
    }
    white = [text for item in found for text in item.correction.whitelist]
    black = [text for item in found for text in item.correction.blacklist]
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
