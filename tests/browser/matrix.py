"""What Chromium sends for each cell of a matrix: the pages that ask, and the server that listens.

The axes are those of the Web Platform Tests of Referrer Policy: the scheme of the page, how it sets
which policy, the element, and the origin of the object. `docs/browser.md` says what is left out.
"""

from __future__ import annotations

import html
import json
import mimetypes
import os
import ssl
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from urllib.parse import parse_qs, quote, urlsplit

import trustme
from oss_referer.browser import browser as prediction
from oss_referer.browser.browser import (
    BEHAVIOURS,
    Delivery,
    Embedding,
    Mixed,
    ReferrerPolicy,
    Sender,
    Sent,
)
from oss_referer.search.url import DEFAULT_PORTS, WebURL
from playwright.sync_api import Browser, Page, sync_playwright

SITE = WebURL.parse("https://www.example.com/album/today.html")
OBJECTS = {
    "cross-site": WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg"),
    "same site": WebURL.parse("https://img.example.com/photo.jpg"),
    "same host": WebURL.parse("https://www.example.com/photo.jpg"),
}
"""The object, by the relation of its host to that of the page."""
AWAY = (Embedding.REDIRECT_AWAY, Embedding.REDIRECT_LOOSE, Embedding.LINK_AWAY)
"""The elements whose object is behind a redirect of another site."""
CLICKED = (Embedding.LINK, Embedding.DOWNLOAD, Embedding.LINK_AWAY)
ATTRIBUTED = (
    Embedding.IMG,
    Embedding.SRCSET,
    Embedding.PICTURE,
    Embedding.IFRAME,
    Embedding.SCRIPT,
    Embedding.FETCH,
    Embedding.PREFETCH,
    Embedding.REDIRECT,
    Embedding.REDIRECT_AWAY,
    Embedding.LINK,
    Embedding.DOWNLOAD,
)
"""The elements whose attribute or option sets a policy."""

PATIENCE = 60_000
"""Milliseconds to wait for a page. A request that is missing then is a difference."""
CLICK_PATIENCE, CLICKS = 2.0, 5
"""Seconds to wait for the request of a link, and the clicks after which it sends nothing."""

SCRIPT = Path(__file__).with_name("matrix.js").read_text(encoding="utf-8")
WORKER = (
    "onmessage = event => fetch(event.data, {mode: 'no-cors'})"
    ".then(() => postMessage(0), () => postMessage(0));"
)
FLAGS = (
    "--ignore-certificate-errors",
    # Playwright turns more features off, among them the upgrade of navigations (B-07).
    "--disable-features=MediaRouter,OptimizationHints,PaintHolding",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page and the policy that it sets. Several cells share it; `?sheet=` in its URL names it."""

    page: WebURL
    delivery: Delivery = Delivery.NONE
    policy: ReferrerPolicy | None = None
    upgrades: bool = False
    """Whether the page has the header `Content-Security-Policy: upgrade-insecure-requests`."""

    def file(self, path: str) -> WebURL:
        """Return the URL of a style sheet or of a worker of the page."""
        return replace(self.page, path=path)

    def frame(self, query: str = "") -> WebURL:
        """Return the URL of a frame of the page; without a query it shows nothing."""
        return replace(self.page, query=f"{self.page.query}&frame=1{query}")


@dataclass(frozen=True, slots=True)
class Cell:
    """One question: what does the browser send for an element of a page?"""

    number: int
    sheet: Sheet
    element: Embedding
    target: WebURL
    """The object as the page writes it."""
    delivery: Delivery
    policy: ReferrerPolicy | None
    """The policy of the element, by `delivery`; None for the default."""

    @property
    def stop(self) -> WebURL | None:
        """The URL that redirects to the object."""
        if self.element is not Embedding.REDIRECT and self.element not in AWAY:
            return None
        loose = "&loose=1" if self.element is Embedding.REDIRECT_LOOSE else ""
        query = f"?to={quote(self.target.text, safe='')}{loose}"
        host = "elsewhere.test" if self.element in AWAY else self.sheet.page.host
        return replace(self.sheet.page, host=host, path="/redirect", query=query)

    @property
    def file(self) -> WebURL | None:
        """The style sheet, the worker or the frame that asks for the object."""
        if BEHAVIOURS[self.element].sender is not Sender.FILE:
            return None
        if self.element is Embedding.SANDBOX_OF_ORIGIN:
            return self.sheet.frame(f"&shows={quote(self.target.text, safe='')}&as={self.number}")
        is_style = self.element is Embedding.STYLE_SHEET
        return self.sheet.file("/site.css" if is_style else "/worker.js")

    @property
    def predicted(self) -> Sent | None:
        """What the browser should send."""
        policy = self.sheet.policy if self.delivery is Delivery.REL else self.policy
        return prediction.predict(
            self.element,
            self.sheet.page,
            self.target,
            self.delivery,
            policy or prediction.DEFAULT,
            file=self.file,
            stop=self.stop,
            upgrades=self.sheet.upgrades,
        )


def _plan() -> Iterator[Cell]:
    number = 0
    for page in map(SITE.by, DEFAULT_PORTS):
        for target in (url.by(scheme) for url in OBJECTS.values() for scheme in DEFAULT_PORTS):
            ways = [(*way, False) for way in _ways()]
            if (page.scheme, target.scheme) == ("https", "http"):
                ways += [(*way, True) for way in _ways() if _is_upgraded(*way)]
            for element, delivery, policy, upgrades in ways:
                sheet = _sheet(page, delivery, policy, upgrades=upgrades)
                asked = replace(target, query=f"?cell={number}")
                yield Cell(number, sheet, element, asked, delivery, policy)
                number += 1


def _ways() -> Iterator[tuple[Embedding, Delivery, ReferrerPolicy | None]]:
    for element in BEHAVIOURS:
        deliveries = [Delivery.NONE, Delivery.HEADER, Delivery.META]
        if element in ATTRIBUTED:
            deliveries.append(Delivery.ATTRIBUTE)
        if element in (Embedding.LINK, Embedding.DOWNLOAD):
            deliveries.append(Delivery.REL)
        for delivery in deliveries:
            without = delivery in (Delivery.NONE, Delivery.REL)
            for policy in [None] if without else [*ReferrerPolicy]:
                yield element, delivery, policy


def _is_upgraded(element: Embedding, delivery: Delivery, _: ReferrerPolicy | None) -> bool:
    """Whether an element is also tried on a page with upgrade-insecure-requests."""
    is_blocked = BEHAVIOURS[element].mixed is Mixed.BLOCKED
    return delivery is Delivery.NONE or (is_blocked and delivery is Delivery.HEADER)


def _sheet(
    page: WebURL, delivery: Delivery, policy: ReferrerPolicy | None, *, upgrades: bool
) -> Sheet:
    """Return the page that sets a policy; an attribute overrides another policy of the page."""
    chosen, by = policy, delivery
    if delivery in (Delivery.ATTRIBUTE, Delivery.REL):
        hides = delivery is Delivery.ATTRIBUTE and policy is not ReferrerPolicy.NO_REFERRER
        chosen = ReferrerPolicy.NO_REFERRER if hides else ReferrerPolicy.UNSAFE_URL
        by = Delivery.HEADER
    name = f"{page.scheme}.{by.value}.{chosen.value if chosen else 'default'}.{delivery.value}"
    query = f"?sheet={name}{'.upgrade' * upgrades}"
    return Sheet(replace(page, query=query), by, chosen, upgrades)


CELLS = tuple(_plan())


class _Listener(ThreadingHTTPServer):
    """Answers for all hosts by one scheme, and notes the requests for objects."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, scheme: str, stage: Stage) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.scheme, self.stage = scheme, stage
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("any.test").configure_cert(context)
            # Each connection does its handshake in its own thread.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing about connections that the browser closes."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Answer(BaseHTTPRequestHandler):
    """Answers one request: for an object, for a redirect, or for a page and its files."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        stage, scheme = self.server.stage, self.server.scheme
        if "to" in asked:
            loose = {"Referrer-Policy": "unsafe-url"} if "loose" in asked else {}
            self._send(302, "text/plain", "", {"Location": asked["to"][0], **loose})
        elif "sheet" in asked:
            cells = stage.by_sheet[asked["sheet"][0]]
            if cells[0].sheet.page.scheme == scheme:
                self._send(200, *_file(cells, path, asked))
            else:  # the browser tries https for a page by http (B-07)
                self.close_connection = True
        else:
            if "cell" in asked:
                stage.note(int(asked["cell"][0]), Sent(scheme, self.headers["Referer"]))
            self._send(200, mimetypes.guess_type(path)[0] or "text/plain", "-", {})

    def _send(self, status: int, kind: str, text: str, headers: Mapping[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        sent = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
        for name, value in {**sent, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _file(
    cells: Sequence[Cell], path: str, asked: Mapping[str, list[str]]
) -> tuple[str, str, dict[str, str]]:
    """Return the type, the text and the headers of a page, or of one of its files."""
    sheet, headers = cells[0].sheet, {}
    if sheet.policy is not None and sheet.delivery is Delivery.HEADER:
        headers["Referrer-Policy"] = sheet.policy.value
    if path == "/worker.js":
        return "text/javascript", WORKER, headers
    if path == "/site.css":
        return "text/css", _style(cells, Embedding.STYLE_SHEET), headers
    if "frame" in asked:
        return "text/html", _frame(asked), headers
    if sheet.upgrades:
        headers["Content-Security-Policy"] = "upgrade-insecure-requests"
    return "text/html", _page(sheet, cells), headers


def _page(sheet: Sheet, cells: Sequence[Cell]) -> str:
    meta = ""
    if sheet.policy is not None and sheet.delivery is Delivery.META:
        meta = f'<meta name="referrer" content="{sheet.policy.value}">'
    given = [
        (
            cell.number,
            cell.element.value,
            (cell.stop or cell.target).text,
            cell.policy.value if cell.policy and cell.delivery is Delivery.ATTRIBUTE else "",
            cell.predicted is not None,
            "noreferrer" if cell.delivery is Delivery.REL else "",
        )
        for cell in cells
    ]
    files = {"worker": sheet.file("/worker.js").text, "frame": sheet.frame().text}
    return (
        f'<!doctype html><meta charset="utf-8">{meta}'
        f'<link rel="stylesheet" href="{html.escape(sheet.file("/site.css").text)}">'
        f"<style>{_style(cells, Embedding.STYLE_ELEMENT)}</style>"
        f"<body>{''.join(map(_box, cells))}<script>"
        f"const cells = {json.dumps(given)};const files = {json.dumps(files)};\n{SCRIPT}</script>"
    )


def _box(cell: Cell) -> str:
    """Return the markup of a cell whose object is a background."""
    if cell.element in (Embedding.STYLE_SHEET, Embedding.STYLE_ELEMENT):
        return f'<div class="cell{cell.number}">.</div>'
    if cell.element is Embedding.INLINE_STYLE:
        return f'<div style="{html.escape(_background(cell))}">.</div>'
    return ""


def _style(cells: Iterable[Cell], element: Embedding) -> str:
    return "".join(
        f".cell{cell.number} {{ {_background(cell)} }}\n"
        for cell in cells
        if cell.element is element
    )


def _background(cell: Cell) -> str:
    return f'background-image: url("{cell.target.text}")'


def _frame(asked: Mapping[str, list[str]]) -> str:
    """Return a page for an iframe, which shows one image, or none."""
    if "shows" not in asked:
        return "<!doctype html>"
    said = f"parent.postMessage({int(asked['as'][0])}, '*')"
    return f'<img src="{html.escape(asked["shows"][0])}" onload="{said}" onerror="{said}">'


class Stage:
    """A Chromium that reaches every host at a server on this machine, and the requests it sent."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.seen: defaultdict[int, list[Sent]] = defaultdict(list)
        """The requests for the object of each cell, by its number."""
        self.by_sheet: defaultdict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            self.by_sheet[cell.sheet.page.query.removeprefix("?sheet=")].append(cell)
        self._arrived = Condition()

    @contextmanager
    def open(self, executable: str) -> Iterator[Browser]:
        """Start the servers and the browser."""
        with ExitStack() as stack:
            rules = []
            for scheme, port in DEFAULT_PORTS.items():
                listener = stack.enter_context(_Listener(scheme, self))
                Thread(target=listener.serve_forever).start()
                stack.callback(listener.shutdown)
                rules.append(f"MAP *:{port} 127.0.0.1:{listener.server_port}")
            flags = [*FLAGS, f"--host-resolver-rules={','.join(rules)},MAP * ~NOTFOUND"]
            chromium = stack.enter_context(sync_playwright()).chromium
            browser = chromium.launch(executable_path=executable, args=flags)
            stack.callback(browser.close)
            yield browser

    def note(self, number: int, sent: Sent) -> None:
        """Keep a request for the object of a cell."""
        with self._arrived:
            self.seen[number].append(sent)
            self._arrived.notify_all()

    def wait_for(self, number: int, requests: int, seconds: float) -> bool:
        """Wait until a cell has had this many requests; return whether it has."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.seen[number]) >= requests, seconds)


def ask(cells: Sequence[Cell], executable: str) -> tuple[str, dict[int, Sent]]:
    """Visit the pages of cells; return the browser's version and the first request of each."""
    stage = Stage(cells)
    with stage.open(executable) as running:
        # A browser remembers which hosts do not answer https, so each scheme has its own context.
        for scheme in DEFAULT_PORTS:
            page = running.new_context(accept_downloads=False).new_page()
            for shown in [*stage.by_sheet.values()]:
                if shown[0].sheet.page.scheme == scheme:
                    _show(page, shown, stage)
        version = f"Chromium {running.version}"
    return version, {number: sent[0] for number, sent in stage.seen.items() if sent}


def _show(page: Page, cells: Sequence[Cell], stage: Stage) -> None:
    """Open a page, wait for its elements, and click its links one after the other."""
    page.goto(cells[0].sheet.page.text, timeout=PATIENCE)
    page.evaluate(f"Promise.race([done, new Promise(end => setTimeout(end, {PATIENCE}))])")
    for cell in cells:
        if cell.element in CLICKED:
            for _ in range(CLICKS):  # again if the window that it opens in was busy
                page.evaluate(f"follow({cell.number})")
                if stage.wait_for(cell.number, 1, CLICK_PATIENCE):
                    break


def differences(cells: Iterable[Cell], seen: Mapping[int, Sent]) -> list[str]:
    """Describe each cell for which the browser did not send what was predicted."""
    return [
        f"{cell.element.value}, {cell.delivery.value} {cell.policy}, {cell.sheet.page.text} asks "
        f"for {cell.target.text}: predicted {cell.predicted}, sent {seen.get(cell.number)}"
        for cell in cells
        if cell.predicted != seen.get(cell.number)
    ]
