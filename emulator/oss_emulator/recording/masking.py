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
    ENDPOINT,
    BucketState,
    RecordedAnswer,
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
)
from oss_emulator.recording.secrets import MASK, SECRET_NAMES, Secrets, forms

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
    NextContinuationToken NextUploadIdMarker NextVersionIdMarker OSSAccessKeyId Owner RequestId
    ServerTime Signature SignatureProvided StringToSign StringToSignBytes Token UploadId
    UploadIdMarker VersionId VersionIdMarker XAmzDate
    """.split()
)
"""The elements of an answer whose texts differ each time, or name an account."""

_SITES = frozenset(
    "AllowedOrigin Cname Domain Endpoint HostName HttpRedirectHost MirrorURL Referer URL".split()
)
"""The elements that name hosts, with or without a scheme."""

_NAMED_BUCKETS = ("Bucket/Name", "Destination/Bucket", "Error/BucketName", "TargetBucket")
"""The ends of the paths of elements that name buckets."""

_PRIVATE = ("/Callback", "/MirrorHeaders/Set/Value")
"""The ends of the paths of elements whose texts are masked whole: they may hold passwords."""

_DOCUMENTS = frozenset(
    """
    acl delete legal-hold legalhold object-lock restore retention symlink tagging uploadid uploads
    worm x-oss-process
    """.split()
)
"""The parameters of requests for an object whose bodies are documents, not contents."""

# Names may have any characters but those that end a host or a label, since browsers and rules also
# write them as they are, and headers show their bytes as Latin-1.
_ENDS = r""" \t\r\n/?#@:*.,;"'<>|()\[\]{}=&%$^+\\"""
_HOST = re.compile(rf"(?<![^{_ENDS}])(?:[^{_ENDS}]+\.)+[^{_ENDS}]{{2,}}")
_AFTER_SCHEME = re.compile(rf"://(?:[^/?#@\s]*@)?[*?]*\.?({_HOST.pattern})")
_OF_THE_VENDOR = (f".{SERVICE_DOMAIN}", ".aliyun.com")
_ADDRESS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])")
_USER = re.compile(r"://[^/?#@\s]+@")
_PUBLIC_SUFFIX = re.compile(
    r"(?:ac|co|com|edu|go|gob|gov|ltd|me|mil|ne|net|or|org|plc|sch)\.[a-z]{2}|[a-z]{2}\.cn"
)
"""Two labels below which everyone registers names, such as `com.cn` and `bj.cn`."""

_TOKEN = re.compile(r"[^\s,;&=?]+")
_NUMBER = re.compile(r"(?<![0-9])[0-9]{12,20}(?![0-9])")
_BUCKET_HOST = re.compile(
    r"(?:([a-z0-9][a-z0-9-]*)\.)??(?:s3\.)?"
    r"(?:[a-z]{2}-[a-z0-9-]+\.oss|oss(?:-[a-z0-9-]+)?(?:\.oss-(?:accesspoint|object-process))?)"
    rf"\.{re.escape(SERVICE_DOMAIN)}"
)


@dataclass
class Masking:
    """Replaces names by words, the same name always by the same word."""

    secrets: Secrets
    keeps_bodies: bool = False
    _buckets: dict[str, str] = field(default_factory=dict)
    _sites: dict[str, str] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)
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
        endpoint = ENDPOINT if match is None else match[0].removeprefix(f"{match[1]}.")
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
        for _, value in (*exchange.headers, *exchange.answer_headers):
            for host in _AFTER_SCHEME.findall(unquote(value)):
                self._site(host)
        for element in _sent_elements(exchange) + _answered_elements(exchange):
            path, _, text = element.partition("=")
            is_site = path.rpartition("/")[2] in _SITES
            for host in (_HOST if is_site else _AFTER_SCHEME).findall(unquote(text)):
                self._site(host)
            if path.endswith(_NAMED_BUCKETS) and text:
                self._bucket(text.rpartition(":")[2])  # `acs:oss:::name` in inventories

    def _bucket(self, name: str) -> str:
        return self._buckets.setdefault(name, f"bucket-{len(self._buckets) + 1}")

    def _site(self, host: str) -> None:
        """Learn the registered domain of a host; the labels before it stay."""
        host = host.lower()
        if not host.endswith(_OF_THE_VENDOR) and not _ADDRESS.fullmatch(host):
            labels = host.split(".")
            is_short = _PUBLIC_SUFFIX.fullmatch(".".join(labels[-2:])) is None
            domain = ".".join(labels[-2 if is_short else -3 :])
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
            tuple(self._element(text) for text in _answered_elements(exchange))
            or ((ANY,) if _elements(exchange.answer_content.data) else ()),
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
        if elements := _sent_elements(exchange):
            return RecordedBody(xml=tuple(self._leaf(text) for text in elements))
        if self.keeps_bodies and 0 < len(content.data) <= MOST_TEXT and content.data.isascii():
            text = self._text(content.data.decode())
            return RecordedBody(content.size) if text == MASK else RecordedBody(text=text)
        return RecordedBody(content.size)

    def _element(self, element: str) -> str:
        path, is_leaf, text = element.partition("=")
        if is_leaf and text and path.rpartition("/")[2] in _VOLATILE_ELEMENTS:
            return f"{path}={ANY}"
        return self._leaf(element)

    def _leaf(self, element: str) -> str:
        path, is_leaf, text = element.partition("=")
        if text and path.endswith(_PRIVATE):
            return f"{path}={MASK}"
        return f"{path}={self._text(text)}" if is_leaf else path

    def _learn_references(self, exchange: Exchange, number: int) -> None:
        """Learn the ids of an answer, to which later requests may refer."""
        fields = {name.lower(): value for name, value in exchange.answer_headers}
        found = {"version": fields.get("x-oss-version-id"), "etag": fields.get("etag")}
        for element in _answered_elements(exchange):
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
        text = self._references.get(text) or _TOKEN.sub(self._refer, text)
        text = _USER.sub(f"://{MASK}@", text)
        for name, word in (*self._buckets.items(), *self._sites.items()):
            if name in text.lower():
                text = _word(name).sub(word, text)
        if self._is_hidden_in(text):
            return MASK
        return _NUMBER.sub(ANY, _ADDRESS.sub(self._address, text))

    def _refer(self, match: re.Match[str]) -> str:
        return self._references.get(match[0], match[0])

    def _address(self, match: re.Match[str]) -> str:
        """Return an address of documentation (RFC 5737) for one."""
        number = len(self._addresses) % 254 + 1
        return self._addresses.setdefault(match[0], f"192.0.2.{number}")

    def _is_hidden_in(self, text: str) -> bool:
        """Whether a name or an account occurs only when encodings are taken off: `b_ZXhhbXBsZQ`."""
        plain, *decoded = forms(text)
        names = (*self._buckets, *self._sites)
        return any(
            any(name in form and name not in plain for name in names)
            or any(number not in plain for number in _NUMBER.findall(form))
            for form in decoded
        )


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


def _sent_elements(exchange: Exchange) -> tuple[str, ...]:
    """List the elements of a document of the protocol; () for the content of an object."""
    names = _parameters(exchange)
    is_content = "partnumber" in names or _DOCUMENTS.isdisjoint(names)
    if is_content and not _is_of_bucket(exchange):
        return ()
    return _elements(exchange.content.data)


def _answered_elements(exchange: Exchange) -> tuple[str, ...]:
    """List the elements of a document of the service; () for what an object or a page says."""
    names = {name.lower() for name, _ in exchange.answer_headers}
    found = _elements(exchange.answer_content.data)
    is_content = exchange.method == "GET" and "x-oss-object-type" in names
    is_page = exchange.status >= 400 and found[:1] != ("Error",)
    return () if is_content or is_page else found


def _is_of_bucket(exchange: Exchange) -> bool:
    """Whether a request has no key: it is for the service or for a bucket."""
    match = _BUCKET_HOST.fullmatch(exchange.host)
    path = urlsplit(exchange.target).path.strip("/")
    return not path or (match is not None and not match[1] and "/" not in path)


def _parameters(exchange: Exchange) -> set[str]:
    query = urlsplit(exchange.target).query
    return {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}


def _elements(data: bytes) -> tuple[str, ...]:
    """List the elements of a body that is a document; () for any other."""
    if not data.lstrip().startswith(b"<"):
        return ()
    try:
        return list_elements(data)
    except ValueError:
        return ()
