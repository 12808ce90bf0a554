"""The kinds of request, and which the rules check (R-01, R-04), whatever the ACL (R-02)."""

from __future__ import annotations

from enum import StrEnum

from .decision import Decision, Outcome, Reason, Stage, Step


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
    NOT_AN_OBJECT = "a request that is not to an object"
    PREFLIGHT = "a CORS preflight"
    SIGNED_URL_TO_WRITE = "a signed URL that neither gets nor heads an object"
    SIGNED_URL_TO_GET = "a signed URL that gets an object"
    SIGNED_URL_TO_HEAD = "a signed URL that heads an object"
    ANONYMOUS = "an anonymous request to an object"


def classify(signed: Signing, method: str, scope: Scope) -> RequestKind:
    """Return the kind of a request. `method` is in upper case."""
    if signed is Signing.HEADER:
        return RequestKind.SIGNED_BY_HEADER
    if scope is not Scope.OBJECT:
        return RequestKind.NOT_AN_OBJECT
    if method == "OPTIONS":
        return RequestKind.PREFLIGHT
    if signed is Signing.NONE:
        return RequestKind.ANONYMOUS
    if signed is Signing.FORM:
        return RequestKind.SIGNED_BY_FORM
    return _SIGNED_URLS.get(method, RequestKind.SIGNED_URL_TO_WRITE)


_SIGNED_URLS = {"GET": RequestKind.SIGNED_URL_TO_GET, "HEAD": RequestKind.SIGNED_URL_TO_HEAD}


def _checked(request: RequestKind, facts: tuple[str, ...], assumed: tuple[str, ...] = ()) -> Step:
    return Step(Stage.REQUEST, Outcome.CHECKED, facts, assumed, request)


def _exempt(request: RequestKind, reason: Reason, assumed: tuple[str, ...] = ()) -> Decision:
    step = Step(Stage.REQUEST, Outcome.NOT_CHECKED, ("R-01",), assumed, request)
    return Decision(reason, (step,))


CHECKED = {
    RequestKind.ANONYMOUS: _checked(RequestKind.ANONYMOUS, ("R-01",)),
    RequestKind.SIGNED_URL_TO_GET: _checked(RequestKind.SIGNED_URL_TO_GET, ("R-01", "R-04")),
    RequestKind.SIGNED_URL_TO_HEAD: _checked(RequestKind.SIGNED_URL_TO_HEAD, ("R-01",), ("R-04",)),
}
"""The first step of the decision on each kind that is checked."""

EXEMPT = {
    request: _exempt(request, reason, assumed)
    for request, reason, assumed in (
        (RequestKind.SIGNED_BY_HEADER, Reason.SIGNED_BY_HEADER, ()),
        (RequestKind.SIGNED_BY_FORM, Reason.SIGNED_BY_FORM, ("R-04",)),
        (RequestKind.NOT_AN_OBJECT, Reason.NOT_AN_OBJECT, ("R-04",)),
        (RequestKind.PREFLIGHT, Reason.PREFLIGHT, ("R-04",)),
        (RequestKind.SIGNED_URL_TO_WRITE, Reason.SIGNED_URL_TO_WRITE, ("R-04",)),
    )
}
"""The decision on each kind that is not checked."""
