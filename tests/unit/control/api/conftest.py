"""An API of its own for each test."""

from __future__ import annotations

import pytest

from tests.unit.control.api.caller import ApiCaller

RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
    b"<RefererList><Referer>http://good.test/</Referer></RefererList></RefererConfiguration>"
)


@pytest.fixture
def ask() -> ApiCaller:
    """An API whose service has the bucket `bucket`, with rules and the object `a`."""
    caller = ApiCaller()
    caller.oss("PUT", "/bucket", x_oss_acl="public-read")
    caller.oss("PUT", "/bucket?referer", RULES)
    caller.oss("PUT", "/bucket/a", b"1")
    return caller
