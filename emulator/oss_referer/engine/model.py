"""RefererConfiguration: the Referer rules of one bucket, as their owner wrote them."""

from dataclasses import dataclass

MAX_SIZE = 20 * 1024
"""The most bytes of entries that PutBucketReferer accepts (R-42)."""

MAX_EXAMINED = 5 * MAX_SIZE
"""The most bytes of entries that the linter examines and that are translated."""


@dataclass(frozen=True, slots=True)
class RefererConfiguration:
    """What PutBucketReferer sets and GetBucketReferer returns (R-30, R-31).

    Entries are verbatim, with their order, duplicates, blanks and surrounding white space (P-34).
    The defaults are those of a bucket without rules (R-15).
    """

    allow_empty_referer: bool = True
    allow_truncate_query_string: bool = True
    truncate_path: bool = False
    whitelist: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of the entries of both lists together, in UTF-8 (R-42)."""
        entries = (*self.whitelist, *self.blacklist)
        return sum(len(entry.encode(errors="surrogatepass")) for entry in entries)
