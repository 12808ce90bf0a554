"""Signatures of every signer of the real SDKs are verified."""

import pytest
from oss_emulator.protocol.signature import parse, verify

from tests.unit.protocol.signature.clients import (
    CLIENTS,
    ID,
    REGION,
    SECRET,
    Call,
    Client,
    target_of,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")  # oss2 on 3.12+

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)

KEYS = [
    "plain.txt",
    "dir/sub dir/файл 文件 🗎.txt",
    "a+b c%20d%2Fe",
    "%",
    "50%&60%",
    "what?acl&x=1#top",
    "//twice//over//",
    "dir/",
    "a/../../b/./c",
    "-._~!$'()*,;:@=[]{}|\\^`\"<>",
    "tab\tnew\nline\rnul\x00one\x01del\x7f",
    "é",  # composed, and
    "é",  # decomposed: two keys
]

QUERIES = [
    {"acl": ""},
    {"uploadId": "0004B9/+=", "partNumber": "7"},
    {"response-content-type": "text/plain; charset=utf-8", "response-expires": "Fri, 24 Feb 2012"},
    {"response-content-disposition": 'attachment; filename="中 +%2B&a=b.txt"', "zz": "", "a": " "},
    {"x-oss-process": "image/resize,w_100/format,png", "versionId": "CAEQ+/="},
    {"prefix": "a/b c+d", "list-type": "2", "continuation-token": "Cg=="},
    {"a": "1", "a-b": "2", "A": "3", "a_": "4", "~": "5", "中": "6", "a b": "7", "a+b": "8"},
    {"referer": "", "marker": "ключ"},
]

HEADERS = {
    "Content-Type": "application/octet-stream; x=1",
    "Content-MD5": "eB5eJF1ptWaXm4bijSPyxw==",
    "x-oss-meta-a": "one",
    "x-oss-meta-a-b": "sorts after a, though - is less than :",
    "X-OSS-Meta-Upper": "MiXed",
    "x-oss-acl": "private",
    "Range": "bytes=0-9",
    "If-Modified-Since": "Fri, 24 Feb 2012 06:07:48 GMT",
}


def check(client: Client, call: Call) -> None:
    request = client.send(call)
    assert target_of(request) == (call.bucket, call.key)

    claim = parse(request)

    assert claim is not None
    assert (claim.version, claim.place) == (client.version, client.place)
    assert (claim.access_key_id, claim.token) == (ID, client.token)
    verify(claim, request, call.target, SECRET, REGION)


@every_client
@pytest.mark.parametrize("key", KEYS)
def test_signatures_over_keys_are_verified(client: Client, key: str) -> None:
    check(client, Call(key=key))


@every_client
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: ",".join(query))
def test_signatures_over_queries_are_verified(client: Client, query: dict[str, str]) -> None:
    check(client, Call(parameters=query))


@every_client
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"])
def test_signatures_over_methods_and_headers_are_verified(client: Client, method: str) -> None:
    check(client, Call(method, headers=HEADERS))


@pytest.mark.parametrize("client", [c for c in CLIENTS if not c.objects_only], ids=lambda c: c.name)
@pytest.mark.parametrize("query", [{}, {"acl": ""}, {"prefix": "a/b c", "max-keys": "5"}])
def test_signatures_over_bucket_and_service_are_verified(
    client: Client, query: dict[str, str]
) -> None:
    check(client, Call(key="", parameters=query))
    check(client, Call(bucket="", key="", parameters=query))


@pytest.mark.parametrize(
    "client", [c for c in CLIENTS if c.takes_additional_headers], ids=lambda c: c.name
)
@pytest.mark.parametrize("names", [("range",), ("Range", "if-modified-since", "Host", "absent")])
def test_signatures_over_additional_headers_are_verified(
    client: Client, names: tuple[str, ...]
) -> None:
    call = Call(headers={**HEADERS, "Host": "127.0.0.1:9"}, additional_headers=names)
    request = client.send(call)
    claim = parse(request)

    assert claim is not None
    assert claim.additional_headers == tuple(sorted({n.lower() for n in names} - {"absent"}))
    verify(claim, request, call.target, SECRET, REGION)
