"""What a page of a folder shows: its search, its order, and its window of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from oss_emulator.control.console import buckets
from oss_emulator.control.console.buckets import FolderOrder, FolderQuery
from oss_emulator.storage.base import Bucket, Object
from oss_emulator.storage.memory import MemoryStorage

from tests.rows import rows


def storage(sizes: Mapping[str, int]) -> MemoryStorage:
    """Return a bucket with objects of these sizes; each is newer than those before it."""
    made = MemoryStorage()
    made.put_bucket(Bucket("b", "owner", 0.0, "cn-hangzhou"))
    for moment, (key, size) in enumerate(sizes.items()):
        made.put_object("b", Object(key, (), size, '"x"', 0, float(moment), "owner"))
    return made


SIZES = {"a/1": 9, "a/2": 8, "b": 3, "c": 1, "d/e/1": 7, "f": 2}


def keys(asked: FolderQuery, sizes: Mapping[str, int] = SIZES) -> list[str]:
    found = buckets.read_folder(storage(sizes), "b", asked)
    return [*found.folders, *(item.key for item in found.objects)]


@rows(
    ("asked", "shown"),
    (FolderQuery(), ["a/", "d/", "b", "c", "f"]),
    (FolderQuery(descending=True), ["d/", "a/", "f", "c", "b"]),
    (FolderQuery(order=FolderOrder.SIZE), ["a/", "d/", "c", "f", "b"]),
    (FolderQuery(order=FolderOrder.SIZE, descending=True), ["a/", "d/", "b", "f", "c"]),
    (FolderQuery(order=FolderOrder.MODIFIED, descending=True), ["a/", "d/", "f", "c", "b"]),
    (FolderQuery("a/"), ["a/1", "a/2"]),
    (FolderQuery(text="1"), ["a/1", "d/e/1"]),
    (FolderQuery("d/", "D"), []),
    (FolderQuery("d/", "E"), ["d/e/1"]),
    (FolderQuery(text="", page=9), ["a/", "d/", "b", "c", "f"]),
    (FolderQuery("missing/"), []),
)
def test_folder_is_searched_and_sorted(asked: FolderQuery, shown: list[str]) -> None:
    assert keys(asked) == shown


@pytest.mark.parametrize("order", FolderOrder)
def test_pages_of_a_large_folder_have_every_name_once(order: FolderOrder) -> None:
    """Each page of a plain folder reads more names than the page before, including folders."""
    sizes = {f"{number:05}{'/x' * (number % 3 == 0)}": 1 for number in range(2_000)}
    made, shown = storage(sizes), []
    for number in range(1, 11):
        found = buckets.read_folder(made, "b", FolderQuery(order=order, page=number))
        shown += [*found.folders, *(item.key for item in found.objects)]
    assert sorted(shown) == sorted(key.removesuffix("x") for key in sizes)


def test_pages_say_which_names_they_have() -> None:
    made = storage({f"{number:05}": 1 for number in range(1_000)})
    first = buckets.read_folder(made, "b", FolderQuery())
    assert (first.total, first.pages, first.first, first.last) == (1_000, 5, 1, 200)
    pages = [buckets.read_folder(made, "b", FolderQuery(page=number)) for number in range(1, 6)]
    assert [(page.first, page.last) for page in pages[1:]] == [
        (201, 400),
        (401, 600),
        (601, 800),
        (801, 1_000),
    ]


def test_delete_markers_are_not_shown() -> None:
    made = storage({"a": 1})
    item = made.object("b", "a")
    assert item is not None
    made.put_object("b", item._replace(key="gone", delete_marker=True))
    assert buckets.read_folder(made, "b", FolderQuery()).total == 1


def test_folder_of_more_names_than_are_searched_goes_on_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(buckets, "WINDOW", 3)
    monkeypatch.setattr(buckets, "SHOWN", 3)
    made = storage(dict.fromkeys("abcdefgh", 1))
    windows, after = [], ""
    while True:
        found = buckets.read_folder(made, "b", FolderQuery(descending=True, after=after))
        windows.append("".join(item.key for item in found.objects))
        after = found.rest
        if not after:
            break
    assert windows == ["cba", "fed", "hg"]


def test_plain_page_of_a_large_folder_looks_at_a_few_pages_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = storage({f"{number:05}": 1 for number in range(5_000)})
    walk, looked = made.objects, [0]

    def count(bucket: str, start: str = "") -> Iterator[Object]:
        for item in walk(bucket, start):
            looked[0] += 1
            yield item

    monkeypatch.setattr(made, "objects", count)
    found = buckets.read_folder(made, "b", FolderQuery(page=2))
    assert (found.first, found.last, found.total, found.more) == (201, 400, 2_400, True)
    assert looked[0] <= 2_401
    last = buckets.read_folder(made, "b", FolderQuery(page=25))
    assert (last.last, last.total, last.more, last.rest) == (5_000, 5_000, False, "")


def test_plain_pages_of_a_window_end_where_the_next_window_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(buckets, "WINDOW", 6)
    monkeypatch.setattr(buckets, "SHOWN", 3)
    made = storage(dict.fromkeys("abcdefgh", 1))
    shown, asked = [], FolderQuery()
    while True:
        found = buckets.read_folder(made, "b", asked)
        shown.append("".join(item.key for item in found.objects))
        if found.page < found.pages:
            asked = asked._replace(page=found.page + 1)
        elif found.rest:
            asked = FolderQuery(after=found.rest)
        else:
            break
    assert shown == ["abc", "def", "gh"]
