"""The cases of the help pages of ECs name their sources, and each EC of the server its basis."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path

from tests.recorded.test_recorded import ERRORS, FOLDER

EC = r"00\d\d-0000\d{4}"
CASES = [(each.name.partition(":")[0], each.steps[-1].answer) for each in ERRORS.scenarios]
PAGES = tomllib.loads((FOLDER / "errors.toml").read_text(encoding="utf-8"))
UNPLAYED = {
    page.rpartition("/")[2]: (page, item["reason"])
    for item in PAGES["unplayed"]
    for page in item["pages"]
}
"""The pages that cannot be played, each with the reason, by EC."""


class ECBasis(StrEnum):
    """The evidence that the service answers with an EC, the strongest first."""

    RECORDED = "recorded"
    """It is in a recorded answer (fixtures/recorded/blob.json)."""
    PAGE = "page"
    """It has a help page (errors.json or errors.toml in fixtures/recorded)."""
    SUITE = "suite"
    """It is in the tests of an SDK."""
    ASSUMED = "assumed"
    """None of these: it was chosen, or its page is not kept here."""


BASES = {ec: ECBasis(name) for name, text in PAGES["basis"].items() for ec in text.split()}


def basis_of(ec: str) -> ECBasis:
    """Return the evidence that the service answers with an EC; most have a help page."""
    return BASES.get(ec, ECBasis.PAGE)


def ecs_of_the_server() -> set[str]:
    """Return the ECs in strings and after marks of schemas; those of images lack the module."""
    package = Path(__file__).parents[2] / "emulator"
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    images = (package / "oss_emulator/protocol/process.py").read_text(encoding="utf-8")
    ends = re.findall(r'(?:_ec\("|[ ?!])([0-9]{3})(?:"\)|$| (?=[?!]))', images, re.MULTILINE)
    written = {ec for source in sources for ec in re.findall(f'["?*!~<]({EC})', source)}
    return written.union(re.findall(f" ({EC})", images), (f"0040-00000{end}" for end in ends))


def test_each_case_is_named_by_its_ec_and_gets_it() -> None:
    for ec, answer in CASES:
        assert re.fullmatch(EC, ec)
        assert f"Error/EC={ec}" in answer.xml, ec


def test_each_case_names_its_page() -> None:
    cases = [(item["source"], item.get("reason", ".")) for item in ERRORS.document["scenarios"]]
    address = r"https://[a-z.]+/(help|zh|en|document_detail)/(.+/)?(00\d\d-0000\d{4}|[0-9]+\.html)"
    for page, reason in (*cases, *UNPLAYED.values()):
        assert re.fullmatch(address, page), page
        assert reason.endswith("."), page


def test_pages_that_are_not_played_have_no_case() -> None:
    assert UNPLAYED.keys().isdisjoint(ec for ec, _ in CASES)


def test_each_ec_of_the_server_says_its_basis() -> None:
    """Recorded answers and pages prove themselves; the basis of other ECs is stated."""
    ecs = ecs_of_the_server()
    recorded = set(re.findall(EC, (FOLDER / "blob.json").read_text(encoding="utf-8")))
    pages = {ec for ec, _ in CASES} | UNPLAYED.keys()
    stated = {basis: {ec for ec in ecs if basis_of(ec) is basis} for basis in ECBasis}
    assert stated[ECBasis.RECORDED] == recorded & ecs
    assert stated[ECBasis.PAGE] == (pages - recorded) & ecs


def test_only_ecs_of_the_server_have_a_basis() -> None:
    assert BASES.keys() <= ecs_of_the_server()
