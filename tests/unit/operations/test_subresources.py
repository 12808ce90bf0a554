"""P-40, P-49: a known sub-resource selects its operation, or gets 501 with a name."""

from __future__ import annotations

from itertools import product

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.rows import read_cases, rows
from tests.unit.operations.service import Caller

CASES = read_cases("unit.operations")


TARGETS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/a"}
CONTENT = b"the bytes of the object"
UNKNOWN_KEY = (
    "OSS4-HMAC-SHA256 Credential=nobody/20250615/cn-hangzhou/{}/aliyun_v4_request,Signature=0"
)

# Operations whose answer is not 501.
ANSWERED = {
    (item.method, item.resource, item.subresource)
    for item in (*OPERATIONS, *NOT_EMULATED)
    if item.refusal is not ErrorCase.NOT_IMPLEMENTED
}


def sent(item: Operation) -> tuple[str, dict[str, str]]:
    """Return the target and the headers of a request for an operation that is not emulated."""
    query = f"?{item.subresource}" if item.subresource else ""
    if item.resource not in (Resource.VECTORS, Resource.TABLES):
        return f"{TARGETS[item.resource]}{query}", {}
    host = f"name-1234567890123456.cn-hangzhou.oss-{item.resource.value}.aliyuncs.com"
    return f"{item.path}{query}", {"Host": host}


def test_each_operation_that_is_not_emulated_is_named(ask: Caller) -> None:
    for item in NOT_EMULATED:
        target, headers = sent(item)
        answer = ask(item.method, target, **headers)
        assert item.refusal is not None
        error = item.refusal.value
        assert (answer.status, answer.code, answer.text("EC") or "") == (
            error.status,
            error.code,
            error.ec,
        ), item.name
        if answer.status == 501:
            assert (answer.text("Message") or "").startswith(f"{item.name} is not"), item.name
            assert answer.text("Method") == item.method


def test_unknown_key_is_refused_before_the_operation(ask: Caller) -> None:
    for item in NOT_EMULATED:
        target, headers = sent(item)
        scope = "osstables" if item.resource is Resource.TABLES else "oss"
        headers |= {"Authorization": UNKNOWN_KEY.format(scope), "x-oss-date": "20250615T150640Z"}
        answer = ask.anonymously(item.method, target, **headers)
        assert (answer.status, answer.code) == (403, "InvalidAccessKeyId"), item.name
    answer = ask.anonymously("GET", "/bucket?newest", **headers | {"Host": "localhost"})
    assert answer.code == "InvalidArgument"  # clients of tables sign nothing else


@rows(
    ("target", "host"),
    ("/a?acl", "bucket-1.cn-hangzhou.oss-vectors.aliyuncs.com"),
    ("/tables", "cn-hangzhou-internal.oss-tables.aliyuncs.com"),
    ("/a", "bucket.cn-hangzhou-j-internal.oss-data-acc.aliyuncs.com"),
    ("/a", "route-opap.oss-cn-qingdao-internal.oss-object-process.aliyuncs.com"),
)
def test_request_elsewhere_reaches_no_object(ask: Caller, target: str, host: str) -> None:
    answer = ask("PUT", target, CONTENT, Host=host)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert target.partition("?")[0] in (answer.text("Message") or "")


@rows(("method", "target", "host", "name"), *CASES["other_spellings_are_named_too"])
def test_other_spellings_are_named_too(
    ask: Caller, method: str, target: str, host: str, name: str
) -> None:
    answer = ask(method, target, Host=host)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert (answer.text("Message") or "").startswith(name)


def test_action_of_a_missing_bucket_gets_404(ask: Caller) -> None:
    """P-94"""
    answer = ask("POST", "/none?metaQuery&action=listDatasets")
    assert (answer.status, answer.text("EC")) == (404, "0015-00000101")


def test_subresource_without_an_operation_gets_501(ask: Caller) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    asked = product(("GET", "HEAD", "PUT", "DELETE", "POST"), TARGETS, sorted(SUBRESOURCES))
    for method, resource, name in asked:
        if (method, resource, name) in ANSWERED:
            continue
        for query in (name, f"{name}=", f"prefix=a&{name}=x&y=1"):
            answer = ask(method, f"{TARGETS[resource]}?{query}")
            assert answer.status == 501, (method, resource, query)
            found = (answer.code, answer.text("SubResource"), answer.text("Method"))
            assert found == ("NotImplemented", name, method), resource
    assert ask("GET", "/bucket/a").body == CONTENT


def test_subresource_never_gets_the_content_of_the_object(ask: Caller) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    for name in sorted(SUBRESOURCES):
        assert ask("GET", f"/bucket/a?{name}").body != CONTENT, name
        assert ask("GET", f"/bucket/a?{name}=value").body != CONTENT, name


@rows("target", *CASES["unknown_component_does_not_select_another_operation"])
def test_unknown_component_does_not_select_another_operation(ask: Caller, target: str) -> None:
    answer = ask("DELETE", target)
    assert answer.code in ("NotImplemented", "NoSuchAccessPoint")


@rows(
    ("agent", "name"),
    ("alibabacloud-python-sdk-v2/1.4.1 (Linux;3.11)/vector-client", "ListVectorBuckets"),
    ("alibabacloud-go-sdk-v2/1.5.1 (linux;go1.22)/vectors-client/mine", "ListVectorBuckets"),
    ("alibabacloud-go-sdk-v2/1.5.1 (linux;go1.22)/tables-client", "GET / of tables"),
)
def test_client_for_another_product_is_known_by_its_agent(
    ask: Caller, agent: str, name: str
) -> None:
    """The request equals that of ListBuckets, which the same caller may also send."""
    assert ask.anonymously("GET", "/").status == 403
    answer = ask.anonymously("GET", "/", User_Agent=agent)
    assert (answer.status, (answer.text("Message") or "").startswith(name)) == (501, True)


def test_invalid_host_is_refused_in_requests_for_other_products(ask: Caller) -> None:
    answer = ask.anonymously("GET", "/", Host="a b", User_Agent="x/vectors-client")
    assert (answer.status, answer.code) == (400, "BadRequest")
