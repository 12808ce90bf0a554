"""The contents of a page about rules: the plan as a list, who gets in, and what changes."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from oss_referer.advice import review as advice
from oss_referer.advice.adding import add, widen
from oss_referer.advice.effects import take_alone
from oss_referer.advice.table import format_table
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    RefererConfiguration,
    RefererPolicy,
    Sentence,
)
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.page.guests import GuestGroup, Mark, find_guests, say_lost, say_verdict
from oss_referer.page.listing import MOST_ROWS, Listing, fold, name_change
from oss_referer.plan import LISTS, Plan, Wish, WishError, apply, plan
from oss_referer.traffic.effect import measure
from oss_referer.traffic.requests import Traffic


class Wanted(NamedTuple):
    """What a reader says about rules."""

    sites: tuple[str, ...] = ()
    meant: frozenset[str] = frozenset()
    """The entries that are meant as they are."""
    forgotten: frozenset[str] = frozenset()
    """The saved entries whose sites are not the owner's any more."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Wanted":
        """Read the members `site`, `meant` and `forgotten` of a request."""
        site = values.get("site")
        lists = (values.get(name) for name in ("meant", "forgotten"))
        return cls(
            split_sites(site) if isinstance(site, str) else (),
            *(frozenset(map(str, one)) if isinstance(one, list) else frozenset() for one in lists),
        )


def make_plan(
    rules: RefererConfiguration,
    wanted: Wanted,
    assumptions: Assumptions = DEFAULT,
    saved: RefererConfiguration | None = None,
) -> Plan:
    """Plan rules for the sites that a reader names, or else those of the entries and of `saved`.

    Raises WishError.
    """
    if saved:
        kept = tuple(entry for entry in saved.whitelist if entry not in wanted.forgotten)
        saved = replace(saved, whitelist=kept)
    return plan(rules, Wish(wanted.sites, saved=saved, meant=wanted.meant), assumptions)


def take(planned: Plan, named: object = None) -> RefererConfiguration | None:
    """Return the corrected rules, or the rules with the answer that `named` names.

    None if no question of the plan has this answer.
    """
    if named is None:
        return planned.corrected
    options = (option for line in planned.questions for option in line.options)
    change = next((one.change for one in options if name_change(one.change) == named), None)
    if change is None:
        return None
    return apply(planned.rules, take_alone(planned, change))


def generate(
    rules: RefererConfiguration,
    values: Mapping[str, Any],
    say: Callable[[Sentence], str] = str,
    assumptions: Assumptions = DEFAULT,
) -> tuple[RefererConfiguration, str]:
    """Add the rules for a site to others; also return the decision table of the site alone.

    `say` translates the names and comments of the table. Raises WishError.
    """

    def read(name: str) -> str:
        found = values.get(name, "")
        return found if isinstance(found, str) else ""

    site = read("site")
    is_empty_allowed = values.get("allow_empty") is True
    wish = Wish(
        (widen(site) if values.get("subdomains") is True else site,),
        mini_programs=tuple(read("mini_programs").split()),
        console=values.get("console") is True,
        cdn=tuple(read("cdn").split()),
    )
    alone = RefererConfiguration(allow_empty_referer=is_empty_allowed)
    table = format_table(plan(alone, wish, assumptions), site, say)
    is_first = not (rules.whitelist or rules.blacklist)
    empty = is_empty_allowed or (rules.allow_empty_referer and not is_first)
    return replace(add(rules, wish, assumptions), allow_empty_referer=empty), table


_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
"""The separators between the sites that a reader names."""


def split_sites(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _BETWEEN.split(text)))


NOTHING: Final = Traffic()


def make_answer(
    rules: RefererConfiguration,
    wanted: Wanted,
    saved: RefererConfiguration,
    traffic: Traffic = NOTHING,
    assumptions: Assumptions = DEFAULT,
) -> dict[str, Any]:
    """Return what the page shows of edited rules, compared with the saved ones; or a problem."""
    try:
        planned = make_plan(rules, wanted, assumptions, saved)
    except WishError as error:
        return {"said": None, "problem": str(error)}
    before, now, then = (
        RefererPolicy.compile(one, assumptions) for one in (saved, rules, planned.corrected)
    )
    fix, change = (
        measure(traffic, *some, lambda _: False) for some in ((now, then), (before, now))
    )
    said = advice.review(planned, None, assumptions, fix.seen, takes_alone=True)
    counts = Counter[str]()
    for group in traffic.groups:
        if group.asked.is_checked_by(now) and not group.asked.cached:
            counts[group.asked.answer(now).entry or ""] += group.requests
    guests, total = find_guests(said, before), fix.checked.requests
    own = [one for one in guests if one.group is GuestGroup.YOURS]
    lost = [one for one in own if one.is_newly_out]
    sites = defaultdict[str | None, list[advice.Visitor]](list)
    for one in own:
        sites[one.page].append(one.visitor)
    get_in = [all(one.now.allowed for one in some) for some in sites.values()]
    stay_in = [all(one.then.allowed for one in some) for some in sites.values()]
    tone, sentence = say_verdict(said, get_in, planned.now, now)
    if lost and saved.whitelist:
        tone, sentence = Mark.OUT, say_lost(lost, total)
    listing = Listing(said, wanted.meant, saved.whitelist, guests, counts)
    lists = {stage: [*listing.rows(stage)] for stage in LISTS}
    return {
        "said": said,
        "problem": "",
        "tone": tone,
        "sentence": sentence,
        "after": say_verdict(said, stay_in, planned.then, then),
        "guests": {name: [one for one in guests if one.group is name] for name in GuestGroup},
        "lost": lost,
        "lists": lists,
        "runs": {stage: fold(rows[:MOST_ROWS]) for stage, rows in lists.items()},
        "fix": fix,
        "change": change,
        "total": total,
        "is_edited": rules != saved,
        "most": MAX_SIZE,
    }
