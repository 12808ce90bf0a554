"""Accounts with their keys, RAM users and RAM roles, and the TOML that describes them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from oss_referer.sources.toml import Path, SourceError, TomlDocument, format_path, show

from oss_emulator.access.identity import (
    AccessKey,
    Identity,
    Kind,
    Role,
)
from oss_emulator.access.policy import Policy, PolicyError, PolicyType
from oss_emulator.access.tokens import PREFIX, Credentials, Grant, Tokens


class AccountsError(ValueError):
    """The description of accounts is wrong; the text says where and why."""


class KeyProblem(Enum):
    """Why a key does not prove an identity. The values are the ECs in the answers of OSS."""

    UNKNOWN = "0002-00000902"
    """The key does not exist, or is temporary and came without its token (A-50)."""
    NOT_TEMPORARY = "0002-00000002"
    """A token came with a key that is not temporary, or does not exist."""
    INVALID = "0002-00000006"
    """The token belongs to another key or was not issued here."""
    EXPIRED = "0002-00000007"


class Accounts:
    """The known keys and roles. The account of the first key owns the contents of a seed."""

    def __init__(
        self,
        keys: Iterable[AccessKey],
        roles: Iterable[Role] = (),
        *,
        token_key: bytes,
    ) -> None:
        """`token_key` signs security tokens; whoever knows it can make tokens for any role."""
        self._keys = {key.id: key for key in keys}
        self._roles = {role.arn: role for role in roles}
        owners = (key.identity for key in self._keys.values())
        self._names = {owner.id: owner.display_name for owner in owners if owner.display_name}
        self.first = next(iter(self._keys.values()))
        """The key that a server shows when it is ready."""
        self.owner = Identity(self.first.identity.id, self.first.identity.display_name)
        self._tokens = Tokens(token_key)

    @classmethod
    def parse(cls, text: str | bytes, *, token_key: bytes) -> "Accounts":
        """Parse a TOML document that contains only accounts; see `build`.

        Raises AccountsError.
        """
        try:
            document = TomlDocument.parse(text)
            accounts = document.convert(_AccountsDocument).account
        except SourceError as error:
            raise AccountsError(f"{error}.") from None
        return cls.build(accounts, document.error, token_key=token_key)

    @classmethod
    def build(
        cls,
        accounts: "Iterable[AccountTable]",
        error: Callable[[Path, str], SourceError],
        *,
        token_key: bytes,
    ) -> "Accounts":
        """Build accounts from the `[[account]]` tables of a document.

        `error` makes the exception for a mistake at a place of the document. Raises
        AccountsError.
        """
        try:
            return cls(*_Builder(error).build(accounts), token_key=token_key)
        except SourceError as mistake:
            raise AccountsError(f"{mistake}.") from None

    def display_name(self, account: str) -> str:
        """Return the display name of an account, or its id if it has no name."""
        return self._names.get(account, account)

    @property
    def has_roles(self) -> bool:
        return bool(self._roles)

    def role(self, arn: str) -> Role | None:
        return self._roles.get(arn)

    def find(self, access_key_id: str, token: str, now: float) -> AccessKey | KeyProblem:
        """Find the key of a request; `token` is its security token, or ""."""
        if not token:
            return self._keys.get(access_key_id, KeyProblem.UNKNOWN)
        if not access_key_id.startswith(PREFIX):
            return KeyProblem.NOT_TEMPORARY  # S-25, even for an unknown key
        grant = self._tokens.parse(token)
        role = self._roles.get(grant.role) if grant else None
        if grant is None or role is None or grant.access_key_id != access_key_id:
            return KeyProblem.INVALID
        if now >= grant.expires:
            return KeyProblem.EXPIRED
        secret = self._tokens.secret(access_key_id)
        return AccessKey(access_key_id, secret, _session(role, grant))

    def knows(self, access_key_id: str, token: str) -> bool:
        """Return whether a key or its security token was issued here."""
        return access_key_id in self._keys or self._tokens.parse(token) is not None

    def issue(
        self, role: Role, session: str, expires: int, policy: str, material: bytes
    ) -> Credentials:
        """Issue temporary credentials for a role (AssumeRole); see `Tokens.issue`."""
        return self._tokens.issue(role.arn, session, expires, policy, material)


def _session(role: Role, grant: Grant) -> Identity:
    return Identity(
        role.account,
        kind=Kind.SESSION,
        principal_id=role.id,
        name=role.name,
        session=grant.session,
        policies=role.policies,
        session_policy=_session_policy(grant.policy) if grant.policy else None,
    )


@lru_cache(256)
def _session_policy(document: str) -> Policy:
    return Policy.parse(document, PolicyType.SESSION, "session policy")


SYSTEM_POLICIES: Mapping[str, str] = {
    name: f'{{"Version": "1", "Statement": [{{"Effect": "Allow", {grants}, "Resource": "*"}}]}}'
    for name, grants in (
        ("AdministratorAccess", '"Action": "*"'),
        ("AliyunOSSFullAccess", '"Action": "oss:*"'),
        ("AliyunOSSReadOnlyAccess", '"Action": ["oss:Get*", "oss:List*"]'),
        ("AliyunSTSAssumeRoleAccess", '"Action": "sts:AssumeRole"'),
        ("AliyunKMSFullAccess", '"Action": "kms:*"'),
    )
}
"""The system policies of Alibaba Cloud that users and roles can have by name."""

_TRUST = (
    '{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {{"RAM": ["acs:ram::{account}:root"]}}}}]}}'
)
"""The default trust policy of a role: all identities of its own account may assume it."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """`[[account.key]]` or `[[account.user.key]]`."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class UserTable:
    """`[[account.user]]`."""

    name: str
    id: str | None = None
    key: tuple[KeyTable, ...] = ()
    policies: tuple[str | Mapping[str, Any], ...] = ()
    """Names of system policies, JSON documents, or such documents as tables."""


@dataclass(frozen=True, slots=True)
class RoleTable:
    """`[[account.role]]`."""

    name: str
    id: str | None = None
    trust: str | Mapping[str, Any] | None = None
    """A trust policy; without one, the identities of the role's own account may assume it."""
    policies: tuple[str | Mapping[str, Any], ...] = ()
    max_session: int = 3600
    """The longest session in seconds."""


@dataclass(frozen=True, slots=True)
class AccountTable:
    """`[[account]]`."""

    id: str
    name: str = ""
    key: tuple[KeyTable, ...] = ()
    user: tuple[UserTable, ...] = ()
    role: tuple[RoleTable, ...] = ()


@dataclass(frozen=True, slots=True)
class _AccountsDocument:
    account: tuple[AccountTable, ...] = ()


class _Builder:
    """Builds the keys and roles of a document, and refuses duplicate keys, ids and names."""

    def __init__(self, error: Callable[[Path, str], SourceError]) -> None:
        self._error = error
        self._keys: list[AccessKey] = []
        self._roles: list[Role] = []
        self._used: set[tuple[str, str]] = set()

    def build(self, accounts: Iterable[AccountTable]) -> tuple[list[AccessKey], list[Role]]:
        for number, account in enumerate(accounts):
            self._add_account(("account", number), account)
        if not self._keys:
            raise self._error(
                (), "no account has a key, so nobody could sign requests; add [[account.key]]"
            )
        return self._keys, self._roles

    def _add_account(self, path: Path, table: AccountTable) -> None:
        account = self._use_id(path, table.id)
        owner = Identity(account, table.name)
        self._add_keys(path, table.key, owner)
        for number, user in enumerate(table.user):
            self._add_user((*path, "user", number), user, owner)
        for number, role in enumerate(table.role):
            self._add_role((*path, "role", number), role, account)

    def _add_user(self, path: Path, table: UserTable, owner: Identity) -> None:
        self._use((*path, "name"), f"user of {owner.id}", table.name)
        user = Identity(
            owner.id,
            owner.display_name,
            Kind.USER,
            principal_id=self._use_id(path, table.id, _number("2", owner.id, table.name)),
            name=table.name,
            policies=self._policies(path, table),
        )
        self._add_keys(path, table.key, user)

    def _add_role(self, path: Path, table: RoleTable, account: str) -> None:
        self._use((*path, "name"), f"role of {account}", table.name)
        if not 3600 <= table.max_session <= 43200:
            raise self._wrong((*path, "max_session"), table.max_session, "3600 to 43200 seconds")
        trust = _TRUST.format(account=account) if table.trust is None else table.trust
        self._roles.append(
            Role(
                account=account,
                id=self._use_id(path, table.id, _number("3", account, table.name)),
                name=table.name,
                trust=self._policy(
                    (*path, "trust"), trust, PolicyType.TRUST, f"trust policy of {table.name}"
                ),
                policies=self._policies(path, table),
                max_session=table.max_session,
            )
        )

    def _add_keys(self, path: Path, keys: Iterable[KeyTable], identity: Identity) -> None:
        for number, key in enumerate(keys):
            here = (*path, "key", number)
            if key.id.startswith(PREFIX):
                wanted = f"an id that does not begin with {PREFIX}, as only temporary keys do"
                raise self._wrong((*here, "id"), key.id, wanted)
            self._use((*here, "id"), "key", key.id)
            if not key.secret:
                raise self._wrong((*here, "secret"), key.secret, "a string that is not empty")
            self._keys.append(AccessKey(key.id, key.secret, identity))

    def _use_id(self, path: Path, given: str | None, default: str = "") -> str:
        text = default if given is None else given
        if not (text.isascii() and text.isdigit()):
            raise self._wrong((*path, "id"), text, "a string of digits")
        self._use((*path, "id"), "id", text)
        return text

    def _use(self, path: Path, kind: str, name: str) -> None:
        if not name:
            raise self._wrong(path, name, "a string that is not empty")
        if (kind, name) in self._used:
            raise self._wrong(path, name, "a different one, because it is used twice")
        self._used.add((kind, name))

    def _wrong(self, path: Path, value: object, wanted: str) -> SourceError:
        return self._error(path, f"{format_path(path)} is {show(value)}; write {wanted}")

    def _policies(self, path: Path, table: UserTable | RoleTable) -> tuple[Policy, ...]:
        return tuple(
            self._policy(
                (*path, "policies", number), item, PolicyType.IDENTITY, f"{table.name} [{number}]"
            )
            for number, item in enumerate(table.policies)
        )

    def _policy(
        self, path: Path, item: str | Mapping[str, Any], policy_type: PolicyType, name: str
    ) -> Policy:
        if isinstance(item, str) and item in SYSTEM_POLICIES:
            return Policy.parse(SYSTEM_POLICIES[item], policy_type, item)
        if isinstance(item, str) and not item.lstrip().startswith("{"):
            raise self._wrong(path, item, f"a JSON document or one of {', '.join(SYSTEM_POLICIES)}")
        try:
            return Policy.parse(item, policy_type, name)
        except PolicyError as error:
            sentence = f"{format_path(path)} is not a valid policy: {str(error).removesuffix('.')}"
            raise self._error(path, sentence) from None


def _number(first: str, account: str, name: str) -> str:
    """Derive the id of a user or role without an explicit id: 18 digits, always the same ones."""
    digest = hashlib.sha256(f"{account}\0{name}".encode()).digest()
    return first + f"{int.from_bytes(digest[:8]) % 10**17:017}"
