"""Access points: their configurations, their policies, and requests through their aliases."""

from __future__ import annotations

import re
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.access import ANONYMOUS, Identity, Kind, Policy, PolicyType
from oss_emulator.documents import access_point
from oss_emulator.operations import permissions
from oss_emulator.pipeline import authentication
from oss_emulator.protocol import signature, xml
from oss_emulator.protocol.signature import Claim, Place, Version

from tests.unit.operations.service import Answer, Caller, check_error

ACCOUNT = "1000000000000001"
BLOCK = (
    "<PublicAccessBlockConfiguration><BlockPublicAccess>{}</BlockPublicAccess>"
    "</PublicAccessBlockConfiguration>"
)
BLOCKED = "/bucket?publicAccessBlock&x-oss-access-point-name=ap-1"


def create(
    ask: Caller, name: str = "ap-1", origin: str = "internet", vpc: str = "", bucket: str = "bucket"
) -> Answer:
    of_vpc = f"<VpcConfiguration><VpcId>{vpc}</VpcId></VpcConfiguration>"
    document = (
        f"<CreateAccessPointConfiguration><AccessPointName>{name}</AccessPointName>"
        f"<NetworkOrigin>{origin}</NetworkOrigin>{of_vpc}</CreateAccessPointConfiguration>"
    )
    return ask("PUT", f"/{bucket}?accessPoint", document)


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


# --- configurations


def test_access_point_is_described(ask: Caller) -> None:
    """P-83"""
    created = create(ask)
    alias = alias_of(created)
    assert re.fullmatch(r"ap-1-[0-9a-f]{34}-ossalias", alias)
    arn = f"acs:oss:cn-hangzhou:{ACCOUNT}:accesspoint/ap-1"
    assert created.text("AccessPointArn") == arn
    found = ask("GET", "/bucket?accessPoint", x_oss_access_point_name="ap-1")
    assert {element: found.text(element) for element in _DESCRIBED} == _DESCRIBED | {
        "Alias": alias,
        "AccessPointArn": arn,
        "CreationDate": str(int(ask.now)),
    }


_DESCRIBED = {
    "AccessPointName": "ap-1",
    "Bucket": "bucket",
    "AccountId": ACCOUNT,
    "NetworkOrigin": "internet",
    "AccessPointArn": "",
    "CreationDate": "",
    "Alias": "",
    "Status": "enable",
    "Endpoints/PublicEndpoint": "ap-1.oss-cn-hangzhou.oss-accesspoint.aliyuncs.com",
    "Endpoints/InternalEndpoint": "ap-1.oss-cn-hangzhou-internal.oss-accesspoint.aliyuncs.com",
    "PublicAccessBlockConfiguration/BlockPublicAccess": "true",
}


def test_access_points_are_listed_by_bucket_and_by_account(ask: Caller) -> None:
    """P-83"""
    ask("PUT", "/other")
    for name, bucket in (("ap-2", "bucket"), ("ap-3", "other"), ("ap-1", "bucket")):
        create(ask, name, bucket=bucket)

    def names(target: str) -> tuple[list[str], Answer]:
        answer = ask("GET", target)
        return answer.texts("AccessPoints/AccessPoint/AccessPointName"), answer

    assert names("/bucket?accessPoint")[0] == ["ap-1", "ap-2"]
    assert names("/other?accessPoint&continuation-token=")[0] == ["ap-3"]
    first, answer = names("/?accessPoint&max-keys=2")
    assert (first, answer.text("IsTruncated"), answer.text("MaxKeys")) == (
        ["ap-1", "ap-2"],
        "true",
        "2",
    )
    token = answer.text("NextContinuationToken")
    rest, answer = names(f"/?accessPoint&max-keys=2&continuation-token={token}")
    assert (rest, answer.text("IsTruncated")) == (["ap-3"], "false")


def test_deleted_access_point_is_missing(ask: Caller) -> None:
    alias = alias_of(create(ask))
    put_policy(ask, statement("Deny", ACCOUNT))
    assert ask("DELETE", "/bucket?accessPoint", x_oss_access_point_name="ap-1").status == 204
    for method, target in (
        ("GET", "/bucket?accessPoint"),
        ("DELETE", "/bucket?accessPoint"),
        ("GET", "/bucket?accessPointPolicy"),
        ("DELETE", "/bucket?accessPointPolicy"),
    ):
        answer = ask(method, target, x_oss_access_point_name="ap-1")
        check_error(answer, 404, "NoSuchAccessPoint", "Accesspoint not found")
    assert ask("GET", f"/{alias}/a").code == "NoSuchBucket"
    # What was deleted does not come back with a new access point of the name.
    create(ask)
    answer = ask("GET", "/bucket?accessPointPolicy", x_oss_access_point_name="ap-1")
    assert answer.code == "NoSuchAccessPointPolicy"


@pytest.mark.parametrize(
    ("name", "origin", "vpc", "argument"),
    [
        ("ab", "internet", "", "AccessPointName"),
        ("a" * 20, "internet", "", "AccessPointName"),
        ("-ap", "internet", "", "AccessPointName"),
        ("AP-1", "internet", "", "AccessPointName"),
        ("a-ossalias", "internet", "", "AccessPointName"),
        ("ap-1", "moon", "", "NetworkOrigin"),
        ("ap-1", "vpc", "", "VpcId"),
    ],
)
def test_bad_configuration_is_refused(
    ask: Caller, name: str, origin: str, vpc: str, argument: str
) -> None:
    """P-83"""
    answer = create(ask, name, origin, vpc)
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", argument)


def test_name_is_unique_in_the_region_of_an_account(ask: Caller) -> None:
    """P-83"""
    ask("PUT", "/other")
    create(ask)
    answer = create(ask, bucket="other")
    assert (answer.status, answer.code) == (409, "AccessPointAlreadyExists")


def test_access_points_of_a_bucket_are_bounded(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-83"""
    assert (access_point.MAX_OF_BUCKET, access_point.MAX_OF_ACCOUNT) == (100, 1000)
    monkeypatch.setattr(access_point, "MAX_OF_BUCKET", 1)
    create(ask)
    assert create(ask, "ap-2").code == "TooManyAccessPoints"


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_request_without_a_name_is_refused(ask: Caller, method: str) -> None:
    answer = ask(method, "/bucket?accessPointPolicy", statement("Deny", ACCOUNT))
    assert (answer.code, answer.text("ArgumentName")) == (
        "InvalidArgument",
        "x-oss-access-point-name",
    )


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_block_of_a_missing_access_point_gets_404(ask: Caller, method: str) -> None:
    answer = ask(method, BLOCKED, BLOCK.format("true"))
    assert (answer.status, answer.code) == (404, "NoSuchAccessPoint")
    assert answer.text("AccessPointName") == "ap-1"


# --- policies


def test_policy_is_answered_as_it_was_put(ask: Caller) -> None:
    create(ask)
    policy = statement("Deny", ACCOUNT)
    assert put_policy(ask, policy).status == 200
    got = ask("GET", "/bucket?accessPointPolicy", x_oss_access_point_name="ap-1")
    assert (got.body.decode(), got.headers["Content-Type"]) == (policy, "application/json")
    gone = ask("DELETE", "/bucket?accessPointPolicy", x_oss_access_point_name="ap-1")
    assert gone.status == 204
    assert put_policy(ask, "{}").code == "InvalidPolicyDocument"


def test_public_policy_needs_public_access(ask: Caller) -> None:
    """P-83"""
    create(ask)
    policy = statement("Allow", "*")
    assert put_policy(ask, policy).code == "AccessDenied"
    assert ask("DELETE", BLOCKED).status == 204
    assert ask("GET", BLOCKED).text("BlockPublicAccess") == "false"
    assert put_policy(ask, policy).status == 200
    assert ask("PUT", BLOCKED, BLOCK.format("true")).status == 200
    assert ask("GET", BLOCKED).text("BlockPublicAccess") == "true"


# --- requests through an alias


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
    claim = Claim(Version.V4, Place.HEADER, "id", "", None, date="")
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
    ask: Caller,
    caller: Identity,
    policy: str,
    allowed: bool,
    monkeypatch: pytest.MonkeyPatch,
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


def test_public_statement_lets_everybody_in_unless_it_is_blocked(ask: Caller) -> None:
    """P-84"""
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask))
    assert ask.anonymously("GET", "/bucket/a").status == 200
    assert ask.anonymously("GET", f"/{alias}/a").code == "AccessDenied"
    ask("DELETE", BLOCKED)
    put_policy(ask, statement("Allow", "*"))
    assert ask.anonymously("GET", f"/{alias}/a").body == b"content"
    ask("PUT", BLOCKED, BLOCK.format("true"))
    assert ask.anonymously("GET", f"/{alias}/a").code == "AccessDenied"


def test_hotlink_protection_holds_for_access_points(ask: Caller) -> None:
    """P-84"""
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    ask("PUT", "/bucket/a", "content")
    alias = alias_of(create(ask))
    ask("DELETE", BLOCKED)
    put_policy(ask, statement("Allow", "*"))
    rules = (
        "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        "<Referer>http://www.example.com</Referer></RefererList></RefererConfiguration>"
    )
    ask("PUT", "/bucket?referer", rules)
    good, bad = "http://www.example.com/page", "http://thief.test/"
    assert ask.anonymously("GET", f"/{alias}/a", Referer=good).status == 200
    denied = ask.anonymously("GET", f"/{alias}/a", Referer=bad)
    assert denied.text("Message") == "You are denied by bucket referer policy."


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
        "PUT",
        f"/{names[through]}/a",
        x_oss_copy_source=f"/{names[source]}/a",
        x_oss_meta_x="1",
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


@pytest.mark.parametrize("sign", [oss2.Auth, oss2.AuthV2, oss2.AuthV4])
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
