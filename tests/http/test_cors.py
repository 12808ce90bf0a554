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
    """The values of the five headers, None for a missing one."""
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


MESSAGE = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Requet-Headers are "
    "not whitelisted by the resource's CORS spec."
)


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (B, "PUT", None),
        ("http://www.a.com:80", "PUT", None),
        ("http://WWW.A.COM", "PUT", None),
        ("https://a.com", "PUT", None),
        (A, "DELETE", None),
        (A, "put", None),
        (A, "PUT", "Range"),
        (A, "PUT", "x-oss-a, content-type"),
        (A, "PUT", "x-oss-\udcff"),
        ("https://\udcff.a.com", "PUT", None),
        (B, "GET", "x-oss-a"),
    ],
)
def test_other_preflights_get_403(
    client: Client, bucket: str, origin: str, method: str, headers: str | None
) -> None:
    answer = preflight(client, f"/{bucket}/a", origin, method, headers)
    check_error(answer, 403, "AccessForbidden", MESSAGE, "0003-00000602")
    assert cors(answer) == [None] * 5


def test_bucket_without_rules_allows_nothing(client: Client, make_bucket: MakeBucket) -> None:
    answer = preflight(client, f"/{make_bucket('public-read')}/a", A, "GET")
    message = "CORSResponse: CORS is not enabled for this bucket."
    check_error(answer, 403, "AccessDenied", message, "0003-00000601")  # S-30


def test_preflight_of_a_missing_bucket_gets_no_such_bucket(client: Client) -> None:
    assert preflight(client, "/no-such-bucket/a", A, "GET").code == "NoSuchBucket"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([], "Insufficient information. Origin request header needed."),
        (
            [("Origin", A)],
            "Insufficient information. Request Access-Control-Request-Method header needed.",
        ),
    ],
)
def test_preflight_without_origin_or_method_gets_400(
    client: Client, bucket: str, headers: list[tuple[str, str]], message: str
) -> None:
    answer = client.request("OPTIONS", f"/{bucket}/a", headers)
    check_error(answer, 400, "BadRequest", message, "")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "/missing",
        "/a?uploadId=1&partNumber=2",
        "/?delete",
        "/a?OSSAccessKeyId=x",
        "/?nope",
    ],
)
def test_preflight_ignores_key_and_query(client: Client, bucket: str, target: str) -> None:
    """The query belongs to the request that follows; the object may be missing."""
    assert preflight(client, f"/{bucket}{target}", A, "PUT").status == 200


@pytest.mark.parametrize("acl", ["private", "public-read-write"])
def test_preflight_ignores_the_acl(live: Live, make_bucket: MakeBucket, acl: str) -> None:
    name = make_bucket(acl)
    live.put(f"/{name}?cors", RULES.encode())
    assert preflight(live.client, f"/{name}/a", A, "PUT").status == 200


def test_preflight_ignores_the_referer_rules(live: Live, bucket: str) -> None:
    """R-04"""
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        b"<Referer>https://good.example/</Referer></RefererList></RefererConfiguration>"
    )
    live.put(f"/{bucket}?referer", rules)
    assert preflight(live.client, f"/{bucket}/a", A, "PUT").status == 200
    answer = live.client.get(f"/{bucket}/a", ("Origin", A))
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, A)


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


def test_error_has_the_headers_of_the_rule(client: Client, bucket: str) -> None:
    answer = client.get(f"/{bucket}/missing", ("Origin", A))
    assert (answer.status, cors(answer)) == (404, ALLOWED)
    answer = client.put(f"/{bucket}/a", b"x", ("Origin", A))
    assert (answer.status, cors(answer)) == (403, ALLOWED)


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


@pytest.mark.parametrize("origin", [None, A, "http://nobody.example"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_response_vary_adds_vary_to_every_answer(
    live: Live, bucket: str, origin: str | None, method: str
) -> None:
    """Requests of any origin get it, and requests without one."""
    vary = "<ResponseVary>true</ResponseVary></CORSConfiguration>"
    live.put(f"/{bucket}?cors", RULES.replace("</CORSConfiguration>", vary).encode())
    headers = [("Origin", origin)] if origin else []
    assert live.client.request(method, f"/{bucket}/a", headers).headers["Vary"] == "Origin"


def test_deleted_rules_allow_nothing(client: Client, bucket: str) -> None:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, headers = sign(auth, "header", "DELETE", bucket, "", {"cors": ""})
    assert client.request("DELETE", target, headers).status == 204
    assert preflight(client, f"/{bucket}/a", A, "PUT").status == 403
    assert cors(client.get(f"/{bucket}/a", ("Origin", A))) == [None] * 5


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
