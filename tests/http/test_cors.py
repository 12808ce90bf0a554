"""CORS over HTTP: answers to preflights, and the headers of the requests after them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from oss_emulator.protocol.errors import ErrorCase

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SIGNERS,
    Answer,
    Client,
    Live,
    check_error,
    sign,
)
from tests.http import forms

MakeBucket = Callable[..., str]

A, B = "http://www.a.com", "https://b.example:8080"

RULES = """
<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>http://www.a.com</AllowedOrigin>
    <AllowedOrigin>https://*.a.com</AllowedOrigin>
    <AllowedMethod>PUT</AllowedMethod>
    <AllowedMethod>GET</AllowedMethod>
    <AllowedHeader>Authorization</AllowedHeader>
    <AllowedHeader>x-oss-*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
    <ExposeHeader>x-oss-test1</ExposeHeader>
    <MaxAgeSeconds>100</MaxAgeSeconds>
  </CORSRule>
  <CORSRule>
    <AllowedOrigin>*</AllowedOrigin>
    <AllowedMethod>GET</AllowedMethod>
  </CORSRule>
</CORSConfiguration>
"""

NAMES = ("Allow-Origin", "Allow-Methods", "Allow-Headers", "Expose-Headers", "Max-Age")


@pytest.fixture
def bucket(live: Live, make_bucket: MakeBucket) -> str:
    name = make_bucket("public-read")
    live.put(f"/{name}?cors", RULES.encode())
    live.put(f"/{name}/a", b"content")
    return name


def cors(answer: Answer) -> list[str | None]:
    """Return the values of the five headers, None for a missing one."""
    return [answer.headers.get(f"Access-Control-{name}") for name in NAMES]


def preflight(
    client: Client, target: str, origin: str, method: str, headers: str | None = None
) -> Answer:
    fields = [("Origin", origin), ("Access-Control-Request-Method", method)]
    if headers is not None:
        fields.append(("Access-Control-Request-Headers", headers))
    return client.request("OPTIONS", target, fields)


@pytest.mark.parametrize(
    ("origin", "method", "headers", "expected"),
    [
        (A, "PUT", "x-oss-test", [A, "PUT, GET", "x-oss-test", "ETag, x-oss-test1", "100"]),
        (A, "PUT", None, [A, "PUT, GET", None, "ETag, x-oss-test1", "100"]),
        (
            "https://x.y.a.com",
            "GET",
            "authorization, X-OSS-Meta-A",
            [
                "https://x.y.a.com",
                "PUT, GET",
                "authorization, X-OSS-Meta-A",
                "ETag, x-oss-test1",
                "100",
            ],
        ),
        (B, "GET", None, ["*", "GET", None, None, None]),
        ("null", "GET", None, ["*", "GET", None, None, None]),
    ],
)
def test_allowed_preflight_gets_the_headers_of_its_rule(
    client: Client,
    bucket: str,
    origin: str,
    method: str,
    headers: str | None,
    expected: list[str | None],
) -> None:
    answer = preflight(client, f"/{bucket}/a", origin, method, headers)
    assert (answer.status, answer.body, cors(answer)) == (200, b"", expected)


ALLOWED = [A, "PUT, GET", "authorization, x-oss-*", "ETag, x-oss-test1", "100"]


@pytest.mark.parametrize(
    ("method", "origin", "expected"),
    [
        ("GET", A, ALLOWED),
        ("GET", B, ["*", "GET", None, None, None]),
        ("HEAD", A, [None] * 5),
        ("GET", None, [None] * 5),
    ],
)
def test_answer_has_the_headers_of_the_rule(
    client: Client, bucket: str, method: str, origin: str | None, expected: list[str | None]
) -> None:
    headers = [("Origin", origin)] if origin else []
    answer = client.request(method, f"/{bucket}/a", headers)
    assert (answer.status, cors(answer)) == (200, expected)
    assert "Vary" not in answer.headers


def test_answer_to_a_signed_request_has_the_headers(client: Client, bucket: str) -> None:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, headers = sign(auth, "header", "PUT", bucket, "b")
    answer = client.put(target, b"x", *headers, ("Origin", A))
    assert (answer.status, cors(answer)) == (200, ALLOWED)


def test_answer_to_a_form_has_the_headers(live: Live, make_bucket: MakeBucket) -> None:
    name = make_bucket("public-read-write")
    rules = RULES.replace(
        "<AllowedMethod>PUT</AllowedMethod>", "<AllowedMethod>POST</AllowedMethod>"
    )
    live.put(f"/{name}?cors", rules.encode())
    answer = forms.post(live.client, name, forms.form([("key", "a")]), ("Origin", A))
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, A)


def test_post_of_a_page_without_a_preflight_is_refused_with_its_reason(
    live: Live, bucket: str
) -> None:
    """An addition of the emulator; the journal says why."""
    page = [("Origin", A), ("Sec-Fetch-Site", "cross-site"), ("Content-Type", "text/plain")]
    answer = live.client.request("POST", f"/{bucket}?delete", page, b"<Delete/>")
    message = ErrorCase.CROSS_ORIGIN.value.message
    check_error(answer, 403, "CrossOriginForbidden", message, "", Origin=A)
    entry = live.run(live.controls.journal.entries)[-1]
    assert entry.to_dict()["access"] == {
        "allowed": False,
        "reason": "a page of another origin sent this without a preflight",
        "action": "oss:DeleteObject",
        "statement": "",
    }
