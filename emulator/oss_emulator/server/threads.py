"""Threads for short steps: a kind of step that takes long keeps no other one waiting.

A request has one step at a time, of a few MiB at most, so `--max-connections` bounds what waits.
Longer work has a queue in `pools.py`.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class ShortStep(StrEnum):
    """The kinds of steps."""

    DISK = "disk"
    """Read or write a piece of a file."""
    CHECK = "check"
    """Read a piece of a file, all pieces once, to compare its checksum."""
    HASH = "hash"
    """Hash and store a batch of a body."""
    COMPRESSION = "compression"
    """Compress a piece of an answer."""


AT_ONCE: Final[Mapping[ShortStep, int]] = {
    ShortStep.DISK: 8,
    ShortStep.CHECK: 2,
    ShortStep.HASH: 4,
    ShortStep.COMPRESSION: 2,
}
"""The threads of each kind in one process, which all servers in it share."""


async def take(step: ShortStep, function: Callable[[*_Ts], _T], *arguments: *_Ts) -> _T:
    """Call a function in a thread; a cancelled step that has not begun never does."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(step), function, *arguments)


@lru_cache(len(ShortStep))
def _threads(step: ShortStep) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE[step], f"oss-emulator-{step}")
