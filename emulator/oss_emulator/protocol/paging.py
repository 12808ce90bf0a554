"""The pages of listings: apply prefix, delimiter, marker and limit to sorted names."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from oss_emulator.protocol.headers import invalid_argument

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ListPart(Generic[Item]):
    """A part of a list; `next` is its last name, or "" if nothing follows."""

    items: list[Item]
    prefixes: list[str]
    next: str = ""

    @property
    def truncated(self) -> bool:
        return bool(self.next)

    @property
    def count(self) -> int:
        return len(self.items) + len(self.prefixes)


def cut(
    walk: Callable[[str], Iterable[Item]],
    name_of: Callable[[Item], str],
    *,
    prefix: str = "",
    delimiter: str = "",
    marker: str = "",
    within_marker: bool = False,
    limit: int = 1000,
) -> ListPart[Item]:
    """Return the page of sorted items that follows `marker`.

    Names that share a prefix up to the delimiter count as one group. `walk(start)` yields the items
    whose names are `start` or greater, in order. The walk skips the members of a group, so the cost
    of a page depends only on the page. A group that equals the marker was on the previous page; a
    marker within a group shows the group again.

    Several items may share a name. With `within_marker`, the walk leaves out the items with the
    marker's name that were shown, so the remaining ones belong to this page.
    """
    page: ListPart[Item] = ListPart([], [])
    last = ""
    start = max(prefix, marker) if limit else None
    while start is not None:
        leap = None
        for item in walk(start):
            name = name_of(item)
            if not name.startswith(prefix):
                return page
            group = _common_prefix(name, prefix, delimiter)
            if group and group == marker:
                leap = group
                break
            if name < marker or (name == marker and not within_marker):
                continue
            if page.count == limit:
                return ListPart(page.items, page.prefixes, last)
            if group:
                page.prefixes.append(group)
                last = leap = group
                break
            page.items.append(item)
            last = name
        start = successor(leap) if leap else None
    return page


def _common_prefix(name: str, prefix: str, delimiter: str) -> str:
    if not delimiter:
        return ""
    at = name.find(delimiter, len(prefix))
    return name[: at + len(delimiter)] if at >= 0 else ""


def after(
    items: Iterable[tuple[str, Item]], marker: str, limit: int
) -> tuple[list[tuple[str, Item]], str]:
    """Return the first `limit` of sorted items whose names are greater than `marker`.

    Also returns the last name of the page, or "" if nothing follows.
    """
    found = list(islice((item for item in items if item[0] > marker), limit + 1))
    page = found[:limit]
    return page, page[-1][0] if len(found) > limit else ""


def format_token(name: str) -> str:
    """Format the continuation token for a page that ends with a name."""
    return urlsafe_b64encode(name.encode()).decode()


def parse_token(token: str) -> str:
    """Parse the name in a continuation token; raises `InvalidArgument`."""
    try:
        return b64decode(token.encode(), b"-_", validate=True).decode()
    except ValueError:
        message = (
            "The continuation token is invalid; send the NextContinuationToken of the page before."
        )
        raise invalid_argument("continuation-token", token, message, ec="0015-00000404") from None


def successor(prefix: str) -> str | None:
    """Return the least text that is greater than all texts with `prefix`; None if there is none."""
    while prefix:
        code = ord(prefix[-1]) + 1
        prefix = prefix[:-1]
        if code <= 0x10FFFF:
            # Surrogates are not characters: U+E000 follows U+D7FF.
            return prefix + chr(0xE000 if code == 0xD800 else code)
    return None
