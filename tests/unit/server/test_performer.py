"""Files are checked before they are sent, and a large one keeps no other waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastcrc.crc64 import xz as crc64
from oss_emulator.protocol.message import FileRange
from oss_emulator.server.performer import check_files
from oss_emulator.server.waiting import AT_ONCE, ShortStep
from oss_emulator.storage.blobs import CorruptBlobError, StoredBlob

MIB = 1024 * 1024


async def test_large_file_lets_others_pass_between_its_pieces(tmp_path: Path) -> None:
    ended = threading.Event()

    def check() -> Iterator[bool]:
        while not ended.is_set():
            yield True

    with (tmp_path / "file").open("wb+") as file:
        large = [FileRange(file, 0, 0, check)]
        small = [FileRange(file, 0, 0, lambda: iter(()))]
        checks = [asyncio.create_task(check_files(large)) for _ in range(AT_ONCE[ShortStep.CHECK])]
        try:
            async with asyncio.timeout(20):
                await check_files(small)
            assert not any(task.done() for task in checks)
        finally:
            ended.set()
        await asyncio.gather(*checks)


@pytest.mark.parametrize(("size", "pieces"), [(0, 0), (MIB, 0), (8 * MIB + 1, 1), (20 * MIB, 2)])
def test_file_is_checked_in_pieces_of_8_mib(tmp_path: Path, size: int, pieces: int) -> None:
    path = tmp_path / f"file-{size}"
    content = bytes(range(256)) * (size // 256) + b"a" * (size % 256)
    path.write_bytes(content)
    blob = StoredBlob(str(path), size, crc64(content))
    assert not blob.verified
    assert sum(blob.check()) == pieces
    assert blob.verified
    damaged = StoredBlob(str(path), size, crc64(content) ^ 1)
    with pytest.raises(CorruptBlobError):
        damaged.verify()
