"""A signature covers what is executed: whatever else changes, the request is refused.

Only what `UNSIGNED_PARTS` names may differ from what was signed (P-20).
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import oss_emulator
import pytest
from oss_emulator.control import controls
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.parameters import KNOWN, is_parameter
from oss_emulator.protocol.s3 import signature as s3
from oss_emulator.protocol.signature import SignedIn, Version
from oss_emulator.storage.base import Storage

from tests.http import forms
from tests.rows import read_cases, rows
from tests.thorough import cases
from tests.unit.pipeline.service import SETTINGS
from tests.unit.pipeline.signing import NOW, SCHEMES, UNSIGNED_PARTS, Dialect, Scheme, Sent, alter

CASES = read_cases("unit.pipeline")


PACKAGE = Path(oss_emulator.__file__).parent
HOST = ("Host", "localhost")
S3_V2 = Scheme(Dialect.S3, Version.V2, SignedIn.URL)
S3_V4 = Scheme(Dialect.S3, Version.V4, SignedIn.URL)
OSS_V1 = Scheme(Dialect.OSS, Version.V1, SignedIn.URL)

every_scheme = rows("scheme", *SCHEMES)
of_s3 = rows("scheme", *[s for s in SCHEMES if s.dialect is Dialect.S3])


def serve() -> Service:
    """Return a service with a bucket of versions, and a private one with a secret."""
    service = Service(SETTINGS, clock=lambda: NOW)
    for target, body in (
        ("/bucket", b""),
        ("/bucket?referer", RULES),
        ("/bucket/a", b"old"),
        ("/bucket?versioning", VERSIONING),
        ("/bucket/a", b"new"),
        ("/bucket/a%20b", b"blank"),
        ("/bucket/a%2Bb", b"plus"),
        ("/bucket/a%3Facl", b"asks"),
        ("/private", b""),
        ("/private/secret", b"secret"),
    ):
        request = Request.parse("PUT", target, [HOST], NOW)
        answer = service.handle(request, body, caller=service.accounts.owner)
        assert answer.status == 200, answer.body
    return service


VERSIONING = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    b"<RefererList/></RefererConfiguration>"
)


@pytest.fixture
def service() -> Service:
    return serve()


def put(target: str, *headers: tuple[str, str], method: str = "PUT") -> Sent:
    uploads = method == "PUT" and target.count("/") > 1
    return Sent(method, target, (HOST, *headers), b"content" if uploads else b"")


def answer(service: Service, sent: Sent) -> Response:
    return service.handle(sent.request(), sent.body)


def state(storage: Storage) -> Any:
    """Return the contents of a storage without generated names."""
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
def test_signed_request_is_answered(service: Service, scheme: Scheme) -> None:
    for method, target in (
        ("GET", "/bucket/a"),
        ("PUT", "/bucket/new"),
        ("GET", "/bucket?prefix=a"),
        ("GET", "/bucket?acl"),
        ("GET", "/bucket/a?response-content-type=text/x"),
    ):
        found = answer(service, scheme.sign(put(target, method=method)))
        assert found.status == 200, (target, found.body)


# --- findings of an attack on the dialect of S3


def test_encoded_name_does_not_remove_a_version(service: Service) -> None:
    for name in ("versionId", "%76ersionId", "versionI%64"):
        signed = S3_V2.sign(put("/bucket/a", method="DELETE"))
        assert refused(service, signed.adding(f"{name}=null"))[0] == 403


def test_encoded_name_is_signed_as_it_is_acted_on(service: Service) -> None:
    for method in ("GET", "PUT", "DELETE"):
        signed = S3_V2.sign(put("/bucket/a", method=method))
        for extra in ("%61cl", "%72esponse-content-type=text/html", "upload%73", "%75ploadId=1"):
            assert refused(service, signed.adding(extra))[0] in (403, 501), (method, extra)


def test_name_that_is_encoded_by_the_signer_is_accepted(service: Service) -> None:
    for target in ("/bucket/a?%61cl", "/bucket/a?response-content-type=text%2fx"):
        assert answer(service, S3_V2.sign(put(target, method="GET"))).status == 200


@of_s3
def test_hoisted_header_is_not_given_twice(service: Service, scheme: Scheme) -> None:
    hoisted = "x-amz-copy-source=/bucket/a&x-amz-acl=private"
    sent = put(f"/bucket/b?{hoisted}") if scheme.place is SignedIn.URL else put("/bucket/b")
    for extra in (
        "x-amz-copy-source=/private/secret",
        "X-Amz-Copy-Source=/private/secret",
        "%78-amz-copy-source=/private/secret",
        "x-amz-acl=public-read-write",
    ):
        assert refused(service, scheme.sign(sent).adding(extra))[0] in (400, 403), extra


@pytest.mark.parametrize("scheme", [S3_V2, S3_V4], ids=str)
def test_hoisted_header_is_used_as_it_was_signed(service: Service, scheme: Scheme) -> None:
    sent = scheme.sign(put("/bucket/b?x-amz-copy-source=/bucket/a&x-amz-acl=private"))
    assert answer(service, sent).status == 200
    item = service.storage.object("bucket", "b")
    assert item is not None
    assert (item.size, item.acl) == (3, "private")


@of_s3
def test_parameter_of_oss_must_be_signed(service: Service, scheme: Scheme) -> None:
    for method in ("PUT", "GET"):
        signed = scheme.sign(put("/bucket/a", method=method))
        for extra in (
            "callback=eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9hLyJ9",
            "x-oss-process=image/resize,w_1|sys/saveas,o_Yg",
            "x-oss-object-acl=public-read-write",
            "x-oss-traffic-limit=819200",
            "versionId=null",
            "sequential",
        ):
            assert refused(service, signed.adding(extra))[0] in (403, 501), (method, extra)


OF_OSS_ONLY = "referer live bucketInfo cname style stat objectMeta regions append".split()


@of_s3
def test_signed_request_reaches_no_operation_that_s3_does_not_have(
    service: Service, scheme: Scheme
) -> None:
    """Whether the name was signed or not (P-71)."""
    for method, name in product(("GET", "PUT", "DELETE", "POST"), OF_OSS_ONLY):
        signed = scheme.sign(put(f"/bucket?{name}", method=method))
        added = scheme.sign(put("/bucket", method=method)).adding(f"{name}&")
        assert refused(service, signed) == (501, "NotImplemented"), (method, name)
        assert refused(service, added) == (501, "NotImplemented"), (method, name)
        assert refused(service, scheme.sign(put(f"/bucket/a?{name}", method=method)))[0] in (
            403,
            405,
            501,
        )


@pytest.mark.parametrize("place", [SignedIn.HEADER, SignedIn.URL])
@pytest.mark.parametrize("version", [Version.V2, Version.V4])
def test_signature_is_valid_for_one_key(
    service: Service, version: Version, place: SignedIn
) -> None:
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


@rows("query", *CASES["signature_of_oss_beside_a_mark_of_s3_is_refused"])
@rows("mark", ("x-oss-s3-compat", "true"), ("Host", "s3.localhost"), ("x-amz-date", "now"))
def test_signature_of_oss_beside_a_mark_of_s3_is_refused(
    service: Service, query: str, mark: tuple[str, str]
) -> None:
    """The request does not count as anonymous, even if anonymous callers may send it."""
    request = Request.parse("PUT", "/bucket?acl", [HOST, ("x-oss-acl", "public-read")], NOW)
    service.handle(request, caller=service.accounts.owner)
    headers = (mark,) if mark[0] == "Host" else (HOST, mark)
    assert answer(service, Sent("GET", "/bucket/a", headers)).status == 200
    assert refused(service, Sent("GET", f"/bucket/a?{query}", headers))[0] in (400, 403)


# --- repeated names, and texts that can be read in two ways


@every_scheme
@rows("name", "response-content-type", "%72esponse-content-type")
def test_signed_parameter_is_not_given_twice(service: Service, scheme: Scheme, name: str) -> None:
    """Neither before nor after the signed one, in any spelling."""
    signed = scheme.sign(put("/bucket/a?response-content-type=text/x", method="GET"))
    path, _, query = signed.target.partition("?")
    for target in (f"{path}?{name}=text/y&{query}", f"{path}?{query}&{name}=text/y"):
        assert refused(service, signed._replace(target=target)) in (
            (400, "InvalidArgument"),
            (403, "SignatureDoesNotMatch"),
        )


@every_scheme
def test_signed_header_is_not_given_twice(service: Service, scheme: Scheme) -> None:
    name = f"x-{'oss' if scheme.dialect is Dialect.OSS else 'amz'}-meta-a"
    signed = scheme.sign(put("/bucket/new", (name, "1")))
    for headers in (
        (*signed.headers, (name.title(), "2")),
        ((name, "2"), *signed.headers),
        ((name, "1"), *signed.headers),
    ):
        assert refused(service, signed._replace(headers=headers))[0] in (400, 403)


def test_listing_that_version_1_signs_also_reads_the_access_tracking(service: Service) -> None:
    """P-12: oss2 does not sign `accessmonitor`, so nothing else can be required."""
    signed = OSS_V1.sign(put("/bucket?prefix=a", method="GET"))
    found = answer(service, signed.adding("accessmonitor"))
    assert (found.status, b"<AccessMonitorConfiguration>" in found.body) == (200, True)


@rows("scheme", OSS_V1, S3_V2)
@rows("query, other", *CASES["signature_of_unencoded_parameters_is_valid_for_one_reading"])
def test_signature_of_unencoded_parameters_is_valid_for_one_reading(
    service: Service, scheme: Scheme, query: str, other: str
) -> None:
    signed = scheme.sign(put(f"/bucket/a?{query}", method="GET"))
    assert answer(service, signed).status == 200
    refused(service, signed._replace(target=signed.target.replace(query, other)))


def test_processed_image_of_version_1_is_not_read_as_it_was_stored(service: Service) -> None:
    """`x-oss-process%3Dimage` is another name, but was signed like `x-oss-process=image`."""
    signed = OSS_V1.sign(put("/bucket/a?x-oss-process=image/info", method="GET"))
    changed = signed._replace(target=signed.target.replace("process=", "process%3D"))
    assert refused(service, changed) == (400, "InvalidArgument")


def test_key_of_version_1_that_reads_like_a_subresource_is_refused(service: Service) -> None:
    """The string to sign does not show where the key ends (P-12)."""
    signed = OSS_V1.sign(put("/bucket/a?acl", method="GET"))
    assert answer(service, signed).status == 200
    changed = signed._replace(target=signed.target.replace("?acl&", "%3Facl?"))
    assert refused(service, changed) == (400, "InvalidArgument")
    other = Scheme(Dialect.OSS, Version.V4, SignedIn.URL).sign(put("/bucket/a%3Facl", method="GET"))
    assert answer(service, other).body == b"asks"


def test_line_end_in_a_hoisted_header_is_refused(service: Service) -> None:
    """In the string to sign of version 2, it would begin another header."""
    signed = S3_V2.sign(put("/bucket/b?x-amz-acl=private&x-amz-meta-a=1"))
    joined = signed.target.replace("&x-amz-meta-a=1", "%0Ax-amz-meta-a:1")
    assert refused(service, signed._replace(target=joined)) == (403, "AccessDenied")


def test_blanks_beyond_ascii_are_signed(service: Service) -> None:
    """These blanks belong to the value, unlike spaces around it (RFC 9110)."""
    for scheme in SCHEMES:
        name = f"x-{'oss' if scheme.dialect is Dialect.OSS else 'amz'}-meta-a"
        signed = scheme.sign(put("/bucket/new", (name, "1")))
        headers = tuple((key, "1\u3000" if key == name else text) for key, text in signed.headers)
        assert refused(service, signed._replace(headers=headers)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("scheme", "query", "headers"),
    [
        (S3_V4, "x-amz-acl=private&X-Amz-Acl=public-read", ()),
        (S3_V4, "response-expires=a&%72esponse-expires=b", ()),
        (S3_V2, "x-amz-acl=private", (("x-amz-acl", "public-read"),)),
    ],
)
def test_name_that_was_signed_twice_is_refused(
    service: Service, scheme: Scheme, query: str, headers: tuple[tuple[str, str], ...]
) -> None:
    signed = scheme.sign(put(f"/bucket/new?{query}", *headers))
    assert refused(service, signed) == (400, "InvalidArgument")


@pytest.mark.parametrize("scheme", [OSS_V1, S3_V2], ids=str)
def test_empty_content_type_is_none(service: Service, scheme: Scheme) -> None:
    """Versions 1 and 2 sign an empty type like a missing one."""
    signed = scheme.sign(put("/bucket/new"))
    assert answer(service, signed.adding("", ("Content-Type", ""))).status == 200
    item = service.storage.object("bucket", "new")
    assert item is not None
    assert item.headers == {"Content-Type": "application/octet-stream"}


# --- any change

OF_BOTH = [
    put("/bucket/a", method="GET"),
    put("/bucket/a", method="DELETE"),
    put("/bucket/a?versionId=null&response-content-type=text/x", method="GET"),
    put("/bucket/a%2Bb", method="GET"),
    put("/bucket/a%20b", method="HEAD"),
    put("/bucket?prefix=a&max-keys=5&acl", method="GET"),
    put("/bucket?prefix=a&max-keys=5", method="GET"),
    put("/bucket/new", ("Content-Type", "text/x")),
    put("/bucket/new?uploads", ("Content-Type", "text/x"), method="POST"),
    put("/new-bucket"),
    put("/bucket"),
    put("/", method="GET"),
]
OF_OSS = [
    put("/bucket/new", ("x-oss-meta-a", "1 2"), ("x-oss-object-acl", "private")),
    put("/bucket/copy", ("x-oss-copy-source", "/bucket/a"), ("x-oss-storage-class", "IA")),
    put("/bucket/a?x-oss-traffic-limit=819200", method="GET"),
    put("/bucket?acl", ("x-oss-acl", "private")),
]
OF_S3 = [
    put("/bucket/new", ("x-amz-meta-a", "1 2"), ("x-amz-acl", "private")),
    put("/bucket/copy", ("x-amz-copy-source", "/bucket/a"), ("x-amz-storage-class", "STANDARD_IA")),
    put("/bucket?acl", ("x-amz-acl", "private")),
]
OF_S3_IN_THE_URL = [
    put("/bucket/copy?x-amz-copy-source=/bucket/a&x-amz-acl=private"),
    put("/bucket/new?x-amz-meta-a=1%202&x-amz-storage-class=STANDARD"),
]


def requests(scheme: Scheme) -> list[Sent]:
    if scheme.dialect is Dialect.OSS:
        return OF_BOTH + OF_OSS
    return OF_BOTH + OF_S3 + OF_S3_IN_THE_URL * (scheme.place is SignedIn.URL)


Effect = tuple[Any, ...]


@cache
def _restorable() -> tuple[Service, controls.Snapshot]:
    """Return a service, and the contents to restore before each request."""
    service = serve()
    return service, controls.take_snapshot(service.storage)


def effect(sent: Sent) -> Effect | None:
    """Return the effect of a request on a service and its answer; None if it is refused."""
    service, fresh = _restorable()
    controls.restore_snapshot(service.storage, fresh)
    before = state(service.storage)
    request = sent.request()
    admission = service.admit(request).known
    found = service.handle(request, sent.body)
    after = state(service.storage)
    if found.status >= 400:
        assert after == before, "a refused request changes nothing"
        return None
    headers = {name: value for name, value in found.headers.items() if name not in _RANDOM}
    reads = found.body if before == after and admission.operation.name != "" else b""
    limit = admission.traffic_limit
    return admission.operation.name, admission.target, limit, found.status, headers, reads, after


_RANDOM = {
    "Content-Length",
    *(
        f"x-{of}-{name}"
        for of in ("oss", "amz")
        for name in ("version-id", "copy-source-version-id")
    ),
    "x-amz-request-id",
}


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_changed_request_is_refused_or_does_exactly_what_was_signed(scheme: Scheme) -> None:
    """P-20: whatever is changed, added, repeated, encoded again or moved."""
    chance = random.Random(str(scheme))  # noqa: S311
    originals = [(sent, effect(sent)) for sent in map(scheme.sign, requests(scheme))]
    assert [sent.target for sent, done in originals if done is None] == []
    outcomes = Counter[bool]()
    for _ in range(cases(60, 10_000 // len(SCHEMES))):
        sent, done = chance.choice(originals)
        changed = alter(sent, scheme, chance)
        found = effect(changed)
        outcomes[found is None] += 1
        assert found in (None, done), f"{changed} does more than {sent}"
    assert min(outcomes[True], outcomes[False]) > 0, "all are refused, or none"


# --- forms: a policy covers what is stored, whatever the name of the field (P-75)

FORMS = {"oss": forms.sign_v1, "s3": forms.sign_s3}


def post(service: Service, dialect: str, condition: Any, *fields: tuple[str, str]) -> Response:
    """Post a form with a policy of one condition; a field `@NAME` is sent as a header."""
    signed = FORMS[dialect](forms.policy([condition]))
    sent = [("key", "new"), *signed, *(field for field in fields if field[0][0] != "@")]
    headers = [(name[1:], value) for name, value in fields if name[0] == "@"]
    request = Request.parse("POST", "/bucket", [HOST, ("Content-Type", forms.TYPE), *headers], NOW)
    return service.handle(request, forms.form(sent))


@rows("condition", "acl", "x-amz-acl", "x-oss-object-acl")
@rows(("dialect", "fields"), *CASES["policy_decides_on_the_acl_that_the_object_gets"])
def test_policy_decides_on_the_acl_that_the_object_gets(
    service: Service, condition: str, dialect: str, fields: dict[str, str]
) -> None:
    stored = []
    for wanted in ("private", "public-read"):
        if post(service, dialect, {condition: wanted}, *fields.items()).status == 204:
            item = service.storage.object("bucket", "new")
            stored.append((wanted, item and str(item.acl)))
    assert stored in ([("private", "private")], [("public-read", "public-read")])


@pytest.mark.parametrize(
    ("condition", "wanted"), CASES["policy_decides_on_the_storage_class_that_the_object_gets"]
)
def test_policy_decides_on_the_storage_class_that_the_object_gets(
    service: Service, condition: str, wanted: str
) -> None:
    for fields, status in (
        ({"x-amz-storage-class": "GLACIER", "x-oss-storage-class": "IA"}, 403),
        ({"x-amz-storage-class": "GLACIER"}, 403),
        ({"x-oss-storage-class": "Archive", "x-amz-meta-a": "1"}, 403),
        ({"x-amz-storage-class": "STANDARD_IA", "x-oss-storage-class": "Archive"}, 204),
        ({"x-oss-storage-class": "IA"}, 204),
    ):
        assert post(service, "s3", {condition: wanted}, *fields.items()).status == status, fields
    item = service.storage.object("bucket", "new")
    assert item is not None
    assert item.storage_class == "IA"


# --- the names that the package reads


@cache
def names_read() -> dict[str, dict[str, str]]:
    """Find the names that the package reads in each mapping of a request, each with a place."""
    found: dict[str, dict[str, str]] = {"query": {}, "headers": {}}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if place.startswith(("protocol/", "pipeline/", "operations/", "documents/", "access/")):
            module = import_module(
                f"oss_emulator.{place.removesuffix('/__init__').replace('/', '.')}"
            )
            for node in ast.walk(ast.parse(path.read_text())):
                mapping, name = _name_read(node)
                if name is not None and mapping in found:
                    value = _constant(name, vars(module))
                    if value is not None:
                        found[mapping][value] = place
    return found


def _name_read(node: ast.AST) -> tuple[str, ast.expr | None]:
    """Return mapping and name in `mapping[name]`, `mapping.get(name)` and `name in mapping`."""
    match node:
        case ast.Subscript(value=of, slice=name):
            pass
        case ast.Call(func=ast.Attribute(value=of, attr="get"), args=[name, *_]):
            pass
        case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[of]):
            pass
        case _:
            return "", None
    return getattr(of, "attr", getattr(of, "id", "")), name


def _constant(name: ast.expr, names: dict[str, Any]) -> str | None:
    match name:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name() | ast.Attribute():
            found: Any = names.get(ast.unparse(name).split(".")[0])
            for part in ast.unparse(name).split(".")[1:]:
                found = getattr(found, part, None)
            return found if isinstance(found, str) else None
        case _:
            return None


def test_each_parameter_that_is_read_is_known() -> None:
    """Otherwise a signature would not cover it: V1 signs some of `KNOWN`, S3 refuses others."""
    read = names_read()["query"]
    assert {"prefix", "versionId", "regions", "category"} <= read.keys()
    signing = s3.PARAMETERS | s3.MARKS_OF_OSS
    known = KNOWN.keys() | signing
    unknown = {name for name in read if name not in known and not is_parameter(name)}
    assert not unknown, {name: read[name] for name in unknown}


def test_each_header_that_is_read_is_signed_or_listed() -> None:
    read = {name: place for name, place in names_read()["headers"].items() if name.islower()}
    assert {"range", "x-oss-acl", "origin", "content-md5"} <= read.keys()
    signing = {"authorization", "date", "security-token"}  # a token must belong to its key (P-16)
    for (dialect, version), parts in UNSIGNED_PARTS.items():
        signed = {"content-md5", "content-type", "host"} - parts.headers
        listed = parts.headers | signed | signing
        missing = {
            name: place
            for name, place in read.items()
            if name not in listed and not name.startswith(("x-oss-", "x-amz-"))
        }
        assert not missing, (dialect, version, missing)
