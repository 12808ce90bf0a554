"""The operations of the OSS API: one function each, and one module per page of the reference."""

from oss_emulator.operations import (
    access_point,
    async_fetch,
    bucket_acl,
    bucket_basic,
    bucket_cname,
    bucket_documents,
    bucket_inventory,
    bucket_meta_query,
    bucket_policy,
    bucket_qos,
    bucket_redundancy,
    bucket_referer,
    bucket_replication,
    bucket_style,
    bucket_tags,
    bucket_versioning,
    bucket_worm,
    listing,
    live_channel,
    multipart,
    multipart_listing,
    multipart_parts,
    object_acl,
    object_append,
    object_basic,
    object_copy,
    object_delete_many,
    object_form,
    object_process,
    object_restore,
    object_select,
    object_symlink,
    object_tagging,
    preflight,
    region,
    service,
)
from oss_emulator.operations.operation import Operation

_MODULES = (
    service,
    region,
    access_point,
    async_fetch,
    bucket_basic,
    bucket_cname,
    bucket_documents,
    bucket_inventory,
    bucket_meta_query,
    bucket_policy,
    bucket_qos,
    bucket_redundancy,
    bucket_acl,
    bucket_referer,
    bucket_replication,
    bucket_style,
    bucket_tags,
    bucket_versioning,
    bucket_worm,
    listing,
    live_channel,
    object_basic,
    object_copy,
    object_delete_many,
    multipart,
    multipart_parts,
    multipart_listing,
    object_append,
    object_symlink,
    object_tagging,
    object_restore,
    object_acl,
    object_form,
    object_process,
    object_select,
    preflight,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    item
    for module in _MODULES
    for value in vars(module).values()
    # An operation, or the operations of a table.
    for item in (value if isinstance(value, tuple) else (value,))
    if isinstance(item, Operation)
)
