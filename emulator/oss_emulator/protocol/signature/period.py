"""The period in which a signature is valid, for OSS and S3."""

from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.signature.claim import Claim, Place, Version

MAX_SKEW: Final = 15 * 60
"""Seconds that the clocks of a client and the server may differ (P-17)."""


def check(
    claim: Claim, now: float, expired: Mapping[Version, str], early: str | None = None
) -> None:
    """Raise `RequestTimeTooSkewed` or `AccessDenied` unless a signature is valid now.

    `expired` and `early` are the ECs of URLs that are no longer and not yet valid.
    """
    if claim.place is Place.HEADER:
        if claim.signed_at is not None and abs(now - claim.signed_at) > MAX_SKEW:
            raise OSSError(
                ErrorCase.REQUEST_TIME_TOO_SKEWED,
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
