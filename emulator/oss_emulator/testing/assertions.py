"""Assertions on hotlink protection; a failure prints every step of the decision."""

from copy import copy
from http.client import HTTPConnection, HTTPSConnection
from ssl import create_default_context
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from oss_referer.sources import json_text

from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.headers import DECISION, EXPLAIN

if TYPE_CHECKING:
    import oss2

TIMEOUT = 30.0
"""Seconds to wait for a response."""

EXPIRES = 60
"""Seconds for which a signed URL is valid."""


_BY_ACL: Final = {ErrorCase.BUCKET_ACL.value.ec, ErrorCase.OBJECT_ACL_READ.value.ec}
"""The ECs of an ACL that denies a read."""


class Fetched(NamedTuple):
    """A response of the emulator, and its decision on the Referer."""

    url: str
    status: int
    ec: str | None
    """The value of `x-oss-ec`; None without that header."""
    decision: dict[str, Any] | None
    """The decision as JSON; None if the request ended before the rules were applied."""


def assert_denied(
    bucket: "oss2.Bucket",
    key: str,
    *,
    referer: str | None = None,
    ec: str | None = None,
    signed: bool = False,
) -> None:
    """Assert that hotlink protection denies a GET of the object.

    The request has `referer`, or no Referer header for None. It is anonymous, or uses a signed URL
    with `signed`. With `ec`, the response must also have that error code. Raises `AssertionError`
    with the steps of the decision.
    """
    __tracebackhide__ = True
    answer = fetch(bucket, key, referer, signed=signed)
    denied = answer.decision is not None and not answer.decision["allowed"]
    if not denied:
        raise AssertionError(_explain("denied", answer, referer))
    if ec is not None and answer.ec != ec:
        raise AssertionError(_explain(f"denied with {ec}", answer, referer))


def assert_allowed(
    bucket: "oss2.Bucket", key: str, *, referer: str | None = None, signed: bool = False
) -> None:
    """Assert that a GET with this Referer returns the object; arguments as in `assert_denied`."""
    __tracebackhide__ = True
    answer = fetch(bucket, key, referer, signed=signed)
    if answer.status not in (200, 206):
        raise AssertionError(_explain("allowed", answer, referer))


def fetch(bucket: "oss2.Bucket", key: str, referer: str | None, *, signed: bool) -> Fetched:
    """GET an object and ask the emulator for its decision.

    Raises `AssertionError` if the server returns no decision, because it is not an emulator.
    """
    url = _sign(bucket, key) if signed else _build(bucket, key)
    parts = urlsplit(url)
    connection = _connect(bucket, parts)
    headers = {EXPLAIN: "1"} if referer is None else {EXPLAIN: "1", "Referer": referer}
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    decision = response.headers.get(DECISION)
    if decision is None:
        raise AssertionError(
            f"{parts.netloc} sent no {DECISION} header with {url}: it is not an oss-emulator."
        )
    return Fetched(
        url, response.status, response.headers.get("x-oss-ec"), json_text.parse(decision)
    )


def _sign(bucket: "oss2.Bucket", key: str) -> str:
    """Return a URL signed with the version of the bucket, or with V1 if oss2 is too old."""
    import oss2

    try:
        return str(bucket.sign_url("GET", key, EXPIRES, slash_safe=True))
    except oss2.exceptions.ClientError:  # before 2.18.4, oss2 could not sign URLs with V4
        version_1 = copy(bucket)
        version_1.auth = oss2.ProviderAuth(bucket.auth.credentials_provider)
        return str(version_1.sign_url("GET", key, EXPIRES, slash_safe=True))


def _build(bucket: "oss2.Bucket", key: str) -> str:
    """Return the object's URL without a signature."""
    import oss2

    anonymous = copy(bucket)
    anonymous.auth = oss2.AnonymousAuth()
    url: str = anonymous.sign_url("GET", key, EXPIRES, slash_safe=True)
    return url.partition("?")[0]


def _connect(bucket: "oss2.Bucket", parts: SplitResult) -> HTTPConnection:
    if parts.scheme == "http":
        return HTTPConnection(parts.netloc, timeout=TIMEOUT)
    # With TLS, the bucket's session trusts the emulator's CA file.
    trusted = bucket.session.session.verify
    context = create_default_context(cafile=trusted if isinstance(trusted, str) else None)
    return HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=context)


def _explain(expected: str, answer: Fetched, referer: str | None) -> str:
    sent = "no Referer" if referer is None else f"Referer {referer!r}"
    lines = [
        f"{_summarize(answer)}, should be {expected}: "
        f"GET {answer.url.partition('?')[0]} with {sent}."
    ]
    if answer.ec in _BY_ACL and "?" not in answer.url:
        lines.append(
            "The ACL lets nobody read without a signature: give the bucket or the object "
            'acl="public-read", or pass signed=True.'
        )
    decision = answer.decision
    if decision is None:
        lines.append("The rules were not applied, because the request ended earlier.")
        return "\n".join(lines)
    verdict = "allowed" if decision["allowed"] else "denied"
    lines.append(f"The rules {verdict} it ({decision['reason']}, {decision['basis']}):")
    lines += [f"  {step['sentence']} [{', '.join(step['facts'])}]" for step in decision["steps"]]
    lines += [
        f"  Assumed, not documented: {name} = {variant!r}."
        for name, variant in decision["variants"].items()
    ]
    return "\n".join(lines)


def _summarize(answer: Fetched) -> str:
    """Return the result in a few words, which come first because pytest cuts its summary."""
    ec = f", EC {answer.ec}" if answer.ec else ""
    decision = answer.decision
    if decision is not None and not decision["allowed"]:
        return f"denied by the rules ({answer.status}{ec})"
    if answer.status in (200, 206):
        return f"allowed ({answer.status})"
    return f"not denied by the rules but answered with {answer.status}{ec}"
