"""The architecture as tests: docstrings, and tables that must be complete."""

import ast
from collections import Counter
from pathlib import Path

import oss_emulator
import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Resource
from oss_emulator.protocol.errors import Code
from oss_emulator.protocol.parameters import SUBRESOURCES

ROOT = Path(oss_emulator.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_has_a_docstring(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


PENDING = {"Answer", "Page"}
"""Class names that may still occur twice; the set only shrinks."""


def test_class_names_are_unique() -> None:
    names = Counter(
        node.name
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, count in names.items() if count > 1} <= PENDING


def test_each_request_leads_to_one_operation() -> None:
    asked = [(item.method, item.resource, item.subresource, item.header) for item in OPERATIONS]
    assert len(asked) == len(set(asked))


def test_subresources_of_operations_are_known() -> None:
    # list-type is a plain parameter that chooses between two versions of one operation.
    asked = {item.subresource.partition("&")[0] for item in OPERATIONS} - {"", "list-type"}
    assert asked <= SUBRESOURCES


def test_service_operations_need_the_permission_of_an_owner() -> None:
    for item in OPERATIONS:
        assert item.resource is not Resource.SERVICE or item.permission.value == "own"


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_row_of_the_error_table_is_complete(code: Code) -> None:
    row = code.value
    assert row.code.isalnum()
    assert 200 < row.status < 600
    assert row.message or row.status == 304
    assert not row.ec or (len(row.ec) == 13 and row.ec[4] == "-")
