"""The claim of a signed request, not verified yet."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Version(IntEnum):
    """The versions of OSS signatures (P-10, P-13, P-14)."""

    V1 = 1
    V2 = 2
    V4 = 4


class Place(StrEnum):
    """Where a request has its signature."""

    HEADER = "header"
    URL = "url"
    FORM = "form"
    """In the fields of a form; its policy is signed."""


class Claim(NamedTuple):
    """What a signed request claims about its signature."""

    version: Version
    place: Place
    access_key_id: str
    signature: str
    """As sent: base64 in V1 and V2, lower-case hex in V4."""
    token: str | None
    """The STS token (P-16)."""
    date: str
    """The time as it was sent and signed: a date; in URLs of V1 and V2 the expiry."""
    signed_at: float | None = None
    """Seconds since the epoch; None in URLs of V1 and V2."""
    expires_at: float | None = None
    """Seconds since the epoch; only URLs and forms have it."""
    additional_headers: tuple[str, ...] = ()
    """Sorted lower-case names of the headers that are signed in addition to the fixed ones."""
    day: str = ""
    """`YYYYMMDD`; with `region` and `product` it is the scope of a V4 signature."""
    region: str = ""
    product: str = ""
