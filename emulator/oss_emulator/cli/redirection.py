"""The environment of a command whose requests to the service go to a proxy of this process."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from oss_emulator.cli import java, language
from oss_emulator.cli.parser import CommandError
from oss_emulator.protocol.address import SERVICE_DOMAIN
from oss_emulator.system import signals
from oss_emulator.toml import read_file

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
"""The variables of a bundle. AWS SDKs read one of these too, and rclone fails on AWS_CA_BUNDLE."""


def environment(
    proxy: str, ca: bytes, inherited: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Return the environment of the command; `proxy` is a URL, certificates are in `folder`."""
    alone, bundle = folder / "ca.pem", folder / "bundle.pem"
    trusted, direct = _roots(inherited) + ca, _no_proxy(inherited)
    alone.write_bytes(ca)
    bundle.write_bytes(trusted)
    store = java.write_store(trusted, folder / "bundle.p12")
    return {
        **{name: value for name, value in inherited.items() if name != "AWS_CA_BUNDLE"},
        **_both_cases("HTTP_PROXY", proxy),
        **_both_cases("HTTPS_PROXY", proxy),
        **_both_cases("NO_PROXY", ",".join(direct)),
        **dict.fromkeys(_BUNDLES, str(bundle)),
        "NODE_EXTRA_CA_CERTS": str(alone),
        "OSS_EMULATOR_CA_BUNDLE": str(bundle),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PRELOAD), inherited.get("PYTHONPATH")))),
        "NODE_OPTIONS": f"{inherited.get('NODE_OPTIONS', '')} {_require()}".strip(),
        java.OPTIONS: " ".join(
            filter(None, (inherited.get(java.OPTIONS), java.options(proxy, store, direct)))
        ),
    }


async def run(command: list[str], env: Mapping[str, str]) -> int:
    """Run a command to its end and forward signals to it.

    Returns its exit status: 128 plus the number of the signal that ended it, 127 if the command
    does not exist, or 126 if it cannot be run.
    """
    loop = asyncio.get_running_loop()
    early: list[signal.Signals] = []
    for number in _FORWARDED:
        loop.add_signal_handler(number, early.append, number)
    try:
        process = await asyncio.create_subprocess_exec(*command, env=env)
    except OSError as error:
        said = language.explain(f"{command[0]} cannot be run: {error.strerror}")
        print(f"oss-emulator: {said}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
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
    """Return the hosts to reach directly: this machine and the inherited ones, except OSS."""
    given = (inherited.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    hosts = [host.strip() for hosts in given for host in hosts.split(",") if host.strip()]
    return list(dict.fromkeys([*_LOCAL, *(host for host in hosts if not _is_oss(host))]))


def _is_oss(host: str) -> bool:
    """Return whether an entry of NO_PROXY covers hosts of OSS."""
    name = host.lower().partition(":")[0].lstrip("*").strip(".")
    return name.endswith(SERVICE_DOMAIN) or SERVICE_DOMAIN.endswith(name)


def _roots(inherited: Mapping[str, str]) -> bytes:
    """Return the certificates that the command trusts for hosts that it reaches directly."""
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


def _require() -> str:
    path = str(PRELOAD / "preload.cjs").replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{path}"'
