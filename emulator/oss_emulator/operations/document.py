"""Configuration documents: each is declared by its requests and its schema, and has Put and Get.

A document belongs to an account, a bucket or one version of an object. Its declaration begins with
two lines, and its schema follows (`schema.py` explains it):

    PUT GET DELETE /bucket?cors BucketCors enforced
    absent: NO_SUCH_CORS

The first has the methods, the place and the sub-resource, the name of the operations after Put,
Get and Delete, and what holds for the document:

- `enforced`: the emulator applies it; otherwise it is only stored.
- `dated`: the time of the last Put is stored, too, as `SUBRESOURCE/since`.
- `new-bucket`: Put is answered like PutBucket if the bucket is missing (P-99).
- `oss:NAME`: the name of the RAM actions after Put, Get and Delete; by default that of the
  operations.
- `id=ELEMENT`: a bucket has many, each with an id, which is the second parameter of the
  sub-resource; `ELEMENT` has the id in the error for a missing one.

The second line says what Get answers before the first Put: an error, or the elements of a document
as `Status=Disabled`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeAlias

from oss_emulator.operations.call import Call, with_document
from oss_emulator.operations.operation import RESOURCES, Operation, Resource, Status, answers
from oss_emulator.operations.schema import Element, parse_schema
from oss_emulator.operations.versions import find, version_header
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Children, Node
from oss_emulator.storage.base import Object

Documents: TypeAlias = Mapping[str, bytes]

Check: TypeAlias = Callable[[Node, Call], xml.Value]
"""Checks what the schema cannot express; returns the content to store."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One kind of configuration document. Compared by identity."""

    methods: tuple[str, ...]
    path: str
    subresource: str
    """The query parameter of its operations, and its name among the stored documents."""
    name: str
    """The name of its operations, after Put, Get or Delete."""
    options: frozenset[str]
    schema: Element
    absent: ErrorCase | Children
    """What Get returns before the first Put: an error or content."""
    check: Check

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations that put, read and delete the document."""
        return tuple(self._operation(method) for method in self.methods)

    def _operation(self, method: str) -> Operation:
        verb = method.capitalize()
        made = answers(
            f"{method} {self.path}?{self.subresource}",
            f"{verb}{self.name}",
            action=f"oss:{verb}{self._option('oss:') or self.name}",
            needs_bucket=method != "PUT" or "new-bucket" not in self.options,
        )(partial(_HANDLERS[method], self))
        return replace(made, status=Status.ENFORCED if "enforced" in self.options else Status.KEPT)

    def _option(self, start: str) -> str:
        found = (each.removeprefix(start) for each in self.options if each.startswith(start))
        return next(found, "")

    @property
    def prefix(self) -> str:
        """The start of the names of stored documents that have ids; the id follows."""
        return f"{self.subresource.partition('&')[0]}/"

    def named(self, call: Call) -> tuple[str, dict[str, Any]]:
        """Return the name of the stored document, and what an error says about a missing one."""
        element = self._option("id=")
        if not element:
            of_object = RESOURCES[self.path] is Resource.OBJECT
            place = {"ObjectName": call.key} if of_object else {"BucketName": call.target.bucket}
            return self.subresource, place
        found = call.request.query[self.subresource.partition("&")[2]]
        return self.prefix + found, {element: found}

    def format(self, content: xml.Value) -> bytes:
        """Format content as a document to store."""
        return xml.format(self.schema.name, content)

    def find(self, documents: Documents) -> Node | None:
        """Return the stored document; None before the first Put."""
        document = documents.get(self.subresource)
        return None if document is None else xml.parse(document, self.schema.name)

    def text(self, documents: Documents, path: str) -> str:
        """Return the text at a path of the stored document; "" before the first Put."""
        node = self.find(documents)
        return "" if node is None else node.text(path)

    def is_enabled(self, documents: Documents) -> bool:
        """Return whether the first element of the stored document is `true` or `Enabled`."""
        return self.text(documents, self.schema.children[0].name) in ("true", "Enabled")


def put(document: Document, call: Call) -> Response:
    """Replace the document; raises `MalformedXML` and the errors of the document's own checks."""
    if call.record is None and "new-bucket" in document.options:
        raise xml.DocumentError("The bucket does not exist, and PutBucket has no such document.")
    item = _item(document, call)
    content = document.check(document.schema.parse(call.body.read()), call)
    return _keep(document, call, item, document.format(content))


def get(document: Document, call: Call) -> Response:
    """Return the document in the service's form (P-31); without one, return or raise `absent`."""
    item = _item(document, call)
    documents: Documents = call.documents if item is None else item.documents
    name, place = document.named(call)
    stored = documents.get(name)
    if stored is None:
        if isinstance(document.absent, ErrorCase):
            raise OSSError(document.absent, **place)
        stored = document.format(document.absent)
    return xml.reply(stored, _version(call, item))


def delete(document: Document, call: Call) -> Response:
    """Remove the document; answers 204 even if there was none."""
    return _keep(document, call, _item(document, call), None)._replace(status=204)


_HANDLERS: Final = {"PUT": put, "GET": get, "DELETE": delete}


def _item(document: Document, call: Call) -> Object | None:
    return find(call) if RESOURCES[document.path] is Resource.OBJECT else None


def _keep(document: Document, call: Call, item: Object | None, text: bytes | None) -> Response:
    name, _ = document.named(call)
    if item is not None:
        documents = with_document(item.documents, name, text)
        call.storage.replace_object(call.bucket.name, item._replace(documents=documents))
    else:
        call.keep(name, text)
    if "dated" in document.options:
        call.keep(since(document), text and repr(call.request.received).encode())
    return Response(200, _version(call, item))


def since(document: Document) -> str:
    """Return the name under which the time of the last Put is stored."""
    return f"{document.subresource}/since"


def _version(call: Call, item: Object | None) -> dict[str, str]:
    return {} if item is None else version_header(call, item)


_DECLARATION: Final = re.compile(
    r"\s*(?P<methods>[A-Z ]+) (?P<path>/[a-z/]*)\?(?P<subresource>\S+) (?P<name>\w+)(?P<options>.*)"
    r"\nabsent:(?P<absent>.*)\n(?P<schema>[\s\S]*)"
)


def document(declaration: str) -> Callable[[Check], Document]:
    """Declare a document whose content the function checks after its schema."""
    found = _DECLARATION.fullmatch(declaration)
    if found is None:
        raise ValueError(f"not the declaration of a document: {declaration!r}")
    elements = [each.partition("=") for each in found["absent"].split()]
    absent: ErrorCase | Children = tuple((name, text) for name, _, text in elements)
    if elements and not elements[0][1]:
        absent = ErrorCase[elements[0][0]]
    return lambda check: Document(
        tuple(found["methods"].split()),
        found["path"],
        found["subresource"],
        found["name"],
        frozenset(found["options"].split()),
        parse_schema(found["schema"]),
        absent,
        check,
    )


def keep_content(node: Node, _: Call) -> xml.Value:
    """Accept a document as its schema has normalized it."""
    return node.content


def simple(declaration: str) -> Document:
    """Declare a document that its schema describes completely."""
    return document(declaration)(keep_content)
