"""Measure everything and write docs/benchmarks.md, also in Chinese: `python -m benchmarks`.

Given names of sections (`python -m benchmarks small large`), it measures only those and writes
nothing; `--add` adds them to the page, each with a description of the machine. The section
`make-test` is measured only by name, so a run without names drops it from the page. A run takes
twenty minutes. It needs `wrk` and the extras `fast`, `dev` and `bench`, and installs the peers into
a temporary folder; `--scratch FOLDER` keeps them for the next run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import (
    bodies,
    console,
    decision,
    growth,
    lab,
    large,
    machine,
    make_test,
    overload,
    page,
    peers,
    replay,
    seeding,
    small,
    start,
    waiting,
)
from tests.docs import phrases

SECTIONS = {
    "small": small,
    "large": large,
    "start": start,
    "console": console,
    "lab": lab,
    "peers": peers,
    "decision": decision,
    "growth": growth,
    "replay": replay,
    "seeding": seeding,
    "overload": overload,
    "waiting": waiting,
    "bodies": bodies,
}
APART = {"make-test": make_test}
"""Sections that are measured only by name."""
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, *APART, []], metavar="SECTION")
    parser.add_argument("--scratch", type=Path, help="a folder that keeps the installed peers")
    parser.add_argument("--add", action="store_true", help="put the named sections into the page")
    given = parser.parse_args()
    about = machine.describe()
    found = []
    for name in given.sections or SECTIONS:
        began = time.monotonic()
        with ExitStack() as stack:
            section = {**SECTIONS, **APART}[name].measure(_folder(given.scratch, name, stack))
        found.append(section)
        if given.sections and given.add:
            _write(page.insert(PAGE.read_text(encoding="utf-8"), about, section))
        print(section.format(), f"\n\n({time.monotonic() - began:.0f} s)\n", flush=True)
    if not given.sections:
        _write(page.format(about, found))


def _write(text: str) -> None:
    """Write both pages. A missing translation does not discard the measurements."""
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE} was written.")
    try:
        phrases.write("benchmarks")
    except phrases.PhraseError as error:
        print(error)


def _folder(scratch: Path | None, name: str, stack: ExitStack) -> Path:
    if scratch is not None and name == "peers":
        folder = scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))


if __name__ == "__main__":
    main()
