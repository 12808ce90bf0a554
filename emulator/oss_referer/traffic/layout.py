"""The layout of a report: the parts that the terminal, Markdown and the page show alike."""

import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from oss_referer.engine import Sentence, Stage, Step, StepResult, explanation
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.engine.sentence import join
from oss_referer.traffic import figures
from oss_referer.traffic.figures import (
    LISTS,
    LOCKED_OUT,
    NAMES,
    Report,
    family_name,
    folder_name,
    headline,
    host_name,
    other_networks,
    quantity,
    remedies,
    size,
)
from oss_referer.traffic.judge import UNKNOWN, Verdict

WHOLE = sys.maxsize
"""The most rows, if all are shown."""
_NAMED = 20
"""The most names in the sentence below a table."""
_HOURS = 24
"""The most rows of the table of hours; longer periods are shown as days."""


class ReportTone(StrEnum):
    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    FAINT = "faint"


TONES = {
    Verdict.REVOKED: ReportTone.BAD,
    Verdict.GAINED: ReportTone.GOOD,
    Verdict.UNCHANGED: ReportTone.PLAIN,
    Verdict.NOT_CHECKED: ReportTone.FAINT,
    Verdict.UNKNOWN: ReportTone.WARNING,
}


class Said(NamedTuple):
    text: str
    tone: ReportTone = ReportTone.PLAIN


class Bar(NamedTuple):
    part: float
    """From 0 to 1."""
    verdict: Verdict


class TableRow(NamedTuple):
    name: str
    figures: tuple[str, ...]
    bar: Bar | None = None
    tone: ReportTone = ReportTone.PLAIN
    """The tone of the name."""


class Table(NamedTuple):
    headings: tuple[Sentence, ...]
    """The headings of the name and of the figures."""
    rows: Sequence[TableRow]
    more: str = ""
    """A sentence that names the rows that are not shown."""


class Detail(NamedTuple):
    """A host with lines about it, each with a label."""

    name: str
    lines: Sequence[tuple[str, Said]]


class Part(NamedTuple):
    title: str
    said: Sequence[Said] = ()
    table: Table | None = None
    details: Sequence[Detail] = ()


Agrees = Callable[[str], bool]
"""Returns whether it is agreed to lock out a host."""


class Layout(NamedTuple):
    """How to lay out a report."""

    most: int = WHOLE
    """The most rows of a table."""
    explained: int = WHOLE
    """The most hosts of a table to explain."""
    say_step: Callable[[Step], str] = explanation.sentence
    """Describes a step of a decision."""
    explain: Callable[[str], str] = str
    """Translates the reason why a line is damaged."""
    agrees: Agrees = lambda _: False

    def parts(self, report: Report) -> Iterator[Part]:
        yield Part(Sentence(""), [*opening(report)], _totals(report))
        if not report["lines"]["read"]:
            return
        if not report["lines"]["judged"]:
            yield Part(Sentence(""), [*self._lines(report["lines"])])
            return
        if said := [*map(Said, other_networks(report)), *_uncertain(report)]:
            yield Part(Sentence(""), said)
        yield from self._hosts(report["hosts"])
        for key, title, heading, name in _RANKINGS:
            rows = [row for row in report[key] if _changes(row)]
            yield from self._table(title, heading, rows, name)
        yield from self._times(report["hours"])
        yield from _bare(report["without_referer"])
        yield from _entries(report)
        yield Part(Sentence(""), [*self._lines(report["lines"])])

    def _hosts(self, hosts: Sequence[Report]) -> Iterator[Part]:
        revoked = [item for item in hosts if item["revoked"]["requests"]]
        for own, title in LOCKED_OUT.items():
            rows = [item for item in revoked if item["own"] is own]
            details = [self._explain(item) for item in rows[: self.explained] if "ec" in item]
            yield from self._table(title, _HOST, rows, self._host, details)
        gained = [item for item in hosts if item["gained"]["requests"]]
        title = Sentence("Let in, by the host of the Referer")
        yield from self._table(title, _HOST, gained, self._host)

    def _host(self, row: Report) -> Sentence:
        name = host_name(row["host"])
        return Sentence("{} (agreed)", name) if self.agrees(row["host"]) else name

    def _explain(self, item: Report) -> Detail:
        stage, outcome, detail = item["steps"][-1]
        step = Step(Stage(stage), StepResult(outcome), detail=detail)
        lines = [(_WHY, Said(f"{self.say_step(step)} [{', '.join(item['facts'])}]"))]
        for name in item["variants"]:
            assumed = Sentence("Assumed, not documented: {}.", SENTENCES[name])
            lines.append((_WHY, Said(assumed, ReportTone.WARNING)))
        if not self.agrees(item["host"]):
            lines += [(_KEEP, Said(one, ReportTone.GOOD)) for one in remedies(item)]
        lines += [(SAMPLE, Said(sample)) for sample in item["samples"]]
        return Detail(host_name(item["host"]), lines)

    def _times(self, hours: Sequence[Report]) -> Iterator[Part]:
        is_short = len(hours) <= _HOURS
        rows = hours if is_short else figures.sum_days(hours)
        if any(map(_changes, rows)):
            zone = figures.zone(hours)
            title = Sentence("By hour ({})", zone) if is_short else Sentence("By day ({})", zone)
            heading = Sentence("hour") if is_short else Sentence("day")
            yield from self._table(title, heading, rows, figures.time_name, is_ordered=True)

    def _table(
        self,
        title: Sentence,
        heading: Sentence,
        rows: Sequence[Report],
        name: Callable[[Report], Sentence],
        details: Sequence[Detail] = (),
        *,
        is_ordered: bool = False,
    ) -> Iterator[Part]:
        """Yield a table of the rows with most traffic, which are the first ones.

        Rows in the order of time stay in it, and those that are not shown have no names.
        """
        if not rows:
            return
        verdicts = [
            v for v in (Verdict.REVOKED, Verdict.GAINED) if any(row[v]["requests"] for row in rows)
        ]
        first = verdicts[0] if verdicts else Verdict.REVOKED
        longest = max(row[first]["bytes"] for row in rows) or 1
        shown = rows[: self.most]
        more = _more([*map(name, rows[self.most :])], is_cut=len(rows) == figures.NAMED)
        if is_ordered and more:
            least = sorted((row[first]["bytes"] for row in rows), reverse=True)[self.most - 1]
            shown = [row for row in rows if row[first]["bytes"] >= least][: self.most]
            count = quantity(len(rows) - len(shown))
            more = Sentence("and {} with less traffic", count)
        cells = [
            TableRow(
                name(row),
                (
                    *(quantity(row[v]["requests"]) for v in (*verdicts, Verdict.UNCHANGED)),
                    size(row[first]["bytes"]),
                ),
                Bar(row[first]["bytes"] / longest, first),
            )
            for row in shown
        ]
        names = (NAMES[v] for v in (*verdicts, Verdict.UNCHANGED))
        headings = (heading, *names, Sentence("traffic"))
        yield Part(title, table=Table(headings, cells, more), details=details)

    def _lines(self, lines: Report) -> Iterator[Said]:
        parts = [Sentence("{} lines were read", quantity(lines["read"]))]
        if lines["outside"]:
            parts.append(Sentence("{} were not selected", quantity(lines["outside"])))
        if lines["damaged"]:
            parts.append(Sentence("{} are damaged", quantity(lines["damaged"])))
        yield Said(Sentence("{}.", join(parts)), ReportTone.FAINT)
        for item in lines["examples"]:
            yield Said(f"{self.explain(item['reason'])}: {item['line']}", ReportTone.FAINT)


_HOST = Sentence("host")
_WHY, _KEEP, SAMPLE = Sentence("why"), Sentence("keep it"), Sentence("sample")
_RANKINGS = (
    (
        "prefixes",
        Sentence("By folder of the object"),
        Sentence("folder"),
        lambda row: folder_name(row["prefix"]),
    ),
    (
        "families",
        Sentence("By user agent"),
        Sentence("user agent"),
        lambda row: family_name(row["family"]),
    ),
)


def _changes(row: Report) -> bool:
    return bool(row["revoked"]["requests"] or row["gained"]["requests"])


def _more(names: Sequence[str], *, is_cut: bool) -> str:
    """Return a sentence with the names of rows that are not shown; `is_cut` says there are more."""
    if not names:
        return ""
    if len(names) > _NAMED:
        others = f"{quantity(len(names) - _NAMED)}{'+' * is_cut}"
        return Sentence("and {} and {} others", join(names[:_NAMED]), others)
    return Sentence("and {} more: {}", quantity(len(names)), join(names))


def opening(report: Report) -> Iterator[Said]:
    """Yield the verdict of a report."""
    yield from map(Said, headline(report))
    if own := report["own"]["requests"]:
        said = Sentence("Requests of your own domains would be locked out: {}.", quantity(own))
        yield Said(said, ReportTone.BAD)


def _totals(report: Report) -> Table | None:
    if not report["lines"]["judged"]:
        return None
    rows = []
    whole = {what: sum(item[what] for item in report["totals"].values()) for what in _MEASURES}
    price = Decimal(report["yuan"]["per_gb"])
    for verdict in Verdict:
        rows.append(_total(NAMES[verdict], report["totals"][verdict], whole, price, verdict))
        parts = [(_STILL[still], found) for still, found in report["unchanged"].items()]
        parts = [(name, found) for name, found in parts if found["requests"]]
        if verdict is Verdict.UNCHANGED and len(parts) > 1:
            rows += [_total(name, found, whole, price, verdict) for name, found in parts]
    return Table(OF_TOTALS, rows)


OF_TOTALS = (
    Sentence("verdict"),
    Sentence("requests"),
    Sentence(""),
    Sentence("traffic"),
    Sentence(""),
    Sentence("money"),
)
_MEASURES = ("requests", "bytes")
_STILL = {
    "allowed": Sentence("- still allowed"),
    "denied": Sentence("- still denied"),
    "failed": Sentence("- failed for another reason"),
}
"""The kinds of unchanged requests."""


def _total(name: str, found: Report, whole: Report, price: Decimal, verdict: Verdict) -> TableRow:
    requests, traffic = (figures.share(found[what], whole[what]) for what in _MEASURES)
    yuan = figures.cost(found["bytes"], price)
    return TableRow(
        name,
        (
            *(quantity(found["requests"]), f"{requests} %"),
            *(size(found["bytes"]), f"{traffic} %", f"¥{yuan}"),
        ),
        Bar(float(traffic) / 100, verdict),
        TONES[verdict],
    )


def _uncertain(report: Report) -> Iterator[Said]:
    for item in report["unknown"]:
        count = quantity(item["requests"])
        said = Sentence("Unknown: {} requests. {}.", count, UNKNOWN[item["why"]])
        yield Said(said, ReportTone.WARNING)
    if count := report["assumed"]["requests"]:
        template = (
            "The verdict on {} requests rests on something that the service does not document."
        )
        yield Said(Sentence(template, quantity(count)), ReportTone.WARNING)


def _bare(rows: Sequence[Report]) -> Iterator[Part]:
    if rows:
        cells = [
            TableRow(family_name(row["family"]), (quantity(row["requests"]), size(row["bytes"])))
            for row in rows
        ]
        headings = (Sentence("user agent"), Sentence("requests"), Sentence("traffic"))
        yield Part(Sentence("Still served without a Referer"), table=Table(headings, cells))


def _entries(report: Report) -> Iterator[Part]:
    if items := report["idle_entries"]:
        said = [Said(Sentence("{}: {}", LISTS[item["list"]], item["entry"])) for item in items]
        yield Part(Sentence("Entries that decided no request"), said)


# What only a page shows

TITLE = Sentence("What these rules would change")
CHART = Sentence("Traffic in each hour, by verdict")


class Card(NamedTuple):
    """A figure at the top of a page."""

    figure: str
    name: Sentence
    more: Sentence
    tone: ReportTone = ReportTone.PLAIN


def cards(report: Report) -> Iterator[Card]:
    """Yield the money and its share, and the requests that are locked out."""
    if not report["lines"]["judged"]:
        return
    yuan, totals = report["yuan"], report["totals"]
    share = Sentence(
        "{} % of the traffic out, ¥{} in {} at ¥{} per GB",
        figures.share(totals["revoked"]["bytes"], sum(item["bytes"] for item in totals.values())),
        yuan["revoked"],
        figures.duration(report["period"]["hours"]),
        yuan["per_gb"],
    )
    yield Card(f"¥{yuan['revoked_a_day']}", Sentence("saved in a day"), share)
    own = report["own"]["requests"]
    others = totals["revoked"]["requests"] - own
    whose = Sentence("Domains of sites in the whitelist")
    if not own:
        whose = Sentence("No domain of a site in the whitelist is affected")
    yield Card(
        quantity(own),
        Sentence("requests of your own domains would be locked out"),
        whose,
        ReportTone.BAD if own else ReportTone.GOOD,
    )
    yield Card(
        quantity(others),
        Sentence("requests of others would be locked out"),
        Sentence("Look for partners and customers among them below"),
        ReportTone.BAD if others else ReportTone.GOOD,
    )


def facts(report: Report) -> Iterator[tuple[Sentence, str]]:
    """Yield the subject of a report: rules, bucket, log and period."""
    names, hours = report["names"], report["hours"]
    compared = names["against"]
    if report["against"] == "log":
        compared = Sentence("what the log says")
    yield Sentence("Rules"), names["rules"]
    yield Sentence("Compared with"), compared
    yield Sentence("Bucket"), ", ".join(report["buckets"])
    yield Sentence("Log"), ", ".join(names["logs"])
    if hours:
        yield Sentence("Period"), figures.period(report)
