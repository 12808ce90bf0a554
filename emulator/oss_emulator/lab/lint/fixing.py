"""Following the corrections of the linter."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from oss_emulator.referer.decision import Stage
from oss_emulator.referer.model import RefererConfiguration

from .finding import Finding


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
