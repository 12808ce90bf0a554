"""AWS S3: the statements of a bucket policy with conditions on `aws:Referer`.

A value with `*` and `?` must match the whole Referer; there is no implicit prefix. Without the
header the key is missing: it equals nothing and satisfies the operators that negate. A Deny applies
to signed requests as well; a request signed by the owner needs no Allow.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from oss_emulator import json_text
from oss_emulator.lab.entry import is_blank
from oss_emulator.lab.probes import Probe
from oss_emulator.referer.gram_index import GramIndex
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern
from oss_emulator.referer.request import Signing
from oss_emulator.toml import SourceError, join, place_of
from oss_emulator.wildcard import wildcard

_OPERATORS = ("StringLike", "StringNotLike", "StringEquals", "StringNotEquals", "Null")
_KEY = "aws:referer"


@dataclass(frozen=True)
class _Condition:
    operator: str
    values: tuple[str, ...]
    if_exists: bool = False

    @property
    def negates(self) -> bool:
        return "Not" in self.operator

    def holds(self, referer: str | None) -> bool:
        if self.operator == "Null":
            return ("true" in self.values) == (referer is None)
        if referer is None:
            return self.if_exists or self.negates
        if self.operator.endswith("Like"):
            candidates = self._index.candidates(referer)
            found = any(wildcard(item.text).match(referer) for item in candidates)
        else:
            found = referer in self._set
        return found != self.negates

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self.values)

    @cached_property
    def _index(self) -> GramIndex:
        return GramIndex(Pattern.of(value, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class _Statement:
    allows: bool
    conditions: tuple[_Condition, ...] = ()

    def holds(self, referer: str | None) -> bool:
        return all(condition.holds(referer) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class S3Rules:
    """The statements on GetObject by everybody."""

    statements: tuple[_Statement, ...] = ()
    probes: ClassVar[tuple[Probe, ...]] = ()
    """It needs none: those generated from the entries suffice."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a bucket policy. Raises SourceError."""
        policy = json_text.parse(text)
        found = policy.get("Statement") if isinstance(policy, dict) else None
        if not found:
            raise SourceError("the document is not a policy; add a Statement")
        listed = found if isinstance(found, list) else [found]
        return cls(
            _merge(statement for item in listed for statement in _parse_statement(text, item))
        )

    def format(self) -> str:
        """Format a bucket policy."""
        statements = [
            {
                "Effect": "Allow" if statement.allows else "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::YOUR-BUCKET/*",
                **(
                    {"Condition": _format_conditions(statement.conditions)}
                    if statement.conditions
                    else {}
                ),
            }
            for statement in self.statements
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        return json.dumps(policy, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """Allow the whitelist and, as configured, a missing Referer; deny the blacklist."""
        white = _values(configuration.whitelist)
        black = _values(configuration.blacklist)
        allow = (_Condition("StringLike", white),) if white else ()
        statements = [_Statement(True, allow)]
        if white and configuration.allow_empty_referer:
            statements.append(_Statement(True, (_Condition("Null", ("true",)),)))
        if black:
            statements.append(_Statement(False, (_Condition("StringLike", black),)))
        return cls(tuple(statements))

    def to_oss(self) -> RefererConfiguration:
        """Put allowed values into the whitelist and denied values into the blacklist."""
        return RefererConfiguration(
            self.allows(None, Signing.NONE),
            whitelist=self._entries(True),
            blacklist=self._entries(False),
        )

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether S3 allows a request; a signed one counts as the owner's."""
        holding = [statement for statement in self.statements if statement.holds(referer)]
        if any(not statement.allows for statement in holding):
            return False
        return signed is not Signing.NONE or bool(holding)

    @property
    def entries(self) -> tuple[str, ...]:
        """The values of all conditions."""
        return self._entries(True, False)

    def _entries(self, *admits: bool) -> tuple[str, ...]:
        """Return the values that admit a Referer (True), or keep it out (False), as entries."""
        # Denying all but certain values means allowing only these.
        return tuple(
            dict.fromkeys(
                value.rstrip("*") or "*"
                for statement in self.statements
                for condition in statement.conditions
                if condition.operator != "Null"
                and (statement.allows != condition.negates) in admits
                for value in condition.values
            )
        )


def _parse_statement(text: str, item: Any) -> Iterator[_Statement]:
    """Yield a statement if it concerns reading objects by everybody."""
    if not isinstance(item, dict) or item.get("Effect") not in ("Allow", "Deny"):
        raise SourceError("a Statement has no Effect; write Allow or Deny", *_at(text, "Effect"))
    actions = item.get("Action", "s3:*")
    read = {"s3:getobject", "s3:get*", "s3:*", "*"}
    listed = actions if isinstance(actions, list) else [actions]
    if not read & {str(action).lower() for action in listed}:
        return
    principal = item.get("Principal", "*")
    if principal != "*" and not (
        isinstance(principal, dict) and principal.get("AWS") in ("*", ["*"])
    ):
        return
    conditions = item.get("Condition", {})
    yield _Statement(item["Effect"] == "Allow", tuple(_parse_conditions(text, conditions)))


def _merge(statements: Iterable[_Statement]) -> tuple[_Statement, ...]:
    """Merge statements that differ only in their values, so that many are decided as one."""
    merged: dict[object, _Statement] = {}
    for number, statement in enumerate(statements):
        key: object = number
        if len(statement.conditions) == 1 and statement.conditions[0].operator in _POSITIVE:
            condition = statement.conditions[0]
            key = (statement.allows, condition.operator, condition.if_exists)
        merged.setdefault(key, statement)
        if merged[key] is not statement:
            values = merged[key].conditions[0].values + statement.conditions[0].values
            first = replace(merged[key].conditions[0], values=values)
            merged[key] = replace(statement, conditions=(first,))
    return tuple(merged.values())


_POSITIVE = ("StringLike", "StringEquals")


def _parse_conditions(text: str, conditions: Any) -> Iterator[_Condition]:
    for name, keys in (conditions if isinstance(conditions, dict) else {}).items():
        operator = name.removesuffix("IfExists")
        for key, value in keys.items() if isinstance(keys, dict) else ():
            if key.lower() != _KEY:
                sentence = f"the condition {key} cannot be translated; only {_KEY} can"
                raise SourceError(sentence, *_at(text, key))
            if operator not in _OPERATORS:
                sentence = f"the operator {name} is unknown; use {join(_OPERATORS)}"
                raise SourceError(sentence, *_at(text, name))
            values = value if isinstance(value, list) else [value]
            texts = tuple(
                str(item).lower() if isinstance(item, bool) else str(item) for item in values
            )
            yield _Condition(operator, texts, operator != name)


def _at(text: str, word: str) -> tuple[int, int]:
    return place_of(text[: max(text.find(f'"{word}"'), 0)])


def _format_conditions(conditions: tuple[_Condition, ...]) -> dict[str, Any]:
    return {
        condition.operator + ("IfExists" if condition.if_exists else ""): {
            "aws:Referer": condition.values[0] if condition.operator == "Null" else condition.values
        }
        for condition in conditions
    }


def _values(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return entries as values, which end in `*` because entries match by prefix."""
    return tuple(f"{entry.strip().rstrip('*')}*" for entry in entries if not is_blank(entry))
