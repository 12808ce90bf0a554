"""The cases of the help pages of ECs name their sources, and each EC of the server its basis."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path

from tests.recorded.test_recorded import ERRORS, FOLDER

EC = r"00\d\d-0000\d{4}"
CASES = [(each.name.partition(":")[0], each.steps[-1].answer) for each in ERRORS.scenarios]
UNPLAYED = {
    page.rpartition("/")[2]: (page, item["reason"])
    for item in tomllib.loads((FOLDER / "errors.toml").read_text(encoding="utf-8"))["unplayed"]
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


STATED = {
    ECBasis.RECORDED: """
        0012-00000202 0012-00000203 0015-00000101 0017-00000503 0026-00000001 0042-00000002
        0042-00000203 0042-00000212
    """,
    # In the tests of the SDKs for Go (V2), Java, Python (V1), Swift and Node.js.
    ECBasis.SUITE: """
        0002-00000226 0002-00000227 0002-00000902 0003-00000016 0003-00000801 0007-00000203
        0015-00000104 0015-00000204 0015-00000231 0015-00000301 0016-00000513 0016-00000719
        0016-00000801 0016-00000817 0016-00000828 0018-00000115 0026-00000011 0042-00000205
        0042-00000311 0044-00000308
    """,
    ECBasis.ASSUMED: """
        0002-00000005 0002-00000010 0002-00000061 0002-00000063 0002-00000066 0002-00000067
        0002-00000075 0002-00000080 0002-00000101 0002-00000103 0002-00000109 0002-00000110
        0002-00000111 0002-00000117 0002-00000207 0002-00000208 0002-00000211 0002-00000212
        0002-00000216 0002-00000220 0002-00000224 0002-00000232 0002-00000235 0002-00000302
        0002-00000305 0002-00000307 0002-00000407 0002-00000414 0002-00000417 0002-00000421
        0002-00000422 0002-00000425 0002-00000429 0002-00000705 0002-00000709 0002-00000715
        0003-00000005 0003-00000006 0003-00000101 0003-00000601 0003-00000602 0003-00000701
        0003-00001201 0003-00001401 0004-00000801 0005-00000403 0006-00000111 0007-00000010
        0007-00000013 0007-00000022 0007-00000024 0010-00000103 0015-00000001 0015-00000303
        0015-00000304 0016-00000001 0016-00000003 0016-00000004 0016-00000005 0016-00000606
        0016-00000715 0016-00000718 0016-00000815 0016-00000820 0016-00000825 0016-00000832
        0016-00000835 0016-00000836 0016-00000837 0016-00000839 0016-00000901 0017-00000001
        0017-00000101 0017-00000245 0017-00000255 0017-00000289 0017-00000502 0017-00000505
        0017-00000704 0017-00000804 0018-00000301 0026-00000002 0040-00000259 0044-00000001
        0044-00000007 0044-00000013 0044-00000304 0044-00000305 0044-00000306 0044-00000307
        0044-00000403 0048-00000001 0048-00000002 0048-00000100 0048-00000106 0048-00000107
        0048-00000108 0048-00000109 0048-00000110 0048-00000111 0048-00000112 0048-00000113
        0048-00000114 0052-00000101 0053-00000103 0053-00000109
    """,
}
BASES = {ec: basis for basis, text in STATED.items() for ec in text.split()}


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
