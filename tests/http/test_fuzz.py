"""Random requests to a live server: no 5xx except 501, no hang, and every error as XML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oss_emulator.control.controls import Controls
from oss_emulator.documents import DOCUMENTS
from oss_emulator.operations import OPERATIONS
from oss_emulator.protocol.parameters import PARAMETERS, SUBRESOURCES
from oss_emulator.settings import Auth

from tests.client import SETTINGS, Answer, Headers, Live, serve
from tests.http import forms
from tests.thorough import cases

# The examples are the same in each run, so that every failure can be repeated.
FUZZ = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=cases(80, 300),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

BUCKET = "fuzz"
SIGNED = (("Authorization", "OSS whoever:it-is"), ("Date", "Sun, 22 Sep 2024 06:32:38 GMT"))
"""A well-formed signature; with `auth` off nobody verifies it."""
KEYS = ("a", "dir/b", "appendable", "%E4%B8%AD", "%00", "%ff", "a%2F..%2Fb", "x" * 1100, "/lead")


CORS = b"""
<CORSConfiguration><CORSRule><AllowedOrigin>http://*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
<AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>
"""

WEBSITE = b"""
<WebsiteConfiguration><IndexDocument><Suffix>b</Suffix><SupportSubDir>true</SupportSubDir>
</IndexDocument><RoutingRules><RoutingRule><RuleNumber>1</RuleNumber>
<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>
<Redirect><RedirectType>External</RedirectType><PassQueryString>true</PassQueryString>
</Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>
"""


@pytest.fixture(scope="module")
def target() -> Iterator[Live]:
    """A server that accepts any signature as its owner's, so that requests reach the operations."""
    with serve(replace(SETTINGS, auth=Auth.OFF)) as live:
        live.put_bucket(BUCKET, "public-read-write")
        live.put(f"/{BUCKET}/a", b"content" * 400, {"Content-Type": "text/plain"})
        live.put(f"/{BUCKET}/dir/b", b"", {"x-oss-storage-class": "Archive"})
        live.put(f"/{BUCKET}?cors", CORS)
        live.put(f"/{BUCKET}?website", WEBSITE)
        live.run(live.controls.snapshots.set_initial)
        yield live


# --- Parts of requests

METHODS = sorted({item.method for item in OPERATIONS} | {"PATCH", "TRACE", "LINK", "get"})
NAMES = sorted(SUBRESOURCES | PARAMETERS | {"x-oss-process", "nobody-knows", "response-expires"})
HEADERS = """
    x-oss-acl x-oss-object-acl x-oss-storage-class x-oss-copy-source x-oss-copy-source-range
    x-oss-copy-source-if-match x-oss-copy-source-if-modified-since x-oss-metadata-directive
    x-oss-tagging x-oss-tagging-directive x-oss-meta-a x-oss-forbid-overwrite
    x-oss-server-side-encryption x-oss-server-side-encryption-key-id x-oss-hash-crc64ecma
    x-oss-server-side-data-encryption x-oss-symlink-target x-oss-range-behavior
    x-oss-traffic-limit x-oss-complete-all x-oss-callback x-oss-callback-var
    x-oss-security-token x-oss-resource-group-id x-oss-request-payer x-oss-date
    range if-match if-none-match if-modified-since if-unmodified-since content-type content-md5
    content-encoding cache-control expires accept-encoding origin referer date
    access-control-request-method access-control-request-headers
""".split()

# Values that some parameter accepts, and values that none accepts.
VALUES = st.one_of(
    st.sampled_from(
        """
        0 1 -1 2 1000 1001 10000 99999999999999999999 819200 true false yes url null Enabled
        private public-read Standard IA Archive KMS AES256 COPY REPLACE standard gzip * null
        bytes=0-9 bytes=-1 bytes=9-0 /fuzz/a /fuzz/missing /fuzz/a?versionId=x a=b a=b&a=c
        multipart/form-data multipart/form-data;boundary=b text/plain
        """.split()
    ),
    st.sampled_from(
        [
            "",
            " ",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wed, 99 Oct 99999 07:28:00 GMT",
            "%",
            "%zz",
            "é中",
            "\udcff",
            "http://a.example",
            "http://\udcff",
            "http://\x80",
            "x" * 9000,
            "[" * 2000,
            b64encode(b'{"callbackUrl": "127.0.0.1:1", "callbackBody": "${etag}"}').decode(),
            b64encode(b"[" * 3000).decode(),
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12),
)


def escape(text: str) -> str:
    """Escape a text for a query; percent-encode everything except letters and digits."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte).isalnum() else f"%{byte:02X}" for byte in data)


queries = st.lists(
    st.tuples(st.sampled_from(NAMES), st.one_of(st.none(), VALUES)).map(
        lambda pair: pair[0] if pair[1] is None else f"{pair[0]}={escape(pair[1])}"
    ),
    max_size=3,
).map("&".join)

paths = st.one_of(
    st.just("/"),
    st.sampled_from([f"/{BUCKET}", f"/{BUCKET}/", "/missing-bucket", "/Bad_Name/a", "//", "/.."]),
    st.sampled_from([f"/{BUCKET}/{key}" for key in KEYS]),
    st.text(max_size=8).map(lambda text: f"/{BUCKET}/{escape(text)}"),
)

elements = st.recursive(
    st.one_of(VALUES, st.just("<![CDATA[x]]>"), st.just("&nothing;"), st.just("&#1;")),
    lambda inner: st.lists(
        st.tuples(st.sampled_from("Key Status Rule ID Part ETag Days Tag Value".split()), inner),
        max_size=3,
    ).map(lambda pairs: "".join(f"<{name}>{value}</{name}>" for name, value in pairs)),
    max_leaves=6,
)

ROOTS = sorted(
    {document.schema.name for document in DOCUMENTS}
    | {"BucketCnameConfiguration", "ExtendWormConfiguration", "InitiateWormConfiguration"}
    | {"InventoryConfiguration", "QoSConfiguration", "ReplicationConfiguration", "ReplicationRule"}
    | {"ReplicationRules", "Style", "VersioningConfiguration"}
    | {"Delete", "CompleteMultipartUpload", "RestoreRequest"}
)

bodies = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.tuples(st.sampled_from(ROOTS), elements).map(
        lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>".encode("utf-8", "surrogateescape")
    ),
    st.sampled_from(
        [
            b"{}",
            b'{"Version":"1","Statement":[]}',
            b"<a>" * 5000,
            b'<!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>',
            forms.form([("key", "posted"), ("success_action_status", "201")]),
            forms.form([("key", "a\udcff"), ("success_action_redirect", "http://\udcff")]),
            forms.form([("key", "posted"), ("success_action_redirect", "http://\udcff")]),
            forms.form([("key", "posted")])[:-9],
        ]
    ),
)

hosts = st.sampled_from(
    ["127.0.0.1", f"{BUCKET}.localhost", "localhost:80", "", "\udcff", "nobody.example", "[::1]"]
)

headers = st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=4)


def reset(controls: Controls) -> None:
    """Restore the state in which every example begins."""
    controls.snapshots.reset()
    controls.journal.clear()
    controls.faults.clear()
    controls.clock.shift = 0.0


def check(answer: Answer, method: str) -> None:
    """Check that no 5xx except 501 is sent, and that an error has the service's form (P-30)."""
    assert answer.status < 500 or answer.status == 501, answer.document
    if answer.status == 400 and answer.headers["Connection"] == "close" and not answer.document:
        return  # malformed HTTP is answered before the method is known to be HEAD
    assert len(answer.headers["x-oss-request-id"]) == 24
    if answer.status >= 400:
        error = answer.error
        assert error["Code"]
        assert error["RequestId"] == answer.headers["x-oss-request-id"]
        assert answer.headers.get("x-oss-ec", "") == error.get("EC", "")
        if answer.status == 501:
            assert error["Code"] == "NotImplemented"


def ask(live: Live, method: str, target: str, fields: Headers, body: bytes | None) -> Answer:
    """Send one request and wait; a client that waits too long fails the test."""
    with live.client.connect() as connection:
        connection.send_request(method, target, fields, body)
        return connection.receive(method)


@FUZZ
@given(
    method=st.sampled_from(METHODS),
    path=paths,
    query=queries,
    host=hosts,
    fields=headers,
    body=bodies,
    signed=st.booleans(),
)
def test_random_requests_get_wellformed_answers(
    target: Live,
    method: str,
    path: str,
    query: str,
    host: str,
    fields: list[tuple[str, str]],
    body: bytes | None,
    signed: bool,
) -> None:
    target.run(partial(reset, target.controls))
    sent = [("Host", host), *fields]
    if signed:
        sent += SIGNED
    check(ask(target, method, f"{path}?{query}" if query else path, sent, body), method)


DECLARED = sorted({(item.method, item.resource.value, item.subresource) for item in OPERATIONS})


@FUZZ
@given(
    place=st.sampled_from(DECLARED),
    key=st.sampled_from(KEYS),
    query=queries,
    fields=headers,
    body=bodies,
)
def test_operations_with_random_parameters_never_fail(
    target: Live,
    place: tuple[str, str, str],
    key: str,
    query: str,
    fields: list[tuple[str, str]],
    body: bytes | None,
) -> None:
    method, resource, subresource = place
    # Its Content-Length is that of a body that is not sent (P-56), which no client can read.
    assume((method, subresource) != ("GET", "objectMeta"))
    target.run(partial(reset, target.controls))
    path = {"service": "/", "bucket": f"/{BUCKET}", "object": f"/{BUCKET}/{key}"}[resource]
    asked = "&".join(part for part in (subresource, query) if part)
    sent = [("Host", "127.0.0.1"), *SIGNED, *fields]
    check(ask(target, method, f"{path}?{asked}" if asked else path, sent, body), method)


# --- Random bytes

LINES = st.sampled_from(
    [
        b"GET /fuzz/a HTTP/1.1\r\n",
        b"PUT /fuzz/a HTTP/1.1\r\n",
        b"POST /fuzz HTTP/1.0\r\n",
        b"GET / HTTP/9.9\r\n",
        b"GET\r\n",
        b"Host: 127.0.0.1\r\n",
        b"Host: \r\n",
        b"Host: nobody.example\r\n",
        b"Host: [::1\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: five\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Content-Type: multipart/form-data; boundary=b\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Range: bytes=\xff\r\n",
        b": nameless\r\n",
        b" folded\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"zz\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"--b\r\n",
    ]
)


@FUZZ
@given(st.lists(st.one_of(LINES, st.binary(max_size=20)), max_size=8).map(b"".join))
def test_connection_closes_after_random_bytes(target: Live, data: bytes) -> None:
    """The server closes once the client has sent everything."""
    with target.client.connect() as connection:
        connection.send(data)
        connection.finish()
        for line in connection.rest().split(b"\r\n"):
            if line.startswith(b"HTTP/1.1 5"):
                assert line.startswith(b"HTTP/1.1 501")
    assert target.client.get(f"/{BUCKET}", *SIGNED).status == 200
