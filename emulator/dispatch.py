"""From a request to its operation: what was asked for, or which sub-resource is not there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple, TypeAlias

from fastcrc.crc64 import xz as crc64

from emulator.access import ANONYMOUS, Identity, Permission, Verdict
from emulator.protocol.address import SERVICE, SERVICE_DOMAIN, Target, in_service_domain
from emulator.protocol.checksums import md5
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.form import Form
from emulator.protocol.message import Request, Response
from emulator.protocol.parameters import SUBRESOURCES, is_parameter
from emulator.protocol.website import Visit
from emulator.protocol.xml import Children
from emulator.referer import Decision, Signing
from emulator.settings import THE_SERVICES, Limits
from emulator.storage import Account, Blob, Bucket, MemoryBlob, Storage


class Resource(StrEnum):
    """What an operation is about."""

    SERVICE = "service"
    BUCKET = "bucket"
    OBJECT = "object"


class Takes(Enum):
    """The body an operation reads. GET and HEAD never read one (P-05)."""

    NOTHING = "nothing"
    DOCUMENT = "document"
    OBJECT = "object"
    FORM = "form"
    """A form whose fields carry the credentials and the object's name, and then its bytes."""


class Status(Enum):
    """How far an operation goes."""

    ENFORCED = "enforced"
    KEPT = "kept"
    """What is put is validated, kept and answered again, and has no effect."""


class Body(NamedTuple):
    """A body that has arrived, and what was computed on its way."""

    content: tuple[Blob, ...]
    size: int
    md5: bytes
    crc64: int
    origin: Mapping[str, str] = {}
    """What the answer tells of where it was copied from."""

    def read(self) -> bytes:
        """All of it, for documents."""
        return b"".join(blob.read(0, blob.size) for blob in self.content)

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """One that is at hand."""
        content = (MemoryBlob(data),) if data else ()
        return cls(content, len(data), md5(data), crc64(data))


NO_BODY = Body.of(b"")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the OSS API, and the function that performs it."""

    name: str
    method: str
    resource: Resource
    subresource: str
    """The query parameter that asks for it, "" for the plain request.

    What must be there beside it follows: `inventory&inventoryId`, `cname&comp=token`.
    """
    permission: Permission
    takes: Takes
    header: str
    """A request header whose presence asks for it, "" for none."""
    action: str
    """The RAM action it needs."""
    status: Status
    needs_bucket: bool
    """Whether a missing bucket is an error before anything else (P-18)."""
    perform: Callable[["Call"], Response]
    gather: "Gather | None" = None
    """For a body that comes from the storage instead of the request."""


def _not_found_yet(call: "Call") -> Response:
    raise not_implemented(call.request.method, Resource.SERVICE, "")


UNKNOWN = Operation(
    name="",
    method="",
    resource=Resource.SERVICE,
    subresource="",
    permission=Permission.OWN,
    takes=Takes.NOTHING,
    header="",
    action="",
    status=Status.ENFORCED,
    needs_bucket=False,
    perform=_not_found_yet,
)
"""What a call asks for until that was found out."""


@dataclass(slots=True)
class Call:
    """What is known of one request, filled in as it is admitted."""

    request: Request
    request_id: str
    storage: Storage
    region: str
    limits: Limits = THE_SERVICES
    target: Target = SERVICE
    operation: Operation = UNKNOWN
    record: Bucket | None = None
    signing: Signing = Signing.NONE
    access_key_id: str = ""
    caller: Identity = ANONYMOUS
    decision: Decision | None = None
    traffic_limit: int | None = None
    """Bits a second that may come and go (x-oss-traffic-limit), None for any number."""
    form: Form | None = None
    """What a form said before its file."""
    visit: Visit | None = None
    """The page of a website that was asked for."""
    body: Body = NO_BODY
    verdict: Verdict | None = None
    """What was decided on its permissions last."""
    error: OSSError | None = None
    display_name: Callable[[str], str] = str
    """The display name of an account, by its id."""

    @property
    def key(self) -> str:
        return self.target.key

    @property
    def endpoint(self) -> str:
        """The host name under which this caller reaches the service, with its port (P-33)."""
        host, prefix = self.request.host, f"{self.target.bucket}."
        if in_service_domain(host):
            return self._public_endpoint
        return host[len(prefix) :] if host.lower().startswith(prefix) else host

    @property
    def internal_endpoint(self) -> str:
        """The endpoint within the region; the same where there is only one."""
        if in_service_domain(self.request.host):
            return self._public_endpoint.replace(".", "-internal.", 1)
        return self.endpoint

    @property
    def _public_endpoint(self) -> str:
        _, colon, port = self.request.host.partition(":")
        return f"oss-{self.region}.{SERVICE_DOMAIN}{colon}{port}"

    @property
    def bucket(self) -> Bucket:
        """The bucket the request names; operations on a bucket are called only when it is there."""
        if self.record is None:
            raise OSSError(Code.NO_SUCH_BUCKET, BucketName=self.target.bucket)
        return self.record

    @property
    def documents(self) -> Mapping[str, bytes]:
        """The configurations of the bucket; of the caller's account where none is named."""
        if self.target.bucket:
            return self.bucket.documents
        account = self.storage.account(self.caller.id)
        return {} if account is None else account.documents

    def owner(self, account: str) -> Children:
        """The children of Owner (GetBucketInfo)."""
        return [("ID", account), ("DisplayName", self.display_name(account))]

    def documents_below(self, prefix: str) -> dict[str, bytes]:
        """Those whose names start alike, by the rest of their names and in its order."""
        return {
            name.removeprefix(prefix): document
            for name, document in sorted(self.documents.items())
            if name.startswith(prefix)
        }

    def keep(self, name: str, document: bytes | None) -> None:
        """Keep a configuration in the place of the one of that name; None removes it."""
        documents = {other: kept for other, kept in self.documents.items() if other != name}
        if document is not None:
            documents[name] = document
        if self.target.bucket:
            self.record = self.bucket._replace(documents=documents)
            self.storage.put_bucket(self.record)
        else:
            account = self.storage.account(self.caller.id) or Account(self.caller.id)
            self.storage.put_account(account._replace(documents=documents))


Gather: TypeAlias = Callable[[Call], Callable[[], Body]]
"""Finds the body of an operation, and returns the work of reading it.

The work takes as long as there are bytes, so a server does it off its event loop.
"""


def operation(
    name: str,
    method: str,
    resource: Resource,
    subresource: str = "",
    *,
    permission: Permission = Permission.OWN,
    takes: Takes = Takes.NOTHING,
    header: str = "",
    action: str = "",
    status: Status = Status.ENFORCED,
    needs_bucket: bool = True,
    gather: Gather | None = None,
) -> Callable[[Callable[[Call], Response]], Operation]:
    """Make a function the Operation of that name; its action is `oss:` and the name by default."""

    def declare(perform: Callable[[Call], Response]) -> Operation:
        return Operation(
            name,
            method,
            resource,
            subresource,
            permission,
            takes,
            header,
            action or f"oss:{name}",
            status,
            needs_bucket,
            perform,
            gather,
        )

    return declare


class Dispatcher:
    """Finds the operation a request asks for, the most specific first."""

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
        """The operation; raises `NotImplemented` that names what is not there (P-40).

        A preflight has the query of the request that is to follow, so its query asks for nothing.
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
        """The sub-resource a query asks for, "" for none.

        A parameter nobody knows is ignored where that is harmless: with a value, or when an object
        is read (`/logo.png?20240101`). Elsewhere it may ask for an operation newer than this table,
        and falling through would overwrite an object or list a bucket (P-40).
        """
        reads_object = resource is Resource.OBJECT and request.method in ("GET", "HEAD")
        found = refining = ""
        for name, value in request.query.items():
            place = (request.method, resource, name)
            if place in self._by_place or place in self._refined:
                found = found or name
            elif name in self._refining:
                refining = name
            elif name in SUBRESOURCES or not (value or reads_object or is_parameter(name)):
                raise not_implemented(*place)
        if refining and not found:
            raise not_implemented(request.method, resource, refining)
        return found


_POST_OBJECT = ("POST", Resource.OBJECT, "")
"""A POST to an object asks for nothing without a sub-resource: forms go to the bucket."""

_COMPONENT = "comp"
"""Names a part of a sub-resource: without an operation of its own there is none to fall back to."""


def _is_asked(item: Operation, request: Request) -> bool:
    """Whether a request has what an operation needs beside its sub-resource."""
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


def not_implemented(method: str, resource: Resource, subresource: str) -> OSSError:
    """The error that names what is not emulated (P-40)."""
    asked = f"{method} ?{subresource}" if subresource else method
    message = f"{asked} of the {resource.value} is not emulated; docs/operations.md lists what is."
    return OSSError(Code.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
