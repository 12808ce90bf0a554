"""Which pages of other origins may use a bucket (PutBucketCors, OptionObject)."""

from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document
from oss_emulator.operations.operation import Resource, answers
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

MAX_RULES: Final = 20

_ANY: Final = "*"
_ASTERISKS: Final = {"AllowedOrigin": 1, "AllowedHeader": 1, "ExposeHeader": 0}
"""Maximum number of asterisks in the value of an element."""


@document("""
PUT GET DELETE /bucket?cors BucketCors enforced
absent: NO_SUCH_CORS
CORSConfiguration
  CORSRule+ ?0034-00000002
    AllowedOrigin+ name ?0034-00000008
    AllowedMethod+ GET|PUT|DELETE|POST|HEAD !0034-00000011
    AllowedHeader* text
    ExposeHeader* text
    MaxAgeSeconds? 0..999999999
  ResponseVary? boolean =false !0034-00000004
""")
def cors(node: xml.Node, _: Call) -> xml.Value:
    """The rules for pages of other origins, with the names of headers in lower case."""
    rules = node.all("CORSRule")
    if len(rules) > MAX_RULES:
        raise OSSError(ErrorCase.TOO_MANY_CORS_RULES)
    for rule in rules:
        for child in rule:
            most = _ASTERISKS.get(child.name)
            if most is None:
                continue
            if child.value.count("*") > most:
                message = f"An {child.name} may have {most or 'no'} asterisk."
                ec = None if most else "0034-00000013"
                raise headers.invalid_argument(child.name, child.value, message, ec=ec)
            headers.text(child.name, child.value)  # sent in headers of answers
    vary = [(child.name, child.content) for child in node.all("ResponseVary")]
    return [*(("CORSRule", _normalize_rule(rule)) for rule in rules), *vary]


def _normalize_rule(rule: xml.Node) -> xml.Children:
    """Return a rule with its request headers in lower case, as the service returns them."""
    return [
        (child.name, child.value.lower() if child.name == "AllowedHeader" else child.content)
        for child in rule
    ]


class CorsRule(NamedTuple):
    """One rule: what pages of certain origins may do."""

    origins: tuple[str, ...]
    """Each may have one asterisk, which stands for any text."""
    methods: tuple[str, ...]
    allowed_headers: tuple[str, ...]
    """In lower case; each may have one asterisk."""
    expose_headers: tuple[str, ...]
    max_age: str

    def allows(self, origin: str, method: str, names: tuple[str, ...] = ()) -> bool:
        """Return whether the rule allows the origin, the method and all named request headers."""
        return (
            method in self.methods
            and any(_matches(pattern, origin) for pattern in self.origins)
            and all(
                any(_matches(pattern, name) for pattern in self.allowed_headers) for name in names
            )
        )

    def answer(self, origin: str, allowed_headers: str) -> dict[str, str]:
        """Return the headers that tell a browser what is allowed, without empty headers.

        If the rule allows all origins, the allowed origin is an asterisk (Configure CORS). The
        allowed methods are all those of the rule (SDK V2's suite, which runs against the service).
        """
        found = {
            "Access-Control-Allow-Origin": _ANY if _ANY in self.origins else origin,
            "Access-Control-Allow-Methods": ", ".join(self.methods),
            "Access-Control-Allow-Headers": allowed_headers,
            "Access-Control-Expose-Headers": ", ".join(self.expose_headers),
            "Access-Control-Max-Age": self.max_age,
        }
        return {name: value for name, value in found.items() if value}


class CorsConfiguration(NamedTuple):
    """The rules of a bucket, in order."""

    rules: tuple[CorsRule, ...]
    response_vary: bool
    """Whether all answers have `Vary: Origin`."""

    def preflight(self, origin: str, method: str, wanted: str) -> dict[str, str] | None:
        """Return the headers of the answer to a preflight, by the first rule that allows it.

        None if no rule allows it. `wanted` is the value of `Access-Control-Request-Headers`, names
        separated by commas; the answer allows these headers (OptionObject).
        """
        if not (origin + wanted).isprintable():
            return None  # not allowed in headers of the answer
        names = tuple(name.strip().lower() for name in wanted.split(",") if name.strip())
        chosen = next((rule for rule in self.rules if rule.allows(origin, method, names)), None)
        return None if chosen is None else chosen.answer(origin, wanted)

    def headers_for(self, origin: str | None, method: str) -> dict[str, str]:
        """Return the headers of any other answer, by the first rule that allows the request."""
        found = {"Vary": "Origin"} if self.response_vary else {}
        if origin is None or not origin.isprintable():
            return found
        for rule in self.rules:
            if rule.allows(origin, method):
                return {**found, **rule.answer(origin, ", ".join(rule.allowed_headers))}
        return found


@lru_cache(256)
def parse(document: bytes) -> CorsConfiguration:
    """Parse a stored configuration. The cache is keyed by the bytes, so it is never stale."""
    node = xml.parse(document, cors.schema.name)
    rules = tuple(_read_rule(rule) for rule in node.all("CORSRule"))
    return CorsConfiguration(rules, node.text("ResponseVary").lower() == "true")


def _read_rule(node: xml.Node) -> CorsRule:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(child.value.strip() for child in node.all(name))

    allowed_headers = tuple(name.lower() for name in texts("AllowedHeader"))
    return CorsRule(
        texts("AllowedOrigin"),
        texts("AllowedMethod"),
        allowed_headers,
        texts("ExposeHeader"),
        node.text("MaxAgeSeconds"),
    )


def _matches(pattern: str, text: str) -> bool:
    before, asterisk, after = pattern.partition(_ANY)
    if not asterisk:
        return pattern == text
    return (
        len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)
    )


@answers("OPTIONS /bucket/key", "OptionObject")
def option_object(call: Call) -> Response:
    """Answer a preflight by the bucket's CORS rules.

    Raises `BadRequest`, and `AccessForbidden` if the bucket has no rule that allows it.

    Signature, ACL and Referer are not checked (R-04), because they belong to the request that
    follows a preflight. The object need not exist.
    """
    sent = call.request.headers
    origin = sent.get("origin")
    if not origin:
        raise OSSError(ErrorCase.ORIGIN_REQUIRED)
    method = sent.get("access-control-request-method")
    if not method:
        raise OSSError(ErrorCase.ORIGIN_METHOD_REQUIRED)
    stored = call.bucket.documents.get(cors.subresource)
    if stored is None:
        raise OSSError(ErrorCase.CORS_NOT_ENABLED)  # S-30
    wanted = sent.get("access-control-request-headers", "")
    allowed = parse(stored).preflight(origin, method, wanted)
    if allowed is None:
        raise OSSError(ErrorCase.CORS_FORBIDDEN)
    return Response(200, allowed)


option_of_bucket = replace(option_object, resource=Resource.BUCKET)
