"""P-40, P-49: a known sub-resource asks for its operation or is answered with 501."""

from __future__ import annotations

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Resource
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.unit.operations.service import Caller

TARGETS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/a"}
CONTENT = b"the bytes of the object"

# A sub-resource alone asks for an operation that needs nothing beside it.
ANSWERED = {(item.method, item.resource, item.subresource) for item in OPERATIONS}


@pytest.mark.parametrize("name", sorted(SUBRESOURCES))
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST"])
def test_a_subresource_without_an_operation_is_answered_with_501(
    ask: Caller, method: str, name: str
) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    for resource, target in TARGETS.items():
        if (method, resource, name) in ANSWERED:
            continue
        answer = ask(method, f"{target}?{name}")
        assert answer.status == 501
        if method != "HEAD":
            assert (answer.code, answer.text("SubResource")) == ("NotImplemented", name)
    assert ask("GET", "/bucket/a").body == CONTENT


@pytest.mark.parametrize("name", sorted(SUBRESOURCES))
def test_a_subresource_is_never_answered_with_the_object(ask: Caller, name: str) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    assert ask("GET", f"/bucket/a?{name}").body != CONTENT
    assert ask("GET", f"/bucket/a?{name}=value").body != CONTENT
