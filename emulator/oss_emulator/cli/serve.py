"""`oss-emulator serve`: run the server in the foreground."""

import argparse
import asyncio
import gc
import os
import secrets
import signal
import sys
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from oss_referer.engine import Sentence
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_SECRET
from oss_referer.terminal import language
from oss_referer.terminal.parser import Commands
from oss_referer.terminal.program import loading

from oss_emulator.cli import flags
from oss_emulator.settings import Settings

if TYPE_CHECKING:
    from oss_emulator.cli.foreground import Listening

_FULL_COLLECTION = 1000
"""How many smaller garbage collections pass before a full one; Python's default is 10."""
_HINT = Sentence(
    "Hint: this key is public, so every web page in your browser can sign requests\n"
    "with it. Choose your own with --access-key-id and --access-key-secret."
)
_DEMO = {
    str(line): line
    for line in (
        Sentence("Only pages of www.example.com may embed the objects of examplebucket:"),
        Sentence("In a browser:"),
    )
}
"""The lines of the demo's hint that are translated."""


def declare(commands: Commands) -> None:
    parser = commands.add_parser("serve", run, description=__doc__)
    flags.declare(parser, Settings())
    parser.add_switch("--open", "open the console in the browser")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal ends the server."""
    with loading():
        from oss_emulator.cli import foreground  # not needed for --help

    settings = flags.parse_settings(arguments, os.environ, {})
    # Each full collection searches the whole journal: 0.7 s with 100,000 requests. By default one
    # comes every few thousand requests; this makes it a hundredth as often.
    gc.set_threshold(*gc.get_threshold()[:2], _FULL_COLLECTION)
    made = "" if settings.admin_token or _is_loopback(settings.host) else secrets.token_urlsafe(18)
    meanwhile = partial(_wait_for_signal, arguments.open, made)
    admin_token = settings.admin_token or made
    return foreground.serve(replace(settings, admin_token=admin_token), meanwhile)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can connect; a name other than `localhost` may have any address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _wait_for_signal(opens: bool, made: str, listening: "Listening") -> int:
    """Announce the server and wait for a signal; `made` is the generated token, or ""."""
    from oss_emulator.server.listening import on_signal  # not needed for --help

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, ended.set)
    listening.write_ready_file()
    _announce(listening, made)
    if opens and not await asyncio.to_thread(_open, _console(listening, made)):
        said = Sentence("No browser was found: open the console yourself.")
        print(language.say(said), file=sys.stderr)
    await ended.wait()
    return 0


def _open(url: str) -> bool:
    import webbrowser  # imported on first use, because most servers open no browser

    return webbrowser.open(url)


def _console(listening: "Listening", made: str) -> str:
    """Return a URL that opens the console, with the generated token (if any) in its fragment.

    A browser at the published port of a container looks like another machine and needs the token.
    A fragment is not sent and not logged.
    """
    from oss_emulator.control.api.route import PREFIX  # not needed for --help

    return f"{listening.server.endpoint}{PREFIX}{f'login#token={made}' if made else ''}"


def _announce(listening: "Listening", made: str) -> None:
    settings, endpoint = listening.server.settings, listening.server.endpoint
    beside = listening.server.https_endpoint
    both = endpoint
    if beside not in (None, endpoint):
        both = Sentence("{} and {}", endpoint, str(beside))
    fixed = listening.key.secret == DEFAULT_ACCESS_KEY_SECRET
    secret = DEFAULT_ACCESS_KEY_SECRET if fixed else Sentence("(as configured)")
    template = "oss-emulator is ready: endpoint {}, region {}, access key {} / {}"
    _print(Sentence(template, both, settings.region, listening.key.id, secret))
    template = "Console: {}"
    if settings.admin_token and not made:
        template = "Console: {} (asks other machines for the value of --admin-token)"
    _print(Sentence(template, _console(listening, made)))
    if fixed:
        _print(_HINT)
    if found := _proxy_hint(endpoint):
        _print(found)
    for one in listening.hint.rstrip().splitlines():
        _print(_DEMO.get(one, one.replace("{endpoint}", endpoint)))


def _print(text: str) -> None:
    print(language.say(text), flush=True)


def _proxy_hint(endpoint: str) -> str:
    """Say how clients reach the endpoint if the environment names a proxy for it; "" if not."""
    from urllib.request import getproxies_environment, proxy_bypass  # not needed for --help

    url = urlsplit(endpoint)
    proxies = getproxies_environment()
    host = url.hostname or ""
    if not (proxies.get(url.scheme) or proxies.get("all")) or proxy_bypass(host):
        return ""
    given = [name.strip() for name in proxies.get("no", "").split(",") if name.strip()]
    direct = ",".join(dict.fromkeys((*given, "localhost", "127.0.0.1", "::1", host)))
    template = (
        "Hint: a proxy is set, which clients ask instead of this server. In their\n"
        "shell: export no_proxy='{}'"
    )
    return Sentence(template, direct)
