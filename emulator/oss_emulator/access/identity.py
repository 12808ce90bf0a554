"""Identities, the keys that prove them, roles, and the OIDC providers that roles trust."""

from base64 import b64decode
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from oss_referer.sources import json_text
from oss_referer.sources.toml import SourceError

from oss_emulator.access.policy import Policy, PolicyType

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


class Kind(StrEnum):
    """The kinds of identities. Values: AuthPrincipalType of AccessDeniedDetail."""

    ACCOUNT = "Account"
    """An account, or an anonymous caller."""
    USER = "SubUser"
    SESSION = "AssumedRoleUser"
    """A session of a role of the account."""


class Identity(NamedTuple):
    """The sender of a request. `id` is the number of the account, "" for an anonymous sender.

    The account owns what its RAM users and role sessions create.
    """

    id: str
    display_name: str = ""
    kind: Kind = Kind.ACCOUNT
    principal_id: str = ""
    """The id of the RAM user, or of the role."""
    name: str = ""
    """The name of the RAM user, or of the role."""
    session: str = ""
    policies: tuple[Policy, ...] = ()
    session_policy: Policy | None = None

    @property
    def anonymous(self) -> bool:
        return not self.id

    @property
    def arn(self) -> str:
        """The resource name (GetCallerIdentity)."""
        relative = {
            Kind.ACCOUNT: "root",
            Kind.USER: f"user/{self.name}",
            Kind.SESSION: f"assumed-role/{self.name}/{self.session}",
        }
        return f"acs:ram::{self.id}:{relative[self.kind]}"

    @property
    def principal(self) -> str:
        """The id that is unique within the account (GetCallerIdentity)."""
        if self.kind is Kind.SESSION:
            return f"{self.principal_id}:{self.session}"
        return self.principal_id or self.id

    def names(self, policy_type: PolicyType) -> tuple[str, ...]:
        """Return the names of the identity in the Principal of a policy (A-30, A-42)."""
        if policy_type is PolicyType.TRUST:
            if self.kind is Kind.ACCOUNT:
                return ()
            kind = "role" if self.kind is Kind.SESSION else "user"
            return (f"acs:ram::{self.id}:root", f"acs:ram::{self.id}:{kind}/{self.name}")
        if self.kind is Kind.SESSION:
            return (f"arn:sts::{self.id}:assumed-role/{self.name}/{self.session}",)
        return (self.principal_id or self.id,)


ANONYMOUS = Identity("")


class AccessKey(NamedTuple):
    id: str
    secret: str
    identity: Identity


class Role(NamedTuple):
    """A RAM role: its policies, and the trust policy that says who may assume it."""

    account: str
    id: str
    name: str
    trust: Policy
    policies: tuple[Policy, ...]
    max_session: int
    """The longest validity of its credentials in seconds."""

    @property
    def arn(self) -> str:
        return f"acs:ram::{self.account}:role/{self.name}"


class JWKSError(ValueError):
    """A JSON Web Key Set cannot be used; the text says why."""


class PublicKey(NamedTuple):
    """One RSA key of a provider."""

    id: str
    """The `kid` of the key, "" for none."""
    rsa: "RSAPublicKey"

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Return whether this key signed the content (RS256, RFC 7518)."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.rsa.verify(signature, content, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


class OIDCProvider(NamedTuple):
    """An identity provider that roles can trust (CreateOIDCProvider)."""

    account: str
    name: str
    issuer: str
    """The URL that its tokens name as `iss`."""
    client_ids: tuple[str, ...]
    """The audiences (`aud`) whose tokens are accepted."""
    keys: tuple[PublicKey, ...]
    issuance_limit: int
    """Hours for which a token is valid after its issue."""

    @property
    def arn(self) -> str:
        """The resource name that trust policies and requests use."""
        return f"acs:ram::{self.account}:oidc-provider/{self.name}"


def parse_jwks(document: str | bytes | Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Parse the RSA keys of a JSON Web Key Set (RFC 7517); raises `JWKSError`."""
    if not isinstance(document, Mapping):
        try:
            document = json_text.parse(document)
        except SourceError as error:
            raise JWKSError(f"it is not valid JSON: {error.sentence}") from None
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise JWKSError('it must be an object such as {"keys": [{"kty": "RSA", …}]}')
    keys = tuple(
        _key(item) for item in listed if isinstance(item, Mapping) and item.get("kty") == "RSA"
    )
    if not keys:
        raise JWKSError("it has no key whose kty is RSA")
    return keys


def _key(item: Mapping[str, Any]) -> PublicKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    except ImportError:
        raise JWKSError(
            "OIDC providers need the package cryptography, which is not installed; "
            "run pip install cryptography"
        ) from None
    key_id = item.get("kid", "")
    try:
        rsa = RSAPublicNumbers(_number(item["e"]), _number(item["n"])).public_key()
    except (KeyError, TypeError, ValueError) as error:
        raise JWKSError(f"the key {key_id!r} is not an RSA public key: {error}") from None
    return PublicKey(str(key_id), rsa)


def _number(text: str) -> int:
    return int.from_bytes(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
