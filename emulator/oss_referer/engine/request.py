"""The kinds of request, and which the rules check (R-01, R-04), whatever the ACL (R-02)."""

from enum import StrEnum

from .assumptions import CheckedRequests
from .decision import Reason


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
    """What a copy reads, by the rules of the bucket that it reads from."""


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
    RequestKind.SOURCE_OF_COPY: ("R-45",),  # `HotlinkProtection` asks only where this is assumed
}
"""The kinds that are checked in any case, each with the facts that say so."""

_BESIDES = {
    CheckedRequests.ALL_SIGNED_URLS: RequestKind.SIGNED_URL_TO_WRITE,
    CheckedRequests.PREFLIGHTS_TOO: RequestKind.PREFLIGHT,
    CheckedRequests.FORMS_TOO: RequestKind.SIGNED_BY_FORM,
    CheckedRequests.BUCKETS_TOO: RequestKind.NOT_AN_OBJECT,
}
"""The kind that a rule checks besides (R-04)."""


def is_checked(kind: RequestKind, rule: CheckedRequests) -> bool:
    """Return whether requests of a kind are checked."""
    if kind is RequestKind.SIGNED_URL_TO_HEAD:
        return rule is not CheckedRequests.GET_ONLY
    return kind in _CHECKED or kind is _BESIDES.get(rule)


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
"""Why a request of a kind is allowed if it is not checked."""
