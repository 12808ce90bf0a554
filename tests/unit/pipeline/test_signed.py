"""A signature covers what is executed: whatever else changes, the request is refused.

Only what `UNSIGNED_PARTS` names may differ from what was signed (P-12 to P-14, P-73).
"""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.signature import Place, Version
from oss_emulator.protocol.signature.unsigned import Dialect
from oss_emulator.storage import Storage

from tests.unit.pipeline.service import SETTINGS
from tests.unit.pipeline.signing import NOW, SCHEMES, Scheme, Sent

HOST = ("Host", "localhost")
S3_V2 = Scheme(Dialect.S3, Version.V2, Place.URL)
S3_V4 = Scheme(Dialect.S3, Version.V4, Place.URL)
OSS_V1 = Scheme(Dialect.OSS, Version.V1, Place.URL)

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=str)
of_s3 = pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.dialect is Dialect.S3], ids=str)


def serve() -> Service:
    """Return a service with a bucket of versions that has a secret, and one that is private."""
    service = Service(SETTINGS, clock=lambda: NOW)
    for target, body in (
        ("/bucket", b""),
        ("/bucket?referer", RULES),
        ("/bucket?versioning", b"<VersioningConfiguration><Status>Enabled</Status>"
         b"</VersioningConfiguration>"),
        ("/bucket/a", b"old"),
        ("/bucket/a", b"new"),
        ("/bucket/a%20b", b"blank"),
        ("/bucket/a%2Bb", b"plus"),
        ("/private", b""),
        ("/private/secret", b"secret"),
    ):  # fmt: skip
        request = Request.parse("PUT", target, [HOST], NOW)
        answer = service.handle(request, body, caller=service.accounts.owner)
        assert answer.status == 200, answer.body
    return service


RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    b"<RefererList/></RefererConfiguration>"
)


@pytest.fixture
def service() -> Service:
    return serve()


def put(target: str, *headers: tuple[str, str], method: str = "PUT") -> Sent:
    return Sent(method, target, (HOST, *headers), b"content" if method == "PUT" else b"")


def answer(service: Service, sent: Sent) -> Response:
    return service.handle(sent.request(), sent.body)


def state(storage: Storage) -> Any:
    """Return all that a storage keeps, apart from how it names it."""
    return [
        (
            bucket._replace(documents=dict(bucket.documents)),
            [
                (item.key, item.size, item.etag, item.acl, item.storage_class, dict(item.headers))
                for item in storage.versions(bucket.name)
            ],
            [(upload.draft.key, upload.draft.headers) for upload in storage.uploads(bucket.name)],
        )
        for bucket in storage.buckets()
    ]


def refused(service: Service, sent: Sent) -> tuple[int, str]:
    """Check that a request is refused and changes nothing; return its status and code."""
    before = state(service.storage)
    found = answer(service, sent)
    assert state(service.storage) == before
    assert isinstance(found.body, bytes)
    assert found.status >= 400, found
    return found.status, found.body.partition(b"<Code>")[2].partition(b"<")[0].decode()


@every_scheme
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/bucket/a"),
        ("PUT", "/bucket/new"),
        ("GET", "/bucket?prefix=a"),
        ("GET", "/bucket?acl"),
        ("GET", "/bucket/a?response-content-type=text/x"),
    ],
)
def test_signed_request_is_answered(
    service: Service, scheme: Scheme, method: str, target: str
) -> None:
    found = answer(service, scheme.sign(put(target, method=method)))
    assert found.status == 200, found.body


# --- what an attack on the dialect of S3 found


def test_encoded_name_does_not_remove_a_version(service: Service) -> None:
    version = next(iter(service.storage.versions("bucket"))).version_id
    for name in ("versionId", "%76ersionId", "versionI%64"):
        signed = S3_V2.sign(put("/bucket/a", method="DELETE"))
        assert refused(service, signed.adding(f"{name}={version}"))[0] == 403


@pytest.mark.parametrize(
    "extra", ["%61cl", "%72esponse-content-type=text/html", "upload%73", "%75ploadId=1"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_encoded_name_is_signed_as_it_is_acted_on(
    service: Service, extra: str, method: str
) -> None:
    signed = S3_V2.sign(put("/bucket/a", method=method))
    assert refused(service, signed.adding(extra))[0] in (403, 501)


def test_name_that_is_encoded_by_the_signer_is_accepted(service: Service) -> None:
    for target in ("/bucket/a?%61cl", "/bucket/a?response-content-type=text%2fx"):
        assert answer(service, S3_V2.sign(put(target, method="GET"))).status == 200


@of_s3
@pytest.mark.parametrize(
    "extra",
    [
        "x-amz-copy-source=/private/secret",
        "X-Amz-Copy-Source=/private/secret",
        "%78-amz-copy-source=/private/secret",
        "x-amz-acl=public-read-write",
    ],
)
def test_hoisted_header_is_not_given_twice(service: Service, scheme: Scheme, extra: str) -> None:
    hoisted = "x-amz-copy-source=/bucket/a&x-amz-acl=private"
    sent = put(f"/bucket/b?{hoisted}") if scheme.place is Place.URL else put("/bucket/b")
    assert refused(service, scheme.sign(sent).adding(extra))[0] in (400, 403)


@pytest.mark.parametrize("scheme", [S3_V2, S3_V4], ids=str)
def test_hoisted_header_is_used_as_it_was_signed(service: Service, scheme: Scheme) -> None:
    sent = scheme.sign(put("/bucket/b?x-amz-copy-source=/bucket/a&x-amz-acl=private"))
    assert answer(service, sent).status == 200
    item = service.storage.object("bucket", "b")
    assert item is not None
    assert (item.size, item.acl) == (3, "private")


@of_s3
@pytest.mark.parametrize(
    "extra",
    [
        "callback=eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hLyJ9",
        "x-oss-process=image/resize,w_1|sys/saveas,o_Yg",
        "x-oss-object-acl=public-read-write",
        "x-oss-traffic-limit=819200",
        "versionId=null",
        "sequential",
    ],
)
def test_parameter_of_oss_must_be_signed(service: Service, scheme: Scheme, extra: str) -> None:
    for method in ("PUT", "GET"):
        signed = scheme.sign(put("/bucket/a", method=method))
        assert refused(service, signed.adding(extra))[0] in (403, 501)


@of_s3
@pytest.mark.parametrize(
    "name",
    ["referer", "live", "bucketInfo", "cname", "style", "stat", "objectMeta", "regions", "append"],
)
def test_signed_request_reaches_no_operation_that_s3_does_not_have(
    service: Service, scheme: Scheme, name: str
) -> None:
    """Whether the name was signed or not (P-71)."""
    for method in ("GET", "PUT", "DELETE", "POST"):
        signed = scheme.sign(put(f"/bucket?{name}", method=method))
        added = scheme.sign(put("/bucket", method=method)).adding(f"{name}&")
        assert refused(service, signed) == refused(service, added) == (501, "NotImplemented")
        assert refused(service, scheme.sign(put(f"/bucket/a?{name}", method=method)))[0] in (
            403,
            405,
            501,
        )


@pytest.mark.parametrize("place", [Place.HEADER, Place.URL])
@pytest.mark.parametrize("version", [Version.V2, Version.V4])
def test_signature_is_valid_for_one_key(service: Service, version: Version, place: Place) -> None:
    scheme = Scheme(Dialect.S3, version, place)
    for path, content in (("a%2Bb", b"plus"), ("a%20b", b"blank")):
        signed = scheme.sign(put(f"/bucket/{path}", method="GET"))
        assert answer(service, signed).body == content
        for other in {"a%2Bb", "a+b", "a%20b"} - {path}:
            changed = signed._replace(target=signed.target.replace(path, other, 1))
            found = answer(service, changed)
            assert found.status == 403 or found.body == content


def test_host_that_names_the_bucket_must_be_signed(service: Service) -> None:
    """AWS requires it of version 4; version 2 signs the bucket."""
    signed = S3_V4.sign(Sent("GET", "/secret", (("Range", "bytes=0-9"),)))
    named = signed._replace(headers=(*signed.headers, ("Host", "private.localhost")))
    assert refused(service, named) == (403, "AccessDenied")


@pytest.mark.parametrize(
    "query",
    [
        "x-oss-signature=x",
        "x-oss-credential=",
        "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-signature=x",
        "OSSAccessKeyId=a&Signature=x&Expires=never",
        "OSSAccessKeyId=a",
        "Expires=1",
        "x-oss-access-key-id=a",
    ],
)
@pytest.mark.parametrize(
    "mark", [("x-oss-s3-compat", "true"), ("Host", "s3.localhost"), ("x-amz-date", "now")]
)
def test_signature_of_oss_beside_a_mark_of_s3_is_refused(
    service: Service, query: str, mark: tuple[str, str]
) -> None:
    """It is not taken for an anonymous request, whatever anonymous callers may do."""
    request = Request.parse("PUT", "/bucket?acl", [HOST, ("x-oss-acl", "public-read")], NOW)
    service.handle(request, caller=service.accounts.owner)
    headers = (mark,) if mark[0] == "Host" else (HOST, mark)
    assert answer(service, Sent("GET", "/bucket/a", headers)).status == 200
    assert refused(service, Sent("GET", f"/bucket/a?{query}", headers))[0] in (400, 403)
