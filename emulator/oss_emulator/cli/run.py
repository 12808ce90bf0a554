"""`oss-emulator run`: run a command with its requests to OSS redirected to an emulator."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oss_emulator.cli import flags, language, redirection
from oss_emulator.cli.loading import loading
from oss_emulator.cli.parser import Commands
from oss_emulator.protocol.address import split_host
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening

_DESCRIPTION = (
    "Starts an emulator on a free port and runs a command whose requests to any endpoint of OSS "
    "reach the emulator. The exit status is that of the command, 128 plus the number of the "
    "signal that ended it, 127 if the command does not exist, or 126 if it cannot be run."
)

_DEFAULTS: dict[str, Any] = {"port": 0, "tls_port": 0, "log_level": "error"}
_TOKENS = ("OSS_SESSION_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN")
"""The variables of temporary keys; an inherited one belongs to another key."""


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run", run, description=_DESCRIPTION, usage="%(prog)s [flags of serve] [--] COMMAND ..."
    )
    flags.declare(parser, replace(Settings(), **_DEFAULTS))
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")


def run(arguments: argparse.Namespace) -> int:
    """Run the command while an emulator listens."""
    with loading():
        from oss_emulator.cli import foreground  # not needed for --help

    command = arguments.command[arguments.command[:1] == ["--"] :]
    if not command:
        arguments.parser.error("give a COMMAND to run")
    settings = flags.parse(arguments, os.environ, _DEFAULTS)
    if settings.tls or settings.tls_cert is not None:
        arguments.parser.error("run needs http and the local CA; leave out --tls and --tls-cert")
    return foreground.serve(settings, partial(_run_command, command))


async def _run_command(command: list[str], listening: Listening) -> int:
    listening.write_ready_file()
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as folder:
        status = await redirection.run(command, environment(listening, os.environ, Path(folder)))
    if status and (hosts := ",".join(_refused(listening))):
        refused = "the proxy refused hosts other than those of OSS"
        said = f"{refused}; to reach them directly, add to NO_PROXY: {hosts}"
        print(f"oss-emulator: {language.explain(said)}", file=sys.stderr)
    return status


def _refused(listening: Listening) -> list[str]:
    """Return the hosts that the proxy refused; few clients show the answer to a CONNECT."""
    entries = listening.server.controls.journal.entries()
    refused = filter(None, (entry.refused_host for entry in entries))
    return list(dict.fromkeys(split_host(host)[0] for host in refused))


def environment(listening: Listening, inherited: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of the command; certificates are written to `folder`."""
    endpoint = listening.server.endpoint
    https_endpoint = listening.server.https_endpoint
    ca = listening.certificates.ca if listening.certificates is not None else None
    assert ca is not None  # noqa: S101 - set because of tls_port
    assert https_endpoint is not None  # noqa: S101
    own = {name: value for name, value in inherited.items() if name not in _TOKENS}
    return {
        **redirection.environment(endpoint, ca, own, folder),
        "OSS_ACCESS_KEY_ID": listening.key.id,
        "OSS_ACCESS_KEY_SECRET": listening.key.secret,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": listening.key.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": listening.key.secret,
        "OSS_EMULATOR_ENDPOINT": endpoint,
        "OSS_EMULATOR_HTTPS_ENDPOINT": https_endpoint,
    }
