"""Access points, which the emulator does not have."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller

BLOCK = (
    "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
    "</PublicAccessBlockConfiguration>"
)


@pytest.mark.parametrize(("method", "body"), [("PUT", BLOCK), ("GET", ""), ("DELETE", "")])
def test_request_for_an_access_point_gets_404(ask: Caller, method: str, body: str) -> None:
    target = "/bucket?publicAccessBlock&x-oss-access-point-name=ap-1"
    answer = ask(method, target, body)
    assert (answer.status, answer.code) == (404, "NoSuchAccessPoint")
    assert answer.text("AccessPointName") == "ap-1"
