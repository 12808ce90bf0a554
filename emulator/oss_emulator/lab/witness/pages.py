"""The pages that make a browser ask for objects, and the files that they need."""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from oss_emulator.lab.browser import Delivery, Embedding

from .cells import Cell, Sheet

WORKER = (
    "onmessage = event => fetch(event.data, {mode: 'no-cors'})"
    ".then(() => postMessage(0), () => postMessage(0));"
)

FOLLOWED = (Embedding.LINK, Embedding.DOWNLOAD, Embedding.LINK_AWAY)
"""The elements that are clicked, one after the other."""


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """The answer to a request for a page or for one of its files."""

    kind: str = "text/html"
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


REFUSAL = PageAnswer()
"""No answer: an http page for which the browser asks by https first (B-07)."""


class Pages:
    """The pages of some cells."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._cells = {cell.number: cell for cell in cells}
        self.by_sheet: dict[Sheet, list[Cell]] = {}
        for cell in self._cells.values():
            self.by_sheet.setdefault(cell.sheet, []).append(cell)
        self._sheets = {
            (sheet.page.scheme, sheet.page.host, sheet.page.query): sheet for sheet in self.by_sheet
        }

    def answer(self, scheme: str, host: str, path: str, query: str) -> PageAnswer | None:
        """Answer a request, `host` without a port; return None if it is not for a page."""
        asked = parse_qs(query)
        if path == "/redirect" and "stop" in asked:
            cell = self._cells[int(asked["stop"][0])]
            loose = {"Referrer-Policy": "unsafe-url"} if "loose" in asked else {}
            return PageAnswer(headers={"Location": cell.target.text, **loose}, status=302)
        if "sheet" not in asked:
            return None
        sheet = self._sheets.get((scheme, host, f"?sheet={asked['sheet'][0]}"))
        if sheet is None:
            return REFUSAL
        headers = {}
        if sheet.policy is not None and sheet.delivery is Delivery.HEADER:
            headers["Referrer-Policy"] = sheet.policy.value
        if path == sheet.worker.path:
            return PageAnswer("text/javascript", WORKER, headers)
        if path == sheet.style.path:
            return PageAnswer(
                "text/css", _style(self.by_sheet[sheet], Embedding.STYLE_SHEET), headers
            )
        if "frame" in asked:
            return PageAnswer(text=_frame(asked), headers=headers)
        if sheet.upgrades:
            headers["Content-Security-Policy"] = "upgrade-insecure-requests"
        return PageAnswer(text=_page(sheet, self.by_sheet[sheet]), headers=headers)


def _page(sheet: Sheet, cells: Sequence[Cell]) -> str:
    meta = ""
    if sheet.policy is not None and sheet.delivery is Delivery.META:
        meta = f'<meta name="referrer" content="{sheet.policy.value}">'
    boxes = "".join(_box(cell) for cell in cells)
    style = _style(cells, Embedding.STYLE_ELEMENT)
    files = {"worker": sheet.worker.text, "frame": f"{sheet.page.text}&frame=1"}
    return (
        f'<!doctype html><meta charset="utf-8">{meta}<title>{html.escape(sheet.page.query)}</title>'
        f'<link rel="stylesheet" href="{html.escape(sheet.style.text)}">'
        f"<style>{style}</style><body>{boxes}<script>"
        f"const cells = {json.dumps([_to_list(cell) for cell in cells])};"
        f"const files = {json.dumps(files)};\n{_script()}</script>"
    )


def _to_list(cell: Cell) -> list[object]:
    """Return a cell for the script of the page."""
    url = cell.stop or cell.target
    policy = cell.policy.value if cell.policy and cell.delivery is Delivery.ATTRIBUTE else ""
    rel = "noreferrer" if cell.delivery is Delivery.REL else ""
    return [cell.number, cell.element.value, url.text, policy, cell.predicted is not None, rel]


def _box(cell: Cell) -> str:
    """Return the markup of a cell whose object is a background."""
    if cell.element in (Embedding.STYLE_SHEET, Embedding.STYLE_ELEMENT):
        return f'<div class="cell{cell.number}">.</div>'
    if cell.element is Embedding.INLINE_STYLE:
        return f'<div style="{html.escape(_background(cell))}">.</div>'
    return ""


def _style(cells: Iterable[Cell], element: Embedding) -> str:
    return "".join(
        f".cell{cell.number} {{ {_background(cell)} }}\n"
        for cell in cells
        if cell.element is element
    )


def _background(cell: Cell) -> str:
    return f'background-image: url("{cell.target.text}")'


def _frame(asked: Mapping[str, list[str]]) -> str:
    """Return a page for a sandboxed iframe, which shows one image, or none."""
    if "shows" not in asked:
        return "<!doctype html>"
    said = f"parent.postMessage({int(asked['as'][0])}, '*')"
    return f'<img src="{html.escape(asked["shows"][0])}" onload="{said}" onerror="{said}">'


@cache
def _script() -> str:
    return Path(__file__).with_name("page.js").read_text(encoding="utf-8")
