"""Signatures over HTTP: which are refused and how, in each of the three modes of `auth`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote

import oss2
import pytest
from oss_emulator.settings import Auth

from tests.http.client import Answer, Client, check_error
from tests.http.live import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    REGION,
    SETTINGS,
    SIGNERS,
    Live,
    serve,
    sign,
)

VERSIONS = ["v1", "v2", "v4"]
PLACES = ["header", "url"]
KEY = "dir/a b+中"
NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
NO_MATCH_ECS = {"v1": "0002-00000040", "v2": "0002-00000101", "v4": "0002-00000201"}
"""The EC of a wrong signature in each version."""

each_version = pytest.mark.parametrize("version", VERSIONS)
each_place = pytest.mark.parametrize("place", PLACES)


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A private bucket with one object."""
    name = make_bucket()
    live.put(f"/{name}/{quote(KEY)}", b"content")
    return name


def auth(version: str, key_id: str = ACCESS_KEY_ID, secret: str = ACCESS_KEY_SECRET) -> Any:
    return SIGNERS[version](key_id, secret)


def get(client: Client, auth: Any, place: str, bucket: str, **options: Any) -> Answer:
    """Get the object of the bucket."""
    target, headers = sign(auth, place, "GET", bucket, KEY, **options)
    return client.request("GET", target, headers)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that shifts the clock of oss2 by some seconds."""

    def move(seconds: float) -> None:
        now = time.time() + seconds

        class Moved(datetime):
            @classmethod
            def utcnow(cls) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(now, UTC).replace(tzinfo=None)

        class Time:
            time = staticmethod(lambda: now)

        http_date = oss2.utils.http_date
        monkeypatch.setattr(oss2.auth, "datetime", Moved)
        monkeypatch.setattr(oss2.auth, "time", Time)
        monkeypatch.setattr(oss2.utils, "http_date", lambda _=None: http_date(now))

    return move


# --- the signer


@each_version
@each_place
def test_valid_signature_can_read_a_private_object(
    client: Client, bucket: str, version: str, place: str
) -> None:
    answer = get(client, auth(version), place, bucket)
    assert (answer.status, answer.body) == (200, b"content")


@each_version
@each_place
def test_wrong_secret_gets_the_string_to_sign(
    live: Live, client: Client, bucket: str, version: str, place: str
) -> None:
    """P-17: elements in the order of the service's own answers."""
    answer = get(client, auth(version, secret="another"), place, bucket)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    names = [name for name, _ in answer.elements]
    canonical = ["CanonicalRequest"] if version == "v4" else []
    assert names == [
        "Code",
        "Message",
        "RequestId",
        "HostId",
        "OSSAccessKeyId",
        "SignatureProvided",
        "StringToSign",
        "StringToSignBytes",
        *canonical,
        "EC",
        "RecommendDoc",
    ]
    error = answer.error
    assert error["Message"] == NO_MATCH
    assert error["OSSAccessKeyId"] == ACCESS_KEY_ID
    assert error["EC"] == answer.headers["x-oss-ec"] == NO_MATCH_ECS[version]
    assert bytes.fromhex(error["StringToSignBytes"]).decode() == error["StringToSign"]
    assert ACCESS_KEY_SECRET not in answer.body.decode()
    start = "OSS4-HMAC-SHA256\n" if version == "v4" else "GET\n"
    assert error["StringToSign"].startswith(start)


@each_version
@each_place
def test_unknown_access_key_is_refused(
    client: Client, bucket: str, version: str, place: str
) -> None:
    """P-17"""
    check_error(
        get(client, auth(version, key_id="LTAI-of-nobody"), place, bucket),
        403,
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided does not exist in our records.",
        "0002-00000902",
        OSSAccessKeyId="LTAI-of-nobody",
    )


@each_version
@each_place
def test_missing_bucket_is_reported_before_a_bad_signature(
    client: Client, version: str, place: str
) -> None:
    """P-18"""
    for signer in (auth(version, secret="another"), auth(version, key_id="LTAI-of-nobody")):
        assert get(client, signer, place, "no-such-bucket").code == "NoSuchBucket"


# --- the time


@each_version
@pytest.mark.parametrize(
    ("minutes", "good"), [(-16, False), (-14, True), (0, True), (14, True), (16, False)]
)
def test_clocks_may_differ_by_15_minutes(
    client: Client,
    bucket: str,
    version: str,
    minutes: int,
    good: bool,
    clock: Callable[[float], None],
) -> None:
    """P-17: for signatures in the header, in both directions."""
    clock(minutes * 60)
    answer = get(client, auth(version), "header", bucket)
    if good:
        assert answer.status == 200
        return
    error = answer.error
    check_error(
        answer,
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        "0002-00000504",
        MaxAllowedSkewMilliseconds="900000",
        RequestTime=error["RequestTime"],
        ServerTime=error["ServerTime"],
    )
    times = [_moment(error[name]) for name in ("RequestTime", "ServerTime")]
    assert abs(times[0] - times[1] - minutes * 60) <= 20
    assert abs(times[1] - time.time()) <= 20


def _moment(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("version", "ec"), [("v1", "0002-00000069"), ("v2", "0002-00000069"), ("v4", "0002-00000236")]
)
def test_expired_url_is_refused(
    client: Client, bucket: str, version: str, ec: str, clock: Callable[[float], None]
) -> None:
    """P-17"""
    clock(-3600)
    answer = get(client, auth(version), "url", bucket, expires=60)
    error = answer.error
    check_error(
        answer,
        403,
        "AccessDenied",
        "Request has expired.",
        ec,
        Expires=error["Expires"],
        ServerTime=error["ServerTime"],
    )
    assert abs(_moment(error["Expires"]) - (time.time() - 3540)) <= 20


@each_version
def test_url_is_valid_until_it_expires(
    client: Client, bucket: str, version: str, clock: Callable[[float], None]
) -> None:
    """The limit on clock skew does not apply to URLs, which have their own end."""
    clock(-3600)
    assert get(client, auth(version), "url", bucket, expires=7200).status == 200


@pytest.mark.parametrize(
    ("expires", "good"), [(1000, True), (604800, True), (604801, False), (0, False)]
)
def test_v4_url_is_valid_for_one_second_to_one_week(
    client: Client, bucket: str, expires: int, good: bool
) -> None:
    """EC 0002-00000232"""
    answer = get(client, auth("v4"), "url", bucket, expires=expires)
    if good:
        assert answer.status == 200
    else:
        assert (answer.status, answer.code) == (400, "InvalidArgument")
        assert answer.error["EC"] == "0002-00000232"


def test_v4_url_signed_in_the_future_is_refused(
    client: Client, bucket: str, clock: Callable[[float], None]
) -> None:
    clock(3600)
    answer = get(client, auth("v4"), "url", bucket)
    assert (answer.status, answer.code) == (403, "AccessDenied")


# --- the region


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("header", "Invalid signing region in Authorization header."),
        ("url", "The signing region in credential is invalid."),
    ],
)
def test_v4_signature_for_another_region_is_refused(
    client: Client, bucket: str, place: str, message: str
) -> None:
    """P-17"""
    answer = get(client, auth("v4"), place, bucket, region="cn-beijing")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (answer.error["Message"], answer.error["EC"]) == (message, "0002-00000226")
    if place == "url":
        assert answer.error["ArgumentName"] == "x-oss-credential"
        assert "/cn-beijing/oss/aliyun_v4_request" in answer.error["ArgumentValue"]
    else:
        assert "/cn-beijing/oss/aliyun_v4_request" in answer.error["Authorization"]


@pytest.mark.parametrize("version", ["v1", "v2"])
@each_place
def test_v1_and_v2_signatures_have_no_region(
    client: Client, bucket: str, version: str, place: str
) -> None:
    assert get(client, auth(version), place, bucket, region="cn-beijing").status == 200


def test_v4_signature_for_another_product_is_refused(client: Client, bucket: str) -> None:
    target, headers = sign(auth("v4"), "header", "GET", bucket, KEY)
    changed = [(name, value.replace("/oss/aliyun", "/ecs/aliyun")) for name, value in headers]
    answer = client.request("GET", target, changed)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.error["Message"] == "Invalid signing product in Authorization header."
    assert answer.error["EC"] == "0002-00000227"


# --- changed requests


@each_version
@each_place
@pytest.mark.parametrize(
    "change",
    [
        "another method",
        "another key",
        "another bucket",
        "a subresource more",
        "a meta header more",
        "another meta header",
        "another content type",
        "another signature",
    ],
)
def test_changed_request_is_refused(
    client: Client,
    bucket: str,
    make_bucket: Callable[..., str],
    version: str,
    place: str,
    change: str,
) -> None:
    signed = {"x-oss-meta-a": "1", "Content-Type": "text/plain"}
    target, headers = sign(auth(version), place, "PUT", bucket, "a", {"x-oss-ac": "1"}, signed)
    fields = {name.lower(): value for name, value in headers}
    method = "PUT"
    other = make_bucket()
    if change == "another method":
        method = "DELETE"
    elif change == "another key":
        target = target.replace("/a?", "/b?")
    elif change == "another bucket":
        target = target.replace(f"/{bucket}/", f"/{other}/")
    elif change == "a subresource more":
        target += "&acl"
    elif change == "a meta header more":
        fields["x-oss-meta-b"] = "2"
    elif change == "another meta header":
        fields["x-oss-meta-a"] = "2"
    elif change == "another content type":
        fields["content-type"] = "text/html"
    elif place == "header":
        fields["authorization"] = _altered(fields["authorization"])
    else:
        target = _altered(target, "ignature=")
    answer = client.request(method, target, fields.items(), b"x")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    # No change can have created the other key.
    for name in (bucket, other):
        for key in ("a", "b"):
            path, head = sign(auth("v4"), "header", "HEAD", name, key)
            assert client.request("HEAD", path, head).status == 404


def _altered(text: str, mark: str = "") -> str:
    """Return another signature: change the first character or one near the end of a header."""
    at = text.index(mark) + len(mark) if mark else len(text) - 8
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]


@each_version
def test_v1_does_not_sign_the_prefix_and_the_others_do(
    client: Client, bucket: str, version: str
) -> None:
    """P-12, P-13, P-14: V1 does not sign `prefix`; V2 and V4 sign the whole query."""
    target, headers = sign(auth(version), "header", "GET", bucket, "", {"prefix": "a"})
    answer = client.request("GET", target.replace("prefix=a", "prefix=b"), headers)
    assert answer.status == (200 if version == "v1" else 403)


# --- incomplete signatures

URL_PARAMETERS = {
    "v1": ("OSSAccessKeyId", "Expires", "Signature"),
    "v2": ("x-oss-access-key-id", "x-oss-expires", "x-oss-signature"),
    "v4": ("x-oss-credential", "x-oss-date", "x-oss-expires", "x-oss-signature"),
}
HALVES = [
    (version, name, emptied)
    for version, names in URL_PARAMETERS.items()
    for name in names
    for emptied in (False, True)
]


@pytest.mark.parametrize(("version", "name", "emptied"), HALVES)
def test_incomplete_url_signature_is_refused(
    client: Client, bucket: str, version: str, name: str, emptied: bool
) -> None:
    """P-17 documents V1; the others are refused as well, not treated as anonymous."""
    target, headers = sign(auth(version), "url", "GET", bucket, KEY)
    path, _, query = target.partition("?")
    pairs = dict(parse_qsl(query))
    assert name in pairs
    if emptied:
        pairs[name] = ""
    else:
        del pairs[name]
    rest = "&".join(f"{quote(key)}={quote(value, safe='')}" for key, value in pairs.items())
    answer = client.request("GET", f"{path}?{rest}", headers)
    if version == "v4":
        assert (answer.status, answer.code) == (400, "InvalidArgument")
        assert answer.error["ArgumentName"] == name
    else:
        assert (answer.status, answer.code) == (403, "AccessDenied")
        if version == "v1":
            assert answer.error["Message"] == (
                "Query-string authentication requires the Signature, Expires and "
                "OSSAccessKeyId parameters"
            )


@pytest.mark.parametrize(
    ("version", "expires", "message"),
    [
        ("v1", "abc", "Invalid date (should be seconds since epoch)."),
        ("v1", "1.5", "Invalid date (should be seconds since epoch)."),
        ("v1", "-1", "Invalid date (should be seconds since epoch)."),
        ("v2", "abc", "Invalid date (should be seconds since epoch)."),
    ],
)
def test_malformed_expiry_time_is_refused(
    client: Client, bucket: str, version: str, expires: str, message: str
) -> None:
    """EC 0002-00000070"""
    target, headers = sign(auth(version), "url", "GET", bucket, KEY)
    name = {"v1": "Expires", "v2": "x-oss-expires"}[version]
    at = target.index(f"{name}=") + len(name) + 1
    changed = target[:at] + expires + target[at:].lstrip("0123456789")
    check_error(
        client.request("GET", changed, headers), 403, "AccessDenied", message, "0002-00000070"
    )


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "OSS",
        "OSS ",
        "OSS id",
        "OSS :signature",
        "OSS id:",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "OSS2 AccessKeyId:id",
        "OSS2 Signature:abc",
        "OSS2 AccessKeyId:id,Unknown:x,Signature:abc",
        "OSS4-HMAC-SHA256",
        "OSS4-HMAC-SHA256 Credential=id/20240101/cn-hangzhou/oss/aliyun_v4_request",
        "OSS4-HMAC-SHA256 Signature=abc",
        "OSS4-HMAC-SHA256 Credential=id, Signature=abc",
        "OSS4-HMAC-SHA256 Credential=id/20240101/cn-hangzhou/oss, Signature=abc",
        "OSS4-HMAC-SHA256 Credential=/20240101/cn-hangzhou/oss/aliyun_v4_request, Signature=abc",
        "oss4-hmac-sha256 Credential=id/20240101/cn-hangzhou/oss/aliyun_v4_request,Signature=a",
    ],
)
def test_malformed_authorization_is_refused_and_not_anonymous(
    live: Live, client: Client, make_bucket: Callable[..., str], authorization: str
) -> None:
    bucket = make_bucket("public-read")
    live.put(f"/{bucket}/a", b"content")
    answer = client.get(
        f"/{bucket}/a",
        ("Authorization", authorization),
        ("Date", oss2.utils.http_date()),
    )
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.error["Message"] == "Authorization header is invalid."


@each_version
@pytest.mark.parametrize("date", [None, "", "yesterday", "2024-01-01"])
def test_header_signature_needs_a_date(
    client: Client, bucket: str, version: str, date: str | None
) -> None:
    """EC 0002-00000503"""
    target, headers = sign(auth(version), "header", "GET", bucket, KEY)
    kept = [(name, value) for name, value in headers if not name.lower().endswith("date")]
    answer = client.request("GET", target, kept if date is None else [*kept, ("Date", date)])
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.error["Message"] == "OSS authentication requires a valid Date."


@pytest.mark.parametrize("header", VERSIONS)
@pytest.mark.parametrize("url", VERSIONS)
def test_signature_in_header_and_url_is_refused(
    client: Client, bucket: str, header: str, url: str
) -> None:
    target, _ = sign(auth(url), "url", "GET", bucket, KEY)
    _, fields = sign(auth(header), "header", "GET", bucket, KEY)
    answer = client.request("GET", target, fields)
    assert (answer.status, answer.code) == (400, "InvalidArgument")


# --- equivalent forms


def test_x_oss_date_overrides_date_in_v1(client: Client, bucket: str) -> None:
    """P-10: browsers cannot set Date."""
    date = {"x-oss-date": oss2.utils.http_date()}
    target, fields = sign(auth("v1"), "header", "GET", bucket, KEY, headers=date)
    without = [(name, value) for name, value in fields if name.lower() != "date"]
    assert client.request("GET", target, without).status == 200
    stale = [*without, ("Date", oss2.utils.http_date(0))]
    assert client.request("GET", target, stale).status == 200


@pytest.mark.parametrize("separator", [",", ", ", " , "])
@pytest.mark.parametrize("turned", [False, True])
def test_parts_of_a_v4_header_may_have_any_order(
    client: Client, bucket: str, separator: str, turned: bool
) -> None:
    """P-15"""
    target, fields = sign(auth("v4"), "header", "GET", bucket, KEY)
    changed = []
    for name, value in fields:
        if name.lower() == "authorization":
            scheme, _, rest = value.partition(" ")
            parts = rest.split(", ")
            assert len(parts) == 2
            value = f"{scheme} {separator.join(parts[::-1] if turned else parts)}"
        changed.append((name, value))
    assert client.request("GET", target, changed).status == 200


@each_version
@each_place
def test_token_with_a_permanent_key_is_refused(
    client: Client, bucket: str, version: str, place: str
) -> None:
    """P-16; EC page 0002-00000002"""
    sts = oss2.StsAuth(ACCESS_KEY_ID, ACCESS_KEY_SECRET, "token+/=", auth_version=version)
    target, fields = sign(sts, place, "GET", bucket, KEY)
    answer = client.request("GET", target, fields)
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")
    assert answer.headers["x-oss-ec"] == "0002-00000002"


@each_version
@each_place
def test_every_kind_of_request_can_be_signed(
    client: Client, bucket: str, version: str, place: str
) -> None:
    """For the service and for a bucket, with parameters and sub-resources."""
    for name, parameters in [
        ("", {}),
        ("", {"prefix": "a b", "max-keys": "10"}),
        (bucket, {}),
        (bucket, {"list-type": "2", "continuation-token": "", "start-after": "中 +%"}),
        (bucket, {"referer": ""}),
        (bucket, {"acl": ""}),
        (bucket, {"stat": ""}),
    ]:
        target, fields = sign(auth(version), place, "GET", name, "", parameters)
        answer = client.request("GET", target, fields)
        assert answer.status == 200, (target, answer.body)


# --- relaxed and off


@pytest.fixture(scope="module", params=[Auth.RELAXED, Auth.OFF])
def lenient(request: pytest.FixtureRequest) -> Iterator[Live]:
    """A server that is not strict, with a private bucket that only example.com may embed."""
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        b"<Referer>https://example.com/</Referer></RefererList></RefererConfiguration>"
    )
    with serve(replace(SETTINGS, auth=request.param)) as running:
        running.put_bucket("a-bucket")
        running.put(f"/a-bucket/{quote(KEY)}", b"content")
        running.put("/a-bucket?referer", rules)
        yield running


GUEST = ("Referer", "https://example.com/")


def ask(live: Live, signer: Any, place: str, *headers: tuple[str, str]) -> Answer:
    target, fields = sign(signer, place, "GET", "a-bucket", KEY)
    return live.client.request("GET", target, [*fields, *headers])


@each_version
@each_place
def test_unknown_key_acts_as_the_owner(lenient: Live, version: str, place: str) -> None:
    """In the modes relaxed and off."""
    signer = auth(version, key_id="anything", secret="whatever")
    answer = ask(lenient, signer, place, GUEST)
    assert (answer.status, answer.body) == (200, b"content")


@each_version
@each_place
def test_temporary_key_of_another_sts_acts_as_the_owner(
    lenient: Live, version: str, place: str
) -> None:
    """The emulator can neither read its token nor know its secret."""
    signer = oss2.StsAuth("STS.anything", "whatever", "CAISwhatever", auth_version=version)
    assert ask(lenient, signer, place, GUEST).body == b"content"


@each_place
def test_token_with_a_known_key_is_refused_unless_auth_is_off(lenient: Live, place: str) -> None:
    signer = oss2.StsAuth(ACCESS_KEY_ID, "whatever", "CAISwhatever", auth_version="v4")
    answer = ask(lenient, signer, place, GUEST)
    if lenient.service.settings.auth is Auth.OFF:
        assert answer.body == b"content"
    else:
        assert answer.error["EC"] == "0002-00000002"


@each_version
@each_place
def test_known_key_is_verified_unless_auth_is_off(lenient: Live, version: str, place: str) -> None:
    good = ask(lenient, auth(version), place, GUEST)
    assert good.status == 200
    wrong = ask(lenient, auth(version, secret="another"), place, GUEST)
    if lenient.service.settings.auth is Auth.OFF:
        assert wrong.status == 200
    else:
        assert wrong.code == "SignatureDoesNotMatch"


@each_version
@each_place
def test_unverified_signature_exempts_headers_but_not_urls(
    lenient: Live, version: str, place: str
) -> None:
    """R-01: a header signature exempts from Referer rules, a signed URL does not."""
    signer = auth(version, key_id="anything", secret="whatever")
    for headers in ([], [("Referer", "https://thief.example/")]):
        answer = ask(lenient, signer, place, *headers)
        if place == "header":
            assert answer.status == 200
        else:
            assert answer.error["Message"] == "You are denied by bucket referer policy."


def test_request_without_a_signature_stays_anonymous(lenient: Live) -> None:
    assert lenient.client.get(f"/a-bucket/{quote(KEY)}", GUEST).error["EC"] == "0003-00000001"
    assert lenient.client.get("/").error["EC"] == "0003-00001201"


MALFORMED = [
    ("", {"Authorization": "rubbish"}),
    ("", {"Authorization": ""}),
    ("", {"Authorization": "Bearer a.b.c"}),
    ("", {"Authorization": "OSS key-without-signature"}),
    ("", {"Authorization": "OSS key:signature-without-a-date"}),
    ("", {"Authorization": "OSS4-HMAC-SHA256 Credential=a,Signature=b"}),
    ("?Signature=x", {}),
    ("?OSSAccessKeyId=a&Signature=x&Expires=never", {}),
    ("?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-signature=x", {}),
    ("?x-oss-credential=", {}),
]


@pytest.mark.parametrize(("query", "headers"), MALFORMED)
def test_malformed_signature_is_refused_alike_whatever_auth_says(
    live: Live, lenient: Live, query: str, headers: dict[str, str]
) -> None:
    live.put_bucket("a-bucket")
    target = f"/a-bucket/{quote(KEY)}{query}"
    strict, other = (
        server.client.get(target, *headers.items(), GUEST) for server in (live, lenient)
    )
    live.drop_bucket("a-bucket")
    assert strict.status in (400, 403)
    assert (other.status, other.code) == (strict.status, strict.code)


def test_bucket_created_by_an_unknown_key_belongs_to_the_owner(lenient: Live) -> None:
    signer = auth("v4", key_id="anything", secret="whatever")
    target, fields = sign(signer, "header", "PUT", "made-by-anything")
    assert lenient.client.request("PUT", target, fields).status == 200
    assert [item.name for item in _buckets(lenient, auth("v1"))] == ["a-bucket", "made-by-anything"]
    lenient.drop_bucket("made-by-anything")


def _buckets(live: Live, signer: Any) -> list[Any]:
    return list(oss2.Service(signer, live.endpoint, region=REGION).list_buckets().buckets)
