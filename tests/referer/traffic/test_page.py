"""The page of a report: what a manager sees first, in which colour, and in which units."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from oss_referer import RefererConfiguration
from oss_referer.terminal import results
from oss_referer.terminal.results import Room
from oss_referer.traffic import figures
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.figures import size
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.log_files import Rejects
from oss_referer.traffic.report import ReadLogs, ReplayNames, ReplayQuestion, replay

from tests.referer.traffic.generator import generate, text
from tests.referer.traffic.test_report import SITE
from tests.rows import rows

RULES = replace(SITE, whitelist=("https://www.example.com/",), blacklist=())
NAMES = ReplayNames("rules.xml", "", ("day.log",))


def make(folder: Path, rules: RefererConfiguration, count: int = 300) -> Any:
    """Return the page of a replay, parsed."""
    log = folder / "a.log"
    log.write_bytes(text(generate(7, 300, SITE)[0][:count]))
    engine = DuckDBEngine(folder)
    report = replay(
        ReplayQuestion(Judge(rules), names=NAMES), ReadLogs([log], engine, folder, Rejects())
    )
    engine.close()
    section = results.arrange("", report, Room(10, 10), lambda _: False, [])
    return html.fromstring(results.page([], [section]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of rules that lock out own domains."""
    return make(tmp_path_factory.mktemp("page"), RULES)


def words(found: Any) -> str:
    return " ".join(str(found.xpath("string()")).split())


def test_page_names_rules_bucket_log_and_period(made: Any) -> None:
    said = words(made.find(".//dl"))
    for part in ("rules.xml", "what the log says", "examplebucket", "day.log", "(UTC), 2.0 days"):
        assert part in said


def test_money_and_share_come_first(made: Any) -> None:
    first, *_ = made.find_class("card")
    assert words(first).startswith("¥0.0")
    assert "% of the traffic out" in words(first)


def look(made: Any) -> tuple[list[str], dict[str, list[str]]]:
    """Return the tones of the cards, and the hosts below each heading."""
    tones = [card.get("class").split()[-1] for card in made.find_class("card")]
    hosts: dict[str, list[str]] = {}
    for table in made.iter("table"):
        above = table.xpath("preceding-sibling::h2[1]")
        title = words(above[0]) if above else ""
        hosts[title] = [words(cell) for cell in table.xpath(".//tbody//th")]
    return tones, hosts


def test_own_domains_that_are_locked_out_come_first_and_are_red(made: Any) -> None:
    tones, hosts = look(made)
    assert tones == ["card", "bad", "bad"]
    own, others = (hosts[f"Locked out, of {whose}"] for whose in ("your own domains", "others"))
    assert {*own} == {"shop.example.com", "example.com"} | {*own} & {"www.example.com"}
    assert "thief.test" in others
    titles = [*hosts]
    assert titles.index("Locked out, of your own domains") < titles.index("Locked out, of others")


def test_verdicts_have_the_colours_of_the_console(made: Any) -> None:
    (style,) = made.iter("style")
    assert "--bad: #b3241f" in style.text
    assert "--revoked: var(--bad)" in style.text
    assert "--gained: var(--good)" in style.text


def test_chart_has_units_and_times(made: Any) -> None:
    (series,) = made.find_class("series")
    units = [span.text for span in series.find_class("units")[0]]
    assert units[-1] == "0 B"
    assert all(unit.endswith("MB") for unit in units[:-1])
    times = [span.text for span in series.find_class("times")[0]]
    assert len(times) == 6
    assert all(":00" in time for time in times)


def test_no_domain_is_bad_where_only_strangers_are_locked_out(tmp_path: Path) -> None:
    whitelist = ("x.test",)
    made = make(tmp_path, replace(RULES, allow_empty_referer=True, whitelist=whitelist))
    tones, hosts = look(made)
    assert tones == ["card", "good", "bad"]
    assert "Locked out, of your own domains" not in hosts
    assert "thief.test" in hosts["Locked out, of others"]
    said = words(made.find(".//main"))
    assert "The log says AccessDenied" in said
    assert "--" not in said, "the page names a flag"


def test_log_without_requests_has_a_page(tmp_path: Path) -> None:
    assert "The logs are empty" in words(make(tmp_path, RULES, count=0))


@rows("most", 0, 1, 2, 9, 1_000, 1_023, 1_024, 999 * 2**20, 10**15)
def test_scale_ends_with_a_round_number_above_the_most(most: int) -> None:
    top = figures.ceiling(most)
    assert max(most, 2) <= top <= max(10 * most, 10)
    assert len(size(top).partition(" ")[0].removesuffix(".0").rstrip("0")) <= 2


@rows(("last", "count"), (0, 1), (5, 6), (6, 12), (23, 24), (24 * 400, 2))
def test_hours_without_requests_are_gaps(last: int, count: int) -> None:
    first = datetime(2026, 11, 24, tzinfo=UTC)
    rows = [{"hour": (first + timedelta(hours=number)).isoformat()} for number in {0, last}]
    found = figures.fill_hours(rows)
    assert len(found) == count
    assert [row for row in found.values() if row] == sorted(rows, key=lambda row: row["hour"])
