"""Errors of RPC services: one exception, and the table of errors that the services share.

The messages are those of "STS common errors and troubleshooting" and of the error center of
Alibaba Cloud. A service with other documented codes or messages has them in `Product.errors`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from oss_emulator.protocol.errors import MAX_REPEATED, shorten
from oss_emulator.protocol.xml import Children


class RPCErrorSpec(NamedTuple):
    """The error for one situation; names in braces are replaced."""

    code: str
    status: int
    message: str


class ErrorTable(Enum):
    """The errors of a service by situation; the values are `RPCErrorSpec`."""


# fmt: off
class RPCErrorCase(ErrorTable):
    """The errors that all services share."""

    NO_ACTION = RPCErrorSpec("InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method.")
    VERSION = RPCErrorSpec("InvalidVersion", 400, "Specified parameter Version is not valid.")
    MISSING = RPCErrorSpec("Missing{name}", 400, "{name} is mandatory for this action.")
    SIGNATURE_METHOD = RPCErrorSpec("InvalidSignatureMethod", 400, "Specified signature method is not valid; use HMAC-SHA1 with SignatureVersion 1.0, or ACS3-HMAC-SHA256.")
    TIMESTAMP_FORMAT = RPCErrorSpec("InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted.")
    TIMESTAMP_EXPIRED = RPCErrorSpec("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.")
    UNKNOWN_KEY = RPCErrorSpec("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
    TOKEN_MISMATCH = RPCErrorSpec("InvalidSecurityToken.MismatchWithAccessKey", 400, "Specified SecurityToken mismatch with the AccessKey.")
    TOKEN_EXPIRED = RPCErrorSpec("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired.")
    # aliyun-python-sdk-core parses the string to sign after the colon.
    SIGNATURE = RPCErrorSpec("SignatureDoesNotMatch", 400, "Specified signature is not matched with our calculation. server string to sign is:{text}")
    SIGNATURE_V3 = RPCErrorSpec("SignatureDoesNotMatch", 400, "Specified signature does not match our calculation. server StringToSign is [{text}] server CanonicalRequest is [{canonical}]")
    INCOMPLETE = RPCErrorSpec("IncompleteSignature", 400, "The request signature does not conform to Aliyun standards. {text}")
    INVALID = RPCErrorSpec("InvalidParameter.{name}", 400, "The parameter {name} is wrongly formed.")
# fmt: on


class RPCError(Exception):
    """The error that answers a request; `texts` replace the names in braces."""

    def __init__(self, situation: ErrorTable, detail: Children | None = None, **texts: str) -> None:
        self.situation = situation
        self.detail = detail
        self._texts = texts
        spec: RPCErrorSpec = situation.value
        super().__init__(f"{spec.code}: {spec.message}".format(**texts))

    def spec(self, specs: Mapping[ErrorTable, RPCErrorSpec] | None = None) -> RPCErrorSpec:
        """Return code, status and message; those in `specs` take precedence."""
        found: RPCErrorSpec = (specs or {}).get(self.situation, self.situation.value)
        texts = {name: shorten(text, MAX_REPEATED) for name, text in self._texts.items()}
        code, message = (text.format(**texts).strip() for text in (found.code, found.message))
        return RPCErrorSpec(code, found.status, message)
