"""Who sends a request, and the keys that prove it."""

from dataclasses import dataclass
from enum import StrEnum

from oss_emulator.access.policy import Policy, PolicyType


class Kind(StrEnum):
    """What sort of identity it is. Values: AuthPrincipalType of AccessDeniedDetail."""

    ACCOUNT = "Account"
    """An account itself, or nobody known."""
    USER = "SubUser"
    """A RAM user of the account."""
    SESSION = "AssumedRoleUser"
    """A role of the account, assumed for a while."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends a request. The id is the number of an account, "" for nobody known.

    What a RAM user or a role session creates belongs to its account.
    """

    id: str
    display_name: str = ""
    kind: Kind = Kind.ACCOUNT
    principal_id: str = ""
    """The id of the RAM user, or of the role."""
    name: str = ""
    """The name of the RAM user, or of the role."""
    session: str = ""
    """The name under which the role was assumed."""
    policies: tuple[Policy, ...] = ()
    """The RAM policies of the user or role."""
    session_policy: Policy | None = None

    @property
    def anonymous(self) -> bool:
        return not self.id

    @property
    def arn(self) -> str:
        """Its resource name (GetCallerIdentity)."""
        return f"acs:ram::{self.id}:{_RELATIVE[self.kind].format(self=self)}"

    @property
    def principal(self) -> str:
        """How it is told from the others of its account (GetCallerIdentity)."""
        if self.kind is Kind.SESSION:
            return f"{self.principal_id}:{self.session}"
        return self.principal_id or self.id

    def names(self, policy_type: PolicyType) -> tuple[str, ...]:
        """The names under which the Principal of such a policy knows it (A-30, A-42)."""
        if policy_type is PolicyType.TRUST:
            if self.kind is Kind.ACCOUNT:
                return ()
            kind = "role" if self.kind is Kind.SESSION else "user"
            return (f"acs:ram::{self.id}:root", f"acs:ram::{self.id}:{kind}/{self.name}")
        if self.kind is Kind.SESSION:
            return (f"arn:sts::{self.id}:assumed-role/{self.name}/{self.session}",)
        return (self.principal_id or self.id,)


_RELATIVE = {
    Kind.ACCOUNT: "root",
    Kind.USER: "user/{self.name}",
    Kind.SESSION: "assumed-role/{self.name}/{self.session}",
}

ANONYMOUS = Identity("")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair and whose it is."""

    id: str
    secret: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Role:
    """A RAM role: what one may do who assumes it, and who may."""

    account: str
    id: str
    name: str
    trust: Policy
    policies: tuple[Policy, ...] = ()
    max_session: int = 3600
    """Seconds that its credentials hold at most."""

    @property
    def arn(self) -> str:
        return f"acs:ram::{self.account}:role/{self.name}"
