"""What lets in hosts that rules lock out: what the plan would change for them, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from oss_referer.browser.strangers import APPID
from oss_referer.engine import Assumptions, RefererConfiguration, RefererPolicy, Stage
from oss_referer.plan import Change, Line, Wish, apply, plan, read_site
from oss_referer.search.sent import SENDS_PATHS
from oss_referer.traffic.judge import split


class Remedy(NamedTuple):
    """Entries to add to the whitelist and to remove from the blacklist, and a switch to set."""

    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    set: str | None = None


def find_remedies(
    rules: RefererConfiguration, sent: Mapping[str, Sequence[str]], assumptions: Assumptions
) -> Mapping[str, Remedy]:
    """Return the remedy for each host, by the Referers that are locked out of each."""
    wanted = {referer: split(referer)[0] for referers in sent.values() for referer in referers}
    programs = {referer: _find_appid(referer) for referer in wanted}
    wish = Wish(
        # Only the appid tells mini programs apart.
        tuple({o: None for o in wanted.values() if not o.endswith(SENDS_PATHS) and read_site(o)}),
        mini_programs=tuple(dict.fromkeys(filter(None, programs.values()))),
        saved=rules,
    )
    lines = plan(rules, wish, assumptions).lines if wish.sites or wish.mini_programs else ()
    return {
        host: _find_remedy(rules, referers, lines, assumptions) for host, referers in sent.items()
    }


def _find_appid(referer: str) -> str:
    origin = split(referer)[0]
    found = APPID.match(referer, len(origin) + 1) if origin.endswith(SENDS_PATHS) else None
    return found[0] if found and referer[found.end() :].startswith("/") else ""


def _find_remedy(
    rules: RefererConfiguration,
    referers: Sequence[str],
    lines: Sequence[Line],
    assumptions: Assumptions,
) -> Remedy:
    if not any(referers):
        return Remedy(set="AllowEmptyReferer: true")
    changes = [line.change for line in lines if _admits(line.change, referers, assumptions)]
    if rules.truncate_path:  # it cuts off the slash that ends a safe entry
        changes += [line.change for line in lines if line.about == "truncate-path"]
    changes += _unblock(apply(rules, changes), referers, lines, assumptions)
    policy = RefererPolicy.compile(apply(rules, changes), assumptions)
    if not any(map(policy.allows, referers)):
        return Remedy()
    switches = [one.switch for one in changes if one.switch]
    kept = {*rules.whitelist}
    return Remedy(
        [e for one in changes for e in one.added(Stage.WHITELIST) if e not in kept],
        [one.place.entry for one in changes if one.place and one.instead == ()],
        f"{switches[0][0].element}: {str(switches[0][1]).lower()}" if switches else None,
    )


def _admits(change: Change, referers: Sequence[str], assumptions: Assumptions) -> bool:
    added = change.added(Stage.WHITELIST)
    alone = RefererConfiguration(allow_empty_referer=False, whitelist=added)
    policy = RefererPolicy.compile(alone, assumptions)
    return bool(change and added) and any(map(policy.allows, referers))


def _unblock(
    rules: RefererConfiguration,
    referers: Sequence[str],
    lines: Sequence[Line],
    assumptions: Assumptions,
) -> Iterator[Change]:
    """Yield the removal of blacklist entries, where the plan would remove them."""
    removals = {
        line.place.entry: line.options[0].change if line.options else line.change
        for line in lines
        if line.place and line.place.list is Stage.BLACKLIST and line.removes
    }
    policy = RefererPolicy.compile(rules, assumptions)
    decisions = [policy.decide(referer) for referer in referers]
    if not any(decision.allowed for decision in decisions):
        blocking = dict.fromkeys(decision.entry for decision in decisions)
        yield from (removals[entry] for entry in blocking if entry in removals)
