"""Who a request says has signed it, before anything was verified."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Version(IntEnum):
    """The generations of OSS signatures (P-10, P-13, P-14)."""

    V1 = 1
    V2 = 2
    V4 = 4


class Place(StrEnum):
    """Where a request carries its signature."""

    HEADER = "header"
    URL = "url"
    FORM = "form"
    """In the fields of a form: what is signed is its policy."""


class Claim(NamedTuple):
    """What a signed request says about its own signature."""

    version: Version
    place: Place
    access_key_id: str
    signature: str
    """As it was sent: base64 in V1 and V2, lower-case hex in V4."""
    token: str | None
    """The STS token (P-16)."""
    date: str
    """The moment as it was written and signed: a date; in URLs of V1 and V2 the expiry."""
    signed_at: float | None = None
    """Seconds since the epoch; URLs of V1 and V2 do not tell it."""
    expires_at: float | None = None
    """Seconds since the epoch; only URLs tell it."""
    additional_headers: tuple[str, ...] = ()
    """Sorted lower-case names of the headers that are signed beyond those that always are."""
    day: str = ""
    """`YYYYMMDD`; with `region` and `product` the scope of a V4 signature."""
    region: str = ""
    product: str = ""
