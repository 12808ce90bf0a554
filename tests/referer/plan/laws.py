"""The laws of advice about rules, each as a function that returns what breaks it.

To bind them to an adviser, fill in a `Binding` with what the adviser offers; leave out what it does
not offer. All its functions take a `Case` of `lists.py` and may look at its `rules`, `stated` and
`assumptions` only:

    binding = Binding(
        safe=lambda case: plan(case.rules, wish(case), case.assumptions).safe_changes,
        apply=lambda case, changes: apply(case.rules, changes),
        planned=lambda case: plan(case.rules, wish(case), case.assumptions).rules,
        idle=lambda case: not plan(...).changes and not plan(...).questions,
        clean=lambda case: no error or warning in lint(case.rules, ...),
        faces={"lint --fix": ..., "review": ..., "console": ...},
        claims=lambda case: [Claim(About.STRANGERS_NOW, Said.NONE, case.rules), ...],
        wish=lambda case: [site_of(text) for text in plan(...).wish],
    )
    assert check(case, binding) == []

`check_known` checks a `Known` of `lists.py`, and `check_pair` a `Pair`. Print a `Broken`: it says
what is wrong, with the rules, and a Referer if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from random import Random
from typing import Generic, TypeVar

from oss_referer import RefererConfiguration

from tests.referer.plan import oracle
from tests.referer.plan.lists import Case, Known, Pair
from tests.referer.plan.oracle import Site, Whose

Rules = RefererConfiguration
Change = TypeVar("Change")


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that does not hold for a case."""

    law: str
    case: Case
    what: str
    witnesses: tuple[str, ...] = ()
    rules: Rules | None = None
    """The rules after changes, if these break the law."""

    def __str__(self) -> str:
        lines = [f"{self.law}: {self.what}", f"  case {self.case.name}: {_show(self.case.rules)}"]
        if self.case.stated:
            lines.append(f"  stated {self.case.stated}")
        if self.rules is not None:
            lines.append(f"  after {_show(self.rules)}")
        return "\n".join([*lines, *(f"  {witness!r}" for witness in self.witnesses[:5])])


def _show(rules: Rules) -> str:
    flags = [
        name
        for name in ("allow_empty_referer", "allow_truncate_query_string", "truncate_path")
        if getattr(rules, name)
    ]
    return f"allow {list(rules.whitelist)} deny {list(rules.blacklist)} {' '.join(flags)}"


# 1, 2: safe changes

Safe = Callable[[Case], Sequence[Change]]
Apply = Callable[[Case, Sequence[Change]], Rules]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rules after some safe changes."""

    how: str
    rules: Rules


def walk(
    case: Case, safe: Safe[Change], apply: Apply[Change], *, seed: int = 0, most: int = 6
) -> Iterator[Outcome]:
    """Yield the rules after safe changes: all, once to three times; single ones; some, shuffled.

    After single and some changes, the rest is advised anew and applied as well. `most` limits the
    single changes, and the steps of a chain of one change at a time.
    """
    chance = Random(f"{case.name} {seed}")  # noqa: S311
    rules = case.rules
    for times in ("once", "twice", "three times"):
        changes = safe(case.with_rules(rules))
        if not changes:
            break
        rules = apply(case.with_rules(rules), changes)
        yield Outcome(f"all safe changes, {times}", rules)
    changes = safe(case)
    if len(changes) < 2:
        return
    subsets = [[change] for change in chance.sample(list(changes), min(len(changes), most))]
    shuffled = list(changes)
    chance.shuffle(shuffled)
    subsets += [shuffled, list(changes)[::-1]]
    for _ in range(min(3, len(changes) - 1)):
        subsets.append(chance.sample(list(changes), chance.randint(1, len(changes) - 1)))
    for subset in subsets:
        rules = apply(case, subset)
        yield Outcome(f"{len(subset)} of {len(changes)} safe changes: {subset}", rules)
        rest = safe(case.with_rules(rules))
        if rest:
            rules = apply(case.with_rules(rules), rest)
            yield Outcome(f"{len(subset)} safe changes, then the rest", rules)
    rules = case.rules
    for _ in range(most):
        changes = safe(case.with_rules(rules))
        if not changes:
            break
        rules = apply(case.with_rules(rules), [chance.choice(list(changes))])
        yield Outcome("safe changes, one at a time", rules)


def loses_no_page(case: Case, outcomes: Iterable[Outcome]) -> list[Broken]:
    """Law 1: no page of a wanted site that gets in now is lost, nor the empty Referer.

    Nor is one lost that gets in without the entries for everybody: such an entry covers nothing.
    """
    own = (*oracle.own_pages(case.wanted), oracle.EMPTY)
    alone = without_everybody(case)
    broken = []
    for outcome in outcomes:
        if lost := oracle.lost(case.rules, outcome.rules, own, case.assumptions):
            broken.append(Broken("1 loses no page", case, outcome.how, lost, outcome.rules))
        elif alone and (
            lost := oracle.lost(
                alone,
                without_everybody(case.with_rules(outcome.rules)) or _NOBODY,
                own[:-1],
                case.assumptions,
            )
        ):
            what = f"{outcome.how}; only an entry for everybody still lets them in"
            broken.append(Broken("1 loses no page", case, what, lost, outcome.rules))
    return broken


_NOBODY = Rules(whitelist=("https://nobody.invalid/",))


def without_everybody(case: Case) -> Rules | None:
    """Return the rules without entries for everybody; None if no entry is left.

    An entry is for everybody if two owners that have nothing in common get in by it alone.
    """

    def is_for_everybody(entry: str) -> bool:
        rules = Rules(whitelist=(entry, *_NOBODY.whitelist))
        for scheme in oracle.BOTH:
            unlike = [f"{scheme}://evil.test/", f"{scheme}://nobody.example/"]
            if len(oracle.allowed(rules, unlike, case.assumptions)) == len(unlike):
                return True
        return False

    left = tuple(entry for entry in case.rules.whitelist if not is_for_everybody(entry))
    return replace(case.rules, whitelist=left) if any(map(str.strip, left)) else None


def lets_in_no_stranger(
    case: Case, outcomes: Iterable[Outcome], *, whatever_it_sends: bool = False
) -> list[Broken]:
    """Law 2: no stranger is let in that was not before, nor a request without a Referer.

    Strangers send what browsers send by default or, with `whatever_it_sends`, any URL of theirs.
    """
    broken = []
    for outcome in outcomes:
        if outcome.rules == case.rules:
            continue
        sent = oracle.strangers(case.wanted, (case.rules, outcome.rules), case.foreign)
        if not whatever_it_sends:
            sent = tuple(filter(oracle.is_sent_by_default, sent))
        both = (*sent, oracle.EMPTY)
        if found := oracle.newly_in(case.rules, outcome.rules, both, case.assumptions):
            broken.append(Broken("2 lets in no stranger", case, outcome.how, found, outcome.rules))
    return broken


# 3: a plan leaves its own rules alone

Planned = Callable[[Case], Rules]


def is_stable(case: Case, planned: Planned) -> list[Broken]:
    """Law 3: planning the plan's rules changes nothing."""
    once = planned(case)
    twice = planned(case.with_rules(once))
    if once == twice:
        return []
    return [Broken("3 is stable", case, f"the plan becomes {_show(twice)}", rules=once)]


def settles(
    case: Case, safe: Safe[Change], apply: Apply[Change], *, rounds: int = 1
) -> list[Broken]:
    """Law 3 for safe changes: after some rounds none is left."""
    rules = case.rules
    for _ in range(rounds):
        rules = apply(case.with_rules(rules), safe(case.with_rules(rules)))
    left = safe(case.with_rules(rules))
    if not left:
        return []
    return [
        Broken("3 settles", case, f"after {rounds} rounds of safe changes: {left}", rules=rules)
    ]


def keeps_the_plan(
    case: Case, planned: Planned, safe: Safe[Change], apply: Apply[Change]
) -> list[Broken]:
    """Law 3 for both: after the safe changes the plan is the same."""
    after = apply(case, safe(case))
    expected, found = planned(case), planned(case.with_rules(after))
    if are_alike(expected, found):
        return []
    what = f"the plan is {_show(expected)}; after safe changes it is {_show(found)}"
    return [Broken("3 keeps the plan", case, what, rules=after)]


def has_no_duplicates(case: Case, planned: Planned) -> list[Broken]:
    """A corrected list has no entry twice."""
    rules = planned(case)
    broken = []
    for entries in (rules.whitelist, rules.blacklist):
        read = [entry.strip() for entry in entries if entry.strip()]
        if len(read) != len(set(read)):
            broken.append(Broken("3 has no duplicates", case, "an entry stands twice", rules=rules))
    return broken


# 4: lint and the plan agree


def is_clean_exactly_if_idle(
    case: Case, clean: Callable[[Case], bool], idle: Callable[[Case], bool]
) -> list[Broken]:
    """Law 4: lint has no error or warning exactly if the plan has no change and no question."""
    if clean(case) == idle(case):
        return []
    what = (
        "lint is clean, the plan is not empty" if clean(case) else "the plan is empty, lint is not"
    )
    return [Broken("4 is clean exactly if idle", case, what)]


# 5: faces agree


def faces_agree(case: Case, faces: Mapping[str, Planned]) -> list[Broken]:
    """Law 5: all faces end in the same rules."""
    ends = {name: face(case) for name, face in faces.items()}
    if len(set(ends.values())) < 2:
        return []
    what = "; ".join(f"{name}: {_show(rules)}" for name, rules in ends.items())
    return [Broken("5 faces agree", case, what)]


# 6: what is said


class About(StrEnum):
    """What a sentence is about. `before` and `after` are the rules that a `Claim` compares."""

    STRANGERS_NOW = "strangers whom the rules before let in"
    STRANGERS_AFTER = "strangers whom the rules after let in"
    STRANGERS_NEWLY = "strangers whom only the rules after let in"
    STRANGERS_STILL = "strangers whom the rules before and after let in"
    STRANGERS_NO_LONGER = "strangers whom only the rules before let in"
    OWN_DENIED_NOW = "own pages that the rules before deny"
    OWN_DENIED_AFTER = "own pages that the rules after deny"
    OWN_LOST = "own pages that only the rules after deny"
    OWN_GAINED = "own pages that only the rules before deny"


class Said(StrEnum):
    """What a sentence says."""

    NONE = "none"
    THESE = "these"
    NOT_SEARCHED = "not searched"


@dataclass(frozen=True, slots=True)
class Search:
    """The result behind a sentence."""

    found: tuple[str, ...] = ()
    complete: bool = True
    """False if the search ended early."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a headline, a cost or a count, as data."""

    about: About
    said: Said
    before: Rules
    after: Rules | None = None
    """None if the sentence is about `before` alone."""
    referers: tuple[str, ...] = ()
    """Those that it names, as examples or all of them."""
    all_named: bool = False
    """The sentence claims that `referers` are all addresses of hosts without wildcards."""
    by_default: bool = False
    """The sentence is only about what browsers send by default."""
    search: Search | None = None
    text: str = ""
    """The sentence itself, for the message."""


_OWN = {About.OWN_DENIED_NOW, About.OWN_DENIED_AFTER, About.OWN_LOST, About.OWN_GAINED}

_TRUE_IF: Mapping[About, tuple[bool | None, bool | None]] = {
    About.STRANGERS_NOW: (True, None),
    About.STRANGERS_AFTER: (None, True),
    About.STRANGERS_NEWLY: (False, True),
    About.STRANGERS_STILL: (True, True),
    About.STRANGERS_NO_LONGER: (True, False),
    About.OWN_DENIED_NOW: (False, None),
    About.OWN_DENIED_AFTER: (None, False),
    About.OWN_LOST: (True, False),
    About.OWN_GAINED: (False, True),
}
"""Whether the Referers of a sentence get in before and after; None if it does not matter."""


def equals_its_search(case: Case, claim: Claim) -> list[Broken]:
    """Law 6: a sentence says none, these or not searched exactly as its search ended."""
    search = claim.search
    if search is None:
        return []
    expected = Said.THESE if search.found else Said.NONE if search.complete else Said.NOT_SEARCHED
    if claim.said is not expected:
        return [_untrue(case, claim, f"the search ended with {expected}", search.found)]
    unknown = tuple(referer for referer in claim.referers if referer not in search.found)
    return [_untrue(case, claim, "it names what no search found", unknown)] if unknown else []


def is_true(
    case: Case, claim: Claim, wish: Sequence[Site], *, may_skip: bool = False
) -> list[Broken]:
    """Law 6: samples do not contradict a sentence, and each Referer that it names is as it says.

    `wish` are the sites that the sentence takes for the person's. With `may_skip`, a sentence may
    say that nothing was searched.
    """
    if claim.said is Said.NOT_SEARCHED:
        return [] if may_skip else [_untrue(case, claim, "it was not searched")]
    about_own = claim.about in _OWN
    wrong_kind = Whose.STRANGER if about_own else Whose.OWN
    named = [referer for referer in claim.referers if referer]
    if claim.said is Said.THESE and not named:
        return [_untrue(case, claim, "it names no Referer")]
    broken = []
    if unsent := tuple(referer for referer in named if oracle.parse(referer) is None):
        broken.append(_untrue(case, claim, "no browser sends them", unsent))
    sent = [referer for referer in named if referer not in unsent]
    if others := tuple(one for one in sent if oracle.whose(one, wish) is wrong_kind):
        broken.append(_untrue(case, claim, f"they are {wrong_kind} pages", others))
    if false := tuple(one for one in sent if one not in _concerned(case, claim, sent)):
        broken.append(_untrue(case, claim, "the engine decides otherwise", false))
    samples = _samples(case, claim, wish)
    found = _concerned(case, claim, samples)
    if claim.said is Said.NONE and found:
        broken.append(_untrue(case, claim, "there are some", found))
    if claim.said is Said.THESE and claim.all_named and about_own:
        exact = oracle.own_pages(
            replace(site, subdomains=False)
            for site in wish
            if not (site.label or site.network or site.any_port or site.appid is not None)
        )
        missing = set(_concerned(case, claim, exact)) - set(claim.referers)
        if missing:
            broken.append(_untrue(case, claim, "it leaves some out", tuple(sorted(missing))))
    return broken


def _untrue(case: Case, claim: Claim, what: str, witnesses: tuple[str, ...] = ()) -> Broken:
    sentence = claim.text or f"{claim.about}: {claim.said} {list(claim.referers)}"
    return Broken("6 is true", case, f"{sentence!r}, but {what}", witnesses, claim.after)


def _samples(case: Case, claim: Claim, wish: Sequence[Site]) -> tuple[str, ...]:
    if claim.about in _OWN:
        return oracle.own_pages(wish)
    rules = (claim.before, *([claim.after] if claim.after else []))
    sent = oracle.strangers(wish, rules, case.foreign)
    return tuple(filter(oracle.is_sent_by_default, sent)) if claim.by_default else sent


def _concerned(case: Case, claim: Claim, referers: Sequence[str]) -> tuple[str, ...]:
    """Return the Referers that a sentence is about."""
    before, after = _TRUE_IF[claim.about]
    for rules, expected in ((claim.before, before), (claim.after or claim.before, after)):
        if expected is not None:
            let_in = set(oracle.allowed(rules, referers, case.assumptions))
            referers = [one for one in referers if (one in let_in) is expected]
    return tuple(referers)


# Binding


@dataclass(frozen=True)
class Binding(Generic[Change]):
    """What an adviser offers; None is not checked."""

    safe: Safe[Change] | None = None
    apply: Apply[Change] | None = None
    planned: Planned | None = None
    """The rules of the whole plan, with the first option of each question."""
    clean: Callable[[Case], bool] | None = None
    idle: Callable[[Case], bool] | None = None
    faces: Mapping[str, Planned] = field(default_factory=dict)
    claims: Callable[[Case], Iterable[Claim]] | None = None
    wish: Callable[[Case], Sequence[Site]] | None = None
    """The sites that the adviser found in the entries or was told; else those of the author."""
    asks: Callable[[Case], bool] | None = None
    """Whether the plan has a question."""
    whatever_it_sends: bool = False
    """Whether law 2 counts strangers that do not send what browsers send by default."""
    may_skip: bool = False
    rounds: int = 1
    """After so many rounds of safe changes none must be left."""


def check(case: Case, binding: Binding[Change]) -> list[Broken]:
    """Return what a case breaks of all laws that a binding makes it possible to check."""
    broken: list[Broken] = []
    states = [case]
    if binding.safe and binding.apply:
        outcomes = list(dict.fromkeys(walk(case, binding.safe, binding.apply)))
        sent = binding.whatever_it_sends
        broken += loses_no_page(case, outcomes)
        broken += lets_in_no_stranger(case, outcomes, whatever_it_sends=sent)
        broken += settles(case, binding.safe, binding.apply, rounds=binding.rounds)
        states += [case.with_rules(outcome.rules) for outcome in islice(outcomes, 2)]
        if binding.planned:
            broken += keeps_the_plan(case, binding.planned, binding.safe, binding.apply)
    if binding.planned:
        broken += is_stable(case, binding.planned)
        broken += has_no_duplicates(case, binding.planned)
        states.append(case.with_rules(binding.planned(case)))
    for state in states:
        if binding.clean and binding.idle:
            broken += is_clean_exactly_if_idle(state, binding.clean, binding.idle)
        broken += faces_agree(state, binding.faces)
        broken += check_claims(state, binding)
    return broken


def check_claims(case: Case, binding: Binding[Change]) -> list[Broken]:
    """Return the sentences about a case that are untrue."""
    if binding.claims is None:
        return []
    wish = binding.wish(case) if binding.wish else case.wanted
    broken = []
    for claim in binding.claims(case):
        broken += equals_its_search(case, claim)
        broken += is_true(case, claim, wish, may_skip=binding.may_skip)
    return broken


def check_known(known: Known, binding: Binding[Change]) -> list[Broken]:
    """Return what a known case breaks: all laws, and what must never happen to it."""
    case = known.case
    broken = check(case, binding)
    results: list[Outcome] = []
    if binding.safe and binding.apply:
        safe = [Outcome("no change", case.rules), *walk(case, binding.safe, binding.apply)]
        results += safe
        for outcome in safe:
            after = outcome.rules
            alone = without_everybody(case.with_rules(after)) or _NOBODY
            entries = {entry.strip() for entry in (*after.whitelist, *after.blacklist)}
            lost = oracle.denied_now(after, known.keeps, case.assumptions)
            lost += oracle.denied_now(alone, known.keeps_alone, case.assumptions)
            lost += tuple(entry for entry in known.keeps_entries if entry.strip() not in entries)
            if lost:
                broken.append(Broken("known", case, f"{outcome.how} loses them", lost, after))
    if binding.planned:
        after = binding.planned(case)
        results.append(Outcome("the whole plan", after))
        if denied := oracle.denied_now(after, known.gets_in, case.assumptions):
            broken.append(Broken("known", case, "the whole plan denies them", denied, after))
    results += [Outcome(name, face(case)) for name, face in binding.faces.items()]
    for outcome in results:
        after = outcome.rules
        entries = {*after.whitelist, *after.blacklist}
        found = oracle.in_now(after, known.never_in, case.assumptions)
        found += tuple(entry for entry in known.never_entries if entry in entries)
        if found:
            broken.append(Broken("known", case, f"{outcome.how} has them", found, after))
    if binding.asks and known.questions and not binding.asks(case):
        broken.append(Broken("known", case, "the plan does not ask"))
    if binding.wish:
        read = {site.host if site.appid is None else site.appid for site in binding.wish(case)}
        if missing := tuple(name for name in known.names if name not in read):
            broken.append(Broken("known", case, f"only {sorted(read)} were found", missing))
    for claim in binding.claims(case) if binding.claims else ():
        silent = {About.STRANGERS_NOW: known.exposed, About.OWN_DENIED_NOW: known.shut_out}
        referers = silent.get(claim.about, ())
        if claim.by_default:
            referers = tuple(filter(oracle.is_sent_by_default, referers))
        if claim.said is Said.NONE and referers:
            broken.append(_untrue(case, claim, "there are some", referers))
    return [replace(item, what=f"{item.what} ({known.why})") for item in broken]


# Pairs


def are_alike(one: Rules, other: Rules) -> bool:
    """Return whether rules have the same switches and entries, in whatever order."""
    return _unordered(one) == _unordered(other)


def _unordered(rules: Rules) -> tuple[Rules, list[str], list[str]]:
    switches = replace(rules, whitelist=(), blacklist=())
    return switches, sorted(rules.whitelist), sorted(rules.blacklist)


def check_pair(pair: Pair, planned: Planned) -> list[Broken]:
    """Return whether the plan for the second case does not follow from that for the first."""
    if not pair.equal:
        return []
    expected, found = pair.carry(planned(pair.first)), planned(pair.second)
    if are_alike(expected, found):
        return []
    what = f"{pair.name}: {pair.second.name} should become {_show(expected)}"
    return [Broken("pair", pair.second, what, rules=found)]
