"""The documentation site and the lab in it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import oss_emulator.testing
import oss_referer
import pytest
from oss_emulator import cli
from oss_referer.__main__ import PROGRAM

from docs.site.lab import build, pages, runner
from docs.site.samples import COMMANDS
from tests.requirements import require
from tests.rows import read_cases, rows

CASES = read_cases("others.docs")

# --- The reference of the packages

API = Path(__file__).parents[2] / "docs" / "site" / "api"


@rows("package", oss_referer, oss_emulator.testing)
def test_reference_names_all_that_is_public(package: ModuleType) -> None:
    name = package.__name__
    page = (API / f"{name.rpartition('.')[2]}.rst").read_text(encoding="utf-8")
    missing = [item for item in package.__all__ if f":: {name}.{item}\n" not in page]
    assert set(missing) <= {"Emulator"}  # it has its own page


# --- The lab of the site: what it may import, what is shipped, and that Python imports it all

PACKAGE = Path(oss_referer.__file__).parent
NOT_HERE = (
    "__main__.py",
    "commands/",
    *(f"traffic/{name}" for name in ("batches", "duck", "engine", "gate", "layout")),
    *(f"traffic/{name}" for name in ("log_files", "remedies", "report", "spark", "statements")),
    "sources/bucket",
    "terminal/",
)
"""Modules that the page does not need, or only for some commands."""

ON_FIRST_USE = {
    "search/url.py": {"ada_url", "js", "pyodide"}  # one or the other
}
"""Modules that are imported inside functions and may be missing."""

CANNOT_RUN = {
    *("asyncio", "concurrent", "ctypes", "fcntl", "http", "mmap", "multiprocessing", "resource"),
    *("select", "signal", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "threading"),
}
"""Modules of the standard library that need what browsers do not have."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(NOT_HERE):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module, name: str) -> Iterator[str]:
    """Yield what a module imports outside of `if TYPE_CHECKING`."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If))
    unused = [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]
    skipped = {node for block in unused for node in ast.walk(block)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ["oss_referer", *Path(name).parts[: -node.level]] if node.level else []
            place = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{place}.{alias.name}" for alias in node.names)


def forbidden(tree: ast.Module, name: str, ours: frozenset[str]) -> list[str]:
    """Return the imports of a module that do not exist, or cannot run, in a browser."""
    shipped = sys.stdlib_module_names - CANNOT_RUN - build.NOT_SHIPPED
    shipped |= set(build.LIBRARIES.values()) | ON_FIRST_USE.get(name, set())
    return [
        found
        for found in imports(tree, name)
        if not (
            {found, found.rpartition(".")[0]} & ours
            if found.startswith("oss_referer")
            else found.partition(".")[0] in shipped
        )
    ]


def test_lab_imports_only_what_runs_in_a_browser() -> None:
    ours = build.select_modules() - {"oss_referer"}
    found = {name: forbidden(tree, name, ours) for name, tree in modules()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_each_command_that_needs_no_server_is_shipped() -> None:
    needs = {"apply", "replay", "review"}  # a service, or access logs
    assert {*COMMANDS} == PROGRAM.commands.keys() - needs
    assert cli.PROGRAM.commands.keys() - PROGRAM.commands.keys() == runner.SERVER


def test_each_error_of_the_script_is_that_of_the_page() -> None:
    script = (build.HERE / "lab.js").read_text(encoding="utf-8")
    newer = script[script.index("const NEWER") : script.index("const PARTS")]
    errors = script[script.index("const ERRORS = {") : script.index("const fail =")]
    show = """
        const said = Object.entries(ERRORS).map(([code, say]) => [code, say("{said}")]);
        console.log(JSON.stringify(Object.fromEntries(said)));
    """
    command = [require("node"), "--eval", newer + errors + show]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {**pages.errors("en"), "refused": "{said}"}


IMPORT = CASES["import"]


@pytest.fixture(scope="module")
def parts() -> Mapping[str, bytes]:
    """The files that the worker unpacks."""
    require("npm")
    return build.parts(build.fetch_pyodide())


@pytest.mark.system
def test_python_in_node_imports_each_module(parts: Mapping[str, bytes], tmp_path: Path) -> None:
    for name in ("python_stdlib.zip", "lab.zip"):
        (tmp_path / name).write_bytes(parts[name])
    with zipfile.ZipFile(tmp_path / "lab.zip") as archive:
        files = [Path(name) for name in archive.namelist() if name.endswith((".py", ".pyc"))]
    names = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
    needed = ("runner", "oss_referer.lint.running", "oss_referer.commands.lint", "jinja2")
    assert {*needed} <= {*names}
    pyodide, library, lab = (
        build.fetch_pyodide(),
        *(str(tmp_path / name) for name in ("python_stdlib.zip", "lab.zip")),
    )
    done = subprocess.run(
        [require("node"), "--input-type=module", "-e", IMPORT, str(pyodide), library, lab],
        env={"NAMES": " ".join(names), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    failures = json.loads(done.stdout.splitlines()[-1])
    assert failures.keys() - MISSING == set(), failures


MISSING = {"oss_emulator.__main__"}
"""Modules that import what only CPython outside a browser has."""


@pytest.mark.system
def test_notices_name_whatever_is_shipped(parts: Mapping[str, bytes]) -> None:
    notices = build.notices(build.fetch_pyodide())
    libraries = (f"{name} {distribution(name).version}" for name in build.LIBRARIES)
    for name in ("Pyodide 314.", "Python 3.14", "public suffix list", *libraries):
        assert name in notices
    for text in ("Mozilla Public License, version 2.0", "PSF hereby", "Pallets"):
        assert text in notices
    for part in parts:
        assert part in notices


def test_site_and_lab_are_built_without_what_tests_need(tmp_path: Path) -> None:
    for target in ("site", "lab"):
        command = (require("make"), "--dry-run", f"VENV={tmp_path}", target)
        done = subprocess.run(
            command, cwd=API.parents[2], capture_output=True, text=True, check=True
        )
        assert re.findall(r"--editable '([^']*)'", done.stdout) == [".[site]"]
