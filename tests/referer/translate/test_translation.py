"""Rules of other systems: their decisions, their translation, and its losses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.cli import main
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.browser.probes import ProbeKind
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.sources.toml import SourceError
from oss_referer.translate import SYSTEMS, losses
from oss_referer.translate.cdn import CdnRules

from tests.rows import rows

NGINX = """
server {
    server_name img.example.com _;
    valid_referers none server_names *.example.com .example.net www.example.*
                   example.org/galleries/;  # a comment; with a sign
    if ($invalid_referer) { return 403; }
}
"""


def cdn(kind: str, domains: str, empty: str) -> str:
    names = {"white": "refer_domain_allow_list", "black": "refer_domain_deny_list"}
    arguments = {names[kind]: domains, "allow_empty": empty}
    listed = [{"argName": name, "argValue": value} for name, value in arguments.items()]
    return json.dumps([{"functionName": f"referer_{kind}_list_set", "functionArgs": listed}])


DECISIONS = [
    # nginx, by ngx_http_referer_module
    ("nginx", NGINX, None, True),
    ("nginx", NGINX, "", False),  # an empty header is "blocked", not "none"
    ("nginx", NGINX, "https://img.example.com/a", True),  # server_names
    ("nginx", NGINX, "https://a.b.example.com/", True),
    ("nginx", NGINX, "https://example.com/", False),  # only its sub-domains
    ("nginx", NGINX, "HTTPS://A.EXAMPLE.COM:8443/", True),
    ("nginx", NGINX, "https://example.net/", True),
    ("nginx", NGINX, "https://a.example.net/", True),
    ("nginx", NGINX, "https://www.example.co.uk/", True),
    ("nginx", NGINX, "https://example.org/galleries/1", True),
    ("nginx", NGINX, "https://example.org/", False),
    ("nginx", NGINX, "img.example.com/", False),
    ("nginx", NGINX, "https://a.example.com.evil.test/", False),
    ("nginx", "valid_referers blocked a.test;", "anything", True),
    ("nginx", "valid_referers blocked a.test;", "", True),
    ("nginx", "valid_referers blocked a.test;", None, False),
    ("nginx", "valid_referers a.test:8080;", "http://a.test:8080/", False),
    # Alibaba Cloud CDN
    ("cdn", cdn("white", "a.test", "off"), "https://x.y.a.test/", True),
    ("cdn", cdn("white", "a.test", "off"), "http://a.test:81/p", True),
    ("cdn", cdn("white", "a.test", "off"), "http://nota.test/", False),
    ("cdn", cdn("white", "*.a.test", "off"), "http://a.test/", False),
    ("cdn", cdn("white", "a.test", "off"), None, False),
    ("cdn", cdn("black", "a.test, b.test", "on"), "http://b.test/", False),
    ("cdn", cdn("black", "a.test", "on"), None, True),
]  # fmt: skip


def test_each_system_decides_as_in_the_table() -> None:
    assert [
        (system, text, referer, SYSTEMS[system].parse(text).allows(referer))
        for system, text, referer, _ in DECISIONS
    ] == DECISIONS


DOCUMENTS = sorted({(system, text) for system, text, *_ in DECISIONS})


@rows(("system", "text"), *DOCUMENTS)
def test_both_sides_decide_each_loss_differently(system: str, text: str) -> None:
    rules = SYSTEMS[system].parse(text)
    configuration = rules.to_oss()
    policy = RefererPolicy.compile(configuration)
    for loss in losses(rules, configuration):
        assert rules.allows(loss.referer) is loss.theirs
        assert policy.decide(loss.referer).allowed is not loss.theirs


@rows("text", *[text for system, text in DOCUMENTS if system == "cdn"])
def test_formatted_rules_of_the_cdn_parse_to_the_same(text: str) -> None:
    rules = CdnRules.parse(text)
    assert CdnRules.parse(rules.format()) == rules


CONFIGURATIONS = [
    RefererConfiguration(),
    RefererConfiguration(False),
    RefererConfiguration(False, whitelist=("https://www.example.com/", "http://*.example.org")),
    RefererConfiguration(whitelist=("*.example.com", "", "https://a.test/p?q"), blacklist=("*b*",)),
    RefererConfiguration(blacklist=("https://evil.test/",)),
]


@rows("system", *SYSTEMS)
@rows("configuration", *CONFIGURATIONS)
def test_rules_are_translated_from_oss(system: str, configuration: RefererConfiguration) -> None:
    rules = SYSTEMS[system].from_oss(configuration, DEFAULT)
    if isinstance(rules, CdnRules):
        assert CdnRules.parse(rules.format()) == rules
    policy = RefererPolicy.compile(configuration)
    for loss in losses(rules, configuration):
        assert policy.decide(loss.referer).allowed is not loss.theirs
    # Whatever is lost, requests without a Referer get the same verdict as before.
    assert rules.allows(None) == policy.decide(None).allowed


@rows("configuration", *CONFIGURATIONS)
def test_translation_to_nginx_is_exact(configuration: RefererConfiguration) -> None:
    rules = SYSTEMS["nginx"].from_oss(configuration, DEFAULT)
    assert losses(rules, configuration) == ()


def test_each_cause_is_reported_once() -> None:
    """Its example is one that the other system opens or closes, as requested."""
    ours = RefererConfiguration(
        False,
        whitelist=("https://*.example.com/", "https://a.test/", "http://b.test:8080/x"),
        blacklist=("https://evil.example.com/",),
    )
    for system in SYSTEMS.values():
        rules = system.from_oss(ours, DEFAULT)
        for opens in (True, False):
            found = losses(rules, ours, opens=opens)
            kinds = [loss.kind for loss in found]
            assert len(kinds) == len(set(kinds))
    cdn = SYSTEMS["cdn"].from_oss(ours, DEFAULT)
    ports = [
        {loss.theirs for loss in losses(cdn, ours, opens=opens) if loss.kind is ProbeKind.PORT}
        for opens in (True, False)
    ]
    assert ports[0] == {True}


def test_losses_of_a_long_list_are_found_quickly() -> None:
    """A few entries of each shape are probed; the only entry of another shape is found."""
    hosts = [f"https://host{number}.example.com/" for number in range(1_000)]
    ours = RefererConfiguration(False, whitelist=(*hosts, "https://*.a.test/?q"))
    rules = SYSTEMS["cdn"].from_oss(ours, DEFAULT)
    began = time.process_time()
    found = losses(rules, ours, opens=False)
    assert ProbeKind.IN_PATH in {loss.kind for loss in found}
    assert time.process_time() - began < 1


@rows(
    ("system", "text", "expected"),
    (
        "nginx",
        "valid_referers none .example.com;",
        RefererConfiguration(
            True,
            whitelist=(
                "https://example.com/",
                "http://example.com/",
                "https://*.example.com/",
                "http://*.example.com/",
            ),
        ),
    ),
    (
        "cdn",
        cdn("white", "a.test", "off"),
        RefererConfiguration(
            False,
            whitelist=(
                "https://a.test/",
                "http://a.test/",
                "https://*.a.test/",
                "http://*.a.test/",
            ),
        ),
    ),
)
def test_rules_are_translated_to_oss(
    system: str, text: str, expected: RefererConfiguration
) -> None:
    assert SYSTEMS[system].parse(text).to_oss() == expected


@rows(
    ("system", "text", "line", "column", "words"),
    ("nginx", "server { listen 80;\n}", 1, 1, "has no valid_referers; add"),
    ("nginx", "\n  valid_referers none", 2, 3, "is not ended; add a ;"),
    ("nginx", "valid_referers\n  a.test ~b;", 2, 10, "~b is a regular expression"),
    (
        "nginx",
        "server { server_name ~^a; valid_referers server_names; }",
        1,
        22,
        "~^a is a regular expression",
    ),
    ("nginx", "server {\n", 1, 1, "the block server is not ended; add a }"),
    ("nginx", "a b;\n }", 2, 2, "} is not expected here"),
    ("nginx", ";", 1, 1, "; is not expected here"),
    ("nginx", "{", 1, 1, "{ is not expected here"),
    ("nginx", 'valid_referers "a', 1, 16, "a quote is not ended"),
    ("nginx", "valid_referers " + "a" * 4_095 + ";", 1, 16, "more than 4094 bytes"),
    ("nginx", "valid_referers none blocked;", 1, 1, "nginx refuses them alone"),
    ("nginx", "valid_referers a.test .a.test;", 1, 23, ".a.test conflicts with a name"),
    ("nginx", "valid_referers a.*.test;", 1, 16, "is not a name that nginx accepts"),
    ("nginx", "valid_referers server_names;", 1, 1, "put its block around"),
    (
        "nginx",
        "server { server_name $hostname; valid_referers server_names; }",
        1,
        22,
        "write that name instead",
    ),
    ("cdn", "[\n1 2]", 2, 3, "not valid JSON"),
    ("cdn", "[]", 1, 1, "has 0 Referer functions; write one"),
    ("cdn", '[{"functionName": "referer_white_list_set"}]', 1, 20, "has no argument"),
    (
        "cdn",
        '[{"functionName": "referer_white_list_set", "functionArgs":'
        ' [{"argName": "refer_domain_allow_list", "argValue": " , "}]}]',
        1,
        20,
        "an empty whitelist of OSS allows everybody",
    ),
    (
        "cdn",
        '[{"functionName": "referer_white_list_set", "functionArgs":'
        ' [{"argName": "refer_domain_allow_list", "argValue": null}]}]',
        1,
        20,
        "an empty whitelist of OSS allows everybody",
    ),
)
def test_bad_documents_are_refused(
    system: str, text: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(SourceError) as refusal:
        SYSTEMS[system].parse(text)
    assert words in refusal.value.sentence
    assert (refusal.value.line, refusal.value.column) == (line, column)


def test_example_of_the_fixtures_can_be_translated() -> None:
    path = Path(__file__).parents[3] / "fixtures" / "lab" / "nginx.conf"
    rules = SYSTEMS["nginx"].parse(path.read_text(encoding="utf-8"))
    assert "https://img.example.com/" in rules.to_oss().whitelist


def test_entry_longer_than_nginx_reads_is_refused() -> None:
    for entry in ("a" * 5_000, "例" * 1_400, "?" * 101):
        rules = RefererConfiguration(True, False, whitelist=(entry,))
        with pytest.raises(ValueError, match="nginx reads at most 4,093 bytes"):
            SYSTEMS["nginx"].from_oss(rules, DEFAULT).format()


# --- any document and any rules, also large ones, are translated or refused with one sentence


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


def numbered(text: str, size: int) -> str:
    """Repeat a text with a number in place of @ up to a size."""
    count = size // (len(text) + 4)
    return "".join(text.replace("@", str(number)) for number in range(count))


XML = (
    "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    "<RefererList>{}</RefererList></RefererConfiguration>"
)
LARGE: dict[str, Callable[[], str]] = {
    "--to nginx": lambda: XML.format(numbered("<Referer>*a@*b?c*</Referer>", 350_000)),
    "--to cdn": lambda: XML.format(numbered("<Referer>https://h@.test/</Referer>", 350_000)),
    "--from nginx": lambda: f"valid_referers {numbered('h@.test ', 100_000)};",
    "--from cdn": lambda: "[" * 200_000,
}


@pytest.mark.parametrize("arguments", LARGE)
def test_large_document_is_refused_with_one_sentence(
    arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.xml"
    path.write_text(LARGE[arguments]())
    assert main(["translate", *arguments.split(), str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
