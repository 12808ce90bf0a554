"""The settings of a server as flags, as OSS_EMULATOR_ variables, and in a file."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from difflib import get_close_matches
from enum import IntEnum, auto
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from oss_referer.engine.assumptions import Assumptions
from oss_referer.sources.account import BUCKET_NAME_RULE, is_bucket_name
from oss_referer.sources.toml import join, show
from oss_referer.terminal import language, project
from oss_referer.terminal.parser import InputError, Parser, check_outputs, complete_path
from oss_referer.terminal.project import ProjectFile

from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.parameters import is_number
from oss_emulator.settings import Auth, Fsync, Limits, LogFormat, Settings, as_path, check


def read(folder: Path) -> tuple[ProjectFile, Mapping[str, str]] | None:
    """Read the settings file of a folder, with values as texts of flags; None without a file.

    Raises InputError.
    """
    file = project.read(folder)
    if file is None:
        return None
    values: dict[str, str] = {}
    for name, value in file.table.items():
        if name == project.LINT:
            continue
        text = _format(value)
        if text is None:
            kinds = join(["a string", "a number", "true", "false", "a list of strings", "a table"])
            raise file.error(f"{name} is {show(value)}; write {kinds}", name)
        values[name] = text
    return file, values


def _format(value: Any) -> str | None:
    """Format a value as the text of a flag; None if this is not possible."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, Mapping):
        pairs = {name: _format(item) for name, item in value.items()}
        return None if None in pairs.values() else ",".join(f"{k}={v}" for k, v in pairs.items())
    return None if isinstance(value, list) else str(value)


_PREFIX = "OSS_EMULATOR_"
_T = TypeVar("_T")


class _Flag(NamedTuple):
    """The flag and the variable for a field of `Settings`."""

    name: str
    help: str
    parse: Callable[[str], Any] = str
    choices: tuple[str, ...] | None = None
    also: str = ""
    """Another variable with the value."""
    gives_way: bool = False
    """Whether its variable, which the container image sets, may not be meant for this server."""
    collects: bool = False
    """Whether the values of repeated flags are joined; otherwise the last one counts."""
    default: str = ""
    """The default as the help shows it; "" to show its value."""

    @property
    def variable(self) -> str:
        return _PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def switch(self) -> bool:
        """Whether the flag has no value; its variable is on or off."""
        return self.parse is _switch

    def declare(self, parser: Parser, default: Any) -> None:
        if self.switch:
            how: dict[str, Any] = {"action": "append_const", "const": "on"}
            shown = "on" if default else "off"
        else:
            words = self.name.upper() if self.choices is None else "|".join(self.choices)
            how = {"action": "append", "metavar": words}
            shown = self.default or str(default if default or default == 0 else "none")
        text = f"{self.help} (default: {shown}; {self.variable})"
        action = parser.add_argument(self.option, dest=self.name, help=text, **how)
        if self.parse in (as_path, _assumptions, _preload):
            complete_path(action)
        if self.choices:
            parser.offered[action] = self.choices


def _port(text: str) -> int:
    if not is_number(text, most=65535):
        raise ValueError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as 2025-10-13") from None


def _switch(text: str) -> bool:
    states = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if text.lower() not in states:
        raise ValueError(f"{text!r} is unknown; write on or off")
    return states[text.lower()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _each(parse: Callable[[str], tuple[str, _T]]) -> Callable[[str], dict[str, _T]]:
    """Return a parser of lists; `parse` parses each item into a pair."""
    return lambda text: dict(map(parse, _list(text)))


def _cname(text: str) -> tuple[str, str]:
    host, _, bucket = text.partition("=")
    if not is_bucket_name(bucket):
        raise ValueError(f"{text!r} does not name a bucket; write HOST=BUCKET")
    try:
        return host_name(host), bucket
    except OSSError:
        raise ValueError(f"{host!r} is not a host; write HOST=BUCKET") from None


def _count(text: str) -> int:
    if not is_number(text, 1, 2**63 - 1):
        raise ValueError(f"{text!r} is not a count; write a number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 2**31:
        raise ValueError(f"{text!r} is not a duration; write a number of seconds above 0")
    return seconds


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    known = asdict(Limits())
    if name not in known:
        raise ValueError(f"{name!r} is not a limit; write NAME=NUMBER with {', '.join(known)}")
    if _count(number) > known[name]:
        raise ValueError(f"{number} is above the limit of the service; write at most {known[name]}")
    return name, int(number)


def _assumptions(path: str) -> Assumptions:
    from oss_referer.sources import assumptions  # not needed for --help

    return assumptions.read(path)


def _preload(text: str) -> dict[str, Path]:
    given = [_preloaded(one) for one in _list(text)]
    found = dict(given)
    for bucket, path in given:
        if found[bucket] != path:
            raise ValueError(
                f"{path} and {found[bucket]} are both for {bucket}; name another bucket"
            )
    return found


def _preloaded(text: str) -> tuple[str, Path]:
    path, equals, bucket = text.rpartition("=")
    if not equals:
        path, bucket = text, Path(text).absolute().name
    if not path:
        raise ValueError(f"{text!r} does not name a folder; write DIR=BUCKET")
    if not is_bucket_name(bucket):
        raise ValueError(
            f"{bucket!r} is not the name of a bucket, which has {BUCKET_NAME_RULE}; "
            "write DIR=BUCKET"
        )
    return bucket, Path(path)


_FLAGS = (
    _Flag("host", "the address to listen on"),
    _Flag("port", "the port to listen on; 0 chooses a free one", _port),
    _Flag("ready_file", "write a JSON file here when the server listens", as_path),
    _Flag("region", "the region of the service and its buckets"),
    _Flag("accounts", "a TOML file of accounts, RAM users and roles, instead of one key", as_path),
    _Flag("access_key_id", "the id of the only key", also="OSS_ACCESS_KEY_ID"),
    _Flag("access_key_secret", "the secret of that key", also="OSS_ACCESS_KEY_SECRET"),
    _Flag(
        "auth",
        "strict verifies every signature; relaxed treats an unknown key as the owner's; "
        "off verifies nothing",
        Auth,
        tuple(Auth),
    ),
    _Flag(
        "assumptions",
        "a TOML file that says what the service does where its documents do not",
        _assumptions,
        default="the first variant of each fact",
    ),
    _Flag(
        "domain",
        "further base domains, separated by commas or by repeating the flag",
        _list,
        collects=True,
    ),
    _Flag(
        "cname",
        "HOST=BUCKET: a custom domain and its bucket; several as with --domain",
        _each(_cname),
        collects=True,
    ),
    _Flag(
        "s3_host",
        "further base domains that speak the S3 protocol; several as with --domain",
        _list,
        collects=True,
    ),
    _Flag(
        "strict_s3",
        "over S3, refuse chunks with trailers, and DeleteObjects without Content-MD5",
        _switch,
    ),
    _Flag("strict_addressing", "refuse path style, as the service does", _switch),
    _Flag("lenient", "accept what SDK suites send although the pages forbid it", _switch),
    _Flag("as_of", "YYYY-MM-DD: emulate the service of that day", _date),
    _Flag("new_account", "apply the restrictions of the service on new accounts", _switch),
    _Flag("tls", "serve https instead of http on the port", _switch),
    _Flag("tls_port", "serve https on another port; 0 chooses a free one", _port),
    _Flag("tls_dir", "keep the CA for https in this folder", as_path),
    _Flag("ca_file", "write the certificate of the CA here, for clients to trust", as_path),
    _Flag("tls_cert", "your certificate for https, in PEM", as_path),
    _Flag("tls_key", "the key of that certificate, if it is in another file", as_path),
    _Flag("seed", "a TOML file of buckets, rules and objects to start with", as_path),
    _Flag(
        "demo",
        "start with a bucket, rules and pages that show hotlink protection",
        _switch,
        gives_way=True,
    ),
    _Flag("seed_anywhere", "let the seed read files outside of its own folder", _switch),
    _Flag(
        "preload",
        "DIR or DIR=BUCKET: make the files of a folder objects of a bucket; several as with "
        "--domain",
        _preload,
        collects=True,
    ),
    _Flag("watch", "load the seed, the accounts and --preload again when they change", _switch),
    _Flag("data", "keep buckets and objects in this folder instead of memory", as_path),
    _Flag(
        "fsync",
        "always writes --data to disk before each answer; off may lose data in a crash",
        Fsync,
        tuple(Fsync),
    ),
    _Flag("request_timeout", "how many seconds a client may stall", _seconds),
    _Flag("max_connections", "the maximum number of open connections", _count),
    _Flag(
        "limit",
        "NAME=NUMBER: lower a limit of the service; several as with --domain",
        _each(_limit),
        collects=True,
    ),
    _Flag("access_log", "append a line in the format of OSS access logs for each request", as_path),
    _Flag("journal_size", "how many requests the journal keeps", _count),
    _Flag(
        "journal_bytes",
        "how many bytes of memory the journal and the undo of rules may take",
        _count,
    ),
    _Flag("admin_token", "the token that lets other machines use /_emulator/"),
    _Flag(
        "log_level",
        "the lowest level of messages on standard error; info logs every request",
        str,
        ("debug", "info", "warning", "error", "critical"),
    ),
    _Flag("log_format", "the format of these messages", LogFormat, tuple(LogFormat)),
)


_OUTPUTS = ("--ready-file", "--ca-file", "--access-log")
"""The flags that name a file to write."""


class _Precedence(IntEnum):
    """Where a setting comes from, the weakest first; a stronger source overrides alternatives."""

    OTHER = auto()
    """A variable that other tools read or the image sets; it may not be meant for this server."""
    FILE = auto()
    VARIABLE = auto()
    FLAG = auto()


_ALTERNATIVES = (
    (("demo",), ("seed",)),
    (("accounts",), ("access_key_id", "access_key_secret")),
)
"""Settings that exclude each other; the settings from the stronger source override the others."""


def _strongest(
    group: Sequence[str], values: Mapping[str, Any], sources: Mapping[str, _Precedence]
) -> int:
    """Return the strongest source of the settings in a group that are set; 0 if none is."""
    return max((sources.get(name, 0) for name in group if values.get(name)), default=0)


def declare(parser: Parser, defaults: Settings) -> None:
    for flag in _FLAGS:
        flag.declare(parser, getattr(defaults, flag.name))


_OTHERS = frozenset(
    f"{_PREFIX}{name}"
    for name in ("CA_BUNDLE", "ENDPOINT", "HTTPS_ENDPOINT", "REQUIRE", "THOROUGH")
)
"""Variables that `run` sets for its command, or that tests read."""

_INJECTED = re.compile(
    rf"{_PREFIX}(?:SERVICE_(?:HOST|PORT)(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP)(?:_[A-Z]+)?)"
)
"""Variables that Kubernetes sets in containers for a Service named oss-emulator."""


def _is_injected(variable: str, environ: Mapping[str, str]) -> bool:
    """Whether Kubernetes set this variable for a Service named oss-emulator."""
    is_port = variable == f"{_PREFIX}PORT" and environ[variable].startswith(("tcp://", "udp://"))
    return is_port or _INJECTED.fullmatch(variable) is not None


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    """Warn of variables with the prefix of this server that have no effect."""
    known = {flag.variable for flag in _FLAGS} | _OTHERS
    ends = [variable.removeprefix(_PREFIX) for variable in known]
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known and not _is_injected(name, environ):
            found = get_close_matches(name.removeprefix(_PREFIX), ends, 1)
            near = "".join(f"; did you mean {_PREFIX}{one}?" for one in found)
            said = language.explain(f"the variable {name} is unknown{near}")
            print(f"oss-emulator: {said}", file=sys.stderr)


def parse_settings(
    arguments: argparse.Namespace, environ: Mapping[str, str], defaults: Mapping[str, Any]
) -> Settings:
    """Parse the settings: flags override variables, and variables override the settings file.

    This also holds for settings that exclude each other. Exits with 2 if a value is wrong. Raises
    InputError if values of one source exclude each other, and for a mistake in the file.
    """
    _warn_of_unknown(environ)
    values = dict(defaults)
    sources: dict[str, _Precedence] = {}
    file, written = read(Path()) or (None, {})
    paths: dict[str, str] = {}
    for flag in _FLAGS:
        given = getattr(arguments, flag.name)
        if given is not None:
            source, named = _Precedence.FLAG, flag.option
            text = ",".join(given) if flag.collects else given[-1]
        elif environ.get(flag.variable) and not _is_injected(flag.variable, environ):
            source = _Precedence.OTHER if flag.gives_way else _Precedence.VARIABLE
            named, text = flag.variable, environ[flag.variable]
        elif flag.also and environ.get(flag.also):
            source, named, text = _Precedence.OTHER, flag.also, environ[flag.also]
        elif flag.name in written:
            source, named, text = _Precedence.FILE, flag.name, written[flag.name]
        else:
            continue
        try:
            if flag.choices is not None and text not in flag.choices:
                raise ValueError(f"{text!r} is unknown; use {join(flag.choices)}")
            values[flag.name] = check(flag.name, flag.parse(text))
            sources[flag.name] = source
            if flag.parse in (as_path, _assumptions):
                paths[flag.option] = text
        except ValueError as error:
            if file is not None and source is _Precedence.FILE:
                raise file.error(f"{named}: {error}", flag.name) from None
            arguments.parser.error(f"{named}: {error}")
    for pair in _ALTERNATIVES:
        for group, rival in permutations(pair):
            if _strongest(group, values, sources) < _strongest(rival, values, sources):
                for name in group:
                    values.pop(name, None)
    outputs = {flag: paths.pop(flag) for flag in _OUTPUTS if flag in paths}
    check_outputs(outputs, [*paths.values(), *([str(file.path)] if file else [])])
    try:
        return Settings(**values)
    except ValueError as error:
        raise InputError(str(error)) from None
