"""`/_emulator/login`: exchange the value of --admin-token for the cookie of a session."""

from typing import Final
from urllib.parse import quote

from oss_emulator.control.api.access import SESSION, check_page, is_equal, session
from oss_emulator.control.api.route import PREFIX, ApiRequest, Refusal, Route, reply
from oss_emulator.control.console import page
from oss_emulator.protocol.message import Request, Response

_PATH: Final = f"{PREFIX}login"


def lead(request: Request) -> Response:
    """Lead a browser without a session to the login, and back to the page afterwards."""
    return Response(303, {"Location": f"{_PATH}?next={quote(request.target)}"})


def get_login(asked: ApiRequest) -> Response:
    """Show the form for the token."""
    wanted = asked.query.get("next", PREFIX)
    known = wanted.startswith(PREFIX) and "\\" not in wanted
    has_token = bool(asked.controls.service.settings.admin_token)
    return page.show(asked, "login", {"next": wanted if known else PREFIX, "has_token": has_token})


def log_in(asked: ApiRequest) -> Response:
    """Set the cookie if the token is right."""
    token, sent = asked.controls.service.settings.admin_token, asked.json().get("token")
    if not token:
        raise Refusal(409, "This server has no token: start it with --admin-token.")
    knows = isinstance(sent, str) and is_equal(sent, token)
    check_page(asked.request, trusted=knows)
    if not knows:
        raise Refusal(403, "This is not the value of --admin-token.")
    return _answer(asked, f"{SESSION}={session(token)}")


def log_out(asked: ApiRequest) -> Response:
    """Remove the cookie."""
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
