"""Put documents without a service."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from oss_emulator.documents.document import Document, PutContext
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.storage import Bucket, MemoryStorage, Object

NOW = 1_750_000_000.0
BUCKET = Bucket("bucket", "1", 1.0, "cn-hangzhou")
OBJECT = Object("a", (), 0, '"E"', 0, 2.0, "1")


def put(
    document: Document,
    content: str,
    *,
    headers: Mapping[str, str] | None = None,
    bucket: Bucket = BUCKET,
    item: Object | None = None,
    others: tuple[Bucket, ...] = (),
) -> bytes:
    """Check a document with this content; return its kept form."""
    storage = MemoryStorage()
    for each in (bucket, *others):
        storage.put_bucket(each)
    root = document.schema.name
    context = PutContext(headers or {}, NOW, storage, bucket, item)
    return document.normalize(f"<{root}>{content}</{root}>".encode(), context)


def content(document: Document, kept: bytes) -> str:
    """Return the content of a kept document without white space between its elements."""
    root = document.schema.name
    text = re.sub(r">\s+<", "><", kept.decode())
    found = re.fullmatch(rf"<\?xml[^>]*\?><{root}>(.*)</{root}>\s*", text, re.DOTALL)
    assert found is not None
    return found[1].strip()


def check_refused(
    document: Document, content: str, code: str, named: str, **context: object
) -> None:
    """Check that a document is refused with this code and a message that names the place."""
    with pytest.raises((OSSError, DocumentError)) as caught:
        put(document, content, **context)  # type: ignore[arg-type]
    error = caught.value
    if not isinstance(error, OSSError):
        assert code == "MalformedXML"
        assert named in str(error)
    else:
        assert error.code == code
        assert named in str(error.details.get("ArgumentName", error.message))
