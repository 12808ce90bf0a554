"""Permissions that operations check: the journal has the last decision."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from oss_emulator.access.identity import Identity, Kind
from oss_emulator.access.policy import Policy, PolicyType
from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.operations import permissions
from oss_emulator.operations.admission import Admission, Claimed, Refused, refuse
from oss_emulator.operations.call import Body, Call
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import AccessRecord, Request
from oss_referer import Signing

from tests.client import content_md5
from tests.rows import read_cases, rows

CASES = read_cases("unit.operations")

POLICY = """{"Version": "1", "Statement": [{"Effect": "Allow", "Principal": ["*"],
"Action": ["oss:DeleteObject"], "Resource": ["acs:oss:*:*:open-bucket/public/*"]}]}"""


NOTHING = Policy.parse(
    {"Version": "1", "Statement": [{"Effect": "Deny", "Action": "oss:*", "Resource": "*"}]},
    PolicyType.IDENTITY,
)


def ask(method: str, target: str, **headers: str) -> Request:
    fields = [("Host", "localhost"), *((name.replace("_", "-"), headers[name]) for name in headers)]
    return Request.parse(method, target, fields, time.time())


@pytest.fixture
def service() -> Service:
    """A service with a public and a private bucket, and a policy that allows deletions."""
    service = Service()
    for target, acl, body in (
        ("/open-bucket", "public-read-write", b""),
        ("/closed-bucket", "private", b""),
        ("/closed-bucket/a", "default", b"secret"),
        ("/open-bucket/own", "private", b"secret"),
    ):
        name = "x_oss_object_acl" if target.count("/") == 2 else "x_oss_acl"
        response = service.handle(
            ask("PUT", target, **{name: acl}), body, caller=service.accounts.owner
        )
        assert response.status == 200
    return service


def record(service: Service, request: Request, body: bytes = b"") -> JournalEntry:
    """Send an anonymous request; return its entry in the journal."""
    outcome: Admission | Refused = service.admit(request)
    assert isinstance(outcome, Admission)
    try:
        response = service.execute(outcome, Body.of(body))
    except OSSError as error:
        outcome = refuse(outcome, error)
        response = service.render(outcome)
    return Journal().record(outcome, response, 0, 0.0)


def test_entry_of_a_denied_copy_has_the_decision_on_its_source(service: Service) -> None:
    copy = ask("PUT", "/open-bucket/b", x_oss_copy_source="/closed-bucket/a")
    entry = record(service, copy)
    assert (entry.status, entry.code) == (403, "AccessDenied")
    assert entry.access == AccessRecord(False, "the bucket's ACL", "oss:PutObject", "")


def test_entry_of_an_allowed_copy_has_the_decision_on_the_copy(service: Service) -> None:
    service.handle(ask("PUT", "/open-bucket/a"), b"1", caller=service.accounts.owner)
    entry = record(service, ask("PUT", "/open-bucket/b", x_oss_copy_source="/open-bucket/a"))
    assert entry.status == 200
    assert entry.access == AccessRecord(True, "the bucket's ACL", "oss:PutObject", "")


@pytest.mark.parametrize(
    ("key", "allowed", "reason"), CASES["entry_of_a_multiple_deletion_has_the_last_decision"]
)
@pytest.mark.parametrize("quiet", ["true", "false"])
def test_entry_of_a_multiple_deletion_has_the_last_decision(
    service: Service, key: str, allowed: bool, reason: str, quiet: str
) -> None:
    policy = service.handle(
        ask("PUT", "/open-bucket?policy"), POLICY.encode(), caller=service.accounts.owner
    )
    assert policy.status == 200
    body = f"<Delete><Quiet>{quiet}</Quiet><Object><Key>{key}</Key></Object></Delete>"
    request = ask("POST", "/open-bucket?delete", content_md5=content_md5(body.encode()))
    entry = record(service, request, body.encode())
    assert entry.status == (200 if allowed else 403)
    assert entry.access is not None
    assert (entry.access.allowed, entry.access.reason) == (allowed, reason)
    assert entry.access.action == "oss:DeleteObject"


def test_denial_of_a_ram_user_names_bucket_and_user(service: Service) -> None:
    """S-35"""
    error = refused(service, ask("GET", "/closed-bucket/a"), (NOTHING,))
    assert list(error.details) == ["AccessDeniedDetail", "Bucket", "User"]
    owner = service.accounts.owner.id
    assert (error.details["Bucket"], error.details["User"]) == ("closed-bucket", owner)
    assert error.ec == "0003-00000201"


@rows(
    ("method", "target", "policies", "ec"),
    ("PUT", "/new-bucket", (), "0003-00000202"),
    ("PUT", "/new-bucket", (NOTHING,), "0003-00000201"),
    ("GET", "/closed-bucket/a", (), "0003-00000001"),
    ("PUT", "/closed-bucket/a", (), "0003-00000001"),
    ("GET", "/closed-bucket?referer", (), "0003-00000905"),
)
def test_denied_user_gets_the_ec_of_the_operation(
    method: str, target: str, policies: tuple[Policy, ...], ec: str, service: Service
) -> None:
    """A-72; pages of 0003-00000001 and 0003-00000202"""
    assert refused(service, ask(method, target), policies).ec == ec


def test_tagging_upload_without_any_permission_gets_its_ec(service: Service) -> None:
    """A-72; page of 0003-00000905"""
    request = ask("PUT", "/closed-bucket/a", x_oss_tagging="TagA=A&TagB=B")
    assert refused(service, request).ec == "0003-00000905"


def refused(service: Service, request: Request, policies: tuple[Policy, ...] = ()) -> OSSError:
    """Return the error of a request of a RAM user, who is refused."""
    user = Identity(service.accounts.owner.id, kind=Kind.USER, name="dev", policies=policies)
    admitted = service.admit(request, service.accounts.owner)
    assert isinstance(admitted, Admission)
    with pytest.raises(OSSError) as caught:
        permissions.check_call(Call(replace(admitted, caller=user), service.environment))
    return caught.value


def test_batch_that_a_statement_denies_gets_its_ec(service: Service) -> None:
    """A-72; page of 0003-00000204"""
    user = Identity(service.accounts.owner.id, kind=Kind.USER, name="dev", policies=(NOTHING,))
    body = b"<Delete><Object><Key>a</Key></Object></Delete>"
    request = ask("POST", "/closed-bucket?delete", content_md5=content_md5(body))
    answer = service.handle(request, body, caller=user)
    assert (answer.status, answer.headers["x-oss-ec"]) == (403, "0003-00000204")


PAYMENT = b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"


@pytest.mark.parametrize(
    ("signing", "ec"), [(Signing.URL, "0003-00000702"), (Signing.HEADER, "0003-00000703")]
)
def test_requester_who_does_not_pay_gets_the_ec_of_the_signature(
    signing: Signing, ec: str, service: Service
) -> None:
    """A-60; pages of 0003-00000702 and 0003-00000703"""
    answer = service.handle(
        ask("PUT", "/closed-bucket?requestPayment"), PAYMENT, caller=service.accounts.owner
    )
    assert answer.status == 200
    admitted = service.admit(ask("GET", "/closed-bucket/a"), service.accounts.owner)
    assert isinstance(admitted, Admission)
    stranger = replace(admitted, caller=Identity("another"), claimed=Claimed(signing))
    with pytest.raises(OSSError) as caught:
        permissions.check_call(Call(stranger, service.environment))
    assert caught.value.ec == ec
