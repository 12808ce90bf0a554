"""Traffic: the requests for objects that were really sent, in groups, whatever recorded them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from oss_referer.engine import RefererPolicy, Scope, Signing
from oss_referer.engine.decision import RequestKind, classify
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.search.sent import SENDS_PATHS
from oss_referer.sources.endpoint import ENDPOINT
from oss_referer.sources.masking import mask
from oss_referer.traffic import accesslog
from oss_referer.traffic.accesslog import LogLineError
from oss_referer.traffic.judge import CountedDecision, decide, letters_of, request_of


class Asked(NamedTuple):
    """What the requests of a group have in common."""

    host: str = ""
    """The host and port that they were sent to; "" where no record says it."""
    bucket: str = ""
    """The bucket; "" for a custom domain, which does not name it."""
    signed: Signing | None = Signing.NONE
    """How they were signed; None if the record may lack the header that signed them."""
    method: str = "GET"
    scope: Scope = Scope.OBJECT
    referer: str | None = None
    derived: bool = False
    """Whether the record lacks the Referer, and the policy of the page gave it."""
    cached: bool = False
    """Whether the browser answered them itself, so that the server never saw them."""
    status: int = 200
    """The status of the answer; 0 if the browser kept it from the page and the record."""
    page: str = ""
    """The URL of the page that sent them; "" where no record says it."""

    @property
    def sent(self) -> str:
        """The Referer as rules see it; "" for none."""
        return (self.referer or "").strip(WHITE_SPACE)

    @property
    def home(self) -> str | None:
        """The Referer that pages of the same site send by default; None without a Referer.

        A Referer without a host stands for itself.
        """
        found = _HOME.match(self.sent)
        if found is None:
            return self.sent or None
        return f"{found['program']}1/page-frame.html" if found["program"] else f"{found['origin']}/"

    @property
    def kind(self) -> RequestKind:
        """Their kind; that of anonymous requests if they may be signed."""
        return classify(self.signed or Signing.NONE, self.method, self.scope)

    def is_checked_by(self, policy: RefererPolicy) -> bool:
        """Return whether rules certainly decide on these requests."""
        return self.signed is not None and self.kind in policy.checked

    def answer(self, policy: RefererPolicy) -> CountedDecision:
        """Return what rules decide on these requests, as anonymous ones if that is unknown."""
        return decide(policy, self.kind, self.sent)


_HOME = re.compile(
    rf"(?P<program>https://{re.escape(SENDS_PATHS)}/[^/?#]+/)|(?P<origin>[^/?#]+://[^/?#]+)"
)


@dataclass(frozen=True, slots=True)
class RequestGroup:
    """Requests that rules cannot tell apart."""

    asked: Asked
    requests: int = 1
    bytes: int = 0
    first: float | None = None
    """The time of the first request, in seconds since the epoch; None if unknown."""
    last: float | None = None
    sample: str = ""
    """The masked URL of one of the requests; "" if unknown."""

    def __add__(self, other: "RequestGroup") -> "RequestGroup":
        """Return both groups together; the sample is that of the first."""
        times = [one for one in (self.first, other.first, self.last, other.last) if one is not None]
        return RequestGroup(
            self.asked,
            self.requests + other.requests,
            self.bytes + other.bytes,
            min(times, default=None),
            max(times, default=None),
            self.sample or other.sample,
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """Recorded requests, and the entries of the record that were left out."""

    groups: tuple[RequestGroup, ...] = ()
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """The requests to hosts that were not chosen, by host."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """The entries that are no answered requests, by the reason."""
    service: frozenset[str] = frozenset()
    """The hosts that belong to OSS, by their names or by the headers of their answers."""

    @property
    def requests(self) -> int:
        """The requests that reached the server."""
        return sum(one.requests for one in self.groups if not one.asked.cached)

    @property
    def hosts(self) -> Mapping[str, int]:
        """The requests of each host, the most first."""
        counts = Counter(self.elsewhere)
        for one in self.groups:
            counts[one.asked.host] += one.requests
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def at(self, hosts: Collection[str] = ()) -> "Traffic":
        """Return the requests to some hosts, by default to those of OSS."""
        chosen = {*hosts} or self.service
        kept = tuple(one for one in self.groups if one.asked.host in chosen)
        counts = self.hosts
        elsewhere = {host: counts[host] for host in counts if host not in chosen}
        return replace(self, groups=kept, elsewhere=elsewhere)

    def of_bucket(self, name: str) -> "Traffic":
        """Return the requests to a bucket, and those whose bucket is unknown."""
        kept = tuple(one for one in self.groups if one.asked.bucket in (name, ""))
        return replace(self, groups=kept)


def read_lines(lines: Iterable[str]) -> Traffic:
    """Read lines of an access log; every host in it belongs to OSS."""
    groups: list[RequestGroup] = []
    damaged = 0
    for line in filter(str.strip, lines):
        try:
            one = accesslog.parse(line)
        except LogLineError:
            damaged += 1
            continue
        signed, method, scope = request_of(letters_of(one))
        referer = one.referer or None
        asked = Asked(one.host, one.bucket, signed, method, scope, referer, status=one.status)
        sample = mask(one.request.partition(" ")[2].rpartition(" ")[0])
        groups.append(RequestGroup(asked, 1, one.sent_bytes, one.time, one.time, sample))
    hosts = frozenset(one.asked.host for one in groups)
    return Traffic(gather(groups), skipped={"damaged": damaged} if damaged else {}, service=hosts)


def gather(groups: Iterable[RequestGroup]) -> tuple[RequestGroup, ...]:
    """Return groups with those added up that have all in common, the most requests first."""
    found: dict[Asked, RequestGroup] = {}
    for one in groups:
        before = found.get(one.asked)
        found[one.asked] = before + one if before else one
    return tuple(sorted(found.values(), key=lambda one: (-one.requests, one.asked.host)))


def join(traffics: Iterable[Traffic]) -> Traffic:
    """Return several records as one."""
    some = tuple(traffics)
    elsewhere, skipped = Counter[str](), Counter[str]()
    for one in some:
        elsewhere.update(one.elsewhere)
        skipped.update(one.skipped)
    groups = gather(group for one in some for group in one.groups)
    return Traffic(groups, elsewhere, skipped, frozenset().union(*(one.service for one in some)))


def is_service(host: str) -> bool:
    """Return whether a host, with or without a port, looks like one of OSS."""
    return ENDPOINT.fullmatch(host.partition(":")[0].removesuffix(".")) is not None


def bucket_of(host: str) -> str | None:
    """Return the bucket that a host names; "" for a custom domain, None if the path names it."""
    name = host.partition(":")[0].removesuffix(".")
    if found := ENDPOINT.fullmatch(name):
        return found["bucket"]
    if name.endswith(".localhost"):
        return name.partition(".")[0]
    is_address = host.startswith("[") or name.replace(".", "").isdigit()
    return None if is_address or name == "localhost" else ""
