"""Declares an operation by the request that asks for it, as the API reference writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oss_emulator.access import Permission
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Gather, Operation, Resource, Status, Takes, operation
from oss_emulator.protocol.message import Response

_RESOURCES: Final = {
    "/": Resource.SERVICE,
    "/bucket": Resource.BUCKET,
    "/bucket/key": Resource.OBJECT,
}

_PERMISSIONS: Final = {
    "oss:GetObject": Permission.READ,
    "oss:PostProcessTask": Permission.READ,
    "oss:PutObject": Permission.WRITE,
    "oss:DeleteObject": Permission.WRITE,
    "oss:AbortMultipartUpload": Permission.WRITE,
    "oss:OptionObject": Permission.NONE,
}
"""The permission of an ACL that stands for an action; any other action needs the owner."""

_KEPT: Final = frozenset(
    """
    cname&comp=token inventory live qosInfo replication replicationLocation replicationProgress
    requesterQosInfo resourcePool rtc vod
    """.split()
)
"""The sub-resources whose documents are kept and change nothing else."""


def answers(
    request: str,
    name: str,
    *,
    action: str = "",
    takes: Takes | None = None,
    header: str = "",
    needs_bucket: bool = True,
    gather: Gather | None = None,
    needs_md5: bool = False,
) -> Callable[[Callable[[Call], Response]], Operation]:
    """Declare that a function answers a request such as `PUT /bucket?inventory&inventoryId`.

    PUT and POST take a document unless `takes` says otherwise.
    """
    method, _, target = request.partition(" ")
    path, _, subresource = target.partition("?")
    kept = not _KEPT.isdisjoint((subresource, subresource.partition("&")[0]))
    if takes is None:
        takes = Takes.DOCUMENT if method in ("PUT", "POST") else Takes.NOTHING
    return operation(
        name,
        method,
        _RESOURCES[path],
        subresource,
        permission=_PERMISSIONS.get(action or f"oss:{name}", Permission.OWN),
        takes=takes,
        header=header,
        action=action,
        status=Status.KEPT if kept else Status.ENFORCED,
        needs_bucket=needs_bucket,
        gather=gather,
        needs_md5=needs_md5,
    )
