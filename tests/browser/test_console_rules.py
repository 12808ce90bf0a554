"""The editor of rules in a real browser: undo, conflicts, drafts, the plan, long lists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from oss_emulator import Emulator
from oss_referer import RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser import axe
from tests.browser.console import BUCKET, drop, whitelist

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SITE = "https://www.example.com/"
SAVED = f"http://www.example.com/\n{SITE}"


@pytest.fixture
def tab(tab: Page, emulator: Emulator) -> Page:
    """The rules page with the demo rules."""
    put(emulator, SAVED)
    visit(tab, emulator)
    return tab


def visit(page: Page, emulator: Emulator, more: str = "") -> None:
    page.goto(f"{emulator.endpoint}/_emulator/rules/{BUCKET}{more}")


def put(emulator: Emulator, whitelist: str) -> None:
    """Put rules like another client."""
    rules: dict[str, Any] = {"AllowEmptyReferer": True}
    rules["RefererList"] = {"Referer": whitelist.split("\n")}
    url = f"{emulator.endpoint}/_emulator/rules/{BUCKET}"
    answer = requests.put(url, json={"rules": rules}, headers={"x-oss-emulator": "1"}, timeout=20)
    assert answer.status_code == 200


def saved(emulator: Emulator) -> str:
    """Return the whitelist of the bucket."""
    url = f"{emulator.endpoint}/_emulator/rules/{BUCKET}"
    found = requests.get(url, timeout=20).json()["rules"]["RefererList"]["Referer"]
    return "\n".join(found)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def line(page: Page, entry: str) -> Locator:
    """Return the line of the list with an entry, which is shown for it."""
    page.locator("#as-lines").click()
    return page.locator("#lines .r").filter(has=page.locator(f"[data-entry='{entry}']"))


def answered(page: Page) -> None:
    """Wait until the page shows an answer about its rules."""
    expect(page.locator("#lines .lines").first).to_be_attached()
    expect(page.locator("body.dated")).to_have_count(0)


def paste(tab: Page, text: str, into: str = "#whitelist") -> None:
    """Replace a text by pasting another one."""
    tab.locator("#as-text").click()
    tab.locator(into).select_text()
    tab.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const given = { clipboardData, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", given));
        }""",
        text,
    )


# --- Undo and redo


def test_typing_is_undone_in_steps_and_redone(tab: Page) -> None:
    field = whitelist(tab)
    tab.clock.set_fixed_time(0)  # text that is typed after a pause is a new step
    field.press("Control+End")
    field.press_sequentially("\nhttps://a.test/\nhttps://b.test/")
    expect(field).to_have_value(f"{SAVED}\nhttps://a.test/\nhttps://b.test/")
    field.press("Control+z")
    expect(field).to_have_value(f"{SAVED}\nhttps://a.test/")
    expect(field).to_be_focused()
    field.press("Control+z")
    expect(field).to_have_value(SAVED)
    expect(button(tab, "Undo")).to_have_attribute("aria-disabled", "true")
    field.press("Control+Shift+Z")
    field.press("Control+y")
    expect(field).to_have_value(f"{SAVED}\nhttps://a.test/\nhttps://b.test/")


def test_switch_is_undone_with_the_keys_where_it_was_clicked(tab: Page) -> None:
    switch = tab.get_by_label("AllowEmptyReferer")
    switch.uncheck()
    tab.keyboard.press("Control+z")
    expect(switch).to_be_checked()
    button(tab, "Redo").click()
    expect(switch).not_to_be_checked()


def _use(page: Page) -> str:
    typed = " http://a.test/\nhttp://www.example.com"
    whitelist(page).fill(typed)
    expect(line(page, "http://www.example.com")).to_be_visible()
    button(page, "Use the corrected list").click()
    return typed


def _take(page: Page) -> str:
    typed = "https://www.example.com/\nhttps://b.test/x/"
    whitelist(page).fill(typed)
    line(page, "https://b.test/x/").get_by_role("button", name="https://b.test/").click()
    return typed


def _generate(page: Page) -> str:
    answered(page)
    page.locator("#generate > summary").click()
    page.locator("#generate [name=site]").fill("https://shop.example.net")
    button(page, "Add the site").click()
    return SAVED


def _paste(page: Page) -> str:
    paste(page, '{"AllowEmptyReferer": false, "RefererList": {"Referer": []}}')
    return SAVED


def _revert(page: Page) -> str:
    whitelist(page).fill("https://mine.test/")
    button(page, "Revert").click()
    return "https://mine.test/"


@pytest.mark.parametrize("act", [_use, _take, _generate, _paste, _revert])
def test_whatever_replaces_rules_is_one_step(tab: Page, act: Callable[[Page], str]) -> None:
    before = act(tab)
    expect(whitelist(tab)).not_to_have_value(before)
    after = whitelist(tab).input_value()
    button(tab, "Undo").click()
    expect(whitelist(tab)).to_have_value(before)
    button(tab, "Redo").click()
    expect(whitelist(tab)).to_have_value(after)


def test_fields_beside_the_rules_keep_their_own_undo(tab: Page) -> None:
    whitelist(tab).fill("https://a.test/")
    tab.locator(".sites summary").click()
    site = tab.locator("#site")
    site.press("End")
    site.press_sequentially("x")
    site.press("Control+z")
    expect(whitelist(tab)).to_have_value("https://a.test/")


# --- The plan


def test_question_says_what_each_answer_does_and_takes_one_click(tab: Page) -> None:
    whitelist(tab).fill("https://www.example.net/a/*")
    asked = line(tab, "https://www.example.net/a/*")
    expect(asked).to_contain_text("It names the whole host, and not only the path.")
    answers = asked.get_by_role("listitem")
    expect(answers.nth(0)).to_contain_text("lets in https://www.example.net/")
    asked.get_by_role("button", name="https://www.example.net/").click()
    expect(whitelist(tab)).to_have_value("https://www.example.net/")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    button(tab, "Undo").click()
    expect(whitelist(tab)).to_have_value("https://www.example.net/a/*")


def test_entry_that_is_meant_can_be_asked_about_again(tab: Page) -> None:
    whitelist(tab).fill("https://www.example.net/a/*")
    asked = line(tab, "https://www.example.net/a/*")
    asked.get_by_role("button", name="It is meant so").click()
    expect(asked).to_contain_text("kept as it is")
    button(tab, "Ask again").click()
    expect(asked.get_by_role("button", name="It is meant so")).to_be_visible()


def test_correction_can_be_refused_in_its_line(tab: Page) -> None:
    whitelist(tab).fill(f"{SAVED}\nhttp://a.test")
    corrected = line(tab, "http://a.test")
    expect(corrected.locator("ins")).to_have_text("/")
    expect(corrected).to_contain_text("http://a.test.evil.test/ gets in")
    corrected.get_by_role("button", name="Keep it as it is").click()
    expect(corrected).to_have_class("r meant")
    expect(tab.locator("#sentence")).to_contain_text("strangers can get in")
    expect(button(tab, "Use the corrected list")).to_have_count(0)


def test_deleting_a_line_says_at_once_whom_it_locks_out(tab: Page, emulator: Emulator) -> None:
    """It never makes the verdict better: the sites of the saved list stay the owner's."""
    two_sites(tab, emulator)
    line(tab, SITE).get_by_role("button", name="Remove this entry").click()
    expect(tab.locator("#sentence")).to_have_text("Your changes lock out www.example.com.")
    expect(tab.locator("#sentence")).to_have_class("v out")
    gone = line(tab, SITE)
    expect(gone).to_contain_text("locks out www.example.com")
    button(tab, "Put it back").click()
    expect(tab.locator("#sentence")).to_have_text(GOOD)
    line(tab, SITE).get_by_role("button", name="Remove this entry").click()
    button(tab, "It is not mine any more").click()
    expect(gone).to_have_count(0)
    expect(tab.locator("#sentence")).to_have_text(
        "Your site gets in, and strangers get in only without a Referer."
    )


TWO = f"{SITE}\nhttps://b.test/"


def two_sites(page: Page, emulator: Emulator) -> None:
    """Show a bucket whose rules name two sites that have nothing to do with each other."""
    put(emulator, TWO)
    page.reload()
    answered(page)


GOOD = "Your 2 sites get in, and strangers get in only without a Referer."


def test_site_is_locked_out_only_after_a_question(tab: Page, emulator: Emulator) -> None:
    two_sites(tab, emulator)
    line(tab, SITE).get_by_role("button", name="Remove this entry").click()
    expect(tab.locator("#sentence")).to_contain_text("lock out")
    asked = tab.get_by_role("dialog")
    for way, expected in (("Cancel", TWO), ("Put it back", TWO)):
        button(tab, "Apply to the bucket").click()
        expect(asked).to_contain_text("www.example.com")
        expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
        asked.get_by_role("button", name=way).click()
        expect(asked).to_have_count(0)
        assert saved(emulator) == expected
    expect(tab.locator("#sentence")).to_have_text(GOOD)
    line(tab, SITE).get_by_role("button", name="Remove this entry").click()
    expect(tab.locator("#sentence")).to_contain_text("lock out")
    button(tab, "Apply to the bucket").click()
    asked.get_by_role("button", name="Lock it out and apply").click()
    expect(tab.locator("#receipt")).to_be_visible()
    assert saved(emulator) == "https://b.test/"
    tab.locator("#undo-apply").click()
    expect(tab.locator("#announce")).to_have_text("The rules from before are back.")
    assert saved(emulator) == TWO


def test_line_is_edited_in_its_place_and_undone(tab: Page) -> None:
    entry = line(tab, SITE).locator("[contenteditable]")
    entry.fill("https://edited.test/")
    entry.press("Enter")
    expect(tab.locator("#whitelist")).to_have_value("http://www.example.com/\nhttps://edited.test/")
    expect(tab.locator("#lines [contenteditable]").last).to_be_focused()  # a new line
    tab.keyboard.insert_text("https://new.test/")
    tab.keyboard.press("Enter")
    added = "http://www.example.com/\nhttps://edited.test/\nhttps://new.test/"
    expect(tab.locator("#whitelist")).to_have_value(added)
    tab.keyboard.press("Backspace")  # an empty line goes
    tab.keyboard.press("Control+z")
    tab.keyboard.press("Control+z")
    expect(tab.locator("#whitelist")).to_have_value(SAVED)


def test_main_buttons_and_the_box_have_keys(tab: Page, emulator: Emulator) -> None:
    whitelist(tab).fill(f"{SAVED}\nhttp://a.test")
    answered(tab)
    expect(tab.locator("#use")).to_be_visible()
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("#use")).to_have_count(0)
    answered(tab)
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("#receipt")).to_be_visible()
    assert saved(emulator).endswith("http://a.test/")
    tab.keyboard.press("/")
    expect(tab.locator("#find")).to_be_focused()
    tab.keyboard.insert_text("no such site")
    expect(tab.locator("#nobody")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#nobody")).to_be_hidden()
    expect(tab.locator("#find")).to_have_value("")


def test_list_that_is_pasted_anywhere_replaces_the_list(tab: Page) -> None:
    answered(tab)
    tab.locator("h1").click()
    tab.evaluate(PASTE, "https://pasted.test/\nhttps://b.test/")
    expect(tab.locator("#whitelist")).to_have_value("https://pasted.test/\nhttps://b.test/")
    said = "Your changes lock out www.example.com, http://www.example.com/."
    expect(tab.locator("#sentence")).to_have_text(said)


PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


def test_what_is_said_of_earlier_rules_is_dimmed_at_once(tab: Page) -> None:
    answered(tab)
    tab.route("**/rules/answer", lambda question: None)
    line(tab, SITE).get_by_role("button", name="Remove this entry").click()
    faint = tab.locator("#read").evaluate("(one) => getComputedStyle(one).color")
    expect(tab.locator("body.dated #sentence")).to_have_css("color", faint)


def test_list_that_no_bucket_takes_cannot_be_applied(tab: Page) -> None:
    """R-42"""
    long = "\n".join(f"https://{'long' * 15}{number}.test/" for number in range(300))
    whitelist(tab).fill(f"{SAVED}\n{long}")
    expect(tab.locator("#cost")).to_contain_text("this list cannot be applied")
    expect(button(tab, "Apply to the bucket")).to_have_attribute("aria-disabled", "true")


def test_focus_stays_in_the_list_after_an_answer(tab: Page) -> None:
    whitelist(tab).fill("https://a.test/x/\nhttps://b.test/x/")
    line(tab, "https://a.test/x/").get_by_role("button", name="https://a.test/").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#whitelist")).to_have_value("https://a.test/\nhttps://b.test/x/")
    expect(line(tab, "https://a.test/x/")).to_have_count(0)


# --- Many entries

HOSTS = "www shop m img news help api static docs pay labs".split()
FORTY = (
    *(f"{scheme}://{host}.example.com" for host in HOSTS for scheme in ("http", "https")),
    *(f"{host}.example.com" for host in ("blog", "forum", "wiki")),
    "www.example.net",
    *("https://partner.example.org/gallery/", "https://press.example.org/2024/", "*.example.cn"),
    *("https://shop.example.com/list?page=1", "https://WWW.Example.com/"),
    *(
        f"{scheme}://{host}.example.net/"
        for host in ("www", "cdn", "a")
        for scheme in ("https", "http")
    ),
    *("https://b.example.net/", "http://b.example.net/", "https://www.example.net/"),
)


def test_forty_entries_take_at_most_three_screens(tab: Page) -> None:
    tab.set_viewport_size({"width": 1440, "height": 900})
    assert len(FORTY) == 40
    whitelist(tab).fill("\n".join(FORTY))
    expect(tab.locator("#lines [data-place^=whitelist]")).to_have_count(40)
    tab.locator("#as-lines").click()
    answered(tab)
    assert tab.evaluate("() => document.documentElement.scrollHeight") <= 2_700


def test_page_and_commands_give_the_same_answer(tab: Page, tmp_path: Path) -> None:
    file = tmp_path / "rules.txt"
    file.write_text("\n".join(FORTY))
    run = [sys.executable, "-m", "oss_emulator"]

    def command(*arguments: str) -> Any:
        done = subprocess.run([*run, *arguments], capture_output=True, text=True, check=False)
        return json.loads(done.stdout)

    said = command("review", str(file), "--format", "json")
    expected = command("lint", str(file), "--fix", "--format", "json")["rules"]
    for box in ("AllowEmptyReferer", "AllowTruncateQueryString"):
        switch = tab.get_by_label(box)
        switch.evaluate(
            "(box) => { const part = box.closest('details'); if (part) part.open = true; }"
        )
        switch.check()
    tab.locator("#as-text").click()
    tab.locator("#blacklist").fill("")
    whitelist(tab).fill("\n".join(FORTY))
    answered(tab)
    asked = tab.locator("#lines .asks > .e")
    expect(asked).to_have_text([one["entry"] for one in said["questions"]])
    tab.locator("#use").click()
    expect(whitelist(tab)).to_have_value("\n".join(said["rules"]["whitelist"]))
    (fixed,) = forms.parse(expected.encode()).values()
    assert list(fixed.whitelist) == said["rules"]["whitelist"]
    expect(tab.locator("#use")).to_have_count(0)
    tab.keyboard.press("Control+z")
    expect(whitelist(tab)).to_have_value("\n".join(FORTY))


def test_corrected_list_of_rules_that_changed_meanwhile_is_dropped(tab: Page) -> None:
    whitelist(tab).fill("http://www.example.com")

    def type_first(question: Route) -> None:
        whitelist(tab).fill("http://typed.test")
        question.continue_()

    tab.route("**/rules/take", type_first, times=1)
    tab.locator("#use").click()
    expect(tab.locator("#lines")).to_contain_text("typed.test")
    expect(whitelist(tab)).to_have_value("http://typed.test")


def test_mark_in_the_text_leads_to_the_line(tab: Page) -> None:
    whitelist(tab).fill("https://a.test/\nhttp://b.test\nhttps://C.test/x/")
    lines = tab.locator(".gutter[data-list=whitelist] li")
    expect(lines).to_have_class(["stays", "changes", "asks"])
    lines.nth(2).click()
    expect(tab.locator("#lines [data-entry='https://C.test/x/']")).to_be_focused()


# --- Reading


RULES = RefererConfiguration(False, whitelist=(SITE,), blacklist=("https://b.test/",))
PASTED = {
    **{form.value: forms.format(RULES, form) for form in forms.WHOLE},
    "array": f'["{SITE}"]',
    "items": f"- {SITE}\n- {SITE}",
    "answer": f"HTTP/1.1 200 OK\n\n{forms.format(RULES, RulesForm.XML)}",
    "nginx": "valid_referers www.example.com;",
    "list": f"\ufeff\n{SITE} # mine\n\n  http://a.test/ \r\n",
}


@pytest.mark.parametrize("into", ["#whitelist", "#blacklist"])
@pytest.mark.parametrize("form", PASTED)
def test_any_form_is_read_where_it_is_pasted(tab: Page, form: str, into: str) -> None:
    paste(tab, PASTED[form], into)
    expect(tab.locator("#read")).to_contain_text("Read as")
    field = into if form in ("array", "items", "list") else "#whitelist"
    expect(tab.locator(field)).to_have_value(re.compile("^https?://www.example.com/"))
    tab.locator(field).press("Control+z")
    expect(whitelist(tab)).to_have_value(SAVED)
    expect(tab.locator("#read")).not_to_contain_text("Read as")


def test_pasted_list_has_the_entries_that_commands_read(tab: Page) -> None:
    (rules,) = forms.parse(PASTED["list"].encode()).values()
    paste(tab, PASTED["list"])
    expect(whitelist(tab)).to_have_value("".join(f"{entry}\n" for entry in rules.whitelist))


def test_trailing_line_end_is_not_an_entry(tab: Page) -> None:
    whitelist(tab).fill(f"{SAVED}\n")
    expect(tab.get_by_text("as saved in the bucket")).to_be_visible()


BROKEN = """<RefererConfiguration>
  <AllowEmptyReferer>true</AllowEmptyReferer>
  <Refererlist>
    <Referer>https://a.test/</Referer>
  </Refererlist>
</RefererConfiguration>"""


@pytest.mark.parametrize("give", [paste, lambda tab, text: whitelist(tab).fill(text)])
def test_unreadable_text_keeps_the_answer_and_has_ways_out(
    tab: Page, give: Callable[[Page, str], None]
) -> None:
    expect(tab.locator("#guests")).to_contain_text("www.example.com")
    for way, expected in (
        ("Write RefererList (2×)", "https://a.test/"),
        ("Take the addresses as a list (1)", "https://a.test/"),
        ("Back to the previous text", SAVED),
    ):
        give(tab, BROKEN)
        why = tab.get_by_role("alert").filter(has_text="Line 3, column 3:")
        expect(why).to_contain_text("Refererlist is unknown")
        expect(why.locator("mark")).to_have_text("Refererlist")
        expect(tab.locator("#sentence")).to_have_text("This cannot be read as rules")
        expect(tab.locator("#guests")).to_contain_text("www.example.com")
        expect(button(tab, "Apply to the bucket")).to_have_attribute("aria-disabled", "true")
        why.get_by_role("button", name=way).click()
        expect(whitelist(tab)).to_have_value(expected)
        expect(why).to_have_count(0)
        expect(tab.locator("#sentence")).not_to_have_text("This cannot be read as rules")
        if expected != SAVED:
            button(tab, "Undo").click()
        expect(whitelist(tab)).to_have_value(SAVED)


def test_error_goes_away_when_its_cause_is_corrected_by_hand(tab: Page) -> None:
    paste(tab, BROKEN)
    expect(tab.get_by_role("alert").filter(has_text="Line 3")).to_be_visible()
    tab.locator("#whitelist").fill(BROKEN.replace("Refererlist", "RefererList"))
    expect(tab.locator("#whitelist")).to_have_value("https://a.test/")
    expect(tab.get_by_role("alert").filter(has_text="Line 3")).to_have_count(0)
    expect(tab.locator("#whitelist")).to_be_focused()


# --- Other rules in the bucket


MINE, THEIRS = f"{SAVED}\nhttps://mine.test/", f"{SAVED}\nhttps://theirs.test/"


def apply(page: Page) -> None:
    """Apply a list, also one that locks out sites."""
    answered(page)
    button(page, "Apply to the bucket").click()
    if page.get_by_role("dialog").count():
        button(page, "Lock it out and apply").click()


def test_rules_that_others_put_are_never_overwritten_unseen(tab: Page, emulator: Emulator) -> None:
    whitelist(tab).fill(MINE)
    expect(button(tab, "Apply to the bucket")).to_have_attribute("aria-disabled", "false")
    answered(tab)
    put(emulator, THEIRS)
    button(tab, "Apply to the bucket").click()
    conflict = tab.get_by_role("alert", name="The bucket got other rules meanwhile")
    expect(conflict.locator("#theirs")).to_have_text("Whitelist: https://theirs.test/")
    expect(conflict.locator("#mine")).to_have_text("Whitelist: https://mine.test/")
    assert saved(emulator) == THEIRS
    tab.reload()  # the conflict is still shown
    expect(conflict).to_be_visible()
    expect(button(tab, "Apply to the bucket")).to_have_attribute("aria-disabled", "true")
    conflict.get_by_role("button", name="Keep mine").click()
    expect(conflict).to_be_hidden()
    apply(tab)
    expect(tab.get_by_text("as saved in the bucket")).to_be_visible()
    assert saved(emulator) == MINE


def test_rules_of_the_bucket_can_be_taken_in_a_conflict(tab: Page, emulator: Emulator) -> None:
    whitelist(tab).fill(MINE)
    put(emulator, THEIRS)
    tab.evaluate("() => dispatchEvent(new Event('focus'))")
    button(tab, "Take the rules of the bucket").click()
    expect(tab.locator("#whitelist")).to_have_value(THEIRS)
    expect(button(tab, "Apply to the bucket")).to_be_focused()
    button(tab, "Undo").click()
    expect(whitelist(tab)).to_have_value(MINE)


def test_page_without_a_draft_follows_the_bucket(tab: Page, emulator: Emulator) -> None:
    answered(tab)
    put(emulator, "https://theirs.test/")
    tab.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(whitelist(tab)).to_have_value("https://theirs.test/")
    expect(tab.locator("#announce")).to_contain_text("The bucket has other rules now")


# --- Drafts


def test_tabs_do_not_share_a_draft_silently(
    tab: Page, tabs: BrowserContext, emulator: Emulator
) -> None:
    whitelist(tab).fill("https://one.test/")
    other = tabs.new_page()
    visit(other, emulator)
    expect(whitelist(other)).to_have_value(SAVED)
    expect(other.get_by_text("Another draft of these rules is kept")).to_be_visible()
    whitelist(other).fill("https://two.test/")
    whitelist(tab).press("End")
    whitelist(tab).press_sequentially("x")
    expect(whitelist(other)).to_have_value("https://two.test/")
    for page, own in ((tab, "https://one.test/x"), (other, "https://two.test/")):
        page.reload()
        expect(whitelist(page)).to_have_value(own)
    button(other, "Bring it back").click()
    expect(whitelist(other)).to_have_value("https://one.test/x")


@pytest.mark.parametrize("meanwhile", [SAVED, "https://theirs.test/"])
def test_draft_of_a_closed_tab_can_be_restored(
    tab: Page, tabs: BrowserContext, emulator: Emulator, meanwhile: str
) -> None:
    whitelist(tab).fill("https://mine.test/")
    tab.close()
    if meanwhile != SAVED:
        put(emulator, meanwhile)
    again = tabs.new_page()
    visit(again, emulator)
    button(again, "Bring it back").click()
    expect(whitelist(again)).to_have_value("https://mine.test/")
    conflict = again.get_by_role("alert", name="The bucket got other rules meanwhile")
    expect(conflict).to_be_visible(visible=meanwhile != SAVED)


def test_requests_page_shows_what_a_draft_changes(
    tab: Page, tabs: BrowserContext, emulator: Emulator
) -> None:
    url = f"{emulator.endpoint}/{BUCKET}/photo.jpg"
    requests.get(url, headers={"Referer": SITE}, timeout=20)
    page = tabs.new_page()
    page.goto(f"{emulator.endpoint}/_emulator/requests")
    shown = page.locator("#drafts")
    expect(shown).to_be_empty()
    whitelist(tab).fill("https://mine.test/")
    expect(shown).to_contain_text("1 would be newly denied and 0 newly allowed")
    requests.get(url, headers={"Referer": "https://mine.test/"}, timeout=20)
    expect(shown).to_contain_text("1 would be newly denied and 1 newly allowed")
    shown.get_by_text("Newly denied: 1").click()
    expect(shown.get_by_text("https://www.example.com")).to_be_visible()
    assert axe.find_violations(page, axe.source()) == []
    page.mouse.move(0, 0)
    page.locator("body").evaluate("() => document.activeElement.blur()")
    button(tab, "Undo").click()
    expect(shown).to_be_empty()


def test_controls_do_not_move_when_the_answer_arrives(
    tab: Page, tabs: BrowserContext, emulator: Emulator
) -> None:
    whitelist(tab).fill("https://mine.test/")
    again = tabs.new_page()
    sentence = again.locator("#sentence")
    controls = again.locator(".toolbar button").filter(visible=True)
    before: list[tuple[str, list[Any]]] = []

    def measure() -> tuple[str, list[Any]]:
        return sentence.inner_text(), [one.bounding_box() for one in controls.all()]

    def measure_first(answer: Route) -> None:
        before.append(measure())
        answer.continue_()

    again.route("**/rules/answer", measure_first)
    visit(again, emulator)
    expect(sentence).to_contain_text("get in")
    (old_sentence, old_places), (new_sentence, new_places) = before[0], measure()
    assert old_sentence != new_sentence
    assert len(old_places) == 6
    assert old_places == new_places


# --- Trying Referers


def test_box_finds_sites_and_tries_referers_by_the_edited_list(tab: Page) -> None:
    whitelist(tab).fill(f"{SAVED}\nhttps://*.shop.test/")
    answered(tab)
    box, rows = (
        tab.get_by_label("Try a Referer, or find a site"),
        tab.locator("#guests tr[data-name]"),
    )
    box.fill("shop")
    shown = rows.locator("visible=true")
    expect(shown.first).to_contain_text("shop.test")
    expect(rows.filter(has_text="www.example.com").first).to_be_hidden()
    expect(tab.locator("#verdicts")).to_be_empty()
    box.fill("a.shop.test")
    expect(tab.locator("#verdicts .verdict")).to_have_text("allowed")
    expect(tab.locator("#verdicts")).to_contain_text("https://*.shop.test/")
    whitelist(tab).fill(SAVED)
    expect(tab.locator("#verdicts .verdict")).to_have_text("denied")
    expect(box).to_have_value("a.shop.test")


def test_verdicts_are_marked_as_old_without_a_server(
    tab: Page, tabs: BrowserContext, emulator: Emulator
) -> None:
    old = tab.get_by_text("The server does not answer. Below is")
    answered(tab)
    tabs.set_offline(True)
    whitelist(tab).fill("https://a.test/")
    expect(old).to_be_visible()
    expect(tab.locator("#editor")).to_have_class(re.compile("old"))
    button(tab, "Apply to the bucket").click()
    expect(tab.locator("#announce")).to_have_text("This did not work: the server did not answer")
    tabs.set_offline(False)
    expect(old).to_be_hidden()
    expect(tab.locator("#guests")).to_contain_text("a.test")


def test_deleted_bucket_is_reported(tab: Page, emulator: Emulator) -> None:
    emulator.put("/gone-bucket")
    tab.goto(f"{emulator.endpoint}/_emulator/rules/gone-bucket")
    answered(tab)
    url = f"{emulator.endpoint}/_emulator/buckets/gone-bucket"
    requests.delete(url, headers={"x-oss-emulator": "1"}, timeout=20)
    whitelist(tab).fill("https://a.test/")
    said = "What stands below is old: The bucket 'gone-bucket' does not exist."
    expect(tab.locator("#old")).to_have_text(said)


# --- Export and links


def test_export_begins_with_xml_and_remembers_the_last_form(tab: Page) -> None:
    button(tab, "Export").click()
    shown = tab.locator("#export [role=tabpanel] >> visible=true")
    expect(shown.locator("code")).to_contain_text("<RefererConfiguration>")
    tab.get_by_role("tab", name="XML").press("ArrowRight")
    expect(tab.get_by_role("tab", name="Terraform")).to_be_focused()
    expect(shown.locator("code")).to_contain_text('resource "alicloud_oss_bucket_referer"')
    shown.get_by_role("button", name="Copy").click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    tab.locator("#export select").focus()
    tab.locator("#export select").select_option("nginx")
    expect(shown.locator("code")).to_contain_text("map ")
    tab.keyboard.press("Escape")
    expect(tab.locator("#export")).to_be_hidden()
    expect(button(tab, "Export")).to_be_focused()
    tab.reload()
    button(tab, "Export").click()
    expect(shown.locator("code")).to_contain_text("map ")
    expect(tab.locator("#export select")).to_have_value("nginx")


def test_export_never_shows_texts_of_other_rules(tab: Page) -> None:
    button(tab, "Export").click()
    expect(tab.locator("#export-texts [role=tabpanel]").first).to_be_visible()
    tab.keyboard.press("Escape")
    whitelist(tab).fill("https://other.test/\1")
    button(tab, "Export").click()
    expect(tab.locator("#announce")).to_contain_text("The rules cannot be written")
    expect(tab.locator("#export-texts")).to_be_hidden()


def test_dropped_file_is_read(tab: Page) -> None:
    drop(tab, "#whitelist", {"rules.toml": 'whitelist = ["https://dropped.test/"]'})
    expect(whitelist(tab)).to_have_value("https://dropped.test/")
    expect(tab.locator("#read")).to_contain_text("Read as TOML")


def test_file_is_read_in_the_encoding_that_it_declares(tab: Page) -> None:
    text = forms.format(RefererConfiguration(whitelist=("https://例子.test/",)), RulesForm.XML)
    data = text.replace("UTF-8", "GBK").encode("gbk")
    file: Any = {"name": "r.xml", "mimeType": "text/xml", "buffer": data}
    tab.locator("#file").set_input_files(file)
    expect(whitelist(tab)).to_have_value("https://例子.test/")
    file["buffer"] = data.replace(b"GBK", b"UTF-8")
    tab.locator("#file").set_input_files(file)
    expect(tab.locator("#announce")).to_contain_text("not a text in UTF-8")


def test_link_of_600_entries_is_short_and_of_an_older_page_is_read(
    tab: Page, browser: Browser, emulator: Emulator
) -> None:
    many = "\n".join(f"https://www.shop{number:03}.example.com/" for number in range(500))
    whitelist(tab).fill(many)
    button(tab, "Copy link").click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    link = tab.evaluate("() => navigator.clipboard.readText()")
    assert len(link) < 4_000
    pack = """(rules) => btoa(JSON.stringify({rules, referers: "", site: "https://x.test"}))
      .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")"""
    rules = {
        "AllowEmptyReferer": True,
        "AllowTruncateQueryString": True,
        "TruncatePath": False,
        "RefererList": {"Referer": ["https://older.test/"]},
        "RefererBlacklist": {"Referer": []},
    }
    older = f"{tab.url.partition('#')[0]}#case={tab.evaluate(pack, rules)}"
    colleague = browser.new_context()
    for address, text in ((link, many), (older, "https://older.test/")):
        page = colleague.new_page()
        page.goto(address)
        expect(whitelist(page)).to_have_value(text)
    colleague.close()


@pytest.mark.parametrize("case", ["e30", "x", "eJwDAAAAAAE", "_w", "e30.", ""])
def test_damaged_link_gets_a_sentence(tab: Page, emulator: Emulator, case: str) -> None:
    tab.goto("about:blank")
    visit(tab, emulator, f"#case={case}")
    expect(tab.locator("#announce")).to_contain_text("The link is damaged or cut off")
    expect(whitelist(tab)).to_have_value(SAVED)


# --- Long lists, small screens


def test_600_entries_scroll_with_their_numbers_and_marks(tab: Page) -> None:
    lines = [f"https://www.shop{number:03}.example.net/" for number in range(600)]
    lines[-1] = "http://www.last.test"
    whitelist(tab).fill("\n".join(lines))
    field, gutter = whitelist(tab), tab.locator(".gutter[data-list=whitelist]")
    expect(gutter.locator("li")).to_have_count(600)
    expect(gutter.locator("li").last).to_have_class("changes")
    height = tab.evaluate("() => document.querySelector('#whitelist').offsetHeight / innerHeight")
    assert height <= 0.61
    field.evaluate("(area) => { area.scrollTop = area.scrollHeight; }")
    same = """() => document.querySelector("#whitelist").scrollTop ===
      document.querySelector(".gutter[data-list=whitelist]").scrollTop"""
    tab.wait_for_function(same)
    assert tab.evaluate("() => document.querySelector('#whitelist').scrollTop") > 10_000
    field.press("Control+z")
    expect(field).to_have_value(SAVED)


def test_long_paste_is_inserted_at_once_and_undone(tab: Page) -> None:
    """Chromium needs seconds to insert so many lines itself."""
    pasted = "\n".join(f"https://www.site-{number}.example/" for number in range(600))
    paste(tab, pasted)
    expect(tab.locator("#whitelist")).to_have_value(pasted)
    tab.locator("#undo").click()
    expect(tab.locator("#whitelist")).to_have_value(SAVED)


def test_lines_have_numbers_unless_they_are_too_many(tab: Page) -> None:
    numbers = tab.locator(".gutter[data-list=whitelist] li")
    paste(tab, "https://a.test/\n" * 600)
    expect(numbers).to_have_count(601)  # the last line is empty: it is not an entry
    paste(tab, "a\n" * 10_000)
    expect(numbers).to_have_count(0)


ENTRIES = [(), ("",), ("", ""), ("a", ""), ("a\nb",), ("a\r", "b"), ("a\u2028b",), (" a ", "b")]


@pytest.mark.parametrize("entries", ENTRIES, ids=repr)
def test_any_entries_stay_as_they_are_and_the_others_can_be_edited(
    tab: Page, emulator: Emulator, entries: tuple[str, ...]
) -> None:
    rules = {"AllowEmptyReferer": False, "RefererList": {"Referer": list(entries)}}
    paste(tab, json.dumps(rules))
    expect(tab.locator("#read")).to_contain_text("Read as")
    field = whitelist(tab)
    expect(field).to_be_editable()
    field.press("Control+Home")
    field.press_sequentially("https://new.test/\n")
    apply(tab)
    expect(tab.get_by_text("as saved in the bucket")).to_be_visible()
    assert saved(emulator) == "\n".join(["https://new.test/", *entries])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(tab: Page, emulator: Emulator, language: str) -> None:
    script = axe.source()
    visit(tab, emulator, f"?language={language}")
    tab.locator("#as-text").click()
    tab.locator("#whitelist").fill("https://www.example.com/a/*\nhttps://b.test")
    tab.locator("#as-lines").click()
    expect(tab.locator(".r.asks [data-take]").first).to_be_visible()
    found = axe.find_violations(tab, script)
    paste(tab, BROKEN)
    expect(tab.locator("#unread .why")).to_be_visible()
    found += axe.find_violations(tab, script)
    tab.locator("[data-back]").click()
    put(emulator, "https://theirs.test/")
    tab.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(tab.locator("#conflict")).to_be_visible()
    tab.locator("#export-open").click()
    expect(tab.locator("#export [role=tab]").first).to_be_visible()
    found += axe.find_violations(tab, script)
    assert found == []
    tab.keyboard.press("Escape")
    for width in axe.WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        tab.evaluate("scrollTo(0, 2000)")
        expect(tab.locator("#apply")).to_be_in_viewport()


# --- Recorded requests


def test_dropped_har_is_judged_by_the_rules_beside_it(tab: Page) -> None:
    whitelist(tab).fill(SITE)
    har = (ROOT / "fixtures" / "har" / "site.har").read_text(encoding="utf-8")
    drop(tab, "#whitelist", {"site.har": har})
    found = tab.locator("#recorded-found")
    expect(found).to_contain_text("3 of 8 recorded requests are denied by these rules.")
    expect(found).to_contain_text("https://m.example.com/")
    expect(whitelist(tab)).to_have_value(SITE)
    whitelist(tab).fill(f"{SITE}\nhttps://m.example.com/")
    expect(found).to_contain_text("1 of 8 recorded requests are denied by these rules.")


def test_pasted_lines_of_a_log_are_judged(tab: Page) -> None:
    whitelist(tab).fill(SITE)
    log = (ROOT / "examples" / "gate" / "access.log").read_text(encoding="utf-8")
    paste(tab, log)
    found = tab.locator("#recorded-found")
    expect(found).to_contain_text("20 of 54 recorded requests are denied by these rules.")
    tab.locator("#recorded-lines").fill("hello")
    expect(found).to_contain_text("neither a HAR with requests nor lines of an access log")
    tab.locator("#recorded-lines").fill("")
    expect(found).to_be_empty()
