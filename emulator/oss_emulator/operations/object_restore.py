"""Archived objects: RestoreObject, CleanRestoredObject.

A restore takes the documented time on the server's clock: a minute for Archive, hours for the
colder classes. Until then the object cannot be read and a second restore is refused, as the
clients' suites expect.
"""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import find, version_header
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import is_number
from oss_emulator.storage.base import Restore

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

DURATIONS: dict[str, dict[str, int]] = {
    "Archive": {"": _MINUTE},
    "ColdArchive": {"Expedited": _HOUR, "Standard": 5 * _HOUR, "Bulk": 12 * _HOUR},
    "DeepColdArchive": {"Expedited": 12 * _HOUR, "Standard": 48 * _HOUR},
}
"""Maximum seconds of a restore, by storage class and tier, the fastest first."""

MAX_DAYS = {"Archive": 7, "ColdArchive": 365, "DeepColdArchive": 365}
"""Maximum days that an object stays restored, by storage class."""

TIER_HEADER = "x-oss-object-restore-priority"


@answers("POST /bucket/key?restore", "RestoreObject")
def restore_object(call: Call) -> Response:
    """Restore an archived object: 202 when the restore begins, 200 if it is already restored.

    Raises `OperationNotSupported`, `RestoreAlreadyInProgress`, `InvalidArgument`, `MalformedXML`.
    """
    item, now = find(call), call.request.received
    if item.storage_class not in DURATIONS:
        raise _not_supported("RestoreObject")
    days, tier = _read(call.body.read(), item.storage_class)
    done, until = now + DURATIONS[item.storage_class][tier], now + days * _DAY
    restore = item.restore
    if restore is None or restore.until <= now:
        status, until = 202, done + days * _DAY
    elif restore.done <= now:
        status, done, until = 200, restore.done, max(until, restore.until)
    else:
        _check_upgrade(item.storage_class, restore.tier, tier)
        status, until = 202, done + days * _DAY
    restored = item._replace(restore=Restore(done, until, tier))
    call.storage.replace_object(call.bucket.name, restored)
    fields = {TIER_HEADER: tier} if tier else {}
    return Response(status, {**fields, **version_header(call, item)})


@answers("POST /bucket/key?cleanRestoredObject", "CleanRestoredObject")
def clean_restored_object(call: Call) -> Response:
    """End the restore of an object early.

    Raises `OperationNotSupported`, `ArchiveRestoreFileStale` if it is not restored, and
    `ArchiveRestoreNotFinished` while it is being restored.
    """
    item, now = find(call), call.request.received
    if item.storage_class not in DURATIONS:
        raise _not_supported("CleanRestoredObject")
    if item.restore is None or item.restore.until <= now:
        raise OSSError(ErrorCase.ARCHIVE_RESTORE_FILE_STALE)
    if now < item.restore.done:
        raise OSSError(ErrorCase.ARCHIVE_RESTORE_NOT_FINISHED)
    call.storage.replace_object(call.bucket.name, item._replace(restore=None))
    return Response(200, version_header(call, item))


def _read(document: bytes, storage_class: str) -> tuple[int, str]:
    """Parse days and tier; an empty body means one day and, if the class has tiers, Standard."""
    tiers = DURATIONS[storage_class]
    tier = "" if "" in tiers else "Standard"
    if not document.strip():
        return 1, tier
    try:
        node = xml.parse(document, "RestoreRequest")
    except xml.DocumentError as error:
        error.ec = "0016-00000706"
        raise
    if len(node.all("Days")) > 1:
        raise xml.DocumentError("There may be only one Days.", "0016-00000707")
    if node.first("GlacierJobParameters") is not None:
        message = "GlacierJobParameters is not supported; use JobParameters."
        raise xml.DocumentError(message, "0016-00000709")
    asked = node.text("JobParameters/Tier") or node.text("Tier")
    if asked and "" in tiers:
        raise xml.DocumentError(f"Objects of the class {storage_class} have no JobParameters.")
    if asked and asked not in tiers:
        raise invalid_argument("Tier", asked, code=ErrorCase.INVALID_RESTORE_TIER)
    days, most = node.text("Days", "1"), MAX_DAYS[storage_class]
    if not is_number(days, 1, most):
        message = f"The Days must be an integer from 1 to {most}."
        ec = "0016-00000708" if storage_class == "Archive" else "0016-00000704"
        raise invalid_argument("Days", days, message, ec=ec)
    return int(days), asked or tier


def _check_upgrade(storage_class: str, running: str, asked: str) -> None:
    """Raise an error unless the new tier is faster (help page of 0016-00000715)."""
    tiers = list(DURATIONS[storage_class])
    if tiers.index(asked) >= tiers.index(running):
        tiered = storage_class != "Archive"  # S-26 was seen for Archive
        raise OSSError(
            ErrorCase.RESTORE_CANNOT_BE_SLOWER if tiered else ErrorCase.RESTORE_ALREADY_IN_PROGRESS
        )


def _not_supported(name: str) -> OSSError:
    detail = f"{name} operation does not support this object storage class"
    return OSSError(ErrorCase.OPERATION_NOT_SUPPORTED, Detail=detail)
