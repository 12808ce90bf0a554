"""Compares the Chinese pages with the English ones that they follow: `make translations`.

A comment below a Chinese heading names the English section, and its state when it was translated:
`<!-- follows: The order of a decision, 3f2a91c4 -->`. `<!-- not translated: Sources -->` names a
section that the Chinese page leaves out.

    make translations                shows what changed in English since then
    make translations ARGS=--done    says that the Chinese pages are right again
    make docs                        copies changed commands and outputs to the Chinese pages
"""

import difflib
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

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

_MARK = re.compile(r"<!-- follows: (?P<title>.+), (?P<state>\w+) -->\n")
_LEFT_OUT = re.compile(r"<!-- not translated: (.+) -->\n")
_FENCE = re.compile(r"```\w*\n.*?```\n", re.DOTALL)
_COMMENT = re.compile(r"(?:^| +)# .*$", re.MULTILINE)
_WHAT_TO_DO = (
    "`make translations` shows the change; adapt the Chinese text, "
    "then run `make translations ARGS=--done`."
)


@dataclass(frozen=True)
class Section:
    """A heading of the first or second level and the text below it."""

    title: str
    text: str

    @property
    def state(self) -> str:
        """A hash of the prose. Commands and outputs are compared on their own."""
        prose = _FENCE.sub("```\n", self.text)
        return hashlib.sha256(" ".join(prose.split()).encode()).hexdigest()[:8]


def split(page: str) -> list[Section]:
    """Return the sections of a page in order."""
    hidden = _FENCE.sub(lambda fence: re.sub(r"(?m)^#", "\0", fence[0]), page)
    parts = [part.replace("\0", "#") for part in re.split(r"(?m)^(?=##? )", hidden) if part]
    return [Section(part.partition("\n")[0].lstrip("# "), part) for part in parts]


def problems(chinese: str, english: str, *, page: str, original: str) -> Iterator[str]:
    """Yield a line for each place where the Chinese text does not follow the English one."""
    sections = {section.title: section for section in split(english)}
    named = [*_LEFT_OUT.findall(chinese)]
    for section in split(chinese):
        marks = list(_MARK.finditer(section.text))
        if not marks:
            yield f"{page}: section {section.title!r} does not say which section it follows."
        for mark in marks:
            named.append(mark["title"])
            followed = sections.get(mark["title"])
            if followed is None:
                yield f"{page} follows section {mark['title']!r}, which {original} does not have."
            elif followed.state != mark["state"]:
                changed = f"{original}, section {followed.title!r}, changed since"
                yield f"{changed} {page}, section {section.title!r}, was written. {_WHAT_TO_DO}"
        wanted = [block for mark in marks for block in _blocks(sections, mark["title"])]
        if [_essence(block) for block in blocks(section.text)] != [*map(_essence, wanted)]:
            yield (
                f"{page}: section {section.title!r} has other commands, code or outputs than "
                f"{original}. `make docs` copies them."
            )
    for title in [title for title in sections if title not in named]:
        yield (
            f"{page} has no section for {title!r} of {original}: translate it, or name it in "
            "a comment `not translated`."
        )


def _blocks(sections: dict[str, Section], title: str) -> list[Block]:
    return blocks(sections[title].text) if title in sections else []


def _essence(block: Block) -> tuple[str, str, str]:
    """Return what must be the same in both languages: all but the comments of code."""
    commented = block.language in ("python", "sh", "toml")
    text = _COMMENT.sub("", block.text) if commented else block.text
    return block.language, text, block.why_not_run


def copy_blocks(chinese: str, english: str) -> str:
    """Return the Chinese page with the commands and outputs of the English one."""
    sections = {section.title: section for section in split(english)}
    written = ""
    for section in split(chinese):
        wanted = [
            block
            for mark in _MARK.finditer(section.text)
            for block in _blocks(sections, mark["title"])
        ]
        ours = blocks(section.text)
        if len(ours) == len(wanted):
            copied = map(_copy, _FENCE.findall(section.text), ours, wanted)
            prose = _FENCE.split(section.text)
            written += "".join(chain(*zip_longest(prose, copied, fillvalue="")))
        else:
            written += section.text
    return written


def _copy(fence: str, ours: Block, wanted: Block) -> str:
    if _essence(ours) == _essence(wanted):
        return fence
    return f"```{wanted.language}\n{wanted.text}```\n"


def accept(chinese: str, english: str) -> str:
    """Return the Chinese page as one that follows the English page as it is now."""
    states = {section.title: section.state for section in split(english)}

    def renew(mark: re.Match[str]) -> str:
        title = mark["title"]
        return f"<!-- follows: {title}, {states.get(title, mark['state'])} -->\n"

    return _MARK.sub(renew, chinese)


def changes(chinese: str, english: str, original: str) -> Iterator[str]:
    """Yield the changes of the English sections since they were translated."""
    sections = {section.title: section for section in split(english)}
    for mark in _MARK.finditer(chinese):
        section = sections.get(mark["title"])
        if section is not None and section.state != mark["state"]:
            before = _find(original, section.title, mark["state"])
            yield from difflib.unified_diff(
                before.splitlines(),
                section.text.splitlines(),
                f"{original}, when it was translated",
                f"{original}, now",
                lineterm="",
            )


def _find(original: str, title: str, state: str) -> str:
    """Return the text that a section had in a state, from the history; "" if it is not there."""
    log = _git("log", "--format=%H", "--", original)
    for commit in log.split():
        for section in split(_git("show", f"{commit}:{original}")):
            if (section.title, section.state) == (title, state):
                return section.text
    return ""


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def main(argument: str = "") -> None:
    """Show the changes, or write the pages: with their states (--done) or blocks (--blocks)."""
    for page, original in PAGES.items():
        chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in (page, original))
        if argument:
            write = {"--done": accept, "--blocks": copy_blocks}[argument]
            (ROOT / page).write_text(write(chinese, english), encoding="utf-8")
            continue
        for line in problems(chinese, english, page=page, original=original):
            print(line)
        for line in changes(chinese, english, original):
            print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
