"""Requests of S3, and processed images."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

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
from PIL import Image

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS
from tests.client import sign as sign_oss
from tests.rows import read_cases, rows
from tests.unit.imaging.drawing import encode, quarters
from tests.unit.pipeline.service import PAGE, SETTINGS, THIEF, ask, put, serve
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


@pytest.mark.parametrize(
    ("target", "over_s3", "refused"),
    [("/b?referer", True, True), ("/b/k", True, False), ("/b?referer", False, False)],
)
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

STYLE = b"<Style><Content>image/resize,w_20</Content></Style>"


def configure(styled: Service, protect: str, suffix: str, separators: str) -> None:
    """Put a configuration as the Java SDK does."""
    document = (
        "<BucketProcessConfiguration><CompliedHost>Img</CompliedHost>"
        f"<SourceFileProtect>{protect}</SourceFileProtect>"
        f"<SourceFileProtectSuffix>{suffix}</SourceFileProtectSuffix>"
        f"<StyleDelimiters>{separators}</StyleDelimiters>"
        "<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess>"
        "</BucketProcessConfiguration>"
    )
    put(styled, "/public-bucket?processConfiguration", document.encode())


@pytest.fixture
def styled() -> Service:
    styled = serve()
    for key in ("photo.png", "photo.jpg", "a-small", "folder/photo.png"):
        put(styled, f"/public-bucket/{key}", encode(quarters()))
    put(styled, "/public-bucket?style&styleName=small", STYLE)
    return styled


def width(styled: Service, target: str) -> int:
    """Return the width of an image, 0 for an error."""
    response = styled.handle(ask("GET", f"/public-bucket/{target}", {"Referer": PAGE}))
    assert isinstance(response.body, bytes)
    return Image.open(BytesIO(response.body)).size[0] if response.status == 200 else 0


@pytest.mark.parametrize(("separators", "target", "expected"), CASES["style_follows_a_separator"])
def test_style_follows_a_separator(
    styled: Service, separators: str, target: str, expected: int
) -> None:
    configure(styled, "Disabled", "", separators)
    assert width(styled, target) == expected


def test_referer_counts_for_a_style_in_the_path(styled: Service) -> None:
    configure(styled, "Disabled", "", "!")
    request = ask("GET", "/public-bucket/photo.png!small", {"Referer": THIEF})
    assert styled.handle(request).status == 403


def test_head_of_a_style_in_the_path_is_answered(styled: Service) -> None:
    configure(styled, "Disabled", "", "!")
    request = ask("HEAD", "/public-bucket/photo.png!small", {"Referer": PAGE})
    assert styled.handle(request).status == 200


@pytest.mark.parametrize(
    ("suffix", "target", "allowed"), CASES["protected_original_is_reached_by_a_style_only"]
)
def test_protected_original_is_reached_by_a_style_only(
    styled: Service, suffix: str, target: str, allowed: bool
) -> None:
    configure(styled, "Enabled", suffix, "!")
    for method in ("GET", "HEAD"):
        request = ask(method, f"/public-bucket/{target}", {"Referer": PAGE})
        response = styled.handle(request)
        assert response.status == (200 if allowed else 403)
        if not allowed:
            assert response.headers["x-oss-ec"] == "0040-00000031"


def test_referer_is_checked_before_the_protection(styled: Service) -> None:
    configure(styled, "Enabled", "png", "!")
    request = ask("GET", "/public-bucket/photo.png", {"Referer": THIEF})
    assert styled.handle(request).headers["x-oss-ec"] == "0003-00000503"


def test_owner_reads_a_protected_original(styled: Service) -> None:
    configure(styled, "Enabled", "png", "!")
    request = ask("GET", "/public-bucket/photo.png")
    assert styled.handle(request, caller=styled.accounts.owner).status == 200


@rows(("name", "subresource", "processing"), *CASES["operation_that_returns_a_processed_image"])
def test_operation_that_returns_a_processed_image(
    name: str, subresource: str, processing: bool
) -> None:
    """R-39"""
    (found,) = (item for item in OPERATIONS if (item.name, item.subresource) == (name, subresource))
    assert images.is_processing(found) is processing


@pytest.mark.parametrize("place", ["header", "url"])
def test_signature_reads_a_protected_original(styled: Service, place: str) -> None:
    configure(styled, "Enabled", "png", "!")
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign_oss(auth, place, "GET", "public-bucket", "photo.png")
    request = ask("GET", target, {"Referer": PAGE, **dict(fields)})
    assert styled.handle(request).status == 200


def test_protection_covers_the_reading_of_bytes_only(styled: Service) -> None:
    configure(styled, "Enabled", "png", "!")
    request = ask("HEAD", "/public-bucket/photo.png?objectMeta", {"Referer": PAGE})
    assert styled.handle(request).status == 200
