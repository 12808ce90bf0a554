"""The first screen in a real browser: who is locked out, the strip of time, and the search."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import DEMO
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import axe
from tests.browser.conftest import PATIENCE
from tests.browser.console import BUCKET, SETTLED, SITE, THIEF, fetch, visit

pytestmark = pytest.mark.system

BLOG, SHOP = "https://blog.example.com/", "https://shop.example.com/"
ALL = "https://*.example.com/"


@pytest.fixture
def emulator(emulator: Emulator) -> Iterator[Emulator]:
    emulator.reset()
    yield emulator
    emulator.reset()


def put(emulator: Emulator, *whitelist: str) -> None:
    """Put rules as a client does."""
    document = referer_xml.format(RefererConfiguration(True, whitelist=whitelist))
    emulator.put(f"/{BUCKET}?referer", document)


def lock_out(emulator: Emulator, *referers: str) -> None:
    """Let sites get in, then change the rules so that they are locked out."""
    put(emulator, ALL)
    for referer in referers:
        fetch(emulator, referer)
    put(emulator, SITE)
    for referer in referers:
        fetch(emulator, referer)


def see(tab: Page, emulator: Emulator, query: str = "") -> None:
    """Open the first screen, and wait until it is live."""
    visit(tab, emulator, f"requests{query}")
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")


def site(tab: Page, host: str) -> Locator:
    return tab.locator("#sites tr[data-key]", has_text=host)


# --- The answer


def test_answer_follows_new_requests(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, SITE)
    see(tab, emulator)
    answer = tab.get_by_role("heading", level=1)
    expect(answer).to_have_text("None of your sites is locked out")
    expect(tab.locator("#answer")).to_have_attribute("aria-live", "polite")
    fetch(emulator, "http://blog.example.com/")
    expect(answer).to_have_text("1 of your sites is locked out")
    expect(site(tab, "blog.example.com")).to_contain_text("1 denied")
    expect(tab.locator("#time .legend")).to_contain_text(re.compile(r"denied\s*1"))


def test_earlier_rules_are_restored_and_that_is_undone(tab: Page, emulator: Emulator) -> None:
    lock_out(emulator, BLOG, SHOP)
    see(tab, emulator)
    why = tab.locator("#answer .why")
    expect(why).to_contain_text(f"2 of {BUCKET} since")
    expect(why).to_contain_text("when its rules changed")
    why.locator("summary").click()
    expect(why.locator("del")).to_have_text(f"- {ALL}")
    expect(why.locator("ins")).to_have_text(f"+ {SITE}")
    tab.get_by_role("button", name="Put the earlier rules back").click()
    said = tab.locator("#put-back")
    expect(said).to_contain_text(f"The earlier rules of {BUCKET} are back")
    expect(tab.get_by_role("heading", level=1)).to_have_text("None of your sites is locked out")
    assert fetch(emulator, BLOG).status_code == 200
    said.get_by_role("button", name="Undo").click()
    expect(said).to_contain_text("has the later rules again")
    assert fetch(emulator, BLOG).status_code == 403


def test_sites_of_the_last_minute_are_seen_at_once(tab: Page, emulator: Emulator) -> None:
    """The site that was denied last comes first, with the time of the denial."""
    began = time.time()
    for referer in (SHOP, BLOG, SHOP):
        fetch(emulator, referer)
    see(tab, emulator)
    rows = tab.locator("#sites tbody[data-band=yours] tr[data-key]")
    expect(rows.locator("th")).to_contain_text(["shop.example.com", "blog.example.com"])
    shown = rows.first.locator(".last time")
    expect(shown).to_be_in_viewport()
    expect(shown).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    assert began < float(shown.get_attribute("data-time") or 0) < time.time()


# --- Sites


def test_allow_leads_to_the_proposal_and_applies_nothing(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, BLOG)
    see(tab, emulator)
    tab.get_by_role("link", name="Allow blog.example.com").click()
    detail = tab.locator("#detail")
    expect(detail).to_contain_text(BLOG)
    expect(detail.locator(".primary").first).to_be_focused()
    assert fetch(emulator, BLOG).status_code == 403
    detail.press("Escape")
    expect(detail).to_be_hidden()
    expect(tab).to_have_url(re.compile("/requests[?]?$"))


def test_sites_and_requests_are_used_with_keys_alone(tab: Page, emulator: Emulator) -> None:
    lock_out(emulator, BLOG, SHOP)
    see(tab, emulator)
    tab.keyboard.press("ArrowDown")
    first, second = tab.locator("#sites tr[data-key] th > a").all()
    expect(first).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    tab.keyboard.press("Enter")
    detail = tab.locator("#detail")
    expect(detail).to_contain_text(BLOG)
    tab.keyboard.press("Escape")
    expect(second).to_be_focused()
    tab.keyboard.press("a")
    expect(detail.locator(".primary").first).to_be_focused()
    tab.keyboard.press("Escape")
    expect(second).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(tab.locator("#rows summary").first).to_be_focused()
    tab.keyboard.press("ArrowDown")
    expect(tab.locator("#rows th a").first).to_be_focused()


def test_fixed_site_keeps_its_place_until_a_reload(tab: Page, emulator: Emulator) -> None:
    lock_out(emulator, BLOG, SHOP, "https://m.example.com/")
    see(tab, emulator)
    rows = tab.locator("#sites tbody[data-band=yours] tr[data-key]")
    expect(rows.locator("th")).to_contain_text(["m.example.com", "shop", "blog"])
    put(emulator, SITE, SHOP)
    expect(rows.nth(1)).to_contain_text("now in")
    expect(tab.get_by_role("heading", level=1)).to_have_text("2 of your sites are locked out")
    fetch(emulator, SHOP)
    expect(rows.nth(1).locator(".allowed-count")).to_have_text("2 allowed")
    expect(rows.nth(1)).to_contain_text("shop.example.com")
    tab.reload()
    expect(rows.locator("th")).to_contain_text(["m.example.com", "blog"])


@pytest.mark.parametrize("order", ["site", "time"])
def test_nothing_moves_under_the_pointer(tab: Page, emulator: Emulator, order: str) -> None:
    fetch(emulator, "http://one.test/")
    see(tab, emulator, f"?by={order}")
    tab.locator("#sites-strangers summary").click()
    row = site(tab, "one.test")
    row.hover()
    before = row.bounding_box()
    fetch(emulator, "http://blog.example.com/")
    fetch(emulator, "http://one.test/")
    expect(row).to_contain_text("2 denied")
    assert site(tab, "blog.example.com").count() == 0
    now = row.bounding_box()
    assert before is not None
    assert now is not None
    assert now["height"] == before["height"]
    tab.get_by_role("navigation").hover()
    expect(site(tab, "blog.example.com")).to_be_visible()


def test_requests_signed_in_the_header_are_one_row(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, SITE)
    for _ in range(2):
        emulator.bucket(BUCKET).get_object("hello.txt").read()
    see(tab, emulator)
    inside = tab.locator("#sites-in")
    expect(inside.locator("summary")).to_contain_text("Getting in (1)")
    expect(inside.locator("tbody tr").first).to_be_hidden()
    inside.locator("summary").click()
    expect(site(tab, "www.example.com")).to_be_visible()
    expect(inside.locator(".signed")).to_contain_text("as SDKs do")
    expect(inside.locator(".signed .number")).to_have_text("2")


# --- Time


def spread(emulator: Emulator) -> None:
    """Put a request into the journal in each minute of the last ten."""

    def record() -> None:
        controls, now = emulator.controls, emulator.controls.clock.now()
        for minute in range(10, 0, -1):
            target, fields = f"/{BUCKET}/{minute}.txt", [("Host", "localhost"), ("Referer", THIEF)]
            asked = Request.parse("GET", target, fields, now - 60 * minute)
            outcome = controls.service.admit(asked)
            assert isinstance(outcome, Refused)
            controls.journal.record(outcome, Response(403), 0, 0.001)

    emulator.run(record)


def test_time_is_chosen_by_dragging(tab: Page, emulator: Emulator) -> None:
    spread(emulator)
    see(tab, emulator, "?by=time")
    rows = tab.locator("#rows tbody tr")
    expect(rows).to_have_count(10)
    box = tab.locator("#strip").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] * 0.8, y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"], y, steps=5)
    tab.mouse.up()
    search = tab.get_by_label("Search")
    expect(search).to_have_value(
        re.compile(r"^time:\d\d:\d\d:\d\d\.\.\d\d:\d\d:\d\d[+-]\d\d:\d\d$")
    )
    expect(rows).to_have_count(3)  # of the last three minutes
    assert "q=time" in tab.url
    tab.reload()
    expect(rows).to_have_count(3)
    tab.get_by_role("link", name="whole time").click()
    expect(rows).to_have_count(10)
    expect(search).to_have_value("")


def test_ends_of_the_time_are_moved_with_keys(tab: Page, emulator: Emulator) -> None:
    spread(emulator)
    see(tab, emulator, "?by=time")
    rows = tab.locator("#rows tbody tr")
    end = tab.get_by_role("slider", name="End of the chosen time")
    begin = tab.get_by_role("slider", name="Beginning of the chosen time")
    expect(end).to_have_attribute("aria-valuenow", "900")
    expect(end).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d:\d\d"))
    end.focus()
    tab.keyboard.press("Shift+ArrowLeft")
    expect(end).to_have_attribute("aria-valuenow", "840")
    expect(rows).to_have_count(9)
    expect(end).to_be_focused()
    tab.keyboard.press("ArrowLeft")
    expect(end).to_have_attribute("aria-valuenow", "825")
    begin.focus()
    tab.keyboard.press("ArrowRight")
    expect(begin).to_have_attribute("aria-valuenow", "15")


def test_verdict_is_chosen_in_the_legend(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, SITE)
    fetch(emulator, THIEF)
    see(tab, emulator)
    rows = tab.locator("#rows tbody tr")
    denied = tab.locator(".legend").get_by_role("link", name="denied")
    denied.click()
    expect(rows).to_have_count(1)
    expect(tab.get_by_label("Search")).to_have_value("is:denied")
    expect(denied).to_have_attribute("aria-current", "true")
    denied.click()
    expect(rows).to_have_count(2)


def test_change_of_rules_is_a_line_in_the_chart(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, SITE)
    see(tab, emulator)
    expect(tab.locator("#strip .changed")).to_have_count(0)
    put(emulator, SITE)
    expect(tab.locator("#strip .changed")).to_have_count(1)
    expect(tab.locator(".flag")).to_contain_text(re.compile(r"rules changed \d\d:\d\d:\d\d"))


# --- The list and the search


def test_list_is_by_site_or_in_order_of_arrival(tab: Page, emulator: Emulator) -> None:
    for referer in (THIEF, SITE, THIEF):
        fetch(emulator, referer)
    see(tab, emulator)
    groups = tab.locator("#rows > details")
    expect(groups.locator("summary")).to_contain_text(["2 denied", "1 allowed"])
    rows = tab.locator("#rows tbody tr")
    expect(rows.locator(".referer")).to_have_text([THIEF, THIEF, SITE])
    groups.first.locator("summary").click()
    tab.locator("h1").click()
    fetch(emulator, THIEF)
    expect(groups.first.locator("summary")).to_contain_text("3 denied")
    expect(groups.first).not_to_have_attribute("open", "")
    tab.get_by_role("link", name="as they came").click()
    expect(rows.locator(".referer")).to_have_text([THIEF, THIEF, SITE, THIEF])
    assert "by=time" in tab.url
    heights = rows.evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
    assert heights == [24] * 4


def test_bad_token_is_reported_and_the_list_stays(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    see(tab, emulator)
    tab.get_by_label("Search").fill("status:abc")
    expect(tab.locator("#problem")).to_have_text(
        "status: takes a status such as 403, or 4xx, not 'abc'."
    )
    expect(tab.locator("#rows tbody tr")).to_have_count(1)
    tab.get_by_label("Search").fill("status:404")
    expect(tab.locator("#problem")).to_have_text("")
    expect(tab.locator("#rows tbody tr")).to_have_count(0)


def test_expired_url_says_so_in_its_row(tab: Page, emulator: Emulator) -> None:
    query = "OSSAccessKeyId=oss-emulator&Expires=1&Signature=x"
    requests.get(f"{emulator.endpoint}/{BUCKET}/hello.txt?{query}", timeout=20)
    fetch(emulator, SITE)
    see(tab, emulator)
    expect(tab.locator("#rows")).to_contain_text("signature expired")
    tab.get_by_role("link", name="signature expired: 1").click()
    expect(tab.get_by_label("Search")).to_have_value("is:expired")
    expect(tab.locator("#rows tbody tr")).to_have_count(1)


def test_fresh_server_shows_two_commands_that_work(tab: Page) -> None:
    with Emulator(seed=DEMO) as fresh:
        see(tab, fresh)
        expect(tab.locator("#empty")).to_be_visible()
        expect(tab.locator("#find")).to_be_hidden()
        expect(tab.locator("#list")).to_be_hidden()
        for place, status in enumerate(("200", "403")):
            trial = tab.locator(".try").nth(place)
            expect(trial).to_contain_text(status)
            command = trial.locator("code").inner_text()
            referer, url = re.findall(r"'Referer: (.*)' (\S+)$", command)[0]
            answer = requests.get(url, headers={"Referer": referer}, timeout=20)
            assert str(answer.status_code) == status
        expect(tab.locator("#rows tbody tr")).to_have_count(2)
        expect(tab.locator("#find")).to_be_visible()
        expect(tab.locator("#empty")).to_be_hidden()


# --- For everyone


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(tab: Page, emulator: Emulator, language: str) -> None:
    lock_out(emulator, BLOG)
    for referer in (THIEF, SITE):
        fetch(emulator, referer)
    see(tab, emulator, f"?language={language}")
    script = axe.source()
    for part in ("#sites-in", "#sites-strangers", "#answer"):
        tab.locator(f"{part} summary").click()
    assert axe.find_violations(tab, script) == []


def test_narrow_page_has_two_lines_a_site_and_no_ec(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    tab.set_viewport_size({"width": 390, "height": 844})
    see(tab, emulator)
    row = site(tab, "thief.example.org")
    tab.locator("#sites-strangers summary").click()
    expect(row.locator(".trend")).to_be_visible()
    # Both at one moment, because the page replaces the row when it has news.
    is_below = row.evaluate("""(row) => {
        const box = (part) => row.querySelector(part).getBoundingClientRect();
        return box(".trend").top >= box("th").bottom - 1;
    }""")
    assert is_below
    expect(tab.locator("#rows .ec").first).to_be_hidden()
    tab.evaluate(SETTLED)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_narrow_page_shows_signed_requests_and_long_names_whole(
    tab: Page, emulator: Emulator
) -> None:
    emulator.bucket(BUCKET).get_object("hello.txt").read()
    tab.set_viewport_size({"width": 390, "height": 844})
    see(tab, emulator)
    tab.locator("#sites-in summary").click()
    label = tab.locator("#sites-in .signed a")
    expect(label).to_have_text("not checked: signed in the header, as SDKs do")
    label.click(trial=True)  # fails if anything hides it
    for path in (f"rules/{'n' * 63}", f"objects/{BUCKET}?key={'k' * 80}"):
        visit(tab, emulator, path)
        assert tab.evaluate("document.documentElement.scrollWidth") == 390


def test_page_without_scripts_has_no_dead_control(browser: Browser, emulator: Emulator) -> None:
    lock_out(emulator, BLOG)
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    visit(tab, emulator, "requests")
    expect(tab.locator("h1")).to_have_text("1 of your sites is locked out")
    assert tab.locator("main button:visible").count() == 0
    assert tab.get_by_role("slider").count() == 0
    assert "Live" not in tab.locator("main").inner_text()
    tab.get_by_role("link", name="as they came").click()
    expect(tab.locator("#rows tbody tr")).to_have_count(2)
    context.close()
