"""Lifecycle rules: valid rules, and the elements that are added to them."""

from __future__ import annotations

import re

import pytest
from oss_emulator.documents.lifecycle import ALLOW_OVERLAP, DOCUMENT
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import NOW, check_refused, content, put

RULE = "<Rule><Prefix>a</Prefix><Status>Enabled</Status>%s</Rule>"
EXPIRE = "<Expiration><Days>%s</Days></Expiration>"
MOVE = "<Transition><Days>%s</Days><StorageClass>%s</StorageClass></Transition>"

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("", "MalformedXML", "Rule"),
    ("<Rule><Status>On</Status></Rule>", "MalformedXML", "Status"),
    (RULE % (EXPIRE % 0), "InvalidArgument", "Days"),
    (RULE % (EXPIRE % "x"), "MalformedXML", "Days"),
    (RULE % "<Days>0</Days>", "InvalidArgument", "Days"),
    (RULE % "<Days>1</Days><Date>2020-01-01T00:00:00.000Z</Date>", "MalformedXML", "Expiration"),
    (RULE % "<Expiration></Expiration>", "MalformedXML", "Expiration"),
    (
        RULE
        % (
            "<Expiration><Days>1</Days>"
            "<CreatedBeforeDate>2020-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>"
        ),
        "MalformedXML",
        "Expiration",
    ),
    (
        RULE % ("<Expiration><CreatedBeforeDate>1.1.2020</CreatedBeforeDate></Expiration>"),
        "MalformedXML",
        "CreatedBeforeDate",
    ),
    (RULE % (EXPIRE % 3 + MOVE % (4, "IA")), "InvalidArgument", "Days"),
    (RULE % (MOVE % (5, "IA") + MOVE % (2, "Archive")), "InvalidArgument", "Days"),
    (RULE % (MOVE % (5, "Standard")), "InvalidArgument", "StorageClass"),
    (
        RULE
        % (
            "<Expiration><CreatedBeforeDate>2020-01-01T00:00:00.000Z</CreatedBeforeDate>"
            f"</Expiration>{MOVE % (5, 'IA')}"
        ),
        "InvalidRequest",
        "Found mixed CreatedBeforeDate and Days based Expiration and Transition "
        "for StorageClass IA actions",
    ),
    (f"<Rule><ID>r</ID>{(RULE % '')[6:]}" * 2, "InvalidArgument", "ID"),
    (f"<Rule><ID>{'r' * 256}</ID>{(RULE % '')[6:]}", "InvalidArgument", "ID"),
    (RULE % "<Tag><Key>a&amp;b</Key><Value/></Tag>", "MalformedXML", ""),  # P-54
    (RULE % ("<Tag><Key>k</Key><Value/></Tag>" * 2), "MalformedXML", ""),
    (
        RULE % (EXPIRE % 1) + (RULE % (EXPIRE % 2)).replace("<Prefix>a", "<Prefix>ab"),
        "InvalidArgument",
        "Overlap for same action type Expiration",
    ),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


OVERLAPPING = RULE % (EXPIRE % 1) + (RULE % (EXPIRE % 2)).replace("<Prefix>a", "<Prefix>ab")


def test_header_allows_rules_to_overlap() -> None:
    kept = put(DOCUMENT, OVERLAPPING, headers={ALLOW_OVERLAP: "true"})
    assert content(DOCUMENT, kept).count("<Rule>") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RULE % (EXPIRE % 1), (RULE % (EXPIRE % 1)).replace("<Prefix>a", "<Prefix>b")),
        (RULE % (EXPIRE % 1), RULE % (MOVE % (5, "IA"))),
        (
            RULE % (EXPIRE % 1),
            RULE % (EXPIRE % 1 + "<Tag><Key>k</Key><Value>v</Value></Tag>"),
        ),
    ],
)
def test_rules_for_other_objects_or_actions_do_not_overlap(one: str, other: str) -> None:
    assert content(DOCUMENT, put(DOCUMENT, one + other)).count("<Rule>") == 2


def test_rule_without_an_id_gets_one() -> None:
    kept = content(DOCUMENT, put(DOCUMENT, RULE % (EXPIRE % 1)))
    assert re.match("<Rule><ID>[0-9a-f]{32}</ID><Prefix>a</Prefix>", kept)


def test_rule_keeps_its_id() -> None:
    named = f"<Rule><ID>r</ID>{(RULE % '')[6:]}"
    assert content(DOCUMENT, put(DOCUMENT, named)).startswith("<Rule><ID>r</ID>")


DATE = "2020-02-18T00:00:00.000Z"


@pytest.mark.parametrize(
    ("old", "moved"),
    [
        ("<Days>1</Days>", "<Days>1</Days>"),
        (f"<Date>{DATE}</Date>", f"<Date>{DATE}</Date>"),
        ("<Days>1</Days><Expiration><Days>2</Days></Expiration>", "<Days>2</Days>"),
        (
            f"<Date>{DATE}</Date><Expiration><CreatedBeforeDate>{DATE}</CreatedBeforeDate>"
            "</Expiration>",
            f"<CreatedBeforeDate>{DATE}</CreatedBeforeDate>",
        ),
    ],
)
def test_old_time_directly_in_a_rule_is_its_expiration(old: str, moved: str) -> None:
    """P-58"""
    kept = content(DOCUMENT, put(DOCUMENT, f"<Rule><ID>r</ID>{(RULE % old)[6:]}"))
    assert kept == (
        "<Rule><ID>r</ID><Prefix>a</Prefix><Status>Enabled</Status>"
        f"<Expiration>{moved}</Expiration></Rule>"
    )


def test_rule_by_access_time_gets_an_atime_base() -> None:
    move = MOVE.replace("</Transition>", "<IsAccessTime>true</IsAccessTime></Transition>")
    kept = content(DOCUMENT, put(DOCUMENT, RULE % (move % (9, "IA"))))
    assert f"<AtimeBase>{int(NOW)}</AtimeBase>" in kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "<AbortMultipartUpload><Days>30</Days></AbortMultipartUpload>",
            "<AbortMultipartUpload><Days>40</Days></AbortMultipartUpload>",
        ),
        (
            "<Transition><Days>45</Days><StorageClass>IA</StorageClass></Transition>",
            "<Transition><Days>40</Days><StorageClass>Archive</StorageClass></Transition>",
        ),
    ],
)
def test_conflict_of_overlapping_rules_is_never_allowed(one: str, other: str) -> None:
    """P-90"""
    rules = (
        f"<Rule><Prefix>{prefix}</Prefix><Status>Enabled</Status>{action}</Rule>"
        for prefix, action in (("a", one), ("a/b", other))
    )
    with pytest.raises(OSSError) as raised:
        put(DOCUMENT, "".join(rules), headers={ALLOW_OVERLAP: "true"})
    assert raised.value.ec == "0014-00000082"
