"""The settings of clients as the pages print them, so that tests use exactly those."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COLUMNS = {"docs/clients.md": 2, "docs/s3.md": 1}


def settings(page: str, client: str, port: int, *, number: int = 0, **values: str) -> list[str]:
    """Return the code in a row's column of settings, with the port of a server.

    `number` chooses one of several rows of a client. Each `…` after one of the `values` stands for
    it: `KEY_ID …`, or `key=…`.
    """
    content = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {re.escape(client)} (?:\(.*?\) )?\|.*$", content, re.MULTILINE)
    cell = rows[number].split(" | ")[_COLUMNS[page]]
    found = []
    for code in re.findall(r"`([^`]+)`", cell):
        text = re.sub(r":9000\b", f":{port}", code)
        for name, value in values.items():
            for sign in "= ":
                text = text.replace(f"{name}{sign}…", f"{name}{sign}{value}")
        found.append(text)
    return found
