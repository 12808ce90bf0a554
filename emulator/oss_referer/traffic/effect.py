"""The effect of a change of rules on recorded requests: whose they are, who gains, who loses."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from oss_referer.advice.review import Seen
from oss_referer.engine import RefererPolicy, Sentence
from oss_referer.engine.sentence import join
from oss_referer.traffic.figures import quantity, size
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic


class Load(NamedTuple):
    requests: int = 0
    bytes: int = 0

    def say(self) -> tuple[str, str]:
        return quantity(self.requests), size(self.bytes)

    def plus(self, group: RequestGroup) -> "Load":
        return Load(self.requests + group.requests, self.bytes + group.bytes)


@dataclass(frozen=True, slots=True)
class Effect:
    """What old and new rules decide on recorded requests."""

    seen: tuple[Seen, ...]
    """The requests by site and by both decisions, the most first."""
    checked: Load
    """The requests that the rules decide on; a cache answered none of them."""
    locked_out: Load
    own: Load
    """Those locked out that come from the owner's sites."""
    let_in: Load
    apart: Counter[str]
    """The requests that do not count: `unchecked`, `unsure`, `cached`; and those `derived`."""
    traffic: Traffic

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as values for JSON; `seen` belongs to the visitors of a review."""
        loads = ("checked", "locked_out", "own", "let_in")
        return {
            **{name: getattr(self, name)._asdict() for name in loads},
            **{name: self.apart[name] for name in ("unchecked", "unsure", "cached", "derived")},
            "elsewhere": dict(self.traffic.elsewhere),
            "skipped": dict(self.traffic.skipped),
        }

    def describe(self) -> Iterator[Sentence]:
        """Yield sentences about the costs, and about what does not count."""
        yield Sentence(
            "Of {} recorded requests, these rules lock out {} more ({}) and let in {} more ({}).",
            quantity(self.checked.requests),
            *self.locked_out.say(),
            *self.let_in.say(),
        )
        if self.own.requests:
            yield Sentence("Requests of your sites would be locked out: {} ({}).", *self.own.say())
        if self.apart["derived"]:
            template = "{} requests lack their Referer in the file; the page's policy implies it."
            yield Sentence(template, quantity(self.apart["derived"]))
        if left := [*self._left_out()]:
            yield Sentence("Not counted: {}.", join(left))

    def _left_out(self) -> Iterator[Sentence]:
        if count := self.apart["unchecked"]:
            yield Sentence("{} not checked by the rules", quantity(count))
        if count := self.apart["unsure"]:
            yield Sentence("{} that may be signed by a header missing in the file", quantity(count))
        if count := sum(self.traffic.elsewhere.values()):
            yield Sentence("{} to other hosts (see --host)", quantity(count))
        for reason, count in sorted(self.traffic.skipped.items()):
            yield Sentence("{} {}", quantity(count), _SKIPPED.get(reason, Sentence("{}", reason)))


_SKIPPED = {
    str(said): said
    for said in (
        Sentence("without an answer"),
        Sentence("without a URL"),
        Sentence("without a Referer or a page"),
        Sentence("with a Referer of more than 32 KB"),
        Sentence("not over http"),
        Sentence("not selected"),
        Sentence("damaged"),
        Sentence("dropped by the journal"),
        Sentence("not to a bucket"),
    )
}
"""Why entries of a record were left out."""


def measure(
    traffic: Traffic, old: RefererPolicy, new: RefererPolicy, is_own: Callable[[str], bool]
) -> Effect:
    """Compare the decisions of rules; `is_own` says whether a page is the owner's."""
    seen: dict[tuple[str | None, bool, bool], Seen] = {}
    apart = Counter[str]()
    checked, locked_out, own, let_in = (Load() for _ in range(4))
    pages = {Asked(referer=one.asked.page).home for one in traffic.groups if one.asked.page}
    for group in traffic.groups:
        asked = group.asked
        before, after = (asked.answer(one).reason for one in (old, new))
        if asked.signed is None:
            apart["unsure"] += group.requests
            continue
        if not asked.is_checked_by(new):
            apart["unchecked"] += group.requests
            continue
        home = asked.home
        key = home, before.allows, after.allows
        one = seen.get(key) or Seen(
            home if _alike(home, asked, old, new) else asked.referer,
            home,
            0,
            is_recorded=home in pages,
        )
        if asked.cached:
            apart["cached"] += group.requests
            seen[key] = one._replace(cached=one.cached + group.requests)
            continue
        apart["derived"] += group.requests * asked.derived
        seen[key] = one._replace(
            requests=one.requests + group.requests, bytes=one.bytes + group.bytes
        )
        checked = checked.plus(group)
        if _fails(asked, allowed=before.allows) or before.allows == after.allows:
            continue
        if after.allows:
            let_in = let_in.plus(group)
        else:
            locked_out = locked_out.plus(group)
            own = own.plus(group) if home and is_own(home) else own
    ranked = sorted(seen.values(), key=lambda one: (-one.requests, -one.cached, one.page or ""))
    return Effect(tuple(ranked), checked, locked_out, own, let_in, apart, traffic)


def _alike(home: str | None, asked: Asked, *rules: RefererPolicy) -> bool:
    """Return whether rules decide on the default Referer of a site as on the one that was sent."""
    return all(one.allows(home) == one.allows(asked.referer) for one in rules)


def _fails(asked: Asked, *, allowed: bool) -> bool:
    """Return whether requests fail for another reason than the old rules."""
    return asked.status >= 400 and (asked.status != 403 or allowed)
