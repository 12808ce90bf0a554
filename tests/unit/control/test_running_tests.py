"""Which test sent a request: by the session of its bucket, or because only one session runs."""

import pytest
from oss_emulator.control.running_tests import LEASE, RunningTests


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tests(clock: Clock) -> RunningTests:
    return RunningTests(clock)


def test_without_sessions_no_test_is_known(tests: RunningTests) -> None:
    assert tests.of("b") == ""


def test_only_session_sends_everything(tests: RunningTests) -> None:
    tests.begin("one", "a.py::first")
    assert tests.of("") == tests.of("b") == "a.py::first"
    tests.begin("one", "a.py::second")
    assert tests.of("b") == "a.py::second"


def test_bucket_tells_which_of_several_sessions_sends(tests: RunningTests) -> None:
    for name in ("one", "two"):
        tests.begin(name, f"a.py::{name}")
        tests.claim(name, f"bucket-{name}")
    assert tests.of("bucket-one") == "a.py::one"
    assert tests.of("bucket-two") == "a.py::two"
    assert tests.of("other") == ""  # either may have sent it


def test_ended_session_sends_nothing_and_has_no_buckets(tests: RunningTests) -> None:
    tests.begin("one", "a.py::one")
    tests.claim("one", "b")
    tests.end("one")
    assert tests.of("b") == ""
    tests.begin("two", "a.py::two")
    assert tests.of("b") == "a.py::two"
    tests.end("none")  # it need not exist


def test_session_that_says_nothing_more_ends(tests: RunningTests, clock: Clock) -> None:
    tests.begin("one", "a.py::one", LEASE)
    clock.seconds = LEASE - 1
    assert tests.of("b") == "a.py::one"
    clock.seconds = LEASE
    assert tests.of("b") == ""
    clock.seconds = LEASE + 1
    tests.begin("two", "a.py::two", LEASE)
    assert tests.of("b") == "a.py::two"


def test_sessions_and_their_buckets_have_a_bound(
    tests: RunningTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oss_emulator.control.running_tests.MOST", 2)
    for name in ("one", "two", "three"):
        tests.begin(name, f"a.py::{name}")
        tests.claim(name, f"bucket-{name}")
    assert [tests.of(f"bucket-{name}") for name in ("one", "two", "three")] == [
        "",
        "a.py::two",
        "a.py::three",
    ]
    for bucket in ("b", "c"):
        tests.claim("two", bucket)
    assert [tests.of(name) for name in ("bucket-two", "b", "c")] == ["", "a.py::two", "a.py::two"]
