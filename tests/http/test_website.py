"""Static websites over HTTP: index pages, error pages, redirects, and the requests for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, Answer, Headers, Live, sign

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


# --- Routing rules


def test_redirect_is_external_unless_it_says_otherwise(site: Site) -> None:
    """P-58: the suite of Java"""
    site.configure(
        "<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Condition>"
        "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>"
        "<Redirect><HostName>www.test.com</HostName></Redirect></RoutingRule></RoutingRules>",
    )
    answer = site.visit("/nowhere.txt")
    assert (answer.status, answer.headers["Location"]) == (301, "http://www.test.com/nowhere.txt")


def test_redirect_keeps_the_escapes_and_the_query_of_the_request(site: Site) -> None:
    site.configure(
        ERROR.format(""),
        "<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Condition/><Redirect>"
        "<RedirectType>External</RedirectType><HostName>www.test.com</HostName>"
        "<PassQueryString>true</PassQueryString></Redirect></RoutingRule></RoutingRules>",
    )
    answer = site.visit("/abc/t%20t?a=b%20c&d")
    location = "http://www.test.com/abc/t%20t?a=b%20c&d"
    assert (answer.status, answer.headers["Location"], answer.body) == (301, location, b"")
