"""The tables of the index, and the seal by which a damaged record is recognised."""

from pathlib import Path

from fastcrc.crc64 import xz as crc64

FORMAT = 3
"""The version of the folder's format. A change of the tables or the records raises it."""

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
"""The tables with records, and the columns that say what a record is about."""


def refuse_format(folder: Path, found: int) -> str:
    """Say that this version cannot use a folder of another format, and what to do."""
    return (
        f"the folder {folder} has the format {found}; this version of oss-emulator uses only the "
        f"format {FORMAT}: use the version that wrote it, or another folder"
    )


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
    """Whether a record and its place are as they were written."""
    return isinstance(text, str) and seal(unseal(text), *place) == text
