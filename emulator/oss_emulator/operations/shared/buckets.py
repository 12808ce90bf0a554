"""New buckets for PutBucket and PutBucketAcl."""

from typing import Final

from oss_referer.browser.changes import PUBLIC_ACCESS_BLOCKED

from oss_emulator.documents import encryption, public_access_block, resource_group, tagging
from oss_emulator.operations.call import Call
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.storage.base import Bucket

MAX_BUCKETS: Final = 100
"""Maximum number of buckets of an account in a region (PutBucket)."""


def new_bucket(
    call: Call, storage_class: str | None = None, redundancy: str | None = None
) -> Bucket:
    """Make the bucket that a call creates; raises `TooManyBuckets`."""
    mine = (bucket for bucket in call.storage.buckets() if bucket.owner == call.caller.id)
    owned = sum(bucket.region == call.region for bucket in mine)
    if owned >= MAX_BUCKETS:
        raise OSSError(ErrorCase.TOO_MANY_BUCKETS)
    return Bucket(
        call.target.bucket,
        call.caller.id,
        call.request.received,
        call.region,
        storage_class=storage_class or "Standard",
        redundancy=redundancy or "LRS",
        documents=_documents(call),
    )


def _documents(call: Call) -> dict[str, bytes]:
    """Return the documents of a new bucket: from its headers, and its access block (P-45)."""
    request = call.request.headers
    group, tags = request.get(resource_group.HEADER), request.get(tagging.HEADER)
    blocked = call.changes.follow(PUBLIC_ACCESS_BLOCKED)
    stored = {
        encryption.DOCUMENT: encryption.format(request),
        resource_group.DOCUMENT: resource_group.format(group) if group else None,
        tagging.DOCUMENT: tagging.format_header(tags) if tags else None,
        public_access_block.OF_BUCKET: public_access_block.ENABLED if blocked else None,
    }
    return {document.subresource: text for document, text in stored.items() if text is not None}
