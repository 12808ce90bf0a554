"""Requests for images: styles after a separator in the path, and protected originals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oss_referer import Signing

from oss_emulator.operations import style
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.object_process import get_processed, head_processed
from oss_emulator.operations.operation import Operation
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.parameters import PROCESS

if TYPE_CHECKING:
    from oss_emulator.pipeline.deployment import Deployment

READS: Final = frozenset({"GetObject", "HeadObject"})
"""The operations that read an object."""

_PROCESSING: Final = {"GET": get_processed, "HEAD": head_processed}


def find_style(admission: Admission, service: Deployment) -> None:
    """Find the image that `photo.jpg!small` means, if the bucket has such separators.

    An object with the whole key takes precedence, and the style must exist. Both are assumed.
    """
    bucket, operation, key = admission.record, admission.operation, admission.target.key
    if bucket is None or operation.subresource or operation.method not in _PROCESSING:
        return
    parts = style.access_of(bucket.documents).split(key)
    if parts is None or style.STYLE.prefix + parts[1] not in bucket.documents:
        return
    if service.storage.object(bucket.name, key) is None:
        admission.target, admission.style = Target(bucket.name, parts[0]), parts[1]
        admission.operation = _PROCESSING[operation.method]


def check_original(admission: Admission, service: Deployment) -> None:
    """Refuse a protected original that is read without a signature and a style."""
    bucket = admission.record
    if bucket is None or admission.claimed.signing is not Signing.NONE:
        return
    if admission.operation.name not in READS:
        return
    asked = admission.request.query.get(PROCESS, "")
    by_style = admission.style or asked.startswith("style/")
    if not by_style and style.access_of(bucket.documents).protects(admission.target.key):
        raise OSSError(ErrorCase.STYLE_ONLY)


def is_processing(operation: Operation) -> bool:
    """Whether an operation returns a processed image (R-39)."""
    return operation.subresource == PROCESS and operation.name in READS
