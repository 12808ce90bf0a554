"""The entries of the journal that a request asks for by its query."""

from typing import NamedTuple

from oss_emulator.control.api.route import ApiRequest, Refusal
from oss_emulator.control.journal import Journal, JournalEntry, RefererVerdict


class JournalFilter(NamedTuple):
    """What an entry must have; None accepts everything."""

    bucket: str | None
    verdict: str | None
    status: int | None
    ec: str | None
    method: str | None
    referer: str | None
    """Text that the Referer contains, in any letter case."""
    test: str | None
    """A test, or a file, class or folder of tests."""
    text: str | None
    """Text that anything people search for contains, in any letter case."""
    since: int
    before: int
    """Only entries with a lower number; 0 for all."""
    limit: int
    """The most entries to return; 0 for all."""

    @classmethod
    def parse(cls, asked: ApiRequest) -> "JournalFilter":
        """Parse the query, in which an empty value asks for nothing; raises `Refusal`."""
        query = {name: value for name, value in asked.query.items() if value}
        verdict = query.get("verdict")
        if verdict not in (None, *RefererVerdict):
            raise Refusal(
                400, f"verdict must be one of {', '.join(RefererVerdict)}, not {verdict!r}."
            )
        return cls(
            bucket=query.get("bucket"),
            verdict=verdict,
            status=int(asked.number("status")) if "status" in query else None,
            ec=query.get("ec"),
            method=query.get("method"),
            referer=query.get("referer", "").casefold() or None,
            test=query.get("test"),
            text=query.get("text", "").casefold() or None,
            since=int(asked.number("since")),
            before=int(asked.number("before")),
            limit=int(asked.number("limit")),
        )

    def fits(self, entry: JournalEntry) -> bool:
        """Return whether an entry has everything that is asked for."""
        return (
            self.bucket in (None, entry.bucket)
            and self.verdict in (None, entry.verdict)
            and self.status in (None, entry.status)
            and self.ec in (None, entry.ec)
            and self.method in (None, entry.request.method)
            and (not self.before or entry.number < self.before)
            and (self.referer is None or self.referer in (entry.referer or "").casefold())
            and (self.test is None or _is_within(entry.test, self.test))
            and (self.text is None or self.text in _searched(entry))
        )

    def find(self, journal: Journal) -> list[JournalEntry]:
        """Find the entries, oldest first."""
        found = [entry for entry in journal.entries(self.since) if self.fits(entry)]
        return found[-self.limit :] if self.limit else found


def _is_within(test: str, wanted: str) -> bool:
    """Return whether a test is the wanted one, one of its parameters, or one of its tests."""
    stems = (wanted if wanted.endswith("/") else f"{wanted}/", f"{wanted}::", f"{wanted}[")
    return test == wanted or test.startswith(stems)


def _searched(entry: JournalEntry) -> str:
    """Return everything that a person may search an entry for."""
    request = entry.request
    words = (
        request.method,
        request.target,
        entry.bucket,
        entry.key,
        request.host,
        request.headers.get("referer", ""),
        entry.operation,
        entry.request_id,
        entry.code,
        entry.ec,
        entry.message,
        entry.test,
    )
    return "\n".join(words).casefold()
