"""Errors of RPC services: one exception, and the table of errors that the services share.

The messages are those of "STS common errors and troubleshooting" and of the error center of
Alibaba Cloud. A service whose documentation says otherwise has rows of its own (`Product.errors`).
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from oss_emulator.protocol.xml import Children


class RPCRow(NamedTuple):
    """The error for one situation; names in braces are replaced."""

    code: str
    status: int
    message: str


class ErrorTable(Enum):
    """The situations in which a service answers with an error; the values are `RPCRow`."""


class RPCCode(ErrorTable):
    """The situations that all services have."""

    NO_ACTION = RPCRow(
        "InvalidAction.NotFound",
        404,
        "Specified api is not found, please check your url and method.",
    )
    VERSION = RPCRow("InvalidVersion", 400, "Specified parameter Version is not valid.")
    MISSING = RPCRow("Missing{name}", 400, "{name} is mandatory for this action.")
    SIGNATURE_METHOD = RPCRow(
        "InvalidSignatureMethod",
        400,
        "Specified signature method is not valid; use HMAC-SHA1 with SignatureVersion 1.0, or "
        "ACS3-HMAC-SHA256.",
    )
    TIMESTAMP_FORMAT = RPCRow(
        "InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted."
    )
    TIMESTAMP_EXPIRED = RPCRow(
        "InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired."
    )
    UNKNOWN_KEY = RPCRow("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
    TOKEN_MISMATCH = RPCRow(
        "InvalidSecurityToken.MismatchWithAccessKey",
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
    )
    TOKEN_EXPIRED = RPCRow(
        "InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired."
    )
    # aliyun-python-sdk-core parses the string to sign after the colon.
    SIGNATURE = RPCRow(
        "SignatureDoesNotMatch",
        400,
        "Specified signature is not matched with our calculation. server string to sign is:{text}",
    )
    SIGNATURE_V3 = RPCRow(
        "SignatureDoesNotMatch",
        400,
        "Specified signature does not match our calculation. server StringToSign is [{text}] "
        "server CanonicalRequest is [{canonical}]",
    )
    INCOMPLETE = RPCRow(
        "IncompleteSignature",
        400,
        "The request signature does not conform to Aliyun standards. {text}",
    )
    INVALID = RPCRow("InvalidParameter.{name}", 400, "The parameter {name} is wrongly formed.")


class RPCError(Exception):
    """A request that a service answers with an error; `texts` replace the names in braces."""

    def __init__(self, situation: ErrorTable, detail: Children | None = None, **texts: str) -> None:
        self.situation = situation
        self.detail = detail
        self._texts = texts
        row: RPCRow = situation.value
        super().__init__(f"{row.code}: {row.message}".format(**texts))

    def row(self, rows: Mapping[ErrorTable, RPCRow] | None = None) -> RPCRow:
        """Return code, status and message, from `rows` if a service has its own for this error."""
        found: RPCRow = (rows or {}).get(self.situation, self.situation.value)
        code, message = (text.format(**self._texts).strip() for text in (found.code, found.message))
        return RPCRow(code, found.status, message)
