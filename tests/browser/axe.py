"""axe-core, which finds what keeps people from using a page; fetched with npm, only for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.node import packages

PROJECT = Path(__file__).with_name("scripts")


def source() -> str:
    """Return the script, which is fetched once."""
    folder = packages(PROJECT / "package.json")
    return (folder / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def find_violations(page: Page, script: str, rules: list[str] | None = None) -> list[str]:
    """Return what axe finds on a page: the rule, why, and where; `rules` are those to run."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script)
    options: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False}
    if rules is not None:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
