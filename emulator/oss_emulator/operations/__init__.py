"""The operations of the OSS API: one function each, and one module per page of the reference."""

from importlib import import_module
from typing import Final

from oss_emulator.operations.operation import Operation

_PAGES: Final = """
    service access_point async_fetch bucket_basic bucket_cname bucket_documents bucket_inventory
    bucket_meta_query bucket_policy bucket_qos bucket_redundancy bucket_acl bucket_referer
    bucket_replication bucket_style bucket_tags bucket_versioning bucket_worm listing
    live_channel object_basic object_copy object_delete_many multipart object_append
    object_symlink object_tagging object_restore object_acl object_form object_process
    object_select preflight
    """.split()
"""The modules in the order of docs/operations.md."""

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    item
    for page in _PAGES
    for value in vars(import_module(f"{__name__}.{page}")).values()
    # A module has operations and tuples of operations.
    for item in (value if isinstance(value, tuple) else (value,))
    if isinstance(item, Operation)
)
