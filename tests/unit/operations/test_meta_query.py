"""Queries of the metadata index: the fields, their operators, and mistakes by name (P-65)."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

import pytest
from oss_emulator.operations.meta_query import (
    FIELDS,
    Condition,
    Field,
    FieldKind,
    FieldOperator,
    Junction,
    Logic,
    MetaQuery,
    Statistic,
    parse,
)
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError

from tests.rows import read_cases, rows

CASES = read_cases("unit.operations")

ANY = {"Field": "Size", "Value": "0", "Operation": "gte"}


def document(query: object = ANY, **elements: str) -> bytes:
    """Return a document with a query, as JSON unless it is text, and other elements."""
    text = query if isinstance(query, str) else json.dumps(query)
    others = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return f"<MetaQuery><Query>{escape(text)}</Query>{others}</MetaQuery>".encode()


def aggregations(*pairs: tuple[str, str]) -> str:
    return "".join(
        f"<Aggregation><Field>{field}</Field><Operation>{operation}</Operation></Aggregation>"
        for field, operation in pairs
    )


def test_query_alone_finds_a_hundred_objects_by_name() -> None:
    condition = Condition(FIELDS["Size"], FieldOperator.GTE, 0)
    assert parse(document()) == MetaQuery(condition, 100, FIELDS["Filename"], descending=False)


def test_every_element_is_read() -> None:
    found = parse(
        document(
            MaxResults="5",
            Sort="Size",
            Order="desc",
            NextToken="abc",
            Aggregations=aggregations(("Size", "max"), ("ETag", "distinct")),
        )
    )
    assert (found.limit, found.sort.name, found.descending, found.token) == (5, "Size", True, "abc")
    statistics = [(each.field.name, each.statistic) for each in found.aggregations]
    assert statistics == [("Size", Statistic.MAX), ("ETag", Statistic.DISTINCT)]


@rows(
    ("sent", "limit"),
    *(("0", 100), ("1", 1), ("0000000001", 1), ("100", 100), ("80369", 100), ("9" * 19, 100)),
    ("", 100),
)
def test_number_of_objects_is_at_most_a_hundred(sent: str, limit: int) -> None:
    assert parse(document(MaxResults=sent)).limit == limit


def test_conditions_are_nested() -> None:
    part = {"Field": "Filename", "Value": "a", "Operation": "match"}
    query = {"Operation": "and", "SubQueries": [ANY, {"Operation": "not", "SubQueries": [part]}]}
    matches = Condition(FIELDS["Filename"], FieldOperator.MATCH, "a")
    assert parse(document(query)).condition == Junction(
        Logic.AND,
        (Condition(FIELDS["Size"], FieldOperator.GTE, 0), Junction(Logic.NOT, (matches,))),
    )


def test_query_with_single_quotes_is_read_as_php_sends_it() -> None:
    sent = "{'Field': 'Size','Value': '0','Operation': 'gte'}"
    assert parse(document(sent)) == parse(document())


@rows(
    ("name", "expected"),
    ("OSSTagging.Owner", Field("OSSTagging", FieldKind.PAIR, "Owner")),
    ("OSSUserMeta.X-Oss-Meta-A", Field("OSSUserMeta", FieldKind.PAIR, "x-oss-meta-a")),
    ("OSSTagging.a.b", Field("OSSTagging", FieldKind.PAIR, "a.b")),
)
def test_only_names_of_user_headers_ignore_case(name: str, expected: Field) -> None:
    found = parse(document({"Field": name, "Value": "a", "Operation": "eq"})).condition
    assert isinstance(found, Condition)
    assert found.field == expected


@rows("sent", *CASES["time_has_a_zone_and_may_have_a_fraction"])
def test_time_has_a_zone_and_may_have_a_fraction(sent: str) -> None:
    query = {"Field": "FileModifiedTime", "Value": sent, "Operation": "gt"}
    found = parse(document(query)).condition
    assert isinstance(found, Condition)
    assert found.value == 1_624_949_413


# The table of the page: which operators each field has.
ORDER, COUNTS = "eq gt gte lt lte", "count distinct group"
SUPPORTED = {
    "ETag": (f"{ORDER} prefix", COUNTS, True),
    "FileModifiedTime": (ORDER, COUNTS, True),
    "Filename": (f"{ORDER} match prefix", COUNTS, True),
    "ObjectACL": (f"{ORDER} prefix", COUNTS, True),
    "OSSCRC64": (f"{ORDER} prefix", COUNTS, True),
    "OSSObjectType": (f"{ORDER} prefix", COUNTS, True),
    "OSSStorageClass": (f"{ORDER} prefix", COUNTS, True),
    "OSSTagging.a": (f"{ORDER} prefix", "", False),
    "OSSTaggingCount": (ORDER, f"min max sum average {COUNTS}", True),
    "OSSUserMeta.a": (f"{ORDER} prefix", "", False),
    "ServerSideEncryption": (f"{ORDER} prefix", COUNTS, True),
    "Size": (ORDER, f"min max sum average {COUNTS}", True),
}
VALUES = {"FileModifiedTime": "2021-06-29T06:50:13Z"}


def accepts(sent: bytes) -> bool:
    try:
        parse(sent)
    except OSSError:
        return False
    return True


@rows("name", *SUPPORTED)
def test_field_supports_the_operators_of_the_table(name: str) -> None:
    relations, statistics, sorts = SUPPORTED[name]
    value = VALUES.get(name, "1")
    for operation in (*FieldOperator, "in", "EQ"):
        query = {"Field": name, "Value": value, "Operation": operation}
        assert accepts(document(query)) is (operation in relations.split()), operation
    for operation in (*Statistic, "median"):
        sent = document(Aggregations=aggregations((name, operation)))
        assert accepts(sent) is (operation in statistics.split()), operation
    assert accepts(document(Sort=name)) is sorts


def nested(depth: int) -> object:
    query: object = ANY
    for _ in range(depth - 1):
        query = {"Operation": "not", "SubQueries": [query]}
    return query


@rows(
    ("sent", "named"),
    (document("no JSON"), "Query"),
    (document("[]"), "Query"),
    (document('"a"'), "Query"),
    (document("[" * 5000), "Query"),
    (document({}), "Query"),
    (document({"Operation": "and"}), "Query"),
    (document({"Operation": "or", "SubQueries": []}), "Query"),
    (document({"Operation": "or", "SubQueries": ["a"]}), "Query"),
    (document(nested(21)), "Query"),
    (document({"Operation": "or", "SubQueries": [ANY] * 200}), "Query"),
    (document({**ANY, "Field": "Filename", "Value": "a" * 65_536, "Operation": "eq"}), "Query"),
    (document(Aggregations=aggregations(*[("Size", "max")] * 101)), "Aggregations"),
    (document({**ANY, "Field": "Color"}), "Field"),
    (document({**ANY, "Field": "OSSTagging."}), "Field"),
    (document({**ANY, "Value": "many"}), "Value"),
    (document({**ANY, "Value": "9" * 19}), "Value"),
    (document({**ANY, "Value": None}), "Value"),
    (document({**ANY, "Value": True}), "Value"),
    (document({"Field": "FileModifiedTime", "Value": "now", "Operation": "lt"}), "Value"),
    (document({"Field": "FileModifiedTime", "Value": "2021-06-29", "Operation": "lt"}), "Value"),
    (document(MaxResults="None"), "MaxResults"),
    (document(MaxResults="-1"), "MaxResults"),
    (document(MaxResults="9" * 20), "MaxResults"),
    (document(Sort="Color"), "Field"),
    (document(Order="down"), "Order"),
)
def test_mistake_is_refused_with_its_place(sent: bytes, named: str) -> None:
    with pytest.raises(OSSError) as caught:
        parse(sent)
    error = caught.value
    assert (error.code, error.ec) == ("InvalidArgument", "0037-00000005")
    assert error.details["ArgumentName"] == named


def test_what_is_at_a_limit_is_accepted() -> None:
    assert accepts(document(nested(20)))
    start, end = '{"Field": "ETag", "Operation": "eq", "Value": "', '"}'
    assert accepts(document(start + "a" * (65_536 - len(start + end)) + end))
    assert accepts(document(Aggregations=aggregations(*[("Size", "max")] * 100)))
    assert accepts(document({"Operation": "or", "SubQueries": [ANY] * 199}))


@rows("sent", b"", b"<MetaQuery/>", b"<Other/>", document(SimpleQuery="{}"), document(Sort="a") * 2)
def test_malformed_document_is_refused(sent: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(sent)
    assert caught.value.ec == "0037-00000005"
