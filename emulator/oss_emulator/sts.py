"""STS: temporary credentials for roles (AssumeRole, AssumeRoleWithOIDC), and GetCallerIdentity.

The errors specific to STS come first, then role sessions, OIDC tokens, and the actions.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

from oss_referer.sources import json_text

from oss_emulator.access.condition import Context
from oss_emulator.access.identity import Identity, Kind, OIDCProvider, Role
from oss_emulator.access.policy import Effect, Policy, PolicyError, PolicyType, Question, evaluate
from oss_emulator.protocol import dates
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.errors import ErrorTable, RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.product import Action, Product
from oss_emulator.rpc.request import RPCCall, required


# fmt: off
class STSErrorCase(ErrorTable):
    """The errors specific to STS."""

    DURATION = RPCErrorSpec("InvalidParameter.DurationSeconds", 400, "The Min/Max value of DurationSeconds is 15min/{longest}hr.")
    POLICY_SIZE = RPCErrorSpec("InvalidParameter.PolicySize", 400, "The size of Policy must be smaller than 2048 bytes.")
    POLICY_GRAMMAR = RPCErrorSpec("InvalidParameter.PolicyGrammar", 400, "The parameter Policy has not passed grammar check. {text}")
    NO_ROLE = RPCErrorSpec("EntityNotExist.Role", 404, "The specified Role not exists.")
    ROOT = RPCErrorSpec("NoPermission", 403, "Roles may not be assumed by root accounts. {text}")
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


# fmt: on
MAX_POLICY = 2048
"""Characters of the longest session policy (AssumeRole)."""


class WantedSession(NamedTuple):
    """The session that a request asks for."""

    role_arn: str
    name: str
    policy: str
    """The session policy as sent, "" for none."""

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> "WantedSession":
        """Check the parameters of a session; raises `RPCError`."""
        return cls(
            match_parameter(parameters, "RoleArn", r"acs:ram::\d+:role/.+"),
            match_parameter(parameters, "RoleSessionName", r"[a-zA-Z0-9.@_-]{2,64}"),
            _policy(parameters),
        )


def find_role(call: RPCCall, wanted: WantedSession) -> Role:
    """Find the role of a session; raises `RPCError`."""
    role = call.environment.accounts.role(wanted.role_arn)
    if role is None:
        raise RPCError(STSErrorCase.NO_ROLE)
    return role


def start_session(call: RPCCall, role: Role, wanted: WantedSession) -> Children:
    """Issue the credentials of a session and describe it; raises `RPCError`."""
    expires = int(call.now) + _duration(call.parameters, role)
    issued = call.environment.accounts.issue(
        role, wanted.name, expires, wanted.policy, call.material
    )
    return [
        (
            "AssumedRoleUser",
            [("Arn", f"{role.arn}/{wanted.name}"), ("AssumedRoleId", f"{role.id}:{wanted.name}")],
        ),
        (
            "Credentials",
            [
                ("AccessKeyId", issued.access_key_id),
                ("AccessKeySecret", issued.access_key_secret),
                ("SecurityToken", issued.security_token),
                ("Expiration", format_time(issued.expires)),
            ],
        ),
    ]


def match_parameter(parameters: Mapping[str, str], name: str, form: str) -> str:
    """Return a required parameter; raises `RPCError` unless it matches `form`."""
    value = required(parameters, name)
    if not re.fullmatch(form, value, re.ASCII):
        raise RPCError(RPCErrorCase.INVALID, name=name)
    return value


def format_time(second: int) -> str:
    """Format a time as STS does, such as `2015-04-09T11:52:19Z`."""
    return dates.format_iso(second).replace(".000Z", "Z")


def _policy(parameters: Mapping[str, str]) -> str:
    policy = parameters.get("Policy", "")
    if len(policy) > MAX_POLICY:
        raise RPCError(STSErrorCase.POLICY_SIZE)
    if policy:
        try:
            Policy.parse(policy, PolicyType.SESSION)
        except PolicyError as error:
            raise RPCError(STSErrorCase.POLICY_GRAMMAR, text=str(error)) from None
    return policy


def _duration(parameters: Mapping[str, str], role: Role) -> int:
    text = parameters.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise RPCError(RPCErrorCase.INVALID, name="DurationSeconds")
    if not 900 <= int(text) <= role.max_session:
        raise RPCError(STSErrorCase.DURATION, longest=f"{role.max_session / 3600:g}")
    return int(text)


MAX_TOKEN = 20_000
"""Characters of the longest token (AssumeRoleWithOIDC)."""


class OIDCToken(NamedTuple):
    """The claims of a token whose signature was verified."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    issued: int
    """Seconds since the epoch."""
    expires: int
    not_before: int = 0

    @classmethod
    def parse(cls, text: str, provider: OIDCProvider) -> "OIDCToken":
        """Verify the signature of a token and read its claims; raises `RPCError`."""
        if not text:
            raise RPCError(STSErrorCase.OIDC_EMPTY)
        if len(text) > MAX_TOKEN:
            raise RPCError(RPCErrorCase.INVALID, name="OIDCToken")
        parts = text.split(".")
        if len(parts) != 3:
            raise RPCError(STSErrorCase.OIDC_PARTS)
        header, claims, signature = (_decode(part) for part in parts)
        _verify(_object(header), f"{parts[0]}.{parts[1]}".encode(), signature, provider)
        return cls._read(_object(claims))

    @classmethod
    def _read(cls, claims: Mapping[str, Any]) -> "OIDCToken":
        named = claims.get("aud")
        return cls(
            _text(claims.get("iss")),
            _text(claims.get("sub")),
            tuple(_text(name) for name in (named if isinstance(named, list) else [named])),
            issued=_time(claims.get("iat")),
            expires=_time(claims.get("exp")),
            not_before=_time(claims.get("nbf", 0)),
        )

    def check(self, provider: OIDCProvider, now: float) -> None:
        """Check that a token is for this provider's clients and still valid; raises `RPCError`."""
        if self.issuer != provider.issuer:
            raise RPCError(STSErrorCase.OIDC_ISSUER)
        if not self.audience(provider):
            raise RPCError(STSErrorCase.OIDC_AUDIENCE)
        oldest = now - provider.issuance_limit * 3600
        if now >= self.expires or self.issued < oldest:
            raise RPCError(STSErrorCase.OIDC_EXPIRED)
        if now < max(self.issued, self.not_before):
            raise RPCError(STSErrorCase.OIDC_EARLY)

    def audience(self, provider: OIDCProvider) -> str:
        """Return the first audience that is a client of the provider; "" if none is."""
        return next((name for name in self.audiences if name in provider.client_ids), "")


def _verify(
    header: Mapping[str, Any], content: bytes, signature: bytes, provider: OIDCProvider
) -> None:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm != "RS256":
        raise RPCError(STSErrorCase.OIDC_ALGORITHM, algorithm=str(algorithm))
    keys = [key for key in provider.keys if key_id is None or key.id == key_id]
    if not any(key.verifies(signature, content) for key in keys):
        raise RPCError(STSErrorCase.OIDC_SIGNATURE)


def _decode(part: str) -> bytes:
    try:
        return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise RPCError(STSErrorCase.OIDC_ENCODING) from None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json_text.parse(data)
    except ValueError:
        raise RPCError(STSErrorCase.OIDC_CONTENT) from None
    if not isinstance(found, Mapping):
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return found


def _text(claim: Any) -> str:
    if not isinstance(claim, str) or not claim:
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return claim


def _time(claim: Any) -> int:
    if not isinstance(claim, int | float) or not 0 <= claim < 1e11:
        raise RPCError(STSErrorCase.OIDC_CONTENT)
    return int(claim)


_NO_ROLES = (
    "This emulator has one key, which is a root account's, and no role: start it with --accounts "
    "FILE, and sign with the key of a RAM user."
)
"""The emulator's addition to the service's message if the configuration has no role."""


def assume_role(call: RPCCall) -> Children:
    """Issue temporary credentials for a role (AssumeRole); raises `RPCError`."""
    accounts = call.environment.accounts
    if call.caller.kind is Kind.ACCOUNT:
        raise RPCError(STSErrorCase.ROOT, text="" if accounts.has_roles else _NO_ROLES)
    wanted = WantedSession.parse(call.parameters)
    role = find_role(call, wanted)
    _check_caller(call.caller, role)
    return start_session(call, role, wanted)


def _check_caller(caller: Identity, role: Role) -> None:
    """Check that the caller's policies and the role's trust policy both allow the call (A-42)."""
    question = Question("sts:AssumeRole", role.arn, principals=caller.names(PolicyType.TRUST))
    groups = {PolicyType.IDENTITY: caller.policies, PolicyType.TRUST: (role.trust,)}
    if caller.session_policy is not None:
        groups = {PolicyType.SESSION: (caller.session_policy,), **groups}
    for policy_type, policies in groups.items():
        settled = evaluate(policies, question)
        if settled is None or settled.effect is Effect.DENY:
            detail: Children = [
                ("PolicyType", str(policy_type)),
                ("AuthPrincipalOwnerId", caller.id),
                ("AuthPrincipalType", str(caller.kind)),
                ("AuthPrincipalDisplayName", caller.principal),
                ("NoPermissionType", "ImplicitDeny" if settled is None else "ExplicitDeny"),
                ("AuthAction", "sts:AssumeRole"),
            ]
            raise RPCError(STSErrorCase.NOT_AUTHORIZED, detail)


def assume_role_with_oidc(call: RPCCall) -> Children:
    """Issue temporary credentials for a role (AssumeRoleWithOIDC); raises `RPCError`.

    The request is not signed: the token identifies the sender.
    """
    parameters = call.parameters
    arn = match_parameter(parameters, "OIDCProviderArn", r"acs:ram::\d+:oidc-provider/.+")
    wanted = WantedSession.parse(parameters)
    provider = call.environment.accounts.oidc_provider(arn)
    if provider is None:
        raise RPCError(STSErrorCase.OIDC_PROVIDER)
    token = OIDCToken.parse(parameters.get("OIDCToken", ""), provider)
    token.check(provider, call.now)
    role = find_role(call, wanted)
    _check_trust(token, provider, role)
    return [("OIDCTokenInfo", _describe_token(token)), *start_session(call, role, wanted)]


def _check_trust(token: OIDCToken, provider: OIDCProvider, role: Role) -> None:
    """Check that the role's trust policy allows this token of the provider (A-43)."""
    context = Context(
        oidc_issuer=token.issuer, oidc_audience=token.audience(provider), oidc_subject=token.subject
    )
    question = Question("sts:AssumeRole", role.arn, context, principals=(provider.arn,))
    settled = evaluate([role.trust], question)
    if settled is None or settled.effect is Effect.DENY:
        raise RPCError(STSErrorCase.OIDC_TRUST)


def _describe_token(token: OIDCToken) -> Children:
    return [
        ("Subject", token.subject),
        ("Issuer", token.issuer),
        ("ClientIds", ",".join(token.audiences)),
        ("ExpirationTime", format_time(token.expires)),
        ("IssuanceTime", format_time(token.issued)),
        ("VerificationInfo", "Success"),
    ]


def get_caller_identity(call: RPCCall) -> Children:
    """Describe the signer of the request (GetCallerIdentity)."""
    caller = call.caller
    is_session = caller.kind is Kind.SESSION
    return [
        ("IdentityType", _IDENTITY_TYPES[caller.kind]),
        ("AccountId", caller.id),
        ("PrincipalId", caller.principal),
        ("UserId", None if is_session else caller.principal),
        ("RoleId", caller.principal_id if is_session else None),
        ("Arn", caller.arn),
    ]


_IDENTITY_TYPES = {Kind.ACCOUNT: "Account", Kind.USER: "RAMUser", Kind.SESSION: "AssumedRoleUser"}


STS = Product(
    name="Sts",
    version="2015-04-01",
    actions={
        "AssumeRole": Action(assume_role),
        "AssumeRoleWithOIDC": Action(assume_role_with_oidc, signed=False),
        "GetCallerIdentity": Action(get_caller_identity),
    },
)
