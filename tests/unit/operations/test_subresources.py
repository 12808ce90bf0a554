"""A known sub-resource selects its operation or gets 501 (P-40, P-49); nothing hides an effect."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from urllib.parse import quote

import oss_emulator
import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.operations.operation import BYPASSES, DESCRIBES, ON_VERSION, Operation, Resource
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.parameters import KNOWN, SUBRESOURCES

from tests.rows import read_cases
from tests.thorough import THOROUGH
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


# --- The effects of an operation decide on its actions: nothing in a request may hide one

CASES = read_cases("unit.operations")

SOURCES = (path.read_text() for path in Path(oss_emulator.__file__).parent.rglob("*.py"))
HEADERS = sorted(
    {name for text in SOURCES for name in re.findall(r"\bx-oss-[a-z0-9-]*[a-z0-9]", text)}
)
"""Every header of OSS that the package knows."""

PARAMETERS = [*KNOWN, "x-oss-tagging", "x-oss-tagging-directive", "x-oss-unknown", "20240101"]
VALUES = ["", "1", "null", "COPY", "private", "/bucket/own", "CAEQ0123456789ABCDEF0123"]

EXTRAS: list[tuple[str, dict[str, str]]] = [
    *((f"{quote(name)}={quote(value)}", {}) for name in PARAMETERS for value in VALUES),
    *(("", {name: value}) for name in HEADERS for value in VALUES),
]
"""A query parameter or a header to add to a request."""


def extras(turn: int) -> list[tuple[str, dict[str, str]]]:
    """Return every name with a few of its values, others in each turn; with all if thorough."""
    every = 1 if THOROUGH else len(VALUES) - 2
    return EXTRAS[turn % every :: every]


NO_TAGS = """{"Version": "1", "Statement": [
{"Effect": "Allow", "Principal": ["*"], "Action": ["oss:*"],
 "Resource": ["acs:oss:*:*:bucket", "acs:oss:*:*:bucket/*"]},
{"Effect": "Deny", "Principal": ["*"], "Action": ["oss:PutObjectTagging"],
 "Resource": ["acs:oss:*:*:bucket/*"]}]}"""

TAGGED = {"x-oss-tagging": "k=v"}

STORES = dict(CASES["stores"])


def test_traits_are_those_of_operations() -> None:
    assert {operation.name for operation in OPERATIONS} >= ON_VERSION | DESCRIBES | BYPASSES
    assert STORES.keys() == DESCRIBES


def tags_of(ask: Caller) -> list[object]:
    storage = ask.service.storage
    stored = storage.object("bucket", "a")
    uploads = storage.uploads("bucket")
    return [item.tags for item in (stored, *(upload.draft for upload in uploads)) if item]


@pytest.mark.thorough
@pytest.mark.parametrize(("turn", "name"), [*enumerate(STORES)])
def test_nothing_hides_that_a_request_sets_tags(ask: Caller, turn: int, name: str) -> None:
    method, target, headers = STORES[name]
    ask("PUT", "/bucket/own", b"secret")
    ask("PUT", "/bucket?policy", NO_TAGS)
    for query, extra in extras(turn):
        sent = {**headers, **extra, **TAGGED}
        ask.anonymously(method, target + query, b"", **sent)
        assert not any(tags_of(ask)), (query, extra)
    assert ask(method, target, b"", **headers, **TAGGED).status == 200
    assert any(tags_of(ask)), "the owner cannot set tags"


@pytest.mark.thorough
@pytest.mark.parametrize(("turn", "method"), [*enumerate(["PUT", "POST", "DELETE", "GET"])])
@pytest.mark.parametrize("subresource", ["", "append&position=0&", "symlink&", "acl&", "tagging&"])
def test_nothing_hides_the_acl_of_an_object(
    ask: Caller, turn: int, method: str, subresource: str
) -> None:
    ask("PUT", "/bucket?acl", x_oss_acl="public-read-write")
    assert ask("PUT", "/bucket/own", b"secret", x_oss_object_acl="private").status == 200
    before = ask.service.storage.object("bucket", "own")
    for query, extra in extras(turn):
        sent = {"x-oss-symlink-target": "b", **extra}
        answer = ask.anonymously(method, f"/bucket/own?{subresource}{query}", b"", **sent)
        assert answer.body != b"secret", (query, extra)
        assert ask.service.storage.object("bucket", "own") == before, (query, extra)


NO_VERSIONS = """{"Version": "1", "Statement": [
{"Effect": "Allow", "Principal": ["*"], "Action": ["oss:*"],
 "Resource": ["acs:oss:*:*:bucket", "acs:oss:*:*:bucket/*"]},
{"Effect": "Deny", "Principal": ["*"], "Action": ["oss:*Version", "oss:*VersionAcl"],
 "Resource": ["acs:oss:*:*:bucket/*"]}]}"""


@pytest.mark.thorough
@pytest.mark.parametrize(("turn", "method"), [*enumerate(["GET", "DELETE", "PUT"])])
def test_nothing_hides_that_a_request_names_a_version(ask: Caller, turn: int, method: str) -> None:
    """A-11"""
    ask.keep_versions()
    for content in (b"secret", b"known"):
        assert ask("PUT", "/bucket/own", content).status == 200
    old = list(ask.service.storage.versions("bucket", "own"))[-1]
    ask("PUT", "/bucket?policy", NO_VERSIONS)
    target = f"/bucket/own?versionId={old.version_id}"
    subresource = "&acl" if method == "PUT" else ""
    for query, extra in extras(turn):
        named = f"{target}{subresource}" + f"&{query}" * bool(query)
        answer = ask.anonymously(method, named, b"", **{"x-oss-object-acl": "public-read", **extra})
        assert answer.body != b"secret", (query, extra)
        found = ask.service.storage.object("bucket", "own", old.version_id)
        assert found == old, (query, extra)
    assert ask("GET", target).body == b"secret"
