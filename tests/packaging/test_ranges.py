"""The version ranges in pyproject.toml: `make lowest` tests their lower bounds."""

import re
import tomllib
from pathlib import Path

from tests.docs.markdown import table

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOWEST = (ROOT / "tests" / "lowest.txt").read_text(encoding="utf-8")
TESTED = [*PROJECT["dependencies"]]
for extra in ("fast", "image", "lab", "replay", "testing"):
    TESTED += PROJECT["optional-dependencies"][extra]


def lower_bounds(requirements: list[str]) -> dict[str, tuple[int, ...]]:
    """Return the lower bound of each requirement, such as 4.9.2 for `lxml>=4.9.2,<7`."""
    found = (
        re.match(r"([a-z0-9-]+)(?:\[[a-z,]+\])?>=([0-9.]+),<\d+", text) for text in requirements
    )
    bounds = {match[1]: version(match[2]) for match in found if match}
    assert len(bounds) == len(requirements), requirements
    return bounds


def pins() -> dict[str, tuple[int, ...]]:
    """Return the lowest version of each package that tests/lowest.txt pins."""
    found = re.findall(r"^([a-z0-9-]+)==([0-9.]+)", LOWEST, re.MULTILINE)
    return {name: min(version(v) for n, v in found if n == name) for name, _ in found}


def version(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def test_dependencies_are_tested_at_their_lower_bounds() -> None:
    bounds = lower_bounds(TESTED)
    assert bounds == {name: pin for name, pin in pins().items() if name in bounds}


def test_tests_run_at_the_lower_bounds_of_their_tools() -> None:
    tools = {"hatchling", "pytest", "pytest-aiohttp", "pytest-asyncio", "pytest-xdist"}
    bounds = lower_bounds(PROJECT["optional-dependencies"]["dev"])
    pinned = pins()
    assert {name: pinned[name] for name in tools} == {name: bounds[name] for name in tools}


def test_extras_agree_on_a_range() -> None:
    ranges: dict[str, set[str]] = {}
    for extra in PROJECT["optional-dependencies"].values():
        for requirement in extra:
            name = re.split(r"[<>=;\[ ]", requirement)[0]
            ranges.setdefault(name, set()).add(requirement)
    assert {name: found for name, found in ranges.items() if len(found) > 1} == {}


OF_THE_PROJECT = {"bench", "conformance", "dev", "mutants", "site"}
"""The extras for those who work on the project."""


def test_page_lists_what_the_extras_bring() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = {row[0]: row[1] for row in table(page, "Extra")}
    brought = {
        extra: ", ".join(re.split("[<>=;]", text)[0] for text in requirements)
        for extra, requirements in PROJECT["optional-dependencies"].items()
        if extra not in OF_THE_PROJECT
    }
    assert listed == brought
