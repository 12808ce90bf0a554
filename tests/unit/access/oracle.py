"""A slow and obvious evaluation of permissions, which `oss_emulator.access` must agree with.

Written from the facts of docs/access.md; it shares no code with the package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

Document = Mapping[str, Any]


def matches(pattern: str, text: str) -> bool:
    """Match by trying every way: `*` stands for any text, `?` for one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(matches(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])


def resource_matches(pattern: str, resource: str) -> bool:
    """Match field by field: acs, product, region, account, and the rest (A-15)."""
    wanted, found = pattern.split(":", 4), resource.split(":", 4)
    if len(wanted) < 5:
        return matches(pattern, resource)
    return all(matches(*pair) for pair in zip(wanted, found, strict=True))


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text.removeprefix("-").replace(".", "", 1).isdigit() else None


def _moment(text: str) -> Decimal | None:
    return Decimal(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def _address(text: str) -> int:
    return int("".join(f"{int(part):08b}" for part in text.split(".")), 2)


def _in_block(address: str, block: str) -> bool:
    """Match an IPv4 address, a block, or an address with `*` for some of its numbers (A-26)."""
    address = address.removeprefix("::ffff:")
    if "*" in block:
        return matches(block, address)
    network, _, length = block.partition("/")
    shift = 32 - int(length or 32)
    return _address(address) >> shift == _address(network) >> shift


def _compare(name: str, value: str, wanted: str) -> bool:
    """Compare by the part of an operator that follows `Numeric` or `Date`."""
    parse = _number if name.startswith("Numeric") else _moment
    left, right = parse(value), parse(wanted)
    if left is None or right is None:
        return False
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[name.removeprefix("Numeric").removeprefix("Date")]


def condition_holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    """Evaluate a condition (A-20, A-21, A-22)."""
    negated = "Not" in operator
    name, slash, tag = key.partition("/")
    known = {f"{n.partition('/')[0].lower()}/{n.partition('/')[2]}": v for n, v in context.items()}
    value = known.get(f"{name.lower()}/{tag}") if slash or not tag else None
    if value is None:
        return negated
    plain = operator.replace("Not", "")
    comparisons: dict[str, Callable[[str, str], bool]] = {
        "StringEquals": lambda a, b: a == b,
        "StringEqualsIgnoreCase": lambda a, b: a.casefold() == b.casefold(),
        "StringLike": lambda a, b: matches(b, a),
        "Bool": lambda a, b: a.lower() == b.lower(),
        "IpAddress": _in_block,
        "IpAddressIncludeBorder": _in_block,
    }
    compare = comparisons.get(plain, partial(_compare, plain))
    fits = any(compare(value, wanted) for wanted in values)
    return not fits if negated else fits


def applies(statement: Document, action: str, resource: str, context: Mapping[str, str]) -> bool:
    if "Action" in statement:
        about_action = any(matches(a.lower(), action.lower()) for a in statement["Action"])
    else:
        about_action = not any(matches(a.lower(), action.lower()) for a in statement["NotAction"])
    if "Resource" in statement:
        about_resource = any(resource_matches(r, resource) for r in statement["Resource"])
    else:
        about_resource = not any(resource_matches(r, resource) for r in statement["NotResource"])
    conditions = [
        condition_holds(operator, key, values, context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return about_action and about_resource and all(conditions)


def verdict(document: Document, action: str, resource: str, context: Mapping[str, str]) -> str:
    """Return "deny" if a statement denies, else "allow" if one allows, else "" (A-01)."""
    effects = {
        statement["Effect"]
        for statement in document["Statement"]
        if applies(statement, action, resource, context)
    }
    if "Deny" in effects:
        return "deny"
    return "allow" if "Allow" in effects else ""


# Who may do what: ownership, ACLs, RAM policies, the bucket policy and the session policy


@dataclass(frozen=True)
class Situation:
    """A request and everything that decides on it."""

    caller: str
    """`owner`, `user`, `session`, `stranger`, `stranger-user` or `anonymous`."""
    name: str
    """The caller's name in bucket policies, "" for anonymous (A-30)."""
    actions: tuple[str, ...]
    """The action of the operation, then those of its headers (A-12)."""
    resource: str
    context: Mapping[str, str]
    ram: tuple[Document, ...]
    session: Document | None
    bucket: Document | None
    acl: str
    object_acl: str
    blocks_public: bool
    requester_pays: bool
    says_requester: bool


def may(asked: Situation) -> bool:
    """Decide on a request, action by action."""
    in_account = asked.caller in ("owner", "user", "session")
    if asked.requester_pays and not in_account and not asked.says_requester:
        return False
    return all(
        _may_do(asked, action, by_acl=number == 0) for number, action in enumerate(asked.actions)
    )


def _may_do(asked: Situation, action: str, *, by_acl: bool) -> bool:
    sessions = [] if asked.session is None else [asked.session]
    if any(verdict(one, action, asked.resource, asked.context) != "allow" for one in sessions):
        return False
    found = set()
    if asked.caller in ("user", "session"):  # of the account of the bucket
        found |= {verdict(one, action, asked.resource, asked.context) for one in asked.ram}
    if asked.bucket is not None:
        statements = [one for one in asked.bucket["Statement"] if _concerns(asked, one)]
        document = {"Statement": statements}
        found.add(verdict(document, action, asked.resource, asked.context))
    if "deny" in found or "allow" in found:
        return "deny" not in found
    if asked.caller == "owner":
        return True
    return by_acl and _acl_grants(asked, action)


def _concerns(asked: Situation, statement: Document) -> bool:
    """Whether a statement of the bucket policy is about the caller (A-30 to A-33)."""
    listed = statement.get("Principal", statement.get("NotPrincipal", []))
    listed = [listed] if isinstance(listed, str) else listed or ["*"]
    named = any(matches(one, asked.name) for one in listed)
    if named == ("NotPrincipal" in statement):
        return False
    everybody = "NotPrincipal" not in statement and "*" in listed
    if asked.caller == "owner" and everybody and not statement.get("Condition"):
        return False
    return not (asked.blocks_public and _is_public(statement, listed))


def _is_public(statement: Document, listed: list[str]) -> bool:
    """A-33"""
    if statement["Effect"] == "Deny":
        return False
    if "NotPrincipal" not in statement and not any("*" in one for one in listed):
        return False
    return not any(
        _narrows(operator, key.lower(), values)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _narrows(operator: str, key: str, values: list[str]) -> bool:
    if "Not" in operator or any("*" in value for value in values):
        return False
    if key == "acs:sourceip":
        return min(int(value.partition("/")[2] or "32") for value in values) >= 8
    return key in ("acs:sourcevpc", "acs:accessid")


def _acl_grants(asked: Situation, action: str) -> bool:
    """A-04, A-05, A-32"""
    reads, writes = ("oss:GetObject", "oss:GetObjectVersion"), ("oss:PutObject", "oss:DeleteObject")
    acl = asked.acl if asked.object_acl == "default" else asked.object_acl
    if asked.blocks_public or action not in (*reads, *writes):
        return False
    return acl == "public-read-write" or (acl == "public-read" and action in reads)
