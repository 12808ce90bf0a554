"""Who may use the API."""

from __future__ import annotations

import pytest
from oss_emulator.control.api import Refusal, check_allowed
from oss_emulator.protocol.message import Request


@pytest.mark.parametrize(
    ("remote", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, "", True),
        ("::1", {}, "", True),
        ("::ffff:127.0.0.1", {}, "", True),
        ("fe80::1%eth0", {}, "", False),
        ("192.0.2.1", {}, "", False),
        ("", {}, "", False),
        ("192.0.2.1", {"x-oss-emulator-token": "t"}, "t", True),
        ("192.0.2.1", {"x-oss-emulator-token": "u"}, "t", False),
        ("192.0.2.1", {"x-oss-emulator-token": ""}, "", False),
        ("127.0.0.1", {"origin": "http://evil.example"}, "", False),
        ("127.0.0.1", {"origin": "http://127.0.0.1:9000"}, "", True),
    ],
)
def test_this_machine_or_the_token(
    remote: str, headers: dict[str, str], token: str, allowed: bool
) -> None:
    fields = [("Host", "127.0.0.1:9000"), *headers.items()]
    request = Request.parse("POST", "/_emulator/reset", fields, 0.0, remote)
    if allowed:
        check_allowed(request, token)
        return
    with pytest.raises(Refusal) as caught:
        check_allowed(request, token)
    assert caught.value.status == 403
