"""Routing: finds the operation that a request asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.operation import UNKNOWN, Operation, Resource, not_implemented
from oss_emulator.protocol.address import Target, elsewhere
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.parameters import PARAMETERS, SUBRESOURCES, is_parameter
from oss_emulator.protocol.s3 import operations as s3

if TYPE_CHECKING:
    from oss_emulator.pipeline.deployment import Deployment


def find_operation(admission: Admission, service: Deployment) -> None:
    """Find the operation; raises 501 if OSS does not answer it over S3 (P-71)."""
    request = admission.request
    admission.operation = operation = service.dispatcher.find(request, admission.target)
    emulated = operation.refusal is None
    if emulated and request.original is not None and operation.name not in s3.OF_OSS:
        raise s3.unsupported(operation.name, request.method, operation.subresource)


def refuse(admission: Admission, service: Deployment) -> None:
    """Refuse an operation that is not emulated, as the service does or with a 501 (P-40).

    The access key was checked before, because the service checks it first.
    """
    operation, request = admission.operation, admission.request
    if operation is UNKNOWN:
        raise service.dispatcher.explain(request, admission.target)
    if operation.refusal is ErrorCase.NOT_IMPLEMENTED:
        raise not_implemented(operation.name, request.method, operation.subresource)
    assert operation.refusal is not None  # noqa: S101 - only such operations come here
    raise OSSError(operation.refusal)


class Dispatcher:
    """Finds the most specific operation that fits a request."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_place: dict[tuple[str, Resource, str], Operation] = {}
        self._refined: dict[tuple[str, Resource, str], list[Operation]] = {}
        self._refining: set[str] = set()
        self._refused: dict[tuple[str, Resource, str], list[Operation]] = {}
        self._elsewhere: list[Operation] = []
        for item in sorted(operations, key=_precision, reverse=True):
            if item.resource in (Resource.VECTORS, Resource.TABLES):
                self._elsewhere.append(item)
                continue
            name, valued, _ = item.subresource.partition("&")[0].partition("=")
            refinements = item.subresource.split("&")[1:]
            place = (item.method, item.resource, name)
            if item.refusal is not None:
                self._refused.setdefault(place, []).append(item)
            elif valued or refinements or item.header:
                self._refined.setdefault(place, []).append(item)
                self._refining.update(refinement.partition("=")[0] for refinement in refinements)
            else:
                self._by_place[place] = item
        self.candidates = lru_cache(256)(self._find_candidates)
        """Finds the operations for a method, a resource and a query; headers choose one."""

    def find(self, request: Request, target: Target) -> Operation:
        """Find the operation, `UNKNOWN` if no row of the table fits.

        Raises `MethodNotAllowed` for an unknown method and for a plain POST to an object.
        """
        if where := elsewhere(request.headers):
            return self._find_elsewhere(where, request)
        resource = resource_of(target)
        if request.method not in METHODS:
            raise _not_allowed(request.method, resource, {"Allow": " ".join(METHODS)})  # S-40
        for item in self.candidates(request.method, resource, request.query_string):
            if not item.header or item.header in request.headers:
                return item
        if request.method == "POST" and resource is Resource.OBJECT and not request.query:
            # A POST to an object needs a sub-resource; forms go to the bucket.
            raise _not_allowed(request.method, resource)
        return UNKNOWN

    def explain(self, request: Request, target: Target) -> OSSError:
        """Make the 501 for an unknown operation; it names what the request asks for."""
        method = request.method
        if where := elsewhere(request.headers):
            return not_implemented(f"{method} {request.path} of {where}", method, "")
        resource = resource_of(target)
        found, missing = self._subresource(method, resource, request.query)
        component = request.query.get(_COMPONENT)
        asked = missing or (found if component is None else f"{found}&{_COMPONENT}={component}")
        named = f"{method} ?{asked}" if asked else method
        return not_implemented(f"{named} of the {resource.value}", method, asked)

    def _find_refused(
        self, method: str, resource: Resource, query: Mapping[str, str]
    ) -> Operation | None:
        """Find the most specific operation that is known but not emulated."""
        for name in query:
            for item in self._refused.get((method, resource, name), ()):
                if _is_refined(item, query):
                    return item
        return None

    def _find_elsewhere(self, where: str, request: Request) -> Operation:
        if where in _WITHOUT_TABLE:
            resource = _WITHOUT_TABLE[where]
            return self._find_refused(request.method, resource, request.query) or UNKNOWN
        for item in self._elsewhere:
            asked = item.method == request.method and item.resource == where
            if asked and _fits(item.path, request.path) and _is_refined(item, request.query):
                return item
        return UNKNOWN

    def _find_candidates(
        self, method: str, resource: Resource, query_string: str
    ) -> tuple[Operation, ...]:
        """Find the operations that a query may ask for; `find` chooses by the request's headers.

        The query of a preflight belongs to the request that will follow, so it is ignored.
        """
        if method == "OPTIONS" and resource is not Resource.SERVICE:
            return (self._by_place["OPTIONS", resource, ""],)
        query = parse_query(query_string)
        if refused := self._find_refused(method, resource, query):
            return (refused,)
        name, missing = self._subresource(method, resource, query)
        if missing:
            return ()
        place = (method, resource, name)
        found = [item for item in self._refined.get(place, ()) if _is_refined(item, query)]
        if place in self._by_place and _COMPONENT not in query:
            found.append(self._by_place[place])
        return tuple(found)

    def _subresource(
        self, method: str, resource: Resource, query: Mapping[str, str]
    ) -> tuple[str, str]:
        """Return the sub-resource that a query asks for and one without an operation, or "".

        An unknown parameter is ignored if it has a value, and in GetObject, HeadObject
        (`/logo.png?20240101`) and PutObject (P-49). Otherwise it may ask for an operation newer
        than this table; ignoring it could list a bucket (P-40). The same holds for a parameter that
        refines an operation, but reading an object ignores common words such as `?status=1`.
        """
        reading = resource is Resource.OBJECT and method in ("GET", "HEAD")
        lenient = reading or (resource is Resource.OBJECT and method == "PUT")
        found = refining = ""
        for name, value in query.items():
            place = (method, resource, name)
            if place in self._by_place or place in self._refined:
                found = found or name
            elif name in self._refining and not (reading and name in PARAMETERS):
                refining = name
            elif name in SUBRESOURCES or not (value or lenient or is_parameter(name)):
                return "", name
        return ("", refining) if refining and not found else (found, "")


_WITHOUT_TABLE: Mapping[str, Resource] = {
    "data-acc": Resource.BUCKET,
    "object-process": Resource.SERVICE,
}
"""The endpoints whose operations are in the table of OSS, and the resource of these operations."""

METHODS = ("GET", "DELETE", "HEAD", "PUT", "POST", "OPTIONS")
"""The methods of OSS, in the order in which a refusal lists them."""


def _not_allowed(
    method: str, resource: Resource, headers: Mapping[str, str] | None = None
) -> OSSError:
    kind = resource.value.capitalize()
    return OSSError(ErrorCase.METHOD_NOT_ALLOWED, headers=headers, Method=method, ResourceType=kind)


_COMPONENT = "comp"
"""The parameter that selects a part of a sub-resource. An unknown part is not implemented."""


def _precision(item: Operation) -> tuple[int, int, bool]:
    asked = item.subresource
    return len([*filter(None, asked.split("&"))]), asked.count("="), item.header != ""


def _fits(template: str, path: str) -> bool:
    """Whether a path matches a template, whose parts in capitals match any text."""
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        other if part.isupper() else other == part for part, other in zip(parts, given, strict=True)
    )


def _is_refined(item: Operation, query: Mapping[str, str]) -> bool:
    """Whether a query has the parameters and values that an operation needs."""
    for refinement in filter(None, item.subresource.split("&")):
        name, valued, value = refinement.partition("=")
        if name not in query or (valued and query[name] != value):
            return False
    return True


def resource_of(target: Target) -> Resource:
    if target.key:
        return Resource.OBJECT
    return Resource.BUCKET if target.bucket else Resource.SERVICE
