"""A service without a socket, and answers that are easy to read."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass

from lxml import etree
from oss_emulator.access.identity import Identity
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Stream
from oss_emulator.settings import Settings

NOW = 1_750_000_000.0
"""The time of the first request: Sun, 15 Jun 2025 15:06:40 GMT."""

VERSIONING = "<VersioningConfiguration><Status>{}</Status></VersioningConfiguration>"


@dataclass(frozen=True)
class Answer:
    """A response with its whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> bytes:
        """The body, or the error in the header of an answer to HEAD (P-30)."""
        return self.body or b64decode(self.headers.get("x-oss-err", ""))

    def text(self, path: str) -> str | None:
        """Return the text of the first element at a path below the root."""
        found: str | None = etree.fromstring(self.document).findtext(path)
        return found

    def texts(self, path: str) -> list[str]:
        """Return the texts of all elements at a path below the root."""
        return [element.text or "" for element in etree.fromstring(self.document).iterfind(path)]

    @property
    def code(self) -> str:
        """The code of an error, or ""."""
        return (self.text("Code") or "") if self.status >= 300 and self.document else ""


class Caller:
    """Sends requests to a service with a bucket, `bucket`, by default as its owner.

    A test sets the time.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.service = Service(settings)
        self.now = NOW
        self("PUT", "/bucket")

    def __call__(self, method: str, target: str, body: str | bytes = b"", **headers: str) -> Answer:
        """Send a request as the owner; a `_` in the name of a header stands for `-`."""
        return self._send(self.service.accounts.owner, method, target, body, headers)

    def anonymously(
        self, method: str, target: str, body: str | bytes = b"", **headers: str
    ) -> Answer:
        """Send a request without a signature, which is checked like one from a socket."""
        return self._send(None, method, target, body, headers)

    def by(
        self, caller: Identity, method: str, target: str, body: str | bytes = b"", **headers: str
    ) -> Answer:
        """Send a request as another account."""
        return self._send(caller, method, target, body, headers)

    def _send(
        self,
        caller: Identity | None,
        method: str,
        target: str,
        body: str | bytes,
        headers: dict[str, str],
    ) -> Answer:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request.parse(
            method, target, list({"Host": "localhost", **fields}.items()), self.now
        )
        data = body.encode() if isinstance(body, str) else body
        response = self.service.handle(request, data, caller=caller)
        pieces = (response.body,) if isinstance(response.body, bytes) else response.body
        found = b""
        for piece in pieces:
            # Small bodies stay in memory, so no file has to be removed.
            assert isinstance(piece, bytes | memoryview | Stream)
            found += b"".join(piece.chunks) if isinstance(piece, Stream) else bytes(piece)
        return Answer(response.status, dict(response.headers), found)

    # --- Steps that several tests take

    def keep_versions(self, status: str = "Enabled") -> None:
        """Set the versioning of `bucket`."""
        assert self("PUT", "/bucket?versioning", VERSIONING.format(status)).status == 200

    def begin_upload(self, key: str, **headers: str) -> str:
        """Begin a multipart upload in `bucket`; return its id."""
        upload_id = self("POST", f"/bucket/{key}?uploads", **headers).text("UploadId")
        assert upload_id is not None
        return upload_id
