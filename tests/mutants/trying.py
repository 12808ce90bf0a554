"""Runs tests against mutants, each in a fork of a process that has loaded the tests.

No file is changed. The code of a function is replaced after the tests are collected, so that
nothing is loaded twice. A mutant that survives this, or is not in a function, is tried again by
importing its module, because the effects of the import may kill it as well.
"""

from __future__ import annotations

import gc
import importlib
import mmap
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from hypothesis import Phase, settings

from tests.mutants.making import Mutant
from tests.mutants.survivors import PACKAGES

LIBRARIES = """
_hypothesis_pytestplugin aiohttp alibabacloud_oss_v2 boto3 cryptography.x509 duckdb hypothesis
hypothesis.strategies jinja2 lxml.etree lxml.html oss2 PIL.Image pyarrow pytest_aiohttp
pytest_asyncio requests xdist yaml
""".split()
"""What the tests import, loaded once."""

MEMORY = 4 * 1024**3
"""Bytes of address space; a mutant may request more memory than the machine has."""

FIRST = 600
"""Seconds of CPU time for tests without a mutant."""

COLLECTION = 15
"""Seconds of CPU time for the collection of tests."""

PATIENCE = 20
"""Seconds to wait for one second of CPU time: others may be using the machine."""

_ALIVE = "alive"


class TestsError(Exception):
    """Tests that fail without any mutant."""


def load_libraries() -> None:
    """Load the imports of the tests, except for those from the packages."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in list(sys.modules):
        if name.partition(".")[0] in PACKAGES:
            del sys.modules[name]


@dataclass(frozen=True)
class Trial:
    """The tests of a room, which a module has to pass."""

    module: str
    path: Path
    tests: Sequence[Path]

    def survivors(self, made: Sequence[Mutant]) -> list[Mutant]:
        """Return the mutants that pass; raises `TestsError`."""
        if not made:
            return []
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _end(partial(_collect, self.tests, _Session(self, made, writing)))
        os.close(writing)
        with os.fdopen(reading) as results:
            words = results.read().split()
        os.waitpid(child, 0)
        if len(words) != 1 + len(made):
            raise TestsError(
                f"the tests of {self.module} fail without mutants, or in another order"
            )
        seconds = int(words[0]) + COLLECTION
        return [
            mutant
            for mutant, word in zip(made, words[1:], strict=True)
            if word == _ALIVE and _passes(seconds, partial(_import, self, mutant))
        ]


def _passes(seconds: int, run: Callable[[], int]) -> bool:
    """Run tests in a new process, with limits; return whether they pass."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(PATIENCE * seconds)
        _end(run)
    _, status = os.waitpid(child, 0)
    return status == 0


def _end(run: Callable[[], int]) -> None:
    """Run in a forked process, without output, and end the process."""
    code = 3
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = run()
    finally:
        os._exit(code)


def _collect(tests: Sequence[Path], *plugins: object) -> int:
    options = "-q -x -n 0 -s --tb=native -p no:cacheprovider --assert=plain".split()
    return int(pytest.main([*options, *map(str, tests)], [_Hasty(), *plugins]))


class _Hasty:
    """A plugin that makes Hypothesis stop at the first failing example, without shrinking it."""

    def pytest_sessionstart(self) -> None:
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("hasty", settings.default, phases=phases)
        settings.load_profile("hasty")


# --- Mutants of functions


class _Session:
    """A plugin that collects the tests once and runs them in a fork for each mutant.

    The test that killed one mutant often kills the next one as well, so it runs first.
    """

    def __init__(self, trial: Trial, made: Sequence[Mutant], results: int) -> None:
        self._trial, self._made, self._results = trial, made, results
        self._failed = mmap.mmap(-1, 8)
        """The index of the failed test, which the fork writes."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        before = _processor_time()
        if not _passes(FIRST, partial(self._run, session, [])):
            return True
        seconds = int(3 * (_processor_time() - before)) + 2
        functions, old = _functions(path := self._trial.path), _codes(path)
        words = [str(seconds)]
        for mutant in self._made:
            replaced = _replaced(functions, old, _codes(path, mutant.text))
            alive = not replaced or _passes(seconds, partial(self._run, session, replaced))
            words.append(_ALIVE if alive else "killed")
            if not alive:
                place = int.from_bytes(self._failed[:])
                session.items.insert(0, session.items.pop(place))
        if _passes(FIRST, partial(self._run, session, [])):  # in any order
            os.write(self._results, " ".join(words).encode())
        return True

    def _run(self, session: pytest.Session, replaced: list[tuple[FunctionType, CodeType]]) -> int:
        """Run the tests until one fails, with the code of functions replaced."""
        for function, code in replaced:
            function.__code__ = code
        for place, item in enumerate(session.items):
            self._failed[:] = place.to_bytes(8)
            following = [*session.items[place + 1 : place + 2], None][0]
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _functions(path: Path) -> list[FunctionType]:
    """Return the functions of a file that exist in this process."""
    gc.unfreeze()  # frozen objects are not listed
    found = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
    gc.freeze()
    return [function for function in found if function.__code__.co_filename == str(path)]


def _replaced(
    functions: list[FunctionType], old: list[CodeType], new: list[CodeType]
) -> list[tuple[FunctionType, CodeType]]:
    """Return the functions whose code differs, each with its new code."""
    if len(old) != len(new):
        return []
    changed = {
        _place(before): after
        for before, after in zip(old, new, strict=True)
        if before != after and before.co_freevars == after.co_freevars
    }
    places = ((function, _place(function.__code__)) for function in functions)
    return [(function, changed[place]) for function, place in places if place in changed]


def _place(code: CodeType) -> tuple[object, ...]:
    """Return a key of code within its file; running the code does not change the key."""
    return tuple(code.co_positions())


def _codes(path: Path, text: str = "") -> list[CodeType]:
    """Compile a file or a replacement for its text; return its code and all nested code."""
    text = text or path.read_text(encoding="utf-8")
    found = [compile(text, str(path), "exec", dont_inherit=True)]
    for code in found:
        found.extend(inner for inner in code.co_consts if isinstance(inner, CodeType))
    return found


# --- Mutants that show when their module is imported


def _import(trial: Trial, mutant: Mutant) -> int:
    """Run the tests with a mutant in place of its module."""
    get_code = SourceFileLoader.get_code

    def get_mutated(loader: SourceFileLoader, name: str) -> CodeType | None:
        if name != trial.module:
            return get_code(loader, name)
        return compile(mutant.text, loader.path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_mutated  # type: ignore[assignment]
    return _collect(trial.tests)
