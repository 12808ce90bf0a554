"""Work that takes long: it makes the body of a request before the operation is performed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from oss_emulator.operations.call import Body

_T = TypeVar("_T")


class Pool(StrEnum):
    """The work that a server bounds separately from all other work."""

    IMAGES = "images"
    SELECTS = "selects"
    COPIES = "copies"
    """Bytes and records that are read in proportion to their size."""


class Workplace(Protocol):
    """Where a body is made."""

    def make(
        self,
        function: Callable[..., Iterator[Any]],
        sources: Sequence[Iterator[bytes]],
        *arguments: object,
    ) -> Iterator[Any]:
        """Iterate `function(sources, *arguments)`, perhaps in a process that can be ended.

        Raises `OSSError`, also for work that exceeds what one request may take.
        """

    def be_alone(self) -> None:
        """Wait until the pool makes nothing else, because what follows needs much memory."""

    def steps(self, items: Iterable[_T]) -> Iterator[_T]:
        """Pass on items one by one; raises `ServiceUnavailable` once nobody waits for the body."""

    def close(self) -> None:
        """End what is still being made; called after its stream was sent."""


class Work(NamedTuple):
    """The work of making a body, and the pool that bounds it."""

    pool: Pool
    make: Callable[[Workplace], Body]


class _Here:
    """The thread of the caller, for a service without a server: nothing is bounded."""

    def make(
        self,
        function: Callable[..., Iterator[Any]],
        sources: Sequence[Iterator[bytes]],
        *arguments: object,
    ) -> Iterator[Any]:
        return function(sources, *arguments)

    def be_alone(self) -> None:
        pass

    def steps(self, items: Iterable[_T]) -> Iterator[_T]:
        return iter(items)

    def close(self) -> None:
        pass


HERE: Final[Workplace] = _Here()
