"""The list of requests in a real browser: new rows, rows that wait, and filters."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.api import access
from oss_emulator.control.console.requests import LONGER, MOST_SENT, PAUSE, SHOWN
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import DEMO
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import axe
from tests.browser.console import BUCKET, SETTLED, SITE, THIEF, follow

pytestmark = pytest.mark.system

MOST_ROWS = 500


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    """The server, cleared of the requests of other tests."""
    emulator.run(emulator.controls.journal.clear)
    emulator.controls.clock.shift = 0.0
    return emulator


def visit(tab: Page, emulator: Emulator, query: str = "", order: str = "time") -> Locator:
    """Open the list; return its rows once it is live."""
    tab.goto(f"{emulator.endpoint}/_emulator/requests?by={order}&{query}")
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    return tab.locator("#rows tbody tr")


def fetch(emulator: Emulator, referer: str = THIEF, path: str = f"{BUCKET}/hello.txt") -> None:
    """Ask for an object, which the rules deny to most Referers."""
    requests.get(f"{emulator.endpoint}/{path}", headers={"Referer": referer}, timeout=20)


def record(emulator: Emulator, count: int) -> None:
    """Put requests into the journal, all at the same moment."""

    def put() -> None:
        controls = emulator.controls
        target, fields = f"/{BUCKET}/hello.txt", [("Host", "localhost"), ("Referer", THIEF)]
        now = controls.clock.now()
        outcome = controls.service.admit(Request.parse("GET", target, fields, now))
        assert isinstance(outcome, Refused)
        for _ in range(count):
            controls.journal.record(outcome, Response(403), 0, 0.001)

    emulator.run(put)


# --- Rows that wait


def test_new_requests_wait_while_the_pointer_is_in_the_list(tab: Page, emulator: Emulator) -> None:
    fetch(emulator)
    rows = visit(tab, emulator)
    first = rows.first.get_attribute("data-number")
    rows.first.hover()
    fetch(emulator)
    expect(tab.get_by_role("button", name="1 new request", exact=True)).to_be_visible()
    fetch(emulator)
    fresh = tab.get_by_role("button", name="2 new requests")
    expect(fresh).to_be_visible()
    assert rows.first.get_attribute("data-number") == first
    tab.get_by_role("navigation").hover()
    expect(rows).to_have_count(3)
    expect(fresh).to_be_hidden()
    fetch(emulator)
    expect(rows).to_have_count(4)


def test_new_requests_wait_while_the_focus_is_in_the_list(tab: Page, emulator: Emulator) -> None:
    fetch(emulator)
    rows = visit(tab, emulator)
    rows.first.get_by_role("link").focus()
    fetch(emulator)
    fresh = tab.get_by_role("button", name="1 new request", exact=True)
    expect(fresh).to_be_visible()
    expect(rows).to_have_count(1)
    fresh.press("Enter")
    expect(rows).to_have_count(2)
    expect(fresh).to_be_hidden()
    expect(rows.first.get_by_role("link")).to_be_focused()


def test_new_requests_wait_while_the_reader_is_further_down(tab: Page, emulator: Emulator) -> None:
    record(emulator, 150)
    rows = visit(tab, emulator)
    tab.evaluate("scrollTo(0, 2000)")
    tab.evaluate(SETTLED)
    place = "() => document.querySelector('#rows tbody tr:nth-child(60)').getBoundingClientRect().y"
    before = tab.evaluate(place)
    record(emulator, 12)
    fresh = tab.get_by_role("button", name="12 new requests")
    expect(fresh).to_be_in_viewport()
    assert abs(tab.evaluate(place) - before) < 1
    fresh.click()
    expect(rows).to_have_count(162)
    expect(rows.first).to_be_in_viewport()
    expect(fresh).to_be_hidden()


@pytest.mark.parametrize("batches", [[90] * 6, [50, MOST_SENT + 20]], ids=str)
def test_waiting_requests_leave_no_gap(
    tab: Page, emulator: Emulator, batches: Sequence[int]
) -> None:
    fetch(emulator)
    rows, fresh = visit(tab, emulator), tab.locator("#fresh")
    rows.first.hover()
    total = 0
    for count in batches:
        record(emulator, count)
        total += count
        expect(fresh).to_have_text(f"{total} new requests")
    fresh.click()
    numbers = rows.evaluate_all("(rows) => rows.map((row) => Number(row.dataset.number))")
    assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1))
    assert len(numbers) <= SHOWN
    expect(tab.get_by_role("button", name="Show older requests")).to_be_visible()


# --- Keys


def test_list_is_used_with_keys_alone(tab: Page, emulator: Emulator) -> None:
    for number in range(3):
        fetch(emulator, path=f"{BUCKET}/{number}.txt")
    links = visit(tab, emulator).get_by_role("link")
    tab.keyboard.press("/")
    search = tab.get_by_label("Search")
    expect(search).to_be_focused()
    tab.keyboard.type("a/b")
    expect(search).to_have_value("a/b")
    expect(links).to_have_count(0)
    search.fill("")
    expect(links).to_have_count(3)
    strangers = tab.locator("#sites-strangers")
    tab.keyboard.press("ArrowDown")
    expect(strangers.locator("summary")).to_be_focused()
    tab.keyboard.press("Enter")
    tab.keyboard.press("ArrowDown")
    expect(strangers.locator("th > a", has_text=THIEF.split("/")[2])).to_be_focused()
    for key, focused in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1)]:
        tab.keyboard.press(key)
        expect(links.nth(focused)).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#detail")).to_contain_text(f"{BUCKET}/1.txt")
    tab.keyboard.press("Escape")
    expect(links.nth(1)).to_be_focused()


# --- Filters


def test_filter_without_a_match_says_so(tab: Page, emulator: Emulator) -> None:
    fetch(emulator)
    rows = visit(tab, emulator)
    tab.get_by_label("Search").fill("nothing like this")
    expect(tab.get_by_text("No requests match this search")).to_be_visible()
    expect(tab.get_by_text("Nobody has asked for anything yet")).to_be_hidden()
    tab.get_by_role("link", name="All requests").click()
    expect(rows).to_have_count(1)
    expect(tab.get_by_text("No requests match this search")).to_be_hidden()
    expect(tab.get_by_label("Search")).to_have_value("")


# --- Long lists


def test_older_requests_do_not_let_the_list_grow_without_end(tab: Page, emulator: Emulator) -> None:
    record(emulator, 1_200)
    rows = visit(tab, emulator)
    older = tab.get_by_role("button", name="Show older requests")
    for shown in (400, 600, 800):
        older.press("Enter")  # rows that come into view may move the button under the pointer
        expect(rows).to_have_count(shown)
        expect(rows.nth(shown - 200).get_by_role("link")).to_be_focused()
    record(emulator, 1)
    fresh = tab.locator("#fresh")
    fresh.wait_for()  # `expect` takes seconds to describe so many rows while it waits
    expect(rows).to_have_count(800)
    fresh.click()
    expect(rows).to_have_count(MOST_ROWS)
    expect(older).to_be_visible()
    last = int(rows.last.get_attribute("data-number") or 0)
    older.press("Enter")
    expect(rows).to_have_count(MOST_ROWS + 200)
    expect(rows.nth(MOST_ROWS)).to_have_attribute("data-number", f"{last - 1}")


def test_older_requests_come_once_and_only_into_their_own_list(
    tab: Page, emulator: Emulator
) -> None:
    record(emulator, 3 * SHOWN)
    rows, older = visit(tab, emulator), tab.locator("#older")
    older.evaluate("(older) => { older.click(); older.click(); }")
    expect(rows).to_have_count(2 * SHOWN)
    older.press("Enter")
    expect(rows).to_have_count(3 * SHOWN)
    numbers = rows.evaluate_all("(rows) => rows.map((row) => Number(row.dataset.number))")
    assert numbers == list(range(numbers[0], numbers[0] - 3 * SHOWN, -1))

    def filter_meanwhile(route: Route) -> None:
        tab.get_by_label("Search").fill("nothing like this")
        expect(rows).to_have_count(0)
        route.continue_()

    visit(tab, emulator)
    tab.route(re.compile("before="), filter_meanwhile)
    with tab.expect_event("requestfinished", lambda request: "before=" in request.url):
        older.press("Enter")
    tab.evaluate(SETTLED)
    expect(rows).to_have_count(0)


def test_flood_changes_the_list_twice_a_second(tab: Page, emulator: Emulator) -> None:
    """At 400 requests a second, which nobody can read."""
    rows = visit(tab, emulator)
    tab.evaluate(
        """() => {
          window.changes = 0;
          const watched = document.querySelector("#rows tbody");
          new MutationObserver(() => { changes += 1; }).observe(watched, { childList: true });
        }"""
    )
    began = time.monotonic()
    for _ in range(40):
        record(emulator, 40)
        tab.wait_for_timeout(100)
    changes, took = tab.evaluate("changes"), time.monotonic() - began
    assert 0 < changes <= took / (PAUSE * LONGER) + 2
    assert rows.count() <= MOST_ROWS


# --- Clear


def test_clear_is_undone(tab: Page, emulator: Emulator) -> None:
    for _ in range(3):
        fetch(emulator)
    rows = visit(tab, emulator)
    clear = tab.get_by_role("button", name="Clear", exact=True)
    clear.click()
    expect(rows).to_have_count(0)
    expect(tab.get_by_text("Nobody has asked for anything yet")).to_be_visible()
    fetch(emulator, SITE)
    expect(rows).to_have_count(1)
    undo = tab.get_by_role("button", name="Undo Clear")
    undo.click()
    expect(rows).to_have_count(4)
    expect(undo).to_be_hidden()
    expect(clear).to_be_focused()
    rows.last.click()
    expect(tab.locator("#detail .because")).to_contain_text("No whitelist entry matches")


def test_an_answer_leaves_the_focus_where_the_reader_has_moved_it(
    tab: Page, emulator: Emulator
) -> None:
    record(emulator, SHOWN + 50)
    rows, search = visit(tab, emulator), tab.locator("input[name=q]")

    def move_on(route: Route) -> None:
        search.focus()
        route.continue_()

    tab.route(re.compile("/requests(/restore$|.*before=)"), move_on)
    tab.locator("#older").press("Enter")
    expect(rows).to_have_count(SHOWN + 50)
    expect(search).to_be_focused()
    tab.locator("#clear").click()
    expect(rows).to_have_count(0)
    tab.locator("#undo").click()
    expect(rows).to_have_count(SHOWN)
    expect(search).to_be_focused()


def test_clear_asks_when_filters_hide_requests(tab: Page, emulator: Emulator) -> None:
    fetch(emulator)
    fetch(emulator, SITE)
    rows = visit(tab, emulator, "q=is:denied")
    expect(rows).to_have_count(1)
    cleared: list[str] = []
    tab.on("request", lambda sent: cleared.extend([sent.url] * (sent.method == "DELETE")))
    clear = tab.get_by_role("button", name="Clear", exact=True)
    clear.click()
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("also those that the search hides")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    clear.click()
    dialog.get_by_role("button", name="Clear").click()
    expect(tab.get_by_text("No requests match this search")).to_be_visible()
    tab.get_by_role("button", name="Undo Clear").click()
    expect(rows).to_have_count(1)
    assert len(cleared) == 1


# --- A server that goes away


def test_verdicts_are_marked_as_old_until_the_server_is_back(tab: Page, port: int) -> None:
    with Emulator(seed=DEMO, port=port) as first:
        fetch(first)
        rows = visit(tab, first)
        rows.first.click()
        tab.locator("#detail .story").wait_for()
    expect(tab.locator("#state")).to_contain_text(re.compile(r"has not answered since \d\d:\d\d"))
    style = "(verdict) => getComputedStyle(verdict).outlineStyle"
    for verdict in (rows.first.locator(".verdict"), tab.locator("#detail .verdict").first):
        assert verdict.evaluate(style) == "dashed"
    with Emulator(seed=DEMO, port=port):
        expect(tab.locator("#state")).to_have_attribute("data-state", "live")
        expect(tab.locator("#announce")).to_contain_text("The server was started again")
        expect(rows).to_have_count(0)
        assert tab.locator("#detail .verdict").first.evaluate(style) == "none"


def test_list_continues_after_a_lost_connection(tab: Page, emulator: Emulator) -> None:
    fetch(emulator)
    rows = visit(tab, emulator)
    tab.context.set_offline(True)
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(tab.locator("#state")).to_have_attribute("data-state", "lost")
    fetch(emulator)
    tab.context.set_offline(False)
    expect(rows).to_have_count(2)
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    expect(tab.locator("#announce")).to_be_empty()


def test_another_token_after_a_restart_leads_to_the_login(
    tab: Page, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    """The browser does not ask again by itself for events that the server has refused."""
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(seed=DEMO, admin_token="one", port=port) as first:
        tab.goto(f"{first.endpoint}/_emulator/login#token=one")
        expect(tab.locator("#state")).to_have_attribute("data-state", "live")
        fetch(first)
        expect(tab.locator("#rows tbody tr")).to_have_count(1)
    with Emulator(seed=DEMO, admin_token="two", port=port):
        expect(tab.locator("#state")).to_have_attribute("data-state", "lost")
        notice = tab.locator("#login-again")
        expect(notice).to_be_visible()
        expect(tab.locator("#rows tbody tr")).to_have_count(1)
        follow(tab, notice.get_by_role("link"))
        tab.get_by_label("Value of --admin-token").fill("two")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.locator("#state")).to_have_attribute("data-state", "live")


# --- Widths


@pytest.mark.parametrize("language", ["en", "zh"])
def test_only_addresses_in_the_list_are_cut(tab: Page, emulator: Emulator, language: str) -> None:
    """The dates of a shifted clock are longer, but not cut either."""
    fetch(emulator)
    fetch(emulator, path="missing/a.txt")  # not checked
    emulator.controls.clock.shift = -40 * 24 * 3600.0
    record(emulator, 1)
    rows = visit(tab, emulator, f"language={language}")
    cells = tab.locator("#rows tbody td:not(.referer)")
    cut = """(cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth)
      .map((cell) => `${innerWidth}: ${cell.textContent}`)"""
    for width in axe.WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert cells.evaluate_all(cut) == []
    tab.set_viewport_size({"width": 1_440, "height": 800})
    rows.first.click()
    tab.locator("#detail .story").wait_for()
    assert cells.evaluate_all(cut) == []


# --- For everyone


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_in_any_state(tab: Page, language: str) -> None:
    script, found = axe.source(), {}

    def look(state: str) -> None:
        found[state] = axe.find_violations(tab, script)

    with Emulator(seed=DEMO) as emulator:
        rows = visit(tab, emulator, f"language={language}")
        look("nothing yet")
        fetch(emulator)
        link = rows.first.get_by_role("link")
        link.focus()
        fetch(emulator)
        expect(tab.locator("#fresh")).to_be_visible()
        look("new requests wait")
        tab.locator("#pause").click()
        tab.locator("input[name=q]").fill("nothing like this")
        expect(tab.locator("#unmatched")).to_be_visible()
        look("no request fits")
        tab.locator("#clear").click()
        tab.locator("dialog").wait_for()
        look("clear asks")
        tab.locator("dialog .danger").click()
        expect(tab.locator("#undo")).to_be_visible()
        look("cleared")
        tab.locator("#undo").click()
        expect(tab.locator("#undo")).to_be_hidden()  # so that only the next line shows rows
        tab.locator("input[name=q]").fill("")
        rows.first.click()
        tab.locator("#detail .story").wait_for()
        tab.locator("#pause").click()
    expect(tab.locator("#state")).to_have_attribute("data-state", "lost")
    look("the server is gone")
    assert {state: said for state, said in found.items() if said} == {}


SHIFTS = """() => {
  window.shifts = [];
  const look = (list) => shifts.push(...list.getEntries().map(({ value }) => value));
  new PerformanceObserver(look).observe({ type: "layout-shift" });
}"""
"""Collects the layout shifts of a page, as shares of the viewport."""


@pytest.mark.parametrize("order", ["site", "time"])
@pytest.mark.parametrize("width", [1440, 390])
def test_live_traffic_shifts_nothing(tab: Page, emulator: Emulator, order: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    fetch(emulator, SITE)
    visit(tab, emulator, order=order)
    tab.evaluate(SHIFTS)
    for number in range(40):
        fetch(emulator, f"https://site{number % 20}.test/")
        tab.wait_for_timeout(60)
    expect(tab.locator("#count")).to_have_text("41")
    assert sum(tab.evaluate("shifts")) < 0.05
