"""Symbolic links: PutSymlink, GetSymlink."""

from hashlib import md5

from oss_emulator.operations.call import Call
from oss_emulator.operations.objects import describe
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.versions import find
from oss_emulator.operations.writing import draft, store
from oss_emulator.protocol import checksums, headers
from oss_emulator.protocol.address import decode_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

TARGET = "x-oss-symlink-target"

_SHOWN = ("Content-Type", "ETag", "Last-Modified", "x-oss-version-id")


@answers("PUT /bucket/key?symlink", "PutSymlink", action="oss:PutObject", takes=Takes.NOTHING)
def put_symlink(call: Call) -> Response:
    """Put a link to a key of the same bucket; the key may be missing.

    Raises `InvalidArgument` without a target, and what `draft` raises.
    """
    target = call.request.headers.get(TARGET, "")
    if not target:
        message = "The target of the link is missing; send its key."
        raise headers.invalid_argument(TARGET, target, message, ec="0043-00000001")
    target = headers.text(TARGET, target).replace("+", " ")  # P-43
    key = decode_key(target)
    etag = checksums.format_etag(md5(key.encode(), usedforsecurity=False).digest())
    item = draft(call, kind="Symlink")._replace(symlink_target=target, etag=etag)
    return Response(200, {"ETag": etag, **store(call, item)})


@answers("GET /bucket/key?symlink", "GetSymlink", action="oss:GetObject")
def get_symlink(call: Call) -> Response:
    """Return the target of a link, with the link's metadata; raises `NotSymlink`."""
    item = find(call)
    if item.kind != "Symlink":
        raise OSSError(ErrorCase.NOT_SYMLINK)
    known = describe(call, item)
    shown = {
        name: value
        for name, value in known.items()
        if name in _SHOWN or name.startswith(headers.META_PREFIX)
    }
    return Response(200, {**shown, TARGET: item.symlink_target})
