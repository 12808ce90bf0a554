"""Bytes that were put: small ones in memory, large ones in files that vanish with the process."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TypeAlias

SPOOL_ABOVE = 4 * 1024 * 1024
"""Bytes up to which a blob stays in memory."""


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """Bytes held in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class FileBlob:
    """`size` bytes of an open file; read by position, so any number may read at once."""

    file: IO[bytes]
    size: int

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self.file.fileno(), min(length, self.size - offset), offset)


Blob: TypeAlias = MemoryBlob | FileBlob


class BlobWriter:
    """Takes the bytes of one blob as they arrive; what is not finished leaves nothing behind."""

    __slots__ = ("_chunks", "_file", "size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._file is None and self.size > SPOOL_ABOVE:
            self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as its blob
            self._file.writelines(self._chunks)
            self._chunks.clear()
        if self._file is None:
            self._chunks.append(chunk)
        else:
            self._file.write(chunk)

    def finish(self) -> Blob:
        """The blob of all that was written."""
        if self._file is None:
            return MemoryBlob(b"".join(self._chunks))
        self._file.flush()
        return FileBlob(self._file, self.size)


def slices(content: tuple[Blob, ...], offset: int, length: int) -> Iterator[tuple[Blob, int, int]]:
    """The pieces of `length` bytes from `offset` in blobs that follow each other."""
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
