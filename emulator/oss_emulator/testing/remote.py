"""The server of another process, which tests use with `--oss-emulator-url`."""

import json
import os
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

from oss_referer.engine.assumptions import DEFAULT
from oss_referer.sources import json_text, referer_xml
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from oss_emulator.control.api.access import HEADER, TOKEN_HEADER
from oss_emulator.control.api.route import PREFIX
from oss_emulator.protocol.signature import presigning
from oss_emulator.testing import buckets

if TYPE_CHECKING:
    import oss2

    from oss_emulator.testing.rules import Rules


TIMEOUT: Final = 60.0
"""Seconds to wait for an answer."""

_EXPIRES: Final = 60
"""Seconds for which a signed URL is valid."""

_ONLY_IN_PROCESS: Final = ("controls", "run", "service", "settings", "https_endpoint")


class ServerSession:
    """The session of this process with a server, through its API below `/_emulator/`.

    OSS_EMULATOR_ADMIN_TOKEN has the token for a server on another machine.
    """

    def __init__(self, url: str) -> None:
        """Raises ValueError unless `url` is the URL of a server."""
        self.endpoint = _normalize(url)
        self.test = ""
        self._name = uuid4().hex
        self._opener = build_opener(ProxyHandler({}))

    def mark(self, test: str) -> None:
        """Tell the server which test runs in this process; raises as `ask` does."""
        self.test = test
        self.claim()

    def claim(self, *names: str) -> None:
        """Tell the server which buckets only the tests of this process use."""
        self.ask("PUT", f"tests/{self._name}", {"test": self.test, "buckets": names})

    def close(self) -> None:
        """Tell the server that the session ends; ignore a server that has ended."""
        with suppress(ConnectionError):
            self.ask("DELETE", f"tests/{self._name}")

    def ask(self, method: str, path: str, value: object = None) -> dict[str, Any]:
        """Send a request to the API below `/_emulator/`; returns the JSON of the answer.

        Raises `ConnectionError` if no emulator answers, and `ValueError` if it refuses the request.
        """
        body = None if value is None else json.dumps(value).encode()
        token = os.environ.get("OSS_EMULATOR_ADMIN_TOKEN")
        fields = {HEADER: "1"} if token is None else {TOKEN_HEADER: token}
        try:
            return dict(json_text.parse(self.send(method, f"{PREFIX}{path}", body, fields)))
        except HTTPError as error:
            said = error.read().decode(errors="replace").strip()
            raise ValueError(f"{self.endpoint} answers {error.code}: {said}") from None
        except (OSError, HTTPException, ValueError) as error:
            said = str(getattr(error, "reason", error))
            raise ConnectionError(
                f"{self.endpoint} is not an emulator that answers: {said}; start one with "
                "oss-emulator serve"
            ) from None

    def send(self, method: str, target: str, body: bytes | None, fields: dict[str, str]) -> bytes:
        """Send a request and return the body of the answer; raises as urllib does."""
        url = f"{self.endpoint}{target}"
        asked = Request(url, body, fields, method=method)  # noqa: S310 - its scheme was checked
        with self._opener.open(asked, timeout=TIMEOUT) as answer:
            found: bytes = answer.read()
        return found


class RemoteEmulator:
    """A server started by `oss-emulator serve`, with the members that tests use most.

    Other processes may use the server, so `reset` removes only the buckets that `bucket` created.
    """

    ca_file: Path | None = None
    assumptions = DEFAULT
    """The assumptions that rules are read with; the server checks the rules with its own."""

    def __init__(
        self,
        session: ServerSession,
        *,
        region: str = "cn-hangzhou",
        access_key_id: str = DEFAULT_ACCESS_KEY_ID,
        access_key_secret: str = DEFAULT_ACCESS_KEY_SECRET,
    ) -> None:
        self.endpoint = session.endpoint
        self.region = region
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self._session = session
        self._since = 0
        self._made: list[str] = []

    @property
    def journal(self) -> list[Any]:
        """The requests of this test since the last reset, with the fields of the API's journal."""
        asked = f"journal?test={quote(self._session.test)}&since={self._since}"
        return [SimpleNamespace(**entry) for entry in self._session.ask("GET", asked)["entries"]]

    def reset(self) -> None:
        """Remove the buckets that this object created, and start with an empty journal."""
        ask, left = self._session.ask, self._names()
        for name in left.intersection(self._made):
            ask("POST", f"reset?bucket={name}")
            ask("DELETE", f"buckets/{name}")
        self._made.clear()
        last = ask("GET", "journal?limit=1")["entries"]
        self._since = last[0]["number"] if last else 0

    def bucket(
        self, name: str, *, acl: str = "private", rules: "Rules | None" = None
    ) -> "oss2.Bucket":
        """Create a bucket unless it exists; arguments and result as in `Emulator.bucket`."""
        from oss_emulator.testing import rules as given  # loads the lab, so only on first use

        buckets.check_name(name)
        ask, address = self._session.ask, quote(name, safe="")
        document = None
        if rules is not None:
            document = referer_xml.format(given.read(rules, assumptions=self.assumptions))
        is_new = name not in self._names()
        ask("PUT", f"buckets/{address}", {"acl": acl})
        self._session.claim(name)
        if is_new:
            self._made.append(name)
        if document is not None:
            ask("PUT", f"rules/{address}", {"rules": document.decode()})
        return buckets.connect(self, name)

    def _names(self) -> set[str]:
        return {bucket["name"] for bucket in self._session.ask("GET", "buckets")["buckets"]}

    def put(self, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a PUT with a signed URL: `put("/bucket/key", b"...")`.

        Raises `ValueError` with the error in one line if the status is not 200.
        """
        path, _, query = target.partition("?")
        _, bucket, *key = path.split("/", 2)
        fields = {"content-type": "application/octet-stream", **(headers or {})}
        signed = presigning.sign_url(
            "PUT",
            bucket,
            "".join(key),
            dict(part.partition("=")[::2] for part in query.split("&") if part),
            access_key_id=self.access_key_id,
            secret=self.access_key_secret,
            region=self.region,
            now=time.time(),
            expires=_EXPIRES,
            headers=fields.items(),
        )
        try:
            self._session.send("PUT", f"{quote(path)}?{signed}", body, fields)
        except HTTPError as error:
            raise buckets.refusal(target, error.read()) from None

    def __getattr__(self, name: str) -> Any:
        if name in _ONLY_IN_PROCESS:
            raise AttributeError(
                f"{name} is not available for the server of another process: use its API below "
                f"{PREFIX}, or run this test without --oss-emulator-url"
            )
        raise AttributeError(f"'RemoteEmulator' object has no attribute {name!r}")


def _normalize(url: str) -> str:
    """Return the endpoint for a URL as people write it; raises ValueError."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is not the URL of a server; write http://127.0.0.1:9000")
    # oss2 would use BUCKET.localhost, which few systems resolve.
    name = "127.0.0.1" if host == "localhost" else f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
