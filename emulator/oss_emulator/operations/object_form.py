"""PostObject: uploads an object from an HTML form."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.writing import put
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Object

# success_action_status may also be 204, and any other value means 204.
_REDIRECT: Final = "success_action_redirect"
_STATUSES: Final = {"200": 200, "201": 201}


@answers("POST /bucket", "PostObject", takes=Takes.FORM, action="oss:PutObject")
def post_object(call: Call) -> Response:
    """Store the file of a form; the fields replace the headers of PutObject."""
    form = call.admission.form
    if form is None:
        raise OSSError(ErrorCase.MALFORMED_POST)
    redirect = _find_redirect(form)
    request = call.request._replace(headers=_describe(call, form))
    item, answer, callback = put(call._replace(admission=replace(call.admission, request=request)))
    if callback is not None:
        return Response(200, answer, callback=callback)
    return _answer(call, form, redirect, item, answer)


def _describe(call: Call, form: Form) -> dict[str, str]:
    """Return the request's headers; the form's fields replace those that describe an object.

    Only the ACL is also read from the headers, unless a field overrides it.
    """
    found = {
        name: value
        for name, value in call.request.headers.items()
        if name == "x-oss-object-acl" or not _describes(name)
    }
    found |= {name: value for name, value in form.fields.items() if _describes(name)}
    if form.stored_type is not None:
        found["content-type"] = form.stored_type
    return found


def _describes(name: str) -> bool:
    return name.startswith("x-oss-") or headers.sends_metadata({name: name})


def _find_redirect(form: Form) -> str:
    """Return the URL that the form redirects to, "" for none.

    Raises `InvalidArgument` for a malformed URL, so call it before the object is stored.
    """
    url = form.text(_REDIRECT)
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError as error:
        message = f"The value is not a valid URL ({error}); write one such as https://example.com/."
        raise headers.invalid_argument(_REDIRECT, url, message) from None


def _answer(
    call: Call, form: Form, redirect: str, item: Object, answer: dict[str, str]
) -> Response:
    if redirect:
        return Response(303, {**answer, "Location": _with_result(redirect, call, item)})
    status = _STATUSES.get(form.text("success_action_status"), 204)
    if status != 201:
        return Response(status, answer)
    scheme = "https" if call.request.secure else "http"
    path = "/".join(filter(None, (call.request.path.strip("/"), quote(call.key))))
    location = headers.location(f"{scheme}://{call.request.host}/{path}")
    result = xml.respond(
        "PostResponse",
        ("Bucket", call.bucket.name),
        ("ETag", item.etag),
        ("Key", item.key),
        ("Location", location),
    )
    return result._replace(status=201, headers={**result.headers, **answer, "Location": location})


def _with_result(url: str, call: Call, item: Object) -> str:
    query = urlencode({"bucket": call.bucket.name, "key": item.key, "etag": item.etag})
    address, hash_, fragment = headers.location(url).partition("#")
    return f"{address}{'&' if '?' in address else '?'}{query}{hash_}{fragment}"
