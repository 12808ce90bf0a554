"""The metadata index of a bucket: objects that a query describes, or their statistics (P-65)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, itemgetter, le, lt
from typing import Any, Final, NamedTuple

from oss_emulator.documents.meta_query import (
    TAGGING,
    USER_META,
    Aggregation,
    Condition,
    Field,
    FieldOperator,
    Junction,
    Logic,
    MetaQuery,
    Scalar,
    Statistic,
)
from oss_emulator.protocol.headers import ENCRYPTION, META_PREFIX
from oss_emulator.storage import Object

_VALUES: Final[Mapping[str, Callable[[Object], Scalar | None]]] = {
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
"""The fields that every object has."""

_TESTS: Final[Mapping[FieldOperator, Callable[[Any, Any], bool]]] = {
    FieldOperator.EQ: eq,
    FieldOperator.GT: gt,
    FieldOperator.GTE: ge,
    FieldOperator.LT: lt,
    FieldOperator.LTE: le,
    FieldOperator.MATCH: lambda found, wanted: wanted in found,
    FieldOperator.PREFIX: str.startswith,
}
_STATISTICS: Final[Mapping[Statistic, Callable[[Sequence[Any]], float]]] = {
    Statistic.MIN: min,
    Statistic.MAX: max,
    Statistic.AVERAGE: lambda values: sum(values) / len(values),
    Statistic.SUM: sum,
    Statistic.COUNT: len,
    Statistic.DISTINCT: lambda values: len(set(values)),
}


class Position(NamedTuple):
    """The place of an object in a sorted result."""

    value: Scalar
    key: str

    @property
    def order(self) -> tuple[bool, Scalar, str]:
        """The key by which positions are sorted: numbers come before texts."""
        return isinstance(self.value, str), self.value, self.key


class MetaResult(NamedTuple):
    """The objects that a query finds, or only their statistics."""

    objects: tuple[Object, ...] = ()
    next: Position | None = None
    """The last of these objects if more follow."""
    statistics: tuple[Scalar | float | Mapping[Scalar, int], ...] = ()
    """A number, or the number of objects by value, for each aggregation."""


def search(objects: Iterable[Object], query: MetaQuery, after: Position | None) -> MetaResult:
    """Find the objects that a query describes, from the one after a position on."""
    found = [item for item in objects if not item.delete_marker and _meets(item, query.condition)]
    if query.aggregations:
        return MetaResult(statistics=tuple(_aggregate(each, found) for each in query.aggregations))
    return _page(found, query, after)


def _value(item: Object, field: Field) -> Scalar | None:
    if field.name == TAGGING:
        return item.tags.get(field.key)
    if field.name == USER_META:
        return item.headers.get(field.key) if field.key.startswith(META_PREFIX) else None
    return _VALUES[field.name](item)


def _meets(item: Object, node: Condition | Junction) -> bool:
    """Whether an object meets a condition; an object without the field meets none."""
    if isinstance(node, Junction):
        parts = (_meets(item, part) for part in node.parts)
        return all(parts) if node.logic is Logic.AND else any(parts) is (node.logic is Logic.OR)
    value, wanted = _value(item, node.field), node.value
    if node.field.name == "ETag":
        wanted = str(wanted).strip('"')
    return value is not None and _TESTS[node.operator](value, wanted)


def _page(found: list[Object], query: MetaQuery, after: Position | None) -> MetaResult:
    """Return a page of objects, sorted by a field, then by name; a missing field is empty."""
    places, follows = [], lt if query.descending else gt
    for item in found:
        value = _value(item, query.sort)
        place = Position("" if value is None else value, item.key)
        if after is None or follows(place.order, after.order):
            places.append((place.order, place, item))
    places.sort(key=itemgetter(0), reverse=query.descending)
    chosen = places[: query.limit]
    last = chosen[-1][1] if len(places) > query.limit else None
    return MetaResult(tuple(item for _, _, item in chosen), last)


def _aggregate(
    aggregation: Aggregation, found: Iterable[Object]
) -> Scalar | float | Mapping[Scalar, int]:
    """Compute a statistic over the objects that have the field; 0 if there are none."""
    values = [value for item in found if (value := _value(item, aggregation.field)) is not None]
    if aggregation.statistic is Statistic.GROUP:
        return dict(sorted(Counter(values).items(), key=lambda group: (-group[1], group[0])))
    return _STATISTICS[aggregation.statistic](values) if values else 0
