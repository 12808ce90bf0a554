"""`/_emulator/login`: exchanges the value of --admin-token for a session cookie.

A script sends the token as JSON: from the form, or from the fragment of the URL that the server
prints at the start, which browsers do not send. Without scripts, the browser submits the form.
"""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from oss_emulator.control.api.access import SESSION, check_page, is_equal, session
from oss_emulator.control.api.route import PREFIX, ApiError, ApiRequest, Route, reply
from oss_emulator.control.console import page
from oss_emulator.protocol.message import Request, Response

_PATH: Final = f"{PREFIX}login"
_UNSAFE: Final = re.compile(r"[^!-~]|\\")
_FORM: Final = "application/x-www-form-urlencoded"


def lead(request: Request) -> Response:
    """Redirect a browser without a session to the login, which leads back to the page."""
    return Response(303, {"Location": f"{_PATH}?next={quote(request.target)}"})


def get_login(asked: ApiRequest) -> Response:
    return page.show(asked, "login", _values(asked, asked.query.get("next", PREFIX)), wrong=False)


def _values(asked: ApiRequest, wanted: str) -> dict[str, Any]:
    # Accept only characters allowed in a header; a browser encodes others as %XX.
    known = wanted.startswith(PREFIX) and not _UNSAFE.search(wanted)
    has_token = bool(asked.controls.service.settings.admin_token)
    return {"next": wanted if known else PREFIX, "has_token": has_token}


def log_in(asked: ApiRequest) -> Response:
    """Set the cookie if the token is right; the answer to a form is a page."""
    token = asked.controls.service.settings.admin_token
    is_form = asked.request.headers.get("content-type", "").startswith(_FORM)
    sent = dict(parse_qsl(asked.data.decode(errors="replace"))) if is_form else asked.json()
    if not token:
        raise ApiError(409, "This server has no token: start it with --admin-token.")
    given = sent.get("token")
    knows = isinstance(given, str) and is_equal(given, token)
    # Trusted, so that a browser without Sec-Fetch-Site can also be told that the token is wrong.
    check_page(asked.request, trusted=True, is_form=is_form)
    values = _values(asked, str(sent.get("next", PREFIX)))
    if not knows and is_form:
        return page.render(asked.request, "login", {**values, "wrong": True}, 403)
    if not knows:
        raise ApiError(403, "This is not the value of --admin-token.")
    answer = _answer(asked, f"{SESSION}={session(token)}")
    if not is_form:
        return answer
    return Response(303, {**answer.headers, "Location": values["next"]})


def log_out(asked: ApiRequest) -> Response:
    check_page(asked.request, trusted=True)
    return _answer(asked, f"{SESSION}=; Max-Age=0")


def _answer(asked: ApiRequest, cookie: str) -> Response:
    secure = "; Secure" if asked.request.secure else ""
    answer = reply({"session": "Max-Age=0" not in cookie})
    fields = f"{cookie}; Path={PREFIX}; HttpOnly; SameSite=Strict{secure}"
    return answer._replace(headers={**answer.headers, "Set-Cookie": fields})


ROUTES = (
    Route("GET", "login", get_login, open_to_all=True),
    Route("POST", "login", log_in, open_to_all=True),
    Route("DELETE", "login", log_out, open_to_all=True),
)
