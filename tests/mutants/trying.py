"""Tests of mutants, each in a process of its own that is forked from one with all of it loaded.

No file is changed. The code of a function is replaced after the tests are collected, so that
nothing is loaded twice. What survives that, or is not in a function, is tried once more from the
import of its module on, since what a module does when it is imported may tell as well.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import mmap
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutants.making import Mutant

LIBRARIES = """
_hypothesis_pytestplugin aiohttp alibabacloud_oss_v2 boto3 cryptography.x509 duckdb hypothesis
hypothesis.strategies jinja2 lxml.etree lxml.html oss2 PIL.Image pyarrow pytest_aiohttp
pytest_asyncio requests xdist yaml
""".split()
"""What the tests import, loaded once."""

MEMORY = 4 * 1024**3
"""Bytes of address space; a mutant may ask for more than there is."""

FIRST = 600
"""Seconds of processor time for tests without a mutant."""

COLLECTION = 15
"""Seconds of processor time for the collection of tests."""

PATIENCE = 60
"""Seconds to wait for one second of processor time: others may be using the machine."""

_ALIVE = b"alive"


class TestsError(Exception):
    """Tests that fail without any mutant."""


def load_libraries() -> None:
    """Load what the tests import, but nothing of the package."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in list(sys.modules):
        if name.partition(".")[0] == "oss_emulator":
            del sys.modules[name]


class Trial:
    """Tests that a module has to pass."""

    def __init__(self, tests: Path, module: str, path: Path) -> None:
        self.tests, self.module, self.path = tests, module, path
        self._seconds = FIRST
        """Processor time that the tests may take: three times what they take without a mutant."""

    def survivors(self, made: Sequence[Mutant]) -> list[Mutant]:
        """Return the mutants that pass, with all that are not in a function.

        Raises `TestsError`.
        """
        if not made:
            return []
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _end(partial(_collect, self.tests, _Session(self, made, writing)))
        os.close(writing)
        with os.fdopen(reading, "rb") as results:
            words = results.read().split()
        os.waitpid(child, 0)
        if len(words) != 1 + len(made):
            raise TestsError(f"{self.tests} fails without any mutant")
        self._seconds = int(words[0])
        return [mutant for mutant, word in zip(made, words[1:], strict=True) if word == _ALIVE]

    def survives_import(self, mutant: Mutant) -> bool:
        """Return whether a mutant passes that is there when its module is imported."""
        finder = _Finder(self.module, self.path, mutant.text)
        return _passes(self._seconds + COLLECTION, partial(_import, self.tests, finder))


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
    """Run in a forked process, which says nothing, and end it."""
    code = 3
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = run()
    finally:
        os._exit(code)


def _collect(tests: Path, *plugins: object) -> int:
    options = "-q -x -n 0 -s -p no:cacheprovider --assert=plain".split()
    return int(pytest.main([*options, str(tests)], [_Hasty(), *plugins]))


class _Hasty:
    """A plugin that makes Hypothesis end with the first example that fails, however large."""

    def pytest_sessionstart(self) -> None:
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("hasty", settings.default, phases=phases)
        settings.load_profile("hasty")


# --- Mutants of functions


class _Session:
    """A plugin that runs the tests that were collected once for each mutant, in a fork.

    What killed one mutant often kills the next as well, so that test runs first.
    """

    def __init__(self, trial: Trial, made: Sequence[Mutant], results: int) -> None:
        self._trial, self._made, self._results = trial, made, results
        self._failed = mmap.mmap(-1, 8)
        """The place of the test that failed, which the fork tells."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        before = _processor_time()
        if not _passes(FIRST, partial(self._run, session)):
            return True
        seconds = int(3 * (_processor_time() - before)) + 2
        os.write(self._results, b"%d " % seconds)
        module = importlib.import_module(self._trial.module)
        for mutant in self._made:
            replaced = _replacement(module, self._trial.path, mutant)
            alive = replaced is None or _passes(seconds, partial(self._run, session, *replaced))
            os.write(self._results, _ALIVE + b" " if alive else b"killed ")
            if not alive:
                place = int.from_bytes(self._failed[:])
                session.items.insert(0, session.items.pop(place))
        return True

    def _run(
        self,
        session: pytest.Session,
        function: FunctionType | None = None,
        code: CodeType | None = None,
    ) -> int:
        """Run the tests until one fails, with the code of a function replaced."""
        if function is not None and code is not None:
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


def _replacement(
    module: ModuleType, path: Path, mutant: Mutant
) -> tuple[FunctionType, CodeType] | None:
    """Return the function that holds the changed line and its new code; None if none does."""
    source = ast.parse(path.read_text(encoding="utf-8"))
    names = _names(source.body, mutant.number)
    if not names:
        return None
    found: Any = module
    for name in names:
        found = vars(found).get(name)
        if found is None:
            return None
    function = _unwrap(found)
    codes = _codes(compile(mutant.text, str(path), "exec", dont_inherit=True))
    if not isinstance(function, FunctionType):
        return None
    old = function.__code__
    for code in codes:
        if (code.co_qualname, code.co_firstlineno) == (old.co_qualname, old.co_firstlineno):
            return (function, code) if code.co_freevars == old.co_freevars else None
    return None


def _names(body: Sequence[ast.stmt], number: int) -> list[str]:
    """Return the names of the classes and of the function whose body holds a line."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef):
            continue
        if not node.body[0].lineno <= number <= (node.end_lineno or 0):
            continue
        if isinstance(node, ast.FunctionDef):
            return [node.name]
        inner = _names(node.body, number)
        return [node.name, *inner] if inner else []
    return []


def _unwrap(found: Any) -> Any:
    """Take off what decorators put around a function."""
    for around in ("__func__", "fget", "func"):
        found = getattr(found, around, found)
    return inspect.unwrap(found)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


# --- Mutants that are seen when their module is imported


def _import(tests: Path, finder: _Finder) -> int:
    sys.meta_path.insert(0, finder)
    return _collect(tests)


class _Finder(MetaPathFinder):
    """Finds the one module that is a mutant."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self._name, self._path, self._text = name, path, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._path), self._text)
        folder = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return spec_from_file_location(
            fullname, self._path, loader=loader, submodule_search_locations=folder
        )


class _Loader(SourceFileLoader):
    """Loads a module from a text that is not in its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec", dont_inherit=True)
