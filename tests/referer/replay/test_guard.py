"""What was agreed to be locked out, the hash of rules, and the token."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from oss_referer import RefererConfiguration
from oss_referer.replay import guard
from oss_referer.replay.guard import Agreement, GuardResult, Limit, TokenError
from oss_referer.replay.judge import Result

RULES = RefererConfiguration(False, whitelist=("https://a.test/", "https://b.test/"))


def make(agreement: Agreement, requests: int = 1000, **revoked: int) -> GuardResult:
    """Return a change whose report has revoked requests by host, in which `_` is a dot."""
    hosts = [
        {"host": host.replace("_", "."), "revoked": {"requests": count}}
        for host, count in revoked.items()
    ]
    totals = {verdict.value: {"requests": 0, "bytes": 0} for verdict in Result}
    totals["revoked"]["requests"] = sum(revoked.values())
    totals["unchanged"]["requests"] = requests - sum(revoked.values())
    report = {"totals": totals, "hosts": hosts}
    return GuardResult("a.b", ("update",), "bucket", None, RULES, report, agreement)


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("0", 0, 1),
        ("10", 10, 11),
        ("0%", 0, 1),
        ("0.1%", 1, 2),
        ("0.19%", 1, 2),
        ("12.5 %", 125, 126),
    ],
)
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


@pytest.mark.parametrize(
    ("agreed", "host", "covered"),
    [
        ("thief.test", "thief.test", True),
        ("Thief.test", "THIEF.test:8443", True),
        ("thief.test", "www.thief.test", False),
        ("*.thief.test", "www.thief.test", True),
        ("*.thief.test", "thief.test", False),
        ("*.thief.test", "badthief.test", False),
        ("-", "", True),
        ("thief.test", "", False),
    ],
)
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


def test_hash_tells_rules_apart_but_not_their_order() -> None:
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
    with pytest.raises(TokenError, match="it does not say what guard writes into a token"):
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
