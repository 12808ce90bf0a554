"""`oss-emulator serve`: the server in the foreground."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from emulator import seed
from emulator.cli.parser import CommandError
from emulator.server import Server
from emulator.server.loop import loop_factory
from emulator.service import Service
from emulator.settings import (
    DEFAULT_ACCESS_KEY_SECRET,
    Auth,
    Settings,
)

_PREFIX = "OSS_EMULATOR_"


@dataclass(frozen=True, slots=True)
class _Flag:
    """One field of `Settings` as a flag and as a variable."""

    name: str
    help: str
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] | None = None
    also: str = ""
    """A further variable that gives the default."""

    @property
    def variable(self) -> str:
        return _PREFIX + self.name.upper()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"{text!r} is no port; a port is a number from 0 to 65535")
    return int(text)


def _domains(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_FLAGS = (
    _Flag("host", "the address to listen on"),
    _Flag("port", "the port to listen on; 0 is any free port", _port),
    _Flag("ready_file", "write a JSON file here once listening", Path),
    _Flag("region", "the region of the service and its buckets"),
    _Flag("access_key_id", "the id of the key that is known", also="OSS_ACCESS_KEY_ID"),
    _Flag("access_key_secret", "the secret of that key", also="OSS_ACCESS_KEY_SECRET"),
    _Flag(
        "auth",
        "strict: every signature is verified; relaxed: an unknown key id is taken for the owner; "
        "off: nothing is verified",
        Auth,
        tuple(Auth),
    ),
    _Flag("domain", "further base domains, separated by commas or by repeating the flag", _domains),
    _Flag("seed", "a TOML file of buckets, rules and objects to start with", Path),
    _Flag("access_log", "append a line in the OSS access-log format for each request", Path),
    _Flag(
        "admin_token",
        "what other machines send to use /_emulator/; without it only this machine may",
    ),
    _Flag(
        "log_level",
        "what the server tells on standard error",
        str,
        ("debug", "info", "warning", "error", "critical"),
    ),
)


def declare(commands: Any) -> None:
    """Add the command to the parser."""
    defaults = Settings()
    parser = commands.add_parser("serve", help="run the server", description=__doc__)
    for flag in _FLAGS:
        default = getattr(defaults, flag.name)
        shown = ",".join(default) if isinstance(default, tuple) else default
        parser.add_argument(
            f"--{flag.name.replace('_', '-')}",
            dest=flag.name,
            action="append",
            metavar=flag.name.upper() if flag.choices is None else "|".join(flag.choices),
            help=f"{flag.help} (default: {shown or 'none'}; {flag.variable})",
        )
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end."""
    settings = _settings(arguments, os.environ)
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
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(Server(service, log), settings, hint))
    return 0


def _settings(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Flags go before variables, variables before defaults."""
    values: dict[str, Any] = {}
    for flag in _FLAGS:
        given = getattr(arguments, flag.name)
        if given is not None:
            source, text = f"--{flag.name.replace('_', '-')}", ",".join(given)
            if flag.name != "domain":
                text = given[-1]
        elif environ.get(flag.variable):
            source, text = flag.variable, environ[flag.variable]
        elif flag.also and environ.get(flag.also):
            source, text = flag.also, environ[flag.also]
        else:
            continue
        if flag.choices is not None and text not in flag.choices:
            arguments.parser.error(f"{source}: {text!r} is not one of {', '.join(flag.choices)}")
        try:
            values[flag.name] = flag.read(text)
        except ValueError as error:
            arguments.parser.error(f"{source}: {error}")
    return Settings(**values)


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


async def _serve(server: Server, settings: Settings, hint: str) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        port = await server.start(settings.host, settings.port)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {settings.host} port {settings.port}: "
            f"{_reason(error)}; choose another with --port or --host"
        ) from None
    try:
        _announce(settings, port, hint)
        await ended.wait()
    finally:
        await server.stop()


def _reason(error: OSError) -> str:
    # asyncio wraps what the system says in a sentence of its own; a name that is not found has no
    # number of the system's.
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _announce(settings: Settings, port: int, hint: str) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    endpoint = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if settings.ready_file is not None:
        _write_ready_file(settings, endpoint, port)
    fixed = settings.access_key_secret == DEFAULT_ACCESS_KEY_SECRET
    secret = DEFAULT_ACCESS_KEY_SECRET if fixed else "(as configured)"
    print(
        f"oss-emulator is ready: endpoint {endpoint}, region {settings.region}, "
        f"access key {settings.access_key_id} / {secret}",
        flush=True,
    )
    if hint:
        print(hint.replace("{endpoint}", endpoint).rstrip(), flush=True)


def _write_ready_file(settings: Settings, endpoint: str, port: int) -> None:
    assert settings.ready_file is not None  # noqa: S101
    facts = {
        "endpoint": endpoint,
        "port": port,
        "pid": os.getpid(),
        "region": settings.region,
        "access_key_id": settings.access_key_id,
    }
    part = settings.ready_file.with_name(f"{settings.ready_file.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        part.replace(settings.ready_file)
    except OSError as error:
        raise CommandError(
            f"the ready file {settings.ready_file} cannot be written: {error.strerror}"
        ) from None
