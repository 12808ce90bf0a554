"""Requests of S3, and processed images."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.call import Body
from oss_emulator.pipeline import images, routing, s3
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol import xml
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.s3 import signature
from oss_emulator.protocol.s3.payload import Framing
from oss_emulator.protocol.signature import v4
from oss_emulator.settings import Auth
from oss_referer import Signing

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET
from tests.rows import read_cases, rows
from tests.unit.pipeline.service import PAGE, SETTINGS, THIEF, ask, serve
from tests.unit.pipeline.service import sign_s3 as sign

CASES = read_cases("unit.pipeline")


# --- The front for S3: a request of S3 goes through the same service, and its answer comes back


def error(response: Response, code: str) -> xml.Node:
    assert isinstance(response.body, bytes)
    found = xml.parse(response.body, "Error")
    assert found.text("Code") == code
    return found


def test_object_is_stored_and_read_over_s3_and_over_oss(service: Service) -> None:
    put = sign(ask("PUT", "/private-bucket/b"), x_amz_meta_color="blue", content_type="text/plain")
    assert service.handle(put, b"content").status == 200
    over_s3 = service.handle(sign(ask("GET", "/private-bucket/b")))
    owner = service.accounts.owner
    over_oss = service.handle(ask("GET", "/private-bucket/b"), caller=owner)
    assert over_s3.body == over_oss.body == b"content"
    assert over_s3.headers["x-amz-meta-color"] == over_oss.headers["x-oss-meta-color"] == "blue"
    assert over_s3.headers["Content-Type"] == over_oss.headers["Content-Type"] == "text/plain"
    assert "x-amz-request-id" in over_s3.headers
    assert "x-amz-request-id" not in over_oss.headers


def test_wrong_secret_is_refused_in_the_form_of_s3(service: Service) -> None:
    answer = service.handle(sign(ask("GET", "/private-bucket/a"), secret="other"))
    assert answer.status == 403
    assert error(answer, "SignatureDoesNotMatch").text("AWSAccessKeyId") == ACCESS_KEY_ID


@pytest.mark.parametrize("referer", [PAGE, THIEF])
def test_presigned_url_is_decided_as_one_of_oss(service: Service, referer: str) -> None:
    """R-01: what the rules make of a signed URL does not depend on who signed it."""
    asked = ask("GET", "/private-bucket/a", {"Referer": referer})
    day = datetime.fromtimestamp(asked.received, UTC).strftime("%Y%m%dT%H%M%SZ")
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
        f"{ACCESS_KEY_ID}%2F{day[:8]}%2Fus-east-1%2Fs3%2Faws4_request"
        f"&X-Amz-Date={day}&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    )
    asked = ask("GET", f"/private-bucket/a?{query}&X-Amz-Signature={'0' * 64}", asked.headers)
    claim = signature.parse(asked)
    assert claim is not None
    text = signature.string_to_sign(claim, signature.canonical_request(claim, asked))
    made = v4.sign(signature.signing_key(ACCESS_KEY_SECRET, claim.day, claim.region), text)
    asked = ask("GET", f"/private-bucket/a?{query}&X-Amz-Signature={made}", {"Referer": referer})
    outcome = service.admit(asked)
    assert isinstance(outcome, Admission) is (referer == PAGE)
    signing = outcome.known.claimed.signing
    assert signing is Signing.URL


def test_journal_gets_the_request_as_it_came(service: Service) -> None:
    asked = sign(ask("GET", "/private-bucket/a"))
    outcome = service.admit(asked)
    assert isinstance(outcome, Admission)
    assert outcome.request.original == asked
    refused = service.admit(sign(ask("GET", "/private-bucket?cors")))
    assert isinstance(refused, Refused)
    assert refused.known.request.original is not None


FRAMED = {
    Framing.SIGNED: b"5;chunk-signature=%b\r\nhello\r\n0;chunk-signature=%b\r\n\r\n",
    Framing.UNSIGNED_WITH_TRAILERS: b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
}


def chunked(framing: Framing, target: str = "/private-bucket/b") -> tuple[Request, bytes]:
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": framing,
        "x-amz-decoded-content-length": "5",
        "x-amz-trailer": "x-amz-checksum-crc32" if framing.has_trailers else "",
    }
    body = FRAMED[framing]
    return ask("PUT", target, headers), body % ((b"0" * 64,) * body.count(b"%b"))


@rows("framing", *FRAMED)
@rows("auth", *Auth)
def test_chunks_are_never_stored_framed(framing: Framing, auth: Auth) -> None:
    """With and without signatures, whether they are verified or not."""
    service = serve(replace(SETTINGS, auth=auth))
    asked, body = chunked(framing)
    owner = service.accounts.owner
    for request in (asked, sign(asked, framing)):
        service.handle(request, body)
        stored = service.handle(ask("GET", "/private-bucket/b"), caller=owner)
        assert stored.status == 404 or stored.body == b"hello"
        assert "Content-Encoding" not in stored.headers
    if auth is Auth.OFF or framing is Framing.UNSIGNED_WITH_TRAILERS:
        assert stored.body == b"hello"
    else:
        assert stored.status == 404  # the signatures of the chunks are wrong


def test_body_of_another_hash_is_not_stored(service: Service) -> None:
    asked = sign(ask("PUT", "/private-bucket/b"), sha256(b"hello").hexdigest())
    error(service.handle(asked, b"other"), "XAmzContentSHA256Mismatch")
    assert service.handle(sign(ask("HEAD", "/private-bucket/b"))).status == 404


@pytest.mark.parametrize("hoisted", CASES["headers_may_be_hoisted_into_the_query"])
def test_headers_may_be_hoisted_into_the_query(service: Service, hoisted: str) -> None:
    """SDKs for JavaScript sign headers of S3 as parameters of the URL; case does not matter."""
    target = f"/private-bucket/b?x-id=PutObject&{hoisted}"
    asked = sign(ask("PUT", target))
    seen = service.admit(asked).known.request
    assert seen.query_string == ""  # no parameter remains that OSS would read or log
    assert service.handle(asked, b"content").status == 200
    found = service.handle(sign(ask("HEAD", "/private-bucket/b")))
    assert found.headers["x-amz-meta-color"] == "blue"
    assert found.headers["x-amz-storage-class"] == "GLACIER"


@pytest.mark.parametrize("process", ["image/info", "style/small"])
def test_images_are_processed_as_over_oss(service: Service, process: str) -> None:
    """P-71: `x-oss-process` of these two kinds"""
    asked = ask("GET", f"/private-bucket/a?x-oss-process={process}")
    over_s3, over_oss = service.admit(sign(asked)), service.admit(asked, service.accounts.owner)
    assert isinstance(over_s3, Admission)
    assert isinstance(over_oss, Admission)
    assert over_s3.operation is over_oss.operation
    assert over_s3.request.query == over_oss.request.query


# --- the functions of the front


OVER_S3 = ask("PUT", "/b/k")._replace(original=ask("PUT", "/b/k"))


@rows("target, over_s3, refused", *CASES["operation_without_a_counterpart_is_refused_over_s3"])
def test_operation_without_a_counterpart_is_refused_over_s3(
    target: str, over_s3: bool, refused: bool
) -> None:
    """P-71"""
    asked = ask("PUT", target)
    request = asked._replace(original=asked) if over_s3 else asked
    admission = Admission(request, "id", target=Target("b", "" if "?" in target else "k"))
    with pytest.raises(OSSError, match="NotImplemented") if refused else nullcontext():
        routing.find_operation(admission, Service(SETTINGS))


def test_form_of_s3_becomes_one_of_oss_and_marks_its_request() -> None:
    """P-75"""
    request, form = ask("POST", "/b"), Form({"key": "a", "x-amz-meta-color": "blue"})
    marked, translated = s3.form_to_oss(request, form)
    assert marked.original is request
    assert translated.fields == {"key": "a", "x-oss-meta-color": "blue"}
    assert s3.form_to_oss(OVER_S3, form)[0].original is OVER_S3.original
    plain = Form({"key": "a", "x-oss-meta-color": "blue"})
    assert s3.form_to_oss(request, plain) == (request, plain)


def translate(request: Request, operation: str, body: Body) -> Body:
    found = next(item for item in OPERATIONS if item.name == operation)
    return s3.translate_body(body, Admission(request, "id", operation=found), Service(SETTINGS))


def test_only_documents_of_s3_are_translated() -> None:
    document, nothing = Body.of(b"<LifecycleConfiguration/>"), Body.of(b"")
    assert translate(ask("PUT", "/b"), "PutBucketLifecycle", document) is document
    assert translate(OVER_S3, "PutBucketLifecycle", nothing) is nothing
    assert translate(OVER_S3, "PutObject", document) is document
    with pytest.raises(OSSError, match="Grants of S3"):
        translate(OVER_S3, "PutBucketAcl", document)


# --- Styles after a separator in the path, and protected originals


@rows(("name", "subresource", "processing"), *CASES["operation_that_returns_a_processed_image"])
def test_operation_that_returns_a_processed_image(
    name: str, subresource: str, processing: bool
) -> None:
    """R-39"""
    (found,) = (item for item in OPERATIONS if (item.name, item.subresource) == (name, subresource))
    assert images.is_processing(found) is processing
