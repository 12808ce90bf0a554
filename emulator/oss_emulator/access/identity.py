"""Identities, the keys that prove them, and roles."""

from enum import StrEnum
from typing import NamedTuple

from oss_emulator.access.policy import Policy, PolicyType


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
