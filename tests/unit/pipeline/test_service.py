"""The service: a request in, an answer and an event out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from email.utils import formatdate
from itertools import combinations
from typing import NamedTuple

import pytest
from oss_emulator.access.identity import ANONYMOUS, Identity
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import UNSIGNED, Admission, Refused, refuse
from oss_emulator.operations.call import Body
from oss_emulator.pipeline.bucket import add_headers, find_bucket
from oss_emulator.pipeline.service import Service, new_request_id
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import FormReader
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings
from oss_emulator.storage.base import Bucket
from oss_referer import Reason, Signing

from tests.client import REGION
from tests.http import forms
from tests.rows import rows
from tests.unit.pipeline.service import PAGE, THIEF, ask, put

# --- The steps of a request: the first error wins, and a refusal has the earlier results


class Known(NamedTuple):
    """The results that a refusal contains."""

    error: tuple[str, str]
    """Code and EC."""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    found: bool = False
    """Whether the refusal has the record of the bucket."""
    signing: Signing = Signing.NONE
    access_key_id: str = ""
    allowed_by_rules: bool | None = None
    allowed_by_permissions: bool | None = None


ORDER = {
    "host": Known(("BadRequest", "")),
    "operation": Known(("NotImplemented", ""), "", "private-bucket", "a", True),
    "bucket": Known(("NoSuchBucket", "0015-00000101"), "GetObject", "no-bucket", "a"),
    "region": Known(("AccessDenied", "0003-00001403"), "GetObject", "private-bucket", "a", True),
    "signature": Known(
        ("InvalidAccessKeyId", "0002-00000902"),
        "GetObject",
        "private-bucket",
        "a",
        True,
        Signing.HEADER,
        "nobody",
    ),
    "referer": Known(
        ("AccessDenied", "0003-00000503"),
        "GetObject",
        "private-bucket",
        "a",
        True,
        allowed_by_rules=False,
    ),
    "acl": Known(
        ("AccessDenied", "0003-00000001"),
        "GetObject",
        "private-bucket",
        "a",
        True,
        allowed_by_rules=True,
        allowed_by_permissions=False,
    ),
    "limit": Known(
        ("InvalidArgument", "0004-00000502"),
        "GetObject",
        "public-bucket",
        "a",
        True,
        allowed_by_rules=True,
        allowed_by_permissions=True,
    ),
}
"""The flaws of a request in the order of their checks, each with the refusal that it causes."""


def flawed(flaws: Sequence[str]) -> Request:
    """Return a GET for an object with these flaws."""
    host = "oss-cn-beijing.aliyuncs.com" if "region" in flaws else "localhost"
    headers = {"Referer": THIEF if "referer" in flaws else PAGE}
    if "signature" in flaws:
        headers |= {"Authorization": "OSS nobody:c2lnbmF0dXJl", "Date": formatdate(usegmt=True)}
    if "limit" in flaws:
        headers["x-oss-traffic-limit"] = "1"
    bucket = "private-bucket" if "acl" in flaws else "public-bucket"
    asked = "a?session" if "operation" in flaws else "a"
    return ask(
        "DELETE" if "operation" in flaws else "GET",
        f"/{'no-bucket' if 'bucket' in flaws else bucket}/{asked}",
        headers,
        "not a host" if "host" in flaws else host,
    )


def with_later(first: str) -> Iterator[tuple[str, ...]]:
    """Combine a flaw with each selection of the later ones."""
    names = list(ORDER)
    later = names[names.index(first) + 1 :]
    for size in range(len(later) + 1):
        for others in combinations(later, size):
            yield (first, *others)


@rows("first", *ORDER)
def test_first_flaw_decides_the_error(service: Service, first: str) -> None:
    """R-05, P-18"""
    expected = ORDER[first]
    for flaws in with_later(first):
        if {"operation", "signature"} <= {*flaws}:
            continue  # the key is checked first, and a missing bucket does not matter
        refused = service.admit(flawed(flaws))
        assert isinstance(refused, Refused)
        assert (refused.error.code, refused.error.ec) == expected.error, flaws


@rows("first", *ORDER)
def test_refusal_has_the_results_of_earlier_steps(service: Service, first: str) -> None:
    request = flawed((first,) if first == "limit" else (first, "acl"))
    expected = ORDER[first]
    refused = service.admit(request)
    assert isinstance(refused, Refused)
    known = refused.known
    assert known.request is request
    assert known.caller is ANONYMOUS
    decision, access = known.decision, refused.known.access
    told = Known(
        (refused.error.code, refused.error.ec),
        known.operation.name,
        *known.target[:2],
        known.record is not None,
        known.claimed.signing,
        known.claimed.access_key_id,
        None if decision is None else decision.allowed,
        None if access is None else access.allowed,
    )
    assert told == expected


def test_request_without_a_flaw_is_admitted(service: Service) -> None:
    request = flawed(())
    admitted = service.admit(request)
    assert isinstance(admitted, Admission)
    decision, access = admitted.decision, admitted.access
    assert admitted.request is request
    assert (admitted.operation.name, *admitted.target[:2]) == ("GetObject", "public-bucket", "a")
    assert (admitted.claimed, admitted.caller) == (UNSIGNED, ANONYMOUS)
    assert decision is not None
    assert decision.allowed
    assert access is not None
    assert (access.allowed, access.action) == (True, "oss:GetObject")
    response = service.execute(admitted)
    assert (response.status, response.body) == (200, b"content")


def test_missing_object_is_reported_after_all_checks(service: Service) -> None:
    admitted = service.admit(ask("GET", "/public-bucket/none", {"Referer": PAGE}))
    assert isinstance(admitted, Admission)
    with pytest.raises(OSSError, match="NoSuchKey") as raised:
        service.execute(admitted)
    refused = refuse(admitted, raised.value)
    assert (refused.error, refused.known.decision) == (raised.value, admitted.decision)
    assert (refused.known.access, refused.known.target) == (admitted.access, admitted.target)


def test_request_with_a_given_caller_is_not_checked(service: Service) -> None:
    """The seed and the tests act as the owner without a signature."""
    owner = service.accounts.owner
    request = flawed(("signature", "referer", "acl", "limit"))
    admitted = service.admit(request, owner)
    assert isinstance(admitted, Admission)
    assert (admitted.caller, admitted.decision, admitted.access) == (owner, None, None)
    assert admitted.traffic_limit is None


def test_preflight_is_not_checked(service: Service) -> None:
    """R-04"""
    headers = {"Referer": THIEF, "Authorization": "OSS nobody:c2lnbmF0dXJl"}
    admitted = service.admit(ask("OPTIONS", "/private-bucket/a", headers))
    assert isinstance(admitted, Admission)
    assert admitted.decision is not None
    assert admitted.decision.reason is Reason.PREFLIGHT
    assert admitted.access is None


def test_bucket_deleted_before_the_body_arrives_is_an_error(service: Service) -> None:
    put_object = ask("PUT", "/public-bucket/b")
    admitted = service.admit(put_object, service.accounts.owner)
    assert isinstance(admitted, Admission)
    service.storage.delete_bucket("public-bucket")
    with pytest.raises(OSSError, match="NoSuchBucket"):
        service.execute(admitted, Body.of(b"late"))
    assert service.storage.bucket("public-bucket") is None


# --- Forms


def form_of(fields: dict[str, str]) -> tuple[FormReader, bytes]:
    reader = FormReader(forms.TYPE)
    return reader, reader.feed(forms.form(list(fields.items())))


def post(
    service: Service, bucket: str, fields: dict[str, str], referer: str = PAGE
) -> tuple[Admission, Admission | Refused]:
    """Return the admission of a request with a form, and the outcome of its fields."""
    headers = {"Content-Type": forms.TYPE, "Referer": referer, "Authorization": "OSS nobody:x"}
    admitted = service.admit(ask("POST", f"/{bucket}", headers))
    assert isinstance(admitted, Admission)
    reader, _ = form_of(fields)
    return admitted, service.admit_form(admitted, reader.finish())


FORM_ORDER = [
    ("private-bucket", {"key": ""}, THIEF, ("InvalidObjectName", "0016-00000001"), None),
    (
        "private-bucket",
        {"key": "b", "OSSAccessKeyId": "nobody", "Signature": "x", "policy": "x"},
        THIEF,
        ("InvalidAccessKeyId", "0002-00000902"),
        None,
    ),
    ("private-bucket", {"key": "b"}, THIEF, ("AccessDenied", "0003-00000503"), False),
    ("private-bucket", {"key": "b"}, PAGE, ("AccessDenied", "0003-00000001"), True),
]


@pytest.mark.parametrize(("bucket", "fields", "referer", "error", "allowed"), FORM_ORDER)
def test_form_is_checked_in_the_same_order(
    service: Service,
    bucket: str,
    fields: dict[str, str],
    referer: str,
    error: tuple[str, str],
    allowed: bool | None,
) -> None:
    """Signatures in the header do not count (PostObject)."""
    _, refused = post(service, bucket, fields, referer)
    assert isinstance(refused, Refused)
    assert (refused.error.code, refused.error.ec) == error
    known = refused.known
    assert (known.target.bucket, known.target.key) == (bucket, fields["key"])
    assert known.claimed.access_key_id == fields.get("OSSAccessKeyId", "")
    decision = known.decision
    assert (None if decision is None else decision.allowed) == allowed


def test_form_gets_its_own_admission(service: Service) -> None:
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    original, outcome = post(service, "public-bucket", {"key": "b"})
    assert isinstance(outcome, Admission)
    assert (original.target.key, original.form, original.decision, original.access) == (
        "",
        None,
        None,
        None,
    )
    assert (outcome.target.key, outcome.request) == ("b", original.request)
    assert outcome.decision is not None
    assert outcome.known.access is not None
    _, refused = post(service, "public-bucket", {"key": "b", "x-oss-traffic-limit": "1"})
    assert isinstance(refused, Refused)
    assert refused.error.ec == "0004-00000502"


# --- Answers


def test_request_id_has_24_digits_and_begins_with_the_time() -> None:
    """P-30"""
    ids = {new_request_id(1_700_000_000.9) for _ in range(100)}
    assert len(ids) == 100
    assert all(len(made) == 24 and made == made.upper() for made in ids)
    assert {int(made[:8], 16) for made in ids} == {1_700_000_000}
    assert {int(made[8], 16) >= 8 for made in ids} == {False, True}


def test_answer_of_a_body_in_memory_is_made_in_any_case(service: Service) -> None:
    owner = service.accounts.owner
    for content in (b"new", Body.of(b"new")):
        assert service.handle(ask("PUT", "/public-bucket/b"), content, caller=owner).status == 200
        assert service.handle(ask("PUT", "/no-bucket/b"), content, caller=owner).status == 404
    found = service.handle(ask("GET", "/public-bucket/none", {"Referer": PAGE}))
    assert (found.status, found.headers["x-oss-ec"]) == (404, "0026-00000001")


def test_reader_pays_for_an_answer_and_for_no_error(service: Service) -> None:
    """A-61"""
    document = (
        b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
    )
    put(service, "/public-bucket?requestPayment", document)
    paid = [
        "x-oss-request-charged"
        in service.handle(ask("GET", f"/public-bucket/{key}"), caller=Identity("2")).headers
        for key in ("a", "none")
    ]
    assert paid == [True, False]


# --- Bodies


MD5_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg=="


@pytest.mark.parametrize(
    ("method", "target", "body", "md5", "code"),
    [
        ("POST", "a?x-oss-process=csv/select", b"<SelectRequest>", "", "MalformedXML"),
        ("POST", "a?x-oss-process=csv/select", b"x", MD5_OF_NOTHING, "InvalidDigest"),
        ("GET", "a?x-oss-process=image/info", b"x", MD5_OF_NOTHING, "BadRequest"),
        ("PUT", "?referer", b"<RefererConfiguration>", "", "MalformedXML"),
    ],
)
def test_body_of_an_operation_is_checked(
    service: Service, method: str, target: str, body: bytes, md5: str, code: str
) -> None:
    request = ask(method, f"/public-bucket/{target}", {"Content-MD5": md5} if md5 else {})
    answer = service.handle(request, body, caller=service.accounts.owner)
    assert isinstance(answer.body, bytes)
    assert f"<Code>{code}</Code>".encode() in answer.body


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", {"Content-MD5": MD5_OF_NOTHING}, b"MalformedPOSTRequest"),
        (forms.form([("key", "b")]), {"Content-MD5": MD5_OF_NOTHING}, b"InvalidDigest"),
        (forms.form([("key", "b")]), {}, b""),
    ],
)
def test_form_in_memory_is_checked(
    service: Service, body: bytes, headers: dict[str, str], code: bytes
) -> None:
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    request = ask(
        "POST", "/public-bucket", {"Content-Type": forms.TYPE, "Referer": PAGE, **headers}
    )
    answer = service.handle(request, body)
    assert isinstance(answer.body, bytes)
    assert (code in answer.body) if code else answer.status == 204, answer.body


def test_content_that_s3_framed_must_be_whole(service: Service) -> None:
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    headers = {
        "Referer": PAGE,
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "4",
        "Content-Encoding": "aws-chunked",
    }
    statuses = [
        service.handle(ask("PUT", "/public-bucket/b", headers), body).status
        for body in (b"4\r\nabcd\r\n0\r\n\r\n", b"4\r\nabcd\r\n", b"abcd")
    ]
    assert statuses == [200, 400, 400]


# --- the parts of a service


def test_region_of_a_bucket_may_be_another_one(service: Service) -> None:
    bucket = service.storage.bucket("public-bucket")
    assert bucket is not None
    service.storage.put_bucket(bucket._replace(region="cn-beijing"))
    names = ("public-bucket", "private-bucket", "no-bucket")
    assert [service.region_of(name) for name in names] == ["cn-beijing", REGION, REGION]


def test_service_has_the_settings_that_it_is_given() -> None:
    assert Service(Settings(region="cn-beijing")).settings.region == "cn-beijing"
    assert Service().settings == Settings()


@rows(
    ("as_of", "new_account", "follows"),
    (None, False, False),
    (date(2026, 1, 1), False, True),
    (None, True, True),
    (date(2026, 1, 1), True, True),
)
def test_rules_of_host_names_may_apply_with_a_date_or_to_a_new_account(
    as_of: date | None, new_account: bool, follows: bool
) -> None:
    """D-01 to D-08"""
    service = Service(Settings(as_of=as_of, new_account=new_account))
    assert service.follows_default_domain is follows


# --- The headers that the bucket of a request adds to answers and errors

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://a</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""
PAID = b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
OWNER, OTHER = Identity("1"), Identity("2")
CHARGED = "x-oss-request-charged"


def found(service: Service, name: str, operation: str) -> Bucket | None:
    declared = next(item for item in OPERATIONS if item.name == operation)
    return find_bucket(service.storage, name, declared)


def headers(
    service: Service,
    documents: Mapping[str, bytes],
    origin: str = "",
    payer: Identity | None = None,
    given: Mapping[str, str] = {},
) -> dict[str, str]:
    """Return the headers of an answer after a bucket of `OWNER` has added its own.

    Without a payer, the answer is that to a refused request.
    """
    bucket = Bucket("b", OWNER.id, 0.0, "cn-hangzhou", documents=documents)
    request = ask("GET", "/b/a", {"Origin": origin} if origin else {})
    admission = Admission(request, "id", payer or OTHER, record=bucket)
    response = Response(200, {"ETag": "1", **given})
    added = dict(add_headers(response, admission, service, failed=payer is None).headers)
    assert added.pop("ETag") == "1"
    return added


@pytest.mark.parametrize(
    ("payer", "charged"), [(OTHER, True), (ANONYMOUS, True), (OWNER, False), (None, False)]
)
def test_requester_is_charged_unless_it_is_the_owner(
    service: Service, payer: Identity | None, charged: bool
) -> None:
    """A-61"""
    assert (CHARGED in headers(service, {"requestPayment": PAID}, payer=payer)) is charged
    assert CHARGED not in headers(service, {}, payer=payer)


def test_vary_of_the_answer_and_of_cors_are_joined(service: Service) -> None:
    """P-48"""
    document = CORS.replace(b"</CORSC", b"<ResponseVary>true</ResponseVary></CORSC")
    assert headers(service, {"cors": document}) == {"Vary": "Origin"}
    joined = headers(service, {"cors": document}, given={"Vary": "Accept-Encoding"})
    assert joined == {"Vary": "Accept-Encoding, Origin"}


def test_answer_without_a_bucket_is_unchanged(service: Service) -> None:
    response = Response(200, {"ETag": "1"})
    assert add_headers(response, Admission(ask(), "id", OTHER), service, failed=False) is response
