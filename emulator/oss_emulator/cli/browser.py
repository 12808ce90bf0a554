"""A real browser that visits pages and asks an emulator for their objects, all on this machine."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from aiohttp import ClientSession, TCPConnector, web

from oss_emulator import extras, referer_xml
from oss_emulator.cli.parser import CommandError
from oss_emulator.control.controls import Controls
from oss_emulator.control.journal import JournalEntry
from oss_emulator.lab.browser import Sent
from oss_emulator.lab.parts import DEFAULT_PORTS
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import Cell
from oss_emulator.lab.witness.pages import FOLLOWED, REFUSAL, Pages
from oss_emulator.lab.witness.verdict import Seen
from oss_emulator.protocol.message import Request
from oss_emulator.referer import Assumptions, RefererConfiguration
from oss_emulator.server import Server
from oss_emulator.server import tls as certificates
from oss_emulator.server.tls import CertificateError, Certificates
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The names of browsers, of which the first that is installed is used."""

PATIENCE = 20.0
"""Seconds to wait for one page, or for one request that is expected."""

CLICK_PATIENCE, CLICKS = 2.0, 5
"""Seconds to wait for the request of a link, and the clicks after which it sends nothing."""

_BUCKET = "objects"
"""The bucket behind hosts that are not the service's."""

_SERVICE = re.compile(
    r"(?P<bucket>[a-z0-9-]+)\.oss-(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com"
)

_FLAGS = (
    "--ignore-certificate-errors",  # the local CA lasts as long as the run
    # playwright turns more features off, among them the upgrade of navigations (B-07).
    "--disable-features=MediaRouter,OptimizationHints,PaintHolding",
)

_PASSED_ON = ("content-type", "content-disposition", "content-range", "accept-ranges")


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a browser did."""

    version: str
    """The name and the version of the browser."""
    seen: Mapping[int, Sequence[Seen]] = field(default_factory=dict)
    """The requests for the object of each cell, in order."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules of the objects, and how the browser may be found."""

    rules: RefererConfiguration
    assumptions: Assumptions
    executable: str
    media_type: str = "image/png"


def find(path: str | None) -> str:
    """Return the path of a browser. Raises CommandError."""
    if path:
        found = shutil.which(path)
        if found is None:
            raise CommandError(f"{path} is not a program that can be run")
        return found
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise CommandError(
        f"no browser is installed as {', '.join(PROGRAMS)}; give its path with --browser-path PATH"
    )


def ask(cells: Sequence[Cell], setting: Setting) -> Testimony:
    """Have a browser visit the pages of all cells. Raises CommandError."""
    return asyncio.run(_ask(cells, setting))


def visit(url: WebURL, setting: Setting, requests: int) -> Testimony:
    """Have a browser open an object as from its address bar, until it has sent some requests."""
    return asyncio.run(_visit(url, setting, requests))


def read(texts: Sequence[str], executable: str) -> list[str | None]:
    """Have a browser read URLs; None for one that it refuses. Raises CommandError."""
    return asyncio.run(_read(texts, executable))


async def _read(texts: Sequence[str], executable: str) -> list[str | None]:
    async with AsyncExitStack() as stack:
        browser = await _launch(executable, "MAP * ~NOTFOUND", stack)
        page = await browser.new_page()
        script = "texts => texts.map(text => { try { return new URL(text).href } catch {} })"
        return [href or None for href in await page.evaluate(script, list(texts))]


async def _ask(cells: Sequence[Cell], setting: Setting) -> Testimony:
    pages = Pages(cells)
    async with _stage(pages, [cell.target for cell in cells], setting) as stage:
        # A browser remembers which hosts do not answer https, so each scheme has its own context.
        for scheme in DEFAULT_PORTS:
            context = await stage.browser.new_context(
                ignore_https_errors=True, accept_downloads=False
            )
            page = await context.new_page()
            for sheet, shown in pages.by_sheet.items():
                if sheet.page.scheme == scheme:
                    await stage.show(page, sheet.page.text, shown)
        return Testimony(stage.version, stage.seen)


async def _visit(url: WebURL, setting: Setting, requests: int) -> Testimony:
    numbered = replace(url, query="?cell=0")
    async with _stage(Pages(()), [url], setting) as stage:
        context = await stage.browser.new_context(ignore_https_errors=True)
        page = await context.new_page()
        await page.goto(numbered.text, wait_until="commit", timeout=PATIENCE * 1000)
        await stage.wait_for(0, requests)
        return Testimony(stage.version, stage.seen)


class _Stage:
    """An emulator, a server of pages and a browser that finds every host at one of the two."""

    def __init__(self, browser: "Browser", controls: Controls) -> None:
        self.browser = browser
        self.version = f"Chromium {browser.version}"
        self.seen: dict[int, list[Seen]] = {}
        self._arrived = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()
        controls.journal.listen(self._note)

    async def show(self, page: "Page", url: str, cells: Iterable[Cell]) -> None:
        """Open a page and wait until its cells are settled."""
        from playwright.async_api import Error

        try:
            await page.goto(url, timeout=PATIENCE * 1000)
            with suppress(TimeoutError):  # what is missing then is a difference
                await asyncio.wait_for(page.evaluate("done"), PATIENCE)
            for cell in cells:
                if cell.element in FOLLOWED:
                    await self._follow(page, cell.number)
        except Error as error:
            reason = error.message.splitlines()[0]
            raise CommandError(f"the browser cannot show {url}: {reason}") from None

    async def _follow(self, page: "Page", number: int) -> None:
        """Click a link; again if the window that it opens in was busy."""
        for _ in range(CLICKS):
            await page.evaluate(f"follow({number})")
            if await self.wait_for(number, 1):
                return

    async def wait_for(self, number: int, requests: int) -> bool:
        """Wait until a cell has been asked for; return whether it has."""

        def has_arrived() -> bool:
            return len(self.seen.get(number, ())) >= requests

        async with self._arrived:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait_for(has_arrived), CLICK_PATIENCE)
        return has_arrived()

    def _note(self, entry: JournalEntry) -> None:
        """Keep a request for a cell's object; the journal calls this."""
        number = parse_qs(entry.request.query_string).get("cell")
        if number and entry.decision is not None and entry.request.method == "GET":
            request = entry.request
            sent = Sent("https" if request.secure else "http", request.headers.get("referer"))
            self.seen.setdefault(int(number[0]), []).append(Seen(sent, entry.decision))
            task = asyncio.get_running_loop().create_task(self._tell())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()


@asynccontextmanager
async def _stage(
    pages: Pages, targets: Sequence[WebURL], setting: Setting
) -> AsyncIterator[_Stage]:
    """Start the emulator, the pages and the browser."""
    settings = _settings(targets, setting)
    controls = Controls(settings)
    _fill(controls, targets, setting)
    try:
        found = certificates.load(settings, controls.service.addresses.domains)
    except CertificateError as error:
        raise CommandError(str(error)) from None
    assert found is not None  # noqa: S101 - set because of tls_port
    async with AsyncExitStack() as stack:
        server = Server(controls, certificates=found)
        await server.start(settings.host, 0)
        stack.push_async_callback(server.stop)
        ports = await _serve_pages(pages, server, found, stack)
        rules = _map_hosts(pages, targets, server, ports)
        browser = await _launch(setting.executable, rules, stack)
        yield _Stage(browser, controls)


def _settings(targets: Sequence[WebURL], setting: Setting) -> Settings:
    region = Settings().region
    cname = {}
    for host in {target.host for target in targets}:
        of_service = _SERVICE.fullmatch(host)
        if of_service:
            region = of_service["region"]
        else:
            cname[host] = _BUCKET
    return Settings(port=0, tls_port=0, region=region, cname=cname, assumptions=setting.assumptions)


def _fill(controls: Controls, targets: Sequence[WebURL], setting: Setting) -> None:
    """Create the buckets with the rules and the objects."""
    service = controls.service

    def put(target: str, body: bytes, **headers: str) -> None:
        fields = [
            ("Host", "localhost"),
            *((name.replace("_", "-"), v) for name, v in headers.items()),
        ]
        request = Request.parse("PUT", target, fields, service.clock())
        response = service.handle(request, body, caller=service.accounts.owner)
        if response.status != 200:
            raise CommandError(f"the emulator refuses PUT {target}: {response.body!r}")

    for url in dict.fromkeys(replace(target, query="") for target in targets):
        of_service = _SERVICE.fullmatch(url.host)
        bucket = of_service["bucket"] if of_service else _BUCKET
        put(f"/{bucket}", b"", x_oss_acl="public-read")
        put(f"/{bucket}?referer", referer_xml.format(setting.rules))
        if url.path != "/":
            put(f"/{bucket}{url.path}", b"-", content_type=setting.media_type)


async def _pass_on(
    request: web.BaseRequest, server: Server, session: ClientSession
) -> web.Response:
    """Forward a page's request for an object on its own host to the emulator, like a proxy."""
    port = server.tls_port if request.scheme == "https" else server.port
    url = f"{request.scheme}://127.0.0.1:{port}{request.path_qs}"
    async with session.get(url, headers=request.headers, allow_redirects=False) as given:
        kept = {name: given.headers[name] for name in _PASSED_ON if name in given.headers}
        return web.Response(status=given.status, headers=kept, body=await given.read())


async def _serve_pages(
    pages: Pages, server: Server, found: Certificates, stack: AsyncExitStack
) -> Mapping[str, int]:
    """Serve the pages; returns the port of each scheme."""
    session = await stack.enter_async_context(
        ClientSession(connector=TCPConnector(ssl=False), auto_decompress=False)
    )

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        host = WebURL.parse(f"{request.scheme}://{request.host}/").host
        answer = pages.answer(request.scheme, host, request.path, request.query_string)
        if answer is None:
            return await _pass_on(request, server, session)
        if answer is REFUSAL and request.transport is not None:
            request.transport.abort()
        headers = {"Content-Type": f"{answer.kind}; charset=utf-8", **answer.headers}
        return web.Response(status=answer.status, headers=headers, body=answer.text.encode())

    serving = web.Server(handle)
    stack.push_async_callback(serving.shutdown)
    ports = {}
    for scheme in DEFAULT_PORTS:
        listening = await asyncio.get_running_loop().create_server(
            serving, "127.0.0.1", 0, ssl=found.default if scheme == "https" else None
        )
        stack.callback(listening.close)
        ports[scheme] = listening.sockets[0].getsockname()[1]
    return ports


def _map_hosts(
    pages: Pages, targets: Sequence[WebURL], server: Server, ports: Mapping[str, int]
) -> str:
    """Say where the browser finds each host; nothing leaves this machine."""
    sites = {(sheet.page.scheme, sheet.page.port) for sheet in pages.by_sheet}
    hosts = {sheet.page.host for sheet in pages.by_sheet}
    objects = {"http": server.port, "https": server.tls_port}
    asked = {(url.host, scheme, url.port) for url in targets for scheme in DEFAULT_PORTS}
    rules = [
        f"MAP {host}:{port or DEFAULT_PORTS[scheme]} 127.0.0.1:{objects[scheme]}"
        for host, scheme, port in sorted(asked)
        if host not in hosts and (not port or scheme == _scheme_of(targets, host, port))
    ]
    sites |= {(scheme, "") for scheme in DEFAULT_PORTS}
    rules += [
        f"MAP *:{port or DEFAULT_PORTS[scheme]} 127.0.0.1:{ports[scheme]}"
        for scheme, port in sorted(sites)
    ]
    return ",".join([*rules, "MAP * ~NOTFOUND"])


def _scheme_of(targets: Sequence[WebURL], host: str, port: str) -> str:
    return next(url.scheme for url in targets if (url.host, url.port) == (host, port))


async def _launch(executable: str, rules: str, stack: AsyncExitStack) -> "Browser":
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise CommandError(
            "--browser needs the package playwright, which is not installed; "
            f"install it with {extras.command('browser')}"
        ) from None
    flags = [*_FLAGS, f"--host-resolver-rules={rules}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with one
    try:
        playwright = await stack.enter_async_context(async_playwright())
    except Exception as error:  # playwright has no class of its own for a driver that ends
        reason = str(error).partition("\n")[0]
        raise CommandError(
            f"the driver of playwright does not start: {reason}; "
            "to see why, run python -m playwright --version"
        ) from None
    try:
        browser = await playwright.chromium.launch(executable_path=executable, args=flags)
    except Error as error:
        reason = error.message.splitlines()[0]
        raise CommandError(f"{executable} cannot be started as a browser: {reason}") from None
    stack.push_async_callback(browser.close)
    return browser
