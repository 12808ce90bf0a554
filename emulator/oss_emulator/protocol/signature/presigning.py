"""Signed URLs of version 4: the query that a signer adds (P-16)."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from oss_emulator.protocol import dates
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.signature import canonical, v4

SIGNATURE: Final = "x-oss-signature"


def sign_url(
    method: str,
    bucket: str,
    key: str,
    query: Mapping[str, str],
    *,
    access_key_id: str,
    secret: str,
    region: str,
    now: float,
    expires: int,
    token: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> str:
    """Return the query string of a signed URL for a decoded `key`, valid `expires` seconds.

    The request must be sent with those of `headers` that version 4 signs (P-16).
    """
    date = dates.format_compact(now)
    unsigned = {
        **query,
        "x-oss-signature-version": v4.SCHEME,
        "x-oss-credential": format_credential(access_key_id, date, region),
        "x-oss-date": date,
        "x-oss-expires": str(expires),
    }
    if token:
        unsigned["x-oss-security-token"] = token
    text = format_query(unsigned)
    claim = v4.parse_url({**parse_query(text), SIGNATURE: "-"})
    request = Request.parse(method, f"/?{text}", headers, now)
    signature = v4.calculate(claim, request, bucket, key, secret).signature
    return f"{text}&{SIGNATURE}={signature}"


def format_credential(access_key_id: str, date: str, region: str) -> str:
    """Format the credential: the id of the key and the scope of the signature."""
    return f"{access_key_id}/{date[:8]}/{region}/oss/{v4.TERMINATOR}"


def format_query(query: Mapping[str, str]) -> str:
    """Format a query; a name without a value stands alone."""
    return canonical.query(urlencode(query, quote_via=quote))
