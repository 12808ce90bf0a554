"""Forms of PostObject, and their policies."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64encode
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import form, form_policy
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import MAX_FIELDS, MAX_NAME, MAX_VALUE, Form, FormReader
from oss_emulator.protocol.form_policy import MAX_SIZE, Sizes

from tests.http import forms
from tests.http.forms import TYPE, File
from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- The reader of forms, whose result does not depend on the chunks of the body

Read = tuple[Form, bytes]


def read(body: bytes, cuts: list[int] | None = None, content_type: str = TYPE) -> Read:
    """Read a body that arrives in pieces, cut at these places."""
    reader, content = FormReader(content_type), b""
    edges = [0, *sorted(cuts or []), len(body)]
    for start, end in pairwise(edges):
        content += reader.feed(body[start:end])
    return reader.finish(), content


def outcome(body: bytes, cuts: list[int] | None = None) -> Read | str:
    try:
        return read(body, cuts)
    except OSSError as error:
        return error.code


# Parts of the delimiter and of its surroundings.
pieces = st.sampled_from(["\r", "\n", "-", "--", forms.BOUNDARY, "\r\n--", "x", "é", '"', "$"])
texts = st.lists(pieces, max_size=6).map("".join).filter(lambda text: forms.BOUNDARY not in text)
names = st.text("abcxyz-", min_size=1, max_size=8).filter(lambda name: name != "file")
contents = st.binary(max_size=60).filter(lambda data: forms.BOUNDARY.encode() not in data)


@st.composite
def cut(draw: st.DrawFn, body: bytes) -> list[int]:
    return draw(st.lists(st.integers(0, len(body)), max_size=12))


@given(st.lists(st.tuples(names, texts), max_size=4), contents, st.data())
def test_form_does_not_depend_on_the_chunks(
    fields: list[tuple[str, str]], content: bytes, data: st.DataObject
) -> None:
    body = forms.form(fields, File(content))
    expected: dict[str, str] = {}
    for name, value in fields:
        expected.setdefault(name, value)
    found, file = read(body, data.draw(cut(body)))
    assert (dict(found.fields), file) == (expected, content)
    assert (found.filename, found.content_type) == ("photo.jpg", "image/jpeg")


broken = st.lists(
    st.sampled_from(
        [
            b"--" + forms.BOUNDARY.encode(),
            b"\r\n",
            b"--",
            b'Content-Disposition: form-data; name="file"\r\n\r\n',
            b'Content-Disposition: form-data; name="key"\r\n\r\n',
            b"Content-Type: text/plain\r\n",
            b"x",
            b" ",
        ]
    ),
    max_size=14,
).map(b"".join)


@given(broken, st.data())
def test_outcome_does_not_depend_on_the_chunks(body: bytes, data: st.DataObject) -> None:
    assert outcome(body, data.draw(cut(body))) == outcome(body)


@given(contents)
def test_body_may_come_byte_by_byte(content: bytes) -> None:
    body = forms.form([("key", "a")], File(content))
    assert read(body, list(range(len(body)))) == read(body)


def test_file_is_not_kept_in_memory() -> None:
    reader = FormReader(TYPE)
    reader.feed(forms.form([("key", "a")], File(b"")).partition(b"\r\n--" + b"9431149156168--")[0])
    tracemalloc.start()
    try:
        for _ in range(100):
            assert len(reader.feed(b"x" * 10_000)) >= 10_000 - 20
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000


@rows(("header", "filename"), *CASES["name_of_the_file_is_parsed"])
def test_name_of_the_file_is_parsed(header: str, filename: str) -> None:
    part = f"content-disposition: form-data; {header}\r\n\r\nx".encode()
    assert read(forms.write([part]))[0].filename == filename


@rows(("key", "filename", "expected"), *CASES["filename_is_replaced_in_the_key"])
def test_filename_is_replaced_in_the_key(key: str, filename: str, expected: str) -> None:
    assert Form({"key": key}, filename).key == expected


def test_case_of_field_names_is_ignored() -> None:
    found, _ = read(forms.form([("OSSAccessKeyId", "id"), ("ossaccesskeyid", "other")]))
    assert found.text("OSSACCESSKEYID") == "id"


@rows("content_type", *CASES["boundary_is_parsed"])
def test_boundary_is_parsed(content_type: str) -> None:
    assert read(forms.form([]), content_type=content_type)[1] == b"content"


def test_text_before_and_after_the_form_is_ignored() -> None:
    body = b"preamble\r\n" + forms.form([("key", "a")]) + b"epilogue\r\n--9431149156168\r\n"
    assert read(body) == read(forms.form([("key", "a")]))


def test_fields_after_the_file_are_ignored() -> None:
    found, _ = read(forms.form([("key", "a")], after=[("submit", "Upload"), ("key", "b")]))
    assert dict(found.fields) == {"key": "a"}


@rows("content_type", *CASES["body_of_another_type_is_refused"])
def test_body_of_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(OSSError, match="RequestIsNotMultiPartContent"):
        FormReader(content_type)


TOO_MANY = [(f"f{number}", "v" * MAX_VALUE) for number in range(MAX_FIELDS // MAX_VALUE + 1)]

BAD = {
    "nothing": (b"", ErrorCase.MALFORMED_POST),
    "no delimiter": (b"hello", ErrorCase.MALFORMED_POST),
    "no end": (forms.form([("key", "a")])[:-6], ErrorCase.MALFORMED_POST),
    "a part without a disposition": (
        forms.write([b"Content-Type: text/plain\r\n\r\nx"]),
        ErrorCase.MALFORMED_POST,
    ),
    "a part without a name": (
        forms.write([b"Content-Disposition: form-data\r\n\r\nx"]),
        ErrorCase.MALFORMED_POST,
    ),
    "text after a delimiter": (b"--9431149156168x\r\n", ErrorCase.MALFORMED_POST),
    "no file": (forms.write([forms.field("key", "a")]), ErrorCase.ONE_FILE_REQUIRED),
    "two files": (forms.write([File().part, File().part]), ErrorCase.ONE_FILE_REQUIRED),
    "a long name": (forms.form([("n" * (MAX_NAME + 1), "a")]), ErrorCase.FIELD_TOO_LONG),
    "a long value": (forms.form([("key", "v" * (MAX_VALUE + 1))]), ErrorCase.FIELD_TOO_LONG),
    "long fields": (forms.form(TOO_MANY), ErrorCase.FIELDS_TOO_LARGE),
}


@rows("name", *BAD)
def test_bad_form_is_refused(name: str) -> None:
    body, code = BAD[name]
    assert outcome(body) == code.value.code


@rows(("name", "ec"), ("a long name", "0006-00000110"), ("a long value", "0006-00000111"))
def test_name_and_value_that_are_too_long_have_an_ec_each(name: str, ec: str) -> None:
    body, _ = BAD[name]
    with pytest.raises(OSSError) as caught:
        read(body)
    assert caught.value.ec == ec


def test_key_is_required() -> None:
    with pytest.raises(OSSError) as caught:
        _ = Form({}).key
    assert caught.value.message == form.missing("key").message


# --- The policy of a form: its syntax, and what its conditions refuse

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


@rows(("condition", "value", "holds"), *CASES["condition_is_checked"])
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
    checked = policy(["eq", "$key", "a"])
    checked.check({"key": "a"}, checked.expiration)
    with pytest.raises(OSSError, match="Policy expired") as caught:
        checked.check({"key": "a"}, checked.expiration + 1)
    assert caught.value.ec == "0006-00000213"


def test_escaped_dollar_is_accepted() -> None:
    text = rf'{{"expiration": "{EXPIRATION}", "conditions": [["eq", "\$key", "\"a"]]}}'
    form_policy.parse_form_policy(encoded(text)).check({"key": '"a'}, NOW)


def test_ranges_of_sizes_are_combined() -> None:
    assert policy(["eq", "$key", "a"]).sizes == Sizes(0, MAX_SIZE)
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
ANY_KEY = ["starts-with", "$key", ""]


@rows(
    ("condition", "ec"),
    ({}, ""),
    ({"a": "1", "b": "2"}, ""),
    ({"key": 1}, ""),
    (["in", "$key", "a"], "0006-00000224"),
    (["eq", "$key"], "0006-00000216"),
    (["like", "$key", "a"], "0006-00000217"),
    ([["eq"], "$key", "a"], "0006-00000217"),
    (["eq", "$key", "a", "b"], "0006-00000218"),
    (["eq", 1, "a"], "0006-00000216"),
    ("key", "0006-00000222"),
    ([RANGE, 1], "0006-00000221"),
    ([RANGE, -1, 2], "0006-00000220"),
    ([RANGE, True, 2], "0006-00000220"),
    ([RANGE, [1], 2], "0006-00000223"),
    ([RANGE, 2, 1], "0006-00000219"),
)
def test_bad_condition_is_refused(condition: Any, ec: str) -> None:
    error = refusal({"expiration": EXPIRATION, "conditions": [condition]})
    assert (error.status, error.ec) == (400, ec)


@rows(("limits", "ec"), ([0, "1048576"], "0006-00000221"), (["0", 1], "0006-00000220"))
def test_text_as_a_limit_of_the_size_is_invalid_json(limits: list[Any], ec: str) -> None:
    """S-41"""
    error = refusal({"expiration": EXPIRATION, "conditions": [[RANGE, *limits]]})
    assert (error.code, error.ec) == ("InvalidPolicyDocument", ec)
    assert error.message == "Invalid Policy: Invalid JSON. "


@rows(
    ("document", "ec", "message"),
    ([], "", "Invalid JSON: { expected."),
    ("{", "0006-00000204", "Invalid JSON"),
    ('{"a": x}', "0006-00000204", "Invalid JSON: unknown char x."),
    ("[" * 100_000, "0006-00000204", "Invalid JSON: nested too deeply."),
    ("9" * 5_000, "0006-00000204", "Invalid JSON: a number has more than 308 digits."),
    ({"other": 1}, "0006-00000206", "Unexpected parameter: other."),
    ({"expiration": EXPIRATION}, "0006-00000207", "Policy must contain conditions."),
    ({"conditions": []}, "0006-00000208", "Policy must contain expiration."),
    ({}, "0006-00000209", "Policy must contain conditions and expiration."),
    ({"expiration": EXPIRATION, "conditions": {}}, "0006-00000214", "conditions must be a list."),
    (
        {"expiration": EXPIRATION, "conditions": []},
        "0006-00000215",
        "conditions must not be empty.",
    ),
    ({"expiration": 1, "conditions": [ANY_KEY]}, "0006-00000210", "Invalid expiration"),
    ({"expiration": "", "conditions": [ANY_KEY]}, "0006-00000211", "Invalid expiration"),
    ({"expiration": "soon", "conditions": [ANY_KEY]}, "0006-00000212", "Invalid expiration: soon"),
)
def test_bad_document_is_refused(document: Any, ec: str, message: str) -> None:
    error = refusal(document)
    assert error.ec == ec
    assert error.message.startswith(f"Invalid Policy: {message}")


@rows(("policy", "ec"), ("!", "0006-00000202"), ("/w==", "0006-00000203"))
def test_policy_must_be_utf_8_in_base64(policy: str, ec: str) -> None:
    with pytest.raises(OSSError, match="Invalid Policy") as caught:
        form_policy.parse_form_policy(policy)
    assert caught.value.ec == ec
