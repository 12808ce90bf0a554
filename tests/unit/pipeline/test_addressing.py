"""The bucket and the operation of a request; `fixtures/exchanges/addresses.txt` has more."""

from __future__ import annotations

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
from tests.rows import rows
from tests.unit.pipeline.service import PAGE, SETTINGS, accelerate, ask, serve, serve_as_of

# --- Addresses: the style, the endpoint's region, transfer acceleration, proxies

OSS = "oss-cn-hangzhou.aliyuncs.com"
ELSEWHERE = "oss-cn-beijing.aliyuncs.com"


def code_of(request: Request, *, strict: bool, accelerated: bool = False) -> str:
    """Return the code of the error that an anonymous request gets, or "" if it is admitted."""
    service = serve(replace(SETTINGS, strict_addressing=strict))
    if accelerated:
        accelerate(service)
    outcome = service.admit(request)
    return outcome.error.code if isinstance(outcome, Refused) else ""


@rows(("host", "code"), (f"public-bucket.{OSS}", ""), ("elsewhere.test", "ProxyForbidden"))
def test_proxy_answers_only_for_its_own_hosts(host: str, code: str) -> None:
    request = ask("GET", f"http://{host}/a", {"Referer": PAGE})
    assert code_of(request, strict=False) == code


JAVA = {"User-Agent": "aliyun-sdk-java/3.17.4(Linux/6.1/amd64;17.0.21)"}
WRONG = {"Authorization": f"OSS {ACCESS_KEY_ID}:bm8="}
URL = f"OSSAccessKeyId={ACCESS_KEY_ID}&Expires=4102444800&Signature=bm8%3D"
BUCKET_IN_HOST = (
    "With --strict-addressing, the bucket must be in the host, not in the path: use an endpoint "
    "of aliyuncs.com with this server as the proxy, or a host such as BUCKET.localhost."
)
AS_JAVA = (
    "Unless setSLDEnabled(true) was called, the SDK for Java leaves out the bucket at an address"
)


def detail_of(request: Request, *, strict: bool = False) -> object:
    """Return the detail that the error of a refused request adds to its message."""
    outcome = serve(replace(SETTINGS, strict_addressing=strict)).admit(request)
    assert isinstance(outcome, Refused)
    return outcome.error.details.get("ErrorDetail")


@rows(
    ("host", "target", "headers", "detail"),
    ("127.0.0.1:9000", "/", JAVA, BUCKET_IN_HOST),
    (f"public-bucket.{OSS}", "/public-bucket/a", WRONG, BUCKET_IN_HOST),
    ("127.0.0.1:9000", "/a.png", JAVA, None),  # SecondLevelDomainForbidden says it
    ("127.0.0.1:9000", "/a.png", {}, None),
    ("127.0.0.1:9000", f"/a.png?{URL}", {}, None),
)
def test_no_client_is_told_to_use_path_style_where_it_is_refused(
    host: str, target: str, headers: dict[str, str], detail: str | None
) -> None:
    """P-06"""
    request = ask("PUT", target, {"Date": formatdate(usegmt=True), **headers}, host)
    assert detail_of(request) is not None
    assert detail_of(request, strict=True) == detail


def test_server_of_a_region_of_its_own_creates_buckets_in_it() -> None:
    """`--region` may have a name that the service does not have."""
    service = serve(replace(SETTINGS, region="here-1"))
    for region, status in (("here-1", 200), ("cn-beijing", 200), ("there-1", 400)):
        request = ask("PUT", "/", host=f"made-in-{region}.oss-{region}.aliyuncs.com")
        assert service.handle(request, caller=service.accounts.owner).status == status
        assert (service.storage.bucket(f"made-in-{region}") is None) is (status == 400)


def test_sdk_for_java_is_told_to_use_https_where_it_does() -> None:
    """P-02"""
    request = ask("PUT", "/", JAVA, "127.0.0.1:9443")._replace(secure=True)
    told = f"{AS_JAVA}: call it, or use the endpoint https://localhost:9443."
    assert detail_of(request) == told


@rows(
    ("operation", "host", "region", "refused"),
    ("GetObject", f"public-bucket.{OSS}", "cn-hangzhou", True),
    ("GetObjectLegalHold", f"public-bucket.{OSS}", "cn-hangzhou", True),
    ("DeleteMultipleObjects", f"public-bucket.{OSS}", "cn-hangzhou", True),
    ("GetBucketAcl", f"public-bucket.{OSS}", "cn-hangzhou", False),
    ("OptionObject", f"public-bucket.{OSS}", "cn-hangzhou", False),
    ("GetObject", f"public-bucket.{ELSEWHERE}", "cn-hangzhou", False),
    ("GetObject", "static.example.com", "cn-hangzhou", False),
    ("GetObject", "public-bucket.oss-us-west-1.aliyuncs.com", "us-west-1", False),
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


# --- Routing: the operation of a request

DISPATCHER = Dispatcher(OPERATIONS)
SERVICE, BUCKET, OBJECT = Target(), Target("b"), Target("b", "k")
COPY = {"x-oss-copy-source": "/b/a"}


def find(method: str, target: Target, query: str, headers: dict[str, str] | None = None) -> str:
    return DISPATCHER.find(ask(method, f"/?{query}", headers), target).name


@rows(
    ("method", "target", "query", "headers", "name"),
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
)
def test_most_specific_operation_is_found(
    method: str, target: Target, query: str, headers: dict[str, str], name: str
) -> None:
    assert find(method, target, query, headers) == name


def test_every_operation_is_found_by_its_declaration() -> None:
    for item in OPERATIONS:
        target = {"service": SERVICE, "bucket": BUCKET, "object": OBJECT}[item.resource]
        headers = {item.header: "/b/a"} if item.header else {}
        found = DISPATCHER.find(ask(item.method, f"/?{item.subresource}", headers), target)
        assert found is item, item.name
