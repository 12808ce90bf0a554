"""P-40, P-49: a known sub-resource selects its operation, or gets 501 with a name."""

from __future__ import annotations

from itertools import product

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.operations.operation import Operation, Resource
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.unit.operations.service import Caller

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
