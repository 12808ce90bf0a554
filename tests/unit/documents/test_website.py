"""Websites: valid configurations, and the pages and redirects that they choose."""

from __future__ import annotations

import pytest
from lxml import etree
from oss_emulator.documents.website import (
    DOCUMENT,
    Missing,
    Redirect,
    RoutingRule,
    WebsiteConfiguration,
    parse,
)
from oss_emulator.protocol import xml

from tests.unit.documents.putting import check_refused, put

ROUTE = "<RoutingRule><RuleNumber>%s</RuleNumber><Redirect>%s</Redirect></RoutingRule>"

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("", "MalformedXML", "WebsiteConfiguration"),
    ("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>", "InvalidArgument", "Suffix"),
    (
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>Other</RedirectType>')}</RoutingRules>",
        "MalformedXML",
        "RedirectType",
    ),
    (
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>AliCDN</RedirectType>') * 2}</RoutingRules>",
        "InvalidArgument",
        "RuleNumber",
    ),
    (
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>Mirror</RedirectType>')}</RoutingRules>",
        "InvalidArgument",
        "MirrorURL",
    ),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_mirror_pass_query_string_also_sets_pass_query_string() -> None:
    mirror = (
        "<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>"
        "<MirrorPassQueryString>true</MirrorPassQueryString>"
    )
    kept = put(DOCUMENT, f"<RoutingRules>{ROUTE % (1, mirror)}</RoutingRules>")
    found = xml.parse(kept, "WebsiteConfiguration")
    assert found.text("RoutingRules/RoutingRule/Redirect/PassQueryString") == "true"
    assert found.text("RoutingRules/RoutingRule/Redirect/MirrorPassQueryString") == "true"


def redirect_of(content: str) -> dict[str, str]:
    """The texts of the redirect in the only rule of a kept website."""
    kept = put(DOCUMENT, f"<RoutingRules>{ROUTE % (1, content)}</RoutingRules>")
    rule = "RoutingRules/RoutingRule/Redirect"
    redirect = etree.fromstring(kept).find(rule)
    assert redirect is not None
    return {
        element.getroottree().getelementpath(element).removeprefix(f"{rule}/"): element.text or ""
        for element in redirect.iterdescendants()
        if len(element) == 0
    }


def test_defaults_of_a_mirror_are_filled_in() -> None:
    """P-58"""
    mirror = "<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>"
    filled = {
        "RedirectType": "Mirror",
        "MirrorURL": "http://a/",
        "PassQueryString": "false",
        "MirrorPassQueryString": "false",
        "MirrorFollowRedirect": "true",
        "MirrorCheckMd5": "false",
    }
    assert redirect_of(mirror) == filled
    passed = f"{mirror}<MirrorHeaders><Pass>a</Pass></MirrorHeaders>"
    headers = {"MirrorHeaders/PassAll": "false", "MirrorHeaders/Pass": "a"}
    assert redirect_of(passed) == {**filled, **headers}


def test_settings_of_a_mirror_and_other_redirects_stay_as_they_are() -> None:
    """P-58"""
    given = {
        "MirrorFollowRedirect": "false",
        "MirrorCheckMd5": "true",
        "MirrorHeaders/PassAll": "true",
    }
    mirror = (
        "<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>"
        "<MirrorFollowRedirect>false</MirrorFollowRedirect><MirrorCheckMd5>true</MirrorCheckMd5>"
        "<MirrorHeaders><PassAll>true</PassAll></MirrorHeaders>"
    )
    assert redirect_of(mirror).items() >= given.items()
    assert redirect_of("<RedirectType>AliCDN</RedirectType>") == {"RedirectType": "AliCDN"}


def test_at_most_20_rules_are_allowed() -> None:
    rules = "".join(ROUTE % (n, "<RedirectType>AliCDN</RedirectType>") for n in range(1, 22))
    named = "There are 21 routing rules; the limit is 20."
    check_refused(DOCUMENT, f"<RoutingRules>{rules}</RoutingRules>", "MalformedXML", named)


def site(content: str) -> WebsiteConfiguration:
    return parse(put(DOCUMENT, content))


INDEX = "<IndexDocument><Suffix>index.html</Suffix>%s</IndexDocument>"
SUBDIR = INDEX % "<SupportSubDir>true</SupportSubDir><Type>%s</Type>"


@pytest.mark.parametrize(
    ("index", "key", "page"),
    [
        (INDEX % "", "", "index.html"),
        (INDEX % "", "dir/", "index.html"),
        (SUBDIR % 0, "dir/", "dir/index.html"),
        (SUBDIR % 0, "dir", "dir"),
        ("<ErrorDocument><Key>e</Key></ErrorDocument>", "dir/", "dir/"),
    ],
)
def test_index_page_replaces_a_folder(index: str, key: str, page: str) -> None:
    assert site(index).index(key) == page


@pytest.mark.parametrize(
    ("index", "below"),
    [
        (INDEX % "", ""),
        (SUBDIR % 0, "a/index.html"),
        (SUBDIR % 1, ""),
        (SUBDIR % 2, "a/index.html"),
    ],
)
def test_missing_key_may_be_a_folder(index: str, below: str) -> None:
    assert site(index).index_below("a") == below


def test_type_decides_the_answer_to_a_folder_without_a_slash() -> None:
    assert [site(SUBDIR % number).missing for number in (0, 1, 2)] == [
        Missing.REDIRECT,
        Missing.FAIL,
        Missing.SERVE,
    ]


@pytest.mark.parametrize(
    ("status", "answered"), [("", 404), ("200", 200), ("404", 404), ("500", 404)]
)
def test_error_page_has_the_status_404_or_200(status: str, answered: int) -> None:
    code = f"<HttpStatus>{status}</HttpStatus>" if status else ""
    found = site(f"<ErrorDocument><Key>e</Key>{code}</ErrorDocument>")
    assert (found.error_key, found.error_status) == ("e", answered)


RULE_OF = """<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Condition>%s</Condition>
<Redirect>%s</Redirect></RoutingRule></RoutingRules>"""
EXTERNAL = "<RedirectType>External</RedirectType><HostName>www.test.com</HostName>"
INCLUDE = "<IncludeHeader><Key>X-Who</Key>%s</IncludeHeader>"


@pytest.mark.parametrize(
    ("condition", "headers", "status", "applies"),
    [
        ("<KeyPrefixEquals>abc/</KeyPrefixEquals>", {}, None, True),
        ("<KeyPrefixEquals>b</KeyPrefixEquals>", {}, None, False),
        ("<KeySuffixEquals>.txt</KeySuffixEquals>", {}, None, True),
        ("<KeySuffixEquals>.html</KeySuffixEquals>", {}, None, False),
        (
            "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>",
            {},
            404,
            True,
        ),
        (
            "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>",
            {},
            None,
            False,
        ),
        (INCLUDE % "", {"x-who": "me"}, None, True),
        (INCLUDE % "", {}, None, False),
        (INCLUDE % "<Equals>me</Equals>", {"x-who": "you"}, None, False),
        (INCLUDE % "<StartsWith>m</StartsWith>", {"x-who": "me"}, None, True),
        (INCLUDE % "<EndsWith>m</EndsWith>", {"x-who": "me"}, None, False),
    ],
)
def test_rule_applies_if_its_condition_is_met(
    condition: str, headers: dict[str, str], status: int | None, applies: bool
) -> None:
    found = site(RULE_OF % (condition, EXTERNAL)).route("abc/test.txt", headers, status)
    assert (found is not None) is applies


def test_rules_are_tried_in_the_order_of_their_numbers() -> None:
    rules = "".join(ROUTE % (number, EXTERNAL) for number in (2, 1))
    found = site(f"<RoutingRules>{rules}</RoutingRules>").route("a", {}, None)
    assert found is not None
    assert found.number == 1


def first_rule(redirect: str) -> tuple[RoutingRule, Redirect]:
    (rule,) = site(RULE_OF % ("<KeyPrefixEquals>abc/</KeyPrefixEquals>", redirect)).rules
    assert rule.redirect is not None
    return rule, rule.redirect


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        (EXTERNAL, "http://www.test.com/abc/a.txt"),
        (EXTERNAL + "<Protocol>https</Protocol>", "https://www.test.com/abc/a.txt"),
        (
            EXTERNAL + "<ReplaceKeyWith>p/${key}.s</ReplaceKeyWith>",
            "http://www.test.com/p/abc/a.txt.s",
        ),
        (
            EXTERNAL + "<ReplaceKeyPrefixWith>def/</ReplaceKeyPrefixWith>",
            "http://www.test.com/def/a.txt",
        ),
        (
            EXTERNAL + "<EnableReplacePrefix>true</EnableReplacePrefix>",
            "http://www.test.com/a.txt",
        ),
        (
            EXTERNAL + "<PassQueryString>true</PassQueryString>",
            "http://www.test.com/abc/a.txt?q=1",
        ),
        ("<RedirectType>External</RedirectType>", "http://localhost/bucket/abc/a.txt"),
    ],
)
def test_redirect_has_the_location_of_its_rule(redirect: str, location: str) -> None:
    rule, found = first_rule(redirect)
    assert rule.locate(found, "abc/a.txt", "q=1", "http", "localhost/bucket") == location


@pytest.mark.parametrize(("code", "status"), [("302", 302), ("308", 308), ("300", 301)])
def test_unsupported_redirect_status_becomes_301(code: str, status: int) -> None:
    _, found = first_rule(f"{EXTERNAL}<HttpRedirectCode>{code}</HttpRedirectCode>")
    assert found.status == status


def test_mirror_is_not_a_redirect() -> None:
    mirror = "<RedirectType>Mirror</RedirectType><MirrorURL>http://www.test.com/</MirrorURL>"
    (rule,) = site(RULE_OF % ("", mirror)).rules
    assert rule.redirect is None
