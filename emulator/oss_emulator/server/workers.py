"""Workers: processes that serve one port and one folder, and their supervisor."""

import asyncio
import contextlib
import logging
import multiprocessing
import socket
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias

from oss_emulator.server import endpoint
from oss_emulator.server.app import SHUTDOWN_TIMEOUT
from oss_emulator.server.endpoint import Endpoint
from oss_emulator.settings import Settings

LOG = logging.getLogger("oss_emulator")

MAX_FAILURES = 3
"""The number of workers in a row that may end before they listen."""

# A fresh interpreter inherits no open files and no locks.
_SPAWN = multiprocessing.get_context("spawn")

Work: TypeAlias = Callable[[Settings, Connection], None]
"""The main function of a worker: serve, send True once it listens, end when the pipe closes."""


class WorkersError(Exception):
    """The workers cannot start; the text says why in one sentence."""


class Workers(Endpoint):
    """Keeps `settings.workers` processes running, all on the same port and folder."""

    def __init__(self, settings: Settings, work: Work) -> None:
        """`work` must be a function at the top of a module, because a new process imports it."""
        super().__init__(settings)
        self._work = work
        self._running: set[_Worker] = set()
        self._reserved: list[socket.socket] = []
        self._listening = asyncio.Event()
        self._failures = 0
        self._ending = False
        self.failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        """Fails with `WorkersError` when workers keep ending before they listen."""

    async def start(self) -> None:
        """Start all workers; returns once each listens. Raises `OSError` and `WorkersError`."""
        self.port = self._reserve(self.port)
        if self.tls_port is not None:
            self.tls_port = self._reserve(self.tls_port)
        for _ in range(self._settings.workers):
            self._begin()
        listening: asyncio.Future[Any] = asyncio.ensure_future(self._listening.wait())
        await asyncio.wait({listening, self.failed}, return_when=asyncio.FIRST_COMPLETED)
        if self.failed.done():
            listening.cancel()
            self.failed.result()

    async def stop(self) -> None:
        """End every worker after its running requests."""
        self._ending = True
        for worker in self._running:
            worker.pipe.close()
        ends = [worker.ended.wait() for worker in self._running]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*ends), SHUTDOWN_TIMEOUT + 5)
        for worker in self._running:
            worker.process.kill()
        for reserved in self._reserved:
            reserved.close()

    def _reserve(self, port: int) -> int:
        """Reserve a port without listening: only the workers accept its connections."""
        # Another server may share this port; only a bind without sharing detects it.
        probes = endpoint.bind(self._settings.host, port, socket.SO_REUSEADDR)
        port = int(probes[0].getsockname()[1])
        for probe in probes:
            probe.close()
        sharing = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)
        self._reserved += endpoint.bind(self._settings.host, port, *sharing)
        return port

    def _begin(self) -> None:
        settings = replace(self._settings, port=self.port, tls_port=self.tls_port)
        worker = _Worker(settings, self._work)
        self._running.add(worker)
        loop = asyncio.get_running_loop()
        loop.add_reader(worker.pipe.fileno(), self._hear, worker)
        loop.add_reader(worker.process.sentinel, self._end, worker)

    def _hear(self, worker: "_Worker") -> None:
        """Note that a worker listens, or that it has closed its end of the pipe."""
        asyncio.get_running_loop().remove_reader(worker.pipe.fileno())
        with contextlib.suppress(EOFError, OSError):
            worker.listens = worker.pipe.recv()
        if worker.listens:
            self._failures = 0
        if sum(worker.listens for worker in self._running) == self._settings.workers:
            self._listening.set()

    def _end(self, worker: "_Worker") -> None:
        """Replace a worker that has ended."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(worker.process.sentinel)
        if not worker.pipe.closed:
            loop.remove_reader(worker.pipe.fileno())
            worker.pipe.close()
        worker.process.join()
        worker.ended.set()
        self._running.discard(worker)
        if self._ending or self.failed.done():
            return
        how = f"worker {worker.process.pid} ended with status {worker.process.exitcode}"
        self._failures += not worker.listens
        if self._failures < MAX_FAILURES:
            LOG.error("%s; a new one replaces it", how)
            self._begin()
        else:
            self.failed.set_exception(WorkersError(f"workers end before they listen: {how}"))


class _Worker:
    """One process, and this end of its pipe."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self.pipe, other = _SPAWN.Pipe()
        self.process: BaseProcess = _SPAWN.Process(target=work, args=(settings, other))
        self.process.start()
        other.close()
        self.listens = False
        self.ended = asyncio.Event()
