"""Any document and any rules, also large ones, are translated or refused with one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.cli import main
from oss_emulator.lab.translation import SYSTEMS, losses
from oss_emulator.referer import RefererConfiguration, RefererPolicy
from oss_emulator.referer.assumptions import DEFAULT
from oss_emulator.toml import SourceError

WORDS = {
    "nginx": "server { } ; location / valid_referers none blocked server_names server_name a.test "
    "*.a.test .a a.* ~a ~^(a|b)+$ \" ' \\ # ${ $hostname \n ~[ ~* a/b?c '' 例".split(" "),
    "cos": "<RefererConfiguration> </RefererConfiguration> <RefererType> </RefererType> White-List "
    "Black-List <DomainList> </DomainList> <Domain> </Domain> a.test *.b <!DOCTYPE > & <Status>"
    " </Status> Enabled \0".split(" "),
}
JSON = st.recursive(
    st.sampled_from(
        [None, True, 1, "", "*", "a*", "Allow", "Deny", "referer_white_list_set", "s3:GetObject"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "Statement Effect Action Principal Condition StringLike StringNotEquals Null AWS "
                "aws:Referer functionName functionArgs argName argValue Functions".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("system", WORDS)
@given(data=st.data())
def test_any_text_is_translated_or_refused(system: str, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS[system]), max_size=16))
    check_source(system, data.draw(st.sampled_from(["", " "])).join(words))


@pytest.mark.parametrize("system", ["cdn", "s3-policy"])
@given(members=JSON)
def test_any_json_is_translated_or_refused(system: str, members: Any) -> None:
    check_source(system, json.dumps(members))


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
            allowed = policy.decide(loss.referer, signed=loss.signed).allowed
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
        assert policy.decide(loss.referer, signed=loss.signed).allowed is not loss.theirs
    try:
        text = result.format()
    except ValueError as error:  # what XML cannot represent
        assert system == "cos", error  # noqa: PT017
    else:
        assert text.endswith("\n")


def numbered(text: str) -> str:
    """Repeat a text with a number in place of @ up to a megabyte."""
    count = 1_000_000 // (len(text) + 4)
    return "".join(text.replace("@", str(number)) for number in range(count))


XML = (
    "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    "<RefererList>{}</RefererList></RefererConfiguration>"
)
LARGE: dict[str, tuple[Callable[[], str], int]] = {
    "--to nginx": (lambda: XML.format(numbered("<Referer>*a@*b?c*</Referer>")), 0),
    "--to cos": (lambda: XML.format(f"<Referer>{'a' * 1_000_000}</Referer>"), 0),
    "--to cdn": (lambda: XML.format(numbered("<Referer>https://h@.test/</Referer>")), 0),
    "--to s3-policy": (lambda: XML.format(f"<Referer>{'*a?' * 330_000}</Referer>"), 0),
    "--from nginx": (lambda: f"valid_referers {numbered('h@.test ')};", 2),
    "--from cos": (lambda: "<a>" * 330_000, 2),
    "--from cdn": (lambda: "[" * 1_000_000, 2),
    "--from s3-policy": (lambda: json.dumps({"Statement": "a" * 1_000_000}), 2),
}


@pytest.mark.parametrize("arguments", LARGE)
def test_megabyte_is_translated_or_refused(
    arguments: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make, status = LARGE[arguments]
    path = tmp_path / "rules.xml"
    path.write_text(make())
    assert main(["translate", *arguments.split(), str(path)]) == status
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 or status == 0
