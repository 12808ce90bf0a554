"""Predicts the answers to visitors without a signature, from pages of sites or without a Referer.

Their requests pass all checks of the service, but are not performed or recorded.
"""

from typing import Any, Final
from urllib.parse import quote

from oss_referer.browser.probes import guess_site

from oss_emulator.control.api.referer import find_rules
from oss_emulator.control.api.route import PREFIX, ApiRequest
from oss_emulator.control.console.entries import summarize
from oss_emulator.control.journal import JournalEntry
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response

STRANGER: Final = "https://stranger.example.net/"
"""The Referer of a page that no rules mention."""

_SHOWN: Final = (
    *("referer", "verdict", "reason", "entry", "denied_by_access"),
    *("status", "code", "ec", "operation"),
)
"""The values of a row that pages show."""


def find_referers(asked: ApiRequest, bucket: str) -> dict[str, str | None]:
    """Return the Referers of the kinds of visitors of a bucket, by the name of the kind."""
    own = f"{guess_site(find_rules(asked, bucket))}/"
    return {"own": own, "stranger": STRANGER, "none": None}


def try_referer(asked: ApiRequest, url: str, referer: str | None) -> dict[str, Any]:
    """Return the row for a request to a URL, as in the list of requests."""
    service, (scheme, _, rest) = asked.controls.service, url.partition("://")
    host, _, target = rest.partition("/")
    fields = [("Host", host), *([] if referer is None else [("Referer", referer)])]
    now, secure = asked.controls.clock.now(), scheme == "https"
    request = Request.parse(
        "GET", f"/{target}", fields, now, remote=asked.request.remote, secure=secure
    )
    result = service.admit(request)
    error = result.error if isinstance(result, Refused) else None
    response = service.render(result) if isinstance(result, Refused) else Response(200)
    entry = JournalEntry(0, result.known, error, response, sent_bytes=0, seconds=0.0)
    row = summarize(entry)
    return {name: row[name] for name in _SHOWN}


def find_url(asked: ApiRequest, bucket: str, key: str, version: str | None = None) -> str:
    """Return the public URL of an object."""
    query = f"?versionId={quote(version, safe='')}" if version else ""
    return f"{find_address(asked, bucket)}/{quote(key)}{query}"


def find_address(asked: ApiRequest, bucket: str) -> str:
    """Return the address of a bucket, with its own host name under strict addressing."""
    request = asked.request
    if asked.controls.service.settings.strict_addressing:
        return name_server(request, f"{bucket}.localhost")
    return f"{'https' if request.secure else 'http'}://{request.host}/{bucket}"


def find_console(asked: ApiRequest) -> str:
    """Return the address of the console, as the reader sees it."""
    return f"{'https' if asked.request.secure else 'http'}://{asked.request.host}{PREFIX}"


def name_server(request: Request, host: str) -> str:
    """Return the address of this server at another host name, with the port of a request."""
    colon, port = request.host.rpartition(":")[1:]
    end = f":{port}" if colon and port.isdecimal() else ""
    return f"{'https' if request.secure else 'http'}://{host}{end}"
