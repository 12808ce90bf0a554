"""The report of a replay as a web page without scripts, for light and dark modes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from oss_referer.engine import Sentence, Stage, Step, StepResult, explanation
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.traffic import figures
from oss_referer.traffic.figures import (
    LISTS,
    LOCKED_OUT,
    MARKS,
    NAMES,
    Report,
    ceiling,
    duration,
    family_name,
    fill_hours,
    folder_name,
    headline,
    host_name,
    other_networks,
    quantity,
    remedies,
    size,
)
from oss_referer.traffic.judge import UNKNOWN, Verdict

_SHOWN = (Verdict.REVOKED, Verdict.GAINED, Verdict.UNKNOWN, Verdict.UNCHANGED, Verdict.NOT_CHECKED)
_WIDTH, _HEIGHT = 720, 160
_DAY = 48
"""The most hours of a chart that shows times of day, and not dates, below it."""
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --back: #fff; --text: #1b1f24; --faint: #5a6372; --line: #d8dce2; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --text: #e6e8ea; --faint: #98a2ad; --line: #333a42; }
}
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
$style</style>
</head>
<body>
<main>
<h1>$heading</h1>
<div class="report">
$body
</div>
</main>
</body>
</html>
"""
)


class Translator(NamedTuple):
    """The language of a report."""

    say: Callable[[Sentence], str] = str
    say_step: Callable[[Step], str] = explanation.sentence
    """Describes a step of a decision."""


_ENGLISH = Translator()

_Card = tuple[str, str, Sentence, Sentence]
"""A figure at the top: its tone, the figure, its name, and details."""


def format(report: Report, voice: Translator = _ENGLISH, language: str = "en") -> str:
    """Format a report as a self-contained page in a language."""
    return _PAGE.substitute(
        style=Path(__file__).with_name("report.css").read_text(encoding="utf-8"),
        body="\n".join(_Body(report, voice).parts()),
        title=escape(voice.say(Sentence("Replay of access logs"))),
        heading=escape(voice.say(Sentence("What these rules would change"))),
        language=language,
    )


class _Body:
    def __init__(self, report: Report, voice: Translator) -> None:
        self._report = report
        self._say, self._say_step = voice

    def _text(self, sentence: Sentence) -> str:
        return escape(self._say(sentence))

    def parts(self) -> Iterator[str]:
        report = self._report
        yield self._about()
        if report["lines"]["judged"]:
            yield self._cards()
        for sentence in (*headline(report), *other_networks(report)):
            yield f'<p class="lead">{self._text(sentence)}</p>'
        yield self._totals()
        yield self._stack()
        yield from self._uncertain()
        if report["hours"]:
            yield f"<h2>{self._text(Sentence('Traffic in each hour (UTC)'))}</h2>"
            yield self._series(report["hours"])
        revoked = [item for item in report["hosts"] if item["revoked"]["requests"]]
        for own, title in LOCKED_OUT.items():
            rows = [item for item in revoked if item["own"] is own]
            yield from self._ranking(title, rows, "host", host_name)
            yield from map(self._detail, rows)
        gained = [item for item in report["hosts"] if item["gained"]["requests"]]
        title = Sentence("Let in, by the host of the Referer")
        yield from self._ranking(title, gained, "host", host_name)
        title = Sentence("By folder of the object")
        yield from self._ranking(title, report["prefixes"], "prefix", folder_name)
        yield from self._ranking(
            Sentence("By user agent"), report["families"], "family", family_name
        )
        yield from self._bare()
        yield from self._entries()
        yield self._lines()

    def _about(self) -> str:
        """Format the subject of the report: rules, bucket, log and period."""
        report, names = self._report, self._report["names"]
        compared = names["against"]
        if report["against"] == "log":
            compared = self._say(Sentence("what the log says"))
        facts = (
            (Sentence("Rules"), names["rules"]),
            (Sentence("Compared with"), compared),
            (Sentence("Bucket"), ", ".join(report["buckets"])),
            (Sentence("Log"), ", ".join(names["logs"])),
            (Sentence("Period"), self._period()),
        )
        rows = [
            f"<dt>{self._text(name)}</dt><dd><bdi>{escape(text)}</bdi></dd>"
            for name, text in facts
            if text
        ]
        return f'<dl class="about">{"".join(rows)}</dl>'

    def _period(self) -> str:
        hours = self._report["hours"]
        if not hours:
            return ""
        first, last = (datetime.fromisoformat(hours[place]["hour"]) for place in (0, -1))
        return self._say(
            Sentence(
                "{} to {} (UTC), {}",
                f"{first:%Y-%m-%d %H:%M}",
                f"{last + timedelta(hours=1):%Y-%m-%d %H:%M}",
                duration(self._report["period"]["hours"]),
            )
        )

    def _cards(self) -> str:
        """Format the key figures: the money and its share, and the requests that are locked out."""
        cards = "".join(
            f'<p class="card {tone}"><b>{escape(figure)}</b>'
            f"<span>{self._text(what)}</span><small>{self._text(more)}</small></p>"
            for tone, figure, what, more in (self._money(), *self._locked_out())
        )
        return f'<div class="cards">{cards}</div>'

    def _money(self) -> _Card:
        report, yuan = self._report, self._report["yuan"]
        whole = sum(item["bytes"] for item in report["totals"].values())
        share = Sentence(
            "{} % of the traffic out, ¥{} in {} at ¥{} per GB",
            figures.share(report["totals"]["revoked"]["bytes"], whole),
            yuan["revoked"],
            duration(report["period"]["hours"]),
            yuan["per_gb"],
        )
        return "good", f"¥{yuan['revoked_a_day']}", Sentence("saved in a day"), share

    def _locked_out(self) -> Iterator[_Card]:
        own = self._report["own"]["requests"]
        yield (
            "bad" if own else "good",
            quantity(own),
            Sentence("requests of your own domains would be locked out"),
            Sentence("Domains of sites in the whitelist")
            if own
            else Sentence("No domain of a site in the whitelist is affected"),
        )
        yield (
            "good",
            quantity(self._report["totals"]["revoked"]["requests"] - own),
            Sentence("requests of others would be locked out"),
            Sentence("Look for partners and customers among them below"),
        )

    def _totals(self) -> str:
        rows = []
        for verdict in Verdict:
            name = f'<i class="{verdict}"></i>{self._text(NAMES[verdict])}'
            rows.append(self._total(name, self._report["totals"][verdict]))
            for still, said in _STILL.items() if verdict is Verdict.UNCHANGED else ():
                if (found := self._report["unchanged"][still])["requests"]:
                    rows.append(self._total(f'<span class="part">{self._text(said)}</span>', found))
        columns = ("verdict", "money", "share", "traffic", "requests")
        return self._table([_COLUMNS[name] for name in columns], rows)

    def _total(self, name: str, found: dict[str, int]) -> tuple[str, ...]:
        count, price = found["bytes"], Decimal(self._report["yuan"]["per_gb"])
        whole = sum(item["bytes"] for item in self._report["totals"].values())
        yuan, share = figures.cost(count, price), figures.share(count, whole)
        return name, f"¥{yuan}", f"{share} %", size(count), quantity(found["requests"])

    def _uncertain(self) -> Iterator[str]:
        for item in self._report["unknown"]:
            why = self._say(UNKNOWN[item["why"]])
            sentence = Sentence("Unknown: {} requests. {}.", quantity(item["requests"]), why)
            yield f"<p>{self._text(sentence)}</p>"
        if count := self._report["assumed"]["requests"]:
            sentence = Sentence(
                "The verdict on {} requests rests on something that the service does not document.",
                quantity(count),
            )
            yield f"<p>{self._text(sentence)}</p>"

    def _table(self, headings: Sequence[Sentence | None], rows: Sequence[Sequence[str]]) -> str:
        """Format a table of cells in HTML; all columns except the first are numbers.

        Each cell names its column, because a narrow page shows a row as a list.
        """
        named = ["" if text is None else self._text(text) for text in headings]
        parts = ["<table><thead><tr>", *_headings(named), "</tr></thead><tbody>"]
        for first, *others in rows:
            parts.append(f'<tr><th scope="row">{first}</th>')
            parts += [
                f'<td class="number" data-label="{name}">{text}</td>'
                for name, text in zip(named[1:], others, strict=True)
            ]
            parts.append("</tr>")
        return "".join([*parts, "</tbody></table>"])

    def _label(self, verdict: Verdict, count: int) -> str:
        return f"{self._text(NAMES[verdict])}: {size(count)}"

    def _stack(self) -> str:
        totals = self._report["totals"]
        whole = sum(item["bytes"] for item in totals.values())
        if not whole:
            return ""
        drawn, x = [], 0.0
        for verdict in _SHOWN:
            width = totals[verdict]["bytes"] / whole * _WIDTH
            drawn.append(
                f'<rect class="{verdict}" x="{x:.2f}" y="0" width="{width:.2f}" height="24">'
                f"<title>{self._label(verdict, totals[verdict]['bytes'])}</title></rect>"
            )
            x += width
        return self._svg(24, Sentence("Traffic by verdict"), drawn)

    def _svg(self, height: int, title: Sentence, drawn: Sequence[str]) -> str:
        text = self._text(title)
        return (
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" preserveAspectRatio="none" '
            f'height="{height}" role="img" aria-label="{text}">'
            f"<title>{text}</title>{''.join(drawn)}</svg>"
        )

    def _series(self, hours: Sequence[Report]) -> str:
        """Draw the traffic of each hour as a stack of verdicts, with the units beside it."""
        rows = fill_hours(hours)
        most = max(sum(row[v]["bytes"] for v in _SHOWN) for row in hours)
        top, step = ceiling(most), _WIDTH / len(rows)
        drawn = [
            f'<line class="axis" x1="0" y1="{y}" x2="{_WIDTH}" y2="{y}"/>'
            for y in (0.5, _HEIGHT / 2, _HEIGHT - 0.5)
        ]
        for number, (hour, row) in enumerate(rows.items()):
            y = float(_HEIGHT)
            for verdict in _SHOWN:
                count = row[verdict]["bytes"] if row else 0
                y -= count / top * _HEIGHT
                if count:
                    label = f"{hour:%Y-%m-%d %H:%M}, {self._label(verdict, count)}"
                    drawn.append(
                        f'<rect class="{verdict}" x="{number * step:.2f}" y="{y:.2f}" width='
                        f'"{step * 0.9:.2f}" height="{count / top * _HEIGHT:.2f}">'
                        f"<title>{label}</title></rect>"
                    )
        chart = self._svg(_HEIGHT, Sentence("Traffic in each hour, by verdict"), drawn)
        units = "".join(f"<span>{size(round(top * part))}</span>" for part in (1, 0.5, 0))
        form = "%H:%M" if len(hours) <= _DAY else "%m-%d"
        marks = list(rows)[:: len(rows) // MARKS or 1]
        times = "".join(f"<span>{moment:{form}}</span>" for moment in marks)
        key = "".join(
            f'<span><i class="{verdict}"></i>{self._text(NAMES[verdict])}</span>'
            for verdict in _SHOWN
            if any(row[verdict]["bytes"] for row in hours)
        )
        return (
            f'<div class="series"><div class="units">{units}</div>{chart}'
            f'<div class="times">{times}</div></div><p class="key">{key}</p>'
        )

    def _ranking(
        self, title: Sentence, rows: Sequence[Report], key: str, name: Callable[[str], Sentence]
    ) -> Iterator[str]:
        if not rows:
            return
        yield f"<h2>{self._text(title)}</h2>"
        most = max(row["revoked"]["bytes"] + row["gained"]["bytes"] for row in rows) or 1
        cells = [
            (
                self._text(name(row[key])),
                quantity(row["revoked"]["requests"]),
                size(row["revoked"]["bytes"]),
                quantity(row["gained"]["requests"]),
                quantity(row["unchanged"]["requests"]),
                _bar(row, most),
            )
            for row in rows
        ]
        headings = [
            _COLUMNS[key],
            NAMES[Verdict.REVOKED],
            _COLUMNS["traffic"],
            NAMES[Verdict.GAINED],
            NAMES[Verdict.UNCHANGED],
            None,
        ]
        yield self._table(headings, cells)

    def _detail(self, item: dict[str, Any]) -> str:
        said = [self._say(Sentence("Denied, EC {}.", item["ec"]))]
        said += [
            self._say_step(Step(Stage(stage), StepResult(outcome), detail=detail))
            for stage, outcome, detail in item["steps"]
        ]
        said += [
            self._say(Sentence("Assumed, not documented: {}.", SENTENCES[variant]))
            for variant in item["variants"]
        ]
        said += [
            self._say(Sentence("To keep it: {}.", self._say(remedy))) for remedy in remedies(item)
        ]
        samples = "\n".join(item["samples"])
        return (
            f'<details class="{"bad" if item["own"] else "good" if item["host"] else ""}">'
            f"<summary>{self._text(host_name(item['host']))}</summary>"
            f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in said)}</ul>"
            + (f'<pre tabindex="0">{escape(samples)}</pre>' if samples else "")
        ) + "</details>"

    def _bare(self) -> Iterator[str]:
        rows = self._report["without_referer"]
        if rows:
            yield f"<h2>{self._text(Sentence('Still served without a Referer'))}</h2>"
            cells = [
                (
                    self._text(family_name(row["family"])),
                    quantity(row["requests"]),
                    size(row["bytes"]),
                )
                for row in rows
            ]
            yield self._table([_COLUMNS[name] for name in ("family", "requests", "traffic")], cells)

    def _entries(self) -> Iterator[str]:
        items = self._report["idle_entries"]
        if items:
            yield f"<h2>{self._text(Sentence('Entries that decided no request'))}</h2><ul>"
            for item in items:
                name = self._text(LISTS[item["list"]])
                yield f"<li>{name}: <code>{escape(item['entry'])}</code></li>"
            yield "</ul>"

    def _lines(self) -> str:
        lines = self._report["lines"]
        sentence = Sentence(
            "{} lines were read, {} were not selected, {} are damaged.",
            *(quantity(lines[name]) for name in ("read", "outside", "damaged")),
        )
        return f'<p class="faint">{self._text(sentence)}</p>'


_COLUMNS = {
    "verdict": Sentence("verdict"),
    "requests": Sentence("requests"),
    "share": Sentence("share"),
    "traffic": Sentence("traffic"),
    "money": Sentence("money"),
    "host": Sentence("host"),
    "prefix": Sentence("folder"),
    "family": Sentence("user agent"),
}
"""The headings of columns."""

_STILL = {
    "allowed": Sentence("still allowed"),
    "denied": Sentence("still denied"),
    "failed": Sentence("failed for another reason"),
}
"""The kinds of unchanged requests."""


def _headings(texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        kind = ' class="number"' if number else ""
        yield f'<th scope="col"{kind}>{text}</th>' if text else "<td></td>"


def _bar(row: Report, most: int) -> str:
    revoked, gained = (row[verdict]["bytes"] / most * 120 for verdict in ("revoked", "gained"))
    return (
        '<svg width="120" height="12" viewBox="0 0 120 12" aria-hidden="true">'
        f'<rect class="revoked" width="{revoked:.2f}" height="12"/>'
        f'<rect class="gained" x="{revoked:.2f}" width="{gained:.2f}" height="12"/></svg>'
    )
