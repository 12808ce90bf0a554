"""The architecture as tests: docstrings, and tables that must be complete."""

import ast
import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path

import oss_emulator
import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.call import Call
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.operations.operation import Resource
from oss_emulator.protocol.parameters import SUBRESOURCES
from oss_referer.commands import RULES, TRAFFIC

ROOT = Path(oss_emulator.__file__).parents[1]
MODULES = sorted(ROOT.rglob("*.py"))


Nodes = list[ast.AST]
"""All nodes of a module, itself first."""


NAMED = re.compile(
    r"\b(aiohttp|asyncio|uvloop|tomllib|pickle|literal_eval|JSONDecoder|datetime)\b"
    r"|\bjson\.load|\b(from|import) (json|time)\b|\badmission(\.\w+)+[^\n=]*=[^=]"
)
"""The names that the rules below concern; modules without them need not be parsed."""


@pytest.fixture(scope="module")
def sources() -> Mapping[str, str]:
    """All modules of both packages."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}


@pytest.fixture(scope="module")
def trees(sources: Mapping[str, str]) -> Mapping[str, Nodes]:
    """The modules that a rule may concern, parsed once."""
    return {name: _parse(source) for name, source in sources.items() if NAMED.search(source)}


def _parse(source: str) -> Nodes:
    return list(ast.walk(ast.parse(source)))


def test_modules_have_docstrings(sources: Mapping[str, str]) -> None:
    begin = re.compile(r'r?"""[^"\s]')
    assert [name for name, source in sources.items() if not begin.match(source)] == []


def test_each_request_leads_to_one_operation() -> None:
    asked = [
        (item.method, item.resource, item.subresource, item.header, item.path)
        for item in (*OPERATIONS, *NOT_EMULATED)
    ]
    assert len(asked) == len(set(asked))


def test_subresources_of_operations_are_known() -> None:
    # list-type is a plain parameter that chooses between two versions of one operation.
    first = (item.subresource.partition("&")[0] for item in OPERATIONS)
    asked = {name.partition("=")[0] for name in first} - {"", "list-type"}
    assert asked <= SUBRESOURCES


def test_service_operations_need_the_permission_of_an_owner() -> None:
    for item in OPERATIONS:
        assert item.resource is not Resource.SERVICE or item.permission.value == "own"


def test_function_of_each_operation_takes_a_call() -> None:
    for item in OPERATIONS:
        parameters = list(inspect.signature(item.handler).parameters.values())
        assert [parameter.annotation for parameter in parameters] == [Call], item.name
        if item.gather is not None:
            assert len(inspect.signature(item.gather).parameters) == 1, item.name


def test_only_the_steps_fill_an_admission(trees: Mapping[str, Nodes]) -> None:
    filling = {name for name, tree in trees.items() if _fills_admission(tree)}
    assert filling
    assert {name for name in filling if not name.startswith("oss_emulator/pipeline/")} == set()


def _fills_admission(nodes: Nodes) -> bool:
    """Whether a module assigns to an attribute of a variable that it calls an admission."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value).rpartition(".")[2] == "admission"
        for node in nodes
    )


def test_no_two_classes_of_a_package_share_a_name(sources: Mapping[str, str]) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for name, source in sources.items():
        for kind in re.findall(r"^ *class (\w+)\b", source, re.MULTILINE):
            found.setdefault((name.partition("/")[0], kind), []).append(name)
    assert len(found) > 500
    assert {key: names for key, names in found.items() if len(names) > 1} == {}


CLOCKS = {"time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "datetime.today"}


def test_protocol_and_access_read_no_clock(trees: Mapping[str, Nodes]) -> None:
    """The time of a request is part of the request."""
    rooms = ("oss_emulator/protocol/", "oss_emulator/access/", "oss_referer/engine/")
    found = {
        name: CLOCKS.intersection(_names_of_libraries(tree))
        for name, tree in trees.items()
        if name.startswith(rooms)
    }
    assert found
    assert {name: clocks for name, clocks in found.items() if clocks} == {}


def test_each_command_about_rules_is_a_file() -> None:
    files = {path.stem for path in (ROOT / "oss_referer" / "commands").glob("*.py")}
    assert files == {"__init__", *RULES, *TRAFFIC}


RUN_ON_IMPORT = {"__main__", "sitecustomize"}
"""Modules that do something when they are imported; neither defines a class."""

READERS = {
    "oss_emulator/selecting/json_nodes.py": {"json.JSONDecoder"},  # by the limits of the service
    "oss_referer/extras.py": {"json.loads"},  # a file of pip
    "oss_referer/sources/json_text.py": {"json.JSONDecoder"},
    "oss_referer/sources/toml.py": {"tomllib.loads"},
    "oss_referer/texts/__init__.py": {"tomllib.loads"},  # a file of the package
}
"""The modules that may parse JSON and TOML, and how; all others must call these."""


def test_json_and_toml_are_read_within_limits_only(trees: Mapping[str, Nodes]) -> None:
    reading = {
        *("json.load", "json.loads", "json.JSONDecoder", "ast.literal_eval", "pickle.loads"),
        *("tomllib.load", "tomllib.loads"),
    }
    found = {name: set(_names_of_libraries(tree)) & reading for name, tree in trees.items()}
    assert {name: names for name, names in found.items() if names} == READERS


def _names_of_libraries(nodes: Nodes) -> list[str]:
    """Return the names that a module uses from other modules, such as `json.loads`."""
    found = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.append(f"{node.value.id}.{node.attr}")
    return found


LIBRARIES = {"aiohttp", "asyncio", "uvloop"}
"""Users of our plugin choose the versions of these, so only their public names are safe."""


def test_no_private_name_of_a_library_is_used(trees: Mapping[str, Nodes]) -> None:
    found = {name: _private_names(tree) for name, tree in trees.items()}
    assert {name: private for name, private in found.items() if private} == {}


def test_no_private_name_of_a_library_is_overridden() -> None:
    found = []
    for module in MODULES:
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts)
        if module.stem not in RUN_ON_IMPORT:
            found += _overridden(vars(importlib.import_module(name.removesuffix(".__init__"))))
    assert found == []


def _private_names(nodes: Nodes) -> list[str]:
    return _private_imports(nodes) + _private_attributes(nodes)


def _private_imports(nodes: Nodes) -> list[str]:
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and _is_library(node.module):
            found += [*str(node.module).split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found += alias.name.split(".") if _is_library(alias.name) else []
    return list(filter(_is_private, found))


def _private_attributes(nodes: Nodes) -> list[str]:
    """Return private attributes of names from the libraries, of their results and attributes."""
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if _is_library(node.module if isinstance(node, ast.ImportFrom) else alias.name)
    }
    if not imported:
        return []
    return [
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and _root(node) in imported
    ]


def _overridden(names: Mapping[str, object]) -> list[str]:
    """Return the private names of classes of the libraries that our classes override.

    Python itself adds `_abc_impl` to each subclass of an abstract class.
    """
    return [
        f"{defined.__name__}.{name}"
        for defined in names.values()
        if isinstance(defined, type) and not _is_library(defined.__module__)
        for name in filter(_is_private, vars(defined).keys() - {"_abc_impl"})
        if any(_is_library(base.__module__) and name in vars(base) for base in defined.__mro__)
    ]


def _is_library(name: str | None) -> bool:
    return name is not None and name.partition(".")[0] in LIBRARIES


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _root(node: ast.expr) -> str:
    """Return the name that a dotted expression begins with: `a` of `a.b().c`."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
