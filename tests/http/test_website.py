"""Static websites over HTTP: index pages, error pages, redirects, and the requests for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.http.client import Answer, Client, Headers
from tests.http.live import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, Live, sign

MakeBucket = Callable[..., str]

PAGES = {
    "index.html": b"home",
    "error.html": b"nothing here",
    "example.txt": b"example",
    "subdir/index.html": b"below",
    "docs/x%20y/index.html": b"docs",
    "other": b"other",
}

INDEX = "<IndexDocument><Suffix>index.html</Suffix>{}</IndexDocument>"
ERROR = "<ErrorDocument><Key>error.html</Key>{}</ErrorDocument>"
SUBDIR = "<SupportSubDir>true</SupportSubDir>"


class Site:
    """A bucket with a website."""

    def __init__(self, live: Live, name: str) -> None:
        self.live, self.name = live, name
        self.host = f"{name}.localhost"

    def configure(self, *parts: str) -> None:
        document = f"<WebsiteConfiguration>{''.join(parts)}</WebsiteConfiguration>"
        self.live.put(f"/{self.name}?website", document.encode())

    def rules(self, *rules: str) -> None:
        """Configure the usual site with routing rules."""
        numbered = "".join(
            f"<RoutingRule><RuleNumber>{number}</RuleNumber>{rule}</RoutingRule>"
            for number, rule in enumerate(rules, 1)
        )
        routing = f"<RoutingRules>{numbered}</RoutingRules>"
        self.configure(INDEX.format(""), ERROR.format(""), routing)

    def visit(self, path: str, method: str = "GET", headers: Headers = ()) -> Answer:
        return self.live.client.request(method, path, [("Host", self.host), *headers])


@pytest.fixture
def site(live: Live, make_bucket: MakeBucket) -> Site:
    site = Site(live, make_bucket("public-read"))
    for key, content in PAGES.items():
        live.put(f"/{site.name}/{key}", content, {"Content-Type": "text/html"})
    site.configure(INDEX.format(""), ERROR.format(""))
    return site


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, b"home"),
        ("/?utm=1", 200, b"home"),
        ("/subdir/", 200, b"home"),
        ("/nowhere/", 200, b"home"),
        ("/example.txt", 200, b"example"),
        ("/nowhere.txt", 404, b"nothing here"),
        ("/subdir", 404, b"nothing here"),
    ],
)
def test_pages_equal_those_of_the_example_in_the_guide(
    site: Site, method: str, path: str, status: int, body: bytes
) -> None:
    answer = site.visit(path, method)
    assert answer.status == status
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Content-Type"] == "text/html"
    if method == "GET":
        assert answer.body == body


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
    for headers in ([("Range", "bytes=0-1")], [("If-None-Match", etag)]):
        answer = site.visit("/nowhere", headers=headers)
        assert (answer.status, answer.body) == (404, b"nothing here")


@pytest.mark.parametrize("part", [ERROR.format("").replace("error.html", "missing"), ERROR])
def test_error_is_sent_if_the_error_page_is_unreadable(site: Site, part: str) -> None:
    site.live.put(f"/{site.name}/error.html", b"secret", {"x-oss-object-acl": "private"})
    site.configure(part.format(""))
    answer = site.visit("/nowhere")
    assert (answer.status, answer.code) == (404, "NoSuchKey")


def test_root_without_an_index_page_is_refused(site: Site) -> None:
    site.configure(ERROR.format(""))
    answer = site.visit("/")
    assert (answer.status, answer.error["EC"]) == (403, "0003-00000905")


def test_private_site_is_refused(live: Live, make_bucket: MakeBucket) -> None:
    site = Site(live, make_bucket("private"))
    live.put(f"/{site.name}/index.html", b"home")
    site.configure(INDEX.format(""), ERROR.format(""))
    assert site.visit("/").error["EC"] == "0003-00000001"


def test_hotlink_protection_covers_the_root(site: Site) -> None:
    """An anonymous request for the root asks for the index page, which is an object (R-04)."""
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        b"<Referer>https://good.example/</Referer></RefererList></RefererConfiguration>"
    )
    site.live.put(f"/{site.name}?referer", rules)
    assert site.visit("/").error["EC"] == "0003-00000501"
    assert site.visit("/", headers=[("Referer", "https://good.example/")]).body == b"home"


# --- Requests that get no website


def test_path_style_gets_pages_except_at_the_root(site: Site) -> None:
    client = site.live.client
    site.configure(INDEX.format(SUBDIR), ERROR.format(""))
    assert client.get(f"/{site.name}/").error["EC"] == "0003-00000905"
    assert client.get(f"/{site.name}/subdir/").body == b"below"
    assert client.get(f"/{site.name}/nowhere").body == b"nothing here"
    assert client.get(f"/{site.name}/subdir").headers["Location"] == f"/{site.name}/subdir/"


@pytest.mark.parametrize("place", ["header", "url"])
def test_signed_request_gets_index_pages_and_no_error_page(site: Site, place: str) -> None:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    site.configure(INDEX.format(SUBDIR), ERROR.format(""))
    for key, status in (("subdir/", 200), ("subdir", 404), ("nowhere", 404)):
        target, headers = sign(auth, place, "GET", site.name, key)
        answer = site.live.client.request("GET", target, headers)
        assert answer.status == status
        assert answer.body == b"below" if status == 200 else answer.code == "NoSuchKey"


@pytest.mark.parametrize("place", ["header", "url"])
def test_signed_request_for_the_root_lists_the_bucket(site: Site, place: str) -> None:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, headers = sign(auth, place, "GET", site.name)
    root = target.replace(f"/{site.name}", "/", 1)
    assert b"<ListBucketResult>" in site.visit(root, headers=headers).body


@pytest.mark.parametrize(
    ("path", "code"), [("/?acl", "AccessDenied"), ("/?list-type=2", "AccessDenied")]
)
def test_subresource_is_not_a_page(site: Site, path: str, code: str) -> None:
    assert site.visit(path).code == code


def test_write_is_not_redirected(site: Site) -> None:
    assert site.visit("/nowhere", "DELETE").status == 403


# --- Routing rules

REDIRECT = "<RedirectType>External</RedirectType><HostName>www.test.com</HostName>"
WHEN_MISSING = "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>"


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
    site.rules(rule("<KeyPrefixEquals>abc/</KeyPrefixEquals>", REDIRECT + redirect))
    answer = site.visit(path)
    assert (answer.status, answer.headers["Location"], answer.body) == (status, location, b"")


def test_ali_cdn_redirects_like_external(site: Site) -> None:
    site.rules(rule("", REDIRECT.replace("External", "AliCDN")))
    assert site.visit("/a").status == 301


def test_internal_rule_answers_with_the_other_object(site: Site) -> None:
    internal = "<RedirectType>Internal</RedirectType><ReplaceKeyWith>other</ReplaceKeyWith>"
    site.rules(rule(WHEN_MISSING, internal))
    answer = site.visit("/nowhere")
    assert (answer.status, answer.body) == (200, b"other")
    site.live.put(f"/{site.name}/other", b"secret", {"x-oss-object-acl": "private"})
    assert site.visit("/nowhere").error["EC"] == "0003-00000005"


HEADER = "<IncludeHeader><Key>X-Who</Key>{}</IncludeHeader>"


@pytest.mark.parametrize(
    ("condition", "path", "headers", "redirected"),
    [
        (WHEN_MISSING, "/nowhere", [], True),
        (WHEN_MISSING, "/example.txt", [], False),
        ("<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>", "/nowhere", [], False),
        ("<KeyPrefixEquals>exam</KeyPrefixEquals>", "/example.txt", [], True),
        ("<KeyPrefixEquals>am</KeyPrefixEquals>", "/example.txt", [], False),
        ("<KeySuffixEquals>.txt</KeySuffixEquals>", "/example.txt", [], True),
        ("<KeySuffixEquals>.html</KeySuffixEquals>", "/example.txt", [], False),
        (HEADER.format(""), "/example.txt", [("x-who", "me")], True),
        (HEADER.format(""), "/example.txt", [], False),
        (HEADER.format("<Equals>me</Equals>"), "/example.txt", [("x-who", "me")], True),
        (HEADER.format("<Equals>me</Equals>"), "/example.txt", [("x-who", "you")], False),
        (HEADER.format("<StartsWith>m</StartsWith>"), "/example.txt", [("x-who", "me")], True),
        (HEADER.format("<EndsWith>m</EndsWith>"), "/example.txt", [("x-who", "me")], False),
    ],
)
def test_rule_applies_if_its_condition_is_met(
    site: Site, condition: str, path: str, headers: Headers, redirected: bool
) -> None:
    site.rules(rule(condition))
    assert (site.visit(path, headers=headers).status == 301) is redirected


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


def test_deleted_configuration_ends_the_site(client: Client, site: Site) -> None:
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, headers = sign(auth, "header", "DELETE", site.name, "", {"website": ""})
    assert client.request("DELETE", target, headers).status == 204
    assert site.visit("/").status == 403
