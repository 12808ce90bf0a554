"""Static websites: the pages and redirects that anonymous visitors get."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Answer, Caller

PAGES = {
    "index.html": "home",
    "error.html": "nothing here",
    "a.txt": "text",
    "sub/index.html": "below",
}
INDEX = "<IndexDocument><Suffix>index.html</Suffix>{}</IndexDocument>"
SUBDIR = "<SupportSubDir>true</SupportSubDir><Type>{}</Type>"
ERROR = "<ErrorDocument><Key>error.html</Key>{}</ErrorDocument>"


def configure(ask: Caller, *parts: str) -> None:
    document = f"<WebsiteConfiguration>{''.join(parts)}</WebsiteConfiguration>"
    assert ask("PUT", "/bucket?website", document).status == 200


def route(rule: str) -> str:
    numbered = f"<RoutingRule><RuleNumber>1</RuleNumber>{rule}</RoutingRule>"
    return f"<RoutingRules>{numbered}</RoutingRules>"


def visit(ask: Caller, path: str, method: str = "GET", **headers: str) -> Answer:
    return ask.anonymously(method, path, Host="bucket.localhost", **headers)


@pytest.fixture
def site(ask: Caller) -> Caller:
    """The bucket as a public website."""
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    for key, content in PAGES.items():
        ask("PUT", f"/bucket/{key}", content, content_type="text/html")
    configure(ask, INDEX.format(""), ERROR.format(""))
    return ask


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, b"home"),
        ("/sub/", 200, b"home"),
        ("/a.txt", 200, b"text"),
        ("/none", 404, b"nothing here"),
        ("/sub", 404, b"nothing here"),
    ],
)
def test_visitor_gets_index_page_or_error_page(
    site: Caller, path: str, status: int, body: bytes
) -> None:
    answer = visit(site, path)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("kind", "path", "status", "body"),
    [
        ("0", "/sub/", 200, b"below"),
        ("0", "/sub", 302, b""),
        ("1", "/sub", 404, b"nothing here"),
        ("2", "/sub", 200, b"below"),
        ("2", "/none", 404, b"nothing here"),
    ],
)
def test_folder_has_its_own_index_page(
    site: Caller, kind: str, path: str, status: int, body: bytes
) -> None:
    configure(site, INDEX.format(SUBDIR.format(kind)), ERROR.format(""))
    answer = visit(site, path)
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("Location") == ("/sub/" if status == 302 else None)


def test_error_page_has_the_configured_status(site: Caller) -> None:
    configure(site, ERROR.format("<HttpStatus>200</HttpStatus>"))
    assert (visit(site, "/none").status, visit(site, "/none").body) == (200, b"nothing here")


def test_error_page_ignores_range_and_conditions(site: Caller) -> None:
    etag = visit(site, "/error.html", "HEAD").headers["ETag"]
    for headers in ({"range": "bytes=0-1"}, {"if_none_match": etag}):
        answer = visit(site, "/none", **headers)
        assert (answer.status, answer.body) == (404, b"nothing here")


def test_unreadable_error_page_is_not_sent(site: Caller) -> None:
    site("PUT", "/bucket/error.html?acl", x_oss_object_acl="private")
    assert visit(site, "/none").code == "NoSuchKey"


def test_owner_gets_objects_instead_of_pages(site: Caller) -> None:
    assert site("GET", "/bucket/none").code == "NoSuchKey"
    assert site("GET", "/bucket").texts("Contents/Key") == sorted(PAGES)


PREFIX = "<Condition><KeyPrefixEquals>old/</KeyPrefixEquals></Condition>"
GONE = "<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>"
EXTERNAL = (
    "<Redirect><RedirectType>External</RedirectType><HostName>example.com</HostName>"
    "<Protocol>https</Protocol><HttpRedirectCode>302</HttpRedirectCode>{}</Redirect>"
)


def test_rule_without_a_status_redirects_existing_keys_as_well(site: Caller) -> None:
    site("PUT", "/bucket/old/a.txt", "old")
    new = "<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>"
    configure(site, ERROR.format(""), route(PREFIX + EXTERNAL.format(new)))
    answer = visit(site, "/old/a.txt")
    assert answer.status == 302
    assert answer.headers["Location"] == "https://example.com/new/a.txt"
    assert visit(site, "/a.txt").body == b"text"


def test_internal_redirect_is_answered_at_once(site: Caller) -> None:
    internal = (
        "<Redirect><RedirectType>Internal</RedirectType>"
        "<ReplaceKeyWith>a.txt</ReplaceKeyWith></Redirect>"
    )
    configure(site, ERROR.format(""), route(PREFIX + internal))
    answer = visit(site, "/old/page")
    assert (answer.status, answer.body) == (200, b"text")
    site("PUT", "/bucket/a.txt?acl", x_oss_object_acl="private")
    assert visit(site, "/old/page").code == "AccessDenied"


def test_rule_for_404_redirects_missing_pages(site: Caller) -> None:
    configure(site, ERROR.format(""), route(GONE + EXTERNAL.format("")))
    answer = visit(site, "/none")
    assert (answer.status, answer.headers["Location"]) == (302, "https://example.com/none")
    assert visit(site, "/a.txt").body == b"text"


def test_version_of_an_index_page_is_read_by_its_own_acl(site: Caller) -> None:
    site.keep_versions()
    configure(site, INDEX.format(SUBDIR.format("2")), ERROR.format(""))
    put = site("PUT", "/bucket/sub/index.html", "secret", x_oss_object_acl="private")
    site("PUT", "/bucket/sub/index.html", "open")
    version_id = put.headers["x-oss-version-id"]
    assert visit(site, "/sub").body == b"open"
    answer = visit(site, f"/sub?versionId={version_id}")
    assert (answer.status, answer.body) == (404, b"nothing here")
