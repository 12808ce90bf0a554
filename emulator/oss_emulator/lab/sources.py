"""The sources of rules: XML, ossutil's JSON, Terraform's JSON and TOML.

A document may contain several configurations, each with a name: the `[rules.NAME]` of a decision
table, the buckets of a seed, the resources of Terraform. A single configuration may have the name
"". Each mistake is a `SourceError` with its line and column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from oss_emulator.referer import codec
from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.codec import MAX_DOCUMENT_SIZE, FormatProblem, RefererFormatError
from oss_emulator.referer.header import WHITE_SPACE
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import Path, SourceError, TomlDocument, convert, decode, place_of, show


class RulesForm(StrEnum):
    """How rules are written."""

    XML = "xml"
    JSON = "json"
    TERRAFORM = "terraform"
    TOML = "toml"


Named = Mapping[str, RefererConfiguration]


def parse(
    document: bytes, form: RulesForm | None = None, assumptions: Assumptions = DEFAULT
) -> Named:
    """Parse rules; without a `form`, detect it. Raises SourceError.

    `assumptions` say what PutBucketReferer takes (R-27, R-30), so they are about XML only.
    """
    if len(document) > MAX_DOCUMENT_SIZE:
        place = place_of(document[:MAX_DOCUMENT_SIZE].decode("latin-1"))
        limit = MAX_DOCUMENT_SIZE // 1024 // 1024
        raise SourceError(
            f"the document is larger than {limit} MiB; the limit is reached here", *place
        )
    form = form or detect(document)
    return _parse_xml(document, assumptions) if form is RulesForm.XML else _PARSERS[form](document)


def detect(document: bytes) -> RulesForm:
    """Detect the form of a document by its beginning. Raises SourceError."""
    text = document.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise SourceError("the document is empty")
    if text.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return RulesForm.XML
    if text.startswith(b"{"):
        return RulesForm.TERRAFORM if _TERRAFORM.search(text) else RulesForm.JSON
    if re.match(rb"#|\[+ *[\w\"'.-]+ *\]|[\w\"'.-]+ *=", text):
        return RulesForm.TOML
    place = place_of(document[: document.find(text)].decode("latin-1"))
    raise SourceError("the document is neither XML nor JSON nor TOML", *place)


def format(configuration: RefererConfiguration, form: RulesForm) -> str:
    """Format rules. Raises ValueError for an entry with a character that XML cannot represent."""
    return _FORMATTERS[form](configuration)


# XML


def _parse_xml(document: bytes, assumptions: Assumptions) -> Named:
    try:
        return {"": codec.parse(document, assumptions)}
    except RefererFormatError as error:
        if error.problem is FormatProblem.MALFORMED and not _DECLARES_ENCODING.search(
            document[:200]
        ):
            decode(document)  # more exact than the place from the parser
        line = error.line or 1
        column = error.column or _column_of_tag(document, line, error.element)
        raise SourceError(error.sentence, line, max(column, 1)) from None


# UTF-16 begins with a byte order mark; other encodings are declared.
_DECLARES_ENCODING = re.compile(rb"^(?:\xff\xfe|\xfe\xff)|encoding\s*=\s*[\"'](?!utf-8)", re.I)


def _column_of_tag(document: bytes, line: int, tag: str) -> int:
    lines = document.decode(errors="replace").splitlines()
    tags = re.escape(tag) or r"!DOCTYPE|[A-Za-z]"
    found = [
        match.start() + 1
        for match in re.finditer(rf"<(?:[\w.-]+:)?(?:{tags})", lines[line - 1])
        if line <= len(lines)
    ]
    return found[-1] if found else 1  # the last one, because of two elements the second is wrong


def _format_xml(configuration: RefererConfiguration) -> str:
    from lxml import etree

    root = etree.fromstring(codec.format(configuration))
    etree.indent(root)
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text.decode().replace("'", '"', 4)


# JSON


def _entries(name: str) -> tuple[str, ...]:
    """Declare a list of entries that has another name in the document."""
    entries: tuple[str, ...] = field(default=(), metadata={"name": name})
    return entries


@dataclass(frozen=True, slots=True)
class _OssutilList:
    entries: tuple[str, ...] = _entries("Referer")


@dataclass(frozen=True, slots=True)
class _OssutilRules:
    """The JSON of `ossutil api put-bucket-referer`."""

    allow_empty_referer: bool = field(metadata={"name": "AllowEmptyReferer"})
    allow_truncate_query_string: bool = field(
        default=True, metadata={"name": "AllowTruncateQueryString"}
    )
    truncate_path: bool = field(default=False, metadata={"name": "TruncatePath"})
    whitelist: _OssutilList = field(default=_OssutilList(), metadata={"name": "RefererList"})
    blacklist: _OssutilList = field(default=_OssutilList(), metadata={"name": "RefererBlacklist"})


def convert_members(members: object, text: str = "") -> RefererConfiguration:
    """Convert parsed JSON for ossutil; `text` is the JSON itself.

    A boolean may be a string, as ossutil allows. Raises SourceError.
    """
    rules: _OssutilRules = convert(
        _parse_flags(members), _OssutilRules, (), partial(_error_at, text)
    )
    return RefererConfiguration(
        rules.allow_empty_referer,
        rules.allow_truncate_query_string,
        rules.truncate_path,
        rules.whitelist.entries,
        rules.blacklist.entries,
    )


def _parse_json(document: bytes) -> Named:
    text = decode(document)
    return {"": convert_members(parse_json(text), text)}


def parse_json(text: str) -> Any:
    """Parse JSON. Raises SourceError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        sentence = f"this is not valid JSON: {error.msg}"
        raise SourceError(sentence, error.lineno, error.colno) from None
    except RecursionError:
        raise SourceError("this JSON is nested too deeply") from None


def _parse_flags(members: object) -> object:
    """Replace the strings "true" and "false" by booleans, in any letter case."""
    if not isinstance(members, dict):
        return members
    return {
        name: _FLAGS.get(value.strip(WHITE_SPACE).lower(), value)
        if isinstance(value, str)
        else value
        for name, value in members.items()
    }


_FLAGS = {"true": True, "false": False}


def _format_json(configuration: RefererConfiguration) -> str:
    lists = {"RefererList": {"Referer": configuration.whitelist}}
    if configuration.blacklist:
        lists["RefererBlacklist"] = {"Referer": configuration.blacklist}
    flags = {
        "AllowEmptyReferer": configuration.allow_empty_referer,
        "AllowTruncateQueryString": configuration.allow_truncate_query_string,
        "TruncatePath": configuration.truncate_path,
    }
    return _dump({**flags, **lists})


# Terraform


_RESOURCE = "alicloud_oss_bucket_referer"
_BUCKET, _BLOCK = "alicloud_oss_bucket", "referer_config"
"""The older way to write rules: a block of the bucket (R-38)."""

_TERRAFORM = re.compile(rb'"(?:alicloud_oss_bucket_referer|referer_config)"')
_META = {"bucket", "id", "timeouts", "depends_on", "provider", "lifecycle", "count", "for_each"}
"""Members of a resource that are not rules."""


@dataclass(frozen=True, slots=True)
class _TerraformRules:
    allow_empty_referer: bool
    allow_truncate_query_string: bool = False
    """The provider sends false if the file leaves it out (R-38)."""
    truncate_path: bool = False
    whitelist: tuple[str, ...] = _entries("referer_list")
    blacklist: tuple[str, ...] = _entries("referer_blacklist")


@dataclass(frozen=True, slots=True)
class _TerraformBlock:
    """The block `referer_config`; the provider sends nothing for what it does not have (R-38)."""

    allow_empty_referer: bool = field(default=False, metadata={"name": "allow_empty"})
    """The provider sends false if the file leaves it out."""
    whitelist: tuple[str, ...] = _entries("referers")


class _Resource(NamedTuple):
    """A resource or block with rules."""

    address: str
    path: Path
    """Where it is in the text."""
    form: type[_TerraformRules | _TerraformBlock]
    members: Any


def _parse_terraform(document: bytes) -> Named:
    text = decode(document)
    rules = {
        resource.address: _convert_resource(text, resource)
        for resource in _resources(parse_json(text))
    }
    if not rules:
        sentence = f"the document has no resource {_RESOURCE} with values"
        raise _error_at(text, (_RESOURCE,), sentence)
    return rules


def _convert_resource(text: str, resource: _Resource) -> RefererConfiguration:
    members = resource.members
    for name, value in _dict(members).items():
        if name not in _META and isinstance(value, str) and value.startswith("${"):
            sentence = f"{name} is the expression {show(value)}; use `terraform show -json`"
            raise _error_at(text, (*resource.path, name), sentence)
    if isinstance(members, dict):  # Terraform writes null for what is not set
        members = {
            name: value
            for name, value in members.items()
            if name not in _META and value is not None
        }
    rules: _TerraformRules | _TerraformBlock = convert(
        _parse_flags(members), resource.form, resource.path, partial(_error_at, text)
    )
    given = {name: getattr(rules, name) for name in resource.form.__dataclass_fields__}
    return RefererConfiguration(**given)


def _resources(members: Any) -> Iterator[_Resource]:
    """Yield each resource with rules.

    The document is a `*.tf.json` file or the output of `terraform show -json`.
    """
    for block in map(_dict, _list(_dict(members).get("resource", {}))):
        for kind in (_RESOURCE, _BUCKET):
            for name, resources in _dict(block.get(kind)).items():
                for resource in _list(resources):
                    yield from _rules_of(kind, f"{kind}.{name}", name, resource)
    for state in ("planned_values", "values"):
        yield from _resources_of_module(_dict(_dict(members).get(state)).get("root_module"))


def _resources_of_module(module: Any) -> Iterator[_Resource]:
    for resource in map(_dict, _list(_dict(module).get("resources", []))):
        kind, address = str(resource.get("type", "")), str(resource.get("address", ""))
        yield from _rules_of(kind, address, "values", resource.get("values", {}))
    for child in _list(_dict(module).get("child_modules", [])):
        yield from _resources_of_module(child)


def _rules_of(kind: str, address: str, name: str, members: Any) -> Iterator[_Resource]:
    """Yield the rules of a resource: its own, or those in its block."""
    if kind == _RESOURCE:
        yield _Resource(address, (kind, name), _TerraformRules, members)
    elif kind == _BUCKET:
        for block in _list(_dict(members).get(_BLOCK) or []):
            yield _Resource(address, (kind, name, _BLOCK), _TerraformBlock, block)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _format_terraform(configuration: RefererConfiguration) -> str:
    resource = {
        "bucket": "YOUR-BUCKET",
        "allow_empty_referer": configuration.allow_empty_referer,
        "allow_truncate_query_string": configuration.allow_truncate_query_string,
        "truncate_path": configuration.truncate_path,
        "referer_list": configuration.whitelist,
        "referer_blacklist": configuration.blacklist,
    }
    return _dump({"resource": {_RESOURCE: {"default": resource}}})


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _error_at(text: str, path: Path, sentence: str) -> SourceError:
    """Return the error for the member of a JSON text that a path leads to."""
    position = found_at = 0
    for name in path:
        pattern = rf"(?<![\w-]){re.escape(str(name))}(?![\w-])"
        found = re.compile(pattern).search(text, position) if isinstance(name, str) else None
        if found:
            found_at, position = found.start(), found.end()
    if found_at and text[found_at - 1] == '"':
        found_at -= 1
    return SourceError(sentence, *place_of(text[:found_at]))


# TOML


def _parse_toml(source: bytes) -> Named:
    document = TomlDocument.parse(source)
    rules: dict[str, RefererConfiguration] = {
        name: document.convert(RefererConfiguration, *path)
        for name, path in _find_rules(document.tables)
    }
    if not rules:
        raise SourceError("the document has no rules; add [rules.NAME]")
    return rules


def _find_rules(tables: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the name and path of all rules in a decision table, a seed, or a file of only rules."""
    if set(tables) & _NAMES:
        yield "", ()
        return
    rules = tables.get("rules", {})
    if not isinstance(rules, dict) or set(rules) & _NAMES:
        yield "", ("rules",)
    else:
        yield from ((name, ("rules", name)) for name in rules)
    if "referer" in tables:
        yield "", ("referer",)
    buckets = tables.get("bucket", [])
    if isinstance(buckets, dict) and "referer" in buckets:
        yield str(buckets.get("name", "")), ("bucket", "referer")
    for number, bucket in enumerate(buckets if isinstance(buckets, list) else []):
        if isinstance(bucket, dict) and "referer" in bucket:
            yield str(bucket.get("name", "")), ("bucket", number, "referer")


_NAMES = set(RefererConfiguration.__dataclass_fields__)


def _format_toml(configuration: RefererConfiguration) -> str:
    lines = ["[rules.bucket]"]
    for name in RefererConfiguration.__dataclass_fields__:
        value = getattr(configuration, name)
        if isinstance(value, tuple):
            entries = "".join(f"    {json.dumps(entry, ensure_ascii=False)},\n" for entry in value)
            lines.append(f"{name} = [\n{entries}]" if value else f"{name} = []")
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


_PARSERS: dict[RulesForm, Callable[[bytes], Named]] = {
    RulesForm.JSON: _parse_json,
    RulesForm.TERRAFORM: _parse_terraform,
    RulesForm.TOML: _parse_toml,
}
_FORMATTERS: dict[RulesForm, Callable[[RefererConfiguration], str]] = {
    RulesForm.XML: _format_xml,
    RulesForm.JSON: _format_json,
    RulesForm.TERRAFORM: _format_terraform,
    RulesForm.TOML: _format_toml,
}
