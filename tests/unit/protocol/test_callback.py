"""Upload callbacks: their JSON in base64, their variables, and every refusal."""

import json
from base64 import b64encode
from typing import Any

import pytest
from oss_emulator.protocol import callback
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Callback, Request

from tests.rows import rows

URL = {"callbackUrl": "http://app.test/done", "callbackBody": "a=1"}


def encoded(value: Any) -> str:
    return b64encode(json.dumps(value).encode()).decode()


def parsed(changes: dict[str, Any], custom: dict[str, str] | None = None) -> Callback | None:
    system: dict[str, str | int] = {"object": "a b", "size": 7}
    return callback.parse_callback(encoded({**URL, **changes}), system, custom or {})


def test_callback_is_found_in_a_request() -> None:
    def of(query: str, *fields: tuple[str, str]) -> tuple[str, str]:
        return callback.of_request(Request.parse("PUT", f"/b/k?{query}", fields, 0.0))

    assert of("") == ("", "")
    assert of("callback=c&callback-var=v") == ("c", "v")
    assert of("", ("x-oss-callback", "c")) == ("c", "")
    with pytest.raises(OSSError, match="not both"):
        of("callback=c", ("x-oss-callback", "c"))


def test_callback_is_found_in_a_form() -> None:
    fields = {"key": "a", "callback": "c", "x:a": "1"}
    assert callback.of_fields(fields) == ("c", {"x:a": "1"})


def test_call_is_parsed() -> None:
    assert parsed({}) == Callback(
        ("http://app.test/done",), "", "application/x-www-form-urlencoded", b"a=1"
    )
    assert callback.parse_callback("", {}, {}) is None
    assert parsed({"callbackUrl": ""}) is None


def test_up_to_five_urls_default_to_http() -> None:
    call = parsed({"callbackUrl": "a.test; https://b.test/x ;;"})
    assert call is not None
    assert call.urls == ("http://a.test", "https://b.test/x")


@rows(
    ("content_type", "body", "filled"),
    (callback.FORM_TYPE, "o=${object}&s=${size}&c=${x:c}&n=${x:none}", "o=a%20b&s=7&c=%2F&n="),
    ("application/json", '{"o":${object},"s":${size},"c":${x:c}}', '{"o":"a b","s":7,"c":"/"}'),
)
def test_variables_are_filled_in(content_type: str, body: str, filled: str) -> None:
    call = parsed({"callbackBody": body, "callbackBodyType": content_type}, {"x:c": "/"})
    assert call is not None
    assert call.body == filled.encode()


HEADERS = "The additional headers of callback are invalid."


@rows(
    ("changes", "ec", "message"),
    ({"callbackUrl": 1}, "0007-00000004", "The callback url configuration is invalid."),
    ({"callbackUrl": "http://"}, "0007-00000004", "The callback url configuration is invalid."),
    ({"callbackUrl": "ftp://a.test"}, "0007-00000004", "The callback url"),
    ({"callbackUrl": "http://a.test:x"}, "0007-00000004", "The callback url"),
    ({"callbackUrl": ";".join("abcdef")}, "0007-00000005", "The number of callback url"),
    ({"callbackBody": ""}, "0007-00000011", "The callback body is empty."),
    ({"callbackBody": []}, "0007-00000010", "The callback body is invalid."),
    ({"callbackBody": "$ {a}"}, "0007-00000105", "Left brace must be adjacent"),
    ({"callbackBodyType": 1}, "0007-00000012", "The callback body type configuration"),
    ({"callbackBodyType": "text/plain"}, "0007-00000013", "The body type of callback is not"),
    ({"callbackHost": "a b"}, "0007-00000009", "The callback host configuration"),
    ({"callbackSNI": "true"}, "", "The callback sni is invalid."),
    ({"additionalHeaders": 123}, "0007-00000021", HEADERS),
    ({"additionalHeaders": {f"key{n}": "a" for n in range(11)}}, "0007-00000022", HEADERS),
    ({"additionalHeaders": {"": "a"}}, "0007-00000023", HEADERS),
    ({"additionalHeaders": {"&*": "a"}}, "0007-00000024", HEADERS),
    ({"additionalHeaders": {"key": "\r\n"}}, "0007-00000025", HEADERS),
    ({"additionalHeaders": {"key": 1}}, "0007-00000025", HEADERS),
    ({"additionalHeaders": {"X-Oss-Test": "a"}}, "0007-00000026", HEADERS),
)
def test_bad_call_is_refused(changes: dict[str, Any], ec: str, message: str) -> None:
    with pytest.raises(OSSError) as caught:
        parsed(changes)
    assert caught.value.ec == ec
    assert caught.value.message.startswith(message)


@rows(
    ("parameter", "ec", "message"),
    ("!", "0007-00000002", "The callback configuration is not base64 encoded."),
    (b64encode(b"{").decode(), "0007-00000003", "The callback configuration is not json format."),
    (encoded([]), "0007-00000003", "The callback configuration is not json format."),
    ("a" * (callback.MAX_LENGTH + 1), "0007-00000001", "The length of callback exceed max value."),
)
def test_parameter_that_is_not_a_callback_is_refused(parameter: str, ec: str, message: str) -> None:
    with pytest.raises(OSSError) as caught:
        callback.parse_callback(parameter, {}, {})
    assert (caught.value.ec, caught.value.message) == (ec, message)


def test_custom_variables_are_parsed() -> None:
    assert callback.parse_variables("") == {}
    assert callback.parse_variables(encoded({"x:a": "1", "other": 2})) == {"x:a": "1"}


@rows("value", {"x:A": "1"}, {"x:a": 1}, [])
def test_bad_custom_variables_are_refused(value: Any) -> None:
    with pytest.raises(OSSError, match="The callback var is not expecten json"):
        callback.parse_variables(encoded(value))


@rows(
    ("parameter", "name"),
    (encoded({"callbackPolicy": "first"}), "first"),
    (encoded({"callbackPolicy": 1}), "1"),
    (encoded(URL), None),
    (encoded([]), None),
    ("!", None),
)
def test_parameter_may_refer_to_a_policy(parameter: str, name: str | None) -> None:
    assert callback.policy_name(parameter) == name
