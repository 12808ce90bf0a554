"""The claim of a signed request: its parts, its validity, and the comparison of its signature."""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import MAX_REPEATED, ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.parameters import is_number


class Version(IntEnum):
    """The versions of OSS signatures (P-10, P-13, P-14)."""

    V1 = 1
    V2 = 2
    V4 = 4


class SignedIn(StrEnum):
    """The part of a request that contains its signature."""

    HEADER = "header"
    URL = "url"
    FORM = "form"
    """In the fields of a form; its policy is signed."""


class Claim(NamedTuple):
    """What a signed request claims about its signature."""

    version: Version
    place: SignedIn
    access_key_id: str
    signature: str
    """As sent: base64 in V1 and V2, lower-case hex in V4."""
    token: str | None
    """The STS token (P-16)."""
    date: str
    """The signed time as sent: the date, or the expiry in URLs of V1 and V2."""
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


class FieldECs(NamedTuple):
    """The ECs of an `Authorization` header with mistakes in its fields."""

    number: str
    """There are fewer than two fields, or more than three."""
    form: str
    """A field has no separator, or is given twice."""
    name: str
    """A field is unknown."""


def parse_fields(
    text: str,
    separator: str,
    required: Mapping[str, tuple[str, str]],
    ecs: FieldECs,
    optional: str = "",
) -> dict[str, str]:
    """Parse a header of V2 or V4: `name=value,name=value` in any order, with or without blanks.

    `required` maps names to the EC of a missing and of an empty field. Raises `InvalidArgument`
    (P-15).
    """
    pairs = [pair.strip().partition(separator) for pair in text.split(",")]
    found = {name: value for name, separated, value in pairs if separated}
    if not 2 <= sum(name != "" for name, _, _ in pairs) <= 3:
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=ecs.number)
    if found.keys() - {*required, optional}:
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=ecs.name)
    if len(found) < len(pairs):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=ecs.form)
    if gap := find_gap(found, required):
        raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=gap[1])
    return found


def parse_header_names(text: str | None) -> tuple[str, ...]:
    """Parse a list of additional headers, `range;host`, into sorted names in lower case."""
    return () if text is None else tuple(sorted(name.strip() for name in text.lower().split(";")))


_NO_KEY_ID: Final = re.compile(r"[^!-~]|\\")
"""The characters that no key id has: blanks, backslashes, and all beyond printable ASCII."""


def check_key_id(access_key_id: str, ec: str) -> None:
    """Raise `InvalidAccessKeyId` for a text that cannot be the id of a key."""
    if _NO_KEY_ID.search(access_key_id):
        raise OSSError(ErrorCase.MALFORMED_ACCESS_KEY_ID, ec=ec)


def find_gap(
    query: Mapping[str, str], parameters: Mapping[str, tuple[str, str]]
) -> tuple[str, str] | None:
    """Find the first of `parameters` that is missing or empty in a signed URL.

    `parameters` maps names to the EC of a missing one and the EC of an empty one. Returns the name
    and its EC, or None if there is no gap.
    """
    for name, (missing, empty) in parameters.items():
        if not query.get(name):
            return name, empty if name in query else missing
    return None


def refuse_parameter(name: str, value: str, ec: str = "") -> OSSError:
    """Make the error for a parameter of a signed URL of version 4."""
    message = f"The parameter {name} of the signature in the URL is missing or invalid."
    return invalid_argument(name, value, message, ErrorCase.INVALID_URL_SIGNATURE, ec=ec)


def parse_date(headers: Mapping[str, str]) -> tuple[str, float]:
    """Parse the date of a request signed in its header: `x-oss-date`, else `Date` (P-10, P-15).

    Returns its text and its seconds since the epoch; raises `AccessDenied` without a valid date.
    """
    text = headers.get("x-oss-date") or headers.get("date")
    if not text:
        raise OSSError(ErrorCase.DATE_REQUIRED)
    text = text.strip()
    seconds = parse_time(text)
    if seconds is None:
        raise OSSError(ErrorCase.DATE_REQUIRED, ec="0002-00000502")
    return text, seconds


def parse_expires(text: str) -> int:
    """Parse the expiry in a URL of V1 or V2, seconds since the epoch; raises `AccessDenied`."""
    if not is_number(text):
        raise OSSError(ErrorCase.INVALID_EXPIRES)
    return int(text)


@lru_cache(1024)  # busy clients send the same second many times
def parse_time(text: str) -> float | None:
    """Parse `20221228T102741Z` or `Wed, 28 Dec 2022 10:27:41 GMT`; None for any other text."""
    if len(text) == 16 and text[8] == "T" and text[15] == "Z":
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return None
    return dates.parse_http(text)


@lru_cache(64)
def format_day(seconds: float) -> str:
    """Format the UTC day of a time: `YYYYMMDD`."""
    return dates.format_compact(seconds)[:8]


MAX_SKEW: Final = 15 * 60
"""Seconds that the clocks of a client and the server may differ (P-17)."""


def check_period(
    claim: Claim,
    now: float,
    expired: Mapping[Version, str],
    early: str | None = None,
    skewed: str | None = None,
) -> None:
    """Raise `RequestTimeTooSkewed` or `AccessDenied` unless a signature is valid now.

    `expired` and `early` are the ECs of URLs that are no longer and not yet valid, `skewed` that of
    a header whose date is too far from now.
    """
    if claim.place is SignedIn.HEADER:
        if claim.signed_at is not None and abs(now - claim.signed_at) > MAX_SKEW:
            raise OSSError(
                ErrorCase.REQUEST_TIME_TOO_SKEWED,
                ec=skewed,
                MaxAllowedSkewMilliseconds=str(MAX_SKEW * 1000),
                RequestTime=dates.format_iso(claim.signed_at),
                ServerTime=dates.format_iso(now),
            )
    elif claim.signed_at is not None and claim.signed_at - now > MAX_SKEW:
        raise OSSError(ErrorCase.URL_NOT_YET_VALID, ec=early, ServerTime=dates.format_iso(now))
    elif claim.expires_at is not None and now > claim.expires_at:
        raise OSSError(
            ErrorCase.REQUEST_EXPIRED,
            ec=expired.get(claim.version),
            Expires=dates.format_iso(claim.expires_at),
            ServerTime=dates.format_iso(now),
        )


class Calculation(NamedTuple):
    """A signature calculated from the request and the secret."""

    signature: str
    string_to_sign: bytes
    canonical_request: bytes = b""
    """Only in V4: the canonical request, whose hash is in `string_to_sign`."""

    def compare(self, claim: Claim, ec: str, key_name: str = "OSSAccessKeyId") -> None:
        """Raise `SignatureDoesNotMatch`, with the signed texts, unless the signatures agree.

        `key_name` is the element of the error that contains the id of the key.
        """
        claimed = claim.signature
        if claimed.isascii() and hmac.compare_digest(self.signature, claimed):
            return
        signed = self.string_to_sign[:MAX_REPEATED]
        error = OSSError(ErrorCase.SIGNATURE_DOES_NOT_MATCH, ec=ec)
        error.details = {
            key_name: claim.access_key_id,
            "SignatureProvided": claimed,
            "StringToSign": signed.decode(errors="replace"),
            # The service also ends it with a blank.
            "StringToSignBytes": signed.hex(" ").upper() + " ",
        }
        if self.canonical_request:
            canonical = self.canonical_request[:MAX_REPEATED]
            error.details["CanonicalRequest"] = canonical.decode(errors="replace")
        raise error
