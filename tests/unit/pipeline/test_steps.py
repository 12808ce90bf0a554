"""The steps of a request: their order, which ones a request passes, and what each one does."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.control import metrics
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Body
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import ALLOW, CHECK, COMPLETE, FIND, PERFORM, ServerStep, checks_of
from oss_emulator.protocol import checksums
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request, Response
from oss_emulator.server.runner import RequestRunner
from oss_referer.engine.assumptions import DEFAULT, CheckOrder

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.http import forms
from tests.rows import read_cases, rows
from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve, serve_as_of

CASES = read_cases("unit.pipeline")


ROOT = Path(__file__).parents[3]
PAGES = ("docs/architecture.md", "docs/zh/architecture.md")


def listed(page: str) -> dict[str, list[str]]:
    """Read the steps of each list from a page: the words that are indented once."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = re.search(r"^```text\n(SERVER .*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    found: dict[str, list[str]] = {}
    part = ""
    for line in filter(None, block[1].splitlines()):
        if line.startswith(" "):
            found[part].append(re.split(r" {2,}", line.strip())[0])
        else:
            part = line.split()[0]
            found.setdefault(part, [])
    return {part: names for part, names in found.items() if names}


def names(listed: Iterable[Callable[..., Any]]) -> list[str]:
    """Return the names of steps, with those of their modules."""
    own = {step.__name__: f"{step.__module__.rpartition('.')[2]}." for step in listed}
    return [own[name].replace("steps.", "") + name for name in own]


@rows("page", *PAGES)
def test_page_lists_exactly_the_steps(page: str) -> None:
    after_journal = metrics.steps(Service(SETTINGS), Metrics(), StringIO())
    assert listed(page) == {
        "SERVER": [step.value for step in ServerStep],
        "FIND": names(FIND),
        "CHECK": names(CHECK),
        "ALLOW": names(ALLOW),
        "PERFORM": names(PERFORM),
        "COMPLETE": names(COMPLETE),
        "RECORD": ["journal", *after_journal],
    }


def checked(service: Service, request: Request, *, trusted: bool = False) -> list[str]:
    """Return the names of the checks that a request passes."""
    admission = service.admit(request, service.accounts.owner if trusted else None).known
    return names(checks_of(admission, service))


@rows(
    ("order", "first"),
    (CheckOrder.BEFORE_ACL, ["referer.check_referer", "authentication.authorize"]),
    (CheckOrder.AFTER_ACL, ["authentication.authorize", "referer.check_referer"]),
    (CheckOrder.AFTER_OBJECT, ["authentication.authorize", "referer.check_referer"]),
)
def test_assumption_decides_whether_the_referer_or_the_acl_comes_first(
    order: CheckOrder, first: list[str]
) -> None:
    """R-05"""
    settings = replace(SETTINGS, assumptions=replace(DEFAULT, check_order=order))
    found = checked(serve(settings), ask("GET", "/public-bucket/a", {"Referer": PAGE}))
    assert [name for name in found if name in first] == first
    assert sorted(found) == sorted([*names(CHECK), *names(ALLOW)])


def test_trusted_caller_passes_the_checks_that_do_not_protect_the_bucket() -> None:
    found = checked(serve(), ask("POST", "/public-bucket?delete"), trusted=True)
    assert found == [*names(CHECK), "images.find_style"]


def test_preflight_is_decided_by_the_referer_rules_alone() -> None:
    """R-04"""
    found = checked(serve(), ask("OPTIONS", "/public-bucket/a", {"Referer": PAGE}))
    assert found == [*names(CHECK), "referer.check_referer"]


def test_form_is_allowed_when_its_fields_have_arrived() -> None:
    service = serve()
    request = ask("POST", "/public-bucket", {"Content-Type": "multipart/form-data; boundary=b"})
    admission = service.admit(request)
    assert isinstance(admission, Admission)
    assert checks_of(admission, service) == CHECK
    admission.form = Form({"key": "a"})
    assert checks_of(admission, service) == ALLOW
    admission.trusted = True
    assert checks_of(admission, service) == ()


def test_each_awaited_step_is_run_by_the_server() -> None:
    assert set(ServerStep) == {*RequestRunner.STEPS, ServerStep.ADMIT}


# --- Headers that are added to an answer


@rows(("target", "headers", "complete"), *CASES["nothing_is_added_to_most_answers"])
def test_nothing_is_added_to_most_answers(
    service: Service, target: str, headers: dict[str, str], complete: bool
) -> None:
    rules = (
        b"<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
    )
    put(service, "/private-bucket?cors", b"<CORSConfiguration>" + rules + b"</CORSConfiguration>")
    request = ask("GET", target, {"Referer": PAGE, **headers})

    def is_complete(service: Service) -> bool:
        return not service.shortcuts.choose(service.admit(request).known).completes

    assert is_complete(service) is complete
    assert not is_complete(serve_as_of(date(2026, 1, 1)))


def test_download_is_forced_on_clients_but_not_on_the_console() -> None:
    """D-01"""
    service = serve_as_of(date(2026, 1, 1))
    put(service, "/public-bucket/page.html", b"content", {"Content-Type": "text/html"})
    host = "public-bucket.oss-cn-hangzhou.aliyuncs.com"
    request = ask("GET", "/page.html", {"Referer": PAGE}, host)
    forced = [
        "x-oss-force-download" in service.handle(request, caller=caller).headers
        for caller in (None, service.accounts.owner)
    ]
    assert forced == [True, False]


# --- What the steps do


def make_access_point(service: Service) -> str:
    """Make an access point of the public bucket; return its alias."""
    document = (
        b"<CreateAccessPointConfiguration><AccessPointName>point</AccessPointName>"
        b"<NetworkOrigin>internet</NetworkOrigin></CreateAccessPointConfiguration>"
    )
    request = ask("PUT", "/public-bucket?accessPoint")
    created = service.handle(request, document, caller=service.accounts.owner)
    assert isinstance(created.body, bytes)
    return created.body.decode().partition("<Alias>")[2].partition("</Alias>")[0]


def test_alias_of_an_access_point_stands_for_its_bucket(service: Service) -> None:
    """P-84"""
    alias, owner = make_access_point(service), service.accounts.owner
    admitted = service.admit(ask("GET", f"/{alias}/a"), owner)
    assert isinstance(admitted, Admission)
    assert (admitted.target.bucket, admitted.named_bucket) == ("public-bucket", alias)
    assert service.execute(admitted).body == b"content"
    plain = service.admit(ask("GET", "/public-bucket/a"), owner)
    assert plain.known.named_bucket == "public-bucket"


def test_signature_at_an_access_point_covers_its_alias(service: Service) -> None:
    """P-84"""
    auth = SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    target, fields = sign(auth, "header", "GET", make_access_point(service), "a")
    assert service.handle(ask("GET", target, dict(fields))).body == b"content"


def test_accelerate_endpoint_is_not_checked_for_a_trusted_caller() -> None:
    service = serve(replace(SETTINGS, strict_addressing=True))
    request = ask("GET", "/a", {"Referer": PAGE}, "public-bucket.oss-accelerate.aliyuncs.com")
    assert isinstance(service.admit(request, service.accounts.owner), Admission)


@pytest.mark.parametrize(
    ("key", "code"), [("b", ""), ("/b", "InvalidObjectName"), ("b" * 1024, "InvalidObjectName")]
)
def test_key_of_a_form_is_checked_like_any_other(service: Service, key: str, code: str) -> None:
    assert posted(service, {"key": key}) == code


@pytest.mark.parametrize(
    ("length", "code"), [(1, "EntityTooSmall"), (2, ""), (9, ""), (10, "EntityTooLarge")]
)
def test_file_of_a_form_has_a_size_that_its_policy_allows(
    service: Service, length: int, code: str
) -> None:
    signed = forms.sign_v1(forms.policy([["content-length-range", 2, 9]]))
    assert posted(service, {"key": "b", **dict(signed)}, b"x" * length) == code


def posted(service: Service, fields: dict[str, str], content: bytes = b"x") -> str:
    """Send a form to a bucket that everybody may write to; return the code of the error."""
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    body = forms.form(list(fields.items()), forms.File(content))
    request = ask("POST", "/public-bucket", {"Content-Type": forms.TYPE, "Referer": PAGE})
    return code_of(service.handle(request, body))


def code_of(response: Response) -> str:
    """Return the code of an error, "" for a success."""
    if response.status < 400:
        return ""
    assert isinstance(response.body, bytes)
    return response.body.decode().partition("<Code>")[2].partition("</Code>")[0]


DELETE = b"<Delete><Object><Key>a</Key></Object></Delete>"
SELECT = b"<SelectRequest><Expression>c2VsZWN0ICogZnJvbSBvc3NvYmplY3Q=</Expression></SelectRequest>"
OTHER = checksums.md5(b"other")


@pytest.mark.parametrize(
    ("method", "target", "body", "md5", "code"),
    [
        ("PUT", "/b", b"new", None, ""),
        ("PUT", "/b", b"new", checksums.md5(b"new"), ""),
        ("PUT", "/b", b"new", OTHER, "InvalidDigest"),
        ("POST", "?delete", DELETE, None, "MissingArgument"),
        ("POST", "?delete", DELETE, checksums.md5(DELETE), ""),
        ("POST", "?delete", DELETE, OTHER, "InvalidDigest"),
        ("DELETE", "/a", b"", OTHER, ""),  # nobody reads its body
        ("POST", "/a?x-oss-process=csv/select", SELECT, checksums.md5(SELECT), ""),
    ],
)
def test_body_that_is_read_must_have_the_digest_that_is_sent(
    service: Service, method: str, target: str, body: bytes, md5: bytes | None, code: str
) -> None:
    """P-76"""
    headers = {} if md5 is None else {"Content-MD5": b64encode(md5).decode()}
    request = ask(method, f"/public-bucket{target}", headers)
    assert code_of(service.handle(request, body, caller=service.accounts.owner)) == code


def test_only_what_changes_something_is_performed_in_a_transaction(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction, begun = service.storage.transaction, []

    def begin() -> AbstractContextManager[None]:
        begun.append(method)
        return transaction()

    monkeypatch.setattr(service.storage, "transaction", begin)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        service.handle(ask(method, "/public-bucket/a"), caller=service.accounts.owner)
    assert begun == ["PUT", "DELETE"]


def test_operation_sees_the_bucket_as_it_is_when_the_body_has_arrived(service: Service) -> None:
    admitted = service.admit(ask("PUT", "/public-bucket/b"), service.accounts.owner)
    assert isinstance(admitted, Admission)
    assert "x-oss-version-id" not in service.execute(admitted, Body.of(b"first")).headers
    document = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    put(service, "/public-bucket?versioning", document)
    assert "x-oss-version-id" in service.execute(admitted, Body.of(b"second")).headers
