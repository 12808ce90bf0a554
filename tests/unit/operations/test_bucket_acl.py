"""The ACL of a bucket."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller


def test_the_acl_is_answered_with_the_owner(ask: Caller) -> None:
    got = ask("GET", "/bucket?acl")
    assert (got.text("AccessControlList/Grant"), got.text("Owner/ID")) == (
        "private",
        ask.service.accounts.owner.id,
    )


@pytest.mark.parametrize("acl", ["private", "public-read", "public-read-write"])
def test_the_header_sets_the_acl(ask: Caller, acl: str) -> None:
    assert ask("PUT", "/bucket?acl", x_oss_acl=acl).status == 200
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == acl


def test_without_the_header_nothing_changes(ask: Caller) -> None:
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    assert ask("PUT", "/bucket?acl").status == 200
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == "public-read"


def test_an_unknown_acl_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?acl", x_oss_acl="default")
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "x-oss-acl")
