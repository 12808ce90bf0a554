"""Static websites: the pages and redirects that anonymous visitors get."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Answer, Caller

PAGES = {
    "index.html": "home",
    "error.html": "nothing here",
    "example.txt": "example",
    "subdir/index.html": "below",
    "docs/x%20y/index.html": "docs",
    "other": "other",
}
INDEX = "<IndexDocument><Suffix>index.html</Suffix>{}</IndexDocument>"
ERROR = "<ErrorDocument><Key>error.html</Key>{}</ErrorDocument>"
SUBDIR = "<SupportSubDir>true</SupportSubDir>"


class Site:
    """The bucket `bucket` as a public website."""

    def __init__(self, ask: Caller) -> None:
        self.ask = ask
        ask("PUT", "/bucket?acl", x_oss_acl="public-read")
        for key, content in PAGES.items():
            ask("PUT", f"/bucket/{key}", content, content_type="text/html")
        self.configure(INDEX.format(""), ERROR.format(""))

    def configure(self, *parts: str) -> None:
        document = f"<WebsiteConfiguration>{''.join(parts)}</WebsiteConfiguration>"
        assert self.ask("PUT", "/bucket?website", document).status == 200

    def rules(self, *rules: str) -> None:
        """Configure the usual site with routing rules."""
        numbered = "".join(
            f"<RoutingRule><RuleNumber>{number}</RuleNumber>{rule}</RoutingRule>"
            for number, rule in enumerate(rules, 1)
        )
        routing = f"<RoutingRules>{numbered}</RoutingRules>"
        self.configure(INDEX.format(""), ERROR.format(""), routing)

    def visit(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return self.ask.anonymously(method, path, Host="bucket.localhost", **headers)

    def hide(self, key: str) -> None:
        """Let only the owner read an object."""
        assert self.ask("PUT", f"/bucket/{key}?acl", x_oss_object_acl="private").status == 200


@pytest.fixture
def site(ask: Caller) -> Site:
    return Site(ask)


@pytest.mark.parametrize(
    ("missing", "path", "status", "body"),
    [
        ("0", "/subdir/", 200, b"below"),
        ("0", "/subdir", 302, b""),
        ("0", "/docs/x%20y", 302, b""),
        ("0", "/nowhere", 404, b"nothing here"),
        ("0", "/nowhere/", 404, b"nothing here"),
        ("1", "/subdir", 404, b"nothing here"),
        ("2", "/subdir", 200, b"below"),
        ("2", "/nowhere", 404, b"nothing here"),
        ("2", "/other", 200, b"other"),
    ],
)
def test_type_decides_the_answer_to_a_folder_without_a_slash(
    site: Site, missing: str, path: str, status: int, body: bytes
) -> None:
    site.configure(INDEX.format(f"{SUBDIR}<Type>{missing}</Type>"), ERROR.format(""))
    answer = site.visit(path)
    assert (answer.status, answer.body) == (status, body)
    if status == 302:
        assert answer.headers["Location"] == f"{path}/"


def test_error_page_has_the_configured_status(site: Site) -> None:
    site.configure(ERROR.format("<HttpStatus>200</HttpStatus>"))
    answer = site.visit("/nowhere")
    assert (answer.status, answer.body) == (200, b"nothing here")


def test_error_page_ignores_range_and_conditions(site: Site) -> None:
    etag = site.visit("/error.html", "HEAD").headers["ETag"]
    for headers in ({"range": "bytes=0-1"}, {"if_none_match": etag}):
        answer = site.visit("/nowhere", **headers)
        assert (answer.status, answer.body) == (404, b"nothing here")


@pytest.mark.parametrize("key", ["missing", "error.html"])
def test_error_is_sent_if_the_error_page_is_unreadable(site: Site, key: str) -> None:
    site.hide("error.html")
    site.configure(ERROR.format("").replace("error.html", key))
    answer = site.visit("/nowhere")
    assert (answer.status, answer.code) == (404, "NoSuchKey")


def test_root_without_an_index_page_is_refused(site: Site) -> None:
    site.configure(ERROR.format(""))
    answer = site.visit("/")
    assert (answer.status, answer.text("EC")) == (403, "0003-00000905")


def test_private_site_is_refused(site: Site) -> None:
    site.ask("PUT", "/bucket?acl", x_oss_acl="private")
    assert site.visit("/").text("EC") == "0003-00000001"


def test_version_of_an_index_page_is_read_by_its_own_acl(site: Site) -> None:
    site.ask.keep_versions()
    site.configure(INDEX.format(f"{SUBDIR}<Type>2</Type>"), ERROR.format(""))
    put = site.ask("PUT", "/bucket/subdir/index.html", "secret", x_oss_object_acl="private")
    site.ask("PUT", "/bucket/subdir/index.html", "open")
    version_id = put.headers["x-oss-version-id"]
    assert site.visit("/subdir").body == b"open"
    answer = site.visit(f"/subdir?versionId={version_id}")
    assert (answer.status, answer.body) == (404, b"nothing here")


# --- Requests that get no website


def test_owner_gets_objects_instead_of_pages(site: Site) -> None:
    assert site.ask("GET", "/bucket/none").code == "NoSuchKey"
    keys = site.ask("GET", "/bucket").texts("Contents/Key")
    assert keys == sorted(key.replace("%20", " ") for key in PAGES)


@pytest.mark.parametrize("path", ["/?acl", "/?list-type=2"])
def test_subresource_is_not_a_page(site: Site, path: str) -> None:
    assert site.visit(path).code == "AccessDenied"


def test_write_is_not_redirected(site: Site) -> None:
    assert site.visit("/nowhere", "DELETE").status == 403


def test_deleted_configuration_ends_the_site(site: Site) -> None:
    assert site.ask("DELETE", "/bucket?website").status == 204
    assert site.visit("/").status == 403


# --- Routing rules

REDIRECT = "<RedirectType>External</RedirectType><HostName>www.test.com</HostName>"
WHEN_MISSING = "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>"
BELOW_ABC = "<KeyPrefixEquals>abc/</KeyPrefixEquals>"


def rule(condition: str, redirect: str = REDIRECT) -> str:
    return f"<Condition>{condition}</Condition><Redirect>{redirect}</Redirect>"


@pytest.mark.parametrize(
    ("redirect", "path", "status", "location"),
    [
        ("", "/abc/test", 301, "http://www.test.com/abc/test"),
        ("<Protocol>https</Protocol>", "/abc/t%20t", 301, "https://www.test.com/abc/t%20t"),
        ("<HttpRedirectCode>302</HttpRedirectCode>", "/abc/a", 302, "http://www.test.com/abc/a"),
        ("<HttpRedirectCode>307</HttpRedirectCode>", "/abc/a", 307, "http://www.test.com/abc/a"),
        (
            "<ReplaceKeyWith>prefix/${key}.suffix</ReplaceKeyWith>",
            "/abc/a",
            301,
            "http://www.test.com/prefix/abc/a.suffix",
        ),
        (
            "<EnableReplacePrefix>true</EnableReplacePrefix>"
            "<ReplaceKeyPrefixWith>def/</ReplaceKeyPrefixWith>",
            "/abc/test.txt",
            301,
            "http://www.test.com/def/test.txt",
        ),
        (
            "<EnableReplacePrefix>true</EnableReplacePrefix>",
            "/abc/test.txt",
            301,
            "http://www.test.com/test.txt",
        ),
        ("", "/abc/a?a=b&c=d", 301, "http://www.test.com/abc/a"),
        (
            "<PassQueryString>true</PassQueryString>",
            "/abc/a?a=b&c=d",
            301,
            "http://www.test.com/abc/a?a=b&c=d",
        ),
    ],
)
def test_redirect_has_the_location_of_its_rule(
    site: Site, redirect: str, path: str, status: int, location: str
) -> None:
    site.rules(rule(BELOW_ABC, REDIRECT + redirect))
    answer = site.visit(path)
    assert (answer.status, answer.headers["Location"], answer.body) == (status, location, b"")


def test_rule_without_a_status_redirects_existing_keys_as_well(site: Site) -> None:
    site.ask("PUT", "/bucket/abc/a.txt", "old")
    site.rules(rule(BELOW_ABC, f"{REDIRECT}<ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith>"))
    answer = site.visit("/abc/a.txt")
    assert (answer.status, answer.headers["Location"]) == (301, "http://www.test.com/new/a.txt")
    assert site.visit("/example.txt").body == b"example"


def test_ali_cdn_redirects_like_external(site: Site) -> None:
    site.rules(rule("", REDIRECT.replace("External", "AliCDN")))
    assert site.visit("/a").status == 301


@pytest.mark.parametrize("condition", [WHEN_MISSING, BELOW_ABC])
def test_internal_rule_answers_with_the_other_object(site: Site, condition: str) -> None:
    internal = "<RedirectType>Internal</RedirectType><ReplaceKeyWith>other</ReplaceKeyWith>"
    site.rules(rule(condition, internal))
    answer = site.visit("/abc/nowhere")
    assert (answer.status, answer.body) == (200, b"other")
    site.hide("other")
    answer = site.visit("/abc/nowhere")
    assert (answer.code, answer.text("EC")) == ("AccessDenied", "0003-00000005")


HEADER = "<IncludeHeader><Key>X-Who</Key>{}</IncludeHeader>"


@pytest.mark.parametrize(
    ("condition", "path", "headers", "redirected"),
    [
        (WHEN_MISSING, "/nowhere", {}, True),
        (WHEN_MISSING, "/example.txt", {}, False),
        ("<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>", "/nowhere", {}, False),
        ("<KeyPrefixEquals>exam</KeyPrefixEquals>", "/example.txt", {}, True),
        ("<KeyPrefixEquals>am</KeyPrefixEquals>", "/example.txt", {}, False),
        ("<KeySuffixEquals>.txt</KeySuffixEquals>", "/example.txt", {}, True),
        ("<KeySuffixEquals>.html</KeySuffixEquals>", "/example.txt", {}, False),
        (HEADER.format(""), "/example.txt", {"x-who": "me"}, True),
        (HEADER.format(""), "/example.txt", {}, False),
        (HEADER.format("<Equals>me</Equals>"), "/example.txt", {"x-who": "me"}, True),
        (HEADER.format("<Equals>me</Equals>"), "/example.txt", {"x-who": "you"}, False),
        (HEADER.format("<StartsWith>m</StartsWith>"), "/example.txt", {"x-who": "me"}, True),
        (HEADER.format("<EndsWith>m</EndsWith>"), "/example.txt", {"x-who": "me"}, False),
    ],
)
def test_rule_applies_if_its_condition_is_met(
    site: Site, condition: str, path: str, headers: dict[str, str], redirected: bool
) -> None:
    site.rules(rule(condition))
    assert (site.visit(path, **headers).status == 301) is redirected


def test_first_matching_rule_applies(site: Site) -> None:
    second = REDIRECT.replace("www.test.com", "second.test")
    site.rules(rule("<KeyPrefixEquals>b</KeyPrefixEquals>"), rule("", second))
    assert site.visit("/a").headers["Location"] == "http://second.test/a"
    assert site.visit("/b").headers["Location"] == "http://www.test.com/b"


def test_mirroring_is_not_emulated(site: Site) -> None:
    mirror = "<RedirectType>Mirror</RedirectType><MirrorURL>http://www.test.com/</MirrorURL>"
    site.rules(rule(WHEN_MISSING, mirror))
    answer = site.visit("/nowhere")
    assert (answer.status, answer.body) == (404, b"nothing here")
