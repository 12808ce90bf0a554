"""The effects of an operation decide on its actions: nothing in a request may hide one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import oss_emulator
import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import BYPASSES, DESCRIBES, ON_VERSION
from oss_emulator.protocol.parameters import KNOWN

from tests.rows import read_cases
from tests.thorough import THOROUGH
from tests.unit.operations.service import Caller

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
