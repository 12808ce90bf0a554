"""What is kept: buckets, objects and their bytes. Knows nothing of OSS's rules."""

from emulator.storage.base import Bucket, Object, Storage
from emulator.storage.blobs import Blob, BlobWriter, FileBlob, MemoryBlob
from emulator.storage.memory import MemoryStorage

__all__ = [
    "Blob",
    "BlobWriter",
    "Bucket",
    "FileBlob",
    "MemoryBlob",
    "MemoryStorage",
    "Object",
    "Storage",
]
