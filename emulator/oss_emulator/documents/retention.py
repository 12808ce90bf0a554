"""The retention policy of a bucket: a state machine, and what it protects (Retention policy)."""

from dataclasses import dataclass, replace
from typing import Final

from oss_emulator.protocol import dates, xml

SUBRESOURCE: Final = "worm"
ROOT: Final = "WormConfiguration"
DAY: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What was initiated. Times are seconds since the epoch."""

    id: str
    days: int
    created: float
    locked: bool = False

    def is_in_force(self, now: float) -> bool:
        """A policy that was not locked within a day is void (InitiateBucketWorm)."""
        return self.locked or now < self.created + DAY

    def protects(self, modified: float, now: float) -> bool:
        """Whether an object of that age may not be changed or deleted."""
        return self.is_in_force(now) and now < modified + self.days * DAY

    def lock(self) -> "RetentionPolicy":
        return replace(self, locked=True)

    def extend(self, days: int) -> "RetentionPolicy":
        return replace(self, days=days)


def read(document: bytes | None) -> RetentionPolicy | None:
    """The policy that a bucket keeps."""
    if document is None:
        return None
    node = xml.parse(document, ROOT)
    return RetentionPolicy(
        node.text("WormId"),
        int(node.text("RetentionPeriodInDays")),
        dates.parse_iso(node.text("CreationDate")) or 0.0,
        node.text("State") == "Locked",
    )


def write(policy: RetentionPolicy) -> bytes:
    """The document a bucket keeps, which is what GetBucketWorm answers."""
    expires = None if policy.locked else dates.format_iso(policy.created + DAY)
    return xml.format(
        ROOT,
        [
            ("WormId", policy.id),
            ("State", "Locked" if policy.locked else "InProgress"),
            ("RetentionPeriodInDays", policy.days),
            ("CreationDate", dates.format_iso(policy.created)),
            ("ExpirationDate", expires),
        ],
    )
