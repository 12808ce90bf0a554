"""The page of the lab in a real browser: without a network, from a server and from the disk."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.plan import plan
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.ossutil import to_members
from oss_referer.texts import LANGUAGES, Catalogue
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from docs.site import samples
from docs.site.lab.pages import PAGES
from tests.browser import axe
from tests.browser.console import SETTLED
from tests.docs.markdown import agrees, blocks
from tests.docs.test_samples import find

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
BROKEN = (ROOT / "fixtures" / "lab" / "broken.xml").read_text(encoding="utf-8")
SITE = "https://www.example.com/"
PATIENCE = 180_000
"""Milliseconds until Python runs in a browser on a busy machine."""


class Visit:
    """A profile without a network: its requests to other addresses, and the errors of its pages."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        self.address = address
        self.profile: BrowserContext = browser.new_context(**options)
        self.profile.set_default_timeout(PATIENCE)
        self.profile.on("request", lambda request: self._look(request.url))
        self.profile.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.profile.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        self.profile.set_offline(address.startswith("file:"))

    def _look(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.strangers.append(url)

    def open(self, name: str = "index.html") -> Page:
        page = self.profile.new_page()
        page.goto(f"{self.address}/{name}")
        expect(page.locator("body.dated")).to_have_count(0, timeout=PATIENCE)  # Python has answered
        page.locator("#as-text").click()
        return page

    def close(self) -> None:
        self.profile.close()
        assert self.strangers == []
        assert self.complaints == []


@pytest.fixture(params=["http", "file"])
def visit(
    request: pytest.FixtureRequest, browser: Browser, folder: Path, served: str
) -> Iterator[Visit]:
    """A visit of the page on a static host, or from the disk."""
    found = Visit(browser, served if request.param == "http" else folder.as_uri())
    found.profile.grant_permissions(["clipboard-read", "clipboard-write"])
    yield found
    found.close()


@pytest.fixture(scope="module")
def shown(browser: Browser, folder: Path) -> Iterator[Page]:
    """One page from the disk for several tests, because opening it takes seconds."""
    found = Visit(browser, folder.as_uri())
    yield found.open()
    found.close()


def paste(page: Page, text: str, into: str = "#whitelist") -> None:
    """Paste a text, as a person does."""
    page.locator("#as-text").click()
    page.locator(into).evaluate(
        """(area, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            area.focus();
            area.select();
            const event = new ClipboardEvent("paste", {
                clipboardData: data, bubbles: true, cancelable: true,
            });
            if (area.dispatchEvent(event)) document.execCommand("insertText", false, text);
        }""",
        text,
    )


def rules(*whitelist: str) -> dict[str, Any]:
    return to_members(RefererConfiguration(False, whitelist=whitelist))


def verdict_on(page: Page, referer: str) -> Locator:
    """Try a Referer in the box, and return the verdict on it."""
    if page.locator("#find").input_value() != referer:
        page.locator("#find").fill(referer)
    return page.locator("#verdicts .verdict")


def goes_to(page: Page, fragment: str) -> None:
    """Follow a link to the page that is open already."""
    page.evaluate("(fragment) => { location.hash = fragment; }", fragment)


def empty(page: Page, place: str) -> Locator:
    """Empty an element of the page, so that any later text in it is new."""
    page.locator(place).evaluate("(place) => { place.textContent = ''; }")
    return page.locator(place)


def test_broken_rules_are_understood_corrected_and_shared(visit: Visit) -> None:
    """Paste, see what is wrong and why, correct it, copy the link, open it in another window."""
    page = visit.open()
    sentence, lines = empty(page, "#sentence"), empty(page, "#lines")  # those of the example
    paste(page, BROKEN)
    expect(page.locator("#read")).to_contain_text("XML")
    expect(lines.locator(".r.changes").first).to_be_attached()
    expect(page.locator(".gutter[data-list=whitelist] .changes")).to_have_count(4)
    expect(verdict_on(page, SITE)).to_have_text("denied")
    expect(sentence).to_contain_text("strangers can get in")
    page.get_by_role("button", name="Use the corrected list").click()
    expect(sentence).to_contain_text("strangers get in only without a Referer")
    expect(page.locator(".gutter li:not(.stays)[data-mark]")).to_have_count(0)
    expect(verdict_on(page, SITE)).to_have_text("allowed")
    page.locator("#link").click()
    expect(page.locator("#announce")).to_have_text(re.compile("^Copied"))
    link = page.url
    assert "#case=" in link
    other = visit.profile.new_page()
    other.goto(link)
    expect(verdict_on(other, SITE)).to_have_text("allowed", timeout=PATIENCE)
    assert other.locator("#whitelist").input_value() == page.locator("#whitelist").input_value()
    expect(other.locator("#undo")).to_have_attribute("aria-disabled", "true")


def test_example_is_shown_at_once_and_replaced_by_a_paste(visit: Visit) -> None:
    page = visit.profile.new_page()
    page.add_init_script(f"({HOLD})()")  # Python is not there yet
    page.goto(f"{visit.address}/index.html", wait_until="domcontentloaded")
    assert page.locator("#engine").is_visible()
    assert re.search("Python is being loaded, [0-9]+ MB", page.locator("#engine").inner_text())
    assert "of your" in page.locator("#sentence").inner_text()
    assert page.locator("#lines .r").first.is_visible()
    assert page.locator("#whitelist").input_value().startswith("www.example.com\n")
    expect(page.locator("#state")).to_have_text("An example: paste your own rules over it")
    paste(page, f"{SITE}\nhttps://a.test/")
    expect(page.locator("#state")).to_be_empty()
    expect(page.locator("#lines")).not_to_contain_text("shop.example.com")  # only Python knows it
    page.evaluate("letGo()")
    expect(verdict_on(page, "https://a.test/")).to_have_text("allowed", timeout=PATIENCE)
    expect(page.locator("#whitelist")).to_have_value(f"{SITE}\nhttps://a.test/")


def test_page_names_the_size_of_its_download(shown: Page, folder: Path) -> None:
    size = sum(path.stat().st_size for path in (folder / "parts").iterdir())
    loading = Catalogue("en")("lab.loading", size=round(size / 1e6))
    assert loading in (folder / "index.html").read_text(encoding="utf-8")


PASTED = {
    "XML": forms.format(RefererConfiguration(False, whitelist=(SITE,)), RulesForm.XML),
    "JSON": forms.format(RefererConfiguration(False, whitelist=(SITE,)), RulesForm.JSON),
    "TOML": f'whitelist = ["{SITE}"]',
    "Terraform": forms.format(RefererConfiguration(False, whitelist=(SITE,)), RulesForm.TERRAFORM),
    "Terraform (.tf)": forms.format(RefererConfiguration(False, whitelist=(SITE,)), RulesForm.HCL),
    "nginx": "valid_referers www.example.com;",
    "XML (PutBucketReferer)": "HTTP/1.1 200 OK\n\n"
    + forms.format(RefererConfiguration(False, whitelist=(SITE,)), RulesForm.XML),
}


@pytest.mark.parametrize("form", PASTED)
def test_form_of_pasted_and_dropped_rules_is_recognised(shown: Page, form: str) -> None:
    shown.locator("#as-text").click()
    for give in (paste, drop):
        shown.locator("#whitelist").fill("https://before.test/")
        give(shown, PASTED[form])
        expect(shown.locator("#whitelist")).to_have_value(re.compile(f"^{SITE}"))
        expect(shown.locator("#read")).to_contain_text(form)


def drop(page: Page, text: str) -> None:
    """Drop a file on the page, as a person does."""
    page.locator("h1").evaluate(
        """(place, text) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([text], "rules"));
            for (const name of ["dragenter", "dragover", "drop"]) {
                const given = { dataTransfer, bubbles: true, cancelable: true };
                place.dispatchEvent(new DragEvent(name, given));
            }
        }""",
        text,
    )


def test_question_and_its_answers_are_in_sight_on_a_telephone(shown: Page) -> None:
    size = shown.viewport_size
    shown.set_viewport_size({"width": 390, "height": 844})
    try:
        more = "<Referer>https://partner.test/x/</Referer></RefererList>"
        paste(shown, BROKEN.replace("</RefererList>", more))
        expect(shown.locator(".gutter[data-list=whitelist] .asks")).to_have_count(1)
        assert shown.locator("#whitelist").evaluate("(area) => area.scrollLeft") == 0
        shown.locator("[data-ask]").click()
        expect(shown.locator(".r.asks").first).to_be_in_viewport()
        asked = shown.locator(".r.asks").first
        for button in asked.get_by_role("button").all():
            button.scroll_into_view_if_needed()
            expect(button).to_be_in_viewport(ratio=0.99)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert shown.evaluate(wide) == 0
        asked.locator("[data-take]").first.click()
        expect(shown.locator(".r.asks")).to_have_count(0)
        assert shown.evaluate(wide) == 0
    finally:
        if size:
            shown.set_viewport_size(size)


OLD = {
    "no-webassembly": "delete window.WebAssembly",
    "old-browser": "delete window.DecompressionStream",
    "not-started": "window.Worker = class { postMessage() { this.onerror({ message: 'no' }); } };",
    "broken-file": "",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", OLD)
def test_page_says_once_and_in_its_language_why_python_does_not_run(
    browser: Browser, folder: Path, tmp_path: Path, language: str, code: str
) -> None:
    place = folder
    if code == "broken-file":
        place = copy(folder, tmp_path)
        (place / "parts" / "lab.zip.js").unlink()
    page = browser.new_page()
    page.add_init_script(OLD[code])
    page.goto((place / PAGES[language]).as_uri())
    said = "lab.zip" if code == "broken-file" else "no"
    sentences = {
        name: Catalogue(name)(f"lab_error.{code}").replace("{said}", said) for name in LANGUAGES
    }
    expect(page.locator(".notice.bad >> visible=true")).to_have_text([sentences[language]])
    assert page.evaluate("lab.ready.catch((error) => error.message)") == sentences["en"]
    page.locator("#as-text").click()
    page.locator("#whitelist").fill(SITE)  # parts of the page that need Python add no other error
    page.locator("#whitelist").press("a")
    page.wait_for_url("**#case=*")  # Python has been asked by then
    expect(page.locator(".notice.bad >> visible=true")).to_have_text([sentences[language]])
    page.close()


def copy(folder: Path, to: Path) -> Path:
    """Copy the page, so that a file of it can be damaged."""
    return Path(shutil.copytree(folder, to / "lab"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("script", ["page.js", "lab.js"])
@pytest.mark.parametrize("damage", [None, "let old = ??? 1;", ""])
def test_browser_that_cannot_read_a_script_is_told_what_to_do(
    browser: Browser, folder: Path, tmp_path: Path, language: str, script: str, damage: str | None
) -> None:
    """An old browser rejects a whole script if its syntax is new to it."""
    place = copy(folder, tmp_path)
    if damage is None:
        (place / script).unlink()
    else:
        (place / script).write_text(damage, encoding="utf-8")
    page = browser.new_page()
    page.goto((place / PAGES[language]).as_uri())
    expect(page.locator(".notice.bad >> visible=true")).to_have_text(
        [Catalogue(language)("lab.old")]
    )
    page.close()


def test_entry_with_a_line_end_keeps_its_verdict_and_the_others_can_be_edited(shown: Page) -> None:
    """Split at its line break, the first half of the entry would allow the site."""
    broken = RefererConfiguration(False, whitelist=(f"{SITE}\nhttps://a.test/",))
    read = empty(shown, "#read")
    paste(shown, forms.format(broken, RulesForm.XML))
    expect(read).to_contain_text("XML")  # the rules of an earlier test may deny the site, too
    set_referers(shown, SITE)
    assert not RefererPolicy.compile(broken).decide(SITE).allowed
    expect(verdict_on(shown, SITE)).to_have_text("denied")
    shown.locator("#whitelist").press("Control+Home")
    shown.locator("#whitelist").press_sequentially(f"{SITE}\n")
    expect(verdict_on(shown, SITE)).to_have_text("allowed")


def set_sites(page: Page, text: str) -> None:
    page.locator(".sites").evaluate("(part) => { part.open = true; }")
    page.locator("#site").fill(text)


def set_referers(page: Page, text: str) -> None:
    page.locator("#find").fill(text)


SAMPLES = {
    f"{name}: {sample.text.splitlines()[-1]}": sample
    for name in ("rule-lab", "scenarios", "referer")
    for sample in find(name)
}


@pytest.mark.parametrize("title", SAMPLES)
def test_sample_prints_what_its_page_shows(shown: Page, title: str) -> None:
    sample = SAMPLES[title]
    for place in ("#commands", "#read", "#state"):
        empty(shown, place)
    commands, output = shown.locator("#commands"), shown.locator("#output")
    goes_to(shown, sample.link)
    expect(commands).to_have_text(sample.text.strip())  # now the output is of this sample
    expect(output).not_to_be_empty(timeout=PATIENCE)
    assert agrees(sample.printed, output.text_content() or "")
    said = shown.locator("#read, #state").filter(has_text=re.compile(r"\S"))
    expect(said.first).to_be_visible()  # the editor has the rules now, and not in the next test


def test_program_of_a_page_opens_with_its_rules_and_its_verdict(shown: Page) -> None:
    markdown = (ROOT / "docs" / "referer.md").read_text(encoding="utf-8")
    run = [block for block in blocks(markdown) if block.language in ("python", "text")]
    code = next(place for place, block in enumerate(run) if block.language == "python")
    case = samples.read_case(run[code].text)
    assert case is not None
    goes_to(shown, samples.link("case", case))
    row = shown.locator("#verdicts tr", has=shown.get_by_text(case["referers"], exact=True))
    expect(row).to_contain_text("0003-00000503", timeout=PATIENCE)
    for step in re.findall(r"^  (.*) \[", run[code + 1].text, re.MULTILINE):
        expect(row).to_contain_text(step)


@pytest.mark.usefixtures("folder")
def test_archive_of_the_lab_works_from_the_disk(browser: Browser, tmp_path: Path) -> None:
    """No other pages are beside it, so its links lead to the repository."""
    from docs.site.lab.build import pack  # it reads the whole package, which few tests need

    pack(tmp_path / "oss-emulator-lab.zip")
    shutil.unpack_archive(tmp_path / "oss-emulator-lab.zip", tmp_path / "here")
    (unpacked,) = (tmp_path / "here").iterdir()
    visit = Visit(browser, unpacked.as_uri())
    for name in PAGES.values():
        page = visit.open(name)
        links = [link.get_attribute("href") or "" for link in page.locator(".top a").all()]
        assert {link for link in links if "://" not in link} <= {*PAGES.values()}
        for link in filter(lambda link: "://" in link, links):
            path = link.removeprefix("https://github.com/oss-emulator/oss-emulator/blob/main/")
            assert (ROOT / path).is_file(), link
    visit.close()


@pytest.mark.parametrize("language", ["index.html", "zh.html"])
def test_axe_finds_nothing(browser: Browser, folder: Path, language: str) -> None:
    visit = Visit(browser, folder.as_uri())
    page = visit.open(language)
    for place in ("#generate", "#compare"):
        page.locator(f"{place} > summary").click()
    script = axe.source()
    found = axe.find_violations(page, script)
    reviewed = empty(page, "#lines")
    goes_to(page, next(iter(SAMPLES.values())).link)
    expect(page.locator("#output")).not_to_be_empty()
    expect(reviewed).not_to_be_empty()
    found += axe.find_violations(page, script)
    page.locator("#export-open").click()
    page.locator("#export-texts select").select_option("cdn")
    found += axe.find_violations(page, script, [390])
    page.keyboard.press("Escape")
    page.locator("#whitelist").fill("https://www.example.com/a/*\nhttps://b.test")
    page.locator("#as-lines").click()
    expect(page.locator(".r.asks [data-take]").first).to_be_visible()
    found += axe.find_violations(page, script, [390])
    visit.close()
    assert found == []


BAD_TEXTS = {
    "<RefererConfiguration><Refererlist/></RefererConfiguration>": "Line 1, column 23:",
    "{" + '"a": 1, ' * 600_000: "larger than 4 MB",
    "a\n" * 200_000: "or 100,000 lines",
    "\0\1PNG": "not a text",
    'resource "alicloud_oss_bucket_referer" "a" {\n  count = 1\n}': "terraform show -json",
    "resources:\n  a:\n": "YAML cannot be read",
}


@pytest.mark.parametrize("text", BAD_TEXTS, ids=BAD_TEXTS.values())
def test_text_that_is_not_rules_gets_one_sentence(shown: Page, text: str) -> None:
    shown.locator("#whitelist").fill(SITE)
    empty(shown, "#announce")
    paste(shown, text)
    said = shown.locator("#unread .why, #announce").filter(has_text=BAD_TEXTS[text])
    expect(said).to_be_visible()
    if shown.locator("#unread .why").count():
        shown.locator("[data-back]").click()
    expect(shown.locator("#whitelist")).to_have_value(SITE)
    expect(shown.locator("#unread .why")).to_have_count(0)


SAMPLE: dict[str, Any] = {"text": "x", "files": {}, "document": None, "steps": []}
BROKEN_LINKS = {
    "cut off": "#case=eyJydWxlcyI6",
    "with a full stop": "#case=e30.",
    "empty": "#sample=",
    "not packed": "#sample=AAAA",
    "a step that is nothing": samples.link("sample", {**SAMPLE, "steps": [None]}),
    "arguments that are a text": samples.link("sample", {**SAMPLE, "steps": [{"args": "check"}]}),
    "a file that is a number": samples.link("sample", {**SAMPLE, "files": {"a": 1}}),
    "no files": samples.link("sample", {"text": "x", "steps": []}),
    "another version that is missing": samples.link("sample", {**SAMPLE, "other": "b"}),
    "another version that is not rules": samples.link(
        "case", {"rules": rules(SITE), "referers": "", "site": "", "other": {"a": 1}}
    ),
    "a site that is a number": samples.link("sample", {**SAMPLE, "site": 1}),
}


@pytest.mark.parametrize("link", BROKEN_LINKS.values(), ids=BROKEN_LINKS)
def test_broken_link_is_named_and_changes_nothing(shown: Page, link: str) -> None:
    shown.locator("#whitelist").fill(SITE)
    announced = empty(shown, "#announce")
    goes_to(shown, link)
    expect(announced).to_contain_text("This link is broken or incomplete")
    expect(shown.locator("#whitelist")).to_have_value(SITE)


LINES = "\n" * 200_000
CASE: dict[str, Any] = {"rules": rules(), "referers": "", "site": ""}
LARGE_LINKS: dict[str, Callable[[], str]] = {
    "entries": lambda: samples.link("case", {**CASE, "rules": rules(*[""] * 200_000)}),
    "entries of another version": lambda: samples.link(
        "case", {**CASE, "other": rules(*[""] * 200_000)}
    ),
    "Referers": lambda: samples.link("case", {**CASE, "referers": LINES}),
    "a file": lambda: samples.link("sample", {**SAMPLE, "files": {"a": LINES}}),
}


@pytest.mark.parametrize("make", LARGE_LINKS.values(), ids=LARGE_LINKS)
def test_link_to_more_lines_than_a_browser_shows_changes_nothing(
    shown: Page, make: Callable[[], str]
) -> None:
    link = make()
    shown.locator("#whitelist").fill(SITE)
    announced = empty(shown, "#announce")
    goes_to(shown, link)
    expect(announced).to_contain_text("or 100,000 lines")
    expect(shown.locator("#whitelist")).to_have_value(SITE)


def test_list_with_more_lines_than_a_browser_shows_is_not_pasted(shown: Page) -> None:
    shown.locator("#whitelist").fill(SITE)
    said = empty(shown, "#announce")
    paste(shown, "a\n" * 200_000)
    expect(said).to_contain_text("or 100,000 lines")
    expect(shown.locator("#whitelist")).to_have_value(SITE)


def test_sample_shows_no_output_of_another_one(shown: Page) -> None:
    first = next(iter(SAMPLES.values()))
    goes_to(shown, first.link)
    expect(shown.locator("#commands")).to_have_text(first.text.strip())
    expect(shown.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    goes_to(
        shown, samples.link("sample", {**SAMPLE, "files": {"../a": ""}, "steps": [{"args": []}]})
    )
    expect(shown.locator("#announce")).to_contain_text("is not the name of a file")
    expect(shown.locator("#output")).to_be_empty()


@pytest.mark.parametrize("is_overtaken", [False, True])
def test_stopped_sample_is_not_reported(shown: Page, is_overtaken: bool) -> None:
    """It runs again, or another one is shown."""
    first, *others = SAMPLES.values()
    announced = empty(shown, "#announce")
    empty(shown, "#output")
    shown.evaluate(
        """() => {
            const run = lab.run;
            const stopped = new Promise((done) => { window.stopSample = done; });
            lab.run = async () => {
                lab.run = run;
                await stopped;
                throw Object.assign(new Error("stopped"), { code: "stopped" });
            };
        }"""
    )
    goes_to(shown, first.link)
    expect(shown.locator("#commands")).to_have_text(first.text.strip())
    sample = others[0] if is_overtaken else first
    if is_overtaken:
        goes_to(shown, sample.link)
        expect(shown.locator("#commands")).to_have_text(sample.text.strip())
    shown.evaluate("() => stopSample()")
    expect(shown.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    assert agrees(sample.printed, shown.locator("#output").text_content() or "")
    expect(announced).to_be_empty()


@pytest.mark.parametrize("document", [None, "missing", "__proto__", "toString"])
def test_sample_without_its_document_shows_the_example(shown: Page, document: str | None) -> None:
    shown.locator("#whitelist").fill("https://before.test/")
    goes_to(shown, samples.link("sample", {**SAMPLE, "document": document}))
    expect(shown.locator("#whitelist")).to_have_value(re.compile("www.example.com"))
    expect(shown.locator("#unread .why")).to_have_count(0)


def test_link_to_the_content_keeps_the_rules(shown: Page) -> None:
    goes_to(shown, samples.link("case", {"rules": rules(SITE), "referers": "", "site": SITE}))
    expect(shown.locator("#whitelist")).to_have_value(SITE)
    announced = empty(shown, "#announce")
    shown.locator(".skip").focus()
    # Soon afterwards, the address is that of the rules again.
    with shown.expect_event("framenavigated", lambda frame: frame.url.endswith("#main")):
        shown.keyboard.press("Enter")
    shown.evaluate(SETTLED)
    expect(announced).not_to_contain_text("This link")
    expect(shown.locator("#whitelist")).to_have_value(SITE)
    nobody = shown.locator("#guests tr", has_text="no Referer")
    expect(nobody.locator("td .v").first).to_have_text("out")


HOLD = """() => {
    const Native = DecompressionStream;
    const held = new Promise((done) => { window.letGo = done; });
    window.DecompressionStream = class {
        constructor(form) {
            window.DecompressionStream = Native;
            const { readable, writable } = new Native(form);
            const late = new TransformStream({
                transform: (part, to) => held.then(() => to.enqueue(part)),
            });
            Object.assign(this, { readable: readable.pipeThrough(late), writable });
        }
    };
}"""
"""Hold the next text that is unpacked, a link or a part of Python, until `letGo()`."""


def compress(case: dict[str, Any]) -> str:
    """Make a link to a case as the page makes it."""
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps(case).encode()))
    return f"#case={packed.decode().rstrip('=')}"


def test_link_that_is_read_late_does_not_replace_the_next_one(shown: Page) -> None:
    announced = empty(shown, "#announce")
    shown.evaluate(HOLD)
    goes_to(shown, compress({}))  # it would be reported as broken
    for entry in ("https://next.test/", "https://last.test/"):
        goes_to(shown, samples.link("case", {**CASE, "rules": rules(entry)}))
        expect(shown.locator("#whitelist")).to_have_value(entry)
        shown.evaluate("letGo()")
    expect(announced).to_be_empty()


@pytest.mark.parametrize("next_one", ["#main", "#case=broken"])
def test_link_that_is_read_late_is_shown_if_the_next_one_shows_nothing(
    shown: Page, next_one: str
) -> None:
    late = f"https://late.test/{next_one}"
    shown.evaluate(HOLD)
    goes_to(shown, compress({**CASE, "rules": rules(late)}))
    goes_to(shown, next_one)
    shown.evaluate("letGo()")
    expect(shown.locator("#whitelist")).to_have_value(late)


def test_link_is_shown_although_the_address_has_changed_again(shown: Page) -> None:
    """The page writes its rules into the address half a second after they change."""
    case = {**CASE, "rules": rules("https://followed.test/")}
    shown.evaluate(
        "([link, next]) => { location.hash = link; history.replaceState(null, '', next); }",
        [samples.link("case", case), compress(CASE)],
    )
    expect(shown.locator("#whitelist")).to_have_value("https://followed.test/")


def test_link_leaves_nothing_of_a_text_that_was_read(shown: Page) -> None:
    paste(shown, BROKEN.replace("RefererList>", "Refererlist>"))
    expect(shown.locator("#unread .why")).to_be_visible()
    goes_to(shown, samples.link("case", {"rules": rules(SITE), "referers": "", "site": SITE}))
    expect(shown.locator("#whitelist")).to_have_value(SITE)
    expect(shown.locator("#unread .why")).to_have_count(0)


def test_link_replaces_a_sample_and_a_sample_replaces_a_link(shown: Page) -> None:
    sample = next(iter(SAMPLES.values()))
    goes_to(shown, sample.link)
    expect(shown.locator("#sample")).to_be_visible()
    case = {"rules": rules("https://a.test/"), "referers": "https://a.test/", "site": ""}
    goes_to(shown, samples.link("case", case))
    expect(shown.locator("#whitelist")).to_have_value("https://a.test/")
    expect(shown.locator("#sample")).to_be_hidden()
    expect(verdict_on(shown, "https://a.test/")).to_have_text("allowed")
    goes_to(shown, sample.link)
    expect(shown.locator("#whitelist")).not_to_have_value("https://a.test/")
    expect(shown.locator("#sample")).to_be_visible()


def test_link_drops_a_text_that_is_still_being_read(shown: Page) -> None:
    paste(shown, BROKEN)
    linked = "https://linked.test/"
    goes_to(shown, samples.link("case", {**CASE, "rules": rules(linked), "referers": linked}))
    # Python answers in order, so it has read the text by then.
    expect(verdict_on(shown, linked)).to_have_text("allowed")
    expect(shown.locator("#whitelist")).to_have_value(linked)


def test_ten_thousand_entries_do_not_hang_the_page(shown: Page) -> None:
    many = "\n".join(f"https://{number}.example.com/" for number in range(10_000))
    set_referers(shown, "https://9999.example.com/")
    shown.locator("#blacklist").fill("")
    paste(shown, many)
    expect(shown.locator("#refused")).to_contain_text("these rules have 248890 ")
    for part in ("#lines .r", "#guests section", ".gutter [data-mark]"):
        expect(shown.locator(f"{part} >> visible=true")).to_have_count(0)
    expect(verdict_on(shown, "https://9999.example.com/")).to_have_text("allowed")
    shown.locator("#whitelist").fill("https://a.test/")  # while Python may still be at work
    expect(verdict_on(shown, "https://9999.example.com/")).to_have_text("denied")
    expect(shown.locator("#refused")).to_be_hidden()


def test_question_that_takes_minutes_is_dropped_for_the_next_one(shown: Page) -> None:
    shown.locator("#whitelist").fill("https://a.test/")
    set_referers(shown, SITE)
    expect(verdict_on(shown, SITE)).to_have_text("denied")
    shown.evaluate(
        """() => {
            const { call } = lab;
            lab.call = async (name, values) => {
                if (values.referer !== "https://b.test/") return call(name, values);
                const entry = (_, number) => `*${number}${"?*".repeat(50)}`;
                const text = JSON.stringify(Array.from({ length: 700 }, entry));
                const files = { "r.toml": `whitelist = ${text}` };
                for (;;) await lab.run(["lint", "r.toml", "--fix"], files); // until it is stopped
            };
        }"""
    )
    set_referers(shown, "https://b.test/")
    expect(shown.locator("#engine")).to_be_visible()
    expect(shown.locator("#engine")).to_contain_text("Python is still working")
    for part in ("#verdicts", "#guests"):  # the texts may still be about the earlier rules
        expect(shown.locator(part)).to_have_attribute("aria-busy", "true")
    set_referers(shown, SITE)
    shown.locator("#whitelist").fill(SITE)
    expect(verdict_on(shown, SITE)).to_have_text("allowed", timeout=PATIENCE)
    expect(shown.locator("#verdicts")).to_have_attribute("aria-busy", "false")
    expect(shown.locator("#guests")).to_contain_text("www.example.com")


ENCODED = {
    "GBK": ("GBK", "gbk"),
    "UTF-16": ("UTF-16", "utf-16"),
    "UTF-16 without a mark": ("UTF-16", "utf-16-be"),
    "UTF-8 with a mark": ("UTF-8", "utf-8-sig"),
    "UTF-8 that declares UTF-16": ("UTF-16", "utf-8"),
    "windows-1252": ("windows-1252", "cp1252"),
}


@pytest.mark.parametrize(("declared", "codec"), ENCODED.values(), ids=ENCODED)
def test_file_is_read_in_its_encoding(shown: Page, declared: str, codec: str) -> None:
    entry = "https://bücher.test/" if codec == "cp1252" else "https://例子.test/"
    text = forms.format(RefererConfiguration(False, whitelist=(entry,)), RulesForm.XML)
    text = text.replace('"UTF-8"', f'"{declared}"')
    file: Any = {"name": "r.xml", "mimeType": "text/xml", "buffer": text.encode(codec)}
    shown.locator("#whitelist").fill("https://before.test/")
    shown.locator("#file").set_input_files(file)
    expect(shown.locator("#whitelist")).to_have_value(entry)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\0\xff", b"https://\xe4.test/"])
def test_file_that_is_not_text_is_refused(shown: Page, data: bytes) -> None:
    shown.locator("#whitelist").fill(SITE)
    file: Any = {"name": "r", "mimeType": "", "buffer": data}
    said = empty(shown, "#announce")
    shown.locator("#file").set_input_files(file)
    expect(said).to_contain_text("not a text in UTF-8")
    expect(shown.locator("#whitelist")).to_have_value(SITE)


def test_last_state_counts_however_fast_the_typing_is(shown: Page) -> None:
    set_referers(shown, SITE)
    field = shown.locator("#whitelist")
    field.fill("https://before.test/")
    expect(verdict_on(shown, SITE)).to_have_text("denied")
    shown.wait_for_timeout(1_100)  # text that is typed after a pause is a new step
    field.select_text()
    field.press_sequentially(SITE, delay=1)
    expect(verdict_on(shown, SITE)).to_have_text("allowed")
    shown.keyboard.press("Control+z")
    expect(field).not_to_have_value(SITE)


def test_other_version_is_compared_and_exports_have_all_forms(shown: Page) -> None:
    paste(shown, 'whitelist = ["https://opened.test/"]')
    expect(shown.locator("#whitelist")).to_have_value("https://opened.test/")
    shown.locator("#whitelist").fill("https://a.test/")
    shown.locator("#compare").evaluate("(part) => { part.open = true; }")
    shown.locator("#other").fill('whitelist = ["https://b.test/"]')
    difference = shown.locator("#sentence")
    expect(difference).to_have_text("Your changes lock out b.test.")
    shown.locator("#other").fill("")  # compared with the rules that were opened
    expect(difference).to_have_text("Your changes lock out opened.test.")
    shown.locator("#export-open").click()
    for form in ("xml", "hcl", "ossutil", "json"):
        shown.locator(f"#export-texts [data-tab={form}]").click()
        expect(shown.locator(f"#export-texts [data-form={form}]")).to_be_visible()
    shown.keyboard.press("Escape")


def test_pasted_text_is_exported_with_its_comments(shown: Page) -> None:
    set_sites(shown, "")
    paste(shown, 'allow_empty_referer = false\nwhitelist = ["http://exported.test"]  # ours\n')
    expect(shown.locator(".r.changes", has_text="http://exported.test/")).to_be_attached()
    shown.locator("#use").click()
    expect(shown.locator("#whitelist")).to_have_value(re.compile("exported.test/"))
    shown.locator("#export-open").click()
    shown.locator("[data-tab=source]").click()
    written = re.compile(r'exported\.test/".*\]  # ours', re.S)
    expect(shown.locator("[data-form=source] code")).to_have_text(written)
    shown.locator("[data-tab=xml]").click()
    shown.keyboard.press("Escape")


def test_lab_has_the_page_of_the_console(shown: Page) -> None:
    """The tests of the console cover the page; here, Python in the browser must answer the same."""
    entries = ("http://www.example.com", "https://shop.example.com/list?page=1", "blog.example.com")
    set_sites(shown, "")
    paste(shown, forms.format(RefererConfiguration(whitelist=entries), RulesForm.XML))
    planned = plan(RefererConfiguration(whitelist=entries))
    expect(shown.locator("#lines [data-place^=whitelist]")).to_have_count(len(entries))
    shown.locator("#use").click()
    corrected = "\n".join(planned.corrected.whitelist)
    expect(shown.locator("#whitelist")).to_have_value(corrected)
    shown.locator("#undo").click()
    expect(shown.locator("#whitelist")).to_have_value("\n".join(entries))
    expect(shown.locator("#use")).to_be_visible()  # moves the form
    shown.locator("#generate").evaluate("(part) => { part.open = true; }")
    shown.locator("#generate [name=site]").fill("https://new.test")
    shown.get_by_role("button", name="Add the site").click()
    expect(shown.locator("#whitelist")).to_have_value("\n".join([*entries, "https://new.test/"]))


def test_dropped_har_is_judged_without_a_server(visit: Visit) -> None:
    page = visit.open()
    page.locator("#whitelist").fill(SITE)
    drop(page, (ROOT / "fixtures" / "har" / "site.har").read_text("utf-8"))
    found = page.locator("#recorded-found")
    expect(found).to_contain_text("3 of 8 recorded requests are denied by these rules.")
    page.locator("#whitelist").fill(f"{SITE}\nhttps://m.example.com/")
    expect(found).to_contain_text("1 of 8 recorded requests are denied by these rules.")
