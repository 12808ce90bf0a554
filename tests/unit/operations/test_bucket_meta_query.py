"""The metadata index of a bucket: open, status, close."""

from __future__ import annotations

from tests.unit.operations.service import Caller


def test_opened_index_runs_after_some_time(ask: Caller) -> None:
    assert ask("POST", "/bucket?metaQuery&comp=add").status == 200
    got = ask("GET", "/bucket?metaQuery")
    assert (got.text("State"), got.text("MetaQueryMode")) == ("Ready", "basic")
    ask.now += 3
    got = ask("GET", "/bucket?metaQuery")
    assert (got.text("State"), got.text("Phase")) == ("Running", "IncrementalScanning")


def test_open_index_cannot_be_opened_again(ask: Caller) -> None:
    ask("POST", "/bucket?metaQuery&comp=add&mode=semantic")
    assert ask("GET", "/bucket?metaQuery").text("MetaQueryMode") == "semantic"
    assert ask("POST", "/bucket?metaQuery&comp=add").code == "MetaQueryAlreadyExist"


def test_closed_index_is_missing(ask: Caller) -> None:
    ask("POST", "/bucket?metaQuery&comp=add")
    for _ in range(2):
        assert ask("POST", "/bucket?metaQuery&comp=delete").status == 200
    assert ask("GET", "/bucket?metaQuery").code == "MetaQueryNotExist"


def test_unknown_mode_is_refused(ask: Caller) -> None:
    answer = ask("POST", "/bucket?metaQuery&comp=add&mode=fast")
    assert answer.code == "InvalidArgument"
    assert answer.text("Message") == "Mode 'fast' is unknown; use basic or semantic."
