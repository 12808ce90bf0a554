"""CORS rules: which pages of other origins may do what (PutBucketCors, OptionObject)."""

from dataclasses import dataclass
from functools import lru_cache

from oss_emulator.protocol import xml

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """What pages of some origins may do."""

    origins: tuple[str, ...]
    """Each with one asterisk at most, which stands for any text."""
    methods: tuple[str, ...]
    allowed_headers: tuple[str, ...]
    """In lower case, each with one asterisk at most."""
    expose_headers: tuple[str, ...]
    max_age: str

    def allows(self, origin: str, method: str, headers: tuple[str, ...] = ()) -> bool:
        """Whether the rule allows the origin, the method and each of the headers."""
        return (
            method in self.methods
            and any(_matches(pattern, origin) for pattern in self.origins)
            and all(
                any(_matches(pattern, header) for pattern in self.allowed_headers)
                for header in headers
            )
        )

    def answer(self, origin: str, headers: str) -> dict[str, str]:
        """The headers that tell a browser what is allowed; those with nothing to tell are absent.

        Where all origins are allowed an asterisk is answered (Configure CORS). The methods are all
        that the rule allows (SDK V2's suite, which runs against the service).
        """
        found = {
            "Access-Control-Allow-Origin": _ANY if _ANY in self.origins else origin,
            "Access-Control-Allow-Methods": ", ".join(self.methods),
            "Access-Control-Allow-Headers": headers,
            "Access-Control-Expose-Headers": ", ".join(self.expose_headers),
            "Access-Control-Max-Age": self.max_age,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class CorsConfiguration:
    """The rules of a bucket in their order."""

    rules: tuple[Rule, ...]
    response_vary: bool
    """Whether every answer carries `Vary: Origin`."""

    def preflight(self, origin: str, method: str, headers: str) -> dict[str, str] | None:
        """The answer to a preflight by the first rule that allows it; None where none does.

        `headers` are names between commas, as `Access-Control-Request-Headers` has them; those
        that were asked for are those that are allowed in the answer (OptionObject).
        """
        if not (origin + headers).isprintable():
            return None  # no answer could repeat it
        names = tuple(name.strip().lower() for name in headers.split(",") if name.strip())
        for rule in self.rules:
            if rule.allows(origin, method, names):
                return rule.answer(origin, headers)
        return None

    def headers(self, origin: str | None, method: str) -> dict[str, str]:
        """What an answer to anything else carries; the first rule that fits counts."""
        found = {"Vary": "Origin"} if self.response_vary else {}
        if origin is None or not origin.isprintable():
            return found
        for rule in self.rules:
            if rule.allows(origin, method):
                return {**found, **rule.answer(origin, ", ".join(rule.allowed_headers))}
        return found


@lru_cache(256)
def parse(document: bytes) -> CorsConfiguration:
    """Read a configuration that was kept; known by its bytes, so never stale."""
    node = xml.parse(document, "CORSConfiguration")
    rules = tuple(_read_rule(rule) for rule in node.all("CORSRule"))
    return CorsConfiguration(rules, node.text("ResponseVary").lower() == "true")


def _read_rule(node: xml.Node) -> Rule:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(child.value.strip() for child in node.all(name))

    allowed_headers = tuple(name.lower() for name in texts("AllowedHeader"))
    return Rule(
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
