"""SQL of DuckDB: nothing of a request stands in it but what its parser made."""

from __future__ import annotations

import re

import pytest
from oss_emulator.protocol.select import Output
from oss_emulator.selecting.checking import check
from oss_emulator.selecting.parsing import parse
from oss_emulator.selecting.translation import Plan, translate

from tests.unit.selecting.cases import CASES, Case

NAMES = re.compile(r"'(?:[^']|'')*'|\$v\d+|[A-Za-z_]+\d*|\d+")
KNOWN = set(
    """
    AND AS BETWEEN BIGINT BOOLEAN CASE CAST DECIMAL DOUBLE ELSE END FALSE FROM IN IS NOT NULL OR
    SELECT THEN TIMESTAMP TRUE TRY TRY_CAST VARCHAR WHEN WHERE bad coalesce fits lower n nullif o p
    regexp_full_match row rows to_exact to_integer to_real trunc w 0 18 38 's' 'n' 'b' 'j' 'true'
    'false' ''
    """.split()
)


def plan(case: Case) -> Plan | None:
    """Translate the statement of a case that the service accepts."""
    if case.code:
        return None
    statement = parse(case.sql)
    check(statement, Output(), json=case.form != "csv")
    return translate(statement, json=case.form != "csv", all_columns=True, partial=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sql_has_only_known_words(case: Case) -> None:
    found = plan(case)
    if found is None:
        return
    words = set(NAMES.findall(found.sql))
    assert {word for word in words if not re.fullmatch(r"[cdiknrtx]\d+|\$v\d+", word)} <= KNOWN
    assert {word[1:] for word in words if word.startswith("$")} == found.parameters.keys()


def test_constants_are_parameters() -> None:
    statement = parse("select _1 from ossobject where _2 = 'x''; --' and _3 in (5, 6.5)")
    found = translate(statement, json=False, all_columns=False, partial=False)
    assert "x'" not in found.sql
    assert set(found.parameters.values()) == {"x'; --", 5, 6.5}


def test_only_used_columns_are_read() -> None:
    statement = parse("select a, cast(b as int) from ossobject where c = 'x' and A = 'y'")
    found = translate(statement, json=False, all_columns=False, partial=False)
    assert [column.path for column in found.columns] == [("a",), ("b",), ("c",)]
    assert found.projected == {0}
    assert found.evaluated == {0, 1, 2}
