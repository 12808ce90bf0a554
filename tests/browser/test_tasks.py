"""Tasks of a person in a real browser, by mouse and by keyboard, each within its clicks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from oss_emulator import Emulator
from oss_referer import RefererConfiguration
from oss_referer.plan import Wish, plan
from oss_referer.sources import forms, ossutil, referer_xml
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.console import BUCKET, SITE, drop, fetch, visit
from tests.browser.test_console_rules import FORTY

pytestmark = pytest.mark.system

BLOG, SHOP, OLD = (f"https://{name}.example.com/" for name in ("blog", "shop", "old"))
APP = "wx0123456789abcdef"
KEYS_TO_ANYTHING = 120
"""The presses of Tab within which every control of a page is reached."""


@dataclass
class Hand:
    """The actions of a person on a page, and the number of clicks.

    By keyboard, Enter counts as a click, and Tab leads to everything.
    """

    tab: Page
    is_mouse: bool
    clicks: int = 0

    def press(self, control: Locator) -> None:
        """Press a button, or follow a link."""
        self.clicks += 1
        if self.is_mouse:
            self._let_settle(control)
            control.click()
        else:
            self._reach(control)
            self.tab.keyboard.press("Enter")

    def _let_settle(self, control: Locator) -> None:
        """Wait until a control stays in its place: an answer must not move it under the pointer."""
        place, since = control.bounding_box(), time.monotonic()
        while time.monotonic() < since + 0.5:
            self.tab.wait_for_timeout(50)
            now = control.bounding_box()
            if now != place:
                place, since = now, time.monotonic()

    def type(self, field: Locator, text: str) -> None:
        """Type into a field, which a mouse has to click on if it has no focus."""
        self._enter(field)
        self.tab.keyboard.insert_text(text)

    def paste(self, field: Locator, text: str) -> None:
        """Replace a text by pasting another one."""
        self.tab.evaluate("(text) => navigator.clipboard.writeText(text)", text)
        self._enter(field)
        self.tab.keyboard.press("Control+a")
        self.tab.keyboard.press("Control+v")

    def _enter(self, field: Locator) -> None:
        if not self.is_mouse:
            self._reach(field)
        elif not _has_focus(field):
            self.clicks += 1
            field.click()

    def _reach(self, control: Locator) -> None:
        expect(control).to_be_visible()
        for _ in range(KEYS_TO_ANYTHING):
            if _has_focus(control):
                return
            self.tab.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {control}")


def _has_focus(control: Locator) -> bool:
    return bool(control.evaluate("(control) => control === document.activeElement"))


@pytest.fixture(params=[(1440, "en"), (390, "zh")], ids=["wide", "narrow-zh"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, language = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale=language, accept_downloads=True
    )
    context.set_default_timeout(PATIENCE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture(params=["mouse", "keyboard"])
def hand(tab: Page, request: pytest.FixtureRequest) -> Hand:
    return Hand(tab, is_mouse=request.param == "mouse")


@pytest.fixture(autouse=True)
def reset(emulator: Emulator) -> None:
    emulator.reset()


@pytest.fixture
def within(hand: Hand, record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Record the clicks of a task; the test fails if they exceed the bound."""

    def check(bound: int) -> None:
        record_property("clicks", hand.clicks)
        assert hand.clicks <= bound

    return check


def put(emulator: Emulator, *whitelist: str) -> None:
    rules = RefererConfiguration(allow_empty_referer=True, whitelist=whitelist)
    emulator.put(f"/{BUCKET}?referer", referer_xml.format(rules))


def saved(emulator: Emulator) -> RefererConfiguration:
    """Return the rules of the bucket."""
    url = f"{emulator.endpoint}/_emulator/rules/{BUCKET}"
    return ossutil.convert_members(requests.get(url, timeout=20).json()["rules"])


def test_broken_image_is_allowed_and_exported(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    assert fetch(emulator, f"{BLOG}post/1", key="picture.svg").status_code == 403
    visit(hand.tab, emulator, "requests")
    hand.press(hand.tab.locator("#sites [data-allow]").first)
    hand.press(hand.tab.locator("#apply"))
    hand.press(hand.tab.locator("form#export button"))
    with hand.tab.expect_download() as download:
        hand.press(hand.tab.locator("#exported a[download]").first)
    within(5)
    (exported,) = forms.parse(download.value.path().read_bytes()).values()
    assert exported.whitelist == (SITE, BLOG)
    assert fetch(emulator, f"{BLOG}post/1", key="picture.svg").status_code == 200


def test_three_sites_and_an_app_are_allowed_from_nothing(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator)
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    form = hand.tab.locator("#generate form")
    site_field = form.locator("[name=site]")
    expect(hand.tab.locator("#lines .lines").first).to_be_visible()
    hand.press(hand.tab.locator("#generate > summary"))
    sites = ("https://www.example.com", "https://blog.example.net", "https://shop.example.org")
    for site in sites:
        expect(site_field).to_be_focused()  # by itself, when it opens and after each site
        hand.type(site_field, site)
        if site == sites[-1]:
            hand.type(form.locator("[name=mini_programs]"), APP)
        hand.press(form.locator("button"))
        expect(hand.tab.locator("#whitelist")).to_have_value(re.compile(re.escape(site)))
        expect(hand.tab.locator("#guests")).to_contain_text(site.partition("://")[2])
    hand.press(hand.tab.locator("#apply"))
    expect(hand.tab.locator("#apply")).to_have_attribute("aria-disabled", "true")
    within(6)
    for referer in (*(f"{site}/page" for site in sites), f"https://servicewechat.com/{APP}/1/"):
        assert fetch(emulator, referer).status_code == 200
    assert fetch(emulator, "https://stranger.test/").status_code == 403


def paste_anywhere(tab: Page, text: str) -> None:
    """Paste where nothing has the focus."""
    tab.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    tab.locator("#main").focus()
    tab.keyboard.press("Control+v")


def test_forty_broken_entries_become_right_rules(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    expect(hand.tab.locator("#lines .lines").first).to_be_visible()
    paste_anywhere(hand.tab, "\n".join(FORTY))
    expect(hand.tab.locator("#lines [data-place^=whitelist]")).to_have_count(40)
    hand.press(hand.tab.locator("#use"))
    expect(hand.tab.locator("#use")).to_have_count(0)
    hand.press(hand.tab.locator("#apply"))
    expect(hand.tab.locator("#receipt")).to_be_visible()
    within(2)
    rules = RefererConfiguration(allow_empty_referer=True, whitelist=FORTY)
    seen = RefererConfiguration(allow_empty_referer=True, whitelist=(SITE,))
    assert saved(emulator) == plan(rules, Wish(saved=seen)).corrected


def test_new_list_is_compared_by_a_paste(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE, BLOG, SHOP)
    for _ in range(3):
        fetch(emulator, BLOG)
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    expect(hand.tab.locator("#lines .lines").first).to_be_visible()
    paste_anywhere(hand.tab, f"{SITE}\n{SHOP}")
    expect(hand.tab.locator("#lines .r.gone")).to_contain_text("blog.example.com")
    expect(hand.tab.locator("#sentence")).to_contain_text("blog.example.com")
    hand.press(hand.tab.locator("[data-back-entry]"))
    expect(hand.tab.locator("#lines .r.gone")).to_have_count(0)
    within(1)


def test_three_questions_are_answered_and_applied(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE, *(f"https://{name}.test/x/" for name in "abc"))
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    asked = hand.tab.locator("#lines .r.asks")
    for left in (3, 2, 1):
        expect(asked).to_have_count(left)
        hand.press(asked.first.locator("[data-take]").first)
    expect(asked).to_have_count(0)
    hand.press(hand.tab.locator("#apply"))
    expect(hand.tab.locator("#receipt")).to_be_visible()
    within(5)
    assert saved(emulator).whitelist == (SITE, *(f"https://{name}.test/" for name in "abc"))


def test_applied_list_is_undone_with_one_click(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, "http://a.test")
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    hand.press(hand.tab.locator("#use"))
    expect(hand.tab.locator("#use")).to_have_count(0)
    hand.press(hand.tab.locator("#apply"))
    expect(hand.tab.locator("#receipt")).to_be_visible()
    assert saved(emulator).whitelist == ("https://a.test/", "http://a.test/")
    hand.clicks = 0
    hand.press(hand.tab.locator("#undo-apply"))
    expect(hand.tab.locator("#receipt")).to_be_hidden()
    within(1)
    assert saved(emulator).whitelist == ("http://a.test",)


def test_site_that_is_locked_out_is_let_in(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    assert fetch(emulator, BLOG).status_code == 403
    visit(hand.tab, emulator, f"rules/{BUCKET}")
    hand.press(hand.tab.locator("[data-add=whitelist]"))
    hand.tab.keyboard.insert_text(BLOG)
    hand.tab.keyboard.press("Enter")
    expect(hand.tab.locator("#cost")).to_contain_text("1")
    hand.press(hand.tab.locator("#apply"))
    expect(hand.tab.locator("#receipt")).to_be_visible()
    within(3)
    assert fetch(emulator, BLOG).status_code == 200


def test_recording_is_judged_on_the_lab_by_a_drop(tab: Page, folder: Path) -> None:
    tab.context.set_offline(True)
    tab.goto(f"{folder.as_uri()}/index.html")
    har = Path(__file__).parents[2] / "fixtures" / "har" / "site.har"
    drop(tab, "h1", {"site.har": har.read_text(encoding="utf-8")})
    expect(tab.locator("#recorded-found")).to_contain_text("8", timeout=180_000)
    expect(tab.locator("#guests .number").first).to_contain_text("8", timeout=180_000)


def test_sites_of_the_last_minute_take_no_click(tab: Page, emulator: Emulator) -> None:
    """Each row has the time of its last denied request; the latest comes first."""
    put(emulator, SITE)
    clock, began = emulator.controls.clock, time.time()
    for referer, shift in ((OLD, -300.0), (BLOG, 0.0), (SHOP, 0.0)):
        clock.shift = shift
        fetch(emulator, referer)
    visit(tab, emulator, "requests")
    rows = tab.locator("#sites tr[data-key]")
    expect(rows.locator("th")).to_contain_text(
        ["shop.example.com", "blog.example.com", "old.example.com"]
    )
    is_new = []
    for last in rows.locator(".last time").all():
        expect(last).to_be_in_viewport(ratio=1)
        is_new.append(float(last.get_attribute("data-time") or 0) > began)
    assert is_new == [True, True, False]


def test_page_names_who_is_locked_out_and_who_gets_in_wrongly(
    tab: Page, emulator: Emulator
) -> None:
    put(emulator, SITE, "https://shop.example.com")
    evil = "https://shop.example.com.evil.test/"
    assert fetch(emulator, BLOG).status_code == 403
    assert fetch(emulator, evil).status_code == 200
    visit(tab, emulator, "requests")
    for name in ("blog.example.com", "shop.example.com.evil.test"):
        link = tab.locator("#answer").get_by_text(name, exact=True)
        expect(link).to_be_in_viewport(ratio=1)


def test_request_of_an_hour_ago_is_found_by_its_time(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    clock, ago = emulator.controls.clock, time.time() - 3600
    clock.shift = -3600.0
    fetch(emulator, OLD)
    clock.shift = 0.0
    for _ in range(30):
        fetch(emulator, SITE)
    visit(hand.tab, emulator, "requests?by=time")
    expect(hand.tab.locator("#rows tbody tr")).to_have_count(31)
    hand.tab.keyboard.press("/")
    hand.tab.keyboard.insert_text(f"time:{time.strftime('%H:%M', time.localtime(ago))}")
    found = hand.tab.locator("#rows tbody tr")
    expect(found).to_have_count(1)
    hand.press(found.locator("a"))
    expect(hand.tab.locator("#detail")).to_contain_text("old.example.com")
    within(1)


def test_embedding_is_tried_on_a_page_of_another_site(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    visit(hand.tab, emulator, "embed")
    hand.paste(hand.tab.locator("[name=host]"), "https://blog.example.net/post/1")
    hand.press(hand.tab.locator("form button.primary"))
    expect(hand.tab.locator("#results .embedded").first).to_contain_text("blog.example.net")
    within(3)


def test_story_is_shared_with_one_click(
    hand: Hand, within: Callable[[int], None], emulator: Emulator
) -> None:
    put(emulator, SITE)
    fetch(emulator, BLOG)
    number = emulator.controls.journal.entries()[-1].number
    visit(hand.tab, emulator, f"requests/{number}")
    hand.press(hand.tab.locator("[data-copy='#share-link']"))
    expect(hand.tab.locator("#announce")).not_to_be_empty()
    within(1)
    shared = hand.tab.evaluate("() => navigator.clipboard.readText()")
    other = hand.tab.context.new_page()
    other.goto(shared)
    expect(other.locator("main")).to_contain_text("blog.example.com")


def test_lab_on_the_disk_fixes_and_shares(
    hand: Hand, within: Callable[[int], None], folder: Path
) -> None:
    tab = hand.tab
    tab.context.set_offline(True)
    tab.goto(f"{folder.as_uri()}/index.html")
    expect(tab.locator("#engine")).to_be_hidden(timeout=180_000)
    paste_anywhere(tab, "\n".join(FORTY))
    expect(tab.locator("#lines [data-place^=whitelist]")).to_have_count(40, timeout=180_000)
    hand.press(tab.locator("#use"))
    expect(tab.locator("#use")).to_have_count(0)
    whitelist = tab.locator("#whitelist")
    fixed = whitelist.input_value()
    hand.press(tab.locator("#link"))
    expect(tab.locator("#announce")).not_to_be_empty()
    within(2)
    shared = tab.evaluate("() => navigator.clipboard.readText()")
    other = tab.context.new_page()
    other.goto(shared)
    expect(other.locator("#whitelist")).to_have_value(fixed, timeout=180_000)
