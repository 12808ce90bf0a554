"""Accounts and their keys."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends a request. The id is the number of an account, "" for nobody known."""

    id: str
    display_name: str = ""

    @property
    def anonymous(self) -> bool:
        return not self.id


ANONYMOUS = Identity("")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair and whose it is."""

    id: str
    secret: str
    identity: Identity


class Accounts:
    """The keys that are known. The first key's identity is the owner of all that is seeded."""

    def __init__(self, keys: Iterable[AccessKey]) -> None:
        self._keys = {key.id: key for key in keys}
        self.owner = next(iter(self._keys.values())).identity

    def key(self, access_key_id: str) -> AccessKey | None:
        return self._keys.get(access_key_id)
