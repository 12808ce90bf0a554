"""Upload callbacks: calls to an application server, described as JSON in base64 (Callback)."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Callback, Request

MAX_LENGTH: Final = 5 * 1024
"""Characters of the longest parameter (EC 0007-00000101)."""

MAX_URLS: Final = 5

MAX_HEADERS: Final = 10
"""Additional headers of a call (EC 0007-00000022)."""

FORM_TYPE: Final = "application/x-www-form-urlencoded"
_JSON_TYPE: Final = "application/json"

_NAME: Final = "callback"
_VARIABLES: Final = "callback-var"
_SENT: Final = frozenset({_NAME, _VARIABLES, f"x-oss-{_NAME}", f"x-oss-{_VARIABLES}"})
_TWICE: Final = {_NAME: "0007-00000027", _VARIABLES: ""}
"""The EC of a parameter sent both in the headers and in the query; "" if it is unknown."""
_CUSTOM: Final = "x:"
_POLICY: Final = "callbackPolicy"

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_HEADER: Final = re.compile(r"[0-9A-Za-z-]+")
_HOST: Final = re.compile(r"[\w.-]+(:\d+)?", re.ASCII)


def of_request(request: Request) -> tuple[str, str]:
    """Find `callback` and `callback-var` in the headers or the query; "" for a missing one.

    Raises `InvalidArgument` for a parameter that is sent in both.
    """
    if _SENT.isdisjoint(request.headers) and _SENT.isdisjoint(request.query):
        return "", ""  # as for most requests
    return _find(request, _NAME), _find(request, _VARIABLES)


def of_fields(fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Find the field `callback` of a form, and its custom variables, one field each."""
    custom = {name: value for name, value in fields.items() if name.startswith(_CUSTOM)}
    return fields.get(_NAME, ""), custom


def policy_name(parameter: str) -> str | None:
    """Return the name of the callback policy in `{"callbackPolicy": "name"}`.

    None if the parameter `callback` does not name a policy.
    """
    try:
        name = json_text.parse(b64decode(parameter)).get(_POLICY)
    except (AttributeError, ValueError):
        return None
    return name if name is None or isinstance(name, str) else json.dumps(name, ensure_ascii=False)


def parse_variables(parameter: str) -> dict[str, str]:
    """Parse the custom variables in a `callback-var`; raises `InvalidArgument`."""
    if not parameter:
        return {}
    if len(parameter) > MAX_LENGTH:
        message = "The length of callback var exceed max value."
        raise _refuse(message, parameter, "0007-00000101", _VARIABLES)
    message = "The callback var is not expecten json."
    found = _decode(parameter, message, ("0007-00000102", "0007-00000103"), _VARIABLES)
    if not isinstance(found, dict):
        raise _refuse(message, parameter, "", _VARIABLES)
    # Documented names begin with x:, but oss2's suite sends others and the service accepts them.
    custom = {name: value for name, value in found.items() if name.startswith(_CUSTOM)}
    for name, value in custom.items():
        if name != name.lower() or not isinstance(value, str):
            raise _refuse(message, parameter, "", _VARIABLES)
    return custom


def parse_callback(
    parameter: str, system: Mapping[str, str | int], custom: Mapping[str, str]
) -> Callback | None:
    """Parse a `callback` and fill in the body of the call; None for an empty parameter or URL.

    `system` are the variables of the upload, `custom` those whose names begin with `x:`. An unset
    variable is empty. Raises `InvalidArgument`.
    """
    if not parameter:
        return None
    if len(parameter) > MAX_LENGTH:
        raise _refuse("The length of callback exceed max value.", parameter, "0007-00000001")
    message = "The callback configuration is not json format."
    wanted = _decode(parameter, message, ("0007-00000002", "0007-00000003"))
    if not isinstance(wanted, dict):
        raise _refuse(message, parameter, "0007-00000003")
    urls = _parse_urls(wanted.get("callbackUrl", ""))
    if not urls:
        return None
    content_type = wanted.get("callbackBodyType", FORM_TYPE)
    if not isinstance(content_type, str):
        message = "The callback body type configuration is invalid."
        raise _refuse(message, content_type, "0007-00000012")
    if content_type not in (FORM_TYPE, _JSON_TYPE):
        message = "The body type of callback is not supported."
        raise _refuse(message, content_type, "0007-00000013")
    host = wanted.get("callbackHost", "")
    if not isinstance(host, str) or (host and not _HOST.fullmatch(host)):
        raise _refuse("The callback host configuration is invalid.", host, "0007-00000009")
    sni = wanted.get("callbackSNI", False)
    if not isinstance(sni, bool):
        raise _refuse("The callback sni is invalid.", json.dumps(wanted, ensure_ascii=False))
    body = _parse_body(wanted.get("callbackBody", ""))
    added = _parse_headers(wanted.get("additionalHeaders", {}))
    filled = _fill(body, {**system, **custom}, content_type)
    return Callback(urls, host, content_type, filled.encode(errors="replace"), added)


def _find(request: Request, name: str) -> str:
    in_header, in_query = request.headers.get(f"x-oss-{name}"), request.query.get(name)
    if in_header is not None and in_query is not None:
        raise invalid_argument(
            name,
            in_query,
            f"Either the {name} query string parameter or the x-oss-{name} header should be "
            "specified, not both.",
            ec=_TWICE[name],
        )
    return in_header or in_query or ""


def _decode(parameter: str, not_json: str, ecs: tuple[str, str], name: str = _NAME) -> Any:
    """Decode JSON in base64; `ecs` are the ECs of invalid base64 and of invalid JSON."""
    not_base64, ec = ecs
    try:
        text = b64decode(parameter.encode(), validate=True).decode()
    except ValueError:
        message = "The callback configuration is not base64 encoded."
        raise _refuse(message, parameter, not_base64, name) from None
    try:
        return json_text.parse(text)
    except JSONError:
        raise _refuse(not_json, text, ec, name) from None


def _parse_urls(value: Any) -> tuple[str, ...]:
    """Parse up to five URLs, separated by semicolons; the default scheme is http."""
    message = "The callback url configuration is invalid."
    if not isinstance(value, str):
        raise _refuse(message, value, "0007-00000004")
    found = [url.strip() for url in value.split(";") if url.strip()]
    if len(found) > MAX_URLS:
        raise _refuse("The number of callback url exceed max value.", value, "0007-00000005")
    urls = [url if "://" in url else f"http://{url}" for url in found]
    if not all(map(_is_url, urls)):
        raise _refuse(message, value, "0007-00000004")
    return tuple(urls)


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _parse_body(body: Any) -> str:
    if not isinstance(body, str):
        raise _refuse("The callback body is invalid.", body, "0007-00000010")
    if not body:
        raise _refuse("The callback body is empty.", "", "0007-00000011")
    if "$" in _VARIABLE.sub("", body):
        # The help page of EC 0007-00000105 shows this answer, with this name of the argument.
        message = "Left brace must be adjacent to dollar sign."
        raise invalid_argument("ReplaceKeyPrefix", body, message, ec="0007-00000105")
    return body


def _parse_headers(wanted: Any) -> Mapping[str, str]:
    message = "The additional headers of callback are invalid."
    if not isinstance(wanted, dict):
        raise _refuse(message, wanted, "0007-00000021")
    if len(wanted) > MAX_HEADERS:
        raise _refuse(message, wanted, "0007-00000022")
    for name, value in wanted.items():
        if not name:
            raise _refuse(message, wanted, "0007-00000023")
        if not _HEADER.fullmatch(name):
            raise _refuse(message, wanted, "0007-00000024")
        if not isinstance(value, str) or not {"\r", "\n"}.isdisjoint(value):
            raise _refuse(message, wanted, "0007-00000025")
        if name.lower().startswith("x-oss-"):
            raise _refuse(message, wanted, "0007-00000026")
    return wanted


def _fill(body: str, values: Mapping[str, str | int], content_type: str) -> str:
    """Replace variables by their values, URL-encoded or as JSON depending on the body's type."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], "")
        if content_type == _JSON_TYPE:
            return json.dumps(found, ensure_ascii=False)
        return quote(str(found), safe="", errors="replace")

    return _VARIABLE.sub(value, body)


def _refuse(message: str, value: Any, ec: str = "", name: str = _NAME) -> OSSError:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return invalid_argument(name, shown, message, ErrorCase.INVALID_CALLBACK, ec=ec)
