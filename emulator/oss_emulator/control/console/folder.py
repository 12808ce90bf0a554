"""A folder of a bucket: its folders and objects, searched, sorted and cut into pages."""

from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from oss_emulator.protocol import paging
from oss_emulator.storage import Object, Storage

SHOWN: Final = 200
"""Names on one page."""

WINDOW: Final = 20_000
"""The most names that are searched and sorted at once: a disk takes half a second."""

AHEAD: Final = 10
"""The pages after the shown one that are counted, where names are neither searched nor sorted."""


class FolderOrder(StrEnum):
    """What objects are sorted by."""

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


class FolderQuery(NamedTuple):
    """What to show of a folder."""

    prefix: str = ""
    text: str = ""
    """What keys have to contain, in any letter case; such keys are found in folders below too."""
    order: FolderOrder = FolderOrder.NAME
    descending: bool = False
    page: int = 1
    after: str = ""
    """The name after which the search begins; "" for the start of the folder."""


class FolderPage(NamedTuple):
    """One page of a folder. Sorted by name, each page has its folders first, else all are first."""

    folders: list[str]
    objects: list[Object]
    total: int
    """The names that were found."""
    page: int
    pages: int
    more: bool
    """Whether more names follow than were looked at."""
    rest: str
    """The last name that was read, if the next page begins after it; else ""."""

    @property
    def first(self) -> int:
        """The number of the first name on the page."""
        return (self.page - 1) * SHOWN + 1

    @property
    def last(self) -> int:
        """The number of the last name on the page."""
        return self.first + len(self.folders) + len(self.objects) - 1


def read(storage: Storage, bucket: str, asked: FolderQuery) -> FolderPage:
    """Read one page of a folder; a page after the last one is the last one."""
    plain = asked.order is FolderOrder.NAME and not (asked.text or asked.descending)
    limit = min(WINDOW, (asked.page + AHEAD) * SHOWN) if plain else WINDOW
    found = paging.cut(
        lambda start: (one for one in storage.objects(bucket, start) if not one.delete_marker),
        attrgetter("key"),
        prefix=asked.prefix,
        delimiter="" if asked.text else "/",
        marker=asked.after,
        limit=limit,
    )
    objects = found.items
    if asked.text:
        text, begin = asked.text.casefold(), len(asked.prefix)
        objects = [one for one in objects if text in one.key[begin:].casefold()]
    if asked.order is not FolderOrder.NAME:
        objects.sort(key=attrgetter(asked.order), reverse=asked.descending)
    entries: list[str | Object] = [*found.prefixes, *objects]
    if asked.order is FolderOrder.NAME:
        entries.sort(
            key=lambda one: one if isinstance(one, str) else one.key, reverse=asked.descending
        )
    pages = max(1, -(-len(entries) // SHOWN))
    page = min(asked.page, pages)
    shown = entries[(page - 1) * SHOWN : page * SHOWN]
    return FolderPage(
        [one for one in shown if isinstance(one, str)],
        [one for one in shown if not isinstance(one, str)],
        len(entries),
        page,
        pages=pages,
        more=found.truncated,
        rest=found.next if not plain or (limit == WINDOW and page == pages) else "",
    )
