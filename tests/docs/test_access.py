"""docs/access.md: its tables are those of the fixtures, its facts those that are cited."""

import re
from pathlib import Path

from oss_emulator.access import Accounts, accounts

from tests.docs.access import PAGE, render
from tests.docs.markdown import blocks
from tests.unit.access.table import CASES

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")
FACTS = re.findall(r"^- \*\*(A-\d\d)\*\* (\S+)", TEXT, re.MULTILINE)


def test_tables_are_current() -> None:
    assert render(TEXT) == TEXT, "`make docs` writes them"


def test_facts_are_told_once_in_order_with_what_they_rest_on() -> None:
    numbers = [number for number, _ in FACTS]
    assert numbers == sorted(set(numbers))
    assert all(basis.startswith(("(documented", "(assumed")) for _, basis in FACTS)


def test_facts_that_are_cited_are_told_and_all_are_cited() -> None:
    files = [*(ROOT / "emulator").rglob("*.py"), *(ROOT / "fixtures" / "access").glob("*.toml")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert set(re.findall(r"\bA-\d\d\b", text)) == {number for number, _ in FACTS}


def test_facts_about_decisions_are_shown_by_cases() -> None:
    shown = {fact for case in CASES for fact in case.facts}
    # Those of the list of actions, of STS, of denials and of what is put have tests of their own.
    others = {"A-06", "A-13", "A-34", "A-42", "A-50", "A-61", "A-70", "A-71"}
    assert shown == {number for number, _ in FACTS} - others


def test_sample_is_an_accounts_file() -> None:
    (sample,) = [block.text for block in blocks(TEXT) if block.language == "toml"]
    found = Accounts.load(sample)
    assert found.owner.id == "1000000000000001"
    assert found.role("acs:ram::1000000000000001:role/uploader") is not None
    for key in ("owner", "rules-reader", "app", "payer"):
        assert found.key(key) is not None


def test_reference_names_all_members_and_policies() -> None:
    reference = TEXT.partition("| Table | Member | |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`(\w+)`", reference))
    members = {name for names in accounts._MEMBERS.values() for name in names}
    assert told == (members - {"key", "user", "role"}) | set(accounts.SYSTEM_POLICIES)
