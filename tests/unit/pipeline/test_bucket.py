"""The bucket of a request: a missing one, and the headers it adds to answers and errors."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from oss_emulator.access import ANONYMOUS, Identity
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission
from oss_emulator.pipeline.bucket import add_headers, find_bucket
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage import Bucket

from tests.unit.pipeline.service import PAGE, ask, put

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://a</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""
PAID = b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
OWNER, OTHER = Identity("1"), Identity("2")
CHARGED = "x-oss-request-charged"


def found(service: Service, name: str, operation: str) -> Bucket | None:
    declared = next(item for item in OPERATIONS if item.name == operation)
    return find_bucket(service.storage, name, declared)


def test_bucket_is_found_by_its_name(service: Service) -> None:
    bucket = found(service, "public-bucket", "GetObject")
    assert bucket is not None
    assert (bucket.name, bucket.acl) == ("public-bucket", "public-read")


def test_request_to_the_service_has_no_bucket(service: Service) -> None:
    assert found(service, "", "ListBuckets") is None


@pytest.mark.parametrize(
    ("name", "operation", "code"),
    [
        ("no-bucket", "GetObject", "NoSuchBucket"),
        ("NO", "GetObject", "InvalidBucketName"),
        ("NO", "PutBucket", "InvalidBucketName"),
    ],
)
def test_missing_bucket_is_an_error(service: Service, name: str, operation: str, code: str) -> None:
    """P-18"""
    with pytest.raises(OSSError, match=code):
        found(service, name, operation)


def test_bucket_to_be_created_may_be_missing(service: Service) -> None:
    assert found(service, "no-bucket", "PutBucket") is None


def headers(
    service: Service,
    documents: Mapping[str, bytes],
    origin: str = "",
    payer: Identity | None = None,
    given: Mapping[str, str] = {},
) -> dict[str, str]:
    """Return the headers of an answer after a bucket of `OWNER` has added its own.

    Without a payer, it is the answer to a refused request.
    """
    bucket = Bucket("b", OWNER.id, 0.0, "cn-hangzhou", documents=documents)
    request = ask("GET", "/b/a", {"Origin": origin} if origin else {})
    admission = Admission(request, "id", payer or OTHER, record=bucket)
    response = Response(200, {"ETag": "1", **given})
    added = dict(add_headers(response, admission, service, failed=payer is None).headers)
    assert added.pop("ETag") == "1"
    return added


def test_cors_rules_add_headers_for_their_origins(service: Service) -> None:
    allowed = {"Access-Control-Allow-Origin": "http://a", "Access-Control-Allow-Methods": "GET"}
    assert headers(service, {"cors": CORS}, "http://a") == allowed
    assert headers(service, {"cors": CORS}, "http://b") == {}
    assert headers(service, {}, "http://a") == {}


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


@pytest.mark.parametrize(("key", "status"), [("a", 200), ("none", 404)])
def test_answers_and_errors_have_the_headers_of_cors(
    service: Service, key: str, status: int
) -> None:
    put(service, "/public-bucket?cors", CORS)
    request = ask("GET", f"/public-bucket/{key}", {"Referer": PAGE, "Origin": "http://a"})
    response = service.handle(request)
    assert response.status == status
    assert response.headers["Access-Control-Allow-Origin"] == "http://a"
