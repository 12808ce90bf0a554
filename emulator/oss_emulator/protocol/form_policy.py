"""The policy of a form: when it expires, and conditions on its fields (PostObject, Policy)."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import ErrorCase, OSSError

MAX_SIZE: Final = 5 * 1024**3
"""Bytes of the largest object that a form may upload (PostObject)."""

_RANGE: Final = "content-length-range"
_NAMES: Final = frozenset({"expiration", "conditions"})
# The EC for each set of missing names, from its help page.
_MISSING: Final = {
    frozenset({"conditions"}): "0006-00000207",
    frozenset({"expiration"}): "0006-00000208",
    _NAMES: "0006-00000209",
}


class Sizes(NamedTuple):
    """The allowed sizes of the file, in bytes."""

    least: int = 0
    most: int = MAX_SIZE

    def check_most(self, size: int) -> None:
        """Raise `EntityTooLarge` if more than `most` bytes of the file have arrived."""
        if size > self.most:
            raise OSSError(
                ErrorCase.ENTITY_TOO_LARGE, ec="0006-00000003", MaxSizeAllowed=str(self.most)
            )

    def check(self, size: int) -> None:
        """Raise `EntityTooLarge` or `EntityTooSmall` for a whole file of this size in bytes."""
        self.check_most(size)
        if size < self.least:
            raise OSSError(
                ErrorCase.ENTITY_TOO_SMALL,
                ec="0006-00000004",
                ProposedSize=str(size),
                MinSizeAllowed=str(self.least),
            )


ANY_SIZE: Final = Sizes()


class FieldCondition(NamedTuple):
    operator: str
    field: str
    """The name in lower case."""
    value: Any
    text: str
    """The condition as errors show it."""


class FormPolicy(NamedTuple):
    """A parsed policy; `expiration` is in seconds since the epoch."""

    expiration: float
    conditions: tuple[FieldCondition, ...]
    sizes: Sizes

    def check(self, fields: Mapping[str, str], now: float) -> None:
        """Raise `AccessDenied` if the policy has expired or a field breaks a condition.

        `fields` maps names in lower case to values as sent, before `${filename}` is replaced. `now`
        is in seconds since the epoch. Fields without a condition are not checked.
        """
        if now > self.expiration:
            raise _denied("Policy expired.", "0006-00000213")
        for condition in self.conditions:
            value = fields.get(condition.field)
            if value is None or not _HOLDS[condition.operator](value, condition.value):
                ec = "0006-00000226" if value is None else "0006-00000227"
                raise _denied(f"Policy Condition failed: {condition.text}", ec)


_HOLDS: Final[dict[str, Callable[[str, Any], bool]]] = {
    "eq": lambda value, wanted: value == wanted,
    "starts-with": lambda value, wanted: value.startswith(wanted),
    "in": lambda value, wanted: value in wanted,
    "not-in": lambda value, wanted: value not in wanted,
}


def parse_form_policy(encoded: str) -> FormPolicy:
    """Parse the field `policy`, JSON in base64; raises `InvalidPolicyDocument`."""
    document = _decode(encoded)
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON: { expected.")
    for name in document:
        if name not in _NAMES:
            raise _invalid(f"Unexpected parameter: {name}.", "0006-00000206")
    if absent := _NAMES - document.keys():
        names = " and ".join(sorted(absent))
        raise _invalid(f"Policy must contain {names}.", _MISSING[frozenset(absent)])
    if not isinstance(document["conditions"], list):
        raise _invalid("conditions must be a list.", "0006-00000214")
    if not document["conditions"]:
        raise _invalid("conditions must not be empty.", "0006-00000215")
    conditions: list[FieldCondition] = []
    sizes = Sizes()
    for entry in document["conditions"]:
        if isinstance(entry, list) and entry and entry[0] == _RANGE:
            least, most = _parse_range(entry)
            sizes = Sizes(max(sizes.least, least), min(sizes.most, most))
        else:
            conditions.append(_parse_condition(entry))
    return FormPolicy(_parse_expiration(document["expiration"]), tuple(conditions), sizes)


def _decode(encoded: str) -> Any:
    try:
        text = b64decode(encoded.encode(), validate=True).decode()
    except UnicodeDecodeError:
        raise _invalid("The policy is not UTF-8.", "0006-00000203") from None
    except ValueError:
        raise _invalid("The policy is not in base64.", "0006-00000202") from None
    # Policies may escape the dollar sign; JSON does not allow it (PostObject, escape characters).
    text = re.sub(r"\\(.)", lambda pair: "$" if pair[1] == "$" else pair[0], text)
    try:
        return json_text.parse(text)
    except JSONError as error:
        what = f"unknown char {error.unknown}" if error.unknown else error.reason
        raise _invalid(f"Invalid JSON: {what}.", "0006-00000204") from None


def _parse_expiration(value: Any) -> float:
    if not isinstance(value, str):
        raise _invalid("Invalid expiration: it must be a string.", "0006-00000210")
    if not value:
        raise _invalid("Invalid expiration: it is empty.", "0006-00000211")
    moment = dates.parse_iso(value)
    if moment is None:
        message = f"Invalid expiration: {value} is not a time like 2030-01-31T00:00:00.000Z."
        raise _invalid(message, "0006-00000212")
    return moment


def _parse_condition(entry: Any) -> FieldCondition:
    """Parse a condition of either form: `{"key": "a"}` or `["eq", "$key", "a"]`."""
    if isinstance(entry, dict):
        if len(entry) != 1:
            raise _invalid(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property "
                "specified."
            )
        [(name, value)] = entry.items()
        return _condition("eq", name, value)
    message = f"Invalid Condition: {_format(entry)}."
    if not isinstance(entry, list):
        raise _invalid(message, "0006-00000222")
    if len(entry) != 3:
        raise _invalid(message, "0006-00000218" if len(entry) > 3 else "0006-00000216")
    operator, name, value = entry
    if not isinstance(operator, str) or operator not in _HOLDS:
        raise _invalid(message, "0006-00000217")
    if not isinstance(name, str):
        raise _invalid(message, "0006-00000216")
    return _condition(operator, name, value)


def _condition(operator: str, name: str, value: Any) -> FieldCondition:
    name = name.removeprefix("$")
    text = _format([operator, f"${name}", value])
    values = value if operator in ("in", "not-in") else [value]
    if not isinstance(values, list):
        raise _invalid(f"Invalid Condition: {text}.", "0006-00000224")
    if not all(isinstance(item, str) for item in values):
        raise _invalid(f"Invalid Condition: {text}.")
    return FieldCondition(operator, name.lower(), value, text)


def _parse_range(entry: list[Any]) -> tuple[int, int]:
    limits = entry[1:]
    valid = [type(limit) is int and limit >= 0 for limit in limits]
    if valid != [True, True]:
        unreadable = any(isinstance(limit, list) for limit in limits)
        first = "0006-00000221" if valid[:1] == [True] else "0006-00000220"
        ec = "0006-00000223" if unreadable else first
        texts = any(isinstance(limit, str) for limit in limits)
        said = "Invalid JSON. " if texts else f"Invalid {_RANGE}: {_format(entry)}."  # S-41
        raise _invalid(said, ec)
    least, most = limits
    if most < least:
        raise _invalid(f"Invalid {_RANGE}: {_format(entry)}.", "0006-00000219")
    return least, most


def _format(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _invalid(message: str, ec: str = "") -> OSSError:
    return OSSError(ErrorCase.INVALID_FORM_POLICY, f"Invalid Policy: {message}", ec=ec)


def _denied(message: str, ec: str) -> OSSError:
    return OSSError(ErrorCase.FORM_POLICY_DENIED, f"Invalid according to Policy: {message}", ec=ec)
