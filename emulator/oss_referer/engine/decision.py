"""Decision: whether the rules allow one request, and why.

The rules check only some kinds of request (R-01, R-04), regardless of the ACL (R-02).

A decision lists the steps that led to it, and each step names the facts behind it. A decision rests
on an *assumed* fact, which the service does not document, if another variant of that fact would
give another verdict. Its basis is then ASSUMED, and otherwise DOCUMENTED.
"""

from enum import StrEnum
from typing import NamedTuple

from .assumptions import FACTS, CheckedRequests


class Reason(StrEnum):
    """Why a request is allowed or denied. A reason with an EC denies; every other one allows."""

    # Not checked.
    SIGNED_BY_HEADER = "signed-by-header"
    SIGNED_BY_FORM = "signed-by-form"
    NOT_AN_OBJECT = "not-an-object"
    PREFLIGHT = "preflight"
    SIGNED_URL_TO_WRITE = "signed-url-to-write"
    SIGNED_URL_TO_HEAD = "signed-url-to-head"
    # Step 1, R-11.
    EMPTY_ALLOWED = "empty-allowed"
    EMPTY_WITHOUT_WHITELIST = "empty-without-whitelist"
    EMPTY_DENIED = "empty-denied"
    # Step 2, R-12.
    BLACKLISTED = "blacklisted"
    # Step 3, R-13 and R-14.
    WHITELISTED = "whitelisted"
    NOT_WHITELISTED = "not-whitelisted"
    NO_WHITELIST = "no-whitelist"

    @property
    def ec(self) -> str | None:
        """The error code (EC) of a denial; None if the request is allowed."""
        return _ECS.get(self)

    @property
    def allows(self) -> bool:
        """Whether a request is allowed for this reason."""
        return self not in _ECS


_ECS = {
    Reason.EMPTY_DENIED: "0003-00000501",
    Reason.BLACKLISTED: "0003-00000502",
    Reason.NOT_WHITELISTED: "0003-00000503",
}


class Signing(StrEnum):
    """How a request is signed."""

    NONE = "none"
    HEADER = "header"
    URL = "url"
    FORM = "form"


class Scope(StrEnum):
    """What a request addresses."""

    SERVICE = "service"
    BUCKET = "bucket"
    OBJECT = "object"


class RequestKind(StrEnum):
    """The kinds of request that the rules distinguish, in words."""

    SIGNED_BY_HEADER = "a request with an Authorization header"
    SIGNED_BY_FORM = "a form whose fields sign it"
    TO_THE_SERVICE = "a request that is not to a bucket"
    NOT_AN_OBJECT = "a request that is not to an object"
    PREFLIGHT = "a CORS preflight"
    SIGNED_URL_TO_WRITE = "a signed URL that neither gets nor heads an object"
    SIGNED_URL_TO_GET = "a signed URL that gets an object"
    SIGNED_URL_TO_HEAD = "a signed URL that heads an object"
    ANONYMOUS = "an anonymous request to an object"
    SOURCE_OF_COPY = "the source of a copy"
    """The object that a copy reads, checked by the rules of its own bucket."""


def classify(signed: Signing, method: str, scope: Scope) -> RequestKind:
    """Return the kind of a request. `method` is in upper case."""
    if signed is Signing.HEADER:
        return RequestKind.SIGNED_BY_HEADER
    if scope is Scope.SERVICE:
        return RequestKind.TO_THE_SERVICE
    if scope is Scope.BUCKET:
        return RequestKind.NOT_AN_OBJECT
    if method == "OPTIONS":
        return RequestKind.PREFLIGHT
    if signed is Signing.NONE:
        return RequestKind.ANONYMOUS
    if signed is Signing.FORM:
        return RequestKind.SIGNED_BY_FORM
    return _SIGNED_URLS.get(method, RequestKind.SIGNED_URL_TO_WRITE)


_SIGNED_URLS = {"GET": RequestKind.SIGNED_URL_TO_GET, "HEAD": RequestKind.SIGNED_URL_TO_HEAD}

_CHECKED = {
    RequestKind.ANONYMOUS: ("R-01",),
    RequestKind.SIGNED_URL_TO_GET: ("R-01", "R-04"),
    RequestKind.SOURCE_OF_COPY: ("R-45",),  # `HotlinkProtection` checks it only if R-45 assumes so
}
"""The kinds that are always checked, each with the facts that say so."""

_ALSO_CHECKED = {
    CheckedRequests.ALL_SIGNED_URLS: RequestKind.SIGNED_URL_TO_WRITE,
    CheckedRequests.PREFLIGHTS_TOO: RequestKind.PREFLIGHT,
    CheckedRequests.FORMS_TOO: RequestKind.SIGNED_BY_FORM,
    CheckedRequests.BUCKETS_TOO: RequestKind.NOT_AN_OBJECT,
}
"""The kind that each of these assumptions adds to the checked ones (R-04)."""


def is_checked(kind: RequestKind, rule: CheckedRequests) -> bool:
    """Return whether requests of a kind are checked under one variant of R-04."""
    if kind is RequestKind.SIGNED_URL_TO_HEAD:
        return rule is not CheckedRequests.GET_ONLY
    return kind in _CHECKED or kind is _ALSO_CHECKED.get(rule)


def facts_of(kind: RequestKind) -> tuple[str, ...]:
    """Return the facts that say whether requests of a kind are checked."""
    return _CHECKED.get(kind, ("R-01",))


EXEMPTIONS = {
    RequestKind.SIGNED_BY_HEADER: Reason.SIGNED_BY_HEADER,
    RequestKind.SIGNED_BY_FORM: Reason.SIGNED_BY_FORM,
    RequestKind.TO_THE_SERVICE: Reason.NOT_AN_OBJECT,
    RequestKind.NOT_AN_OBJECT: Reason.NOT_AN_OBJECT,
    RequestKind.PREFLIGHT: Reason.PREFLIGHT,
    RequestKind.SIGNED_URL_TO_WRITE: Reason.SIGNED_URL_TO_WRITE,
    RequestKind.SIGNED_URL_TO_HEAD: Reason.SIGNED_URL_TO_HEAD,
}
"""The reason that allows a request of each kind that is not checked."""


class Stage(StrEnum):
    """What a step examines."""

    REQUEST = "request"
    EMPTY = "empty"
    QUERY = "query"
    PATH = "path"
    BLACKLIST = "blacklist"
    WHITELIST = "whitelist"


class StepResult(StrEnum):
    """The result of a step."""

    CHECKED = "checked"
    NOT_CHECKED = "not-checked"
    CUT = "cut"
    ALLOWED = "allowed"
    WITHOUT_WHITELIST = "without-whitelist"
    DENIED = "denied"
    NO_ENTRIES = "no-entries"
    MATCHED = "matched"
    UNMATCHED = "unmatched"


class Basis(StrEnum):
    """Whether a decision rests on documented facts only."""

    DOCUMENTED = "documented"
    ASSUMED = "assumed"


class Step(NamedTuple):
    """One step on the way to a decision."""

    stage: Stage
    outcome: StepResult
    facts: tuple[str, ...] = ()
    """The numbers of the documented facts behind the step."""
    detail: str = ""
    """The value in the sentence: a kind of request, a truncated Referer, an entry verbatim."""


class Decision(NamedTuple):
    """Whether a request is allowed, and why."""

    reason: Reason
    steps: tuple[Step, ...]
    referer: str | None = None
    """The Referer as it was compared, after truncation; None if the rules were not consulted."""
    variants: tuple[tuple[str, StrEnum], ...] = ()
    """The chosen variants of the assumed facts that matter: field and value of Assumptions."""

    @property
    def entry(self) -> str | None:
        """The entry that decided, verbatim: the first match in configured order; None if none."""
        last = self.steps[-1]
        return last.detail if last.outcome is StepResult.MATCHED else None

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.reason not in _ECS

    @property
    def ec(self) -> str | None:
        """The error code (EC) of a denial; None if the request is allowed."""
        return self.reason.ec

    @property
    def facts(self) -> tuple[str, ...]:
        """The numbers of all facts behind the decision, in the order of the steps."""
        numbers = [number for step in self.steps for number in step.facts]
        return tuple(dict.fromkeys([*numbers, *self.assumed]))

    @property
    def assumed(self) -> tuple[str, ...]:
        """The numbers of the assumed facts that the decision rests on."""
        return tuple(dict.fromkeys(FACTS[name] for name, _ in self.variants))

    @property
    def basis(self) -> Basis:
        """ASSUMED if the decision rests on an assumed fact, else DOCUMENTED."""
        return Basis.ASSUMED if self.variants else Basis.DOCUMENTED
