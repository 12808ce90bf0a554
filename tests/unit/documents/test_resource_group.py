"""Resource groups: the form of their ids, and the group of a bucket."""

from __future__ import annotations

import pytest
from oss_emulator.documents.resource_group import DOCUMENT, format, of
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<ResourceGroupId>other</ResourceGroupId>", "ResourceGroupIdPreCheckError", ""),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


ID = "<ResourceGroupId>%s</ResourceGroupId>"


@pytest.mark.parametrize(("sent", "group"), [("rg-aekz", "rg-aekz"), ("", "rg-default")])
def test_empty_id_means_the_default_group(sent: str, group: str) -> None:
    assert of({"resourceGroup": put(DOCUMENT, ID % sent)}) == group


def test_new_bucket_is_in_the_default_group() -> None:
    assert of({}) == "rg-default"


def test_header_gives_the_group_of_a_new_bucket() -> None:
    assert of({"resourceGroup": format("rg-1")}) == "rg-1"
    with pytest.raises(OSSError) as caught:
        format("other")
    assert caught.value.code == "ResourceGroupIdPreCheckError"


def test_id_with_a_second_hyphen_is_refused() -> None:
    """P-90: the suite of Go V2 puts this one."""
    with pytest.raises(OSSError, match="ResourceGroupIdPreCheckError") as caught:
        put(DOCUMENT, ID % "rg-not-exist")
    assert caught.value.ec == "0039-00000003"
