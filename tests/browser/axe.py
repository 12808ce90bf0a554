"""axe-core, which finds what keeps people from using a page; fetched with npm, only for tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.requirements import require

VERSION = "4.10.3"
_FOLDER = Path(__file__).parents[2] / ".cache" / f"axe-core-{VERSION}"
_FILE = _FOLDER / "node_modules" / "axe-core" / "axe.min.js"


def source() -> str:
    """Return the script, which is fetched once."""
    npm = require("npm")
    if not _FILE.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"]
        subprocess.run(
            [*command, str(_FOLDER), f"axe-core@{VERSION}"],
            check=True,
            capture_output=True,
            timeout=240,
        )
    return _FILE.read_text(encoding="utf-8")


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
