"""nginx: `valid_referers`, as ngx_http_referer_module applies it.

An entry names a host without a scheme. A path may follow, which is compared by prefix. A host is
compared in lower case and without its port, the exact name first, then the longest of `*.a.com`
(the sub-domains) and `.a.com` (the domain too), then the longest of `a.*` (every ending). The first
name that matches decides: if its path does not match, nothing else is tried.

`~` begins a regular expression, which is searched for in what follows the scheme. `none` is a
request without the header. `blocked` is a request with an empty header or with a Referer that does
not begin with http:// or https://. `server_names` are the names of the server, wherever it states
them; a server without a name has the name "".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Self

from oss_emulator.lab.parts import example
from oss_emulator.lab.probes import Probe, ProbeKind
from oss_emulator.referer.gram_index import GramIndex
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern
from oss_emulator.referer.request import Signing
from oss_emulator.toml import SourceError, place_of

from . import nginx_syntax
from .expression import Expression
from .nginx_syntax import Directive, Word

NOBODY = "https://nobody.invalid/"
"""An entry that matches no Referer that is sent: without it the whitelist would be empty, and allow
everybody (R-14). The domain .invalid is reserved (RFC 2606)."""

_SCHEME = re.compile("https?://", re.IGNORECASE)
_SHORTEST = len("http://i.ru")  # nginx does not read anything shorter as an address
_LONGEST_HOST = 256
_MOST_EXPRESSIONS = 1_000
_PROBED = 20
_CHARACTERS = "x0-A._~é/"
_TEXTS = ("", "a", "1", "a/b", "x.y")
"""What replaces `?` and `*` in the entry of an expression, to find what the expression refuses."""


@dataclass(frozen=True)
class ValidReferers:
    """The parameters of `valid_referers` that hold in one place of a file."""

    hosts: Mapping[str, str]
    """The path of each name, or ""."""
    expressions: tuple[Expression, ...] = ()
    """What is searched for in what follows the scheme."""
    host_expressions: tuple[Expression, ...] = ()
    """The regular expressions among the names of the server, searched for in the host."""
    none: bool = False
    blocked: bool = False

    def allows(self, referer: str | None) -> bool:
        """Return whether nginx allows a request."""
        if referer is None:
            return self.none
        scheme = _SCHEME.match(referer)
        if scheme is None or _size(referer) < _SHORTEST:
            return self.blocked
        rest = referer[scheme.end() :]
        host = _lower(re.split("[/:]", rest, maxsplit=1)[0])
        if _size(host) > _LONGEST_HOST:
            return False
        for name in _names(host):
            if name in self.hosts:
                _, slash, path = rest.partition("/")
                return (slash + path).startswith(self.hosts[name])
        return self._in_host.find(host) or self._in_rest.find(rest)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """An entry for each host and scheme."""
        texts = [text for name, path in self.hosts.items() for text in _entries(name, path)]
        texts += [text for item in self.expressions for text in map(_lower, item.entries)]
        for item in self.host_expressions:
            texts += [f"{text}/" if item.ends else text for text in map(_lower, item.entries)]
        return tuple(
            dict.fromkeys(f"{scheme}://{text}" for text in texts for scheme in ("https", "http"))
        )

    @property
    def rules(self) -> tuple[object, ...]:
        """All that decides, in a form that can be compared."""
        hosts = tuple(sorted(self.hosts.items()))
        return (hosts, self.expressions, self.host_expressions, self.none, self.blocked)

    @cached_property
    def _in_rest(self) -> "_Index":
        return _Index(self.expressions)

    @cached_property
    def _in_host(self) -> "_Index":
        return _Index(self.host_expressions)


class _Index:
    """Expressions with an index: a search tries only those whose literal text occurs."""

    def __init__(self, expressions: tuple[Expression, ...]) -> None:
        self._expressions = expressions
        self._entries = GramIndex(
            Pattern.of(str(number), entry)
            for number, item in enumerate(expressions)
            for entry in item.entries
        )

    def find(self, text: str) -> bool:
        """Return whether one of the expressions is found in a text."""
        return any(
            self._expressions[int(pattern.text)].matches(text)
            for pattern in self._entries.candidates(text)
        )


@dataclass(frozen=True)
class NginxRules:
    """Every `valid_referers` of a file that differs from the others."""

    places: tuple[ValidReferers, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the `valid_referers` of a configuration file. Raises SourceError."""
        found = list(_ServersReader(text).read())
        if not found:
            raise SourceError("the document has no valid_referers; add this directive")
        return cls(tuple({item.rules: item for item in reversed(found)}.values())[::-1])

    def to_oss(self) -> RefererConfiguration:
        """Return what one of the places allows: a bucket has one set of rules (R-03)."""
        # A path with a query needs the whole Referer; nginx never cuts it.
        asks = any("?" in path for place in self.places for path in place.hosts.values())
        none = any(place.none for place in self.places)
        return RefererConfiguration(
            none, allow_truncate_query_string=not asks, whitelist=self.entries or (NOBODY,)
        )

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether one of the places allows a request; nginx knows no signatures of OSS."""
        return any(place.allows(referer) for place in self.places)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """An entry for each host and scheme."""
        return tuple(dict.fromkeys(entry for place in self.places for entry in place.entries))

    @property
    def probes(self) -> Iterator[Probe]:
        """What only some places allow, and what entries cannot say of paths and expressions."""
        yield from islice(self._of_other_places(), 1)
        if any(place.blocked for place in self.places):
            yield Probe("www.test", ProbeKind.NO_SCHEME)
        if any("" in place.hosts for place in self.places):
            yield Probe("https:///page.html", ProbeKind.NO_HOST)
        hosts = [item for place in self.places for item in place.hosts.items()]
        for name, path in hosts[:_PROBED]:
            if set(path) & {"*", "?"}:  # text for nginx, wildcards for OSS
                host = example(name).removesuffix("/")
                yield Probe(host + path, ProbeKind.PAGE)
                yield Probe(host.upper() + path, ProbeKind.UPPER_CASE)
        expressions = [
            item for place in self.places for item in (*place.expressions, *place.host_expressions)
        ]
        for item in expressions[:_PROBED]:
            for entry in item.entries[:_PROBED]:
                for referer in _fill(_lower(entry)):
                    yield Probe(referer, ProbeKind.EXPRESSION)

    def _of_other_places(self) -> Iterator[Probe]:
        entries = (entry for place in self.places for entry in place.entries[:_PROBED])
        for referer in (*map(example, entries), None) if len(self.places) > 1 else ():
            verdicts = {place.allows(referer) for place in self.places}
            if len(verdicts) > 1:
                yield Probe(referer, ProbeKind.OTHER_PLACE)


@dataclass
class _Parameters:
    """The parameters of `valid_referers` in one block, as they are read."""

    hosts: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    expressions: list[Expression] = field(default_factory=list)
    host_expressions: list[Expression] = field(default_factory=list)
    words: set[str] = field(default_factory=set)


class _ServersReader:
    """Reads the servers and locations of a file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._count = 0

    def read(self) -> Iterator[ValidReferers]:
        """Yield what each block with a `valid_referers` of its own allows. Raises SourceError."""
        waiting: list[tuple[Directive, Directive | None, ValidReferers | None]] = [
            (nginx_syntax.parse(self._text), None, None)
        ]
        while waiting:
            block, server, above = waiting.pop()
            server = block if block.name == "server" else server
            directives = [item for item in block.block if item.name == "valid_referers"]
            if directives:
                above = self._read_block(directives, server, above)
                yield above
            waiting += [
                (item, server, above) for item in reversed(block.block) if item.name in _BLOCKS
            ]

    def _read_block(
        self,
        directives: list[Directive],
        server: Directive | None,
        above: ValidReferers | None,
    ) -> ValidReferers:
        found = _Parameters()
        for word in (word for directive in directives for word in directive.arguments):
            if word.text in _WORDS:
                found.words.add(word.text)
            elif word.text.startswith("~"):
                found.expressions.append(self._parse(word, word.text[1:]))
            else:
                name, slash, path = word.text.partition("/")
                self._add(found, word, name, slash + path)
        if "server_names" in found.words:
            self._add_server_names(found, directives[0].words[0], server)
        if found.words - {"server_names"} and not found.hosts:
            sentence = "none and blocked need a host beside them; nginx refuses them alone"
            raise self._error(directives[0].words[0], sentence)
        return ValidReferers(
            found.hosts,
            # A block without expressions inherits those of the block around it.
            tuple(found.expressions) or (above.expressions if above else ()),
            tuple(found.host_expressions) or (above.host_expressions if above else ()),
            none="none" in found.words,
            blocked="blocked" in found.words,
        )

    def _add_server_names(self, found: _Parameters, word: Word, server: Directive | None) -> None:
        if server is None:
            sentence = "server_names needs a server; put its block around valid_referers"
            raise self._error(word, sentence)
        names = [
            name
            for directive in server.block
            if directive.name == "server_name"
            for name in directive.arguments
        ]
        for name in names or [Word("", word.offset)]:
            if name.text.lower() == "$hostname":
                sentence = "$hostname is the name of a machine; write that name instead"
                raise self._error(name, sentence)
            if name.text.startswith("~"):
                ignores_case = re.search("[A-Z]", name.text) is not None
                expression = self._parse(name, name.text[1:], ignores_case=ignores_case)
                found.host_expressions.append(expression)
            else:
                self._add(found, name, name.text, "")

    def _add(self, found: _Parameters, word: Word, name: str, path: str) -> None:
        name = _lower(name)
        keys = _keys(name)
        if not keys or ".." in name or name.count("*") > 1:
            sentence = (
                f"{word.shown} is not a name that nginx takes; write * as the first or last label"
            )
            raise self._error(word, sentence)
        if keys & found.taken:
            sentence = f"{word.shown} conflicts with a name before it; nginx refuses that"
            raise self._error(word, sentence)
        found.taken |= keys
        found.hosts[name] = path

    def _parse(self, word: Word, text: str, *, ignores_case: bool = True) -> Expression:
        self._count += 1
        if self._count > _MOST_EXPRESSIONS:
            sentence = (
                f"there are more than {_MOST_EXPRESSIONS} regular expressions; leave some out"
            )
            raise self._error(word, sentence)
        try:
            return Expression.parse(text, ignores_case=ignores_case)
        except ValueError as error:
            said = nginx_syntax.shorten(str(error))
            sentence = f"the regular expression {word.shown} cannot be translated: {said}"
            raise self._error(word, sentence) from None

    def _error(self, word: Word, sentence: str) -> SourceError:
        return SourceError(sentence, *place_of(self._text[: word.offset]))


_BLOCKS = ("http", "server", "location")
_WORDS = ("none", "blocked", "server_names")


def _keys(name: str) -> set[tuple[str, str]]:
    """Return the keys of a name that must be unique, one for each hash; none for a wrong name."""
    if name.startswith(".") and len(name) > 1:
        return {("exact", name[1:]), ("head", name[1:])}
    if name.startswith("*.") and len(name) > 2:
        return {("head", name[2:])}
    if name.endswith(".*") and len(name) > 2:
        return {("tail", name[:-2])}
    return set() if "*" in name else {("exact", name)}


def _names(host: str) -> Iterator[str]:
    """Yield the names that match a host, in the order in which nginx tries them."""
    yield host
    if not host:
        return
    yield f".{host}"
    dots = [place for place, character in enumerate(host) if character == "."]
    for dot in dots:
        yield f"*{host[dot:]}"
        yield host[dot:]
    for dot in reversed(dots):
        yield f"{host[:dot]}.*"


def _entries(name: str, path: str) -> Iterator[str]:
    """Yield the entries, without a scheme, for a name and its path."""
    if not name or ":" in name:
        return  # hosts are compared without a port, and never empty
    if name.startswith("."):
        yield f"{name[1:]}{path or '/'}"
        name = f"*{name}"
    yield f"{name}{path or '/'}"


def _fill(entry: str) -> Iterator[str]:
    """Yield Referers that an entry matches, each with other text in place of its wildcards."""
    if not set(entry) & {"*", "?"}:
        return
    for character in _CHARACTERS if "?" in entry else "x":
        for text in _TEXTS if "*" in entry else "x":
            filled = entry.replace("?", character).replace("*", text)
            yield f"https://{filled}" if "/" in filled else f"https://{filled}/"


def _lower(text: str) -> str:
    """Lower ASCII letters in front of a path, as nginx and browsers do (B-02)."""
    host, slash, path = text.partition("/")
    return host.translate(_LOWER) + slash + path


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
