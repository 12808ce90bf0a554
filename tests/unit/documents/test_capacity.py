"""Storage capacity: a number of gigabytes, or no limit."""

from __future__ import annotations

import pytest
from oss_emulator.documents.capacity import DOCUMENT

from tests.unit.documents.putting import check_refused, content, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<StorageCapacity>-2</StorageCapacity>", "InvalidArgument", "StorageCapacity"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_minus_one_means_unlimited() -> None:
    capacity = "<StorageCapacity>-1</StorageCapacity>"
    assert content(DOCUMENT, put(DOCUMENT, capacity)) == capacity
