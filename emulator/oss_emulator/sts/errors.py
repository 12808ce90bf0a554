"""Errors of STS: one exception, and one table of code, status and message.

The messages are those of "STS common errors and troubleshooting", of "Error codes" of STS, of "Use
RRSA to authorize different pods", and of the error center of Alibaba Cloud.
"""

from enum import Enum
from typing import NamedTuple

from oss_emulator.protocol.xml import Children


class STSRow(NamedTuple):
    """The error for one situation; names in braces are replaced."""

    code: str
    status: int
    message: str


class STSCode(Enum):
    """The situations in which STS answers with an error."""

    NO_ACTION = STSRow(
        "InvalidAction.NotFound",
        404,
        "Specified api is not found, please check your url and method.",
    )
    VERSION = STSRow("InvalidVersion", 400, "Specified parameter Version is not valid.")
    MISSING = STSRow("Missing{name}", 400, "{name} is mandatory for this action.")
    SIGNATURE_METHOD = STSRow(
        "InvalidSignatureMethod",
        400,
        "Specified signature method is not valid; use HMAC-SHA1 with SignatureVersion 1.0, or "
        "ACS3-HMAC-SHA256.",
    )
    TIMESTAMP_FORMAT = STSRow(
        "InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted."
    )
    TIMESTAMP_EXPIRED = STSRow(
        "InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired."
    )
    UNKNOWN_KEY = STSRow("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
    TOKEN_MISMATCH = STSRow(
        "InvalidSecurityToken.MismatchWithAccessKey",
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
    )
    TOKEN_EXPIRED = STSRow(
        "InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired."
    )
    # aliyun-python-sdk-core parses the string to sign after the colon.
    SIGNATURE = STSRow(
        "SignatureDoesNotMatch",
        400,
        "Specified signature is not matched with our calculation. server string to sign is:{text}",
    )
    SIGNATURE_V3 = STSRow(
        "SignatureDoesNotMatch",
        400,
        "Specified signature does not match our calculation. server StringToSign is [{text}] "
        "server CanonicalRequest is [{canonical}]",
    )
    INCOMPLETE = STSRow(
        "IncompleteSignature",
        400,
        "The request signature does not conform to Aliyun standards. {text}",
    )
    INVALID = STSRow("InvalidParameter.{name}", 400, "The parameter {name} is wrongly formed.")
    DURATION = STSRow(
        "InvalidParameter.DurationSeconds",
        400,
        "The Min/Max value of DurationSeconds is 15min/{longest}hr.",
    )
    POLICY_SIZE = STSRow(
        "InvalidParameter.PolicySize", 400, "The size of Policy must be smaller than 2048 bytes."
    )
    POLICY_GRAMMAR = STSRow(
        "InvalidParameter.PolicyGrammar",
        400,
        "The parameter Policy has not passed grammar check. {text}",
    )
    NO_ROLE = STSRow("EntityNotExist.Role", 404, "The specified Role not exists.")
    ROOT = STSRow("NoPermission", 403, "Roles may not be assumed by root accounts.")
    NOT_AUTHORIZED = STSRow(
        "NoPermission",
        403,
        "You are not authorized to do this action. You should be authorized by RAM.",
    )
    OIDC_PROVIDER = STSRow(
        "AuthenticationFail.NoPermission", 401, "No such OIDC Provider registered."
    )
    OIDC_TRUST = STSRow("AuthenticationFail.NoPermission", 401, "There is no permission")
    OIDC_EMPTY = STSRow("AuthenticationFail.OIDCToken.Invalid", 401, "The OIDCToken can not empty.")
    OIDC_PARTS = STSRow(
        "AuthenticationFail.OIDCToken.Invalid",
        401,
        "The number of Jwt field should be divided into 3 parts with '.' .",
    )
    OIDC_ENCODING = STSRow(
        "AuthenticationFail.OIDCToken.Invalid",
        401,
        "Cannot decode base64 encoded response(format invalided).",
    )
    OIDC_ALGORITHM = STSRow(
        "AuthenticationFail.OIDCToken.Invalid",
        401,
        "The algorithm {algorithm} that be specified in Jwt header is unknown.",
    )
    OIDC_CONTENT = STSRow(
        "AuthenticationFail.OIDCToken.Invalid",
        401,
        "The Jwt content is invalid that cannot be recognized.",
    )
    OIDC_SIGNATURE = STSRow(
        "AuthenticationFail.OIDCToken.InvalidSignature",
        401,
        "OIDC token validate failed: invalid signature.",
    )
    OIDC_ISSUER = STSRow(
        "AuthenticationFail.OIDCToken.IssuerNotMatch",
        401,
        "The issuer in the OIDC Token doesn't match the OIDC Provider registered.",
    )
    OIDC_AUDIENCE = STSRow(
        "AuthenticationFail.OIDCToken.AudienceNotMatch", 401, "Invalid audience."
    )
    OIDC_EXPIRED = STSRow(
        "AuthenticationFail.OIDCToken.Expired", 401, "This JsonWebToken is expired."
    )


class STSError(Exception):
    """A request that STS answers with an error; `texts` replace the names in braces."""

    def __init__(self, code: STSCode, detail: Children | None = None, **texts: str) -> None:
        row = code.value
        self.status = row.status
        self.code = row.code.format(**texts)
        self.message = row.message.format(**texts).strip()
        self.detail = detail
        super().__init__(f"{self.code}: {self.message}")
