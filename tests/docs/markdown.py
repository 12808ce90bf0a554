"""Reads fenced blocks, tables and settings of clients from Markdown files."""

import re
from dataclasses import dataclass
from pathlib import Path

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


# --- The settings of clients as the pages print them, so that tests use exactly those

ROOT = Path(__file__).parents[2]
_COLUMNS = {"docs/clients.md": 2, "docs/s3.md": 1}


def settings(page: str, client: str, port: int, *, number: int = 0, **values: str) -> list[str]:
    """Return the code in a row's column of settings, with the port of a server.

    `number` chooses one of several rows of a client. Each `…` after one of the `values` stands for
    it: `KEY_ID …`, or `key=…`.
    """
    content = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {re.escape(client)} (?:\(.*?\) )?\|.*$", content, re.MULTILINE)
    cell = rows[number].split(" | ")[_COLUMNS[page]]
    found = []
    for code in re.findall(r"`([^`]+)`", cell):
        text = re.sub(r":9000\b", f":{port}", code)
        for name, value in values.items():
            for sign in "= ":
                text = text.replace(f"{name}{sign}…", f"{name}{sign}{value}")
        found.append(text)
    return found
