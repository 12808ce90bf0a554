"""Accounts with their keys, RAM users and RAM roles; the file that describes them."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from oss_emulator.access.identity import AccessKey, Identity, Kind, Role
from oss_emulator.access.policy import Policy, PolicyError, PolicyType
from oss_emulator.access.tokens import PREFIX, Credentials, Grant, Tokens


class AccountsError(ValueError):
    """A description of accounts that cannot be used; the text says where and why."""


class KeyProblem(Enum):
    """Why a key is no proof of an identity. The values are the ECs that OSS answers with."""

    UNKNOWN = "0002-00000902"
    """There is no such key; a temporary one without its token is none either (A-50)."""
    NOT_TEMPORARY = "0002-00000002"
    """A token came with a key that is no temporary one."""
    INVALID = "0002-00000006"
    """The token is not that of the key, or none that was issued here."""
    EXPIRED = "0002-00000007"


class Accounts:
    """The keys and roles that are known. The first key's account owns all that is seeded."""

    def __init__(self, keys: Iterable[AccessKey], roles: Iterable[Role] = ()) -> None:
        self._keys = {key.id: key for key in keys}
        self._roles = {role.arn: role for role in roles}
        owners = (key.identity for key in self._keys.values())
        self._names = {owner.id: owner.display_name for owner in owners if owner.display_name}
        self.first = next(iter(self._keys.values()))
        """The key that is told to whoever starts a server."""
        self.owner = Identity(self.first.identity.id, self.first.identity.display_name)
        secret = self.first.secret.encode()
        self._tokens = Tokens(hashlib.sha256(b"security token\0" + secret).digest())

    @classmethod
    def load(cls, document: str | Mapping[str, Any]) -> "Accounts":
        """Read a description, as TOML text or parsed; raises `AccountsError`."""
        if isinstance(document, str):
            try:
                document = tomllib.loads(document)
            except tomllib.TOMLDecodeError as error:
                raise AccountsError(f"The accounts are no TOML: {error}.") from None
            except RecursionError:
                raise AccountsError("The accounts are nested too deeply.") from None
        return cls(*_Reader().read(document))

    def key(self, access_key_id: str) -> AccessKey | None:
        """A long-term key."""
        return self._keys.get(access_key_id)

    def display_name(self, account: str) -> str:
        """The display name of an account; its id where it has none."""
        return self._names.get(account, account)

    def role(self, arn: str) -> Role | None:
        return self._roles.get(arn)

    def find(self, access_key_id: str, token: str, now: float) -> AccessKey | KeyProblem:
        """The key of a request; `token` is its security token, "" for none."""
        if not token:
            return self._keys.get(access_key_id, KeyProblem.UNKNOWN)
        if not access_key_id.startswith(PREFIX):
            known = access_key_id in self._keys
            return KeyProblem.NOT_TEMPORARY if known else KeyProblem.UNKNOWN
        grant = self._tokens.read(token)
        role = self._roles.get(grant.role) if grant else None
        if grant is None or role is None or grant.access_key_id != access_key_id:
            return KeyProblem.INVALID
        if now >= grant.expires:
            return KeyProblem.EXPIRED
        secret = self._tokens.secret(access_key_id)
        return AccessKey(access_key_id, secret, _session(role, grant))

    def knows(self, access_key_id: str, token: str) -> bool:
        """Whether a key, or the security token that came with it, was given here."""
        return access_key_id in self._keys or self._tokens.read(token) is not None

    def issue(
        self, role: Role, session: str, expires: int, policy: str, material: bytes
    ) -> Credentials:
        """Temporary credentials for a role (AssumeRole); see `Tokens.issue`."""
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
    )
}
"""The policies of Alibaba Cloud that a user or role can be given by name."""

_TRUST = (
    '{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {{"RAM": ["acs:ram::{account}:root"]}}}}]}}'
)
"""The trust policy of a role that says nothing of it: whoever belongs to its own account."""

_MEMBERS = {
    "": {"account"},
    "account": {"id", "name", "key", "user", "role"},
    "key": {"id", "secret"},
    "user": {"id", "name", "key", "policies"},
    "role": {"id", "name", "trust", "policies", "max_session"},
}


class _Reader:
    """Reads one description, and sees that no key, id or name is used twice."""

    def __init__(self) -> None:
        self._keys: list[AccessKey] = []
        self._roles: list[Role] = []
        self._used: set[tuple[str, str]] = set()

    def read(self, document: Mapping[str, Any]) -> tuple[list[AccessKey], list[Role]]:
        _check_members("", "", document)
        for number, account in enumerate(_tables("", document, "account")):
            self._read_account(f"account[{number}]", account)
        if not self._keys:
            raise AccountsError("The accounts have no key: nobody could sign a request.")
        return self._keys, self._roles

    def _read_account(self, where: str, table: Mapping[str, Any]) -> None:
        _check_members(where, "account", table)
        account = self._id(where, table)
        owner = Identity(account, _text(where, table, "name", ""))
        self._read_keys(where, table, owner)
        for number, user in enumerate(_tables(where, table, "user")):
            self._read_user(f"{where}.user[{number}]", user, owner)
        for number, role in enumerate(_tables(where, table, "role")):
            self._read_role(f"{where}.role[{number}]", role, account)

    def _read_user(self, where: str, table: Mapping[str, Any], owner: Identity) -> None:
        _check_members(where, "user", table)
        name = self._name(where, table, owner.id, "user")
        user = Identity(
            owner.id,
            owner.display_name,
            Kind.USER,
            principal_id=self._id(where, table, _number("2", owner.id, name)),
            name=name,
            policies=_policies(where, table, name),
        )
        self._read_keys(where, table, user)

    def _read_role(self, where: str, table: Mapping[str, Any], account: str) -> None:
        _check_members(where, "role", table)
        name = self._name(where, table, account, "role")
        longest = table.get("max_session", 3600)
        if not isinstance(longest, int) or not 3600 <= longest <= 43200:
            raise AccountsError(f"{where}.max_session: it must be 3600 to 43200 seconds.")
        trust = table.get("trust", _TRUST.format(account=account))
        self._roles.append(
            Role(
                account,
                self._id(where, table, _number("3", account, name)),
                name,
                _policy(f"{where}.trust", trust, PolicyType.TRUST, f"trust policy of {name}"),
                _policies(where, table, name),
                longest,
            )
        )

    def _read_keys(self, where: str, table: Mapping[str, Any], identity: Identity) -> None:
        for number, key in enumerate(_tables(where, table, "key")):
            here = f"{where}.key[{number}]"
            _check_members(here, "key", key)
            key_id = _text(here, key, "id")
            if key_id.startswith(PREFIX):
                raise AccountsError(f"{here}.id: {PREFIX} begins the keys that STS gives.")
            self._use(f"{here}.id", "key", key_id)
            self._keys.append(AccessKey(key_id, _text(here, key, "secret"), identity))

    def _id(self, where: str, table: Mapping[str, Any], default: str | None = None) -> str:
        text = _text(where, table, "id", default)
        if not (text.isascii() and text.isdigit()):
            raise AccountsError(f"{where}.id: it must be a text of digits.")
        self._use(f"{where}.id", "id", text)
        return text

    def _name(self, where: str, table: Mapping[str, Any], account: str, kind: str) -> str:
        name = _text(where, table, "name")
        self._use(f"{where}.name", f"{kind} of {account}", name)
        return name

    def _use(self, where: str, kind: str, name: str) -> None:
        if (kind, name) in self._used:
            raise AccountsError(f"{where}: {name} is used twice.")
        self._used.add((kind, name))


def _policies(where: str, table: Mapping[str, Any], name: str) -> tuple[Policy, ...]:
    """Each is the name of a system policy, a JSON document, or such a document as a table."""
    listed = table.get("policies", [])
    if not isinstance(listed, list):
        raise AccountsError(f"{where}.policies: it must be a list.")
    return tuple(
        _policy(f"{where}.policies[{number}]", item, PolicyType.IDENTITY, f"{name} [{number}]")
        for number, item in enumerate(listed)
    )


def _policy(where: str, item: Any, policy_type: PolicyType, name: str) -> Policy:
    if isinstance(item, str) and item in SYSTEM_POLICIES:
        return Policy.parse(SYSTEM_POLICIES[item], policy_type, item)
    if isinstance(item, str) and not item.lstrip().startswith("{"):
        known = ", ".join(SYSTEM_POLICIES)
        raise AccountsError(f"{where}: {item!r} is neither a JSON document nor one of {known}.")
    if not isinstance(item, str | Mapping):
        raise AccountsError(f"{where}: it must be a text or a table.")
    try:
        return Policy.parse(item, policy_type, name)
    except PolicyError as error:
        raise AccountsError(f"{where}: {error}") from None


def _number(first: str, account: str, name: str) -> str:
    """An id for whom none is given: always the same, of 18 digits."""
    digest = hashlib.sha256(f"{account}\0{name}".encode()).digest()
    return first + f"{int.from_bytes(digest[:8]) % 10**17:017}"


def _text(where: str, table: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or (not value and default is None):
        raise AccountsError(f"{where}.{name}: it must be a text.")
    return value


def _tables(where: str, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        place = f"{where}.{name}" if where else name
        raise AccountsError(f"{place}: write [[…{name}]] for each {name}.")
    return found


def _check_members(where: str, kind: str, table: Mapping[str, Any]) -> None:
    for name in table:
        if name not in _MEMBERS[kind]:
            known = ", ".join(sorted(_MEMBERS[kind]))
            raise AccountsError(
                f"{where or 'The accounts'}: {name} is not known; known are {known}."
            )
