"""The tables of fixtures/access over HTTP: each case is sent to a server as a request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from lxml import etree
from oss_emulator.protocol.message import Request

from tests.client import Live, serve, sign
from tests.unit.access import requests
from tests.unit.access.table import BUCKET, CASES, Case

UNREACHABLE = {
    "source_vpc": "no request to the emulator comes from a VPC (A-23)",
    "STS.example": "an account has no temporary key",
}


def _why_not(case: Case) -> str:
    when = case.when or {}
    asked = [*when, when.get("access_key_id")]
    return next((why for name, why in UNREACHABLE.items() if name in asked), "")


REACHABLE = [case for case in CASES if not _why_not(case)]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """A server for this module only, because each case replaces its accounts."""
    with serve() as running:
        yield running


def test_only_four_cases_cannot_be_sent() -> None:
    assert len(CASES) - len(REACHABLE) == 4


@pytest.mark.parametrize("case", REACHABLE, ids=lambda case: f"{case.table}: {case.name}")
def test_case_is_decided_as_in_its_table(case: Case, server: Live) -> None:
    known = requests.accounts(case)
    server.run(lambda: setattr(server.service, "accounts", known))
    server.drop_bucket(BUCKET)
    for target, headers, body in requests.puts(case):
        server.put(target, body, headers)
    status, document = _ask(case, server)
    if case.verdict == "allow":
        assert status == requests.ASKS[case.actions[0]].status, document
        return
    assert status == 403, f"expected deny, was {status}"
    error = etree.fromstring(document)
    assert error.findtext("Code") == "AccessDenied"
    assert error.findtext("EC") in requests.ECS[case.reason]
    told = error.findtext("AccessDeniedDetail/AuthAction")
    by_own_policy = case.reason in ("no_policy", "identity_policy", "both_policies")
    if by_own_policy or case.reason == "session_policy":
        assert told in case.actions
    else:
        assert told is None


def _ask(case: Case, server: Live) -> tuple[int, bytes]:
    """Return status and body. Cases with an address, TLS or time of their own skip the socket."""
    when, known = case.when or {}, server.service.accounts
    now = server.service.clock()
    if "time" in when:
        now = datetime.fromisoformat(when["time"]).timestamp()
    auth = requests.auth(case, known, now + 3600)
    ask, place = requests.ASKS[case.actions[0]], "none" if auth is None else "url"
    target, fields = sign(
        auth,
        place,
        ask.method,
        *requests.target(case),
        requests.parameters(case),
        requests.headers(case),
    )
    if not {"source_ip", "secure", "time"} & when.keys():
        answer = server.client.request(ask.method, target, fields, ask.body)
        return answer.status, answer.body
    request = Request.parse(
        ask.method,
        target,
        [("Host", "localhost"), *fields],
        now,
        when.get("source_ip", "127.0.0.1"),
        when.get("secure", False),
    )
    response = server.run(lambda: server.service.handle(request, ask.body or b""))
    return response.status, b"".join(bytes(part) for part in _pieces(response.body))


def _pieces(body: object) -> list[bytes]:
    return [body] if isinstance(body, bytes) else []
