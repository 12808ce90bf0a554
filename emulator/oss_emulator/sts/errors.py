"""Errors of STS that other services do not have.

The messages are those of "Error codes" of STS, of "Use RRSA to authorize different pods", and of
the error center of Alibaba Cloud.
"""

from oss_emulator.rpc.errors import ErrorTable, RPCErrorSpec


# fmt: off
class STSErrorCase(ErrorTable):
    """The situations in which STS answers with an error of its own."""

    DURATION = RPCErrorSpec("InvalidParameter.DurationSeconds", 400, "The Min/Max value of DurationSeconds is 15min/{longest}hr.")
    POLICY_SIZE = RPCErrorSpec("InvalidParameter.PolicySize", 400, "The size of Policy must be smaller than 2048 bytes.")
    POLICY_GRAMMAR = RPCErrorSpec("InvalidParameter.PolicyGrammar", 400, "The parameter Policy has not passed grammar check. {text}")
    NO_ROLE = RPCErrorSpec("EntityNotExist.Role", 404, "The specified Role not exists.")
    ROOT = RPCErrorSpec("NoPermission", 403, "Roles may not be assumed by root accounts.")
    NOT_AUTHORIZED = RPCErrorSpec("NoPermission", 403, "You are not authorized to do this action. You should be authorized by RAM.")
    OIDC_PROVIDER = RPCErrorSpec("AuthenticationFail.NoPermission", 401, "No such OIDC Provider registered.")
    OIDC_TRUST = RPCErrorSpec("AuthenticationFail.NoPermission", 401, "There is no permission")
    OIDC_EMPTY = RPCErrorSpec("AuthenticationFail.OIDCToken.Invalid", 401, "The OIDCToken can not empty.")
    OIDC_PARTS = RPCErrorSpec("AuthenticationFail.OIDCToken.Invalid", 401, "The number of Jwt field should be divided into 3 parts with '.' .")
    OIDC_ENCODING = RPCErrorSpec("AuthenticationFail.OIDCToken.Invalid", 401, "Cannot decode base64 encoded response(format invalided).")
    OIDC_ALGORITHM = RPCErrorSpec("AuthenticationFail.OIDCToken.Invalid", 401, "The algorithm {algorithm} that be specified in Jwt header is unknown.")
    OIDC_CONTENT = RPCErrorSpec("AuthenticationFail.OIDCToken.Invalid", 401, "The Jwt content is invalid that cannot be recognized.")
    OIDC_SIGNATURE = RPCErrorSpec("AuthenticationFail.OIDCToken.InvalidSignature", 401, "OIDC token validate failed: invalid signature.")
    OIDC_ISSUER = RPCErrorSpec("AuthenticationFail.OIDCToken.IssuerNotMatch", 401, "The issuer in the OIDC Token doesn't match the OIDC Provider registered.")
    OIDC_AUDIENCE = RPCErrorSpec("AuthenticationFail.OIDCToken.AudienceNotMatch", 401, "Invalid audience.")
    OIDC_EXPIRED = RPCErrorSpec("AuthenticationFail.OIDCToken.Expired", 401, "This JsonWebToken is expired.")
    OIDC_EARLY = RPCErrorSpec(  # our choice
        "AuthenticationFail.OIDCToken.Invalid", 401, "This JsonWebToken is not valid yet."
    )
