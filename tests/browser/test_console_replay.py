"""The replay page in a real browser: one click to a report, and from there to the editor."""

from __future__ import annotations

import json

import pytest
from oss_emulator import Emulator
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.console import BUCKET, visit

pytestmark = pytest.mark.system


@pytest.fixture
def tab(tab: Page, emulator: Emulator) -> Page:
    """The replay page."""
    visit(tab, emulator, "replay")
    return tab


def test_one_click_shows_a_report_that_can_be_taken_along(tab: Page) -> None:
    tab.get_by_role("button", name="Try a sample log").click()
    report = tab.locator("#report")
    expect(report.locator(".card").first).to_contain_text("saved in a day")
    for still in ("still allowed", "still denied", "failed for another reason"):
        expect(report).to_contain_text(still)
    with tab.expect_download() as download:
        report.get_by_role("link", name="Download HTML").click()
    page = download.value.path().read_text(encoding="utf-8")
    assert "http://m.example.com" in page
    with tab.expect_download() as download:
        report.get_by_role("link", name="Download JSON").click()
    found = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert found["names"]["rules"] == BUCKET
    assert download.value.suggested_filename.endswith(".json")
    tab.reload()
    expect(report.get_by_role("link", name="Edit these rules")).to_be_visible()


def test_report_leads_to_the_editor_and_back_to_a_better_report(tab: Page) -> None:
    tab.get_by_role("button", name="Try a sample log").click()
    tab.get_by_role("link", name="Edit these rules").click()
    tried = tab.locator("#verdicts tr", has_text="http://m.example.com/")
    expect(tried.locator(".verdict")).to_have_text("denied")
    tab.get_by_label("Whitelist").press("Control+End")
    tab.get_by_label("Whitelist").press_sequentially("\nhttp://m.example.com/")
    expect(tried.locator(".verdict")).to_have_text("allowed")

    tab.get_by_role("link", name="Replay").click()
    tab.get_by_label("Rules to try").select_option(f"the edited rules of {BUCKET}")
    tab.get_by_role("button", name="Try a sample log").click()
    report = tab.locator("#report")
    expect(report).to_contain_text("No domain of a site in the whitelist is affected")


def test_rules_as_text_have_a_sample_of_their_own_sites(tab: Page) -> None:
    tab.get_by_label("Rules to try").select_option("other rules, as text")
    rules = {"AllowEmptyReferer": True, "RefererList": {"Referer": ["https://own.test/"]}}
    tab.locator("#text").fill(json.dumps(rules))
    tab.get_by_role("button", name="Try a sample log").click()
    expect(tab.locator("#report")).to_contain_text("m.own.test")
    tab.locator("#text").fill("]")
    tab.get_by_role("button", name="Try a sample log").click()
    expect(tab.locator("#announce")).to_contain_text("neither XML nor JSON")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_report_is_for_everyone(tab: Page, language: str) -> None:
    tab.goto(f"{tab.url.partition('?')[0]}?language={language}")
    tab.locator("#sample").click()
    expect(tab.locator("#report .card").first).to_be_visible()
    tab.evaluate("() => document.querySelectorAll('#report details').forEach((d) => d.open = true)")
    assert axe.find_violations(tab, axe.source()) == []
