"""The story of a request in a real browser: from "denied" to "fixed, and in production"."""

from __future__ import annotations

import re
from functools import partial

import pytest
import requests
from oss_emulator import Emulator
from oss_referer import RefererConfiguration
from oss_referer.sources import forms, referer_xml
from playwright.sync_api import Browser, Locator, Page, Route, expect

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
    rows, detail = tab.locator("#rows tr[data-number]"), tab.locator("#detail")
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


def test_story_that_was_opened_last_stays(tab: Page, emulator: Emulator) -> None:
    for referer in ("http://slow.test/", "http://quick.test/"):
        fetch(emulator, referer)
    slow, quick = (entry.number for entry in emulator.journal)
    visit(tab, emulator, "requests")
    held: list[Route] = []
    tab.route(f"**/_emulator/requests/{slow}", lambda route: held.append(route))
    detail = tab.locator("#detail")
    tab.locator(f"#rows tr[data-number='{slow}']").click()
    tab.locator(f"#rows tr[data-number='{quick}']").click()
    expect(detail).to_contain_text("http://quick.test/")
    with tab.expect_event("requestfinished", lambda request: request == held[0].request):
        held[0].continue_()
    tab.evaluate(SETTLED)
    expect(detail).to_contain_text("http://quick.test/")
    expect(tab).to_have_url(re.compile(f"/requests/{quick}$"))


def test_address_of_a_story_shows_it_alone_after_a_reload(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, "http://a.test/")
    visit(tab, emulator, "requests")
    tab.locator("#rows tr[data-number]").first.click()
    expect(tab.locator("#detail")).to_be_visible()
    tab.reload()
    expect(tab.locator("main > .story")).to_contain_text("http://a.test/")
    tab.go_back()
    expect(tab.locator("#rows tr[data-number]")).to_have_count(1)


def test_story_that_covers_the_page_keeps_the_focus(browser: Browser, emulator: Emulator) -> None:
    fetch(emulator, "http://a.test/")
    tab = browser.new_page(viewport={"width": 390, "height": 780})
    tab.set_default_timeout(PATIENCE)
    visit(tab, emulator, "requests")
    tab.locator("#rows tr[data-number]").first.click()
    detail = tab.locator("#detail")
    expect(tab.locator("#story")).to_be_focused()
    for _ in range(30):
        tab.keyboard.press("Tab")
        assert tab.evaluate(
            "document.activeElement.closest('main') === null || "
            "document.activeElement.closest('#detail') !== null"
        )
    tab.go_back()
    expect(detail).to_be_hidden()
    expect(tab.locator("#rows tr[data-number] a").first).to_be_focused()
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
    tab.locator("#rows tr[data-number]").first.click()
    story = tab.locator("#detail")
    # Denied, because of this list: the nearest entry, and where the Referer differs from it.
    expect(story.get_by_role("heading", level=2)).to_have_text(words["out"])
    expect(story.locator(".parting mark")).to_have_text(["www", "blog"])
    expect(story).to_contain_text(words["host"])
    # Allow this site: the proof is there already.
    expect(story.locator("#fix h3")).to_have_text(words["allow"])
    expect(story.locator(".proof")).to_contain_text(words["proved"])
    expect(story.locator(".edits")).to_contain_text(f"{BLOG}/")
    assert look(tab) == []
    # Apply, send it again.
    story.get_by_role("button", name=words["apply"], exact=True).click()
    expect(story.get_by_role("heading", level=2)).to_have_text(words["in"])
    expect(tab.locator("#story")).to_be_focused()
    expect(story.locator("#fix")).to_contain_text(words["applied"])
    assert look(tab) == []
    story.get_by_role("button", name=words["resend"]).click()
    lines = story.locator(".again dd")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("403")
    expect(lines.nth(1)).to_contain_text("200")
    assert fetch(emulator, f"{BLOG}/other").status_code == 200
    # Export to production.
    story.get_by_role("button", name=words["export"]).click()
    story.get_by_role("tab", name="Terraform").click()
    form = story.locator("#exported [data-form=hcl]")
    expect(form.locator("ins")).to_contain_text(f"{BLOG}/")
    with tab.expect_download() as download:
        form.locator("a[download]").click()
    (rules,) = forms.parse(download.value.path().read_bytes()).values()
    assert f"{BLOG}/" in rules.whitelist
    assert look(tab) == []
    # Undo: nothing on the page says that the request is allowed, not even the export.
    story.get_by_role("button", name=words["undo"]).click()
    expect(story.locator("#fix")).to_contain_text(words["undone"])
    expect(story.get_by_role("heading", level=2)).to_have_text(words["out"])
    expect(story.locator("#exported")).to_contain_text(SITE.removesuffix("/"))
    expect(story.locator("#exported")).not_to_contain_text(BLOG)
    expect(story.locator("#apply")).to_be_visible()
    expect(story.locator(".again")).to_have_count(0)
    expect(story.locator("#fix > :not(.ways, #exported) .allowed")).to_have_count(0)
    assert fetch(emulator, f"{BLOG}/other").status_code == 403
    assert look(tab) == []
    context.close()


WORDS = {
    "en": {
        "out": "blog.example.com is locked out",
        "host": "The host differs. It is blog, not www.",
        "allow": "Allow this site",
        "proved": "Proved: no other site is decided differently.",
        "apply": "Apply to the bucket",
        "in": "blog.example.com gets in now",
        "applied": "Applied to examplebucket",
        "resend": "Send it again",
        "export": "Export",
        "undo": "Undo",
        "undone": "Undone",
    },
    "zh": {
        "out": "blog.example.com 被拒绝",
        "host": "域名不同。是 blog，不是 www。",
        "allow": "允许该网站",
        "proved": "已证明：其他网站的结果不变。",
        "apply": "应用到 Bucket",
        "in": "blog.example.com 现在允许访问",
        "applied": "已应用到 examplebucket",
        "resend": "重新发送",
        "export": "导出",
        "undo": "撤销",
        "undone": "已撤销",
    },
}


def open_story(tab: Page, emulator: Emulator, language: str = "en") -> Locator:
    """Open the story of the last request beside the list."""
    visit(tab, emulator, f"requests?language={language}")
    number = emulator.journal[-1].number
    tab.locator(f"#rows tr[data-number='{number}']").click()
    tab.locator("#detail .story").wait_for()
    return tab.locator("#detail")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_to_do_is_in_the_top_third(tab: Page, emulator: Emulator, language: str) -> None:
    fetch(emulator, f"{BLOG}/post/1?x=2")
    tab.set_viewport_size({"width": 1_440, "height": 900})
    story = open_story(tab, emulator, language)
    top = story.bounding_box()
    assert top is not None
    for part in ("h2", ".badges .denied", ".parting", "#fix h3", ".proof", "#apply"):
        box = story.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] - top["y"] <= 300, part


def test_allow_leads_to_apply_and_applies_nothing(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, f"{BLOG}/")
    visit_last(tab, emulator, place="#allow")
    expect(tab.locator("#apply")).to_be_focused()
    assert fetch(emulator, f"{BLOG}/").status_code == 403
    tab.keyboard.press("Enter")
    expect(tab.locator("#fix")).to_contain_text("Applied to examplebucket")
    assert fetch(emulator, f"{BLOG}/").status_code == 200


def test_receipt_is_there_after_a_reload_and_when_the_story_is_opened_again(
    tab: Page, emulator: Emulator
) -> None:
    fetch(emulator, f"{BLOG}/")
    story = open_story(tab, emulator)
    tab.locator("#apply").click()
    story.get_by_role("button", name="Send it again").click()
    expect(tab.locator(".again dd").nth(1)).to_contain_text("200")
    tab.reload()
    for again in range(2):
        expect(tab.locator("#fix")).to_contain_text("Applied to examplebucket")
        expect(tab.locator(".again dd").nth(1)).to_contain_text("allowed 200")
        for name in ("Send it again", "Export", "Undo"):
            expect(tab.locator("#fix").get_by_role("button", name=name)).to_be_visible()
        if not again:
            visit(tab, emulator, "requests")
            tab.locator("#rows .denied").first.click()
    tab.get_by_role("button", name="Undo", exact=True).click()
    expect(tab.locator("#apply")).to_be_visible()
    assert fetch(emulator, f"{BLOG}/").status_code == 403


def test_keys_undo_and_lead_back_to_the_row(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, f"{BLOG}/")
    story = open_story(tab, emulator)
    tab.locator("#apply").press("Enter")
    expect(tab.locator("#fix")).to_contain_text("Applied to examplebucket")
    tab.keyboard.press("Control+z")
    expect(tab.locator("#apply")).to_be_visible()
    assert fetch(emulator, f"{BLOG}/").status_code == 403
    tab.keyboard.press("Escape")
    expect(story).to_be_hidden()
    expect(tab.locator(f"#rows a[href$='/{emulator.journal[0].number}']")).to_be_focused()


def test_story_without_scripts_has_no_dead_button(browser: Browser, emulator: Emulator) -> None:
    fetch(emulator, f"{BLOG}/")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    visit_last(tab, emulator)
    expect(tab.locator(".proof")).to_contain_text("Proved")
    closed = tab.locator("details:not([open]) > summary >> visible=true")
    while closed.count():
        closed.first.click()
    expect(tab.locator("pre", has_text="curl -i")).to_be_visible()
    expect(tab.locator("button >> visible=true")).to_have_count(0)
    context.close()


def test_other_ways_are_shown_with_their_proofs(tab: Page, emulator: Emulator) -> None:
    put_rules(emulator, RefererConfiguration(blacklist=("https://*.thief.test/",)))
    for host in ("b", "a"):
        fetch(emulator, f"https://{host}.thief.test/")
    visit_last(tab, emulator)
    expect(tab.locator("#fix h3")).to_have_text("Narrow the blacklist entry")
    tab.get_by_text("other ways").click()
    tab.get_by_role("button", name="Leave the blacklist entry out").click()
    expect(tab.locator("#fix h3")).to_have_text("Leave the blacklist entry out")
    expect(tab.locator(".proof")).to_contain_text("Other sites are decided differently too")
    expect(tab.locator("#story")).to_be_focused()


def test_apply_sticks_to_the_bottom_of_a_sheet(browser: Browser, emulator: Emulator) -> None:
    fetch(emulator, f"{BLOG}/")
    tab = browser.new_page(viewport={"width": 390, "height": 700}, has_touch=True)
    tab.set_default_timeout(PATIENCE)
    story = open_story(tab, emulator)
    assert story.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 700}
    for _ in range(2):
        box = tab.locator("#apply").bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert 640 <= box["y"] + box["height"] <= 700
        story.evaluate("(sheet) => sheet.scrollTo(0, sheet.scrollHeight)")
    tab.close()


def put_rules(emulator: Emulator, rules: RefererConfiguration) -> None:
    emulator.put(f"/{BUCKET}?referer", referer_xml.format(rules))


def visit_last(tab: Page, emulator: Emulator, language: str = "en", place: str = "") -> None:
    """Visit the story of the last request, on a page of its own."""
    visit(tab, emulator, f"requests/{emulator.journal[-1].number}?language={language}{place}")


def test_rules_that_changed_after_the_proof_are_not_overwritten(
    tab: Page, emulator: Emulator
) -> None:
    fetch(emulator, f"{BLOG}/")
    visit_last(tab, emulator)
    others = RefererConfiguration(False, whitelist=("https://others.test/",))
    put_rules(emulator, others)
    tab.get_by_role("button", name="Apply to the bucket", exact=True).click()
    expect(tab.locator("#announce")).to_contain_text("changed meanwhile")
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
    expect(tab.locator(".again")).to_contain_text("Permissions deny it")
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
        {"en": "Deny this site", "zh": "拒绝该网站"},
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
        if name == "allowed":
            tab.get_by_role("button", name=said[language]).click()
        if name != "hostile":  # no page sends such a Referer, so nothing is offered
            expect(tab.locator("#fix .edits")).to_be_visible()
        tab.locator("summary").evaluate_all("(all) => all.forEach((one) => one.click())")
        found[name] = axe.find_violations(tab, script)
        assert tab.title() != "hit"
    assert {name: said for name, said in found.items() if said} == {}
