"""The steps of a request: the order on the page, and which of them a request needs."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from oss_emulator.control.journal import Journal
from oss_emulator.control.recording import Recorder
from oss_emulator.operations.admission import Admission
from oss_emulator.pipeline import steps
from oss_emulator.pipeline.plan import NO_BUCKET, BucketPlan, plan
from oss_emulator.pipeline.service import Service
from oss_emulator.pipeline.steps import CHECK, FIND, PERFORM, choose, needs_of
from oss_emulator.protocol.message import Request
from oss_emulator.referer.assumptions import DEFAULT, CheckOrder
from oss_emulator.storage import Bucket

from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve

ROOT = Path(__file__).parents[3]
PAGES = ("docs/architecture.md", "docs/zh/architecture.md")

SITE = b"""<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
</WebsiteConfiguration>"""
STYLES = b"""<BucketProcessConfiguration><StyleDelimiters>!</StyleDelimiters>
<OssDomainSupportAtProcess>Disabled</OssDomainSupportAtProcess></BucketProcessConfiguration>"""


def listed(page: str) -> dict[str, list[str]]:
    """Read the steps of each part from a page: the words that are indented once."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = text.split("```text\n", 1)[1].split("```", 1)[0]
    found: dict[str, list[str]] = {}
    part = ""
    for line in filter(None, block.splitlines()):
        if line.startswith(" "):
            found[part].append(re.split(r" {2,}", line.strip())[0])
        else:
            part = line.split()[0]
            found.setdefault(part, [])
    return {part: names for part, names in found.items() if names}


@pytest.mark.parametrize("page", PAGES)
def test_page_lists_exactly_the_steps(page: str) -> None:
    recorder = Recorder(Service(SETTINGS), Journal(), StringIO())
    assert listed(page) == {
        "find": [step.name for step in FIND],
        "check": [step.name for step in CHECK],
        "perform": [name for name, _ in PERFORM],
        "record": ["journal", *recorder.after_journal],
    }


def chosen(service: Service, request: Request, *, trusted: bool = False) -> list[str]:
    """Return the names of the checks that a request needs."""
    admission = service.admit(request, service.accounts.owner if trusted else None).admission
    return [step.name for step in choose(needs_of(admission), service)]


def test_plain_request_needs_few_checks() -> None:
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    assert chosen(serve(), request) == [
        "endpoint",
        "authenticate",
        "referer",
        "authorize",
        "traffic limit",
    ]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (CheckOrder.BEFORE_ACL, ["referer", "authorize"]),
        (CheckOrder.AFTER_ACL, ["authorize", "referer"]),
        (CheckOrder.AFTER_OBJECT, ["authorize", "referer"]),
    ],
)
def test_assumption_decides_whether_the_referer_or_the_acl_comes_first(
    order: CheckOrder, names: list[str]
) -> None:
    """R-05"""
    settings = replace(SETTINGS, assumptions=replace(DEFAULT, check_order=order))
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    assert chosen(serve(settings), request)[2:4] == names


def test_configurations_of_the_bucket_decide_which_checks_are_needed() -> None:
    service = serve()
    request = ask("GET", "/public-bucket/a", {"Referer": PAGE})
    before = set(chosen(service, request))
    put(service, "/public-bucket?website", SITE)
    assert set(chosen(service, request)) - before == {"website"}
    put(service, "/public-bucket?processConfiguration", STYLES)
    assert set(chosen(service, request)) - before == {"website", "style", "original"}
    write = ask("PUT", "/public-bucket/a", {"Referer": PAGE})
    assert set(chosen(service, write)) == before


def test_trusted_caller_passes_the_checks_that_protect_the_bucket() -> None:
    request = ask("POST", "/public-bucket?delete")
    assert chosen(serve(), request, trusted=True) == ["endpoint", "page"]


def test_form_passes_the_list_in_two_parts() -> None:
    service = serve()
    request = ask("POST", "/public-bucket", {"Content-Type": "multipart/form-data; boundary=b"})
    admission = service.admit(request)
    assert isinstance(admission, Admission)
    first = needs_of(admission)
    assert [step.name for step in choose(first, service)] == ["endpoint", "page"]
    second = first._replace(has_fields=True)
    assert [step.name for step in choose(second, service)] == [
        "authenticate",
        "referer",
        "authorize",
        "traffic limit",
    ]


def test_steps_have_names_of_their_own() -> None:
    names = [step.name for step in (*FIND, *CHECK)] + [name for name, _ in PERFORM]
    assert len(names) == len(set(names))
    assert all(vars(steps)[step.run.__name__] is step.run for step in (*FIND, *CHECK))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("website", BucketPlan(has_website=True)),
        ("processConfiguration", BucketPlan(has_image_access=True)),
        ("cors", BucketPlan(adds_headers=True)),
        ("requestPayment", BucketPlan(adds_headers=True)),
        ("lifecycle", NO_BUCKET),
        (None, NO_BUCKET),
    ],
)
def test_plan_of_a_bucket_follows_from_its_configurations(
    document: str | None, expected: BucketPlan
) -> None:
    documents = {} if document is None else {document: b""}
    assert plan(Bucket("b", "1", 0.0, "cn-hangzhou", documents=documents)) == expected
    assert BucketPlan(False, False, False) == NO_BUCKET
