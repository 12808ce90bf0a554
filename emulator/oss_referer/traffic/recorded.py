"""Requests that a reader recorded, in a HAR or an access log: which of them rules deny, by page.

A page keeps them in a small form, without the text that they were read from.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from oss_referer.engine import RefererPolicy, Scope, Sentence, Signing
from oss_referer.sources.masking import mask
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import har, requests
from oss_referer.traffic.effect import Effect, measure
from oss_referer.traffic.har import HARError
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic

MOST_GROUPS: Final = 20_000
"""The most different requests that a page keeps."""


def read(text: str) -> Traffic:
    """Read a HAR or lines of an access log. Raises SourceError."""
    raw = text.encode("utf-8", "surrogatepass")
    try:
        found = har.read([raw]) if har.is_har(raw) else requests.read_lines(text.splitlines())
    except HARError as error:
        raise SourceError(str(error)) from None
    if not found.groups:
        raise SourceError("this is neither a HAR with requests nor lines of an access log")
    if len(found.groups) > MOST_GROUPS:
        raise SourceError(
            f"it has more than {MOST_GROUPS} different requests; run oss-emulator review --traffic"
        )
    return found


def to_values(traffic: Traffic) -> dict[str, Any]:
    """Return traffic as values for JSON, which `from_values` accepts."""
    return {
        "groups": [[*one.asked, one.requests, one.bytes, one.sample] for one in traffic.groups],
        "skipped": dict(traffic.skipped),
        "service": sorted(traffic.service),
    }


def from_values(values: object) -> Traffic:
    """Raises SourceError for values that `to_values` does not return."""
    try:
        return _from_values(dict(values))  # type: ignore[call-overload]  # checked by its errors
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        raise SourceError("these are not recorded requests; open their file again") from None


def _from_values(values: Mapping[str, Any]) -> Traffic:
    groups = []
    for group in values["groups"]:
        if not all(isinstance(one, kind) for one, kind in zip(group, _TYPES, strict=True)):
            raise TypeError
        *asked, count, size, sample = group
        made = Asked(*asked)
        signed = None if made.signed is None else Signing(made.signed)
        made = made._replace(signed=signed, scope=Scope(made.scope))
        groups.append(RequestGroup(made, count, size, sample=sample))
    skipped = {str(why): int(count) for why, count in values["skipped"].items()}
    return Traffic(tuple(groups), skipped=skipped, service=frozenset(map(str, values["service"])))


_TYPES: Final = (str, str, str | None, str, str, str | None, bool, bool, int, str, int, int, str)
"""The types of the members of a group, in the order of `to_values`."""


class Denied(NamedTuple):
    """The requests of a page or of a site, and how many of them rules deny."""

    name: str | None
    """The URL of the page, or the Referer of its site; None without a Referer."""
    requests: int
    denied: int
    sample: str = ""
    """The URL of a denied request; "" if it is unknown."""


class Found(NamedTuple):
    sites: tuple[Denied, ...]
    pages: tuple[Denied, ...]
    """Only those with denied requests, the most first."""
    effect: Effect

    @property
    def denied(self) -> int:
        return sum(one.denied for one in self.sites)


def judge(traffic: Traffic, old: RefererPolicy, new: RefererPolicy) -> Found:
    """Judge the requests that rules decide on; `old` are the rules to compare with."""
    checked = [
        one for one in traffic.groups if one.asked.is_checked_by(new) and not one.asked.cached
    ]
    by = partial(_sum_up, checked, new)
    pages = by({one.asked: one.asked.page or one.asked.sent or None for one in checked})
    return Found(
        by({one.asked: one.asked.home for one in checked}),
        tuple(page for page in pages if page.denied),
        measure(traffic, old, new, lambda _: False),
    )


def _sum_up(
    groups: Iterable[RequestGroup], policy: RefererPolicy, names: Mapping[Asked, str | None]
) -> tuple[Denied, ...]:
    asked, denied = Counter[str | None](), Counter[str | None]()
    samples: dict[str | None, str] = {}
    for group in groups:
        name = names[group.asked]
        name = name and mask(name)
        asked[name] += group.requests
        if not group.asked.answer(policy).reason.allows:
            denied[name] += group.requests
            samples.setdefault(name, group.sample)
    found = (Denied(name, asked[name], denied[name], samples.get(name, "")) for name in asked)
    return tuple(sorted(found, key=lambda one: (-one.denied, -one.requests, one.name or "")))


def choose(traffic: Traffic, hosts: Iterable[str], bucket: str = "") -> tuple[Traffic, Sentence]:
    """Return the requests to the hosts of OSS and to some others, and to a bucket.

    Without such a request, also return what to do instead; otherwise "".
    """
    named = tuple(hosts)
    chosen = traffic.at((*traffic.service, *named) if named else ())
    if not chosen.groups:
        return chosen, Sentence("None of its hosts looks like one of OSS; choose yours.")
    found = chosen.of_bucket(bucket) if bucket else chosen
    if found.groups:
        return found, Sentence("")
    others = ", ".join(sorted({one.asked.bucket for one in chosen.groups}))
    return found, Sentence("These requests are not to the bucket {} but to {}.", bucket, others)


def choose_kept(values: Mapping[str, Any], bucket: str = "") -> Traffic:
    """Return the chosen requests of what a page kept (`recorded`). Raises SourceError."""
    hosts = values.get("hosts")
    wanted = tuple(map(str, hosts)) if isinstance(hosts, list) else ()
    return choose(from_values(values.get("recorded")), wanted, bucket)[0]


def make(
    values: Mapping[str, Any], old: RefererPolicy, new: RefererPolicy, bucket: str = ""
) -> dict[str, Any]:
    """Return what the part of a page shows: what is denied, hosts to choose from, or a problem.

    `values` have the `text` of a file, or what the page kept of it (`recorded`), and `hosts`.
    """
    text, hosts = values.get("text"), values.get("hosts")
    try:
        traffic = read(text) if isinstance(text, str) else from_values(values.get("recorded"))
    except SourceError as error:
        return {"problem": error.sentence, "recorded": None, "hosts": {}, "found": None}
    wanted = tuple(map(str, hosts)) if isinstance(hosts, list) else ()
    chosen, problem = choose(traffic, wanted, bucket)
    return {
        "problem": problem,
        "recorded": to_values(traffic),
        "hosts": chosen.elsewhere,
        "found": None if problem else judge(chosen, old, new),
    }
