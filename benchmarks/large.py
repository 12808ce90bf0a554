"""Large objects: downloads compared with nginx, uploads with hashing the same bytes."""

from __future__ import annotations

import hashlib
import os
import socket
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fastcrc.crc64 import xz

from benchmarks import bucket, nginx, processes
from benchmarks.processes import Running
from benchmarks.result import Row, Section, duel

SIZE = 64 * 1024 * 1024
MB = 1e6
DOWNLOADS = 5
TARGET = f"/{bucket.NAME}/large"


def measure(scratch: Path) -> Section:
    """Measure downloads and uploads of 64 MiB."""
    data = os.urandom(SIZE)
    folder = scratch / "large"
    folder.mkdir()
    (folder / "large").write_bytes(data)
    seed = str(bucket.seed(folder, (), acl="public-read-write"))
    remarks = []
    with processes.emulator("--seed", seed, "--data", str(folder / "data")) as disk:
        put(disk, data)
        rows = []
        try:
            with nginx.serve(scratch, folder) as peer:
                rows.append(_download(disk, peer))
        except processes.MissingError as error:
            remarks.append(f"The download could not be compared: {error}.")
        rows += _uploads(folder, seed, disk, data)
    return Section(
        "Large objects",
        "One connection at a time. The ratios are of bytes per second. The client reads the bytes "
        "into one buffer, or sends them from one, on the machine's other core. Uploads are "
        "compared with one pass of MD5 and CRC-64 over the same bytes in memory, the minimum work "
        "of an upload.",
        rows,
        remarks=remarks,
    )


def _download(disk: Running, peer: Running) -> Row:
    found = duel(lambda: get(disk.port, TARGET), lambda: get(peer.port, "/large"))
    return Row(
        "GET 64 MiB, disk",
        "nginx with sendfile, same file",
        found.ratio,
        0.8,
        figures=f"{found.ours.median:,.0f} MB/s and {found.theirs.median:,.0f} MB/s",
    )


def _uploads(folder: Path, seed: str, disk: Running, data: bytes) -> Iterator[Row]:
    def hashed() -> float:
        began = time.perf_counter()
        hashlib.md5(data, usedforsecurity=False).digest()
        xz(data)
        return SIZE / (time.perf_counter() - began) / MB

    unsynced = ("--data", str(folder / "unsynced"), "--fsync", "off")
    with (
        processes.emulator("--seed", seed) as memory,
        processes.emulator("--seed", seed, *unsynced) as off,
    ):
        for name, server, bound in (
            ("memory", memory, 0.5),
            ("disk, --fsync off", off, 0.5),
            ("disk, --fsync always", disk, None),
        ):
            found = duel(partial(put, server, data), hashed)
            yield Row(
                f"PUT 64 MiB, {name}",
                "MD5 + CRC-64 in memory",
                found.ratio,
                bound,
                figures=f"{found.ours.median:,.0f} MB/s and {found.theirs.median:,.0f} MB/s",
            )


def get(port: int, target: str) -> float:
    """Return the median MB per second of some downloads, one after the other."""
    return statistics.median(_get(port, target) for _ in range(DOWNLOADS))


def _get(port: int, target: str) -> float:
    buffer = bytearray(1024 * 1024)
    with socket.create_connection(("127.0.0.1", port)) as client:
        began = time.perf_counter()
        client.sendall(bucket.format("GET", target, {}))
        count = client.recv_into(buffer)
        head = bytes(buffer[:count]).partition(b"\r\n\r\n")[0]
        assert head[9:12] == b"200", head
        missing = SIZE - (count - len(head) - 4)
        while missing:
            count = client.recv_into(buffer)
            assert count, "the server closed the connection"
            missing -= count
        return SIZE / (time.perf_counter() - began) / MB


def put(server: Running, data: bytes) -> float:
    """Return the MB per second of an upload, up to its response."""
    head = bucket.format("PUT", TARGET, {"Content-Length": str(SIZE)})
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        began = time.perf_counter()
        client.sendall(head)
        client.sendall(data)
        answer = client.recv(65536)
        assert answer[9:12] == b"200", answer
        return SIZE / (time.perf_counter() - began) / MB
