"""The operations of the OSS API, one module a page of its reference; each a plain function."""

from emulator.dispatch import Operation
from emulator.operations import (
    bucket_acl,
    bucket_basic,
    bucket_referer,
    listing,
    object_acl,
    object_basic,
    object_copy,
    object_delete_many,
    service,
)

_MODULES = (
    service,
    bucket_basic,
    bucket_acl,
    bucket_referer,
    listing,
    object_basic,
    object_copy,
    object_delete_many,
    object_acl,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Operation)
)
