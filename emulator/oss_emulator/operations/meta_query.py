"""The metadata index of a bucket: open it, close it, read its state, and query it (P-65).

Fields and their operators: the page "Fields and operators for scalar retrieval".
"""

import json
import re
from base64 import b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from itertools import count
from operator import eq, ge, gt, itemgetter, le, lt
from typing import Any, Final, NamedTuple, TypeAlias

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.operations.work import Pool, Work
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import ENCRYPTION, META_PREFIX
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import is_number
from oss_emulator.storage.base import Object

MAX_RESULTS: Final = 100
"""Maximum number of objects in one answer, and the default."""

_DEPTH: Final = 20
_CONDITIONS: Final = 200
_LENGTH: Final = 64 * 1024
_AGGREGATIONS: Final = 100
"""Maximum number of nested levels, conditions, characters and aggregations of a query; the limits
of the service are not known."""

Scalar: TypeAlias = str | int


class FieldOperator(StrEnum):
    EQ = "eq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    MATCH = "match"
    """Contains the value."""
    PREFIX = "prefix"


_TESTS: Final[Mapping[FieldOperator, Callable[[Any, Any], bool]]] = {
    FieldOperator.EQ: eq,
    FieldOperator.GT: gt,
    FieldOperator.GTE: ge,
    FieldOperator.LT: lt,
    FieldOperator.LTE: le,
    FieldOperator.MATCH: lambda found, wanted: wanted in found,
    FieldOperator.PREFIX: str.startswith,
}
_ORDERED: Final = tuple(FieldOperator)[:5]


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
    """The number of objects by value."""


_COMPUTE: Final[Mapping[Statistic, Callable[[Sequence[Any]], float]]] = {
    Statistic.MIN: min,
    Statistic.MAX: max,
    Statistic.AVERAGE: lambda values: sum(values) / len(values),
    Statistic.SUM: sum,
    Statistic.COUNT: len,
    Statistic.DISTINCT: lambda values: len(set(values)),
}
_COUNTS: Final = tuple(Statistic)[4:]


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
    def operators(self) -> tuple[FieldOperator, ...]:
        if self.name == "Filename":
            return tuple(FieldOperator)
        texts = self.kind in (FieldKind.TEXT, FieldKind.PAIR)
        return (*_ORDERED, FieldOperator.PREFIX) if texts else _ORDERED

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        if self.kind is FieldKind.PAIR:
            return ()
        return tuple(Statistic) if self.kind is FieldKind.NUMBER else _COUNTS

    def read(self, item: Object) -> Scalar | None:
        """Return the value of the field of an object; None if the object has none."""
        if self.name == TAGGING:
            return item.tags.get(self.key)
        if self.name == USER_META:
            return item.headers.get(self.key) if self.key.startswith(META_PREFIX) else None
        return _READERS[self.name](item)


TAGGING: Final = "OSSTagging"
USER_META: Final = "OSSUserMeta"

_READERS: Final[Mapping[str, Callable[[Object], Scalar | None]]] = {
    "ETag": lambda item: item.etag.strip('"'),
    "FileModifiedTime": lambda item: int(item.modified),
    "Filename": lambda item: item.key,
    "ObjectACL": lambda item: item.acl,
    "OSSCRC64": lambda item: str(item.crc64),
    "OSSObjectType": lambda item: item.kind,
    "OSSStorageClass": lambda item: item.storage_class,
    "OSSTaggingCount": lambda item: len(item.tags),
    "ServerSideEncryption": lambda item: item.headers.get(ENCRYPTION),
    "Size": lambda item: item.size,
}
"""The fields of every object, and how to read them."""

_KINDS: Final = {
    "FileModifiedTime": FieldKind.TIME,
    "OSSTaggingCount": FieldKind.NUMBER,
    "Size": FieldKind.NUMBER,
}
FIELDS: Final = {name: Field(name, _KINDS.get(name, FieldKind.TEXT)) for name in _READERS}


class Condition(NamedTuple):
    """A comparison of a field with a value; a time is in seconds since the epoch."""

    field: Field
    operator: FieldOperator
    value: Scalar

    def is_met(self, item: Object) -> bool:
        """Whether an object meets the condition; none meets one on a field that it lacks."""
        value, wanted = self.field.read(item), self.value
        if self.field.name == "ETag":
            wanted = str(wanted).strip('"')
        return value is not None and _TESTS[self.operator](value, wanted)


class Junction(NamedTuple):
    """Conditions joined by an operator."""

    logic: Logic
    parts: "tuple[Condition | Junction, ...]"

    def is_met(self, item: Object) -> bool:
        parts = (part.is_met(item) for part in self.parts)
        found = all(parts) if self.logic is Logic.AND else any(parts)
        return not found if self.logic is Logic.NOT else found


class Aggregation(NamedTuple):
    """A statistic of a field over all matching objects."""

    field: Field
    statistic: Statistic

    def describe(self, found: Iterable[Object]) -> xml.Children:
        """Compute the statistic over the objects that have the field; 0 without such objects."""
        values = [value for item in found if (value := self.field.read(item)) is not None]
        result: xml.Children
        if self.statistic is Statistic.GROUP:
            groups = sorted(Counter(values).items(), key=lambda group: (-group[1], group[0]))
            shown = [("Group", self._group(*group)) for group in groups]
            result = [("Groups", shown or None)]
        else:
            result = [("Value", str(_COMPUTE[self.statistic](values) if values else 0))]
        return [("Field", self.field.name), ("Operation", self.statistic.value), *result]

    def _group(self, value: Scalar, count: int) -> xml.Children:
        timed = self.field.kind is FieldKind.TIME
        shown = dates.format_beijing(float(value)) if timed else str(value)
        return [("Value", shown), ("Count", count)]


class Position(NamedTuple):
    """The place of an object in a sorted result."""

    value: Scalar
    key: str

    @property
    def order(self) -> tuple[bool, Scalar, str]:
        """The key by which positions are sorted: numbers come before texts."""
        return isinstance(self.value, str), self.value, self.key

    @property
    def token(self) -> str:
        return urlsafe_b64encode(json.dumps(self).encode()).decode()

    @classmethod
    def parse(cls, token: str) -> "Position":
        """Parse a token; raises `InvalidArgument`."""
        try:
            value, key = json_text.parse(b64decode(token, b"-_", validate=True))
        except (ValueError, TypeError):
            value = key = None
        known = isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 63)
        if not (known and isinstance(key, str)):
            message = "NextToken is invalid; send the NextToken of the previous page."
            raise _invalid("NextToken", token, message)
        return cls(value, key)


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
        raise _invalid("Aggregations", "", message)
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


def _invalid(name: str, value: str, message: str) -> OSSError:
    return headers.invalid_argument(name, value, message, ErrorCase.INVALID_META_QUERY)


def _choose(name: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise _invalid(name, value, f"{name} is {value!r}; it must be {listed(words)}.")
    return value


def _limit(text: str) -> int:
    """Parse the number of objects to return; a greater number means the maximum (Python V2)."""
    if not text:
        return MAX_RESULTS
    if not is_number(text):
        raise _invalid("MaxResults", text, "MaxResults must be an integer of at least 0.")
    return min(int(text), MAX_RESULTS) or MAX_RESULTS


def _sort(name: str) -> Field:
    field = _field(name)
    if field.kind is FieldKind.PAIR:
        raise _invalid("Sort", name, f"Objects cannot be sorted by {name}.")
    return field


def _aggregation(name: str, operation: str) -> Aggregation:
    field = _field(name)
    known = tuple(statistic.value for statistic in Statistic if statistic in field.statistics)
    if not known:
        raise _invalid("Field", name, f"{name} cannot be aggregated.")
    return Aggregation(field, Statistic(_choose(f"Operation of {name}", operation, known)))


def _field(name: str) -> Field:
    """Return the field with a name; the key of a tag or a user header follows a dot."""
    if name in FIELDS:
        return FIELDS[name]
    family, _, key = name.partition(".")
    if family in (TAGGING, USER_META) and key:
        return Field(family, FieldKind.PAIR, key.lower() if family == USER_META else key)
    known = listed((*FIELDS, f"{TAGGING}.KEY", f"{USER_META}.KEY"))
    raise _invalid("Field", name, f"Field {name!r} is unknown; use {known}.")


def _parse_query(text: str) -> Condition | Junction:
    if len(text) > _LENGTH:  # parsing a longer query would delay other requests
        message = f"Query has {len(text)} characters; the limit is {_LENGTH}."
        raise _invalid("Query", "", message)
    numbers = count(1)

    def read(found: Any, depth: int) -> Condition | Junction:
        if depth > _DEPTH or next(numbers) > _CONDITIONS:
            message = f"Query has more than {_DEPTH} levels or {_CONDITIONS} conditions."
            raise _invalid("Query", text, message)
        if not isinstance(found, dict):
            raise _invalid("Query", text, "A condition of Query must be a JSON object.")
        operation = found.get("Operation")
        parts = found.get("SubQueries")
        if operation not in tuple(Logic):
            return _condition(text, found)
        if not (isinstance(parts, list) and parts):
            raise _invalid("Query", text, f"Operation {operation!r} needs SubQueries.")
        return Junction(Logic(operation), tuple(read(part, depth + 1) for part in parts))

    return read(_load(text), 1)


def _load(text: str) -> Any:
    """Parse JSON, also with single quotes, which the suite of PHP V2 sends."""
    for written in (text, _SINGLE.sub(lambda quoted: json.dumps(quoted[1]), text)):
        try:
            return json_text.parse(written)
        except JSONError:
            continue
    raise _invalid("Query", text, 'Query must be JSON such as {"Field": "Size", "Value": "1"}.')


_SINGLE: Final = re.compile(r"'([^'\\]*+)'")


def _condition(text: str, found: dict[str, Any]) -> Condition:
    name, value, operation = (found.get(key) for key in ("Field", "Value", "Operation"))
    if not isinstance(name, str):
        raise _invalid("Query", text, "A condition of Query has no Field.")
    field = _field(name)
    known = tuple(each.value for each in FieldOperator if each in field.operators)
    operator = FieldOperator(_choose(f"Operation of {name}", str(operation), known))
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _invalid("Value", str(value), f"Value of {name} must be a text or an integer.")
    return Condition(field, operator, _READ[field.kind](name, str(value)))


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19):
        raise _invalid("Value", text, f"Value of {name} must be an integer.")
    return int(text)


def _time(name: str, text: str) -> int:
    """Parse a time such as `2021-06-29T14:50:13+08:00` to seconds; a fraction is ignored."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        message = f"Value of {name} must be a time such as 2021-06-29T14:50:13+08:00."
        raise _invalid("Value", text, message)
    return int(time.timestamp())


_READ: Final[dict[FieldKind, Callable[[str, str], Scalar]]] = {
    FieldKind.TEXT: lambda _, text: text,
    FieldKind.PAIR: lambda _, text: text,
    FieldKind.NUMBER: _number,
    FieldKind.TIME: _time,
}


def search(
    objects: Iterable[Object], query: MetaQuery, after: Position | None
) -> tuple[list[Object], Position | None]:
    """Find a page of the objects that match a query, and its last position if more follow.

    They are sorted by a field, then by name; a missing field sorts as "". A query for statistics
    has one page with all objects.
    """
    found = [item for item in objects if not item.delete_marker and query.condition.is_met(item)]
    if query.aggregations:
        return found, None
    places, follows = [], lt if query.descending else gt
    for item in found:
        value = query.sort.read(item)
        place = Position("" if value is None else value, item.key)
        if after is None or follows(place.order, after.order):
            places.append((place.order, place, item))
    places.sort(key=itemgetter(0), reverse=query.descending)
    page = places[: query.limit]
    last = page[-1][1] if len(places) > query.limit else None
    return [item for _, _, item in page], last


_INDEX: Final = "metaQuery"
_MODES = ("basic", "semantic")
_SCAN = 3
"""Seconds after which an opened index is reported as running."""


@answers("POST /bucket?metaQuery&comp=add", "OpenMetaQuery")
def open_meta_query(call: Call) -> Response:
    """Open the index; raises `MetaQueryAlreadyExist`."""
    mode = _mode(call)
    if _INDEX in call.documents:
        raise OSSError(ErrorCase.META_QUERY_ALREADY_EXISTS)
    opened = [("CreateTime", dates.format_iso(call.request.received)), ("MetaQueryMode", mode)]
    call.keep(_INDEX, xml.format("MetaQueryStatus", opened))
    return Response()


@answers("GET /bucket?metaQuery", "GetMetaQueryStatus")
def get_meta_query_status(call: Call) -> Response:
    """Return the state of the open index; raises `MetaQueryNotExist`."""
    opened = _opened(call)
    running = _is_running(call, opened)
    created = dates.format_beijing(_created(opened))
    return xml.respond(
        "MetaQueryStatus",
        ("State", "Running" if running else "Ready"),
        ("Phase", "IncrementalScanning" if running else "FullScanning"),
        ("CreateTime", created),
        ("UpdateTime", created),
        ("MetaQueryMode", opened.text("MetaQueryMode")),
    )


def _gather(call: Call) -> Work:
    opened = _opened(call)
    if _mode(call) == "semantic":
        return _semantic(call, opened)
    query = parse(call.body.read())
    after = Position.parse(query.token) if query.token else None
    running = _is_running(call, opened)
    objects = list(call.storage.objects(call.bucket.name)) if running else []
    return Work(Pool.COPIES, lambda _: Body.of(_answer(query, *search(objects, query, after))))


def _semantic(call: Call, opened: xml.Node) -> Work:
    """Answer a semantic query of an empty bucket with no objects."""
    xml.parse(call.body.read(), "MetaQuery")
    objects = list(call.storage.objects(call.bucket.name))
    if opened.text("MetaQueryMode") != "semantic" or any(not o.delete_marker for o in objects):
        message = (
            "A semantic query (mode=semantic) is emulated only for an empty bucket whose index is "
            "open in that mode; query with mode=basic."
        )
        raise OSSError(ErrorCase.NOT_IMPLEMENTED, message, Method="POST", SubResource=_INDEX)
    empty = xml.format("MetaQuery", [("NextToken", ""), ("Files", [])])
    return Work(Pool.COPIES, lambda _: Body.of(empty))


@answers("POST /bucket?metaQuery&comp=query", "DoMetaQuery", gather=_gather)
def do_meta_query(call: Call) -> Response:
    """Return objects by their metadata, or only statistics.

    An index that is not running yet has no objects. Raises `MetaQueryNotExist`, `MalformedXML`,
    `InvalidArgument`, and `NotImplemented` for a semantic query of a bucket with objects.
    """
    return xml.reply(call.body.read())


@answers("POST /bucket?metaQuery&comp=delete", "CloseMetaQuery", takes=Takes.NOTHING)
def close_meta_query(call: Call) -> Response:
    """Close the index; succeeds even if it is not open."""
    call.keep(_INDEX, None)
    return Response()


def _mode(call: Call) -> str:
    mode = call.request.query.get("mode", "basic")
    if mode not in _MODES:
        message = f"Mode {mode!r} is unknown; use {listed(_MODES)}."
        raise headers.invalid_argument("mode", mode, message)
    return mode


def _opened(call: Call) -> xml.Node:
    document = call.document(_INDEX, OSSError(ErrorCase.NO_SUCH_META_QUERY))
    return xml.parse(document, "MetaQueryStatus")


def _created(opened: xml.Node) -> float:
    return dates.parse_iso(opened.text("CreateTime")) or 0.0


def _is_running(call: Call, opened: xml.Node) -> bool:
    return call.request.received >= _created(opened) + _SCAN


def _answer(query: MetaQuery, found: Sequence[Object], last: Position | None) -> bytes:
    aggregations = [("Aggregation", each.describe(found)) for each in query.aggregations]
    files = [] if aggregations else [("File", _file(item)) for item in found]
    token = "" if last is None else last.token
    content: xml.Children = [
        ("NextToken", token),
        ("Files", files),
        ("Aggregations", aggregations or None),
    ]
    return xml.format("MetaQuery", content)


def _file(item: Object) -> xml.Children:
    meta = [
        ("UserMeta", [("Key", name), ("Value", value)])
        for name, value in sorted(item.headers.items())
        if name.startswith(headers.META_PREFIX)
    ]
    tags = [("Tagging", [("Key", key), ("Value", tag)]) for key, tag in sorted(item.tags.items())]
    return [
        ("Filename", item.key),
        ("Size", item.size),
        ("FileModifiedTime", dates.format_beijing(item.modified)),
        ("OSSObjectType", item.kind),
        ("OSSStorageClass", item.storage_class),
        ("ObjectACL", item.acl),
        ("ETag", item.etag),
        ("OSSCRC64", str(item.crc64)),
        ("OSSTaggingCount", len(item.tags)),
        ("OSSTagging", tags or None),
        ("OSSUserMeta", meta or None),
        ("ServerSideEncryption", item.headers.get(headers.ENCRYPTION)),
    ]
