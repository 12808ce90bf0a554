"""Rebuilds the index of a damaged folder from all intact records; the rest goes to `lost+found`."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from fastcrc.crc64 import xz as crc64

from oss_emulator import json_text
from oss_emulator.storage import folder as layout
from oss_emulator.storage import lost, records, schema
from oss_emulator.storage.base import Bucket, Object, Part
from oss_emulator.storage.blobs import CorruptBlobError
from oss_emulator.storage.inspection import size_of

Row: TypeAlias = dict[str, Any]
"""A row of the index by its columns; `record` has no seal."""

_REGION = "cn-hangzhou"
"""The region of a rebuilt bucket: the records of its objects do not contain it."""

_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OSError, CorruptBlobError)
"""What reading a damaged record raises."""

_WITH_BYTES = ("version", "part")
_CHUNK = 1024 * 1024

_COLUMNS = {
    table: (*(("number", *columns) if table == "version" else columns), "record")
    for table, columns in schema.PLACES.items()
}


@dataclass(slots=True)
class Repair:
    """What a repair saved and what it lost."""

    place: Path
    """The folder below `lost+found` with the old index and what was lost."""
    kept: Counter[str] = field(default_factory=Counter)
    """The number of records by table."""
    said: list[str] = field(default_factory=list)
    """What was rebuilt or lost, a line each."""
    uses: Counter[str] = field(default_factory=Counter)
    """How many saved records refer to each blob."""
    rows: list[tuple[str, Row]] = field(default_factory=list)
    dropped: list[tuple[str, Row]] = field(default_factory=list)


def repair(folder: Path) -> Repair:
    """Rebuild the index of a folder. Nobody may use the folder meanwhile.

    The old index is copied first, and replaced last: an interrupted repair is repeated.
    """
    done = Repair(_make_place(folder))
    if strange := layout.misplaced(folder):
        lost.move(strange, done.place)
        names = ", ".join(path.name for path in strange)
        done.said.append(f"folders instead of files were moved to {done.place}: {names}")
    for name in (layout.INDEX, layout.WAL):
        if (folder / name).exists():
            shutil.copy2(folder / name, done.place / name)
    for table, row in _salvage(folder, done):
        _keep(folder, done, table, row)
    _complete(done)
    commits = layout.read_mark(folder) + 1
    new = _write_index(done, commits)
    if done.dropped:
        lines = [json.dumps([table, row], default=repr) + "\n" for table, row in done.dropped]
        (done.place / "records.jsonl").write_text("".join(lines), encoding="utf-8")
    for name in (layout.WAL, layout.SHM):  # of the old index, which has been copied
        (folder / name).unlink(missing_ok=True)
    new.replace(folder / layout.INDEX)
    layout.sync_folder(folder)
    with layout.open_private(folder / layout.TURN, os.O_RDWR) as mark:
        layout.write_mark(mark, commits)
    _move_orphans(folder, done)
    return done


def _make_place(folder: Path) -> Path:
    name = f"repair-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    made = folder / layout.LOST / name
    made.parent.mkdir(mode=0o700, exist_ok=True)
    made.mkdir(mode=0o700)
    return made


def _salvage(folder: Path, done: Repair) -> Iterator[tuple[str, Row]]:
    """Read all records that can be read, each once."""
    if not size_of(folder / layout.INDEX):
        done.said.append("the index is empty or missing: no record could be read")
        return
    with layout.open_for_reading(folder) as database:
        database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        for table, columns in _COLUMNS.items():
            seen = set()
            # From both ends, to get all rows before and after a damaged page.
            for order in ("ASC", "DESC"):
                by = ("number",) if table == "version" else schema.PLACES[table]
                query = (
                    f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED "  # noqa: S608
                    f"ORDER BY {', '.join(f'{column} {order}' for column in by)}"
                )
                try:
                    for values in database.execute(query):
                        row = dict(zip(columns, values, strict=True))
                        where = tuple(row[column] for column in schema.PLACES[table])
                        if where not in seen:
                            seen.add(where)
                            yield table, row
                except sqlite3.Error as error:
                    done.said.append(f"not every {table} could be read: {error}")


def _keep(folder: Path, done: Repair, table: str, row: Row) -> None:
    """Keep a record if it is whole or can be rebuilt from the bytes of its object."""
    where = [row[column] for column in schema.PLACES[table]]
    name = f"{table} {'/'.join(map(str, where))}"
    text = row["record"]
    try:
        if schema.is_sealed(text, *where):
            text = schema.unseal(text)
        else:
            text = _rebuild(folder, table, row)
            done.said.append(f"{name} was rebuilt: its size and checksums are those of its bytes")
        if table in _WITH_BYTES:
            for named in records.names(text):
                layout.find_blob(folder, named).verify()
    except _DAMAGE as error:
        done.said.append(f"{name} was not kept: {error}")
        done.dropped.append((table, row))
        return
    done.rows.append((table, {**row, "record": text}))


def _rebuild(folder: Path, table: str, row: Row) -> str:
    """Rebuild a damaged record of an object or a part; raises `ValueError`."""
    if table not in _WITH_BYTES:
        raise ValueError("its record is damaged")
    values = json_text.parse(row["record"], errors="surrogatepass")
    values.pop("crc", None)
    if any(values.get(column, row[column]) != row[column] for column in schema.PLACES[table]):
        raise ValueError("its record is that of another row")
    size, crc, md5 = 0, 0, hashlib.md5(usedforsecurity=False)
    for blob in [layout.find_blob(folder, named) for named in values["content"]]:
        for offset in range(0, blob.size, _CHUNK):
            chunk = blob.read(offset, _CHUNK)
            crc = crc64(chunk, crc)
            md5.update(chunk)
        size += blob.size
    values |= {"size": size, "crc64": crc}
    if values.get("kind", "Normal") == "Normal":  # other ETags are not the MD5 of the bytes
        values["etag"] = f'"{md5.hexdigest().upper()}"'
    text = json.dumps(values, separators=(",", ":"))
    find = partial(layout.find_blob, folder)
    if table == "version":
        records.parse(Object, text, find)
    else:
        records.parse(Part, text, find)
    return text


def _complete(done: Repair) -> None:
    """Rebuild the buckets of kept objects; drop parts without their upload."""
    buckets = {row["name"] for table, row in done.rows if table == "bucket"}
    uploads = {(row["bucket"], row["id"]) for table, row in done.rows if table == "upload"}
    for table, row in list(done.rows):
        if table == "version" and row["bucket"] not in buckets:
            name, item = row["bucket"], json_text.parse(row["record"], errors="surrogatepass")
            made = Bucket(name, item["owner"], item["modified"], _REGION)
            text = records.format(made, str)
            done.rows.append(("bucket", {"name": name, "record": text}))
            buckets.add(name)
            done.said.append(f"bucket {name} was rebuilt: private, without configurations")
        elif table == "part" and (row["bucket"], row["upload"]) not in uploads:
            done.rows.remove((table, row))
            done.dropped.append((table, row))


def _write_index(done: Repair, commits: int) -> Path:
    """Write the records that were kept to a new index and return its path."""
    path = done.place / "index.new"
    layout.open_private(path, os.O_RDWR).close()
    uses: Counter[str] = Counter()
    newest = {
        (row["bucket"], row["key"]): row["number"]
        for table, row in sorted(done.rows, key=lambda item: item[1].get("number", 0))
        if table == "version"
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(f"BEGIN; {schema.CREATE}")
        for table, row in done.rows:
            done.kept[table] += 1
            values = {
                **row,
                "record": schema.seal(row["record"], *(row[name] for name in schema.PLACES[table])),
            }
            if table == "version":
                values["newest"] = newest[row["bucket"], row["key"]] == row["number"]
            if table in _WITH_BYTES:
                uses.update(named.partition(".")[0] for named in records.names(row["record"]))
            database.execute(
                f"INSERT INTO {table} ({', '.join(values)}) "  # noqa: S608
                f"VALUES ({', '.join('?' * len(values))})",
                tuple(values.values()),
            )
        database.executemany("INSERT INTO blob (name, uses) VALUES (?, ?)", uses.items())
        database.execute("UPDATE state SET commits = ?", (commits,))
        database.execute("COMMIT")
    done.uses = uses
    return path


def _move_orphans(folder: Path, done: Repair) -> None:
    found = [Path(entry.path) for entry in layout.walk(folder / layout.BLOBS)]
    orphans = [path for path in found if path.name not in done.uses]
    lost.move(orphans, done.place)
    if orphans:
        done.said.append(f"{len(orphans)} files without a record were moved to {done.place}")
