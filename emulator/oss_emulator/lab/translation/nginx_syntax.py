"""The syntax of configuration files of nginx: directives, their words, and blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from oss_emulator.toml import SourceError, place_of

LONGEST_WORD = 4_095
"""Bytes of the longest word that nginx reads."""
DEEPEST = 100
"""The most blocks within each other."""

_TOKEN = re.compile(
    r"(?P<skipped>[ \t\r\n]+|#[^\n]*)"
    r"|(?P<quoted>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<sign>[;{}])"
    r"|(?P<word>(?:\\.|\$\{|[^\s;{}\"'\\])(?:\\.|\$\{|[^\s;{\\])*)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a directive, without its quotes."""

    text: str
    offset: int

    @property
    def shown(self) -> str:
        """The word for an error."""
        return shorten(self.text)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive, with the directives of its block, if any."""

    words: tuple[Word, ...] = ()
    block: list["Directive"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first word."""
        return self.words[0].text if self.words else ""

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the name."""
        return self.words[1:]


def shorten(text: str) -> str:
    """Return a text for an error: on one line, and not too long."""
    line = "".join(item if item.isprintable() else " " for item in text[:61])
    return line if len(line) < 61 else f"{line[:60]}…"


def parse(text: str) -> Directive:
    """Parse a file, or a part of one, into a directive without words. Raises SourceError."""
    blocks = [Directive()]
    words: list[Word] = []
    for token in _tokens(text):
        sign = token["sign"]
        if sign is None:
            words.append(_word(text, token))
        elif (sign == "}") != bool(words) and (sign != "}" or len(blocks) > 1):
            if sign == "}":
                blocks.pop()
                continue
            directive = Directive(tuple(words))
            words = []
            blocks[-1].block.append(directive)
            if sign == "{":
                blocks.append(directive)
                if len(blocks) > DEEPEST:
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
    if len(written.encode(errors="surrogatepass")) > LONGEST_WORD:
        sentence = f"a word has more than {LONGEST_WORD} bytes, which nginx refuses"
        raise _error(text, token.start(), sentence)
    shown = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), written)
    return Word(shown, token.start())


def _error(text: str, offset: int, sentence: str) -> SourceError:
    return SourceError(sentence, *place_of(text[:offset]))
