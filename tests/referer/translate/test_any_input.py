"""Any document and any rules, also large ones, are translated or refused with one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.cli import main
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.sources.toml import SourceError
from oss_referer.translate import SYSTEMS, losses

WORDS = (
    "server { } ; location / valid_referers none blocked server_names server_name a.test "
    "*.a.test .a a.* ~a ~^(a|b)+$ \" ' \\ # ${ $hostname \n ~[ ~* a/b?c '' 例".split(" ")
)
JSON = st.recursive(
    st.sampled_from(
        [None, True, 1, "", "*", "a*", "off", "referer_white_list_set", "refer_domain_allow_list"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("functionName functionArgs argName argValue Functions".split()),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(words=st.lists(st.sampled_from(WORDS), max_size=16), between=st.sampled_from(["", " "]))
def test_any_text_is_translated_or_refused(words: list[str], between: str) -> None:
    check_source("nginx", between.join(words))


@given(members=JSON)
def test_any_json_is_translated_or_refused(members: Any) -> None:
    check_source("cdn", json.dumps(members))


def check_source(system: str, text: str) -> None:
    failures = []
    try:
        rules = SYSTEMS[system].parse(text)
    except SourceError as error:
        failures.append(error)
    else:
        ours = rules.to_oss()
        policy = RefererPolicy.compile(ours)
        for loss in losses(rules, ours, opens=False):
            allowed = policy.decide(loss.referer).allowed
            assert allowed is not loss.theirs
    for failure in failures:
        assert min(failure.line, failure.column) >= 1
        assert len(failure.sentence.splitlines()) == 1


ENTRIES = st.lists(
    st.text(st.characters(), max_size=6)
    | st.lists(
        st.sampled_from(["https", "://", "*", "?", ".", "/", ":", "a", "[", "\\", "#", "@", " "]),
        max_size=8,
    ).map("".join),
    max_size=4,
).map(tuple)


@pytest.mark.parametrize("system", SYSTEMS)
@given(
    rules=st.builds(
        RefererConfiguration, st.booleans(), st.booleans(), st.booleans(), ENTRIES, ENTRIES
    )
)
def test_any_rules_are_translated(system: str, rules: RefererConfiguration) -> None:
    result = SYSTEMS[system].from_oss(rules, DEFAULT)
    policy = RefererPolicy.compile(rules)
    for loss in losses(result, rules):
        assert policy.decide(loss.referer).allowed is not loss.theirs
    assert result.format().endswith("\n")


def numbered(text: str) -> str:
    """Repeat a text with a number in place of @ up to a megabyte."""
    count = 1_000_000 // (len(text) + 4)
    return "".join(text.replace("@", str(number)) for number in range(count))


XML = (
    "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    "<RefererList>{}</RefererList></RefererConfiguration>"
)
LARGE: dict[str, Callable[[], str]] = {
    "--to nginx": lambda: XML.format(numbered("<Referer>*a@*b?c*</Referer>")),
    "--to cdn": lambda: XML.format(numbered("<Referer>https://h@.test/</Referer>")),
    "--from nginx": lambda: f"valid_referers {numbered('h@.test ')};",
    "--from cdn": lambda: "[" * 1_000_000,
}


@pytest.mark.parametrize("arguments", LARGE)
def test_megabyte_is_refused_with_one_sentence(
    arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.xml"
    path.write_text(LARGE[arguments]())
    assert main(["translate", *arguments.split(), str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
