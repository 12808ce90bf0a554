"""The server's clock: the machine's time, which tests may set or shift."""

import time


class Clock:
    """Returns seconds since the epoch; a shifted clock keeps ticking."""

    def __init__(self) -> None:
        self.shift = 0.0
        """Seconds by which it is ahead of the machine's clock."""

    def now(self) -> float:
        return time.time() + self.shift

    def set(self, now: float) -> None:
        """Make the current time `now`, in seconds since the epoch."""
        self.shift = now - time.time()
