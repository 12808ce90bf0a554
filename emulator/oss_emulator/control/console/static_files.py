"""`/_emulator/static/`: the scripts and the style sheet of the pages."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from oss_referer import page

from oss_emulator.control.api.route import ApiError, ApiRequest, Route
from oss_emulator.protocol.message import Response

FOLDER: Final = Path(__file__).with_name("static")

_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def _read() -> dict[str, tuple[str, bytes]]:
    """Read all files and return their entity tags and contents by name."""
    found = {}
    for path in (*FOLDER.iterdir(), *page.STATIC.iterdir()):
        content = path.read_bytes()
        found[path.name] = (f'"{sha256(content).hexdigest()[:16]}"', content)
    return found


def get_file(asked: ApiRequest) -> Response:
    """Return a file, or 304 if the browser already has it."""
    if asked.rest not in _read():
        raise ApiError(404, f"The file {asked.rest!r} does not exist.")
    etag, content = _read()[asked.rest]
    headers = {
        "Content-Type": _TYPES[Path(asked.rest).suffix],
        "Cache-Control": "no-cache",
        "ETag": etag,
        "Content-Security-Policy": "default-src 'none'",
    }
    if asked.request.headers.get("if-none-match") == etag:
        return Response(304, headers)
    return Response(200, headers, content)


ROUTES = (Route("GET", "static/{name}", get_file, open_to_all=True),)
