"""Try the mutants of rooms or files: `python -m tests.mutants oss_referer/engine/policy.py`.

A room is a folder of the packages with tests of its own, which run until one fails. The
exit status is 1 if the table does not list a survivor, or lists a mutant that is killed or no
longer made. A run continues an earlier one if neither the packages nor the tests have changed:
`build/mutants/` has the survivors of each file.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tests.mutants import survivors
from tests.mutants.making import mutants
from tests.mutants.survivors import PACKAGES, ROOMS, SOURCE, TESTS
from tests.mutants.trying import Trial, load_libraries

Key = tuple[str, str, str]


def main(wanted: list[str]) -> int:
    """Try the mutants of rooms or files, and compare those that survive with the table."""
    load_libraries()
    listed = {key for found in survivors.read() for key in found.keys}
    alive: set[Key] = set()
    files = list(_files(wanted or list(ROOMS)))
    with tempfile.TemporaryDirectory() as examples:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = examples
        for file in files:
            alive |= _try(file, listed)
    gone = sorted(key for key in listed - alive if key[0] in files)
    for key in gone:
        print("the table lists what no longer survives: {}: {} -> {}".format(*key))
    return 1 if gone or alive - listed else 0


def _files(wanted: list[str]) -> Iterator[str]:
    for name in wanted:
        path = SOURCE / name
        for found in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield found.relative_to(SOURCE).as_posix()


def _try(file: str, listed: set[Key]) -> set[Key]:
    """Try the mutants of a file, print those that are not listed, and return all that survive."""
    made = mutants(file, SOURCE / file)
    tests = _tests(file)
    kept = _kept(file, tests)
    if not kept.exists():
        alive = Trial(_module(file), SOURCE / file, tests).survivors(made)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([made.index(mutant) for mutant in alive]), encoding="utf-8")
    alive = [made[place] for place in json.loads(kept.read_text(encoding="utf-8"))]
    unknown = [mutant for mutant in alive if mutant.key not in listed]
    print(f"{file}: {len(made)} mutants, {len(alive)} alive, {len(unknown)} not listed", flush=True)
    for mutant in unknown:
        print(f"    {mutant.number}: {mutant.line}\n      -> {mutant.changed}", flush=True)
    return {mutant.key for mutant in alive}


def _tests(file: str) -> list[Path]:
    for room, names in ROOMS.items():
        if file.startswith(f"{room}/"):
            return [TESTS / name for name in names]
    raise SystemExit(f"{file} is in none of the rooms: {', '.join(ROOMS)}")


def _kept(file: str, tests: list[Path]) -> Path:
    """Return the file for the survivors of a module; its name depends on the code and the tests."""
    state = sha256()
    for folder in (*(SOURCE / name for name in PACKAGES), *tests, TESTS.parent / "fixtures"):
        for path in sorted((folder, *folder.rglob("*"))):
            if path.is_file() and path.suffix != ".pyc":
                state.update(path.read_bytes())
    name = f"{file.replace('/', '.')}.{state.hexdigest()[:16]}.json"
    return TESTS.parent / "build" / "mutants" / name


def _module(file: str) -> str:
    return ".".join(part for part in Path(file).with_suffix("").parts if part != "__init__")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
