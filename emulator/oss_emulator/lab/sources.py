"""Rules as people keep them: XML, ossutil's JSON, Terraform's JSON and TOML, with where they fail.

A document may hold several configurations, each with a name: the `[rules.NAME]` of a decision
table, the buckets of a seed, the resources of Terraform. One that needs no name has the name "".
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from oss_emulator.referer import codec
from oss_emulator.referer.codec import MAX_DOCUMENT_SIZE, FormatProblem, RefererFormatError
from oss_emulator.referer.model import RefererConfiguration


class Form(StrEnum):
    """How rules are written."""

    XML = "xml"
    JSON = "json"
    TERRAFORM = "terraform"
    TOML = "toml"


class DocumentError(ValueError):
    """A document that holds no rules; `sentence` says why, `line` and `column` (from 1) where."""

    def __init__(self, sentence: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {sentence}")
        self.sentence = sentence
        self.line = line
        self.column = column


Named = Mapping[str, RefererConfiguration]


def parse(document: bytes, form: Form | None = None) -> Named:
    """Read rules; which form they have is found out where it is not said.

    Raises DocumentError.
    """
    if len(document) > MAX_DOCUMENT_SIZE:
        line, column = _place_of(document[:MAX_DOCUMENT_SIZE].decode("latin-1"))
        limit = f"the {MAX_DOCUMENT_SIZE // 1024 // 1024} MiB that are read"
        raise DocumentError(f"here the document gets longer than {limit}", line, column)
    return _PARSERS[form or detect(document)](document)


def detect(document: bytes) -> Form:
    """Find out by its first character which form a document has. Raises DocumentError."""
    text = document.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise DocumentError("the document is empty")
    if text.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return Form.XML
    if text.startswith(b"{"):
        return Form.TERRAFORM if b'"alicloud_oss_bucket_referer"' in text else Form.JSON
    if re.match(rb"#|\[+ *[\w\"'.-]+ *\]|[\w\"'.-]+ *=", text):
        return Form.TOML
    line, column = _place_of(document[: document.find(text)].decode("latin-1"))
    raise DocumentError("the document is neither XML nor JSON nor TOML", line, column)


def format(configuration: RefererConfiguration, form: Form) -> str:
    """Write rules. Raises ValueError for an entry with a character that XML cannot hold."""
    return _FORMATTERS[form](configuration)


# XML


def _parse_xml(document: bytes) -> Named:
    try:
        return {"": codec.parse(document)}
    except RefererFormatError as error:
        if error.problem is FormatProblem.MALFORMED and not _DECLARES_ENCODING.search(
            document[:200]
        ):
            _decode(document)  # the parser's place of a wrong byte is not exact
        line = error.line or 1
        column = error.column or _column_of_tag(document, line, error.names[-1:])
        raise DocumentError(error.sentence, line, max(column, 1)) from None


# UTF-16 begins with a mark; other encodings are declared.
_DECLARES_ENCODING = re.compile(rb"^(?:\xff\xfe|\xfe\xff)|encoding\s*=\s*[\"'](?!utf-8)", re.I)


def _column_of_tag(document: bytes, line: int, names: tuple[str, ...]) -> int:
    lines = document.decode(errors="replace").splitlines()
    tags = "|".join(map(re.escape, names)) or r"!DOCTYPE|[A-Za-z]"
    found = [
        match.start() + 1
        for match in re.finditer(rf"<(?:[\w.-]+:)?(?:{tags})", lines[line - 1])
        if line <= len(lines)
    ]
    return found[-1] if found else 1  # of two, the one that repeats


def _format_xml(configuration: RefererConfiguration) -> str:
    from lxml import etree

    root = etree.fromstring(codec.format(configuration))
    etree.indent(root)
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text.decode().replace("'", '"', 4)


# JSON


def _parse_json(document: bytes) -> Named:
    text, members = _load_json(document)
    try:
        return {"": codec.from_members(members)}
    except RefererFormatError as error:
        raise _error_at(text, error.names, error.sentence) from None


def _load_json(document: bytes) -> tuple[str, Any]:
    text = _decode(document)
    try:
        return text, json.loads(text)
    except json.JSONDecodeError as error:
        sentence = f"the document is not JSON: {error.msg}"
        raise DocumentError(sentence, error.lineno, error.colno) from None
    except RecursionError:
        raise DocumentError("the document is nested too deeply") from None


# Terraform


_RESOURCE = "alicloud_oss_bucket_referer"


def _parse_terraform(document: bytes) -> Named:
    text, members = _load_json(document)
    rules = {
        address: _read_members(text, (_RESOURCE, *names), resource, _TERRAFORM)
        for address, names, resource in _resources(members)
    }
    if not rules:
        raise _error_at(text, (_RESOURCE,), f"there is no resource {_RESOURCE} with values")
    return rules


def _resources(members: Any) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Each resource of a `*.tf.json` or of `terraform show -json`, with its address."""
    for block in _list(_dict(members).get("resource", {})):
        for name, resources in _dict(_dict(block).get(_RESOURCE)).items():
            for resource in _list(resources):
                yield f"{_RESOURCE}.{name}", (name,), resource
    for state in ("planned_values", "values"):
        yield from _resources_of_module(_dict(_dict(members).get(state)).get("root_module"))


def _resources_of_module(module: Any) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    for resource in map(_dict, _list(_dict(module).get("resources", []))):
        if resource.get("type") == _RESOURCE:
            yield str(resource.get("address", "")), ("values",), resource.get("values", {})
    for child in _list(_dict(module).get("child_modules", [])):
        yield from _resources_of_module(child)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _format_terraform(configuration: RefererConfiguration) -> str:
    resource = {"bucket": "YOUR-BUCKET", **_members_of(configuration, _TERRAFORM)}
    return _dump({"resource": {_RESOURCE: {"default": resource}}})


# TOML


def _parse_toml(document: bytes) -> Named:
    text = _decode(document)
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        sentence, _, place = str(error).partition(" (at ")
        line, column = (int(number) for number in re.findall(r"\d+", place)[:2] or (0, 0))
        if not line:  # "at end of document"
            line, column = _place_of(text)
        raise DocumentError(f"the document is not TOML: {sentence}", line, column) from None
    rules = {
        name: _read_members(text, names, table, _TOML) for name, names, table in _tables(members)
    }
    if not rules:
        raise DocumentError("the document has no rules: no [rules.NAME] and no [bucket.referer]")
    return rules


def _tables(members: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """The rules of a decision table, of a seed, or of a file of nothing else."""
    if set(members) & set(_TOML):
        yield "", (), members
        return
    rules = members.get("rules", {})
    if isinstance(rules, dict) and set(rules) & set(_TOML):
        yield "", ("rules",), rules
    elif isinstance(rules, dict):
        yield from ((name, ("rules", name), table) for name, table in rules.items())
    if "referer" in members:
        yield "", ("referer",), members["referer"]
    buckets = members.get("bucket", [])
    for bucket in buckets if isinstance(buckets, list) else [buckets]:
        if isinstance(bucket, dict) and "referer" in bucket:
            name = str(bucket.get("name", ""))
            yield name, (*((name,) if name else ()), "referer"), bucket["referer"]


def _format_toml(configuration: RefererConfiguration) -> str:
    lines = ["[rules.bucket]"]
    for name, value in _members_of(configuration, _TOML).items():
        if isinstance(value, list):
            entries = "".join(f"    {json.dumps(entry, ensure_ascii=False)},\n" for entry in value)
            lines.append(f"{name} = [\n{entries}]" if value else f"{name} = []")
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


# What is the same for TOML and Terraform


@dataclass(frozen=True, slots=True)
class _Member:
    field: str
    """The field of RefererConfiguration; "" for a member that is no rule."""
    is_list: bool = False
    required: bool = False


_FLAGS = {
    "allow_empty_referer": _Member("allow_empty_referer"),
    "allow_truncate_query_string": _Member("allow_truncate_query_string"),
    "truncate_path": _Member("truncate_path"),
}
_TOML = {
    **_FLAGS,
    "whitelist": _Member("whitelist", is_list=True),
    "blacklist": _Member("blacklist", is_list=True),
}
_TERRAFORM = {
    **_FLAGS,
    "allow_empty_referer": _Member("allow_empty_referer", required=True),
    "referer_list": _Member("whitelist", is_list=True),
    "referer_blacklist": _Member("blacklist", is_list=True),
    **dict.fromkeys(
        ("bucket", "id", "timeouts", "depends_on", "provider", "lifecycle", "count", "for_each"),
        _Member(""),
    ),
}


def _read_members(
    text: str, names: tuple[str, ...], members: Any, known: Mapping[str, _Member]
) -> RefererConfiguration:
    where = ".".join(names) or "the document"
    if not isinstance(members, dict):
        raise _error_at(text, names, f"{where} is not a table of rules")
    values: dict[str, Any] = {}
    for name, value in members.items():
        if name not in known:
            rules = ", ".join(item for item, member in known.items() if member.field)
            sentence = f"{name} is not known in {where}, which holds {rules}"
            raise _error_at(text, (*names, name), sentence)
        member = known[name]
        if member.field and value is not None:  # Terraform writes null for what is not set
            read = _read_list if member.is_list else _read_flag
            try:
                values[member.field] = read(value)
            except ValueError as error:
                raise _error_at(text, (*names, name), f"{name} {error}") from None
    for name, member in known.items():
        if member.required and member.field not in values:
            raise _error_at(text, names, f"{name} is missing in {where}")
    return RefererConfiguration(**values)


def _read_flag(value: Any) -> bool:
    flag = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise ValueError(f"is {_shown(value)}, not true or false")
    return flag


def _read_list(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"is {_shown(value)}, not a list of strings")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"has {_shown(item)}, which is not a string")
    return tuple(value)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and value.startswith("${"):
        return f"the expression {text} (`terraform show -json` prints its value)"
    return text if len(text) <= 40 else f"{text[:40]}…"


def _members_of(
    configuration: RefererConfiguration, known: Mapping[str, _Member]
) -> dict[str, Any]:
    return {
        name: list(value) if member.is_list else value
        for name, member in known.items()
        if member.field
        for value in (getattr(configuration, member.field),)
    }


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


# Places


def _decode(document: bytes) -> str:
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = document[: error.start].decode("utf-8-sig", errors="replace")
        byte = document[error.start]
        raise DocumentError(f"the byte 0x{byte:02x} is not UTF-8", *_place_of(before)) from None


def _error_at(text: str, names: tuple[str, ...], sentence: str) -> DocumentError:
    """An error at the member that the names, from the outside in, lead to."""
    position = found_at = 0
    for name in names:
        found = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])").search(text, position)
        if found:
            found_at, position = found.start(), found.end()
    if found_at and text[found_at - 1] in "\"'":
        found_at -= 1
    return DocumentError(sentence, *_place_of(text[:found_at]))


def _place_of(before: str) -> tuple[int, int]:
    """Line and column of what follows a text, each from 1."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


_PARSERS: dict[Form, Callable[[bytes], Named]] = {
    Form.XML: _parse_xml,
    Form.JSON: _parse_json,
    Form.TERRAFORM: _parse_terraform,
    Form.TOML: _parse_toml,
}
_FORMATTERS: dict[Form, Callable[[RefererConfiguration], str]] = {
    Form.XML: _format_xml,
    Form.JSON: lambda configuration: f"{codec.format_json(configuration)}\n",
    Form.TERRAFORM: _format_terraform,
    Form.TOML: _format_toml,
}
