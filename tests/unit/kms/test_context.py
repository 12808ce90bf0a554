"""EncryptionContext: equivalent contexts, and those that are refused."""

from __future__ import annotations

import pytest
from oss_emulator.kms.context import MAX_CONTEXT, canonical
from oss_emulator.rpc.errors import RPCError


def context(text: str) -> bytes:
    return canonical({"EncryptionContext": text})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('{"a": "1", "b": "2"}', '{"b":"2","a":"1"}'),
        ('{"a": "\\u4e2d"}', '{"a": "中"}'),
        ("{}", ""),
    ],
)
def test_equivalent_contexts_are_equal(first: str, second: str) -> None:
    """P-88"""
    assert context(first) == context(second)
    assert canonical({}) == context("")


@pytest.mark.parametrize(
    "text", ['{"a": "2"}', '{"b": "1"}', '{"a": "1", "b": ""}', '{"a": "1 "}', "{}"]
)
def test_other_contexts_differ(text: str) -> None:
    assert context(text) != context('{"a": "1"}')


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": "b"}]',
        '{"a": 1}',
        '{"a": ["b"]}',
        '{"a": null}',
        '"a"',
        "null",
        "{",
        "[" * MAX_CONTEXT,
        f'{{"a": "{"b" * MAX_CONTEXT}"}}',
    ],
)
def test_context_is_an_object_of_texts(text: str) -> None:
    with pytest.raises(RPCError) as caught:
        context(text)
    row = caught.value.spec()
    assert row.code == "InvalidParameter.EncryptionContext"
