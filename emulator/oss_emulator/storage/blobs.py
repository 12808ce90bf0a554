"""Blobs, the bytes of objects: in memory, in a temporary file or in a file of a folder."""

import errno
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, NamedTuple, Protocol, TypeAlias

from fastcrc.crc64 import xz as crc64

from oss_emulator.system import read_at

SPOOL_ABOVE = 4 * 1024 * 1024
"""Bytes up to which a blob stays in memory; a larger one goes to a temporary file."""


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


class FileBlob(NamedTuple):
    """`size` bytes of an open file. Reads do not share a position, so many can run at once."""

    file: IO[bytes]
    size: int

    def open(self) -> IO[bytes]:
        return self.file

    def read(self, offset: int, length: int) -> bytes:
        return read_at(self.file, max(0, min(length, self.size - offset)), offset)


class CorruptBlobError(Exception):
    """A file no longer holds the bytes that were put."""


class StoredBlob(NamedTuple):
    """`size` bytes in a file of a folder, with the CRC-64 they had when they were put."""

    path: str
    size: int
    crc64: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def verified(self) -> bool:
        """Whether the file was found intact and has not changed since."""
        return _verified.get(self.name) == _signature(self.path)

    def verify(self) -> None:
        """Compare the file with its CRC-64; raises `CorruptBlobError`."""
        for _ in self.check():
            pass

    def check(self) -> Iterator[bool]:
        """Verify the file piece by piece; yields True between two pieces."""
        signature = _signature(self.path)
        crc = 0
        with self.open() as file:
            while signature[0] == self.size and (chunk := file.read(_CHUNK)):
                crc = crc64(chunk, crc)
                if file.tell() % _CHECKED == 0:
                    yield True
        if signature[0] != self.size or crc != self.crc64:
            raise CorruptBlobError(f"{self.path} no longer holds the bytes that were put")
        if len(_verified) >= _MAX_VERIFIED:
            del _verified[next(iter(_verified))]
        _verified[self.name] = signature

    def open(self) -> IO[bytes]:
        return _open(self.path)

    def read(self, offset: int, length: int) -> bytes:
        if not self.verified:
            self.verify()
        with self.open() as file:
            return read_at(file, max(0, min(length, self.size - offset)), offset)


_CHUNK = 1024 * 1024
_CHECKED = 8 * _CHUNK
"""Bytes to check in one piece."""
_MAX_VERIFIED = 20_000
_verified: dict[str, tuple[int, int, int, int]] = {}
"""The signatures of intact files by their (random) names; the oldest are dropped."""


def _signature(path: str) -> tuple[int, int, int, int]:
    """Return what every write changes: no program can set the change time (`st_ctime_ns`)."""
    found = os.lstat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _open(path: str) -> IO[bytes]:
    """Open the file of a blob; raises `CorruptBlobError` if it is now a link or a folder."""
    try:
        return open(path, "rb", opener=_open_itself)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise CorruptBlobError(f"{path} is not the file that was put") from None
        raise


def _open_itself(path: str, flags: int) -> int:
    """Open a path without following a link, and without waiting for a writer of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


Blob: TypeAlias = MemoryBlob | FileBlob | StoredBlob

MANY = 64
"""The most files to open at once for one answer; more are opened one by one."""


class BlobFile(Protocol):
    """A file that is read at given positions."""

    def fileno(self) -> int:
        """Return its descriptor."""


def open_files(blobs: Sequence[FileBlob | StoredBlob]) -> Sequence[BlobFile]:
    """Open the files of blobs, to be read in this order.

    They stay readable if their records are removed in the meantime. Raises `FileNotFoundError` and
    `CorruptBlobError`.
    """
    stored = [blob.path for blob in blobs if isinstance(blob, StoredBlob)]
    if len(stored) <= MANY:
        return [blob.open() for blob in blobs]
    reading = _Reading(stored)
    return [
        _LateFile(reading, blob.path) if isinstance(blob, StoredBlob) else blob.open()
        for blob in blobs
    ]


def remove(path: str) -> None:
    """Remove the file of a blob, at once or after the `_Reading` that needs it."""
    with _removing:
        for reading in _readings:
            if path in reading.paths:
                reading.removed.append(path)
                return
        with suppress(FileNotFoundError):
            os.unlink(path)


class _Reading:
    """Many files that are opened one by one; while this object lives, `remove` only notes them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = frozenset(paths)
        self.removed: list[str] = []
        self._open: IO[bytes] | None = None
        self._path: str | None = None
        with _removing:
            for path in paths:
                os.lstat(path)
            _readings.add(self)
        weakref.finalize(self, _remove_all, self.removed)

    def fileno(self, path: str) -> int:
        if self._open is None or self._path != path:
            if self._open is not None:
                self._open.close()
            self._open = _open(path)  # closed when the next is opened
            self._path = path
        return self._open.fileno()


class _LateFile(NamedTuple):
    """One of many files; it is opened when it is read."""

    reading: _Reading
    path: str

    def fileno(self) -> int:
        return self.reading.fileno(self.path)


_readings: weakref.WeakSet[_Reading] = weakref.WeakSet()
_removing = threading.RLock()  # a reading may be garbage-collected while another file is removed


def _remove_all(paths: list[str]) -> None:
    for path in paths:
        with suppress(OSError):  # the next start removes it
            remove(path)


class BlobWriter(Protocol):
    """Writes the bytes of one blob as they arrive."""

    def write(self, chunk: bytes) -> None:
        """Append bytes."""

    def finish(self) -> Blob:
        """Return the blob; nothing can be written afterwards."""

    def abandon(self) -> None:
        """Discard what was written and leave nothing behind."""


class SpoolWriter:
    """Writes a blob to memory or, once it is large, to a temporary file."""

    __slots__ = ("_chunks", "_file", "size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._file is None and self.size > SPOOL_ABOVE:
            self._file = TemporaryFile()  # noqa: SIM115 - closed with its blob
            self._file.writelines(self._chunks)
            self._chunks.clear()
        if self._file is None:
            self._chunks.append(chunk)
        else:
            self._file.write(chunk)

    def finish(self) -> Blob:
        if self._file is None:
            return MemoryBlob(b"".join(self._chunks))
        self._file.flush()
        return FileBlob(self._file, self.size)

    def abandon(self) -> None:
        self._chunks.clear()
        if self._file is not None:
            self._file.close()


def slices(content: tuple[Blob, ...], offset: int, length: int) -> Iterator[tuple[Blob, int, int]]:
    """Find `length` bytes from `offset` in consecutive blobs.

    Yields each blob with the offset and the number of bytes to read from it.
    """
    for blob in content:
        if length <= 0:
            return
        if offset < blob.size:
            taken = min(length, blob.size - offset)
            yield blob, offset, taken
            length -= taken
            offset = 0
        else:
            offset -= blob.size
