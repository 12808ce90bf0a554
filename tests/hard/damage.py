"""Damage rounds: bytes of a data folder are flipped or cut, and no wrong answer follows.

After each damage the folder is served as it was, or refused and left alone.
`python -m tests.hard.damage [REGIONS]` is the long form.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from oss_emulator.storage import Bucket, CorruptBlobError, FolderError, Object, Part, Upload
from oss_emulator.storage.base import Account
from oss_emulator.storage.disk import DiskStorage

INDEX, WAL = "index.sqlite", "index.sqlite-wal"
CHANGED_BY_LOOKING = ("index.sqlite-shm", "lock", "workers")

Damage = Callable[[bytes, int, int, random.Random], bytes]


def flip(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """Change one bit of a region."""
    place = chance.randrange(start, end)
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def erase(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """Fill a region with zeros, as a lost block is."""
    return data[:start] + bytes(end - start) + data[end:]


def cut(data: bytes, start: int, end: int, chance: random.Random) -> bytes:
    """End the file within a region."""
    return data[: chance.randrange(start, end)]


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
        key = f"key-{number % 17}"
        item = Object(key, content, size, '"E"', crc, 1.0, "1", headers={"x": "y" * number})
        storage.put_object(name, item._replace(version_id=str(number % 2)))
        draft = item._replace(content=())
        storage.put_upload(name, Upload(f"u{number % 5}", 1.0, draft))
        storage.put_part(name, f"u{number % 5}", Part(number % 3 + 1, content, size, "P", crc, 1.0))
        if number % 7 == 0:
            storage.delete_object(name, f"key-{(number + 3) % 17}", "1")


def make(folder: Path) -> Path:
    """Return a copy of a folder that is in use: half of it is in the index, the rest in the WAL."""
    with closing(DiskStorage(folder / "live", fsync=False)) as storage:
        fill(storage, 0, 40)
    with closing(DiskStorage(folder / "live", fsync=False)) as storage:
        fill(storage, 40, 60)
        return Path(shutil.copytree(folder / "live", folder / "image"))


def contents(folder: Path) -> list[object]:
    """All that a storage holds; a damaged object gives the name of the error."""
    with closing(DiskStorage(folder, fsync=False)) as storage:
        found: list[object] = [*storage.accounts(), *storage.buckets()]
        for bucket in storage.buckets():
            versions = storage.versions(bucket.name)
            found += [(item._replace(content=()), read(item)) for item in versions]
            for upload in storage.uploads(bucket.name):
                found.append(upload)
                parts = storage.parts(bucket.name, upload.id)
                found += [(part._replace(content=()), read(part)) for part in parts]
        return found


def read(item: Object | Part) -> bytes | None:
    """The bytes of an object; None if the storage reports that they are damaged."""
    try:
        return b"".join(blob.read(0, blob.size) for blob in item.content)
    except CorruptBlobError:
        return None


def snapshot(folder: Path) -> dict[str, bytes]:
    """The bytes of all files that may not change when a folder is refused.

    SQLite makes an empty WAL for a reader.
    """
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in CHANGED_BY_LOOKING
    }
    return {name: data for name, data in found.items() if data or name != WAL}


def renew(image: Path, scratch: Path) -> None:
    """Make the files of a copy those of the image again.

    Its folders stay: removing and making hundreds of them takes longer than the rest.
    """
    for path in scratch.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in image.rglob("*"):
        if path.is_file():
            shutil.copy2(path, scratch / path.relative_to(image))


def check(image: Path, scratch: Path, name: str, damaged: bytes, wanted: list[object]) -> str:
    """Damage a file of a copy and start; returns what happened."""
    renew(image, scratch)
    (scratch / name).write_bytes(damaged)
    before = snapshot(scratch)
    try:
        found = contents(scratch)
    except FolderError as error:
        text = str(error)
        assert "\n" not in text
        assert "oss-emulator fsck" in text or "format" in text, text
        assert snapshot(scratch) == before
        return "refused"
    after = snapshot(scratch)
    kept = {Path(path).name: data for path, data in after.items()}
    for path, data in before.items():
        assert not path.startswith("blobs/") or kept.get(Path(path).name) == data, path
    if found == wanted:
        return "served"
    assert name.startswith("blobs/")  # reading tells what is wrong with one object
    for had, has in zip(wanted, found, strict=True):
        if had != has:
            assert isinstance(had, tuple)
            assert has == (had[0], None)
    return "reported"


def run(folder: Path, regions: int, seed: int = 0) -> Counter[str]:
    """Damage each region of the index and the WAL in each way, and some blobs."""
    chance = random.Random(seed)  # noqa: S311
    image = make(folder)
    scratch = folder / "scratch"
    shutil.copytree(image, scratch)
    wanted = contents(scratch)
    blobs = sorted(path.relative_to(image).as_posix() for path in (image / "blobs").rglob("?" * 32))
    happened: Counter[str] = Counter()
    for name in (INDEX, WAL, *blobs[:3]):
        data = (image / name).read_bytes()
        many = min(regions, len(data)) if name in (INDEX, WAL) else 2
        edges = [len(data) * number // many for number in range(many + 1)]
        for start, end in pairwise(edges):
            for damage in (flip, erase, cut):
                where = f"{name} {damage.__name__} {start}-{end}"
                damaged = damage(data, start, end, chance)
                try:
                    how = check(image, scratch, name, damaged, wanted)
                except Exception as error:
                    error.add_note(where)
                    raise
                happened[how] += 1
    return happened


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory(prefix="oss-emulator-") as place:
        print(dict(run(Path(place), count, seed=random.randrange(10**6))))  # noqa: S311
