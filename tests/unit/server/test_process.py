"""A process that does one job after another, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.child import MIB, STACK, YIELD, Job
from oss_emulator.protocol.errors import OSSError
from oss_emulator.server.process import JobProcess

from tests.rows import read_cases
from tests.unit.server import jobs

CASES = read_cases("unit.server")

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def process() -> Iterator[JobProcess]:
    """The process of all tests; the last one kills it."""
    made = JobProcess()
    yield made
    made.kill()
    made.release()


def job(
    function: Callable[..., Iterator[Any]],
    *arguments: object,
    sources: int = 0,
    memory: int = 64,
    seconds: int = 60,
) -> Job:
    return Job(function, sources, arguments, memory, seconds)


def test_sources_are_read_and_pieces_come_in_order(process: JobProcess) -> None:
    sources = [iter([b"a", b"b"]), iter([b"c" * 300_000])]
    made = process.do(job(jobs.double, b".", sources=2), sources)
    assert list(made) == [b"aa", b"bb", b"c" * 600_000, b"."]
    assert not process.busy


def test_one_process_does_many_jobs(process: JobProcess) -> None:
    for text in ("one", "two"):
        assert list(process.do(job(jobs.say, text), [])) == [text]


def test_threads_of_a_job_have_the_usual_stack(process: JobProcess) -> None:
    assert list(process.do(job(jobs.stack), [])) == [0]


def test_error_of_the_service_arrives_whole(process: JobProcess) -> None:
    with pytest.raises(OSSError, match=r"NoSuchKey: No such thing\.") as caught:
        list(process.do(job(jobs.refuse), []))
    error = caught.value
    assert (error.status, error.ec, error.details) == (404, "0001", {"Key": "a"})
    assert list(process.do(job(jobs.say, "still here"), [])) == ["still here"]


def test_failure_arrives_with_its_traceback(process: JobProcess) -> None:
    with pytest.raises(RuntimeError, match=r"ZeroDivisionError: what a surprise") as caught:
        list(process.do(job(jobs.fail), []))
    assert "jobs.py" in str(caught.value)


def test_too_much_memory_ends_the_job_and_not_the_process(process: JobProcess) -> None:
    with pytest.raises(MemoryError):
        list(process.do(job(jobs.fill, 128 * MIB), []))
    assert list(process.do(job(jobs.fill, 16 * MIB), [])) == ["begun", f"{16 * MIB} bytes"]


def test_memory_can_be_widened_while_a_job_runs(process: JobProcess) -> None:
    made = process.do(job(jobs.fill, 128 * MIB), [])
    assert next(made) == "begun"
    process.widen(256)
    assert list(made) == [f"{128 * MIB} bytes"]


def test_process_yields_to_the_server(process: JobProcess) -> None:
    wanted = min(19, os.getpriority(os.PRIO_PROCESS, 0) + YIELD)
    assert list(process.do(job(jobs.priority), [])) == [wanted]


def test_interrupt_is_left_to_the_server(process: JobProcess) -> None:
    assert list(process.do(job(jobs.say, "ready"), [])) == ["ready"]
    process._process.send_signal(signal.SIGINT)
    assert list(process.do(job(jobs.say, "alive"), [])) == ["alive"]


def test_killed_process_ends_its_job_at_once(process: JobProcess) -> None:
    made = process.do(job(jobs.sleep), [])
    assert next(made) == "begun"
    threading.Timer(0.1, process.kill).start()
    with pytest.raises(EOFError):
        next(made)
    assert not process.took_its_time


SERVER = CASES["server"]


def test_busy_process_ends_with_a_server_that_is_killed() -> None:
    """The system then closes the pipes, and nothing kills the process."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"begun\n"
        server.kill()
        server.communicate(timeout=200)  # until the process, which shares stderr, has ended too


def test_stack_of_the_watching_thread_is_one_that_arm64_allows() -> None:
    assert STACK >= 128 * 1024  # PTHREAD_STACK_MIN of glibc there; Python refuses less
