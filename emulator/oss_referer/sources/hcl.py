"""HCL, the language of Terraform's `*.tf` files: reads rules that are written as literals.

A literal is true, false, null, a string in quotes or a heredoc without a template, or a list of
these. Any other expression is skipped, or refused if the rules depend on it. The syntax is HCL 2:
https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oss_referer.engine import RefererConfiguration
from oss_referer.sources import resources
from oss_referer.sources.places import WrittenItem
from oss_referer.sources.resources import BUCKET, CONFIG, KINDS, NAMES, REFERER, ReadRules, Unknown
from oss_referer.sources.toml import Path, SourceError, decode, place_of


def _wrong(text: str, at: int, sentence: str = "this is not valid HCL") -> SourceError:
    return SourceError(sentence, *place_of(text[:at]))


# Tokens


class _Token(NamedTuple):
    kind: str
    """The name of its group in _TOKEN, or the sign itself."""
    start: int
    end: int
    value: Any
    """The text of the token; for a string or a heredoc its value, Unknown with a template."""


_TOKEN = re.compile(
    r"(?P<space>[ \t]+|/\*.*?\*/)|(?P<newline>(?:#|//)[^\n]*(?:\n|\Z)|\r?\n)"
    r'|(?P<name>[^\W\d][\w-]*)|(?P<number>[0-9]+)|(?P<string>")'
    r"|(?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*)\r?\n)"
    r"|(?P<sign>==|=>|&&|\|\||<(?!<)|/(?!\*)|[\[\]{}()=>!?:.,*%+~-])",
    re.DOTALL,
)
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
# The rest of a string or of a line of a heredoc, up to a template or the end.
_PLAIN = r"\$\$\{|%%\{|[$%](?!\{)"
_STRING = re.compile(rf'(?:[^"\\$%\r\n]++|\\[^\r\n]|{_PLAIN})*+(?:(?P<template>[$%]\{{)|")')
# Python strips \x1c to \x1f from a line and Terraform does not, so these are refused.
_LINE = re.compile(rf"(?:[^$%\r\n\x1c-\x1f]++|{_PLAIN})*+(?:(?P<template>[$%]\{{)|\r?\n)")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))?')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def _tokenize(text: str) -> list[_Token]:
    """Return the tokens. A string or a heredoc, with its templates, is a single token."""
    tokens: list[_Token] = []
    opened: list[tuple[str, int]] = []  # the closing sign or marker, and the start
    literals = at = 0  # the number of strings and heredocs in `opened`
    while at < len(text):
        closing, start = opened[-1] if opened else ("", 0)
        if not closing or closing in _OPENING:
            found = _TOKEN.match(text, at)
            if not found or (found[0] in _OPENING and not opened):
                raise _wrong(text, at)
            begin, at = found.span()
            kind = found[0] if found.lastgroup == "sign" else str(found.lastgroup)
            if kind in ("string", "heredoc"):
                opened.append((found["marker"] or '"', begin))
                literals += 1
                continue
            if kind in _CLOSING:
                opened.append((_CLOSING[kind], begin))
            elif kind in _OPENING and opened.pop()[0] != kind:
                raise _not_closed(text, closing, start)
            if not literals and kind != "space":
                tokens.append(_Token(kind, begin, at, found[0]))
            continue
        found = (_STRING if closing == '"' else _LINE).match(text, at)
        if not found:
            raise _not_closed(text, closing, start)
        at = found.end()
        if found["template"]:
            opened.append(("}", at - 1))
            continue
        if closing != '"':
            line = text.rfind("\n", 0, at - 1) + 1
            if text[line:at].strip() != closing:
                continue
            at = found.end() - (2 if text.startswith("\r", at - 2) else 1)  # a line end is a token
        opened.pop()
        literals -= 1
        if not literals and closing == '"':
            tokens.append(_Token("string", start, at, _unquote(text, start, at)))
        elif not literals:
            tokens.append(_Token("heredoc", start, at, _read_heredoc(text[start:at])))
    if opened:
        raise _not_closed(text, *opened[-1])
    return [*tokens, _Token("end", at, at, "")]


def _not_closed(text: str, closing: str, start: int) -> SourceError:
    if closing in _OPENING:
        return _wrong(text, start, f"this bracket is not closed; end it with {closing}")
    if closing == '"':
        return _wrong(text, start, 'this string is not closed; end it with "')
    return _wrong(text, start, f"this heredoc is not closed; write {closing} on a line below")


def _unquote(text: str, start: int, end: int) -> str | Unknown:
    """Return the value of a string in quotes."""

    def unescape(found: re.Match[str]) -> str:
        if not (digits := found[1] or found[2]):
            if not found[3]:
                raise _wrong(text, start, "this string has an unknown escape; write \\\\ for \\")
            return _ESCAPES.get(found[3], found[3])
        number = int(digits, 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise _wrong(text, start, f"{found[0]} is not a character")
        return chr(number)

    inside = text[start + 1 : end - 1]
    value = resources.read_template(inside, lambda plain: _ESCAPE.sub(unescape, plain))
    return Unknown(text[start:end]) if isinstance(value, Unknown) else value


def _read_heredoc(text: str) -> str | Unknown:
    """Return the lines of a heredoc. `<<-` removes the indentation that all lines share."""
    opening, *lines, _ = text.split("\n")
    if opening.startswith("<<-"):
        filled = [line for line in lines if line.strip(" \t\r")]  # blank lines stay as they are
        widths = [len(line) - len(line.lstrip(" \t")) for line in filled]
        if any(line[width].isspace() for line, width in zip(filled, widths, strict=True)):
            return Unknown(text)  # indented by other characters than blanks and tabs
        shared = min(widths, default=0)
        lines = [line[shared:] if line.strip(" \t\r") else line for line in lines]
    value = resources.read_template("".join(f"{line}\n" for line in lines))
    return Unknown(text) if isinstance(value, Unknown) else value


# Blocks


class Attribute(NamedTuple):
    """An attribute with the offsets of its name, its value and its end."""

    start: int
    value_start: int
    end: int
    value: Any
    """A string, a boolean, None, a list of these, or Unknown for an expression."""
    items: tuple[WrittenItem, ...] = ()
    """The items of a list."""


@dataclass(slots=True)
class HCLBlock:
    """A block, or the whole file."""

    labels: tuple[str, ...] = ()
    """The type of the block and its labels."""
    start: int = 0
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list["HCLBlock"] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """Return the values of the attributes by name, and `[{}]` for each nested block."""
        values = {name: attribute.value for name, attribute in self.attributes.items()}
        return values | {block.labels[0]: [{}] for block in self.blocks}


def _parse(text: str) -> HCLBlock:
    """Parse the blocks of a text. Raises SourceError."""
    tokens = _tokenize(text)[::-1]  # reversed, so that `pop` returns the next one

    def take(*kinds: str) -> _Token:
        if tokens[-1].kind not in kinds:
            raise _wrong(text, tokens[-1].start)
        return tokens[-1] if tokens[-1].kind == "end" else tokens.pop()

    def take_attribute(block: HCLBlock, name: _Token) -> None:
        take("=")
        if name.value in block.attributes:
            raise _wrong(text, name.start, f"{name.value} is written twice; write it once")
        expression: list[_Token] = []
        depth = 0
        while depth or tokens[-1].kind not in ("newline", "end", *_OPENING):
            token = tokens.pop()
            depth += (token.kind in _CLOSING) - (token.kind in _OPENING)
            if token.kind != "newline":
                expression.append(token)
        if not expression:
            raise _wrong(text, tokens[-1].start)
        block.attributes[name.value] = _evaluate(text, name, expression)

    root = HCLBlock()
    opened = [root]
    while True:
        token = take("newline", "name", "}" if len(opened) > 1 else "end")
        if token.kind == "end":
            return root
        if token.kind == "}":
            opened.pop()
            take("newline", "end")
        elif token.kind == "name" and tokens[-1].kind == "=":
            take_attribute(opened[-1], token)
            take("newline", "end")
        elif token.kind == "name":
            labels = [token.value]
            while tokens[-1].kind != "{":
                label = take("name", "string")
                if isinstance(label.value, Unknown):
                    raise _wrong(text, label.start)
                labels.append(label.value)
            take("{")
            block = HCLBlock(tuple(labels), token.start)
            opened[-1].blocks.append(block)
            if tokens[-1].kind == "newline":
                opened.append(block)
                continue
            if tokens[-1].kind == "name":  # as in `{ name = value }` on one line
                take_attribute(block, tokens.pop())
            take("}")
            take("newline", "end")


def _evaluate(text: str, name: _Token, tokens: list[_Token]) -> Attribute:
    """Return an attribute whose value is a literal, a list of literals, or else Unknown."""
    start, end = tokens[0].start, tokens[-1].end
    items: list[list[_Token]] = [[]]
    commas: list[int | None] = []
    depth = 0
    for token in tokens[1:-1]:
        depth += (token.kind in _CLOSING) - (token.kind in _OPENING)
        if depth < 0:
            break  # the first bracket ends before the last one, as in ["a"][0]
        if token.kind == "," and depth == 0:
            commas.append(token.start)
            items.append([])
        else:
            items[-1].append(token)
    if tokens[0].kind != "[" or depth < 0:
        return Attribute(name.start, start, end, _literal(text, tokens))
    if not items[-1]:
        items.pop()  # after the last comma
    if not all(items):
        raise _wrong(text, start)  # two commas
    values = [_literal(text, item) for item in items]
    written = (
        WrittenItem(item[0].start, item[-1].end, comma=comma)
        for item, comma in zip(items, [*commas, None], strict=False)
    )
    return Attribute(name.start, start, end, values, tuple(written))


def _literal(text: str, tokens: list[_Token]) -> Any:
    token, *others = tokens
    if not others and token.kind in ("string", "heredoc"):
        return token.value
    if not others and token.kind == "name" and token.value in _WORDS:
        return _WORDS[token.value]
    return Unknown(text[token.start : tokens[-1].end])


_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


# Resources


@dataclass(frozen=True, slots=True)
class HclResource:
    """A resource in a file; it may set rules."""

    text: str
    kind: str
    block: HCLBlock

    def read(self) -> RefererConfiguration:
        if computed := self._find_computed():
            name, start = next(iter(computed.items()))
            values = resources.computed(name)
            return resources.read(
                self.kind, values, (), lambda _, sentence: _wrong(self.text, start, sentence)
            )
        written = self.block.values()
        if self.kind == BUCKET:
            configs = [block.values() for block in self.find_configs()]
            written = {CONFIG: configs or written[CONFIG]}
        return resources.read(self.kind, written, (), self._error)

    def _error(self, path: Path, sentence: str) -> SourceError:
        block = self.block
        if path[:1] == (CONFIG,) and self.find_configs():
            block, path = self.find_configs()[-1], path[1:]
        name, number, *_ = (*path, None, None)
        attribute = block.attributes.get(str(name))
        start = attribute.start if attribute else block.start
        if attribute and isinstance(number, int) and number < len(attribute.items):
            start = attribute.items[number].start
        return _wrong(self.text, start, sentence)

    def find_configs(self) -> list[HCLBlock]:
        """Return the blocks with rules, which a bucket in the older style contains."""
        return [block for block in self.block.blocks if block.labels[0] == CONFIG]

    def has_rules(self) -> bool:
        """Return whether the resource sets rules; True if that is not known."""
        dynamic = any(block.labels == ("dynamic", CONFIG) for block in self.block.blocks)
        return dynamic or resources.has_rules(self.kind, self.block.values())

    def _find_computed(self) -> dict[str, int]:
        """Return the arguments that make Terraform compute the resource, with their offsets."""
        places = {
            name: attribute.start
            for name, attribute in self.block.attributes.items()
            if name in ("count", "for_each")
        }
        for block in self.block.blocks:
            ignored = block.attributes.get("ignore_changes")
            if block.labels[0] == "dynamic" and (self.kind == REFERER or CONFIG in block.labels):
                places["dynamic"] = block.start
            elif block.labels[0] == "lifecycle" and ignored:
                written = self.text[ignored.value_start : ignored.end]
                if resources.ignores_rules(self.kind, written):
                    places["ignore_changes"] = ignored.start
        return places


def find_resources(text: str) -> dict[str, HclResource]:
    """Return the resources in a file that may have rules, by address. Raises SourceError."""
    found: dict[str, HclResource] = {}
    for block in _parse(text).blocks:
        if len(block.labels) == 3 and block.labels[0] == "resource" and block.labels[1] in KINDS:
            resource = HclResource(text, block.labels[1], block)
            address = f"{block.labels[1]}.{block.labels[2]}"
            if address in found:
                raise _wrong(text, block.start, f"{address} is written twice; write it once")
            found[address] = resource
    return {address: resource for address, resource in found.items() if resource.has_rules()}


def find(document: bytes) -> dict[str, ReadRules]:
    """Return a reader for the rules of each resource, by its address. Raises SourceError."""
    return {
        address: resource.read for address, resource in find_resources(decode(document)).items()
    }


# Writing


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource."""
    lines = [f'resource "{REFERER}" "default" {{', '  bucket                      = "YOUR-BUCKET"']
    for field_name, name in NAMES.items():
        value = getattr(configuration, field_name)
        width = 27 if isinstance(value, bool) else 0
        lines.append(f"  {name:<{width}} = {format_value(value, '  ')}")
    return "\n".join([*lines, "}"]) + "\n"


def format_value(value: bool | Sequence[str], indent: str) -> str:
    """Format a switch or a list of strings; `indent` is the indentation of its block."""
    if isinstance(value, bool):
        return str(value).lower()
    items = "".join(f"\n{indent}  {format_string(item)}," for item in value)
    return f"[{items}\n{indent}]" if value else "[]"


def format_string(text: str) -> str:
    escaped = resources.escape_template(text.replace("\\", "\\\\").replace('"', '\\"'))
    signs = (sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in escaped)
    return f'"{"".join(signs)}"'
