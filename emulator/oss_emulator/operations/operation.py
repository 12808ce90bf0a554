"""What an operation of the OSS API is, and the decorator that declares one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

from oss_emulator.access import Permission
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response

if TYPE_CHECKING:
    from oss_emulator.operations.call import Body, Call


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
    perform: Callable[[Call], Response]
    gather: Gather | None = None
    """For a body that comes from the storage instead of the request."""


def _not_found_yet(call: Call) -> Response:
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


Gather: TypeAlias = "Callable[[Call], Callable[[], Body]]"
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


def not_implemented(method: str, resource: Resource, subresource: str) -> OSSError:
    """The error that names what is not emulated (P-40)."""
    asked = f"{method} ?{subresource}" if subresource else method
    message = f"{asked} of the {resource.value} is not emulated; docs/operations.md lists what is."
    return OSSError(Code.NOT_IMPLEMENTED, message, Method=method, SubResource=subresource)
