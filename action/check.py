"""What the action runs: lint, decision tables, and whom a change locks out and lets in.

Annotations go to standard output, and a table of the differences to the summary of the job. Fails
if the linter finds an error or a warning, if a case fails, or if something cannot be read; a
difference is shown and fails nothing.
"""

import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oss_emulator.lab import sources
from oss_emulator.lab.discovery import ENDINGS
from oss_emulator.lab.github import escape
from oss_emulator.toml import SourceError

MOST_ROWS = 50
"""Rows of a table in the summary; GitHub shows at most 1 MiB of it."""

COMMAND = (sys.executable, "-m", "oss_emulator")


def main(environ: Mapping[str, str]) -> int:
    """Run every check that the inputs ask for; returns the status of the step."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    rules, tables = (environ[f"CHECK_{name}"].split("\n") for name in ("RULES", "TABLES"))
    statuses = [run("Lint", "lint", "--format", "github", "--", *filter(None, rules))]
    if any(tables):
        statuses.append(
            run("Decision tables", "test", "--format", "github", "--", *filter(None, tables))
        )
    with tempfile.TemporaryDirectory() as folder:
        if environ["CHECK_BASE"]:
            base = find_base(environ["CHECK_BASE"])
            for old, new, title in changed_rules(base, environ["CHECK_BASE"], Path(folder)):
                statuses.append(compare(title, old, new))
    if environ["CHECK_BUCKET"]:
        place = ["--region", environ["CHECK_REGION"]]
        if environ["CHECK_ENDPOINT"]:
            place += ["--endpoint", environ["CHECK_ENDPOINT"]]
        title = f"{environ['CHECK_BUCKET_RULES']}, compared with {environ['CHECK_BUCKET']}"
        statuses.append(
            compare(title, environ["CHECK_BUCKET"], environ["CHECK_BUCKET_RULES"], *place)
        )
    return max(statuses)


def run(title: str, *arguments: str) -> int:
    """Run a command in a group of the log; returns its status."""
    print(f"::group::{escape(title)}", flush=True)
    status = subprocess.run([*COMMAND, *arguments], check=False).returncode
    print("::endgroup::", flush=True)
    return status


def find_base(name: str) -> str:
    """Return the commit of a branch or commit; a shallow clone fetches it first."""
    for candidate in (f"refs/remotes/origin/{name}", name):
        found = git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}"
        )
        if found.returncode == 0:
            return found.stdout.strip()
    fetched = git("fetch", "--quiet", "--depth=1", "--end-of-options", "origin", name)
    if fetched.returncode != 0:
        print(f"::error::{escape(f'The base {name} cannot be fetched: {fetched.stderr.strip()}')}")
        sys.exit(1)
    return git("rev-parse", "FETCH_HEAD").stdout.strip()


def git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",  # names and files may have any bytes
        check=False,
    )


def changed_rules(base: str, name: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the old and the new rules, and a title, of each configuration in a changed file."""
    changed = git("diff", "--name-only", "-z", "--diff-filter=M", base, "--").stdout
    for number, path in enumerate(filter(None, changed.split("\0"))):
        if Path(path).suffix.lower() not in ENDINGS:
            continue
        before = git("show", f"{base}:{path}").stdout.encode(errors="surrogateescape")
        shared = names(before) & names(read(path))
        old = folder / f"{number}{Path(path).suffix}"
        old.write_bytes(before)
        for each in sorted(shared):
            part = f"#{each}" if each else ""
            yield f"{old}{part}", f"{path}{part}", f"{path}{part}, compared with {name}"


def read(path: str) -> bytes:
    """Read a changed file; a link to nothing, or a submodule, has no rules."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def names(document: bytes) -> set[str]:
    """Return the names of the rules in a document; none if it has none."""
    try:
        return set(sources.parse(document))
    except SourceError:
        return set()


def compare(title: str, old: str, new: str, *place: str) -> int:
    """Annotate whom new rules lock out and let in, and add a table of them to the summary."""
    status = run(title, "diff", "--format", "github", *place, "--", old, new)
    if status > 1:
        return status
    asked = [*COMMAND, "diff", "--all", "--format", "json", *place, "--", old, new]
    found = json.loads(subprocess.run(asked, capture_output=True, check=False).stdout)
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write("\n".join(describe(title, found)) + "\n\n")
    return 0


def describe(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the summary of one comparison."""
    yield f"### Referer rules: {code(title)}\n"
    if found["equivalent"]:
        yield f"No Referer is decided differently ({found['tried']} tried, {found['certainty']})."
        return
    for allowed, verdict in ((False, "Locked out"), (True, "Let in")):
        changes = [one for one in found["changes"] if one["new"]["allowed"] is allowed]
        if not changes:
            continue
        yield f"**{verdict}** by the new rules: {len(changes)}\n"
        yield "| Referer | What it is | Before | After |"
        yield "|---|---|---|---|"
        for one in changes[:MOST_ROWS]:
            referer = "no Referer" if one["referer"] is None else code(one["referer"] or "(empty)")
            decided = (code(one[side]["entry"] or one[side]["reason"]) for side in ("old", "new"))
            yield f"| {referer} | {one['kind']} | {' | '.join(decided)} |"
        if len(changes) > MOST_ROWS:
            yield f"\nand {len(changes) - MOST_ROWS} more"
        yield ""


def code(text: str) -> str:
    """Format a text of somebody else as code, whatever characters it has."""
    shown = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return f"<code>{html.escape(shown).replace('|', '&#124;')}</code>"


if __name__ == "__main__":
    sys.exit(main(os.environ))
