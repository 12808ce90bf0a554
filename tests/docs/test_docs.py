"""What the documents say is so: facts, flags, seed files, code and links."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_emulator.control import seed
from oss_emulator.pipeline.service import Service

from tests.cli.logline import LINE
from tests.cli.process import PATIENCE, environment
from tests.docs.markdown import blocks, table

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
}


# --- facts


def cited(letter: str) -> set[str]:
    """The numbers that the package and its fixtures cite."""
    files = [*(ROOT / "emulator").rglob("*.py"), *(ROOT / "fixtures").rglob("*.toml")]
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    # Not those that are only an example of a number.
    return set(re.findall(rf"(?<!such as )\b{letter}-\d\d\b", text))


def told(document: str, letter: str) -> list[str]:
    return re.findall(rf"^- \*\*({letter}-\d\d)\*\* ", DOCUMENTS[document], re.MULTILINE)


@pytest.mark.parametrize(
    ("document", "letter"), [("docs/referer.md", "R"), ("docs/protocol.md", "P")]
)
def test_facts_that_are_cited_are_told_once_and_in_order(document: str, letter: str) -> None:
    numbers = told(document, letter)
    assert numbers == sorted(set(numbers))
    numbers_cited = cited(letter)
    assert len(numbers_cited) > 20
    assert numbers_cited <= set(numbers)


def test_each_referer_rule_says_what_it_rests_on() -> None:
    facts = re.findall(r"^- \*\*R-\d\d\*\* (.*)", DOCUMENTS["docs/referer.md"], re.MULTILINE)
    assert len(facts) == len(told("docs/referer.md", "R"))
    assert [fact for fact in facts if not re.match(r"\((documented|assumed)\b", fact)] == []


# --- flags


def help_of_serve() -> Iterator[tuple[str, str, str]]:
    """Each flag, its variable and its default, as `serve --help` tells them."""
    done = subprocess.run(
        [sys.executable, "-m", "oss_emulator", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(COLUMNS="1000", NO_COLOR="1"),
        timeout=PATIENCE,
    )
    for match in re.finditer(
        r"^  (--[a-z-]+)(?: \S+)?\s+[^()]+\(default: ([^;]*); (OSS_EMULATOR_[A-Z_]+)\)$",
        done.stdout,
        re.MULTILINE,
    ):
        yield match[1], match[3], match[2]


@pytest.mark.parametrize("document", ["README.md", "docs/serve.md"])
def test_table_of_flags_is_that_of_help(document: str) -> None:
    flags = list(help_of_serve())
    assert len(flags) > 10
    assert [tuple(row[:3]) for row in table(DOCUMENTS[document], "Flag")] == flags


# --- seed files and code


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (document, block.text)
        for document, markdown in DOCUMENTS.items()
        for block in blocks(markdown)
        if block.language == "toml" and document != "docs/access.md"
    ],
    ids=["README.md", "docs/serve.md"],
)
def test_seed_file_can_be_loaded(tmp_path: Path, document: str, text: str) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(b"...")
    service = Service()
    seed.load(path, service)
    found = service.storage.bucket("examplebucket")
    assert found is not None
    assert found.acl == "public-read"
    assert "referer" in found.documents
    assert service.storage.object("examplebucket", "hello.txt") is not None


def test_seed_reference_names_all_members() -> None:
    (reference,) = [
        block.text for block in blocks(DOCUMENTS["docs/serve.md"]) if block.language == "toml"
    ]
    # What an account holds is told where accounts are: docs/access.md.
    kept = re.sub(r"^\[\[account.*?(?=^\[\[bucket)", "", reference, flags=re.MULTILINE | re.DOTALL)
    members = set(re.findall(r"^(\w+) = ", kept, re.MULTILINE))
    known = seed._BUCKET | seed._OBJECT | seed._REFERER | {"hint"}
    assert members == known - {"referer", "object"}


def test_code_of_referer_page_prints_what_is_shown() -> None:
    code, output = blocks(DOCUMENTS["docs/referer.md"])
    assert (code.language, output.language) == ("python", "text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code.text, "docs/referer.md", "exec"), {})  # noqa: S102 - our own page
    assert printed.getvalue() == output.text


def test_line_of_the_access_log_has_the_form_of_one() -> None:
    (line,) = [block.text for block in blocks(DOCUMENTS["docs/protocol.md"])]
    assert LINE.fullmatch(line)


# --- links


def test_every_page_is_listed() -> None:
    index = DOCUMENTS["docs/README.md"]
    pages = {name.removeprefix("docs/") for name in DOCUMENTS if name.startswith("docs/")}
    listed = re.findall(r"^\| \[([^]]+)\]\(([^)]+)\) \| ", index, re.MULTILINE)
    assert {link for _, link in listed} == pages - {"README.md"}
    assert all(name == link for name, link in listed)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", DOCUMENTS[document])
    for link in links:
        assert (ROOT / document).parent.joinpath(link).exists(), link
