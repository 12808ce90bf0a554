"""The retention policy of a bucket: its states, and the objects it protects (Retention policy)."""

from dataclasses import replace
from typing import Final, NamedTuple

from oss_emulator.documents.document import Documents, parse_schema
from oss_emulator.protocol import dates, xml

SUBRESOURCE: Final = "worm"
DAY: Final = 24 * 60 * 60
"""Seconds."""

INITIATE: Final = parse_schema("""
InitiateWormConfiguration
  RetentionPeriodInDays 1..25550 ?0027-00000004 !0027-00000005 ~0027-00000002
""")
EXTEND: Final = replace(INITIATE, name="ExtendWormConfiguration")
_ROOT: Final = "WormConfiguration"


class RetentionPolicy(NamedTuple):
    """A retention policy. `created` is in seconds since the epoch."""

    id: str
    days: int
    created: float
    locked: bool = False

    def is_in_force(self, now: float) -> bool:
        """Return whether the policy is locked or less than a day old (InitiateBucketWorm)."""
        return self.locked or now < self.created + DAY

    def protects(self, modified: float, now: float) -> bool:
        """Return whether an object last modified at that time must not be changed or deleted."""
        return self.is_in_force(now) and now < modified + self.days * DAY


def policy(documents: Documents) -> RetentionPolicy | None:
    """Return the policy of a bucket, in force or not; None if there is none."""
    document = documents.get(SUBRESOURCE)
    if document is None:
        return None
    node = xml.parse(document, _ROOT)
    return RetentionPolicy(
        node.text("WormId"),
        int(node.text("RetentionPeriodInDays")),
        dates.parse_iso(node.text("CreationDate")) or 0.0,
        node.text("State") == "Locked",
    )


def format(policy: RetentionPolicy) -> bytes:
    """Format the document of a bucket, which is also the answer of GetBucketWorm."""
    expires = None if policy.locked else dates.format_iso(policy.created + DAY)
    return xml.format(
        _ROOT,
        [
            ("WormId", policy.id),
            ("State", "Locked" if policy.locked else "InProgress"),
            ("RetentionPeriodInDays", policy.days),
            ("CreationDate", dates.format_iso(policy.created)),
            ("ExpirationDate", expires),
        ],
    )
