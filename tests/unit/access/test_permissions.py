"""Permissions of random requests: the service must agree with the oracle, verdict by verdict.

Each case has accounts, policies, ACLs and settings of its own, and a signed request to a service.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request

from tests.client import sign
from tests.rows import read_cases
from tests.thorough import cases
from tests.unit.access import oracle, requests
from tests.unit.access.table import BUCKET, CAST, OWNER, REGION, STRANGER, TABLES, Case, Table
from tests.unit.pipeline.service import SETTINGS

CASES = read_cases("unit.access")

NOW = 1_700_000_000.0
KEYS = ["dir/a.txt", "dir/a:b.txt"]
OF_OBJECTS = [name for name in requests.ASKS if "Object" in name and "List" not in name]
OF_BUCKETS = ["oss:ListObjects", "oss:GetBucketReferer", "oss:PutBucketReferer", "oss:PutBucketAcl"]
NAMES = {
    "owner": OWNER,
    "stranger": STRANGER,
    "user": CAST["user"].principal_id,
    "stranger-user": CAST["stranger-user"].principal_id,
    "session": f"arn:sts::{OWNER}:assumed-role/worker/night",
    "anonymous": "",
}
TEXTS = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS: dict[str, list[str]] = {
    "text": [*TEXTS, *(name.replace("String", "StringNot") for name in TEXTS)],
    "address": ["IpAddress", "NotIpAddress", "IpAddressIncludeBorder"],
    "date": [f"Date{name}" for name in ORDER],
    "number": [f"Numeric{name}" for name in ORDER],
    "flag": ["Bool"],
}
CONDITIONS: dict[str, tuple[str, list[str]]] = dict(CASES["conditions"])


class Maker:
    """Makes random cases; most names in them resemble those of the request."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311

    def some(self, known: list[Any], most: int = 2) -> list[Any]:
        return self.chance.sample(known, self.chance.randint(1, min(most, len(known))))

    def statement(self, action: str, place: str, *, principal: bool) -> dict[str, Any]:
        one = self.chance
        actions = ["*", "oss:*", "oss:Get*", "oss:Put*", "oss:?etObject", "oss:PutObjectTagging"]
        actions += [action, action.upper(), *([action] * 4)]
        places = ["*", "acs:oss:*:*:*", f"acs:oss:*:{OWNER}:{BUCKET}", f"acs:oss:*:*:{BUCKET}/*"]
        places += [f"acs:oss:{REGION}:*:{BUCKET}/dir/?.txt", f"acs:oss:*:*:{BUCKET.upper()}/*"]
        places += [f"acs:oss:*:{OWNER}:*", f"acs:oss:*:{STRANGER}:*", *([place] * 4)]
        places += ["acs:oss:*:*:b.txt"]
        found: dict[str, Any] = {
            "Effect": one.choice(["Allow", "Allow", "Deny"]),
            one.choice(["Action", "Action", "Action", "NotAction"]): self.some(actions),
            one.choice(["Resource", "Resource", "Resource", "NotResource"]): self.some(places),
        }
        if principal:
            names = ["*", *filter(None, NAMES.values()), f"arn:sts::{OWNER}:assumed-role/worker/*"]
            listed = one.choice([self.some(names, 3), "*", ["*"], []])
            if one.random() < 0.9:
                found["NotPrincipal" if listed and one.random() < 0.2 else "Principal"] = listed
        if one.random() < 0.5:
            found["Condition"] = self.conditions()
        return found

    def conditions(self) -> dict[str, dict[str, list[str]]]:
        found: dict[str, dict[str, list[str]]] = {}
        for key in self.some(list(CONDITIONS)):
            kind, values = CONDITIONS[key]
            name = key if "/" in key else self.chance.choice([key, key.lower(), key.upper()])
            found.setdefault(self.chance.choice(OPERATORS[kind]), {})[name] = self.some(values)
        return found

    def document(self, action: str, place: str, *, principal: bool = False) -> dict[str, Any]:
        number = self.chance.choice([1, 1, 2, 3])
        statements = [self.statement(action, place, principal=principal) for _ in range(number)]
        return {"Version": "1", "Statement": statements}

    def case(self) -> tuple[Case, dict[str, dict[str, Any]]]:
        """Return a case of the table `random`, and its policies."""
        one = self.chance
        who = one.choice(list(CAST))
        action = one.choice([*OF_OBJECTS, *OF_OBJECTS, *OF_BUCKETS])
        key = one.choice(KEYS) if action in OF_OBJECTS else ""
        place = f"acs:oss:*:*:{BUCKET}/{key}".rstrip("/")
        policies = {name: self.document(action, place) for name in ("ram0", "ram1", "session")}
        policies["bucket"] = self.document(action, place, principal=True)
        when: dict[str, Any] = {
            "source_ip": one.choice(["127.0.0.1", "10.1.2.3", "::ffff:10.1.2.3", "11.0.0.1"]),
            "secure": one.random() < 0.5,
            "user_agent": one.choice(["agent", "Agent", "other"]),
            "bucket_tags": {"team": one.choice("ab")},
        }
        if key:
            when["object_tags"] = {"team": one.choice("ab")}
        if action == "oss:ListObjects":
            when["prefix"] = one.choice(["", "dir/", "10"])
            when["delimiter"] = one.choice(["", "/"])
        if action == "oss:PutBucketAcl":
            when["acl"] = "private"
        tagged = action == "oss:PutObject" and one.random() < 0.5
        if tagged:
            when["request_tags"] = {"team": one.choice("ab")}
        acls = ["private", "public-read", "public-read-write"]
        return (
            Case(
                table="random",
                name="",
                facts=(),
                who=who,
                actions=(action, "oss:PutObjectTagging") if tagged else (action,),
                verdict="",
                reason="",
                ram=tuple(one.sample(["ram0", "ram1"], one.choice([0, 1, 1, 2]))),
                session="session" if who == "session" and one.random() < 0.6 else "",
                bucket="bucket" if one.random() < 0.6 else "",
                acl=one.choice(acls),
                object_acl=one.choice(["default", "default", *acls]) if key else "default",
                key=key,
                when=when,
                block_public=one.random() < 0.2,
                requester_pays=one.random() < 0.1,
                says_requester=one.random() < 0.5,
            ),
            policies,
        )


def situation(case: Case, policies: dict[str, Any], access_key_id: str) -> oracle.Situation:
    """Return a case for the oracle, made without any code of the package."""
    when = dict(case.when or {})
    context = {
        "acs:CurrentTime": "2023-11-14T22:13:20+00:00",
        "acs:SecureTransport": str(when["secure"]).lower(),
        "acs:MFAPresent": "false",
        "acs:SourceIp": when["source_ip"],
        "acs:SourceVpc": "",
        "acs:UserAgent": when["user_agent"],
        "oss:x-oss-acl": when.get("acl", "private"),
        "oss:x-oss-object-acl": "default",
        "oss:BucketTag/team": when["bucket_tags"]["team"],
    }
    if access_key_id:
        context["acs:AccessId"] = access_key_id
    if case.key:
        context["oss:ExistingObjectTag/team"] = when["object_tags"]["team"]
    if "request_tags" in when:
        context["oss:RequestObjectTag/team"] = when["request_tags"]["team"]
    if case.actions[0] == "oss:ListObjects":
        context |= {"oss:Prefix": when["prefix"], "oss:Delimiter": when["delimiter"]}
    return oracle.Situation(
        caller=case.who,
        name=NAMES[case.who],
        actions=case.actions,
        resource=f"acs:oss:{REGION}:{OWNER}:{BUCKET}" + (f"/{case.key}" if case.key else ""),
        context=context,
        ram=tuple(policies[name] for name in case.ram),
        session=policies["session"] if case.session else None,
        bucket=policies["bucket"] if case.bucket else None,
        acl=case.acl,
        object_acl=case.object_acl,
        blocks_public=case.block_public,
        requester_pays=case.requester_pays,
        says_requester=case.says_requester,
    )


def ask(case: Case) -> tuple[str, int, str]:
    """Send a case to a new service; returns the key that signed, the status and the error."""
    service = Service(SETTINGS)
    service.accounts = known = requests.accounts(case)
    for target, headers, body in requests.puts(case):
        fields = [("Host", "localhost"), *headers.items()]
        made = Request.parse("PUT", target, fields, NOW)
        assert service.handle(made, body, caller=known.owner).status == 200, (target, body)
    auth, asked = requests.auth(case, known, NOW + 3600), requests.ASKS[case.actions[0]]
    target, signed = sign(
        auth,
        "none" if auth is None else "url",
        asked.method,
        *requests.target(case),
        requests.parameters(case),
        requests.headers(case),
        expires=int(NOW + 3600),
    )
    when = case.when or {}
    request = Request.parse(
        asked.method,
        target,
        [("Host", "localhost"), *signed],
        NOW,
        when["source_ip"],
        when["secure"],
    )
    response = service.handle(request, asked.body or b"")
    body = response.body if isinstance(response.body, bytes) else b""
    code = body.decode().partition("<Code>")[2].partition("<")[0]
    return request.query.get("OSSAccessKeyId", ""), response.status, code


def denial(case: Case) -> tuple[int, str]:
    """Return the status and the code of a denial (P-47)."""
    if case.actions == ("oss:PutBucketAcl",) and case.who == "stranger" and not case.bucket:
        return 409, "BucketAlreadyExists"
    return 403, "AccessDenied"


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(4))
def test_random_requests_get_the_verdict_of_the_oracle(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = Counter[tuple[str, bool]]()
    tried = cases(100, 1500)
    for number in range(tried):
        case, policies = Maker(part * 10_000 + number).case()
        texts = {name: json.dumps(document) for name, document in policies.items()}
        monkeypatch.setitem(TABLES, "random", Table("random", texts, ()))
        key, status, code = ask(case)
        allowed = oracle.may(situation(case, policies, key))
        expected = (requests.ASKS[case.actions[0]].status, "") if allowed else denial(case)
        assert (status, code) == expected, (number, case, policies)
        verdicts[case.who, allowed] += 1
    wanted = {(who, allowed) for who in CAST for allowed in (True, False)}
    rare = {("owner", False)} if tried < 1500 else set()  # a bucket policy may deny the owner
    assert wanted - verdicts.keys() <= rare
