"""Holds the bytes of one connection to the speed that its request asks for."""

import sys
from asyncio import sleep
from time import monotonic
from typing import Final

STEPS: Final = 10
"""How often a second a limited answer goes on."""


class Throttle:
    """Lets bytes pass at so many bit/s, on average since it was made; None lets all pass."""

    __slots__ = ("_began", "_passed", "_rate", "step")

    def __init__(self, bits: int | None) -> None:
        self._rate = None if bits is None else bits / 8
        self._began = monotonic() if bits is not None else 0.0
        self._passed = 0
        self.step = sys.maxsize if bits is None else bits // 8 // STEPS
        """Bytes that may go out at once."""

    @classmethod
    def of(cls, bits: int | None) -> "Throttle":
        """The limit of a request; all requests without one share the same."""
        return UNLIMITED if bits is None else cls(bits)

    async def passed(self, size: int) -> None:
        """Wait until so many bytes more may have passed."""
        if self._rate is None:
            return
        self._passed += size
        delay = self._began + self._passed / self._rate - monotonic()
        if delay > 0:
            await sleep(delay)


UNLIMITED: Final = Throttle(None)
