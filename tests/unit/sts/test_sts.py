"""STS: actions, parameters in a form, and the forms of answers."""

from __future__ import annotations

import pytest
from oss_emulator import sts
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request

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


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("sts.aliyuncs.com", True),
        ("sts.cn-hangzhou.aliyuncs.com", True),
        ("sts-vpc.cn-hangzhou.aliyuncs.com", True),
        ("sts.oss-cn-hangzhou.aliyuncs.com", False),
        ("oss-cn-hangzhou.aliyuncs.com", False),
        ("sts.aliyuncs.com.example.com", False),
    ],
)
def test_hosts_of_sts(host: str, expected: bool) -> None:
    assert sts.is_host(host) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/_emulator/sts", True),
        ("/_emulator/sts/", True),
        ("/_emulator/sts/x", False),
        ("/?Action=GetCallerIdentity&Version=2015-04-01", True),
        ("/bucket?Action=GetCallerIdentity&Version=2015-04-01", False),
        ("/?Action=GetCallerIdentity", False),
        ("/?acl", False),
        ("/", False),
    ],
)
def test_requests_to_sts_at_the_own_endpoint(target: str, expected: bool) -> None:
    request = Request.parse("GET", target, [], 0.0)
    assert sts.is_at_endpoint(request) is expected


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
