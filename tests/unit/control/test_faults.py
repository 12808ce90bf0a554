"""The controls of a server: planned faults, the clock, and the tests that run."""

import time
from typing import Any

import pytest
from oss_emulator.control.controls import Clock
from oss_emulator.control.faults import FaultError, Faults, read
from oss_emulator.control.journal import LEASE, RunningTests
from oss_emulator.operations.admission import Admission
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request

from tests.rows import read_cases, rows

CASES = read_cases("unit.control")


def call(method: str = "GET", target: str = "/examplebucket/a.png") -> Admission:
    """Return an admitted request of the owner."""
    service = Service()
    service.handle(
        Request.parse("PUT", "/examplebucket", [("Host", "localhost")], time.time()),
        caller=service.accounts.owner,
    )
    request = Request.parse(method, target, [("Host", "localhost")], time.time())
    admitted = service.admit(request, service.accounts.owner)
    assert isinstance(admitted, Admission)
    return admitted


@rows("description, strikes", *CASES["fault_strikes_matching_requests"])
def test_fault_strikes_matching_requests(description: dict[str, Any], strikes: bool) -> None:
    faults = Faults()
    faults.add(read({"status": 500, **description}))
    assert (faults.match(call()) is not None) == strikes


def test_fault_strikes_every_third_request() -> None:
    faults = Faults()
    faults.add(read({"status": 500, "every": 3}))
    found = [faults.match(call()) is not None for _ in range(7)]
    assert found == [False, False, True, False, False, True, False]


def test_fault_is_removed_after_it_struck_often_enough() -> None:
    faults = Faults()
    planned = faults.add(read({"status": 500, "times": 2}))
    assert [faults.match(call()) is not None for _ in range(3)] == [True, True, False]
    assert (planned.fitted, planned.met) == (2, 2)
    assert faults.planned == []


def test_chance_repeats_after_faults_are_cleared() -> None:
    faults = Faults()

    def strikes() -> list[bool]:
        faults.clear()
        faults.add(read({"reset": True, "probability": 0.5}))
        return [faults.match(call()) is not None for _ in range(20)]

    first = strikes()
    assert first == strikes()
    assert 0 < sum(first) < 20


def test_first_fault_that_strikes_counts() -> None:
    faults = Faults()
    faults.add(read({"status": 500, "key": "none"}))
    second = faults.add(read({"code": "SlowDown", "status": 503}))
    third = faults.add(read({"status": 500}))
    met = faults.match(call())
    assert met is second.fault
    assert (second.met, third.fitted) == (1, 0)
    assert met.error is not None
    assert (met.error.code, met.error.status) == ("SlowDown", 503)


def test_faults_are_removed() -> None:
    faults = Faults()
    planned = faults.add(read({"status": 500}))
    assert faults.remove(planned.id)
    assert not faults.remove(planned.id)
    faults.add(read({"status": 500}))
    faults.clear()
    assert faults.match(call()) is None


@rows(
    ("description", "reason"),
    ({"colour": "red"}, "colour is unknown"),
    ({}, "has no effect; set one of status, case, latency"),
    ({"code": "SlowDown", "times": 1}, "has no effect"),
    ({"latency": 0.0, "cut_body": -1}, "has no effect"),
    ({"status": 500, "operation": "GetObjet"}, "called 'GetObjet'; use GetObject"),
    ({"status": 500, "operation": "putobject"}, "use PutObject"),
    ({"status": 500, "operation": "Gte*"}, "called 'Gte\\*'; use a name such as GetObject"),
    ({"case": "USER_DISABLED"}, "called 'USER_DISABLED'; use USER_DISABLE"),
    ({"every": 0}, "every must be from 1"),
    ({"every": 1.5}, "every must be of type int"),
    ({"every": True}, "every must be of type int"),
    ({"probability": 1.1}, "probability must be from 0 to 1"),
    ({"status": 200}, "status must be from 300 to 599"),
    ({"key": None}, "key must be of type str"),
    ({"reset": 1}, "reset must be of type bool"),
    ({"latency": -1}, "latency must be from 0"),
)
def test_invalid_description_is_explained(description: dict[str, Any], reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        read(description)


@rows("case, status, code, ec", *CASES["fault_answers_with_an_error_of_the_service_by_its_name"])
def test_fault_answers_with_an_error_of_the_service_by_its_name(
    case: str, status: int, code: str, ec: str
) -> None:
    error = read({"case": case}).error
    assert error is not None
    assert (error.status, error.code, error.ec) == (status, code, ec)
    assert error.message in ("UserDisable", "SealAppendable is not supported.")


def test_throttling_delays_and_names_the_delay() -> None:
    """S-01: the answer names the milliseconds."""
    fault = read({"throttle": 250})
    assert (fault.throttle, fault.error) == (250, None)
    with pytest.raises(FaultError, match="throttle must be from 0 to"):
        read({"throttle": -1})


# --- The clock


def test_clock_ticks_like_the_machine_when_it_is_shifted_or_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    for shift in (0.0, 3600.0, -3600.0, 0.5):
        clock = Clock()
        clock.shift = shift
        assert clock.now() == now[0] + shift
        now[0] += 5
        assert clock.now() == now[0] + shift
    clock.set(2_000_000_000.0)
    assert (clock.now(), clock.shift) == (2_000_000_000.0, 2_000_000_000.0 - now[0])
    now[0] += 5
    assert clock.now() == 2_000_000_005.0


# --- Which test sent a request: by the session of its bucket, or because only one session runs


class Seconds:
    """A clock that a test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def tests(seconds: Seconds) -> RunningTests:
    return RunningTests(seconds)


def test_only_session_sends_everything(tests: RunningTests) -> None:
    assert tests.of("b") == ""
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


def test_session_ends_without_a_sign_of_life(tests: RunningTests, seconds: Seconds) -> None:
    tests.begin("one", "a.py::one", LEASE)
    seconds.seconds = LEASE - 1
    assert tests.of("b") == "a.py::one"
    seconds.seconds = LEASE
    assert tests.of("b") == ""
    seconds.seconds = LEASE + 1
    tests.begin("two", "a.py::two", LEASE)
    assert tests.of("b") == "a.py::two"


def test_sessions_and_their_buckets_have_a_bound(
    tests: RunningTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oss_emulator.control.journal.MOST", 2)
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
