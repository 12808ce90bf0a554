"""The headers that are stored with an object, and the values they may have."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.protocol.errors import ErrorCase, OSSError, listed

DEFAULT_CONTENT_TYPE = "application/octet-stream"

STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
REDUNDANCY_TYPES = ("LRS", "ZRS")
ENCRYPTIONS = ("AES256", "KMS", "SM4")

# The surrogates that stand for bytes are allowed: such a value is sent unchanged (P-57).
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]")

BYPASS = "x-oss-bypass-governance-retention"
"""The header with which a period in GOVERNANCE mode can be shortened or ignored."""

EXPLAIN = "x-oss-emulator-explain"
"""The request header of the emulator that asks for the Referer decision."""
DECISION = "x-oss-emulator-decision"
"""The response header with that decision as JSON; null if the rules did not apply."""
FROM_CALLBACK = "x-oss-emulator-callback"
"""The request header that marks the requests of the server itself: callbacks and fetches."""

META_PREFIX = "x-oss-meta-"
MAX_META = 8 * 1024
"""Bytes of all user metadata of one object (PutObject)."""

# Stored with an object and sent when it is read, spelled as in the answer.
_STORED = {
    name.lower(): name
    for name in """
    Cache-Control Content-Disposition Content-Encoding Content-Language Content-Type Expires
    """.split()
}

ENCRYPTION = "x-oss-server-side-encryption"
_KEY_ID = "x-oss-server-side-encryption-key-id"
_DATA_ENCRYPTION = "x-oss-server-side-data-encryption"
_CONTEXT = "x-oss-server-side-encryption-context"
_ENCRYPTION_STORED = (ENCRYPTION, _KEY_ID, _DATA_ENCRYPTION)

_ENCRYPTING = frozenset(
    "PutBucket PutObject PostObject CopyObject InitiateMultipartUpload AppendObject".split()
)
"""The operations that accept an encryption: those of the page of 0005-00000002, and PutBucket."""

STORAGE_CLASS = "x-oss-storage-class"
_FORBID_OVERWRITE = "x-oss-forbid-overwrite"

DEFAULT_KEY_ID = "0b1f2e3d-0000-4000-8000-000000000000"
"""The KMS key of requests that name none; the service creates one for each account."""

# GetObject: each query parameter, and the header of the answer that it replaces.
OVERRIDES = {f"response-{name}": header for name, header in _STORED.items()}


def select_stored(headers: Mapping[str, str]) -> dict[str, str]:
    """Select the headers of a request to store with an object: standard ones and user metadata.

    Raises `InvalidArgument` for metadata that is too large or that no header can carry.
    """
    found = {"Content-Type": DEFAULT_CONTENT_TYPE}
    size = 0
    for name in _stored_names(_names(headers)):
        value = headers[name]
        found[_STORED.get(name, name)] = text(name, value)
        if name not in _STORED:
            if "_" in name:
                message = "The name of user metadata may have only letters, digits and hyphens."
                raise invalid_argument(name, value, message, ec="0011-00000004")
            size += len(name) - len(META_PREFIX) + len(encode(value))
    if size > MAX_META:
        raise invalid_argument(
            META_PREFIX,
            str(size),
            f"User metadata has {size} bytes; at most {MAX_META} are allowed.",
            ec="0011-00000002",
        )
    return found


def sends_metadata(headers: Mapping[str, str]) -> bool:
    """Whether a request has a header that is stored with an object."""
    return bool(_stored_names(_names(headers)))


def _names(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of headers; an empty type counts as missing, as in V1 and V2 (P-20)."""
    if headers.get("content-type") == "":
        return tuple(name for name in headers if name != "content-type")
    return tuple(headers)


@lru_cache(256)  # clients send the same headers many times
def _stored_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in _STORED or name.startswith(META_PREFIX))


def metadata(stored: Mapping[str, str]) -> dict[str, str]:
    """Select the user metadata from the stored headers of an object."""
    return {name: value for name, value in stored.items() if name.startswith(META_PREFIX)}


def without_encryption(stored: Mapping[str, str]) -> dict[str, str]:
    """Return stored headers without the encryption, which a copy does not inherit."""
    return {name: value for name, value in stored.items() if name not in _ENCRYPTION_STORED}


def encryption_of(stored: Mapping[str, str]) -> dict[str, str]:
    """Select the encryption from the stored headers of an object."""
    if ENCRYPTION not in stored:
        return {}
    return {name: stored[name] for name in _ENCRYPTION_STORED if name in stored}


def encryption(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of the server-side encryption that a request asks for.

    The key id and the algorithm for the data apply only to KMS. The context is checked, but not
    stored. Raises `InvalidArgument`, `InvalidEncryptionAlgorithmError` and
    `InvalidDataEncryptionAlgorithmError`.
    """
    algorithm = headers.get(ENCRYPTION)
    if _CONTEXT in headers:
        _check_context(headers[_CONTEXT], headers.get(_KEY_ID))
    if algorithm is None:
        return {}
    if algorithm not in ENCRYPTIONS:
        raise OSSError(ErrorCase.INVALID_ENCRYPTION)
    if algorithm != "KMS":
        return {ENCRYPTION: algorithm}
    if headers.get(_DATA_ENCRYPTION, "SM4") != "SM4":
        raise OSSError(ErrorCase.INVALID_DATA_ENCRYPTION)
    key_id = text(_KEY_ID, headers.get(_KEY_ID, DEFAULT_KEY_ID))
    if not key_id:
        raise invalid_argument(_KEY_ID, "", code=ErrorCase.KEY_ID_EMPTY)
    data = {_DATA_ENCRYPTION: "SM4"} if _DATA_ENCRYPTION in headers else {}
    return {ENCRYPTION: algorithm, _KEY_ID: key_id, **data}


def check_key(encryption: Mapping[str, str]) -> None:
    """Raise `InvalidArgument` if the key id of an encryption cannot be one of KMS (P-96).

    A KMS key has an id (a UUID or `key-…`), an alias (`alias/…`) or an ARN.
    """
    key = encryption.get(_KEY_ID)
    if key is not None and "-" not in key and "/" not in key:
        raise invalid_argument(_KEY_ID, key, code=ErrorCase.INVALID_KMS_KEY)


def _check_context(context: str, key_id: str | None) -> None:
    try:
        json_text.parse(context)
    except JSONError:
        raise invalid_argument(_CONTEXT, context, code=ErrorCase.INVALID_CONTEXT) from None
    if not key_id:
        raise invalid_argument(_CONTEXT, context, code=ErrorCase.CONTEXT_WITHOUT_KEY)


def refuse_encryption(headers: Mapping[str, str], operation: str) -> None:
    """Raise `InvalidArgument` if an operation that stores no object asks for an encryption."""
    if ENCRYPTION in headers and operation not in _ENCRYPTING:
        algorithm = headers[ENCRYPTION]
        raise invalid_argument(ENCRYPTION, algorithm, code=ErrorCase.ENCRYPTION_NOT_SUPPORTED)


def storage_class(headers: Mapping[str, str], default: str) -> str:
    """Return the storage class that a request asks for; raises `InvalidArgument`."""
    value = headers.get(STORAGE_CLASS, default)
    if not value:
        raise invalid_argument(STORAGE_CLASS, value, code=ErrorCase.STORAGE_CLASS_EMPTY)
    if value not in STORAGE_CLASSES:
        message = f"Storage class {value!r} is unknown; use {listed(STORAGE_CLASSES)}."
        # CopyObject answers with the EC of PutBucket, unlike other operations.
        ec = "0013-00000101" if "x-oss-copy-source" in headers else "0017-00000132"
        raise invalid_argument(STORAGE_CLASS, value, message, ec=ec)
    return value


def refuse_storage_class(headers: Mapping[str, str], ec: str) -> None:
    """Raise `InvalidArgument` if a request that continues an upload has a storage class."""
    if STORAGE_CLASS in headers:
        code = ErrorCase.STORAGE_CLASS_OF_UPLOAD
        raise invalid_argument(STORAGE_CLASS, headers[STORAGE_CLASS], code=code, ec=ec)


def forbids_overwrite(headers: Mapping[str, str]) -> bool:
    """Whether a request must not replace an object; raises `InvalidArgument`."""
    value = headers.get(_FORBID_OVERWRITE, "")
    if value.lower() not in ("", "true", "false"):
        raise invalid_argument(_FORBID_OVERWRITE, value, code=ErrorCase.INVALID_FORBID_OVERWRITE)
    return value.lower() == "true"


def required(headers: Mapping[str, str], name: str, meaning: str) -> str:
    """Return a header that an operation needs; raises `InvalidArgument` if it is missing."""
    value = headers.get(name, "")
    if not value:
        raise invalid_argument(name, value, f"The header {name} with {meaning} is missing.")
    return value


def flag(headers: Mapping[str, str], name: str) -> bool:
    """Whether a header is `true`, in any case; False if it is missing."""
    return headers.get(name, "").lower() == "true"


def invalid_argument(
    name: str,
    value: str,
    message: str | None = None,
    code: ErrorCase = ErrorCase.INVALID_ARGUMENT,
    *,
    ec: str | None = None,
) -> OSSError:
    """Make the error for a header, a parameter or a field with a bad value."""
    return OSSError(code, message, ec=ec, ArgumentName=name, ArgumentValue=value)


def location(url: str) -> str:
    """Percent-encode the characters of a URL that are not ASCII, for use in a header."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~", errors="surrogateescape")


def encode(text: str) -> bytes:
    """Encode text of headers to the bytes sent; surrogates stand for bytes not in UTF-8 (P-57)."""
    return text.encode(errors="surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether a text was valid UTF-8: surrogates stand for bytes that were not (P-57)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(name: str, value: str) -> str:
    """Return the value if a header can contain it; raises `InvalidArgument` otherwise."""
    # A line end would end the header.
    if not value.isprintable() and _UNSENDABLE.search(value):
        shown = value.encode(errors="replace").decode()
        raise invalid_argument(
            name,
            shown,
            "The value has characters that a header cannot contain; use printable text.",
        )
    return value
