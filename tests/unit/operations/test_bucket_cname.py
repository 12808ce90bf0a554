"""Custom domains of a bucket: tokens, bindings and releases."""

from __future__ import annotations

from tests.unit.operations.service import Caller, check_error

BODY = """<BucketCnameConfiguration><Cname><Domain>%s</Domain></Cname>
</BucketCnameConfiguration>"""


def test_token_is_read_back(ask: Caller) -> None:
    created = ask("POST", "/bucket?cname&comp=token", BODY % "WWW.a.com")
    assert (created.text("Bucket"), created.text("Cname")) == ("bucket", "www.a.com")
    read = ask("GET", "/bucket?comp=token&cname=www.a.com")
    assert read.text("Token") == created.text("Token")
    answer = ask("GET", "/bucket?comp=token&cname=www.b.com")
    assert (answer.status, answer.code) == (404, "CnameTokenNotFound")


def test_bound_domain_is_listed_until_it_is_released(ask: Caller) -> None:
    assert ask("POST", "/bucket?cname&comp=add", BODY % "a.test").status == 200
    listed = ask("GET", "/bucket?cname")
    assert (listed.text("Cname/Domain"), listed.text("Cname/Status")) == ("a.test", "Enabled")
    for _ in range(2):
        assert ask("POST", "/bucket?cname&comp=delete", BODY % "A.test").status == 200
    assert ask("GET", "/bucket?cname").text("Cname/Domain") is None


def test_domain_belongs_to_one_bucket(ask: Caller) -> None:
    ask("PUT", "/other")
    ask("POST", "/other?cname&comp=add", BODY % "a.test")
    answer = ask("POST", "/bucket?cname&comp=add", BODY % "a.test")
    assert (answer.status, answer.code) == (403, "CnameDenied")
    assert ask("POST", "/other?cname&comp=add", BODY % "a.test").status == 200


def test_domain_that_could_have_an_owner_needs_proof(ask: Caller) -> None:
    answer = ask("POST", "/bucket?cname&comp=add", BODY % "www.a.com")
    assert answer.code == "NeedVerifyDomainOwnership"


def test_missing_token_is_named(ask: Caller) -> None:
    """S-27"""
    answer = ask("GET", "/bucket?cname=a.test&comp=token")
    named = {"Bucket": "bucket", "Cname": "a.test"}
    message = "Cname token not found."
    check_error(answer, 404, "CnameTokenNotFound", message, "0018-00000301", **named)
