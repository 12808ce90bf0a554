"""`/_emulator/connect`: the endpoint, the access key, and how to configure clients."""

import shlex
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import quote

from oss_referer.sources.account import DEFAULT_ACCESS_KEY_SECRET
from oss_referer.sources.toml import TomlDocument

from oss_emulator.control.api.route import ApiRequest, Route
from oss_emulator.control.console import page
from oss_emulator.protocol.message import Request, Response

_FILE: Final = Path(__file__).with_name("clients.toml")


@dataclass(frozen=True, slots=True)
class ClientSnippet:
    """The first lines of a program or configuration, with placeholders such as `$endpoint`."""

    name: str
    """The name of the client's package."""
    language: str
    text: str

    def fill_in(self, **values: str) -> dict[str, Any]:
        """Return the snippet as values for JSON, with the placeholders filled in."""
        return {**asdict(self), "text": Template(self.text).substitute(values)}


SNIPPETS: Final[tuple[ClientSnippet, ...]] = TomlDocument.parse(_FILE.read_bytes()).convert(
    tuple[ClientSnippet, ...], "client"
)
"""The snippets, one for each client; tests run those whose packages other tests also use."""


THIEF: Final = "http://thief.example.org/"
"""The Referer of the first request that a newcomer sends, as in the README."""


def get_connect(asked: ApiRequest) -> Response:
    return page.show(asked, "connect", describe(asked))


def describe(asked: ApiRequest) -> dict[str, Any]:
    """Return the settings of clients for the first bucket; only the default secret is shown."""
    service = asked.controls.service
    endpoint, named_endpoint = _endpoints(asked.request)
    buckets, key = service.storage.buckets(), service.accounts.first
    bucket = buckets[0].name if buckets else "examplebucket"
    keys = (item.key for item in service.storage.objects(bucket) if not item.delete_marker)
    url = f"{endpoint}/{bucket}/{quote(next(keys, 'hello.txt'))}"
    values = {
        "endpoint": endpoint,
        "named_endpoint": named_endpoint,
        "region": service.region_of(bucket),
        "bucket": bucket,
    }
    return {
        **values,
        "access_key_id": key.id,
        "access_key_secret": key.secret if key.secret == DEFAULT_ACCESS_KEY_SECRET else None,
        "has_bucket": bool(buckets),
        "is_named": endpoint == named_endpoint and not _is_address(asked.request.host),
        "is_secure": asked.request.secure,
        "url": url,
        "curl": shlex.join(["curl", "-i", "-H", f"Referer: {THIEF}", url]),
        "clients": [snippet.fill_in(**values) for snippet in SNIPPETS],
    }


def _endpoints(request: Request) -> tuple[str, str]:
    """Return the endpoint for most clients, and the endpoint for clients that need a name.

    On this machine these are `127.0.0.1` and `localhost`: most SDKs put the bucket before a name,
    but some treat an address as a domain of the bucket (docs/addressing.md).
    """
    scheme = "https" if request.secure else "http"
    name = _name(request.host)
    if name in ("127.0.0.1", "localhost"):
        port = request.host.removeprefix(name)
        return f"{scheme}://127.0.0.1{port}", f"{scheme}://localhost{port}"
    return (f"{scheme}://{request.host}",) * 2


def _name(host: str) -> str:
    """Return the name or address in a Host header, without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _is_address(host: str) -> bool:
    try:
        ip_address(_name(host).strip("[]"))
    except ValueError:
        return False
    return True


ROUTES = (Route("GET", "connect", get_connect),)
