"""nginx: `valid_referers` as ngx_http_referer_module applies it, and a `map` that decides as OSS.

An entry names a host without a scheme. A path may follow, which nginx compares by prefix. nginx
compares the host in lower case and without its port: the exact name first, then the longest of
`*.a.com` (the sub-domains) and `.a.com` (the domain too), then the longest of `a.*` (every ending).
The first matching name decides: if its path does not match, nginx tries no other name.

`none` is a request without the header. `blocked` is a request with an empty header or with a
Referer that does not begin with http:// or https://. `server_names` are the names of the server, in
any place of its block; a server without a name has the name "". A regular expression, which begins
with `~`, is refused, because OSS has only wildcards.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import ClassVar, Self

from oss_referer.browser.probes import Probe, ProbeKind
from oss_referer.engine import (
    Assumptions,
    EntryList,
    Pattern,
    Reading,
    RefererConfiguration,
    Sentence,
    header,
)
from oss_referer.engine.assumptions import CutPath, LetterCase
from oss_referer.search.entry import example
from oss_referer.sources.toml import SourceError, place_of

NOBODY = "https://nobody.invalid/"
"""An entry that matches no Referer of a real page, because an empty whitelist would allow everybody
(R-14). The domain .invalid is reserved (RFC 2606)."""

LONGEST_WORD = 4_094
"""The most bytes of a word that nginx reads; in quotes it reads one less."""
_DEEPEST = 100
"""The most nested blocks."""

_SCHEME = re.compile("https?://", re.IGNORECASE)
_SHORTEST = len("http://i.ru")  # nginx does not read anything shorter as an address
_LONGEST_HOST = 256
_PROBED = 20


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a directive, without its quotes."""

    text: str
    offset: int

    @property
    def shown(self) -> str:
        """The word, shortened for an error text."""
        return shorten(self.text)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive, with the directives of its block, if any."""

    words: tuple[Word, ...] = ()
    block: list["Directive"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""

    @property
    def arguments(self) -> tuple[Word, ...]:
        return self.words[1:]


@dataclass(frozen=True)
class ValidReferers:
    """The parameters of `valid_referers` that apply in one place of a file."""

    hosts: Mapping[str, str]
    """The path of each name, or ""."""
    none: bool = False
    blocked: bool = False

    def allows(self, referer: str | None) -> bool:
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
        return False

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """An entry for each host and scheme."""
        texts = [text for name, path in self.hosts.items() for text in _entries(name, path)]
        return tuple(
            dict.fromkeys(f"{scheme}://{text}" for text in texts for scheme in ("https", "http"))
        )

    @property
    def rules(self) -> tuple[object, ...]:
        hosts = tuple(sorted(self.hosts.items()))
        return (hosts, self.none, self.blocked)


@dataclass(frozen=True)
class NginxRules:
    """The different `valid_referers` of a file."""

    places: tuple[ValidReferers, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the `valid_referers` of a configuration file. Raises SourceError."""
        found = list(_ServersReader(text).read())
        if not found:
            raise SourceError("the document has no valid_referers; add this directive")
        return cls(tuple({item.rules: item for item in reversed(found)}.values())[::-1])

    def to_oss(self) -> RefererConfiguration:
        """Return rules that allow what any place allows: a bucket has one set of rules (R-03)."""
        # A path with a query needs the whole Referer; nginx never cuts it.
        asks = any("?" in path for place in self.places for path in place.hosts.values())
        none = any(place.none for place in self.places)
        return RefererConfiguration(
            none, allow_truncate_query_string=not asks, whitelist=self.entries or (NOBODY,)
        )

    def allows(self, referer: str | None) -> bool:
        return any(place.allows(referer) for place in self.places)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """An entry for each host and scheme."""
        return tuple(dict.fromkeys(entry for place in self.places for entry in place.entries))

    @property
    def probes(self) -> Iterator[Probe]:
        """Probes for what only some places allow, and for behaviour that entries cannot show."""
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

    def _of_other_places(self) -> Iterator[Probe]:
        entries = (entry for place in self.places for entry in place.entries[:_PROBED])
        for referer in (*map(example, entries), None) if len(self.places) > 1 else ():
            verdicts = {place.allows(referer) for place in self.places}
            if len(verdicts) > 1:
                yield Probe(referer, ProbeKind.OTHER_PLACE)


@dataclass
class _Parameters:
    """The parameters of `valid_referers` in one block, collected while reading."""

    hosts: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


class _ServersReader:
    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> Iterator[ValidReferers]:
        """Yield the parameters of each block with its own `valid_referers`. Raises SourceError."""
        waiting: list[tuple[Directive, Directive | None]] = [(_parse_directives(self._text), None)]
        while waiting:
            block, server = waiting.pop()
            server = block if block.name == "server" else server
            directives = [item for item in block.block if item.name == "valid_referers"]
            if directives:
                yield self._read_block(directives, server)
            waiting += [(item, server) for item in reversed(block.block) if item.name in _BLOCKS]

    def _read_block(self, directives: list[Directive], server: Directive | None) -> ValidReferers:
        found = _Parameters()
        for word in (word for directive in directives for word in directive.arguments):
            if word.text in _WORDS:
                found.words.add(word.text)
            else:
                name, slash, path = word.text.partition("/")
                self._add(found, word, name, slash + path)
        if "server_names" in found.words:
            self._add_server_names(found, directives[0].words[0], server)
        if found.words - {"server_names"} and not found.hosts:
            sentence = "none and blocked need a host beside them; nginx refuses them alone"
            raise self._error(directives[0].words[0], sentence)
        return ValidReferers(
            found.hosts, none="none" in found.words, blocked="blocked" in found.words
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
            self._add(found, name, name.text, "")

    def _add(self, found: _Parameters, word: Word, name: str, path: str) -> None:
        if word.text.startswith("~"):
            sentence = (
                f"{word.shown} is a regular expression, and OSS has only * and ? as wildcards; "
                "write the names of the hosts instead"
            )
            raise self._error(word, sentence)
        name = _lower(name)
        keys = _keys(name)
        if not keys or ".." in name or name.count("*") > 1:
            sentence = (
                f"{word.shown} is not a name that nginx accepts; write * as the first or last label"
            )
            raise self._error(word, sentence)
        if keys & found.taken:
            sentence = f"{word.shown} conflicts with a name before it; nginx refuses that"
            raise self._error(word, sentence)
        found.taken |= keys
        found.hosts[name] = path

    def _error(self, word: Word, sentence: str) -> SourceError:
        return _error(self._text, word.offset, sentence)


_BLOCKS = ("http", "server", "location")
_WORDS = ("none", "blocked", "server_names")


def _keys(name: str) -> set[tuple[str, str]]:
    """Return the keys of a name, each unique in its hash; an empty set for a wrong name."""
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
    if not name or ":" in name:
        return  # nginx compares hosts without a port, and a Referer has no empty host
    if name.startswith("."):
        yield f"{name[1:]}{path or '/'}"
        name = f"*{name}"
    yield f"{name}{path or '/'}"


def _lower(text: str) -> str:
    """Return a text with the ASCII letters before its path in lower case, as in nginx (B-02)."""
    host, slash, path = text.partition("/")
    return header.lower(host) + slash + path


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


# The syntax of a configuration file: directives, their words, and blocks.

_TOKEN = re.compile(
    r"(?P<skipped>[ \t\r\n]+|#[^\n]*)"
    r"|(?P<quoted>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<sign>[;{}])"
    r"|(?P<word>(?:\\.|\$\{|[^\s;{}\"'\\])(?:\\.|\$\{|[^\s;{\\])*)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}


def shorten(text: str) -> str:
    """Return a text for an error, on one line of at most 60 characters."""
    line = "".join(item if item.isprintable() else " " for item in text[:61])
    return line if len(line) < 61 else f"{line[:60]}…"


def _parse_directives(text: str) -> Directive:
    """Parse a file, or a part of one, into a directive without words. Raises SourceError."""
    blocks = [Directive()]
    words: list[Word] = []
    for token in _tokens(text):
        sign = token["sign"]
        if sign is None:
            words.append(_word(text, token))
        elif sign == "}" and not words and len(blocks) > 1:
            blocks.pop()
        elif sign != "}" and words:
            directive = Directive(tuple(words))
            words = []
            blocks[-1].block.append(directive)
            if sign == "{":
                blocks.append(directive)
                if len(blocks) > _DEEPEST:
                    raise _error(text, token.start(), "the blocks are nested too deeply")
        else:
            raise _error(text, token.start(), f"{sign} is not expected here")
    if words:
        raise _error(text, words[0].offset, f"the directive {words[0].shown} is not ended; add a ;")
    if len(blocks) > 1:
        sentence = f"the block {blocks[-1].words[0].shown} is not ended; add a }}"
        raise _error(text, blocks[-1].words[0].offset, sentence)
    return blocks[0]


def _tokens(text: str) -> Iterator[re.Match[str]]:
    offset = 0
    while offset < len(text):
        token = _TOKEN.match(text, offset)
        if token is None:
            sentence = "a quote is not ended" if text[offset] in "\"'" else "a word is not ended"
            raise _error(text, offset, sentence)
        if not token["skipped"]:
            yield token
        offset = token.end()


def _word(text: str, token: re.Match[str]) -> Word:
    written = token["word"] or token["quoted"][1:-1]
    longest = LONGEST_WORD - 1 if token["quoted"] else LONGEST_WORD
    if _size(written) > longest:
        sentence = f"a word has more than {longest} bytes, which nginx refuses"
        raise _error(text, token.start(), sentence)
    shown = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), written)
    return Word(shown, token.start())


def _error(text: str, offset: int, sentence: str) -> SourceError:
    return SourceError(sentence, *place_of(text[:offset]))


_LONGEST = LONGEST_WORD - 1  # a key is in quotes
_MOST_WILDCARDS = 100
"""The most wildcards if letter case does not matter in queries, which makes expressions long."""

_SPECIAL = re.compile(r"[^A-Za-z0-9/_\-:%=&,@!~<>;]")
_NOT_ASCII = re.compile(r"[^\0-\x7f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""A character that UTF-8 cannot encode, so that no Referer in UTF-8 matches its entry."""


@dataclass(frozen=True)
class NginxMap:
    """The rules of OSS as a `map` of `$http_referer`. Create it with `from_oss`.

    `valid_referers` cannot express rules of OSS: it ignores the scheme, the port and letter case,
    has no blacklist, and distinguishes a missing Referer from an empty one. In a `map`, each entry
    is a regular expression, and nginx uses the first that matches: the blacklist precedes the
    whitelist (R-12), and the key "" matches a missing and an empty Referer (R-10).

    A regular expression may need more time than nginx allows if `.*` can end in many places. Each
    segment of an entry matches only at its leftmost place (see `engine/pattern.py`). So each
    segment is an atomic group, which PCRE never enters again, and matching is as fast as ours.

    The keys are regular expressions, which use no space in the hash of the map. So long lists need
    no change of `map_hash_max_size` and `map_hash_bucket_size`.
    """

    rules: RefererConfiguration
    assumptions: Assumptions
    reading: Reading
    entries: ClassVar[tuple[str, ...]] = ()
    """No further entries, because probes are generated from those of OSS anyway."""
    probes: ClassVar[tuple[Probe, ...]] = ()
    """No further probes, because those generated from the entries are enough."""

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration, assumptions: Assumptions) -> Self:
        """Return the `map` for a configuration under some assumptions."""
        return cls(configuration, assumptions, Reading(configuration, assumptions))

    def format(self, say: Callable[[Sentence], str] = str) -> str:
        """Format the contents of an `http` block; `say` translates its comments.

        Raises ValueError for an entry that nginx cannot read because it is too long.
        """
        compared = "referer_origin" if self.reading.cuts_path else "http_referer"
        lines = [
            *(self._format_origin(say) if self.reading.cuts_path else ()),
            f"map ${compared} $referer_denied {{",
            f"    default {int(self.reading.needs_whitelist)};",
            f'    "" {int(not self.allows(None))};  # {say(Sentence("no Referer"))}',
            *self._section(say(Sentence("blacklist")), self.reading.blacklist, 1),
            *self._section(say(Sentence("whitelist")), self.reading.whitelist, 0),
            "}",
            "",
            "server {",
            f"    # {say(Sentence('your listen, server_name and location'))}",
            "    if ($referer_denied) {",
            "        return 403;",
            "    }",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def allows(self, referer: str | None) -> bool:
        """Return whether nginx allows a request."""
        sent = header.trim(referer)
        if not sent:
            return self.reading.decide("").reason.allows
        cut = self.reading.cut(sent)
        seen = header.lower(cut) if self._ignores_case else self.reading.see(sent)
        if self.reading.blacklist.first(seen):
            return False
        return not self.reading.needs_whitelist or self.reading.whitelist.first(seen) is not None

    @property
    def _ignores_case(self) -> bool:
        return self.assumptions.letter_case is LetterCase.INSENSITIVE

    def _section(self, title: str, entries: EntryList, denied: int) -> Iterator[str]:
        written = (item for item in entries.patterns if not _SURROGATE.search(item.body))
        expressions = dict.fromkeys(map(self._expression, written))
        if expressions:
            yield f"    # {title}"
        for expression in expressions:
            yield f'    "{expression}" {denied};'

    def _format_origin(self, say: Callable[[Sentence], str]) -> tuple[str, ...]:
        """Format the `map` that cuts the path of a Referer (R-27).

        `=` precedes each origin, because the empty origin of `/a` is not the same as no Referer.
        """
        slash = "/?" if self.assumptions.cut_path is CutPath.WITH_SLASH else ""
        return (
            f"# {say(Sentence('TruncatePath: = and the Referer up to its path'))}",
            "map $http_referer $referer_origin {",
            '    default "";',
            f'    "~^(?<referer_cut>(?:[^/?#]*://)?[^/?#]*{slash})" "=$referer_cut";',
            "}",
            "",
        )

    def _expression(self, pattern: Pattern) -> str:
        """Return an entry as a key of a `map`, to put in double quotes. Raises ValueError."""
        cuts_path, lowers_query = self.reading.cuts_path, self.reading.lowers_query
        if len(pattern.body) > _LONGEST or (
            lowers_query and len(pattern.tail) + pattern.body.count("?") > _MOST_WILDCARDS
        ):
            raise _too_long(pattern)
        # A cut query needs no second `map`, because the matched text contains no `?` (R-26).
        cuts_query = self.rules.allow_truncate_query_string and not cuts_path
        some = "[^?]" if cuts_query else "."
        start = "^=" if cuts_path else "^"
        if lowers_query:
            text = start + _before_query(pattern.head, pattern.tail)
        elif (pattern.head, len(pattern.tail), some, start) == ("", 1, ".", "^"):
            text = _escape(pattern.tail[0], some)
        else:
            text = start + _anywhere(pattern.head, pattern.tail, some)
        word = ("~*" if self._ignores_case else "~") + _in_characters(pattern.body) + text
        if len(word.encode()) > _LONGEST:
            raise _too_long(pattern)
        return word


def _too_long(pattern: Pattern) -> ValueError:
    return ValueError(
        f"nginx reads at most {_LONGEST:,} bytes of an expression; the entry "
        f"{shorten(pattern.text)} needs more"
    )


def _in_characters(body: str) -> str:
    """Return the prefix that makes PCRE count characters, not bytes; "" if it is not needed."""
    needed = "?" in body or any(not (item.isascii() or item.isprintable()) for item in body)
    return "(*UTF)" if needed else ""


def _anywhere(head: str, tail: Sequence[str], some: str = ".") -> str:
    """Format the segments of an entry; each after the first matches at its leftmost place."""
    found = "".join(f"(?>{some}*?{_escape(segment, some)})" for segment in tail)
    return _escape(head, some) + found


def _before_query(head: str, tail: Sequence[str]) -> str:
    """Format the segments of an entry from a place before the `?` of the Referer (R-41).

    A wildcard may match that `?`. The rest of the entry then ignores letter case.
    """
    ways = []
    if tail:
        ways.append(f"(?>[^?]*?{_escape(tail[0], '[^?]')}){_before_query('', tail[1:])}")
        ways.append(rf"[^?]*\?{_in_query('', tail)}")
        for place, character in enumerate(tail[0]):
            if character == "?":
                before = _escape(tail[0][:place], "[^?]")
                ways.append(rf"[^?]*{before}\?{_in_query(tail[0][place + 1 :], tail[1:])}")
    here = [_escape(head, "[^?]") + _alternatives(ways)]
    for place, character in enumerate(head):
        if character == "?":
            before = _escape(head[:place], "[^?]")
            here.append(rf"{before}\?{_in_query(head[place + 1 :], tail)}")
    return _alternatives(here)


def _in_query(head: str, tail: Sequence[str]) -> str:
    text = _anywhere(head, tail)
    if text.lower() == text.upper():
        return text
    # Ignore the case of ASCII letters only; PCRE would ignore that of other letters too.
    return f"(?i:{_NOT_ASCII.sub(lambda found: f'(?-i:{found[0]})', text)})"


def _alternatives(ways: Sequence[str]) -> str:
    return f"(?:{'|'.join(ways)})" if len(ways) > 1 else "".join(ways)


def _escape(text: str, some: str) -> str:
    """Return a segment of an entry as a regular expression; `some` matches one character."""
    return _SPECIAL.sub(lambda found: _escape_character(found[0], some), text)


def _escape_character(item: str, some: str) -> str:
    if item == "?":
        return some
    if item in ".^|()[]+$#{}`":
        return f"\\{item}"
    if item.isascii():
        return f"\\x{ord(item):02X}"  # quotes and backslashes have a meaning in nginx
    return item if item.isprintable() else f"\\x{{{ord(item):X}}}"
