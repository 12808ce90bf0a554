"""The index of a data folder: its records and their seals, its tables, transactions and opening.

The files that a transaction adds are synced together before its commit. The files to which no
record refers any more are removed after its commit.
"""

import json
import logging
import os
import sqlite3
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from fastcrc.crc64 import xz as crc64
from oss_referer.sources import json_text

from oss_emulator.storage.base import Account, Bucket, FolderError, Object, Part, Restore, Upload
from oss_emulator.storage.blobs import Blob, remove
from oss_emulator.storage.folder import (
    BLOB_NAME,
    BLOBS,
    INDEX,
    LOCK,
    RESERVE,
    SHM,
    WAL,
    FolderLock,
    close_to_others,
    make_private,
    open_private,
    place,
    sync_files,
    sync_folder,
    walk,
)

AnyRecord = TypeVar("AnyRecord", Account, Bucket, Object, Part, Upload)

Name = Callable[[Blob], str]
"""Returns the name of a blob for a record."""
Find = Callable[[str], Blob]
"""Returns the blob with a name."""


def format_record(record: Account | Bucket | Object | Part | Upload, name: Name) -> str:
    """Format a record; fields with their default value are omitted."""
    defaults = record._field_defaults
    values: dict[str, Any] = {}
    for field, value in zip(record._fields, record, strict=True):
        if field not in defaults or value != defaults[field]:
            # Most values are checked here, because a call for each would be slow.
            values[field] = value if isinstance(value, _PLAIN) else _plain(value, name)
    return _ENCODER.encode(values)


def parse_record(kind: type[AnyRecord], text: str, find: Find) -> AnyRecord:
    """Parse a record; a field that is missing in the text gets its default."""
    values = json_text.parse(text, errors="surrogatepass")
    for field, make in _READERS.items():
        if values.get(field) is not None:
            values[field] = make(values[field], find)
    return kind(**values)


def blob_names(text: str) -> list[str]:
    """Return the names of the blobs of a formatted object or part, in order."""
    found: list[str] = json_text.parse(text, errors="surrogatepass")["content"]
    return found


# In ASCII: metadata may have bytes that are not UTF-8 (P-57), which SQLite does not store as text.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


_PLAIN = (str, int, float)


def _plain(value: Any, name: Name) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Restore):
        return value._asdict()
    if isinstance(value, Object):
        return format_record(value, name)
    if isinstance(value, tuple):
        return [name(blob) for blob in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, name) for key, item in value.items()}
    return b64encode(value).decode() if isinstance(value, bytes) else value


_READERS: Mapping[str, Callable[[Any, Find], Any]] = {
    "content": lambda names, find: tuple(find(name) for name in names),
    "documents": lambda found, find: {key: b64decode(data) for key, data in found.items()},
    "draft": lambda text, find: parse_record(Object, text, find),
    "restore": lambda values, find: Restore(**values),
}


FORMAT = 3
"""The version of the folder's format.

Increase it with every change of the tables, of the records or of a default in them.
"""

TABLES = """
SELECT group_concat(sql, char(10)) FROM
(SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name)
"""
"""The query for the definitions of all tables, which the table `state` stores for comparison."""

CREATE = f"""
CREATE TABLE account (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bucket (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE version (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- the greater, the newer
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version_id TEXT NOT NULL,
    newest INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX version_by_id ON version (bucket, key, version_id);
CREATE INDEX version_by_age ON version (bucket, key, number DESC);
CREATE UNIQUE INDEX version_newest ON version (bucket, key) WHERE newest;
CREATE TABLE upload (
    bucket TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (bucket, key, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX upload_by_id ON upload (bucket, id);
CREATE TABLE part (
    bucket TEXT NOT NULL, upload TEXT NOT NULL, number INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (bucket, upload, number)
) WITHOUT ROWID;
CREATE TABLE blob (
    name TEXT PRIMARY KEY,
    uses INTEGER NOT NULL, -- by records
    held INTEGER NOT NULL DEFAULT 0 -- until the next start at most
) WITHOUT ROWID;
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    format INTEGER NOT NULL,
    commits INTEGER NOT NULL,
    tables TEXT NOT NULL -- the definitions of all tables
);
INSERT INTO state SELECT 1, {FORMAT}, 1, ({TABLES});
PRAGMA user_version = {FORMAT};
"""
"""The statements that make an index; the commit around them is counted as the first."""

PLACES = {
    "account": ("id",),
    "bucket": ("name",),
    "version": ("bucket", "key", "version_id"),
    "upload": ("bucket", "key", "id"),
    "part": ("bucket", "upload", "number"),
}
"""The tables with records, and the columns that identify a record."""


_SEAL_SIZE = len(',"crc":"0123456789abcdef"}')


def seal(text: str, *place: str | int) -> str:
    """Add the CRC-64 of a record's text and place to the text, as its last field."""
    head = text[:-1]
    sealed = "\0".join((*map(str, place), head)).encode("utf-8", "surrogatepass")
    return f'{head},"crc":"{crc64(sealed):016x}"}}'


def unseal(text: str) -> str:
    """Return the text of a record without its seal."""
    return text[:-_SEAL_SIZE] + "}"


def is_sealed(text: str, *place: str | int) -> bool:
    """Whether a record and its place have not changed since they were written."""
    return isinstance(text, str) and seal(unseal(text), *place) == text


CACHE = 16 * 1024
"""KiB of the page cache of a connection; with less, SQLite writes pages repeatedly."""


_PATIENCE = 60
"""Seconds to wait for another connection."""


class IndexConnection:
    """A connection to the index; every thread has its own."""

    def __init__(self, folder: Path, lock: FolderLock, *, fsync: bool) -> None:
        """Raises `sqlite3.Error`."""
        self._folder = folder
        self._lock = lock
        self._fsync = fsync
        # `close` may run in another thread, after this one has ended.
        self.database = sqlite3.connect(
            folder / INDEX, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(f"PRAGMA cache_size = -{CACHE}")
        self.database.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
        self._made: list[str] = []
        """The paths of the files that this transaction has added."""
        self._doomed: list[str] = []
        """The paths of the files whose last use this transaction has removed."""
        self._buckets: dict[str, Bucket] = {}
        self._earlier: dict[str, Bucket] = {}
        self._seen = -1
        """SQLite's number for the state of the index from which the buckets were read."""
        self._asked = False
        """Whether this transaction has queried that number."""
        self._is_short = False
        """Whether this transaction has released the reserve."""

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block together, or none of them after an exception."""
        database = self.database
        try:
            with self._lock.turn:
                database.execute("BEGIN IMMEDIATE")
                self._asked = False
                before = database.total_changes
                try:
                    yield
                    if self._fsync and self._made:
                        sync_files(self._made)
                    commits = self._count_commit() if database.total_changes != before else None
                    database.execute("COMMIT")
                except BaseException:
                    self._doomed = self._made
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
                if commits is not None:
                    self._lock.write_mark(commits)
        finally:
            self._seen = -1
            self._remove_doomed()
            with self._lock.turn:
                self._restore_reserve()

    def make_room(self) -> None:
        """Let this transaction use the reserve, because it deletes something."""
        self._is_short |= self._lock.reserve.release()

    def check_room(self) -> None:
        """Raise OSError if only deletions may use what is left of the disk."""
        if not self._is_short:
            self._lock.reserve.check()

    def _restore_reserve(self) -> None:
        reserve, was_short, self._is_short = self._lock.reserve, self._is_short, False
        if not reserve.restore() and was_short:
            # The WAL may have the missing space. Readers may need it: do not wait for them.
            self.database.execute("PRAGMA busy_timeout = 0")
            with suppress(sqlite3.Error):  # the index has no space to grow: the WAL stays
                self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.database.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000}")
            reserve.restore()

    def _count_commit(self) -> int:
        """Count the next commit; a start refuses an index with fewer commits than the mark."""
        ((commits,),) = self.database.execute(
            "UPDATE state SET commits = commits + 1 WHERE id = 1 RETURNING commits"
        ).fetchall()
        return int(commits)

    def _remove_doomed(self) -> None:
        for path in self._doomed:
            with suppress(OSError):  # the next start removes it
                remove(path)
        self._doomed, self._made = [], []

    def buckets(self) -> dict[str, Bucket]:
        """Return the buckets that were read since the last write of any connection.

        During a transaction no other connection can write, so SQLite is queried once.
        """
        if not (self.database.in_transaction and self._asked):
            self._asked = self.database.in_transaction
            (seen,) = self.database.execute("PRAGMA data_version").fetchone()
            if seen != self._seen:
                self._earlier, self._buckets, self._seen = self._buckets, {}, seen
        return self._buckets

    def remember(self, bucket: Bucket) -> Bucket:
        """Cache a bucket and return it; for an unchanged bucket, return the earlier record.

        So values derived from it are computed once, and the journal has it in memory once.
        """
        earlier = self._earlier.get(bucket.name)
        kept = self._buckets[bucket.name] = bucket if earlier != bucket else earlier
        return kept

    # Files

    def add_file(self, path: str) -> None:
        """Sync a new file before the commit of this transaction; a rollback removes the file."""
        self._made.append(path)

    def count(self, name: str, uses: int, held: int = 0) -> None:
        """Add to the uses and holds of a file; the commit removes a file that has neither."""
        self.database.execute(
            "INSERT INTO blob VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, held = held + excluded.held",
            (name, uses, held),
        )
        if uses + held > 0:
            return
        gone = self.database.execute(
            "DELETE FROM blob WHERE name = ? AND uses <= 0 AND held <= 0 RETURNING name", (name,)
        ).fetchall()
        self._doomed.extend(place(self._folder, name) for (name,) in gone)


LOG = logging.getLogger("oss_emulator")


class OpenFolder:
    def __init__(self, folder: Path, *, fsync: bool) -> None:
        """Raises `FolderError`."""
        self._folder = folder
        self._fsync = fsync
        self._index = f"{folder}/{INDEX}"
        try:
            make_private(folder)
            _check_kinds(folder)
            with ExitStack() as stack:
                self._lock = stack.enter_context(closing(FolderLock(folder)))
                self._lock.reserve.release()  # even a start writes
                used = _check(folder, self._lock)
                _prepare(folder, self._lock, used, fsync=fsync)
                self._identity = self._identify()
                stack.pop_all()
        except (OSError, sqlite3.Error) as error:
            where = getattr(error, "filename", None) or f"the folder {folder}"
            reason = getattr(error, "strerror", None) or error
            raise FolderError(f"{where} cannot be used: {reason}") from None

    def close(self) -> None:
        self._lock.close()

    def connect(self) -> IndexConnection:
        """Make a connection to the index; raises `FolderError`, `OSError` and `sqlite3.Error`."""
        self.check()
        return IndexConnection(self._folder, self._lock, fsync=self._fsync)

    def check(self) -> None:
        """Raise `FolderError` if the folder was deleted or replaced.

        Otherwise SQLite would keep writing to the deleted file, and lose everything.
        """
        try:
            if self._identify() == self._identity:
                return
        except FileNotFoundError:
            pass
        raise FolderError(
            f"the folder {self._folder} was deleted or replaced while the server used it; put it "
            "back, or restart the server"
        )

    def check_room(self) -> None:
        """Raise OSError if only deletions may use what is left of the disk."""
        self._lock.reserve.check()

    def _identify(self) -> tuple[int, int]:
        """Return what distinguishes the index from any other file in its place."""
        found = os.stat(self._index)
        return found.st_dev, found.st_ino


def _check_kinds(folder: Path) -> None:
    """Check that no link, pipe or folder is in the place of a file; raises `FolderError`.

    SQLite would look for the WAL beside the target of a link, and opening a pipe would block. The
    folder of the blobs may be a link.
    """
    for name in (LOCK, INDEX, WAL, SHM, RESERVE):
        path = folder / name
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise _refusal(folder, f"its {name} is not a file")
    path = folder / BLOBS
    if os.path.lexists(path) and not path.is_dir():
        raise _refusal(folder, f"its {BLOBS} is not a folder")


def _check(folder: Path, lock: FolderLock) -> set[str] | None:
    """Check the index and each of its records; raises `FolderError`.

    Returns the names of the blobs that records refer to, None for a new folder.
    """
    path, mark = folder / INDEX, lock.read_mark()
    was_used = mark > 0 or any(walk(folder / BLOBS))
    try:
        if not path.exists() or not path.stat().st_size:
            if was_used:
                what = "empty" if path.exists() else "missing"
                raise _refusal(folder, f"its index {INDEX} is {what}")
            return None
        with _open_for_reading(folder) as database:
            rows = database.execute("PRAGMA integrity_check").fetchall()
            if rows != [("ok",)]:
                raise _refusal(folder, f"its index is damaged: {str(rows[0][0]).splitlines()[0]}")
            (number,) = database.execute("PRAGMA user_version").fetchone()
            (tables,) = database.execute(TABLES).fetchone()
            if not number and tables is None:
                if was_used:
                    raise _refusal(folder, f"its index {INDEX} has no tables")
                return None  # the very first start was interrupted
            _check_state(folder, database, number, tables or "", mark)
            return _check_records(folder, database)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damaged text as it is
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
            raise
        said = str(error).partition("\n")[0]
        raise _refusal(folder, f"its index is damaged: {said}") from None


_OF_THE_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
"""Errors of SQLite that do not prove a damaged index: even a reader needs space for the SHM."""


@contextmanager
def _open_for_reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the index without changing its files.

    A connection that may write ends with a checkpoint and removes the WAL, even a damaged one.
    """
    uri = f"{(folder / INDEX).absolute().as_uri()}?mode=ro"
    added = [path for path in (folder / WAL, folder / SHM) if not path.exists()]
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            yield database
    finally:
        for path in added:  # SQLite creates them even for a reader
            path.unlink(missing_ok=True)


def _check_state(
    folder: Path, database: sqlite3.Connection, number: int, tables: str, mark: int
) -> None:
    """Check the format of the index, its tables and its last commit; raises `FolderError`."""
    if number not in (0, FORMAT) and "CREATE TABLE state" not in tables:
        raise _other_format(folder, number)  # an older format had no such table
    row = database.execute("SELECT format, CAST(commits AS INTEGER), tables FROM state").fetchone()
    noted, commits, made_with = row or (0, 0, "")
    if (number, tables) != (noted, made_with):
        raise _refusal(folder, "its index is damaged: its tables were changed")
    if number != FORMAT:
        raise _other_format(folder, number)
    if commits < mark:
        lost = f"writes that it lacks: {mark - commits}"
        raise _refusal(folder, f"its index is older than its objects ({lost})")


def _check_records(folder: Path, database: sqlite3.Connection) -> set[str]:
    """Check every record; returns the names of their blobs. Raises `FolderError`."""
    uses: Counter[str] = Counter()
    for table, columns in PLACES.items():
        for text, *where in database.execute(
            f"SELECT record, {', '.join(columns)} FROM {table}"  # noqa: S608
        ):
            if not is_sealed(text, *where):
                raise _refusal(folder, f"its index is damaged: a record of {table} was changed")
            if table in ("version", "part"):
                uses.update(named.partition(".")[0] for named in blob_names(text))
    if dict(database.execute("SELECT name, uses FROM blob WHERE uses > 0")) != uses:
        raise _refusal(folder, "its index is damaged: its counts of the uses of blobs are wrong")
    return set(uses)


def _prepare(folder: Path, lock: FolderLock, used: set[str] | None, *, fsync: bool) -> None:
    """Create the files of a new folder, or remove what a crash left in a used one."""
    open_private(folder / INDEX).close()
    for name in (WAL, SHM):  # SQLite gives new ones the mode of the index
        close_to_others(folder / name, 0o600)
    with closing(IndexConnection(folder, lock, fsync=fsync)) as connection:
        if used is None:
            connection.database.executescript(f"BEGIN IMMEDIATE; {CREATE} COMMIT")
            lock.write_mark(1)
        _make_places(folder)
        with connection.transaction():
            connection.database.execute("UPDATE blob SET held = 0 WHERE held > 0")
            connection.database.execute("DELETE FROM blob WHERE uses <= 0")
    _remove_unused(folder, used or set())


def _make_places(folder: Path) -> None:
    """Create the folders of blobs, and make their names durable."""
    blobs = folder / BLOBS
    for path in (blobs, *(blobs / f"{number:02x}" for number in range(256))):
        path.mkdir(mode=0o700, exist_ok=True)
    close_to_others(blobs, 0o700)  # an earlier version left it open to others
    for path in (blobs, folder, folder.parent):
        sync_folder(path)


def _remove_unused(folder: Path, used: set[str]) -> None:
    """Remove the files of blobs without a record: no client was told that they are stored."""
    removed = 0
    for entry in walk(folder / BLOBS):
        if BLOB_NAME.fullmatch(entry.name) and entry.name not in used:
            os.unlink(entry.path)
            removed += 1
    if removed:
        LOG.warning("%s: removed %d files of interrupted uploads without a record", folder, removed)


def _refusal(folder: Path, problem: str) -> FolderError:
    return FolderError(
        f"the folder {folder} cannot be used: {problem}; nothing was changed: restore a copy of "
        "the whole folder, or choose another one"
    )


def _other_format(folder: Path, found: int) -> FolderError:
    return FolderError(
        f"the folder {folder} has the format {found}; this version of oss-emulator uses only the "
        f"format {FORMAT}: use the version that wrote it, or another folder"
    )
