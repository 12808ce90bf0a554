"""docs/access.md agrees with the fixtures, the code and the facts that they cite."""

import re
from dataclasses import fields
from pathlib import Path

from oss_emulator.access import Accounts, accounts

from tests.docs.markdown import blocks
from tests.issuer import Issuer
from tests.unit.access.table import CASES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
FACTS = re.findall(r"^- \*\*(A-\d\d)\*\* (\S+)", TEXT, re.MULTILINE)


def test_facts_occur_once_in_order_and_are_documented_or_assumed() -> None:
    numbers = [number for number, _ in FACTS]
    assert numbers == sorted(set(numbers))
    assert all(basis.startswith(("(documented", "(assumed")) for _, basis in FACTS)


def test_page_states_exactly_the_facts_that_are_cited() -> None:
    files = [*(ROOT / "emulator").rglob("*.py"), *(ROOT / "fixtures" / "access").glob("*.toml")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert set(re.findall(r"\bA-\d\d\b", text)) == {number for number, _ in FACTS}


def test_each_fact_about_decisions_has_a_case() -> None:
    shown = {fact for case in CASES for fact in case.facts}
    # Other tests cover the facts about the list of actions, STS, denials and uploads.
    others = {"A-06", "A-13", "A-34", "A-42", "A-43", "A-50", "A-61", "A-70", "A-71"}
    assert shown == {number for number, _ in FACTS} - others


SAMPLE, FEDERATION = (block.text for block in blocks(TEXT) if block.language == "toml")


def test_sample_accounts_file_can_be_loaded() -> None:
    found = Accounts.parse(SAMPLE, token_key=b"key")
    assert found.owner.id == "1000000000000001"
    assert found.role("acs:ram::1000000000000001:role/uploader") is not None
    for key in ("owner", "rules-reader", "app", "payer"):
        assert found.key(key) is not None


def test_sample_with_an_oidc_provider_can_be_loaded() -> None:
    found = Accounts.parse(
        FEDERATION, {"jwks.json": Issuer().jwks.encode()}.__getitem__, token_key=b"key"
    )
    provider = "acs:ram::1000000000000001:oidc-provider/ci"
    assert found.oidc_provider(provider) is not None
    role = found.role("acs:ram::1000000000000001:role/deployer")
    assert role is not None
    assert role.trust.statements[0].principals.includes(provider)


def test_reference_names_all_members_and_policies() -> None:
    reference = TEXT.partition("| Table | Member | |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", reference))
    tables = (
        accounts.AccountTable,
        accounts.KeyTable,
        accounts.UserTable,
        accounts.RoleTable,
        accounts.OIDCProviderTable,
    )
    members = {item.name for table in tables for item in fields(table)}
    names = (members - {"key", "user", "role", "oidc_provider"}) | {"account"}
    assert named == names | set(accounts.SYSTEM_POLICIES)
