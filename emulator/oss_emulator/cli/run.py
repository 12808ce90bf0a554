"""`oss-emulator run`: runs a command with its requests to OSS redirected to an emulator."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import ssl
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from oss_referer.sources.toml import read_file
from oss_referer.terminal import language
from oss_referer.terminal.parser import CommandError, Commands
from oss_referer.terminal.program import loading

from oss_emulator.cli import credentials, flags
from oss_emulator.protocol.address import SERVICE_DOMAIN, split_host
from oss_emulator.settings import LogLevel, Settings
from oss_emulator.system import signals

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening
    from oss_emulator.control.journal import JournalEntry


OPTIONS = "JAVA_TOOL_OPTIONS"

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\r?\n?")


def options(proxy: str, store: Path | None, no_proxy: Iterable[str]) -> str:
    """Return the value of JAVA_TOOL_OPTIONS; it overrides equal properties before it."""
    url = urlsplit(proxy)
    properties = {
        f"{scheme}.proxy{part}": str(value)
        for scheme in ("http", "https")
        for part, value in (("Host", url.hostname), ("Port", url.port))
    }
    properties["http.nonProxyHosts"] = "|".join(_patterns(no_proxy))
    if store is not None:
        properties["javax.net.ssl.trustStore"] = str(store)
        properties["javax.net.ssl.trustStoreType"] = "PKCS12"
    return " ".join(_quote(f"-D{name}={value}") for name, value in properties.items())


def write_store(bundle: bytes, path: Path) -> Path | None:
    """Write the certificates of a bundle as a PKCS#12 store without a password.

    Java trusts a certificate only if the store marks it as trusted, which cryptography supports
    since version 45. Returns None with older versions.
    """
    if not hasattr(pkcs12, "serialize_java_truststore"):
        return None
    trusted = [
        pkcs12.PKCS12Certificate(certificate, str(number).encode())  # names must differ
        for number, certificate in enumerate(_certificates(bundle))
    ]
    path.write_bytes(pkcs12.serialize_java_truststore(trusted, NoEncryption()))
    return path


def _certificates(bundle: bytes) -> Iterator[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a public root with an odd serial number
        for found in _PEM.finditer(bundle):
            with suppress(ValueError):  # not a certificate; OpenSSL also skips it
                yield x509.load_pem_x509_certificate(found[0])


def _patterns(hosts: Iterable[str]) -> Iterator[str]:
    """Yield the entries of NO_PROXY as patterns of Java; a name also covers its subdomains."""
    for host in hosts:
        name = host.partition(":")[0].lstrip("*").strip(".") if host.count(":") < 2 else f"[{host}]"
        if name and "/" not in name:  # Java does not support networks
            yield from (name,) if re.fullmatch(r"[\d.]+|\[.*\]", name) else (name, f"*.{name}")


def _quote(option: str) -> str:
    return f'"{option}"' if re.search(r"\s", option) else option


_DESCRIPTION = (
    "Starts an emulator on a free port and runs a command whose requests to any endpoint of OSS "
    "reach the emulator. The exit status is that of the command, 128 plus the number of the "
    "signal that ended it, 127 if the command does not exist, or 126 if it cannot be run."
)

_DEFAULTS: dict[str, Any] = {"port": 0, "tls_port": 0, "log_level": LogLevel.ERROR}
PRELOAD = Path(__file__).with_name("preload")
"""Modules for programs that ignore the proxy variables."""

_FORWARDED = signals("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_BUNDLES = (
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "ALIBABA_CLOUD_CA_BUNDLE",
)
"""The variables with the path of a CA bundle."""


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        "run", run, description=_DESCRIPTION, usage="%(prog)s [flags of serve] [--] COMMAND ..."
    )
    flags.declare(parser, replace(Settings(), **_DEFAULTS))
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")


def run(arguments: argparse.Namespace) -> int:
    with loading():
        from oss_emulator.cli import foreground  # not needed for --help

    command = arguments.command[arguments.command[:1] == ["--"] :]
    if not command:
        arguments.parser.error("give a COMMAND to run")
    # OSS_ACCESS_KEY_ID may be a key of the service, which the emulator need not know.
    settings = flags.parse_settings(arguments, credentials.without(os.environ), _DEFAULTS)
    if settings.tls or settings.tls_cert is not None:
        arguments.parser.error("run needs http and the local CA; leave out --tls and --tls-cert")
    received = Received()
    try:
        status = foreground.serve(settings, partial(_run_command, command, received))
    except NotImplementedError:  # raised by asyncio's loop on Windows
        raise CommandError(
            "this system cannot forward signals, which run needs: use Linux, macOS or a container"
        ) from None
    for sentence in received.sentences(failed=status != 0):
        print(f"oss-emulator: {language.explain(sentence)}", file=sys.stderr)
    return status


class Received:
    """What the requests of a command say about it when it has ended."""

    def __init__(self) -> None:
        self._is_reached = False
        self._refused: dict[str, None] = {}
        """The hosts that the proxy refused; few clients show the answer to a CONNECT."""
        self._unknown: dict[str, None] = {}
        """The ids of access keys that the emulator does not know."""

    def add(self, entry: JournalEntry) -> None:
        if entry.refused_host:
            self._refused[split_host(entry.refused_host)[0]] = None
            return
        self._is_reached = True
        if entry.code.startswith("InvalidAccessKeyId"):
            self._unknown[entry.access_key_id] = None

    def sentences(self, *, failed: bool) -> Iterator[str]:
        if not self._is_reached:
            yield (
                "no request for OSS reached the emulator: the command sent none, or its client "
                "is one that `run` does not redirect, see docs/drop-in.md"
            )
        if self._unknown:
            yield (
                f"the emulator does not know the access key {', '.join(self._unknown)}: use that "
                "of OSS_ACCESS_KEY_ID, or accept every key with --auth relaxed"
            )
        if failed and self._refused:
            yield (
                "the proxy refused hosts other than those of OSS; to reach them directly, add to "
                f"NO_PROXY: {','.join(self._refused)}"
            )


async def _run_command(command: list[str], received: Received, listening: Listening) -> int:
    listening.write_ready_file()
    listening.server.controls.journal.listen(received.add)
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as folder:
        return await _execute(command, environment(listening, os.environ, Path(folder)))


def environment(listening: Listening, inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of the command; certificates are written to `folder`."""
    server, certificates = listening.server, listening.server.certificates
    endpoint, https_endpoint = server.endpoint, server.https_endpoint
    ca = certificates.ca if certificates is not None else None
    assert ca is not None  # noqa: S101 - set because of tls_port
    assert https_endpoint is not None  # noqa: S101
    own = credentials.without(inherited)
    own.pop("AWS_CA_BUNDLE", None)  # rclone fails with it; AWS SDKs also read one of `_BUNDLES`
    alone, bundle = folder / "ca.pem", folder / "bundle.pem"
    trusted, direct = _roots(inherited) + ca, _no_proxy(inherited)
    alone.write_bytes(ca)
    bundle.write_bytes(trusted)
    store = write_store(trusted, folder / "bundle.p12")
    return {
        **own,
        **_both_cases("HTTP_PROXY", endpoint),
        **_both_cases("HTTPS_PROXY", endpoint),
        **_both_cases("NO_PROXY", ",".join(direct)),
        **dict.fromkeys(_BUNDLES, str(bundle)),
        "NODE_EXTRA_CA_CERTS": str(alone),
        "OSS_EMULATOR_CA_BUNDLE": str(bundle),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PRELOAD), own.get("PYTHONPATH")))),
        "NODE_OPTIONS": f"{own.get('NODE_OPTIONS', '')} {_require()}".strip(),
        OPTIONS: " ".join(filter(None, (own.get(OPTIONS), options(endpoint, store, direct)))),
        "PHP_INI_SCAN_DIR": _ini_folders(own.get("PHP_INI_SCAN_DIR", ""), bundle, folder),
        **credentials.variables(listening.key, server.settings.region, inherited, folder),
        "OSS_EMULATOR_ENDPOINT": endpoint,
        "OSS_EMULATOR_HTTPS_ENDPOINT": https_endpoint,
    }


class _NotFoundError(CommandError):
    status = 127


class _NotRunnableError(CommandError):
    status = 126


async def _execute(command: list[str], env: Mapping[str, str]) -> int:
    """Run a command until it ends, and forward signals to it.

    Returns its exit status, or 128 plus the number of the signal that ended it. Raises
    CommandError if the command cannot be run.
    """
    loop = asyncio.get_running_loop()
    early: list[signal.Signals] = []
    for number in _FORWARDED:
        loop.add_signal_handler(number, early.append, number)
    try:
        process = await asyncio.create_subprocess_exec(*command, env=env)
    except OSError as error:
        failed = _NotFoundError if isinstance(error, FileNotFoundError) else _NotRunnableError
        raise failed(f"{command[0]} cannot be run: {error.strerror}") from None
    for number in _FORWARDED:
        loop.add_signal_handler(number, _forward, process, number)
    for number in early:
        _forward(process, number)
    status = await process.wait()
    return status if status >= 0 else 128 - status


def _forward(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # A terminal sends Ctrl-C to the command itself.
    if process.returncode is None and not (number == signal.SIGINT and _has_terminal()):
        process.send_signal(number)


def _has_terminal() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _both_cases(name: str, value: str) -> dict[str, str]:
    return {name: value, name.lower(): value}


def _no_proxy(inherited: Mapping[str, str]) -> list[str]:
    """Return the hosts to reach directly: this machine and the inherited hosts, except OSS."""
    given = (inherited.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    hosts = [host for hosts in given for host in re.split(r"[,\s]+", hosts) if host]  # as curl
    return list(dict.fromkeys([*_LOCAL, *(host for host in hosts if not _is_oss(host))]))


def _is_oss(host: str) -> bool:
    """Return whether an entry of NO_PROXY covers hosts of OSS. httpx also accepts URLs there."""
    place = re.split(r"://|@", host.lower())[-1]
    name = re.split("[:/]", place)[0].lstrip("*").strip(".")
    # Java supports patterns that end with an asterisk.
    return name.endswith((SERVICE_DOMAIN, "*")) or SERVICE_DOMAIN.endswith(name)


def _roots(inherited: Mapping[str, str]) -> bytes:
    """Return the CA certificates that the command trusts without the emulator."""
    paths = [inherited.get(name) for name in (*_BUNDLES, "AWS_CA_BUNDLE")]
    paths.append(ssl.get_default_verify_paths().cafile)
    certifi = find_spec("certifi")
    if certifi is not None and certifi.origin is not None:
        paths.append(str(Path(certifi.origin).with_name("cacert.pem")))
    for path in paths:
        if path and Path(path).is_file():
            try:
                return read_file(Path(path)).rstrip() + b"\n"
            except OSError as error:
                raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    return b""


def _ini_folders(given: str, bundle: Path, folder: Path) -> str:
    """Return PHP_INI_SCAN_DIR with a folder of settings for the CA bundle.

    PHP's curl reads no variable for it. An empty entry stands for PHP's own folder.
    """
    own = folder / "php"
    own.mkdir()
    lines = (f'{name} = "{bundle}"\n' for name in ("curl.cainfo", "openssl.cafile"))
    (own / "oss-emulator.ini").write_text("".join(lines), encoding="utf-8")
    return f"{given}{os.pathsep}{own}"


def _require() -> str:
    path = str(PRELOAD / "preload.cjs").replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{path}"'
