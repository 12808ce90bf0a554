"""Bounds the memory that the fields of all forms take together.

Forms are read in turn, so those that arrive together grow together.
"""

from typing import Final

from oss_emulator.protocol.errors import ErrorCase, OSSError

MOST: Final = 64 * 1024 * 1024
"""Bytes that the fields of all forms take before a form that grows is refused."""

SMALL: Final = 16 * 1024
"""Bytes up to which the fields of a form neither count nor get it refused."""


class FormMemory:
    """The memory that the fields of the forms being read take.

    A form is refused rather than kept waiting: it would wait for clients that stall.
    """

    def __init__(self) -> None:
        self._sizes: dict[object, int] = {}
        """Bytes of the fields of each form that is not small."""
        self._total = 0

    def hold(self, form: object, size: int) -> None:
        """Note the bytes that the fields of a form take now; raises `ServiceUnavailable`."""
        if size <= SMALL:
            return
        self._total += size - self._sizes.get(form, 0)
        self._sizes[form] = size
        if self._total > MOST:
            detail = "The fields of forms that are being read take too much memory together."
            raise OSSError(ErrorCase.SERVICE_UNAVAILABLE, ErrorDetail=detail)

    def free(self, form: object) -> None:
        """Note that a form was answered."""
        self._total -= self._sizes.pop(form, 0)
