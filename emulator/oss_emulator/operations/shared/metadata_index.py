"""The metadata index of a bucket: an SQLite database in memory, made for one query (P-65)."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from oss_emulator.documents.meta_query import (
    FIELDS,
    TAGGING,
    USER_META,
    Aggregation,
    Condition,
    FieldKind,
    FieldOperator,
    Junction,
    Logic,
    MetaQuery,
    Scalar,
    Statistic,
)
from oss_emulator.protocol.headers import ENCRYPTION, META_PREFIX
from oss_emulator.storage import Object

if TYPE_CHECKING:
    from sqlite3 import Connection

_TABLES: Final = f"""
CREATE TABLE objects ({", ".join(FIELDS)}, number INTEGER PRIMARY KEY);
CREATE TABLE pairs (number INTEGER, family TEXT, name TEXT, value TEXT);
CREATE INDEX pairs_of_objects ON pairs (number, family, name);
"""

_TESTS: Final = {
    FieldOperator.EQ: "{} = ?",
    FieldOperator.GT: "{} > ?",
    FieldOperator.GTE: "{} >= ?",
    FieldOperator.LT: "{} < ?",
    FieldOperator.LTE: "{} <= ?",
    FieldOperator.MATCH: "instr({}, ?) > 0",
    FieldOperator.PREFIX: "instr({}, ?) = 1",
}
_JOINS: Final = {Logic.AND: "({})", Logic.OR: "({})", Logic.NOT: "NOT ({})"}
_WORDS: Final = {Logic.AND: " AND ", Logic.OR: " OR ", Logic.NOT: " OR "}
_FUNCTIONS: Final = {
    Statistic.MIN: "min({})",
    Statistic.MAX: "max({})",
    Statistic.AVERAGE: "avg({})",
    Statistic.SUM: "sum({})",
    Statistic.COUNT: "count({})",
    Statistic.DISTINCT: "count(DISTINCT {})",
}


class Clause(NamedTuple):
    """A part of a statement and the values of its question marks."""

    text: str
    values: tuple[Scalar, ...] = ()


class Position(NamedTuple):
    """The place of an object in a sorted result."""

    value: Scalar
    key: str


class MetaResult(NamedTuple):
    """The objects that a query finds, or only their statistics."""

    objects: tuple[Object, ...] = ()
    next: Position | None = None
    """The last of these objects if more follow."""
    statistics: tuple[Scalar | float | Mapping[Scalar, int], ...] = ()
    """A number, or the number of objects by value, for each aggregation."""


def search(objects: Iterable[Object], query: MetaQuery, after: Position | None) -> MetaResult:
    """Find the objects that a query describes, from the one after a position on."""
    import sqlite3  # on first use, since it takes time to load

    with closing(sqlite3.connect(":memory:")) as database:
        indexed = _fill(database, objects)
        where = _clause(query.condition)
        if query.aggregations:
            found = (_aggregate(database, each, where) for each in query.aggregations)
            return MetaResult(statistics=tuple(found))
        return _page(database, query, where, after, indexed)


def _fill(database: "Connection", objects: Iterable[Object]) -> list[Object]:
    """Index the objects; return them in a list whose indices are their numbers."""
    indexed = [item for item in objects if not item.delete_marker]
    database.executescript(_TABLES)
    marks = ", ".join("?" * (len(FIELDS) + 1))
    rows = ((*_row(item), number) for number, item in enumerate(indexed))
    database.executemany(f"INSERT INTO objects VALUES ({marks})", rows)  # noqa: S608
    pairs = ((number, *pair) for number, item in enumerate(indexed) for pair in _pairs(item))
    database.executemany("INSERT INTO pairs VALUES (?, ?, ?, ?)", pairs)
    return indexed


def _row(item: Object) -> Iterator[Scalar | None]:
    values: dict[str, Scalar | None] = {
        "ETag": _bare(item.etag),
        "FileModifiedTime": int(item.modified),
        "Filename": _text(item.key),
        "ObjectACL": item.acl,
        "OSSCRC64": str(item.crc64),
        "OSSObjectType": item.kind,
        "OSSStorageClass": item.storage_class,
        "OSSTaggingCount": len(item.tags),
        "ServerSideEncryption": item.headers.get(ENCRYPTION),
        "Size": item.size,
    }
    return (values[name] for name in FIELDS)


def _pairs(item: Object) -> Iterator[tuple[str, str, str]]:
    for key, value in item.tags.items():
        yield TAGGING, _text(key), _text(value)
    for name, value in item.headers.items():
        if name.startswith(META_PREFIX):
            yield USER_META, name, _text(value)


def _text(value: str) -> str:
    """Return a text that SQLite can store: without the surrogates that stand for bytes (P-57)."""
    return value.encode(errors="replace").decode()


def _bare(etag: str) -> str:
    return etag.strip('"')


def _clause(node: Condition | Junction) -> Clause:
    if isinstance(node, Condition):
        return _test(node)
    parts = [_clause(part) for part in node.parts]
    text = _JOINS[node.logic].format(_WORDS[node.logic].join(part.text for part in parts))
    return Clause(text, tuple(value for part in parts for value in part.values))


def _test(node: Condition) -> Clause:
    """Format a condition; an object without the field does not meet it."""
    value = node.value
    if isinstance(value, str):
        value = _bare(value) if node.field.name == "ETag" else _text(value)
    test = _TESTS[node.operator]
    if node.field.kind is FieldKind.PAIR:
        same = "number = objects.number AND family = ? AND name = ?"
        text = f"EXISTS (SELECT 1 FROM pairs WHERE {same} AND {test.format('value')})"  # noqa: S608
        return Clause(text, (node.field.name, _text(node.field.key), value))
    return Clause(f"ifnull({test.format(node.field.name)}, 0)", (value,))


def _page(
    database: "Connection",
    query: MetaQuery,
    where: Clause,
    after: Position | None,
    indexed: list[Object],
) -> MetaResult:
    """Select a page of the objects by a field, then by name; a missing field counts as empty."""
    place = f"ifnull({query.sort.name}, '')", "Filename"
    columns = ", ".join(place)
    text = f"SELECT number, {columns} FROM objects WHERE {where.text}"  # noqa: S608
    values = where.values
    if after is not None:
        text += f" AND ({columns}) {'<' if query.descending else '>'} (?, ?)"
        values += tuple(_text(each) if isinstance(each, str) else each for each in after)
    direction = "DESC" if query.descending else "ASC"
    order = ", ".join(f"{each} {direction}" for each in place)
    rows = list(database.execute(f"{text} ORDER BY {order} LIMIT ?", (*values, query.limit + 1)))
    chosen = rows[: query.limit]
    last = Position(*chosen[-1][1:]) if len(rows) > query.limit else None
    return MetaResult(tuple(indexed[row[0]] for row in chosen), last)


def _aggregate(
    database: "Connection", aggregation: Aggregation, where: Clause
) -> Scalar | float | Mapping[Scalar, int]:
    """Compute a statistic over the objects that have the field; 0 if there are none."""
    name = aggregation.field.name
    if aggregation.statistic is Statistic.GROUP:
        text = f"SELECT {name}, count(*) FROM objects WHERE {where.text} AND {name} NOT NULL"  # noqa: S608
        return dict(database.execute(f"{text} GROUP BY 1 ORDER BY 2 DESC, 1", where.values))
    function = _FUNCTIONS[aggregation.statistic].format(name)
    text = f"SELECT ifnull({function}, 0) FROM objects WHERE {where.text}"  # noqa: S608
    found: Scalar | float = database.execute(text, where.values).fetchone()[0]
    return found
