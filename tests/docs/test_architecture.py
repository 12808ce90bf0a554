"""The pages on the code: the order of imports is that of the contracts in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS: Mapping[str, Sequence[str]] = {
    contract["containers"][0]: [re.sub("[()]", "", layer) for layer in contract["layers"]]
    for contract in PROJECT["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers" and "." not in contract["containers"][0]
}
"""The folders and modules of each package, in lines from the top."""


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/zh/architecture.md"])
def test_page_shows_the_order_of_imports(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(r"^```text\n(oss_referer\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    shown = {}
    for part in block[1].split("\n\n"):
        package, *lines = part.splitlines()
        shown[package] = [line.strip() for line in lines]
    assert shown == LAYERS


@pytest.mark.parametrize("package", LAYERS)
def test_readme_of_a_package_lists_its_folders_in_order(package: str) -> None:
    folder = ROOT / "emulator" / package
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    listed = [name for line in lines for name in re.findall(r"^\| `(\w+)/` \|", line)]
    layers = [layer.split(" | ") for layer in reversed(LAYERS[package])]
    folders = [[name for name in layer if (folder / name).is_dir()] for layer in layers]
    assert sorted(listed) == sorted(name for layer in folders for name in layer)
    rank = {name: number for number, layer in enumerate(folders) for name in layer}
    ranks = [rank[name] for name in listed]
    assert ranks in (sorted(ranks), sorted(ranks, reverse=True))


@pytest.mark.parametrize("package", LAYERS)
def test_readme_of_a_package_names_files_that_exist(package: str) -> None:
    folder = ROOT / "emulator" / package
    text = (folder / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.\w+)`", text)
    assert len(named) >= 3
    assert [name for name in named if not any((at / name).is_file() for at in (folder, ROOT))] == []


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/zh/architecture.md"])
def test_page_names_every_extra(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    extras = PROJECT["project"]["optional-dependencies"]
    _, _, section = text.partition("| `fast` |")
    section = f"| `fast` |{section}".partition("\n## ")[0]
    rows, _, others = section.partition("\n\n")
    in_table = re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)
    assert sorted([*in_table, *re.findall(r"`(\w+)`", others)]) == sorted(extras)


def test_page_names_every_folder_of_tests() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`tests/(\w+)/`", text))
    there = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    assert named == {name for name in there if not name.startswith("__")} | {"unit", "referer"}


def test_folders_of_unit_tests_are_those_of_the_packages() -> None:
    for tests, package in (("unit", "oss_emulator"), ("referer", "oss_referer")):
        folders = {path.parent.name for path in (ROOT / "tests" / tests).glob("*/*.py")}
        modules = {path.stem for path in (ROOT / "emulator" / package).iterdir()}
        assert folders <= modules
