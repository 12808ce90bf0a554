"""The settings of a server, each declared once: also as a flag, as a variable and in the file."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, get_origin

from oss_referer.engine.assumptions import DEFAULT, Assumptions
from oss_referer.sources.account import (
    BUCKET_NAME_RULE,
    DEFAULT_ACCESS_KEY_ID,
    DEFAULT_ACCESS_KEY_SECRET,
    is_bucket_name,
)
from oss_referer.sources.markup import MAX_DOCUMENT
from oss_referer.sources.nearest import nearest
from oss_referer.sources.toml import join

from oss_emulator.protocol.address import REGIONS, host_name
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.parameters import is_number

DEMO = Path(__file__).with_name("demo.toml")

_T = TypeVar("_T")


class Auth(StrEnum):
    """How to verify signatures."""

    STRICT = "strict"
    RELAXED = "relaxed"
    OFF = "off"


class Fsync(StrEnum):
    """Whether to send a 200 only after the data is on the disk."""

    ALWAYS = "always"
    OFF = "off"


class LogLevel(StrEnum):
    """The lowest level of the log messages to write."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class LogFormat(StrEnum):
    """How to write log messages."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one request: those of the service, or lower ones for tests."""

    object: int = 5 * 1024**3
    """Bytes of an object or a part in one request (PutObject)."""
    headers: int = 32 * 1024
    """Bytes of the request line and the headers."""
    document: int = MAX_DOCUMENT
    """Bytes of an XML document."""
    keys: int = 1000
    """Objects in one DeleteMultipleObjects."""
    parts: int = 10_000
    """Parts of one multipart upload (UploadPart)."""


# --- the texts of values


def _port(text: str) -> int:
    if not is_number(text, most=65535):
        raise ValueError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


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


def _path(text: str) -> Path:
    _check_filled(text)  # it would mean the current folder
    return Path(text)


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


_PARSERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    str: str,
    bool: _switch,
    date | None: _date,
    Path | None: _path,
    tuple[str, ...]: _list,
    Assumptions: _assumptions,
    **{choice: choice for choice in (Auth, Fsync, LogLevel, LogFormat)},
}
"""The parsers of texts by the type of the setting, unless its declaration names another one."""


# --- the checks of values


def _check_region(region: str) -> None:
    if not _REGION.fullmatch(region) or region.startswith("oss-"):
        near = nearest(region, REGIONS) or "cn-hangzhou"
        raise ValueError(f"{region!r} is not a region; write one such as {near}")


_REGION: Final = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)+")


def _check_filled(part: str) -> None:
    if not part:  # such as an unset variable in a script
        raise ValueError(f"{part!r} is empty; write a value or leave it out")


def _check_domains(names: Iterable[str]) -> None:
    for name in names:
        try:
            is_domain = host_name(name) == name.lower().rstrip(".")  # without a port
        except OSSError:
            is_domain = False
        if not is_domain or not name:
            raise ValueError(f"{name!r} is not a domain; write one such as oss.example.test")


def _check_folder(path: Path | None) -> None:
    if path is not None and os.path.exists(path) and not os.path.isdir(path):
        raise ValueError(f"{path} is not a folder; name a folder, which need not exist")


def _setting(
    default: Any,
    said: str,
    parse: Callable[[str], Any] | None = None,
    **others: Any,
) -> Any:
    """Declare a field of `Settings`; the arguments are the fields of `Setting`."""
    of_type = {"default_factory": dict} if default == {} else {"default": default}
    return field(**of_type, metadata={"said": said, "parse": parse, **others})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server; raises `ValueError` if one is invalid or two contradict."""

    host: str = _setting("127.0.0.1", "the address to listen on")
    port: int = _setting(9000, "the port to listen on; 0 chooses a free one", _port)
    ready_file: Path | None = _setting(None, "write a JSON file here when the server listens")
    region: str = _setting(
        "cn-hangzhou", "the region of the service and its buckets", check=_check_region
    )
    accounts: Path | None = _setting(
        None, "a TOML file of accounts, RAM users and roles, instead of one key"
    )
    access_key_id: str = _setting(
        DEFAULT_ACCESS_KEY_ID,
        "the id of the only key",
        also="OSS_ACCESS_KEY_ID",
        check=_check_filled,
    )
    access_key_secret: str = _setting(
        DEFAULT_ACCESS_KEY_SECRET,
        "the secret of that key",
        check=_check_filled,
        also="OSS_ACCESS_KEY_SECRET",
    )
    auth: Auth = _setting(
        Auth.STRICT,
        "strict verifies every signature; relaxed treats an unknown key as the owner's; "
        "off verifies nothing",
    )
    assumptions: Assumptions = _setting(
        DEFAULT,
        "a TOML file that says what the service does where its documents do not",
        shown="the first variant of each fact",
    )
    domain: tuple[str, ...] = _setting(
        (),
        "further base domains, separated by commas or by repeating the flag",
        check=_check_domains,
    )
    cname: Mapping[str, str] = _setting(
        {}, "HOST=BUCKET: a custom domain and its bucket; several as with --domain", _each(_cname)
    )
    s3_host: tuple[str, ...] = _setting(
        (),
        "further base domains that speak the S3 protocol; several as with --domain",
        check=_check_domains,
    )
    strict_s3: bool = _setting(
        False, "over S3, refuse chunks with trailers, and DeleteObjects without Content-MD5"
    )
    """P-74 and P-76: the service refuses both."""
    strict_addressing: bool = _setting(False, "refuse path style, as the service does")
    """P-06; also accelerate endpoints of buckets without transfer acceleration."""
    lenient: bool = _setting(False, "accept what SDK suites send although the pages forbid it")
    """P-92."""
    as_of: date | None = _setting(None, "YYYY-MM-DD: emulate the service of that day")
    """None for today, as old accounts see it (P-60)."""
    new_account: bool = _setting(False, "apply the restrictions of the service on new accounts")
    tls: bool = _setting(False, "serve https instead of http on the port")
    tls_port: int | None = _setting(
        None, "serve https on another port; 0 chooses a free one", _port
    )
    tls_dir: Path | None = _setting(None, "keep the CA for https in this folder")
    """None creates a CA that lasts as long as the server."""
    ca_file: Path | None = _setting(
        None, "write the certificate of the CA here, for clients to trust"
    )
    tls_cert: Path | None = _setting(None, "your certificate for https, in PEM")
    tls_key: Path | None = _setting(None, "the key of that certificate, if it is in another file")
    seed: Path | None = _setting(None, "a TOML file of buckets, rules and objects to start with")
    demo: bool = _setting(
        False, "start with a bucket, rules and pages that show hotlink protection", gives_way=True
    )
    seed_anywhere: bool = _setting(False, "let the seed read files outside of its own folder")
    preload: Mapping[str, Path] = _setting(
        {},
        "DIR or DIR=BUCKET: make the files of a folder objects of a bucket; several as with "
        "--domain",
        _preload,
    )
    """Folders by bucket name."""
    watch: bool = _setting(
        False, "load the seed, the accounts and --preload again when they change"
    )
    data: Path | None = _setting(
        None, "keep buckets and objects in this folder instead of memory", check=_check_folder
    )
    fsync: Fsync = _setting(
        Fsync.ALWAYS,
        "always writes --data to disk before each answer; off may lose data in a crash",
    )
    request_timeout: float = _setting(60, "how many seconds a client may stall", _seconds)
    """Within its request, or while it receives the response."""
    max_connections: int = _setting(4096, "the maximum number of open connections", _count)
    limit: Mapping[str, int] = _setting(
        {}, "NAME=NUMBER: lower a limit of the service; several as with --domain", _each(_limit)
    )
    """By field of `Limits`."""
    access_log: Path | None = _setting(
        None, "append a line in the format of OSS access logs for each request"
    )
    journal_size: int = _setting(1000, "how many requests the journal keeps", _count)
    journal_bytes: int = _setting(
        64 * 1024 * 1024,
        "how many bytes of memory the journal and the undo of rules may take",
        _count,
    )
    admin_token: str = _setting("", "the token that lets other machines use /_emulator/")
    """"" closes it to them."""
    log_level: LogLevel = _setting(
        LogLevel.WARNING,
        "the lowest level of messages on standard error; info logs every request",
    )
    log_format: LogFormat = _setting(LogFormat.TEXT, "the format of these messages")

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            try:
                setting.check(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if self.demo and self.seed is not None:
            raise ValueError("--demo is a seed of its own: give either --demo or --seed")
        key = (self.access_key_id, self.access_key_secret)
        if self.accounts is not None and key != (DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET):
            raise ValueError(
                "a file of accounts holds its own keys: give either --accounts or a key"
            )
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("a TLS key needs its certificate: give --tls-cert as well")
        if self.tls_cert is not None and not (self.tls_dir is None and self.ca_file is None):
            raise ValueError("--tls-cert replaces the local CA: omit --tls-dir and --ca-file")

    @property
    def seed_file(self) -> Path | None:
        return DEMO if self.demo else self.seed

    @property
    def limits(self) -> Limits:
        """The limits of the service, lowered by `limit`."""
        return Limits(**self.limit)

    @property
    def certified(self) -> bool:
        """Whether any setting needs certificates."""
        asked = (self.tls_port, self.tls_dir, self.ca_file, self.tls_cert)
        return self.tls or any(value is not None for value in asked)


class Setting(NamedTuple):
    """The declaration of a field of `Settings`."""

    name: str
    type: Any
    said: str
    """What the help says about it."""
    parse: Callable[[str], Any]
    """Parses the text of a flag; raises `ValueError`."""
    check: Callable[[Any], object] = lambda value: None
    """Raises `ValueError` for a value that is invalid regardless of the other settings."""
    also: str = ""
    """Another variable with the value."""
    gives_way: bool = False
    """Whether its variable, which the container image sets, may not be meant for this server."""
    shown: str = ""
    """The default as the help shows it; "" to show its value."""

    @property
    def is_switch(self) -> bool:
        """Whether its flag has no value; its variable is on or off."""
        return self.type is bool

    @property
    def collects(self) -> bool:
        """Whether the values of repeated flags are joined; otherwise the last one counts."""
        return get_origin(self.type) in (tuple, Mapping)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts to choose from; () if it takes others."""
        is_choice = isinstance(self.type, type) and issubclass(self.type, StrEnum)
        return tuple(self.type) if is_choice else ()

    @property
    def is_file(self) -> bool:
        """Whether its text is one path."""
        return self.parse in (_path, _assumptions)

    @property
    def names_paths(self) -> bool:
        return self.is_file or self.parse is _preload

    def read(self, text: str) -> Any:
        """Return the value that a text means; raises `ValueError`."""
        if self.choices and text not in self.choices:
            raise ValueError(f"{text!r} is unknown; use {join(self.choices)}")
        value = self.parse(text)
        self.check(value)
        return value


SETTINGS: Final[Mapping[str, Setting]] = {
    item.name: Setting(
        item.name,
        item.type,
        **{**item.metadata, "parse": item.metadata["parse"] or _PARSERS[item.type]},
    )
    for item in fields(Settings)
}
"""The declarations of all settings by name, in the order of the help."""
