"""The guard: agreed lock-outs, the hash of rules, the token and the report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.engine.sentence import Sentence
from oss_referer.remarks import Severity
from oss_referer.traffic import guard
from oss_referer.traffic.guard import Agreement, GuardResult, Limit, TokenError
from oss_referer.traffic.judge import Verdict

from tests.cases import read_cases

CASES = read_cases("referer-traffic")

RULES = RefererConfiguration(False, whitelist=("https://a.test/", "https://b.test/"))


def make(agreement: Agreement, requests: int = 1000, **revoked: int) -> GuardResult:
    """Return a change whose report has revoked requests by host; `_` in a host means a dot."""
    hosts = [
        {"host": host.replace("_", "."), "revoked": {"requests": count}}
        for host, count in revoked.items()
    ]
    totals = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Verdict}
    totals["revoked"]["requests"] = sum(revoked.values())
    totals["unchanged"]["requests"] = requests - sum(revoked.values())
    report = {"totals": totals, "hosts": hosts}
    return GuardResult("a.b", ("update",), "bucket", RULES, RULES, report, agreement)


@pytest.mark.parametrize(("text", "allowed", "refused"), CASES["limit_is_exact"])
def test_limit_is_exact(text: str, allowed: int, refused: int) -> None:
    limit = Limit.parse(text)
    assert limit.allows(allowed, 1000)
    assert not limit.allows(refused, 1000)


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "1.5", "x", "1e9", "NaN", "Infinity%", "٣", "1" * 30]
)
def test_wrong_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number of requests nor a percentage"):
        Limit.parse(text)


@pytest.mark.parametrize(("agreed", "host", "covered"), CASES["agreed_host_is_covered"])
def test_agreed_host_is_covered(agreed: str, host: str, covered: bool) -> None:
    assert Agreement(Limit.parse("0"), (agreed,)).covers(host) is covered


def test_agreed_hosts_do_not_count() -> None:
    agreement = Agreement(Limit.parse("0.5%"), ("thief.test",))
    change = make(agreement, thief_test=300, shop_test=5)
    assert (change.requests, change.agreed, change.locked_out) == (1000, 300, 5)
    assert (change.share, change.objection) == ("0.50", "")
    worse = make(agreement, thief_test=300, shop_test=6)
    assert worse.objection == "that is more than 0.5 %"


def test_verdict_needs_requests() -> None:
    agreement = Agreement(Limit.parse("1%"))
    assert make(agreement, 0).objection == (
        "the logs have 0 requests to the bucket, and the verdict needs 1"
    )
    assert make(Agreement(Limit.parse("1%"), least=0), 0).objection == ""
    assert make(Agreement(Limit.parse("1%"), least=1001)).objection.endswith("needs 1,001")


def test_hash_depends_on_rules_but_not_on_their_order() -> None:
    same = RefererConfiguration(False, whitelist=("https://b.test/", "https://a.test/") * 2)
    assert guard.hash_rules(same) == guard.hash_rules(RULES)
    others = [
        RefererConfiguration(True, whitelist=RULES.whitelist),
        RefererConfiguration(False, False, whitelist=RULES.whitelist),
        RefererConfiguration(False, True, True, RULES.whitelist),
        RefererConfiguration(False, whitelist=RULES.whitelist[:1]),
        RefererConfiguration(False, blacklist=RULES.whitelist),
    ]
    assert len({guard.hash_rules(rules) for rules in (RULES, *others)}) == len(others) + 1


def token(**revoked: int) -> dict[str, Any]:
    agreement = Agreement(Limit.parse("1%"))
    return guard.make_token([make(agreement, **revoked)], agreement, [("a.log", "0" * 64)])


def test_token_of_rules_that_passed_allows_them() -> None:
    guard.check_token(json.dumps(token()), RULES, "bucket")


def signed(**members: Any) -> str:
    """Return a token with other members, and the hash that fits them; None leaves one out."""
    made = {**token(), **members}
    made = {name: made[name] for name in made if name != "hash" and made[name] is not None}
    text = json.dumps(made, sort_keys=True, separators=(",", ":"))
    return json.dumps({**made, "hash": sha256(text.encode()).hexdigest()})


def test_fitting_hash_is_accepted() -> None:
    guard.check_token(signed(more=1), RULES, "bucket")


@pytest.mark.parametrize(
    "members",
    [
        {"verdict": None},
        {"changes": None},
        {"changes": 7},
        {"changes": {"rules": "x"}},
        {"changes": ["x"]},
        {"changes": [{}]},
        {"changes": [{"rules": "x", "bucket": ["a"]}]},
        {"changes": [{"rules": 1, "bucket": "a"}]},
    ],
)
def test_token_of_another_form_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(TokenError, match="it lacks what guard writes into a token"):
        guard.check_token(signed(**members), RULES, "bucket")


@pytest.mark.parametrize("verdict", [7, [], {}, False, "Passed"])
def test_other_verdict_does_not_pass(verdict: object) -> None:
    with pytest.raises(TokenError, match="its verdict is that the change is blocked"):
        guard.check_token(signed(verdict=verdict), RULES, "bucket")


@pytest.mark.parametrize(
    ("text", "rules", "bucket", "words"),
    [
        ("{", RULES, "bucket", "it is not a token"),
        ("[]", RULES, "bucket", "it is not a token of the version 1"),
        ('{"version": 2}', RULES, "bucket", "it is not a token of the version 1"),
        (json.dumps({**token(), "verdict": "x"}), RULES, "bucket", "it was changed or damaged"),
        (json.dumps({**token(), "more": 1}), RULES, "bucket", "it was changed or damaged"),
        (json.dumps({"version": 1}), RULES, "bucket", "it was changed or damaged"),
        (json.dumps(token(a=500)), RULES, "bucket", "its verdict is that the change is blocked"),
        (json.dumps(token()), RefererConfiguration(), "bucket", "it is about other rules"),
        (json.dumps(token()), RULES, "other", "these rules were judged for bucket, not for other"),
    ],
)
def test_other_token_is_refused(
    text: str, rules: RefererConfiguration, bucket: str, words: str
) -> None:
    with pytest.raises(TokenError, match=words):
        guard.check_token(text, rules, bucket)


# --- the Markdown and the annotations of a guarded change


AGREEMENT = Agreement(Limit.parse("1%"), ("thief.test",))
OLD = RefererConfiguration(True, whitelist=("https://old.test/",))
NEW = RefererConfiguration(False, whitelist=("https://new.test/",), blacklist=("*thief*",))


def made(*hosts: str) -> GuardResult:
    """Return a change that locks out ten requests of each host."""
    totals = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Verdict}
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
    text = guard.format_markdown([made("thief.test", "shop.test", "")], [Sentence("A note.")])
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
        "For 3 requests, the verdict rests on something that the service does not document.\n",
    ):
        assert words in text


def test_report_of_what_passes_and_of_nothing() -> None:
    assert guard.format_markdown([made("thief.test")], []).startswith("## Referer rules: passed\n")
    assert guard.format_markdown([], []) == "## Referer rules: nothing changes\n"
    (said,) = guard.remark([], "plan.json", [])
    assert (said.severity, said.message) == (Severity.NOTE, "The plan changes no Referer rules.")


def test_many_hosts_are_counted() -> None:
    text = guard.format_markdown([made(*(f"{n}.test" for n in range(13)))], [])
    assert "| 3 more | | | |\n" in text


def test_remarks_name_the_hosts() -> None:
    change = made("thief.test", "shop.test", "")
    blocked, note = guard.remark([change], "plan.json", ["Why."])
    assert (blocked.severity, blocked.source) == (Severity.ERROR, "plan.json")
    assert blocked.message == (
        "kind.site locks out 20 of 1,030 requests to bucket (1.94 %); that is more than 1 %: "
        "shop.test (10), no Referer (10)"
    )
    assert (note.severity, note.message) == (Severity.NOTE, "Why.")
    (passed,) = guard.remark([made("thief.test")], "plan.json", [])
    assert passed.severity is Severity.NOTE
    assert passed.message == "kind.site locks out 0 of 1,010 requests to bucket (0.00 %)."
    few = replace(made(), agreement=Agreement(Limit.parse("1%"), least=2000))
    (blocked,) = guard.remark([few], "plan.json", [])
    assert blocked.message.endswith("the verdict needs 2,000")


@given(st.text(max_size=40))
def test_host_from_a_log_stays_in_its_cell(host: str) -> None:
    text = guard.format_markdown([made(host)], [])
    (row,) = [line for line in text.splitlines() if " | 2.0 KB | " in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@pytest.mark.parametrize("host", ["a`b", "``", "`", "<img src=x>", "@everyone", "a" * 500])
def test_host_from_a_log_is_code(host: str) -> None:
    text = guard.format_markdown([made(host)], [])
    (row,) = [line for line in text.splitlines() if " | 2.0 KB | " in line]
    cell = row.split(" | ")[0].removeprefix("| ")
    fence = re.match("`+", cell)
    assert fence is not None
    inner = cell[len(fence[0]) : -len(fence[0])]
    assert cell.endswith(fence[0])
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inner)
    assert len(cell) < 200
