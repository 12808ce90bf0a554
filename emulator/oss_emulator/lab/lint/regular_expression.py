r"""An entry is written as a regular expression.

Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)`, `[`, `]`, `{`, `}` and `|` are ordinary characters, `https?:` needs
one more character before its colon, and `.*` needs a dot. The host of a Referer contains none of
that. An entry matches from the start of the Referer, and anything may follow (R-20).

A dot that is not escaped is read as a dot, and `https://*.example.com` with its wildcard.
"""

import re

from oss_emulator.lab.domains import has_known_suffix
from oss_emulator.lab.parts import Parts, example
from oss_emulator.lab.translation.expression import Expression
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Suspicion
from .subject import LintedEntry, Subject

_IN_ORIGIN = re.compile(r"[\\^$()|+{}\[\]]|(?:\A|//)\.[*+]|\A(?:https\?|~)", re.IGNORECASE)
_IN_PATH = re.compile(r"[\\^|]|\$\Z|\.[*+]|\[[^\]]*\][*+?]")
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]*\]")
_BACKSLASHES = re.compile(r"\A(https?):?[\\/]{1,4}")
"""A scheme that is not written correctly, which has its own rule."""
_MOST = 16
"""The most entries that an expression may become."""
_ANYTHING = ".*"

_FORM = re.compile(r"(?:~\*?\s*)?(?:/(?P<inner>[^/].*)/i?|(?P<plain>.*))", re.DOTALL)
"""An expression as nginx or JavaScript writes it, such as `~ ^https://` and `/^https:/i`."""
_LIST = re.compile(r"\{([^{}]*[^{}0-9,][^{}]*)\}")
"""A list of a shell, `{www,img}`, and not the number of a quantifier."""
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<star>(?<![^/(|])[*])|(?P<dot>\.(?![*+?{]))", re.DOTALL
)
_ENTRY = re.compile(r"https?://|[\w*]")


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with characters of a regular expression."""
    if not _is_expression(entry.text):
        return None
    plain = _translate(entry.text)
    return Suspicion(
        Evidence.UNMATCHED,
        (*map(example, plain), "https://evil.test/"),
        Sentence("It is written as a regular expression, but only * and ? are wildcards."),
        Correction(plain)
        if plain
        else Correction(decide=Sentence("write it with * and ? as wildcards")),
    )


def _is_expression(text: str) -> bool:
    plain = _ADDRESS.sub("", _BACKSLASHES.sub(r"\1://", text), count=1)
    parts = Parts.split(plain)
    if _IN_ORIGIN.search(parts.origin) or _IN_PATH.search(parts.rest):
        return True
    return parts.host.endswith(_ANYTHING) and has_known_suffix(parts.host[: -len(_ANYTHING)])


def _translate(text: str) -> tuple[str, ...]:
    """Return the entries with wildcards that an expression stands for; () if there are none."""
    form = _FORM.fullmatch(text)
    inner = (form and form["inner"]) or (form and form["plain"]) or text
    inner = _LIST.sub(lambda found: f"({found[1].replace(',', '|')})", inner)
    written = _PIECE.sub(_write, inner.replace("[s]", "s?"))
    try:
        entries = Expression.parse(written).entries
    except ValueError:
        return ()
    read = tuple(dict.fromkeys(_tidy(entry, written) for entry in entries))
    is_read = all(_ENTRY.match(entry) and not _is_expression(entry) for entry in read)
    return read if is_read and len(read) <= _MOST else ()


def _write(piece: re.Match[str]) -> str:
    """Write a piece as it is meant: a dot, and a `*` that has nothing to repeat, as a wildcard."""
    if piece["star"]:
        return _ANYTHING
    return r"\." if piece["dot"] else piece[0]


def _tidy(entry: str, expression: str) -> str:
    """Return an entry without what only says that anything may precede or follow it (R-20)."""
    entry = re.sub(r"[?*]*\*[?*]*", "*", entry)
    if not expression.startswith((_ANYTHING, "(.*")) or entry.startswith("*http"):
        entry = entry.removeprefix("*")
    return entry.removesuffix("*") or "*"
