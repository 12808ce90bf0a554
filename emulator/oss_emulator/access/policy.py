"""Policy documents: parse and check them, then find the statement that applies.

A document is JSON with `Version` "1" and statements. A statement has `Effect`, `Action` or
`NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`, and `Condition`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from functools import partial
from typing import Any, NamedTuple

from oss_referer.engine.pattern import wildcard
from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError
from oss_referer.sources.toml import join

from oss_emulator.access.condition import NOTHING_KNOWN, OPERATORS, Context, PolicyCondition


class PolicyType(StrEnum):
    """What a policy is attached to. Values: the names in answers (AccessDeniedDetail)."""

    IDENTITY = "AccountLevelIdentityBasedPolicy"
    """A RAM user or role."""
    SESSION = "SessionPolicy"
    """Credentials from AssumeRole."""
    TRUST = "AssumeRolePolicy"
    """A role, to say who may assume it."""
    BUCKET = "BucketPolicy"
    """A bucket. How answers name this type is unknown."""
    ACCESS_POINT = "AccessPointPolicy"
    """An access point; its document is like that of a bucket. How answers name it is unknown."""


class Effect(StrEnum):
    """What a statement does to the requests it applies to."""

    ALLOW = "Allow"
    DENY = "Deny"


class Problem(Enum):
    """What is wrong with a document. Values: the EC of PutBucketPolicy, "" if unknown."""

    VERSION = "0030-00000002"
    ENCODING = "0030-00000004"
    SYNTAX = "0030-00000005"
    CONSECUTIVE_WILDCARDS = "0030-00000007"
    SIZE = ""


class PolicyError(ValueError):
    """A policy is wrong; the text says where and why."""

    def __init__(
        self, where: str, message: str, problem: Problem = Problem.SYNTAX, said: str = ""
    ) -> None:
        super().__init__(f"{where}: {message}." if where else f"{message}.")
        self.problem = problem
        self.said = said
        """The message of the service, "" if it is unknown."""


MAX_BUCKET_POLICY = 16 * 1024
"""The largest size of a bucket policy in bytes (Bucket policy, limits)."""
MAX_FIELD = 4095
"""The largest size of a field of a bucket policy in bytes."""


class Question(NamedTuple):
    """A question to a policy: an action, a resource and a context."""

    action: str
    resource: str
    context: Context = NOTHING_KNOWN
    principals: tuple[str, ...] = ()
    """The names of the caller in this type of policy."""
    by_owner: bool = False
    """Whether the caller is the account that owns the bucket."""


class Selection(NamedTuple):
    """The names that an element selects or, if negated, excludes."""

    texts: tuple[str, ...]
    negated: bool
    patterns: tuple[re.Pattern[str], ...]

    def includes(self, *names: str) -> bool:
        found = any(
            pattern.fullmatch(name) is not None for pattern in self.patterns for name in names
        )
        return found is not self.negated


EVERYTHING = Selection((), negated=True, patterns=())
"""The selection for an element that this type of policy does not have."""


class Statement(NamedTuple):
    place: str
    """The name of the policy and the number of the statement."""
    type: PolicyType
    effect: Effect
    actions: Selection
    resources: Selection
    principals: Selection
    conditions: tuple[PolicyCondition, ...]

    def applies(self, question: Question) -> bool:
        return (
            self.actions.includes(question.action)
            and self.resources.includes(question.resource)
            and self.principals.includes(*question.principals)
            and not (question.by_owner and self.spares_owner)
            and all(condition.holds(question.context) for condition in self.conditions)
        )

    @property
    def spares_owner(self) -> bool:
        """Whether the statement exempts the owner of the bucket (A-31)."""
        everybody = not self.principals.negated and "*" in self.principals.texts
        return everybody and not self.conditions

    @property
    def public(self) -> bool:
        """Whether the statement grants something to everybody (A-33)."""
        if self.effect is Effect.DENY or self.type not in _OF_RESOURCES:
            return False
        named = not self.principals.negated and not any("*" in p for p in self.principals.texts)
        return not named and not any(condition.narrows for condition in self.conditions)


class Policy(NamedTuple):
    """A policy document, made with `parse`."""

    name: str
    type: PolicyType
    statements: tuple[Statement, ...]

    @classmethod
    def parse(
        cls, document: str | bytes | Mapping[str, Any], policy_type: PolicyType, name: str = ""
    ) -> "Policy":
        """Parse a document, which may be JSON or a mapping. Raises PolicyError."""
        tree = document if isinstance(document, Mapping) else _parse_json(document, policy_type)
        return _Parser(policy_type, name).policy(tree)

    @property
    def public(self) -> bool:
        """Whether one of its statements is public (GetBucketPolicyStatus, A-33)."""
        return any(statement.public for statement in self.statements)


def evaluate(
    policies: Iterable[Policy], question: Question, *, without_public: bool = False
) -> Statement | None:
    """Return the first statement that denies a request, else the first that allows it.

    None if no statement applies (A-01). `without_public` skips statements that are public.
    """
    allowing = None
    for policy in policies:
        for statement in policy.statements:
            if statement.effect is Effect.ALLOW and (
                allowing is not None or (without_public and statement.public)
            ):
                continue
            if statement.applies(question):
                if statement.effect is Effect.DENY:
                    return statement
                allowing = statement
    return allowing


def _parse_json(document: str | bytes, policy_type: PolicyType) -> Any:
    if isinstance(document, bytes):
        try:
            document = document.decode("utf-8")
        except UnicodeDecodeError:
            raise PolicyError("", "The policy is not UTF-8", Problem.ENCODING) from None
    size = len(document.encode("utf-8", "replace"))
    if policy_type in _OF_RESOURCES and size > MAX_BUCKET_POLICY:
        message = f"The policy is larger than {MAX_BUCKET_POLICY} bytes"
        raise PolicyError("", message, Problem.SIZE)
    try:
        return json_text.parse(document, pairs=_object)
    except JSONError as error:
        if not error.placed:
            raise PolicyError("", f"The policy is {error.reason}") from None
        said = f"unknown char {error.unknown}" if error.unknown else ""  # P-90
        place = f"{said or error.reason} at line {error.line} column {error.column}"
        raise PolicyError("", f"The policy is not valid JSON: {place}", said=said) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyError("", f"The policy has {twice} twice in one object")
    return found


_ELEMENTS = {
    "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal",
    "Condition",
}  # fmt: skip
_OF_RESOURCES = {PolicyType.BUCKET, PolicyType.ACCESS_POINT}
_WITH_PRINCIPAL = {*_OF_RESOURCES, PolicyType.TRUST}
_TRUSTED = {"RAM", "Service", "Federated"}


class _Parser:
    """Parses a document; `where` is the place of a value and `tree` is the value."""

    def __init__(self, policy_type: PolicyType, name: str) -> None:
        self._type = policy_type
        self._name = name

    def policy(self, tree: Any) -> Policy:
        if not isinstance(tree, Mapping):
            raise PolicyError("", "The policy is not a JSON object")
        _check_names("", tree, {"Version", "Statement"})
        version = tree.get("Version")
        if version != "1":
            problem = Problem.VERSION if isinstance(version, str) else Problem.SYNTAX
            raise PolicyError("Version", 'it must be the string "1"', problem)
        statements = tree.get("Statement")
        if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
            raise PolicyError("Statement", "it must be a list of statements")
        return Policy(
            self._name,
            self._type,
            tuple(
                self._statement(f"Statement[{number}]", item)
                for number, item in enumerate(statements)
            ),
        )

    def _statement(self, where: str, tree: Any) -> Statement:
        if not isinstance(tree, Mapping):
            raise PolicyError(where, "it must be an object")
        _check_names(where, tree, _ELEMENTS)
        effect = tree.get("Effect")
        if effect not in tuple(Effect):
            raise PolicyError(f"{where}.Effect", "it must be Allow or Deny")
        return Statement(
            place=f"{self._name} {where}".strip(),
            type=self._type,
            effect=Effect(effect),
            actions=self._actions(where, tree),
            resources=self._resources(where, tree),
            principals=self._principals(where, tree),
            conditions=self._conditions(f"{where}.Condition", tree.get("Condition", {})),
        )

    def _selection(
        self,
        where: str,
        tree: Mapping[str, Any],
        element: str,
        compile_text: Callable[[str], re.Pattern[str]],
    ) -> Selection:
        """Parse an element or its negation; a statement has exactly one of the two."""
        given = [name for name in (element, f"Not{element}") if name in tree]
        if len(given) != 1:
            raise PolicyError(where, f"it must have either {element} or Not{element}")
        (name,) = given
        texts = self._texts(f"{where}.{name}", tree[name])
        patterns = tuple(compile_text(text) for text in texts)
        return Selection(texts, negated=name != element, patterns=patterns)

    def _actions(self, where: str, tree: Mapping[str, Any]) -> Selection:
        in_any_case = partial(wildcard, flags=re.IGNORECASE)
        found = self._selection(where, tree, "Action", in_any_case)
        for text in found.texts:
            if not re.fullmatch(r"\*|[\w*?-]+:[\w*?]+", text, re.ASCII):
                raise PolicyError(
                    f"{where}.Action", f"{text!r} is not an action such as oss:GetObject"
                )
        return found

    def _resources(self, where: str, tree: Mapping[str, Any]) -> Selection:
        if self._type is PolicyType.TRUST:
            if "Resource" in tree or "NotResource" in tree:
                raise PolicyError(where, "a trust policy has no Resource: it is the role itself")
            return EVERYTHING
        found = self._selection(where, tree, "Resource", resource_pattern)
        for text in found.texts:
            if self._type in _OF_RESOURCES and not re.match(r"\*$|acs:oss:[^:]*:[^:]*:.", text):
                message = f"{text!r} is neither * nor acs:oss:<region>:<account>:<bucket>/<key>"
                raise PolicyError(f"{where}.Resource", message)
        return found

    def _principals(self, where: str, tree: Mapping[str, Any]) -> Selection:
        given = [name for name in ("Principal", "NotPrincipal") if name in tree]
        name, *others = given or ["Principal"]
        if self._type not in _WITH_PRINCIPAL:
            if given:
                message = "only bucket policies and trust policies have this element"
                raise PolicyError(f"{where}.{name}", message)
            return EVERYTHING
        if others:
            raise PolicyError(where, "it must have either Principal or NotPrincipal")
        if self._type is PolicyType.TRUST:
            texts = self._trusted(f"{where}.{name}", tree.get(name))
        else:
            texts = self._bucket_principals(f"{where}.{name}", tree.get(name, []))
        patterns = tuple(wildcard(text) for text in texts)
        return Selection(texts, negated=name != "Principal", patterns=patterns)

    def _bucket_principals(self, where: str, tree: Any) -> tuple[str, ...]:
        if isinstance(tree, Mapping):
            raise PolicyError(where, "a bucket policy lists UIDs, arn:sts:: sessions or *")
        if tree == []:
            return ("*",)
        texts = self._texts(where, tree)
        for text in texts:
            # A UID in brackets is accepted and matches no caller (P-90).
            if not re.fullmatch(
                r"\*|\d+|\[\d+\]|arn:sts::\d+:assumed-role/[^/]+/.+", text, re.ASCII
            ):
                message = (
                    f"{text!r} is neither *, the UID of an account or RAM user, nor "
                    "arn:sts::<UID>:assumed-role/<role>/<session>"
                )
                raise PolicyError(where, message)
        return texts

    def _trusted(self, where: str, tree: Any) -> tuple[str, ...]:
        if not isinstance(tree, Mapping) or not tree:
            raise PolicyError(where, 'it must be an object such as {"RAM": ["acs:ram::…:root"]}')
        _check_names(where, tree, _TRUSTED)
        return tuple(
            text for kind, texts in tree.items() for text in self._texts(f"{where}.{kind}", texts)
        )

    def _conditions(self, where: str, tree: Any) -> tuple[PolicyCondition, ...]:
        if not isinstance(tree, Mapping):
            raise PolicyError(where, "it must be an object of operators")
        return tuple(
            self._condition(f"{where}.{name}", name, key, values)
            for name, keys in tree.items()
            for key, values in _keys(f"{where}.{name}", name, keys).items()
        )

    def _condition(self, where: str, name: str, key: str, values: Any) -> PolicyCondition:
        where = f"{where}.{key}"
        if not isinstance(values, Sequence) or isinstance(values, str):
            values = [values]
        texts = self._texts(where, [_scalar(value) for value in values])
        try:
            return PolicyCondition.compile(name, key, texts)
        except ValueError as error:
            raise PolicyError(where, str(error)) from None

    def _texts(self, where: str, tree: Any) -> tuple[str, ...]:
        texts = [tree] if isinstance(tree, str) else tree
        if not isinstance(texts, Sequence) or not texts:
            raise PolicyError(where, "it must be a string or a list of strings")
        for number, text in enumerate(texts):
            here = where if isinstance(tree, str) else f"{where}[{number}]"
            if not isinstance(text, str):
                raise PolicyError(here, "it must be a string")
            if self._type in _OF_RESOURCES:
                _check_field(here, text)
        return tuple(texts)


def _check_field(where: str, text: str) -> None:
    if "**" in text:
        message = f"{text!r} has consecutive *"
        raise PolicyError(where, message, Problem.CONSECUTIVE_WILDCARDS)
    if len(text.encode("utf-8", "replace")) > MAX_FIELD:
        raise PolicyError(where, f"it is longer than {MAX_FIELD} bytes", Problem.SIZE)


def _check_names(where: str, tree: Mapping[str, Any], known: set[str]) -> None:
    for name in tree:
        if name not in known:
            message = f"{name!r} is unknown; use {join(sorted(known))}"
            raise PolicyError(where or "The policy", message)


def _keys(where: str, name: str, tree: Any) -> Mapping[str, Any]:
    if name not in OPERATORS:
        raise PolicyError(where, f"the operator is unknown; use {join(list(OPERATORS))}")
    if not isinstance(tree, Mapping) or not tree:
        raise PolicyError(where, "it must be an object of condition keys and their values")
    return tree


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def resource_pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression for `acs:oss:<region>:<account>:<bucket>/<key>`.

    A wildcard stays within its field, except in the last field, because a key may contain colons. A
    text with fewer fields, such as `*`, is matched as a whole.
    """
    fields = text.split(":", 4)
    if len(fields) < 5:
        return wildcard(text)
    head = re.escape(":".join(fields[:4])).replace(r"\*", "[^:]*").replace(r"\?", "[^:]")
    return re.compile(f"{head}:{wildcard(fields[4]).pattern}", re.DOTALL)
