"""The console: its first verdict, what a page costs a browser, and what watching costs a server."""

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

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import bucket, processes, wrk
from benchmarks.processes import MissingError, Running
from benchmarks.result import Row, Section, Spread, duel

ROUNDS = 8
COLD_ROUNDS = 5
RATE = 2_000
"""Requests a second that are recorded while a page watches."""
AT_MOST = 2.0
"""Seconds from the start of the process until a person may see a verdict."""
LIST_ROUNDS = 3
SLOW, QUICK = 50, 400
"""Requests a second while the list is shown."""
STYLES = 0.1
"""The share of a processor that style calculation may take at SLOW requests a second."""
TASK = 0.2
"""Seconds for which the page may be blocked at QUICK requests a second."""
ENTRIES = 600
REVIEWED = 1.0
"""Seconds until the page has judged that many entries."""

_METHOD = (
    "The first row is wall time, from the start of a server until a verdict is visible: a running "
    "browser opens the console, and a page of another site is denied an object. The next two "
    "measure the list of requests in Chromium: the CPU time for styles, and the longest time "
    "for which the page does not respond. The next row is the time from pasting 600 entries into "
    "the editor until their decisions and mistakes are shown. The last two are requests per second "
    "of the server's CPU time, at 2,000 requests a second and at as many as the server can "
    "answer, while a reader follows the requests as the page does, compared with no reader: 0.85 "
    "means that watching costs 15 %."
)


def measure(scratch: Path) -> Section:
    """Measure each of them."""
    rows, remarks = [], []
    seed = str(bucket.seed(scratch))
    try:
        with _chromium() as browser:
            rows.append(_measure_first_verdict(browser, seed))
            rows += _measure_pages(browser, seed)
    except MissingError as error:
        remarks.append(f"What needs a browser was not measured: {error}.")
    try:
        rows += _measure_watching(seed)
    except MissingError as error:
        remarks.append(f"Watching was not measured: {error}.")
    return Section("Console", _METHOD, rows, remarks=remarks)


@contextlib.contextmanager
def _chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise MissingError("chromium is not installed")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


def _measure_first_verdict(browser: Browser, seed: str) -> Row:
    found = []
    for _ in range(COLD_ROUNDS):
        page = browser.new_page()
        began = time.perf_counter()
        with processes.emulator("--seed", seed) as server:
            page.goto(f"http://127.0.0.1:{server.port}/_emulator/")
            _be_denied(server)
            page.locator("#rows .denied").first.wait_for()
            found.append(time.perf_counter() - began)
        page.close()
    seconds = Spread(tuple(found))
    return _row("first verdict visible after a cold start", "2 s", seconds, AT_MOST)


def _row(what: str, against: str, seconds: Spread, bound: float) -> Row:
    ratio = Spread(tuple(value / bound for value in seconds.values))
    return Row(what, against, ratio, at_most=1.0, figures=f"{seconds.median:.2f} s")


def _measure_pages(browser: Browser, seed: str) -> list[Row]:
    with processes.emulator("--seed", seed) as server:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{server.port}/_emulator/requests")
        styles = [_watch(page, server, SLOW)[0] for _ in range(LIST_ROUNDS)]
        tasks = [_watch(page, server, QUICK)[1] for _ in range(LIST_ROUNDS)]
        page.goto(f"http://127.0.0.1:{server.port}/_emulator/rules/{bucket.NAME}")
        reviews = [_paste(page, number) for number in range(LIST_ROUNDS)]
    styled = Spread(tuple(styles))
    return [
        Row(
            f"list at {SLOW} requests a second, styles",
            f"{STYLES:.0%} of a processor".replace("%", " %"),
            Spread(tuple(part / STYLES for part in styles)),
            at_most=1.0,
            figures=f"{100 * styled.median:.1f} %",
        ),
        _row(
            f"list at {QUICK} requests a second, longest task", "0.2 s", Spread(tuple(tasks)), TASK
        ),
        _row(f"{ENTRIES} entries judged", "1 s", Spread(tuple(reviews)), REVIEWED),
    ]


def _watch(page: Page, server: Running, rate: float) -> tuple[float, float]:
    """Show requests; return the share of a processor for styles, and the longest task's seconds."""
    page.evaluate(_OBSERVE)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float({each["name"]: each["value"] for each in metrics}["RecalcStyleDuration"])

    before = read()
    loaded = wrk.load(server, bucket.get(), rate=rate)
    part = (read() - before) / loaded.seconds
    longest: float = page.evaluate("Math.max(0, ...window.tasks) / 1000")
    session.detach()
    return part, longest


_OBSERVE = """() => {
  window.tasks = [];
  window.watcher?.disconnect();
  window.watcher = new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.tasks.push(task.duration);
  });
  window.watcher.observe({ entryTypes: ["longtask"] });
}"""


# The script observes the page, because Playwright soon polls only twice a second.
_PASTE = """(text) => new Promise((resolve) => {
  const parts = ["verdicts", "causes"].map((id) => document.getElementById(id));
  for (const part of parts) part.textContent = "";
  const began = performance.now();
  const watcher = new MutationObserver(() => {
    if (!parts[0].querySelector("table") || !parts[1].querySelector("header")) return;
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve((performance.now() - began) / 1000)));
  });
  for (const part of parts) watcher.observe(part, { childList: true, subtree: true });
  const list = document.getElementById("whitelist");
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  list.select();
  list.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
})"""


def _paste(page: Page, number: int) -> float:
    """Paste entries; return the seconds until the page shows their verdicts."""
    entries = "\n".join(f"https://www{number}.site-{each}.example/" for each in range(ENTRIES))
    seconds: float = page.evaluate(_PASTE, entries)
    return seconds


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
    """Follow the requests as the page does, and discard the events as they arrive."""
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
