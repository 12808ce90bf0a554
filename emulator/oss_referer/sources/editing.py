"""Writes corrected rules back into the document that they were read from.

Only the lists and switches that change are replaced, so comments and everything else stay. The
edited text is parsed again, and refused unless it contains the corrected rules.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from oss_referer.engine import RefererConfiguration
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.sources import forms, hcl, json_text, plain_list
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.hcl import HCLBlock
from oss_referer.sources.markup import XmlDocument, escape
from oss_referer.sources.places import WrittenItem
from oss_referer.sources.referer_xml import LISTS, SWITCHES
from oss_referer.sources.resources import (
    BUCKET,
    CONFIG,
    CONFIG_NAMES,
    NAMES,
    REFERER,
    ReadRules,
    as_list,
    escape_template,
)
from oss_referer.sources.toml import Path, SourceError, TomlDocument, statements


class NotEditableError(ValueError):
    """The rules cannot be written back; the text says why."""


_FIELDS = tuple(RefererConfiguration.__dataclass_fields__)
_ELEMENTS = {field: name for name, field in (SWITCHES | LISTS).items()}


def edit(document: bytes, form: RulesForm, name: str, new: RefererConfiguration) -> str:
    """Return a document in which `new` replaces the configuration called `name`.

    Raises NotEditableError.
    """
    before = forms.find(document, form)
    old = before[name]()
    changed = {
        item: (getattr(old, item), getattr(new, item))
        for item in _FIELDS
        if getattr(old, item) != getattr(new, item)
    }
    try:
        text = document.decode("utf-8-sig")
        if not changed:
            return text
        edited = _EDITORS[form](text.replace("\r\n", "\n"), name, changed)  # they read and write LF
        text = _restore_line_ends(text, edited) if "\r\n" in text else edited
        after = forms.find(forms.encode(text), form)
    except UnicodeDecodeError:
        raise NotEditableError("the document is not UTF-8; save it as UTF-8 first") from None
    except ValueError as error:
        raise NotEditableError(f"the document cannot be edited: {error}") from None
    expected = {other: _read(read) for other, read in before.items()} | {name: new}
    if {other: _read(read) for other, read in after.items()} != expected:
        raise NotEditableError("the document does not write its rules as plain lists and switches")
    return text


def _restore_line_ends(text: str, edited: str) -> str:
    """Return an edited text with its original line ends; a new line copies its neighbour's."""
    old, new = text.split("\n"), edited.split("\n")
    lines: list[str] = []
    matcher = SequenceMatcher(a=[line.removesuffix("\r") for line in old], b=new, autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            lines += old[first:last]
            continue
        for number in range(end - begin):
            neighbour = old[min(first + number, max(last, first, 1) - 1)]
            lines.append(new[begin + number] + ("\r" if neighbour.endswith("\r") else ""))
    return "\n".join(lines)


def _read(reader: ReadRules) -> RefererConfiguration | str:
    """Return rules, or why they cannot be read."""
    try:
        return reader()
    except SourceError as error:
        return error.sentence


Changed = Mapping[str, tuple[Any, Any]]
"""The fields that change, with their old and new values."""


# Lists of strings, in which only the items that change are replaced


_WIDEST = 80
"""Columns; a longer list on one line is rewritten with a line for each item."""


class Edit(NamedTuple):
    """A replacement for a part of a text, by offsets."""

    start: int
    end: int
    text: str


AlignedParts = tuple[int, int, int, int]
"""The start and end of a part of the old list, then of the part of the new list."""


def align(old: Sequence[str], new: Sequence[str], level: int = 0) -> Iterator[AlignedParts]:
    """Yield the parts of two lists that correspond.

    Equal items correspond, then those that differ in a closing slash, then those for the same site.
    So the comment beside an entry stays beside its correction.
    """
    alike = _ALIKE[level]
    a, b = ([alike.sub("", item) for item in items] for items in (old, new))
    for tag, first, last, begin, end in SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        if tag == "replace" and level + 1 < len(_ALIKE):
            for at, stop, low, high in align(old[first:last], new[begin:end], level + 1):
                yield first + at, first + stop, begin + low, begin + high
        elif tag == "equal" and level:
            for one in range(last - first):
                yield first + one, first + one + 1, begin + one, begin + one + 1
        else:
            yield first, last, begin, end


_ALIKE = (re.compile(r"\A(?!)"), re.compile(r"/\Z"), re.compile(r"\A[^/]*://|/+\Z"))
"""The text that each level ignores in an item: nothing, a closing slash, also the scheme."""


@dataclass(frozen=True, slots=True)
class WrittenList:
    """A list and its items as they are written in a text."""

    text: str
    start: int
    """The offset of the opening bracket."""
    end: int
    """The offset after the closing bracket."""
    items: Sequence[WrittenItem]
    comma: str = ","
    """The separator between items; "" for XML elements."""

    def edit(
        self, old: Sequence[str], new: Sequence[str], write: Callable[[str], str]
    ) -> Iterator[Edit]:
        """Yield the edits that turn the old items into the new ones.

        `write` formats an item. `old` must have as many items as this list.
        """
        written: list[str] = []
        edits: list[Edit] = []
        for first, last, begin, end in align(old, new):
            items = self.items[first:last]
            if [*old[first:last]] == [*new[begin:end]]:
                written += [self.text[item.start : item.end] for item in items]
                continue
            given = [write(item) for item in new[begin:end]]
            written += given
            edits += self._change(first, last, given)
        line = self.text.rfind("\n", 0, self.start)
        width = self.start - line + sum(len(item) + 2 for item in written)
        has_comment = "/*" in self.text[self.start : self.end]
        is_wide = self.comma and width > _WIDEST and not self._is_tall and not has_comment
        if edits and is_wide and self.items:
            yield Edit(self.start + 1, self.end - 1, self._stack(written))
        else:
            yield from edits

    def _change(self, first: int, last: int, given: Sequence[str]) -> Iterator[Edit]:
        """Yield the edits that replace some items by others."""
        both = min(last - first, len(given))
        for item, text in zip(self.items[first : first + both], given, strict=False):
            yield Edit(item.start, item.end, text)
        yield from self._remove(first + both, last)
        if given[both:]:
            yield from self._insert(last, given[both:])

    @property
    def _is_tall(self) -> bool:
        return "\n" in self.text[self.start : self.end]

    def _remove(self, first: int, last: int) -> Iterator[Edit]:
        """Yield the edits that remove items with their commas, and lines that become empty."""
        removed = self.items[first:last]
        if removed and not self._is_tall:
            start = self.items[first - 1].end if first else removed[0].start
            following = self.items[last].start if last < len(self.items) else removed[-1].after
            yield Edit(start, removed[-1].end if first else following, "")
            return
        for item in removed:
            begin = self.text.rfind("\n", 0, item.start) + 1
            stop = self.text.find("\n", item.after) + 1 or len(self.text)
            before, behind = self.text[begin : item.start], self.text[item.after : stop]
            alone = begin > self.start and not before.strip() and not behind.strip()
            yield Edit(begin, stop, "") if alone else Edit(item.start, item.after, "")

    def _insert(self, place: int, given: Sequence[str]) -> Iterator[Edit]:
        """Yield the edits that insert items before a place, on own lines if the list is tall."""
        if not self.items:
            yield from self._fill(given)
            return
        if place == 0:
            start = self.items[0].start
            line = self.text.rfind("\n", 0, start) + 1
            lead = self.text[line:start]
            alone = self._is_tall and not lead.strip()
            separator = self.comma + ("\n" + lead if alone else " " if self.comma else "")
            yield Edit(start, start, "".join(item + separator for item in given))
            return
        item = self.items[place - 1]
        line = self.text.rfind("\n", 0, item.start) + 1
        stop = self.text.find("\n", item.after)
        alone = line > self.start and not self.text[line : item.start].strip()
        if not self._is_tall or not alone or not 0 <= stop < self.end:
            separator = self.comma and self.comma + " "
            yield Edit(item.end, item.end, "".join(separator + text for text in given))
            return
        if item.comma is None:
            yield Edit(item.end, item.end, self.comma)
        lead = _indent(self.text, item.start)
        lines = "".join("\n" + lead + text + self.comma for text in given)
        yield Edit(stop, stop, lines)

    def _fill(self, given: Sequence[str]) -> Iterator[Edit]:
        """Yield the edit that fills an empty list, on lines indented by two more than its own."""
        close = self.end - 1
        kept = self.text[self.start + 1 : close]
        lines = self._stack(given)
        if "\n" in kept:
            close = self.start + 1 + len(kept.rstrip())
            lines = lines.rpartition("\n")[0]
        yield Edit(close, close, lines)

    def _stack(self, given: Sequence[str]) -> str:
        outer = _indent(self.text, self.start)
        return "".join("\n" + outer + "  " + text + "," for text in given) + "\n" + outer


def _indent(text: str, at: int) -> str:
    """Return the blanks and tabs at the start of the line that contains an offset."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with the edits applied. They must not overlap."""
    done: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        done += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*done, text[position:]])


# XML


def _edit_xml(text: str, name: str, changed: Changed) -> str:
    """Replace elements of a RefererConfiguration. Raise ValueError if XML forbids a character."""
    root = XmlDocument.parse(forms.encode(text)).root
    prefix = "".join(root.span.name.rpartition(":")[:2])  # such as `oss:`
    inside = text[root.span.inside :]
    indent = inside[: len(inside) - len(inside.lstrip())]  # before each element
    edits: list[Edit] = []

    def write(entry: str) -> str:
        return f"<{prefix}Referer>{escape(entry)}</{prefix}Referer>"

    def write_element(tag: str, value: Any) -> str:
        if isinstance(value, bool):
            return f"<{tag}>{str(value).lower()}</{tag}>"
        inner = indent and f"{indent}  "
        entries = "".join(inner + write(entry) for entry in value)
        return f"<{tag}>{entries}{indent}</{tag}>" if value else f"<{tag}/>"

    for field, (old, new) in changed.items():
        element = root.find(_ELEMENTS[field])
        tag = prefix + _ELEMENTS[field]
        if element is None:
            last = len(text[: root.span.closing].rstrip())
            edits.append(Edit(last, last, indent + write_element(tag, new)))
            continue
        span = element.span
        if isinstance(new, bool) and span.closing >= 0:
            edits.append(Edit(span.inside, span.closing, str(new).lower()))
        elif element.children and new:
            items = [WrittenItem(child.span.start, child.span.end) for child in element.children]
            listed = WrittenList(text, span.inside - 1, span.closing + 1, items, comma="")
            edits += listed.edit(old, new, write)
        else:
            edits.append(Edit(span.start, span.end, write_element(tag, new)))
    return apply_edits(text, edits)


# JSON


def _edit_json(text: str, name: str, changed: Changed) -> str:
    members = json_text.parse(text)
    for field, (_, value) in changed.items():
        members[_ELEMENTS[field]] = {"Referer": value} if isinstance(value, tuple) else value
    return _dump(text, members)


def _edit_terraform(text: str, name: str, changed: Changed) -> str:
    members = json_text.parse(text)
    kind, _, label = name.partition(".")
    found = [
        resource
        for block in as_list(members.get("resource", []))
        for resource in as_list(block.get(kind, {}).get(label, []))
    ]
    if "resource" not in members:
        raise ValueError("it is a plan or a state; correct the configuration instead")
    if len(found) != 1 or kind != REFERER:
        raise ValueError("it has the rules in a resource of another type or several times")
    for field, (_, value) in changed.items():
        found[0][NAMES[field]] = escape_template(value)
    return _dump(text, members)


def _dump(text: str, members: Any) -> str:
    indent = re.search(r"\n([ \t]+)", text)
    width: str | None = indent[1] if indent else ("  " if "\n" in text.strip() else None)
    ending = text[len(text.rstrip(WHITE_SPACE)) :]
    return json.dumps(members, ensure_ascii=False, indent=width) + ending


# TOML


def _edit_toml(text: str, name: str, changed: Changed) -> str:
    found = [
        path for found, path in forms.find_rules(TomlDocument.parse(text).tables) if found == name
    ]
    if len(found) != 1:
        raise ValueError(f"it has several rules with the name {name!r}")
    for field, (old, new) in changed.items():
        text = _set_statement(text, (*found[0], field), old, new)
    return text


def _set_statement(text: str, path: Path, old: Any, new: Any) -> str:
    written = list(statements(text))
    for place, start, end in written:
        if place == path:
            return text[:start] + _change_statement(text[start:end], old, new) + text[end:]
    ends = [end for place, _, end in written if place[:-1] == path[:-1] and place[-1] in _FIELDS]
    ends = ends or [end for place, _, end in written if place == path[:-1]]
    if not ends:
        raise ValueError("its rules are written in one line")
    statement = f"{path[-1]} = {forms.format_toml_value(new)}\n"
    return text[: ends[-1]] + statement + text[ends[-1] :]


_TOML = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"|\'\'\'.*?\'{3,5}|\'[^\'\n]*\''
    r"|(?P<sign>[\[\],])|(?P<flag>true|false)|(?:[\w.-]+|[ \t]*=)|#[^\n]*|\s+",
    re.DOTALL,
)
"""The tokens of a statement: strings, signs, switches, names and comments."""


def _change_statement(statement: str, old: Any, new: Any) -> str:
    """Replace the changed parts of a statement `name = value  # comment`."""
    begin = statement.index("=") + 1
    tokens = [item for item in _TOML.finditer(statement, begin) if item[0].strip()]
    if isinstance(new, bool):
        (flag,) = (item for item in tokens if item["flag"])
        return statement[: flag.start()] + forms.format_toml_value(new) + statement[flag.end() :]
    items: list[WrittenItem] = []
    start = end = 0
    for token in tokens:
        if token[0] == "[":
            start = token.start()
        elif token[0] == "]":
            end = token.end()
        elif token[0] == ",":
            last = items[-1]
            items[-1] = WrittenItem(last.start, last.end, comma=token.start())
        elif token[0][0] in "\"'":
            items.append(WrittenItem(token.start(), token.end()))
    if len(items) != len(old):
        raise ValueError("its entries are not written as plain strings")
    written = WrittenList(statement, start, end, items)
    return apply_edits(statement, list(written.edit(old, new, forms.format_toml_string)))


# Lists of entries


def _edit_list(text: str, name: str, changed: Changed) -> str:
    if changed.keys() != {"whitelist"}:
        raise ValueError("a list has only a whitelist")
    written = plain_list.parse(text)
    if written.brackets:
        listed = WrittenList(text, *written.brackets, written.items)
        return apply_edits(text, [*listed.edit(*changed["whitelist"], written.write)])
    # Edit the lines as a list with its brackets on extra lines above and below.
    items = [
        WrittenItem(item.start + 1, item.end + 1, item.comma and item.comma + 1)
        for item in written.items
    ]
    comma = "," if any(item.comma for item in items) else ""
    listed = WrittenList(f"\n{text}\n", 0, len(text) + 2, items, comma)
    edits = [*listed.edit(*changed["whitelist"], written.write)]
    return apply_edits(listed.text, edits)[1:-1]


# HCL


def _edit_hcl(text: str, name: str, changed: Changed) -> str:
    names = CONFIG_NAMES if name.startswith(f"{BUCKET}.") else NAMES
    if missing := changed.keys() - names.keys():
        raise ValueError(f"{CONFIG} has no {min(missing)}; use {REFERER}")
    resource = hcl.find_resources(text)[name]
    block = resource.block if resource.kind == REFERER else resource.find_configs()[0]
    edits: list[Edit] = []
    for field, (old, new) in changed.items():
        attribute = block.attributes.get(names[field])
        if attribute is None:
            edits.append(_add_attribute(text, block, names[field], new))
        elif isinstance(new, bool) or attribute.value is None:
            written = hcl.format_value(new, _indent(text, attribute.start))
            edits.append(Edit(attribute.value_start, attribute.end, written))
        else:
            listed = WrittenList(text, attribute.value_start, attribute.end, attribute.items)
            edits += listed.edit(old, new, hcl.format_string)
    return apply_edits(text, edits)


def _add_attribute(text: str, block: HCLBlock, name: str, value: Any) -> Edit:
    """Return the edit that adds an attribute after the last one of a block."""
    last = max(block.attributes.values(), default=None)
    if last is None or "\n" not in text[block.start : last.start]:
        raise ValueError(f"the block of {name} has no attribute on a line of its own")
    end = text.index("\n", last.end) + 1
    indent = _indent(text, last.start)
    aligned = name.ljust(text.index("=", last.start) - last.start - 1)
    return Edit(end, end, f"{indent}{aligned} = {hcl.format_value(value, indent)}\n")


_EDITORS: Mapping[RulesForm, Callable[[str, str, Changed], str]] = {
    RulesForm.XML: _edit_xml,
    RulesForm.JSON: _edit_json,
    RulesForm.TERRAFORM: _edit_terraform,
    RulesForm.TOML: _edit_toml,
    RulesForm.HCL: _edit_hcl,
    RulesForm.LIST: _edit_list,
}
