"""What can be set: one field a flag of `serve`, one OSS_EMULATOR_ variable of the same name."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

DEFAULT_ACCESS_KEY_ID = "oss-emulator"
DEFAULT_ACCESS_KEY_SECRET = "oss-emulator-secret"  # noqa: S105 - documented, protects nothing


class Auth(StrEnum):
    """How signatures are taken."""

    STRICT = "strict"
    RELAXED = "relaxed"
    OFF = "off"


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
    domain: tuple[str, ...] = ()
    seed: Path | None = None
    access_log: Path | None = None
    log_level: str = "warning"
    admin_token: str = ""
    """What opens `/_emulator/` to other machines; "" keeps it to this one."""
