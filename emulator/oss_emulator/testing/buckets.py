"""Buckets of an emulator as clients of oss2, which sign with its key."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from oss_emulator import extras

if TYPE_CHECKING:
    import oss2


class Reachable(Protocol):
    """An emulator that clients can reach."""

    @property
    def endpoint(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def access_key_id(self) -> str: ...
    @property
    def access_key_secret(self) -> str: ...
    @property
    def ca_file(self) -> Path | None: ...


def connect(emulator: Reachable, name: str) -> "oss2.Bucket":
    """Return the client of a bucket, which need not exist; raises ModuleNotFoundError."""
    try:
        import oss2
    except ImportError:
        raise ModuleNotFoundError(
            "A bucket of the emulator is an oss2.Bucket, and the package oss2 is not "
            f"installed; run {extras.command('lab')}"
        ) from None
    from oss2.credentials import StaticCredentialsProvider

    provider = StaticCredentialsProvider(emulator.access_key_id, emulator.access_key_secret)
    auth = oss2.ProviderAuthV4(provider)
    session = oss2.Session()
    if emulator.ca_file is not None:
        session.session.verify = str(emulator.ca_file)
        session.session.trust_env = False  # otherwise REQUESTS_CA_BUNDLE would override it
    return oss2.Bucket(auth, emulator.endpoint, name, region=emulator.region, session=session)
