"""A query of the metadata index of a bucket: fields, operators and document (DoMetaQuery, P-65).

Fields and their operators: the page "Fields and operators for scalar retrieval".
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum, StrEnum
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.documents.document import parse_schema
from oss_emulator.protocol import headers
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.parameters import is_number

MAX_RESULTS: Final = 100
"""Maximum number of objects in one answer, and the default."""

_DEPTH: Final = 20
_CONDITIONS: Final = 200
_LENGTH: Final = 64 * 1024
_AGGREGATIONS: Final = 100
"""Maximum number of nested levels, conditions, characters and aggregations of a query; the limits
of the service are not known."""


class FieldOperator(StrEnum):
    EQ = "eq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    MATCH = "match"
    """Contains the value."""
    PREFIX = "prefix"


class Logic(StrEnum):
    """The operators that join conditions."""

    AND = "and"
    OR = "or"
    NOT = "not"
    """None of the conditions is met."""


class Statistic(StrEnum):
    """The operators of an aggregation."""

    MIN = "min"
    MAX = "max"
    AVERAGE = "average"
    SUM = "sum"
    COUNT = "count"
    DISTINCT = "distinct"
    GROUP = "group"


class FieldKind(Enum):
    """The kind of a field's values, which determines its operators."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    PAIR = "pair"
    """A user header or a tag; its name follows the name of the field."""


class Field(NamedTuple):
    """A field of the index; `key` is the name of a user header or a tag."""

    name: str
    kind: FieldKind = FieldKind.TEXT
    key: str = ""

    @property
    def operators(self) -> frozenset[FieldOperator]:
        return _MATCHED if self.name == "Filename" else _OPERATORS[self.kind]

    @property
    def statistics(self) -> frozenset[Statistic]:
        return _STATISTICS[self.kind]


_ORDERED: Final = frozenset(FieldOperator) - {FieldOperator.MATCH, FieldOperator.PREFIX}
_PREFIXED: Final = _ORDERED | {FieldOperator.PREFIX}
_MATCHED: Final = frozenset(FieldOperator)
_OPERATORS: Final = {
    FieldKind.TEXT: _PREFIXED,
    FieldKind.NUMBER: _ORDERED,
    FieldKind.TIME: _ORDERED,
    FieldKind.PAIR: _PREFIXED,
}
_COUNTS: Final = frozenset({Statistic.COUNT, Statistic.DISTINCT, Statistic.GROUP})
_STATISTICS: Final = {
    FieldKind.TEXT: _COUNTS,
    FieldKind.NUMBER: frozenset(Statistic),
    FieldKind.TIME: _COUNTS,
    FieldKind.PAIR: frozenset[Statistic](),
}

FIELDS: Final = {
    field.name: field
    for field in (
        Field("ETag"),
        Field("FileModifiedTime", FieldKind.TIME),
        Field("Filename"),
        Field("ObjectACL"),
        Field("OSSCRC64"),
        Field("OSSObjectType"),
        Field("OSSStorageClass"),
        Field("OSSTaggingCount", FieldKind.NUMBER),
        Field("ServerSideEncryption"),
        Field("Size", FieldKind.NUMBER),
    )
}
"""The fields that every object has, by name."""

TAGGING: Final = "OSSTagging"
USER_META: Final = "OSSUserMeta"

Scalar: TypeAlias = str | int


class Condition(NamedTuple):
    """A comparison of a field with a value; a time is in seconds since the epoch."""

    field: Field
    operator: FieldOperator
    value: Scalar


class Junction(NamedTuple):
    """Conditions joined by an operator."""

    logic: Logic
    parts: "tuple[Condition | Junction, ...]"


class Aggregation(NamedTuple):
    """A statistic of a field over all matching objects."""

    field: Field
    statistic: Statistic


class MetaQuery(NamedTuple):
    condition: Condition | Junction
    limit: int = MAX_RESULTS
    sort: Field = FIELDS["Filename"]
    descending: bool = False
    aggregations: tuple[Aggregation, ...] = ()
    token: str = ""


_SCHEMA: Final = parse_schema("""
MetaQuery <0037-00000005
  NextToken? name
  MaxResults? name
  Query name
  Sort? name
  Order? name
  Aggregations?
    Aggregation*
      Field name
      Operation name
""")


def parse(document: bytes) -> MetaQuery:
    """Parse the document of a query; raises `DocumentError` and `InvalidArgument`."""
    node = _SCHEMA.parse(document)
    aggregations = [
        entry for parent in node.all("Aggregations") for entry in parent.all("Aggregation")
    ]
    if len(aggregations) > _AGGREGATIONS:
        message = f"Query has {len(aggregations)} aggregations; the limit is {_AGGREGATIONS}."
        raise invalid("Aggregations", "", message)
    return MetaQuery(
        condition=_parse_query(node.text("Query")),
        limit=_limit(node.text("MaxResults")),
        sort=_sort(node.text("Sort", "Filename")),
        descending=_choose("Order", node.text("Order", "asc"), ("asc", "desc")) == "desc",
        aggregations=tuple(
            _aggregation(each.text("Field"), each.text("Operation")) for each in aggregations
        ),
        token=node.text("NextToken"),
    )


def invalid(name: str, value: str, message: str) -> OSSError:
    return headers.invalid_argument(name, value, message, ErrorCase.INVALID_META_QUERY)


def _choose(name: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise invalid(name, value, f"{name} is {value!r}; it must be {listed(words)}.")
    return value


def _limit(text: str) -> int:
    """Parse the number of objects to return; a greater number means the maximum (Python V2)."""
    if not text:
        return MAX_RESULTS
    if not is_number(text):
        raise invalid("MaxResults", text, "MaxResults must be an integer of at least 0.")
    return min(int(text), MAX_RESULTS) or MAX_RESULTS


def _sort(name: str) -> Field:
    field = _field(name)
    if field.kind is FieldKind.PAIR:
        raise invalid("Sort", name, f"Objects cannot be sorted by {name}.")
    return field


def _aggregation(name: str, operation: str) -> Aggregation:
    field = _field(name)
    known = tuple(statistic.value for statistic in Statistic if statistic in field.statistics)
    if not known:
        raise invalid("Field", name, f"{name} cannot be aggregated.")
    return Aggregation(field, Statistic(_choose(f"Operation of {name}", operation, known)))


def _field(name: str) -> Field:
    """Return the field with a name; the key of a tag or a user header follows a dot."""
    if name in FIELDS:
        return FIELDS[name]
    family, _, key = name.partition(".")
    if family in (TAGGING, USER_META) and key:
        return Field(family, FieldKind.PAIR, key.lower() if family == USER_META else key)
    known = listed((*FIELDS, f"{TAGGING}.KEY", f"{USER_META}.KEY"))
    raise invalid("Field", name, f"Field {name!r} is unknown; use {known}.")


def _parse_query(text: str) -> Condition | Junction:
    if len(text) > _LENGTH:  # parsing a longer query would delay other requests
        message = f"Query has {len(text)} characters; the limit is {_LENGTH}."
        raise invalid("Query", "", message)
    numbers = count(1)

    def read(found: Any, depth: int) -> Condition | Junction:
        if depth > _DEPTH or next(numbers) > _CONDITIONS:
            message = f"Query has more than {_DEPTH} levels or {_CONDITIONS} conditions."
            raise invalid("Query", text, message)
        if not isinstance(found, dict):
            raise invalid("Query", text, "A condition of Query must be a JSON object.")
        operation = found.get("Operation")
        parts = found.get("SubQueries")
        if operation not in tuple(Logic):
            return _condition(text, found)
        if not (isinstance(parts, list) and parts):
            raise invalid("Query", text, f"Operation {operation!r} needs SubQueries.")
        return Junction(Logic(operation), tuple(read(part, depth + 1) for part in parts))

    return read(_load(text), 1)


def _load(text: str) -> Any:
    """Parse JSON, also with single quotes, which the suite of PHP V2 sends."""
    for written in (text, _SINGLE.sub(lambda quoted: json.dumps(quoted[1]), text)):
        try:
            return json_text.parse(written)
        except JSONError:
            continue
    raise invalid("Query", text, 'Query must be JSON such as {"Field": "Size", "Value": "1"}.')


_SINGLE: Final = re.compile(r"'([^'\\]*+)'")


def _condition(text: str, found: dict[str, Any]) -> Condition:
    name, value, operation = (found.get(key) for key in ("Field", "Value", "Operation"))
    if not isinstance(name, str):
        raise invalid("Query", text, "A condition of Query has no Field.")
    field = _field(name)
    known = tuple(each.value for each in FieldOperator if each in field.operators)
    operator = FieldOperator(_choose(f"Operation of {name}", str(operation), known))
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid("Value", str(value), f"Value of {name} must be a text or an integer.")
    return Condition(field, operator, _READ[field.kind](name, str(value)))


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19):
        raise invalid("Value", text, f"Value of {name} must be an integer.")
    return int(text)


def _time(name: str, text: str) -> int:
    """Parse a time such as `2021-06-29T14:50:13+08:00` to seconds; a fraction is ignored."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        message = f"Value of {name} must be a time such as 2021-06-29T14:50:13+08:00."
        raise invalid("Value", text, message)
    return int(time.timestamp())


_READ: Final[dict[FieldKind, Callable[[str, str], Scalar]]] = {
    FieldKind.TEXT: lambda _, text: text,
    FieldKind.PAIR: lambda _, text: text,
    FieldKind.NUMBER: _number,
    FieldKind.TIME: _time,
}
