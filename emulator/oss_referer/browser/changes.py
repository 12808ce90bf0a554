"""A table of the dated changes of the service (P-45, P-60, D-01 to D-08)."""

from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Final, NamedTuple

_BEIJING: Final = timezone(timedelta(hours=8))
"""The time zone of the dates in the table."""


class Affected(Enum):
    """The accounts or buckets to which a change applies."""

    EVERYONE = "everyone"
    NEW_ACCOUNTS = "new accounts"
    NEW_BUCKETS = "new buckets"
    """Buckets created since the change."""
    NEW_ACCELERATION = "new acceleration"
    """Buckets whose transfer acceleration was enabled since the change."""


class ServiceChange(NamedTuple):
    name: str
    """The subject of the change."""
    since: datetime
    affected: Affected
    effect: str
    """The behaviour of the service since then, as a sentence."""
    by_default: bool = False
    """Whether the emulator follows the change by default, without a date or new accounts.

    By default it follows no change that refuses requests of older clients.
    """


def _at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=_BEIJING)


V1_OF_ACCOUNTS: Final = ServiceChange(
    "signature version 1",
    _at(2025, 3, 1),
    Affected.NEW_ACCOUNTS,
    "Signatures of version 1 are answered with 403, EC `0002-00000080`.",
)
CUSTOM_DOMAIN: Final = ServiceChange(
    "custom domain",
    _at(2025, 3, 20),
    Affected.NEW_ACCOUNTS,
    "Data calls at the public endpoints of mainland China are answered with 400 "
    "`PublicEndpointForbidden`, EC `0048-00000401`.",
)
V1_OF_BUCKETS: Final = ServiceChange(
    "signature version 1",
    _at(2025, 9, 1),
    Affected.NEW_BUCKETS,
    "Signatures of version 1 are answered with 403, EC `0002-00000080`.",
)
ARN_IN_LOGS: Final = ServiceChange(
    "access log",
    _at(2025, 9, 17),
    Affected.EVERYONE,
    "Lines of access logs end with the ARN of the bucket.",
    by_default=True,
)
PUBLIC_ACCESS_BLOCKED: Final = ServiceChange(
    "Block Public Access",
    _at(2025, 10, 13),
    Affected.NEW_BUCKETS,
    "Buckets block public access from their creation, until that is turned off.",
)

_DOMAIN = "default domain"
_PAGES = (
    "Keys that end in `.htm` or `.html` and objects of the type `text/html` are sent as downloads"
)
_IMAGES = "Images are sent as downloads at the endpoints of the service"

PAGES_AT_ENDPOINTS: Final = ServiceChange(
    _DOMAIN,
    _at(2017, 10, 1),
    Affected.NEW_BUCKETS,
    f"{_PAGES} at the endpoints of the service, EC `0048-00000001` (D-01).",
)
IMAGES_AT_ENDPOINTS: Final = ServiceChange(
    _DOMAIN, _at(2019, 9, 30, 15), Affected.NEW_BUCKETS, f"{_IMAGES}, EC `0048-00000100` (D-03)."
)
ALL_AT_ACCELERATION: Final = tuple(
    ServiceChange(
        _DOMAIN,
        since,
        Affected.NEW_ACCELERATION,
        f"Every object is sent as a download at accelerate endpoints, EC `{ec}` (D-04).",
    )
    for ec, since in (
        ("0048-00000106", _at(2020, 11, 17, 11, 7)),
        ("0048-00000107", _at(2021, 1, 7, 12)),
        ("0048-00000108", _at(2021, 1, 7, 18)),
        ("0048-00000109", _at(2021, 1, 8, 18)),
        ("0048-00000110", _at(2021, 1, 14, 12)),
        ("0048-00000111", _at(2021, 1, 16)),
        ("0048-00000112", _at(2023, 2, 1)),
    )
)
PAGES_AT_ACCELERATION: Final = ServiceChange(
    _DOMAIN,
    _at(2020, 12, 31),
    Affected.NEW_ACCELERATION,
    f"{_PAGES} at accelerate endpoints, EC `0048-00000002` (D-02).",
)
ALL_OF_NEW_ACCOUNTS: Final = ServiceChange(
    _DOMAIN,
    _at(2022, 10, 9),
    Affected.NEW_ACCOUNTS,
    "Every object is sent as a download at the endpoints of the service, EC `0048-00000113` "
    "(D-05).",
)
APPS_AT_ENDPOINTS: Final = ServiceChange(
    _DOMAIN,
    _at(2023, 8, 15),
    Affected.NEW_BUCKETS,
    "Keys that end in `.apk` or `.ipa` are answered with 400 `ApkDownloadForbidden`, EC "
    "`0048-00000200`, at public endpoints (D-07).",
)
REDIRECTS_AT_ENDPOINTS: Final = ServiceChange(
    _DOMAIN,
    _at(2024, 8, 5),
    Affected.NEW_BUCKETS,
    "Redirects of a website are answered with 400 `ExternalRedirectForbidden`, EC "
    "`0048-00000300`, at public endpoints (D-08).",
)
IMAGES_OF_NEWER_REGIONS: Final = ServiceChange(
    _DOMAIN,
    _at(2025, 12, 22, 10),
    Affected.NEW_BUCKETS,
    f"{_IMAGES} in Fuzhou, Ulanqab, Heyuan, Guangzhou, Nanjing and Wuhan, EC `0048-00000114` "
    "(D-06).",
)

CHANGES: Final = tuple(
    sorted(
        (*ALL_AT_ACCELERATION, *(v for v in [*vars().values()] if isinstance(v, ServiceChange))),
        key=lambda change: change.since,
    )
)
"""All changes, by date."""


class Changes(NamedTuple):
    """The changes that a service follows.

    With a date, a service follows the changes up to that day; for new accounts without a date, all
    changes. With neither, it follows the changes `by_default`.
    """

    as_of: date | None = None
    new_account: bool = False

    def follow(self, change: ServiceChange, created: float | None = None) -> bool:
        """Return whether the service follows a change.

        `created` is the time when the bucket was created, or its acceleration enabled, in seconds
        since the epoch; None for a bucket that is being created, and for a change that does not
        concern a bucket.
        """
        if change.affected is Affected.NEW_ACCOUNTS and not self.new_account:
            return False
        if created is not None and created < change.since.timestamp():
            return False
        if self.as_of is None:
            return self.new_account or change.by_default
        return change.since.date() <= self.as_of


BY_DEFAULT: Final = Changes()
"""The changes that a service follows by default."""
