"""Makes a scenario of exchanges: names, ids and secrets are masked before anything is written.

What is not known to be harmless is left out: only the headers in the tables below are recorded.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from oss_emulator.protocol.address import SERVICE_DOMAIN
from oss_emulator.recording.elements import list_elements
from oss_emulator.recording.exchange import Exchange
from oss_emulator.recording.scenario import (
    ANY,
    BucketState,
    RecordedAnswer,
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
)
from oss_emulator.recording.secrets import MASK, SECRET_NAMES, Secrets, is_hidden_in

MOST_TEXT = 4096
"""Bytes of the largest text that is recorded on request."""

_LONGEST = 16 * 1024
"""Characters of the longest value that is searched for names; a longer one is masked whole."""

_REQUEST_HEADERS = frozenset(
    """
    accept-encoding access-control-request-headers access-control-request-method cache-control
    content-disposition content-encoding content-language content-type expires if-match
    if-modified-since if-none-match if-unmodified-since origin range referer
    """.split()
)
"""The headers of a request that are recorded, besides those that begin with `x-oss-`."""

_LEFT_OUT = frozenset(
    """
    x-oss-additional-headers x-oss-content-sha256 x-oss-date x-oss-expires x-oss-hash-crc64ecma
    x-oss-signature-version x-oss-user-agent
    """.split()
)
"""Headers and parameters that sign the request or its body; a player sends its own."""

_EXPIRES = "expires"
"""The parameter of version 1 that ends the validity of a URL; the header is another one."""

_VOLATILE_HEADERS = frozenset(
    """
    content-md5 date etag last-modified x-oss-copy-source-version-id x-oss-hash-crc64ecma
    x-oss-request-id x-oss-server-side-encryption-key-id x-oss-server-time x-oss-task-id
    x-oss-version-id
    """.split()
)
"""The headers of an answer whose values differ each time."""

_DROPPED = frozenset(
    "connection content-length keep-alive set-cookie transfer-encoding via x-oss-err".split()
)
"""The headers of an answer that are not recorded."""

_VOLATILE_ELEMENTS = frozenset(
    """
    AccessKeyId ArgumentValue AuthPrincipalDisplayName AuthPrincipalOwnerId CanonicalRequest
    ContinuationToken CreationDate DisplayName ETag EncodedDiagnosticMessage ExpirationDate
    HashCrc64ecma HostId ID Initiated KMSMasterKeyID LastModified LastModifiedTime
    NextContinuationToken NextUploadIdMarker NextVersionIdMarker OSSAccessKeyId RequestId ServerTime
    Signature SignatureProvided StringToSign StringToSignBytes Token UploadId UploadIdMarker
    VersionId VersionIdMarker XAmzDate
    """.split()
)
"""The elements of an answer whose texts differ each time, or name an account."""

_SITES = frozenset(
    "AllowedOrigin Cname Domain Endpoint HostName HttpRedirectHost MirrorURL Referer URL".split()
)
"""The elements that name hosts."""

_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_AFTER_SCHEME = re.compile(rf"://[*?]*\.?({_HOST.pattern})", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![0-9])[0-9]{12,20}(?![0-9])")
_BUCKET_HOST = re.compile(
    rf"(?:([a-z0-9][a-z0-9-]*)\.)?(?:oss|s3)[a-z0-9.-]*\.{re.escape(SERVICE_DOMAIN)}"
)


@dataclass
class Masking:
    """Replaces names by words, the same name always by the same word."""

    secrets: Secrets
    keeps_bodies: bool = False
    _buckets: dict[str, str] = field(default_factory=dict)
    _sites: dict[str, str] = field(default_factory=dict)
    _references: dict[str, str] = field(default_factory=dict)

    def mask(
        self, exchanges: Sequence[Exchange], name: str, date: str, *, only: Sequence[str] = ()
    ) -> Recording:
        """Make a recording with one scenario.

        It leaves out requests to other services, requests with a callback, whose URL would be
        recorded, and, if `only` names buckets, requests for others.
        """
        for exchange in exchanges:
            self.secrets.learn(exchange)
        found = [exchange for exchange in exchanges if _is_recorded(exchange, only)]
        for exchange in found:
            self._learn_names(exchange)
        steps = tuple(self._step(exchange, number) for number, exchange in enumerate(found))
        match = _BUCKET_HOST.fullmatch(found[0].host) if found else None
        endpoint = "" if match is None else match[0].removeprefix(f"{match[1]}.")
        scenario = RecordedScenario(self._text(name), date, steps)
        source = f"oss-emulator record, {date}"
        return Recording((scenario,), source, endpoint, tuple(_states(steps)))

    def _learn_names(self, exchange: Exchange) -> None:
        """Learn the bucket and the sites that an exchange names, in the order of the first use."""
        match = _BUCKET_HOST.fullmatch(exchange.host)
        if match is not None and match[1]:
            self._bucket(match[1])
        elif (first := exchange.target.split("?")[0].split("/")[1]) and match is not None:
            self._bucket(unquote(first))
        fields = {name.lower(): value for name, value in exchange.headers}
        source = unquote(fields.get("x-oss-copy-source", "")).strip("/")
        if source:
            self._bucket(source.split("/")[0])
        for name in ("referer", "origin"):
            for host in _AFTER_SCHEME.findall(unquote(fields.get(name, ""))):
                self._site(host)
        for element in _elements(exchange.content.data) + _elements(exchange.answer_content.data):
            path, _, text = element.partition("=")
            leaf = path.rpartition("/")[2]
            if leaf in _SITES:
                for host in _HOST.findall(unquote(text)):
                    self._site(host)
            if path.endswith(("Bucket/Name", "TargetBucket", "Error/BucketName")) and text:
                self._bucket(text)

    def _bucket(self, name: str) -> str:
        return self._buckets.setdefault(name, f"bucket-{len(self._buckets) + 1}")

    def _site(self, host: str) -> None:
        """Learn the domain of a host: its last two labels; those before them stay as they are."""
        host = host.lower()
        if not host.endswith(SERVICE_DOMAIN):
            domain = ".".join(host.split(".")[-2:])
            self._sites.setdefault(domain, f"site-{len(self._sites) + 1}.example")

    def _step(self, exchange: Exchange, number: int) -> RecordedStep:
        request = self._request(exchange)
        fields = dict(exchange.answer_headers)
        answer = RecordedAnswer(
            exchange.status,
            {
                name: ANY if name.lower() in _VOLATILE_HEADERS else self._text(value)
                for name, value in fields.items()
                if name.lower() not in _DROPPED
            },
            tuple(self._element(text) for text in _elements(exchange.answer_content.data)),
        )
        self._learn_references(exchange, number)
        return RecordedStep(request, answer)

    def _request(self, exchange: Exchange) -> RecordedRequest:
        match = _BUCKET_HOST.fullmatch(exchange.host)
        assert match is not None  # noqa: S101 - the others are left out
        url = urlsplit(exchange.target)
        pairs = parse_qsl(url.query, keep_blank_values=True)
        names = [name.lower() for name, _ in pairs] + [name.lower() for name, _ in exchange.headers]
        return RecordedRequest(
            exchange.method,
            self._bucket(match[1]) if match[1] else exchange.host,
            self._text(unquote(url.path)),
            query={
                self._text(name): self._text(value)
                for name, value in pairs
                if name.lower() not in SECRET_NAMES | _LEFT_OUT | {_EXPIRES}
            },
            headers=dict(self._headers(exchange)),
            body=self._body(exchange),
            signed=not SECRET_NAMES.isdisjoint(names) or "authorization" in names,
        )

    def _headers(self, exchange: Exchange) -> Iterator[tuple[str, str]]:
        for name, value in exchange.headers:
            key = name.lower()
            if key in SECRET_NAMES | _LEFT_OUT:
                continue
            if key in _REQUEST_HEADERS or key.startswith("x-oss-"):
                yield name, self._text(value)

    def _body(self, exchange: Exchange) -> RecordedBody:
        """Record the elements of a document; of anything else its size, or its text on request."""
        content = exchange.content
        if elements := _elements(content.data):
            return RecordedBody(xml=tuple(self._text(text) for text in elements))
        if self.keeps_bodies and 0 < len(content.data) <= MOST_TEXT and content.data.isascii():
            text = self._text(content.data.decode())
            return RecordedBody(content.size) if text == MASK else RecordedBody(text=text)
        return RecordedBody(content.size)

    def _element(self, element: str) -> str:
        path, is_leaf, text = element.partition("=")
        if is_leaf and text and path.rpartition("/")[2] in _VOLATILE_ELEMENTS:
            return f"{path}={ANY}"
        return f"{path}={self._text(text)}" if is_leaf else path

    def _learn_references(self, exchange: Exchange, number: int) -> None:
        """Learn the ids of an answer, to which later requests may refer."""
        fields = {name.lower(): value for name, value in exchange.answer_headers}
        found = {"version": fields.get("x-oss-version-id"), "etag": fields.get("etag")}
        for element in _elements(exchange.answer_content.data):
            path, _, text = element.partition("=")
            if path.endswith("Result/UploadId"):
                found["upload"] = text
            if path.endswith("/NextContinuationToken"):
                found["token"] = text
        for kind, value in found.items():
            if value and value != "null":
                self._references[value] = f"{{{kind} {number}}}"

    def _text(self, text: str) -> str:
        """Mask a text; one with a secret in it is masked as a whole."""
        if len(text) > _LONGEST or self.secrets.is_in(text):
            return MASK
        for value, reference in self._references.items():
            text = text.replace(value, reference)
        for name, word in (*self._buckets.items(), *self._sites.items()):
            text = _word(name).sub(word, text)
        if is_hidden_in(text, (*self._buckets, *self._sites)):
            return MASK
        return _NUMBER.sub(ANY, text)


@lru_cache
def _word(name: str) -> re.Pattern[str]:
    """Match a name where it is not part of a longer one."""
    return re.compile(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9-])", re.IGNORECASE)


def _is_recorded(exchange: Exchange, only: Sequence[str]) -> bool:
    match = _BUCKET_HOST.fullmatch(exchange.host)
    if match is None or (only and match[1] not in only):
        return False
    names = [name.lower() for name, _ in parse_qsl(urlsplit(exchange.target).query, True)]
    names += [name.lower() for name, _ in exchange.headers]
    return "x-oss-callback" not in names and "callback" not in names


def _states(steps: Sequence[RecordedStep]) -> Iterator[BucketState]:
    """Yield the buckets that were there before: those whose first request did not create them."""
    seen: set[str] = set()
    for step in steps:
        name, request = step.request.bucket, step.request
        if "." in name or name in seen:
            continue
        seen.add(name)
        creates = request.method == "PUT" and request.path == "/" and not request.query
        missing = "Error/Code=NoSuchBucket" in step.answer.xml
        if not creates and not missing:
            yield BucketState(name, _keeps_versions(steps, name))


def _keeps_versions(steps: Sequence[RecordedStep], name: str) -> bool:
    """Whether a bucket had versions before the recording, not since a step enabled them."""
    for step in steps:
        if step.request.bucket != name:
            continue
        if step.request.method == "PUT" and "versioning" in step.request.query:
            return False
        if "x-oss-version-id" in map(str.lower, step.answer.headers):
            return True
    return False


def _elements(data: bytes) -> tuple[str, ...]:
    """List the elements of a body that is a document; () for any other."""
    if not data.lstrip().startswith(b"<"):
        return ()
    try:
        return list_elements(data)
    except ValueError:
        return ()
