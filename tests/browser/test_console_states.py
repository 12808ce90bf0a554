"""The console where something is missing or has changed: a login, a clipboard, scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.api import access
from oss_emulator.control.console.embed import POLICIES
from oss_emulator.control.faults import Fault
from oss_emulator.settings import DEMO
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.console import BUCKET, follow, visit

pytestmark = pytest.mark.system


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A server that treats every browser as one on another machine."""
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(seed=DEMO, admin_token="s3cret", domain=("console.test",)) as running:
        yield running


def log_in(tab: Page, far: Emulator, path: str) -> None:
    visit(tab, far, path)
    tab.get_by_label("Value of --admin-token").fill("s3cret")
    follow(tab, tab.get_by_role("button", name="Log in"))


# --- The login


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("requests", "#rows tbody tr"),
        ("emulator", "form[data-path=clock] button"),
    ],
)
def test_page_whose_login_has_ended_leads_to_the_login_and_back(
    tabs: BrowserContext, far: Emulator, path: str, act: str
) -> None:
    """As after a restart with another token."""
    requests.get(f"{far.endpoint}/{BUCKET}/hello.txt", timeout=20)
    tab = tabs.new_page()
    log_in(tab, far, f"{path}?language=en")
    tabs.clear_cookies()
    tab.locator(act).first.click()
    again = tab.locator("#login-again")
    expect(again).to_contain_text("You are not logged in any more")
    expect(tab.locator("input[type=password]")).to_have_count(0)
    follow(tab, again.get_by_role("link", name="Log in"))
    tab.get_by_label("Value of --admin-token").fill("s3cret")
    tab.get_by_role("button", name="Log in").click()
    expect(tab).to_have_url(f"{far.endpoint}/_emulator/{path}?language=en")
    assert "s3cret" not in tab.evaluate("() => JSON.stringify(performance.getEntries())")


def test_list_whose_stream_is_refused_leads_to_the_login(
    tabs: BrowserContext, far: Emulator
) -> None:
    """A browser does not open such a stream again."""
    tab = tabs.new_page()
    log_in(tab, far, "requests?language=en")
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    tabs.clear_cookies()
    for _ in range(2):  # the second click opens the stream again
        tab.get_by_role("button", name="Pause").click()
    expect(tab.locator("#login-again")).to_be_visible()
    expect(tab.locator("#state")).to_have_attribute("data-state", "lost")


def test_url_with_the_token_works_where_the_login_is_open(
    tabs: BrowserContext, far: Emulator
) -> None:
    """A browser does not reload a page when only its fragment changes."""
    tab = tabs.new_page()
    visit(tab, far, "login")
    tab.evaluate("() => { location.hash = 'token=s3cret'; }")
    expect(tab.locator("#answer")).to_be_visible()
    tab.go_back()
    assert "s3cret" not in tab.url


def test_wrong_token_from_another_machine_is_reported(browser: Browser, far: Emulator) -> None:
    """To plain http at a name, a browser sends no Sec-Fetch-Site."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"http://console.test:{far.port}/_emulator/login")
    tab.get_by_label("Value of --admin-token").fill("wrong")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("alert")).to_have_text("This is not the value of --admin-token.")
    context.close()


# --- The clipboard


def test_text_is_copied_at_a_plain_remote_name(browser: Browser, far: Emulator) -> None:
    context = browser.new_context()
    context.grant_permissions(["clipboard-read"], origin=far.endpoint)
    tab = context.new_page()
    tab.goto(f"http://console.test:{far.port}/_emulator/connect")
    tab.get_by_label("Value of --admin-token").fill("s3cret")
    follow(tab, tab.get_by_role("button", name="Log in"))
    button = tab.locator("[data-copy]").first
    wanted = tab.locator(".code code").first.inner_text()
    assert tab.evaluate("() => navigator.clipboard === undefined")
    button.click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    expect(button).to_be_focused()
    reader = context.new_page()
    reader.goto(f"{far.endpoint}/_emulator/login")
    assert reader.evaluate("() => navigator.clipboard.readText()") == wanted
    context.close()


def test_failed_copy_is_reported(tabs: BrowserContext, emulator: Emulator) -> None:
    tabs.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "document.execCommand = () => false;"
    )
    tab = tabs.new_page()
    visit(tab, emulator, "connect")
    tab.locator("[data-copy]").first.click()
    expect(tab.locator("#announce")).to_contain_text("select the text and copy it yourself")


# --- Without scripts


def test_saved_rules_are_shown_without_scripts(browser: Browser, emulator: Emulator) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    visit(tab, emulator, f"rules/{BUCKET}")
    expect(tab.get_by_role("textbox", name="Whitelist")).to_have_value(
        "http://www.example.com/\nhttps://www.example.com/"
    )
    expect(tab.get_by_label("AllowEmptyReferer")).to_be_checked()
    context.close()


EVERYWHERE = (
    *("requests", "requests/1", "rules", f"rules/{BUCKET}", "connect", "emulator", "buckets"),
    *(f"buckets/{BUCKET}", f"objects/{BUCKET}?key=hello.txt", f"objects/{BUCKET}?key=none"),
    *("embed", f"embed?bucket={BUCKET}&key=picture.svg", "login"),
)


def test_pages_without_scripts_offer_only_what_works(browser: Browser) -> None:
    """A button works in a form that a browser sends by itself."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    with Emulator(seed=DEMO, admin_token="s3cret") as running:
        running.run(lambda: running.controls.snapshots.take("before"))
        running.run(lambda: running.controls.faults.add(Fault(latency=0.01)))
        requests.get(f"{running.endpoint}/{BUCKET}/hello.txt", timeout=20)
        dead: dict[str, list[str]] = {}
        for path in EVERYWHERE:
            visit(tab, running, path)
            expect(tab.locator("noscript .notice")).to_be_visible()
            buttons = tab.locator("button, input[type=submit], [role=button], label.button")
            dead[path] = [
                button.inner_text()
                for button in buttons.all()
                if button.is_visible()
                and not button.locator("xpath=ancestor::form[@method]").count()
            ]
            assert "Live" not in tab.locator("main").inner_text(), path
    context.close()
    assert {path: found for path, found in dead.items() if found} == {}


CUT = """[...document.querySelectorAll("time")].filter(time => {
  const place = time.getBoundingClientRect();
  for (let around = time; place.width && around !== document.body; around = around.parentElement) {
    const { left, right } = around.getBoundingClientRect();
    const hides = !["visible", ""].includes(getComputedStyle(around).overflowX);
    if (hides && (place.right > right + 1 || place.left < left - 1)) return true;
  }
  return place.right > innerWidth;
}).map(time => time.parentElement.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", axe.WIDTHS)
def test_times_are_whole_without_scripts(browser: Browser, emulator: Emulator, width: int) -> None:
    emulator.reset()
    for key in ("hello.txt", "picture.svg"):
        requests.get(f"{emulator.endpoint}/{BUCKET}/{key}", timeout=20)
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.set_viewport_size({"width": width, "height": 900})
    for path in (*EVERYWHERE, "requests?by=time"):
        visit(tab, emulator, path)
        assert tab.evaluate(CUT) == [], path
    context.close()


def test_embed_test_shows_its_results_without_scripts(browser: Browser, emulator: Emulator) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    visit(tab, emulator, f"embed?bucket={BUCKET}&key=picture.svg")
    follow(tab, tab.locator("noscript a.button"))
    expect(tab.locator(".embedded > li .verdict.allowed")).to_have_count(len(POLICIES))
    context.close()


# --- The clock


@pytest.mark.parametrize("width", axe.WIDTHS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_dates_of_a_shifted_clock_are_shown_whole(
    browser: Browser, emulator: Emulator, width: int, language: str
) -> None:
    emulator.reset()
    emulator.run(lambda: emulator.controls.clock.set(1_900_000_000.0))
    requests.get(f"{emulator.endpoint}/{BUCKET}/hello.txt", timeout=20)
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=language)
    tab = context.new_page()
    for path in ("requests", "emulator"):
        visit(tab, emulator, path)
        times = tab.locator("main time:visible")
        for time in times.all():
            expect(time).to_have_attribute("title", re.compile("2030"))
            assert time.evaluate(
                """(time) => {
                  const cell = time.closest("td, p, th, summary, div, span");
                  const inner = time.getBoundingClientRect();
                  return inner.right <= cell.getBoundingClientRect().right + 1
                    && inner.right <= innerWidth;
                }"""
            ), (path, width)
    context.close()
    emulator.reset()


# --- Faults


def test_fault_without_an_effect_is_refused_on_the_page(
    tabs: BrowserContext, emulator: Emulator
) -> None:
    tab = tabs.new_page()
    visit(tab, emulator, "emulator")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.locator("#announce")).to_contain_text("it has no effect")
    tab.get_by_role("combobox", name="Operation").fill("GetObjet")
    tab.get_by_label("Status").fill("503")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.locator("#announce")).to_contain_text("use GetObject")
    assert emulator.run(lambda: emulator.controls.faults.planned) == []


# --- Links that lead nowhere


@pytest.mark.parametrize(
    "path",
    ["nowhere", "requests/999", "rules/missing", "buckets/missing", "faults/x"],
)
def test_broken_link_shows_a_page(tabs: BrowserContext, emulator: Emulator, path: str) -> None:
    tab = tabs.new_page()
    visit(tab, emulator, path)
    expect(tab.get_by_role("heading", name="Error 40")).to_be_visible()
    tab.get_by_role("link", name="To the console").click()
    expect(tab.locator("#answer")).to_be_visible()


# --- For everyone


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_in_any_state(tabs: BrowserContext, far: Emulator, language: str) -> None:
    script, found = axe.source(), {}
    tab = tabs.new_page()

    def look(state: str) -> None:
        found[state] = axe.find_violations(tab, script)

    def go(path: str) -> None:
        visit(tab, far, f"{path}?language={language}")

    go("login")
    for token in ("wrong", "s3cret"):
        tab.locator("input[type=password]").fill(token)
        tab.locator("main form button").click()
        if token == "wrong":
            expect(tab.get_by_role("alert")).to_be_visible()
            look("a wrong token")
    expect(tab.locator("#answer")).to_be_visible()
    go("nowhere")
    look("a broken link")
    go("emulator")
    tab.locator("form[data-path=faults] button").click()
    expect(tab.locator("#announce")).not_to_be_empty()
    look("a fault without an effect")
    go(f"buckets/{BUCKET}")
    tab.route("**/content/**", lambda route: route.abort())
    tab.locator("#files").set_input_files(__file__)
    expect(tab.locator("#announce")).to_contain_text("1")
    look("a failed upload")
    far.run(lambda: far.controls.clock.set(1_900_000_000.0))
    requests.get(f"{far.endpoint}/{BUCKET}/hello.txt", timeout=20)
    go("requests")
    look("a shifted clock")
    tabs.clear_cookies()
    tab.locator("#rows tbody tr").first.click()
    expect(tab.locator("#login-again")).to_be_visible()
    look("a login that has ended")
    assert {state: said for state, said in found.items() if said} == {}
