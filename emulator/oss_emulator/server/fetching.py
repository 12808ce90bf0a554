"""Runs the tasks that fetch a URL and store what they get (PutAsyncFetchTask, P-81).

Anyone who may upload chooses the URLs. One that leads to the server itself is answered by the
service without a connection, as an anonymous GET, so it never reaches `/_emulator/`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from oss_emulator.documents import async_fetch
from oss_emulator.documents.async_fetch import MAX_AGE, FetchTask, State
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.async_fetch import failure_callback, settle, store_request
from oss_emulator.operations.call import Body, Environment
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol import checksums
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import FROM_CALLBACK
from oss_emulator.protocol.message import Callback, FileRange, Request, Response
from oss_emulator.server import body_writer, callback, outgoing
from oss_emulator.storage import failure

if TYPE_CHECKING:
    from collections.abc import Collection

    from oss_emulator.pipeline.service import Service

LOG: Final = logging.getLogger("oss_emulator")

AT_A_TIME: Final = 4
"""Tasks that run at the same time; the others wait."""

TIMEOUT: Final = 300.0
"""Seconds that one attempt may take."""

STALLED: Final = 30.0
"""Seconds that a source may take to accept a connection, and to send the next bytes."""

PAUSES: Final = (1.0, 2.0)
"""Seconds before the second and the third attempt; there are no more."""

MAX_REDIRECTS: Final = 5

_CHUNK: Final = 1024 * 1024

_BUG: Final = "The emulator failed; see its log."

_T = TypeVar("_T")


class Host(NamedTuple):
    """What a server offers to its tasks."""

    service: Service
    ports: Callable[[], Collection[int]]
    """Its own ports."""
    answer: Callable[[Request], Awaitable[Response]]
    """Answers a request to OSS without a body, as if a client had sent it."""
    perform: Callable[[Admission, Body, Callable[[Response], None]], Awaitable[Response]]
    """Performs an admitted call without its callback; calls a function in the same transaction."""
    write: Callable[[Callable[[], None]], Awaitable[None]]
    """Calls a function where the storage is written."""


class _FailedError(Exception):
    """A task failed for good; the text says why."""


class _UnavailableError(Exception):
    """An attempt failed, and another one may succeed; the text says why."""


class _Answer(NamedTuple):
    """What a source answers."""

    status: int
    headers: Mapping[str, str]
    """The headers by name, in lower case."""
    content: AsyncIterator[bytes]


class Fetches:
    """The tasks of one server."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._running: dict[str, asyncio.Task[None]] = {}
        """The running tasks of asyncio, by the id of the fetch task."""
        self._closed = False

    def begin(self, bucket: str, task_id: str) -> None:
        """Run a task in the background, unless it has ended, it runs already or the server ends."""
        service = self._host.service
        if (running := self._running.get(task_id)) is not None:
            # It may have ended before a snapshot brought the task back, so look again afterwards.
            running.add_done_callback(lambda _: self.begin(bucket, task_id))
            return
        if self._closed or not service.storage.claim(task_id):  # another worker runs it
            return
        task = self._find(bucket, task_id)  # after the claim, for another worker may have ended it
        if task is None or task.at(service.clock()).state.ended:
            service.storage.disclaim(task_id)
            return
        running = asyncio.ensure_future(self._run(bucket, task))
        self._running[task_id] = running
        running.add_done_callback(lambda _: self._forget(task_id))

    def _forget(self, task_id: str) -> None:
        del self._running[task_id]
        self._host.service.storage.disclaim(task_id)

    def resume(self) -> None:
        """Begin all unfinished tasks that no process runs.

        A server does so when it starts, also in place of a worker that ended, and after a restore.
        """
        for bucket in self._host.service.storage.buckets():
            for task in async_fetch.of(bucket.documents):
                if not task.state.ended:
                    self.begin(bucket.name, task.id)

    async def close(self) -> None:
        """Break off all tasks; the next server on the same storage resumes them."""
        self._closed = True
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _find(self, bucket: str, task_id: str) -> FetchTask | None:
        record = self._host.service.storage.bucket(bucket)
        return None if record is None else async_fetch.find(record.documents, task_id)

    async def _run(self, bucket: str, task: FetchTask) -> None:
        """Run a task to its end and keep its state."""
        response = None
        try:
            async with asyncio.timeout(MAX_AGE):
                async with self._turns:
                    task, response = await self._attempt(bucket, task)
        except TimeoutError:
            task = task._replace(state=State.FAILED, message="The task took too long.")
        except Exception as error:
            LOG.error("the task %s failed", task.id, exc_info=error)
            task = task._replace(state=State.FAILED, message=_BUG)
        if response is not None and response.callback is not None:
            task = await self._call_back(task, response, response.callback)
        await self._keep(bucket, task)

    async def _attempt(self, bucket: str, task: FetchTask) -> tuple[FetchTask, Response | None]:
        """Fetch and store, again if the source is unavailable.

        Returns the task, ended unless its callback is left, and the answer if it is stored.
        """
        if task.stored:
            return task.interrupted(), None  # whether its callback was answered is not known
        for pause in (*PAUSES, None):
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._fetch(bucket, task)
            except _FailedError as error:
                message = str(error)
                break
            except (_UnavailableError, TimeoutError) as error:
                message = str(error) or f"The source took more than {TIMEOUT:.0f} seconds."
            # This waits for the write that is going on, which may just have stored the object.
            await self._keep(bucket, task._replace(state=State.RETRY, message=message))
            kept = self._find(bucket, task.id)
            if kept is not None and kept.stored:
                return kept if kept.state.ended else kept.interrupted(), None
            if pause is not None:
                await asyncio.sleep(pause)
        await self._tell_failure(bucket, task)
        return task._replace(state=State.FAILED, message=message), None

    async def _fetch(self, bucket: str, task: FetchTask) -> tuple[FetchTask, Response]:
        """Fetch a URL and store the object; raises `_FailedError` and `_UnavailableError`."""
        service = self._host.service
        async with self._open(task) as answer:
            request = store_request(bucket, task, answer.headers, service.clock())
            admitted = service.admit(request, service.accounts.owner)
            if isinstance(admitted, Refused):
                raise _FailedError(admitted.error.message)
            body = await _take(service.environment, answer.content)
        wanted = task.content_md5
        if wanted and wanted != checksums.format_md5(body.md5):
            await self._host.write(lambda: service.storage.discard_unreferenced(body.content))
            raise _FailedError(
                f"The content has the MD5 {checksums.format_md5(body.md5)}, not {wanted}."
            )
        if self._find(bucket, task.id) is None:  # reset or deleted meanwhile
            await self._host.write(lambda: service.storage.discard_unreferenced(body.content))
            raise _FailedError("The task is gone.")

        def stored(response: Response) -> FetchTask:
            state = State.SUCCESS if response.callback is None else State.RUNNING
            return task._replace(state=state, stored=True)

        def keep(response: Response) -> None:
            settle(service.storage, bucket, stored(response))

        try:
            response = await self._host.perform(admitted, body, keep)
        except OSSError as error:
            raise _FailedError(error.message) from None
        return stored(response), response

    async def _call_back(self, task: FetchTask, response: Response, wanted: Callback) -> FetchTask:
        """Call the application server about the stored object; return the ended task."""
        try:
            await callback.deliver(wanted, response, self._host.ports())
        except OSSError as error:
            message = error.message
        except Exception as error:
            LOG.error("the callback of the task %s failed", task.id, exc_info=error)
            message = _BUG
        else:
            return task._replace(state=State.SUCCESS)
        return task._replace(state=State.CALLBACK_FAILED, message=message)

    async def _tell_failure(self, bucket: str, task: FetchTask) -> None:
        """Call the application server about a failure; whether that fails changes nothing."""
        record = self._host.service.storage.bucket(bucket)
        if record is None or not task.callback:
            return
        try:
            wanted = failure_callback(record, task)
            if wanted is not None:
                await callback.deliver(wanted, Response(), self._host.ports())
        except OSSError as error:
            LOG.info("the callback of the failed task %s failed: %s", task.id, error.message)

    async def _keep(self, bucket: str, task: FetchTask) -> None:
        try:
            await self._host.write(lambda: self._settle(bucket, task))
        except Exception as error:
            reason = failure.describe(error)
            if reason is None:
                raise
            LOG.error("the state of the task %s cannot be kept: %s", task.id, reason)

    def _settle(self, bucket: str, task: FetchTask) -> None:
        """Store the state of a task, unless the stored one knows better about its object.

        A snapshot may have brought the task back without the object; then it begins again once this
        run has ended. Or the object was stored when the time of the task was up.
        """
        storage = self._host.service.storage
        with storage.transaction():
            kept = self._find(bucket, task.id)
            if kept is not None and kept.stored == task.stored:
                settle(storage, bucket, task)

    @asynccontextmanager
    async def _open(self, task: FetchTask) -> AsyncIterator[_Answer]:
        """Ask for the URL of a task and follow redirections.

        Raises `_FailedError` and `_UnavailableError`.
        """
        url, host = _parse(task.url), task.host
        for _ in range(MAX_REDIRECTS + 1):
            async with AsyncExitStack() as stack:
                answer = await self._ask(url, host, stack)
                if answer.status == 200:
                    yield answer
                    return
            if answer.status >= 500:
                raise _UnavailableError(f"The source answered {answer.status}.")
            to = answer.headers.get("location", "")
            if not 300 <= answer.status < 400 or not to:
                raise _FailedError(f"The source answered {answer.status}.")
            url, host = _parse(str(url.join(_parse_reference(to)))), ""
        raise _FailedError(f"The source redirected more than {MAX_REDIRECTS} times.")

    async def _ask(self, url: URL, host: str, stack: AsyncExitStack) -> _Answer:
        """Send a GET; the stack closes the connection.

        Raises `_FailedError` and `_UnavailableError`.
        """
        if self._stands_for(url):
            return await self._ask_itself(url, host)
        try:
            addresses = await outgoing.resolve(url)
            leads_here = outgoing.lead_here(addresses, self._host.ports())
        except (OSError, UnicodeError):  # the latter for a host that is no name, such as `a..b`
            raise _FailedError(f"The host {url.host} cannot be resolved.") from None
        if leads_here:
            return await self._ask_itself(url, host)
        asked = {"Accept-Encoding": "identity", FROM_CALLBACK: "true"}
        if host:
            asked["Host"] = host
        timeout = ClientTimeout(total=None, sock_connect=STALLED, sock_read=STALLED)
        try:
            session = await stack.enter_async_context(
                ClientSession(
                    connector=outgoing.connect_only_to(addresses),
                    timeout=timeout,
                    auto_decompress=False,
                )
            )
            found = await stack.enter_async_context(
                session.get(url, headers=asked, allow_redirects=False)
            )
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            raise _UnavailableError(_reason(url, error)) from None
        headers = {name.lower(): value for name, value in found.headers.items()}
        return _Answer(found.status, headers, _arriving(url, found.content.iter_any()))

    def _stands_for(self, url: URL) -> bool:
        """Whether this server stands for the host of a URL, as it does for clients of its proxy.

        Names of this machine stand for all its servers, so there the port decides. Many systems
        cannot resolve those below `localhost`, such as `examplebucket.localhost`.
        """
        host = url.raw_host or ""
        if outgoing.is_this_machine(host):
            return url.port in self._host.ports()
        if url.port not in (80, 443):
            return False
        try:
            return self._host.service.addresses.serves(host)
        except OSSError:
            return False

    async def _ask_itself(self, url: URL, host: str) -> _Answer:
        """Answer a URL of the service without a connection."""
        name = url.raw_host or ""
        port = "" if url.is_default_port() else f":{url.port}"
        authority = f"[{name}]{port}" if ":" in name else f"{name}{port}"
        now, secure = self._host.service.clock(), url.scheme == "https"
        # Without an address, so that no policy takes it for one of this machine.
        request = Request.parse(
            "GET", url.raw_path_qs, [("Host", host or authority)], now, secure=secure
        )
        response = await self._host.answer(request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return _Answer(response.status, headers, _pieces(response))


def _parse(text: str) -> URL:
    """Parse a URL without changing how it is encoded, or its signature would not match."""
    try:
        url = URL(text, encoded=text.isascii())
        port = url.port
    except ValueError:
        raise _FailedError(f"The URL {text!r} is invalid.") from None
    if url.scheme not in ("http", "https") or not url.raw_host or not port:
        raise _FailedError(f"The URL {text!r} is invalid; it must begin with http:// or https://.")
    return url


def _parse_reference(text: str) -> URL:
    try:
        return URL(text, encoded=text.isascii())
    except ValueError:
        raise _FailedError(f"The source redirected to the invalid URL {text!r}.") from None


async def _take(environment: Environment, content: AsyncIterator[bytes]) -> Body:
    """Take in what arrives; raises `_FailedError` if it is too large."""
    limit = environment.limits.object
    async with body_writer.begin(environment.storage, Takes.OBJECT) as taken:
        async for chunk in content:
            if taken.size + len(chunk) > limit:
                raise _FailedError(f"The content is larger than {limit} bytes.")
            await taken.take(chunk)
        return await taken.finish()


async def _arriving(url: URL, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in content:
            yield chunk
    except (ClientError, OSError, TimeoutError) as error:
        raise _UnavailableError(_reason(url, error)) from None


async def _pieces(response: Response) -> AsyncIterator[bytes]:
    pieces = (response.body,) if isinstance(response.body, bytes) else response.body
    for piece in pieces:
        if isinstance(piece, FileRange):
            end = piece.offset + piece.length
            for start in range(piece.offset, end, _CHUNK):
                yield await asyncio.to_thread(piece.read, start, min(_CHUNK, end - start))
        elif piece:
            assert isinstance(piece, bytes)  # noqa: S101 - only answers to POST are made as they go
            yield piece


def _reason(url: URL, error: Exception) -> str:
    return f"{url.host} cannot be reached: {error or type(error).__name__}."
