"""The questions: what is sent under which rules, and what each variant of a fact would answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from oss_referer.engine.assumptions import (
    FACTS,
    Assumptions,
    CheckOrder,
    MissingList,
    ProcessingOrder,
    SourceOfCopy,
    TruncationConflict,
)
from oss_referer.engine.decision import Reason, Scope, Signing
from oss_referer.engine.policy import RefererConfiguration, RefererPolicy
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
FORGED = Wanted((403,), "SignatureDoesNotMatch")
NO_REFERER = Wanted((403,), ec="0003-00000501")
BLACKLISTED = Wanted((403,), ec="0003-00000502")
NOT_LISTED = Wanted((403,), ec="0003-00000503")

_SIGNING = {
    Signing.NONE: "anonymous",
    Signing.URL: "signed URL",
    Signing.HEADER: "signed header",
    Signing.FORM: "signed form",
}


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


@dataclass(frozen=True, slots=True)
class Ask:
    """One request under one setup; equal ones are sent once."""

    setup: Setup
    request: ServiceRequest | None
    """None stands for the PutBucketReferer of the setup itself."""

    def __str__(self) -> str:
        return "PutBucketReferer" if self.request is None else str(self.request)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about one fact."""

    fact: str
    about: str
    asks: tuple[Ask, ...]
    wanted: tuple[Wanted, ...] = ()
    """The documented replies, one for each ask; none for an assumed fact."""
    field: str = ""
    """The field of Assumptions that it decides; "" for a documented fact."""

    def expect(self, assumptions: Assumptions) -> tuple[Wanted, ...]:
        if not self.field:
            return self.wanted
        found = _TABLES.get(self.field, {}).get(assumptions.chosen()[self.field])
        return found or tuple(_decide(ask, assumptions) for ask in self.asks)


def _decide(ask: Ask, assumptions: Assumptions) -> Wanted:
    """Let the rules decide on a request, as a service with these assumptions would."""
    fetch, rules = ask.request, ask.setup.rules
    if not isinstance(fetch, Fetch) or rules is None:
        raise TypeError(f"rules cannot decide on {ask}")
    decision = RefererPolicy.compile(rules, assumptions).decide(
        *(fetch.referers or (None,)),
        signed=fetch.signing,
        method=fetch.method,
        scope=Scope.BUCKET if fetch.target is RequestTarget.BUCKET else Scope.OBJECT,
    )
    if decision.ec:  # a reply to HEAD has no body, and perhaps no header with the EC
        return Wanted((403,), ec="" if fetch.method == "HEAD" else decision.ec)
    return PASSED if fetch.method == "OPTIONS" else ALLOWED  # the bucket has no CORS rules


_TABLES: Mapping[str, Mapping[StrEnum, tuple[Wanted, ...]]] = {
    "check_order": {
        CheckOrder.BEFORE_ACL: (NOT_LISTED, NOT_LISTED, FORGED),
        CheckOrder.AFTER_ACL: (NOT_LISTED, NO_PERMISSION, FORGED),
        CheckOrder.AFTER_OBJECT: (Wanted((404,), "NoSuchKey"), NO_PERMISSION, FORGED),
    },
    "truncation_conflict": {
        TruncationConflict.CUT: (ALLOWED, NOT_LISTED),
        TruncationConflict.NOT_CUT: (ALLOWED, ALLOWED),
        TruncationConflict.REFUSED: (Wanted((400,)), ANYTHING),
    },
    "missing_list": {MissingList.REFUSED: (Wanted((400,)),), MissingList.ACCEPTED: (ALLOWED,)},
    "processing_order": {ProcessingOrder.BEFORE: (NOT_LISTED,), ProcessingOrder.AFTER: (PASSED,)},
    "copy_source": {SourceOfCopy.CHECKED: (NOT_LISTED,)},
}
"""The replies that the rules alone do not decide, by field and variant."""


def _with(*referers: str, setup: Setup = LISTED, **fields: Any) -> Ask:
    return Ask(setup, Fetch(referers, **fields))


def _assumed(field: str, about: str, *asks: Ask) -> Inquiry:
    return Inquiry(FACTS[field], about, asks, field=field)


def _documented(number: str, about: str, *pairs: tuple[Ask, Wanted]) -> Inquiry:
    return Inquiry(
        number, about, tuple(ask for ask, _ in pairs), tuple(wanted for _, wanted in pairs)
    )


def _matching(number: str, about: str, allowed: str = "", denied: str = "") -> Inquiry:
    """Make a question about entries: which Referers are allowed, and which are not."""
    return _documented(
        number,
        about,
        *((_with(referer), ALLOWED) for referer in allowed.split()),
        *((_with(referer), NOT_LISTED) for referer in denied.split()),
    )


def _put(document: str, what: str, content_md5: str = "") -> Ask:
    return Ask(CALLS, PutRules(document.encode(), what, content_md5))


_EMPTY = "<AllowEmptyReferer>true</AllowEmptyReferer>"
_ROOT = "<RefererConfiguration>{}</RefererConfiguration>"
_SPOKEN = RefererConfiguration(
    whitelist=("https://www.example.com/",), blacklist=("https://bad.test/",)
)
_TURNED = (
    '<RefererConfiguration xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">'
    "<RefererBlacklist><Referer>https://bad.test/</Referer></RefererBlacklist>"
    "<RefererList><Referer>https://www.example.com/</Referer></RefererList>"
    f"{_EMPTY}</RefererConfiguration>"
)
_LISTED = canary("listed")

ASSUMED = (
    _assumed(
        "empty_whitelist",
        "a blacklist with an empty whitelist",
        _with(UNLISTED, setup=NO_WHITELIST),
    ),
    _assumed(
        "letter_case",
        "letter case in entries",
        _with("https://case.test/"),
        _with("https://x.test/?PAGE=1", setup=KEPT_QUERY),
    ),
    _assumed(
        "white_space",
        "white space around entries, and blank entries",
        _with("https://padded.test/", setup=ODD),
        _with(setup=BLANK),
        _with(UNLISTED, setup=BLANK),
    ),
    _assumed(
        "cut_path",
        "the slash that TruncatePath leaves",
        _with("https://slash.test/a", setup=CUT_PATH),
    ),
    _assumed(
        "cut_entries",
        "truncation of entries",
        _with("https://query.test/"),
        _with("https://path.test/album/a", setup=CUT_PATH),
    ),
    _assumed(
        "truncation_conflict",
        "TruncatePath without AllowTruncateQueryString",
        Ask(CONTRADICTION, None),
        _with("https://x.test/album27", setup=CONTRADICTION),
    ),
    _assumed(
        "repeated_header",
        "several Referer headers",
        _with("https://several-a.test/", UNLISTED),
        _with(UNLISTED, "https://several-b.test/"),
    ),
    _assumed("joined_entry", "a comma within an entry", _with("https://comma-b.test/", setup=ODD)),
    _assumed(
        "checked_requests",
        "which requests are checked",
        _with(UNLISTED, method="HEAD"),
        _with(UNLISTED, method="PUT", target=RequestTarget.SPARE),
        _with(UNLISTED, method="OPTIONS", signing=Signing.NONE),
        _with(UNLISTED, method="POST", signing=Signing.FORM, target=RequestTarget.SPARE),
        _with(UNLISTED, target=RequestTarget.BUCKET),
    ),
    _assumed(
        "check_order",
        "the place of the check in the order of a request",
        _with(UNLISTED, target=RequestTarget.MISSING),
        _with(UNLISTED, target=RequestTarget.CLOSED, signing=Signing.NONE),
        _with(UNLISTED, forged=True),
    ),
    _assumed(
        "processing_order",
        "the Referer and x-oss-process",
        _with(UNLISTED, query=(("x-oss-process", "image/resize,w_10"),)),
    ),
    _assumed(
        "copy_source",
        "the source of a copy",
        _with(UNLISTED, method="PUT", target=RequestTarget.SPARE, copies=True),
    ),
    _assumed(
        "missing_list",
        "a document without RefererList",
        _put(_ROOT.format(_EMPTY), "without RefererList"),
    ),
)
"""The questions about assumed facts. Each one relies on the answers to those before it."""

DOCUMENTED = (
    _documented(
        "R-01",
        "anonymous requests and signed URLs are checked",
        (_with(_LISTED, signing=Signing.NONE), ALLOWED),
        (_with(UNLISTED, signing=Signing.NONE), NOT_LISTED),
        (_with(_LISTED), ALLOWED),
        (_with(UNLISTED), NOT_LISTED),
        (_with(UNLISTED, signing=Signing.HEADER), ALLOWED),
    ),
    _documented(
        "R-02",
        "the ACL of the bucket makes no difference",
        (_with(UNLISTED), NOT_LISTED),
        *(
            (_with(referer, setup=setup, signing=Signing.NONE, target=RequestTarget.SPARE), wanted)
            for setup in (PUBLIC_READ, PUBLIC_READ_WRITE)
            for referer, wanted in ((_LISTED, ALLOWED), (UNLISTED, NOT_LISTED))
        ),
    ),
    _documented(
        "R-10",
        "a Referer without a value is empty",
        (_with(""), NO_REFERER),
        (_with("   "), NO_REFERER),
    ),
    _documented(
        "R-11",
        "empty Referers, with and without AllowEmptyReferer",
        (_with(), NO_REFERER),
        (_with(setup=NO_WHITELIST), ALLOWED),
        (_with(setup=STAR), ALLOWED),
    ),
    _documented("R-12", "the blacklist goes before the whitelist", (_with(BAD), BLACKLISTED)),
    _documented(
        "R-13", "the whitelist decides", (_with(_LISTED), ALLOWED), (_with(UNLISTED), NOT_LISTED)
    ),
    _documented(
        "R-15",
        "a new bucket has no rules",
        (Ask(FRESH, GetRules()), Wanted((200,), rules=RefererConfiguration(), says="none")),
        (_with(setup=FRESH), ALLOWED),
        (_with(UNLISTED, setup=FRESH), ALLOWED),
    ),
    _matching(
        "R-20",
        "entries match by prefix",
        "http://www.prefix.test/123 http://www.prefix.test.cn/ http://help.test/index.html",
        "http://help.test/logo.html http://www.prefix.tes http://x.test/http://www.prefix.test/",
    ),
    _matching(
        "R-21",
        "the wildcards * and ?",
        "http://www.star.test/ https://a.b.star.test/ http://a.sub.test/ https://mark1.test/",
        "http://sub.test/ https://mark.test/ https://mark12.test/",
    ),
    _documented(
        "R-22",
        "schemes and ports are text, and * matches everything",
        (_with("https://www.prefix.test/"), NOT_LISTED),
        (_with("https://port.test:8080/"), ALLOWED),
        (_with("https://port.test/"), NOT_LISTED),
        (_with(UNLISTED, setup=STAR), BLACKLISTED),
    ),
    _matching(
        "R-23",
        "an entry without a scheme matches no page",
        denied="https://www.bare.test/ http://www.bare.test/",
    ),
    _documented(
        "R-26",
        "AllowTruncateQueryString cuts the query",
        (_with("https://x.test/?page=1"), NOT_LISTED),
        (_with("https://x.test/?page=1", setup=KEPT_QUERY), ALLOWED),
    ),
    _documented(
        "R-27",
        "TruncatePath cuts the path",
        (_with("https://x.test/album27"), ALLOWED),
        (_with("https://x.test/album27", setup=CUT_PATH), NOT_LISTED),
    ),
    _documented(
        "R-30",
        "PutBucketReferer replaces all rules",
        (Ask(LISTED, None), Wanted((200,), empty=True, says="200 without a body")),
        (_with(BAD, setup=CLEARED), ALLOWED),
    ),
    _documented(
        "R-31",
        "elements in any order, and with a name space",
        (_put(_TURNED, "in another order"), Wanted((200,))),
        (
            Ask(CALLS, GetRules()),
            Wanted((200,), rules=_SPOKEN, lacks="xmlns", says="the same rules, no name space"),
        ),
    ),
    _documented(
        "R-32",
        "who may call, and a missing bucket",
        (
            _with(
                "https://www.example.com/",
                setup=CALLS,
                signing=Signing.NONE,
                target=RequestTarget.BUCKET,
                query=(("referer", ""),),
            ),
            NO_PERMISSION,
        ),
        (Ask(CALLS, GetRules(missing=True)), Wanted((404,), "NoSuchBucket")),
    ),
    _documented(
        "R-33",
        "documents that are refused",
        (
            _put("<RefererConfiguration>", "cut off"),
            Wanted((400,), "MalformedXML", "0033-00000001"),
        ),
        (_put("<Referers/>", "with another root"), Wanted((400,), "MalformedXML", "0033-00000001")),
        (
            _put(_ROOT.format("<RefererList/>"), "without AllowEmptyReferer"),
            Wanted((400,), ec="0033-00000002"),
        ),
        (
            _put(
                _ROOT.format("<AllowEmptyReferer>maybe</AllowEmptyReferer><RefererList/>"),
                "with AllowEmptyReferer maybe",
            ),
            Wanted((400,), ec="0033-00000003"),
        ),
        (
            _put(
                _ROOT.format(f"{_EMPTY}<RefererList/>"),
                "with a wrong Content-MD5",
                "1B2M2Y8AsgTpgAmY7PhCfg==",  # of an empty body
            ),
            Wanted((400,), "InvalidDigest"),
        ),
    ),
    _documented(
        "R-34",
        "an empty list clears the rules",
        (_with(UNLISTED, setup=CLEARED), ALLOWED),
        (_with(setup=CLEARED), ALLOWED),
    ),
    _documented(
        "R-35",
        "what a denial says",
        (
            _with(UNLISTED),
            Wanted(
                (403,),
                "AccessDenied",
                "0003-00000503",
                contains=(
                    f"<Message>{MESSAGE}</Message>",
                    "<RequestId>",
                    "<HostId>",
                    "<BucketName>",
                    "<EC>0003-00000503</EC>",
                    "<RecommendDoc>https://api.aliyun.com/troubleshoot?q=0003-00000503<",
                ),
                headers=(("x-oss-ec", "0003-00000503"),),
                says="403 with all elements and the header x-oss-ec",
            ),
        ),
    ),
)

INQUIRIES = (*ASSUMED, *DOCUMENTED)


def plan() -> Mapping[Setup, tuple[Ask, ...]]:
    """Return what to ask under each setup, in order, each request once."""
    asks = dict.fromkeys(ask for inquiry in INQUIRIES for ask in inquiry.asks)
    return {
        setup: tuple(ask for ask in asks if ask.setup == setup and ask.request is not None)
        for setup in SETUPS
    }
