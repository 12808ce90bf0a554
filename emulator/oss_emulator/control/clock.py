"""The time a server goes by: the machine's, unless it was set or shifted."""

import time


class Clock:
    """Tells seconds since the epoch; a shifted clock goes on ticking."""

    def __init__(self) -> None:
        self.shift = 0.0
        """Seconds it is ahead of the machine's clock."""

    def now(self) -> float:
        return time.time() + self.shift

    def set(self, now: float) -> None:
        """Let it be `now`, in seconds since the epoch, from here on."""
        self.shift = now - time.time()
