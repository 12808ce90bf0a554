"""Writing corrected rules back into the document that they were read from.

Only the lists and switches that change are replaced, so comments and everything else stay. The
edited text is parsed again, and refused unless it has the corrected rules.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from oss_emulator import json_text
from oss_emulator.referer.header import WHITE_SPACE
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import Path, SourceError, TomlDocument, statements

from . import sources
from .sources import RulesForm


class NotEditableError(ValueError):
    """Rules cannot be written back; the text says why."""


FIELDS = tuple(RefererConfiguration.__dataclass_fields__)
_ELEMENTS = {
    "allow_empty_referer": "AllowEmptyReferer",
    "allow_truncate_query_string": "AllowTruncateQueryString",
    "truncate_path": "TruncatePath",
    "whitelist": "RefererList",
    "blacklist": "RefererBlacklist",
}
_ATTRIBUTES = {"whitelist": "referer_list", "blacklist": "referer_blacklist"}


def edit(document: bytes, form: RulesForm, name: str, new: RefererConfiguration) -> str:
    """Replace the configuration with a name in a document, and return the document.

    Raises NotEditableError.
    """
    editor = _EDITORS.get(form.value)
    if editor is None:
        raise NotEditableError(f"rules in the form {form} cannot be written back")
    old = sources.parse(document, form)[name]
    changed = {
        item: getattr(new, item) for item in FIELDS if getattr(old, item) != getattr(new, item)
    }
    try:
        text = editor(document.decode("utf-8-sig"), name, changed) if changed else None
        if text is None:
            return document.decode("utf-8-sig")
        again = sources.parse(text.encode(), form)
    except (SourceError, UnicodeError, ValueError, etree.XMLSyntaxError) as error:
        raise NotEditableError(f"the document cannot be edited: {error}") from None
    if again.get(name) != new or again.keys() != sources.parse(document, form).keys():
        raise NotEditableError("the document does not write its rules as plain lists and switches")
    return text


# XML


def _edit_xml(text: str, name: str, changed: Mapping[str, Any]) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(text.encode(), parser)
    space = etree.QName(root).namespace
    made = f"{{{space}}}" if space else ""
    for field, value in changed.items():
        element = root.find(f"{made}{_ELEMENTS[field]}")
        if element is None:
            element = etree.SubElement(root, f"{made}{_ELEMENTS[field]}")
            _indent_last(root)
        if isinstance(value, bool):
            element.text = "true" if value else "false"
        else:
            _set_entries(element, f"{made}Referer", value, root)
    start = re.search(r"<(?:[\w.-]+:)?RefererConfiguration\b", text)
    before = text[: start.start()] if start else ""
    after = text[text.rindex("RefererConfiguration") :].partition(">")[2]
    return before + etree.tostring(root, encoding="unicode", with_tail=False) + after


def _indent_last(root: etree._Element) -> None:
    """Indent the last child like the first."""
    if len(root) > 1:
        root[-1].tail, root[-2].tail = root[-2].tail, root.text


def _set_entries(
    element: etree._Element, tag: str, entries: tuple[str, ...], root: etree._Element
) -> None:
    outer = root.text or "" if not (root.text or "").strip() else ""
    inner = element.text if len(element) else outer and f"{outer}  "
    last = element[-1].tail if len(element) else outer
    for child in list(element):
        element.remove(child)
    element.text = inner if entries else None
    for entry in entries:
        child = etree.SubElement(element, tag)
        child.text, child.tail = entry, inner
    if entries:
        element[-1].tail = last


# JSON


def _edit_json(text: str, name: str, changed: Mapping[str, Any]) -> str:
    members = json_text.parse(text)
    for field, value in changed.items():
        is_list = isinstance(value, tuple)
        members[_ELEMENTS[field]] = {"Referer": list(value)} if is_list else value
    return _dump(text, members)


def _edit_terraform(text: str, name: str, changed: Mapping[str, Any]) -> str:
    members = json_text.parse(text)
    kind, _, label = name.partition(".")
    found = [
        resource
        for block in _list(members.get("resource", []))
        for resource in _list(block.get(kind, {}).get(label, []))
    ]
    if len(found) != 1 or kind != "alicloud_oss_bucket_referer":
        raise ValueError("it is not the source of the rules, or has them in another resource")
    for field, value in changed.items():
        is_list = isinstance(value, tuple)
        found[0][_ATTRIBUTES.get(field, field)] = list(value) if is_list else value
    return _dump(text, members)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _dump(text: str, members: Any) -> str:
    """Format JSON with the indentation of a text."""
    indent = re.search(r"\n([ \t]+)", text)
    width: str | None = indent[1] if indent else ("  " if "\n" in text.strip() else None)
    ending = text[len(text.rstrip(WHITE_SPACE)) :]
    return json.dumps(members, ensure_ascii=False, indent=width) + ending


# TOML and HCL


def _edit_toml(text: str, name: str, changed: Mapping[str, Any]) -> str:
    found = [
        path for found, path in sources.find_rules(TomlDocument.parse(text).tables) if found == name
    ]
    if len(found) != 1:
        raise ValueError(f"it has several rules with the name {name!r}")
    for field, value in changed.items():
        text = _set_statement(text, found[0], field, value)
    return text


def _set_statement(text: str, path: Path, field: str, value: Any) -> str:
    written = list(statements(text))
    statement = f"{field} = {_literal(value)}\n"
    for place, start, end in written:
        if place == (*path, field):
            return text[:start] + statement + text[end:]
    ends = [end for place, _, end in written if place[:-1] == path and place[-1] in FIELDS]
    ends = ends or [end for place, _, end in written if place == path]
    if ends:
        return text[: ends[-1]] + statement + text[ends[-1] :]
    raise ValueError("its rules are written in one line")


def _edit_hcl(text: str, name: str, changed: Mapping[str, Any]) -> str:
    label = name.rpartition(".")[2]
    begin = re.search(
        rf'resource\s+"?alicloud_oss_bucket_referer"?\s+"?{re.escape(label)}"?\s*\{{[^\n]*\n', text
    )
    if begin is None:
        raise ValueError("it has the rules in a resource of another type")
    end = text.find("\n}", begin.end())
    block = text[begin.end() : end]
    for field, value in changed.items():
        attribute = _ATTRIBUTES.get(field, field)
        found = re.search(
            rf"^([ \t]*){attribute}([ \t]*=[ \t]*)(\[.*?\]|true|false)", block, re.M | re.S
        )
        if found:
            written = f"{found[1]}{attribute}{found[2]}{_literal(value, found[1])}"
            block = block[: found.start()] + written + block[found.end() :]
        else:
            block = f"  {attribute} = {_literal(value, '  ')}\n{block}"
    return text[: begin.end()] + block + text[end:]


def _literal(value: Any, indent: str = "") -> str:
    """Format a switch or a list of entries as TOML and HCL write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    step = "  " if indent else "    "
    lines = "".join(f"{indent}{step}{_string(entry)},\n" for entry in value)
    return f"[\n{lines}{indent}]" if value else "[]"


def _string(entry: str) -> str:
    return json.dumps(entry, ensure_ascii=False).replace("\x7f", "\\u007f")


_EDITORS: Mapping[str, Callable[[str, str, Mapping[str, Any]], str]] = {
    "xml": _edit_xml,
    "json": _edit_json,
    "terraform": _edit_terraform,
    "toml": _edit_toml,
    "hcl": _edit_hcl,
}
