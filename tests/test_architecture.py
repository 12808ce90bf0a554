"""The architecture as tests: what may know what, and the tables that must be whole."""

import ast
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
def test_each_module_says_what_it_is(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_an_operation_is_asked_for_in_one_way_only() -> None:
    asked = [(item.method, item.resource, item.subresource, item.header) for item in OPERATIONS]
    assert len(asked) == len(set(asked))


def test_every_subresource_of_an_operation_is_known() -> None:
    # list-type is a parameter whose value chooses between two versions of one operation.
    asked = {item.subresource.partition("&")[0] for item in OPERATIONS} - {"", "list-type"}
    assert asked <= SUBRESOURCES


def test_service_operations_are_never_about_a_bucket() -> None:
    for item in OPERATIONS:
        assert item.resource is not Resource.SERVICE or item.permission.value == "own"


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_rows_of_the_error_table_are_whole(code: Code) -> None:
    row = code.value
    assert row.code.isalnum()
    assert 200 < row.status < 600
    assert row.message or row.status == 304
    assert not row.ec or (len(row.ec) == 13 and row.ec[4] == "-")
