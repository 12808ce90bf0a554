"""Requests as the real SDKs sign them, caught before they reach a socket."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import unquote

import alibabacloud_oss_v2 as sdk
import oss2
import requests
from alibabacloud_oss_v2.signer import SignerV1, SignerV4
from alibabacloud_oss_v2.types import HttpClient, OperationInput
from oss2.credentials import StaticCredentialsProvider
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import SignedIn, Version

ID, SECRET, TOKEN, REGION = "LTAI-of-nobody", "a secret of nobody", "CAIS/+ a token=", "cn-hangzhou"
HOST = "127.0.0.1:9"
ENDPOINT = f"http://{HOST}"
LIFETIME = 60


@dataclass(frozen=True)
class Call:
    """A call for a client."""

    method: str = "GET"
    bucket: str = "a-bucket"
    key: str = "a key"
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    additional_headers: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        return Target(self.bucket, self.key)


@dataclass(frozen=True)
class Client:
    """One signer of one SDK: how a call becomes a request on the wire."""

    name: str
    version: Version
    place: SignedIn
    send: Callable[[Call], Request]
    token: str | None = None
    takes_additional_headers: bool = False
    objects_only: bool = False


def target_of(request: Request) -> tuple[str, str]:
    """Parse the bucket and the key out of the raw path of a path-style request (P-03)."""
    bucket, _, key = request.path.removeprefix("/").partition("/")
    return bucket, unquote(key)


def sent(method: str, url: str, headers: Mapping[str, Any]) -> Request:
    """Return the request on the wire, with the unsigned headers that the HTTP library adds."""
    named = {name.lower() for name in headers}
    added = [("Host", HOST), ("Connection", "keep-alive")]
    fields = [*headers.items(), *(field for field in added if field[0].lower() not in named)]
    return Request.parse(method, url.removeprefix(ENDPOINT), fields, time.time())


# --- oss2


class _CaughtError(Exception):
    """Ends a call when its request has been caught."""


class _Session:
    """Replaces `oss2.Session` and keeps the request as `requests` would send it."""

    request: Request

    def do_request(self, req: oss2.http.Request, timeout: object) -> NoReturn:
        headers = {name: value for name, value in req.headers.items() if value is not None}
        wire = requests.Request(req.method, req.url, params=req.params, headers=headers).prepare()
        self.request = sent(req.method, wire.path_url, wire.headers)
        raise _CaughtError


def _oss2_header(auth: Any) -> Callable[[Call], Request]:
    def send(call: Call) -> Request:
        session = _Session()
        bucket = oss2.Bucket(auth, ENDPOINT, call.bucket or "any", session=session, region=REGION)
        with suppress(_CaughtError):
            bucket._do(
                call.method,
                call.bucket,
                call.key,
                params=dict(call.parameters),
                headers=dict(call.headers),
            )
        return session.request

    return send


def _oss2_url(auth: Any, slash_safe: bool) -> Callable[[Call], Request]:
    def send(call: Call) -> Request:
        bucket = oss2.Bucket(
            auth, ENDPOINT, call.bucket, region=REGION, is_verify_object_strict=False
        )
        url = bucket.sign_url(
            call.method,
            call.key,
            LIFETIME,
            headers=dict(call.headers),
            params=dict(call.parameters),
            slash_safe=slash_safe,
            additional_headers=list(call.additional_headers) or None,
        )
        return sent(call.method, url, call.headers)

    return send


# --- SDK V2


class _Wire(HttpClient):  # type: ignore[misc]  # SDK V2 has no types
    request: Request

    def send(self, request: Any, **kwargs: object) -> NoReturn:
        self.request = sent(request.method, request.url, request.headers)
        raise _CaughtError

    def open(self) -> None: ...
    def close(self) -> None: ...


class _SignerV4(SignerV4):  # type: ignore[misc]
    """Signs additional headers, which SDK V2 1.4.1 has as a setting but does not pass on."""

    def __init__(self, additional_headers: tuple[str, ...]) -> None:
        self.additional_headers = additional_headers

    def sign(self, signing_ctx: Any) -> None:
        signing_ctx.additional_headers = set(self.additional_headers)
        super().sign(signing_ctx)


def _sdk(version: Version, token: str | None, place: SignedIn) -> Callable[[Call], Request]:
    def send(call: Call) -> Request:
        wire = _Wire()
        config = sdk.config.load_default()
        config.credentials_provider = sdk.credentials.StaticCredentialsProvider(ID, SECRET, token)
        config.region = REGION
        config.endpoint = ENDPOINT
        config.http_client = wire
        config.retry_max_attempts = 1
        signer = SignerV1() if version is Version.V1 else _SignerV4(call.additional_headers)
        operation = OperationInput(
            "AnyOperation",
            call.method,
            headers=dict(call.headers),
            parameters=dict(call.parameters),
            bucket=call.bucket or None,
            key=call.key or None,
            op_metadata={
                "expiration_time": datetime.now(UTC) + timedelta(seconds=LIFETIME),
                # By itself, the SDK signs few parameters; an operation names the others.
                "sub-resource": ["referer", "x-oss-process"],
            },
        )
        options = {"auth_method": "query"} if place is SignedIn.URL else {}
        with suppress(Exception):  # the SDK wraps the exception of the wire
            sdk.Client(config, signer=signer).invoke_operation(operation, **options)
        return wire.request

    return send


PLACES = (SignedIn.HEADER, SignedIn.URL)
"""Where a client signs a request; forms are signed by hand."""


def _clients() -> Iterator[Client]:
    temporary = StaticCredentialsProvider(ID, SECRET, TOKEN)
    v1, v2, v4 = Version
    header, url = PLACES

    for version, static, provided in (
        (v1, oss2.Auth(ID, SECRET), oss2.ProviderAuth(temporary)),
        (v2, oss2.AuthV2(ID, SECRET), oss2.ProviderAuthV2(temporary)),
        (v4, oss2.AuthV4(ID, SECRET), oss2.ProviderAuthV4(temporary)),
    ):
        sts = oss2.StsAuth(ID, SECRET, TOKEN, f"v{version.value}")
        for name, auth, token in (
            ("static", static, None),
            ("provided", provided, TOKEN),
            ("sts", sts, TOKEN),
        ):
            title = f"oss2 {version.name} {name}"
            yield Client(f"{title} header", version, header, _oss2_header(auth), token)
            for slash_safe in (False, True):
                yield Client(
                    f"{title} url{' slash_safe' * slash_safe}",
                    version,
                    url,
                    _oss2_url(auth, slash_safe),
                    token,
                    takes_additional_headers=version is not v1 and auth is not sts,
                    objects_only=True,
                )
    for version in (v1, v4):
        for token in (None, TOKEN):
            for place in PLACES:
                yield Client(
                    f"sdk {version.name} {'token' if token else 'static'} {place.value}",
                    version,
                    place,
                    _sdk(version, token, place),
                    token,
                    takes_additional_headers=version is v4,
                )


CLIENTS = list(_clients())

ONE_OF_EACH = [
    next(c for c in CLIENTS if c.version is version and c.place is place and not c.token)
    for version in Version
    for place in PLACES
]
