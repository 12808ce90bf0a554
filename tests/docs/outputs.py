"""Runs the commands of pages; as a program (`make docs`), writes the outputs of Chinese pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.cli.forking import install, serving
from tests.cli.process import environment
from tests.client import PATIENCE
from tests.docs.markdown import Block, agrees, blocks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    "addressing",
    "admin",
    "har",
    "operations",
    "referer",
    "replay",
    "review",
    "rule-lab",
    "scenarios",
    "terraform",
    "translate",
]
LOCALES = {"": "C.UTF-8", "zh/": "zh_CN.UTF-8"}
"""The locale of the reader of the pages in each folder."""
_PORT = 9000
"""The port that the pages name."""


def steps(page: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a page with the output below it; "" for a command without output."""
    found = [block for block in blocks(page) if block.language in ("sh", "python", "text")]
    run = [block for block in found if not block.why_not_run]
    nothing = Block("text", "")
    for before, block, after in zip([nothing, *run], run, [*run[1:], nothing], strict=False):
        if block.language == "sh":
            yield block.text, after.text if after.language == "text" else ""
        elif block.language == "text":
            assert before.language in ("sh", "python"), f"an output follows nothing: {block.text}"


def run(page: str, folder: Path, locale: str, *flags: str) -> Iterator[tuple[str, str, str]]:
    """Yield each command of a page with the output that it shows and the one that is printed.

    Both name the port of the page. The server has the flags, by default `--demo`.
    """
    reader = folder / "reader"
    shutil.copytree(ROOT / "fixtures" / "logs", reader / "logs")
    shutil.copy(ROOT / "fixtures" / "har" / "site.har", reader)
    shutil.copytree(ROOT / "examples" / "gate", reader / "gate")
    (folder / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
    place = install(folder)
    with serving(folder, *(flags or ["--demo"])) as running:
        path = f"{place}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = environment(
            PATH=path,
            HOME=str(folder),
            OSS_ENDPOINT=running.endpoint,
            no_proxy="*",
            LC_ALL=locale,
            COLUMNS="80",
        )
        for command, shown in steps(page):
            printed = subprocess.run(
                ["sh"],
                input=re.sub(rf":{_PORT}\b", f":{running.port}", command),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=reader,
                env=variables,
                timeout=PATIENCE,
            ).stdout
            if printed and not printed.endswith("\n"):
                printed += "\n"
            yield command, shown, re.sub(rf":{running.port}\b", f":{_PORT}", printed)


def shorten(printed: str, english: str, whole: str) -> str:
    """Return an output without the lines that the English page leaves out of its `whole` output.

    Lines before the first gap are counted from the beginning, those after it from the end.
    """
    lines, originals, kept, place = printed.splitlines(), whole.splitlines(), list[str](), 0
    for line in english.splitlines():
        if line != "...":
            place = originals.index(line, place) + 1
            line = lines[place - 1 - (len(originals) if "..." in kept else 0)]
        kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def translate(name: str) -> None:
    """Write the outputs of the Chinese page of a name."""
    pages = {folder: (DOCS / f"{folder}{name}.md").read_text("utf-8") for folder in LOCALES}
    found = []
    for folder, locale in LOCALES.items():
        with tempfile.TemporaryDirectory() as made:
            found.append([*run(pages[folder], Path(made), locale)])
    page, place = pages["zh/"], 0
    for (_, english, whole), (command, shown, printed) in zip(*found, strict=True):
        place = page.index(command, place) + len(command)
        if shown and not agrees(shown, printed):
            new = shorten(printed, english, whole) if "..." in english.splitlines() else printed
            place = page.index(shown, place)
            page = page[:place] + new + page[place + len(shown) :]
    (DOCS / "zh" / f"{name}.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:] or PAGES:
        translate(each)
