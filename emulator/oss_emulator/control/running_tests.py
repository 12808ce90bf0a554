"""The tests that run against the server, so that the journal can say which of them sent a request.

A session is a process that runs tests, such as a worker of pytest-xdist. It says which test runs
and which buckets are its own.
"""

import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

LEASE: Final = 600.0
"""Seconds after which a session of another process counts as gone unless it has said more."""
MOST: Final = 10_000
"""The most sessions, and the most buckets of all of them, that are remembered."""


class _Running(NamedTuple):
    """What a session runs, and until when that is believed."""

    test: str
    until: float


class RunningTests:
    """The test that each session runs now, and the sessions of buckets."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` returns seconds."""
        self._now = now
        self._running: dict[str, _Running] = {}
        self._sessions: dict[str, str] = {}

    def begin(self, session: str, test: str, lease: float = math.inf) -> None:
        """Begin a test; it replaces the one that the session ran before.

        Above MOST, the session that began first ends.
        """
        for other in [name for name, found in self._running.items() if found.until < self._now()]:
            self.end(other)
        if session not in self._running and len(self._running) == MOST:
            self.end(next(iter(self._running)))
        self._running[session] = _Running(test, self._now() + lease)

    def claim(self, session: str, bucket: str) -> None:
        """Count the requests to a bucket as those of a session's tests.

        Above MOST, the bucket that was claimed first is forgotten.
        """
        if bucket not in self._sessions and len(self._sessions) == MOST:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[bucket] = session

    def end(self, session: str) -> None:
        """End a session; it need not exist."""
        self._running.pop(session, None)
        self._sessions = {name: of for name, of in self._sessions.items() if of != session}

    def of(self, bucket: str) -> str:
        """Return the test that sends a request to a bucket; "" if no test does, or it is not known.

        The session of the bucket decides. A bucket of no session belongs to the only session that
        runs; with several, nobody can tell.
        """
        if not self._running:
            return ""
        session = self._sessions.get(bucket)
        if session is None and len(self._running) == 1:
            session = next(iter(self._running))
        found = self._running.get(session or "")
        return found.test if found is not None and self._now() < found.until else ""
