"""Values from documents: callbacks by name, keys with a style, policies, CORS rules."""

from __future__ import annotations

import pytest
from oss_emulator.access.policy import PolicyError
from oss_emulator.operations import cors, policy
from oss_emulator.operations.configurations import find_callback
from oss_emulator.operations.style import ImageAccess, access_of, image_access
from oss_emulator.protocol.errors import OSSError

from tests.rows import rows

CALLBACKS = {
    "policy&comp=callback": b"""<BucketCallbackPolicy>
<PolicyItem><PolicyName>a</PolicyName><Callback>abc</Callback></PolicyItem>
<PolicyItem><PolicyName>b</PolicyName><Callback>def</Callback><CallbackVar>x</CallbackVar>
</PolicyItem></BucketCallbackPolicy>"""
}


def test_callback_policy_is_found_by_its_name() -> None:
    assert find_callback(CALLBACKS, "a") == ("abc", "")
    assert find_callback(CALLBACKS, "b") == ("def", "x")
    for kept in ({}, CALLBACKS):
        with pytest.raises(OSSError, match="callback policy does not exist") as caught:
            find_callback(kept, "c")
        assert caught.value.code == "InvalidArgument"
        assert caught.value.details["ArgumentValue"] == "c"


IMAGES = b"""<BucketProcessConfiguration><SourceFileProtect>%s</SourceFileProtect>
<SourceFileProtectSuffix>jpg, .png</SourceFileProtectSuffix>
<StyleDelimiters>/,-</StyleDelimiters></BucketProcessConfiguration>"""


def test_image_access_is_read() -> None:
    name = image_access.subresource
    assert access_of({name: IMAGES % b"Enabled"}) == ImageAccess((".jpg", ".png"), "/-")
    assert access_of({name: IMAGES % b"Disabled"}) == ImageAccess((), "/-")
    assert access_of({}) == ImageAccess()


@rows(
    ("key", "parts"),
    ("a.jpg-small", ("a.jpg", "small")),
    ("a/b-c", ("a/b", "c")),
    ("a-b/c", ("a-b", "c")),
    ("-small", None),
    ("a-", None),
    ("a.jpg", None),
)
def test_key_is_split_at_the_last_separator(key: str, parts: tuple[str, str] | None) -> None:
    assert ImageAccess((), "/-").split(key) == parts


def test_damaged_policy_is_an_error() -> None:
    assert policy.of({}) is None
    with pytest.raises(PolicyError):
        policy.of({"policy": b"{"})


def test_cors_rules_match_only_text() -> None:
    """Bytes that are not UTF-8 arrive as surrogates."""
    rules = cors.parse(
        b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET"
        b"</AllowedMethod><AllowedHeader>x-oss-*</AllowedHeader></CORSRule></CORSConfiguration>"
    )
    assert rules.headers_for("http://a", "GET")["Access-Control-Allow-Origin"] == "*"
    assert rules.headers_for("http://\udcff", "GET") == {}
    assert rules.preflight("http://a", "GET", "x-oss-a") is not None
    assert rules.preflight("http://a", "GET", "x-oss-\udcff") is None
