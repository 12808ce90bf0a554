"""The samples that can be tried in the page of the lab: which they are, and what they carry."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from docs.site import samples
from docs.site.lab.pages import bundle
from tests.docs.markdown import blocks

DOCS = Path(__file__).parents[2] / "docs"


class Sample(NamedTuple):
    """A sample of a page: its commands, what they print, and the fragment that carries it."""

    text: str
    printed: str
    link: str


def find(name: str) -> Iterator[Sample]:
    """Yield the samples of a page that can be tried."""
    reader = samples.Samples()
    markdown = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    run = [block for block in blocks(markdown) if not block.why_not_run]
    for block, after in itertools.pairwise(run):
        if block.language == "sh" and (sample := reader.read(block.text)):
            yield Sample(block.text, after.text, samples.link("sample", sample))


def unpack(link: str) -> Any:
    text = link.partition("=")[2]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.mark.parametrize(("name", "count"), [("rule-lab", 17), ("scenarios", 6), ("referer", 1)])
def test_both_languages_offer_the_same_samples(name: str, count: int) -> None:
    english = [unpack(sample.link) for sample in find(name)]
    assert len(english) == count
    assert [unpack(sample.link) for sample in find(f"zh/{name}")] == english


def test_sample_has_the_files_and_earlier_commands_that_it_needs() -> None:
    found = {sample.text: unpack(sample.link) for sample in find("rule-lab")}
    assert found["oss-emulator lint rules.xml\n"]["files"].keys() == {"rules.xml"}
    sample = next(found[text] for text in found if "oss-emulator test generated.xml" in text)
    hidden, *shown = sample["steps"]
    assert (hidden["to"], hidden["hidden"]) == ("generated.xml", True)
    assert [step["args"][0] for step in shown] == ["generate", "test"]


@pytest.mark.parametrize(
    "command",
    [
        "oss-emulator apply corrected.xml oss://examplebucket --yes",
        "oss-emulator check oss://examplebucket --no-referer",
        "sed s/a/b/ rules.xml | oss-emulator lint -",
        "oss-emulator lint rules.xml | grep error",
        "curl http://127.0.0.1:9000/",
    ],
)
def test_what_a_browser_cannot_do_is_not_offered(command: str) -> None:
    assert samples.Samples().read(f"{command}\n") is None


def test_program_becomes_a_case() -> None:
    case = samples.read_case(
        'RefererConfiguration(False, whitelist=("https://a.test/",))\np.decide("https://b.test/")'
    )
    assert case is not None
    assert case["rules"]["AllowEmptyReferer"] is False
    assert case["rules"]["RefererList"] == {"Referer": ["https://a.test/"]}
    assert case["referers"] == "https://b.test/"
    assert samples.read_case("print(1)") is None


def test_modules_become_one_script() -> None:
    made = bundle(
        {
            "a.js": "export const one = 1;\nexport async function two() {}\n",
            "b.js": 'import { one, two } from "./a.js";\nuse(one, two);\n',
        }
    )
    assert "export" not in made
    assert 'const { one, two } = modules["a.js"];' in made
    assert "return { one, two };" in made


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('import { gone } from "./a.js";', "does not export gone"),
        ('import "./a.js";', "cannot be bundled"),
        ("export default 1;", "cannot be bundled"),
    ],
)
def test_script_that_would_not_work_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        bundle({"a.js": "export const one = 1;", "b.js": text})
