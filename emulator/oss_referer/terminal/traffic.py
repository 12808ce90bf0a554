"""What commands read with --traffic: HAR files, access logs, and the journal of an emulator."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from oss_referer.terminal.parser import InputError, Parser
from oss_referer.traffic import har, journal, requests
from oss_referer.traffic.har import HARError
from oss_referer.traffic.journal import JournalError
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.requests import Traffic

HELP = (
    "recorded requests: a HAR that a browser saved (.har, .har.gz), access logs in any form that "
    "replay reads, or the address of a running emulator, such as http://127.0.0.1:9000"
)
_ENDINGS = (".har", ".har.gz")
_PIECE = 1 << 16  # bytes
_SECONDS = 10
_MOST_HOSTS = 20
"""The most hosts to choose from that an error names."""


def declare(parser: Parser) -> None:
    parser.add_repeated("--traffic", "LOG", HELP)
    parser.add_repeated("--host", "NAME", "a host of the objects in a HAR (default: those of OSS)")
    parser.add_value("--bucket", "NAME", "only requests to this bucket")
    parser.set_defaults(since=None, until=None, form=None, rejects=None, max_rejects=Decimal(1))


def read(arguments: argparse.Namespace, judge: Judge, name: str | None = None) -> Traffic | None:
    """Return the requests of all files of --traffic; None without a file.

    `judge` tells which parts of Referers in logs matter, `name` the bucket of its rules. Raises
    InputError and CommandError.
    """
    given: Sequence[str] = arguments.traffic
    name = arguments.bucket or name
    journals = [one for one in given if one.startswith(("http://", "https://"))]
    files = [one for one in given if one not in journals]
    saved = [one for one in files if _is_har(one)]
    found = [_read_journal(url) for url in journals]
    if saved:
        found.append(_choose(requests.join(map(_read_har, saved)), saved, arguments.host))
    if named := [one for one in files if one not in saved]:
        found.append(_read_logs(named, arguments, judge, name))
    if not found:
        return None
    traffic = requests.join(found)
    return traffic if name is None else _within(traffic, name)


def _read_logs(
    named: Sequence[str], arguments: argparse.Namespace, judge: Judge, name: str | None
) -> Traffic:
    from oss_referer.terminal import logs  # only here: a browser has no engine
    from oss_referer.traffic.report import collect

    arguments.traffic = named
    question = logs.select(arguments, judge, name)
    with logs.reading(arguments) as asked:
        return collect(question, asked)


def _is_har(path: str) -> bool:
    try:
        if not Path(path).is_file():  # what is read of a pipe is lost
            return False
        with Path(path).open("rb") as file:
            return path.endswith(_ENDINGS) or har.is_har(file.read(_PIECE))
    except OSError:
        return False  # the search for logs reports it


def _read_har(path: str) -> Traffic:
    try:
        with Path(path).open("rb") as file:
            return har.read(_pieces(file.read))
    except HARError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from None


def _choose(traffic: Traffic, saved: Sequence[str], hosts: Sequence[str]) -> Traffic:
    known = traffic.hosts
    if not known:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in traffic.skipped.items())
        raise InputError(f"{saved[0]}: no request in it was answered ({reasons})")
    names = ", ".join(f"{host} ({known[host]:,})" for host in [*known][:_MOST_HOSTS])
    if missing := [host for host in hosts if host not in known]:
        raise InputError(f"--host {missing[0]}: no request was sent to it, but to {names}")
    chosen = traffic.at(hosts)
    if not chosen.groups:
        raise InputError(
            f"{saved[0]}: no host in it looks like one of OSS; name yours with --host: {names}"
        )
    return chosen


def _within(traffic: Traffic, name: str) -> Traffic:
    """Return the requests to a bucket; a custom domain, or a log, does not name it."""
    found = traffic.of_bucket(name)
    if not found.groups:
        others = ", ".join(sorted({one.asked.bucket for one in traffic.groups}))
        if others:
            raise InputError(f"these requests are not to the bucket {name} but to {others}")
        raise InputError(f"the traffic has no request to the bucket {name}")
    return found


def _read_journal(url: str) -> Traffic:
    from oss_referer.sources.bucket import ServiceAddress  # only here: pages have no sockets

    try:
        ServiceAddress.parse(url)
    except ValueError as error:
        raise InputError(f"{url}: {error}") from None
    import urllib.request
    from http.client import HTTPException

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"{url.removesuffix('/')}/_emulator/journal"
    try:
        with opener.open(address, timeout=_SECONDS) as answer:
            return journal.read(_pieces(answer.read))
    except JournalError as error:
        raise InputError(f"{url}: {error}") from None
    except (OSError, HTTPException) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise InputError(
            f"{url}: the journal of an emulator cannot be read: {reason}; "
            "start one with oss-emulator serve"
        ) from None


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(partial(read, _PIECE), b"")
