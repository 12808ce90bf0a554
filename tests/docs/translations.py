"""Compares the Chinese pages with the English ones that they follow.

A Chinese page has the same headings, rows of tables and commands in the same order, and each of its
sections names the code and the numbers of the English one. A mark below its title has the hash of
the English text with which it was last compared: `<!-- follows 3f2a91c4 -->`. The outputs of
commands are in Chinese: `tests/docs/outputs.py` writes them.

    make translations    writes the marks: confirms that the Chinese pages are up to date
    make docs            copies changed commands to the Chinese pages, and writes their outputs
"""

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs import outputs
from tests.docs.markdown import Block, blocks

ROOT = Path(__file__).parents[2]
PAGES = {
    **{
        name: name.replace(".zh-CN.md", ".md")
        for pattern in ("*.zh-CN.md", "examples/*.zh-CN.md", "fixtures/*/*.zh-CN.md")
        for name in sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))
    },
    **{
        f"docs/zh/{path.name}": f"docs/{path.name}"
        for path in sorted((ROOT / "docs" / "zh").glob("*.md"))
        if path.name != "README.md"
    },
}
"""The Chinese pages, each with the English page that it follows."""

_MARK = re.compile(r"<!-- follows:? (.+) -->\n")
_FENCE = re.compile(r"```\w*\n.*?```\n", re.DOTALL)
_CODE = re.compile(r"`[^`]+`")
_NUMBER = re.compile(r"\d(?:[\d,.]*\d)?")
_ADDRESS = re.compile(r"\]\([^)]*\)")
_COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A heading and the text below it."""

    heading: str
    text: str

    @property
    def level(self) -> str:
        return self.heading.partition(" ")[0]

    @property
    def rows(self) -> int:
        return len(re.findall(r"^\|", self.text, re.MULTILINE))

    @property
    def names(self) -> set[str]:
        """The code and the numbers in its prose, which are the same in every language."""
        prose = _ADDRESS.sub("", _FENCE.sub("", self.text))
        codes = {" ".join(code.split()) for code in _CODE.findall(prose)}
        return codes | set(_NUMBER.findall(_CODE.sub("", prose)))

    def blocks(self, page: str) -> list[tuple[str, str, str]]:
        return [_essence(block, page) for block in blocks(self.text)]


def _essence(block: Block, page: str) -> tuple[str, str, str]:
    """Return what must be the same in both languages.

    That is everything but the comments in code, and the outputs of commands that tests run.
    """
    commented = block.language in ("python", "sh", "toml")
    text = _COMMENT.sub("", block.text) if commented else block.text
    if block.language == "text" and not block.why_not_run and Path(page).stem in outputs.PAGES:
        text = ""
    return block.language, text, block.why_not_run


def split(page: str) -> list[Section]:
    """Return the sections of a page in order."""
    hidden = _FENCE.sub(lambda fence: re.sub(r"(?m)^#", "\0", fence[0]), _MARK.sub("", page))
    parts = [part.replace("\0", "#") for part in re.split(r"(?m)^(?=#+ )", hidden) if part]
    return [Section(*part.split("\n", 1)) for part in parts]


def problems(chinese: str, english: str, *, page: str, original: str) -> Iterator[str]:
    """Yield a line for each place where the Chinese page does not follow the English one."""
    ours, theirs = split(chinese), split(english)
    if [section.level for section in ours] != [section.level for section in theirs]:
        yield f"{page} has other headings than {original}."
        return
    for here, there in zip(ours, theirs, strict=True):
        where = f"{page}, {here.heading!r}"
        if here.rows != there.rows:
            yield f"{where} has tables of {here.rows} lines, and {original} of {there.rows}."
        if missing := there.names - here.names:
            yield f"{where} lacks what {original} names: {' '.join(sorted(missing))}"
        if here.blocks(original) != there.blocks(original):
            yield f"{where} has other commands or outputs than {original}: `make docs` copies them."
    if _MARK.findall(chinese) != [state(english)]:
        yield (
            f"{original} has changed since {page} followed it: see `git diff`, adapt the Chinese "
            "text, then run `make translations`."
        )


def state(english: str) -> str:
    """Return a hash of the prose of a page. Commands and outputs are compared on their own."""
    return hashlib.sha256(" ".join(_FENCE.sub("", english).split()).encode()).hexdigest()[:8]


def mark(chinese: str, english: str) -> str:
    """Return the Chinese page as one that follows the English page as it is now."""
    title, rest = _MARK.sub("", chinese).split("\n", 1)
    return f"{title}\n<!-- follows {state(english)} -->\n{rest}"


def copy_blocks(chinese: str, english: str, page: str) -> str:
    """Return the Chinese page with the commands and outputs of the English one."""
    ours, theirs = blocks(chinese), blocks(english)
    if len(ours) != len(theirs):
        return chinese
    pairs = iter(zip(ours, theirs, strict=True))

    def copy(fence: re.Match[str]) -> str:
        here, there = next(pairs)
        same = _essence(here, page) == _essence(there, page)
        return fence[0] if same else f"```{there.language}\n{there.text}```\n"

    return _FENCE.sub(copy, chinese)


if __name__ == "__main__":
    for page, original in PAGES.items():
        text, english = ((ROOT / name).read_text(encoding="utf-8") for name in (page, original))
        copies = "--blocks" in sys.argv
        new = copy_blocks(text, english, original) if copies else mark(text, english)
        (ROOT / page).write_text(new, encoding="utf-8")
