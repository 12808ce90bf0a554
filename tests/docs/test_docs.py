"""All pages: their flags, sample files, code, links and paths agree with the tree."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from oss_emulator.control import seed
from oss_emulator.pipeline.service import Service
from oss_referer import RefererConfiguration

from tests.cli.logline import LINE
from tests.cli.process import environment
from tests.client import PATIENCE
from tests.docs.markdown import blocks, table

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md", "fixtures/*/*.md")
    for path in sorted(ROOT.glob(pattern))
}


# --- flags


def help_of_serve() -> Iterator[tuple[str, str, str]]:
    """Yield each flag, its variable and its default from `serve --help`."""
    done = subprocess.run(
        [sys.executable, "-m", "oss_emulator", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(COLUMNS="1000", NO_COLOR="1"),
        timeout=PATIENCE,
    )
    for match in re.finditer(
        r"^  (--[a-z0-9-]+)(?: \S+)?\s+[^()\n]+\(default: ([^;]*); (OSS_EMULATOR_[A-Z0-9_]+)\)$",
        done.stdout,
        re.MULTILINE,
    ):
        yield match[1], match[3], match[2]


def test_table_of_flags_agrees_with_help() -> None:
    flags = list(help_of_serve())
    assert len(flags) > 10
    assert [tuple(row[:3]) for row in table(DOCUMENTS["docs/serve.md"], "Flag")] == flags


# --- seed files and code


(SEED,) = [block.text for block in blocks(DOCUMENTS["docs/serve.md"]) if block.language == "toml"]


def test_sample_seed_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(SEED, encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(b"...")
    service = Service()
    seed.load(path, service)
    found = service.storage.bucket("examplebucket")
    assert found is not None
    assert found.acl == "public-read"
    assert "referer" in found.documents
    assert service.storage.object("examplebucket", "hello.txt") is not None


def test_sample_seed_names_all_members() -> None:
    # docs/access.md describes the members of an account.
    kept = re.sub(r"^\[\[account.*?(?=^\[\[bucket)", "", SEED, flags=re.MULTILINE | re.DOTALL)
    members = set(re.findall(r"^(\w+) = ", kept, re.MULTILINE))
    tables = (seed.SeedDocument, seed.BucketTable, seed.ObjectTable, RefererConfiguration)
    known = {item.name for table in tables for item in fields(table)}
    assert members == known - {"account", "bucket", "referer", "object"}


def test_sample_line_of_the_access_log_is_well_formed() -> None:
    (line,) = [block.text for block in blocks(DOCUMENTS["docs/protocol.md"])]
    assert LINE.fullmatch(line)


# --- links and paths


def test_index_lists_every_page() -> None:
    index = DOCUMENTS["docs/README.md"]
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    listed = re.findall(r"^\| \[([^]]+)\]\(([^)]+)\) \| ", index, re.MULTILINE)
    assert {link for _, link in listed if "/" not in link} == pages
    assert all(name == link for name, link in listed if "/" not in link)


def test_decisions_are_short_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    index = pages.pop("README.md")
    listed = re.findall(r"^\| \[(.+)\]\(\1\) \| ", index, re.MULTILINE)
    assert sorted(listed) == sorted(pages)
    for name, page in pages.items():
        assert len(page.splitlines()) <= 40, name
        headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
        assert headings == ["Decision", "Reasons", "Alternatives", "Consequences"], name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_a_file_and_a_heading(document: str) -> None:
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", DOCUMENTS[document]):
        target = (ROOT / document).parent / link if link else ROOT / document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link}#{anchor}"


def anchors(markdown: str) -> set[str]:
    """Return the anchors of a page: headings in lower case, with hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_names_that_are_given_with_their_file_are_defined_there() -> None:
    page = " ".join(DOCUMENTS["docs/architecture.md"].split())
    named = re.findall(r"`([\w.]+)` (?:in |\()`([\w/]+\.py)`", page)
    assert len(named) > 10
    for name, path in named:
        (file,) = (root / path for root in ROOTS if (root / path).is_file())
        text = file.read_text(encoding="utf-8")
        for part in name.split("."):
            assert re.search(rf"^ *(?:class|def|async def) {part}\b", text, re.M), f"{name}: {path}"


ROOTS = (ROOT, ROOT / "emulator" / "oss_emulator", ROOT / "emulator")
"""The folders in which the paths of a page begin: the repository, the server and both packages."""

FOLDERS = {path.name for root in ROOTS for path in root.iterdir() if path.is_dir()}

OF_OTHERS = {"tests/functional/tests.py"}
"""Paths in other projects."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_are_named_exist(document: str) -> None:
    """Other pages than those on the code also name paths of their readers."""
    built = {path for path in paths(DOCUMENTS[document]) if path.startswith("build/")}
    named = set(paths(DOCUMENTS[document])) - OF_OTHERS - built
    if not re.search(r"CONTRIBUTING|architecture", document):
        named = {path for path in named if path.partition("/")[0] in FOLDERS}
    assert [path for path in named if not any((root / path).exists() for root in ROOTS)] == []


def paths(markdown: str) -> list[str]:
    """Return the files and folders that a page names in code marks or pictures."""
    prose = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    marked = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|md))`", prose)
    pictures = re.findall(r"^```text\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    return marked + re.findall(r"(?<!\S)(?:[\w.-]+/)+[\w.-]*", "\n".join(pictures))
