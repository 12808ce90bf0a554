"""Buckets, objects, the embed test and the first run in a browser: the actions of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.console.embed import POLICIES
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import axe
from tests.browser.console import BUCKET, PIXEL, SITE, THIEF, drop, follow, visit

pytestmark = pytest.mark.system

MANY = 10_050
"""Keys of a folder of many pages."""


@pytest.fixture(autouse=True)
def fresh(emulator: Emulator) -> None:
    emulator.reset()


def choose(tab: Page, *names: str) -> None:
    files: Any = [{"name": name, "mimeType": "text/plain", "buffer": b"new"} for name in names]
    tab.locator("#files").set_input_files(files)


def clipboard(tab: Page) -> str:
    return str(tab.evaluate("() => navigator.clipboard.readText()"))


# --- An object


def test_object_shows_who_gets_it_at_its_public_url(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/a b/dot.png", PIXEL, {"Content-Type": "image/png"})
    visit(tab, emulator, f"objects/{BUCKET}?key=a%20b/dot.png")
    url = f"{emulator.endpoint}/{BUCKET}/a%20b/dot.png"
    public = tab.locator("section", has=tab.get_by_role("heading", name="Public URL"))
    expect(public.locator("code").first).to_have_text(url)
    public.get_by_role("button", name="Copy").first.click()
    expect(tab.locator("#announce")).to_have_text("Copied")
    assert clipboard(tab) == url
    public.get_by_role("button", name="Copy").last.click()
    assert f'<img src="{url}" alt="">' in public.locator("code").all_inner_texts()

    rows = public.locator("tbody tr")
    verdicts = [row.locator(".verdict").inner_text() for row in rows.all()]
    answers = [
        requests.get(url, headers={"Referer": referer} if referer else {}, timeout=20).status_code
        for referer in (SITE, THIEF, None)
    ]
    shown = [int(row.locator("td").last.locator("span").inner_text()) for row in rows.all()]
    assert shown == answers == [200, 403, 200]
    assert verdicts == ["allowed", "denied", "allowed"]

    with tab.expect_popup() as opened:
        public.get_by_role("link", name="Open").click()
    opened.value.wait_for_load_state()
    (entry,) = [entry for entry in emulator.journal if entry.request.headers.get("sec-fetch-dest")]
    assert (entry.status, entry.request.headers.get("referer")) == (200, None)


def set_acl(tab: Page, acl: str, answer: str = "Set the ACL") -> None:
    tab.get_by_role("combobox", name="ACL").select_option(acl)
    tab.get_by_role("button", name="Set the ACL").click()
    tab.get_by_role("dialog").get_by_role("button", name=answer).click()


def test_private_object_says_that_permissions_deny_it(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"objects/{BUCKET}?key=hello.txt")
    set_acl(tab, "private")
    expect(tab.locator("#announce")).to_have_text("Saved")
    row = tab.locator(".visitors tbody tr").first
    expect(row).to_contain_text("Permissions deny it")
    expect(row).to_contain_text("403")
    expect(tab.get_by_role("button", name="Set the ACL")).to_be_focused()


@pytest.mark.parametrize("path", [f"buckets/{BUCKET}", f"objects/{BUCKET}?key=hello.txt"])
def test_arrow_key_chooses_an_acl_and_sets_nothing(
    tab: Page, emulator: Emulator, path: str
) -> None:
    visit(tab, emulator, path)
    changes: list[str] = []
    tab.on("request", lambda request: changes.append(request.method))
    acl = tab.get_by_role("combobox", name="ACL")
    before = acl.input_value()
    acl.press("ArrowDown")
    expect(acl).not_to_have_value(before)
    expect(tab.get_by_role("dialog")).to_have_count(0)
    assert set(changes) <= {"GET"}


def test_acl_is_asked_for_and_stays_if_the_reader_declines(tab: Page, emulator: Emulator) -> None:
    emulator.bucket("private-bucket", acl="private")
    visit(tab, emulator, "buckets/private-bucket")
    acl = tab.get_by_role("combobox", name="ACL")
    acl.select_option("public-read-write")
    tab.get_by_role("button", name="Set the ACL").click()
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("read, replace and delete")
    dialog.get_by_role("button", name="Cancel").click()
    expect(acl).to_have_value("private")
    bucket = emulator.run(lambda: emulator.service.storage.bucket("private-bucket"))
    assert bucket is not None
    assert bucket.acl == "private"


# --- A folder


@pytest.fixture
def many(emulator: Emulator) -> None:
    emulator.run(lambda: _fill(emulator))


def _fill(emulator: Emulator) -> None:
    storage = emulator.service.storage
    item = storage.object(BUCKET, "hello.txt")
    assert item is not None
    for number in range(MANY):
        storage.put_object(BUCKET, item._replace(key=f"many/{number:05}.txt", size=number))


@pytest.mark.usefixtures("many")
def test_folder_of_ten_thousand_keys_is_paged_searched_and_sorted(
    tab: Page, emulator: Emulator
) -> None:
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=many/")
    names = tab.locator("tbody th a")
    expect(tab.get_by_text("1–200 of more than 2,200")).to_be_visible()
    follow(tab, tab.get_by_role("link", name="Next"))
    expect(tab.get_by_text("201–400 of more than 2,400")).to_be_visible()
    expect(names.first).to_have_text("00200.txt")
    follow(tab, tab.get_by_role("link", name="Previous"))
    expect(names.first).to_have_text("00000.txt")
    by_size = tab.get_by_role("columnheader", name="Size")
    for order in ("ascending", "descending"):
        follow(tab, by_size.get_by_role("link"))
        expect(by_size).to_have_attribute("aria-sort", order)
    expect(names.first).to_have_text("10049.txt")
    expect(tab.get_by_text("1–200 of 10,050")).to_be_visible()
    tab.get_by_role("searchbox").fill("9999")
    tab.get_by_role("searchbox").press("Enter")
    expect(names).to_have_text(["09999.txt"])
    tab.get_by_role("link", name="Show all").click()
    expect(names).to_have_count(200)


def test_folder_with_images_is_a_grid_and_the_list_is_one_click_away(
    tab: Page, emulator: Emulator
) -> None:
    for number in range(150):
        emulator.put(f"/{BUCKET}/p/{number:03}.png", PIXEL, {"Content-Type": "image/png"})
    emulator.put(f"/{BUCKET}/p/notes.txt", b"x", {"x-oss-object-acl": "private"})
    loaded: list[str] = []
    tab.on("request", lambda request: loaded.append(request.url))
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=p/")
    images = tab.locator(".grid img")
    expect(images).to_have_count(150)
    tab.wait_for_function("() => document.querySelector('.grid img').naturalWidth === 1")
    assert 0 < sum("/content/" in url for url in loaded) < 150  # images out of sight are not loaded
    first = tab.locator(".grid > li", has_text="000.png")
    expect(first.locator("li")).to_have_text(
        ["own page ✔allowed", "stranger ✘denied", "no Referer ✔allowed"]
    )
    private = tab.locator(".grid > li", has_text="notes.txt")
    expect(private.locator(".gets")).to_have_count(0)
    expect(private.locator("img")).to_have_count(0)

    follow(tab, tab.get_by_role("link", name="List"))
    expect(tab.locator("tbody tr")).to_have_count(151)
    row = tab.get_by_role("row", name="000.png").get_by_role("cell")
    expect(row.filter(has_text="✔")).to_have_count(2)
    expect(row.filter(has_text="✘")).to_have_count(1)
    follow(tab, tab.get_by_role("link", name="Size"))
    expect(tab.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "ascending")
    tab.get_by_role("link", name="Grid").click()
    expect(images).to_have_count(150)


def test_marks_say_what_visitors_get(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"buckets/{BUCKET}?view=grid")
    shown = tab.locator(".grid > li", has_text="hello.txt").locator(".open-to > li > span")
    url = f"{emulator.endpoint}/{BUCKET}/hello.txt"
    for mark, referer in zip(shown.all(), (SITE, THIEF, None), strict=True):
        headers = {"Referer": referer} if referer else {}
        gets = requests.get(url, headers=headers, timeout=20).ok
        expect(mark).to_have_class("gets" if gets else "kept-out")


def test_focus_goes_to_the_next_row_after_a_deletion(tab: Page, emulator: Emulator) -> None:
    for name in ("x1", "x2", "x3"):
        emulator.put(f"/{BUCKET}/x/{name}", b"x")
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=x/")
    for gone, focused in (("x2", "x3"), ("x3", "Delete x/x1"), ("x1", "")):
        tab.get_by_role("button", name=f"Delete x/{gone}").press("Enter")
        tab.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
        expect(tab.get_by_role("link", name=gone, exact=True)).to_have_count(0)
        if focused:
            tab.wait_for_function(
                "(text) => document.activeElement.textContent === text", arg=focused
            )
    assert tab.evaluate("() => document.activeElement !== document.body")


# --- Late answers


def hold_the_first(tab: Page, pattern: str) -> list[Route]:
    """Hold the first request to a URL of this pattern; return a list that collects all of them."""
    routes: list[Route] = []

    def take(route: Route) -> None:
        if routes:
            route.continue_()
        routes.append(route)

    tab.route(pattern, take)
    return routes


def test_unsent_text_stays_when_the_page_is_refreshed(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/new/there.txt", b"x")
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    search = tab.get_by_role("searchbox")
    search.fill("typed bef")

    def type_meanwhile(route: Route) -> None:
        search.press_sequentially("ore")
        route.continue_()

    tab.route("**/buckets/**", type_meanwhile)
    choose(tab, "a.txt")
    expect(tab.locator("tbody th a")).to_have_text(["a.txt", "there.txt"])
    expect(search).to_have_value("typed before")
    expect(search).to_be_focused()
    search.press("!")
    expect(search).to_have_value("typed before!")


def test_fields_that_are_sent_are_empty_afterwards(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "emulator")
    name, status = tab.get_by_label("Name"), tab.get_by_label("Status")
    name.fill("kept")
    status.fill("503")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.locator("#announce")).to_have_text("The fault is planned.")
    expect(status).to_have_value("")
    expect(name).to_have_value("kept")


def test_unsent_choices_stay_when_the_page_is_refreshed(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "emulator")
    breaks, delay = tab.get_by_role("checkbox"), tab.locator("input[name=latency]")
    breaks.check()
    delay.press_sequentially("1e")  # not yet a number
    tab.get_by_label("Name").fill("taken")
    tab.get_by_role("button", name="Take").click()
    expect(tab.locator("#announce")).to_have_text("The snapshot is taken.")
    expect(breaks).to_be_checked()
    assert delay.evaluate("(field) => field.validity.badInput")

    visit(tab, emulator, f"objects/{BUCKET}?key=hello.txt")
    method = tab.get_by_label("Method")
    method.select_option("DELETE")
    tab.get_by_role("button", name="Save the tags").click()
    expect(tab.locator("#announce")).to_have_text("Saved")
    expect(method).to_have_value("DELETE")


def test_typed_text_stays_if_the_server_has_a_newer_one(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/a.txt", b"x")
    visit(tab, emulator, f"objects/{BUCKET}?key=a.txt")
    headers = tab.locator("textarea[name=headers]")
    headers.fill("x-oss-meta-typed: 1")
    emulator.put(f"/{BUCKET}/a.txt", b"x", {"x-oss-meta-other": "2"})
    tab.get_by_role("button", name="Save the tags").click()
    expect(tab.locator("#announce")).to_have_text("Saved")
    expect(headers).to_have_value("x-oss-meta-typed: 1")


@pytest.mark.parametrize("held", ["faults", "emulator"])
def test_fields_that_are_sent_are_empty_also_after_two_quick_actions(
    tab: Page, emulator: Emulator, held: str
) -> None:
    """The first answer comes after the second refresh, or the refresh after it never ends."""
    visit(tab, emulator, "emulator")
    waiting = hold_the_first(tab, f"**/_emulator/{held}")
    name, status = tab.get_by_label("Name"), tab.get_by_label("Status")
    status.fill("503")
    with tab.expect_request(f"**/_emulator/{held}"):
        tab.get_by_role("button", name="Plan").click()
    name.fill("quick")
    tab.get_by_role("button", name="Take").click()
    expect(tab.get_by_role("button", name="Restore quick")).to_be_visible()
    if held == "faults":
        waiting[0].continue_()
    expect(tab.get_by_role("rowheader", name="503")).to_be_visible()
    expect(status).to_have_value("")
    expect(name).to_have_value("")


def test_text_typed_after_the_form_was_sent_stays(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "emulator")
    status, key, code = (tab.locator(f"input[name={name}]") for name in ("status", "key", "code"))

    def type_meanwhile(route: Route) -> None:
        status.fill("504")
        key.fill("next.txt")
        route.continue_()

    tab.route("**/_emulator/faults", type_meanwhile)
    status.fill("503")
    code.fill("InternalError")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.get_by_role("rowheader", name="503")).to_be_visible()
    expect(status).to_have_value("504")
    expect(key).to_have_value("next.txt")
    expect(code).to_have_value("")


def test_refused_acl_is_reported(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"objects/{BUCKET}?key=hello.txt")
    tab.route("**/objects/**", lambda route: route.abort())
    set_acl(tab, "private")
    expect(tab.locator("#announce")).to_contain_text("the server did not answer")


def test_action_is_announced_although_the_refresh_fails(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, "emulator")
    tab.route("**/_emulator/emulator", lambda route: route.abort())
    tab.get_by_label("Status").fill("503")
    tab.get_by_role("button", name="Plan").click()
    expect(tab.locator("#announce")).to_have_text("The fault is planned.")
    assert len(emulator.controls.faults.planned) == 1


def test_focus_stays_at_the_button_that_was_pressed(tab: Page, emulator: Emulator) -> None:
    """Two forms set the clock."""
    visit(tab, emulator, "emulator")
    for name, value in {"shift": "60", "now": "2030-01-31T00:00:00Z"}.items():
        field = tab.locator(f"input[name={name}]")
        field.fill(value)
        button = tab.locator("form", has=field).get_by_role("button")
        button.press("Enter")
        expect(tab.locator("#announce")).to_have_text("The clock is set.")
        expect(button).to_be_focused()
        tab.locator("#announce").evaluate("(announced) => { announced.textContent = ''; }")


def test_answer_that_is_overtaken_by_a_newer_one_is_not_shown(
    tab: Page, emulator: Emulator
) -> None:
    for name in ("x1", "x2"):
        emulator.put(f"/{BUCKET}/x/{name}", b"x")
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=x/")

    def remove(name: str) -> None:
        tab.get_by_role("button", name=f"Delete x/{name}").click()
        tab.get_by_role("dialog").get_by_role("button", name="Delete").click()

    pages = "**/buckets/**"
    held = hold_the_first(tab, pages)
    with tab.expect_request(pages):
        remove("x1")
    with tab.expect_event("requestfailed", lambda given_up: given_up == held[0].request):
        remove("x2")
    expect(tab.get_by_text("Nothing here")).to_be_visible()


# --- Uploads


def test_files_are_dropped_anywhere_on_the_page(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    drop(tab, ".top", {"a.txt": "A", "b.txt": "B"})
    expect(tab.locator("#announce")).to_have_text("2 uploaded")
    expect(tab.locator("tbody th a")).to_have_text(["a.txt", "b.txt"])


def test_dropped_file_without_a_path_is_uploaded(tab: Page, emulator: Emulator) -> None:
    """For a file that a script has made, WebKit has an entry whose file cannot be found."""
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    tab.evaluate(
        """() => {
          DataTransferItem.prototype.webkitGetAsEntry = () => ({
            isFile: true, isDirectory: false, name: "a.txt", fullPath: "/a.txt",
            file: (_, reject) => reject(new DOMException("Path does not exist", "NotFoundError")),
          });
        }"""
    )
    drop(tab, ".top", {"a.txt": "A"})
    expect(tab.locator("#announce")).to_have_text("1 uploaded")
    expect(tab.locator("tbody th a")).to_have_text(["a.txt"])


def test_dropped_folder_keeps_its_names(tab: Page, emulator: Emulator, tmp_path: Path) -> None:
    """Chromium gives a page a real folder only when a person drags it."""
    below = tmp_path / "site" / "图 片"
    below.mkdir(parents=True)
    for number in range(120):  # a browser lists a folder a hundred names at a time
        (below / f"{number}.txt").write_text("x")
    (tmp_path / "site" / "index.html").write_text("<p>")
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    session = tab.context.new_cdp_session(tab)
    data = {"items": [], "files": [str(tmp_path / "site")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 400, "y": 30, "data": data}
        session.send("Input.dispatchDragEvent", event)
    expect(tab.locator("#announce")).to_have_text("121 uploaded")
    items = emulator.run(lambda: list(emulator.service.storage.objects(BUCKET, "new/")))
    keys = {item.key for item in items if item.key.startswith("new/")}
    assert {"new/site/index.html", "new/site/图 片/119.txt"} <= keys
    assert len(keys) == 121


def test_failed_upload_keeps_the_others_and_is_named(tab: Page, emulator: Emulator) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=500, content_type="application/json", body='{"error": "No room."}')

    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    tab.route("**/content/**key=new%2Fbad.txt", fail)
    choose(tab, "a.txt", "bad.txt", "c.txt")
    expect(tab.locator("#announce")).to_have_text("2 uploaded, 1 failed")
    expect(tab.locator("tbody th a")).to_have_text(["a.txt", "c.txt"])
    expect(tab.locator("#uploads li")).to_have_text(["bad.txt: No room."])


def test_upload_without_a_server_is_reported(tabs: BrowserContext, emulator: Emulator) -> None:
    tab = tabs.new_page()
    failures: list[str] = []
    tab.on("pageerror", lambda error: failures.append(str(error)))
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    tab.route("**/_emulator/**", lambda route: route.abort())
    choose(tab, "a.txt", "b.txt")
    expect(tab.locator("#uploads li")).to_have_count(2)
    expect(tab.locator("#uploads li").first).to_contain_text("a.txt: the server did not answer")
    expect(tab.locator("#announce")).to_have_text("2 failed")
    assert failures == []


@pytest.mark.parametrize(("answer", "content"), [("Replace them", b"new"), ("Keep them", b"old")])
def test_upload_asks_before_it_replaces(
    tab: Page, emulator: Emulator, answer: str, content: bytes
) -> None:
    emulator.put(f"/{BUCKET}/new/there.txt", b"old")
    visit(tab, emulator, f"buckets/{BUCKET}?prefix=new/")
    choose(tab, "there.txt", "other.txt")
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("These exist already: there.txt")
    dialog.get_by_role("button", name=answer).click()
    kept = "1 uploaded, 1 kept as before" if content == b"old" else "2 uploaded"
    expect(tab.locator("#announce")).to_have_text(kept)
    url = f"{emulator.endpoint}/{BUCKET}/new/there.txt"
    assert requests.get(url, headers={"Referer": SITE}, timeout=20).content == content
    expect(tab.get_by_role("link", name="other.txt", exact=True)).to_be_visible()


# --- The embed test


def test_embed_test_uses_the_site_of_the_rules_and_an_image(tab: Page, emulator: Emulator) -> None:
    emulator.put(f"/{BUCKET}/zz.png", PIXEL, {"Content-Type": "image/png"})
    emulator.put(f"/{BUCKET}/a.txt", b"x")
    rules: Any = {"AllowEmptyReferer": False, "RefererList": {"Referer": ["http://shop.test/*"]}}
    address = f"{emulator.endpoint}/_emulator/rules/{BUCKET}"
    marked = {"x-oss-emulator": "1"}
    requests.put(address, json={"rules": rules}, headers=marked, timeout=20).raise_for_status()
    tab.set_viewport_size({"width": 390, "height": 844})
    visit(tab, emulator, f"embed?bucket={BUCKET}")
    expect(tab.get_by_label("Host of the page")).to_have_value("shop.test")
    assert tab.get_by_label("Object").input_value().endswith((".png", ".svg"))
    tab.get_by_role("button", name="Run the test").click()
    cards = tab.locator("#results .embedded > li")
    expect(cards).to_have_count(len(POLICIES))
    for card in cards.all():
        verdict = card.locator(".verdict")
        expect(verdict).to_have_count(1)
        box = verdict.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= 390 - box["width"]
    for policy, word in (("(none set)", "allowed"), ("no-referrer", "denied")):
        card = cards.filter(has=tab.get_by_text(policy, exact=True))
        expect(card.locator(".verdict")).to_have_text(word)
        picture = card.locator("img")
        tab.wait_for_function("(image) => image.complete", arg=picture.element_handle())
        is_loaded = picture.evaluate("(image) => image.naturalWidth > 0")
        assert is_loaded is (word == "allowed")
    assert not tab.evaluate("() => document.documentElement.scrollWidth > innerWidth")


def test_embed_test_shows_what_permissions_deny_as_broken(tab: Page, emulator: Emulator) -> None:
    image = {"Content-Type": "image/png", "x-oss-object-acl": "private"}
    emulator.put(f"/{BUCKET}/private.png", PIXEL, image)
    visit(tab, emulator, f"embed?bucket={BUCKET}&key=private.png")
    cards = tab.locator("#results .embedded > li")
    expect(cards).to_have_count(len(POLICIES))
    expect(cards.filter(has_text="Permissions deny it")).to_have_count(len(POLICIES))
    assert {image.get_attribute("src") for image in cards.locator("img").all()} == {"data:,"}


def test_embed_test_says_that_an_object_is_not_an_image(tab: Page, emulator: Emulator) -> None:
    visit(tab, emulator, f"embed?bucket={BUCKET}&key=hello.txt")
    expect(tab.get_by_text("This object is not an image")).to_be_visible()
    visit(tab, emulator, f"embed?bucket={BUCKET}&key=picture.svg")
    expect(tab.get_by_text("This object is not an image")).to_have_count(0)


def test_arrow_key_does_not_leave_the_form_of_the_embed_test(tab: Page, emulator: Emulator) -> None:
    emulator.bucket("z-bucket", acl="private")
    visit(tab, emulator, "embed")
    bucket = tab.get_by_label("Bucket")
    with tab.expect_event("load", predicate=lambda _: True):
        bucket.press("ArrowDown")
        expect(bucket).to_have_value("z-bucket")
        expect(bucket).to_be_focused()
        tab.get_by_role("button", name="Choose").click()
    expect(tab.get_by_text("This bucket has no objects yet")).to_be_visible()


# --- The first run


def test_newcomer_is_led_from_nothing_to_a_request(tab: Page) -> None:
    with Emulator() as empty:
        visit(tab, empty, "requests")
        expect(tab.locator("pre:visible")).to_have_count(2)
        follow(tab, tab.get_by_role("link", name="Connect a client"))
        card = tab.locator(".box")
        expect(card).to_contain_text(empty.endpoint)
        expect(card).to_contain_text("oss-emulator / oss-emulator-secret")
        expect(card.locator("details")).to_have_count(8)
        card.locator("summary").first.click()
        card.locator("details [data-copy]").first.click()
        expect(tab.locator("#announce")).to_have_text("Copied")
        assert clipboard(tab).startswith("import os")
        assert empty.endpoint in clipboard(tab)
        for path, link in (
            ("rules", "Create a bucket"),
            ("embed", "Create a bucket"),
            ("buckets", "Connect a client"),
            ("emulator", "Connect a client"),
        ):
            visit(tab, empty, path)
            expect(tab.locator("main").get_by_role("link", name=link).first).to_be_visible()
        visit(tab, empty, "requests")
        requests.get(f"{empty.endpoint}/examplebucket/hello.txt", timeout=20)
        expect(tab.locator("#rows tbody tr")).to_have_count(1)
        expect(tab.locator("pre:visible")).to_have_count(0)


# --- For everyone


PAGES = [
    f"buckets/{BUCKET}",
    f"buckets/{BUCKET}?view=list",
    f"objects/{BUCKET}?key=picture.svg",
    f"embed?bucket={BUCKET}&key=picture.svg",
    "connect",
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(tab: Page, emulator: Emulator, language: str) -> None:
    script, found = axe.source(), {}
    for path in PAGES:
        visit(tab, emulator, f"{path}{'&' if '?' in path else '?'}language={language}")
        if path.startswith("embed"):
            tab.locator("#results .embedded").wait_for()
        found[path] = axe.find_violations(tab, script)
    assert {path: said for path, said in found.items() if said} == {}
