"""nginx: `valid_referers`, as ngx_http_referer_module parses and applies it.

An entry names a host without a scheme. A path may follow, which is compared by prefix. A host is
compared in lower case and without its port. `*.a.com` stands for the sub-domains, `.a.com` for the
domain too, and `a.*` for every ending. `~` begins a regular expression, which is searched for in
what follows the scheme. `none` is a request without the header. `blocked` is a request with an
empty header or with a Referer that does not begin with http:// or https://.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from oss_emulator.lab.entry import is_blank
from oss_emulator.lab.parts import Parts
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.request import Signing
from oss_emulator.toml import SourceError, place_of

from . import expression

_TOKEN = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[;{}]|[^\s;{}\"'#][^\s;{}]*")
_SCHEME = re.compile("https?://", re.IGNORECASE)
_SHORTEST = len("http://i.ru")  # anything shorter is not an address
_LABEL = "[A-Za-z0-9-]+"
_HOST = re.compile(rf"(?:\*\.|\.)?{_LABEL}(?:\.{_LABEL})*(?:\.\*)?")


@dataclass(frozen=True, slots=True)
class NginxRules:
    """The parameters of `valid_referers`."""

    hosts: tuple[str, ...] = ()
    """The hosts with their paths, if any."""
    expressions: tuple[str, ...] = ()
    none: bool = False
    blocked: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the `valid_referers` of a configuration file. Raises SourceError."""
        parameters, names = _parse_directives(text)
        hosts: list[str] = []
        expressions: list[str] = []
        for parameter, place in parameters:
            if parameter.startswith("~"):
                _check_expression(parameter[1:], place)
                expressions.append(parameter[1:])
            elif parameter == "server_names":
                hosts += names
            elif parameter not in ("none", "blocked"):
                hosts.append(parameter)
        words = {parameter for parameter, _ in parameters}
        return cls(tuple(hosts), tuple(expressions), "none" in words, "blocked" in words)

    def format(self) -> str:
        """Format `valid_referers` and the condition that enforces it."""
        parameters = [
            *(["none"] if self.none else []),
            *(["blocked"] if self.blocked else []),
            *self.hosts,
            *(f'"~{_quote(text)}"' for text in self.expressions),
        ]
        listed = "\n               ".join(parameters)
        return f"valid_referers {listed};\nif ($invalid_referer) {{\n    return 403;\n}}\n"

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """Return the whitelist as hosts and regular expressions; nginx has no blacklist."""
        hosts: dict[str, None] = {}
        expressions: dict[str, None] = {}
        for entry in configuration.whitelist:
            if is_blank(entry):
                continue
            parts = Parts.split(entry)
            if parts.scheme in ("http", "https") and _is_host(parts):
                hosts[parts.host + (parts.rest if parts.rest != "/" else "")] = None
            else:
                expressions[_expression(parts)] = None
        if not hosts and not expressions:
            expressions["."] = None  # an empty whitelist allows every Referer
        empty = configuration.allow_empty_referer or not configuration.whitelist
        return cls(tuple(hosts), tuple(expressions), none=empty)

    def to_oss(self) -> RefererConfiguration:
        """Return an entry for each host and scheme; wildcards replace parts of expressions."""
        if not self.hosts and not self.expressions:
            return RefererConfiguration()  # nginx allows everybody
        return RefererConfiguration(allow_empty_referer=self.none, whitelist=self.entries)

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether nginx allows a request; it ignores signatures for OSS."""
        if not self.hosts and not self.expressions:
            return True
        if referer is None:
            return self.none
        scheme = _SCHEME.match(referer) if len(referer) >= _SHORTEST else None
        if scheme is None:
            return self.blocked
        rest = referer[scheme.end() :]
        host = re.split("[/:]", rest, maxsplit=1)[0].lower()
        _, slash, path = rest.partition("/")
        for entry in self.hosts:
            name, entry_slash, entry_path = entry.partition("/")
            if _names(name.lower(), host):
                return not entry_slash or (slash + path).startswith(f"/{entry_path}")
        return any(re.search(text, rest, re.IGNORECASE) for text in self.expressions)

    @property
    def entries(self) -> tuple[str, ...]:
        """An entry for each host and scheme."""
        texts = [text for entry in self.hosts for text in _entries(entry)]
        texts += [text for item in self.expressions for text in expression.to_entries(item)]
        return tuple(
            dict.fromkeys(f"{scheme}://{text}" for text in texts for scheme in ("https", "http"))
        )


def _parse_directives(text: str) -> tuple[list[tuple[str, tuple[int, int]]], list[str]]:
    """Parse the parameters of every valid_referers with their places, and the server names."""
    parameters: list[tuple[str, tuple[int, int]]] = []
    names: list[str] = []
    words: list[tuple[str, tuple[int, int]]] = []
    found = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word.startswith("#"):
            continue
        if word not in (";", "{", "}"):
            words.append((_unquote(word), place_of(text[: token.start()])))
            continue
        if words and words[0][0] == "valid_referers" and word == ";":
            found = True
            parameters += words[1:]
        elif words and words[0][0] == "server_name":
            names += [name for name, _ in words[1:] if _HOST.fullmatch(name)]
        words = []
    if words:
        raise SourceError(f"the directive {words[0][0]} is not ended; add a ;", *words[0][1])
    if not found:
        raise SourceError("the document has no valid_referers; add this directive")
    return parameters, names


def _unquote(word: str) -> str:
    if word[0] in "\"'":
        return re.sub(r"\\([\"'\\])", r"\1", word[1:-1])
    return word


def _quote(text: str) -> str:
    # nginx keeps a backslash that does not precede a quote or a backslash.
    return text.replace('"', '\\"')


def _check_expression(text: str, place: tuple[int, int]) -> None:
    try:
        re.compile(text)
        expression.to_entries(text)
    except (re.error, ValueError) as error:
        sentence = f"the regular expression ~{text} cannot be translated: {error}"
        raise SourceError(sentence, *place) from None


def _names(name: str, host: str) -> bool:
    """Return whether the host of an entry matches that of a Referer."""
    if name.startswith("*."):
        return host.endswith(name[1:]) and host != name[1:]
    if name.startswith("."):
        return host == name[1:] or host.endswith(name)
    if name.endswith(".*"):
        return host.startswith(name[:-1]) and host != name[:-1]
    return host == name


def _entries(entry: str) -> Iterator[str]:
    """Yield the entries, without a scheme, for an entry of nginx."""
    name, _, path = entry.partition("/")
    if name.startswith("."):
        yield f"{name[1:]}/{path}"
        name = f"*{name}"
    yield f"{name}/{path}"


def _is_host(parts: Parts) -> bool:
    """Return whether an entry can be written as a host, with or without a path."""
    return (
        parts.rest.startswith("/")
        and parts.port is None
        and not set(parts.rest) & set("*?\"'\\; ")
        and _HOST.fullmatch(parts.host) is not None
    )


def _expression(parts: Parts) -> str:
    """Return an entry as a regular expression for what follows the scheme."""
    if parts.scheme is None and parts.host.startswith("*"):
        return expression.from_entry(parts.join().lstrip("*")) or "."
    return f"^{expression.from_entry(parts.authority + parts.rest)}"
