"""The policy of a form: what it may say, and what its conditions refuse."""

import json
from base64 import b64encode
from typing import Any

import pytest
from oss_emulator.protocol import form_policy
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form_policy import MAX_SIZE, Sizes

EXPIRATION = "2030-01-31T00:00:00.000Z"
NOW = 1_700_000_000.0


def encoded(document: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return b64encode(text.encode()).decode()


def policy(*conditions: Any) -> form_policy.FormPolicy:
    return form_policy.parse_form_policy(
        encoded({"expiration": EXPIRATION, "conditions": conditions})
    )


def refusal(document: Any) -> OSSError:
    with pytest.raises(OSSError, match="InvalidPolicyDocument") as caught:
        form_policy.parse_form_policy(encoded(document))
    return caught.value


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ({"Key": "a"}, "a", True),
        ({"key": "a"}, "b", False),
        (["eq", "$key", "a"], "a", True),
        (["starts-with", "$key", "dir/"], "dir/a", True),
        (["starts-with", "$key", ""], "", True),
        (["starts-with", "$key", "dir/"], "a", False),
        (["in", "$key", ["a", "b"]], "b", True),
        (["in", "$key", ["a", "b"]], "c", False),
        (["not-in", "$key", ["a", "b"]], "c", True),
        (["not-in", "$key", ["a", "b"]], "a", False),
    ],
)
def test_condition_is_checked(condition: Any, value: str, holds: bool) -> None:
    checked = policy(condition)
    if holds:
        checked.check({"key": value, "other": "anything"}, NOW)
        return
    with pytest.raises(OSSError, match="Policy Condition failed") as caught:
        checked.check({"key": value}, NOW)
    assert caught.value.ec == "0006-00000227"


def test_condition_on_a_missing_field_fails() -> None:
    with pytest.raises(OSSError) as caught:
        policy(["eq", "$key", "a"]).check({}, NOW)
    assert caught.value.ec == "0006-00000226"
    assert caught.value.message.endswith('Policy Condition failed: ["eq", "$key", "a"]')


def test_policy_expires() -> None:
    checked = policy()
    checked.check({}, checked.expiration)
    with pytest.raises(OSSError, match="Policy expired") as caught:
        checked.check({}, checked.expiration + 1)
    assert caught.value.ec == "0006-00000213"


def test_escaped_dollar_is_accepted() -> None:
    text = rf'{{"expiration": "{EXPIRATION}", "conditions": [["eq", "\$key", "\"a"]]}}'
    form_policy.parse_form_policy(encoded(text)).check({"key": '"a'}, NOW)


def test_ranges_of_sizes_are_combined() -> None:
    assert policy().sizes == Sizes(0, MAX_SIZE)
    ranges = ["content-length-range", 2, 10], ["content-length-range", 1, 5]
    sizes = policy(*ranges).sizes
    assert sizes == Sizes(2, 5)
    sizes.check(2)
    sizes.check(5)
    with pytest.raises(OSSError, match="EntityTooSmall"):
        sizes.check(1)
    with pytest.raises(OSSError, match="EntityTooLarge"):
        sizes.check_most(6)


RANGE = "content-length-range"


@pytest.mark.parametrize(
    ("condition", "ec"),
    [
        ({}, ""),
        ({"a": "1", "b": "2"}, ""),
        ({"key": 1}, ""),
        (["in", "$key", "a"], ""),
        (["eq", "$key"], "0006-00000216"),
        (["like", "$key", "a"], "0006-00000216"),
        (["eq", 1, "a"], "0006-00000216"),
        ("key", "0006-00000216"),
        ([RANGE, 1], "0006-00000221"),
        ([RANGE, -1, 2], "0006-00000221"),
        ([RANGE, True, 2], "0006-00000221"),
        ([RANGE, [1], 2], "0006-00000223"),
        ([RANGE, 2, 1], "0006-00000219"),
    ],
)
def test_bad_condition_is_refused(condition: Any, ec: str) -> None:
    error = refusal({"expiration": EXPIRATION, "conditions": [condition]})
    assert (error.status, error.ec) == (400, ec)


@pytest.mark.parametrize(
    ("document", "ec", "message"),
    [
        ([], "", "Invalid JSON: { expected."),
        ("{", "0006-00000201", "Invalid JSON"),
        ('{"a": x}', "0006-00000201", "Invalid JSON: unknown char x."),
        ("[" * 100_000, "0006-00000201", "Invalid JSON: nested too deeply."),
        ("9" * 5_000, "0006-00000201", "Invalid JSON: a number has more than 308 digits."),
        ({"other": 1}, "0006-00000206", "Unexpected parameter: other."),
        ({"expiration": EXPIRATION}, "0006-00000207", "Policy must contain conditions."),
        ({"conditions": []}, "0006-00000208", "Policy must contain expiration."),
        ({}, "0006-00000209", "Policy must contain conditions and expiration."),
        ({"expiration": EXPIRATION, "conditions": {}}, "", "conditions must be a list."),
        ({"expiration": 1, "conditions": []}, "0006-00000210", "Invalid expiration"),
        ({"expiration": "", "conditions": []}, "0006-00000211", "Invalid expiration"),
        ({"expiration": "soon", "conditions": []}, "", "Invalid expiration: soon is not a time"),
    ],
)
def test_bad_document_is_refused(document: Any, ec: str, message: str) -> None:
    error = refusal(document)
    assert error.ec == ec
    assert error.message.startswith(f"Invalid Policy: {message}")


def test_policy_must_be_base64() -> None:
    with pytest.raises(OSSError, match="not UTF-8 text in base64"):
        form_policy.parse_form_policy("!")
