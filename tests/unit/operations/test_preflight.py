"""OptionObject: preflights by the bucket's CORS rules."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Answer, Caller

ORIGIN = "http://www.example.com"
RULES = f"""
<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>{ORIGIN}</AllowedOrigin>
    <AllowedMethod>PUT</AllowedMethod>
    <AllowedHeader>x-oss-*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
    <MaxAgeSeconds>100</MaxAgeSeconds>
  </CORSRule>
  <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>
</CORSConfiguration>
"""


def preflight(ask: Caller, target: str, **headers: str) -> Answer:
    return ask.anonymously("OPTIONS", target, **headers)


@pytest.mark.parametrize("target", ["/bucket/none", "/bucket", "/bucket/dir/"])
def test_preflight_is_answered_without_a_signature(ask: Caller, target: str) -> None:
    """R-04: neither an ACL nor a Referer rule applies; the object need not exist."""
    rules = "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
    lists = "<RefererList/><RefererBlacklist><Referer>*</Referer></RefererBlacklist>"
    put = ask("PUT", "/bucket?referer", f"{rules}{lists}</RefererConfiguration>")
    assert put.status == 200
    ask("PUT", "/bucket?cors", RULES)
    answer = preflight(
        ask,
        target,
        origin=ORIGIN,
        access_control_request_method="PUT",
        access_control_request_headers="x-oss-test, X-Oss-B",
    )
    assert (answer.status, answer.body) == (200, b"")
    shown = {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Methods": "PUT",
        "Access-Control-Allow-Headers": "x-oss-test, X-Oss-B",
        "Access-Control-Expose-Headers": "ETag",
        "Access-Control-Max-Age": "100",
    }
    assert {name: answer.headers.get(name) for name in shown} == shown


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        ("http://other.example", "PUT", ""),
        (ORIGIN, "DELETE", ""),
        (ORIGIN, "PUT", "content-type"),
        ("http://other.example", "GET", "x-oss-a"),
    ],
)
def test_preflight_without_a_matching_rule_gets_403(
    ask: Caller, origin: str, method: str, headers: str
) -> None:
    ask("PUT", "/bucket?cors", RULES)
    asked = {"access_control_request_headers": headers} if headers else {}
    answer = preflight(
        ask, "/bucket/a", origin=origin, access_control_request_method=method, **asked
    )
    assert (answer.status, answer.code) == (403, "AccessForbidden")


def test_preflight_without_rules_gets_403(ask: Caller) -> None:
    answer = preflight(ask, "/bucket/a", origin=ORIGIN, access_control_request_method="GET")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.text("EC") == "0003-00000601"  # S-30


@pytest.mark.parametrize(
    "headers", [{}, {"origin": ORIGIN}, {"access_control_request_method": "GET"}]
)
def test_preflight_needs_an_origin_and_a_method(ask: Caller, headers: dict[str, str]) -> None:
    ask("PUT", "/bucket?cors", RULES)
    answer = preflight(ask, "/bucket/a", **headers)
    assert (answer.status, answer.code) == (400, "BadRequest")
