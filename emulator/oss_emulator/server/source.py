"""Opens the source of a fetch task: requests its URL and follows redirections.

Any uploader can choose the URLs. The service itself answers a URL that leads to this server, as an
anonymous GET without a connection, so it never reaches `/_emulator/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from oss_emulator.operations.async_fetch import FetchTask
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import FROM_CALLBACK
from oss_emulator.protocol.message import FileRange, Request, Response
from oss_emulator.server import outgoing
from oss_emulator.server.waiting import ShortStep, run_in_thread

if TYPE_CHECKING:
    from oss_emulator.server.fetching import Host

STALLED: Final = 30.0
"""Seconds that a source may take to accept a connection, and to send the next bytes."""

MAX_REDIRECTS: Final = 5

_CHUNK: Final = 1024 * 1024


class FetchFailedError(Exception):
    """A task failed permanently; the text says why."""


class SourceUnavailableError(Exception):
    """An attempt failed, and another one may succeed; the text says why."""


class SourceAnswer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """The headers by name, in lower case."""
    content: AsyncIterator[bytes]


@asynccontextmanager
async def open_source(server: Host, task: FetchTask) -> AsyncIterator[SourceAnswer]:
    """Request the URL of a task and follow redirections.

    Raises `FetchFailedError` and `SourceUnavailableError`.
    """
    url, host = _parse(task.url), task.host
    for _ in range(MAX_REDIRECTS + 1):
        async with AsyncExitStack() as stack:
            answer = await _ask(server, url, host, stack)
            if answer.status == 200:
                yield answer
                return
        if answer.status >= 500:
            raise SourceUnavailableError(f"The source answered {answer.status}.")
        to = answer.headers.get("location", "")
        if not 300 <= answer.status < 400 or not to:
            raise FetchFailedError(f"The source answered {answer.status}.")
        url, host = _parse(str(url.join(_parse_reference(to)))), ""
    raise FetchFailedError(f"The source redirected more than {MAX_REDIRECTS} times.")


async def _ask(server: Host, url: URL, host: str, stack: AsyncExitStack) -> SourceAnswer:
    """Send a GET; the stack closes the connection.

    Raises `FetchFailedError` and `SourceUnavailableError`.
    """
    if _stands_for(server, url):
        return await _ask_itself(server, url, host)
    try:
        addresses = await outgoing.resolve(url)
        leads_here = outgoing.lead_here(addresses, server.ports())
    except (OSError, UnicodeError):  # the latter for an invalid host name, such as `a..b`
        raise FetchFailedError(f"The host {url.host} cannot be resolved.") from None
    if leads_here:
        return await _ask_itself(server, url, host)
    asked = {"Accept-Encoding": "identity", FROM_CALLBACK: "true"}
    if host:
        asked["Host"] = host
    session = ClientSession(
        connector=outgoing.connect_only_to(addresses),
        timeout=ClientTimeout(total=None, sock_connect=STALLED, sock_read=STALLED),
        auto_decompress=False,
    )
    try:
        await stack.enter_async_context(session)
        found = await stack.enter_async_context(
            session.get(url, headers=asked, allow_redirects=False)
        )
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        raise SourceUnavailableError(_reason(url, error)) from None
    headers = {name.lower(): value for name, value in found.headers.items()}
    return SourceAnswer(found.status, headers, _arriving(url, found.content.iter_any()))


def _stands_for(server: Host, url: URL) -> bool:
    """Whether the server answers for the host of a URL, as it does for clients of its proxy.

    Names of this machine mean all its servers, so the port decides. They are not looked up, because
    many systems cannot resolve names below `localhost`, such as `examplebucket.localhost`.
    """
    host = url.raw_host or ""
    if outgoing.is_this_machine(host):
        return url.port in server.ports()
    if url.port not in (80, 443):
        return False
    try:
        return server.service.addresses.serves(host)
    except OSSError:
        return False


async def _ask_itself(server: Host, url: URL, host: str) -> SourceAnswer:
    name = url.raw_host or ""
    port = "" if url.is_default_port() else f":{url.port}"
    authority = f"[{name}]{port}" if ":" in name else f"{name}{port}"
    now, secure = server.service.clock(), url.scheme == "https"
    # Without a remote address, so that no policy treats it as a request from this machine.
    request = Request.parse(
        "GET", url.raw_path_qs, [("Host", host or authority)], now, secure=secure
    )
    response = await server.answer(request)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return SourceAnswer(response.status, headers, _pieces(response))


def _parse(text: str) -> URL:
    """Parse a URL without changing its encoding, so that its signature still matches."""
    try:
        url = URL(text, encoded=text.isascii())
        port = url.port
    except ValueError:
        raise FetchFailedError(f"The URL {text!r} is invalid.") from None
    if url.scheme not in ("http", "https") or not url.raw_host or not port:
        raise FetchFailedError(
            f"The URL {text!r} is invalid; it must begin with http:// or https://."
        )
    return url


def _parse_reference(text: str) -> URL:
    try:
        return URL(text, encoded=text.isascii())
    except ValueError:
        raise FetchFailedError(f"The source redirected to the invalid URL {text!r}.") from None


async def _arriving(url: URL, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in content:
            yield chunk
    except (ClientError, OSError, TimeoutError) as error:
        raise SourceUnavailableError(_reason(url, error)) from None


async def _pieces(response: Response) -> AsyncIterator[bytes]:
    pieces = (response.body,) if isinstance(response.body, bytes) else response.body
    for piece in pieces:
        if isinstance(piece, FileRange):
            end = piece.offset + piece.length
            for start in range(piece.offset, end, _CHUNK):
                yield await run_in_thread(
                    ShortStep.DISK, piece.read, start, min(_CHUNK, end - start)
                )
        elif piece:
            assert isinstance(piece, bytes)  # noqa: S101 - only answers to POST are streams
            yield piece


def _reason(url: URL, error: Exception) -> str:
    return f"{url.host} cannot be reached: {error or type(error).__name__}."
