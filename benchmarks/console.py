"""The console: the time to the first verdict, and what a page that watches costs the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import bucket, processes, wrk
from benchmarks.processes import MissingError, Running
from benchmarks.result import Row, Section, Spread, duel

ROUNDS = 8
COLD_ROUNDS = 5
RATE = 2_000
"""Requests a second that are recorded while a page watches."""
AT_MOST = 2.0
"""Seconds from the start of the process until a person may see a verdict."""

_METHOD = (
    "The first row is wall time: a server starts, a browser that is running already opens the "
    "console, a page of another site is denied an object, and the verdict is visible. The second "
    "is requests per second of the server's processor time at 2,000 requests a second, and the "
    "third at as many as the server answers, while a reader follows the requests as the page does, "
    "compared with nobody watching: 0.85 means that watching costs 15 %."
)


def measure(scratch: Path) -> Section:
    """Measure both."""
    rows, remarks = [], []
    seed = str(bucket.seed(scratch))
    try:
        rows.append(_measure_first_verdict(seed))
    except MissingError as error:
        remarks.append(f"The first verdict was not measured: {error}.")
    try:
        rows += _measure_watching(seed)
    except MissingError as error:
        remarks.append(f"Watching was not measured: {error}.")
    return Section("Console", _METHOD, rows, remarks=remarks)


def _measure_first_verdict(seed: str) -> Row:
    program = shutil.which("chromium")
    if program is None:
        raise MissingError("chromium is not installed")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        for _ in range(COLD_ROUNDS):
            page = browser.new_page()
            began = time.perf_counter()
            with processes.emulator("--seed", seed) as server:
                page.goto(f"http://127.0.0.1:{server.port}/_emulator/")
                _be_denied(server)
                page.locator("#rows .denied").first.wait_for()
                found.append(time.perf_counter() - began)
            page.close()
        browser.close()
    return Row(
        "first verdict visible after a cold start",
        f"{AT_MOST:g} s",
        Spread(tuple(seconds / AT_MOST for seconds in found)),
        at_most=1.0,
        figures=f"{Spread(tuple(found)).median:.2f} s",
    )


def _be_denied(server: Running) -> None:
    url = f"http://127.0.0.1:{server.port}/{bucket.NAME}/{bucket.KEY}"
    request = urllib.request.Request(url, headers={"Referer": "http://thief.test/"})
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def _measure_watching(seed: str) -> list[Row]:
    request = bucket.get()
    rows = []
    with processes.emulator("--seed", seed) as server:
        for what, rate in ((f"{RATE:,} anonymous GETs a second", RATE), ("anonymous GET", None)):
            load = partial(wrk.load, server, request, rate=rate)

            def watched(load: Callable[[], wrk.Load] = load) -> float:
                with _watching(server):
                    return load().per_cpu_second

            def unwatched(load: Callable[[], wrk.Load] = load) -> float:
                return load().per_cpu_second

            found = duel(watched, unwatched, ROUNDS)
            figures = f"{found.ours.median:,.0f} and {found.theirs.median:,.0f}"
            rows.append(
                Row(
                    f"{what} while a page watches",
                    "the same unwatched",
                    found.ratio,
                    at_least=0.85,
                    figures=f"{figures} per processor second",
                )
            )
    return rows


@contextlib.contextmanager
def _watching(server: Running) -> Iterator[None]:
    """Follow the requests as the page does, and read everything at once."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"GET /_emulator/requests HTTP/1.1\r\nHost: localhost\r\n"
            b"Accept: text/event-stream\r\n\r\n"
        )
        assert b"text/event-stream" in connection.recv(65536)
        reader = threading.Thread(target=_read, args=(connection,))
        reader.start()
        yield
        connection.shutdown(socket.SHUT_RDWR)
        reader.join()


def _read(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
