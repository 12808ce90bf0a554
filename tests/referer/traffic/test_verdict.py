"""Verdicts on groups, and on batches of them in several processes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st
from oss_referer import Assumptions, Basis, RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.engine.decision import classify
from oss_referer.traffic import statements
from oss_referer.traffic.batches import VERDICTS, judge_batches, judge_in_processes
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.judge import Judge, decide, letters_of

from tests.referer.traffic.generator import generate, text
from tests.rows import read_cases, rows

CASES = read_cases("referer.traffic")

pieces = ["http://", "a.com", "b", "/", "?", "*", "#", " ", "x=1", ","]
texts = st.lists(st.sampled_from(pieces), max_size=6).map("".join)
lists = st.lists(texts, max_size=3).map(tuple)
configurations = st.builds(
    RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), lists, lists
)
any_assumptions = st.builds(
    Assumptions,
    **{name: st.sampled_from(list(type(chosen))) for name, chosen in DEFAULT.chosen().items()},
)

CUTS: dict[str, Callable[[str], str]] = {
    "cut_nothing": lambda referer: referer,
    "cut_query": lambda referer: "".join(referer.partition("?")[:2]),
    "cut_path": lambda referer: _cut_path(referer),
}


def _cut_path(referer: str) -> str:
    """Return the Referer up to the first character that ends its host, which is included."""
    scheme, slashes, rest = referer.partition("://")
    if not slashes or any(mark in scheme for mark in "/?#"):
        scheme, slashes, rest = "", "", referer
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    return scheme + slashes + rest[: end + 1]


@given(configurations, st.none() | configurations, texts, any_assumptions)
def test_cut_before_grouping_changes_no_verdict(
    rules: RefererConfiguration,
    against: RefererConfiguration | None,
    referer: str,
    assumptions: Assumptions,
) -> None:
    check_cut(Judge(rules, against, assumptions), referer)


def check_cut(judge: Judge, referer: str) -> None:
    cut = judge.judge_sent(CUTS[judge.cut](referer), "NGOS")
    assert cut == judge.judge_sent(referer, "NGOS")


plain = st.lists(st.sampled_from([piece for piece in pieces if piece not in "?*"]), max_size=4)
plain_lists = st.lists(plain.map("".join), max_size=3).map(tuple)
plain_configurations = st.builds(
    RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), plain_lists, plain_lists
)


@given(plain_configurations, st.none() | plain_configurations, st.data(), texts, any_assumptions)
def test_cut_before_grouping_changes_no_verdict_of_rules_without_wildcards(
    rules: RefererConfiguration,
    against: RefererConfiguration | None,
    data: st.DataObject,
    suffix: str,
    assumptions: Assumptions,
) -> None:
    known = rules if against is None else against
    entries = ("", *rules.whitelist, *rules.blacklist, *known.whitelist, *known.blacklist)
    referer = data.draw(st.sampled_from(entries)) + suffix
    check_cut(Judge(rules, against, assumptions), referer)


named = st.tuples(texts, texts).map(lambda around: "a.com".join(around))
named_lists = st.lists(named, max_size=3).map(tuple)
named_configurations = st.builds(
    RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), named_lists, named_lists
)


@given(
    named_configurations,
    st.none() | named_configurations,
    st.sampled_from(["http://", "https://", "https:https://", "http x://"]),
    texts,
    any_assumptions,
    st.sampled_from(["NGOSI", "NGODI", "NGOFC", "HGOSI"]),
)
@example(RefererConfiguration(False, whitelist=("b",)), None, "https://", "a", DEFAULT, "NGOSI")
@example(RefererConfiguration(blacklist=("*.com",)), None, "https://", "a", DEFAULT, "NGODI")
def test_referer_without_what_entries_need_is_a_stranger(
    rules: RefererConfiguration,
    against: RefererConfiguration | None,
    scheme: str,
    rest: str,
    assumptions: Assumptions,
    letters: str,
) -> None:
    judge, referer = Judge(rules, against, assumptions), scheme + rest
    if judge.needed is None or re.search(judge.needed, referer):
        return
    whole = judge.judge_sent(referer, letters)
    assert judge.judge_sent(CUTS["cut_path"](referer), letters) == whole
    assert judge.judge(referer, letters, foreign=True) == whole


@rows(("entries", "found", "missed"), *CASES["what_entries_need_is_found_in_what_they_match"])
def test_what_entries_need_is_found_in_what_they_match(
    entries: tuple[str, ...], found: Sequence[str], missed: Sequence[str]
) -> None:
    needed = Judge(RefererConfiguration(whitelist=entries)).needed
    assert needed is not None
    assert all(re.search(needed, referer) for referer in found)
    assert not any(re.search(needed, referer) for referer in missed)


@rows("entry", "*", "http*://*", "例子.中国", "https:", "invalid", "a" * 5_000)
def test_rules_that_need_nothing_in_particular_have_no_strangers(entry: str) -> None:
    assert Judge(RefererConfiguration(whitelist=("a.com", entry))).needed is None


@rows(("entries", "cut"), *CASES["referers_are_cut_to_their_origins_if_no_entry_looks_further"])
def test_referers_are_cut_to_their_origins_if_no_entry_looks_further(
    entries: tuple[str, ...], cut: str
) -> None:
    white, black = RefererConfiguration(whitelist=entries), RefererConfiguration(blacklist=entries)
    assert Judge(white).cut == Judge(black).cut == cut
    assert Judge(RefererConfiguration(), white).cut == Judge(white, black).cut == cut
    assert Judge(replace(white, allow_truncate_query_string=False)).cut == (
        "cut_path" if cut == "cut_path" else "cut_nothing"
    )


def test_folding_of_letters_makes_no_character_that_ends_a_host() -> None:
    """A Referer may be cut before its letter case is ignored (R-24)."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert all(everything.casefold().count(mark) == 1 for mark in "/?#:")


@given(
    configurations,
    texts,
    any_assumptions,
    st.sampled_from(list(Signing)),
    st.sampled_from(["GET", "HEAD", "PUT", "OPTIONS"]),
    st.sampled_from(list(Scope)),
)
def test_ruling_agrees_with_the_decision(
    rules: RefererConfiguration,
    referer: str,
    assumptions: Assumptions,
    signed: Signing,
    method: str,
    scope: Scope,
) -> None:
    policy = RefererPolicy.compile(rules, assumptions)
    decision = policy.decide(referer, signed=signed, method=method, scope=scope)
    ruling = decide(policy, classify(signed, method, scope), referer.strip())
    assert ruling == (decision.reason, decision.entry, decision.basis is Basis.ASSUMED)


def test_engine_cuts_and_classifies_as_python_does(tmp_path: Path) -> None:
    lines, _ = generate(3, 500, RefererConfiguration())
    lines = [line._replace(request_id=f"{number}") for number, line in enumerate(lines)]
    log = tmp_path / "a.log"
    log.write_bytes(text(lines))
    engine = DuckDBEngine(tmp_path)
    names = ", ".join([statements.fill("kind"), *map(statements.fill, CUTS)])
    query = f"SELECT raw, {names} FROM lines ORDER BY cast(f10 AS int)"
    for line, (_, kind, *cut) in zip(lines, engine.find([log], query), strict=True):
        assert kind == letters_of(line)
        written = text([line]).decode().split('"')[3]
        assert cut == [make(written) for make in CUTS.values()]
    engine.close()


@rows("letters", "NGOSI", "NGODC", "NGOFI", "HGOSN", "NGBSI", "UPOSI", "FPOSI")
def test_same_rules_on_both_sides_change_nothing(letters: str) -> None:
    rules = RefererConfiguration(whitelist=("https://a.com/",))
    for referer in ("", "https://a.com/", "https://b.com/"):
        judged = Judge(rules, rules).judge_sent(referer, letters)
        assert judged.result in ("unchanged", "not_checked")


# --- batches that are judged in processes, compared with the same in this process


JUDGE = Judge(RefererConfiguration(False, whitelist=("https://www.example.com/",)))
NAMES = ["referer", "kind", "requests", "bytes", "is_foreign"]


def make(count: int) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        hosts = [f"https://www.example.{end}/{number}" for end in ("com", "org", "com.evil.test")]
        columns = [hosts, ["NGOS", "NGOD", "UGOS"], [1, 2, 3], [4, 5, 6], [False, True, False]]
        yield pa.record_batch([pa.array(column) for column in columns], names=NAMES)


def test_processes_judge_all_batches_in_their_order() -> None:
    judged = list(judge_in_processes(JUDGE, make(7), processes=2))
    assert judged == list(judge_batches(JUDGE, make(7)))
    assert len(judged) == 7


def test_judged_batch_has_the_groups_and_what_the_judge_says() -> None:
    (batch,) = make(1)
    referers = [*batch.column(0).to_pylist()[:2], "https://例子.test/"]
    groups = batch.set_column(0, "referer", pa.array(referers))
    (judged,) = judge_batches(JUDGE, iter([groups]))
    judged.validate(full=True)
    assert judged.schema == VERDICTS
    letters = ["NGOS", "NGOD", "UGOS"]
    assert [tuple(row.values()) for row in judged.to_pylist()] == [
        (*[*group.values()][:4], *JUDGE.judge(group["referer"], kind))
        for group, kind in zip(groups.to_pylist(), letters, strict=True)
    ]


def test_batches_are_taken_as_results_are_asked_for() -> None:
    taken: list[int] = []

    def count() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(make(50)):
            taken.append(number)
            yield batch

    judged = judge_in_processes(JUDGE, count(), processes=1)
    assert isinstance(judged, Generator)
    next(judged)
    judged.close()
    assert len(taken) <= 4
