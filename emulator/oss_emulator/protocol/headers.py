"""The headers an object keeps, and the values headers may have."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from oss_emulator.protocol.errors import Code, OSSError

DEFAULT_CONTENT_TYPE = "application/octet-stream"

STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
REDUNDANCY_TYPES = ("LRS", "ZRS")
ENCRYPTIONS = ("AES256", "KMS", "SM4")

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")

META_PREFIX = "x-oss-meta-"
MAX_META = 8 * 1024
"""Bytes of all user metadata of one object (PutObject)."""

# Kept when an object is put, answered when it is read; the spelling is that of the answer.
_KEPT = {
    name.lower(): name
    for name in (
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Expires",
    )
}

ENCRYPTION = "x-oss-server-side-encryption"
_KEY_ID = "x-oss-server-side-encryption-key-id"
_DATA_ENCRYPTION = "x-oss-server-side-data-encryption"
_ENCRYPTION_KEPT = (ENCRYPTION, _KEY_ID, _DATA_ENCRYPTION)

DEFAULT_KEY_ID = "0b1f2e3d-0000-4000-8000-000000000000"
"""The key of KMS where none is named: the service makes one for the account and tells its id."""

# GetObject: a query parameter, and the header of the answer it replaces.
OVERRIDES = {f"response-{name}": header for name, header in _KEPT.items()}


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What a request asks an object to keep: the standard headers and user metadata.

    Raises `InvalidArgument` for metadata that is too large or not UTF-8.
    """
    found = {"Content-Type": DEFAULT_CONTENT_TYPE}
    size = 0
    for name in _kept_of(tuple(headers)):
        value = headers[name]
        found[_KEPT.get(name, name)] = text(name, value)
        if name not in _KEPT:
            size += len(name) - len(META_PREFIX) + len(value.encode())
    if size > MAX_META:
        raise invalid_argument(
            META_PREFIX, str(size), f"User metadata has {size} bytes; {MAX_META} are allowed."
        )
    return found


def sends_metadata(headers: Mapping[str, str]) -> bool:
    """Whether a request names anything that an object keeps."""
    return bool(_kept_of(tuple(headers)))


@lru_cache(256)  # a client sends the same headers again and again
def _kept_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that an object keeps."""
    return tuple(name for name in names if name in _KEPT or name.startswith(META_PREFIX))


def without_encryption(kept: Mapping[str, str]) -> dict[str, str]:
    """What an object keeps, but for how it is encrypted, which a copy does not inherit."""
    return {name: value for name, value in kept.items() if name not in _ENCRYPTION_KEPT}


def encryption_of(kept: Mapping[str, str]) -> dict[str, str]:
    """How an object is encrypted, from what it keeps."""
    if ENCRYPTION not in kept:
        return {}
    return {name: kept[name] for name in _ENCRYPTION_KEPT if name in kept}


def encryption(headers: Mapping[str, str]) -> dict[str, str]:
    """The server-side encryption a request asks for.

    The key and the algorithm of its data belong to KMS and mean nothing beside another algorithm.
    Raises `InvalidEncryptionAlgorithmError` and `InvalidDataEncryptionAlgorithmError`.
    """
    algorithm = headers.get(ENCRYPTION)
    if algorithm is None:
        return {}
    if algorithm not in ENCRYPTIONS:
        raise OSSError(Code.INVALID_ENCRYPTION)
    if algorithm != "KMS":
        return {ENCRYPTION: algorithm}
    if headers.get(_DATA_ENCRYPTION, "SM4") != "SM4":
        raise OSSError(Code.INVALID_DATA_ENCRYPTION)
    kms = {ENCRYPTION: algorithm, _KEY_ID: headers.get(_KEY_ID) or DEFAULT_KEY_ID}
    return {**kms, **{name: headers[name] for name in (_DATA_ENCRYPTION,) if name in headers}}


def refuse_encryption(headers: Mapping[str, str]) -> None:
    """Raise `InvalidArgument` where a later request of an upload asks for an encryption."""
    if ENCRYPTION in headers:
        algorithm = headers[ENCRYPTION]
        raise invalid_argument(ENCRYPTION, algorithm, code=Code.ENCRYPTION_OF_UPLOAD)


def storage_class(headers: Mapping[str, str], default: str) -> str:
    """The storage class a request asks for; raises `InvalidArgument`."""
    value = headers.get("x-oss-storage-class", default)
    if value not in STORAGE_CLASSES:
        raise invalid_argument("x-oss-storage-class", value, "No such storage class exists.")
    return value


def flag(headers: Mapping[str, str], name: str) -> bool:
    """A header that is true or false."""
    return headers.get(name, "").lower() == "true"


def invalid_argument(
    name: str, value: str, message: str | None = None, code: Code = Code.INVALID_ARGUMENT
) -> OSSError:
    """The error of a header or parameter whose value will not do."""
    return OSSError(code, message, ArgumentName=name, ArgumentValue=value)


def location(url: str) -> str:
    """A URL that an answer can carry: what is no ASCII is percent-encoded, the rest stays."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~", errors="surrogateescape")


def text(name: str, value: str) -> str:
    """A value that an answer can carry in a header; raises `InvalidArgument`."""
    # A surrogate stands for a byte that was not UTF-8; a control character would end the header.
    if not value.isprintable() and _UNSENDABLE.search(value):
        shown = value.encode(errors="replace").decode()
        raise invalid_argument(name, shown, "The value holds characters no header can carry.")
    return value
