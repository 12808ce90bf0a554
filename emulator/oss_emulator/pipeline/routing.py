"""Routing: finds the operation that a request asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.operation import Operation, Resource, not_implemented
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.parameters import PARAMETERS, SUBRESOURCES, is_parameter
from oss_emulator.protocol.s3 import operations as s3

if TYPE_CHECKING:
    from oss_emulator.pipeline.deployment import Deployment


def find_operation(admission: Admission, service: Deployment) -> None:
    """Find the operation; 501 if there is none, or if S3 has none like it (P-40, P-71)."""
    request = admission.request
    admission.operation = operation = service.dispatcher.find(request, admission.target)
    if request.original is not None and operation.name not in s3.OF_OSS:
        raise s3.unsupported(operation.name, request.method, operation.subresource)


class Dispatcher:
    """Finds the most specific operation that fits a request."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_place: dict[tuple[str, Resource, str], Operation] = {}
        self._refined: dict[tuple[str, Resource, str], list[Operation]] = {}
        self._refining: set[str] = set()
        for item in operations:
            name, valued, _ = item.subresource.partition("&")[0].partition("=")
            refinements = item.subresource.split("&")[1:]
            place = (item.method, item.resource, name)
            if valued or refinements or item.header:
                self._refined.setdefault(place, []).append(item)
                self._refining.update(refinement.partition("=")[0] for refinement in refinements)
            else:
                self._by_place[place] = item
        for found in self._refined.values():
            found.sort(
                key=lambda item: (item.subresource.count("&"), item.header != ""), reverse=True
            )
        self.candidates = lru_cache(1024)(self._find_candidates)
        """Finds the operations for a method, a resource and a query; headers choose one."""

    def find(self, request: Request, target: Target) -> Operation:
        """Find the operation; raises `NotImplemented`, which names the missing one (P-40)."""
        resource = resource_of(target)
        for item in self.candidates(request.method, resource, request.query_string):
            if not item.header or item.header in request.headers:
                return item
        if request.method == "POST" and resource is Resource.OBJECT and not request.query:
            # A POST to an object needs a sub-resource; forms go to the bucket.
            raise OSSError(ErrorCase.METHOD_NOT_ALLOWED, Method="POST", ResourceType="Object")
        subresource = self._subresource(request.method, resource, request.query)
        component = request.query.get(_COMPONENT)
        refusal = REFUSALS.get((request.method, resource, subresource))
        if refusal is not None:
            raise OSSError(refusal)
        asked = subresource if component is None else f"{subresource}&{_COMPONENT}={component}"
        raise not_implemented(request.method, resource, asked)

    def _find_candidates(
        self, method: str, resource: Resource, query_string: str
    ) -> tuple[Operation, ...]:
        """Find the operations that a query may ask for; the first whose header is there counts.

        Raises `NotImplemented`. The query of a preflight belongs to the request that will follow,
        so it is ignored.
        """
        if method == "OPTIONS" and resource is not Resource.SERVICE:
            return (self._by_place["OPTIONS", resource, ""],)
        query = parse_query(query_string)
        place = (method, resource, self._subresource(method, resource, query))
        found = [item for item in self._refined.get(place, ()) if _is_refined(item, query)]
        if place in self._by_place and _COMPONENT not in query:
            found.append(self._by_place[place])
        return tuple(found)

    def _subresource(self, method: str, resource: Resource, query: Mapping[str, str]) -> str:
        """Find the sub-resource that a query asks for, "" for none.

        An unknown parameter is ignored if it has a value, and in GetObject, HeadObject
        (`/logo.png?20240101`) and PutObject (P-49). Otherwise it may ask for an operation newer
        than this table; ignoring it could list a bucket (P-40). So may a parameter that refines an
        operation, but reading an object ignores common words such as `?status=1`.
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
                raise not_implemented(*place)
        if refining and not found:
            raise not_implemented(method, resource, refining)
        return found


REFUSALS: Final = {
    ("DELETE", Resource.BUCKET, "inventory"): ErrorCase.INVENTORY_ID_MISSING,
    ("POST", Resource.BUCKET, "metaQuery"): ErrorCase.NO_META_QUERY_ACTION,
}
"""What the service answers to requests that lack the parameter of an operation."""

_COMPONENT = "comp"
"""The parameter that selects a part of a sub-resource. An unknown part is not implemented."""


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
