"""Values from documents: callbacks, keys with a style, policies, CORS and Referer rules."""

from __future__ import annotations

import pytest
from oss_emulator.access.policy import PolicyError
from oss_emulator.operations import cors, policy, referer
from oss_emulator.operations.configurations import find_callback
from oss_emulator.operations.style import ImageAccess, access_of, image_access
from oss_emulator.protocol.errors import OSSError
from oss_referer import Assumptions
from oss_referer.engine.assumptions import MissingList, TruncationConflict
from oss_referer.sources import referer_xml

from tests.referer_documents import BAD, GOOD, RefererDocument
from tests.rows import rows
from tests.unit.operations.service import Caller

CALLBACKS = {
    "policy&comp=callback": b"""<BucketCallbackPolicy>
<PolicyItem><PolicyName>a</PolicyName><Callback>abc</Callback></PolicyItem>
<PolicyItem><PolicyName>b</PolicyName><Callback>def</Callback><CallbackVar>x</CallbackVar>
</PolicyItem></BucketCallbackPolicy>"""
}


def test_callback_policy_is_found_by_its_name() -> None:
    assert find_callback(CALLBACKS, "a") == ("abc", "")
    assert find_callback(CALLBACKS, "b") == ("def", "x")
    for kept in ({}, CALLBACKS):
        with pytest.raises(OSSError, match="callback policy does not exist") as caught:
            find_callback(kept, "c")
        assert caught.value.code == "InvalidArgument"
        assert caught.value.details["ArgumentValue"] == "c"


IMAGES = b"""<BucketProcessConfiguration><SourceFileProtect>%s</SourceFileProtect>
<SourceFileProtectSuffix>jpg, .png</SourceFileProtectSuffix>
<StyleDelimiters>/,-</StyleDelimiters></BucketProcessConfiguration>"""


def test_image_access_is_read() -> None:
    name = image_access.subresource
    assert access_of({name: IMAGES % b"Enabled"}) == ImageAccess((".jpg", ".png"), "/-")
    assert access_of({name: IMAGES % b"Disabled"}) == ImageAccess((), "/-")
    assert access_of({}) == ImageAccess()


@rows(
    ("key", "parts"),
    ("a.jpg-small", ("a.jpg", "small")),
    ("a/b-c", ("a/b", "c")),
    ("a-b/c", ("a-b", "c")),
    ("-small", None),
    ("a-", None),
    ("a.jpg", None),
)
def test_key_is_split_at_the_last_separator(key: str, parts: tuple[str, str] | None) -> None:
    assert ImageAccess((), "/-").split(key) == parts


def test_damaged_policy_is_an_error() -> None:
    assert policy.of({}) is None
    with pytest.raises(PolicyError):
        policy.of({"policy": b"{"})


def test_cors_rules_match_only_text() -> None:
    """Bytes that are not UTF-8 arrive as surrogates."""
    rules = cors.parse(
        b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET"
        b"</AllowedMethod><AllowedHeader>x-oss-*</AllowedHeader></CORSRule></CORSConfiguration>"
    )
    assert rules.headers_for("http://a", "GET")["Access-Control-Allow-Origin"] == "*"
    assert rules.headers_for("http://\udcff", "GET") == {}
    assert rules.preflight("http://a", "GET", "x-oss-a") is not None
    assert rules.preflight("http://a", "GET", "x-oss-\udcff") is None


# --- The Referer rules of a bucket: the documents of clients, and how bad documents are refused

ROOT = b"<RefererConfiguration>%s</RefererConfiguration>"
EMPTY = b"<AllowEmptyReferer>true</AllowEmptyReferer>"
PATH = b"<TruncatePath>true</TruncatePath>"
LIST = b"<RefererList/>"
NO_QUERY = b"<AllowTruncateQueryString>false</AllowTruncateQueryString>"
LIST_OPTIONAL = Assumptions(missing_list=MissingList.ACCEPTED)
REFUSING = Assumptions(truncation_conflict=TruncationConflict.REFUSED)
MALFORMED = (
    "The XML you provided was not well-formed or did not validate against our published schema."
)


@rows("good", *GOOD)
def test_document_of_each_client_replaces_the_rules(good: RefererDocument) -> None:
    """R-30, R-31, P-34"""
    ask = Caller()
    ask("PUT", "/bucket?referer", ROOT % (EMPTY + LIST))
    answer = ask("PUT", "/bucket?referer", good.document)
    assert (answer.status, answer.body) == (200, b"")
    found = ask("GET", "/bucket?referer").body
    assert referer_xml.parse(found) == good.rules
    assert ask("PUT", "/bucket?referer", found).status == 200, "the answer cannot be put again"
    assert ask("GET", "/bucket?referer").body == found


@rows("bad", *BAD)
def test_refused_document_changes_nothing(bad: RefererDocument) -> None:
    """R-30, R-33: the first problem is answered."""
    ask = Caller()
    before = ask("GET", "/bucket?referer").body
    answer = ask("PUT", "/bucket?referer", bad.document)
    assert (answer.status, answer.code, answer.text("EC")) == (400, "MalformedXML", bad.ec)
    assert answer.text("ErrorDetail")
    assert (answer.text("Message") == MALFORMED) is (bad.ec == "0033-00000001")
    assert ask("GET", "/bucket?referer").body == before


def test_lists_of_more_than_20_kb_are_refused() -> None:
    """R-42; the bytes of both lists count together, in UTF-8."""

    def document(size: int) -> bytes:
        entry = "https://例/".encode().ljust(size - 1_000, b"a")
        lists = b"<RefererList><Referer>%s</Referer></RefererList>" % entry
        black = b"<RefererBlacklist><Referer>%s</Referer></RefererBlacklist>" % (b"b" * 1_000)
        return ROOT % (EMPTY + lists + black)

    assert referer.parse(document(20_480)).size == 20_480
    with pytest.raises(OSSError) as caught:
        referer.parse(document(20_481))
    assert (caught.value.status, caught.value.code) == (400, "InlineDataTooLarge")
    assert "20,481 bytes" in str(caught.value.details["ErrorDetail"])
    assert referer.parse_stored(document(20_481)).size == 20_481


def test_missing_list_is_accepted_if_that_is_assumed() -> None:
    """R-30"""
    assert referer.parse(ROOT % EMPTY, LIST_OPTIONAL).whitelist == ()


def test_contradiction_is_refused_if_that_is_assumed() -> None:
    """R-27"""
    contradictory = ROOT % (EMPTY + NO_QUERY + PATH + LIST)
    assert referer.parse(contradictory).truncate_path
    with pytest.raises(OSSError, match="TruncatePath needs") as caught:
        referer.parse(contradictory, REFUSING)
    assert (caught.value.status, caught.value.code) == (400, "InvalidArgument")
    assert referer.parse(ROOT % (EMPTY + PATH + LIST), REFUSING).truncate_path


def test_kept_document_is_read_under_whatever_assumptions_it_was_accepted() -> None:
    assert referer.parse_stored(ROOT % EMPTY).whitelist == ()
    assert referer.parse_stored(ROOT % (EMPTY + NO_QUERY + PATH)).truncate_path
