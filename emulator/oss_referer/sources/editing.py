"""Writing corrected rules back into the document that they were read from.

Only the lists and switches that change are replaced, so comments and everything else stay. The
edited text is parsed again, and refused unless it has the corrected rules.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from oss_referer.engine.header import WHITE_SPACE
from oss_referer.engine.policy import RefererConfiguration

from . import hcl_editing, json_text, sources, xml_editing
from .referer_xml import LISTS, SWITCHES
from .resources import BUCKET, CONFIG, CONFIG_NAMES, NAMES, REFERER, Reader, as_list
from .sources import RulesForm
from .toml import Path, SourceError, TomlDocument, statements
from .written_list import WrittenItem, WrittenList, apply


class NotEditableError(ValueError):
    """Rules cannot be written back; the text says why."""


FIELDS = tuple(RefererConfiguration.__dataclass_fields__)
_ELEMENTS = {field: name for name, field in (SWITCHES | LISTS).items()}


def edit(document: bytes, form: RulesForm, name: str, new: RefererConfiguration) -> str:
    """Replace the configuration with a name in a document, and return the document.

    Raises NotEditableError.
    """
    editor = _EDITORS.get(form.value)
    if editor is None:
        raise NotEditableError(f"rules in the form {form} cannot be written back")
    old = sources.find(document, form)[name]()
    changed = {
        item: (getattr(old, item), getattr(new, item))
        for item in FIELDS
        if getattr(old, item) != getattr(new, item)
    }
    try:
        text = document.decode("utf-8-sig")
        if not changed:
            return text
        # The editors write LF, so that a document with CRLF is one with LF to them.
        count = text.count("\r\n")
        ending = "\r\n" if 0 < count == text.count("\n") else "\n"
        text = editor(text.replace(ending, "\n"), name, changed).replace("\n", ending)
        before, after = (sources.find(item, form) for item in (document, sources.encode(text)))
    except (SourceError, UnicodeError, ValueError) as error:
        raise NotEditableError(f"the document cannot be edited: {error}") from None
    expected = {other: _read(read) for other, read in before.items()} | {name: new}
    if {other: _read(read) for other, read in after.items()} != expected:
        raise NotEditableError("the document does not write its rules as plain lists and switches")
    return text


def _read(reader: Reader) -> RefererConfiguration | str:
    """Return rules, or why they cannot be read."""
    try:
        return reader()
    except SourceError as error:
        return error.sentence


Changed = Mapping[str, tuple[Any, Any]]
"""The fields that change, with their old and new values."""


def _edit_xml(text: str, name: str, changed: Changed) -> str:
    return xml_editing.edit(text, {_ELEMENTS[field]: values for field, values in changed.items()})


# JSON


def _edit_json(text: str, name: str, changed: Changed) -> str:
    members = json_text.parse(text)
    for field, (_, value) in changed.items():
        is_list = isinstance(value, tuple)
        members[_ELEMENTS[field]] = {"Referer": list(value)} if is_list else value
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
        raise ValueError("a plan or a state follows from the configuration; correct that")
    if len(found) != 1 or kind != REFERER:
        raise ValueError("it has the rules in a resource of another type or several times")
    for field, (_, value) in changed.items():
        is_list = isinstance(value, tuple)
        found[0][NAMES[field]] = list(value) if is_list else value
    return _dump(text, members)


def _dump(text: str, members: Any) -> str:
    """Format JSON with the indentation of a text."""
    indent = re.search(r"\n([ \t]+)", text)
    width: str | None = indent[1] if indent else ("  " if "\n" in text.strip() else None)
    ending = text[len(text.rstrip(WHITE_SPACE)) :]
    return json.dumps(members, ensure_ascii=False, indent=width) + ending


# TOML and HCL


def _edit_toml(text: str, name: str, changed: Changed) -> str:
    found = [
        path for found, path in sources.find_rules(TomlDocument.parse(text).tables) if found == name
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
    ends = [end for place, _, end in written if place[:-1] == path[:-1] and place[-1] in FIELDS]
    ends = ends or [end for place, _, end in written if place == path[:-1]]
    if not ends:
        raise ValueError("its rules are written in one line")
    statement = f"{path[-1]} = {_literal(new)}\n"
    return text[: ends[-1]] + statement + text[ends[-1] :]


_TOML = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"|\'\'\'.*?\'{3,5}|\'[^\'\n]*\''
    r"|(?P<sign>[\[\],])|(?P<flag>true|false)|(?:[\w.-]+|[ \t]*=)|#[^\n]*|\s+",
    re.DOTALL,
)
"""The tokens of a statement: strings, signs, switches, names and comments."""


def _change_statement(statement: str, old: Any, new: Any) -> str:
    """Replace what changes in a statement `name = value  # comment`."""
    begin = statement.index("=") + 1
    tokens = [item for item in _TOML.finditer(statement, begin) if item[0].strip()]
    if isinstance(new, bool):
        (flag,) = (item for item in tokens if item["flag"])
        return statement[: flag.start()] + _literal(new) + statement[flag.end() :]
    place = [len(statement[:offset].encode()) for offset in range(len(statement) + 1)]
    items: list[WrittenItem] = []
    start = end = 0
    for token in tokens:
        if token[0] == "[":
            start = place[token.start()]
        elif token[0] == "]":
            end = place[token.end()]
        elif token[0] == ",":
            last = items[-1]
            items[-1] = WrittenItem(last.start, last.end, comma=place[token.start()])
        elif token[0][0] in "\"'":
            items.append(WrittenItem(place[token.start()], place[token.end()]))
    if len(items) != len(old):
        raise ValueError("its entries are not written as plain strings")
    data = statement.encode()
    written = WrittenList(data, start, end, items)
    return apply(data, list(written.edit(old, new, _string))).decode()


def _edit_hcl(text: str, name: str, changed: Changed) -> str:
    names = CONFIG_NAMES if name.startswith(f"{BUCKET}.") else NAMES
    if missing := changed.keys() - names.keys():
        raise ValueError(f"{CONFIG} has no {min(missing)}; use {REFERER}")
    return hcl_editing.edit(text, name, {names[field]: changed[field] for field in changed})


def _literal(value: Any) -> str:
    """Format a switch or a list of entries as TOML writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    lines = "".join(f"    {_string(entry)},\n" for entry in value)
    return f"[\n{lines}]" if value else "[]"


def _string(entry: str) -> str:
    return json.dumps(entry, ensure_ascii=False).replace("\x7f", "\\u007f")


_EDITORS: Mapping[str, Callable[[str, str, Changed], str]] = {
    "xml": _edit_xml,
    "json": _edit_json,
    "terraform": _edit_terraform,
    "toml": _edit_toml,
    "hcl": _edit_hcl,
}
