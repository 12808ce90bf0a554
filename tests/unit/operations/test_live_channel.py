"""ListLiveChannel, whose list is always empty."""

from __future__ import annotations

from tests.unit.operations.service import Caller


def test_list_is_empty_and_repeats_its_parameters(ask: Caller) -> None:
    page = ask("GET", "/bucket?live&prefix=a&marker=b&max-keys=5")
    names = ("Prefix", "Marker", "MaxKeys", "IsTruncated", "NextMarker")
    assert [page.text(name) for name in names] == ["a", "b", "5", "false", ""]
    assert page.texts("LiveChannel") == []


def test_bad_max_keys_gets_400(ask: Caller) -> None:
    assert ask("GET", "/bucket?live&max-keys=0").code == "InvalidArgument"
