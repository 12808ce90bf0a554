"""Pages of a listing, compared with those of a slow and obvious implementation."""

from bisect import bisect_left

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oss_emulator.protocol import paging

# Few letters, so that names share prefixes and groups; U+D7FF is the last before the surrogates.
NAMES = st.text(st.sampled_from("ab/\ud7ff\U0010ffff"), min_size=1, max_size=6)
PREFIXES = st.text(st.sampled_from("ab/\U0010ffff"), max_size=3)


def cut(names: set[str], **options: str | int) -> paging.Page[str]:
    ordered = sorted(names)
    return paging.cut(
        lambda start: ordered[bisect_left(ordered, start) :],
        lambda name: name,
        **options,  # type: ignore[arg-type]
    )


def obvious(
    names: set[str], prefix: str, delimiter: str, marker: str, limit: int
) -> tuple[list[str], list[str], bool]:
    """Group everything, then count: the names, the prefixes, whether more follows."""
    shown: list[tuple[str, bool]] = []
    for name in sorted(names):
        if not name.startswith(prefix) or name <= marker:
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        entry = (name, False) if at < 0 else (name[: at + len(delimiter)], True)
        if entry != (marker, True) and entry not in shown:
            shown.append(entry)
    page = shown[:limit]
    items = [name for name, group in page if not group]
    groups = [name for name, group in page if group]
    return items, groups, limit > 0 and len(shown) > limit


@given(
    names=st.sets(NAMES, max_size=30),
    prefix=PREFIXES,
    delimiter=st.sampled_from(["", "/", "a", "b/"]),
    marker=st.one_of(st.just(""), NAMES),
    limit=st.integers(0, 8),
)
def test_page_equals_that_of_the_slow_implementation(
    names: set[str], prefix: str, delimiter: str, marker: str, limit: int
) -> None:
    page = cut(names, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
    items, groups, truncated = obvious(names, prefix, delimiter, marker, limit)
    assert (page.items, page.prefixes, page.truncated) == (items, groups, truncated)


@given(
    names=st.sets(NAMES, max_size=30),
    prefix=PREFIXES,
    delimiter=st.sampled_from(["", "/", "a"]),
    limit=st.integers(1, 5),
)
def test_following_pages_show_everything_once(
    names: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    items: list[str] = []
    groups: list[str] = []
    marker = ""
    while True:
        page = cut(names, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
        assert page.count <= limit
        items += page.items
        groups += page.prefixes
        if not page.truncated:
            break
        assert page.next > marker
        marker = page.next
    assert (items, groups, False) == obvious(names, prefix, delimiter, "", len(names) + 1)


def test_members_of_a_group_are_skipped() -> None:
    """A page costs only what it shows, even if its groups have many members."""
    asked: list[str] = []
    names = sorted(f"{group}/{number:05}" for group in "abc" for number in range(10_000))

    def walk(start: str):  # type: ignore[no-untyped-def]
        for name in names[bisect_left(names, start) :]:
            asked.append(name)
            yield name

    page = paging.cut(walk, lambda name: name, delimiter="/")
    assert page.prefixes == ["a/", "b/", "c/"]
    assert len(asked) < 10


@pytest.mark.parametrize(
    ("prefix", "after"),
    [("a", "b"), ("a\U0010ffff", "b"), ("\U0010ffff", None), ("", None), ("\ud7ff", "\ue000")],
)
def test_successor_follows_all_texts_with_the_prefix(prefix: str, after: str | None) -> None:
    assert paging.successor(prefix) == after
