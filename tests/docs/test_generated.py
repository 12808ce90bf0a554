"""Generated pages agree with the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import alibabacloud_oss_v2
from oss_emulator.operations import OPERATIONS

from tests.docs.fidelity import FACTS, PAGES, ROOT, render
from tests.docs.operations import PAGE
from tests.docs.operations import render as render_operations
from tests.docs.phrases import DOCS
from tests.docs.phrases import PAGES as PHRASED
from tests.docs.phrases import render as render_phrases
from tests.recorded.test_recorded import EXPECTED, RECORDING
from tests.rows import rows

# --- docs/fidelity.md agrees with the recorded answers and with the pages that state facts


@rows("page", *PAGES)
def test_tables_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert render(text, PAGES[page]) == text, "`make docs` writes them"


@rows("page", *PAGES, ROOT / "README.md", ROOT / "README.zh-CN.md")
def test_page_states_how_many_answers_are_equal(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    answers = sum(len(recorded.steps) for recorded in RECORDING.scenarios)
    assert str(answers) in text
    assert str(answers - len(EXPECTED)) in text


def test_every_fact_says_its_basis() -> None:
    for name, letters in FACTS.items():
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stated = re.findall(rf"^- \*\*([{letters}]-\d\d)\*\* (.)", text, re.MULTILINE)
        assert len(stated) > 10
        assert [number for number, first in stated if first != "("] == []


# --- docs/operations.md agrees with the table of operations


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_operations(OPERATIONS), (
        "`make docs` writes it"
    )


# --- The Chinese of generated pages is made from the English text and a list of phrases


@rows("name", *PHRASED)
def test_chinese_page_is_made_from_the_english_one(name: str) -> None:
    page = (DOCS / "zh" / f"{name}.md").read_text(encoding="utf-8")
    assert page == render_phrases(name), "`make docs` writes it"


@rows("name", "browser", "operations")
def test_every_phrase_is_used(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    phrases = tomllib.loads(PHRASED[name].read_text(encoding="utf-8"))
    assert [phrase for phrase in phrases if "{" not in phrase and phrase not in text] == []


# --- docs/operations.md has every operation of the SDKs, whether it is emulated or not

FIXTURE = Path(__file__).parents[2] / "fixtures" / "operations" / "go-v2.toml"


# SDKs write `Acl` and `ACL`, `DataPipeline` and `DataPipeLine`.
ROWS = re.findall(r"^\| (\w+) \| `.* \| ([^|]+) \| [^|]+ \|$", PAGE.read_text("utf-8"), re.M)
STATUS = {name.lower(): status for name, status in ROWS}


def test_page_has_every_operation_of_sdk_v2_for_go() -> None:
    listed = tomllib.loads(FIXTURE.read_text("utf-8"))["operations"].split()
    assert len(listed) > 200
    assert [name for name in listed if name.lower() not in STATUS] == []


def test_page_has_every_operation_of_sdk_v2_for_python() -> None:
    folder = Path(alibabacloud_oss_v2.__file__).parent
    sources = (path.read_text("utf-8") for path in folder.rglob("operations/*.py"))
    names = {name for source in sources for name in re.findall(r"op_name='(\w+)'", source)}
    assert len(names) > 200
    assert sorted(name for name in names if name.lower() not in STATUS) == []
