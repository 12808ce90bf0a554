"""Rules of OSS as a `map`: nginx accepts it and decides like the engine."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.engine.assumptions import (
    DEFAULT,
    Assumptions,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    WhiteSpace,
)
from oss_referer.translate.nginx import LONGEST_WORD, NginxMap

from tests.nginx import random_rules
from tests.nginx.server import Request, answering, ask, listening, refusal
from tests.requirements import require

SEED = 13
_NAMES = re.compile(r"(referer_(?:denied|origin|cut))")


def only_map(text: str, number: int) -> str:
    """Return the maps of a translation, with unique names."""
    return _NAMES.sub(rf"\1_{number}", text.partition("\nserver {")[0])


def decide(
    folder: Path, texts: Sequence[str], referers: Sequence[Sequence[str | None]]
) -> list[list[bool]]:
    """Ask nginx about all Referers of all translations."""
    maps = "\n".join(only_map(text, number) for number, text in enumerate(texts))
    locations = "\n".join(
        f'location = /{number} {{ return 200 "$referer_denied_{number}"; }}'
        for number in range(len(texts))
    )
    http = f"{maps}\nserver {{ {listening(folder)}\n{locations} }}"
    requests = [
        Request(f"/{number}", () if item is None else (item.encode(),))
        for number, items in enumerate(referers)
        for item in items
    ]
    with answering(require("nginx"), folder, http) as path:
        answers = iter(ask(path, requests))
    return [[next(answers) == b"0" for _ in items] for items in referers]


def compare(
    folder: Path, count: int, per: int, seed: int = SEED, assumptions: Assumptions = DEFAULT
) -> list[tuple[RefererConfiguration, str | None]]:
    """Return the random rules and Referers on which nginx and the engine disagree."""
    draw = random.Random(seed)  # noqa: S311
    configurations = [random_rules.configuration(draw) for _ in range(count)]
    referers = [list(random_rules.referers(draw, rules, per)) for rules in configurations]
    texts = [NginxMap.from_oss(rules, assumptions).format() for rules in configurations]
    theirs = decide(folder, texts, referers)
    policies = [RefererPolicy.compile(rules, assumptions) for rules in configurations]
    ours = [
        [policy.allows(item) for item in items]
        for policy, items in zip(policies, referers, strict=True)
    ]
    verdicts = [verdict for row in ours for verdict in row]
    assert 0.25 < sum(verdicts) / len(verdicts) < 0.75, "the Referers do not reach both verdicts"
    return [
        (rules, item)
        for rules, items, one, other in zip(configurations, referers, theirs, ours, strict=True)
        for item, their, our in zip(items, one, other, strict=True)
        if their != our
    ]


def test_nginx_decides_as_the_engine(tmp_path: Path) -> None:
    assert compare(tmp_path, 150, 20) == []


VARIANTS = {
    "empty_whitelist": Assumptions(empty_whitelist=EmptyWhitelist.DENIES),
    "white_space": Assumptions(white_space=WhiteSpace.BLANK_MATCHES),
    "cut_path": Assumptions(cut_path=CutPath.WITH_SLASH),
    "cut_entries": Assumptions(cut_entries=CutEntries.CUT),
    "joined_entry": Assumptions(joined_entry=JoinedEntry.SEPARATED),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_nginx_decides_as_the_engine_under_other_assumptions(name: str, tmp_path: Path) -> None:
    assert compare(tmp_path, 50, 20, assumptions=VARIANTS[name]) == []


def test_nginx_ignores_letter_case_in_queries_only(tmp_path: Path) -> None:
    """R-41; the text before the first question mark is compared exactly."""
    rules = RefererConfiguration(
        False, False, whitelist=("http://www.example.com/?action=nop", "https://*.Path.test/*B?c")
    )
    referers = [
        "http://www.example.com/?ACTION=NOP",
        "HTTP://www.example.com/?action=nop",
        "https://a.Path.test/x/B?C",
        "https://a.path.test/x/B?C",
        "https://a?b.path.TEST/xb-c",
        "https://a?b.path.TEST/xb-É",
    ]
    texts = [NginxMap.from_oss(rules, DEFAULT).format()]
    policy = RefererPolicy.compile(rules)
    expected = [True, False, True, False, True, False]
    assert [policy.allows(referer) for referer in referers] == expected
    assert decide(tmp_path, texts, [referers]) == [expected]


def test_nginx_ignores_letter_case_if_that_is_assumed(tmp_path: Path) -> None:
    """R-24; nginx ignores the case of ASCII letters only."""
    insensitive = Assumptions(letter_case=LetterCase.INSENSITIVE)
    different = compare(tmp_path, 60, 20, assumptions=insensitive)
    assert [item for _, item in different if item is None or item.isascii()] == []


HARD = [
    RefererConfiguration(False, whitelist=tuple(f"https://{n}.example.com/" for n in range(3_000))),
    RefererConfiguration(False, whitelist=tuple(f"*{n}*.test" for n in range(1_000))),
    RefererConfiguration(blacklist=("x" * (LONGEST_WORD - 3), "." * (LONGEST_WORD // 2 - 2))),
    RefererConfiguration(False, whitelist=("https://" + "例" * 1_340 + "/?", "'" * 1_000)),
    RefererConfiguration(False, whitelist=tuple(map(chr, range(1, 128)))),
    RefererConfiguration(False, whitelist=("\udce4", "\ud800?", "a\x00b", "\u202e\n\r\t")),
]


@pytest.mark.parametrize("number", range(len(HARD)))
def test_nginx_takes_long_lists_long_entries_and_any_character(number: int, tmp_path: Path) -> None:
    text = NginxMap.from_oss(HARD[number], DEFAULT).format()
    text = text.replace("# your listen", f"{listening(tmp_path)} # your listen")
    assert refusal(require("nginx"), tmp_path, text) == ""


def test_map_stays_linear_where_wildcards_follow_each_other(tmp_path: Path) -> None:
    """PCRE would need n^6 steps for `.*a.*a.*a.*a.*a.*b`, and nginx would end with an error."""
    texts = [
        NginxMap.from_oss(
            RefererConfiguration(True, cuts_query, blacklist=(entry,), whitelist=("http",)), DEFAULT
        ).format()
        for entry in ("*a*a*a*a*a*b", "*a*a?a*a?a*a?b")
        for cuts_query in (True, False)
    ]
    assert decide(tmp_path, texts, [["http" + "a" * 7_000]] * 4) == [[True]] * 4
    assert "pcre2_exec() failed" not in (tmp_path / "error.log").read_text()
