"""Mixed traffic on many connections: no errors, and only the data grows.

`python -m tests.hard.soak [SECONDS [CONNECTIONS]]` is the long form.
"""

from __future__ import annotations

import asyncio
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp

from tests.cli.process import serving, wait_for
from tests.hard.traffic import ABSENT, FLAGS, OWNER, Content, rules, size
from tests.unit.storage import invariants

KEYS = 5
"""The number of objects that each connection writes repeatedly, so that the data does not grow."""

BUCKETS = 80
"""An account has at most 100 buckets, so some visitors share one."""

ENOUGH = 20
"""The requests that a run has at least for each connection, however busy the machine is."""

GROWTH = 16 * 1024**2
"""The bytes by which memory may grow from the second third of a run to the last."""


@dataclass
class Report:
    """The requests of a run, and the resources that the server used."""

    seconds: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    """Bytes, once a second."""
    handles: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        total = sum(self.requests.values())
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.requests.most_common())
        most, middle, last = (
            value / 1024**2 for value in (max(self.memory), *self.thirds(self.memory))
        )
        return (
            f"{total} requests in {self.seconds:.0f} seconds ({kinds}); memory {middle:.1f} MiB in "
            f"the second third, {last:.1f} MiB in the last, {most:.1f} MiB at most; "
            f"handles {self.handles[0]} at the start, {max(self.handles)} at most, "
            f"{self.handles[-1]} at the end"
        )

    @staticmethod
    def thirds(values: list[int]) -> tuple[float, float]:
        """Return the medians of the second third and of the last."""
        third = len(values) // 3
        return median(values[third : 2 * third]), median(values[2 * third :])


class Visitor:
    """A connection that sends random requests for its own objects and checks each answer."""

    def __init__(self, number: int, port: int, requests: Counter[str]) -> None:
        self._bucket = f"soak-{number % BUCKETS}"
        self._prefix = f"/visitor-{number}/"
        self._does = self._DOES if number < BUCKETS else self._DOES_BESIDE
        self._port = port
        self._chance = random.Random(number)  # noqa: S311
        self._requests = requests
        self._kept: dict[str, Content] = {}
        self._count = 0
        self._rules = 0

    async def stay(self, over: Callable[[], bool]) -> None:
        """Connect repeatedly, with many requests on each connection."""
        first = True
        while not over():
            async with aiohttp.ClientSession(
                f"http://127.0.0.1:{self._port}", connector=aiohttp.TCPConnector(limit=1)
            ) as self._session:
                if first:
                    await self._send("PUT", "", 200, headers={"x-oss-acl": "public-read"})
                first = False
                for _ in range(50):
                    if not over():
                        await self._chance.choice(self._does)(self)

    async def _send(
        self,
        method: str,
        key: str,
        status: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        signed: Mapping[str, str] = OWNER,
    ) -> bytes:
        """Send a request whose answer must have this status; return the body."""
        target, fields = f"/{self._bucket}{key}", {**signed, **(headers or {})}
        sent = None if body is None else io.BytesIO(body)
        async with self._session.request(method, target, headers=fields, data=sent) as answer:
            data = await answer.read()
            assert answer.status == status, (method, target, answer.status, data[:500])
        return data

    def _key(self) -> str:
        return f"{self._prefix}{self._chance.randrange(KEYS)}"

    async def _put(self) -> None:
        key = self._key()
        self._count += 1
        content = Content(f"{self._bucket}{key} {self._count}", size(self._chance))
        await self._send("PUT", key, 200, content.data)
        self._kept[key] = content
        self._requests["PUT"] += 1

    async def _get(self) -> None:
        key = self._key()
        content = self._kept.get(key, ABSENT)
        data = await self._send("GET", key, 404 if content == ABSENT else 200)
        assert content == ABSENT or data == content.data
        self._requests["GET"] += 1

    async def _get_range(self) -> None:
        key = self._key()
        content = self._kept.get(key, ABSENT)
        if content.size < 2:
            return
        last = self._chance.randrange(1, content.size)
        headers = {"Range": f"bytes=1-{last}"}
        data = await self._send("GET", key, 206, headers=headers)
        assert data == content.data[1 : last + 1]
        self._requests["GET of a range"] += 1

    async def _delete(self) -> None:
        key = self._key()
        await self._send("DELETE", key, 204)
        self._kept.pop(key, None)
        self._requests["DELETE"] += 1

    async def _list(self) -> None:
        prefix = self._prefix.removeprefix("/")
        data = await self._send("GET", f"?max-keys=100&prefix={prefix}", 200)
        assert data.count(b"<Contents>") == len(self._kept)
        self._requests["list"] += 1

    async def _set_rules(self) -> None:
        self._rules += 1
        await self._send("PUT", "?referer", 200, rules(self._rules))
        self._requests["rules"] += 1

    async def _link(self) -> None:
        """Send a hotlink that the rules allow, and one that they deny."""
        key = self._key()
        good = 404 if self._kept.get(key, ABSENT) == ABSENT else 200
        for site, status in ((self._rules, good), (self._rules + 1, 403 if self._rules else good)):
            headers = {"Referer": f"https://{site}.example/"}
            await self._send("GET", key, status, headers=headers, signed={})
            self._requests["hotlink"] += 1

    async def _upload(self) -> None:
        """Upload two parts, then complete or abort the upload."""
        key = self._key()
        self._count += 1
        content = Content(f"{self._bucket}{key} {self._count}", 300_000)
        begun = await self._send("POST", f"{key}?uploads", 200)
        upload = begun.partition(b"<UploadId>")[2].partition(b"<")[0].decode()
        for number, part in enumerate((content.data[:150_000], content.data[150_000:]), 1):
            target = f"{key}?partNumber={number}&uploadId={upload}"
            await self._send("PUT", target, 200, part)
        if self._chance.random() < 0.5:
            await self._send("DELETE", f"{key}?uploadId={upload}", 204)
        else:
            headers = {"x-oss-complete-all": "yes"}
            await self._send("POST", f"{key}?uploadId={upload}", 200, headers=headers)
            self._kept[key] = content
        self._requests["multipart upload"] += 1

    async def _break_off(self) -> None:
        """Close the connection during an upload."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"PUT /{self._bucket}/broken HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n"
        signed = "".join(f"{name}: {value}\r\n" for name, value in OWNER.items())
        writer.write(f"{head}{signed}\r\n".encode())
        writer.write(bytes(self._chance.randrange(1, 800_000)))
        writer.close()
        self._requests["upload broken off"] += 1

    _DOES_BESIDE: tuple[Callable[[Visitor], Awaitable[None]], ...] = (
        *(_put,) * 4,
        *(_get,) * 8,
        *(_get_range,) * 2,
        _delete,
        _list,
        _upload,
        _break_off,
    )
    """Steps in a bucket whose rules another visitor sets."""
    _DOES = (*_DOES_BESIDE, *(_link,) * 4, _set_rules)


def run(folder: Path, seconds: float, connections: int, growth: int = GROWTH) -> Report:
    """Run many visitors; raises `AssertionError` for a wrong answer and for growth."""
    report = Report()
    data = folder / "data"
    with serving(folder, "--data", str(data), *FLAGS) as running:
        process = running.process.pid
        report.handles.append(_handles(process))
        began = time.monotonic()
        asyncio.run(_visit(running.port, seconds, connections, process, report))
        report.seconds = time.monotonic() - began
        # Sockets are closed with their connections, files a moment later; the threads stay.
        wait_for(lambda: _sockets(process) == 1)
        with suppress(AssertionError):  # the assertion below shows the report
            wait_for(lambda: _handles(process) <= report.handles[0] + 4)
        report.handles.append(_handles(process))
        assert report.handles[-1] <= report.handles[0] + 4, report
        assert running.end() == 0
        assert running.stderr.read_text() == ""
    middle, last = report.thirds(report.memory)
    assert last <= middle + growth, report
    found = invariants.check(data)
    assert "broken" not in found
    return report


async def _visit(port: int, seconds: float, connections: int, process: int, report: Report) -> None:
    until, enough = time.monotonic() + seconds, ENOUGH * connections

    def over() -> bool:
        return time.monotonic() >= until and report.requests.total() >= enough

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(Visitor(number, port, report.requests).stay(over))
        while not over():
            report.memory.append(_memory(process))
            report.handles.append(_handles(process))
            await asyncio.sleep(min(1.0, seconds / 10))


def _memory(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found) * 1024


def _handles(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def _sockets(process: int) -> int:
    """Count the sockets of a process that are bound to a port: the listener and its connections."""
    inodes = set()
    for handle in Path(f"/proc/{process}/fd").iterdir():
        try:
            inodes.add(str(handle.readlink()))
        except FileNotFoundError:  # closed in the meantime
            continue
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(f"socket:[{row.split()[9]}]" in inodes for row in rows)


if __name__ == "__main__":
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    visitors = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as scratch:
        print(run(Path(scratch), duration, visitors))
