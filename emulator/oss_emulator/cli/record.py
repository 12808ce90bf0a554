"""`oss-emulator record`: run a command against the real service, and record the answers."""

import argparse
import asyncio
import os
import shlex
import ssl
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from oss_emulator.cli import language
from oss_emulator.cli.loading import loading
from oss_emulator.cli.output import writing
from oss_emulator.cli.parser import CommandError, Commands, InputError
from oss_emulator.recording import scenario
from oss_emulator.referer.sentence import Sentence
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.recording.exchange import Exchange
    from oss_emulator.recording.scenario import Recording

_DESCRIPTION = (
    "Runs a command, passes its requests for hosts of aliyuncs.com on to the real service as they "
    "are, and writes requests and answers as scenarios for `play`. The requests cost what they "
    "cost without this command. Keys, signatures, tokens, accounts and the names of buckets "
    "and sites are masked before anything is written; names of objects stay. This is the only "
    "command that forwards requests of another program. The exit status is that of the command, or "
    "2 if the recording cannot begin."
)

_SECRETS = (
    "OSS_ACCESS_KEY_ID",
    "OSS_ACCESS_KEY_SECRET",
    "OSS_SESSION_TOKEN",
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""The variables whose values are masked wherever they occur."""

_MOST = 10_000
"""The most exchanges to record; requests after them are only passed on."""


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "record", run, description=_DESCRIPTION, usage="%(prog)s -o FILE [options] [--] COMMAND ..."
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="where to write scenarios"
    )
    parser.add_repeated("--bucket", "NAME", "record only requests for this bucket")
    parser.add_argument(
        "--upstream", metavar="URL", help="pass requests on to this service instead"
    )
    parser.add_switch("--keep-bodies", "keep uploaded texts of up to 4 KiB")
    parser.add_switch("--yes", "do not ask before the first request")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")


def run(arguments: argparse.Namespace) -> int:
    """Run the command behind a relay, and write what was exchanged."""
    command = arguments.command[arguments.command[:1] == ["--"] :]
    if not command:
        arguments.parser.error("give a COMMAND to run")
    upstream = None if arguments.upstream is None else _split(arguments.upstream)
    if not arguments.output.absolute().parent.is_dir():
        raise InputError(f"{arguments.output}: its folder does not exist")
    if arguments.output.is_dir():
        raise InputError(f"{arguments.output} is a folder; nothing is run")
    if not arguments.yes:
        _ask(command, arguments.upstream or Sentence("the real service"))
    exchanges: list[Exchange] = []
    status = asyncio.run(_run(command, upstream, exchanges))
    recording = _mask(arguments, command, exchanges)
    if recording.scenarios[0].steps:
        with writing(arguments.output, InputError) as file:
            file.write(scenario.format(recording).encode())
    _announce(arguments.output, recording, exchanges)
    return status


async def _run(command: list[str], upstream: SplitResult | None, found: "list[Exchange]") -> int:
    """Run the command while a relay listens; `found` gets what passes through it."""
    with loading():
        from oss_emulator.cli import redirection
        from oss_emulator.cli.relay import Relay
        from oss_emulator.server import tls

    certificates = tls.load(Settings(tls_port=0), ())
    assert certificates is not None and certificates.ca is not None  # noqa: S101, PT018 - tls_port
    relay = Relay(
        certificates,
        lambda exchange: found.append(exchange) if len(found) < _MOST else None,
        upstream,
        _trusted(os.environ),
    )
    port = await relay.start()
    try:
        with tempfile.TemporaryDirectory(prefix="oss-emulator-") as folder:
            proxy = f"http://127.0.0.1:{port}"
            env = redirection.environment(proxy, certificates.ca, os.environ, Path(folder))
            return await redirection.run(command, env)
    finally:
        await relay.stop()


def _trusted(inherited: Mapping[str, str]) -> ssl.SSLContext:
    """Return the authorities that may vouch for the service: the system's, or a named bundle."""
    path = inherited.get("SSL_CERT_FILE") or None
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # SSLError is one
        raise InputError(f"SSL_CERT_FILE={path} has no certificates: {error.strerror}") from None


def _mask(
    arguments: argparse.Namespace, command: list[str], exchanges: "list[Exchange]"
) -> "Recording":
    from oss_emulator.recording.masking import Masking
    from oss_emulator.recording.secrets import Secrets

    secrets = Secrets(os.environ[name] for name in _SECRETS if os.environ.get(name))
    secrets.learn_variables(os.environ)
    masking = Masking(secrets, arguments.keep_bodies)
    date = datetime.now(UTC).date().isoformat()
    found = masking.mask(exchanges, Path(command[0]).name, date, only=arguments.bucket)
    written = scenario.format(replace(found, source=""))  # an emulator's key may be in our own name
    if secrets.is_in(written, depth=1):
        raise CommandError("a secret was left in what would have been written; nothing is written")
    return found


def _ask(command: list[str], service: str) -> None:
    """Ask whether to go on; raises InputError for a no, and where nobody can be asked."""
    said = Sentence("Pass the requests of `{}` on to {}? [y/N] ", shlex.join(command), service)
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked before the first request; add --yes")
    print(language.say(said), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InputError("nothing was run")


def _announce(path: Path, recording: "Recording", exchanges: "list[Exchange]") -> None:
    steps = len(recording.scenarios[0].steps)
    others = len(exchanges) - steps
    if steps:
        said = [Sentence("{}: {} answers recorded.", str(path), str(steps))]
    elif os.path.exists(path):
        said = [Sentence("{}: nothing was recorded; the file is as before.", str(path))]
    else:
        said = [Sentence("{}: nothing was recorded; the file was not written.", str(path))]
    if others:
        said.append(
            Sentence(
                "{} requests to other services or buckets were passed on, not recorded.",
                str(others),
            )
        )
    if len(exchanges) == _MOST:
        said.append(Sentence("Nothing after {} requests is recorded.", str(_MOST)))
    if steps:
        said.append(Sentence("Look at the file before you send it."))
    print(f"oss-emulator: {language.join_sentences(said)}", file=sys.stderr)


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"{text!r} is not a service; write http://HOST:PORT or https://HOST")
    return url
