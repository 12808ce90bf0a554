"""Scenarios: requests with the answers of the service, and the JSON of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from lxml import etree
from oss_referer.engine.decision import Signing
from oss_referer.sources import endpoint, json_text
from oss_referer.sources.toml import SourceError, read_file

from oss_emulator.protocol.xml import lxml_parser


def list_elements(document: bytes) -> tuple[str, ...]:
    """List the elements of a document by their paths; a leaf also has its text.

    Raises `ValueError` if the document is not well-formed.
    """
    try:
        root = etree.fromstring(document, lxml_parser())
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the document is not well-formed: {error.msg}") from None
    return tuple(_list(root, ""))


def _list(element: etree._Element, above: str) -> Iterator[str]:
    path = f"{above}{etree.QName(element).localname}"
    children = list(element)
    text = element.text or ""
    # A root without children and text is an empty document.
    yield path if children or (not above and not text) else f"{path}={text}"
    for child in children:
        yield from _list(child, f"{path}/")


def build(elements: Sequence[str]) -> bytes:
    """Build a document from a list as `list_elements` returns it."""
    root: etree._Element | None = None
    opened: list[etree._Element] = []
    for element in elements:
        path, _, text = element.partition("=")
        *above, name = path.split("/")
        del opened[len(above) :]
        if len(opened) != len(above) or (not above and root is not None):
            raise ValueError(f"{path} has no element around it")
        made = etree.SubElement(opened[-1], name) if opened else etree.Element(name)
        made.text = text or None
        root = made if root is None else root
        opened.append(made)
    if root is None:
        return b""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


ANY = "*"
"""A value that differs each time: an id, a date, a checksum.

As the name of a header, or as the first of a list of elements, it allows others.
"""

ENDPOINT = "oss-cn-hangzhou.aliyuncs.com"

MOST_BYTES = 1024**3
"""Maximum bytes of a played body, which is made in memory."""

_METHOD = re.compile("[A-Z]{1,20}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_VALUE = re.compile(r"[\t\n\x20-\x7e\x80-\xff]*")
"""The value of a header; a repeated header has one value a line."""

_BUCKET = re.compile(r"[A-Za-z0-9._-]{0,253}")
_ENDPOINT = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?\.){1,5}[a-z]{2,20}")
"""The texts that can be sent over HTTP, and the possible names of hosts."""

Headers: TypeAlias = Mapping[str, str]


class ScenarioError(ValueError):
    """A file without valid scenarios; the text says where and why."""


@dataclass(frozen=True, slots=True)
class RecordedBody:
    """The body of a request, in one of three forms."""

    size: int = 0
    """Size in bytes of a body whose content was not recorded."""
    xml: tuple[str, ...] = ()
    """The elements of a document, as `list_elements` lists them."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class RecordedSignature:
    """How the owner of the bucket signed a request."""

    place: Signing = Signing.HEADER
    version: int = 4
    wrong: bool = False
    referer: str = ""
    """The Referer that it covers in place of the one that is sent; "" for the one that is sent."""

    def __str__(self) -> str:
        wrongly = self.wrong or self.referer
        return f"{'wrongly ' if wrongly else ''}signed in the {self.place}, V{self.version}"


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it was recorded; texts may refer to the answers of earlier steps."""

    method: str
    bucket: str
    """The name of a bucket, or for a request without a bucket a host name, with a dot."""
    path: str
    """The path after the bucket, decoded: `/` and the key."""
    query: Headers = field(default_factory=dict)
    headers: Headers = field(default_factory=dict)
    body: RecordedBody = RecordedBody()
    signature: RecordedSignature | None = RecordedSignature()
    """None for an anonymous request."""
    opens: str = ""
    """The kind of requests that an account may send only if this request succeeds."""

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" if value else name for name, value in self.query.items())
        said = [f"{self.method} {self.bucket}{self.path}{'?' if query else ''}{query}"]
        if self.signature != RecordedSignature():
            said.append(str(self.signature or "anonymous"))
        if "Referer" in self.headers:
            said.append(f"Referer {self.headers['Referer']!r}")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer of the service; `*` stands for any value."""

    status: int
    """0 for any."""
    headers: Headers
    xml: tuple[str, ...] = ()
    """The elements of the document, as `list_elements` lists them; () for no document.

    A single `*` stands for any content, for example of an object, which may also be XML. After a
    `*`, the listed elements must be present, and those with a `!` absent.
    """


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A request, its answer, and the facts that the answer is about."""

    request: RecordedRequest
    answer: RecordedAnswer
    facts: tuple[str, ...] = ()
    """The questions that the answer decides: `R-20`, or `R-14 empty_whitelist` for a field of the
    assumptions."""
    variants: Mapping[str, RecordedAnswer] = field(default_factory=dict)
    """The answers under other variants of the assumptions; the first assumed variant counts."""
    until: bool = False
    """Whether to send it until the answer is as expected, because rules take effect late."""
    needs: str = ""
    """Its kind of requests; if the account may not send this kind, the answer proves nothing."""


@dataclass(frozen=True, slots=True)
class BucketState:
    """A bucket before the first step."""

    name: str
    versioned: bool = False
    """Whether it is versioned and supports retention (object lock)."""


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """Steps recorded one after another, and requests for the state before the first step."""

    name: str
    steps: tuple[RecordedStep, ...]
    before: tuple[RecordedRequest, ...] = ()
    """Requests that create the required state; their answers were not recorded."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The scenarios of one file."""

    scenarios: tuple[RecordedScenario, ...]
    endpoint: str = ENDPOINT
    """The host name of the service's endpoint."""
    buckets: tuple[BucketState, ...] = ()
    """The buckets that exist before each scenario."""
    before: tuple[RecordedRequest, ...] = ()
    """Requests that create the state before each scenario."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """The subject of each question. A question about an assumption depends on those before it."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """The JSON of the file."""

    @property
    def region(self) -> str:
        return self.endpoint.partition(".")[0].removeprefix("oss-").removesuffix("-internal")

    @property
    def requests(self) -> Iterator[RecordedRequest]:
        """The requests of its scenarios."""
        for scenario in self.scenarios:
            yield from (*scenario.before, *(step.request for step in scenario.steps))

    @property
    def bucket_names(self) -> tuple[str, ...]:
        asked = [one.bucket for one in (*self.before, *self.requests)]
        names = [state.name for state in self.buckets] + asked
        return tuple(dict.fromkeys(name for name in names if name and "." not in name))


def region_of(host: str) -> str:
    """Return the region in the host name of an endpoint of the service, or ""."""
    found = endpoint.ENDPOINT.fullmatch(host)
    return (found["region"] or "") if found else ""


def read(path: Path) -> Recording:
    """Read a file; raises `ScenarioError`, and `OSError` if it cannot be read."""
    try:
        return parse_recording(json_text.parse(read_file(path)))
    except SourceError as error:
        raise ScenarioError(f"{path}, {error}") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def parse_recording(document: Any) -> Recording:
    """Parse the content of a file; raises `ScenarioError`."""
    given = _Members(
        {"scenarios": document} if isinstance(document, list) else document, "the file"
    )
    buckets = given.object("buckets")
    for name in buckets.names:
        _check(_BUCKET, name, "a name of a bucket")
    _check(_ENDPOINT, given.text("endpoint", ENDPOINT), "a host name of a service")
    return Recording(
        tuple(_scenario(item) for item in given.objects("scenarios")),
        given.text("endpoint", ENDPOINT),
        tuple(
            BucketState(name, versioned=buckets.object(name).flag("versioned"))
            for name in buckets.names
        ),
        tuple(_request(request) for request in given.objects("before")),
        given.mapping("questions"),
        given.value,
    )


class _Members:
    """An object of the file; its methods return members of a type, or raise `ScenarioError`."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise ScenarioError(f"{place} is not an object")
        self.value, self._place = value, place

    @property
    def names(self) -> Sequence[str]:
        return tuple(self.value)

    def text(self, name: str, default: str | None = "") -> str:
        return self._get(name, str, default)

    def number(self, name: str, default: int | None = None) -> int:
        return self._get(name, int, default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self._get(name, bool, default)

    def object(self, name: str) -> _Members:
        return _Members(self.value.get(name, {}), f"{self._place}, {name}")

    def objects(self, name: str) -> list[_Members]:
        items = self._get(name, list, [])
        return [_Members(item, f"{self._place}, {name} {i}") for i, item in enumerate(items)]

    def texts(self, name: str) -> tuple[str, ...]:
        items = self._get(name, list, [])
        if not all(isinstance(item, str) for item in items):
            raise ScenarioError(f"{self._place}: {name} is not a list of strings")
        return tuple(items)

    def mapping(self, name: str) -> dict[str, str]:
        found = self.object(name)
        return {key: found.text(key) for key in found.names}

    def _get(self, name: str, kind: type[_T], default: _T | None) -> _T:
        value = self.value.get(name, default)
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            raise ScenarioError(f"{self._place}: {name} is not {_KINDS[kind]}")
        return value


_T = TypeVar("_T")
_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
}


def _scenario(item: _Members) -> RecordedScenario:
    return RecordedScenario(
        item.text("scenario", None),
        tuple(
            RecordedStep(
                _request(step.object("request")),
                _answer(step.object("answer")),
                step.texts("facts"),
                {
                    name: _answer(step.object("variants").object(name))
                    for name in step.object("variants").names
                },
                step.flag("until"),
                step.text("needs"),
            )
            for step in item.objects("steps")
        ),
        tuple(_request(request) for request in item.objects("before")),
    )


def _request(item: _Members) -> RecordedRequest:
    body = item.object("body")
    headers = {**item.mapping("inferred"), **item.mapping("headers")}
    if "copy-source" in item.names:
        headers["x-oss-copy-source"] = item.text("copy-source")
    if "range" in item.names:
        headers["Range"] = f"bytes={item.text('range')}"
    request = RecordedRequest(
        item.text("method", None),
        item.text("bucket", None),
        item.text("path", None),
        query=item.mapping("query"),
        headers=headers,
        body=RecordedBody(body.number("size", 0), body.texts("xml"), body.text("text")),
        signature=_signature(item.object("signature")) if item.flag("signed", True) else None,
        opens=item.text("opens"),
    )
    _check_request(request)
    return request


_PLACES = {Signing.HEADER: (1, 2, 4), Signing.URL: (1, 2, 4), Signing.FORM: (1, 4)}
"""Where requests can be signed, with the versions."""


def _signature(item: _Members) -> RecordedSignature:
    place, version = item.text("place", Signing.HEADER), item.number("version", 4)
    if version not in _PLACES.get(place, ()):  # type: ignore[call-overload]
        raise ScenarioError(
            f"signatures of version {version} in the place {place!r} are not supported"
        )
    return RecordedSignature(Signing(place), version, item.flag("wrong"), item.text("referer"))


def _check_request(request: RecordedRequest) -> None:
    """Raise `ScenarioError` for a request that cannot be sent."""
    _check(_METHOD, request.method, "a method")
    _check(_BUCKET, request.bucket, "a name of a bucket or a host")
    for name, value in request.headers.items():
        _check(_TOKEN, name, "a name of a header")
        _check(_VALUE, value, "a value of a header")
    if not 0 <= request.body.size <= MOST_BYTES:
        raise ScenarioError(f"{request}: the body cannot have {request.body.size} bytes")
    try:
        build(request.body.xml)
    except ValueError as error:
        raise ScenarioError(f"{request}: the document is invalid: {error}") from None


def _check(pattern: re.Pattern[str], text: str, kind: str) -> None:
    if not pattern.fullmatch(text):
        raise ScenarioError(f"{text[:80]!r} is not {kind}")


def _answer(item: _Members) -> RecordedAnswer:
    headers = item.mapping("headers") if "headers" in item.names else {ANY: ANY}
    xml = item.texts("xml") if "xml" in item.names or "headers" in item.names else (ANY,)
    return RecordedAnswer(item.number("status", 0), headers, xml)
