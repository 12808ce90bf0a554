"""The linter: every rule finds, proves and corrects its mistakes, and names the risk."""

from __future__ import annotations

import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_referer import Assumptions, Basis, RefererConfiguration, RefererPolicy, Stage, lint
from oss_referer.engine.assumptions import EmptyWhitelist, JoinedEntry, LetterCase
from oss_referer.lint import RULES, Evidence, Finding, Severity, risk, subject
from oss_referer.lint.risk import NamedSites, Sites, seek
from oss_referer.search.automaton import Budget, CompiledRules
from oss_referer.search.sent import OwnHost, Senders, SentReferers

FIXTURES = Path(__file__).parents[3] / "fixtures"
CASES = tomllib.loads((FIXTURES / "lab" / "lint.toml").read_text(encoding="utf-8"))["case"]
FIELDS = {
    "allow_empty_referer",
    "allow_truncate_query_string",
    "truncate_path",
    "whitelist",
    "blacklist",
}
RULE = {rule.name: rule for rule in RULES}


def configuration_of(members: dict[str, Any]) -> RefererConfiguration:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in members.items()
        if name in FIELDS
    }
    return RefererConfiguration(**values)


def name_of(case: dict[str, Any]) -> str:
    listed = case.get("whitelist", []) + case.get("blacklist", [])
    return f"{case['rule']}: {', '.join(map(ascii, listed))}"


IN_CODE = {"too-long", "too-large", "not-examined"}
"""The rules whose cases are too long for a table; they have tests of their own."""


def written(finding: Finding) -> str:
    """Return the switch of a correction in the notation of the cases."""
    if finding.correction.switch is None:
        return ""
    switch, value = finding.correction.switch
    return f"{switch.element}: {str(value).lower()}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_rule_finds_and_corrects_what_its_case_expects(case: dict[str, Any]) -> None:
    configuration, rule = configuration_of(case), RULE[case["rule"]]
    found = lint.run(configuration, [rule])
    if case.get("nothing"):
        assert found == ()
        return
    (finding,) = found
    assert finding.referer == case.get("finds")
    assert (finding.place.entry if finding.place else None) == case.get("entry")
    expected = case.get("instead")
    assert finding.correction.instead == (None if expected is None else tuple(expected))
    assert finding.correction.whitelist == tuple(case.get("add", ()))
    assert finding.correction.blacklist == tuple(case.get("add_to_blacklist", ()))
    assert written(finding) == case.get("set", "")
    assert bool(finding.correction.decide) is case.get("decide", False)
    assert finding.reason.endswith(".")
    if "safe" in case:
        assert finding.is_safe is case["safe"]
    confirm(configuration, finding)
    if {"instead", "add", "add_to_blacklist", "set"} & set(case):
        again = lint.run(lint.follow(configuration, [finding], unsafe=True), [rule])
        assert case.get("entry", "*") not in [item.place.entry for item in again if item.place]
        assert finding.place or again == ()


def confirm(configuration: RefererConfiguration, finding: Finding) -> None:
    """Ask the engine whether the evidence of a finding is right."""
    decision = RefererPolicy.compile(configuration).decide(finding.referer)
    assert finding.decision_reason is decision.reason
    match finding.evidence:
        case Evidence.ALLOWED:
            assert decision.allowed
        case Evidence.DENIED:
            assert not decision.allowed
        case Evidence.ASSUMED:
            assert decision.basis is Basis.ASSUMED
        case Evidence.UNMATCHED:
            assert finding.place
            alone = replace(configuration, whitelist=(finding.place.entry,), blacklist=())
            assert not RefererPolicy.compile(alone).decide(finding.referer).allowed
        case Evidence.UNCHANGED:
            without = lint.follow(configuration, [finding], unsafe=True)
            again = RefererPolicy.compile(without).decide(finding.referer)
            assert again.allowed == decision.allowed


def test_engine_confirms_the_evidence_on_the_rules_of_the_tables() -> None:
    count = 0
    for path in sorted((FIXTURES / "referer").glob("*.toml")):
        for rules in tomllib.loads(path.read_text(encoding="utf-8"))["rules"].values():
            configuration = configuration_of(rules)
            for finding in lint.run(configuration):
                confirm(configuration, finding)
                count += 1
    assert count > 200


def test_each_rule_has_a_page_and_cases_with_and_without_findings() -> None:
    for rule in RULES:
        title, _, body = rule.page.partition("\n\n")
        assert title == rule.title
        assert title.endswith("."), title
        assert len(body) > 80, title
        outcomes = {case.get("nothing", False) for case in CASES if case["rule"] == rule.name}
        assert outcomes == {True, False} or rule.name in IN_CODE, title


NOT_RULES = {
    *("__init__", "correcting", "finding", "risk", "rule", "running", "subject"),
}


def test_each_module_is_one_rule() -> None:
    assert len(RULE) == len(RULES)
    folder = Path(lint.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - NOT_RULES
    assert {name.replace("-", "_") for name in RULE} == modules


def test_findings_are_ordered_by_severity_and_place() -> None:
    rules = RefererConfiguration(
        whitelist=("http://a.test", "b.test", "https://c.test/x/"), blacklist=("d.test",)
    )
    found = lint.run(rules)
    severities = [list(Severity).index(finding.severity) for finding in found]
    assert severities == sorted(severities)
    errors = [f.place for f in found if f.severity is Severity.ERROR and f.place]
    assert [(place.list, place.entry) for place in errors] == [
        (Stage.WHITELIST, "http://a.test"),
        (Stage.WHITELIST, "b.test"),
        (Stage.BLACKLIST, "d.test"),
    ]


def test_entry_longer_than_any_referer_is_cut_to_its_origin_or_split() -> None:
    """B-03"""
    deep = "https://www.example.com/" + "a" * 5000
    joined = ",".join(f"https://www{number}.example.com/" for number in range(300))
    for entry, expected in ((deep, 1), (joined, 300), ("*a" * 3000, None)):
        rules = RefererConfiguration(whitelist=("https://a.example/", entry))
        (finding,) = lint.run(rules, [RULE["too-long"]])
        instead = finding.correction.instead
        assert (None if instead is None else len(instead)) == expected
        assert bool(finding.correction.decide) is (expected is None)
    assert lint.run(RefererConfiguration(whitelist=(deep[:4096],)), [RULE["too-long"]]) == ()


def test_lists_are_reported_from_16_kb_on() -> None:
    """R-42; the bytes of both lists count together, in UTF-8."""
    half = "https://www.example.com/例".ljust(8_190, "a")
    assert len(half.encode()) == 8_192
    rules = RefererConfiguration(whitelist=(half,), blacklist=(half,))
    (finding,) = lint.run(rules, [RULE["too-large"]])
    assert finding.reason == (
        "The entries have 16,384 bytes, and PutBucketReferer refuses more than 20,480."
    )
    assert finding.severity is Severity.WARNING
    less = RefererConfiguration(whitelist=(half,), blacklist=(half[1:],))
    assert lint.run(less, [RULE["too-large"]]) == ()


def test_lists_beyond_20_kb_are_an_error_and_examined_like_others() -> None:
    long = "w" * 60 + "."
    rules = RefererConfiguration(whitelist=tuple(f"{long * 3}{n}.example.com" for n in range(110)))
    found = lint.run(rules)
    (large,) = [finding for finding in found if finding.rule == "too-large"]
    assert large.severity is Severity.ERROR
    assert sum(finding.rule == "missing-scheme" for finding in found) == 110


@pytest.mark.parametrize("accepted", [(), ("too-large",)])
def test_lists_beyond_100_kb_have_a_single_finding(accepted: tuple[str, ...]) -> None:
    rules = RefererConfiguration(whitelist=tuple(f"www{n}.example.com" for n in range(6_000)))
    (finding,) = lint.run(rules, accepted=accepted)
    assert (finding.rule, finding.severity) == ("too-large", Severity.ERROR)
    assert finding.reason.endswith("Nothing else was examined.")
    fixed = lint.fix(rules, accepted=accepted)
    assert (fixed.configuration, fixed.left) == (rules, (finding,))


def test_search_that_ends_too_soon_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_SEARCHES", 0)
    entry = "https://*.example.com/"
    (finding,) = lint.run(
        RefererConfiguration(whitelist=(entry,)), [RULE["other-sites"], RULE["not-examined"]]
    )
    assert finding.rule == "not-examined"
    assert entry in finding.reason


RESTS = RULE["rests-on-assumption"]


def test_each_fact_is_reported_once_with_its_variants() -> None:
    rules = RefererConfiguration(
        allow_truncate_query_string=False,
        truncate_path=True,
        whitelist=("https://www.example.com/a", "https://www.example.com/b"),
    )
    reasons = [finding.reason for finding in lint.run(rules, [RESTS])]
    assert reasons == [
        "It is assumed and not documented that truncation cuts the Referer and not the entries "
        "(R-28, entries-uncut). With entries-cut it would be allowed.",
    ]


def test_findings_follow_the_given_assumptions() -> None:
    rules = RefererConfiguration(blacklist=("https://thief.example/",))
    (finding,) = lint.run(rules, [RESTS], Assumptions(empty_whitelist=EmptyWhitelist.DENIES))
    assert not finding.decision_reason.allows
    assert finding.reason.endswith("With empty-whitelist-allows it would be allowed.")
    capitals = RefererConfiguration(whitelist=("https://www.Example.com/",))
    insensitive = Assumptions(letter_case=LetterCase.INSENSITIVE)
    assert lint.run(capitals, [RULE["upper-case"]])
    assert lint.run(capitals, [RULE["upper-case"]], insensitive) == ()
    joined = RefererConfiguration(whitelist=("https://a.example/,https://b.example/",))
    separated = Assumptions(joined_entry=JoinedEntry.SEPARATED)
    for read, assumptions in ((capitals, insensitive), (joined, separated)):
        found = {finding.rule for finding in lint.run(read, RULES, assumptions)}
        assert "never-matches" not in found


def test_many_entries_are_linted_for_assumptions_quickly() -> None:
    entries = tuple(f"https://www{number}.example.com/a" for number in range(500))
    rules = RefererConfiguration(truncate_path=True, whitelist=entries)
    began = time.process_time()
    assert len(lint.run(rules, [RESTS])) == 1
    assert time.process_time() - began < 1


def test_finding_is_written_as_plain_data() -> None:
    rules = RefererConfiguration(False, whitelist=("*.example.com",))
    (finding,) = (item for item in lint.run(rules) if not item.common)
    assert finding.to_dict(line=2) == {
        "rule": "open-host",
        "severity": "error",
        "list": "whitelist",
        "position": 0,
        "entry": "*.example.com",
        "line": 2,
        "reason": finding.reason,
        "referer": finding.referer,
        "claim": "is allowed",
        "allowed": True,
        "ec": None,
        "instead": finding.correction.instead,
        "add": finding.correction.whitelist,
        "add_to_blacklist": finding.correction.blacklist,
        "set": {},
        "decide": None,
        "safe": True,
        "rare": ("It also locks out https://www.example.com:8080/.",),
        "also": finding.also,
        "common": False,
    }
    assert finding.to_dict()["line"] is None


# --- changes by corrections that somebody may not want


GUARD = "https://*/*.example.com/"
SUBS = ("https://*.example.com/", "http://*.example.com/")
ROOTS = ("https://example.com/", "http://example.com/")
STARTS = ("https://*.", "http://*.", "https://", "http://")
Lists = tuple[tuple[str, ...], tuple[str, ...]]


def find_risk(old: Lists, new: Lists, budget: int = 600_000) -> str | None:
    before, after, named = _compile(old), _compile(new), _named(old)
    own = risk.OwnPages(named.white, before)
    found = risk.compare(before, after.policy, named, Budget(budget), own)
    return found.said if found else None


def find_rare(old: Lists, new: Lists) -> tuple[str, ...]:
    before, after = _compile(old), _compile(new)
    edit = risk.EntryEdit.between(before, after)
    return risk.find_rare(before, after, edit, _named(old), Budget())


def _compile(lists: Lists) -> CompiledRules:
    rules = RefererConfiguration(False, whitelist=lists[0], blacklist=lists[1])
    return CompiledRules(RefererPolicy.compile(rules))


def _named(lists: Lists) -> NamedSites:
    return NamedSites(*(Sites.of({entry: [entry] for entry in entries}) for entries in lists))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((("http://www.example.com",), ()), (("http://www.example.com/",), ())),
        ((("www.example.com",), ()), (("https://www.example.com/",), ())),
        ((("*.example.com",), ()), ((*SUBS, *ROOTS), ())),
        ((("*example.com",), ()), ((*SUBS, *ROOTS), ())),
        ((("http://www.example.com/",), ()), (("http://www.example.com/", *ROOTS), ())),
        ((("https://a.test/", "https://a.test/x"), ()), (("https://a.test/",), ())),
        ((("*",), ("www.evil.test",)), (("*",), ("https://www.evil.test/",))),
        ((("https://www.example.com:*/",), ()), (("https://www.example.com:*/", *ROOTS), ())),
    ],
)
def test_correction_that_changes_nothing_for_anyone_is_safe(old: Lists, new: Lists) -> None:
    assert find_risk(old, new) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            (("*", "https://a.test/"), ()),
            (("https://a.test/",), ()),
            "locks out https://evil.test/",
        ),
        (
            (("http://a.test", "http://a.test.cn/"), ()),
            (("http://a.test/",), ()),
            "locks out http://a.test.cn/",
        ),
        (
            (("*a.test", "https://www.a.test:8443/"), ()),
            (tuple(f"{start}a.test/" for start in STARTS), ()),
            "a.test:8443/",
        ),
        ((("https://a.test/",), ()), (("https://a.test/", "https://b.test/"), ()), "lets in"),
        (
            (("https://a.test/",), ()),
            (("https://a.test",), ()),
            "lets in https://a.test.evil.test/",
        ),
        ((("https://*",), ("http",)), (("https://*",), ()), "lets in https://evil.test/"),
        (
            (("https://*.a.test/",), ("https://b.a.test/",)),
            (("https://*.a.test/",), ()),
            "a site that the blacklist names",
        ),
        (((), ("https://a.test/",)), (("*",), ("https://a.test/",)), "locks out requests without"),
    ],
)
def test_risk_comes_with_a_referer(old: Lists, new: Lists, words: str) -> None:
    found = find_risk(old, new)
    assert found is not None
    assert words in found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ((SUBS[:1], ()), (SUBS[:1], (GUARD,)), ["locks out https://"]),
        ((("https://a.test",), ()), (("https://a.test/",), ()), ["locks out https://a.test:8080/"]),
        ((("https://a.test/",), ("https://a.test/x",)), (("https://a.test/",), ()), ["lets in"]),
        ((("https://a.test/",), ()), (("https://a.test/", "https://*.a.test/"), ()), ["lets in"]),
        ((("www.a.test",), ()), (("https://www.a.test/",), ()), []),
    ],
)
def test_rare_consequences_are_named_and_block_nothing(
    old: Lists, new: Lists, said: list[str]
) -> None:
    assert find_risk(old, new) is None
    found = find_rare(old, new)
    assert [words in one for words, one in zip(said, found, strict=True)] == [True] * len(said)


def test_mini_program_is_a_page_that_sends_its_path() -> None:
    own = "https://servicewechat.com/wx0123456789abcdef/"
    assert find_risk(((own,), ()), (("https://a.test/",), ())) is not None
    assert "servicewechat" in (find_risk(((own,), ()), ((f"{own}1/",), ())) or "")


def test_search_that_does_not_end_proves_nothing() -> None:
    old, new = (("https://www.example.com",), ()), (("https://www.*example.com/",), ())
    assert find_risk(old, new, budget=500) == risk.UNPROVED.said
    assert (find_risk(old, new) or "").endswith("a page of a stranger.")


def test_own_pages_have_the_ports_and_schemes_that_are_named() -> None:
    own = [OwnHost("a.test", False, schemes=frozenset({"https"}), ports=frozenset({"8443"}))]
    pages = SentReferers(Senders.OWN, own)
    rules = CompiledRules(RefererPolicy.compile(RefererConfiguration(whitelist=("*",))))
    sent = {
        entry: seek(rules.read(entry)[0], pages, lambda _: None, Budget())
        for entry in ("https://a.test:", "http://a.test", "https://a.test:9", "https://a.test.")
    }
    assert sent.pop("https://a.test:") == "https://a.test:8443/"
    assert not any(sent.values())
    assert pages.is_sent("https://a.test:8443/")
    assert not pages.is_sent("http://a.test/")


# --- which pages belong to the sites that entries name


ENTRIES = ("https://www.example.com/", "https://*.shop.test/", "http://10.0.0.1/", "http://a:8080/")


@pytest.mark.parametrize(
    ("entry", "is_owned"),
    [
        ("https://www.example.com/", True),
        ("https://img.example.com/page", True),  # the same registered domain
        ("https://example.com./", True),
        ("https://notexample.com/", False),
        ("https://example.com.evil.test/", False),
        ("https://com/", False),
        ("http://10.0.0.1/", True),
        ("http://x.10.0.0.1/", False),  # an address has no sub-domains
        ("http://a:9090/", True),
        ("http://b.a/", False),
        ("https://*.shop.test/", True),
        ("https://*shop.test/", False),  # matches notshop.test
        ("https://*.example.com/", False),  # its guard is missing
    ],
)
def test_pages_of_the_registered_domains_are_owned(entry: str, is_owned: bool) -> None:
    sites = Sites.of({one: [one] for one in ENTRIES})
    guard = ("https://*/*.shop.test/", "https://*/*shop.test/")
    assert sites.owns_all(entry, guard) is is_owned
    host = entry.partition("//")[2].partition("/")[0].partition(":")[0]
    if "*" not in host:
        assert any(own.owns(host) for own in sites.domains) is is_owned
