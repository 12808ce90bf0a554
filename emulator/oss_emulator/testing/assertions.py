"""Assertions on hotlink protection whose failure is the whole explanation."""

import json
from http.client import HTTPConnection, HTTPSConnection
from ssl import create_default_context
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from oss_emulator.control.journal import DECISION, EXPLAIN

if TYPE_CHECKING:
    import oss2

TIMEOUT = 30.0
"""Seconds an answer may take."""


class Answer(NamedTuple):
    """What the emulator answered, and what it decided."""

    url: str
    status: int
    ec: str | None
    decision: dict[str, Any] | None


def assert_denied(
    bucket: "oss2.Bucket",
    key: str,
    *,
    referer: str | None = None,
    ec: str | None = None,
    signed: bool = False,
) -> None:
    """Assert that the rules deny a GET with this Referer, with this EC where one is given.

    The request is anonymous, or a signed URL with `signed`; without `referer` none is sent.
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
    """Assert that a GET with this Referer gets the object; see `assert_denied`."""
    __tracebackhide__ = True
    answer = fetch(bucket, key, referer, signed=signed)
    if answer.status not in (200, 206):
        raise AssertionError(_explain("allowed", answer, referer))


def fetch(bucket: "oss2.Bucket", key: str, referer: str | None, *, signed: bool) -> Answer:
    """GET an object as a browser would, and ask for the decision."""
    url = bucket.sign_url("GET", key, 60, slash_safe=True)
    if not signed:
        url = url.partition("?")[0]
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
        raise AssertionError(f"{url} did not explain itself: is {parts.netloc} an oss-emulator?")
    return Answer(url, response.status, response.headers.get("x-oss-ec"), json.loads(decision))


def _connect(bucket: "oss2.Bucket", parts: SplitResult) -> HTTPConnection:
    if parts.scheme == "http":
        return HTTPConnection(parts.netloc, timeout=TIMEOUT)
    trusted = bucket.session.session.verify  # where the emulator made the certificate, its CA
    context = create_default_context(cafile=trusted if isinstance(trusted, str) else None)
    return HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=context)


def _explain(expected: str, answer: Answer, referer: str | None) -> str:
    sent = "no Referer" if referer is None else f"Referer {referer!r}"
    lines = [
        f"GET {answer.url.partition('?')[0]} with {sent} should be {expected}.",
        f"The answer was {answer.status}" + (f" with EC {answer.ec}." if answer.ec else "."),
    ]
    decision = answer.decision
    if decision is None:
        lines.append("The rules were not asked: the request ended before them.")
        return "\n".join(lines)
    verdict = "allowed" if decision["allowed"] else "denied"
    lines.append(f"The rules {verdict} it ({decision['reason']}, {decision['basis']}):")
    lines += [
        f"  {step['sentence']} [{', '.join(step['facts'] + step['assumed'])}]"
        for step in decision["steps"]
    ]
    if decision["allowed"] and answer.status == 403:
        lines.append("It was denied for another reason: the ACL of the bucket or of the object.")
    return "\n".join(lines)
