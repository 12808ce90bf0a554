"""Signed names must be given only once, and the signed text must have only one reading."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Version
from oss_emulator.protocol.signature.unsigned import (
    UNSIGNED_PARTS,
    Dialect,
    check_once,
    check_readable,
)


@pytest.mark.parametrize(
    ("name", "is_refused"), [("Content-MD5", True), ("x-oss-acl", True), ("Accept", False)]
)
def test_only_a_signed_header_must_be_given_once(name: str, is_refused: bool) -> None:
    request = Request.parse("GET", "/bucket/a", [(name, "a"), (name, "b")], 0.0)
    with pytest.raises(OSSError) if is_refused else nullcontext() as refusal:
        check_once(request, ("content-md5",), ("x-oss-",))
    if refusal is not None:
        assert refusal.value.details["ArgumentName"] == name.lower()


@pytest.mark.parametrize(
    ("text", "names", "is_refused"),
    [
        ("acl&uploads", ["acl", "uploads"], False),
        ("acl&other=1", ["acl"], False),
        ("acl=&uploads", ["acl"], True),
        ("acl", ["acl", "uploads"], True),
    ],
)
def test_signed_text_must_read_like_its_parameters_only(
    text: str, names: list[str], is_refused: bool
) -> None:
    with pytest.raises(OSSError) if is_refused else nullcontext() as refusal:
        check_readable(text, names, {"acl", "uploads"}.__contains__)
    if refusal is not None:
        assert refusal.value.details["ArgumentName"] == "acl"


def test_version_1_leaves_open_the_parameters_that_it_does_not_sign() -> None:
    parameters = UNSIGNED_PARTS[Dialect.OSS, Version.V1].parameters
    assert "prefix" in parameters
    assert parameters.isdisjoint(("acl", "Expires", "Signature"))
