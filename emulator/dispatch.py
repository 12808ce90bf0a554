"""From a request to its operation: what was asked for, or which sub-resource is not there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from emulator.access import ANONYMOUS, Identity, Permission
from emulator.protocol.address import SERVICE, Target
from emulator.protocol.checksums import Checksums
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Request, Response
from emulator.protocol.parameters import SUBRESOURCES, is_parameter
from emulator.referer import Decision, Signing
from emulator.storage import Blob, Bucket, MemoryBlob, Storage


class Resource(Enum):
    """What an operation is about."""

    SERVICE = "service"
    BUCKET = "bucket"
    OBJECT = "object"


class Takes(Enum):
    """The body an operation reads. GET and HEAD never read one (P-05)."""

    NOTHING = "nothing"
    DOCUMENT = "document"
    OBJECT = "object"


class Status(Enum):
    """How far an operation goes."""

    ENFORCED = "enforced"
    KEPT = "kept"
    """What is put is validated, kept and answered again, and has no effect."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body that has arrived, and what was computed on its way."""

    content: tuple[Blob, ...]
    size: int
    md5: bytes
    crc64: int

    def read(self) -> bytes:
        """All of it, for documents."""
        return b"".join(blob.read(0, blob.size) for blob in self.content)

    @classmethod
    def of(cls, data: bytes) -> "Body":
        sums = Checksums()
        sums.update(data)
        return cls((MemoryBlob(data),) if data else (), sums.size, sums.md5, sums.crc64)


NO_BODY = Body.of(b"")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the OSS API, and the function that performs it."""

    name: str
    method: str
    resource: Resource
    subresource: str
    """The query parameter that asks for it, "" for the plain request."""
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
    target: Target = SERVICE
    operation: Operation = UNKNOWN
    record: Bucket | None = None
    signing: Signing = Signing.NONE
    access_key_id: str = ""
    caller: Identity = ANONYMOUS
    decision: Decision | None = None
    body: Body = NO_BODY
    error: OSSError | None = None

    @property
    def key(self) -> str:
        return self.target.key

    @property
    def endpoint(self) -> str:
        """The host name under which this caller reaches the service, with its port (P-33)."""
        host = self.request.host
        return host.removeprefix(self.target.bucket + ".") if self.target.bucket else host

    @property
    def internal_endpoint(self) -> str:
        """The endpoint within the region; the same where there is only one."""
        name, _, domain = self.endpoint.partition(".")
        internal = domain == "aliyuncs.com" and not name.endswith("-internal")
        return f"{name}-internal.{domain}" if internal else self.endpoint

    @property
    def bucket(self) -> Bucket:
        """The bucket the request names; operations on a bucket are called only when it is there."""
        if self.record is None:
            raise OSSError(Code.NO_SUCH_BUCKET, BucketName=self.target.bucket)
        return self.record


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
        )

    return declare


class Dispatcher:
    """Finds the operation a request asks for, the most specific first."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_place: dict[tuple[str, Resource, str], Operation] = {}
        self._by_header: dict[tuple[str, Resource, str], list[tuple[str, Operation]]] = {}
        for item in operations:
            place = (item.method, item.resource, item.subresource)
            if item.header:
                self._by_header.setdefault(place, []).append((item.header, item))
            else:
                self._by_place[place] = item

    def find(self, request: Request, target: Target) -> Operation:
        """The operation; raises `NotImplemented` that names what is not there (P-40)."""
        resource = _resource(target)
        subresource = self._subresource(request, resource) if request.query else ""
        place = (request.method, resource, subresource)
        for header, found in self._by_header.get(place, ()):
            if header in request.headers:
                return found
        operation = self._by_place.get(place)
        if operation is None:
            raise not_implemented(*place)
        return operation

    def _subresource(self, request: Request, resource: Resource) -> str:
        """The sub-resource a query asks for, "" for none.

        A parameter nobody knows is ignored where that is harmless: with a value, or when an object
        is read (`/logo.png?20240101`). Elsewhere it may ask for an operation newer than this table,
        and falling through would overwrite an object or list a bucket (P-40).
        """
        reads_object = resource is Resource.OBJECT and request.method in ("GET", "HEAD")
        found = ""
        for name, value in request.query.items():
            place = (request.method, resource, name)
            if place in self._by_place or place in self._by_header:
                found = found or name
            elif name in SUBRESOURCES or not (value or reads_object or is_parameter(name)):
                raise not_implemented(*place)
        return found


def _resource(target: Target) -> Resource:
    if target.key:
        return Resource.OBJECT
    return Resource.BUCKET if target.bucket else Resource.SERVICE


def not_implemented(method: str, resource: Resource, subresource: str) -> OSSError:
    """The error that names what is not emulated (P-40)."""
    asked = f"{method} ?{subresource}" if subresource else method
    message = f"{asked} of the {resource.value} is not emulated; docs/operations.md lists what is."
    return OSSError(Code.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
