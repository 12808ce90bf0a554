"""The check of a data folder for damage. It changes nothing, so that a repair finds everything."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oss_emulator.storage import folder as layout
from oss_emulator.storage import records, schema
from oss_emulator.storage.blobs import CorruptBlobError


@dataclass(slots=True)
class Inspection:
    """What was found in a folder."""

    format: int = 0
    """The format of the index, 0 without one."""
    problems: list[str] = field(default_factory=list)
    """The problems that keep the folder from being used, one clause each."""
    uses: Counter[str] = field(default_factory=Counter)
    """How many records refer to each blob, by its name in records."""
    files: dict[Path, int] = field(default_factory=dict)
    """The sizes of the files below `blobs`."""

    def orphans(self, folder: Path) -> Sequence[Path]:
        """Return the files below `blobs` that no record refers to."""
        known = {Path(layout.place(folder, named.partition(".")[0])) for named in self.uses}
        return sorted(self.files.keys() - known)


def inspect(folder: Path, *, thorough: bool = False) -> Inspection:
    """Check the index, each record, and that each blob has its size; thorough also reads the blobs.

    Nobody may use the folder meanwhile.
    """
    found = Inspection()
    for entry in layout.walk(folder / layout.BLOBS):
        found.files[Path(entry.path)] = entry.stat(follow_symlinks=False).st_size
    found.problems += check_places(folder)
    if found.problems:
        return found  # a repair moves it away, and reads the rest
    try:
        found.problems.extend(_check_index(folder, found))
    except sqlite3.Error as error:
        found.problems.append(f"the index is damaged: {error}")
    found.problems.extend(_check_blobs(folder, found, thorough=thorough))
    return found


def check_places(folder: Path) -> list[str]:
    """Return a problem for each folder that stands where the data folder needs a file."""
    return [f"{path} is a folder instead of a file" for path in layout.misplaced(folder)]


def size_of(path: Path) -> int:
    """Return the size of a file, 0 if it is missing."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _check_index(folder: Path, found: Inspection) -> Iterator[str]:
    index = folder / layout.INDEX
    if not size_of(index):
        if found.files or size_of(folder / layout.WAL):
            what = "empty" if index.exists() else "missing"
            yield f"the index {layout.INDEX} is {what} beside {len(found.files)} files of objects"
        return
    with layout.open_for_reading(folder) as database:
        rows = database.execute("PRAGMA integrity_check").fetchall()
        if rows != [("ok",)]:
            yield f"the index is damaged: {str(rows[0][0]).splitlines()[0]}"
            return
        (found.format,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute(schema.TABLES).fetchone()
        if not found.format and tables is None:
            if found.files or layout.read_mark(folder):
                number = len(found.files)
                yield f"the index {layout.INDEX} has no tables beside {number} files of objects"
            return
        if found.format not in (0, schema.FORMAT) and "CREATE TABLE state" not in tables:
            return  # an older format had no such table
        row = database.execute("SELECT format, commits, tables FROM state").fetchone()
        number, commits, made_with = row or (0, 0, "")
        if (found.format, tables) != (number, made_with):
            yield "the index is damaged: its tables are not those that it was made with"
        elif found.format == schema.FORMAT:
            yield from _check_records(database, found)
            if commits < (mark := layout.read_mark(folder)):
                lost = mark - commits
                yield f"the index is older than the objects: it lacks the last {lost} writes"


def _check_records(database: sqlite3.Connection, found: Inspection) -> Iterator[str]:
    damaged = 0
    for table, columns in schema.PLACES.items():
        for text, *where in database.execute(
            f"SELECT record, {', '.join(columns)} FROM {table}"  # noqa: S608
        ):
            if not schema.is_sealed(text, *where):
                damaged += 1
            elif table in ("version", "part"):
                found.uses.update(records.names(text))
    if damaged:
        yield f"the index is damaged: {damaged} records differ from what was written"
        return
    known = dict(database.execute("SELECT name, uses FROM blob WHERE uses > 0"))
    counted: Counter[str] = Counter()
    for named, uses in found.uses.items():
        counted[named.partition(".")[0]] += uses
    if known != counted:
        yield "the index is damaged: its counts of the uses of blobs are wrong"


def _check_blobs(folder: Path, found: Inspection, *, thorough: bool) -> Iterator[str]:
    for named in found.uses:
        blob = layout.find_blob(folder, named)
        size = found.files.get(Path(blob.path))
        if size is None:
            yield f"{blob.path} is missing"
        elif size != blob.size:
            yield f"{blob.path} no longer holds the bytes that were put"
        elif thorough:
            try:
                blob.verify()
            except (CorruptBlobError, OSError) as error:
                yield str(error)
