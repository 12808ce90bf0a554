"""Transitions of a bucket from LRS to ZRS: tasks that take a fixed time (P-85).

A bucket stores each task as a separate document. The state of a task depends only on the time.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from oss_emulator.protocol import dates, xml
from oss_emulator.storage.base import Bucket

SUBRESOURCE: Final = "redundancyTransition"
PREFIX: Final = f"{SUBRESOURCE}/"
ROOT: Final = "BucketDataRedundancyTransition"

SOURCE: Final = "LRS"
TARGET: Final = "ZRS"

STORAGE_CLASSES: Final = frozenset({"Standard", "IA", "Archive"})
"""The storage classes of buckets that can be converted."""

REGIONS: Final = frozenset(
    """
    cn-hangzhou cn-shanghai cn-beijing cn-zhangjiakou cn-wulanchabu cn-shenzhen cn-hongkong
    ap-northeast-1 ap-southeast-1 ap-southeast-5 eu-central-1
    """.split()
)
"""The regions that convert buckets (CreateBucketDataRedundancyTransition)."""

QUEUED: Final = 600.0
"""Seconds that a task waits. How long the service takes depends on the bucket."""
PROCESSED: Final = 600.0
"""Seconds that a task runs."""


class TransitionStatus(StrEnum):
    QUEUEING = "Queueing"
    PROCESSING = "Processing"
    FINISHED = "Finished"


class Transition(NamedTuple):
    bucket: str
    id: str
    created: float

    def stage(self, now: float) -> TransitionStatus:
        """Return the state of the task at a time."""
        if now < self.created + QUEUED:
            return TransitionStatus.QUEUEING
        return TransitionStatus.PROCESSING if now < self._end else TransitionStatus.FINISHED

    def describe(self, now: float) -> xml.Children:
        """Return the elements that show the task at a time."""
        stage, started = self.stage(now), self.created + QUEUED
        share = min(1.0, max(0.0, (now - started) / PROCESSED))
        begun, ended = stage is not TransitionStatus.QUEUEING, stage is TransitionStatus.FINISHED
        return [
            ("Bucket", self.bucket),
            ("TaskId", self.id),
            ("Status", stage),
            ("CreateTime", dates.format_iso(self.created)),
            ("StartTime", dates.format_iso(started) if begun else None),
            ("EndTime", dates.format_iso(self._end) if ended else None),
            ("ProcessPercentage", int(100 * share)),
            ("EstimatedRemainingTime", 0),  # in hours; a task takes less than one hour
        ]

    def format(self) -> bytes:
        stored: xml.Children = [
            ("Bucket", self.bucket),
            ("TaskId", self.id),
            ("CreateTime", dates.format_iso(self.created)),
        ]
        return xml.format(ROOT, stored)

    @property
    def _end(self) -> float:
        return self.created + QUEUED + PROCESSED


def of(bucket: Bucket) -> Iterator[Transition]:
    """Return the tasks of a bucket, by id."""
    for name in sorted(bucket.documents):
        if name.startswith(PREFIX):
            node = xml.parse(bucket.documents[name], ROOT)
            created = dates.parse_iso(node.text("CreateTime")) or 0.0
            yield Transition(bucket.name, node.text("TaskId"), created)


def redundancy(bucket: Bucket, now: float) -> str:
    """Return the redundancy type of a bucket at a time."""
    finished = any(task.stage(now) is TransitionStatus.FINISHED for task in of(bucket))
    return TARGET if finished else bucket.redundancy
