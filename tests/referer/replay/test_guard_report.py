"""The Markdown and the annotations of a guarded change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.engine.sentence import Sentence
from oss_referer.findings import Severity
from oss_referer.replay import guard
from oss_referer.replay.guard import Agreement, GuardResult, Limit
from oss_referer.replay.judge import Result

AGREEMENT = Agreement(Limit.parse("1%"), ("thief.test",))
OLD = RefererConfiguration(True, whitelist=("https://old.test/",))
NEW = RefererConfiguration(False, whitelist=("https://new.test/",), blacklist=("*thief*",))


def make(*hosts: str) -> GuardResult:
    """Return a change that locks out ten requests of each host."""
    totals = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Result}
    totals["revoked"] = {"requests": 10 * len(hosts), "bytes": 0}
    totals["unchanged"]["requests"] = 1000
    rows = [
        {
            "host": host,
            "revoked": {"requests": 10, "bytes": 2048},
            "add": [f"https://{host}/"],
            "remove": [],
            "set": None,
        }
        for host in hosts
    ]
    report: dict[str, Any] = {
        "totals": totals,
        "hosts": rows,
        "period": {"from": "2026-11-24T00:00Z", "hours": 24},
        "lines": {"damaged": 2, "judged": 1000},
        "assumed": {"requests": 3},
        "networks": {
            "cdn": {"requests": 500, "bytes": 1024},
            "internal": {"requests": 0, "bytes": 0},
        },
    }
    return GuardResult("kind.site", ("update",), "bucket", OLD, NEW, report, AGREEMENT)


def test_blocked_change_is_reported_with_hosts_and_remedies() -> None:
    text = guard.format_markdown([make("thief.test", "shop.test", "")], [Sentence("A note.")])
    for words in (
        "## Referer rules: blocked, 1 of 1\n",
        "| `kind.site` (update) | `bucket` | 1,030 | 20 (1.94 %) | 10 | 0 | **blocked**: that is ",
        "\n- A note.\n",
        "- AllowEmptyReferer: true → false\n",
        "- removed from the whitelist: `https://old.test/`\n",
        "- added to the blacklist: `*thief*`\n",
        "| `thief.test` (agreed) | 10 | 2.0 KB |  |\n",
        "| `shop.test` | 10 | 2.0 KB | add the whitelist entry `https://shop.test/` |\n",
        "| (no Referer) | 10 |",
        "The logs begin at 2026-11-24T00:00Z and span 24 hours.\n",
        "A CDN in front hides the Referer from these rules: 50.00 % of the requests came from it",
        "2 of their lines are damaged and left out.\n",
        "For 3 requests, the verdict rests on what the service does not document.\n",
    ):
        assert words in text


def test_report_of_what_passes_and_of_nothing() -> None:
    assert guard.format_markdown([make("thief.test")], []).startswith("## Referer rules: passed\n")
    assert guard.format_markdown([], []) == "## Referer rules: nothing changes\n"
    (said,) = guard.remark([], "plan.json", [])
    assert (said.severity, said.message) == (Severity.NOTE, "The plan changes no Referer rules.")


def test_many_hosts_are_counted() -> None:
    text = guard.format_markdown([make(*(f"{n}.test" for n in range(13)))], [])
    assert "| 3 more | | | |\n" in text


def test_remarks_name_the_hosts() -> None:
    change = make("thief.test", "shop.test", "")
    blocked, note = guard.remark([change], "plan.json", ["Why."])
    assert (blocked.severity, blocked.source) == (Severity.ERROR, "plan.json")
    assert blocked.message == (
        "kind.site locks out 20 of 1,030 requests to bucket (1.94 %); that is more than 1 %: "
        "shop.test (10), no Referer (10)"
    )
    assert (note.severity, note.message) == (Severity.NOTE, "Why.")
    (passed,) = guard.remark([make("thief.test")], "plan.json", [])
    assert passed.severity is Severity.NOTE
    assert passed.message == "kind.site locks out 0 of 1,010 requests to bucket (0.00 %)."
    few = replace(make(), agreement=Agreement(Limit.parse("1%"), least=2000))
    (blocked,) = guard.remark([few], "plan.json", [])
    assert blocked.message.endswith("the verdict needs 2,000")


@given(st.text(max_size=40))
def test_host_from_a_log_stays_in_its_cell(host: str) -> None:
    text = guard.format_markdown([make(host)], [])
    (row,) = [line for line in text.splitlines() if " | 2.0 KB | " in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@pytest.mark.parametrize("host", ["a`b", "``", "`", "<img src=x>", "@everyone", "a" * 500])
def test_host_from_a_log_is_code(host: str) -> None:
    text = guard.format_markdown([make(host)], [])
    (row,) = [line for line in text.splitlines() if " | 2.0 KB | " in line]
    cell = row.split(" | ")[0].removeprefix("| ")
    fence = re.match("`+", cell)
    assert fence is not None
    inner = cell[len(fence[0]) : -len(fence[0])]
    assert cell.endswith(fence[0])
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inner)
    assert len(cell) < 200
