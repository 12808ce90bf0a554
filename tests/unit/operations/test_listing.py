"""ListObjects, versions 1 and 2: pages with any names."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.operations.service import Answer, Caller


def put(ask: Caller, keys: list[str]) -> None:
    for key in reversed(keys):
        ask("PUT", f"/bucket/{quote(key)}", key.encode())


class Listing:
    """One version of the operation; `after` is its parameter for the name after which it starts."""

    def __init__(self, ask: Caller, version: int) -> None:
        self._ask = ask
        self._fixed = {"list-type": "2"} if version == 2 else {}
        self.after = "start-after" if version == 2 else "marker"
        self.token = "continuation-token" if version == 2 else "marker"
        self.next = "NextContinuationToken" if version == 2 else "NextMarker"

    def __call__(self, **query: Any) -> Answer:
        """Return a page; a `_` in the name of a parameter stands for `-`."""
        named = {
            self.after if name == "after" else name.replace("_", "-"): str(value)
            for name, value in query.items()
        }
        pairs = "&".join(
            f"{name}={quote(value)}" for name, value in {**self._fixed, **named}.items()
        )
        return self._ask("GET", f"/bucket?{pairs}")

    def pages(self, **query: Any) -> list[Answer]:
        """Return all pages."""
        found = [self(**query)]
        while found[-1].text("IsTruncated") == "true":
            following = found[-1].text(self.next) or ""
            if found[-1].text("EncodingType") and self.next == "NextMarker":
                following = unquote_plus(following)
            place = {self.token.replace("-", "_"): following}
            found.append(self(**{**query, **place}))
            assert len(found) < 100
        return found


@pytest.fixture(params=[1, 2])
def listing(request: pytest.FixtureRequest, ask: Caller) -> Listing:
    return Listing(ask, request.param)


def names(page: Answer) -> tuple[list[str], list[str]]:
    return page.texts("Contents/Key"), page.texts("CommonPrefixes/Prefix")


@pytest.mark.parametrize("delimiter", ["/", "%", "&", "文", "\x01", " "])
def test_delimiter_may_be_any_character(ask: Caller, listing: Listing, delimiter: str) -> None:
    put(ask, [f"a{delimiter}1", f"a{delimiter}2", "b"])
    for limit in (1, 100):
        page = listing(delimiter=delimiter, max_keys=limit, encoding_type="url")
        keys, prefixes = names(page)
        assert [unquote_plus(prefix) for prefix in prefixes] == [f"a{delimiter}"]
        assert keys == (["b"] if limit > 1 else [])


KEYS = st.lists(
    st.text(st.sampled_from("ab/\x01é😀"), min_size=1, max_size=5).filter(
        lambda key: not key.startswith("/")
    ),
    max_size=12,
    unique=True,
)


@pytest.mark.parametrize("version", [1, 2])
@given(
    keys=KEYS,
    prefix=st.text(st.sampled_from("ab/é"), max_size=2),
    delimiter=st.sampled_from(["", "/", "a", "é"]),
    limit=st.integers(1, 4),
)
def test_pages_together_have_all_names_in_order(
    version: int, keys: list[str], prefix: str, delimiter: str, limit: int
) -> None:
    """P-33: in the order of the UTF-8 bytes, each name once."""
    ask = Caller()
    put(ask, keys)
    shown = set()
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter or "\0")
            shown.add(prefix + head + found if found else key)
    query = {"prefix": prefix, "delimiter": delimiter, "max_keys": limit, "encoding_type": "url"}
    pages = Listing(ask, version).pages(**query)
    listed = []
    for page in pages:
        decoded = [unquote_plus(name) for found in names(page) for name in found]
        listed += sorted(decoded, key=str.encode)
    assert listed == sorted(shown, key=str.encode)
    for page in pages[:-1]:
        assert len(names(page)[0]) + len(names(page)[1]) == limit


def test_page_holds_100_keys_by_default_and_1000_at_most(ask: Caller) -> None:
    keys = [f"{number:04}" for number in range(1001)]
    put(ask, keys)
    for version in (1, 2):
        for query, count in (({}, 100), ({"max_keys": 999}, 999), ({"max_keys": 1000}, 1000)):
            page = Listing(ask, version)(**query)
            assert names(page)[0] == keys[:count]
            assert page.text("IsTruncated") == "true"
