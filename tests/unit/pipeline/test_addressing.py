"""Which bucket and which operation a request is for."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from email.utils import formatdate

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline import addressing
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request

from tests.client import ACCESS_KEY_ID
from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve, serve_as_of

# --- Addresses: the style, the endpoint's region, transfer acceleration, proxies

OSS = "oss-cn-hangzhou.aliyuncs.com"
ELSEWHERE = "oss-cn-beijing.aliyuncs.com"
ACCELERATE = "oss-accelerate.aliyuncs.com"
ACCELERATED = (
    b"<TransferAccelerationConfiguration><Enabled>true</Enabled>"
    b"</TransferAccelerationConfiguration>"
)


def code_of(request: Request, *, strict: bool, accelerated: bool = False) -> str:
    """Return the code of the error that an anonymous request gets, or "" if it is admitted."""
    service = serve(replace(SETTINGS, strict_addressing=strict))
    if accelerated:
        put(service, "/public-bucket?transferAcceleration", ACCELERATED)
    outcome = service.admit(request)
    return outcome.error.code if isinstance(outcome, Refused) else ""


@pytest.mark.parametrize(
    ("host", "target", "lenient", "strict"),
    [
        (f"public-bucket.{OSS}", "/a", "", ""),
        (OSS, "/public-bucket/a", "", "SecondLevelDomainForbidden"),
        ("localhost", "/public-bucket/a", "", "SecondLevelDomainForbidden"),
        (OSS, "/no-bucket/a", "NoSuchBucket", "SecondLevelDomainForbidden"),
        (f"public-bucket.{ELSEWHERE}", "/a", "AccessDenied", "AccessDenied"),
        (f"no-bucket.{ELSEWHERE}", "/a", "NoSuchBucket", "NoSuchBucket"),
        (f"public-bucket.{ACCELERATE}", "/a", "", "TransferAccelerationDisabled"),
        ("not a host", "/a", "BadRequest", "BadRequest"),
        ("nobody.test", "/a", "NoSuchBucket", "NoSuchBucket"),
        (OSS, "/", "AccessDenied", "AccessDenied"),  # ListBuckets, which no bucket's host answers
        ("localhost", "/", "AccessDenied", "AccessDenied"),
    ],
)
def test_bucket_is_reached_by_its_addresses(
    host: str, target: str, lenient: str, strict: str
) -> None:
    """P-06"""
    request = ask("GET", target, {"Referer": PAGE}, host)
    assert code_of(request, strict=False) == lenient
    assert code_of(request, strict=True) == strict


def test_accelerated_bucket_is_reached_by_the_accelerate_endpoint() -> None:
    request = ask("GET", "/a", {"Referer": PAGE}, f"public-bucket.{ACCELERATE}")
    assert code_of(request, strict=True, accelerated=True) == ""


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("cn-hangzhou", ""),
        ("cn-beijing", ""),
        ("ap-south-1", ""),  # closed
        ("cn-bejing", "InvalidLocationConstraint"),
    ],
)
def test_bucket_is_created_in_the_region_of_its_endpoint(region: str, code: str) -> None:
    service, host = serve(), f"new-bucket.oss-{region}.aliyuncs.com"
    answer = service.handle(ask("PUT", "/", host=host), caller=service.accounts.owner)
    assert isinstance(answer.body, bytes)
    assert (b"<Code>" + code.encode() in answer.body) == bool(code)
    created = service.storage.bucket("new-bucket")
    assert (created.region if created else "") == ("" if code else region)


def test_bucket_of_another_region_is_reached_at_its_own_endpoint_only() -> None:
    service, host = serve(), f"new-bucket.{ELSEWHERE}"
    headers = {"x-oss-acl": "public-read"}
    service.handle(ask("PUT", "/", headers, host), caller=service.accounts.owner)
    expected = {
        host: "NoSuchKey",
        "new-bucket.localhost": "NoSuchKey",
        f"new-bucket.{ACCELERATE}": "NoSuchKey",
        f"new-bucket.{OSS}": "AccessDenied",
        "new-bucket.oss-cn-shanghai.aliyuncs.com": "AccessDenied",
    }
    for asked, code in expected.items():
        answer = service.handle(ask("GET", "/a", host=asked)).body
        assert isinstance(answer, bytes)
        assert f"<Code>{code}</Code>".encode() in answer, asked
        if code == "AccessDenied":
            assert f"<Endpoint>{ELSEWHERE}</Endpoint>".encode() in answer


@pytest.mark.parametrize(
    ("host", "code"), [(f"public-bucket.{OSS}", ""), ("elsewhere.test", "ProxyForbidden")]
)
def test_proxy_answers_only_for_its_own_hosts(host: str, code: str) -> None:
    request = ask("GET", f"http://{host}/a", {"Referer": PAGE})
    assert code_of(request, strict=False) == code


@pytest.mark.parametrize(
    ("host", "target", "code", "endpoint"),
    [
        (
            "127.0.0.1:9000",
            "/dir/a?x-oss-signature-version=OSS4-HMAC-SHA256",
            "NoSuchBucket",
            "http://localhost:9000",
        ),
        ("[::1]", "/a.png?Signature=a", "InvalidBucketName", "http://localhost"),
        ("192.0.2.2:9000", "/dir/a?Signature=a", "NoSuchBucket", "a host name"),
        ("127.0.0.1:9000", "/dir/a", "NoSuchBucket", None),
        ("localhost:9000", "/dir/a?Signature=a", "NoSuchBucket", None),
        (f"no-bucket.{OSS}", "/a?Signature=a", "NoSuchBucket", None),
    ],
)
def test_signed_url_without_a_bucket_is_told_apart_at_an_address(
    host: str, target: str, code: str, endpoint: str | None
) -> None:
    """P-02: ali-oss signs such URLs for an endpoint that is an address."""
    outcome = serve().admit(ask("GET", target, host=host))
    assert isinstance(outcome, Refused)
    assert outcome.error.code == code
    found = re.search("use (.*) as the endpoint, with sldEnable", str(outcome.error.details))
    assert (found and found[1]) == endpoint


JAVA = {"User-Agent": "aliyun-sdk-java/3.17.4(Linux/6.1/amd64;17.0.21)"}
WRONG = {"Authorization": f"OSS {ACCESS_KEY_ID}:bm8="}
URL = f"OSSAccessKeyId={ACCESS_KEY_ID}&Expires=4102444800&Signature=bm8%3D"
BUCKET_FIRST = "The path begins with the name of the bucket, which has 3 to 63 "
BUCKET_TWICE = "The path too seems to name the bucket. If ali-oss sent this "
BUCKET_IN_HOST = (
    "With --strict-addressing, the bucket must be in the host, not in the path: use an endpoint "
    "of aliyuncs.com with this server as the proxy, or a host such as BUCKET.localhost."
)
AS_JAVA = (
    "Unless setSLDEnabled(true) was called, the SDK for Java leaves out the bucket at an address"
)


def detail_of(request: Request, *, strict: bool = False) -> object:
    """Return what the error of a refused request adds to its message."""
    outcome = serve(replace(SETTINGS, strict_addressing=strict)).admit(request)
    assert isinstance(outcome, Refused)
    return outcome.error.details.get("ErrorDetail")


@pytest.mark.parametrize(
    ("host", "target", "headers", "detail"),
    [
        ("127.0.0.1:9000", "/a.png", {}, BUCKET_FIRST),
        ("localhost", "/a", {}, BUCKET_FIRST),
        ("", "/a", {}, BUCKET_FIRST),  # as HTTP/1.0 may omit the host
        ("127.0.0.1:9000", "/favicon.ico", {}, None),  # a browser asks by itself
        (OSS, "/a", {}, None),
        ("127.0.0.1:9000", "/no-bucket/a", {}, None),
        ("127.0.0.1:9000", "/?referer", WRONG, None),
        ("127.0.0.1:9000", "/", WRONG, None),
        (f"public-bucket.{OSS}", "/public-bucket/a", WRONG, BUCKET_TWICE),
        (f"public-bucket.{OSS}", "/public-buckets/a", WRONG, None),
        (OSS, "/public-bucket/public-bucket/a", WRONG, None),
        (f"no-bucket.{OSS}", "/no-bucket/a", {}, None),
        ("127.0.0.1:9000", f"/private-bucket/a?{URL}", {}, None),
    ],
)
def test_client_that_misnames_the_bucket_is_told(
    host: str, target: str, headers: dict[str, str], detail: str | None
) -> None:
    """P-02: the service's message alone names no cause."""
    found = detail_of(ask("GET", target, {"Date": formatdate(usegmt=True), **headers}, host))
    assert (found is None) if detail is None else str(found).startswith(detail)


@pytest.mark.parametrize(
    ("method", "target", "is_told"),
    [
        ("GET", "/", True),
        ("PUT", "/", True),  # CreateBucket
        ("PUT", "/?referer", True),
        ("GET", "/?referer", True),
        ("DELETE", "/", True),
        ("PUT", "/a.png", True),
        ("GET", "/no-bucket/a", True),
        ("GET", "/public-bucket/a", True),  # a wrong secret, perhaps
        ("PATCH", "/public-bucket", False),  # no operation, with the bucket where it belongs
    ],
)
def test_sdk_for_java_is_told_how_to_name_the_bucket_at_an_address(
    method: str, target: str, is_told: bool
) -> None:
    """P-02: it takes an IP address for the domain of a bucket, so it leaves out the bucket."""
    sent = {"Date": formatdate(usegmt=True), **JAVA, **WRONG}
    said = f"{AS_JAVA}: call it, or use the endpoint http://localhost:9000."
    found = detail_of(ask(method, target, sent, "127.0.0.1:9000"))
    assert found == (said if is_told else None)
    assert AS_JAVA not in str(detail_of(ask(method, target, sent, "localhost:9000")))


@pytest.mark.parametrize(
    ("host", "secure", "advice"),
    [
        ("127.0.0.1:9443", True, "call it, or use the endpoint https://localhost:9443."),
        ("[::1]", False, "call it, or use the endpoint http://localhost."),
        ("192.0.2.2:9000", False, "call it."),
    ],
)
def test_sdk_for_java_is_told_an_endpoint_that_it_can_reach(
    host: str, secure: bool, advice: str
) -> None:
    request = ask("PUT", "/", JAVA, host)._replace(secure=secure)
    assert detail_of(request) == f"{AS_JAVA}: {advice}"


@pytest.mark.parametrize(
    ("host", "target", "headers", "detail"),
    [
        ("127.0.0.1:9000", "/", JAVA, BUCKET_IN_HOST),
        (f"public-bucket.{OSS}", "/public-bucket/a", WRONG, BUCKET_IN_HOST),
        ("127.0.0.1:9000", "/a.png", JAVA, None),  # SecondLevelDomainForbidden says it
        ("127.0.0.1:9000", "/a.png", {}, None),
        ("127.0.0.1:9000", f"/a.png?{URL}", {}, None),
    ],
)
def test_no_client_is_told_to_use_path_style_where_it_is_refused(
    host: str, target: str, headers: dict[str, str], detail: str | None
) -> None:
    """P-06"""
    request = ask("PUT", target, {"Date": formatdate(usegmt=True), **headers}, host)
    assert detail_of(request) is not None
    assert detail_of(request, strict=True) == detail


def test_server_of_a_region_of_its_own_creates_buckets_in_it() -> None:
    """A name that the service does not have, as `--region` may give."""
    service = serve(replace(SETTINGS, region="here-1"))
    for region, status in (("here-1", 200), ("cn-beijing", 200), ("there-1", 400)):
        request = ask("PUT", "/", host=f"made-in-{region}.oss-{region}.aliyuncs.com")
        assert service.handle(request, caller=service.accounts.owner).status == status
        assert (service.storage.bucket(f"made-in-{region}") is None) is (status == 400)


@pytest.mark.parametrize(
    ("operation", "host", "region", "refused"),
    [
        ("GetObject", f"public-bucket.{OSS}", "cn-hangzhou", True),
        ("GetObjectLegalHold", f"public-bucket.{OSS}", "cn-hangzhou", True),
        ("DeleteMultipleObjects", f"public-bucket.{OSS}", "cn-hangzhou", True),
        ("GetBucketAcl", f"public-bucket.{OSS}", "cn-hangzhou", False),
        ("OptionObject", f"public-bucket.{OSS}", "cn-hangzhou", False),
        ("GetObject", f"public-bucket.{ELSEWHERE}", "cn-hangzhou", False),
        ("GetObject", "static.example.com", "cn-hangzhou", False),
        ("GetObject", "public-bucket.oss-us-west-1.aliyuncs.com", "us-west-1", False),
    ],
)
def test_data_calls_at_the_public_endpoint_need_a_custom_domain(
    operation: str, host: str, region: str, refused: bool
) -> None:
    """P-60"""
    found = next(item for item in OPERATIONS if item.name == operation)
    admission = Admission(ask("GET", "/a", host=host), "id", operation=found, region=region)
    with pytest.raises(OSSError, match="PublicEndpoint") if refused else nullcontext():
        addressing.check_domain(admission, serve_as_of(None, new_account=True))
    addressing.check_domain(admission, serve())
    addressing.check_domain(replace(admission, trusted=True), serve_as_of(None, new_account=True))


# --- Routing: the operation of a request, and requests that are not emulated

DISPATCHER = Dispatcher(OPERATIONS)
SERVICE, BUCKET, OBJECT = Target(), Target("b"), Target("b", "k")
COPY = {"x-oss-copy-source": "/b/a"}


def find(method: str, target: Target, query: str, headers: dict[str, str] | None = None) -> str:
    return DISPATCHER.find(ask(method, f"/?{query}", headers), target).name


@pytest.mark.parametrize(
    ("method", "target", "query", "headers", "name"),
    [
        ("GET", SERVICE, "", {}, "ListBuckets"),
        ("GET", BUCKET, "", {}, "ListObjects"),
        ("GET", BUCKET, "list-type=2", {}, "ListObjectsV2"),
        ("GET", BUCKET, "prefix=a&acl", {}, "GetBucketAcl"),
        ("GET", OBJECT, "", {}, "GetObject"),
        ("GET", OBJECT, "20240101", {}, "GetObject"),
        ("GET", OBJECT, "versionId=1", {}, "GetObject"),
        ("PUT", OBJECT, "x-param-null&Signature=s", {}, "PutObject"),  # P-49
        ("PUT", OBJECT, "somethingNew", COPY, "CopyObject"),
        ("PUT", OBJECT, "", {}, "PutObject"),
        ("PUT", OBJECT, "", COPY, "CopyObject"),
        ("PUT", OBJECT, "partNumber=1&uploadId=2", {}, "UploadPart"),
        ("PUT", OBJECT, "partNumber=1&uploadId=2", COPY, "UploadPartCopy"),
        ("GET", BUCKET, "inventory", {}, "ListBucketInventory"),
        ("GET", BUCKET, "inventory&inventoryId=1", {}, "GetBucketInventory"),
        ("POST", BUCKET, "cname&comp=token", {}, "CreateCnameToken"),
        ("POST", BUCKET, "", {}, "PostObject"),
        ("OPTIONS", OBJECT, "acl&somethingNew", {}, "OptionObject"),
    ],
)
def test_most_specific_operation_is_found(
    method: str, target: Target, query: str, headers: dict[str, str], name: str
) -> None:
    assert find(method, target, query, headers) == name


@pytest.mark.parametrize(
    ("method", "target", "query", "subresource"),
    [
        ("PATCH", OBJECT, "", ""),
        ("PUT", OBJECT, "udfImageDesc", "udfImageDesc"),
        ("PUT", OBJECT, "group", "group"),
        ("POST", OBJECT, "somethingNew", "somethingNew"),
        ("DELETE", OBJECT, "somethingNew", "somethingNew"),
        ("GET", BUCKET, "somethingNew", "somethingNew"),
        ("GET", BUCKET, "inventoryId=1", "inventoryId"),
        ("POST", BUCKET, "cname&comp=new", "cname&comp=new"),
        ("OPTIONS", SERVICE, "", ""),
    ],
)
def test_missing_operation_is_named(
    method: str, target: Target, query: str, subresource: str
) -> None:
    """P-40"""
    with pytest.raises(OSSError, match="is not emulated") as raised:
        find(method, target, query)
    error = raised.value
    assert (error.status, error.details["Method"]) == (501, method)
    assert error.details["SubResource"] == subresource


def test_post_to_an_object_without_a_subresource_is_not_allowed() -> None:
    with pytest.raises(OSSError, match="MethodNotAllowed"):
        find("POST", OBJECT, "")


def test_every_operation_is_found_by_its_declaration() -> None:
    for item in OPERATIONS:
        target = {"service": SERVICE, "bucket": BUCKET, "object": OBJECT}[item.resource]
        headers = {item.header: "/b/a"} if item.header else {}
        found = DISPATCHER.find(ask(item.method, f"/?{item.subresource}", headers), target)
        assert found is item, item.name
