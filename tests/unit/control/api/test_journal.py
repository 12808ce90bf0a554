"""`journal`: which entries are answered, and when."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from oss_emulator.control.api.journal import list_entries

from tests.unit.control.api.caller import ApiCaller


@pytest.fixture
def recorded(ask: ApiCaller) -> ApiCaller:
    """Three entries: allowed, denied, and not checked."""
    ask.record("/bucket/a", "http://good.test/")
    ask.record("/bucket/a", "http://bad.test/")
    ask.record("/none/a")
    return ask


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("?since=1", [2, 3]),
        ("?since=3", []),
        ("?limit=2", [2, 3]),
        ("?limit=0", [1, 2, 3]),
        ("?bucket=bucket", [1, 2]),
        ("?verdict=denied", [2]),
        ("?verdict=not-checked&bucket=none", [3]),
        ("?verdict=allowed&limit=1", [1]),
    ],
)
def test_entries_are_selected(recorded: ApiCaller, query: str, numbers: list[int]) -> None:
    answer = recorded("GET", f"journal{query}")
    assert [entry["number"] for entry in answer.json["entries"]] == numbers


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("", [1, 2, 3]),
        ("tests/a.py", [1, 2]),
        ("tests/a.py::one", [1]),
        ("tests/a.py::one[x]", [1]),
        ("tests/a.py::on", []),
        ("tests/a", []),
        ("tests", [1, 2]),
        ("tests/", [1, 2]),
        ("tests/a.py::two", [2]),
    ],
)
def test_entries_are_selected_by_their_test(
    ask: ApiCaller, wanted: str, numbers: list[int]
) -> None:
    for test in ("tests/a.py::one[x]", "tests/a.py::two", ""):
        ask.journal.tests.begin("", test)
        ask.record("/bucket/a")
    answer = ask("GET", f"journal?test={wanted}")
    assert [entry["number"] for entry in answer.json["entries"]] == numbers


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("verdict=maybe", "verdict must be one of allowed, denied, not-checked"),
        ("since=x", "since must be a number"),
        ("since=nan", "since must be a number"),
        ("limit=-1", "limit must be a number"),
        ("wait=-1", "wait must be a number"),
    ],
)
def test_bad_query_is_refused(ask: ApiCaller, query: str, sentence: str) -> None:
    answer = ask("GET", f"journal?{query}")
    assert answer.status == 400
    assert sentence in answer.json["error"]


def test_journal_is_cleared(recorded: ApiCaller) -> None:
    assert recorded("DELETE", "journal") == (200, {"entries": []})
    assert recorded("GET", "journal") == (200, {"entries": []})


async def wait(ask: ApiCaller, seconds: float) -> Any:
    response = await list_entries(ask.asked("GET", f"journal?verdict=denied&wait={seconds}"))
    assert isinstance(response.body, bytes)
    return json.loads(response.body)["entries"]


async def test_long_poll_ends_with_the_first_entry_that_fits(ask: ApiCaller) -> None:
    waiting = asyncio.create_task(wait(ask, 60))
    await asyncio.sleep(0)  # it listens now
    ask.record("/bucket/a", "http://good.test/")
    await asyncio.sleep(0)
    assert not waiting.done()
    ask.record("/bucket/a", "http://bad.test/")
    assert [entry["number"] for entry in await waiting] == [2]


async def test_long_poll_ends_without_an_entry(ask: ApiCaller) -> None:
    assert await wait(ask, 0.01) == []
