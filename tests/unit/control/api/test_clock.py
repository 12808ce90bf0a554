"""`clock`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.control.api.caller import ApiCaller


def test_clock_is_shifted_and_set(ask: ApiCaller) -> None:
    assert ask("GET", "clock").json["shift"] == 0
    assert ask("PUT", "clock", {"shift": 60}).json["shift"] == 60
    answer = ask("PUT", "clock", {"now": "2030-01-31T10:00:00.000Z"})
    assert answer.json["now"].startswith("2030-01-31T10:00:0")
    assert ask("GET", "clock").json["shift"] == answer.json["shift"]


@pytest.mark.parametrize(
    "body", [{}, {"now": "soon"}, {"now": 1}, {"shift": "1"}, {"shift": 2**32}, {"other": 1}]
)
def test_bad_time_is_refused(ask: ApiCaller, body: dict[str, Any]) -> None:
    answer = ask("PUT", "clock", body)
    assert answer.status == 400
    assert "2030-01-31T00:00:00.000Z" in answer.json["error"]
