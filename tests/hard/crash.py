"""Rounds of kill -9 during concurrent writes: exactly the acknowledged writes survive.

`python -m tests.hard.crash [ROUNDS]` is the long form.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.process import Running, serving, wait_for
from tests.hard.traffic import ABSENT, FLAGS, Client, Content, rules, size
from tests.unit.storage import invariants

WRITERS = 8
KEYS = 12
"""The number of objects that each writer writes repeatedly."""


@dataclass
class Writer:
    """Writes to its own bucket until the server is killed, and remembers acknowledged writes."""

    name: str
    chance: random.Random
    kept: dict[str, Content] = field(default_factory=dict)
    rules: int = 0
    doubt: tuple[str, object] | None = None
    """The last request and its content, if it was not answered."""
    count: int = 0
    wrong: AssertionError | None = None

    def write(self, port: int) -> None:
        """Write until the connection breaks."""
        client = Client(port)
        try:
            while True:
                self._write_one(client)
        except (OSError, http.client.HTTPException):
            client.close()
        except AssertionError as error:  # it would be lost in the thread
            self.wrong = error

    def _write_one(self, client: Client) -> None:
        self.count += 1
        key = f"key-{self.chance.randrange(KEYS)}"
        content = Content(f"{self.name}/{key} {self.count}", size(self.chance))
        match self.chance.randrange(10):
            case 0:
                self.doubt = ("", self.count)
                self._expect(client, "PUT", f"/{self.name}?referer", rules(self.count))
                self.rules = self.count
            case 1:
                self.doubt = (key, ABSENT)
                self._expect(client, "DELETE", f"/{self.name}/{key}", None)
                self.kept.pop(key, None)
            case 2:
                content = content._replace(size=300_000)
                self.doubt = (key, content)
                self._upload(client, key, content.data)
                self.kept[key] = content
            case _:
                self.doubt = (key, content)
                self._expect(client, "PUT", f"/{self.name}/{key}", content.data)
                self.kept[key] = content
        self.doubt = None

    def _upload(self, client: Client, key: str, data: bytes) -> None:
        """Put an object in two parts."""
        target = f"/{self.name}/{key}"
        begun = self._expect(client, "POST", f"{target}?uploads", b"").decode()
        upload = begun.partition("<UploadId>")[2].partition("<")[0]
        middle = len(data) // 2
        for number, part in enumerate((data[:middle], data[middle:]), 1):
            self._expect(client, "PUT", f"{target}?partNumber={number}&uploadId={upload}", part)
        everything = {"x-oss-complete-all": "yes"}
        self._expect(client, "POST", f"{target}?uploadId={upload}", b"", everything)

    def _expect(
        self,
        client: Client,
        method: str,
        target: str,
        body: bytes | None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        status, answer = client.send(method, target, body, headers)
        assert status in (200, 204), (method, target, status, answer)
        return answer

    def check(self, port: int) -> int:
        """Read everything back, and whether an unanswered write took effect; return the reads."""
        client = Client(port)
        doubted, perhaps = self.doubt or (None, None)
        for number in range(KEYS):
            key = f"key-{number}"
            status, data = client.send("GET", f"/{self.name}/{key}")
            allowed = [self.kept.get(key, ABSENT)]
            if doubted == key and isinstance(perhaps, Content):
                allowed.append(perhaps)
            for content in allowed:
                if (status, data) == (200, content.data) if content.size >= 0 else status == 404:
                    break
            else:
                raise AssertionError(f"{self.name}/{key}: {status}, {len(data)} bytes, {allowed}")
            if content == ABSENT:
                self.kept.pop(key, None)
            else:
                self.kept[key] = content
        status, data = client.send("GET", f"/{self.name}?referer")
        assert status == 200, (self.name, status, data)  # an error has no rules either
        found = int(data.partition(b"https://")[2].partition(b".")[0] or 0)
        good = found == self.rules or (doubted, perhaps) == ("", found)
        assert good, (self.name, self.rules, self.doubt, status, data)
        self.rules, self.doubt = found, None
        client.close()
        return KEYS + 1


@dataclass
class Report:
    """Totals of all rounds."""

    rounds: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    read_back: int = 0


def run(folder: Path, rounds: int, *flags: str, seed: int = 0, longest: float = 1.0) -> Report:
    """Write, kill and check in rounds; raises `AssertionError` for a wrong state.

    A round takes at most `longest` seconds.
    """
    chance = random.Random(seed)  # noqa: S311
    writers = [Writer(f"crash-{n}", random.Random(seed + n)) for n in range(WRITERS)]  # noqa: S311
    report = Report()
    data = folder / "data"
    while True:
        with serving(folder, "--data", str(data), *FLAGS, *flags) as running:
            if report.rounds == 0:
                _make_buckets(running, writers)
            report.read_back += sum(writer.check(running.port) for writer in writers)
            if report.rounds == rounds:
                return report
            before = sum(writer.count for writer in writers)
            _write_and_kill(running, writers, chance.uniform(0.2, longest))
        report.in_doubt += sum(writer.doubt is not None for writer in writers)
        report.acknowledged += sum(writer.count for writer in writers) - before
        report.acknowledged -= sum(writer.doubt is not None for writer in writers)
        report.rounds += 1
        invariants.check(data)


def _make_buckets(running: Running, writers: list[Writer]) -> None:
    client = Client(running.port)
    for writer in writers:
        assert client.send("PUT", f"/{writer.name}", b"")[0] == 200
    client.close()


def _write_and_kill(running: Running, writers: list[Writer], seconds: float) -> None:
    before = sum(writer.count for writer in writers)
    threads = [threading.Thread(target=writer.write, args=(running.port,)) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)  # the tests vary the moment of the crash
    # At most WRITERS writes are under way, so one of these has been acknowledged.
    wait_for(
        lambda: (
            sum(writer.count for writer in writers) > before + WRITERS
            or any(writer.wrong for writer in writers)
        )
    )
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    for thread in threads:
        thread.join()
    for writer in writers:
        if writer.wrong is not None:
            raise writer.wrong


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as scratch:
        print(run(Path(scratch), count, seed=1))
