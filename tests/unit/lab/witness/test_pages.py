"""The pages that make a browser ask for objects."""

from __future__ import annotations

from oss_emulator.lab.browser import BEHAVIOURS, Embedding
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import Relation, plan
from oss_emulator.lab.witness.pages import FOLLOWED, REFUSAL, Pages

SITE = WebURL.parse("https://www.example.com/album/today.html")
BUCKET = WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg")
CELLS = plan(SITE, {Relation.CROSS_SITE: BUCKET})
PAGES = Pages(CELLS)


def test_page_knows_every_element() -> None:
    answer = PAGES.answer("https", SITE.host, SITE.path, "sheet=https.none.default.none")
    assert answer is not None
    for element in BEHAVIOURS:
        if element not in FOLLOWED:
            assert f'ways["{element.value}"]' in answer.text or f'"{element.value}":' in answer.text


def test_policy_is_set_as_the_cells_say() -> None:
    for sheet in PAGES.by_sheet:
        answer = PAGES.answer("https", sheet.page.host, sheet.page.path, sheet.page.query[1:])
        if sheet.page.scheme == "http":
            assert answer is REFUSAL  # the browser asks by https first (B-07)
            answer = PAGES.answer("http", sheet.page.host, sheet.page.path, sheet.page.query[1:])
        assert answer is not None
        policy = sheet.policy.value if sheet.policy else None
        by_header = answer.headers.get("Referrer-Policy")
        by_meta = f'<meta name="referrer" content="{policy}">' in answer.text
        assert (by_header == policy and policy is not None, by_meta) == (
            sheet.delivery.value == "header",
            sheet.delivery.value == "meta",
        )


def test_page_upgrades_insecure_requests_as_the_cells_say() -> None:
    for sheet in PAGES.by_sheet:
        asked = sheet.page.scheme, sheet.page.host, sheet.page.path, sheet.page.query[1:]
        answer = PAGES.answer(*asked)
        assert answer is not None
        upgrades = answer.headers.get("Content-Security-Policy") == "upgrade-insecure-requests"
        assert upgrades == sheet.upgrades


def test_requests_for_objects_are_not_for_pages() -> None:
    assert PAGES.answer("https", SITE.host, "/photo.jpg", "cell=3") is None
    assert PAGES.answer("https", SITE.host, "/favicon.ico", "") is None


def test_redirects_lead_to_the_object() -> None:
    cell = next(cell for cell in CELLS if cell.element is Embedding.REDIRECT_AWAY)
    assert cell.stop is not None
    answer = PAGES.answer("https", cell.stop.host, cell.stop.path, cell.stop.query[1:])
    assert answer is not None
    assert (answer.status, answer.headers) == (302, {"Location": cell.target.text})
    cell = next(cell for cell in CELLS if cell.element is Embedding.REDIRECT_LOOSE)
    assert cell.stop is not None
    answer = PAGES.answer("https", cell.stop.host, cell.stop.path, cell.stop.query[1:])
    assert answer is not None
    assert answer.headers["Referrer-Policy"] == "unsafe-url"


def test_files_of_a_page_have_their_kind() -> None:
    sheet = next(iter(PAGES.by_sheet))
    kinds = [
        PAGES.answer(sheet.page.scheme, file.host, file.path, file.query[1:])
        for file in (sheet.style, sheet.worker)
    ]
    assert [answer and answer.kind for answer in kinds] == ["text/css", "text/javascript"]
