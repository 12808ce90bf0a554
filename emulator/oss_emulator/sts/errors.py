"""What STS refuses: one exception, one table of code, status and message.

The texts are those of "STS common errors and troubleshooting" and of the error center of Alibaba
Cloud.
"""

from enum import Enum
from typing import NamedTuple

from oss_emulator.protocol.xml import Children


class Row(NamedTuple):
    """What is answered; `{…}` is filled in."""

    code: str
    status: int
    message: str


class Code(Enum):
    """The situations in which STS refuses."""

    NO_ACTION = Row(
        "InvalidAction.NotFound",
        404,
        "Specified api is not found, please check your url and method.",
    )
    VERSION = Row("InvalidVersion", 400, "Specified parameter Version is not valid.")
    MISSING = Row("Missing{name}", 400, "{name} is mandatory for this action.")
    SIGNATURE_METHOD = Row(
        "InvalidSignatureMethod",
        400,
        "Specified signature method is not valid: HMAC-SHA1 of SignatureVersion 1.0 is taken.",
    )
    TIMESTAMP_FORMAT = Row(
        "InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted."
    )
    TIMESTAMP_EXPIRED = Row(
        "InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired."
    )
    UNKNOWN_KEY = Row("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.")
    TOKEN_MISMATCH = Row(
        "InvalidSecurityToken.MismatchWithAccessKey",
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
    )
    TOKEN_EXPIRED = Row("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired.")
    # aliyun-python-sdk-core takes what follows the colon for the server's string to sign.
    SIGNATURE = Row(
        "SignatureDoesNotMatch",
        400,
        "Specified signature is not matched with our calculation. server string to sign is:{text}",
    )
    INVALID = Row("InvalidParameter.{name}", 400, "The parameter {name} is wrongly formed.")
    DURATION = Row(
        "InvalidParameter.DurationSeconds",
        400,
        "The Min/Max value of DurationSeconds is 15min/{longest}hr.",
    )
    POLICY_SIZE = Row(
        "InvalidParameter.PolicySize", 400, "The size of Policy must be smaller than 2048 bytes."
    )
    POLICY_GRAMMAR = Row(
        "InvalidParameter.PolicyGrammar",
        400,
        "The parameter Policy has not passed grammar check. {text}",
    )
    NO_ROLE = Row("EntityNotExist.Role", 404, "The specified Role not exists.")
    ROOT = Row("NoPermission", 403, "Roles may not be assumed by root accounts.")
    NOT_AUTHORIZED = Row(
        "NoPermission",
        403,
        "You are not authorized to do this action. You should be authorized by RAM.",
    )


class STSError(Exception):
    """A request that STS refuses."""

    def __init__(self, code: Code, detail: Children | None = None, **texts: str) -> None:
        row = code.value
        self.status = row.status
        self.code = row.code.format(**texts)
        self.message = row.message.format(**texts).strip()
        self.detail = detail
        super().__init__(f"{self.code}: {self.message}")
