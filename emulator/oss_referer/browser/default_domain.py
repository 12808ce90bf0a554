"""The policy for the service's own host names: which objects they send as downloads or refuse.

It does not apply to custom domains, or to requests with an Authorization header (assumed). The
download of a page or an image surprises more people than hotlink protection does.
"""

from collections.abc import Iterator
from enum import Enum
from mimetypes import MimeTypes
from typing import Final, NamedTuple

from oss_referer.browser import changes as dated
from oss_referer.sources.endpoint import ENDPOINT


class Contents(Enum):
    """The objects that a rule applies to, by the end of the key or by the content type."""

    PAGES = ((".htm", ".html"), frozenset({"text/html"}))
    IMAGES = (
        (),
        frozenset(
            f"image/{name}"
            for name in (
                "jpeg gif tiff png webp svg+xml bmp x-ms-bmp x-cmu-raster exr x-icon heic".split()
            )
        ),
    )
    APPS = ((".apk", ".ipa"), frozenset[str]())
    ALL = (("",), frozenset[str]())

    def include(self, key: str, content_type: str) -> bool:
        suffixes, types = self.value
        kind = content_type.partition(";")[0].strip().lower()
        return key.lower().endswith(suffixes) or kind in types


class DomainKind(Enum):
    PUBLIC = "public endpoint"
    ACCELERATE = "accelerate endpoint"


_NEWER_REGIONS: Final = frozenset(
    "cn-fuzhou cn-wulanchabu cn-heyuan cn-guangzhou cn-nanjing cn-wuhan-lr".split()
)


class DomainRule(NamedTuple):
    fact: str
    ec: str
    change: dated.ServiceChange
    at: DomainKind
    contents: Contents
    refuses: bool = False
    """Whether the request is refused; else the object is sent as a download."""
    newer_regions: bool | None = None
    """True: only in the regions of D-06; False: only in the others; None: in all regions."""

    @property
    def sentence(self) -> str:
        """The effect of the rule, for people."""
        if self.refuses:
            return f"the service refuses this at its {self.at.value} ({self.fact})"
        return f"the service sends this as a download at its {self.at.value} ({self.fact})"


_PUBLIC, _ACCELERATE = DomainKind.PUBLIC, DomainKind.ACCELERATE

RULES: Final = (
    DomainRule(
        "D-07", "0048-00000200", dated.APPS_AT_ENDPOINTS, _PUBLIC, Contents.APPS, refuses=True
    ),
    DomainRule("D-01", "0048-00000001", dated.PAGES_AT_ENDPOINTS, _PUBLIC, Contents.PAGES),
    DomainRule("D-02", "0048-00000002", dated.PAGES_AT_ACCELERATION, _ACCELERATE, Contents.PAGES),
    DomainRule(
        "D-03",
        "0048-00000100",
        dated.IMAGES_AT_ENDPOINTS,
        _PUBLIC,
        Contents.IMAGES,
        newer_regions=False,
    ),
    DomainRule(
        "D-06",
        "0048-00000114",
        dated.IMAGES_OF_NEWER_REGIONS,
        _PUBLIC,
        Contents.IMAGES,
        newer_regions=True,
    ),
    *(
        DomainRule("D-04", f"0048-00000{106 + number}", change, _ACCELERATE, Contents.ALL)
        for number, change in reversed([*enumerate(dated.ALL_AT_ACCELERATION)])
    ),
    DomainRule("D-05", "0048-00000113", dated.ALL_OF_NEW_ACCOUNTS, _PUBLIC, Contents.ALL),
)
"""The rules in order: the first one that applies decides (assumed).

D-04 has a rule for each of its dates, the latest first.
"""


class DomainRequest(NamedTuple):
    """A request for an object at a host name of the service."""

    kind: DomainKind
    region: str
    key: str
    content_type: str
    created: float
    """When the bucket was created, in seconds since the epoch."""
    accelerated: float | None = None
    """When its transfer acceleration was enabled; None if that is unknown."""


def find_rule(request: DomainRequest, changes: dated.Changes) -> DomainRule | None:
    """Return the rule that the service applies to a request; None if it applies none."""
    for rule in _fitting(request):
        since = request.accelerated if rule.at is DomainKind.ACCELERATE else request.created
        if changes.follow(rule.change, since):
            return rule
    return None


def find_rule_today(region: str, key: str, content_type: str) -> DomainRule | None:
    """Return the rule for an object in a new bucket of an older account, at the public endpoint."""
    request = DomainRequest(DomainKind.PUBLIC, region, key, content_type, 0.0)
    return next((rule for rule in _fitting(request) if rule.contents is not Contents.ALL), None)


def find_rule_of_url(host: str, path: str) -> DomainRule | None:
    """Return the rule for the object of a URL; its content type is guessed from its name."""
    named = ENDPOINT.fullmatch(host)
    if named is None or not (named["bucket"] and named["region"]):
        return None
    content_type = MIME_TYPES.guess_type(path, strict=False)[0] or ""
    return find_rule_today(named["region"], path, content_type)


MIME_TYPES: Final = MimeTypes()
"""Python's own types. The types of the operating system would differ between machines."""


def _fitting(request: DomainRequest) -> Iterator[DomainRule]:
    """Yield the rules for a host name, a region and an object, regardless of dates."""
    newer = request.region in _NEWER_REGIONS
    for rule in RULES:
        if (
            rule.at is request.kind
            and rule.newer_regions in (None, newer)
            and rule.contents.include(request.key, request.content_type)
        ):
            yield rule
