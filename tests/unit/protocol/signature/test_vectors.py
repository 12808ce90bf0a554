"""Recorded signatures of other programs, which do not depend on the code here."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import parse, verify

FIXTURES = Path(__file__).parents[4] / "fixtures" / "signatures"
VECTORS = [
    pytest.param(vector, id=f"{path.stem}: {vector['source']}")
    for path in sorted(FIXTURES.glob("*.toml"))
    for vector in tomllib.loads(path.read_text("utf-8"))["vector"]
]


def request_of(vector: dict[str, Any]) -> Request:
    return Request.parse(
        vector["method"],
        vector["target"],
        vector.get("headers", {}).items(),
        float(vector["received"]),
    )


@pytest.mark.parametrize("vector", VECTORS)
def test_recorded_signature_is_verified(vector: dict[str, Any]) -> None:
    request = request_of(vector)
    claim = parse(request)
    assert claim is not None
    target = Target(vector["bucket"], vector["key"])
    region = vector.get("region", "any")

    verify(claim, request, target, vector["secret"], region)

    with pytest.raises(OSSError) as caught:
        verify(claim, request, target, "another secret", region)
    assert caught.value.code == "SignatureDoesNotMatch"
    if "string_to_sign" in vector:
        assert caught.value.details["StringToSign"] == vector["string_to_sign"]


def test_vectors_are_complete() -> None:
    assert len(VECTORS) > 30
