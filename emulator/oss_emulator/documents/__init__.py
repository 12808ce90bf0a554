"""The configurations of accounts, buckets and object versions, one file each.

A file has everything about its document: name, schema, checks, default answer and meaning.
"""

from importlib import import_module
from typing import Final

from oss_emulator.documents.document import Document

_FILES: Final = """
    cors lifecycle logging website encryption tagging request_payment
    transfer_acceleration access_monitor resource_group https image_access archive_direct_read
    public_access_block callback_policy overwrite quota object_worm
    """.split()
"""The files in the order of docs/operations.md."""

DOCUMENTS: Final[tuple[Document, ...]] = tuple(
    value
    for file in _FILES
    for value in vars(import_module(f"{__name__}.{file}")).values()
    if isinstance(value, Document)
)
"""The configurations that are put, read and deleted as one XML document each."""
