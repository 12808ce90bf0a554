"""Limits the speed of a request and its answer as the request asks."""

import sys
from asyncio import sleep
from time import monotonic
from typing import Final

STEPS: Final = 10
"""The number of pieces of a limited answer per second."""


class Throttle:
    """Limits bits per second, on average since it was created; None sets no limit."""

    __slots__ = ("_began", "_passed", "_rate", "step")

    def __init__(self, bits: int | None) -> None:
        self._rate = None if bits is None else bits / 8
        self._began = monotonic() if bits is not None else 0.0
        self._passed = 0
        self.step = sys.maxsize if bits is None else bits // 8 // STEPS
        """Bytes that may be sent in one piece."""

    @classmethod
    def of(cls, bits: int | None) -> "Throttle":
        """Return the throttle of a request; requests without a limit share one."""
        return UNLIMITED if bits is None else cls(bits)

    async def passed(self, size: int) -> None:
        """Count `size` bytes, and wait until the limit allows them."""
        if self._rate is None:
            return
        self._passed += size
        delay = self._began + self._passed / self._rate - monotonic()
        if delay > 0:
            await sleep(delay)


UNLIMITED: Final = Throttle(None)
