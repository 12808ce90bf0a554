"""The settings: each field is a flag of `serve` and an OSS_EMULATOR_ variable of the same name."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from oss_referer.engine.assumptions import DEFAULT, Assumptions
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET
from oss_referer.sources.markup import MAX_DOCUMENT

from oss_emulator.protocol.address import REGIONS, host_name
from oss_emulator.protocol.errors import OSSError

DEMO = Path(__file__).with_name("demo.toml")


class Auth(StrEnum):
    """How to verify signatures."""

    STRICT = "strict"
    RELAXED = "relaxed"
    OFF = "off"


class Fsync(StrEnum):
    """Whether to send a 200 only after the data is on the disk."""

    ALWAYS = "always"
    OFF = "off"


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


def check(name: str, value: Any) -> Any:
    """Return the value of a setting; raises `ValueError` if it is invalid."""
    if name in _CHECKS:
        _CHECKS[name](value)
    return value


def _check_region(region: str) -> None:
    if not _REGION.fullmatch(region) or region.startswith("oss-"):
        near = (*get_close_matches(region, REGIONS, 1), "cn-hangzhou")[0]
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


def as_path(given: str | os.PathLike[str]) -> Path:
    """Return a path; raises ValueError for an empty one, which would mean the current folder."""
    _check_filled(os.fspath(given))
    return Path(given)


def _check_folder(path: Path | None) -> None:
    if path is not None and os.path.exists(path) and not os.path.isdir(path):
        raise ValueError(f"{path} is not a folder; name a folder, which need not exist")


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "region": _check_region,
    "access_key_id": _check_filled,
    "access_key_secret": _check_filled,
    "domain": _check_domains,
    "s3_host": _check_domains,
    "data": _check_folder,
}
"""The check of each setting that can be invalid regardless of the others."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server; raises `ValueError` if one is invalid or two contradict."""

    host: str = "127.0.0.1"
    port: int = 9000
    ready_file: Path | None = None
    region: str = "cn-hangzhou"
    access_key_id: str = DEFAULT_ACCESS_KEY_ID
    access_key_secret: str = DEFAULT_ACCESS_KEY_SECRET
    auth: Auth = Auth.STRICT
    accounts: Path | None = None
    """A TOML file of accounts; None for one account with the key above."""
    assumptions: Assumptions = DEFAULT
    """The assumed behaviour of the service where its documents are silent, fact by fact."""
    domain: tuple[str, ...] = ()
    seed: Path | None = None
    demo: bool = False
    """Whether to start with the seed that comes with the package."""
    seed_anywhere: bool = False
    """Whether the seed may name files outside its folder."""
    preload: Mapping[str, Path] = field(default_factory=dict)
    """Folders by bucket name; their files become the objects of the bucket."""
    watch: bool = False
    """Whether to reload the seed, the preloaded folders and the accounts when they change."""
    data: Path | None = None
    """The folder that stores buckets and objects; None stores them in memory."""
    fsync: Fsync = Fsync.ALWAYS
    request_timeout: float = 60
    """Seconds that a client may pause within its request, or while it receives the response."""
    max_connections: int = 4096
    limit: Mapping[str, int] = field(default_factory=dict)
    """Limits below those of the service, by field of `Limits`."""
    access_log: Path | None = None
    log_level: str = "warning"
    log_format: LogFormat = LogFormat.TEXT
    journal_size: int = 1000
    """The number of requests that the journal remembers."""
    journal_bytes: int = 64 * 1024 * 1024
    """The bytes that these requests, their tallies and the changes of rules may take."""
    admin_token: str = ""
    """The token that opens `/_emulator/` to other machines; "" closes it to them."""
    cname: Mapping[str, str] = field(default_factory=dict)
    """Buckets by custom domain."""
    s3_host: tuple[str, ...] = ()
    """Additional base domains at which every request speaks the S3 protocol."""
    strict_s3: bool = False
    """Whether to refuse over S3 what the service refuses: chunks with trailers (P-74), and
    DeleteObjects without Content-MD5 (P-76)."""
    strict_addressing: bool = False
    """Whether to refuse, as the service does, path-style addresses (P-06) and accelerate endpoints
    of buckets without transfer acceleration."""
    lenient: bool = False
    """Whether to accept what test suites of SDKs send although the documents forbid it (P-92)."""
    as_of: date | None = None
    """The day as of which to emulate the service; None for today, as old accounts see it (P-60)."""
    new_account: bool = False
    """Whether to treat the accounts as new ones, which the service restricts."""
    tls: bool = False
    """Whether `port` serves https."""
    tls_port: int | None = None
    """A second port, which serves https."""
    tls_dir: Path | None = None
    """The folder that stores the local CA; None creates a CA that lasts as long as the server."""
    ca_file: Path | None = None
    """Where to write the certificate of the local CA."""
    tls_cert: Path | None = None
    """A certificate to use instead of those of the local CA."""
    tls_key: Path | None = None
    """The key of that certificate; None if the same file contains it."""

    def __post_init__(self) -> None:
        for name in _CHECKS:
            try:
                check(name, getattr(self, name))
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
