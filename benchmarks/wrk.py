"""The load generator `wrk`: repeats one request over some connections for some seconds."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from benchmarks.processes import MissingError, Running

CONNECTIONS = 16
SECONDS = 2
"""Seconds that one run takes."""

_SCRIPT = """
local raw = {request}
request = function() return raw end
{delay}
done = function(summary)
  local failed = summary.errors
  io.write(string.format('\\nSUMMARY {{"requests": %d, "seconds": %f, "failed": %d}}\\n',
    summary.requests, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """The results of one run."""

    requests: int
    seconds: float
    """Wall time."""
    cpu: float
    """Seconds of CPU time that the server used."""

    @property
    def per_second(self) -> float:
        """Requests for each second of wall time."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests for each second of the server's CPU time."""
        return self.requests / self.cpu


def load(
    server: Running, request: bytes, seconds: float = SECONDS, rate: float | None = None
) -> Load:
    """Send one request repeatedly: about `rate` times a second, or as fast as the server answers.

    Raises `AssertionError` if an answer is not a success, `MissingError` without wrk.
    """
    program = shutil.which("wrk")
    if program is None:
        raise MissingError("wrk is not installed (on Debian: apt-get install wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        milliseconds = 0 if rate is None else round(1000 * CONNECTIONS / rate)
        delay = f"delay = function() return {milliseconds} end" if milliseconds else ""
        script.write(_SCRIPT.format(request=_quote(request), delay=delay))
        script.flush()
        command = [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", script.name]
        before = server.cpu
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 30,
        )
        cpu = server.cpu - before
    found = json.loads(done.stdout.rpartition("SUMMARY ")[2])
    assert found["requests"], done.stdout
    assert not found["failed"], f"{found['failed']} of {found['requests']} requests failed"
    return Load(found["requests"], found["seconds"], cpu)


def _quote(text: bytes) -> str:
    """Format bytes as a string of Lua."""
    return '"' + "".join(f"\\{byte:03}" for byte in text) + '"'
