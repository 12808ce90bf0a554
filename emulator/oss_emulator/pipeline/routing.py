"""Routing: finds the operation that a request asks for."""

from collections.abc import Iterable

from oss_emulator.operations.operation import Operation, Resource, not_implemented
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.parameters import PROCESS, SUBRESOURCES, is_parameter


class Dispatcher:
    """Finds the most specific operation that fits a request."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_place: dict[tuple[str, Resource, str], Operation] = {}
        self._refined: dict[tuple[str, Resource, str], list[Operation]] = {}
        self._refining: set[str] = set()
        for item in operations:
            name, *refinements = item.subresource.split("&")
            place = (item.method, item.resource, name)
            if refinements or item.header:
                self._refined.setdefault(place, []).append(item)
                self._refining.update(refinement.partition("=")[0] for refinement in refinements)
            else:
                self._by_place[place] = item
        for found in self._refined.values():
            found.sort(
                key=lambda item: (item.subresource.count("&"), item.header != ""), reverse=True
            )

    def find(self, request: Request, target: Target) -> Operation:
        """Find the operation; raises `NotImplemented`, which names the missing one (P-40).

        The query of a preflight belongs to the request that will follow, so it is ignored.
        Whether an object is to be processed is for `refuse_processing` to say (R-39).
        """
        resource = _resource(target)
        if request.method == "OPTIONS" and resource is not Resource.SERVICE:
            return self._by_place["OPTIONS", resource, ""]
        subresource = self._subresource(request, resource) if request.query else ""
        place = (request.method, resource, subresource)
        for item in self._refined.get(place, ()):
            if _is_asked(item, request):
                return item
        operation = self._by_place.get(place)
        if place == _POST_OBJECT and not request.query:
            raise OSSError(Code.METHOD_NOT_ALLOWED, Method="POST", ResourceType="Object")
        if operation is None or _COMPONENT in request.query:
            raise not_implemented(request.method, resource, _asked(request, subresource))
        return operation

    def _subresource(self, request: Request, resource: Resource) -> str:
        """Find the sub-resource that a query asks for, "" for none.

        An unknown parameter is ignored if it has a value, and in GetObject, HeadObject
        (`/logo.png?20240101`) and PutObject (P-49). Otherwise it may ask for an operation newer
        than this table; ignoring it could list a bucket (P-40).
        """
        lenient = resource is Resource.OBJECT and request.method in ("GET", "HEAD", "PUT")
        found = refining = ""
        for name, value in request.query.items():
            place = (request.method, resource, name)
            if place in self._by_place or place in self._refined:
                found = found or name
            elif name in self._refining:
                refining = name
            elif name == PROCESS and _reads_object(request, resource):
                continue
            elif name in SUBRESOURCES or not (value or lenient or is_parameter(name)):
                raise not_implemented(*place)
        if refining and not found:
            raise not_implemented(request.method, resource, refining)
        return found


_POST_OBJECT = ("POST", Resource.OBJECT, "")
"""A POST to an object needs a sub-resource; forms go to the bucket."""

_COMPONENT = "comp"
"""The parameter that selects a part of a sub-resource. An unknown part is not implemented."""


def refuse_processing(request: Request, target: Target) -> None:
    """Raise `NotImplemented` where an object is to be processed before it is sent (P-40)."""
    resource = _resource(target)
    if PROCESS in request.query and _reads_object(request, resource):
        raise not_implemented(request.method, resource, PROCESS)


def _reads_object(request: Request, resource: Resource) -> bool:
    return resource is Resource.OBJECT and request.method in ("GET", "HEAD")


def _is_asked(item: Operation, request: Request) -> bool:
    """Whether a request has the header and further parameters that an operation needs."""
    if item.header and item.header not in request.headers:
        return False
    for refinement in item.subresource.split("&")[1:]:
        name, valued, value = refinement.partition("=")
        if name not in request.query or (valued and request.query[name] != value):
            return False
    return True


def _asked(request: Request, subresource: str) -> str:
    component = request.query.get(_COMPONENT)
    return subresource if component is None else f"{subresource}&{_COMPONENT}={component}"


def _resource(target: Target) -> Resource:
    if target.key:
        return Resource.OBJECT
    return Resource.BUCKET if target.bucket else Resource.SERVICE
