"""Callbacks over HTTP: the request to the application, and how its answer affects the upload."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from oss_emulator import Emulator
from oss_emulator.server import callback as server_callback

from tests.client import Answer, Client, Live, check_error
from tests.http import application, forms
from tests.http.application import Application, Names, Reply, StartServer, in_thread

MakeBucket = Callable[..., str]

BODY = b"hello"
MD5 = "5D41402ABC4B2A76B9719D911017C592"


@pytest.fixture
async def app(aiohttp_server: StartServer) -> AsyncIterator[Application]:
    async with application.run(aiohttp_server) as running:
        yield running


@pytest.fixture
def public(make_bucket: MakeBucket) -> str:
    return make_bucket("public-read-write")


def encode(value: Any) -> str:
    return b64encode(json.dumps(value).encode()).decode()


def wanted(url: str, body: str = "bucket=${bucket}", **more: Any) -> str:
    return encode({"callbackUrl": url, "callbackBody": body, **more})


def put(client: Client, bucket: str, callback: str, *headers: tuple[str, str]) -> Answer:
    return client.put(f"/{bucket}/a%20b.txt", BODY, ("x-oss-callback", callback), *headers)


SYSTEM = "&".join(
    f"{name}=${{{name}}}"
    for name in (
        "bucket object etag size mimeType imageInfo.height imageInfo.width imageInfo.format crc64 "
        "reqId operation x:var1"
    ).split()
)


@in_thread
def test_answer_of_the_application_becomes_the_answer(
    client: Client, public: str, app: Application
) -> None:
    variables = encode({"x:var1": "v 1&é"})
    answer = put(
        client,
        public,
        wanted(app.url("/done?id=1"), SYSTEM),
        ("x-oss-callback-var", variables),
        ("Content-Type", "text/plain"),
    )
    assert (answer.status, answer.body) == (200, b'{"a":"b"}')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == f'"{MD5}"'
    [taken] = app.taken
    assert taken.line == "POST /done?id=1 HTTP/1.0"
    assert taken.headers["host"] == f"127.0.0.1:{app.port}"
    assert taken.headers["content-type"] == "application/x-www-form-urlencoded"
    assert taken.headers["user-agent"] == "http-client/0.0.1"
    assert b"mimeType=text%2Fplain" in taken.body
    assert parse_qs(taken.body.decode(), keep_blank_values=True) == {
        "bucket": [public],
        "object": ["a b.txt"],
        "etag": [MD5],
        "size": ["5"],
        "mimeType": ["text/plain"],
        "imageInfo.height": [""],
        "imageInfo.width": [""],
        "imageInfo.format": [""],
        "crc64": [answer.headers["x-oss-hash-crc64ecma"]],
        "reqId": [answer.headers["x-oss-request-id"]],
        "operation": ["PutObject"],
        "x:var1": ["v 1&é"],
    }


@in_thread
def test_host_of_the_callback_is_sent(client: Client, public: str, app: Application) -> None:
    put(client, public, wanted(app.url(), callbackHost="www.example.com"))
    assert app.taken[0].headers["host"] == "www.example.com"


@in_thread
def test_additional_headers_are_sent(client: Client, public: str, app: Application) -> None:
    added = {"key1": "val1", "content-length": "99"}
    assert put(client, public, wanted(app.url(), "a=1", additionalHeaders=added)).status == 200
    [taken] = app.taken
    assert (taken.headers["key1"], taken.headers["content-length"]) == ("val1", "3")


@in_thread
def test_callback_in_the_query_is_called(client: Client, public: str, app: Application) -> None:
    callback = quote(wanted(app.url(), "v=${x:v}"), safe="")
    variables = quote(encode({"x:v": "1"}), safe="")
    target = f"/{public}/a?callback={callback}&callback-var={variables}"
    assert client.put(target, BODY).body == b'{"a":"b"}'
    assert app.taken[0].body == b"v=1"


@in_thread
def test_callback_of_a_form_is_called(client: Client, public: str, app: Application) -> None:
    fields = [
        ("key", "up/${filename}"),
        ("success_action_status", "201"),
        ("callback", wanted(app.url(), "object=${object}&v=${x:my_var}&o=${operation}")),
        ("x:my_var", "a b"),
    ]
    answer = forms.post(client, public, forms.form(fields))
    assert (answer.status, answer.body) == (200, b'{"a":"b"}')
    assert app.taken[0].body == b"object=up%2Fphoto.jpg&v=a%20b&o=PostObject"


@in_thread
def test_callback_policy_of_the_bucket_is_called(live: Live, public: str, app: Application) -> None:
    item = (
        f"<PolicyItem><PolicyName>mine</PolicyName><Callback>{wanted(app.url(), 'v=${x:v}')}"
        f"</Callback><CallbackVar>{encode({'x:v': '3'})}</CallbackVar></PolicyItem>"
    )
    document = f"<BucketCallbackPolicy>{item}</BucketCallbackPolicy>".encode()
    live.put(f"/{public}?policy&comp=callback", document)
    assert put(live.client, public, encode({"callbackPolicy": "mine"})).body == b'{"a":"b"}'
    assert app.taken[0].body == b"v=3"
    answer = put(live.client, public, encode({"callbackPolicy": "other"}))
    assert (answer.status, answer.code) == (400, "InvalidArgument")


@in_thread
def test_first_url_with_a_good_answer_counts(client: Client, public: str, app: Application) -> None:
    app.replies["/1"] = Reply(status=500)
    app.replies["/3"] = Reply(b'{"n":3}')
    urls = ";".join([app.url("/1"), "http://127.0.0.1:1/2", app.url("/3"), app.url("/4")])
    assert put(client, public, wanted(urls)).body == b'{"n":3}'
    assert [taken.line.split()[1] for taken in app.taken] == ["/1", "/3"]


# --- Failed callbacks: 203, and the object is stored


LONG = b'"' + b"x" * (1024 * 1024) + b'"'
REPLIES = [
    (Reply(status=301), "Error status : 301.", "0007-00000203"),
    (Reply(status=400), "Error status : 400.", "0007-00000203"),
    (Reply(status=204, body=b""), "Error status : 204.", "0007-00000203"),
    (Reply(b"hello"), "Response body is not valid json format.", "0007-00000205"),
    (Reply(b'\xef\xbb\xbf{"a":1}'), "Response body is not valid json format.", "0007-00000205"),
    (Reply(b"[" * 100_000), "Response body is not valid json format.", "0007-00000205"),
    (
        Reply(has_length=False),
        "Error status : 400.User server missing content-length.",
        "0007-00000203",
    ),
    (
        Reply(LONG),
        "Error status : 400.User server return too long content-length value.",
        "0007-00000203",
    ),
]


@pytest.mark.parametrize(("reply", "message", "ec"), REPLIES, ids=range(len(REPLIES)))
@in_thread
def test_bad_answer_of_the_application_is_refused(
    client: Client, public: str, app: Application, reply: Reply, message: str, ec: str
) -> None:
    app.replies["/"] = reply
    check_error(put(client, public, wanted(app.url())), 203, "CallbackFailed", message, ec)
    assert client.get(f"/{public}/a%20b.txt").body == BODY


def test_unreachable_application_gets_callback_failed(client: Client, public: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = put(client, public, wanted(f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    message = "Error status : -1. OSS can not connect to your callbackUrl, please check it."
    check_error(answer, 203, "CallbackFailed", message, "")
    assert client.get(f"/{public}/a%20b.txt").body == BODY


@in_thread
def test_slow_application_gets_a_timeout_error(
    client: Client, public: str, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server_callback.TIMEOUT == 5
    monkeypatch.setattr(server_callback, "TIMEOUT", 0.1)
    app.holds.add("/")
    answer = put(client, public, wanted(app.url()))
    check_error(answer, 203, "CallbackFailed", "Cost too long time.", "0007-00000202")
    assert client.get(f"/{public}/a%20b.txt").body == BODY


# --- The server itself is never called


OWN = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "0",
    "0.0.0.0",  # noqa: S104 - to call, not to bind
    "0x7f000001",
    "017700000001",
    "2130706433",
    "localhost",
    "LocalHost",
    "user@localhost",
    "self.example",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:0.0.0.0]",
]


@pytest.mark.parametrize("host", [*OWN, socket.gethostname()])
@pytest.mark.usefixtures("names")
def test_callback_never_reaches_the_server(live: Live, public: str, host: str) -> None:
    url = f"http://{host}:{live.port}/_emulator/reset"
    answer = put(live.client, public, wanted(url))
    assert (answer.status, answer.code) == (203, "CallbackFailed")
    assert "leads to the emulator itself" in answer.error["Message"]
    assert live.client.get(f"/{public}/a%20b.txt").body == BODY


def test_callback_never_reaches_the_port_for_https() -> None:
    with Emulator(tls_port=0) as emulator:
        emulator.bucket("examplebucket", acl="public-read-write")
        answer = put(
            Client("127.0.0.1", emulator.port), "examplebucket", wanted(emulator.https_endpoint)
        )
    assert "leads to the emulator itself" in answer.error["Message"]


@in_thread
def test_other_url_is_called_after_one_of_the_server(
    live: Live, public: str, app: Application
) -> None:
    urls = f"{live.endpoint}/;{app.url()}"
    assert put(live.client, public, wanted(urls)).body == b'{"a":"b"}'


@in_thread
def test_address_that_was_checked_is_the_one_connected_to(
    client: Client, public: str, app: Application, names: Names
) -> None:
    callback = wanted(f"http://app.example:{app.port}/")
    assert put(client, public, callback).body == b'{"a":"b"}'
    assert app.taken[0].headers["host"] == f"app.example:{app.port}"
    assert names.asked == ["app.example"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@in_thread
def test_redirection_of_an_application_is_not_followed(
    live: Live, public: str, app: Application, status: int
) -> None:
    """Neither to another address nor to the server itself, which has the address of the first."""
    for target in (app.url("/elsewhere"), f"{live.endpoint}/{public}/a%20b.txt"):
        app.replies["/"] = Reply(status=status, headers={"Location": target})
        answer = put(live.client, public, wanted(app.url()))
        message = f"Error status : {status}."
        check_error(answer, 203, "CallbackFailed", message, "0007-00000203")
    assert [taken.line for taken in app.taken] == ["POST / HTTP/1.0"] * 2


@pytest.mark.parametrize("path", ["health", "reset", "seed", "requests", "none"])
@in_thread
def test_calls_of_callbacks_are_marked_and_refused_by_the_api(
    client: Client, public: str, app: Application, path: str
) -> None:
    put(client, public, wanted(app.url()))
    mark = ("x-oss-emulator-callback", app.taken[0].headers["x-oss-emulator-callback"])
    answer = client.request("POST", f"/_emulator/{path}", [("Content-Length", "0"), mark])
    assert answer.status == 403
    assert b"callback" in answer.body


def test_invalid_callback_is_refused_and_nothing_stored(client: Client, public: str) -> None:
    """tests/unit/protocol/test_callback.py has every mistake."""
    for headers in (
        [("x-oss-callback", wanted("10.101.166.30:test"))],
        [("x-oss-callback", wanted("http://a.example/")), ("x-oss-callback-var", "***")],
    ):
        answer = client.put(f"/{public}/a", BODY, *headers)
        assert (answer.status, answer.code) == (400, "InvalidArgument")
        name = headers[-1][0].removeprefix("x-oss-")
        assert answer.error["ArgumentName"] == name
        assert client.head(f"/{public}/a").status == 404
