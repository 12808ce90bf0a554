"""The gate: agreed lock-outs, the verdict, the report, annotations and remedies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.engine import DEFAULT
from oss_referer.engine.sentence import Sentence
from oss_referer.remarks import Severity
from oss_referer.terminal import results
from oss_referer.terminal.results import Room
from oss_referer.traffic import figures, gate, layout
from oss_referer.traffic.gate import Gate, Judged, Limit
from oss_referer.traffic.judge import Verdict
from oss_referer.traffic.remedies import Remedy, find_remedies

from tests.rows import read_cases, rows

CASES = read_cases("referer.traffic")

RULES = RefererConfiguration(False, whitelist=("https://a.test/", "https://b.test/"))


def make(asked: Gate, requests: int = 1000, **revoked: int) -> Judged:
    """Return a change whose report has revoked requests by host; `_` in a host means a dot."""
    hosts = [
        {"host": host.replace("_", "."), "revoked": {"requests": count}}
        for host, count in revoked.items()
    ]
    totals = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Verdict}
    totals["revoked"]["requests"] = sum(revoked.values())
    totals["unchanged"]["requests"] = requests - sum(revoked.values())
    report = {"totals": totals, "hosts": hosts, "lines": {"judged": requests}}
    return Judged("a.b", RULES, report, asked, "bucket", RULES, ("update",))


@rows(("text", "allowed", "refused"), *CASES["limit_is_exact"])
def test_limit_is_exact(text: str, allowed: int, refused: int) -> None:
    limit = Limit.parse(text)
    assert limit.allows(allowed, 1000)
    assert not limit.allows(refused, 1000)


@rows("text", "", "%", "-1", "1.5", "x", "1e9", "NaN", "Infinity%", "٣", "1" * 30, "101%")
def test_wrong_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number of requests nor a percentage"):
        Limit.parse(text)


@rows(("agreed", "host", "covered"), *CASES["agreed_host_is_covered"])
def test_agreed_host_is_covered(agreed: str, host: str, covered: bool) -> None:
    assert Gate(Limit.parse("0"), (agreed,)).agrees(host) is covered


def test_agreed_hosts_do_not_count() -> None:
    asked = Gate(Limit.parse("0.5%"), ("thief.test",))
    change = make(asked, thief_test=300, shop_test=5)
    assert (change.requests, change.agreed, change.locked_out) == (1000, 300, 5)
    assert (change.share, change.objection) == ("0.50", "")
    worse = make(asked, thief_test=300, shop_test=6)
    assert worse.objection == "that is more than 0.5 %"


def test_verdict_needs_requests() -> None:
    asked = Gate(Limit.parse("1%"))
    assert make(asked, 0).objection == ("the logs have 0 requests to judge; the verdict needs 1")
    assert make(Gate(Limit.parse("1%"), least=0), 0).objection == ""
    assert make(Gate(Limit.parse("1%"), least=1001)).objection.endswith("needs 1,001")


# --- the Markdown and the annotations of a change


AGREEMENT = Gate(Limit.parse("1%"), ("thief.test",))
OLD = RefererConfiguration(True, whitelist=("https://old.test/",))
NEW = RefererConfiguration(False, whitelist=("https://new.test/",), blacklist=("*thief*",))


def made(*hosts: str, asked: Gate = AGREEMENT) -> Judged:
    """Return a change that locks out ten requests of each host."""
    nothing = {"requests": 0, "bytes": 0}
    totals: dict[str, dict[str, int]] = {verdict.value: nothing for verdict in Verdict}
    totals["revoked"] = {"requests": 10 * len(hosts), "bytes": 2048 * len(hosts)}
    totals["unchanged"] = {"requests": 1000, "bytes": 0}
    judged = 1000 + 10 * len(hosts)
    rows = [
        {
            "host": host,
            "own": False,
            **{verdict.value: nothing for verdict in Verdict},
            "revoked": {"requests": 10, "bytes": 2048},
            "ec": "0003-00000505",
            "facts": ["R-13"],
            "variants": [],
            "samples": ["1.2.3.4"],
            "steps": [["whitelist", "unmatched", ""]],
            **Remedy([f"https://{host}/"])._asdict(),
        }
        for host in hosts
    ]
    report: dict[str, Any] = {
        "bucket": "bucket",
        "other_buckets": [],
        "against": "log",
        "totals": totals,
        "unchanged": {"allowed": totals["unchanged"], "denied": nothing, "failed": nothing},
        "shares": {"revoked": {"requests": figures.share(10 * len(hosts), judged)}},
        "yuan": {"revoked": "0.00", "per_gb": "0.50", "revoked_a_day": "0.00"},
        "hosts": rows,
        "period": {"from": "2026-11-24T00:00Z", "hours": 24},
        "lines": {"read": judged, "outside": 0, "damaged": 2, "judged": judged, "examples": []},
        "assumed": {"requests": 3},
        "networks": {"cdn": {"requests": 500, "bytes": 1024}, "internal": nothing},
        "own": nothing,
        **{name: [] for name in ("unknown", "prefixes", "families", "hours")},
        **{name: [] for name in ("without_referer", "idle_entries")},
    }
    return Judged("kind.site", NEW, report, asked, "bucket", OLD, ("update",))


def markdown(*judged: Judged, notes: Sequence[Sentence] = (), most: int = 10) -> str:
    sections = [
        results.arrange(one.name, one.report, Room(most, most), one.gate.agrees, [gate.edits(one)])
        for one in judged
    ]
    return results.markdown([gate.verdict(judged, notes)], sections)


def test_blocked_change_is_reported_with_hosts_and_remedies() -> None:
    text = markdown(made("thief.test", "shop.test", ""), notes=[Sentence("A note.")])
    for words in (
        "## Referer rules: blocked, 1 of 1\n",
        "| `kind.site` | `bucket` | 1,030 | 20 | 1.94 % | 10 | 0 | blocked: that is more than 1 % ",
        "\nA note.\n",
        "\n### `kind.site`\n",
        "AllowEmptyReferer: true → false\n",
        "removed from the whitelist: `https://old.test/`\n",
        "added to the blacklist: `*thief*`\n",
        "| `thief.test` (agreed) | 10 | 0 | 2.0 KB |\n",
        "| `shop.test` | 10 | 0 | 2.0 KB |\n",
        "  - keep it: add the whitelist entry `https://shop.test/`\n",
        "| (no Referer) | 10 |",
        "A CDN in front hides the Referer from these rules: 48.54 % of the requests came from it",
        "2 are damaged.\n",
        "on 3 requests rests on something that the service does not document.\n",
    ):
        assert words in text
    assert "add the whitelist entry `https://thief.test/`" not in text
    assert "1.2.3.4" not in text, "a pull request is no place for the addresses of visitors"


def test_report_of_what_passes_and_of_nothing() -> None:
    assert markdown(made("thief.test")).startswith("## Referer rules: passed\n")
    assert markdown() == "## Referer rules: nothing changes\n"
    (said,) = gate.remark([], "plan.json", [])
    assert (said.severity, said.message) == (Severity.NOTE, "The plan changes no Referer rules.")


def test_hosts_behind_the_first_ones_are_named() -> None:
    text = markdown(made(*(f"{n}.test" for n in range(13))))
    assert "\nand 3 more: `10.test`, `11.test`, `12.test`\n" in text
    text = markdown(made(*(f"{n}.test" for n in range(40))))
    assert "`29.test` and 10 others\n" in text
    assert "and 10 others" not in markdown(
        made(*(f"{n}.test" for n in range(40))), most=layout.WHOLE
    )
    cut = markdown(made(*(f"{n}.test" for n in range(figures.NAMED))))
    assert "and 170+ others\n" in cut


def test_remarks_name_the_hosts() -> None:
    change = made("thief.test", "shop.test", "")
    blocked, note = gate.remark([change], "plan.json", ["Why."])
    assert (blocked.severity, blocked.source) == (Severity.ERROR, "plan.json")
    assert blocked.message == (
        "kind.site locks out 20 of 1,030 requests to bucket (1.94 %); that is more than 1 %: "
        "shop.test (10), no Referer (10)"
    )
    assert (note.severity, note.message) == (Severity.NOTE, "Why.")
    (passed,) = gate.remark([made("thief.test")], "plan.json", [])
    assert passed.severity is Severity.NOTE
    assert passed.message == "kind.site locks out 0 of 1,010 requests to bucket (0.00 %)."
    (blocked,) = gate.remark([made(asked=Gate(Limit.parse("1%"), least=2000))], "plan.json", [])
    assert blocked.message.endswith("the verdict needs 2,000")


@given(st.text(max_size=40))
def test_host_from_a_log_stays_in_its_cell(host: str) -> None:
    (row,) = [line for line in markdown(made(host)).splitlines() if line.endswith(" | 2.0 KB |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@rows("host", "a`b", "``", "`", "<img src=x>", "@everyone", "a" * 500)
def test_host_from_a_log_is_code(host: str) -> None:
    (row,) = [line for line in markdown(made(host)).splitlines() if line.endswith(" | 2.0 KB |")]
    cell = row.split(" | ")[0].removeprefix("| ")
    fence = re.match("`+", cell)
    assert fence is not None
    inner = cell[len(fence[0]) : -len(fence[0])]
    assert cell.endswith(fence[0])
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inner)
    assert len(cell) < 200


# --- The remedies of a report: what the plan would change for hosts that are locked out

WWW = "https://www.example.com/"
SITE = "https://m.example.com/"
PROGRAM = "https://servicewechat.com/wx0123456789abcdef/"
OTHER = "https://servicewechat.com/wxfedcba9876543210/"


def find(sent: tuple[str, ...], **rules: Any) -> tuple[list[str], list[str], str | None]:
    given = RefererConfiguration(False, **{"whitelist": (WWW,), **rules})
    add, remove, switch = find_remedies(given, {"host": sent}, DEFAULT)["host"]
    return [*add], [*remove], switch


@rows(
    "sent, rules, remedy",
    ((SITE,), {}, ([SITE], [], None)),
    ((f"{SITE}a?b",), {}, ([SITE], [], None)),
    (("",), {}, ([], [], "AllowEmptyReferer: true")),
    # The plan removes an entry that keeps out the whole host, and keeps one for some pages.
    ((SITE,), {"blacklist": (SITE,)}, ([SITE], [SITE], None)),
    ((f"{SITE}admin/",), {"blacklist": ("*/admin/*",)}, ([], [], None)),
    ((SITE, f"{SITE}admin/"), {"blacklist": ("*/admin/*",)}, ([SITE], [], None)),
    # Only the appid tells mini programs apart.
    ((f"{OTHER}3/page-frame.html",), {"whitelist": (WWW, PROGRAM)}, ([OTHER], [], None)),
    (("https://servicewechat.com/",), {"whitelist": (WWW, PROGRAM)}, ([], [], None)),
    (("https://servicewechat.com",), {}, ([], [], None)),
    # A safe entry ends the host with a slash, which TruncatePath cuts off.
    ((SITE,), {"truncate_path": True}, ([SITE], [], "TruncatePath: false")),
    (("m.example.com",), {}, ([], [], None)),
    (("https://[/", "about:blank", "http://*/", "https://a?b/"), {}, ([], [], None)),
)
def test_remedy_is_what_the_plan_would_change(
    sent: tuple[str, ...], rules: Any, remedy: tuple[list[str], list[str], str | None]
) -> None:
    assert find(sent, **rules) == remedy


def test_hosts_are_planned_together_and_have_their_own_remedies() -> None:
    given = RefererConfiguration(False, whitelist=(WWW,), blacklist=("*thief*",))
    hosts = {"m": [SITE], "thief": ["https://pictures.thief.test/"], "none": [""]}
    found = find_remedies(given, hosts, DEFAULT)
    assert found["m"] == Remedy([SITE], [], None)
    assert found["thief"] == Remedy(["https://pictures.thief.test/"], ["*thief*"], None)
    assert found["none"].set == "AllowEmptyReferer: true"
