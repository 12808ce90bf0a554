"""Client-side encryption: the metadata of objects that their clients encrypted (P-53).

The service cannot decrypt these objects. It checks that their metadata is complete, stores it
unchanged, and refuses parts whose sizes differ from those that the upload announced.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import META_PREFIX
from oss_emulator.protocol.parameters import is_number
from oss_emulator.protocol.xml import Children

PREFIX: Final = f"{META_PREFIX}client-side-encryption-"

_DATA_SIZE: Final = f"{PREFIX}data-size"
_PART_SIZE: Final = f"{PREFIX}part-size"

_MISSING_ECS: Final = {
    f"{PREFIX}key": "0005-00000401",
    f"{PREFIX}start": "0005-00000402",
    f"{PREFIX}cek-alg": "0005-00000403",
    f"{PREFIX}wrap-alg": "0005-00000404",
    _DATA_SIZE: "0005-00000406",
    _PART_SIZE: "0005-00000407",
}
"""The EC of each missing header. Every object needs the first four; uploads also need the sizes."""
_REQUIRED: Final = tuple(_MISSING_ECS)[:4]

_INVALID_ECS: Final = {_DATA_SIZE: "0005-00000408", _PART_SIZE: "0005-00000409"}
_CHANGED_ECS: Final = {f"{PREFIX}start": "0005-00000413", _PART_SIZE: "0005-00000418"}
"""The EC if UploadPart sends another value than InitiateMultipartUpload."""

_ELEMENTS: Final = {
    "ClientEncryptionKey": f"{PREFIX}key",
    "ClientEncryptionStart": f"{PREFIX}start",
    "ClientEncryptionCekAlg": f"{PREFIX}cek-alg",
    "ClientEncryptionWrapAlg": f"{PREFIX}wrap-alg",
    "ClientEncryptionDataSize": _DATA_SIZE,
    "ClientEncryptionPartSize": _PART_SIZE,
}
"""The elements of ListParts, and the metadata that they show."""

_NAMES: Final = frozenset(_ELEMENTS.values())

_BLOCK: Final = 16
"""Bytes of a block of the cipher; parts are whole blocks."""

_MAX_PARTS: Final = 10_000


class EncryptedParts(NamedTuple):
    """The parts of an encrypted upload: only the last one may be smaller."""

    data_size: int
    part_size: int

    @property
    def total(self) -> int:
        return -(-self.data_size // self.part_size)

    def check_part(self, number: int, size: int) -> None:
        """Raise `InvalidEncryptionRequest` for a part with a wrong size, or after the last part.

        An empty part may follow the last one (P-90).
        """
        if number == self.total + 1 and size == 0:
            return
        if number > self.total:
            raise OSSError(ErrorCase.ENCRYPTED_PART_NUMBER)
        if number < self.total and size != self.part_size:
            raise OSSError(ErrorCase.ENCRYPTED_PART_SIZE)
        if number == self.total and size != self.data_size - (number - 1) * self.part_size:
            raise OSSError(ErrorCase.ENCRYPTED_LAST_PART_SIZE)

    def check_count(self, count: int) -> None:
        """Raise `InvalidEncryptionRequest` for a wrong number of parts."""
        if count not in (self.total, self.total + 1):
            raise OSSError(ErrorCase.ENCRYPTED_PART_LIST)


def metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith(PREFIX)}


def check(headers: Mapping[str, str]) -> None:
    """Raise `InvalidEncryptionRequest` for incomplete metadata."""
    if not _NAMES.isdisjoint(headers):
        _require(headers, _REQUIRED)


def check_same(headers: Mapping[str, str], begun: Mapping[str, str]) -> None:
    """Raise `InvalidEncryptionRequest` for a part with other metadata than its upload."""
    for name in _NAMES.intersection(headers, begun):
        if headers[name] != begun[name]:
            raise OSSError(ErrorCase.ENCRYPTION_CHANGED, ec=_CHANGED_ECS.get(name))


def _require(headers: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name not in headers:
            raise OSSError(ErrorCase.ENCRYPTION_INCOMPLETE, ec=_MISSING_ECS[name])


def parse_parts(headers: Mapping[str, str]) -> EncryptedParts | None:
    """Parse the part sizes that an upload announced when it began; None if it announced none.

    Either size requires the other. The copier of SDK V2 sends neither when it copies an encrypted
    object by parts. Raises `InvalidEncryptionRequest`.
    """
    if _DATA_SIZE not in headers and _PART_SIZE not in headers:
        return None
    _require(headers, (_DATA_SIZE, _PART_SIZE))
    parts = EncryptedParts(_size(headers, _DATA_SIZE), _size(headers, _PART_SIZE))
    if parts.total > _MAX_PARTS:
        raise OSSError(ErrorCase.ENCRYPTED_PARTS_TOO_MANY)
    if parts.part_size % _BLOCK:
        raise OSSError(ErrorCase.ENCRYPTION_SIZE_INVALID)
    return parts


def format_elements(headers: Mapping[str, str]) -> Children:
    """Format the metadata of an upload as elements of ListParts."""
    return [(name, headers.get(header)) for name, header in _ELEMENTS.items()]


def _size(headers: Mapping[str, str], name: str) -> int:
    text = headers[name]
    if not is_number(text, least=1):
        raise OSSError(ErrorCase.ENCRYPTION_SIZE_INVALID, ec=_INVALID_ECS[name])
    return int(text)
