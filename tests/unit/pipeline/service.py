"""A service without a socket, whose buckets have Referer rules."""

from __future__ import annotations

import time
from collections.abc import Mapping

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings

from tests.http.live import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION

SETTINGS = Settings(region=REGION, access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET)

PAGE = "http://www.example.com/page"
"""A Referer that the rules allow."""
THIEF = "http://thief.test/"
"""A Referer that the rules deny."""

RULES = b"""<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<RefererList><Referer>http://www.example.com/</Referer></RefererList></RefererConfiguration>"""


def ask(
    method: str = "GET",
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    host: str = "localhost",
) -> Request:
    """Return a request that arrives now."""
    return Request.parse(method, target, {"Host": host, **(headers or {})}.items(), time.time())


def serve(settings: Settings = SETTINGS) -> Service:
    """Return a service with a public and a private bucket, each with Referer rules and `a`."""
    service = Service(settings)
    for acl in ("public-read", "private"):
        name = f"{acl.partition('-')[0]}-bucket"
        put(service, f"/{name}", headers={"x-oss-acl": acl})
        put(service, f"/{name}?referer", RULES)
        put(service, f"/{name}/a", b"content")
    return service


def put(
    service: Service, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> None:
    """Put as the owner, without a signature."""
    response = service.handle(ask("PUT", target, headers), body, caller=service.accounts.owner)
    assert response.status == 200, response.body
