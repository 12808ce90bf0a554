"""HCL, the language of Terraform's `*.tf` files: the rules that they write as literals.

Strings, heredocs, switches and lists are read. Any other expression is passed over, and refused
where it decides about rules. The syntax is that of HCL 2:
https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unicodedata import normalize

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import MAX_DEPTH, Path, SourceError, place_of

from . import resources
from .resources import BUCKET, CONFIG, KINDS, NAMES, REFERER, Reader, Unknown
from .written_list import WrittenItem

# Tokens


class _HclToken(NamedTuple):
    kind: str
    start: int
    end: int
    value: Any
    """Its text; of a string or a heredoc what it means, or Unknown for a template."""


_SPACE = re.compile(r"(?:[ \t]++|/\*.*?\*/|(?:#|//)[^\n]*+)*+", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<newline>\r?\n)|(?P<word>[^\W\d][\w-]*)|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<string>")|(?P<heredoc><<-?[^\W\d][\w-]*\r?\n)|(?P<open>[\[{(])|(?P<close>[\]})])'
    r"|(?P<sign>==|!=|>=|<=|&&|\|\||::|\.\.\.|=>|(?!/\*)[=<>!?:.,*/%+~-])|(?P<end>\Z)"
)
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_PLAIN = r"(?<!\$)\$\$\{|(?<!%)%%\{|[$%](?!\{)"
_STRING = re.compile(rf'(?:[^"\\$%\r\n]++|\\[^\r\n]|{_PLAIN})*+')
_HEREDOC = re.compile(rf"(?:[^$%\r\n]++|\r(?=\n)|{_PLAIN})*+")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))?')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_INDENT = re.compile(r"[ \t\v\f\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _wrong(text: str, at: int, sentence: str = "this is not valid HCL") -> SourceError:
    return SourceError(sentence, *place_of(text[:at]))


def _scan(text: str, at: int, depth: int = 0) -> _HclToken:
    """Return the first token from an offset on; a string or a heredoc is one token."""
    start = _end(_SPACE, text, at)
    found = _TOKEN.match(text, start)
    if found is None:
        raise _wrong(text, start)
    match found.lastgroup:
        case "string":
            return _scan_string(text, start, depth)
        case "heredoc":
            return _scan_heredoc(text, found, depth)
    return _HclToken(str(found.lastgroup), start, found.end(), found[0])


def _scan_string(text: str, start: int, depth: int) -> _HclToken:
    at = _end(_STRING, text, start + 1)
    while text.startswith(("${", "%{"), at):
        at = _end(_STRING, text, _skip_template(text, at, depth))
    if not text.startswith('"', at):
        raise _wrong(text, start, 'this string is not closed; end it with "')
    value = resources.read_template(text[start + 1 : at])
    if isinstance(value, Unknown):
        return _HclToken("string", start, at + 1, Unknown(text[start : at + 1]))

    def unescape(found: re.Match[str]) -> str:
        if not (digits := found[1] or found[2]):
            if not found[3]:
                raise _wrong(text, start, "this string has an unknown escape; write \\\\ for \\")
            return _ESCAPES.get(found[3], found[3])
        number = int(digits, 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise _wrong(text, start, f"{found[0]} is not a character")
        return chr(number)

    return _HclToken("string", start, at + 1, normalize("NFC", _ESCAPE.sub(unescape, value)))


def _scan_heredoc(text: str, opening: re.Match[str], depth: int) -> _HclToken:
    start, marker = opening.start(), opening[0].strip("<-\r\n")
    line = at = opening.end()
    while True:
        at = _end(_HEREDOC, text, at)
        if text.startswith(("${", "%{"), at):
            at = _skip_template(text, at, depth)
            line = -1  # the marker cannot be on this line
        elif not text.startswith("\n", at):
            raise _wrong(text, start, f"this heredoc is not closed; write {marker} on a line below")
        elif line >= 0 and text[line:at].strip() == marker:
            break
        else:
            line = at = at + 1
    lines = re.findall(r"[^\n]*\n", text[opening.end() : line])
    if opening[0].startswith("<<-"):
        lines = _outdent(lines)
    value = resources.read_template("".join(lines))
    end = at - text.endswith("\r", line, at)
    return _HclToken("heredoc", start, end, value)


def _outdent(lines: list[str]) -> list[str]:
    """Remove the indentation that all lines share; blank lines do not count and stay."""
    widths = [_end(_INDENT, line, 0) for line in lines]
    blank = [line[width:] == "\n" for line, width in zip(lines, widths, strict=True)]
    shared = min((width for width, no in zip(widths, blank, strict=True) if not no), default=0)
    return [line if no else line[shared:] for line, no in zip(lines, blank, strict=True)]


def _skip_template(text: str, start: int, depth: int) -> int:
    """Return the offset behind the `${…}` or `%{…}` that begins at an offset."""
    if depth >= MAX_DEPTH:
        raise _wrong(text, start, "this HCL is nested too deeply")
    at, braces = start + 2, 1
    while braces:
        token = _scan(text, at, depth + 1)
        if token.kind == "end":
            raise _wrong(text, start)
        at = token.end
        if token.kind in ("open", "close"):
            braces += (token.value == "{") - (token.value == "}")
    return at


# Blocks


class Value(NamedTuple):
    """The value of an attribute, and where it is written."""

    start: int
    end: int
    value: Any
    """A string, a boolean, None, a number, a list of these, or Unknown for an expression."""
    items: tuple[WrittenItem, ...] = ()
    """The items of a list."""


@dataclass(slots=True)
class HclBlock:
    """A block, or the whole file."""

    labels: tuple[str, ...] = ()
    """Its type and its labels."""
    start: int = 0
    attributes: dict[str, tuple[int, Value]] = field(default_factory=dict)
    """By name, each with the offset of the name."""
    blocks: list["HclBlock"] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """Return all that it has by name."""
        inner = {block.labels[0]: [block.values()] for block in self.blocks}
        return inner | {name: value.value for name, (_, value) in self.attributes.items()}


class _HclParser:
    """Reads the blocks of a text. Raises SourceError."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [_scan(text, 0)]
        while self._tokens[-1].kind != "end":
            self._tokens.append(_scan(text, self._tokens[-1].end))
        self._at = 0

    def parse(self) -> HclBlock:
        root = HclBlock()
        self._read_body(root, 0)
        if self._next.kind != "end":
            raise _wrong(self._text, self._next.start)
        return root

    @property
    def _next(self) -> _HclToken:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> _HclToken:
        token = self._next
        if token.kind not in kinds:
            raise _wrong(self._text, token.start)
        self._at += token.kind != "end"
        return token

    def _is_next(self, kind: str, value: str) -> bool:
        return self._next.kind == kind and self._next.value == value

    def _read_body(self, block: HclBlock, depth: int) -> None:
        """Read up to the closing brace. `{ name = value }` may be on one line."""
        in_one_line = depth > 0 and self._next.kind != "newline"
        while self._next.kind not in ("close", "end"):
            if self._next.kind == "newline" and not in_one_line:
                self._take("newline")
                continue
            name = self._take("word")
            if self._is_next("sign", "="):
                self._take("sign")
                if name.value in block.attributes:
                    sentence = f"{name.value} is written twice; write it once"
                    raise _wrong(self._text, name.start, sentence)
                block.attributes[name.value] = name.start, self._read_value(depth)
            else:
                block.blocks.append(self._read_block(name, depth + 1))
            if in_one_line:
                return
            self._take("newline", "end")

    def _read_block(self, name: _HclToken, depth: int) -> HclBlock:
        if depth > MAX_DEPTH:
            raise _wrong(self._text, name.start, "this HCL is nested too deeply")
        labels = [str(name.value)]
        while not self._is_next("open", "{"):
            label = self._take("word", "string")
            labels.append(label.value.text if isinstance(label.value, Unknown) else label.value)
        self._take("open")
        block = HclBlock(tuple(labels), name.start)
        self._read_body(block, depth)
        if self._next.kind == "end":
            sentence = f"the block {name.value} is not closed; end it with }}"
            raise _wrong(self._text, name.start, sentence)
        if not self._is_next("close", "}"):
            raise _wrong(self._text, self._next.start)
        self._take("close")
        return block

    def _read_value(self, depth: int, in_list: bool = False) -> Value:
        """Read an expression up to the end of its line; in a list, up to a comma or a bracket."""
        first = self._at
        if self._is_next("open", "[") and depth < MAX_DEPTH:
            found = self._read_list(depth + 1)
            if found and self._is_end(in_list):
                return found
            self._at = first  # such as `["a"][0]` or `[for …]`
        while not self._is_end(in_list):
            self._skip()
        tokens = [token for token in self._tokens[first : self._at] if token.kind != "newline"]
        if not tokens:
            raise _wrong(self._text, self._next.start)
        start, end = tokens[0].start, tokens[-1].end
        expression = Unknown(self._text[start:end])
        is_one = len(tokens) == 1
        return Value(start, end, _literal(tokens[0], expression) if is_one else expression)

    def _is_end(self, in_list: bool) -> bool:
        if in_list:
            return self._next.kind in ("close", "end") or self._is_next("sign", ",")
        return self._next.kind in ("close", "end", "newline")

    def _skip(self) -> None:
        """Skip a token, or what stands in brackets."""
        opened: list[_HclToken] = []
        while True:
            token = self._next
            if token.kind == "open":
                opened.append(token)
            elif token.kind in ("close", "end"):
                last = opened.pop()
                if token.value != _CLOSING[last.value]:
                    sentence = f"this bracket is not closed; end it with {_CLOSING[last.value]}"
                    raise _wrong(self._text, last.start, sentence)
            self._at += 1
            if not opened:
                return

    def _read_list(self, depth: int) -> Value | None:
        """Read a list; None if it is an expression with `for`, or not closed as a list."""
        opening = self._take("open")
        values: list[Any] = []
        items: list[WrittenItem] = []
        while True:
            while self._next.kind == "newline":
                self._at += 1
            if self._is_next("close", "]"):
                closing = self._take("close")
                return Value(opening.start, closing.end, values, tuple(items))
            if not items and self._is_next("word", "for"):
                return None
            item = self._read_value(depth, in_list=True)
            is_last = not self._is_next("sign", ",")
            comma = None if is_last else self._take("sign").start
            values.append(item.value)
            items.append(WrittenItem(item.start, item.end, comma=comma))
            if is_last and not self._is_next("close", "]"):
                return None


def _literal(token: _HclToken, expression: Unknown) -> Any:
    """Return the value of an expression of one token, if that is a literal."""
    if token.kind == "number":
        is_short = token.value.isdecimal() and len(token.value) < 20
        return int(token.value) if is_short else float(token.value)
    if token.kind == "word":
        return _WORDS.get(token.value, expression)
    return token.value if token.kind in ("string", "heredoc") else expression


_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


# Resources


@dataclass(frozen=True, slots=True)
class HclResource:
    """A resource in a file that has rules, or may have some."""

    text: str
    kind: str
    block: HclBlock

    def read(self) -> RefererConfiguration:
        """Return the rules. Raises SourceError."""
        values, places = self._evaluate()

        def error(path: Path, sentence: str) -> SourceError:
            known = (path[:length] for length in range(len(path), -1, -1))
            return _wrong(
                self.text, next(places[item] for item in known if item in places), sentence
            )

        return resources.read(self.kind, values, (), error)

    def _evaluate(self) -> tuple[Any, dict[Path, int]]:
        """Return the values, and the places of their paths."""
        places: dict[Path, int] = {(): self.block.start}
        if found := self._find_computed():
            places[()], name = found
            return resources.computed(name), places
        for name, (start, value) in self.block.attributes.items():
            _place(places, (name,), start, value)
        values = self.block.values()
        if self.kind == BUCKET:
            blocks = self.find_configs()
            values[CONFIG] = [block.values() for block in blocks] or values.get(CONFIG)
            for block in blocks:
                places[CONFIG,] = block.start
                for name, (start, value) in block.attributes.items():
                    _place(places, (CONFIG, name), start, value)
        return values, places

    def find_configs(self) -> list[HclBlock]:
        """Return its blocks with rules, which an older bucket has."""
        return [block for block in self.block.blocks if block.labels == (CONFIG,)]

    def has_rules(self) -> bool:
        """Return whether it sets rules; if that is not known, it may."""
        if self.kind == REFERER or self.find_configs():
            return True
        _, value = self.block.attributes.get(CONFIG, (0, Value(0, 0, None)))
        dynamic = ("dynamic", CONFIG) in (block.labels for block in self.block.blocks)
        return dynamic or value.value not in (None, [])

    def _find_computed(self) -> tuple[int, str] | None:
        """Return the place and the name of what makes Terraform compute the resource."""
        for name in ("count", "for_each"):
            if name in self.block.attributes:
                return self.block.attributes[name][0], name
        for block in self.block.blocks:
            if block.labels[0] == "dynamic" and (self.kind == REFERER or CONFIG in block.labels):
                return block.start, "dynamic"
            if block.labels[0] == "lifecycle" and "ignore_changes" in block.attributes:
                start, value = block.attributes["ignore_changes"]
                if resources.ignores_rules(self.kind, self.text[value.start : value.end]):
                    return start, "ignore_changes"
        return None


def _place(places: dict[Path, int], path: Path, start: int, value: Value) -> None:
    places[path] = start
    for number, item in enumerate(value.items):
        places[*path, number] = item.start


def find_resources(text: str) -> dict[str, HclResource]:
    """Return the resources in a file that may have rules, by address. Raises SourceError."""
    found: dict[str, HclResource] = {}
    for block in _HclParser(text).parse().blocks:
        if len(block.labels) == 3 and block.labels[0] == "resource" and block.labels[1] in KINDS:
            resource = HclResource(text, block.labels[1], block)
            address = f"{block.labels[1]}.{block.labels[2]}"
            if address in found:
                raise _wrong(text, block.start, f"{address} is written twice; write it once")
            if resource.has_rules():
                found[address] = resource
    return found


def find(text: str) -> dict[str, Reader]:
    """Return what reads the rules of each resource, by its address. Raises SourceError."""
    return {address: resource.read for address, resource in find_resources(text).items()}


# Writing


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource of Terraform."""
    lines = [f'resource "{REFERER}" "default" {{', '  bucket                      = "YOUR-BUCKET"']
    for field_name, name in NAMES.items():
        value = getattr(configuration, field_name)
        if isinstance(value, bool):
            lines.append(f"  {name:<27} = {json.dumps(value)}")
        else:
            entries = "".join(f"    {format_string(entry)},\n" for entry in value)
            lines.append(f"  {name} = [\n{entries}  ]" if value else f"  {name} = []")
    return "\n".join([*lines, "}"]) + "\n"


def format_string(text: str) -> str:
    """Format a string in double quotes."""
    escaped = resources.escape_template(text.replace("\\", "\\\\").replace('"', '\\"'))
    return '"' + "".join(map(_escape, escaped)) + '"'


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
