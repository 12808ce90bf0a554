"""The relay of `record`: it passes bytes on as they are, and only to the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
from oss_emulator.cli import relay
from oss_emulator.cli.relay import MAX_HEAD, Relay
from oss_emulator.recording.exchange import MOST_BYTES, Exchange, ExchangedBody
from oss_emulator.server import framing, tls
from oss_emulator.settings import Settings

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "b.oss-cn-hangzhou.aliyuncs.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


class Service:
    """A server that keeps what it reads, and answers with what it was given."""

    def __init__(self, *answers: bytes, reads: int = 1) -> None:
        self.read = b""
        self._answers, self._reads = list(answers), reads

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in self._answers:
            for _ in range(self._reads):
                self.read += await reader.read(1 << 22)
            writer.write(answer)
            await writer.drain()
        writer.close()


Connected = tuple[asyncio.StreamReader, asyncio.StreamWriter, list[Exchange]]


@asynccontextmanager
async def relaying(
    serve: Serve,
) -> AsyncIterator[Connected]:
    """Connect to a relay whose service is `serve`, for plain http."""
    certificates = tls.load(Settings(tls_port=0), ())
    assert certificates is not None
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    exchanges: list[Exchange] = []
    made = Relay(certificates, exchanges.append, urlsplit(f"http://127.0.0.1:{port}"))
    reader, writer = await asyncio.open_connection("127.0.0.1", await made.start())
    try:
        yield reader, writer, exchanges
    finally:
        writer.close()
        await made.stop()
        server.close()


async def test_request_is_passed_on_as_it_is() -> None:
    service = Service(OK)
    head = f"PUT http://{HOST}/a%2Fb?x=1 HTTP/1.1\r\nhOst: {HOST}\r\nContent-Length: 3\r\n\r\n"
    async with relaying(service.serve) as (reader, writer, exchanges):
        writer.write(head.encode() + b"abc")
        assert await reader.readexactly(len(OK)) == OK
        writer.write_eof()
        await reader.read()
    assert service.read == head.replace(f"http://{HOST}", "").encode() + b"abc"
    (found,) = exchanges
    assert (found.method, found.host, found.target) == ("PUT", HOST, "/a%2Fb?x=1")
    assert (found.content, found.answer_content) == (
        ExchangedBody(3, b"abc"),
        ExchangedBody(2, b"OK"),
    )


async def test_chunks_and_interim_answers_pass() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"
    service = Service(b"HTTP/1.1 100 Continue\r\n\r\n" + answer)
    head = f"PUT http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with relaying(service.serve) as (reader, writer, exchanges):
        writer.write(head.encode() + b"2;x=y\r\nab\r\n0\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert await reader.readexactly(len(answer)) == answer
    (found,) = exchanges
    assert (found.content, found.answer_content) == (
        ExchangedBody(2, b"ab"),
        ExchangedBody(3, b"abc"),
    )


async def test_head_and_304_have_no_body() -> None:
    service = Service(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 304 N\r\n\r\n")
    async with relaying(service.serve) as (reader, writer, exchanges):
        for method in ("HEAD", "GET"):
            writer.write(f"{method} http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
    assert [found.status for found in exchanges] == [200, 304]
    assert {found.answer_content for found in exchanges} == {ExchangedBody()}


async def test_large_body_passes_and_only_its_size_is_kept() -> None:
    body = b"x" * (MOST_BYTES + 1)
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    async with relaying(Service(answer).serve) as (reader, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert await reader.readexactly(len(answer)) == answer
    assert exchanges[0].answer_content == ExchangedBody(len(body))


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://example.com/ HTTP/1.1",
        "CONNECT example.com:443 HTTP/1.1",
        "GET http://aliyuncs.com.example.com/ HTTP/1.1",
        "GET / HTTP/1.1",
    ],
)
async def test_other_host_is_refused(request_line: str) -> None:
    service = Service(OK)
    async with relaying(service.serve) as (reader, writer, exchanges):
        writer.write(f"{request_line}\r\nHost: {HOST}\r\n\r\n".encode())
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"NO_PROXY" in answer
    assert (service.read, exchanges) == (b"", [])


async def test_large_head_is_refused() -> None:
    async with relaying(Service().serve) as (reader, writer, _):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nA: {'x' * 2 * MAX_HEAD}".encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


async def test_service_that_leaves_ends_the_connection() -> None:
    async with relaying(Service(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").serve) as (
        reader,
        writer,
        exchanges,
    ):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert (await reader.read()).endswith(b"abc")
    assert exchanges == []


async def test_each_request_reaches_the_host_that_it_names() -> None:
    other = "other.oss-cn-beijing.aliyuncs.com"
    async with relaying(Service(OK, OK).serve) as (reader, writer, exchanges):
        for host in (HOST, other, HOST):
            writer.write(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert await reader.readexactly(len(OK)) == OK
    assert [found.host for found in exchanges] == [HOST, other, HOST]


async def test_later_request_for_another_service_is_refused() -> None:
    service = Service(OK, OK)
    async with relaying(service.serve) as (reader, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await reader.readexactly(len(OK))
        writer.write(b"GET http://example.com/secret HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
    assert b"secret" not in service.read
    assert len(exchanges) == 1


async def test_answer_that_ends_with_the_connection_ends_that_of_the_client() -> None:
    async with relaying(Service(b"HTTP/1.1 200 OK\r\n\r\nabc").serve) as (
        reader,
        writer,
        exchanges,
    ):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert (await reader.read()).endswith(b"abc")
    assert exchanges[0].answer_content == ExchangedBody(3, b"abc")


async def test_client_sees_that_the_service_has_left_between_two_requests() -> None:
    async with relaying(Service(OK).serve) as (reader, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert await reader.read() == OK
    assert len(exchanges) == 1


@pytest.mark.parametrize("length", ["-1", "+2", "1_0", "x"])
async def test_length_that_is_no_number_ends_the_connection(length: str) -> None:
    async with relaying(Service(OK).serve) as (reader, writer, exchanges):
        head = f"PUT http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n"
        writer.write(head.encode() + b"x" * 20)
        async with asyncio.timeout(10):
            await reader.read()
    assert exchanges == []


async def test_missing_service_is_502() -> None:
    certificates = tls.load(Settings(tls_port=0), ())
    assert certificates is not None
    made = Relay(certificates, lambda _: None, urlsplit("http://127.0.0.1:1"))
    reader, writer = await asyncio.open_connection("127.0.0.1", await made.start())
    writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 502 ")
    writer.close()
    await made.stop()


async def test_tls_without_connect_is_ended_with_an_alert() -> None:
    """By a client that reaches this proxy by https, which would wait for an answer otherwise."""
    service = Service(OK)
    async with relaying(service.serve) as (reader, writer, exchanges):
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        async with asyncio.timeout(10):
            assert await reader.read() == framing.TLS_ALERT
    assert (service.read, exchanges) == (b"", [])


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_service_that_stalls_before_its_answer_is_504(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(relay, "TIMEOUT", 0.2)
    async with relaying(stalling(answer)) as (reader, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert b"HTTP/1.1 504 " in await reader.read()
    assert exchanges == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nO",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
    ],
)
async def test_service_that_stalls_in_its_answer_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    # Only from now on, or a busy machine may be too slow for the beginning of the answer.
    hurry = partial(monkeypatch.setattr, relay, "TIMEOUT", 0.2)
    async with relaying(stalling(answer, hurry)) as (reader, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert answer.startswith(await reader.read())
    assert exchanges == []


def stalling(answer: bytes, then: Callable[[], None] = lambda: None) -> Serve:
    """Answer with some bytes, call `then`, and send nothing more until the connection ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(answer)
        then()
        await reader.read()
        writer.close()

    return serve


async def test_end_while_a_service_stalls_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    async with relaying(stalling(b"")) as (_, writer, exchanges):
        writer.write(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await asyncio.sleep(0.2)
    assert (exchanges, caplog.messages) == ([], [])
