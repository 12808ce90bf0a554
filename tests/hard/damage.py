"""Damage rounds: files of a data folder are flipped, erased, cut, extended, lost or replaced.

After each damage the folder is served as it was, or refused with one sentence and left alone. A
damaged blob is reported when it is read, and the rest is served. `python -m tests.hard.damage
[REGIONS]` is the long form.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

from oss_emulator.access.accounts import AccountsError
from oss_emulator.control.controls import open_storage
from oss_emulator.pipeline.accounts import TOKEN_KEY_FILE
from oss_emulator.pipeline.service import Service
from oss_emulator.settings import Fsync, Settings
from oss_emulator.storage.base import Account, Bucket, FolderError, Object, Part, Upload
from oss_emulator.storage.blobs import CorruptBlobError
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.folder import INDEX, LOCK, RESERVE, SHM, WAL

UNRECORDED = f"blobs/00/{'0' * 32}", f"blobs/11/{'1' * 32}"
"""Two files that a crash left without a record."""

LOST_WITH_A_LINE = "was made: what KMS encrypted with another key cannot be decrypted"

Round = Callable[[Path], object]


def flip(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """Change one bit of a region."""
    place = chance.randrange(start, end)
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def erase(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """Fill a region with zeros, as if a block was lost."""
    return data[:start] + bytes(end - start) + data[end:]


def cut(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """End the file within a region."""
    return data[: chance.randrange(start, end)]


def extend(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """Append a copy of a region."""
    return data + data[start:end]


def fill(storage: DiskStorage, first: int, last: int) -> None:
    """Put, replace and delete something of every kind."""
    for number in range(first, last):
        name = f"bucket-{number % 3}"
        storage.put_bucket(Bucket(name, "1", 1.0, "cn-hangzhou", documents={"a": b"%d" % number}))
        storage.put_account(Account(str(number % 4), {"b": b"%d" % number}))
        writer = storage.blob_writer()
        writer.write(b"%d" % number * 500)
        content = (writer.finish(),)
        size, crc = content[0].size, number
        key = f"key-{number % 7}"
        item = Object(key, content, size, '"E"', crc, 1.0, "1", headers={"x": "y" * number})
        storage.put_object(name, item._replace(version_id=str(number % 2)))
        draft = item._replace(content=())
        storage.put_upload(name, Upload(f"u{number % 5}", 1.0, draft))
        storage.put_part(name, f"u{number % 5}", Part(number % 3 + 1, content, size, "P", crc, 1.0))
        if number % 5 == 0:
            storage.delete_object(name, f"key-{(number + 3) % 7}", "1")


def make(folder: Path) -> Path:
    """Return a copy of a folder that is in use: half of it is in the index, the rest in the WAL."""
    settings = settings_of(folder / "live")
    with closing(DiskStorage(folder / "live", fsync=False)) as storage:
        Service(settings, storage)  # it creates the key of tokens
        fill(storage, 0, 14)
    with closing(DiskStorage(folder / "live", fsync=False)) as storage:
        fill(storage, 14, 21)
        image = Path(shutil.copytree(folder / "live", folder / "image"))
    for name in UNRECORDED:
        (image / name).write_bytes(b"the beginning")
    return image


def settings_of(folder: Path) -> Settings:
    """Return the settings of a server with a data folder."""
    return Settings(data=folder, fsync=Fsync.OFF)


def contents(folder: Path) -> list[object]:
    """Return what a start finds: the key of tokens, then the records with their bytes."""
    settings = settings_of(folder)
    with closing(open_storage(settings)) as storage:
        service = Service(settings, storage)
        found: list[object] = [service.token_key, *storage.accounts(), *storage.buckets()]
        for bucket in storage.buckets():
            versions = storage.versions(bucket.name)
            found += [(item._replace(content=()), read(item)) for item in versions]
            for upload in storage.uploads(bucket.name):
                found.append(upload)
                parts = storage.parts(bucket.name, upload.id)
                found += [(part._replace(content=()), read(part)) for part in parts]
        return found


def read(item: Object | Part) -> bytes | None:
    """Return the bytes of an object; None if the storage reports that they are damaged."""
    try:
        return b"".join(blob.read(0, blob.size) for blob in item.content)
    except (CorruptBlobError, FileNotFoundError):
        return None


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files that may not change when a folder is refused.

    A start makes an empty lock, and SQLite an empty WAL for a reader.
    """
    paths = {name: folder / name for name in files(folder) if name != SHM}
    found = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    return {name: data for name, data in found.items() if data or name not in (WAL, LOCK)}


def files(folder: Path) -> list[str]:
    """Return the files and links below a folder; `rglob` is slow for its hundreds of folders."""
    skipped = len(f"{folder}/")
    return [f"{place}/{name}"[skipped:] for place, _, names in os.walk(folder) for name in names]


def renew(image: Path, scratch: Path) -> None:
    """Restore the files of a copy from the image.

    The folders stay: removing and creating hundreds of them takes longer than the rest.
    """
    wanted = {name: (image / name).read_bytes() for name in files(image)}
    for name in files(scratch):
        path = scratch / name
        if path.is_symlink() or path.read_bytes() != wanted.get(name):
            path.unlink()
    for name, data in wanted.items():
        path = scratch / name
        if path.is_dir():
            path.rmdir()
        if not path.exists():
            path.write_bytes(data)


def check(image: Path, scratch: Path, name: str, wanted: list[object]) -> str:
    """Start with a damaged copy; return the outcome."""
    before = snapshot(scratch)
    with _lines() as lines:
        try:
            found = contents(scratch)
        except (FolderError, AccountsError) as error:
            text = str(error)
            assert "\n" not in text
            assert (
                "nothing was changed: restore" in text
                or "cannot be used" in text
                or ("restore it from a backup" in text)
            ), text
            assert snapshot(scratch) == before
            return "refused"
    after = snapshot(scratch)
    for path, data in before.items():
        if path.startswith("blobs/") and path not in UNRECORDED:
            assert after.get(path) == data, path
    if name not in UNRECORDED:
        assert not {*UNRECORDED} & {*after}
        assert any("removed 2 files of interrupted uploads" in line for line in lines)
    if found == wanted:
        return "served"
    if name == TOKEN_KEY_FILE:
        assert found[1:] == wanted[1:]
        assert any(LOST_WITH_A_LINE in line for line in lines)
        return "logged"
    assert name.startswith("blobs/")  # reading reports the damage of one object
    for had, has in zip(wanted, found, strict=True):
        if had != has:
            assert isinstance(had, tuple)
            assert has == (had[0], None)
    return "reported"


@contextmanager
def _lines() -> Iterator[list[str]]:
    """Collect the lines of the log."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("oss_emulator")
    log.addHandler(handler)
    try:
        yield lines
    finally:
        log.removeHandler(handler)


def damages(image: Path, regions: int, chance: random.Random) -> Iterator[tuple[str, str, Round]]:
    """Yield each damage to try: its file, its name, and the function for it."""
    blobs = sorted(name for name in files(image) if name.startswith("blobs/"))
    blobs = [name for name in blobs if name not in UNRECORDED]
    for name in (INDEX, WAL, SHM, LOCK, RESERVE, TOKEN_KEY_FILE, *UNRECORDED, *blobs[:3]):
        data = (image / name).read_bytes()
        many = min(regions, len(data)) if name in (INDEX, WAL) else min(2, len(data))
        edges = [len(data) * number // many for number in range(many + 1)] if many else []
        for start, end in pairwise(edges):
            for damage in (flip, erase, cut, extend):
                made = damage(data, start, end, chance)
                where = f"{name} {damage.__name__} {start}-{end}"
                yield name, where, partial(Path.write_bytes, data=made)
        yield name, f"{name} lost", Path.unlink
        yield name, f"{name} replaced by a folder", _replace_by_a_folder
        yield name, f"{name} replaced by a link", _replace_by_a_link


def _replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_a_link(path: Path) -> None:
    """Replace a file by a link to the same bytes."""
    away = path.with_name("away")
    path.rename(away)
    path.symlink_to(away)


def run(image: Path, regions: int, seed: int = 0, one_in: int = 1) -> Counter[str]:
    """Damage each region of the index and the WAL in each way, and all other kinds of files.

    Try only one in `one_in` damages, but all damages of the key of tokens.
    """
    chance = random.Random(seed)  # noqa: S311
    scratch = image.with_name("damaged")
    shutil.copytree(image, scratch)
    wanted = contents(scratch)
    happened: Counter[str] = Counter()
    for number, (name, where, damage) in enumerate(damages(image, regions, chance)):
        if number % one_in and name != TOKEN_KEY_FILE:
            continue
        renew(image, scratch)
        damage(scratch / name)
        try:
            happened[check(image, scratch, name, wanted)] += 1
        except Exception as error:
            error.add_note(where)
            raise
    return happened


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as place:
        happened = run(make(Path(place)), count, seed=random.randrange(10**6))  # noqa: S311
        print(f"{happened.total()} damages: {dict(happened)}")
