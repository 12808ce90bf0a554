"""Access tables: read the cases of fixtures/access and decide them with `oss_emulator.access`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from oss_emulator.access.authorize import (
    AccessDecision,
    Permission,
    PolicyInputs,
    authorize,
    resource,
)
from oss_emulator.access.condition import Context
from oss_emulator.access.identity import ANONYMOUS, Identity, Kind
from oss_emulator.access.policy import Policy, PolicyType

FOLDER = Path(__file__).parents[3] / "fixtures" / "access"
OWNER, STRANGER = "1000000000000001", "1000000000000002"
REGION, BUCKET = "cn-hangzhou", "examplebucket"

CAST: Mapping[str, Identity] = {
    "owner": Identity(OWNER),
    "user": Identity(OWNER, kind=Kind.USER, principal_id="2000000000000000001", name="user"),
    "session": Identity(
        OWNER, kind=Kind.SESSION, principal_id="3000000000000000001", name="worker", session="night"
    ),
    "stranger": Identity(STRANGER),
    "stranger-user": Identity(
        STRANGER, kind=Kind.USER, principal_id="2000000000000000002", name="user"
    ),
    "anonymous": ANONYMOUS,
}

# The actions that the ACLs of a bucket and its objects can permit.
PERMISSIONS: Mapping[str, Permission] = {
    "oss:GetObject": Permission.READ,
    "oss:GetObjectVersion": Permission.READ,
    "oss:PutObject": Permission.WRITE,
    "oss:DeleteObject": Permission.WRITE,
}


@dataclass(frozen=True)
class Case:
    """A request and the expected decision."""

    table: str
    name: str
    facts: tuple[str, ...]
    who: str
    actions: tuple[str, ...]
    verdict: str
    reason: str
    ram: tuple[str, ...] = ()
    session: str = ""
    bucket: str = ""
    acl: str = "private"
    object_acl: str = "default"
    key: str = ""
    service: bool = False
    when: Mapping[str, Any] | None = None
    block_public: bool = False
    requester_pays: bool = False
    says_requester: bool = False
    statement: int | None = None

    @property
    def caller(self) -> Identity:
        session = _policy(self.table, self.session, PolicyType.SESSION)
        policies = (_policy(self.table, name, PolicyType.IDENTITY) for name in self.ram)
        return CAST[self.who]._replace(
            policies=tuple(filter(None, policies)), session_policy=session
        )

    def run(self) -> AccessDecision:
        """Return the decision of `authorize`."""
        when = dict(self.when or {})
        if "time" in when:
            when["time"] = datetime.fromisoformat(when["time"]).timestamp()
        caller = self.caller
        inputs = PolicyInputs(
            self.actions,
            resource(REGION, OWNER, "" if self.service else BUCKET, self.key),
            Context(**when),
            _policy(self.table, self.bucket, PolicyType.BUCKET),
            self.block_public,
            self.requester_pays,
            self.says_requester,
        )
        permission = PERMISSIONS.get(self.actions[0], Permission.OWN)
        return authorize(caller, OWNER, permission, self.acl, self.object_acl, inputs)


@dataclass(frozen=True)
class Table:
    """The policies and cases of a file."""

    name: str
    policies: Mapping[str, str]
    cases: tuple[Case, ...]


def load(path: Path) -> Table:
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    cases = tuple(_case(path.stem, dict(case)) for case in read["case"])
    return Table(path.stem, read["policies"], cases)


def _case(table: str, fields: dict[str, Any]) -> Case:
    action = fields.pop("action")
    fields["actions"] = (action,) if isinstance(action, str) else tuple(action)
    fields["facts"] = tuple(fields["facts"])
    fields["ram"] = tuple(fields.get("ram", ()))
    return Case(table, **fields)


def _policy(table: str, name: str, policy_type: PolicyType) -> Policy | None:
    return Policy.parse(TABLES[table].policies[name], policy_type, name) if name else None


TABLES = {
    name: load(FOLDER / f"{name}.toml")
    for name in ("acls_and_payer", "ram_policies", "bucket_policies", "conditions", "sessions")
}

CASES = [case for table in TABLES.values() for case in table.cases]
