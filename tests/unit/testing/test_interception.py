"""Interception of requests to OSS: which host names are redirected, and what a server receives."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from socket import getaddrinfo, gethostbyname
from threading import Thread
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import OpenerDirector, Request, urlopen

import httpx
import oss2
import pytest
import requests
import urllib3
import uvloop
from aiohttp import ClientSession
from oss_emulator import Emulator
from oss_emulator.testing import intercept, interception
from oss_emulator.testing.interception import redirect

from tests.rows import read_cases, rows

CASES = read_cases("unit.testing")


ENDPOINT = "http://127.0.0.1:9000"


@rows(("url", "host"), *CASES["endpoints_of_oss_sts_and_kms_are_redirected"])
def test_endpoints_of_oss_sts_and_kms_are_redirected(url: str, host: str) -> None:
    found = redirect(url, ENDPOINT)
    assert found is not None
    assert found[0].startswith(f"{ENDPOINT}/")
    assert found[1] == host


SPELLINGS = dict(CASES["spellings"])


NEWER = "examplebucket.\U0001f13e\U0001f142\U0001f142-cn-hangzhou.aliyuncs.com"
"""Letters that IDNA 2008 maps, but the codec `idna` of Python does not know."""


@rows("spelling", *SPELLINGS)
@rows(("user", "port"), ("", ""), ("me:pw@", ""), ("", ":80"), ("@", ":8443"))
def test_every_spelling_of_a_host_is_redirected(spelling: str, user: str, port: str) -> None:
    found = redirect(f"http://{user}{SPELLINGS[spelling]}{port}/a", ENDPOINT)
    assert found == (f"{ENDPOINT}/a", f"examplebucket.oss-cn-hangzhou.aliyuncs.com{port}")


@rows("url", *CASES["other_hosts_are_not_redirected"])
def test_other_hosts_are_not_redirected(url: str) -> None:
    assert redirect(url, ENDPOINT) is None


def test_redirected_url_keeps_path_and_query() -> None:
    found = redirect("https://b.oss-cn-hangzhou.aliyuncs.com/a%2Fb?acl&x=%20", ENDPOINT)
    assert found == (f"{ENDPOINT}/a%2Fb?acl&x=%20", "b.oss-cn-hangzhou.aliyuncs.com")


URL = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/a%20b"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        running.bucket("examplebucket", acl="public-read-write").put_object("a b", b"1")
        yield running


Send = Callable[[str, bytes | None], bytes]
TEXT = {"Content-Type": "text/plain"}


async def by_async_httpx(method: str, data: bytes | None) -> bytes:
    async with httpx.AsyncClient() as client:
        return (await client.request(method, URL, content=data)).content


async def by_aiohttp(method: str, data: bytes | None) -> bytes:
    async with ClientSession() as session, session.request(method, URL, data=data) as answer:
        return await answer.read()


def by_urllib(method: str, data: bytes | None) -> bytes:
    request = Request(URL, data, TEXT, method=method) if data else URL
    with urlopen(request, timeout=20) as answer:  # noqa: S310
        found: bytes = answer.read()
    return found


def by_proxied_urllib3(method: str, data: bytes | None) -> bytes:
    with urllib3.ProxyManager("http://127.0.0.1:9", headers=TEXT) as pool:
        return pool.request(method, URL, body=data, retries=False).data


def by_urllib3(method: str, data: bytes | None) -> bytes:
    with urllib3.PoolManager(headers=TEXT) as pool:
        return pool.request(method, URL, body=data).data


def by_copied_requests(method: str, data: bytes | None) -> bytes:
    """Send a request with the copy of `requests` in aliyun-python-sdk-core."""
    copied = import_module("aliyunsdkcore.vendored.requests")
    return bytes(copied.request(method, URL, data=data, timeout=20).content)


CLIENTS: dict[str, Send] = {
    "requests": lambda method, data: requests.request(method, URL, data=data, timeout=20).content,
    "copied requests": by_copied_requests,
    "urllib3": by_urllib3,
    "httpx": lambda method, data: httpx.request(method, URL, content=data).content,
    "async httpx": lambda method, data: asyncio.run(by_async_httpx(method, data)),
    "aiohttp": lambda method, data: asyncio.run(by_aiohttp(method, data)),
    "urllib": by_urllib,
    "urllib3 with a proxy": by_proxied_urllib3,
}


@pytest.mark.parametrize("client", CLIENTS)
def test_client_reaches_the_emulator(client: str, emulator: Emulator) -> None:
    with intercept(emulator.endpoint):
        assert CLIENTS[client]("PUT", b"text of the client") == b""
        assert CLIENTS[client]("GET", None) == b"text of the client"
        answer = requests.get(URL, timeout=20)
        assert answer.url == URL
    put, got, _ = emulator.journal[-3:]
    assert (put.method, put.bucket, put.key) == ("PUT", "examplebucket", "a b")
    assert (got.method, got.status) == ("GET", 200)


REFUSALS = (UnicodeError, ValueError, OSError, httpx.InvalidURL, urllib3.exceptions.HTTPError)
"""Errors that clients raise for hosts outside of RFC 3986, before they look them up."""


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("client", CLIENTS)
def test_no_spelling_of_a_host_leaves_the_machine(
    client: str, spelling: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator answers or the client refuses the URL; no name is looked up."""

    def look_up(name: Any, *_: Any, **__: Any) -> Any:
        sys.audit("socket.getaddrinfo", name)  # like the original function
        if name in ("127.0.0.1", b"127.0.0.1"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", emulator.port))]
        raise AssertionError(f"looked up {name}")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setitem(globals(), "URL", f"http://{SPELLINGS[spelling]}/missing")
    refusals = () if spelling in ("trailing dot", "upper case") else REFUSALS
    answer = None
    with intercept(emulator.endpoint), suppress(HTTPError, *refusals):
        answer = CLIENTS[client]("GET", None)
    if answer is not None:
        # httpx sends a Host header with percent signs, which the emulator refuses.
        code = "BadRequest" if "httpx" in client and spelling == "percent" else "NoSuchKey"
        assert f"<Code>{code}</Code>".encode() in answer


@pytest.mark.parametrize("given", [None, "example.com", "*"])
@pytest.mark.parametrize("client", CLIENTS)
def test_proxy_is_not_asked_for_the_emulator(
    client: str, given: str | None, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    if given is not None:
        monkeypatch.setenv("no_proxy", given)
    with intercept(emulator.endpoint):
        assert CLIENTS[client]("GET", None)
    assert os.environ.get("no_proxy") == given


@rows("proxy", None, "http://127.0.0.1:9")
def test_httpx_reaches_an_emulator_with_tls_without_its_proxy(proxy: str | None) -> None:
    """The client verifies the emulator with the given authority."""

    async def ask(verify: ssl.SSLContext | bool) -> int:
        async with httpx.AsyncClient(verify=verify, proxy=proxy) as client:
            return (await client.get(URL)).status_code

    with Emulator(tls=True) as emulator, intercept(emulator.endpoint):
        known = ssl.create_default_context(cafile=str(emulator.ca_file))
        with httpx.Client(verify=known, proxy=proxy) as client:
            assert client.get(URL).status_code == 404
        assert asyncio.run(ask(known)) == 404
        unknown = pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED")
        with httpx.Client(proxy=proxy) as client, unknown:
            client.get(URL)


def test_host_of_a_redirect_is_not_that_of_the_service(emulator: Emulator) -> None:
    host = "examplebucket.oss-cn-hangzhou.aliyuncs.com"
    with Emulator() as other, intercept(emulator.endpoint), urllib3.PoolManager() as pool:
        pool.request("GET", f"{other.endpoint}/a", headers={"Host": host, "x-oss-meta-a": "1"})
        (asked,) = other.journal
    assert asked.bucket == "a"


class Moved(BaseHTTPRequestHandler):
    """Redirects `/a`, and notes the Host of each request."""

    to = ""
    hosts: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.send_response(302 if self.path == "/a" else 204)
        self.send_header("Location", self.to)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def moving(to: str) -> Iterator[tuple[str, list[str]]]:
    """Run a server that redirects; its endpoint, and a list of the Hosts that it gets."""
    hosts: list[str] = []
    handler = type("Handler", (Moved,), {"to": to, "hosts": hosts})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", hosts
        finally:
            server.shutdown()
            thread.join()


async def follow_asynchronously(url: str) -> None:
    async with ClientSession() as session, session.get(url):
        pass


FOLLOWING: dict[str, Callable[[str], object]] = {
    "requests": lambda url: requests.get(url, timeout=20),
    "httpx": lambda url: httpx.get(url, follow_redirects=True),
    "urllib3": lambda url: urllib3.PoolManager().request("GET", url),
    "urllib": lambda url: urlopen(url, timeout=20).close(),  # noqa: S310
    "urllib with a request": lambda url: urlopen(Request(url), timeout=20).close(),  # noqa: S310
    "aiohttp": lambda url: asyncio.run(follow_asynchronously(url)),
    "aiohttp on uvloop": lambda url: uvloop.run(follow_asynchronously(url)),
}
"""Clients that follow redirects."""


@rows("client", *FOLLOWING)
def test_redirect_to_another_host_gets_the_host_of_its_url(client: str) -> None:
    with moving("") as (other, hosts), moving(f"{other}/b") as (endpoint, first):
        with intercept(endpoint):
            FOLLOWING[client]("http://b.oss-cn-hangzhou.aliyuncs.com/a")
        assert first == ["b.oss-cn-hangzhou.aliyuncs.com"]
        assert hosts == [other.removeprefix("http://")]


@rows("client", *FOLLOWING)
def test_redirect_to_another_path_keeps_the_host(client: str) -> None:
    with moving("/b") as (endpoint, hosts):
        with intercept(endpoint):
            FOLLOWING[client]("http://b.oss-cn-hangzhou.aliyuncs.com/a")
        assert hosts == ["b.oss-cn-hangzhou.aliyuncs.com"] * 2


def test_other_hosts_are_asked_directly(emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/examplebucket/missing"
    with intercept("http://127.0.0.1:1"):
        assert requests.get(url, timeout=20).status_code == 404
        assert httpx.get(url).status_code == 404
        with urllib3.PoolManager() as pool:
            assert pool.request("GET", url).status == 404
        with pytest.raises(HTTPError):
            urlopen(url, timeout=20)  # noqa: S310


def test_client_that_is_not_covered_is_stopped_before_it_asks_for_the_name() -> None:
    with intercept("http://127.0.0.1:1"):
        connection = HTTPSConnection("examplebucket.oss-cn-hangzhou.aliyuncs.com", timeout=20)
        with pytest.raises(RuntimeError, match="does not cover the client that looks up example"):
            connection.request("GET", "/")
        with pytest.raises(RuntimeError, match=r"endpoint http://127\.0\.0\.1:1"):
            socket.getaddrinfo(b"sts.aliyuncs.com", 443)
        assert socket.getaddrinfo("127.0.0.1", 80)


async def look_up_asynchronously(name: str) -> None:
    await asyncio.get_running_loop().getaddrinfo(name, 443)


def ask_asynchronously(run: Callable[[Any], Any], name: str) -> None:
    run(asyncio.open_connection(name, 443))


@rows(
    "look_up",
    lambda name: socket.getaddrinfo(host=name, port=443),
    lambda name: getaddrinfo(name, 443),
    lambda name: socket.gethostbyname(name),
    lambda name: gethostbyname(name),
    lambda name: socket.gethostbyname_ex(name),
    lambda name: socket.gethostbyaddr(name),
    lambda name: socket.getaddrinfo(f"{name}\0.example.com", 443),
    lambda name: socket.getaddrinfo(f"a\n.{name}", 443),
    lambda name: socket.create_connection((name, 443)),
    lambda name: socket.socket().connect((name, 443)),
    lambda name: socket.socket().connect_ex((name, 443)),
    partial(ask_asynchronously, asyncio.run),
    partial(ask_asynchronously, uvloop.run),
    lambda name: uvloop.run(look_up_asynchronously(name)),
)
def test_no_way_looks_up_a_name_of_the_service(look_up: Callable[[str], Any]) -> None:
    refused = pytest.raises(RuntimeError, match="does not cover the client that looks up")
    for name in ("oss-cn-hangzhou.aliyuncs.com", *SPELLINGS.values()):
        with intercept("http://127.0.0.1:1"), refused:
            look_up(name)


def test_client_that_is_not_covered_sends_no_name_to_a_proxy() -> None:
    refused = pytest.raises(RuntimeError, match="does not cover the client that looks up sts")
    proxy = HTTPSConnection("127.0.0.1", 9)
    with intercept("http://127.0.0.1:1"), refused:
        proxy.set_tunnel("sts.aliyuncs.com", 443)
    with intercept("http://127.0.0.1:1"), refused:
        proxy.request("GET", "http://sts.aliyuncs.com/")
    pool = urllib3.proxy_from_url("http://127.0.0.1:9").connection_from_url(
        "https://sts.aliyuncs.com"
    )
    with intercept("http://127.0.0.1:1"), refused:
        pool.request("GET", "/", retries=False)


def test_uvloop_that_is_imported_later_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "uvloop")
    refused = pytest.raises(RuntimeError, match="does not cover the client that looks up sts")
    with intercept("http://127.0.0.1:1"), refused:
        import_module("uvloop").run(look_up_asynchronously("sts.aliyuncs.com"))


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("host", [SPELLINGS["upper case"], NEWER])
def test_aiohttp_reaches_the_emulator_by_its_base_url(
    run: Callable[[Any], str], host: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> str:
        session = ClientSession(f"https://{host}/dir/", trust_env=True)
        async with session, session.get("../a b") as answer:
            return await answer.text()

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    emulator.put("/examplebucket/a%20b", b"text")
    with intercept(emulator.endpoint):
        assert run(ask()) == "text"
    assert emulator.journal[-1].host == "examplebucket.oss-cn-hangzhou.aliyuncs.com"


@rows("run", asyncio.run, uvloop.run)
def test_aiohttp_follows_no_redirect_to_the_service(run: Callable[[Any], None]) -> None:
    async def move(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {OF_BEIJING}\r\n\r\n".encode())
        writer.close()

    async def ask() -> None:
        server = await asyncio.start_server(move, "127.0.0.1", 0)
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, ClientSession() as session:
            await session.get("http://www.example.com/", proxy=proxy)

    refused = pytest.raises(RuntimeError, match="does not cover the client that looks up example")
    with intercept("http://127.0.0.1:1"), refused:
        run(ask())


def test_everything_is_as_before_when_the_block_ends() -> None:
    def methods() -> list[Any]:
        return [
            requests.adapters.HTTPAdapter.send,
            urllib3.PoolManager.urlopen,
            httpx.HTTPTransport.__init__,
            httpx.HTTPTransport.handle_request,
            httpx.AsyncHTTPTransport.handle_async_request,
            ClientSession.get,
            ClientSession.request,
            OpenerDirector.open,
            socket.socket.connect,
        ]

    before = methods()
    with intercept(ENDPOINT):
        assert all(now is not then for now, then in zip(methods(), before, strict=True))
    assert methods() == before
    sys.audit("socket.getaddrinfo", "sts.aliyuncs.com")  # nothing refuses it


def test_blocks_that_overlap_are_refused_and_leave_nothing() -> None:
    """As in two threads or tasks, whose requests reach only the emulator of one of them."""
    before = requests.adapters.HTTPAdapter.send, os.environ.get("no_proxy")
    first, second = intercept(ENDPOINT), intercept("http://127.0.0.2:9000")
    first.__enter__()
    with pytest.raises(RuntimeError, match="make another one"):
        first.__enter__()
    second.__enter__()
    with pytest.raises(RuntimeError, match="another interception began during this one"):
        first.__exit__()
    with pytest.raises(RuntimeError, match=r"give this client the endpoint http://127\.0\.0\.2"):
        gethostbyname("sts.aliyuncs.com")
    second.__exit__()
    assert (requests.adapters.HTTPAdapter.send, os.environ.get("no_proxy")) == before
    sys.audit("socket.getaddrinfo", "sts.aliyuncs.com")  # nothing refuses it


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_block_that_is_collected_while_another_begins_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def block() -> Iterator[None]:
        with intercept(ENDPOINT):
            yield

    before = requests.adapters.HTTPAdapter.send
    abandoned = [block()]
    next(abandoned[0])
    abandoned.append(abandoned)  # type: ignore[arg-type] # only the garbage collector ends it
    del abandoned
    monkeypatch.setattr(interception, "_watch_look_ups", gc.collect)
    with intercept(ENDPOINT):
        pass
    assert requests.adapters.HTTPAdapter.send is before
    sys.audit("socket.getaddrinfo", "sts.aliyuncs.com")  # nothing refuses it


# --- an emulator of its own, as a context manager and as a decorator

OF_BEIJING = "http://examplebucket.oss-cn-beijing.aliyuncs.com/a"


def put_and_get(emulator: Emulator) -> bytes:
    emulator.bucket("examplebucket", acl="public-read")
    emulator.put("/examplebucket/a", b"content")
    return requests.get(OF_BEIJING, timeout=20).content


def test_emulator_is_started_for_the_block() -> None:
    with intercept(region="cn-beijing") as emulator:
        assert put_and_get(emulator) == b"content"
        assert emulator.journal[-1].host == "examplebucket.oss-cn-beijing.aliyuncs.com"
    with pytest.raises(RuntimeError, match="is not running"):
        emulator.reset()


def put_into_new_bucket(key: str) -> list[str]:
    """Create the bucket of a program for the service, and return its objects after a PUT."""
    auth = oss2.Auth("oss-emulator", "oss-emulator-secret")
    bucket = oss2.Bucket(auth, "https://oss-cn-hangzhou.aliyuncs.com", "examplebucket")
    bucket.create_bucket()
    bucket.put_object(key, b"")
    return [item.key for item in bucket.list_objects().object_list]


def test_each_call_of_a_decorated_function_has_an_emulator_of_its_own() -> None:
    for decorated in (intercept(put_into_new_bucket), intercept(demo=False)(put_into_new_bucket)):
        assert [decorated(key) for key in "ab"] == [["a"], ["b"]]
        assert decorated.__name__ == "put_into_new_bucket"

    @intercept()
    async def ask(url: str) -> str:
        async with ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    assert asyncio.iscoroutinefunction(ask)
    assert "<Code>NoSuchBucket</Code>" in asyncio.run(
        ask(OF_BEIJING.replace("beijing", "hangzhou"))
    )


def test_decorated_function_gets_what_it_is_given_an_endpoint_for(emulator: Emulator) -> None:
    ask = intercept(emulator.endpoint)(partial(requests.get, timeout=20))
    assert ask("http://oss-cn-hangzhou.aliyuncs.com/").status_code == 403
    assert emulator.journal[-1].host == "oss-cn-hangzhou.aliyuncs.com"


def test_what_would_not_be_intercepted_is_refused() -> None:
    def generate() -> Iterator[int]:
        yield 1

    async def generate_later() -> Any:
        yield 1

    for wrong in (generate, generate_later, Emulator):
        with pytest.raises(TypeError, match=r"cannot decorate .*; use a with statement"):
            intercept()(wrong)
    with pytest.raises(TypeError, match="leave out the endpoint"):
        intercept(ENDPOINT, region="cn-beijing")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"write intercept\(emulator\.endpoint\)"):
        intercept(Emulator())  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="'' is not an endpoint; write http://HOST"):
        intercept("")
    with pytest.raises(TypeError, match="has no setting regio; did you mean region"):
        intercept(regio="x").__enter__()


def test_nothing_stays_when_the_emulator_cannot_start() -> None:
    before = requests.adapters.HTTPAdapter.send
    with pytest.raises(ValueError, match="is not a region"):
        intercept(region="x").__enter__()
    assert requests.adapters.HTTPAdapter.send is before
