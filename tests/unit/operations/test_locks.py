"""Object retention and legal hold: what sets them, who sees them, and what they forbid (P-64)."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.protocol import dates
from oss_emulator.protocol.dates import format_iso

from tests.unit.operations.service import NOW, Answer, Caller

ID = "x-oss-version-id"
DAY = 24 * 60 * 60
ENABLED = "<ObjectWormEnabled>Enabled</ObjectWormEnabled>"
WORM = f"<ObjectWormConfiguration>{ENABLED}%s</ObjectWormConfiguration>"
RULE = "<Rule><DefaultRetention><Mode>%s</Mode><Days>2</Days></DefaultRetention></Rule>"
RETENTION = "<Retention><Mode>%s</Mode><RetainUntilDate>%s</RetainUntilDate></Retention>"
HOLD = "<LegalHold><Status>%s</Status></LegalHold>"
TOMORROW = format_iso(NOW + DAY)
BYPASS = {"x_oss_bypass_governance_retention": "true"}


def enable(ask: Caller, mode: str = "") -> None:
    """Enable object retention, in a mode with a default of two days."""
    rule = RULE % mode if mode else ""
    assert ask("PUT", "/bucket?objectWorm", WORM % rule).status == 200


@pytest.fixture
def worm(ask: Caller) -> Caller:
    """A service whose bucket has object retention without a default."""
    ask.keep_versions()
    enable(ask)
    return ask


def locks(mode: str = "", until: str = "", hold: str = "") -> dict[str, str]:
    """The headers that retain and hold a new object."""
    sent = {"mode": mode, "retain_until_date": until, "legal_hold": hold}
    return {f"x_oss_object_worm_{name}": value for name, value in sent.items() if value}


def shown(answer: Answer) -> dict[str, str]:
    """The headers of an answer about retention and legal hold, by the ends of their names."""
    prefix = "x-oss-object-worm-"
    headers = answer.headers.items()
    return {name[len(prefix) :]: value for name, value in headers if name.startswith(prefix)}


def delete(ask: Caller, version: str, **headers: str) -> str:
    return ask("DELETE", f"/bucket/a?versionId={version}", **headers).code


# --- Setting


ALL = locks("GOVERNANCE", TOMORROW, "ON")
SHOWN = {"mode": "GOVERNANCE", "retain-until-date": TOMORROW, "legal-hold": "ON"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers_of_an_upload_are_shown(worm: Caller, method: str) -> None:
    worm("PUT", "/bucket/a", "x", **ALL)
    assert shown(worm(method, "/bucket/a")) == SHOWN


def test_headers_of_a_copy_count_and_not_those_of_its_source(worm: Caller) -> None:
    worm("PUT", "/bucket/source", "x", **locks("COMPLIANCE", TOMORROW))
    worm("PUT", "/bucket/a", x_oss_copy_source="/bucket/source")
    worm("PUT", "/bucket/b", x_oss_copy_source="/bucket/source", **ALL)
    assert shown(worm("HEAD", "/bucket/a")) == {}
    assert shown(worm("HEAD", "/bucket/b")) == SHOWN


def test_headers_of_the_initiation_count_for_an_upload_of_parts(worm: Caller) -> None:
    upload_id = worm.begin_upload("a", **ALL)
    worm.complete("a", upload_id, worm.put_parts("a", upload_id, b"x"))
    assert shown(worm("HEAD", "/bucket/a")) == SHOWN


def test_documents_show_what_the_headers_set(worm: Caller) -> None:
    worm("PUT", "/bucket/a", "x", **ALL)
    assert worm("GET", "/bucket/a?retention").text("Mode") == "GOVERNANCE"
    assert worm("GET", "/bucket/a?retention").text("RetainUntilDate") == TOMORROW
    assert worm("GET", "/bucket/a?legalHold").text("Status") == "ON"


def test_headers_show_what_the_documents_set(worm: Caller) -> None:
    worm("PUT", "/bucket/a", "x")
    worm("PUT", "/bucket/a?retention", RETENTION % ("COMPLIANCE", "2030-01-01T00:00:00Z"))
    worm("PUT", "/bucket/a?legalHold", HOLD % "ON")
    expected = {"mode": "COMPLIANCE", "retain-until-date": "2030-01-01T00:00:00.000Z"}
    assert shown(worm("HEAD", "/bucket/a")) == {**expected, "legal-hold": "ON"}
    worm("PUT", "/bucket/a?legalHold", HOLD % "OFF")
    assert shown(worm("HEAD", "/bucket/a")) == expected


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        (locks("NONE", TOMORROW), "x-oss-object-worm-mode"),
        (locks(until=TOMORROW), "x-oss-object-worm-mode"),
        (locks("COMPLIANCE"), "x-oss-object-worm-retain-until-date"),
        (locks("COMPLIANCE", "tomorrow"), "x-oss-object-worm-retain-until-date"),
        (locks("COMPLIANCE", format_iso(NOW)), "x-oss-object-worm-retain-until-date"),
        (locks(hold="on"), "x-oss-object-worm-legal-hold"),
    ],
)
def test_bad_header_is_refused_by_name(worm: Caller, sent: dict[str, str], named: str) -> None:
    answer = worm("PUT", "/bucket/a", "x", **sent)
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", named)
    assert worm("HEAD", "/bucket/a").status == 404


@pytest.mark.parametrize("sent", [locks("COMPLIANCE", TOMORROW), locks(hold="OFF")])
def test_headers_need_a_bucket_with_object_retention(ask: Caller, sent: dict[str, str]) -> None:
    ask.keep_versions()
    assert ask("PUT", "/bucket/a", "x", **sent).code == "InvalidRequest"


# --- The default of the bucket


def test_new_objects_get_the_default_period(worm: Caller) -> None:
    worm("PUT", "/bucket/old", "x")
    enable(worm, "COMPLIANCE")
    worm.now += DAY
    upload_id = worm.begin_upload("parts")
    worm.now += DAY
    worm("PUT", "/bucket/a", "x")
    worm("PUT", "/bucket/copy", x_oss_copy_source="/bucket/old")
    worm.complete("parts", upload_id, worm.put_parts("parts", upload_id, b"x"))
    expected = {"mode": "COMPLIANCE", "retain-until-date": format_iso(NOW + 4 * DAY)}
    for key in ("a", "copy", "parts"):
        assert shown(worm("HEAD", f"/bucket/{key}")) == expected
    assert shown(worm("HEAD", "/bucket/old")) == {}


def test_period_of_the_request_counts_instead_of_the_default(worm: Caller) -> None:
    enable(worm, "COMPLIANCE")
    worm("PUT", "/bucket/a", "x", **ALL)
    assert shown(worm("HEAD", "/bucket/a")) == SHOWN
    worm("PUT", "/bucket/b", "x", **locks(hold="ON"))
    assert shown(worm("HEAD", "/bucket/b"))["mode"] == "COMPLIANCE"


# --- Protecting


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_retained_version_can_be_deleted_when_its_period_is_over(worm: Caller, mode: str) -> None:
    version = worm("PUT", "/bucket/a", "x", **locks(mode, TOMORROW)).headers[ID]
    worm.now += DAY - 1
    answer = worm("DELETE", f"/bucket/a?versionId={version}")
    assert (answer.status, answer.code, answer.text("Key")) == (409, "FileImmutable", "a")
    worm.now += 1
    assert delete(worm, version) == ""
    assert worm("HEAD", f"/bucket/a?versionId={version}").status == 404


@pytest.mark.parametrize(
    ("sent", "deleted"),
    [
        (locks("GOVERNANCE", TOMORROW), True),
        (locks("COMPLIANCE", TOMORROW), False),
        (locks("GOVERNANCE", TOMORROW, "ON"), False),
    ],
)
def test_only_governance_can_be_bypassed(worm: Caller, sent: dict[str, str], deleted: bool) -> None:
    version = worm("PUT", "/bucket/a", "x", **sent).headers[ID]
    assert delete(worm, version, **BYPASS) == ("" if deleted else "FileImmutable")


def test_held_version_can_be_deleted_when_the_hold_is_off(worm: Caller) -> None:
    version = worm("PUT", "/bucket/a", "x", **locks(hold="ON")).headers[ID]
    worm.now += 3650 * DAY
    assert delete(worm, version) == "FileImmutable"
    worm("PUT", f"/bucket/a?legalHold&versionId={version}", HOLD % "OFF")
    assert delete(worm, version) == ""


def test_hold_does_not_replace_the_period(worm: Caller) -> None:
    version = worm("PUT", "/bucket/a", "x", **ALL).headers[ID]
    worm("PUT", "/bucket/a?legalHold", HOLD % "OFF")
    assert delete(worm, version) == "FileImmutable"


@pytest.mark.parametrize(("headers", "code"), [({}, "FileImmutable"), (BYPASS, "")])
def test_multiple_deletion_deletes_nothing_if_one_version_is_retained(
    worm: Caller, headers: dict[str, Any], code: str
) -> None:
    free = worm("PUT", "/bucket/a", "1").headers[ID]
    retained = worm("PUT", "/bucket/a", "2", **locks("GOVERNANCE", TOMORROW)).headers[ID]
    named = "".join(
        f"<Object><Key>a</Key><VersionId>{version}</VersionId></Object>"
        for version in (free, retained)
    )
    assert worm.delete_many(f"<Delete>{named}</Delete>", **headers).code == code
    assert (worm("GET", f"/bucket/a?versionId={free}").status == 200) is bool(code)


def test_retained_object_gets_new_versions_and_delete_markers(worm: Caller) -> None:
    version = worm("PUT", "/bucket/a", "1", **ALL).headers[ID]
    assert worm("PUT", "/bucket/a", "2").status == 200
    assert worm("DELETE", "/bucket/a").headers["x-oss-delete-marker"] == "true"
    assert worm("GET", f"/bucket/a?versionId={version}").body == b"1"


def test_version_from_before_versioning_can_be_retained(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    ask.keep_versions()
    enable(ask)
    ask("PUT", "/bucket/a?retention", RETENTION % ("COMPLIANCE", TOMORROW))
    assert delete(ask, "null") == "FileImmutable"
    ask.now += DAY
    assert delete(ask, "null") == ""


# --- What a bucket with object retention refuses


def test_versioning_cannot_be_suspended(worm: Caller) -> None:
    body = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    assert worm("PUT", "/bucket?versioning", body).code == "InvalidRequest"
    assert worm("GET", "/bucket?versioning").text("Status") == "Enabled"
    worm.keep_versions()


def test_retention_policy_of_the_bucket_is_excluded(worm: Caller) -> None:
    days = "<RetentionPeriodInDays>1</RetentionPeriodInDays>"
    body = f"<InitiateWormConfiguration>{days}</InitiateWormConfiguration>"
    assert worm("POST", "/bucket?worm", body).code == "InvalidRequest"


def test_nothing_can_be_appended(worm: Caller) -> None:
    assert worm("POST", "/bucket/a?append&position=0", "x").code == "InvalidRequest"


def test_object_retention_cannot_be_disabled(worm: Caller) -> None:
    assert worm("DELETE", "/bucket?objectWorm").status == 501
    enable(worm, "GOVERNANCE")
    assert worm("GET", "/bucket?objectWorm").text("Rule/DefaultRetention/Mode") == "GOVERNANCE"


@pytest.mark.parametrize("until", ["10000-01-01T00:00:00.000Z", "9999-12-31T23:59:60Z"])
def test_date_after_the_year_9999_is_refused(worm: Caller, until: str) -> None:
    answer = worm("PUT", "/bucket/a", "x", **locks("GOVERNANCE", until))
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    worm("PUT", "/bucket/a", "x")
    answer = worm("PUT", "/bucket/a?retention", RETENTION % ("GOVERNANCE", until))
    assert (answer.status, answer.code) == (400, "MalformedXML")


@pytest.mark.parametrize("period", ["<Days>36501</Days>", "<Years>101</Years>"])
def test_longer_default_than_the_service_knows_is_refused(worm: Caller, period: str) -> None:
    """P-64: at most 36,500 days or 100 years."""
    rule = f"<Rule><DefaultRetention><Mode>GOVERNANCE</Mode>{period}</DefaultRetention></Rule>"
    answer = worm("PUT", "/bucket?objectWorm", WORM % rule)
    assert (answer.status, answer.code) == (400, "InvalidArgument")


def test_default_that_would_end_after_the_year_9999_refuses_uploads(worm: Caller) -> None:
    enable(worm, "GOVERNANCE")
    worm.now = dates.LATEST - 2 * DAY
    assert worm("PUT", "/bucket/a", "x").status == 200
    assert shown(worm("HEAD", "/bucket/a"))["retain-until-date"] == format_iso(dates.LATEST)
    worm.now += 1
    answer = worm("PUT", "/bucket/a", "x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    upload = worm.begin_upload("b")
    answer = worm.complete("b", upload, worm.put_parts("b", upload, b"x"))
    assert (answer.status, answer.code) == (400, "InvalidArgument")


# --- Permissions

ALLOW = """{"Version": "1", "Statement": [{"Effect": "Allow", "Principal": ["*"],
"Action": [%s], "Resource": ["acs:oss:*:*:bucket/*"]}]}"""


@pytest.mark.parametrize(
    ("further", "code"), [("", "AccessDenied"), ("oss:BypassGovernanceRetention", "")]
)
def test_bypass_needs_its_own_permission(worm: Caller, further: str, code: str) -> None:
    actions = ["oss:DeleteObject", "oss:DeleteObjectVersion", *filter(None, [further])]
    worm("PUT", "/bucket?policy", ALLOW % ", ".join(f'"{action}"' for action in actions))
    version = worm("PUT", "/bucket/a", "x", **locks("GOVERNANCE", TOMORROW)).headers[ID]
    named = f"<Object><Key>a</Key><VersionId>{version}</VersionId></Object>"
    target = f"/bucket/a?versionId={version}"
    assert worm.anonymously("DELETE", target).code == "FileImmutable"
    if code:
        assert worm.anonymously("DELETE", target, **BYPASS).code == code
    body = f"<Delete>{named}</Delete>"
    assert worm.delete_many(body, anonymous=True, **BYPASS).code == code


def test_upload_with_a_period_needs_the_permission_to_retain(worm: Caller) -> None:
    worm("PUT", "/bucket?policy", ALLOW % '"oss:PutObject"')
    assert worm.anonymously("PUT", "/bucket/a", "x").status == 200
    assert worm.anonymously("PUT", "/bucket/a", "x", **ALL).code == "AccessDenied"
    actions = '"oss:PutObject", "oss:PutObjectRetention", "oss:PutObjectLegalHold"'
    worm("PUT", "/bucket?policy", ALLOW % actions)
    assert worm.anonymously("PUT", "/bucket/a", "x", **ALL).status == 200
