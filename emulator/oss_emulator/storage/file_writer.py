"""Writes the bytes of a blob to a file of a data folder."""

import os
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from fastcrc.crc64 import xz as crc64

from oss_emulator.storage.blobs import Blob, StoredBlob
from oss_emulator.storage.folder import INCOMING, open_private, place, sync_folder

_random = SystemRandom()


class FileWriter:
    """Writes a blob to a file below `incoming`, which `finish` moves to its place.

    `unnamed` has the complete files of the transaction around it. With `fsync`, `finish` adds the
    file to them instead, and the commit syncs and moves them together.
    """

    def __init__(
        self,
        folder: Path,
        fsync: bool,
        name: str = "",
        unnamed: "dict[str, FileWriter] | None" = None,
    ) -> None:
        self.name = name = name or f"{_random.getrandbits(128):032x}"
        self._fsync = fsync
        self._unnamed = unnamed
        self.incoming = f"{folder}/{INCOMING}/{name}"
        self.path = place(folder, name)
        self._file = open_private(self.incoming, os.O_WRONLY | os.O_EXCL)
        self._crc64 = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._crc64 = crc64(chunk, self._crc64)
        self.size += len(chunk)

    def finish(self) -> Blob:
        self._file.flush()
        later = self._fsync and self._unnamed is not None
        if self._fsync and not later:
            os.fsync(self._file.fileno())
        self._file.close()
        if self._unnamed is not None and later:
            self._unnamed[self.name] = self
        else:
            os.rename(self.incoming, self.path)
        if self._fsync and not later:
            sync_folder(os.path.dirname(self.path))
        return StoredBlob(self.path, self.size, self._crc64)

    def abandon(self) -> None:
        if self._unnamed is not None:
            self._unnamed.pop(self.name, None)
        with suppress(OSError):
            self._file.close()
        for path in (self.incoming, self.path):
            with suppress(FileNotFoundError):
                os.unlink(path)
