"""A headless Chromium, servers for pages of other origins, and the built lab."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from oss_emulator import Emulator
from oss_emulator.settings import DEMO
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.console import Watch
from tests.cli.process import reserved_port
from tests.requirements import find, require

PATIENCE = 8_000
"""Milliseconds to wait for anything. A busy machine may need seconds."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a module: the quicker headless shell where it is installed.

    Playwright's loop counts as running until it ends, so no asynchronous test may run meanwhile.
    """
    path = find("headless-shell") or require("browser")
    arguments = ["--host-resolver-rules=MAP *.test 127.0.0.1"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


@pytest.fixture
def tabs(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no cache, no cookies."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """The demo bucket, with enough room for many requests."""
    with Emulator(seed=DEMO, journal_size=20_000) as running:
        yield running


@pytest.fixture
def tab(tabs: BrowserContext) -> Iterator[Page]:
    """A page; the test fails if it asks another host for anything or logs an error."""
    watch = Watch(tabs)
    tabs.grant_permissions(["clipboard-read", "clipboard-write"])
    yield tabs.new_page()
    assert (watch.strangers, watch.complaints) == ([], [])


@pytest.fixture
def port() -> Iterator[int]:
    """A port that no other process gets while the server is away."""
    with reserved_port() as reserved:
        yield reserved


class _Page(BaseHTTPRequestHandler):
    """Answers every request with the same empty page."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>Elsewhere</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve in a thread; yields the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[int]:
    """The port of a server whose pages are of another origin than the emulator's."""
    with serving(_Page) as port:
        yield port


class _Files(SimpleHTTPRequestHandler):
    """Sends files, and logs nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built lab, below another folder, as on a site."""
    require("npm")
    require("node")
    from docs.site.lab.build import build  # it reads the whole package, which few tests need

    made = tmp_path_factory.mktemp("site") / "below" / "lab"
    build(made)
    return made


@pytest.fixture(scope="session")
def served(folder: Path) -> Iterator[str]:
    """The address of the lab on a static host."""
    with serving(partial(_Files, directory=str(folder.parents[1]))) as port:
        yield f"http://127.0.0.1:{port}/below/lab"
