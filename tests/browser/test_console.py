"""The console in a real browser: the actions of a person on each page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control import console
from oss_emulator.control.api import access
from oss_emulator.control.console import EMBED_DOMAIN
from oss_emulator.control.console.embed import POLICIES
from oss_emulator.control.console.requests import MOST_SENT
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import DEMO
from oss_referer.browser import browser as referrer
from oss_referer.sources import forms
from playwright.sync_api import (
    Browser,
    Page,
    expect,
)

from tests.browser import axe
from tests.browser.console import BUCKET, PIXEL, SITE, THIEF, fetch, follow, visit, whitelist
from tests.cli.process import serving

pytestmark = pytest.mark.system

HOSTILE = [
    "<script>document.title='hit'</script>.txt",
    '"><img src=x onerror=\'document.title="hit"\'>',
    "\u202eexe.txt",
    "{{ 7 * 7 }}'\"`${1}",
    "long/" + "x" * 900,
]
"""Names of objects, and parts of Referers, that try to be more than text."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The demo bucket, with enough room for many requests."""
    with Emulator(seed=DEMO, journal_size=20_000) as running:
        yield running


# --- A person who has not read the documentation


def test_newcomer_finds_out_why_and_changes_the_rule(tab: Page, tmp_path: Path) -> None:
    """Start, see a hotlink denied, ask why, change the rule, see it served, export the rules."""
    with serving(tmp_path, "--demo") as running:
        assert running.process.stdout is not None
        printed = running.process.stdout.readline().decode()
        tab.goto(printed.removeprefix("Console: ").strip())
        expect(tab.get_by_text("Nobody has asked for anything yet")).to_be_visible()

        image = f"{running.endpoint}/{BUCKET}/hello.txt"
        assert requests.get(image, headers={"Referer": THIEF}, timeout=20).status_code == 403
        row = tab.locator("#rows tbody tr").first
        expect(row.locator(".verdict")).to_have_text("denied")
        row.click()
        story = tab.locator("#detail")
        expect(story.locator(".because")).to_contain_text("No whitelist entry matches")
        expect(story.get_by_text("0003-00000503").locator("visible=true").first).to_be_visible()

        story.get_by_role("link", name="Edit the rules").click()
        expect(tab.locator("#verdicts tr", has_text=THIEF).locator(".verdict")).to_have_text(
            "denied"
        )
        whitelist(tab).press("Control+End")
        tab.locator("#whitelist").press_sequentially(f"\n{THIEF}")
        expect(tab.locator("#verdicts tr", has_text=THIEF).locator(".verdict")).to_have_text(
            "allowed"
        )
        tab.locator("#apply").click()
        expect(tab.get_by_text("as saved in the bucket")).to_be_visible()

        assert requests.get(image, headers={"Referer": THIEF}, timeout=20).status_code == 200
        tab.get_by_role("link", name="Requests", exact=True).click()
        expect(tab.locator("#rows tbody tr").first.locator(".verdict")).to_have_text("allowed")

        tab.go_back()
        tab.get_by_role("button", name="Export").click()
        tab.get_by_role("tab", name="Terraform").click()
        terraform = tab.locator("[data-form=hcl]")
        with tab.expect_download() as download:
            terraform.get_by_role("link", name="Download").click()
        text = download.value.path().read_bytes()
        assert download.value.suggested_filename == f"{BUCKET}-referer.tf"
        assert f'"{BUCKET}"'.encode() in text
        (rules,) = forms.parse(text).values()
        assert rules.whitelist == (SITE, SITE.replace("http:", "https:"), THIEF)


def test_browser_at_the_endpoint_comes_to_the_console(tab: Page, emulator: Emulator) -> None:
    tab.goto(emulator.endpoint)
    expect(tab).to_have_title("Requests – oss-emulator")


# --- Requests


def test_requests_appear_at_once_and_can_be_paused(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "requests")
    rows = tab.locator("#rows tbody tr")
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    fetch(emulator, THIEF)
    expect(rows).to_have_count(1)
    tab.get_by_role("button", name="Pause").click()
    expect(tab.locator("#state")).to_contain_text("Paused")
    live = tab.context.new_page()
    visit(live, emulator, "requests")
    fetch(emulator, SITE)
    expect(live.locator("#rows tbody tr")).to_have_count(2)
    expect(rows).to_have_count(1)
    tab.get_by_role("button", name="Pause").click()
    expect(rows).to_have_count(2)
    expect(rows.locator(".verdict")).to_have_text(["denied", "allowed"])
    tab.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(0)


@pytest.mark.parametrize(
    ("search", "left"),
    [
        ("is:denied", [THIEF]),
        ("status:404", ["no Referer"]),
        ("ec:0003-00000503 bucket:examplebucket", [THIEF]),
        ("method:HEAD", [SITE]),
        ("site:none", []),
    ],
)
def test_tokens_choose_requests(
    tab: Page, emulator: Emulator, search: str, left: list[str]
) -> None:
    fetch(emulator, THIEF)
    fetch(emulator, bucket="missing")
    requests.head(f"{emulator.endpoint}/{BUCKET}/hello.txt", headers={"Referer": SITE}, timeout=20)
    visit(tab, emulator, "requests")
    tab.get_by_label("Search").fill(search)
    expect(tab.locator("#rows td.referer")).to_have_text(left)


def test_requests_are_found_by_text(tab: Page, emulator: Emulator) -> None:
    for referer in (THIEF, SITE):
        fetch(emulator, referer)
    visit(tab, emulator, "requests")
    rows = tab.locator("#rows tbody tr")
    tab.get_by_label("Search").fill("THIEF")
    expect(rows).to_have_count(1)
    fetch(emulator, SITE)
    fetch(emulator, THIEF, "other.txt")
    expect(rows).to_have_count(2)
    tab.get_by_label("Search").fill("other.txt method:GET")
    expect(rows).to_have_count(1)
    assert tab.url.endswith("?q=other.txt+method%3AGET")
    tab.reload()
    expect(rows).to_have_count(1)


def test_ten_thousand_requests_are_within_reach(tab: Page, emulator: Emulator) -> None:
    def record() -> None:
        controls = emulator.controls
        for number in range(10_000):
            target = f"/{BUCKET}/hello.txt?number={number}"
            fields = [("Host", "localhost"), ("Referer", THIEF)]
            outcome = controls.service.admit(Request.parse("GET", target, fields, 1e9 + number))
            assert isinstance(outcome, Refused)
            controls.journal.record(outcome, Response(403), 0, 0.001)

    emulator.run(record)
    visit(tab, emulator, "requests?by=time")
    rows = tab.locator("#rows tbody tr")
    expect(rows).to_have_count(200)
    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    tab.get_by_role("button", name="Show older requests").press("Enter")
    expect(rows).to_have_count(400)
    expect(rows.last).to_have_attribute("data-number", "9601")
    tab.get_by_label("Search").fill("number=17&")
    expect(rows).to_have_count(0)
    tab.get_by_label("Search").fill("number=7777")
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_attribute("data-number", "7778")


def test_flood_of_requests_leaves_a_short_list_without_a_gap(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "requests?by=time")
    fetch(emulator, THIEF)
    rows = tab.locator("#rows tbody tr")
    expect(rows).to_have_count(1)

    def record() -> None:
        controls = emulator.controls
        target, fields = f"/{BUCKET}/hello.txt", [("Host", "localhost"), ("Referer", THIEF)]
        outcome = controls.service.admit(Request.parse("GET", target, fields, 1e9))
        for _ in range(400):
            controls.journal.record(outcome, Response(403), 0, 0.001)

    for _ in range(20):
        emulator.run(record)
    expect(rows.first).to_have_attribute("data-number", "8001")
    numbers = rows.evaluate_all("(rows) => rows.map((row) => Number(row.dataset.number))")
    assert numbers == list(range(8001, 8001 - len(numbers), -1))
    assert MOST_SENT <= len(numbers) <= 500


def test_page_goes_on_after_a_restart_of_the_server(tab: Page, port: int) -> None:
    """A new server counts its requests from 1 again."""
    with Emulator(seed=DEMO, port=port) as first:
        for _ in range(3):
            fetch(first, THIEF)
        visit(tab, first, "requests")
        expect(tab.locator("#rows tbody tr")).to_have_count(3)
    expect(tab.locator("#state")).to_contain_text("has not answered since")
    with Emulator(seed=DEMO, port=port) as second:
        expect(tab.locator("#state")).to_have_text(re.compile("Live"))
        expect(tab.locator("#rows tbody tr")).to_have_count(0)
        fetch(second, SITE)
        expect(tab.locator("#rows tbody tr")).to_have_count(1)


def test_story_of_a_request_by_keyboard(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    visit(tab, emulator, "requests")
    link = tab.locator("#rows tbody a").first
    link.focus()
    tab.keyboard.press("Enter")
    detail = tab.locator("#detail")
    expect(tab.locator("#story")).to_be_focused()
    for text in ("No blacklist entry matches.", "not signed", "user-agent", "<EC>0003-00000503"):
        expect(detail).to_contain_text(text)
    detail.locator("summary", has_text="Repeat it elsewhere").click()
    detail.locator(".snippet summary", has_text="curl").click()
    detail.get_by_role("button", name="Copy", exact=True).first.click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    copied = tab.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith(f"curl -i {emulator.endpoint}/{BUCKET}/hello.txt")
    assert f"referer: {THIEF}" in copied
    detail.press("Escape")
    expect(detail).to_be_hidden()
    expect(link).to_be_focused()


def test_request_is_added_to_a_table_that_the_lab_runs(
    tab: Page, emulator: Emulator, tmp_path: Path
) -> None:
    for referer in (THIEF, SITE):
        fetch(emulator, referer)
    visit(tab, emulator, "requests")
    for number in (0, 1):
        tab.locator("#rows tbody tr").nth(number).click()
        tab.locator("summary", has_text="Repeat it elsewhere").click()
        tab.get_by_role("button", name="Add to a table").click()
        tab.get_by_role("button", name="Close").click()
        expect(tab.locator("#detail")).to_be_hidden()
    tab.locator("#table summary").click()
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download").click()
    text = download.value.path().read_text()
    assert text.count("[[case]]") == 2
    from oss_referer.sources import tables

    table = tmp_path / "table.toml"
    table.write_text(text)
    rules = emulator.run(lambda: emulator.service.storage.bucket(BUCKET).documents["referer"])  # type: ignore[union-attr]
    assert tables.run(tables.read(table, forms.parse(rules))).passed


def test_edited_rules_are_asked_about_a_request(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    visit(tab, emulator, f"rules/{BUCKET}")
    whitelist(tab).fill("http://thief.example.org/")
    expect(tab.get_by_text("edited, not applied yet")).to_be_visible()
    visit(tab, emulator, "requests")
    tab.locator("#rows tbody tr").first.click()
    tab.get_by_text("other ways").click()
    tab.get_by_role("button", name="What would the edited rules say?").click()
    expect(tab.locator("[data-edited-answer] .verdict")).to_have_text("allowed")


# --- Rules


def test_verdict_follows_what_is_typed_and_oss2_reads_what_is_applied(
    tab: Page, emulator: Emulator
) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    settle(tab, f"rules/{BUCKET}")
    nobody = tab.locator("#guests tr", has_text="no Referer").locator("td .v").first
    expect(nobody).to_have_text("in")
    tab.get_by_label("AllowEmptyReferer").uncheck()
    expect(nobody).to_have_text("out")
    tab.get_by_label("Try a Referer").fill("https://new.example.net/page")
    expect(tab.locator("#verdicts .verdict")).to_have_text("denied")
    whitelist(tab).fill("https://new.example.net/\nhttps://*.example.net/")
    expect(tab.locator("#verdicts .verdict")).to_have_text("allowed")
    expect(tab.locator(".gutter[data-list=whitelist] li")).to_have_count(2)
    expect(tab.locator("#sentence")).to_contain_text("lock out")
    tab.locator("#apply").click()
    tab.get_by_role("button", name="Lock it out and apply").click()
    expect(tab.get_by_text("as saved in the bucket")).to_be_visible()
    bucket = emulator.bucket(BUCKET, acl="public-read")
    rules = bucket.get_bucket_referer()
    bucket.session.session.close()
    assert rules.allow_empty_referer is False
    assert rules.referers == ["https://new.example.net/", "https://*.example.net/"]


def test_change_is_in_its_line_and_made_with_one_click(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    whitelist(tab).fill("https://www.example.com/\nhttp://www.example.com")
    expect(tab.locator(".gutter[data-list=whitelist] li").nth(1)).to_have_class("changes")
    tab.locator("#as-lines").click()
    expect(tab.locator(".r.changes > .e")).to_have_text("http://www.example.com/")
    expect(tab.locator(".r.changes ins")).to_have_text("/")
    tab.get_by_role("button", name="Use the corrected list").click()
    expect(tab.locator("#whitelist")).to_have_value(
        "https://www.example.com/\nhttp://www.example.com/"
    )
    expect(tab.locator(".r.changes")).to_have_count(0)


def test_rules_are_generated_for_a_site(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    settle(tab, f"rules/{BUCKET}")
    tab.locator("#generate > summary").click()
    tab.locator("#generate [name=site]").fill("https://shop.example.net")
    tab.get_by_label("with all its sub-domains").check()
    tab.get_by_role("button", name="Add the site").click()
    expect(whitelist(tab)).to_have_value(re.compile(rf"^{SITE}\n.*https://\*\.shop", re.DOTALL))
    expect(tab.locator("#generated code")).to_contain_text("[[case]]")
    expect(tab.get_by_text("edited, not applied yet")).to_be_visible()


def test_verdict_and_journal_are_shown(tab: Page, emulator: Emulator) -> None:
    for referer in (THIEF, SITE, SITE):
        fetch(emulator, referer)
    visit(tab, emulator, f"rules/{BUCKET}")
    sentence = tab.locator("#sentence")
    expect(sentence).to_contain_text("and strangers get in only without a Referer")
    expect(tab.locator("#cost")).to_contain_text("The bucket has this list")
    whitelist(tab).fill(THIEF)
    expect(sentence).to_contain_text("2 of the last 3 requests")
    expect(tab.locator("#cost")).to_contain_text("change: 1 more get in, 2 newly denied")
    tab.locator(".sites summary").click()
    tab.locator("#site").fill("https://www.example.com, https://m.example.com")
    tab.locator("#as-lines").click()
    stranger = tab.locator(".r.asks", has_text=THIEF)
    expect(stranger).to_contain_text("You named no site there.")
    stranger.get_by_role("button", name="remove it").click()
    expect(stranger).to_have_count(0)
    expect(tab.locator("#whitelist")).to_have_value(
        "https://m.example.com/\nhttps://www.example.com/"
    )
    tab.locator("#site").fill("nonsense")
    expect(tab.locator("#facts")).to_contain_text("is not the address of a site")
    expect(sentence).to_have_text(f"Rules of {BUCKET}")


def test_rules_are_pasted_and_reverted(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    field = whitelist(tab)
    before = field.input_value()
    field.fill(
        '{"AllowEmptyReferer": false, "RefererList": {"Referer": ["http://imported.test/"]}}'
    )
    expect(field).to_have_value("http://imported.test/")
    tab.get_by_role("button", name="Revert").click()
    expect(field).to_have_value(before)


def test_link_carries_the_whole_case(tab: Page, browser: Browser, emulator: Emulator) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    settle(tab, f"rules/{BUCKET}")
    whitelist(tab).fill("https://例え.test/")
    tab.get_by_label("Try a Referer").fill("https://例え.test/page")
    tab.get_by_role("button", name="Copy link").click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    link = tab.evaluate("() => navigator.clipboard.readText()")
    colleague = browser.new_context()
    page = colleague.new_page()
    page.goto(link)
    expect(whitelist(page)).to_have_value("https://例え.test/")
    expect(page.locator("#verdicts .verdict")).to_have_text("allowed")
    assert "例え" not in urlsplit(link).path
    colleague.close()


def test_link_never_loses_a_draft(tab: Page, emulator: Emulator) -> None:
    aside = tab.locator("#aside")
    visit(tab, emulator, f"rules/{BUCKET}")
    whitelist(tab).fill("https://theirs.test/")
    tab.get_by_role("button", name="Copy link").click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    link = tab.evaluate("() => navigator.clipboard.readText()")
    expect(aside).to_be_hidden()

    whitelist(tab).fill("https://mine.test/")
    expect(tab).not_to_have_url(re.compile("#case"))
    tab.goto("about:blank")
    tab.goto(link)
    expect(tab.locator("#whitelist")).to_have_value("https://theirs.test/")
    tab.reload()
    expect(aside).to_be_visible()
    tab.get_by_role("button", name="Bring it back").click()
    expect(tab.locator("#whitelist")).to_have_value("https://mine.test/")
    tab.get_by_role("button", name="Bring it back").click()
    expect(tab.locator("#whitelist")).to_have_value("https://theirs.test/")
    tab.get_by_role("button", name="Revert").click()
    expect(tab.locator("#whitelist")).to_have_value(re.compile("www.example.com"))
    visit(tab, emulator, f"rules/{BUCKET}")
    tab.get_by_role("button", name="Bring it back").click()
    expect(tab.locator("#whitelist")).to_have_value("https://theirs.test/")
    tab.get_by_role("button", name="Bring it back").click()
    expect(tab.locator("#whitelist")).to_have_value("https://mine.test/")


def test_broken_link_is_reported_and_keeps_the_draft(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"rules/{BUCKET}")
    whitelist(tab).fill("https://mine.test/")
    tab.goto("about:blank")
    visit(tab, emulator, f"rules/{BUCKET}#case=e30")
    expect(tab.locator("#announce")).to_contain_text("This did not work")
    expect(whitelist(tab)).to_have_value("https://mine.test/")


# --- Buckets


def test_bucket_is_created_filled_and_emptied(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "buckets")
    tab.get_by_label("Name").fill("new-bucket")
    tab.get_by_role("button", name="Create").click()
    follow(tab, tab.get_by_role("link", name="new-bucket", exact=True))
    expect(tab.get_by_text("Nothing here")).to_be_visible()
    files = [("a.txt", "text/plain", b"A"), ("b.png", "image/png", PIXEL)]
    payload = [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
    tab.locator("#files").set_input_files(payload)  # type: ignore[arg-type]
    expect(tab.locator(".grid > li")).to_have_count(2)
    follow(tab, tab.get_by_role("link", name="List"))
    tab.get_by_role("combobox", name="ACL").select_option("public-read")
    tab.get_by_role("button", name="Set the ACL").click()
    tab.get_by_role("dialog").get_by_role("button", name="Set the ACL").click()
    expect(tab.locator("#announce")).to_have_text("The ACL is set.")
    assert fetch(emulator, key="a.txt", bucket="new-bucket").content == b"A"
    for name in ("a.txt", "b.png"):
        tab.get_by_role("button", name=f"Delete {name}").click()
        tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(tab.get_by_role("link", name=name, exact=True)).to_have_count(0)
    tab.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("link", name=BUCKET, exact=True)).to_be_visible()
    expect(tab.get_by_role("link", name="new-bucket", exact=True)).to_have_count(0)


def test_large_file_is_uploaded_with_progress_by_drag_and_drop(
    tab: Page, emulator: Emulator
) -> None:
    size = 50 * 1024 * 1024
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=videos/")
    tab.evaluate(
        """async (size) => {
          window.seen = [];
          new MutationObserver(() => seen.push(document.querySelector("progress") !== null))
            .observe(document.querySelector("#uploads"), {childList: true, subtree: true});
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(size)], "film.mp4", {type: "video/mp4"}));
          document.querySelector("#drop").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        size,
    )
    expect(tab.get_by_role("link", name="film.mp4", exact=True)).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("50.0 MB")).to_be_visible()
    assert tab.evaluate("() => seen.includes(true)")
    item = emulator.run(lambda: emulator.service.storage.object(BUCKET, "videos/film.mp4"))
    assert item is not None
    assert (item.size, item.headers["Content-Type"]) == (size, "video/mp4")


def test_folders_lead_into_each_other(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/a/b/c.txt", b"C")
    visit(tab, emulator, f"buckets/{BUCKET}")
    follow(tab, tab.get_by_role("link", name="a/"))
    follow(tab, tab.get_by_role("link", name="b/"))
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download a/b/c.txt").click()
    assert download.value.path().read_bytes() == b"C"
    assert download.value.suggested_filename == "c.txt"
    tab.get_by_role("link", name="All objects").click()
    expect(tab.get_by_role("link", name="hello.txt", exact=True)).to_be_visible()


def test_object_is_described_and_changed(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/dot.png", PIXEL, {"Content-Type": "image/png"})
    visit(tab, emulator, f"objects/{BUCKET}?key=dot.png")
    width = "() => document.querySelector('.preview').naturalWidth"
    tab.wait_for_function(width)
    tab.get_by_role("combobox", name="ACL").select_option("private")
    tab.get_by_role("button", name="Set the ACL").click()
    tab.get_by_role("dialog").get_by_role("button", name="Set the ACL").click()
    expect(tab.locator("#announce")).to_have_text("Saved")
    assert fetch(emulator, SITE, "dot.png").status_code == 403
    tab.get_by_label("such as project=website").fill("colour=red\nshape=dot")
    tab.get_by_role("button", name="Save the tags").click()
    expect(tab.get_by_label("such as project=website")).to_have_value("colour=red\nshape=dot\n")
    headers = tab.get_by_label("such as Cache-Control")
    headers.fill("Content-Type: image/png\nx-oss-meta-author: me")
    tab.get_by_role("button", name="Save the headers").click()
    expect(tab.get_by_label("such as Cache-Control")).to_have_value(re.compile("author: me\n$"))
    item = emulator.run(lambda: emulator.service.storage.object(BUCKET, "dot.png"))
    assert item is not None
    assert item.headers["x-oss-meta-author"] == "me"
    assert dict(item.tags) == {"colour": "red", "shape": "dot"}


def test_signed_url_works_and_is_explained(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"objects/{BUCKET}?key=hello.txt")
    tab.get_by_role("button", name="Sign").click()
    signed = tab.locator("#signed")
    expect(signed).to_contain_text("x-oss-credential")
    expect(signed).to_contain_text("The Referer rules are consulted for this URL")
    url = signed.locator("code").first.inner_text()
    assert requests.get(url, timeout=20).content == b"Hello from oss-emulator.\n"
    assert requests.get(url, headers={"Referer": THIEF}, timeout=20).status_code == 403


def test_versions_are_listed_and_removed(tab: Page, emulator: Emulator) -> None:
    versioning = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    emulator.put(f"/{BUCKET}?versioning", versioning)
    for content in (b"one", b"two"):
        emulator.put(f"/{BUCKET}/twice.txt", content)
    visit(tab, emulator, f"objects/{BUCKET}?key=twice.txt")
    versions = tab.locator("section", has_text="Versions").last.locator("tbody tr")
    expect(versions).to_have_count(2)
    versions.last.get_by_role("button").click()
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(versions).to_have_count(1)
    kept = emulator.run(lambda: list(emulator.service.storage.versions(BUCKET, "twice.txt")))
    assert [item.size for item in kept] == [3]


# --- Embed test


def test_embed_test_shows_what_this_browser_sends(tab: Page, emulator: Emulator) -> None:
    """A real browser confirms the predictions of `oss_referer.browser`."""
    visit(tab, emulator, "embed")
    tab.get_by_label("Object").fill("picture.svg")
    tab.get_by_role("button", name="Run the test").click()
    cards = tab.locator("#results .embedded > li")
    expect(cards).to_have_count(len(POLICIES))
    frames = tab.locator("iframe")
    for number, policy in enumerate(POLICIES):
        page = frames.nth(number).get_attribute("src")
        assert page is not None
        target = f"http://{BUCKET}.localhost:{emulator.port}/picture.svg"
        expected = referrer.send(page, target, policy or referrer.DEFAULT)
        card = cards.nth(number)
        assert card.locator(".verdict").inner_text() == "allowed"
        expect(card.locator("dl")).to_be_hidden()
        card.locator("img").click()
        moved = expected and expected.replace(f".{EMBED_DOMAIN}:{emulator.port}", "")
        at_site, here = card.locator("dd").all()
        expect(at_site).to_have_text(moved or "no Referer")
        status = "allowed · 200" if expected is None else "denied · 403"
        expect(here).to_have_text(f"{expected or 'no Referer'} {status}")


# --- Emulator


def test_reset_asks_first(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/new.txt", b"x")
    visit(tab, emulator, "emulator")
    tab.get_by_role("button", name="Reset").click()
    tab.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(tab.get_by_role("dialog")).to_have_count(0)
    assert fetch(emulator, SITE, "new.txt").status_code == 200
    tab.get_by_role("button", name="Reset").click()
    tab.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(tab.locator("#announce")).to_have_text("Everything is as at the start.")
    assert fetch(emulator, SITE, "new.txt").status_code == 404
    assert fetch(emulator, SITE).status_code == 200


def test_fault_is_planned_and_removed(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "emulator")
    tab.get_by_label("Status").fill("503")
    tab.get_by_label("Error code").fill("SlowDown")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.get_by_text("503 SlowDown")).to_be_visible()
    expect(tab.locator("#active")).to_have_text("1 fault active")
    answer = fetch(emulator, SITE)
    assert (answer.status_code, "SlowDown" in answer.text) == (503, True)
    tab.get_by_role("button", name="Delete 1").click()
    expect(tab.get_by_text("No faults are planned.")).to_be_visible()
    expect(tab.locator("#active")).to_be_hidden()
    assert fetch(emulator, SITE).status_code == 200


def test_clock_snapshots_and_metrics(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    visit(tab, emulator, "emulator")
    expect(tab.get_by_role("row", name="GetObject 0 1 0")).to_be_visible()
    tab.get_by_label("Shift in seconds").fill("3600")
    tab.get_by_role("button", name="Set", exact=True).first.click()
    expect(tab.get_by_text("shifted by +3600 s")).to_be_visible()
    assert emulator.run(lambda: emulator.controls.clock.shift) == 3600
    tab.get_by_label("Name").fill("before")
    tab.get_by_role("button", name="Take a snapshot").click()
    expect(tab.get_by_role("button", name="Restore before")).to_be_visible()
    emulator.put(f"/{BUCKET}/new.txt", b"x")
    tab.get_by_role("button", name="Restore before").click()
    tab.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(tab.locator("#announce")).to_have_text("Restored")
    assert emulator.run(lambda: emulator.service.storage.object(BUCKET, "new.txt")) is None


# --- Other machines, other languages


def test_login_with_the_token_opens_the_console(tab: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a published port of a container, a browser on this machine looks like another machine."""
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(seed=DEMO, admin_token="s3cret") as emulator:
        visit(tab, emulator, f"rules/{BUCKET}?referer=x")
        token = tab.get_by_label("Value of --admin-token")
        token.fill("wrong")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("alert")).to_have_text("This is not the value of --admin-token.")
        token.fill("s3cret")
        token.press("Enter")
        expect(tab.get_by_text(f"Rules of {BUCKET} as saved")).to_be_visible()
        (cookie,) = tab.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
            True,
            "Strict",
            "/_emulator/",
        )
        assert "s3cret" not in cookie["value"]
        expect(tab.locator("#guests section").first).to_be_visible()
        tab.get_by_label("AllowEmptyReferer").uncheck()
        tab.locator("#apply").click()
        expect(tab.get_by_text("as saved in the bucket")).to_be_visible()
        tab.get_by_role("button", name="Log out").click()
        expect(token).to_be_visible()


def test_token_in_the_fragment_opens_the_console_and_is_erased(
    tab: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_is_loopback", lambda remote: False)
    with Emulator(seed=DEMO, admin_token="s3cret") as emulator:
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(f"{emulator.endpoint}/_emulator/login#token=s3cret")
        expect(tab.locator("#answer")).to_be_visible()
        assert "s3cret" not in tab.url
        tab.go_back()
        assert "s3cret" not in tab.url
        assert not any("s3cret" in url for url in asked if "#" not in url)


def test_language_is_switched_and_kept(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "requests")
    tab.get_by_role("link", name="中文").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("还没有任何请求")
    visit(tab, emulator, f"rules/{BUCKET}")
    expect(tab.locator("html")).to_have_attribute("lang", "zh")
    expect(tab.locator("#sentence")).to_contain_text("您的")


# --- What clients send is shown as text


def test_hostile_names_are_text(tab: Page, emulator: Emulator) -> None:
    for name in HOSTILE:
        emulator.put(f"/{BUCKET}/{quote(name, safe='')}", b"x", {"Content-Type": "text/html"})
        fetch(emulator, f"http://evil.test/{quote(name)[:7000]}", name)
    raw = "http://evil.test/<script>document.title='hit'</script>" + "x" * 7900
    requests.get(f"{emulator.endpoint}/{BUCKET}/hello.txt", headers={"Referer": raw}, timeout=20)
    paths = ["requests", *(f"requests/{number}" for number in (1, 2, 3, len(HOSTILE) + 1))]
    paths += ["buckets/examplebucket", f"rules/{BUCKET}?referer={quote(raw[:300])}"]
    paths += [f"objects/{BUCKET}?key={quote(name, safe='')}" for name in HOSTILE[:4]]
    paths += [f"embed?bucket={BUCKET}&key={quote(HOSTILE[0])}", f"nothing/{quote(HOSTILE[0])}"]
    for path in paths:
        visit(tab, emulator, path)
        settle(tab, path)
        assert tab.locator("main script, main img[src=x]").count() == 0
        assert tab.title() != "hit"
    visit(tab, emulator, f"buckets/{BUCKET}")
    expect(tab.get_by_role("link", name=HOSTILE[1], exact=True)).to_be_visible()


# --- For everyone


PAGES = [
    "requests",
    "requests/1",
    "rules",
    f"rules/{BUCKET}",
    "buckets",
    f"buckets/{BUCKET}",
    f"objects/{BUCKET}?key=hello.txt",
    f"embed?bucket={BUCKET}&key=hello.txt",
    "emulator",
    "connect",
    "login",
    "missing",
]


def test_no_page_is_left_out() -> None:
    modules = {import_module(f"{console.__name__}.{name}") for name in console.PAGES.values()}
    routes = [route for module in modules for route in module.ROUTES if route.method == "GET"]
    pages = {route.path for route in routes if route.path == route.stem} - {""}
    assert pages <= {path.partition("?")[0] for path in PAGES}


def settle(tab: Page, path: str) -> None:
    """Wait for the files that a page loads after it is shown."""
    if path.startswith(f"rules/{BUCKET}"):
        tab.locator("#lines .lines").first.wait_for()
        expect(tab.locator("body.dated")).to_have_count(0)
        if "referer=" in path:  # it fills the box, which may hide all sites
            tab.locator("#verdicts .verdict").wait_for()
    if path.startswith("embed"):
        tab.locator("#results .embedded").wait_for()


ENGLISH = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (parentElement.closest("code, pre, textarea, .data, main [lang=en]")) continue;
    if (/[A-Za-z]+ [a-z]+ [a-z]+/.test(data)) found.push(data.trim());
  }
  return found;
}"""
"""Finds three English words in a row on a page, outside of what clients have sent."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_and_chinese_pages_are_in_chinese(
    tab: Page, emulator: Emulator, language: str
) -> None:
    script = axe.source()
    fetch(emulator, THIEF)
    emulator.put(f"/{BUCKET}/folder/a.txt", b"x")
    emulator.run(lambda: emulator.controls.snapshots.take("one"))
    found, english = {}, {}
    for path in PAGES:
        visit(tab, emulator, f"{path}{'&' if '?' in path else '?'}language={language}")
        settle(tab, path)
        if path == "requests":
            tab.locator("#rows tbody tr").first.click()
            tab.locator("#detail .story").wait_for()
        english[path] = tab.evaluate(ENGLISH)
        found[path] = axe.find_violations(tab, script)
    assert {path: said for path, said in found.items() if said} == {}
    if language == "zh":
        assert {path: said for path, said in english.items() if said} == {}
    else:
        assert english[f"rules/{BUCKET}"]


def test_pages_fit_into_360_pixels(tab: Page, emulator: Emulator) -> None:
    fetch(emulator, THIEF)
    tab.set_viewport_size({"width": 360, "height": 800})
    wide = "() => document.documentElement.scrollWidth - innerWidth"
    beyond = {}
    for path in PAGES:
        visit(tab, emulator, path)
        settle(tab, path)
        beyond[path] = tab.evaluate(wide)
    assert {path: pixels for path, pixels in beyond.items() if pixels > 0} == {}


def test_focus_is_visible_and_the_navigation_can_be_skipped(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "requests")
    tab.keyboard.press("Tab")
    skip = tab.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    style = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert tab.evaluate(style) == "solid"
