"""Hotlink protection as a bucket keeps it: how a bad document is refused (R-33)."""

from __future__ import annotations

import pytest
from oss_emulator.documents import referer
from oss_emulator.protocol.errors import OSSError

ROOT = b"<RefererConfiguration>%s</RefererConfiguration>"


def test_a_configuration_is_read() -> None:
    found = referer.parse(
        ROOT % b"<AllowEmptyReferer>false</AllowEmptyReferer>"
        b"<RefererList><Referer>http://www.a.com</Referer></RefererList>"
    )
    assert not found.allow_empty_referer
    assert found.whitelist == ("http://www.a.com",)


@pytest.mark.parametrize("document", [b"", b"<a", b"<Other/>", ROOT % b""])
def test_a_bad_document_is_malformed(document: bytes) -> None:
    with pytest.raises(OSSError) as caught:
        referer.parse(document)
    assert caught.value.code == "MalformedXML"
    assert caught.value.details["ErrorDetail"]
