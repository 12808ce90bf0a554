"""The documentation site: whole without a network, and searchable in a browser.

`make test-site`, which CI runs too, builds it and runs these tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from tests.requirements import required

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Path:
    """The site in both languages."""
    if "site" not in required():
        pytest.skip("the site takes many seconds to build: `make test-site` runs these tests")
    return ROOT / "build" / "site"


def test_api_reference_shows_the_docstrings(site: Path) -> None:
    reference = (site / "docs/site/api/emulator.html").read_text(encoding="utf-8")
    assert "A local OSS server on a free port of 127.0.0.1" in reference
    assert 'id="oss_emulator.testing.emulator.Emulator.reset"' in reference


def test_pages_link_the_same_page_in_the_other_language(site: Path) -> None:
    english = (site / "docs/testing.html").read_text(encoding="utf-8")
    chinese = (site / "zh/docs/zh/testing.html").read_text(encoding="utf-8")
    assert 'class="language" href="../zh/docs/zh/testing.html"' in english
    assert 'class="language" href="../../../docs/testing.html"' in chinese
    untranslated = (site / "CHANGELOG.html").read_text(encoding="utf-8")
    assert 'class="language" href="zh/README.zh-CN.html"' in untranslated


@pytest.fixture
def page(browser: Browser) -> Page:
    """A narrow page, as on a telephone."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_default_timeout(PATIENCE)
    return page


SEARCHES = {
    "search.html?q=whitelist": "docs/referer.html",
    "zh/search.html?q=防盗链": "docs/zh/referer.html",
    "zh/search.html?q=空 Referer": "docs/zh/referer.html",
}


def test_search_finds_pages_from_files(site: Path, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for search, found in SEARCHES.items():
        page.goto(f"{site.as_uri()}/{search}")
        page.wait_for_selector(f'#search-results a[href^="{found}"]')
    assert errors == []


LINKS = {
    "lab/index.html": ("README", "docs/rule-lab", "docs/referer"),
    "lab/zh.html": ("zh/README.zh-CN", "zh/docs/zh/rule-lab", "zh/docs/zh/referer"),
}


@pytest.mark.parametrize("lab", LINKS)
def test_pages_link_the_lab_and_load_nothing_of_it(site: Path, page: Page, lab: str) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/README.html")  # the first page
    for name in LINKS[lab]:
        page.goto(f"{site.as_uri()}/{name}.html")
        address = page.locator(f'article a[href$="{lab}"]').first.evaluate("(link) => link.href")
        assert address == f"{site.as_uri()}/{lab}"
    assert [url for url in requested if "/lab/" in url] == []


def test_sample_is_tried_in_the_lab(site: Path, page: Page) -> None:
    """In both languages; tests/browser/test_lab_page.py compares what each sample prints."""
    for name, label in (("docs/rule-lab", "Try it"), ("zh/docs/zh/rule-lab", "在浏览器中试一试")):
        page.goto(f"{site.as_uri()}/{name}.html")
        page.get_by_role("link", name=label).first.click()
        expect(page.locator("#output")).to_contain_text("not-whitelisted", timeout=180_000)


def test_pages_fit_a_telephone_and_request_only_files(site: Path, page: Page) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    for name in ("index.html", "docs/serve.html", "zh/docs/zh/rule-lab.html"):
        page.goto(f"{site.as_uri()}/{name}")
        page.wait_for_selector("article h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
