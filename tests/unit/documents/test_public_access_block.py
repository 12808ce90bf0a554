"""Blocked public access: the same document of a bucket and of an account."""

from __future__ import annotations

import pytest
from oss_emulator.documents.document import Holder
from oss_emulator.documents.public_access_block import OF_ACCOUNT, OF_BUCKET, is_enabled

from tests.unit.documents.putting import check_refused, put


@pytest.mark.parametrize(("text", "enabled"), [("true", True), ("False", False)])
def test_document_says_whether_public_access_is_blocked(text: str, enabled: bool) -> None:
    kept = put(OF_BUCKET, f"<BlockPublicAccess>{text}</BlockPublicAccess>")
    assert is_enabled({"publicAccessBlock": kept}) is enabled


def test_public_access_is_allowed_by_default() -> None:
    assert not is_enabled({})


def test_account_document_has_the_schema_of_the_bucket_document() -> None:
    assert (OF_ACCOUNT.holder, OF_BUCKET.holder) == (Holder.ACCOUNT, Holder.BUCKET)
    assert OF_ACCOUNT.name == "PublicAccessBlock"
    assert OF_ACCOUNT.schema == OF_BUCKET.schema


def test_word_other_than_true_or_false_is_refused() -> None:
    wrong = "<BlockPublicAccess>yes</BlockPublicAccess>"
    check_refused(OF_BUCKET, wrong, "MalformedXML", "must be true or false")
