"""The reader of forms, whose result does not depend on the chunks of the body."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import form
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import MAX_FIELDS, MAX_NAME, MAX_VALUE, Form, FormReader

from tests.http import forms
from tests.http.forms import TYPE, File

Read = tuple[Form, bytes]


def read(body: bytes, cuts: list[int] | None = None, content_type: str = TYPE) -> Read:
    """Feed a body cut at these places."""
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


# Parts of the delimiter and what surrounds it.
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


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        ('name="file"; filename="a b.txt"', "a b.txt"),
        ("name=file; filename=a.txt", "a.txt"),
        ('filename="a;b=c.txt"; name="file"', "a;b=c.txt"),
        ('name="file"; filename="a\\"b.txt"', 'a"b.txt'),
        ('name="file"; filename="a%22b.txt"', 'a"b.txt'),
        ('NAME="FILE"; FILENAME="图.txt"', "图.txt"),
        ('name="file"', ""),
    ],
)
def test_name_of_the_file_is_parsed(header: str, filename: str) -> None:
    part = f"content-disposition: form-data; {header}\r\n\r\nx".encode()
    assert read(forms.write([part]))[0].filename == filename


@pytest.mark.parametrize(
    ("key", "filename", "expected"),
    [
        ("a/${filename}", "photo.jpg", "a/photo.jpg"),
        ("${filename}-${filename}", "x", "x-x"),
        ("${filename}", r"C:\pictures\photo.jpg", "photo.jpg"),
        ("${filename}", "pictures/photo.jpg", "photo.jpg"),
        ("plain", "photo.jpg", "plain"),
    ],
)
def test_filename_is_replaced_in_the_key(key: str, filename: str, expected: str) -> None:
    assert Form({"key": key}, filename).key == expected


def test_case_of_field_names_is_ignored() -> None:
    found, _ = read(forms.form([("OSSAccessKeyId", "id"), ("ossaccesskeyid", "other")]))
    assert found.text("OSSACCESSKEYID") == "id"


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="9431149156168"',
        "Multipart/Form-Data;charset=utf-8;Boundary=9431149156168",
    ],
)
def test_boundary_is_parsed(content_type: str) -> None:
    assert read(forms.form([]), content_type=content_type)[1] == b"content"


def test_text_before_and_after_the_form_is_ignored() -> None:
    body = b"preamble\r\n" + forms.form([("key", "a")]) + b"epilogue\r\n--9431149156168\r\n"
    assert read(body) == read(forms.form([("key", "a")]))


def test_fields_after_the_file_are_ignored() -> None:
    found, _ = read(forms.form([("key", "a")], after=[("submit", "Upload"), ("key", "b")]))
    assert dict(found.fields) == {"key": "a"}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "application/json"],
)
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


@pytest.mark.parametrize("name", BAD)
def test_bad_form_is_refused(name: str) -> None:
    body, code = BAD[name]
    assert outcome(body) == code.value.code


def test_key_is_required() -> None:
    with pytest.raises(OSSError) as caught:
        _ = Form({}).key
    assert caught.value.message == form.missing("key").message
