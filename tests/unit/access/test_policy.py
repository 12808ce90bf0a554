"""Policies and ACLs: how they are parsed, and what they allow."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.access.authorize import (
    BucketAcl,
    ObjectAcl,
    required,
    required_of_source,
    resource,
)
from oss_emulator.access.condition import Context
from oss_emulator.access.policy import (
    Effect,
    Policy,
    PolicyError,
    PolicyType,
    Problem,
    Question,
    evaluate,
    resource_pattern,
)
from oss_emulator.operations import OPERATIONS

from tests.rows import read_cases, rows
from tests.unit.access import oracle

CASES = read_cases("unit.access")


# --- Policy documents: valid and invalid ones, and their evaluation

BUCKET, IDENTITY = PolicyType.BUCKET, PolicyType.IDENTITY
SESSION, TRUST = PolicyType.SESSION, PolicyType.TRUST
ALLOW = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:b/*"}


def document(statement: Any = None, **changes: Any) -> str:
    statement = {**ALLOW, **changes} if statement is None else statement
    present = {name: value for name, value in statement.items() if value is not ...}
    return json.dumps({"Version": "1", "Statement": [present]})


QUESTION = Question("oss:GetObject", "acs:oss:r:1:b/k", principals=("1",))


def condition(operator: str, key: str, values: Any) -> str:
    return document(Condition={operator: {key: values}})


# --- invalid documents

TRUSTING = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": "acs:ram::1:root"}}
SYNTAX, VERSION = Problem.SYNTAX, Problem.VERSION

NAMES = st.sampled_from(
    ["Effect", "Action", "Resource", "Principal", "Condition", "Bool", "IpAddress", "RAM"]
)

REFUSED = [
    # The document
    (IDENTITY, "", SYNTAX, "The policy is not valid JSON: Expecting value at line 1 column 1."),
    (IDENTITY, "[]", SYNTAX, "The policy is not a JSON object."),
    (IDENTITY, "[" * 100_000, SYNTAX, "The policy is nested too deeply."),
    (BUCKET, "9" * 5_000, SYNTAX, "not valid JSON: a number has more than 308 digits at line 1"),
    (BUCKET, b"\xff", Problem.ENCODING, "The policy is not UTF-8."),
    (BUCKET, " " * (16 * 1024 + 1), Problem.SIZE, "The policy is larger than 16384 bytes."),
    (IDENTITY, '{"Version": "1", "Version": "1"}', SYNTAX, "The policy has Version twice"),
    (IDENTITY, '{"Id": 1, "Version": 1, "Version": 1}', SYNTAX, "The policy has Version twice"),
    (IDENTITY, '{"Version": "1", "Id": "x"}', SYNTAX, "The policy: 'Id' is unknown; use"),
    (IDENTITY, '{"Statement": []}', SYNTAX, "Version: it must be"),
    (BUCKET, '{"Version": 1, "Statement": [{}]}', SYNTAX, "Version: it must be"),
    (BUCKET, '{"Version": "2", "Statement": [{}]}', VERSION, "Version: it must be"),
    (IDENTITY, '{"Version": "1"}', SYNTAX, "Statement: it must be a list"),
    (IDENTITY, '{"Version": "1", "Statement": []}', SYNTAX, "Statement: it must be a list"),
    (IDENTITY, '{"Version": "1", "Statement": {}}', SYNTAX, "Statement: it must be a list"),
    (IDENTITY, '{"Version": "1", "Statement": {"Effect": 1}}', SYNTAX, "Statement: it must be a l"),
    (IDENTITY, '{"Version": "1", "Statement": "x"}', SYNTAX, "Statement: it must be a list"),
    (IDENTITY, '{"Version": "1", "Statement": [1]}', SYNTAX, "Statement[0]: it must be an object"),
    # Its statements
    (IDENTITY, document(Sid="x"), SYNTAX, "Statement[0]: 'Sid' is unknown; use"),
    (IDENTITY, document(Effect="allow"), SYNTAX, "Statement[0].Effect: it must be Allow or Deny."),
    (IDENTITY, document(Effect=...), SYNTAX, "Statement[0].Effect"),
    (IDENTITY, document(Effect=["Allow"]), SYNTAX, "Statement[0].Effect"),
    (IDENTITY, document(Action=...), SYNTAX, "Statement[0]: it must have either Action or NotA"),
    (IDENTITY, document(NotAction="oss:*"), SYNTAX, "Statement[0]: it must have either Action or"),
    (IDENTITY, document(Action=[]), SYNTAX, "Statement[0].Action: it must be a string or a list"),
    (IDENTITY, document(Action=1), SYNTAX, "Statement[0].Action: it must be a string or a list"),
    (IDENTITY, document(Action=["oss:*", 1]), SYNTAX, "[0].Action[1]: it must be a string"),
    (IDENTITY, document(Action="GetObject"), SYNTAX, "Statement[0].Action: 'GetObject' is not"),
    (IDENTITY, document(Resource=...), SYNTAX, "Statement[0]: it must have either Resource or"),
    (BUCKET, document(Resource="b/*"), SYNTAX, "Statement[0].Resource: 'b/*' is neither * nor"),
    (BUCKET, document(Resource="acs:ram:*:*:b"), SYNTAX, "Statement[0].Resource"),
    (
        BUCKET,
        document(Resource=["acs:oss:*:*:b/**"]),
        Problem.CONSECUTIVE_WILDCARDS,
        "Statement[0].Resource[0]: 'acs:oss:*:*:b/**' has consecutive *.",
    ),
    (
        BUCKET,
        condition("StringLike", "oss:Prefix", "a" * 4096),
        Problem.SIZE,
        "Statement[0].Condition.StringLike.oss:Prefix[0]: it is longer than 4095 bytes.",
    ),
    # Principals
    (IDENTITY, document(Principal="*"), SYNTAX, "Statement[0].Principal: only bucket policies"),
    (
        SESSION,
        document(NotPrincipal="*"),
        SYNTAX,
        "Statement[0].NotPrincipal: only bucket policies",
    ),
    (BUCKET, document(Principal="*", NotPrincipal="1"), SYNTAX, "Statement[0]: it must have eith"),
    (BUCKET, document(Principal={"RAM": "1"}), SYNTAX, "Statement[0].Principal: a bucket policy"),
    (BUCKET, document(Principal=["acs:ram::1:root"]), SYNTAX, "Statement[0].Principal: 'acs:ram:"),
    (BUCKET, document(Principal=["someone"]), SYNTAX, "Statement[0].Principal: 'someone' is neit"),
    (TRUST, document(TRUSTING | {"Resource": "*"}), SYNTAX, "Statement[0]: a trust policy has no"),
    (TRUST, document(TRUSTING | {"Principal": "*"}), SYNTAX, "Statement[0].Principal: it must be"),
    (TRUST, document(TRUSTING | {"Principal": {"AWS": "*"}}), SYNTAX, "Statement[0].Principal: 'A"),
    # Conditions
    (IDENTITY, document(Condition=[]), SYNTAX, "Statement[0].Condition: it must be an object"),
    (
        IDENTITY,
        condition("StringLikes", "oss:Prefix", "a"),
        SYNTAX,
        "Statement[0].Condition.StringLikes: the operator is unknown; use StringEquals, ",
    ),
    (
        IDENTITY,
        document(Condition={"Bool": {}}),
        SYNTAX,
        "Statement[0].Condition.Bool: it must be an object of condition keys",
    ),
    (
        IDENTITY,
        condition("Bool", "acs:SecureTransport", ["true", "yes"]),
        SYNTAX,
        "Statement[0].Condition.Bool.acs:SecureTransport: 'yes' is neither true nor false.",
    ),
    (IDENTITY, condition("IpAddress", "acs:SourceIp", "1.2.3"), SYNTAX, "'1.2.3' is not an IP"),
    (IDENTITY, condition("IpAddress", "acs:SourceIp", "1.*"), SYNTAX, "'1.*' is not an IP address"),
    (
        IDENTITY,
        condition("IpAddress", "acs:SourceIp", "1.2.3.4/33"),
        SYNTAX,
        "is not an IP address",
    ),
    (IDENTITY, condition("NumericLessThan", "k", "ten"), SYNTAX, "'ten' is not a number."),
    (IDENTITY, condition("NumericLessThan", "k", "nan"), SYNTAX, "'nan' is not a number."),
    (IDENTITY, condition("DateEquals", "acs:CurrentTime", "today"), SYNTAX, "'today' is not an"),
    (IDENTITY, condition("StringEquals", "k", []), SYNTAX, "it must be a string or a list of"),
    (IDENTITY, condition("StringEquals", "k", None), SYNTAX, "k[0]: it must be a string."),
]


@rows(("policy_type", "text", "problem", "message"), *REFUSED)
def test_bad_policy_is_refused_with_the_place_of_the_mistake(
    policy_type: PolicyType, text: str | bytes, problem: Problem, message: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        Policy.parse(text, policy_type)
    assert message in str(raised.value)
    assert raised.value.problem is problem


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["1", "*", "Allow", "oss:*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({"Version": st.just("1"), "Statement": st.lists(TREES)}) | TREES)
def test_any_json_is_a_policy_or_a_policy_error(tree: Any) -> None:
    for policy_type in PolicyType:
        with contextlib.suppress(PolicyError):
            Policy.parse(json.dumps(tree), policy_type)


# --- valid documents

ACCEPTED = [
    (IDENTITY, document()),
    (IDENTITY, document(Resource="acs:ram:*:*:role/x", Action="sts:AssumeRole")),
    (IDENTITY, document(Resource=..., NotResource=["acs:oss:*:*:b"])),
    (IDENTITY, condition("Bool", "acs:SecureTransport", True)),
    (IDENTITY, condition("NumericEquals", "oss:object-remaining-retention-days", 5)),
    (IDENTITY, condition("DateLessThan", "acs:CurrentTime", "2024-01-01T00:00:00+08:00")),
    (IDENTITY, condition("IpAddressIncludeBorder", "acs:SourceIp", "10.0.0.0/8")),
    (BUCKET, document()),  # without a Principal, as in the suite of oss2
    (BUCKET, document(Principal=[])),
    (BUCKET, document(Principal="*", Resource="*")),
    (BUCKET, document(Principal=["1", "arn:sts::1:assumed-role/r/*"])),
    (BUCKET, document(Resource=["acs:oss:*:1234567890:*/*"])),
    (TRUST, document(TRUSTING)),
    (TRUST, document(TRUSTING | {"Principal": {"Service": ["oss.aliyuncs.com"]}})),
]


@rows(("policy_type", "text"), *ACCEPTED)
def test_documented_policies_are_accepted(policy_type: PolicyType, text: str) -> None:
    for given_as in (text, text.encode(), json.loads(text)):
        (statement,) = Policy.parse(given_as, policy_type, "named").statements
        assert statement.place == "named Statement[0]"
        assert statement.effect is Effect.ALLOW


@rows("secure", True, False)
def test_boolean_means_the_same_as_its_text(secure: bool) -> None:
    for value in (secure, str(secure).lower()):
        text = condition("Bool", "acs:SecureTransport", value)
        (statement,) = Policy.parse(text, IDENTITY).statements
        asked = [QUESTION._replace(context=Context(secure=one)) for one in (True, False)]
        assert [statement.applies(question) for question in asked] == [secure, not secure]


def test_bucket_policy_may_have_16_kib_and_a_field_4095_bytes() -> None:
    assert Policy.parse(document().ljust(16 * 1024), BUCKET).statements
    field = "é" * 2_047 + "a"
    assert Policy.parse(condition("StringLike", "oss:Prefix", field), BUCKET).statements


# --- statements for everybody


@rows(("changes", "spared"), *CASES["denial_of_everybody_spares_the_owner"])
def test_denial_of_everybody_spares_the_owner(changes: dict[str, Any], spared: bool) -> None:
    """A-31"""
    (statement,) = Policy.parse(document(Effect="Deny", **changes), BUCKET).statements
    assert statement.spares_owner is spared
    applies = statement.applies(QUESTION) and not spared
    assert statement.applies(QUESTION._replace(by_owner=True)) is applies


def test_public_statement_is_skipped_on_demand_unless_it_denies() -> None:
    """A-32"""
    allowing = Policy.parse(document(), BUCKET)
    assert evaluate([allowing], QUESTION) is not None
    assert evaluate([allowing], QUESTION, without_public=True) is None
    denying = Policy.parse(document(Effect="Deny"), BUCKET)
    assert evaluate([allowing, denying], QUESTION, without_public=True) is not None
    named = Policy.parse(document(Principal="1"), BUCKET)
    assert evaluate([named], QUESTION, without_public=True) is not None


def test_only_policies_of_buckets_and_access_points_are_public() -> None:
    """A-33"""
    kinds = set(PolicyType) - {TRUST}
    public = {kind for kind in kinds if Policy.parse(document(), kind).public}
    assert public == {BUCKET, PolicyType.ACCESS_POINT}


PUBLIC = CASES["public"]


@rows(("changes", "public"), *PUBLIC)
def test_public_policy_is_recognized(changes: dict[str, Any], public: bool) -> None:
    assert Policy.parse(document(**changes), BUCKET).public is public


# --- the oracle

LETTERS = "aA/:-\n"
PATTERNS = st.text(LETTERS + "*?", max_size=6)
ACTIONS = st.builds("oss:{}".format, st.text("aAb", min_size=1, max_size=3))
ACTION_PATTERNS = st.just("*") | st.builds(
    "oss:{}".format, st.text("aAb*?", min_size=1, max_size=3)
)
RESOURCES = st.builds(
    "acs:{}:{}:{}:{}".format,
    st.sampled_from(["oss", "os"]),
    st.text("r", max_size=2),
    st.text("1", max_size=2),
    st.text(LETTERS, max_size=5),
)
RESOURCE_PATTERNS = st.sampled_from(["*", "acs:*", "acs:oss:r:*"]) | st.builds(
    "acs:{}:{}:{}:{}".format,
    st.sampled_from(["oss", "os?", "*"]),
    st.text("r*?", max_size=3),
    st.text("1*?", max_size=3),
    PATTERNS,
)
VALUES = st.text("aAb*?", max_size=4)
KEYS = st.sampled_from(["oss:Prefix", "oss:Delimiter", "acs:UserAgent"])
OPERATORS = st.sampled_from(
    [f"String{no}{op}" for no in ("", "Not") for op in ("Equals", "EqualsIgnoreCase", "Like")]
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    some: dict[str, Any] = {"min_size": 1, "max_size": 3}
    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(st.lists(ACTION_PATTERNS, **some)),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(
            st.lists(RESOURCE_PATTERNS, **some)
        ),
        "Condition": draw(
            st.dictionaries(
                OPERATORS,
                st.dictionaries(KEYS, st.lists(VALUES, **some), min_size=1, max_size=2),
                max_size=2,
            )
        ),
    }


@given(
    st.lists(statements(), min_size=1, max_size=4),
    ACTIONS,
    RESOURCES,
    st.fixed_dictionaries({}, optional={name: st.text("aAb", max_size=3) for name in "pdu"}),
)
def test_policies_agree_with_the_oracle(
    found: list[dict[str, Any]], action: str, resource: str, values: dict[str, str]
) -> None:
    policy = Policy.parse(json.dumps({"Version": "1", "Statement": found}), IDENTITY)
    context = Context(prefix=values.get("p"), delimiter=values.get("d"), user_agent=values.get("u"))
    names = {"p": "oss:Prefix", "d": "oss:Delimiter", "u": "acs:UserAgent"}
    expected = oracle.verdict(
        {"Statement": found}, action, resource, {names[name]: v for name, v in values.items()}
    )
    settled = evaluate([policy], Question(action, resource, context))
    assert (settled.effect.lower() if settled else "") == expected


@given(RESOURCE_PATTERNS, RESOURCES)
def test_resource_patterns_agree_with_the_oracle(pattern: str, resource: str) -> None:
    found = resource_pattern(pattern).fullmatch(resource) is not None
    assert found is oracle.resource_matches(pattern, resource)


def test_deciding_statement_is_the_first_deny_or_allow() -> None:
    texts = [document(Effect=effect) for effect in ("Allow", "Allow", "Deny", "Deny")]
    policies = [Policy.parse(text, IDENTITY, f"{n}") for n, text in enumerate(texts)]
    question = Question("oss:GetObject", "acs:oss:r:1:b/k")
    for listed, place in ((policies, "2 Statement[0]"), (policies[:2], "0 Statement[0]")):
        settled = evaluate(listed, question)
        assert settled is not None
        assert settled.place == place


def test_denial_counts_wherever_it_stands_in_a_policy() -> None:
    allow, deny = ALLOW, ALLOW | {"Effect": "Deny"}
    policy = Policy.parse({"Version": "1", "Statement": [allow, allow, deny]}, IDENTITY)
    settled = evaluate([policy], QUESTION)
    assert settled is not None
    assert settled.effect is Effect.DENY


def test_wildcard_stays_in_its_field_of_a_resource() -> None:
    resource = "acs:oss:cn-hangzhou:1:open/acs:oss:cn-hangzhou:1:secret"
    assert resource_pattern("acs:oss:*:*:secret").fullmatch(resource) is None
    assert resource_pattern("acs:oss:*:*:open/*").fullmatch(resource)
    assert resource_pattern("acs:oss:*:*:open/acs:oss:*:secret").fullmatch(resource)
    assert resource_pattern("acs:oss:*:*:open/acs:oss:*:other").fullmatch(resource) is None


def test_principal_in_brackets_is_accepted_and_matches_nobody() -> None:
    """P-90"""
    policy = Policy.parse(document(Principal="[123456790]"), BUCKET)
    assert not policy.statements[0].principals.includes("123456790")


# --- Which ACLs grant something to everybody

PUBLIC_ACLS = {"public-read", "public-read-write"}


@rows("acl", *BucketAcl, *ObjectAcl)
def test_public_acls_are_known(acl: BucketAcl | ObjectAcl) -> None:
    assert acl.public is (acl in PUBLIC_ACLS)


# --- The actions that requests need, and the names of resources

TAGGED = {"x-oss-tagging": "a=b"}
BYPASS_HEADER = "x-oss-bypass-governance-retention"
BYPASS = {BYPASS_HEADER: "true"}
BYPASSES = "oss:BypassGovernanceRetention"


@rows(
    ("action", "headers", "version", "expected"),
    ("oss:GetObject", {}, None, ["oss:GetObject"]),
    ("oss:GetObject", {}, "1", ["oss:GetObjectVersion"]),
    ("oss:GetObject", TAGGED, None, ["oss:GetObject"]),
    ("oss:PutObject", {}, None, ["oss:PutObject"]),
    ("oss:PutObject", TAGGED, None, ["oss:PutObject", "oss:PutObjectTagging"]),
    (
        "oss:PutObject",
        {"x-oss-tagging-directive": "Copy"},
        None,
        ["oss:PutObject", "oss:PutObjectTagging"],
    ),
    ("oss:PutObject", TAGGED, "1", ["oss:PutObject", "oss:PutObjectTagging"]),
    ("oss:DeleteObject", {}, "null", ["oss:DeleteObjectVersion"]),
    (
        "oss:PutObject",
        {
            "x-oss-object-worm-mode": "GOVERNANCE",
            "x-oss-object-worm-retain-until-date": "2030-01-01T00:00:00Z",
            "x-oss-object-worm-legal-hold": "ON",
        },
        None,
        ["oss:PutObject", "oss:PutObjectRetention", "oss:PutObjectLegalHold"],
    ),
    ("oss:DeleteObject", BYPASS, "1", ["oss:DeleteObjectVersion", BYPASSES]),
    ("oss:PutObjectRetention", BYPASS, None, ["oss:PutObjectRetention", BYPASSES]),
    ("oss:GetObject", BYPASS, None, ["oss:GetObject"]),
    ("oss:DeleteObject", {BYPASS_HEADER: "True"}, None, ["oss:DeleteObject", BYPASSES]),
    ("oss:DeleteObject", {BYPASS_HEADER: "false"}, None, ["oss:DeleteObject"]),
    ("oss:PutObjectRetention", {BYPASS_HEADER: ""}, None, ["oss:PutObjectRetention"]),
    ("oss:PutObjectTagging", {}, "1", ["oss:PutObjectVersionTagging"]),
    ("oss:GetObjectAcl", {}, "1", ["oss:GetObjectVersionAcl"]),
    ("oss:RestoreObject", {}, "1", ["oss:RestoreObjectVersion"]),
    ("oss:ListParts", {}, "1", ["oss:ListParts"]),
    ("oss:PutBucketReferer", TAGGED, None, ["oss:PutBucketReferer"]),
)
def test_request_requires_these_actions(
    action: str, headers: dict[str, str], version: str | None, expected: list[str]
) -> None:
    assert list(required(action, headers, version)) == expected


@rows(
    ("headers", "version", "expected"),
    ({}, None, ["oss:GetObject"]),
    ({}, "1", ["oss:GetObjectVersion"]),
    ({"x-oss-tagging-directive": "COPY"}, None, ["oss:GetObject", "oss:GetObjectTagging"]),
    ({"x-oss-tagging-directive": "Replace"}, None, ["oss:GetObject"]),
    (
        {"x-oss-tagging-directive": "Copy"},
        "1",
        ["oss:GetObjectVersion", "oss:GetObjectVersionTagging"],
    ),
)
def test_copy_requires_these_actions_on_its_source(
    headers: dict[str, str], version: str | None, expected: list[str]
) -> None:
    assert list(required_of_source(headers, version)) == expected


def test_operations_declare_actions_without_a_version() -> None:
    """Only a request with a version id needs an action such as `oss:GetObjectVersion`."""
    actions = {operation.action for operation in OPERATIONS}
    assert all(action.startswith("oss:") for action in actions)
    assert not any("Version" in action for action in actions - VERSIONING)


VERSIONING = {"oss:ListObjectVersions", "oss:PutBucketVersioning", "oss:GetBucketVersioning"}


@rows(("bucket", "key", "expected"), *CASES["resource_names_service_bucket_or_object"])
def test_resource_names_service_bucket_or_object(bucket: str, key: str, expected: str) -> None:
    assert resource("cn-hangzhou", "1", bucket, key) == expected
