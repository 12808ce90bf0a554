"""Opens the page of the lab from the disk, without a network, pastes a list, and reads the answer.

Its arguments are the browser, the page, the file with the list, and the answer.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

browser, page_file, entries, sentence = sys.argv[1:]
PATIENCE = 180_000

with sync_playwright() as playwright:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    chromium = playwright.chromium.launch(executable_path=browser, args=arguments)
    context = chromium.new_context(offline=True)
    editor = context.new_page()
    editor.set_content("<textarea></textarea>")
    editor.locator("textarea").fill(Path(entries).read_text(encoding="utf-8"))
    for key in ("Control+A", "Control+C"):
        editor.locator("textarea").press(key)
    page = context.new_page()
    page.goto(Path(page_file).resolve().as_uri())
    page.locator("body").press("Control+V")
    expect(page.locator("#sentence")).to_contain_text(sentence, timeout=PATIENCE)
    chromium.close()
