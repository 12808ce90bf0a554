"""The cases of fixtures/access as requests: their signers, targets, headers and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import oss2
from oss_emulator.access.accounts import Accounts, AccountTable
from oss_referer.sources.toml import Path, SourceError, convert

from tests.unit.access.table import BUCKET, CAST, OWNER, STRANGER, TABLES, Case

RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList/>"
    b"</RefererConfiguration>"
)


@dataclass(frozen=True)
class Ask:
    """A request that needs an action, and the status of its success."""

    method: str
    parameters: Mapping[str, str] | None = None
    body: bytes | None = None
    status: int = 200


ASKS: Mapping[str, Ask] = {
    "oss:GetObject": Ask("GET"),
    "oss:GetObjectVersion": Ask("GET", {"versionId": "null"}),
    "oss:GetObjectAcl": Ask("GET", {"acl": ""}),
    "oss:PutObject": Ask("PUT", body=b"new"),
    "oss:DeleteObject": Ask("DELETE", status=204),
    "oss:ListObjects": Ask("GET"),
    "oss:ListBuckets": Ask("GET"),
    "oss:GetBucketReferer": Ask("GET", {"referer": ""}),
    "oss:PutBucketReferer": Ask("PUT", {"referer": ""}, RULES),
    "oss:PutBucketAcl": Ask("PUT", {"acl": ""}),
}

ECS: Mapping[str, tuple[str, ...]] = {
    "anonymous": ("0003-00000905",),
    "foreign": ("0003-00000905",),
    "no_policy": ("0003-00000001", "0003-00000905"),
    "bucket_acl": ("0003-00000001",),
    "object_acl": ("0003-00000005", "0003-00000006"),
    "bucket_policy": ("0003-00000101",),
    "identity_policy": ("0003-00000201",),
    "both_policies": ("0003-00000203",),
    "session_policy": ("0003-00000301",),
    "requester_pays_anonymous": ("0003-00000701",),
    "requester_pays": ("0003-00000702", "0003-00000703"),  # in the URL, in the header
}
"""The ECs of the service for each reason of a denial."""


def policy(case: Case, name: str) -> str:
    return TABLES[case.table].policies[name]


def accounts(case: Case) -> Accounts:
    """Build the accounts of the cast with the policies of a case; each name is also a key."""
    ram = [policy(case, name) for name in case.ram]

    def user(who: str) -> dict[str, Any]:
        policies = ram if case.who == who else []
        return {"name": "user", "id": CAST[who].principal_id, "policies": policies, **_key(who)}

    owner = (case.when or {}).get("access_key_id", "owner")
    role = {"name": "worker", "id": CAST["session"].principal_id, "policies": ram}
    described = [
        {"id": OWNER, **_key(owner), "user": [user("user")], "role": [role]},
        {"id": STRANGER, **_key("stranger"), "user": [user("stranger-user")]},
    ]
    tables = convert(described, tuple[AccountTable, ...], ("account",), _error)
    return Accounts.build(tables, _error, token_key=b"key")


def _error(_: Path, sentence: str) -> SourceError:
    return SourceError(sentence)


def _key(name: str) -> dict[str, Any]:
    return {"key": [{"id": name, "secret": f"secret of {name}"}]}


def auth(case: Case, known: Accounts, expires: float) -> Any:
    """Return the signer for a case. It uses version 1, whose URLs contain only their end time."""
    if case.who == "anonymous":
        return None
    if case.who == "session":
        role = known.role(f"acs:ram::{OWNER}:role/worker")
        assert role is not None
        document = policy(case, case.session) if case.session else ""
        issued = known.issue(role, CAST["session"].session, int(expires), document, bytes(15))
        return oss2.StsAuth(issued.access_key_id, issued.access_key_secret, issued.security_token)
    name = known.first.id if case.who == "owner" else case.who
    return oss2.Auth(name, f"secret of {name}")


def target(case: Case) -> tuple[str, str]:
    return ("" if case.service else BUCKET, case.key)


def parameters(case: Case) -> dict[str, str]:
    when = case.when or {}
    listing = {name: when[name] for name in ("prefix", "delimiter") if when.get(name)}
    paying = {"x-oss-request-payer": "requester"} if case.says_requester else {}
    return {**(ASKS[case.actions[0]].parameters or {}), **listing, **paying}


def headers(case: Case) -> dict[str, str]:
    when = case.when or {}
    found = {
        "User-Agent": when.get("user_agent"),
        "x-oss-acl": when.get("acl"),
        "x-oss-object-acl": when.get("object_acl"),
    }
    if len(case.actions) > 1:
        found["x-oss-tagging"] = _tagging(when.get("request_tags", {"a": "b"}))
    return {name: value for name, value in found.items() if value is not None}


def puts(case: Case) -> list[tuple[str, dict[str, str], bytes]]:
    """Return targets, headers and bodies of the PUTs that the owner sends before the request."""
    when = case.when or {}
    found = [(f"/{BUCKET}", {"x-oss-acl": case.acl}, b"")]
    if case.key:
        about = {"x-oss-object-acl": case.object_acl}
        if "object_tags" in when:
            about["x-oss-tagging"] = _tagging(when["object_tags"])
        found.append((f"/{BUCKET}/{case.key}", about, b"content"))
    documents = {
        "tagging": _bucket_tags(when["bucket_tags"]) if "bucket_tags" in when else "",
        "policy": policy(case, case.bucket) if case.bucket else "",
        "publicAccessBlock": _BLOCK if case.block_public else "",
        "requestPayment": _PAYMENT if case.requester_pays else "",
    }
    return found + [
        (f"/{BUCKET}?{name}", {}, text.encode()) for name, text in documents.items() if text
    ]


_BLOCK = (
    "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
    "</PublicAccessBlockConfiguration>"
)
_PAYMENT = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"


def _tagging(tags: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in tags.items())


def _bucket_tags(tags: Mapping[str, str]) -> str:
    listed = "".join(
        f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in tags.items()
    )
    return f"<Tagging><TagSet>{listed}</TagSet></Tagging>"
