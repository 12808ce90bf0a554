"""A slow and obvious evaluation of policies, which `oss_emulator.access.policy` must agree with.

Written from the facts of docs/access.md; it shares no code with the package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def condition_holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    """Evaluate the operators on texts (A-20, A-22)."""
    negated = "Not" in operator
    if key not in context:
        return negated
    value = context[key]
    comparisons: dict[str, Callable[[str, str], bool]] = {
        "StringEquals": lambda a, b: a == b,
        "StringEqualsIgnoreCase": lambda a, b: a.casefold() == b.casefold(),
        "StringLike": lambda a, b: matches(b, a),
    }
    compare = comparisons[operator.replace("Not", "")]
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
