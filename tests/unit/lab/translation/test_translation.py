"""Rules of other systems: their decisions, their translation, and what it loses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oss_emulator.lab.probes import ProbeKind
from oss_emulator.lab.translation import SYSTEMS, losses
from oss_emulator.lab.translation.cdn import CdnRules
from oss_emulator.lab.translation.cos import CosRules
from oss_emulator.lab.translation.s3_policy import S3Rules
from oss_emulator.referer import RefererConfiguration, RefererPolicy, Signing
from oss_emulator.referer.assumptions import DEFAULT
from oss_emulator.toml import SourceError

URL, HEADER, NONE = Signing.URL, Signing.HEADER, Signing.NONE

NGINX = """
server {
    server_name img.example.com _;
    valid_referers none server_names *.example.com .example.net www.example.*
                   example.org/galleries/ "~\\.google\\.";  # a comment; with a sign
    if ($invalid_referer) { return 403; }
}
"""


def cos(kind: str, empty: str, *domains: str, status: str = "Enabled") -> str:
    listed = "".join(f"<Domain>{domain}</Domain>" for domain in domains)
    return (
        f"<RefererConfiguration><Status>{status}</Status><RefererType>{kind}</RefererType>"
        f"<DomainList>{listed}</DomainList>"
        f"<EmptyReferConfiguration>{empty}</EmptyReferConfiguration></RefererConfiguration>"
    )


def cdn(kind: str, domains: str, empty: str) -> str:
    names = {"white": "refer_domain_allow_list", "black": "refer_domain_deny_list"}
    arguments = {names[kind]: domains, "allow_empty": empty}
    listed = [{"argName": name, "argValue": value} for name, value in arguments.items()]
    return json.dumps([{"functionName": f"referer_{kind}_list_set", "functionArgs": listed}])


def s3(*statements: tuple[str, dict[str, object]]) -> str:
    return json.dumps(
        {
            "Statement": [
                {
                    "Effect": effect,
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::b/*",
                    "Condition": condition,
                }
                for effect, condition in statements
            ]
        }
    )


LIKE: dict[str, object] = {"StringLike": {"aws:Referer": ["https://www.example.com/*"]}}
NOT_LIKE: dict[str, object] = {"StringNotLike": {"aws:Referer": "https://www.example.com/*"}}

DECISIONS = [
    # nginx, by ngx_http_referer_module
    ("nginx", NGINX, None, NONE, True),
    ("nginx", NGINX, "", NONE, False),  # an empty header is "blocked", not "none"
    ("nginx", NGINX, "https://img.example.com/a", NONE, True),  # server_names
    ("nginx", NGINX, "https://a.b.example.com/", NONE, True),
    ("nginx", NGINX, "https://example.com/", NONE, False),  # only its sub-domains
    ("nginx", NGINX, "HTTPS://A.EXAMPLE.COM:8443/", NONE, True),
    ("nginx", NGINX, "https://example.net/", NONE, True),
    ("nginx", NGINX, "https://a.example.net/", NONE, True),
    ("nginx", NGINX, "https://www.example.co.uk/", NONE, True),
    ("nginx", NGINX, "https://example.org/galleries/1", NONE, True),
    ("nginx", NGINX, "https://example.org/", NONE, False),
    ("nginx", NGINX, "https://www.google.test/", NONE, True),
    ("nginx", NGINX, "img.example.com/", NONE, False),
    ("nginx", NGINX, "https://a.example.com.evil.test/", NONE, False),
    ("nginx", "valid_referers blocked a.test;", "anything", NONE, True),
    ("nginx", "valid_referers blocked a.test;", "", NONE, True),
    ("nginx", "valid_referers blocked a.test;", None, NONE, False),
    ("nginx", "valid_referers a.test:8080;", "http://a.test:8080/", NONE, False),
    # COS
    ("cos", cos("White-List", "Deny", "*.b.test"), "https://b.test/", NONE, True),
    ("cos", cos("White-List", "Deny", "*.b.test"), "http://a.b.test/x", NONE, True),
    ("cos", cos("White-List", "Deny", "a.test"), "http://a.test:81/", NONE, True),
    ("cos", cos("White-List", "Deny", "a.test"), "http://a.test.cn/", NONE, True),
    ("cos", cos("White-List", "Deny", "a.test:8080"), "http://a.test/", NONE, False),
    ("cos", cos("White-List", "Deny", "a.test"), None, NONE, False),
    ("cos", cos("White-List", "Allow", "a.test"), "", NONE, True),
    ("cos", cos("White-List", "Deny", "a.test"), None, URL, True),
    ("cos", cos("White-List", "Deny", "a.test"), "http://b.test/", HEADER, True),
    ("cos", cos("Black-List", "Deny", "a.test"), "http://a.test/", NONE, False),
    ("cos", cos("Black-List", "Deny", "a.test"), "http://b.test/", NONE, True),
    ("cos", cos("White-List", "Deny", "a.test", status="Disabled"), "http://b.test/", NONE, True),
    # Alibaba Cloud CDN
    ("cdn", cdn("white", "a.test", "off"), "https://x.y.a.test/", NONE, True),
    ("cdn", cdn("white", "a.test", "off"), "http://a.test:81/p", NONE, True),
    ("cdn", cdn("white", "a.test", "off"), "http://nota.test/", NONE, False),
    ("cdn", cdn("white", "*.a.test", "off"), "http://a.test/", NONE, False),
    ("cdn", cdn("white", "a.test", "off"), None, NONE, False),
    ("cdn", cdn("black", "a.test, b.test", "on"), "http://b.test/", NONE, False),
    ("cdn", cdn("black", "a.test", "on"), None, NONE, True),
    # S3
    ("s3-policy", s3(("Allow", LIKE)), "https://www.example.com/a", NONE, True),
    ("s3-policy", s3(("Allow", LIKE)), "https://www.example.com", NONE, False),
    ("s3-policy", s3(("Allow", LIKE)), None, NONE, False),
    ("s3-policy", s3(("Allow", LIKE)), "https://evil.test/", URL, True),
    ("s3-policy", s3(("Allow", {}), ("Deny", NOT_LIKE)), None, NONE, False),
    ("s3-policy", s3(("Allow", {}), ("Deny", NOT_LIKE)), "https://evil.test/", HEADER, False),
    ("s3-policy", s3(("Allow", {}), ("Deny", LIKE)), None, NONE, True),
    (
        "s3-policy",
        s3(("Allow", {"StringLikeIfExists": LIKE["StringLike"]})), None, NONE, True,
    ),
    ("s3-policy", s3(("Allow", {"Null": {"aws:Referer": "true"}})), None, NONE, True),
    (
        "s3-policy",
        s3(("Allow", {"StringEquals": {"aws:referer": "https://a.test/"}})),
        "https://a.test/x", NONE, False,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("system", "text", "referer", "signed", "allowed"), DECISIONS)
def test_each_system_decides_as_in_the_table(
    system: str, text: str, referer: str | None, signed: Signing, allowed: bool
) -> None:
    assert SYSTEMS[system].parse(text).allows(referer, signed) is allowed


CLASSES: dict[str, Any] = {"cos": CosRules, "cdn": CdnRules, "s3-policy": S3Rules}
"""The systems whose rules have the same form in both directions."""

DOCUMENTS = sorted({(system, text) for system, text, *_ in DECISIONS})


@pytest.mark.parametrize(("system", "text"), DOCUMENTS)
def test_both_sides_decide_each_loss_differently(system: str, text: str) -> None:
    rules = SYSTEMS[system].parse(text)
    configuration = rules.to_oss()
    policy = RefererPolicy.compile(configuration)
    for loss in losses(rules, configuration):
        assert rules.allows(loss.referer, loss.signed) is loss.theirs
        assert policy.decide(loss.referer, signed=loss.signed).allowed is not loss.theirs


@pytest.mark.parametrize(("system", "text"), [item for item in DOCUMENTS if item[0] != "nginx"])
def test_formatted_rules_of_each_system_parse_to_the_same(system: str, text: str) -> None:
    rules = CLASSES[system].parse(text)
    again = CLASSES[system].parse(rules.format())
    for referer in (None, "", "https://www.example.com/", "http://a.test/", "https://evil.test/x"):
        for signed in (NONE, URL, HEADER):
            assert again.allows(referer, signed) == rules.allows(referer, signed)


CONFIGURATIONS = [
    RefererConfiguration(),
    RefererConfiguration(False),
    RefererConfiguration(False, whitelist=("https://www.example.com/", "http://*.example.org")),
    RefererConfiguration(whitelist=("*.example.com", "", "https://a.test/p?q"), blacklist=("*b*",)),
    RefererConfiguration(blacklist=("https://evil.test/",)),
]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_rules_are_translated_from_oss(system: str, configuration: RefererConfiguration) -> None:
    rules = SYSTEMS[system].from_oss(configuration, DEFAULT)
    if system in CLASSES:
        again = SYSTEMS[system].parse(rules.format())
        assert again.to_oss() == CLASSES[system].from_oss(configuration).to_oss()
    policy = RefererPolicy.compile(configuration)
    for loss in losses(rules, configuration):
        assert policy.decide(loss.referer, signed=loss.signed).allowed is not loss.theirs
    # Whatever is lost, nobody is asked for a Referer who was not before.
    assert rules.allows(None, NONE) == policy.decide(None).allowed


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_translation_to_nginx_is_exact(configuration: RefererConfiguration) -> None:
    rules = SYSTEMS["nginx"].from_oss(configuration, DEFAULT)
    assert losses(rules, configuration, signed=False) == ()


def test_each_cause_is_reported_once() -> None:
    """With the example that the other system opens, or keeps closed, as asked for."""
    ours = RefererConfiguration(
        False,
        whitelist=("https://*.example.com/", "https://a.test/", "http://b.test:8080/x"),
        blacklist=("https://evil.example.com/",),
    )
    for system in SYSTEMS.values():
        rules = system.from_oss(ours, DEFAULT)
        for opens in (True, False):
            found = losses(rules, ours, opens=opens, signed=system.knows_signatures)
            causes = [loss.cause for loss in found]
            assert len(causes) == len(set(causes))
    cdn = SYSTEMS["cdn"].from_oss(ours, DEFAULT)
    ports = [
        {loss.theirs for loss in losses(cdn, ours, opens=opens) if loss.kind is ProbeKind.PORT}
        for opens in (True, False)
    ]
    assert ports[0] == {True}


def test_losses_of_a_long_list_are_found_quickly() -> None:
    """Entries of one shape are probed a few times; one that differs from all others is found."""
    hosts = [f"https://host{number}.example.com/" for number in range(5_000)]
    ours = RefererConfiguration(False, whitelist=(*hosts, "https://a.test/p?q=1"))
    rules = SYSTEMS["s3-policy"].from_oss(ours, DEFAULT)
    assert {loss.referer for loss in losses(rules, ours, signed=False)} == {"https://a.test/p?q=1"}


@pytest.mark.parametrize(
    ("system", "text", "expected"),
    [
        (
            "nginx", "valid_referers none .example.com;",
            RefererConfiguration(True, whitelist=(
                "https://example.com/", "http://example.com/",
                "https://*.example.com/", "http://*.example.com/",
            )),
        ),
        (
            "cos", cos("Black-List", "Deny", "a.test"),
            RefererConfiguration(
                False, whitelist=("*",), blacklist=("https://a.test", "http://a.test")
            ),
        ),
        (
            "cdn", cdn("white", "a.test", "off"),
            RefererConfiguration(False, whitelist=(
                "https://a.test/", "http://a.test/", "https://*.a.test/", "http://*.a.test/",
            )),
        ),
        (
            "s3-policy", s3(("Allow", LIKE)),
            RefererConfiguration(False, whitelist=("https://www.example.com/",)),
        ),
        (
            "s3-policy", s3(("Allow", {}), ("Deny", LIKE)),
            RefererConfiguration(True, blacklist=("https://www.example.com/",)),
        ),
    ],
)  # fmt: skip
def test_rules_are_translated_to_oss(
    system: str, text: str, expected: RefererConfiguration
) -> None:
    assert SYSTEMS[system].parse(text).to_oss() == expected


@pytest.mark.parametrize(
    ("system", "text", "line", "column", "words"),
    [
        ("nginx", "server { listen 80;\n}", 1, 1, "has no valid_referers; add"),
        ("nginx", "\n  valid_referers none", 2, 3, "is not ended; add a ;"),
        ("nginx", 'valid_referers\n  "~(";', 2, 3, "cannot be translated"),
        ("nginx", 'valid_referers "~(?!a)b";', 1, 16, "cannot be translated"),
        ("nginx", "server {\n", 1, 1, "the block server is not ended; add a }"),
        ("nginx", "a b;\n }", 2, 2, "} is not expected here"),
        ("nginx", ";", 1, 1, "; is not expected here"),
        ("nginx", "{", 1, 1, "{ is not expected here"),
        ("nginx", 'valid_referers "a', 1, 16, "a quote is not ended"),
        ("nginx", "valid_referers " + "a" * 4_096 + ";", 1, 16, "more than 4095 bytes"),
        ("nginx", "valid_referers none ~a;", 1, 1, "nginx refuses them alone"),
        ("nginx", "valid_referers a.test .a.test;", 1, 23, ".a.test conflicts with a name"),
        ("nginx", "valid_referers a.*.test;", 1, 16, "is not a name that nginx takes"),
        ("nginx", "valid_referers server_names;", 1, 1, "put its block around"),
        (
            "nginx", "server { server_name $hostname; valid_referers server_names; }", 1, 22,
            "write that name instead",
        ),
        ("cos", "<a", 1, 1, "not well-formed"),
        ("cos", "<RefererConfiguration/>", 1, 1, "has no RefererType"),
        ("cos", cos("Grey-List", "Deny"), 1, 47, "write White-List or Black-List"),
        ("cdn", "[\n1 2]", 2, 3, "not valid JSON"),
        ("cdn", "[]", 1, 1, "has 0 Referer functions; write one"),
        ("cdn", '[{"functionName": "referer_white_list_set"}]', 1, 20, "has no argument"),
        ("s3-policy", "{}", 1, 1, "is not a policy"),
        ("s3-policy", '{"Statement": [\n{"Effect": "allow"}]}', 2, 2, "has no Effect"),
        (
            "s3-policy", s3(("Allow", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), 1, 140,
            "cannot be translated; only",
        ),
        (
            "s3-policy", s3(("Allow", {"NumericEquals": {"aws:Referer": "1"}})), 1, 126,
            "is unknown; use StringLike",
        ),
    ],
)  # fmt: skip
def test_bad_documents_are_refused(
    system: str, text: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(SourceError) as refusal:
        SYSTEMS[system].parse(text)
    assert words in refusal.value.sentence
    assert (refusal.value.line, refusal.value.column) == (line, column)
