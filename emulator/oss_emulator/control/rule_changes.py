"""The last changes of Referer rules: bucket, time, both documents, and origin."""

from typing import Final, NamedTuple

from oss_emulator.operations.admission import Admission

SIZE: Final = 200
"""Maximum number of stored changes of all buckets."""
BYTES: Final = 16 * 1024 * 1024
"""Default number of bytes that their documents may take."""


class RuleChange(NamedTuple):
    """A change of the rules of one bucket."""

    number: int
    time: float
    """Seconds since the epoch."""
    bucket: str
    before: bytes | None
    """The document that was replaced; None for a bucket without rules (R-15)."""
    after: bytes | None
    request_id: str = ""
    """The id of the PutBucketReferer; "" for a restored snapshot."""
    remote: str = ""
    """The address of the client; "" for the console and the API of the emulator."""
    story: int | None = None
    """The number of the request whose story made the change; None for none."""
    undoes: int | None = None
    """The number of the change that this change undid; None for none."""

    @property
    def size(self) -> int:
        """The bytes of both documents."""
        return len(self.before or b"") + len(self.after or b"")


class RuleChanges:
    """Stores the last SIZE changes, with at most `limit` bytes; always the last change."""

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._changes: tuple[RuleChange, ...] = ()
        """Replaced as a whole, because another thread may read it meanwhile."""
        self.count = 0
        """Number of changes, including those no longer stored."""

    def note(self, admission: Admission, before: bytes | None, after: bytes) -> None:
        """Record the change by a PutBucketReferer."""
        request, bucket = admission.request, admission.target.bucket
        self.add(request.received, bucket, before, after, admission.request_id, request.remote)

    def add(
        self,
        time: float,
        bucket: str,
        before: bytes | None,
        after: bytes | None,
        request_id: str = "",
        remote: str = "",
    ) -> None:
        """Record a change unless the documents are equal."""
        if before != after:
            self.count += 1
            made = RuleChange(self.count, time, bucket, before, after, request_id, remote)
            held, first = 0, len(kept := (*self._changes, made)[-SIZE:])
            while first and (first == len(kept) or held + kept[first - 1].size <= self._limit):
                first -= 1
                held += kept[first].size
            self._changes = kept[first:]

    def credit(self, request_id: str, story: int | None, undoes: int | None = None) -> None:
        """Record the origin of the last change if it has this request id."""
        if self._changes and self._changes[-1].request_id == request_id:
            made = self._changes[-1]._replace(story=story, undoes=undoes)
            self._changes = (*self._changes[:-1], made)

    def all(self) -> tuple[RuleChange, ...]:
        """Return the changes, the oldest first."""
        return self._changes

    def of_story(self, story: int) -> RuleChange | None:
        """Return the last change made in the story of a request that undoes no other change."""
        made = (one for one in reversed(self._changes) if one.story == story)
        return next((one for one in made if one.undoes is None), None)

    def latest(self, bucket: str, now: bytes | None) -> RuleChange | None:
        """Return the last change of a bucket if it led to the bucket's present document."""
        last = next((one for one in reversed(self._changes) if one.bucket == bucket), None)
        return last if last is not None and last.after == now else None

    def is_undone(self, change: RuleChange) -> bool:
        """Return whether a change was undone and the undoing was not undone."""
        return any(
            other.undoes == change.number and not self.is_undone(other)
            for other in self._changes
            if other.number > change.number
        )

    def clear(self) -> None:
        self._changes = ()
