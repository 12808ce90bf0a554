"""The tables of fixtures/access: permissions by policies and ACLs."""

import pytest
from oss_emulator.access import AccessReason, Kind, Permission, authorize

from tests.unit.access.table import CASES, FOLDER, OWNER, PERMISSIONS, TABLES, Case, Table

EACH_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.table}: {case.name}")

# The cases that ownership and ACLs decide without facts.
PLAIN = [
    case
    for case in CASES
    if case.caller.kind is Kind.ACCOUNT
    and not (case.bucket or case.block_public or case.requester_pays)
    and len(case.actions) == 1
]


def test_each_file_of_tables_is_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(TABLES)


@EACH_CASE
def test_case(case: Case) -> None:
    verdict = case.run()
    told = ("allow" if verdict.allowed else "deny", verdict.reason.name.lower())
    assert told == (case.verdict, case.reason)
    if case.statement is not None:
        assert verdict.statement is not None
        assert verdict.statement.place.endswith(f"Statement[{case.statement}]")


def test_each_reason_has_a_case() -> None:
    elsewhere = {"access_point_policy"}  # tests/unit/operations/test_access_point.py
    reasons = {reason.name.lower() for reason in AccessReason}
    assert {case.reason for case in CASES} == reasons - elsewhere


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_each_policy_of_a_table_is_used(table: Table) -> None:
    used = {name for case in table.cases for name in (*case.ram, case.session, case.bucket)}
    assert set(table.policies) == used - {""}


@pytest.mark.parametrize("case", PLAIN, ids=[case.name for case in PLAIN])
def test_decision_without_facts_is_the_same(case: Case) -> None:
    permission = PERMISSIONS.get(case.actions[0], Permission.OWN)
    short = authorize(case.caller, OWNER, permission, case.acl, case.object_acl)
    whole = case.run()
    assert (short.allowed, short.reason) == (whole.allowed, whole.reason)
