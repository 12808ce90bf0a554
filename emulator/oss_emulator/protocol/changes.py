"""What the service changed, by date and account: one table (P-45, P-60)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Final

_BEIJING: Final = timezone(timedelta(hours=8))
"""The time zone of the dates in the table."""


class Affected(Enum):
    """What a change applies to."""

    EVERYONE = "everyone"
    NEW_ACCOUNTS = "new accounts"
    NEW_BUCKETS = "new buckets"
    """Those that are created on the date of the change or later."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A change of the service."""

    name: str
    """What it is about."""
    since: date
    affected: Affected
    effect: str
    """What the service does since then, as a sentence."""
    by_default: bool = False
    """Whether the emulator follows it if neither a date nor a new account is asked for.

    What refuses requests of older clients is not followed by default.
    """


V1_OF_ACCOUNTS: Final = ServiceChange(
    "signature version 1",
    date(2025, 3, 1),
    Affected.NEW_ACCOUNTS,
    "Signatures of version 1 are answered with 403, EC `0002-00000080`.",
)
CUSTOM_DOMAIN: Final = ServiceChange(
    "custom domain",
    date(2025, 3, 20),
    Affected.NEW_ACCOUNTS,
    "Data calls at the public endpoints of mainland China are answered with 400 "
    "`PublicEndpointForbidden`, EC `0048-00000401`.",
)
V1_OF_BUCKETS: Final = ServiceChange(
    "signature version 1",
    date(2025, 9, 1),
    Affected.NEW_BUCKETS,
    "Signatures of version 1 are answered with 403, EC `0002-00000080`.",
)
ARN_IN_LOGS: Final = ServiceChange(
    "access log",
    date(2025, 9, 17),
    Affected.EVERYONE,
    "Lines of access logs end with the ARN of the bucket.",
    by_default=True,
)
PUBLIC_ACCESS_BLOCKED: Final = ServiceChange(
    "Block Public Access",
    date(2025, 10, 13),
    Affected.NEW_BUCKETS,
    "Buckets block public access from their creation, until that is turned off.",
)

CHANGES: Final = (
    V1_OF_ACCOUNTS,
    CUSTOM_DOMAIN,
    V1_OF_BUCKETS,
    ARN_IN_LOGS,
    PUBLIC_ACCESS_BLOCKED,
)
"""All changes, by date."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that a service follows.

    With a date they are those up to that day; for a new account without a date they are all. With
    neither they are those `by_default`.
    """

    as_of: date | None = None
    new_account: bool = False

    def follow(self, change: ServiceChange, created: float | None = None) -> bool:
        """Whether the service follows a change.

        `created` is when the bucket in question was created, in seconds since the epoch; None for
        a bucket that is being created, and where the change is not about a bucket.
        """
        if change.affected is Affected.NEW_ACCOUNTS and not self.new_account:
            return False
        if created is not None and _day(created) < change.since:
            return False
        if self.as_of is None:
            return self.new_account or change.by_default
        return change.since <= self.as_of


BY_DEFAULT: Final = Changes()
"""The changes that a service follows if it is asked for none."""


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, _BEIJING).date()
