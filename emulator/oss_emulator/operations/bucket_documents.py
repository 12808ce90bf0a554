"""Put, Get and Delete for the configurations of accounts, buckets and object versions."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from oss_emulator.documents import DOCUMENTS
from oss_emulator.documents.document import Document, Documents, Holder, PutContext
from oss_emulator.operations.call import Call, with_document
from oss_emulator.operations.operation import Operation, Status, answers
from oss_emulator.operations.shared.objects import find, version_header
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Object

_PATHS: Final = {Holder.ACCOUNT: "/", Holder.BUCKET: "/bucket", Holder.OBJECT: "/bucket/key"}

_LIKE_PUT_BUCKET: Final = frozenset({"overwriteConfig", "objectWorm"})
"""The documents whose Put is answered like PutBucket if the bucket is missing (P-99)."""


def put(document: Document, call: Call) -> Response:
    """Replace the document; raises `MalformedXML` and the errors of the document's own checks."""
    if call.record is None and document.subresource in _LIKE_PUT_BUCKET:
        raise xml.DocumentError("The bucket does not exist, and PutBucket has no such document.")
    item = _item(document, call)
    context = PutContext(
        headers=call.request.headers,
        now=call.request.received,
        storage=call.storage,
        bucket=call.record,
        item=item,
    )
    _keep(document, call, item, document.normalize(call.body.read(), context))
    if document.dated:
        call.keep(f"{document.subresource}/since", repr(call.request.received).encode())
    return Response(200, _version(call, item))


def get(document: Document, call: Call) -> Response:
    """Return the document in the service's form (P-31); without one, return or raise `absent`."""
    item = _item(document, call)
    documents: Documents = call.documents if item is None else item.documents
    stored = documents.get(document.subresource)
    if stored is None:
        if isinstance(document.absent, ErrorCase):
            if item is not None:
                raise OSSError(document.absent, ObjectName=item.key)
            raise OSSError(document.absent, BucketName=call.target.bucket)
        stored = document.format(document.absent)
    return xml.reply(stored, _version(call, item))


def delete(document: Document, call: Call) -> Response:
    """Remove the document; answers 204 even if there was none."""
    item = _item(document, call)
    _keep(document, call, item, None)
    if document.dated:
        call.keep(f"{document.subresource}/since", None)
    return Response(204, _version(call, item))


def _item(document: Document, call: Call) -> Object | None:
    return find(call) if document.holder is Holder.OBJECT else None


def _keep(document: Document, call: Call, item: Object | None, text: bytes | None) -> None:
    if item is None:
        call.keep(document.subresource, text)
        return
    documents = with_document(item.documents, document.subresource, text)
    call.storage.replace_object(call.bucket.name, item._replace(documents=documents))


def _version(call: Call, item: Object | None) -> dict[str, str]:
    return {} if item is None else version_header(call, item)


def _operation(
    verb: str, document: Document, handler: Callable[[Document, Call], Response]
) -> Operation:
    made = answers(
        f"{verb.upper()} {_PATHS[document.holder]}?{document.subresource}",
        f"{verb}{document.name}",
        action=f"oss:{verb}{document.action or document.name}",
        needs_bucket=verb != "Put" or document.subresource not in _LIKE_PUT_BUCKET,
    )(partial(handler, document))
    return replace(made, status=Status.ENFORCED if document.enforced else Status.KEPT)


OPERATIONS: tuple[Operation, ...] = tuple(
    _operation(verb, document, handler)
    for document in DOCUMENTS
    for verb, handler in (("Put", put), ("Get", get), ("Delete", delete))
    if document.deletable or verb != "Delete"
)
