"""Errors of KMS, with the codes, statuses and messages of "Responses" of its API (P-87)."""

from collections.abc import Mapping

from oss_emulator.rpc.errors import ErrorTable, RPCErrorCase, RPCErrorSpec


# fmt: off
class KMSErrorCase(ErrorTable):
    """The situations in which KMS answers with an error of its own."""

    NO_KEY = RPCErrorSpec("Forbidden.KeyNotFound", 404, "The specified Key is not found.")
    NO_PERMISSION = RPCErrorSpec("Forbidden.NoPermission", 403, "This operation is forbidden by permission system.")


KMS_MESSAGES: Mapping[ErrorTable, RPCErrorSpec] = {
    RPCErrorCase.MISSING: RPCErrorSpec("MissingParameter", 400, 'The parameter "{name}" is needed but not provided.'),
    RPCErrorCase.INVALID: RPCErrorSpec("InvalidParameter", 400, 'The specified parameter "{name}" is not valid.'),
    RPCErrorCase.UNKNOWN_KEY: RPCErrorSpec("InvalidAccessKeyId.NotFound", 404, "The AccessKey ID provided does not exist in our records."),
}
"""What KMS says in situations that all services have."""
