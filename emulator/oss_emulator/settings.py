"""What can be set: one field a flag of `serve`, one OSS_EMULATOR_ variable of the same name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

DEFAULT_ACCESS_KEY_ID = "oss-emulator"
DEFAULT_ACCESS_KEY_SECRET = "oss-emulator-secret"  # noqa: S105 - documented, protects nothing


class Auth(StrEnum):
    """How signatures are taken."""

    STRICT = "strict"
    RELAXED = "relaxed"
    OFF = "off"


class Fsync(StrEnum):
    """Whether what is answered 200 waits for the disk."""

    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may bring: what the service takes, or less for a test."""

    object: int = 5 * 1024**3
    """Bytes of an object or a part that is put at once (PutObject)."""
    headers: int = 32 * 1024
    """Bytes of a request line and its headers."""
    document: int = 2 * 1024**2
    """Bytes of an XML document."""
    keys: int = 1000
    """Objects that are deleted at once (DeleteMultipleObjects)."""
    parts: int = 10_000
    """Parts of an upload (UploadPart)."""


THE_SERVICES = Limits()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server."""

    host: str = "127.0.0.1"
    port: int = 9000
    ready_file: Path | None = None
    region: str = "cn-hangzhou"
    access_key_id: str = DEFAULT_ACCESS_KEY_ID
    access_key_secret: str = DEFAULT_ACCESS_KEY_SECRET
    auth: Auth = Auth.STRICT
    accounts: Path | None = None
    """A file of accounts in the place of the one account with that key."""
    domain: tuple[str, ...] = ()
    seed: Path | None = None
    data: Path | None = None
    """The folder that buckets and objects are kept in; None keeps them in memory."""
    fsync: Fsync = Fsync.ALWAYS
    workers: int = 1
    """Processes that serve the port and the folder."""
    request_timeout: float = 60
    """Seconds that a client may stall: with the rest of its request, or with taking its answer."""
    max_connections: int = 4096
    """Connections that one process has at a time."""
    limit: Mapping[str, int] = field(default_factory=dict)
    """Limits of the service that are to be lower: fields of `Limits`."""
    access_log: Path | None = None
    log_level: str = "warning"
    admin_token: str = ""
    """What opens `/_emulator/` to other machines; "" keeps it to this one."""
    cname: Mapping[str, str] = field(default_factory=dict)
    """Buckets by domains of one's own."""
    strict_addressing: bool = False
    """Whether path style is refused, as the service does (P-06)."""
    tls: bool = False
    """Whether `port` speaks https."""
    tls_port: int | None = None
    """A further port that speaks https."""
    tls_dir: Path | None = None
    """Where the local CA is kept; None makes one for the life of the server."""
    ca_file: Path | None = None
    tls_cert: Path | None = None
    """A certificate of one's own, in the place of those of the local CA."""
    tls_key: Path | None = None
    """Its key, None where it is in the same file."""

    def __post_init__(self) -> None:
        key = (self.access_key_id, self.access_key_secret)
        if self.accounts is not None and key != (DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET):
            raise ValueError("the accounts have keys of their own: give either them or a key")
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("a key for TLS needs its certificate as well")
        if self.tls_cert is not None and not (self.tls_dir is None and self.ca_file is None):
            raise ValueError("with a certificate of one's own there is no local CA to keep")
        if self.workers > 1 and self.data is None:
            raise ValueError("several workers share what is kept in a folder: give --data as well")

    @property
    def limits(self) -> Limits:
        return Limits(**self.limit)

    @property
    def certified(self) -> bool:
        """Whether anything asks for certificates."""
        asked = (self.tls_port, self.tls_dir, self.ca_file, self.tls_cert)
        return self.tls or any(value is not None for value in asked)
