"""A service without a socket, whose buckets have Referer rules."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3 import signature
from oss_emulator.protocol.signature import v4
from oss_emulator.settings import Settings

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION

SETTINGS = Settings(region=REGION, access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET)

PAGE = "http://www.example.com/page"
"""A Referer that the rules allow."""
THIEF = "http://thief.test/"
"""A Referer that the rules deny."""

REDIRECT = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Condition>
<KeyPrefixEquals>old/</KeyPrefixEquals></Condition><Redirect>
<RedirectType>External</RedirectType><Protocol>http</Protocol><HostName>example.com</HostName>
<HttpRedirectCode>302</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>
</WebsiteConfiguration>"""
"""A website that sends visitors of `old/` to another host."""

UNSIGNED = "UNSIGNED-PAYLOAD"
"""The text in place of the hash of a body that a signature of S3 does not cover."""

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


def serve_as_of(day: date | None, *, new_account: bool = False, region: str = "") -> Service:
    settings = replace(SETTINGS, as_of=day, new_account=new_account)
    return serve(replace(settings, region=region) if region else settings)


def put(
    service: Service, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> None:
    """Put as the owner, without a signature."""
    response = service.handle(ask("PUT", target, headers), body, caller=service.accounts.owner)
    assert response.status == 200, response.body


def visited(
    service: Service, key: str, kind: str = "", host: str = "", signer: str = ""
) -> tuple[int, str]:
    """Put an object into a public bucket and GET it; return the status and the EC of the answer."""
    owner, at = service.accounts.owner, host or f"public-bucket.oss-{service.settings.region}"
    headers = {"Content-Type": kind} if kind else {}
    service.handle(ask("PUT", f"/public-bucket/{key}", headers), b"content", caller=owner)
    name = at if "." in at.removeprefix("public-bucket.") else f"{at}.aliyuncs.com"
    answer = service.handle(ask("GET", f"/{key}", {"Referer": PAGE}, name))
    forced = answer.headers.get("x-oss-force-download") == "true"
    assert forced is (answer.headers.get("Content-Disposition") == "attachment")
    assert forced is (answer.status == 200 and "x-oss-ec" in answer.headers)
    return answer.status, answer.headers.get("x-oss-ec", "")


def accelerate(service: Service) -> None:
    document = (
        b"<TransferAccelerationConfiguration><Enabled>true</Enabled>"
        b"</TransferAccelerationConfiguration>"
    )
    request = ask("PUT", "/public-bucket?transferAcceleration")
    assert service.handle(request, document, caller=service.accounts.owner).status == 200


def sign_s3(
    asked: Request, payload: str = UNSIGNED, secret: str = ACCESS_KEY_SECRET, **headers: str
) -> Request:
    """Sign a request as AWS does, with version 4 in its header."""
    moment = datetime.fromtimestamp(asked.received, UTC).strftime("%Y%m%dT%H%M%SZ")
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = {**asked.headers, **more, "x-amz-date": moment, "x-amz-content-sha256": payload}
    scope = f"{ACCESS_KEY_ID}/{moment[:8]}/us-east-1/s3/aws4_request"
    head = f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={';'.join(sorted(fields))}"
    unsigned = {**fields, "authorization": f"{head},Signature={'0' * 64}"}
    claim = signature.parse(asked._replace(headers=unsigned))
    assert claim is not None
    text = signature.string_to_sign(
        claim, signature.canonical_request(claim, asked._replace(headers=fields))
    )
    made = v4.sign(signature.signing_key(secret, claim.day, claim.region), text)
    return asked._replace(headers={**fields, "authorization": f"{head},Signature={made}"})
