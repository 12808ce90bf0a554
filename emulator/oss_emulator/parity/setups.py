"""The rules under which questions are asked, each with Referers that show them in effect."""

from dataclasses import dataclass, replace

from oss_referer.engine.decision import Signing
from oss_referer.engine.policy import RefererConfiguration

from .requests import ALLOWED, DENIED, RequestTarget, Wanted

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
