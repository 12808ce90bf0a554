"""The operations of the OSS API, one module for each feature or page of the reference."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from oss_emulator.operations.document import Document
from oss_emulator.operations.operation import Operation


def _declared() -> Iterator[Document | Operation]:
    """Find what the modules of this room declare, by itself or in a tuple."""
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Document) or (isinstance(item, Operation) and item.emulated):
                    yield item


_DECLARED: Final = tuple(dict.fromkeys(_declared()))  # a module may import those of another

DOCUMENTS: Final[tuple[Document, ...]] = tuple(
    item for item in _DECLARED if isinstance(item, Document)
)

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    operation
    for item in _DECLARED
    for operation in (item.operations if isinstance(item, Document) else (item,))
)
