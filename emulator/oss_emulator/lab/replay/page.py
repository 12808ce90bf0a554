"""The report of a replay as one web page: no script, no other file, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from string import Template
from typing import Any

from .figures import quantity, size
from .report import Report
from .sentences import NAMES, headline, host_name
from .verdict import Verdict

_SHOWN = (Verdict.REVOKED, Verdict.GAINED, Verdict.UNKNOWN, Verdict.UNCHANGED, Verdict.NOT_CHECKED)
_WIDTH, _HEIGHT = 720, 160
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Replay of access logs</title>
<style>
:root { --back: #fff; --text: #1b1f24; --faint: #667; --line: #d8dce2; --revoked: #c62828;
  --gained: #b26a00; --unchanged: #2e7d32; --not_checked: #90a4ae; --unknown: #6a4fb3; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --text: #e6e8ea; --faint: #98a2ad; --line: #333a42; --revoked: #ef6b64;
    --gained: #e0a040; --unchanged: #6cbf70; --not_checked: #607580; --unknown: #a894e6; }
}
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.lead { font-size: 1.1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
pre, code { font-family: ui-monospace, monospace; font-size: .85rem; }
pre { border: 1px solid var(--line); border-radius: 4px; overflow-x: auto; padding: .6rem; }
svg { display: block; height: auto; max-width: 100%; }
svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
.revoked { fill: var(--revoked); } .gained { fill: var(--gained); }
.unchanged { fill: var(--unchanged); } .not_checked { fill: var(--not_checked); }
.unknown { fill: var(--unknown); } .axis { stroke: var(--line); }
i { border-radius: 2px; display: inline-block; height: .7rem; margin-right: .4rem; width: .7rem; }
i.revoked { background: var(--revoked); } i.gained { background: var(--gained); }
i.unchanged { background: var(--unchanged); } i.not_checked { background: var(--not_checked); }
i.unknown { background: var(--unknown); }
.faint { color: var(--faint); }
</style>
</head>
<body>
<h1>What these rules would change</h1>
$body
</body>
</html>
"""
)


def format(report: Report) -> str:
    """Format a report as a page."""
    return _PAGE.substitute(body="\n".join(_parts(report)))


def _parts(report: Report) -> Iterator[str]:
    for sentence in headline(report):
        yield f'<p class="lead">{escape(sentence)}</p>'
    yield _totals(report)
    yield _stack([(v, report["totals"][v]["bytes"]) for v in _SHOWN], "Traffic by verdict")
    for item in report["unknown"]:
        yield f"<p>Unknown: {quantity(item['requests'])} requests. {escape(item['why'])}.</p>"
    if report["assumed"]["requests"]:
        yield (
            f"<p>The verdict on {quantity(report['assumed']['requests'])} requests rests on "
            "something that the service does not document.</p>"
        )
    if report["hours"]:
        yield "<h2>By hour (UTC)</h2>"
        yield _series(report["hours"])
    revoked = [item for item in report["hosts"] if item["revoked"]["requests"]]
    yield from _ranking("Locked out, by the host of the Referer", revoked, "host", host_name)
    yield from map(_detail, revoked)
    gained = [item for item in report["hosts"] if item["gained"]["requests"]]
    yield from _ranking("Let in, by the host of the Referer", gained, "host", host_name)
    yield from _ranking(
        "By folder of the object", report["prefixes"], "prefix", lambda text: text or "(no folder)"
    )
    yield from _ranking("By user agent", report["families"], "family", str)
    yield from _bare(report["without_referer"])
    yield from _entries(report["idle_entries"])
    yield _lines(report["lines"])


def _totals(report: Report) -> str:
    rows = [
        (
            f'<i class="{verdict}"></i>{NAMES[verdict]}',
            quantity(report["totals"][verdict]["requests"]),
            f"{report['shares'][verdict]['requests']} %",
            size(report["totals"][verdict]["bytes"]),
            f"¥{report['yuan'][verdict]}",
        )
        for verdict in Verdict
    ]
    return _table(("", "requests", "share", "traffic", "money"), rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table of cells in HTML; all but the first column are numbers."""
    parts = ["<table>", "<tr>", *_cells("th", headings), "</tr>"]
    for row in rows:
        parts += ["<tr>", *_cells("td", row), "</tr>"]
    return "".join([*parts, "</table>"])


def _cells(tag: str, texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        kind = ' class="number"' if number else ""
        yield f"<{tag}{kind}>{text}</{tag}>"


def _stack(parts: Sequence[tuple[Verdict, int]], title: str) -> str:
    """Draw one bar of parts."""
    whole = sum(count for _, count in parts) or 1
    drawn, x = [], 0.0
    for verdict, count in parts:
        width = count / whole * _WIDTH
        label = escape(f"{NAMES[verdict]}: {size(count)}")
        drawn.append(
            f'<rect class="{verdict}" x="{x:.2f}" y="0" width="{width:.2f}" height="24">'
            f"<title>{label}</title></rect>"
        )
        x += width
    return _svg(24, title, drawn)


def _svg(height: int, title: str, drawn: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )


def _series(hours: Sequence[Report]) -> str:
    """Draw the traffic of each hour as a stack of verdicts."""
    most = max(sum(row[v]["bytes"] for v in _SHOWN) for row in hours) or 1
    step = _WIDTH / len(hours)
    drawn = []
    for number, row in enumerate(hours):
        y = float(_HEIGHT)
        for verdict in _SHOWN:
            height = row[verdict]["bytes"] / most * _HEIGHT
            y -= height
            if height:
                label = escape(f"{row['hour']}, {NAMES[verdict]}: {size(row[verdict]['bytes'])}")
                drawn.append(
                    f'<rect class="{verdict}" x="{number * step:.2f}" y="{y:.2f}" '
                    f'width="{step * 0.9:.2f}" height="{height:.2f}"><title>{label}</title></rect>'
                )
    drawn.append(f'<line class="axis" x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>')
    first, last = hours[0]["hour"], hours[-1]["hour"]
    drawn.append(f'<text x="0" y="{_HEIGHT + 16}">{first}</text>')
    drawn.append(f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{last}</text>')
    return _svg(_HEIGHT + 20, "Traffic by hour and verdict", drawn)


def _ranking(
    title: str, rows: Sequence[Report], key: str, name: Callable[[str], str]
) -> Iterator[str]:
    if not rows:
        return
    yield f"<h2>{escape(title)}</h2>"
    most = max(row["revoked"]["bytes"] + row["gained"]["bytes"] for row in rows) or 1
    cells = [
        (
            escape(name(row[key])),
            quantity(row["revoked"]["requests"]),
            size(row["revoked"]["bytes"]),
            quantity(row["gained"]["requests"]),
            quantity(row["unchanged"]["requests"]),
            _bar(row, most),
        )
        for row in rows
    ]
    yield _table(("", "locked out", "traffic", "let in", "unchanged", ""), cells)


def _bar(row: Report, most: int) -> str:
    """Draw the traffic that is locked out and let in."""
    revoked, gained = (row[verdict]["bytes"] / most * 120 for verdict in ("revoked", "gained"))
    return (
        '<svg width="120" height="12" viewBox="0 0 120 12" aria-hidden="true">'
        f'<rect class="revoked" width="{revoked:.2f}" height="12"/>'
        f'<rect class="gained" x="{revoked:.2f}" width="{gained:.2f}" height="12"/></svg>'
    )


def _detail(item: dict[str, Any]) -> str:
    added = [f"add the whitelist entry {entry}" for entry in item["add"]]
    removed = [f"remove the blacklist entry {entry}" for entry in item["remove"]]
    needed = [*removed, *added, *([f"set {item['set']}"] if item["set"] else [])]
    text = "\n".join([item["explanation"], *(f"To keep it: {part}." for part in needed)])
    samples = "\n".join(item["samples"])
    return (
        f"<details><summary>{escape(host_name(item['host']))}</summary>"
        f"<pre>{escape(text)}</pre>" + (f"<pre>{escape(samples)}</pre>" if samples else "")
    ) + "</details>"


def _bare(rows: Sequence[Report]) -> Iterator[str]:
    if rows:
        yield "<h2>Still served without a Referer</h2>"
        cells = [
            (escape(row["family"]), quantity(row["requests"]), size(row["bytes"])) for row in rows
        ]
        yield _table(("", "requests", "traffic"), cells)


def _entries(items: Sequence[Report]) -> Iterator[str]:
    if items:
        yield "<h2>Entries that settled no request</h2><ul>"
        for item in items:
            yield f"<li>{item['list']} entry <code>{escape(item['entry'])}</code></li>"
        yield "</ul>"


def _lines(lines: Report) -> str:
    return (
        f'<p class="faint">{quantity(lines["read"])} lines were read, '
        f"{quantity(lines['outside'])} were not asked for, "
        f"{quantity(lines['damaged'])} are damaged.</p>"
    )
