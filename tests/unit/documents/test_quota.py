"""Storage quotas: a number of gigabytes, or no limit."""

from __future__ import annotations

import pytest
from oss_emulator.documents.quota import DOCUMENT

from tests.unit.documents.putting import check_refused, content, put

QUOTA = "<StorageQuota>%s</StorageQuota>"


@pytest.mark.parametrize("number", ["-1", "0", "100"])
def test_minus_one_means_unlimited(number: str) -> None:
    assert content(DOCUMENT, put(DOCUMENT, QUOTA % number)) == QUOTA % number


def test_number_below_minus_one_is_refused() -> None:
    check_refused(DOCUMENT, QUOTA % "-2", "InvalidArgument", "StorageQuota")


def test_document_without_a_quota_is_refused() -> None:
    check_refused(DOCUMENT, "", "MalformedXML", "StorageQuota")
