"""P-40, P-49: a known sub-resource selects its operation or gets 501."""

from __future__ import annotations

from itertools import product

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Resource
from oss_emulator.pipeline.routing import REFUSALS
from oss_emulator.protocol.parameters import SUBRESOURCES

from tests.rows import rows
from tests.unit.operations.service import Caller

TARGETS = {Resource.SERVICE: "/", Resource.BUCKET: "/bucket", Resource.OBJECT: "/bucket/a"}
CONTENT = b"the bytes of the object"

# Operations that a sub-resource alone selects.
ANSWERED = {(item.method, item.resource, item.subresource) for item in OPERATIONS}


def test_subresource_without_an_operation_gets_501(ask: Caller) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    for asked in product(("GET", "HEAD", "PUT", "DELETE", "POST"), Resource, sorted(SUBRESOURCES)):
        if asked in ANSWERED | REFUSALS.keys():
            continue
        method, resource, name = asked
        answer = ask(method, f"{TARGETS[resource]}?{name}")
        assert answer.status == 501, asked
        if method != "HEAD":
            assert (answer.code, answer.text("SubResource")) == ("NotImplemented", name), asked
    assert ask("GET", "/bucket/a").body == CONTENT


def test_subresource_never_gets_the_content_of_the_object(ask: Caller) -> None:
    ask("PUT", "/bucket/a", CONTENT)
    for name in sorted(SUBRESOURCES):
        assert ask("GET", f"/bucket/a?{name}").body != CONTENT, name
        assert ask("GET", f"/bucket/a?{name}=value").body != CONTENT, name


@rows(
    "target",
    "/bucket?cname&comp=other",
    "/bucket?comp=add",
    "/bucket?policy&comp=other",
    "/bucket?inventoryId=1",
    "/bucket?styleName=a",
    "/bucket?publicAccessBlock&x-oss-access-point-name=",
    "/?qosRequester=1",
)
def test_unknown_component_does_not_select_another_operation(ask: Caller, target: str) -> None:
    answer = ask("DELETE", target)
    assert answer.code in ("NotImplemented", "NoSuchAccessPoint")
