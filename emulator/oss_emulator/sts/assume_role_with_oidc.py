"""AssumeRoleWithOIDC: temporary credentials for a role, for the owner of an OIDC token.

The request is not signed: the token proves who sends it.
"""

from oss_emulator.access import Context, Effect, OIDCProvider, Question, Role, evaluate
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import RPCError
from oss_emulator.sts import session
from oss_emulator.sts.errors import STSErrorCase
from oss_emulator.sts.oidc_token import OIDCToken


def assume_role_with_oidc(call: RPCCall) -> Children:
    """Issue temporary credentials for a role (AssumeRoleWithOIDC); raises `RPCError`."""
    parameters = call.parameters
    arn = session.match(parameters, "OIDCProviderArn", r"acs:ram::\d+:oidc-provider/.+")
    wanted = session.WantedSession.parse(parameters)
    provider = call.installation.accounts.oidc_provider(arn)
    if provider is None:
        raise RPCError(STSErrorCase.OIDC_PROVIDER)
    token = OIDCToken.parse(parameters.get("OIDCToken", ""), provider)
    token.check(provider, call.now)
    role = session.find_role(call, wanted)
    _authorize(token, provider, role)
    return [("OIDCTokenInfo", _describe(token)), *session.start(call, role, wanted)]


def _authorize(token: OIDCToken, provider: OIDCProvider, role: Role) -> None:
    """Check that the role's trust policy allows the provider, for this token (A-43)."""
    context = Context(
        oidc_issuer=token.issuer,
        oidc_audience=token.audience(provider),
        oidc_subject=token.subject,
    )
    question = Question("sts:AssumeRole", role.arn, context, principals=(provider.arn,))
    settled = evaluate([role.trust], question)
    if settled is None or settled.effect is Effect.DENY:
        raise RPCError(STSErrorCase.OIDC_TRUST)


def _describe(token: OIDCToken) -> Children:
    return [
        ("Subject", token.subject),
        ("Issuer", token.issuer),
        ("ClientIds", ",".join(token.audiences)),
        ("ExpirationTime", session.format_time(token.expires)),
        ("IssuanceTime", session.format_time(token.issued)),
        ("VerificationInfo", "Success"),
    ]
