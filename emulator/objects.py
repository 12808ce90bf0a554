"""What the operations on objects share: finding one, describing it, may it be written."""

from emulator.access import ObjectAcl
from emulator.dispatch import Call
from emulator.protocol import dates, headers
from emulator.protocol.errors import Code, OSSError
from emulator.storage import Object


def find(call: Call) -> Object:
    """The object a call names; raises `NoSuchKey`."""
    item = call.storage.object(call.bucket.name, call.key)
    if item is None:
        raise OSSError(Code.NO_SUCH_KEY, Key=call.key)
    return item


def describe(item: Object) -> dict[str, str]:
    """The headers that every answer about an object carries (P-32)."""
    return {
        **item.headers,
        "Accept-Ranges": "bytes",
        "ETag": item.etag,
        "Last-Modified": dates.format_http(item.modified),
        "x-oss-hash-crc64ecma": str(item.crc64),
        "x-oss-object-type": item.kind,
        "x-oss-storage-class": item.storage_class,
    }


def check_writable(call: Call) -> None:
    """Raise `InvalidObjectName` or `FileAlreadyExists` where the object must not be written."""
    if call.key.startswith(("/", "\\")):
        raise OSSError(Code.INVALID_OBJECT_NAME)
    forbidden = headers.flag(call.request.headers, "x-oss-forbid-overwrite")
    if forbidden and call.storage.object(call.bucket.name, call.key) is not None:
        raise OSSError(Code.FILE_ALREADY_EXISTS, Key=call.key)


def object_acl(call: Call) -> ObjectAcl:
    """The ACL a new object is to have; raises `InvalidArgument`."""
    value = call.request.headers.get("x-oss-object-acl", ObjectAcl.DEFAULT)
    if value not in set(ObjectAcl):
        raise headers.invalid_argument("x-oss-object-acl", value, code=Code.INVALID_OBJECT_ACL)
    return ObjectAcl(value)
