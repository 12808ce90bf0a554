"""The story of a request in a real browser: from "denied" to "fixed, and in production"."""

from __future__ import annotations

import re
from functools import partial

import pytest
import requests
from oss_emulator import Emulator
from oss_referer import RefererConfiguration
from oss_referer.sources import forms, referer_xml
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import axe
from tests.browser.conftest import PATIENCE
from tests.browser.console import BUCKET, SETTLED, fetch, visit

pytestmark = pytest.mark.system

KEY = "hello.txt"
SITE, BLOG = "https://www.example.com/", "https://blog.example.com"


@pytest.fixture(autouse=True)
def reset(emulator: Emulator) -> None:
    emulator.reset()


# --- The address of a story


def test_open_story_has_an_address_and_back_closes_it(tab: Page, emulator: Emulator) -> None:
    for referer in ("http://a.test/", "http://b.test/"):
        fetch(emulator, referer)
    visit(tab, emulator, "requests")
    rows, detail = tab.locator("#rows tbody tr"), tab.locator("#detail")
    number = int(rows.first.get_attribute("data-number") or 0)
    rows.first.click()
    expect(detail).to_contain_text("http://b.test/")
    expect(tab).to_have_url(re.compile(f"/requests/{number}$"))
    rows.nth(1).click()
    expect(detail).to_contain_text("http://a.test/")
    tab.go_back()
    expect(detail).to_be_hidden()
    expect(tab).to_have_url(re.compile("/requests[?]?$"))
    tab.go_forward()
    expect(detail).to_contain_text("http://a.test/")
    tab.get_by_label("Search").fill("b.test")
    expect(rows).to_have_count(1)
    detail.press("Escape")
    expect(detail).to_be_hidden()
    expect(tab).to_have_url(re.compile("/requests[?]q=b.test$"))


def test_story_that_was_asked_for_last_stays(tab: Page, emulator: Emulator) -> None:
    for referer in ("http://slow.test/", "http://quick.test/"):
        fetch(emulator, referer)
    slow, quick = (entry.number for entry in emulator.journal)
    visit(tab, emulator, "requests")
    held: list[Route] = []
    tab.route(f"**/_emulator/requests/{slow}", lambda route: held.append(route))
    detail = tab.locator("#detail")
    tab.locator(f"tr[data-number='{slow}']").click()
    tab.locator(f"tr[data-number='{quick}']").click()
    expect(detail).to_contain_text("http://quick.test/")
    with tab.expect_event("requestfinished", lambda request: request == held[0].request):
        held[0].continue_()
    tab.evaluate(SETTLED)
    expect(detail).to_contain_text("http://quick.test/")
    expect(tab).to_have_url(re.compile(f"/requests/{quick}$"))


def test_address_of_a_story_shows_it_alone_after_a_reload(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, "http://a.test/")
    visit(tab, emulator, "requests")
    tab.locator("#rows tbody tr").first.click()
    expect(tab.locator("#detail")).to_be_visible()
    tab.reload()
    expect(tab.locator("main > .story")).to_contain_text("http://a.test/")
    tab.go_back()
    expect(tab.locator("#rows tbody tr")).to_have_count(1)


def test_story_that_covers_the_page_keeps_the_focus(browser: Browser, emulator: Emulator) -> None:
    fetch(emulator, "http://a.test/")
    tab = browser.new_page(viewport={"width": 390, "height": 780})
    tab.set_default_timeout(PATIENCE)
    visit(tab, emulator, "requests")
    tab.locator("#rows tbody tr").first.click()
    detail = tab.locator("#detail")
    expect(detail).to_be_focused()
    for _ in range(30):
        tab.keyboard.press("Tab")
        assert tab.evaluate(
            "document.activeElement.closest('main') === null || "
            "document.activeElement.closest('#detail') !== null"
        )
    tab.go_back()
    expect(detail).to_be_hidden()
    expect(tab.locator("#rows tbody a").first).to_be_focused()
    tab.close()


# --- From "denied" to "fixed, and in production"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", axe.WIDTHS)
def test_denied_request_is_allowed_sent_again_and_exported(
    browser: Browser, emulator: Emulator, width: int, language: str
) -> None:
    assert fetch(emulator, f"{BLOG}/post/1?x=2").status_code == 403
    look = partial(axe.find_violations, script=axe.source(), widths=[width])
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=language)
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    words = WORDS[language]
    visit(tab, emulator, "requests")
    tab.locator("#rows tbody tr").first.click()
    story = tab.locator("#detail")
    # Denied, because of this list; the nearest entry, and where it parts.
    expect(story.locator(".badges .denied")).to_be_visible()
    expect(story.locator(".parting .differs").first).to_have_text("www.example.com/")
    expect(story.locator(".parting .differs").nth(1)).to_have_text("blog.example.com/post/1")
    expect(story).to_contain_text(words["host"])
    assert look(tab) == []
    # Allow this site, with the proof of what changes.
    story.get_by_role("button", name=f"{words['allow']} {BLOG}").click()
    expect(story.locator("#remedy")).to_contain_text(words["proved"])
    expect(story.locator("#remedy .edits")).to_contain_text(f"{BLOG}/")
    assert look(tab) == []
    # Apply, resend.
    story.get_by_role("button", name=words["apply"], exact=True).click()
    expect(story.locator("#remedies")).to_contain_text(words["applied"])
    story.locator("#remedies").get_by_role("button", name=words["resend"]).click()
    rows = story.locator(".resent tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0).locator(".code4")).to_have_text("403")
    expect(rows.nth(1).locator(".code2")).to_have_text("200")
    assert fetch(emulator, f"{BLOG}/other").status_code == 200
    # Export to production.
    story.get_by_role("button", name=words["export"]).click()
    form = story.locator("#exported [data-form=hcl]")
    form.locator("summary").click()
    with tab.expect_download() as download:
        form.locator("a[download]").click()
    (rules,) = forms.parse(download.value.path().read_bytes()).values()
    assert f"{BLOG}/" in rules.whitelist
    assert look(tab) == []
    # Undo, and the story says that the rules are the same again.
    story.get_by_role("button", name=words["undo"]).click()
    expect(story.locator("#remedies")).to_contain_text(words["undone"])
    assert fetch(emulator, f"{BLOG}/other").status_code == 403
    context.close()


WORDS = {
    "en": {
        "host": "The host differs.",
        "allow": "Allow",
        "proved": "Proved",
        "apply": "Apply",
        "applied": "Applied",
        "resend": "Send it again",
        "export": "Export to production",
        "undo": "Undo",
        "undone": "Undone",
    },
    "zh": {
        "host": "域名不同。",
        "allow": "允许",
        "proved": "已证明",
        "apply": "应用",
        "applied": "已应用",
        "resend": "重新发送",
        "export": "导出到生产环境",
        "undo": "撤销",
        "undone": "已撤销",
    },
}


def put_rules(emulator: Emulator, rules: RefererConfiguration) -> None:
    emulator.put(f"/{BUCKET}?referer", referer_xml.format(rules))


def visit_last(tab: Page, emulator: Emulator, language: str = "en") -> None:
    """Visit the story of the last request, on a page of its own."""
    visit(tab, emulator, f"requests/{emulator.journal[-1].number}?language={language}")


def test_rules_that_changed_after_the_proof_are_not_overwritten(
    tab: Page, emulator: Emulator
) -> None:
    fetch(emulator, f"{BLOG}/")
    visit_last(tab, emulator)
    tab.get_by_role("button", name=f"Allow {BLOG}").click()
    expect(tab.locator("#remedy")).to_be_focused()
    others = RefererConfiguration(False, whitelist=("https://others.test/",))
    put_rules(emulator, others)
    tab.get_by_role("button", name="Apply", exact=True).click()
    expect(tab.locator("#announce")).to_contain_text("got other rules")
    assert fetch(emulator, "https://others.test/").status_code == 200
    assert fetch(emulator, f"{BLOG}/").status_code == 403
    tab.reload()
    expect(tab.locator(".story")).to_contain_text("The bucket has other rules now.")


def test_request_that_changes_something_is_sent_again_after_a_question(
    tab: Page, emulator: Emulator
) -> None:
    requests.delete(f"{emulator.endpoint}/{BUCKET}/{KEY}", timeout=20)
    visit_last(tab, emulator)
    tab.get_by_role("button", name="Send it again").click()
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("DELETE may change the bucket")
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert len(emulator.journal) == 1
    tab.get_by_role("button", name="Send it again").click()
    dialog.get_by_role("button", name="Send it again").click()
    expect(tab.locator(".resent")).to_contain_text("Permissions deny it")
    assert len(emulator.journal) == 2


HOSTILE = "https://a.test/\"><img src=x onerror='document.title=`hit`'>"

STORIES: dict[str, tuple[RefererConfiguration, str | None, dict[str, str]]] = {
    "blacklisted": (
        RefererConfiguration(blacklist=("https://*.thief.test/",)),
        "https://a.thief.test/",
        {"en": "matches", "zh": "匹配"},
    ),
    "empty": (
        RefererConfiguration(False, whitelist=(SITE,)),
        None,
        {"en": "an app, curl, a script", "zh": "应用程序、curl、脚本"},
    ),
    "allowed": (
        RefererConfiguration(False, whitelist=(SITE, f"{BLOG}/")),
        SITE,
        {"en": "Deny", "zh": "拒绝"},
    ),
    "hostile": (
        RefererConfiguration(False, whitelist=(HOSTILE,)),
        f"{HOSTILE[:-1]}!",
        {"en": "<img", "zh": "<img"},
    ),
    "long": (
        RefererConfiguration(
            False, whitelist=tuple(f"https://a{number}.example.com/" for number in range(600))
        ),
        f"{BLOG}/{'x' * 5000}",
        {"en": "All 600 entries", "zh": "600"},
    ),
}
"""Rules, a Referer, and what the story says of it in each language."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_of_story_is_readable(tab: Page, emulator: Emulator, language: str) -> None:
    script, found = axe.source(), {}
    for name, (rules, referer, said) in STORIES.items():
        put_rules(emulator, rules)
        fetch(emulator, referer)
        visit_last(tab, emulator, language)
        expect(tab.locator(".story")).to_contain_text(said[language])
        remedy = tab.locator("form[data-path^=remedies] button").first
        if name != "hostile":  # no page sends such a Referer, so nothing is offered
            remedy.click()
            expect(tab.locator("#remedy .edits").first).to_be_visible()
        found[name] = axe.find_violations(tab, script)
        assert tab.title() != "hit"
    assert {name: said for name, said in found.items() if said} == {}
