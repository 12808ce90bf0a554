"""A server in the foreground, for as long as something else goes on."""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from emulator import seed
from emulator.cli.parser import CommandError
from emulator.server import Server, certificates
from emulator.server.certificates import CertificateError, Certificates
from emulator.server.loop import loop_factory
from emulator.service import Service
from emulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that listens."""

    server: Server
    settings: Settings
    hint: str
    """What its seed file says."""
    certificates: Certificates | None


Meanwhile: TypeAlias = Callable[[Listening], Awaitable[int]]


def serve(settings: Settings, meanwhile: Meanwhile) -> int:
    """Listen until `meanwhile` ends; returns the exit status it returned. Raises CommandError."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    with ExitStack() as stack:
        log = _open_log(settings, stack)
        service = Service(settings)
        hint = _load_seed(settings, service)
        service.begin_here()
        try:
            found = certificates.load(settings, service.addresses.domains)
        except CertificateError as error:
            raise CommandError(str(error)) from None
        server = Server(service, log, found)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(_serve(server, settings, hint, found, meanwhile))


async def _serve(
    server: Server,
    settings: Settings,
    hint: str,
    found: Certificates | None,
    meanwhile: Meanwhile,
) -> int:
    try:
        await server.start(settings.host, settings.port)
    except OSError as error:
        ports = [port for port in (settings.port, settings.tls_port) if port is not None]
        raise CommandError(
            f"cannot listen on {settings.host} port {' and '.join(map(str, ports))}: "
            f"{_reason(error)}; choose another with --port or --host"
        ) from None
    try:
        return await meanwhile(Listening(server, settings, hint, found))
    finally:
        await server.stop()


def write_ready_file(listening: Listening) -> None:
    """Tell whoever waits for it that the server listens, where that was asked for."""
    path = listening.settings.ready_file
    if path is None:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(_facts(listening)) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise CommandError(f"the ready file {path} cannot be written: {error.strerror}") from None


def _facts(listening: Listening) -> dict[str, object]:
    server = listening.server
    facts: dict[str, object] = {
        "endpoint": server.endpoint,
        "port": server.port,
        "pid": os.getpid(),
        "region": listening.settings.region,
        "access_key_id": listening.settings.access_key_id,
    }
    if server.https_endpoint is not None:
        facts["https_endpoint"] = server.https_endpoint
    if listening.settings.ca_file is not None:
        facts["ca_file"] = str(listening.settings.ca_file.absolute())
    return facts


def _open_log(settings: Settings, stack: ExitStack) -> TextIO | None:
    if settings.access_log is None:
        return None
    try:
        return stack.enter_context(
            settings.access_log.open("a", encoding="utf-8", errors="backslashreplace")
        )
    except OSError as error:
        raise CommandError(
            f"the access log {settings.access_log} cannot be written: {error.strerror}"
        ) from None


def _load_seed(settings: Settings, service: Service) -> str:
    if settings.seed is None:
        return ""
    try:
        return seed.load(settings.seed, service)
    except seed.SeedError as error:
        raise CommandError(str(error)) from None


def _reason(error: OSError) -> str:
    # asyncio wraps what the system says in a sentence of its own; a name that is not found has no
    # number of the system's.
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error)
    return os.strerror(error.errno)
