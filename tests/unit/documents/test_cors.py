"""CORS: valid configurations, and what their rules allow."""

from __future__ import annotations

import pytest
from oss_emulator.documents.cors import DOCUMENT, CorsConfiguration, parse

from tests.unit.documents.putting import check_refused, content, put

CORS = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("", "MalformedXML", "CORSRule"),
    ("<CORSRule/>", "MalformedXML", "AllowedOrigin"),
    (f"<CORSRule>{CORS}<Other/></CORSRule>", "MalformedXML", "Other"),
    (
        "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule>",
        "MalformedXML",
        "AllowedMethod",
    ),
    (
        f"<CORSRule>{CORS}<MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule>",
        "InvalidArgument",
        "MaxAgeSeconds",
    ),
    (
        f"<CORSRule>{CORS}<MaxAgeSeconds>1h</MaxAgeSeconds></CORSRule>",
        "MalformedXML",
        "MaxAgeSeconds",
    ),
    (
        f"<CORSRule>{CORS}<AllowedOrigin>*.*</AllowedOrigin></CORSRule>",
        "InvalidArgument",
        "AllowedOrigin",
    ),
    (
        f"<CORSRule>{CORS}<ExposeHeader>x-*</ExposeHeader></CORSRule>",
        "InvalidArgument",
        "ExposeHeader",
    ),
    # Answers repeat it, and a line end would begin a header.
    (
        f"<CORSRule>{CORS}<ExposeHeader>a&#13;&#10;X: y</ExposeHeader></CORSRule>",
        "InvalidArgument",
        "ExposeHeader",
    ),
    (f"<CORSRule>{CORS}</CORSRule>" * 21, "CORSRuleBeyondLimit", ""),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_request_headers_are_kept_in_lower_case() -> None:
    kept = put(DOCUMENT, f"<CORSRule>{CORS}<AllowedHeader>X-OSS-Test</AllowedHeader></CORSRule>")
    rule = f"<CORSRule>{CORS}<AllowedHeader>x-oss-test</AllowedHeader></CORSRule>"
    assert content(DOCUMENT, kept) == f"{rule}<ResponseVary>false</ResponseVary>"


A, B = "http://www.a.com", "https://b.example:8080"
RULES = f"""
<CORSRule>
  <AllowedOrigin>{A}</AllowedOrigin><AllowedOrigin>https://*.a.com</AllowedOrigin>
  <AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>
  <AllowedHeader>x-oss-*</AllowedHeader>
  <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-test1</ExposeHeader>
  <MaxAgeSeconds>100</MaxAgeSeconds>
</CORSRule>
<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>
"""
FULL = {
    "Access-Control-Allow-Origin": A,
    "Access-Control-Allow-Methods": "PUT, GET",
    "Access-Control-Allow-Headers": "x-oss-*",
    "Access-Control-Expose-Headers": "ETag, x-oss-test1",
    "Access-Control-Max-Age": "100",
}
ANY = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET"}


def configuration(vary: str = "false") -> CorsConfiguration:
    return parse(put(DOCUMENT, f"{RULES}<ResponseVary>{vary}</ResponseVary>"))


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (A, "PUT", FULL),
        (A, "GET", FULL),
        ("https://x.y.a.com", "GET", {**FULL, "Access-Control-Allow-Origin": "https://x.y.a.com"}),
        (B, "GET", ANY),
        ("null", "GET", ANY),
        (B, "PUT", {}),
        ("http://WWW.A.COM", "PUT", {}),
        (A, "DELETE", {}),
        (A, "put", {}),
        (None, "GET", {}),
        ("http://\udcff", "GET", {}),
    ],
)
def test_first_rule_that_allows_a_request_gives_its_headers(
    origin: str | None, method: str, headers: dict[str, str]
) -> None:
    assert configuration().headers_for(origin, method) == headers


def test_response_vary_adds_vary_to_every_answer() -> None:
    assert configuration("true").headers_for(None, "GET") == {"Vary": "Origin"}
    assert configuration("true").headers_for(A, "PUT") == {"Vary": "Origin", **FULL}


@pytest.mark.parametrize(
    ("origin", "method", "wanted", "allowed"),
    [
        (A, "PUT", "", True),
        (A, "PUT", "X-OSS-Meta-A, x-oss-b", True),
        (A, "PUT", "range", False),
        (B, "GET", "x-oss-a", False),
        (B, "PUT", "", False),
        (A, "PUT", "x-oss-\udcff", False),
    ],
)
def test_preflight_needs_a_rule_for_each_wanted_header(
    origin: str, method: str, wanted: str, allowed: bool
) -> None:
    found = configuration().preflight(origin, method, wanted)
    assert (found is not None) is allowed
    if found is not None and wanted:
        assert found["Access-Control-Allow-Headers"] == wanted
