"""The requests that wait for an event that may never come."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any


class Waiting:
    """Such requests, which the server cancels when it ends."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Let the request of this task be cancelled within the block."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs each request as a task
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    def cancel(self) -> None:
        """Cancel all of them."""
        for task in self._tasks:
            task.cancel()
