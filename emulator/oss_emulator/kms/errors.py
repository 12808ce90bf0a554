"""Errors of KMS, with the codes, statuses and messages of "Responses" of its API (P-87)."""

from collections.abc import Mapping

from oss_emulator.rpc.errors import ErrorTable, RPCCode, RPCRow


class KMSCode(ErrorTable):
    """The situations in which KMS answers with an error of its own."""

    NO_KEY = RPCRow("Forbidden.KeyNotFound", 404, "The specified Key is not found.")
    NO_PERMISSION = RPCRow(
        "Forbidden.NoPermission", 403, "This operation is forbidden by permission system."
    )


OWN_WORDS: Mapping[ErrorTable, RPCRow] = {
    RPCCode.MISSING: RPCRow(
        "MissingParameter", 400, 'The parameter "{name}" is needed but not provided.'
    ),
    RPCCode.INVALID: RPCRow(
        "InvalidParameter", 400, 'The specified parameter "{name}" is not valid.'
    ),
    RPCCode.UNKNOWN_KEY: RPCRow(
        "InvalidAccessKeyId.NotFound",
        404,
        "The AccessKey ID provided does not exist in our records.",
    ),
}
"""What KMS says in situations that all services have."""
