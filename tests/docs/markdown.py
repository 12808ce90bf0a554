"""Reads fenced blocks and tables from Markdown files."""

import re
from dataclasses import dataclass

_FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```\n", re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block. `why_not_run` is "" for a block that tests run."""

    language: str
    text: str
    why_not_run: str = ""


def blocks(markdown: str) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = [
        Block(match["language"], match["text"], match["why"] or "")
        for match in _FENCE.finditer(markdown)
    ]
    assert markdown.count("```") == 2 * len(found), "a fence is not closed"
    assert markdown.count("<!-- not run") == sum(bool(block.why_not_run) for block in found)
    return found


def table(markdown: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first heading is `first`, without code marks."""
    _, _, rest = markdown.partition(f"| {first} |")
    assert rest, f"no table has {first!r} as its first heading"
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines]


def agrees(expected: str, actual: str) -> bool:
    """Return whether the lines are equal; `...` stands for any number of lines."""
    wanted = [re.escape(line) for line in expected.splitlines()]
    lines = [r"(?:.*\n)*?" if line == r"\.\.\." else f"{line}\n" for line in wanted]
    return re.fullmatch("".join(lines), actual.replace("\r\n", "\n")) is not None
