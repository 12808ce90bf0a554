"""The dated changes of the service, in one table (P-45, P-60)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Final

_BEIJING: Final = timezone(timedelta(hours=8))
"""The time zone of the dates in the table."""


class Affected(Enum):
    """The accounts or buckets to which a change applies."""

    EVERYONE = "everyone"
    NEW_ACCOUNTS = "new accounts"
    NEW_BUCKETS = "new buckets"
    """Buckets created on the date of the change or later."""


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A change of the service."""

    name: str
    """The subject of the change."""
    since: date
    affected: Affected
    effect: str
    """The behaviour of the service since then, as a sentence."""
    by_default: bool = False
    """Whether the emulator follows it by default, without a date and without new accounts.

    A change that refuses requests of older clients is not followed by default.
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

CHANGES: Final = (V1_OF_ACCOUNTS, CUSTOM_DOMAIN, V1_OF_BUCKETS, ARN_IN_LOGS, PUBLIC_ACCESS_BLOCKED)
"""All changes, by date."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that a service follows.

    With a date, these are the changes up to that day; for new accounts without a date, all. With
    neither, these are the changes `by_default`.
    """

    as_of: date | None = None
    new_account: bool = False

    def follow(self, change: ServiceChange, created: float | None = None) -> bool:
        """Return whether the service follows a change.

        `created` is the time when the bucket was created, in seconds since the epoch; None for a
        bucket that is being created, and for a change that does not concern a bucket.
        """
        if change.affected is Affected.NEW_ACCOUNTS and not self.new_account:
            return False
        if created is not None and _day(created) < change.since:
            return False
        if self.as_of is None:
            return self.new_account or change.by_default
        return change.since <= self.as_of


BY_DEFAULT: Final = Changes()
"""The changes that a service follows by default."""


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, _BEIJING).date()
