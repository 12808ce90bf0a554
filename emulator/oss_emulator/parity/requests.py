"""The setups under which a service is asked, the requests, and the replies that are expected."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from oss_referer.engine.decision import Reason
from oss_referer.engine.model import RefererConfiguration
from oss_referer.engine.request import Signing
from oss_referer.sources.referer_xml import parse

MESSAGE = "You are denied by bucket referer policy."
DENIALS = frozenset(reason.ec for reason in Reason if reason.ec)
"""The ECs of hotlink protection (R-11, R-12, R-13)."""


class RequestTarget(StrEnum):
    """What a request addresses: the bucket, or one of the objects that were put for the test."""

    OPEN = "an object that anybody may read"
    CLOSED = "an object that only its owner may read"
    SPARE = "an object that may be overwritten, with the ACL of the bucket"
    MISSING = "an object that does not exist"
    BUCKET = "the bucket"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request with crafted Referer headers, each given as its value."""

    referers: tuple[str, ...] = ()
    signing: Signing = Signing.URL
    method: str = "GET"
    target: RequestTarget = RequestTarget.OPEN
    query: tuple[tuple[str, str], ...] = ()
    forged: bool = False
    """Whether the signature is wrong."""
    copies: bool = False
    """Whether it copies OPEN to its target."""

    def __str__(self) -> str:
        sent = ", then ".join(repr(value) for value in self.referers) or "none"
        how = "wrong signature" if self.forged else _SIGNING[self.signing]
        query = "".join(f" ?{name}={value}" for name, value in self.query)
        copied = " as a copy of open" * self.copies
        return f"{self.method} {self.target.name.lower()}{query}{copied}, {how}, Referer {sent}"


@dataclass(frozen=True, slots=True)
class PutRules:
    """PutBucketReferer with a document, signed in the header."""

    document: bytes
    what: str = ""
    """What is special about the document."""
    content_md5: str = ""
    """The value of Content-MD5; "" sends none."""

    def __str__(self) -> str:
        return f"PutBucketReferer {self.what}".rstrip()


@dataclass(frozen=True, slots=True)
class GetRules:
    """GetBucketReferer, signed in the header."""

    missing: bool = False
    """Whether to ask for the rules of a bucket that does not exist."""

    def __str__(self) -> str:
        return "GetBucketReferer" + " of a missing bucket" * self.missing


@dataclass(frozen=True, slots=True)
class PutAcl:
    """PutBucketAcl, signed in the header."""

    acl: str

    def __str__(self) -> str:
        return f"PutBucketAcl {self.acl}"


ServiceRequest: TypeAlias = Fetch | PutRules | GetRules | PutAcl


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> str:
        """The Code of an error document, or ""."""
        return self._find("Code")

    @property
    def ec(self) -> str:
        """The EC of an error, from its document or else from its header (R-35), or ""."""
        return self._find("EC") or self.headers.get("x-oss-ec", "")

    @property
    def is_denial(self) -> bool:
        """Whether hotlink protection denied the request."""
        return self.status == 403 and (self.ec in DENIALS or MESSAGE.encode() in self.body)

    @property
    def is_trouble(self) -> bool:
        """Whether the service was unable to answer, so that the reply says nothing about rules."""
        return self.status == 429 or (self.status >= 500 and self.status != 501)

    def _find(self, name: str) -> str:
        error = self.body.decode(errors="replace") if self.status >= 400 else ""
        found = re.search(rf"<Error\b.*?<{name}>([^<]*)</{name}>", error, re.DOTALL)
        return found[1] if found else ""

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.status), self.code, self.ec)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The expected replies. A field at its default matches any reply."""

    statuses: tuple[int, ...] = ()
    code: str = ""
    ec: str = ""
    allows: bool | None = None
    """Whether hotlink protection lets the request pass."""
    contains: tuple[str, ...] = ()
    """What the body must contain."""
    lacks: str = ""
    """What the body must not contain."""
    empty: bool = False
    """Whether there must be no body."""
    headers: tuple[tuple[str, str], ...] = ()
    rules: RefererConfiguration | None = None
    """The rules that the body must state."""
    says: str = ""
    """The expectation in words, if the fields do not say it."""

    def fits(self, reply: Reply) -> bool:
        """Whether a reply is as expected."""
        body = reply.body.decode(errors="replace")
        return (
            (not self.statuses or reply.status in self.statuses)
            and (not self.code or reply.code == self.code)
            and (self.allows is None or reply.is_denial is not self.allows)
            and (not self.ec or reply.ec == self.ec)
            and all(text in body for text in self.contains)
            and not (self.lacks and self.lacks in body)
            and not (self.empty and body)
            and all(reply.headers.get(name) == value for name, value in self.headers)
            and (self.rules is None or _states(reply.body, self.rules))
        )

    def __str__(self) -> str:
        if self.says:
            return self.says
        status = str(self.statuses[0]) if self.statuses else ""
        return " ".join(filter(None, (status, self.code, self.ec))) or "anything"


ALLOWED = Wanted(tuple(range(200, 400)), says="allowed")
PASSED = Wanted(allows=True, says="not denied by its Referer")
DENIED = Wanted(allows=False, says="denied by its Referer")
ANYTHING = Wanted()
NO_PERMISSION = Wanted((403,), "AccessDenied", allows=True, says="denied by the ACL")
NO_REFERER = Wanted((403,), ec="0003-00000501")
BLACKLISTED = Wanted((403,), ec="0003-00000502")
NOT_LISTED = Wanted((403,), ec="0003-00000503")

_SIGNING = {
    Signing.NONE: "anonymous",
    Signing.URL: "signed URL",
    Signing.HEADER: "signed header",
    Signing.FORM: "signed form",
}


def refused(status: int, code: str = "", ec: str = "") -> Wanted:
    """Return an error."""
    return Wanted((status,), code, ec)


def _states(document: bytes, rules: RefererConfiguration) -> bool:
    try:
        return parse(document) == rules
    except ValueError:
        return False


UNLISTED = "https://unlisted.test/"
"""A Referer that no entry matches."""

BAD = "https://bad.test/"
"""A Referer on the blacklist of LISTED, and on its whitelist."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A state of the bucket in which some questions are asked."""

    name: str
    rules: RefererConfiguration | None = None
    """The rules to put; None keeps those of the previous setup."""
    acl: str = ""
    """The ACL to put; "" leaves it alone."""
    canaries: tuple[tuple[str, Wanted], ...] = ()
    """Referers to try: at least one of them is answered differently until the rules take effect."""
    signings: tuple[Signing, ...] = (Signing.URL, Signing.NONE)
    """How canaries are signed: if one way fails, another may show that the rules are in effect."""
    target: RequestTarget = RequestTarget.OPEN
    """The object that canaries ask for."""
    needs_own_bucket: bool = False
    """Whether to skip it on a bucket that existed before."""


def canary(name: str) -> str:
    """Return the Referer that shows that the rules of a setup are in effect."""
    return f"https://canary-{name}.test/"


def _entry(name: str) -> str:
    return canary(name).removesuffix("/")  # it matches under TruncatePath as well


_STRICT = RefererConfiguration(allow_empty_referer=False)
_KEPT = replace(_STRICT, allow_truncate_query_string=False)


def _listing(name: str, *entries: str, rules: RefererConfiguration = _STRICT) -> Setup:
    """Make a setup with a whitelist: the canary is allowed, and an unlisted Referer is not."""
    rules = replace(rules, whitelist=(_entry(name), *entries))
    return Setup(name, rules, canaries=((canary(name), ALLOWED), (UNLISTED, DENIED)))


def _blacklisting(name: str, rules: RefererConfiguration = _STRICT) -> Setup:
    """Make a setup that blacklists its canary."""
    rules = replace(rules, blacklist=rules.blacklist or (_entry(name),))
    return Setup(name, rules, canaries=((canary(name), DENIED),))


def _publishing(acl: str) -> Setup:
    """Make a setup with the rules of LISTED and another ACL of the bucket."""
    return Setup(
        acl,
        acl=acl,
        canaries=((canary("listed"), ALLOWED),),
        signings=(Signing.NONE,),
        target=RequestTarget.SPARE,
        needs_own_bucket=True,
    )


FRESH = Setup("fresh", needs_own_bucket=True)
NO_WHITELIST = _blacklisting("no-whitelist")
BLANK = _blacklisting("blank", replace(_STRICT, whitelist=(" ",)))
STAR = _blacklisting("star", RefererConfiguration(blacklist=("*",)))
ODD = _listing("odd", " https://padded.test/ ", "https://comma-a.test/,https://comma-b.test/")
CUT_PATH = _listing(
    "cut-path",
    "https://slash.test?",
    "https://path.test/album/",
    "*album27",
    rules=replace(_STRICT, truncate_path=True),
)
CONTRADICTION = _listing("contradiction", "*album27", rules=replace(_KEPT, truncate_path=True))
KEPT_QUERY = _listing("kept-query", "*page=1", rules=_KEPT)
LISTED = _listing(
    "listed",
    BAD,
    "http://www.prefix.test",
    "http://help.test/index.html",
    "*.star.test",
    "http://*.sub.test",
    "https://mark?.test/",
    "https://port.test:8080",
    "www.bare.test",
    "https://CASE.test/",
    "*page=1",
    "https://query.test/?page=1",
    "*album27",
    "https://several-a.test/",
    "*//several-b.test/",
    rules=replace(_STRICT, blacklist=(BAD,)),
)
PUBLIC_READ = _publishing("public-read")
PUBLIC_READ_WRITE = _publishing("public-read-write")
CLEARED = Setup("cleared", RefererConfiguration(), canaries=((UNLISTED, ALLOWED),))
CALLS = Setup("calls")

SETUPS = (
    FRESH,
    NO_WHITELIST,
    BLANK,
    STAR,
    ODD,
    CUT_PATH,
    CONTRADICTION,
    KEPT_QUERY,
    LISTED,
    PUBLIC_READ,
    PUBLIC_READ_WRITE,
    CLEARED,
    CALLS,
)
"""All setups in order: the rules of the previous setup answer a canary differently."""
