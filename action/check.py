"""What the action runs: lint, decision tables, and whom a change locks out and lets in.

Annotations go to standard output, and a table of the differences to the summary of the job. Fails
if the linter finds an error or a warning, if a case fails, or if what they check cannot be read; a
difference is shown and fails nothing. The summary names rules that are new or gone, and those that
cannot be compared with the reason.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oss_referer.engine.assumptions import DEFAULT
from oss_referer.remarks import code, escape
from oss_referer.terminal import rules as reading

MOST_ROWS = 50
"""Rows of a table in the summary; GitHub shows at most 1 MiB of it."""

LONGEST = 2000
"""Characters of a title or an error in the summary."""

COMMAND = (sys.executable, "-m", "oss_referer")


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
            check_out(base, Path(folder))
            for path, before in changed_files(base, Path(folder)).items():
                if is_named(path, rules):
                    statuses.append(compare_file(path, before, environ["CHECK_BASE"]))
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


def git(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",  # names and files may have any bytes
        env={**os.environ, **variables},
        check=False,
    )


def ask_git(*arguments: str, **variables: str) -> str:
    """Return what git prints; ends the step if it fails."""
    done = git(*arguments, **variables)
    if done.returncode != 0:
        print(f"::error::{escape(f'git {arguments[0]} failed: {done.stderr.strip()}')}")
        sys.exit(1)
    return done.stdout


def check_out(base: str, folder: Path) -> None:
    """Write the files of a commit to a folder, since override files of Terraform count too."""
    with tempfile.TemporaryDirectory() as other:
        index = {"GIT_INDEX_FILE": str(Path(other, "index"))}
        ask_git("read-tree", base, **index)
        ask_git("checkout-index", "--all", "--quiet", f"--prefix={folder}/", **index)


def changed_files(base: str, folder: Path) -> Mapping[Path, Path]:
    """Return the files whose rules a change may touch, each with the same file of the base.

    Git need not track them yet.
    """
    listing = ask_git("diff", "--name-status", "-z", "--find-renames", base, "--")
    words = iter(listing.split("\0")[:-1])
    found: dict[Path, Path] = {}
    for status in words:
        old = next(words)
        found[Path(next(words) if status[0] in "RC" else old)] = folder / old
    tracked = set(ask_git("ls-files", "-z").split("\0"))
    # What an earlier step wrote, such as a plan. The linter names folders that cannot be read.
    for path in reading.list_files(Path())[0]:
        if path.as_posix() not in tracked:
            found.setdefault(path, folder / path)
    return found


def is_named(path: Path, rules: Iterable[str]) -> bool:
    """Return whether the input `rules` names a file, perhaps with #NAME, or a folder above it."""
    places = (one if os.path.exists(one) else one.partition("#")[0] for one in rules if one)
    named = {Path(os.path.abspath(place)) for place in places}
    return not named.isdisjoint((path.absolute(), *path.absolute().parents))


def compare_file(path: Path, before: Path, base: str) -> int:
    """Compare all rules of a file with those of the same file of the base."""
    (old, unread), (new, wrong) = read(before), read(path)
    there = [error.replace(str(before), str(path)) for error in unread]
    reasons = [*wrong, *(f"{base}:{error}" for error in there if error not in wrong)]
    if reasons:
        note("warning", f"{path} is not compared as a whole with {base}", "; ".join(reasons))
    is_same = path.is_file() and before.is_file() and path.read_bytes() == before.read_bytes()
    status = 0
    for name in sorted(old.keys() | new.keys()):
        title = f"{path}#{name}" if name else str(path)
        if name in old and name in new:
            if not (is_same and old[name].configuration == new[name].configuration):
                arguments = (old[name].argument, new[name].argument)
                status = max(status, compare(f"{title}, compared with {base}", *arguments))
        elif wrong if name in old else unread:
            why = "the other version cannot be read as a whole"
            note("warning", f"{title} is not compared", why)
        elif name in new:
            note("notice", f"{title} is new", f"{base} has no such rules, so nothing is compared")
        else:
            note("notice", f"{title} is gone", f"only {base} has these rules")
    return status


def read(path: Path) -> tuple[Mapping[str, reading.SelectedRules], Sequence[str]]:
    """Return the rules of a file by name, and why others cannot be read."""
    if not path.is_file():  # it is missing on this side, a link to nothing, or a submodule
        return {}, ()
    looked = [*reading.look(path, argparse.Namespace(assumptions=DEFAULT))]
    found = {one.name: one for one in looked if isinstance(one, reading.SelectedRules)}
    return found, [str(one) for one in looked if isinstance(one, Exception)]


def note(kind: str, title: str, text: str) -> None:
    """Annotate what is not compared, and add it to the summary."""
    print(f"::{kind}::{escape(f'{title}: {text}')}", flush=True)
    summarize([f"### Referer rules: {code(title, LONGEST)}\n", code(text, LONGEST)])


def summarize(lines: Iterable[str]) -> None:
    """Add lines to the summary of the job."""
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write("\n".join(lines) + "\n\n")


def compare(title: str, old: str, new: str, *place: str) -> int:
    """Annotate whom new rules lock out and let in, and add a table of them to the summary."""
    status = run(title, "diff", "--format", "github", *place, "--", old, new)
    if status > 1:
        note("warning", title, "they cannot be compared; the log says why")
        return status
    asked = [*COMMAND, "diff", "--all", "--format", "json", *place, "--", old, new]
    found = json.loads(subprocess.run(asked, capture_output=True, check=False).stdout)
    summarize(describe(title, found))
    return 0


def describe(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the summary of one comparison."""
    yield f"### Referer rules: {code(title, LONGEST)}\n"
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


if __name__ == "__main__":
    sys.exit(main(os.environ))
