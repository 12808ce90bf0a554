"""STS: actions, parameters in a form, and the forms of answers."""

from __future__ import annotations

import pytest
from oss_emulator.protocol import xml

from tests.unit.sts.requests import ask, check_refused, parameters, parse

REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"Action": None}, 400, "MissingAction"),
    ({"Action": "AssumeRoleWithSAML"}, 404, "InvalidAction.NotFound"),
    ({"Version": None}, 400, "InvalidVersion"),
    ({"Version": "2014-01-01"}, 400, "InvalidVersion"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
def test_unknown_action_or_version_is_refused(
    changes: dict[str, str | None], status: int, code: str
) -> None:
    check_refused(changes, status, code)


def test_error_recommends_a_page() -> None:
    refused = ask(parameters(Format="XML", RoleArn="x"))
    assert isinstance(refused.body, bytes)
    assert xml.parse(refused.body, "Error").text("Recommend") == (
        "https://api.aliyun.com/troubleshoot?q=InvalidParameter.RoleArn&product=Sts"
        "&requestId=0F101112-1314-1516-1718-191A1B1C1D1E"
    )


def test_parameters_may_be_in_a_form() -> None:
    response = ask(parameters("GetCallerIdentity"), method="POST")
    assert response.status == 200
    assert parse(response)["IdentityType"] == "RAMUser"


@pytest.mark.parametrize("form", ["XML", None])
def test_answers_are_xml_by_default(form: str | None) -> None:
    response = ask(parameters(Format=form))
    assert response.headers["Content-Type"] == "text/xml"
    assert isinstance(response.body, bytes)
    node = xml.parse(response.body, "AssumeRoleResponse")
    assert node.text("Credentials/AccessKeyId").startswith("STS.")
    refused = ask(parameters(Format=form, RoleArn="x"))
    assert isinstance(refused.body, bytes)
    assert xml.parse(refused.body, "Error").text("Code") == "InvalidParameter.RoleArn"
