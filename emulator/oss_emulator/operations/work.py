"""Long work that makes the body of a request before the operation runs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

from oss_emulator.operations.call import Body

_T = TypeVar("_T")


class Pool(StrEnum):
    """The kinds of work that a server limits separately."""

    IMAGES = "images"
    SELECTS = "selects"
    COPIES = "copies"
    """Work that reads bytes or records, in time proportional to their size."""


class Workplace:
    """Where a body is made: here, in the caller's thread and without limits.

    A server has other places (`server/pools.py`).
    """

    def make(
        self,
        function: Callable[..., Iterator[Any]],
        sources: Sequence[Iterator[bytes]],
        *arguments: object,
    ) -> Iterator[Any]:
        """Iterate `function(sources, *arguments)`, possibly in a process that can be ended.

        Raises `OSSError`, also for work that exceeds the limits of one request.
        """
        return function(sources, *arguments)

    def be_alone(self) -> None:
        """Wait until the pool has no other work, because the next step needs much memory."""

    def steps(self, items: Iterable[_T]) -> Iterator[_T]:
        """Yield the items; raises `ServiceUnavailable` when nobody waits for the body any more."""
        return iter(items)

    def close(self) -> None:
        """End unfinished work; called after its stream was sent."""


class Work(NamedTuple):
    """The work that makes a body, and the pool that limits it."""

    pool: Pool
    make: Callable[[Workplace], Body]


HERE: Final = Workplace()
"""The place of a service without a server."""
