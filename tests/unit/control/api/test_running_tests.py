"""`tests/SESSION`: a session says which test it runs, and the journal names it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.control.api.caller import ApiCaller

TEST = {"test": "a.py::one", "buckets": []}


def recorded(ask: ApiCaller) -> str:
    """Return the test of the next entry."""
    ask.record("/bucket/a")
    found: str = ask.journal.entries()[-1].test
    return found


def test_journal_names_the_test_of_a_session_until_it_ends(ask: ApiCaller) -> None:
    assert ask("PUT", "tests/one", TEST) == (200, {"test": "a.py::one"})
    assert recorded(ask) == "a.py::one"
    assert ask("DELETE", "tests/one") == (200, {"ended": "one"})
    assert recorded(ask) == ""


def test_buckets_tell_sessions_apart(ask: ApiCaller) -> None:
    ask("PUT", "tests/one", {**TEST, "buckets": ["bucket"]})
    ask("PUT", "tests/two", {**TEST, "test": "a.py::two"})
    assert recorded(ask) == "a.py::one"


@pytest.mark.parametrize(
    "sent", [{}, {"test": 1, "buckets": []}, {"test": "a", "buckets": [2]}, {"test": "a"}]
)
def test_other_bodies_are_refused(ask: ApiCaller, sent: dict[str, Any]) -> None:
    answer = ask("PUT", "tests/one", sent)
    assert answer.status == 400
    assert '"buckets"' in answer.json["error"]


def test_session_needs_a_name(ask: ApiCaller) -> None:
    assert ask("PUT", "tests/", TEST).status == 400
