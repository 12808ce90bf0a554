"""HTTPS configurations: the TLS versions, each kept once."""

from __future__ import annotations

import pytest
from oss_emulator.documents.https import DOCUMENT

from tests.unit.documents.putting import check_refused, content, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<TLS><Enable>true</Enable></TLS>", "MalformedXML", "TLSVersion"),
    (
        "<TLS><Enable>true</Enable><TLSVersion>SSLv3</TLSVersion></TLS>",
        "MalformedXML",
        "TLSVersion",
    ),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_repeated_versions_are_kept_once() -> None:
    kept = put(
        DOCUMENT,
        "<TLS><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.2</TLSVersion>"
        "<Enable>True</Enable></TLS>",
    )
    tls = "<TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion></TLS>"
    assert content(DOCUMENT, kept) == tls


def test_disabled_tls_needs_no_version() -> None:
    tls = "<TLS><Enable>false</Enable></TLS>"
    assert content(DOCUMENT, put(DOCUMENT, tls)) == tls
