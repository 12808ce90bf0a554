"""The storage of buckets, objects and their bytes. It does not know the rules of OSS."""

from oss_emulator.storage.base import (
    NULL_VERSION,
    Account,
    Bucket,
    FolderError,
    Object,
    Part,
    Restore,
    Storage,
    Upload,
)
from oss_emulator.storage.blobs import (
    Blob,
    BlobWriter,
    CorruptBlobError,
    FileBlob,
    MemoryBlob,
    SpoolWriter,
    StoredBlob,
)
from oss_emulator.storage.memory import MemoryStorage

__all__ = [
    "NULL_VERSION",
    "Account",
    "Blob",
    "BlobWriter",
    "Bucket",
    "CorruptBlobError",
    "FileBlob",
    "FolderError",
    "MemoryBlob",
    "MemoryStorage",
    "Object",
    "Part",
    "Restore",
    "SpoolWriter",
    "Storage",
    "StoredBlob",
    "Upload",
]
