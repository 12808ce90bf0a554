"""Access points: requests through their aliases, by whom they are allowed (P-84)."""

from __future__ import annotations

from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.access.identity import ANONYMOUS, Identity, Kind
from oss_emulator.access.policy import Policy, PolicyType
from oss_emulator.operations import access_point, permissions
from oss_emulator.pipeline import authentication
from oss_emulator.protocol import signature, xml
from oss_emulator.protocol.signature import Claim, SignedIn, Version

from tests.rows import rows
from tests.unit.operations.service import Answer, Caller

ACCOUNT = "1000000000000001"


def create(ask: Caller, name: str = "ap-1", origin: str = "internet", vpc: str = "") -> Answer:
    of_vpc = f"<VpcConfiguration><VpcId>{vpc}</VpcId></VpcConfiguration>"
    document = (
        f"<CreateAccessPointConfiguration><AccessPointName>{name}</AccessPointName>"
        f"<NetworkOrigin>{origin}</NetworkOrigin>{of_vpc}</CreateAccessPointConfiguration>"
    )
    return ask("PUT", "/bucket?accessPoint", document)


def alias_of(answer: Answer) -> str:
    alias = answer.text("Alias")
    assert alias is not None, answer.body
    return alias


def statement(effect: str, principal: str, action: str = "oss:*", resource: str = "*") -> str:
    place = f"acs:oss:*:*:accesspoint/ap-1{resource}"
    return (
        f'{{"Version":"1","Statement":[{{"Effect":"{effect}","Action":["{action}"],'
        f'"Principal":["{principal}"],"Resource":["{place}"]}}]}}'
    )


def put_policy(ask: Caller, policy: str) -> Answer:
    return ask("PUT", "/bucket?accessPointPolicy", policy, x_oss_access_point_name="ap-1")


def test_access_points_of_a_bucket_are_bounded(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-83"""
    assert (access_point.MAX_OF_BUCKET, access_point.MAX_OF_ACCOUNT) == (100, 1000)
    monkeypatch.setattr(access_point, "MAX_OF_BUCKET", 1)
    create(ask)
    assert create(ask, "ap-2").code == "TooManyAccessPoints"


USER = Identity(
    ACCOUNT,
    kind=Kind.USER,
    principal_id="2000000000000001",
    name="reader",
    policies=(
        Policy.parse(
            '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}',
            PolicyType.IDENTITY,
            "full",
        ),
    ),
)
OWNER = Identity(ACCOUNT)


def get_as(ask: Caller, caller: Identity, alias: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """GET an object through an alias with all checks; returns the code of the error, or ""."""
    claim = Claim(Version.V4, SignedIn.HEADER, "id", "", None, date="")
    monkeypatch.setattr(signature, "parse", lambda _: claim)
    monkeypatch.setattr(authentication, "_identify", lambda *_: (caller, None))
    return ask.anonymously("GET", f"/{alias}/a").code


@pytest.mark.parametrize(
    ("caller", "policy", "allowed"),
    [
        (OWNER, "", True),
        (OWNER, statement("Deny", ACCOUNT), False),
        (OWNER, statement("Deny", "*"), True),  # as in a bucket policy, A-31
        (OWNER, statement("Deny", ACCOUNT, resource="/object/b"), True),
        (USER, "", False),
        (USER, statement("Allow", USER.principal_id), True),
        (USER, statement("Allow", USER.principal_id, "oss:PutObject"), False),
        (USER, statement("Allow", USER.principal_id, resource="/object/a"), True),
        (USER, statement("Allow", USER.principal_id, resource="/object/b"), False),
        (USER, statement("Allow", "2000000000000009"), False),
        (ANONYMOUS, statement("Allow", USER.principal_id), False),
    ],
)
def test_policy_of_the_access_point_must_allow_too(
    ask: Caller, caller: Identity, policy: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-84"""
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask))
    if policy:
        assert put_policy(ask, policy).status == 200
    assert get_as(ask, caller, alias, monkeypatch) == ("" if allowed else "AccessDenied")


def test_access_point_gives_no_right_to_the_bucket(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-84"""
    stranger = Identity("1000000000000009")
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask))
    put_policy(ask, statement("Allow", stranger.id))
    assert get_as(ask, stranger, alias, monkeypatch) == "AccessDenied"
    arn = f"acs:oss:cn-hangzhou:{ACCOUNT}:accesspoint/ap-1"
    delegation = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject",'
        f'"Principal":["{stranger.id}"],"Resource":"acs:oss:*:*:bucket/*","Condition":'
        f'{{"StringEquals":{{"oss:DataAccessPointArn":"{arn}"}}}}}}]}}'
    )
    ask("PUT", "/bucket?policy", delegation)
    assert get_as(ask, stranger, alias, monkeypatch) == ""
    assert get_as(ask, stranger, "bucket", monkeypatch) == "AccessDenied"


def test_access_point_of_a_vpc_refuses_all_requests(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-84: no request to the emulator comes from a VPC."""
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask, origin="vpc", vpc="vpc-1"))
    assert get_as(ask, OWNER, alias, monkeypatch) == "AccessDenied"
    copied = ask.anonymously("PUT", "/bucket/b", x_oss_copy_source=f"/{alias}/a")
    assert copied.text("Message") == "The access point is open to requests from its VPC only."


def test_origin_of_an_access_point_is_checked_once(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask))
    checked: list[str] = []
    monkeypatch.setattr(
        permissions, "check_origin", lambda point: checked.append(point.name if point else "")
    )
    get_as(ask, OWNER, alias, monkeypatch)
    assert checked == ["ap-1"]
    checked.clear()
    assert ask.anonymously("PUT", "/bucket/b", x_oss_copy_source=f"/{alias}/a").status == 200
    assert list(filter(None, checked)) == ["ap-1"]


@pytest.mark.parametrize("through", ["bucket", "first", "second"])
@pytest.mark.parametrize("source", ["bucket", "first", "second"])
def test_copy_onto_itself_through_any_names_of_the_bucket_changes_only_the_metadata(
    ask: Caller, through: str, source: str
) -> None:
    ask("POST", "/bucket/a?append&position=0", "content", Content_Type="text/plain")
    names = {
        "bucket": "bucket",
        "first": alias_of(create(ask, "ap-1")),
        "second": alias_of(create(ask, "ap-2")),
    }
    copied = ask(
        "PUT", f"/{names[through]}/a", x_oss_copy_source=f"/{names[source]}/a", x_oss_meta_x="1"
    )
    assert copied.status == 200
    shown = ask("HEAD", "/bucket/a").headers
    assert (shown["x-oss-object-type"], shown.get("x-oss-meta-x")) == ("Appendable", "1")


def test_alias_is_found_without_parsing_all_access_points(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    aliases = [alias_of(create(ask, f"ap-{number}")) for number in range(5)]
    parsed = []
    parse = xml.parse

    def note(document: bytes, root: str) -> Any:
        parsed.append(document)
        return parse(document, root)

    monkeypatch.setattr(xml, "parse", note)
    for alias in aliases:
        found = access_point.find_alias(ask.service.storage, alias)
        assert found is not None
        assert found.alias == alias
    assert access_point.find_alias(ask.service.storage, "\udcff-ossalias") is None
    assert len(parsed) == len(aliases)


def test_bucket_cannot_be_put_through_an_access_point(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-84"""
    alias = alias_of(create(ask))
    assert get_as(ask, OWNER, alias, monkeypatch) == "NoSuchKey"
    put = ask.anonymously("PUT", f"/{alias}", x_oss_acl="public-read-write")
    assert put.text("Message") == "This operation cannot be called through an access point."
    assert ask("GET", "/bucket?acl").text("AccessControlList/Grant") == "private"


def test_policy_of_the_access_point_holds_for_the_target_of_a_copied_link(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-84"""
    ask("PUT", "/bucket/a", "content")
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="a")
    alias = alias_of(create(ask))
    upload = ask("POST", "/bucket/b?uploads").text("UploadId")
    part = f"/bucket/b?partNumber=1&uploadId={upload}"
    put_policy(ask, statement("Deny", ACCOUNT, resource="/object/a"))
    get_as(ask, OWNER, alias, monkeypatch)
    for key in ("a", "link"):
        copied = ask.anonymously("PUT", part, x_oss_copy_source=f"/{alias}/{key}")
        assert copied.code == "AccessDenied", key
    put_policy(ask, statement("Deny", ACCOUNT, resource="/object/b"))
    assert ask.anonymously("PUT", part, x_oss_copy_source=f"/{alias}/link").status == 200


@rows("sign", oss2.Auth, oss2.AuthV2, oss2.AuthV4)
def test_alias_stands_for_the_bucket_in_requests_of_oss2(sign: type[oss2.Auth]) -> None:
    """P-84: in the host, in the path, in signatures and as a source."""
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket")
        request = oss2.models.CreateAccessPointRequest("ap-1", "internet")
        alias = bucket.create_access_point(request).alias
        auth = sign(emulator.access_key_id, emulator.access_key_secret)
        proxies = {"http": emulator.endpoint}
        for endpoint in (emulator.endpoint, "http://oss-cn-hangzhou.aliyuncs.com"):
            through = oss2.Bucket(auth, endpoint, alias, region="cn-hangzhou", proxies=proxies)
            through.put_object("a", b"content")
            assert bucket.get_object("a").read() == b"content"
            url = through.sign_url("GET", "a", 60)
            assert through.get_object_with_url(url).read() == b"content"
            through.copy_object(alias, "a", "b")
            bucket.copy_object(alias, "a", "c")
            through.copy_object("examplebucket", "a", "a", headers={"x-oss-meta-x": "1"})
            assert [item.key for item in oss2.ObjectIterator(through)] == ["a", "b", "c"]
            upload = through.init_multipart_upload("d").upload_id
            part = through.upload_part("d", upload, 1, b"part")
            parts = [oss2.models.PartInfo(1, part.etag)]
            through.complete_multipart_upload("d", upload, parts)
            assert bucket.get_object("d").read() == b"part"
            through.batch_delete_objects(["a", "b", "c", "d"])
            assert not list(oss2.ObjectIterator(bucket))
            with pytest.raises(oss2.exceptions.AccessDenied, match="through an access point"):
                through.put_bucket_acl("public-read")
