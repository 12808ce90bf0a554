"""The server's clock: the machine's, which tests may set or shift."""

import time


class Clock:
    """Tells seconds since the epoch; a shifted clock keeps ticking."""

    def __init__(self) -> None:
        self.shift = 0.0
        """Seconds that it is ahead of the machine's clock."""

    def now(self) -> float:
        return time.time() + self.shift

    def set(self, now: float) -> None:
        """Make the current time `now`, in seconds since the epoch."""
        self.shift = now - time.time()
